//! Hint, copy, judge: a look at the blocks of a run in place says which of them need not be read.

use crate::file::block::{Extent, may_hold_hole};
use crate::file::maps::{HeldMap, Maps};
use crate::file::pace::{Pace, PaceTurn};
use crate::pattern::{Pattern, Scratch};

/// Of so many blocks one may have a hit for the look to go on: with more, most of the run is read anyway.
const RARE: usize = 4;

/// What a worker has seen of the file in place, and what that took.
#[derive(Default)]
pub(super) struct Hints {
    held: HeldMap,
    pace: Pace,
    turn: Option<PaceTurn>,
    looked: bool,
}

impl Hints {
    /// Which of `extents`, neighbours in the file, have no line that `pattern` may select, and no hole: they need not be
    /// read. Nothing is known of those behind the last that is told, and of none where reading all takes less.
    pub(super) fn barren(
        &mut self,
        maps: Option<&Maps>,
        extents: &[Extent],
        pattern: &Pattern,
        scratch: &mut Scratch,
    ) -> Vec<bool> {
        (self.turn, self.looked) = (None, false);
        let Some(maps) = maps.filter(|maps| maps.are_worth(extents.len())) else { return Vec::new() };
        let turn = self.turn.insert(self.pace.begin());
        if !turn.first && !maps.are_forced() {
            return Vec::new();
        }
        self.looked = true;
        let mut hits = 0;
        maps.look(extents, &mut self.held, |block| {
            if hits * RARE > extents.len() {
                return None;
            }
            // A hole is dropped before the pattern is run, and is counted.
            let has_hit = pattern.may_select(block, scratch) || may_hold_hole(block);
            hits += usize::from(has_hit);
            Some(!has_hit)
        })
    }

    /// Whether the last run was looked at in place.
    pub(super) fn looked(&self) -> bool {
        self.looked
    }

    /// The run is done, with all its `bytes`.
    pub(super) fn done(&mut self, bytes: u64) {
        if let Some(turn) = self.turn.take() {
            self.pace.end(turn, bytes);
        }
    }
}
