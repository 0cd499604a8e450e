//! What is stored about a log, for one who wants to know.

use super::Keep;
use super::text::TextIndex;
use crate::error::Result;
use crate::file::source::Source;
use crate::stamp::Taught;

/// How much of a log an index covers, and how much it takes, in bytes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Coverage {
    /// How much of the log it covers.
    pub covered: u64,
    /// How long its files are.
    pub size: u64,
}

/// What is stored about a log.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct IndexStatus {
    /// How long the log is, in bytes.
    pub log: u64,
    /// The index of times.
    pub times: Coverage,
    /// The index of text.
    pub text: Coverage,
}

impl IndexStatus {
    /// What `keep` has about a log that can still be believed.
    ///
    /// # Errors
    /// `Error::Io` where the log cannot be read.
    pub fn of(keep: &Keep, source: &Source, taught: Option<&Taught>) -> Result<Self> {
        let seen = source.metadata()?;
        let times = keep.load(source, taught).filter(|store| store.about.has_blocks_of(source, &seen));
        let times = times.map(|store| Coverage { covered: store.about.covered, size: store.size() });
        let text = TextIndex::load(keep, source, &seen);
        let text = Coverage { covered: text.covered(), size: text.size() };
        Ok(Self { log: seen.len(), times: times.unwrap_or_default(), text })
    }
}
