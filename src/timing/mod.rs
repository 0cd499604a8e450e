//! Which lines of a block lie in a range of time: the fold of [`crate::stamp`], from where the index lets it begin.

mod by_step;
mod pace;
mod plan;
mod sureness;
mod terms;

use by_step::Stepping;
pub use by_step::first_step;
use pace::{Pace, Sifted, Taken};
pub use sureness::Sureness;
pub use terms::TimeTerms;

use std::os::unix::fs::MetadataExt;
use std::sync::Arc;

use crate::arrival::arrived::{Arrived, Came};
use crate::batch::{Batch, LineTime, Selection};
use crate::error::Result;
use crate::file::source::Source;
use crate::index::{Entry, Filter, Index, Part, span};
use crate::line::{self, Line};
use crate::pattern::Candidate;
use crate::stamp::civil::{HOUR, MINUTE, now};
use crate::stamp::{
    Clock, Elected, Finder, First, Fold, Frame, How, Marks, Poll, Reference, Span, Timed, VOTERS, Window,
};

/// The times of a file's lines, from one block to the next.
///
/// The query gives it every block in order, also those in which the pattern found nothing, for their stamps may be
/// what later lines inherit; the index says which may be left out. What it keeps goes on to the judge, who is slow
/// and so comes last.
#[derive(Clone)]
pub struct Timing {
    terms: TimeTerms,
    fold: Fold,
    clock: Clock,
    elected: Elected,
    /// What it elects as it grows.
    poll: Poll,
    /// In a follow, a line before any stamp takes the moment at which it is read.
    live: bool,
    /// Whether the years of stamps without one are settled, which takes a first stamp.
    anchored: bool,
    /// When the lines came, if that was recorded.
    arrived: Option<Arrived>,
    /// The steps, where they are asked for.
    stepping: Stepping,
    /// The number of the last line.
    number: u64,
    sureness: Sureness,
    /// The earliest nanosecond of the last own stamp.
    last: Option<i64>,
}

impl Timing {
    /// Stands before the first line of a file of which `index` speaks.
    pub fn of(terms: TimeTerms, index: &Index, source: &Source) -> Result<Self> {
        let mut timing = Self::live(terms);
        timing.live = false;
        timing.anchored = index.first().is_some();
        let clock = index.clock(timing.terms.zone.clone(), timing.reference(mtime(source)?));
        timing.clock = clock.skewed(timing.terms.skew);
        timing.elected = index.elected().clone();
        timing.fold = Fold::starting(index.first()).electing(&timing.elected);
        Ok(timing)
    }

    /// The outline of the file, as far as `index` came, with its times in the caller's terms.
    ///
    /// # Errors
    /// As [`Index::of`].
    pub fn outline(
        &mut self,
        index: &mut Index,
        source: &Arc<Source>,
        tick: &mut dyn FnMut() -> Result<()>,
    ) -> Result<Vec<Part>> {
        index.outline(source, &mut self.clock, tick)
    }

    /// Lines without a stamp have their times from what was recorded, if something was.
    #[must_use]
    pub fn with_arrivals(self, arrived: Option<Arrived>) -> Self {
        Self { arrived, ..self }
    }

    /// Whether there is a record of when the lines came.
    pub fn listens(&self) -> bool {
        self.arrived.is_some()
    }

    /// Whether the time of a line may hang on any line before it, for a line that inherits is late by the record; or
    /// its step.
    pub fn hangs_on_all(&self) -> bool {
        self.folds_steps() || (self.arrived.is_some() && self.fold.first().is_some())
    }

    /// Goes to the first line of a block.
    pub fn enter(&mut self, entry: &Entry) -> &mut Self {
        self.fold = Fold::resuming(&entry.inbound, self.fold.first()).electing(&self.elected);
        self.enter_steps(entry);
        self.number = entry.first_line;
        self.last = entry.inbound.last.map(|stamp| self.clock.span(stamp).lo);
        self
    }

    /// A timing of the block that was entered last, for another thread, with counts of its own; `None` where its lines
    /// cannot be timed apart from those before it, or where their times say which of them are delivered.
    pub fn apart(&self) -> Option<Box<Self>> {
        let alone = self.anchored && !self.live && self.arrived.is_none() && !self.asks_for_steps();
        let all = self.terms.window == Window::default();
        (alone && all).then(|| Box::new(Self { sureness: Sureness::default(), ..self.clone() }))
    }

