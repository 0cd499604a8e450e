//! One run of a scan: the extents that a worker takes at a turn.

use crate::error::Error;
use crate::file::block::{BLOCK, Cutter, Extent, Pulse};
use crate::file::source::Source;

/// How many extents make one run: enough work to make handing it over cheap, little enough for a first result soon.
pub(super) const RUN: usize = 4;

/// How long an extent is at most that is looked at as a whole, in bytes, unless it is one line: to find where it ends costs a
/// read.
pub(super) const WIDE: u64 = 4 * BLOCK as u64;

/// What a worker takes at a turn: so many extents, each of about so many bytes.
#[derive(Clone, Copy, Debug)]
pub(super) struct RunSize {
    extents: usize,
    each: u64,
}

impl RunSize {
    /// The first of a scan, so that the first line does not wait for more.
    pub(super) const FIRST: Self = Self { extents: 1, each: BLOCK as u64 };
    /// What comes after that.
    pub(super) const USUAL: Self = Self { extents: RUN, each: BLOCK as u64 };
    /// Where the last run had nothing to hand over: fewer turns and wakings, and nothing piles up.
    pub(super) const BARREN: Self = Self { extents: 4 * RUN, each: BLOCK as u64 };
    /// The same where blocks are looked at in place.
    pub(super) const LOOK: Self = Self { extents: RUN, each: WIDE };
}

/// What the cutter gave for one run: what one worker takes at a turn, before any of it is read.
#[derive(Default)]
pub(super) struct RunExtents {
    pub(super) extents: Vec<Extent>,
    pub(super) holes: u64,
    pub(super) error: Option<Error>,
    /// Whether each extent is to be cut into blocks where it is read.
    pub(super) is_wide: bool,
    /// Whether the file has no extent behind these.
    pub(super) is_last: bool,
}

impl RunExtents {
    /// Takes the extents of the next run.
    pub(super) fn take(cutter: &mut Cutter, source: &Source, size: RunSize, pulse: Pulse<'_>) -> Self {
        let mut cut = Self { is_wide: size.each > BLOCK as u64, ..Self::default() };
        // One long line makes a run full, so that what is in flight is a few long lines at most.
        let (mut length, most) = (0, size.extents as u64 * size.each);
        while cut.extents.len() < size.extents && length < most && cut.error.is_none() {
            match cutter.cut_about(size.each, source, pulse) {
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
