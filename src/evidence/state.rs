//! What is known of a log's speakers up to a place in it: a state that can be stored, and gone on from.
//!
//! It is trusted as an index is: the size and the change time of the log as they were, or the fingerprints of its head and
//! of the end of what was read where it has grown. Anything else, a damaged or a foreign state too, is read anew.

use std::fs::Metadata;
use std::os::unix::fs::MetadataExt;

use serde::{Deserialize, Serialize};

use super::speaker::Ranks;
use super::voice::Voice;
use crate::file::source::Source;
use crate::index::fingerprint;

/// The version of what is stored.
const VERSION: u32 = 1;
/// The most speakers of one log; lines of others are taken for the file's own.
pub const MOST: usize = 16_384;

/// A speaker: the replica's name, and the ranks.
pub type Name = (String, Ranks);

/// What is known of a log up to a place in it.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct State {
    version: u32,
    /// What the caller says the answer depends on beside the log.
    asked: u64,
    inode: u64,
    size: u64,
    changed: (i64, i64),
    /// The year of the last modification, by which stamps without one were read.
    year: i64,
    /// How much was read: a place between two lines.
    pub upto: u64,
    head: u64,
    tail: u64,
    /// The speakers, in the order in which they first spoke.
    pub voices: Vec<(Name, Voice)>,
}

/// Nanoseconds of a year, roughly: a log that grows into the next is read anew.
const YEAR: i64 = 31_556_952;

impl State {
    /// Nothing is known yet. `asked`: a hash of what the answer depends on beside the log.
    pub fn new(asked: u64) -> Self {
        Self { version: VERSION, asked, ..Self::default() }
    }

    /// What is stored as `bytes`, if that is a state.
    pub fn read(bytes: &[u8]) -> Option<Self> {
        let state: Self = serde_json::from_slice(bytes).ok()?;
        let is_bounded =
            state.voices.len() <= MOST && state.voices.iter().all(|(_, voice)| voice.is_bounded());
        (state.version == VERSION && is_bounded).then_some(state)
    }

    /// The bytes to store.
    pub fn write(&self) -> Option<Vec<u8>> {
        serde_json::to_vec(self).ok()
    }

    /// The log is as `seen` said before it was read.
    pub fn settle(&mut self, source: &Source, seen: &Metadata) -> Option<()> {
        (self.inode, self.size) = (seen.ino(), seen.len());
        self.changed = (seen.ctime(), seen.ctime_nsec());
        self.year = seen.mtime().div_euclid(YEAR);
        self.head = fingerprint(source, 0, self.upto)?;
        self.tail = fingerprint(source, 1, self.upto)?;
        Some(())
    }

    /// Whether it says all of the log as it is now.
    pub fn is_whole(&self, seen: &Metadata, asked: u64) -> bool {
        self.asked == asked
            && self.inode == seen.ino()
            && self.size == seen.len()
            && self.upto == seen.len()
            && self.changed == (seen.ctime(), seen.ctime_nsec())
    }

    /// Whether the log has only grown since.
    pub fn may_go_on(&self, source: &Source, seen: &Metadata, asked: u64) -> bool {
        self.asked == asked
            && self.inode == seen.ino()
            && self.upto > 0
            && self.upto <= seen.len()
            && self.size <= seen.len()
            && self.year == seen.mtime().div_euclid(YEAR)
            && fingerprint(source, 0, self.upto) == Some(self.head)
            && fingerprint(source, 1, self.upto) == Some(self.tail)
    }
}
