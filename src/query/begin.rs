//! Where a query begins: at the start of the file, at its last lines, or where the index says.

use std::sync::Arc;

use super::{BatchSource, Query, Stepless, Telling, Timeless};
use crate::arrival::arrived::Arrived;
use crate::caller::Caller;
use crate::error::{Error, Result};
use crate::file::block::{Block, Extent, Tail, cut_back, whole_end};
use crate::file::source::Source;
use crate::follow::{self, Follow};
use crate::index::text::{Places, Text};
use crate::index::{Entry, Index, LevelIndex, Options, Piece, STORED_FROM, election};
use crate::query::seek::Seek;
use crate::scan::{Job, Purpose, Scan};
use crate::step;
use crate::system::time_source::TimeSource;
use crate::timing::{self, Timing};

impl Query {
    /// Opens the file and finds where to begin.
    pub(super) fn begin(&mut self, caller: &mut dyn Caller) -> Result<BatchSource> {
        let source = match Source::open(self.question.begun.as_ref().unwrap_or(&self.question.path)) {
            Ok(source) => Arc::new(source),
            // A follow waits for its file; what comes then is live from the first line.
            Err(error) if self.question.follow && error.is_not_found() => {
                let timing = self.question.time.clone().map(Timing::live);
                self.timing = timing.map(|timing| timing.with_arrivals(Arrived::live(&self.question.path)));
                return Ok(BatchSource::Follow(Box::new(self.live(None)?)));
            }
            Err(error) => return Err(error),
        };
        let stated = if self.question.follow { source.readable(0)? } else { source.size()? };
        self.tell_format(&source, stated, caller)?;
        if let Some(from) = self.from {
            let tail = Tail::of_file(&source, from)?;
            return Ok(BatchSource::Follow(Box::new(self.live(Some((source, tail)))?)));
        }
        // A follow delivers the unfinished line once it is whole, so it is not one of the lines that are there now.
        let size = stated.min(self.bound.unwrap_or(u64::MAX)).min(self.question.size);
        let there = Extent { start: 0, end: size };
        let end =
            if self.question.follow { whole_end(&source, there, &mut || caller.pulse())? } else { size };
        self.end = end;
        match self.question.time.clone() {
            Some(terms) => self.seek(terms, &source, end, caller),
            None => self.scan(source, end, caller),
        }
    }

    /// Reads the first `end` bytes of the file in its order, where nothing is asked about time.
    fn scan(&mut self, source: Arc<Source>, end: u64, caller: &mut dyn Caller) -> Result<BatchSource> {
        let places = self.places(&source, end)?;
        let by_text = places.is_some();
        let all = || vec![Extent { start: 0, end }];
        let mut extents = places.map_or_else(all, |places| self.note_skipped(places));
        let mut start = self.question.after.min(end);
        extents = Extent::before(&Extent::behind(&extents, start), self.question.before);
        if let Some(last) = self.question.last {
            start = self.last_from_end(&source, &extents, (end, last as u64), caller)?;
            extents = Extent::behind(&extents, start);
        }
        if self.question.follow && !(by_text && self.bound.is_none()) {
            let tail = Tail::of_file(&source, start)?;
            source.insist(start)?;
            return Ok(BatchSource::Follow(Box::new(self.live(Some((source, tail)))?)));
        }
        if self.question.follow {
            // Before anything is read: what is delivered may be held for long, while the file is cut and written anew.
            self.tail = Tail::of_file(&source, end)?;
            source.insist(end)?;
            self.backfill = Some(Arc::clone(&source));
        }
        Ok(BatchSource::Scan(Box::new(Scan::over(self.job(source), extents, self.question.workers))))
    }

    /// Where in the first `end` bytes of the file a line may be selected, by the indexes of text and of levels; `None`
    /// where there are none, or they cannot say.
    fn places(&self, source: &Source, end: u64) -> Result<Option<Places>> {
        let by_text = match &self.question.pattern {
            Some(pattern) => {
                Text::load(&self.question.keep, source, &source.metadata()?).places(pattern, end)
            }
            None => None,
        };
        let known = self.telling.as_ref().and_then(|telling| telling.known.as_ref());
        let least = self.question.sieve.as_ref().and_then(|sieve| sieve.level);
        let by_level = known.zip(least).map(|(known, least)| known.places(least, end));
        Ok(match (by_text, by_level) {
            (Some(text), Some(level)) => Some(text.among(&level, end)),
            (text, level) => text.or(level),
        })
    }

    /// Counts what the index of text skips.
    fn note_skipped(&mut self, places: Places) -> Vec<Extent> {
        self.counters.bytes_skipped += places.skipped;
        self.counters.skipped_by_text += places.by_text;
        places.extents
    }

    /// Tells the sieve which ambiguous format the first `size` bytes of the file elect, where levels are asked. What is
    /// stored about a long log says it; others are asked.
    fn tell_format(&mut self, source: &Source, size: u64, caller: &mut dyn Caller) -> Result<()> {
        let Some(sieve) = self.question.sieve.as_mut().filter(|sieve| sieve.asks_levels()) else {
            return Ok(());
        };
        let taught = sieve.elected.teacher().cloned();
        let (keep, mut stored) = (&self.question.keep, None);
        if taught.is_none() && size >= STORED_FROM {
            let seen = source.metadata()?;
            let known = LevelIndex::load(keep, source, &seen);
            let times = || keep.load(source, None).filter(|store| store.about.speaks_of(source, &seen));
            stored = known.as_ref().map(|known| known.about.elected.clone());
            stored = stored.or_else(|| Some(times()?.about.elected));
            self.telling = Some(Telling { seen, known });
        }
        let elected = match stored {
            Some(elected) => elected,
            None => election(source, size, taught.as_ref(), &mut || caller.pulse())?,
        };
        Arc::make_mut(sieve).elected = elected;
        Ok(())
    }

