//! Hint, copy, judge: a look at the blocks of a run in place says which of them need not be read.

use crate::file::block::{Extent, may_hold_hole};
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
        let Some(maps) = maps.filter(|maps| maps.are_worth(extents.len())) else { return Vec::new() };
        if self.pause > 0 {
            self.pause -= 1;
            return Vec::new();
        }
        let mut hits = 0;
        let barren = maps.look(extents, &mut self.held, |block| {
            if hits * RARE > extents.len() {
                return None;
            }
            // A hole is dropped before the pattern is run, and is counted.
            let has_hit = pattern.may_select(block, scratch) || may_hold_hole(block);
            hits += usize::from(has_hit);
            Some(!has_hit)
        });
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
