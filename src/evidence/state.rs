//! What is known of a log's speakers up to a place in it: a state that can be stored, and gone on from.
//!
//! It is kept and trusted as an index is: the size and the change time of the log as they were, or the fingerprints of its
//! head and of the end of what was read where it has grown. Anything else, a damaged or a foreign state too, is read anew.

use std::fs::Metadata;
use std::os::unix::fs::MetadataExt;

use serde::{Deserialize, Serialize};

use super::speaker::Ranks;
use super::voice::Voice;
use crate::file::block::Extent;
use crate::file::source::Source;
use crate::index::{About, Findings, Keep};
use crate::stamp::Elected;

/// The version of what is stored.
const VERSION: u32 = 9;
/// The most speakers of one log; lines of others are taken for the file's own.
pub const MOST: usize = 16_384;

/// A speaker: the replica's name, and the ranks.
pub type Name = (String, Ranks);

/// What is known of a log up to a place in it.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct State {
    version: (u32, u32),
    /// What the caller says the answer depends on beside the log.
    asked: u64,
    /// The year of the last modification, by which stamps without one were read.
    year: i64,
    /// How much was read: a place between two lines.
    pub upto: u64,
    /// Whether a stamp stands on a whole line of that: lines before the first have its time, and may yet get another.
    pub stamped: bool,
    /// The speakers, in the order in which they first spoke.
    pub voices: Vec<(Name, Voice)>,
    /// The log as it was before it was read.
    #[serde(skip)]
    about: About,
}

/// Seconds of a year, roughly: a log that grows into the next is read anew.
const YEAR: i64 = 31_556_952;

/// What a state rests on: how it is written, and what the index of times takes for the time of a line.
fn version() -> (u32, u32) {
    (VERSION, crate::index::VERSION)
}

/// What is kept of an answer that depends on `asked` beside the log.
fn part(asked: u64) -> String {
    format!("r{VERSION}.{asked:016x}")
}

impl State {
    /// Nothing is known yet. `asked`: a hash of what the answer depends on beside the log.
    pub fn new(asked: u64) -> Self {
        Self { version: version(), asked, ..Self::default() }
    }

    /// What `keep` has of the log, if that is a state.
    pub fn load(keep: &Keep, source: &Source, asked: u64) -> Option<Self> {
        Self::of(Findings::load(keep, source, &part(asked))?)
    }

    /// Keeps it, if the log is worth it, and gives the bytes to keep in memory: to write it takes longer than to store it.
    pub fn publish(&self, keep: &Keep, source: &Source) -> Option<Vec<u8>> {
        let content = serde_json::to_vec(self).ok()?;
        let findings = Findings { about: self.about.clone(), content };
        findings.publish(keep, source, &part(self.asked));
        Some(findings.to_bytes())
    }

    /// What [`State::publish`] gave, if that is a state.
    pub fn read(bytes: &[u8]) -> Option<Self> {
        Self::of(Findings::from_bytes(bytes)?)
    }

    fn of(findings: Findings) -> Option<Self> {
        let Findings { about, content } = findings;
        let state = Self { about, ..serde_json::from_slice(&content).ok()? };
        let is_bounded =
            state.voices.len() <= MOST && state.voices.iter().all(|(_, voice)| voice.is_bounded());
        let is_sound = state.version == version() && state.upto == state.about.covered;
        (is_sound && is_bounded).then_some(state)
    }

    /// The log is as `seen` said before it was read. `None` where nothing of it was, or it cannot be read.
    pub fn settle(&mut self, source: &Source, seen: &Metadata) -> Option<()> {
        let read = Extent { start: u64::from(self.upto > 1), end: self.upto };
        self.about = About::of(source, seen, self.upto, 0, read, &Elected::default())?;
        self.year = seen.mtime().div_euclid(YEAR);
        Some(())
    }

    /// Whether it says all of the log as it is now.
    pub fn is_whole(&self, source: &Source, seen: &Metadata, asked: u64) -> bool {
        self.asked == asked && self.upto == seen.len() && self.about.speaks_of(source, seen)
    }

    /// Whether the log has at most grown since.
    pub fn may_go_on(&self, source: &Source, seen: &Metadata, asked: u64) -> bool {
        self.asked == asked
            && self.stamped
            && self.upto > 0
            && self.year == seen.mtime().div_euclid(YEAR)
            && self.about.speaks_of(source, seen)
    }
}