    /// What is written from now on, or from a place in the file on.
    pub(super) fn live(&self, begun: Option<(Arc<Source>, Tail)>) -> Result<Follow> {
        let mut follow = Follow::new(self.terms(), begun)?;
        if let Some(bound) = self.bound {
            follow.read_to(bound);
            follow.lead(true);
        }
        Ok(follow)
    }

    /// Asks the index which blocks of the file are needed.
    fn seek(
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
            timing.set_live();
        }
        if !self.accept(&timing, &index, caller)? {
            timing.ignore_window();
        }
        if let Some(steps) = steps {
            let first = first_step(&steps, &mut index, source, end, caller)?;
            timing.begin_steps(first, &index);
            if first.is_none() && !steps.is_open() && !self.accept_stepless(&index, caller)? {
                timing.ignore_steps();
            }
        }
        let (pieces, by_text) = self.wanted(&mut timing, &mut index, source, end, caller)?;
        let filter = timing.filter(&index);
        let job = self.job(Arc::clone(source));
        let mut seek = Seek::new(job, self.question.workers, index, filter, pieces, times)
            .only_in(by_text)
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
        // The step of a line may hang on any line before it, as its time may where arrivals are recorded.
        if !timing.hangs_on_all() {
            let (after, before) = (self.question.after, self.question.before);
            pieces.retain(|piece| piece.entry.extent.end > after && piece.entry.extent.start < before);
        }
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
    /// without a line, such as the errors of a job that made none, there is nothing to say.
    fn accept(&self, timing: &Timing, index: &Index, caller: &mut dyn Caller) -> Result<bool> {
        let asks_range = self.question.time.as_ref().is_some_and(|t| !t.window.is_open());
        if !timing.is_timeless() || index.lines() == 0 || self.question.follow || !asks_range {
            return Ok(true);
        }
        let [error, note] = [
            "no line has a time that is understood, so since and until select nothing; leave them out",
            "no line has a time that is understood; since and until are ignored",
        ];
        self.refuse(error, note, caller)
    }

    /// The same for a range of steps in a file without any.
    fn accept_stepless(&self, index: &Index, caller: &mut dyn Caller) -> Result<bool> {
        // Of several logs, one without any step has lines before all steps.
        let is_one_of_several = self.question.stepless == Stepless::BeforeAll || self.bound.is_some();
        if index.size() == 0 || self.question.follow || is_one_of_several {
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

    /// Where the last `last` lines of `extents` begin, found from the end backwards; at `end` for none.
    fn last_from_end(
        &mut self,
        source: &Arc<Source>,
        extents: &[Extent],
        (end, last): (u64, u64),
        caller: &mut dyn Caller,
    ) -> Result<u64> {
        if last == 0 {
            return Ok(end);
        }
        let (job, mut found, mut block) = (self.job(Arc::clone(source)), 0, Block::default());
        for Extent { start, mut end } in extents.iter().copied().rev() {
            while end > start {
                caller.pulse()?;
                let (mut extent, before) = cut_back(source, end, &mut || caller.pulse())?;
                // What stands before the stretch has nothing that is selected, but may be a hole.
                extent.start = extent.start.max(start).min(extent.end);
                block.read(source, extent)?;
                source.insist(extent.end)?;
                self.counters.bytes_read += extent.len();
                let mut batch = job.look(std::mem::take(&mut block));
                batch.judge(caller)?;
                found += batch.len();
                if found >= last {
                    return Ok(batch.offset_of(found - last));
                }
                (block, end) = (batch.into_block().unwrap_or_default(), before);
            }
        }
        Ok(0)
    }

    fn purpose(&self) -> Purpose {
        // In the middle of a block lines have to be told apart.
        let part = self.question.after > 0 || self.question.before < u64::MAX;
        match (self.counting && !(part && self.question.time.is_some()), self.raw) {
            (true, _) => Purpose::Count,
            (false, true) => Purpose::Bytes,
            (false, false) => Purpose::Text,
        }
    }

    fn job(&self, source: Arc<Source>) -> Job {
        Job {
            source,
            pattern: self.question.pattern.clone(),
            sieve: self.question.sieve.clone(),
            purpose: self.purpose(),
            behind_hole: None,
            live: self.question.follow,
        }
    }

    fn terms(&self) -> follow::FollowTerms {
        let timed = self.question.time.is_some();
        follow::FollowTerms {
            path: self.question.path.clone(),
            pattern: self.question.pattern.clone(),
            sieve: self.question.sieve.clone(),
            // Timed, every line must be seen.
            purpose: if timed { self.purpose().of_every_block() } else { self.purpose() },
            partial: self.question.partial,
            deadline: self.question.deadline,
            workers: self.question.workers,
            wakeup: Arc::clone(&self.question.wakeup),
            time: TimeSource::default(),
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
