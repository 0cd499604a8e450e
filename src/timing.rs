//! Which lines of a file lie in a range of time: the fold of [`crate::stamp`], run over its blocks in order.

use std::os::unix::fs::MetadataExt;

use jiff::tz::TimeZone;

use crate::block::{Block, Cutter, Extent};
use crate::error::Result;
use crate::line;
use crate::pattern::Candidate;
use crate::scan::{Batch, Selection};
use crate::source::Source;
use crate::stamp::{Clock, Fold, Frame, How, Reference, Span, Stamp, Timed, VOTERS, Window, elect};

/// What a question says about time.
#[derive(Clone, Debug)]
pub struct Terms {
    /// The range; open if only the times are wanted.
    pub window: Window,
    /// The zone of naive stamps.
    pub zone: TimeZone,
    /// A moment near the log's end, in nanoseconds since 1970 UTC, for stamps without a year; `None` for the file's own
    /// last modification.
    pub reference: Option<i64>,
}

/// The time of one line, as the question has it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LineTime {
    /// The nanoseconds since 1970 UTC for which the stamp stands; `None` if the line has no time.
    pub span: Option<Span>,
    /// The offset from UTC in minutes that stood on the line, if one did.
    pub offset: Option<i16>,
    /// Where the time comes from; `None`: it is the moment at which the line was read.
    pub how: Option<How>,
    /// The line's number in its file, from 1.
    pub number: u64,
}

/// How sure the times of the delivered lines are.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Sureness {
    /// Lines with a stamp of their own.
    pub own: u64,
    /// Lines with the time of another line.
    pub inherited: u64,
    /// Lines with the moment at which they came.
    pub by_arrival: u64,
    /// Lines without any time.
    pub untimed: u64,
    /// How often a stamp lay before the stamp before it, of all that were looked at.
    pub steps_back: u64,
    /// The largest such step, in nanoseconds.
    pub largest_step_back: i64,
}

impl Sureness {
    fn count(&mut self, how: Option<How>) {
        match how {
            Some(How::Own) => self.own += 1,
            Some(How::Inherited | How::Ahead) => self.inherited += 1,
            Some(How::Untimed) => self.untimed += 1,
            None => self.by_arrival += 1,
        }
    }
}

/// The times of a file's lines, from one block to the next.
#[derive(Clone)]
pub struct Timing {
    terms: Terms,
    fold: Fold,
    clock: Clock,
    /// In a follow, a line before any stamp takes the moment at which it is read.
    live: bool,
    /// Whether the years of stamps without one are settled, which takes a first stamp.
    anchored: bool,
    /// The number of the last line.
    number: u64,
    sureness: Sureness,
    /// The earliest nanosecond of the last own stamp.
    last: Option<i64>,
}

impl Timing {
    /// Looks ahead in `extent`, as far as the first lines need it, and stands before its first line.
    pub fn prepare(
        terms: Terms,
        source: &Source,
        extent: Extent,
        live: bool,
        pulse: &mut dyn FnMut() -> Result<()>,
    ) -> Result<Self> {
        let mut head = vec![0; VOTERS.min(extent.len() as usize)];
        let got = source.read(extent.start, &mut head)?;
        let elected = elect(&head[..got]);
        let mut ahead = Fold::new().electing(elected);
        look_ahead(&mut ahead, source, extent, pulse)?;
        let mut timing = Self::live(terms);
        timing.anchored = ahead.first().is_some();
        timing.clock.set_years(&ahead.years(), timing.reference(mtime(source)?));
        timing.fold = Fold::starting(ahead.first()).electing(elected);
        timing.live = live;
        Ok(timing)
    }

    /// For a file that is not there yet.
    pub fn live(terms: Terms) -> Self {
        let clock = Clock::new(terms.zone.clone());
        let (fold, sureness) = (Fold::new(), Sureness::default());
        Self { terms, fold, clock, live: true, anchored: false, number: 0, sureness, last: None }
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
        self.fold.first().is_none()
    }

