//! What the index tells of a log's times without a line being read, as moments.
//!
//! The index knows stamps as they stand on the clock; which moments those are hangs on the zone and the reference that the
//! caller gives. In these terms it is told here from when to when the log goes, and before which moment no line of a block lies,
//! by which a merge knows which log to read next. It also tells of what a person should doubt: a file that was written
//! whole hours after its last stamp is perhaps of another zone.

use std::sync::Arc;

use super::{Timing, mtime};
use crate::error::Result;
use crate::file::source::Source;
use crate::index::{Entry, Index, span};
use crate::stamp::civil::{DAY, HOUR, MINUTE};
use crate::stamp::{First, Frame, Span};

impl Timing {
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
        if let Some(arrived) = self.arrived.as_mut().filter(|_| self.fold.first().is_none()) {
            return arrived.between(entry.extent.start, entry.extent.end).map_or(i64::MIN, |came| came.lo);
        }
        self.spans(entry).map(|span| span.lo).min().unwrap_or(i64::MIN)
    }

    /// A moment after which no line of a block lies; `i64::MAX` where that is not known.
    pub fn latest(&mut self, entry: &Entry) -> i64 {
        // By the record, a line without a stamp may be later than all that stand on lines.
        if self.clock.shifted_after().is_some() || self.arrived.is_some() {
            return i64::MAX;
        }
        let latest = self.spans(entry).map(|span| span.hi).max().unwrap_or(i64::MIN);
        let (least, greatest) = self.clock.naive(latest);
        // Where the offset of the zone changes, what is latest on the wall need not be the latest.
        if least == greatest { latest } else { latest.saturating_add(DAY) }
    }

    /// What the stamps of a block cover, and the first of the file, where that counts for lines of it.
    fn spans(&mut self, entry: &Entry) -> impl Iterator<Item = Span> {
        let ahead = self.fold.first().filter(|_| entry.ahead).map(|first| self.clock.span(first));
        span(&entry.ranges, &mut self.clock).into_iter().chain(ahead)
    }

    /// The moments of the file's first and last time.
    ///
    /// # Errors
    /// As [`Index::of`].
    pub fn span(
        &mut self,
        index: &mut Index,
        source: &Arc<Source>,
        tick: &mut dyn FnMut() -> Result<()>,
    ) -> Result<Option<Span>> {
        index.span(source, &mut self.clock, tick)
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
}
