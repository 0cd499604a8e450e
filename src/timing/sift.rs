//! The lines of a block that lie in the range, with their times.

use super::Timing;
use super::pace::{MinuteRun, Sifted, Taken};
use crate::arrival::arrived::{Arrived, Came};
use crate::batch::{Batch, LineTime, Selection};
use crate::line::{self, Line};
use crate::pattern::Candidate;
use crate::stamp::civil::now;
use crate::stamp::{Finder, Frame, How, Marks, Span, Timed};

impl Timing {
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
        let mut pace = MinuteRun::default();
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
    fn take(
        &mut self,
        batch: &Batch,
        bytes: &[u8],
        line: Line,
        marks: &mut Marks,
        pace: &mut MinuteRun,
    ) -> Taken {
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
        if self.follows && self.is_first_leap_day(stamp) {
            self.anchor();
        }
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
    pub(super) fn step_to(&mut self, lo: i64) {
        let back = self.last.replace(lo).map_or(0, |last| last.saturating_sub(lo));
        // Ranks jitter, so a branch on the sign would be guessed wrong half of the time.
        self.sureness.steps_back += u64::from(back > 0);
        self.sureness.largest_step_back = self.sureness.largest_step_back.max(back);
    }
}