    /// How sure the times of the lines so far are.
    pub fn sureness(&self) -> Sureness {
        self.sureness
    }

    /// Keeps the selected lines of `batch` that lie in the range, with their times; every line of the file must pass
    /// through here, in order.
    pub fn sift(&mut self, batch: &mut Batch) {
        let bytes = batch.block.bytes();
        let (mut kept, mut times) = (Vec::new(), Vec::new());
        if batch.block.file_offset(0) == 0 {
            self.number = 0;
        }
        let mut picked = match &batch.selection {
            Selection::All(_) => None,
            Selection::Picked(candidates) => Some(candidates.iter().copied().peekable()),
        };
        for line in line::lines(bytes) {
            let found = self.fold.push(line.of(bytes));
            self.number += 1;
            self.note_step(found);
            if !self.anchored {
                self.anchor();
            }
            let candidate = match &mut picked {
                None => Some(Candidate { line, certain: true }),
                Some(candidates) => candidates.next_if(|c| c.line == line),
            };
            let Some(candidate) = candidate else { continue };
            let time = self.time(found);
            if time.span.is_none_or(|span| self.terms.window.meets(span)) {
                kept.push(candidate);
                times.push(time);
            }
        }
        batch.selection = Selection::Picked(kept);
        batch.times = times;
    }

    /// Counts the lines of `batch` as delivered.
    pub fn deliver(&mut self, batch: &Batch) {
        for time in &batch.times {
            self.sureness.count(time.how);
        }
    }

    fn time(&mut self, timed: Timed) -> LineTime {
        let number = self.number;
        let Some(stamp) = timed.stamp else {
            let now = self.live.then(now);
            let how = if self.live { None } else { Some(timed.how) };
            return LineTime { span: now.map(|now| Span { lo: now, hi: now }), offset: None, how, number };
        };
        let offset = (stamp.frame == Frame::Absolute).then_some(stamp.offset);
        LineTime { span: Some(self.clock.span(stamp)), offset, how: Some(timed.how), number }
    }

    fn note_step(&mut self, timed: Timed) {
        let Some(stamp) = timed.stamp.filter(|_| timed.how == How::Own) else { return };
        let lo = self.clock.span(stamp).lo;
        let back = self.last.replace(lo).map_or(0, |last| last.saturating_sub(lo));
        if back > 0 {
            self.sureness.steps_back += 1;
            self.sureness.largest_step_back = self.sureness.largest_step_back.max(back);
        }
    }
}

/// Pushes the lines of `extent` up to its first stamp; to its end, if that stamp has no year or no date.
fn look_ahead(
    fold: &mut Fold,
    source: &Source,
    extent: Extent,
    pulse: &mut dyn FnMut() -> Result<()>,
) -> Result<()> {
    let (mut cutter, mut block) = (Cutter::new(extent), Block::default());
    while let Some(extent) = cutter.cut(source)? {
        pulse()?;
        block.read(source, extent)?;
        for line in line::lines(block.bytes()) {
            fold.push(line.of(block.bytes()));
            if fold.first().is_some_and(is_dated) {
                return Ok(());
            }
        }
    }
    Ok(())
}

fn is_dated(stamp: Stamp) -> bool {
    matches!(stamp.frame, Frame::Absolute | Frame::Civil)
}

/// When the file was last written to, in nanoseconds since 1970 UTC.
fn mtime(source: &Source) -> Result<i64> {
    let metadata = source.metadata()?;
    Ok(metadata.mtime().saturating_mul(1_000_000_000).saturating_add(metadata.mtime_nsec()))
}

/// The moment of the wall clock, in nanoseconds since 1970 UTC.
pub fn now() -> i64 {
    jiff::Timestamp::now().as_nanosecond().try_into().unwrap_or(i64::MAX)
}
