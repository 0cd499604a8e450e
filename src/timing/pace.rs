//! The times of lines whose stamps stay within one minute, by one addition each.
//!
//! Of two lines that follow each other in a log, most often only the seconds differ. So once the moment is known at which
//! `02:10` began, the line of `02:10:07,123` needs no zone, no year and no fold over the lines before it: its time is that moment and
//! 7.123 s. A run of such lines begins behind one that was timed in full, and ends before the first that has another minute or
//! none; its twin is the fold, asked line by line (`stamp/run.rs`).

use super::Timing;
use crate::arrival::arrived::Came;
use crate::batch::LineTime;
use crate::pattern::Candidate;
use crate::stamp::Timed;
use crate::stamp::{Frame, How, Run, Span, Stream};

/// A run of such lines.
#[derive(Default)]
pub(super) struct MinuteRun {
    run: Run,
    /// The moment at which the minute begins, and the offset that stands on its lines; `None` where no run is under way.
    minute: Option<(i64, Option<i16>)>,
}

/// What was taken of a line.
pub(super) struct Taken {
    pub timed: Timed,
    pub came: Came,
    pub step: Option<u64>,
    pub stream: Option<Stream>,
    pub in_steps: bool,
}

/// The lines that are left of a block, with their times.
#[derive(Default)]
pub(super) struct Sifted {
    /// No line is left out, so that they need not be told.
    pub all: bool,
    pub kept: Vec<Candidate>,
    pub times: Vec<LineTime>,
}

impl Sifted {
    /// Makes room for so many lines, of which `some` may be left out.
    pub(super) fn make_room(&mut self, lines: usize, some: bool) {
        self.all = !some;
        self.times.reserve_exact(lines);
        if some {
            self.kept.reserve_exact(lines);
        }
    }

    #[inline]
    pub(super) fn push(&mut self, candidate: Candidate, time: LineTime) {
        self.times.push(time);
        if !self.all {
            self.kept.push(candidate);
        }
    }
}

impl Timing {
    /// Begins a run, where nothing but the stamp says which time a line has.
    #[inline]
    pub(super) fn enter_pace(&self, pace: &mut MinuteRun) {
        if !self.anchored || self.arrived.is_some() || self.asks_for_steps() {
            return;
        }
        let Some((minute, frame)) = self.fold.begin(&mut pace.run) else { return };
        let offset = (frame == Frame::Absolute).then_some(0);
        pace.minute =
            self.clock.calm_minute(minute, frame).map(|later| (minute.saturating_add(later), offset));
    }

    /// The time of the next line, if it goes on with the run.
    #[inline]
    pub(super) fn keep_pace(&mut self, pace: &mut MinuteRun, line: &[u8]) -> Option<LineTime> {
        let (minute, offset) = pace.minute?;
        let within = self.fold.go_on(&mut pace.run, line)?;
        let lo = minute + within.ns;
        self.step_to(lo);
        let span = Some(Span { lo, hi: lo + i64::from(within.resolution) - 1 });
        Some(LineTime::new(self.number, span, offset, Some(How::Own)))
    }

    /// Ends the run.
    #[inline]
    pub(super) fn leave(&mut self, pace: &mut MinuteRun) {
        pace.minute = None;
        self.fold.end(&mut pace.run);
    }
}