    /// Counts what a timing that was set apart has counted.
    pub fn settle(&mut self, apart: &Self) {
        self.sureness.add(apart.sureness);
    }

    /// Goes behind the last line of which `index` speaks: what comes is live.
    pub fn go_live(&mut self, index: &Index, source: &Source) -> Result<()> {
        let mut head = vec![0; index.size().min(VOTERS as u64) as usize];
        let got = source.read(0, &mut head)?;
        head.truncate(got);
        self.poll = Poll::new(head, self.terms.taught.clone());
        self.fold = index.end().clone();
        self.leave_steps(index);
        self.number = index.lines();
        self.last = self.fold.last().map(|stamp| self.clock.span(stamp).lo);
        self.set_live();
        if let Some(arrived) = &mut self.arrived {
            arrived.go_live();
        }
        Ok(())
    }

    /// In a follow: a line before any stamp takes the moment at which it is read.
    pub fn set_live(&mut self) {
        self.live = true;
    }

    /// What the range asks of blocks.
    pub fn filter(&mut self, index: &Index) -> Filter {
        let window = if self.folds_steps() { Window::default() } else { self.terms.window };
        Filter { steps: self.step_range(), ..index.filter(window, &mut self.clock) }
    }

    /// What whoever reads the answer should know of its times.
    pub fn notes(&mut self, index: &Index, source: &Source) -> Result<Vec<String>> {
        let zone = self.doubt(index, source)?;
        let order = (index.elected().first() == First::Open).then(|| {
            "dates that may be either (05/02/2026) are read with the month first, for no line tells day from month: \
             if the day is first, give stamp"
                .to_owned()
        });
        Ok(zone.into_iter().chain(order).collect())
    }

    /// Whether the zone of the naive stamps may be another one: the file was last written to whole hours off its last.
    fn doubt(&mut self, index: &Index, source: &Source) -> Result<Option<String>> {
        const NEAR: i64 = 2 * MINUTE;
        let Some(last) = index.end().last().filter(|last| last.frame != Frame::Absolute) else {
            return Ok(None);
        };
        let off = mtime(source)?.saturating_sub(self.clock.span(last).lo);
        let hours = off.saturating_add(HOUR / 2).div_euclid(HOUR);
        let near = off.saturating_sub(hours.saturating_mul(HOUR)).abs() <= NEAR;
        Ok((near && hours != 0 && hours.abs() <= 14).then(|| {
            format!(
                "the last stamp is {hours} h before the file's last modification, to within two minutes: \
                 perhaps its clock is in another zone; give tz"
            )
        }))
    }

    /// Leaves the range out of account: no line has a time.
    pub fn ignore_window(&mut self) {
        self.terms.window = Window::default();
    }

    /// Counts the steps back among the lines of a block that are not looked at one by one.
    pub fn note_steps(&mut self, entry: &Entry) {
        let sureness = &mut self.sureness;
        sureness.steps_back += u64::from(entry.steps_back);
        sureness.largest_step_back = sureness.largest_step_back.max(entry.largest_step_back);
    }

    /// A moment before which no line of a block lies; `i64::MIN` where that is not known.
    pub fn earliest(&mut self, entry: &Entry) -> i64 {
        // Years that the caller's reference moves are not in the ranges.
        if self.clock.shifted_after().is_some() {
            return i64::MIN;
        }
        let ahead = self.fold.first().filter(|_| entry.ahead).map(|first| self.clock.span(first).lo);
        let own = span(&entry.ranges, &mut self.clock).map(|span| span.lo);
        if let Some(arrived) = self.arrived.as_mut().filter(|_| self.fold.first().is_none()) {
            return arrived.between(entry.extent.start, entry.extent.end).map_or(i64::MIN, |came| came.lo);
        }
        own.into_iter().chain(ahead).min().unwrap_or(i64::MIN)
    }

    /// The moments of the file's first and last time.
    pub fn span(&mut self, index: &Index) -> Option<Span> {
        index.span(&mut self.clock)
    }

    /// For a file that is not there yet.
    pub fn live(terms: TimeTerms) -> Self {
        let clock = Clock::new(terms.zone.clone()).skewed(terms.skew);
        let elected = Elected::default().teaching(terms.taught.clone());
        Self {
            fold: Fold::new().electing(&elected),
            clock,
            elected,
            poll: Poll::new(Vec::new(), terms.taught.clone()),
            terms,
            live: true,
            anchored: false,
            arrived: None,
            stepping: Stepping::default(),
            number: 0,
            sureness: Sureness::default(),
            last: None,
        }
    }

