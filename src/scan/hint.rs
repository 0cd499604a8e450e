//! Hint, copy, judge: a look at the blocks of a run in place says which of them need not be read.

use crate::file::block::{Extent, HOLE};
use crate::file::maps::{Held, Maps};
use crate::pattern::{Pattern, Scratch};

/// Of so many blocks one may have a hit, on the average, for looking at them first to be worth it.
const RARE: usize = 4;
/// For how many runs at most a worker reads before it looks again, in a log where hits are many.
const MOST_PATIENCE: u32 = 64;

/// What a worker has seen of the file in place, and whether it goes on with that.
#[derive(Default)]
pub(super) struct Hints {
    held: Held,
    /// How many runs are read without a look.
    pause: u32,
    /// How long the next pause is.
    patience: u32,
}

impl Hints {
    /// Which of `extents`, neighbours in the file, have no line that `pattern` may select, and no hole: they need not be
    /// read. Nothing is known of those behind the last that is told.
    pub(super) fn barren(
        &mut self,
        maps: Option<&Maps>,
        extents: &[Extent],
        pattern: &Pattern,
        scratch: &mut Scratch,
    ) -> Vec<bool> {
        let (Some(maps), [first, .., last]) = (maps, extents) else { return Vec::new() };
        if self.pause > 0 {
            self.pause -= 1;
            return Vec::new();
        }
        let all = Extent { start: first.start, end: last.end };
        let seen = maps.look(all, &mut self.held, |bytes| look(bytes, all.start, extents, pattern, scratch));
        let barren = seen.unwrap_or_default();
        self.weigh(&barren);
        barren
    }

    /// Where many blocks have hits, or nothing can be seen, the map costs more than it saves.
    fn weigh(&mut self, barren: &[bool]) {
        let hits = barren.iter().filter(|&&barren| !barren).count();
        if hits * RARE < barren.len() {
            self.patience = 0;
        } else {
            self.patience = (self.patience * 2 + 1).min(MOST_PATIENCE);
            self.pause = self.patience;
        }
    }
}

/// Looks at `extents` in `bytes`, which stand at `offset` of the file, until so many have hits that it is not worth it.
fn look(
    bytes: &[u8],
    offset: u64,
    extents: &[Extent],
    pattern: &Pattern,
    scratch: &mut Scratch,
) -> Vec<bool> {
    let (mut barren, mut hits) = (Vec::with_capacity(extents.len()), 0);
    for extent in extents {
        let block = &bytes[(extent.start - offset) as usize..(extent.end - offset) as usize];
        // A hole is dropped before the pattern is run, and is counted.
        let has_hit = pattern.may_select(block, scratch) || may_have_hole(block);
        barren.push(!has_hit);
        hits += usize::from(has_hit);
        if hits * RARE > extents.len() {
            break;
        }
    }
    barren
}

/// Whether a hole may be in `bytes`; a run of [`HOLE`] bytes covers a multiple of that.
fn may_have_hole(bytes: &[u8]) -> bool {
    bytes.iter().step_by(HOLE).any(|&b| b == 0)
}
