//! Steps beside times: which blocks hold a range of steps, and which of their lines lie in it.

use std::sync::Arc;

use super::Timing;
use crate::error::Result;
use crate::file::block::{Block, Cutter, Extent};
use crate::file::source::Source;
use crate::index::{Asked, Entry, Index, Piece, Tick};
use crate::line;
use crate::stamp::{Prefix, Window};
use crate::step::{StepFinder, StepRange, Steps};

/// What a question knows of steps.
#[derive(Clone, Default)]
pub(super) struct Stepping {
    /// The state of the fold.
    steps: Steps,
    /// Whether the index has that state at the beginning of each block.
    by_index: bool,
}

impl Timing {
    /// Stands before the first line of a file whose first step is `first`. Where `index` has the steps of all of it and
    /// arrivals were not recorded, blocks are apart from one another.
    pub fn begin_steps(&mut self, first: Option<u64>, index: &Index) {
        let common = self.terms.steps.as_ref().is_some_and(|terms| terms.finder.is_common());
        // Where arrivals are recorded, the time of a line may hang on any line before it.
        let by_index = common && index.has_steps() && !index.is_growing() && self.arrived.is_none();
        self.stepping = Stepping { steps: Steps::starting(first), by_index };
    }

    /// Leaves the range of steps out of account: no line has one.
    pub fn ignore_steps(&mut self) {
        if let Some(terms) = &mut self.terms.steps {
            (terms.least, terms.greatest) = (None, None);
        }
    }

    /// Whether steps are asked for.
    pub fn asks_for_steps(&self) -> bool {
        self.terms.steps.is_some()
    }

    /// Whether the step of a line may hang on any line before it, so that none may be left out.
    pub fn folds_steps(&self) -> bool {
        self.asks_for_steps() && !self.stepping.by_index
    }

    /// Goes to the first line of a block.
    pub(super) fn enter_steps(&mut self, entry: &Entry) {
        if let Some(block) = entry.steps.as_ref().filter(|_| self.stepping.by_index) {
            self.stepping.steps.enter(block);
        }
    }

    /// Goes behind the last line of which `index` speaks.
    pub(super) fn leave_steps(&mut self, index: &Index) {
        if let Some(steps) = index.steps().filter(|_| self.stepping.by_index) {
            self.stepping.steps = steps.clone();
        }
    }

    /// Knows of no step before the next line.
    pub(super) fn renew_steps(&mut self) {
        self.stepping.steps = Steps::default();
    }

    /// The step of the next line, which `prefix` wrote, and whether it is asked for.
    #[inline]
    pub(super) fn step_of(&mut self, line: &[u8], prefix: Prefix) -> (Option<u64>, bool) {
        let Some(terms) = &self.terms.steps else { return (None, true) };
        let step = self.stepping.steps.take(terms.finder.find(line), prefix);
        (step, terms.meets(step))
    }

    /// Which steps are asked of blocks; `None` where they must be taken whatever steps they have.
    pub(super) fn step_range(&self) -> Option<StepRange> {
        let terms = self.terms.steps.as_ref().filter(|_| self.stepping.by_index)?;
        Some(terms.range(self.stepping.steps.first()))
    }

    /// The blocks that a question about steps needs, of those that are summed up: those whose steps meet the range and
    /// whose times do, if the index knows that, or else all.
    pub(super) fn plan_steps(
        &mut self,
        index: &mut Index,
        source: &Arc<Source>,
        tick: Tick<'_>,
    ) -> Result<Vec<Piece>> {
        let range = self.step_range();
        let window = if range.is_some() { self.terms.window } else { Window::default() };
        let mut pieces = index.plan_steps(source, window, range, &mut self.clock, tick)?;
        for piece in &mut pieces {
            piece.asked = Asked::Some;
        }
        Ok(pieces)
    }
}

/// The first step in the first `end` bytes of a file.
///
/// # Errors
/// As reading the file, and what `tick` returns to stop it.
pub fn first_step(source: &Source, end: u64, finder: &StepFinder, tick: Tick<'_>) -> Result<Option<u64>> {
    let (mut cutter, mut block) = (Cutter::new(Extent { start: 0, end }), Block::default());
    while let Some(extent) = cutter.cut(source, tick)? {
        block.read(source, extent)?;
        let bytes = block.bytes();
        if let Some(step) = line::lines(bytes).find_map(|line| finder.find(line.of(bytes))) {
            return Ok(Some(step));
        }
    }
    Ok(None)
}