    fn reference(&self, otherwise: i64) -> Reference {
        self.terms.reference.map_or(Reference::Mtime(otherwise), Reference::Given)
    }

    /// Settles the years by the first stamp of a file that had none when the follow began.
    fn anchor(&mut self) {
        if self.fold.first().is_some() {
            self.clock.set_years(&self.fold.years(), self.reference(now()));
            self.anchored = true;
        }
    }

    /// Whether no line of the file has a time, as far as it was looked at.
    pub fn is_timeless(&self) -> bool {
        self.fold.first().is_none() && self.arrived.is_none()
    }

    /// How sure the times of the lines so far are.
    pub fn sureness(&self) -> Sureness {
        self.sureness
    }

    /// As [`Timing::sift`], for lines that were written while the file was followed.
    pub fn sift_live(&mut self, batch: &mut Batch) {
        if batch.block.file_offset(0) == 0 {
            self.poll = Poll::new(Vec::new(), self.terms.taught.clone());
            self.arrived = self.arrived.as_ref().and_then(Arrived::renewed);
        }
        if let Some(arrived) = &mut self.arrived {
            arrived.look_again();
        }
        if let Some(elected) = self.poll.grow(batch.block.bytes()).filter(|e| *e != self.elected) {
            self.fold.elect(&elected);
            self.elected = elected;
        }
        self.sift(batch);
    }

    /// Whether `span`, which an index says, is right: not where the caller's reference moves the years of some stamps,
    /// nor where the zone's offset changes near its ends, so that the order on the wall is not that of the moments.
    pub fn surely_spans(&self, span: Span) -> bool {
        let is_calm = |ns| {
            let (least, greatest) = self.clock.naive(ns);
            least == greatest
        };
        self.clock.shifted_after().is_none() && is_calm(span.lo) && is_calm(span.hi)
    }

    /// Keeps the selected lines of `batch` that lie in the range, with their times; every line of the file must pass
    /// through here, in order.
    pub fn sift(&mut self, batch: &mut Batch) {
        let bytes = batch.block.bytes();
        if batch.block.file_offset(0) == 0 {
            self.number = 0;
        }
        self.fold.stand_at(batch.block.file_offset(0));
        let selection = std::mem::replace(&mut batch.selection, Selection::Picked(Vec::new()));
        let mut sifted = Sifted::default();
        match &selection {
            // The last lines of a block may have been left out: they need not be timed.
            Selection::All(ends) => {
                sifted.make_room(ends.len(), !self.leaves_none_out());
                self.sift_lines(batch, bytes, ends, None, &mut sifted);
            }
            Selection::Picked(candidates) => {
                sifted.make_room(candidates.len(), true);
                self.sift_lines(batch, bytes, &line::ends(bytes), Some(candidates), &mut sifted);
            }
        }
        batch.selection = if sifted.all { selection } else { Selection::Picked(sifted.kept) };
        batch.times = sifted.times;
    }

    /// Whether lines are left out for no time or step that they have.
    fn leaves_none_out(&self) -> bool {
        self.terms.window.is_open() && !self.asks_for_steps()
    }

    /// Times the lines of a block that end at `ends`, and puts those into `sifted` that are among `picked` (or all) and lie in
    /// the range.
    fn sift_lines(
        &mut self,
        batch: &Batch,
        bytes: &[u8],
        ends: &[usize],
        picked: Option<&[Candidate]>,
        sifted: &mut Sifted,
    ) {
        let mut picked = picked.map(|picked| picked.iter().copied().peekable());
        let mut levels = batch.levels.iter().peekable();
        let mut pace = Pace::default();
        let mut marks = Marks::default();
        let mut start = 0;
        for &end in ends {
            let line = Line { start, end };
            start = end;
            self.number += 1;
            let quick = self.keep_pace(&mut pace, line.of(bytes));
            let slow = quick.is_none().then(|| self.take(batch, bytes, line, &mut marks, &mut pace));
            let candidate = match &mut picked {
                None => Some(Candidate { line, certain: true }),
                Some(candidates) => candidates.next_if(|c| c.line == line),
            };
            let Some(candidate) = candidate else { continue };
            let mut time = match (quick, slow) {
                (Some(time), _) => time,
                (None, Some(taken)) => {
                    let Taken { step, stream, .. } = taken;
                    if !taken.in_steps {
                        continue;
                    }
                    LineTime { step, stream, ..self.time(taken.timed, taken.came) }
                }
                (None, None) => continue,
            };
            while levels.next_if(|(at, _)| *at < line.start).is_some() {}
            time.level = levels.next_if(|(at, _)| *at == line.start).map(|(_, level)| *level);
            if time.span.is_none_or(|span| self.terms.window.meets(span)) {
                sifted.push(candidate, time);
            }
        }
        self.leave(&mut pace);
    }

