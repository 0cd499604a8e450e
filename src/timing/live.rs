//! Lines that come while the file is followed.

use super::Timing;
use crate::arrival::arrived::Arrived;
use crate::batch::Batch;
use crate::error::Result;
use crate::file::source::Source;
use crate::index::Index;
use crate::stamp::civil::{self, now};
use crate::stamp::{Fold, Frame, Poll, Stamp, VOTERS};

impl Timing {
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
        self.set_followed();
        self.live = true;
        if let Some(window) = self.later.take() {
            self.terms.window = window;
        }
        if let Some(arrived) = &mut self.arrived {
            arrived.go_live();
        }
        Ok(())
    }

    /// In a follow, whose lines are written later or were just now.
    pub fn set_followed(&mut self) {
        self.follows = true;
    }

    /// Settles the years by the first stamp of a file that had none when the follow began.
    pub(super) fn anchor(&mut self) {
        if self.fold.first().is_some() {
            self.clock.set_years(&self.fold.years(), self.reference(now()));
            self.anchored = true;
        }
    }

    /// Whether the file's years have to be told anew in a follow: not every one has the day on which `stamp` falls.
    pub(super) fn is_first_leap_day(&self, stamp: Stamp) -> bool {
        stamp.frame == Frame::Yearless && !self.clock.has_leap_day() && civil::on_leap_day(stamp.ns)
    }

    /// The file begins anew: no line of it has its time or its step from one of the file before.
    fn begin_anew(&mut self) {
        (self.number, self.partial, self.last) = (0, None, None);
        self.fold = Fold::new().electing(&self.elected);
        // The fold counts years from its first stamp.
        self.anchored = false;
        self.renew_steps();
        self.poll = Poll::new(Vec::new(), self.terms.taught.clone());
        self.arrived = self.arrived.as_ref().and_then(Arrived::renewed);
    }

    /// The file was cut, or is another one: before what comes next so many `lines` end in it.
    pub fn stand_behind(&mut self, lines: u64) {
        if lines == 0 {
            self.begin_anew();
        }
        (self.number, self.partial) = (lines, None);
    }

    /// As [`Timing::sift`], for lines that were written while the file was followed, and pieces of such.
    pub fn sift_live(&mut self, batch: &mut Batch) {
        if batch.block.file_offset(0) == 0 {
            self.begin_anew();
        }
        if let Some(arrived) = &mut self.arrived {
            arrived.look_again();
        }
        if let Some(elected) = self.poll.grow(batch.block.bytes()).filter(|e| *e != self.elected) {
            self.fold.elect(&elected);
            self.elected = elected;
        }
        let open = self.partial == Some(self.number);
        let next = self.number + u64::from(!open);
        self.sift(batch);
        let bytes = batch.block.bytes();
        let Some(last) = bytes.len().checked_sub(1) else { return };
        if memchr::memchr(b'\n', bytes).is_none_or(|end| open && end == last) {
            // However many pieces, it is one line.
            batch.times.iter_mut().for_each(|time| time.number = next);
            self.number = next;
        }
        self.partial = (bytes[last] != b'\n').then_some(self.number);
    }
}
