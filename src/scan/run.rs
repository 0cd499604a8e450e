//! One run of a scan: the extents that a worker takes at a turn.

use crate::error::Error;
use crate::file::block::{BLOCK, Cutter, Extent, Pulse};
use crate::file::source::Source;

/// How many extents make one run: enough work to make handing it over cheap, little enough for a first result soon.
pub(super) const RUN: usize = 4;

/// What the cutter gave for one run: what one worker takes at a turn, before any of it is read.
#[derive(Default)]
pub(super) struct RunExtents {
    pub(super) extents: Vec<Extent>,
    pub(super) holes: u64,
    pub(super) error: Option<Error>,
    /// Whether the file has no extent behind these.
    pub(super) is_last: bool,
}

impl RunExtents {
    /// Takes the extents of the next run.
    pub(super) fn take(cutter: &mut Cutter, source: &Source, most: usize, pulse: Pulse<'_>) -> Self {
        let mut cut = Self::default();
        // One long line makes a run full, so that what is in flight is a few long lines at most.
        let mut length = 0;
        while cut.extents.len() < most && length < (most * BLOCK) as u64 && cut.error.is_none() {
            match cutter.cut(source, pulse) {
                Ok(Some(extent)) => {
                    length += extent.len();
                    cut.extents.push(extent);
                }
                Ok(None) => break,
                Err(error) => cut.error = Some(error),
            }
        }
        cut.holes = std::mem::take(&mut cutter.holes);
        // Said with the last extents, and not by a run without any: a follow asks for each line by itself.
        cut.is_last = cut.extents.is_empty() || cut.error.is_some() || cutter.is_over();
        cut
    }
}
