//! What else was found out about a log, kept beside its index by whoever found it.
//!
//! The index does not know what the content means. It keeps it as it keeps all that it stores: in the same directory,
//! under the same limit and the same trust, believed on the same evidence about the log, and swept away with it.

use std::fs::File;

use super::about::About;
use super::codec::Reader;
use super::{Keep, STORED_FROM, pages};
use crate::file::source::Source;

const VERSION: u32 = 1;
const MAGIC: [u8; 8] = *b"logdexf\n";
/// The longest content that is read, in bytes: 64 KiB for each of 16,384 speakers.
const LONGEST: u64 = 1 << 30;

/// Something that was found out about a log, and the log as it was then.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Findings {
    /// The log as it was; `covered` is up to where the content speaks of it.
    pub about: About,
    /// What was found, in the words of whoever found it.
    pub content: Vec<u8>,
}

impl Findings {
    /// What `keep` has about a log under `part`. Whether it still speaks of the log, [`About::speaks_of`] says.
    pub fn load(keep: &Keep, source: &Source, part: &str) -> Option<Self> {
        Self::open(keep.open(source, part)?)
    }

    /// Reads a file; `None` where it has no findings, or is damaged.
    pub(super) fn open(file: File) -> Option<Self> {
        Self::from_bytes(&pages::read_whole(file, MAGIC, VERSION, LONGEST)?)
    }

    /// Keeps them under `part`, if that is worth it. Failing that, they are found again.
    pub fn publish(&self, keep: &Keep, source: &Source, part: &str) {
        if self.about.size >= STORED_FROM {
            self.store(keep, source, part);
        }
    }

    /// Stores them under `part`, whatever that is worth.
    pub(super) fn store(&self, keep: &Keep, source: &Source, part: &str) {
        let write = &mut |file: &mut File| pages::write_whole(file, MAGIC, VERSION, &self.to_bytes());
        let _ = keep.publish_part(source, part, write);
    }

    /// The same as bytes, for one who keeps them in memory.
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut out = Vec::new();
        self.about.put(&mut out);
        out.extend(&self.content);
        out
    }

    /// What [`Findings::to_bytes`] made; `None` of anything else.
    pub fn from_bytes(bytes: &[u8]) -> Option<Self> {
        let mut from = Reader(bytes);
        let about = About::take(&mut from)?;
        Some(Self { about, content: from.0.to_vec() })
    }
}
