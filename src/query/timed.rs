//! Where a query about time or steps begins: at the blocks that the index of times names.

use std::sync::Arc;

use super::{BatchSource, Query, Stepless, Timeless};
use crate::arrival::arrived::Arrived;
use crate::caller::Caller;
use crate::error::{Error, Result};
use crate::file::block::{Extent, Tail};
use crate::file::source::Source;
use crate::index::text::Places;
use crate::index::{Entry, Index, Options, Piece};
use crate::query::seek::Seek;
use crate::step;
use crate::timing::{self, Timing};

impl Query {
    /// Asks the index which blocks of the file are needed.
    pub(super) fn seek(
        &mut self,
        terms: timing::TimeTerms,
        source: &Arc<Source>,
        end: u64,
        caller: &mut dyn Caller,
    ) -> Result<BatchSource> {
        let options = Options {
            threads: self.question.workers,
            taught: terms.taught.clone(),
            steps: terms.steps.as_ref().is_some_and(|steps| steps.finder.is_common()),
            ..Options::new(terms.keep.clone())
        };
        // Where steps are asked for, each line must be seen.
        let steps = terms.steps.clone();
        let times = terms.times || steps.is_some();
        // Before anything is read: what is delivered may be held for long, while the file is cut and written anew.
        self.tail = Tail::of_file(source, end)?;
        let mut index = Index::begin(source, end, options, &mut || caller.pulse())?;
        let arrived = Arrived::of_log(&self.question.path, end);
        // What the caller says of the end, and lines counted from there, wait for it; so do stamps without a year. Where
        // arrivals are recorded, it is at the end that one knows which lines have no stamp, and what comes before them.
        let waits = self.question.last.is_some() || terms.reference.is_some() || arrived.is_some();
        index.grow_until(&|index| !waits && index.is_anchored(), &mut || caller.pulse())?;
        let mut timing = Timing::of(terms, &index, source)?.with_arrivals(arrived);
        if self.question.follow {
            timing.set_followed();
        }
        if !self.accept(&timing, &index, caller)? {
            timing.ignore_window();
        }
        if let Some(steps) = steps {
            let first = first_step(&steps, &mut index, source, end, caller)?;
            timing.begin_steps(first, &index);
            if first.is_none() && !steps.is_open() && !self.accept_stepless(&mut index, caller)? {
                timing.ignore_steps();
            }
        }
        let (pieces, by_text) = self.wanted(&mut timing, &mut index, source, end, caller)?;
        let filter = timing.filter(&index);
        let within = self.within(&timing);
        let job = self.job(Arc::clone(source));
        let mut seek = Seek::new(job, self.question.workers, index, filter, pieces, times)
            .only_in(by_text)
            .only_within(within)
            .leaving_times(self.leaves);
        if let Some(last) = self.question.last {
            self.skip = seek.keep_last(last as u64, &mut timing, caller)?;
        }
        if !seek.index().is_growing() {
            self.notes = Some(timing.notes(seek.index(), source)?);
        }
        self.timing = Some(timing);
        Ok(BatchSource::Seek(Box::new(seek)))
    }

    /// The blocks that must be read of those that the index knows, and where in the others a line may be selected, if
    /// anything tells; what need not be read is counted.
    fn wanted(
        &mut self,
        timing: &mut Timing,
        index: &mut Index,
        source: &Arc<Source>,
        end: u64,
        caller: &mut dyn Caller,
    ) -> Result<(Vec<Piece>, Option<Places>)> {
        let mut pieces = timing.plan(index, source, &mut || caller.pulse())?;
        let within = self.within(timing);
        pieces.retain(|piece| piece.entry.extent.meets(within));
        let looked_at = pieces.iter().filter(|piece| piece.entry.extent.start < index.built_from());
        let looked_at: u64 = looked_at.map(|piece| piece.entry.extent.len()).sum();
        self.counters.bytes_skipped += index.built_from().saturating_sub(looked_at);
        // Where arrivals are recorded, the time of a line may hang on a line that the pattern does not select; or its step.
        let by_text = if timing.listens() || timing.folds_steps() { None } else { self.places(source, end)? };
        if let Some(by_text) = &by_text {
            self.leave_out(&mut pieces, by_text, index.built_from());
        }
        Ok((pieces, by_text))
    }