    /// Takes the next line, of which more than a look is needed.
    #[inline(never)]
    fn take(&mut self, batch: &Batch, bytes: &[u8], line: Line, marks: &mut Marks, pace: &mut Pace) -> Taken {
        self.leave(pace);
        let found = self.fold.find_in(bytes, line, marks);
        let timed = self.fold.take(found);
        let came = self.arrived.as_mut().map(|arrived| {
            arrived.take(&self.fold, found, batch.block.file_offset(line.end.saturating_sub(1)), &mut now)
        });
        let (step, in_steps) = self.step_of(line.of(bytes), found.prefix);
        self.note_step(timed);
        if !self.anchored {
            self.anchor();
        }
        if found.stamp.is_some() {
            self.enter_pace(pace);
        }
        Taken { timed, came: came.unwrap_or_default(), step, stream: self.fold.finder.stream(), in_steps }
    }

    /// What the file elected.
    pub fn elected(&self) -> &Elected {
        &self.elected
    }

    /// Counts the lines of `batch` as delivered.
    pub fn deliver(&mut self, batch: &Batch) {
        if batch.times.is_empty() {
            return self.deliver_untold(batch);
        }
        for time in &batch.times {
            self.sureness.count(time.how);
        }
    }

    /// The same for lines that were not timed, since all of their block are asked for.
    fn deliver_untold(&mut self, batch: &Batch) {
        let bytes = batch.block.bytes();
        let (mut finder, mut marks) = (Finder::electing(&self.elected), Marks::default());
        let timeless = self.is_timeless();
        finder.stand_at(batch.block.file_offset(0));
        for line in batch.lines() {
            let own = !timeless && finder.find_in(bytes, line, &mut marks).stamp.is_some();
            let otherwise = if timeless { How::Untimed } else { How::Inherited };
            self.sureness.count(Some(if own { How::Own } else { otherwise }));
        }
    }

    fn time(&mut self, timed: Timed, came: Came) -> LineTime {
        let number = self.number;
        let Some(stamp) = timed.stamp else {
            let moment = || if self.live { Some(now()).map(|now| Span { lo: now, hi: now }) } else { None };
            let by_arrival = came.at.or_else(moment);
            // What came after the end of the record has the time of the line before it.
            let span = by_arrival.or_else(|| self.arrived.as_ref().map(Arrived::end));
            let otherwise = if span.is_some() { How::Inherited } else { How::Untimed };
            let how = if by_arrival.is_some() { None } else { Some(otherwise) };
            return LineTime::new(number, span, None, how);
        };
        let offset = (stamp.frame == Frame::Absolute || stamp.zoned).then_some(stamp.offset);
        let Span { lo, hi } = self.clock.span(stamp);
        let span = Span { lo: lo.saturating_add(came.late), hi: hi.saturating_add(came.late) };
        let how = if came.late > 0 { None } else { Some(timed.how) };
        LineTime::new(number, Some(span), offset, how)
    }

    fn note_step(&mut self, timed: Timed) {
        let Some(stamp) = timed.stamp.filter(|_| timed.how == How::Own) else { return };
        let lo = self.clock.span(stamp).lo;
        self.step_to(lo);
    }

    /// The next own stamp is at `lo`.
    #[inline]
    fn step_to(&mut self, lo: i64) {
        let back = self.last.replace(lo).map_or(0, |last| last.saturating_sub(lo));
        // Ranks jitter, so a branch on the sign would be guessed wrong half of the time.
        self.sureness.steps_back += u64::from(back > 0);
        self.sureness.largest_step_back = self.sureness.largest_step_back.max(back);
    }
}

/// When the file was last written to, in nanoseconds since 1970 UTC.
fn mtime(source: &Source) -> Result<i64> {
    let metadata = source.metadata()?;
    Ok(metadata.mtime().saturating_mul(1_000_000_000).saturating_add(metadata.mtime_nsec()))
}
