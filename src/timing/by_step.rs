//! Steps beside times: which blocks hold a range of steps, and which of their lines lie in it.

use std::collections::BTreeSet;
use std::fs::Metadata;
use std::sync::Arc;

use super::Timing;
use crate::error::Result;
use crate::file::block::{Block, Cutter, Extent};
use crate::file::source::Source;
use crate::index::{Asked, Entry, Index, Piece, StepIndex, Tick};
use crate::line;
use crate::stamp::{Prefix, Window};
use crate::step::{Finder, Recorder, Steps};

/// What a question knows of steps.
#[derive(Clone, Default)]
pub(super) struct Stepping {
    /// The state of the fold.
    steps: Steps,
    /// What is stored.
    known: Option<Arc<StepIndex>>,
    /// What is learned on the way, to be stored.
    recorder: Option<Recorder>,
}

impl Timing {
    /// Stands before the first line of a file whose first step is `first`.
    pub fn begin_steps(&mut self, first: Option<u64>, known: Option<StepIndex>) {
        let recorder = self.terms.steps.as_ref().filter(|terms| terms.finder.is_common() && first.is_some());
        let recorder = recorder
            .map(|_| known.as_ref().map_or_else(Recorder::default, |k| Recorder::behind(k.blocks.clone())));
        self.stepping = Stepping { steps: Steps::starting(first), known: known.map(Arc::new), recorder };
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

    /// Up to where in the file blocks may be left out for other reasons than their steps: behind that, the step of a line
    /// may hang on any line.
    pub fn free_until(&self) -> u64 {
        if !self.asks_for_steps() {
            return u64::MAX;
        }
        self.stepping.known.as_ref().map_or(0, |known| known.about.covered)
    }

    /// Goes to the first line of a block.
    pub(super) fn enter_steps(&mut self, entry: &Entry) {
        if !self.asks_for_steps() {
            return;
        }
        let Stepping { steps, known, recorder } = &mut self.stepping;
        if let Some(known) = known {
            if let Some(block) = known.of(entry.extent) {
                steps.enter(block);
                return;
            }
            if entry.extent.start == known.about.covered {
                *steps = known.end.clone();
            }
        }
        if let Some(recorder) = recorder {
            recorder.enter(entry.extent, steps);
        }
    }

    /// The step of the next line, which `prefix` wrote, and whether it is asked for.
    #[inline]
    pub(super) fn step_of(&mut self, line: &[u8], prefix: Prefix) -> (Option<u64>, bool) {
        let Some(terms) = &self.terms.steps else { return (None, true) };
        let Stepping { steps, recorder, .. } = &mut self.stepping;
        let own = terms.finder.find(line);
        let told_apart = recorder.is_some() && steps.tells_apart(prefix);
        let step = steps.take(own, prefix);
        if let Some(recorder) = recorder {
            recorder.take(step, own.is_some(), prefix, told_apart);
        }
        (step, terms.meets(step))
    }

    /// The blocks that a question about steps needs, of those that are summed up: those whose steps meet the range and
    /// whose times do, as far as steps are known, and all behind that.
    pub(super) fn plan_steps(
        &mut self,
        index: &mut Index,
        source: &Arc<Source>,
        tick: Tick<'_>,
    ) -> Result<Vec<Piece>> {
        let mut pieces = index.plan(source, Window::default(), &mut self.clock, tick)?;
        for piece in &mut pieces {
            piece.asked = Asked::Some;
        }
        let fits = |known: &Arc<StepIndex>| fit(known, &pieces);
        self.stepping.known = self.stepping.known.take().filter(fits);
        let (Some(known), Some(terms)) = (self.stepping.known.clone(), self.terms.steps.clone()) else {
            self.stepping.recorder = self.stepping.recorder.take().map(|_| Recorder::default());
            return Ok(pieces);
        };
        let timely = index.plan(source, self.terms.window, &mut self.clock, tick)?;
        let timely: BTreeSet<u64> = timely.iter().map(|piece| piece.entry.extent.start).collect();
        // Where arrivals are recorded, the time of a line may hang on any line before it.
        let any_time = self.arrived.is_some();
        pieces.retain(|piece| {
            let extent = piece.entry.extent;
            known.of(extent).is_none_or(|block| {
                any_time || (timely.contains(&extent.start) && terms.meets_some(block.least, block.greatest))
            })
        });
        Ok(pieces)
    }

    /// Stores what was learned of the steps of a file that looked like `seen` before it was read.
    pub fn keep_steps(&mut self, source: &Source, seen: &Metadata) {
        let Stepping { known, recorder, .. } = &mut self.stepping;
        let Some((blocks, end)) = recorder.take().and_then(Recorder::settled) else { return };
        if blocks.len() > known.as_ref().map_or(0, |known| known.blocks.len()) {
            StepIndex::publish(&self.terms.keep, source, seen, blocks, end);
        }
    }
}

/// Whether the blocks of which steps are known are those of the index of times.
fn fit(known: &StepIndex, pieces: &[Piece]) -> bool {
    let extents = pieces.iter().map(|piece| piece.entry.extent);
    let same = extents.clone().zip(&known.blocks).all(|(extent, block)| extent == block.extent);
    let next = pieces.get(known.blocks.len()).map(|piece| piece.entry.extent.start);
    same && pieces.len() >= known.blocks.len() && next.is_none_or(|start| start == known.about.covered)
}

/// The first step in the first `end` bytes of a file.
///
/// # Errors
/// As reading the file, and what `tick` returns to stop it.
pub fn first_step(source: &Source, end: u64, finder: &Finder, tick: Tick<'_>) -> Result<Option<u64>> {
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