    /// Where the lines are that have to be looked at for those that are asked for: the step of a line may hang on any line
    /// before it, as its time may where arrivals are recorded.
    fn within(&self, timing: &Timing) -> Extent {
        let (after, before) = (self.question.after, self.question.before);
        if timing.hangs_on_all() { Extent::WHOLE } else { Extent { start: after, end: before } }
    }

    /// Leaves out the `pieces` in which the pattern selects no line; those before `known` were not read as yet.
    fn leave_out(&mut self, pieces: &mut Vec<Piece>, places: &Places, known: u64) {
        pieces.retain(|Piece { entry: Entry { extent, .. }, .. }| {
            let kept = places.meet(*extent);
            let skipped = if kept || extent.start >= known { 0 } else { extent.len() };
            self.counters.bytes_skipped += skipped;
            self.counters.skipped_by_text += if places.by_text > 0 { skipped } else { 0 };
            kept
        });
    }

    /// Whether the range of time means something. A file without any time is refused, or the caller is told; of one
    /// without a line, such as the errors of a job that made none, there is nothing to say. In a follow lines may come that
    /// have times: then those that are there are left out.
    fn accept(&self, timing: &Timing, index: &Index, caller: &mut dyn Caller) -> Result<bool> {
        let asks_range = self.question.time.as_ref().is_some_and(|t| !t.window.is_open());
        if !timing.is_timeless() || index.lines() == 0 || !asks_range {
            return Ok(true);
        }
        if self.question.follow && self.question.timeless == Timeless::Refuse {
            let path = self.question.name.display();
            let note =
                "no line that is there has a time that is understood, so since and until select none of them";
            return caller.note(&format!("{path}: {note}")).map(|()| true);
        }
        let [error, note] = [
            "no line has a time that is understood, so since and until select nothing; leave them out",
            "no line has a time that is understood; since and until are ignored",
        ];
        self.refuse(error, note, caller)
    }

    /// The same for a range of steps in a file without any.
    fn accept_stepless(&self, index: &mut Index, caller: &mut dyn Caller) -> Result<bool> {
        // Of several logs, one without any step has lines before all steps.
        let is_one_of_several = self.question.stepless == Stepless::BeforeAll || self.bound.is_some();
        if self.question.follow || is_one_of_several {
            return Ok(true);
        }
        // A file may be all hole, without a line.
        index.grow_until(&|index| index.lines() > 0, &mut || caller.pulse())?;
        if index.lines() == 0 {
            return Ok(true);
        }
        let [error, note] = [
            "no line has a step that is understood, so step selects nothing; leave it out",
            "no line has a step that is understood; step is ignored",
        ];
        self.refuse(error, note, caller)
    }

    /// No line has what a range asks for: an error, or the caller hears that the range is ignored.
    fn refuse(&self, error: &str, note: &str, caller: &mut dyn Caller) -> Result<bool> {
        let path = self.question.name.display();
        match self.question.timeless {
            Timeless::Refuse => {
                Err(Error::Value(format!("{path}: {error}, or pass strict=False for every line")))
            }
            Timeless::Deliver => caller.note(&format!("{path}: {note}")).map(|()| false),
        }
    }
}

/// The first step that a line names, if any does. It is the index that knows, where it sums up what is asked for as a step:
/// of a log of which all lines are asked for as soon as one was found, else at its end, for only there all are told apart.
fn first_step(
    steps: &step::Terms,
    index: &mut Index,
    source: &Arc<Source>,
    end: u64,
    caller: &mut dyn Caller,
) -> Result<Option<u64>> {
    let known = |index: &Index| index.steps().is_some_and(|known| known.first().is_some());
    let enough =
        |index: &Index| !steps.finder.is_common() || !index.has_steps() || (steps.is_open() && known(index));
    index.grow_until(&enough, &mut || caller.pulse())?;
    match index.steps().filter(|_| steps.finder.is_common()) {
        Some(steps) => Ok(steps.first()),
        None => timing::first_step(source, end, &steps.finder, &mut || caller.pulse()),
    }
}
