//! When the lines of a log came, as the launcher recorded it: the times of lines on which none stands.
//!
//! Arrivals are compared with arrivals only: a line that came more than [`TOGETHER`] after the line whose stamp it has is
//! as much later than that stamp. This goes along with the fold of [`crate::stamp`], from the first line; nothing of it
//! is in an index.

use std::ops::Range;
use std::path::{Path, PathBuf};

use super::{Arrivals, TICK};
use crate::stamp::{ByPrefix, Fold, Found, Span};

/// A line that came at most so long after the one from which it inherits has that one's time, in nanoseconds.
pub(super) const TOGETHER: i64 = 1_000_000_000;

/// When a line came.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct LineArrival {
    /// On the recorder's clock, in ticks; `None` if it was read before that was noted.
    pub(super) tick: Option<u64>,
    /// On the wall, in nanoseconds since 1970 UTC.
    pub(super) wall: i64,
}

impl LineArrival {
    /// How much later it is than `before`, in nanoseconds: by the clock that does not step, if both are on it.
    fn since(self, before: Self) -> i64 {
        match (self.tick, before.tick) {
            (Some(tick), Some(before)) => ticks(tick.saturating_sub(before)),
            _ => self.wall.saturating_sub(before.wall),
        }
    }
}

/// What is known of a line's coming.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Came {
    /// When it came; `None` if it is not recorded.
    pub at: Option<Span>,
    /// By how much it came later than the line from which it inherits, where that counts; else 0. In nanoseconds.
    pub late: i64,
}

/// The record of a log, and when the lines came from which later ones inherit.
#[derive(Clone, Debug)]
pub struct Arrived {
    log: PathBuf,
    pub(super) record: Arrivals,
    /// What the record last said, and of which offsets.
    said: (Range<u64>, Option<LineArrival>),
    /// Whether what is not recorded yet counts as come now.
    live: bool,
    pub(super) last: Option<LineArrival>,
    pub(super) by_prefix: ByPrefix<LineArrival>,
}

impl Arrived {
    /// As recorded of the first `size` bytes of `log`; `None` if nothing is.
    pub fn of_log(log: &Path, size: u64) -> Option<Self> {
        let mut record = Arrivals::of_log(log)?;
        if size > 0 && record.of(0).is_none() {
            return None;
        }
        let by_prefix = ByPrefix::default();
        Some(Self { log: log.to_path_buf(), record, said: (0..0, None), live: false, last: None, by_prefix })
    }

    /// As recorded of `log` while it is followed from its first byte.
    pub fn live(log: &Path) -> Option<Self> {
        let mut arrived = Self::of_log(log, 0)?;
        arrived.go_live();
        Some(arrived)
    }

    /// The log begins anew.
    pub fn renewed(&self) -> Option<Self> {
        Self::live(&self.log)
    }

    /// What is noted from here on counts too, and what is not noted yet comes now.
    pub fn go_live(&mut self) {
        self.record.keep_up();
        self.live = true;
        self.look_again();
    }

    /// What the record did not say it may say now.
    pub fn look_again(&mut self) {
        self.said = (0..0, None);
    }

    /// Takes the next line, whose last byte is at `offset`, after `fold` has taken what was `found` on it.
    #[inline]
    pub fn take(&mut self, fold: &Fold, found: Found, offset: u64, now: &mut dyn FnMut() -> i64) -> Came {
        let moment = self.moment(offset, now);
        if found.stamp.is_none() {
            let own = if fold.tells_apart(found.prefix) {
                self.by_prefix.get(&found.prefix).copied()
            } else {
                self.last
            };
            let late = moment.zip(own).map_or(0, |(moment, before)| moment.since(before));
            let at = moment.map(|moment| millisecond(moment.wall));
            return Came { at, late: if late > TOGETHER { late } else { 0 } };
        }
        self.last = moment;
        if fold.tells_apart(found.prefix) {
            match moment {
                Some(moment) => self.by_prefix.insert(found.prefix, moment),
                None => self.by_prefix.remove(&found.prefix),
            };
        }
        Came::default()
    }

    fn moment(&mut self, offset: u64, now: &mut dyn FnMut() -> i64) -> Option<LineArrival> {
        if !self.said.0.contains(&offset) {
            self.said = match self.record.of_until(offset) {
                Some((said, until)) => {
                    (offset..until, Some(LineArrival { tick: Some(said.tick), wall: said.wall }))
                }
                None => (offset..u64::MAX, self.live.then(|| LineArrival { tick: None, wall: now() })),
            };
        }
        self.said.1
    }

    /// The earliest and the latest moment at which bytes from `start` to `end` came; `None` if the record does not say.
    pub fn between(&mut self, start: u64, end: u64) -> Option<Span> {
        let (mut at, mut span) = (start, Span { lo: i64::MAX, hi: i64::MIN });
        while at < end {
            let (arrival, until) = self.record.of_until(at)?;
            let came = millisecond(arrival.wall);
            span = Span { lo: span.lo.min(came.lo), hi: span.hi.max(came.hi) };
            at = until;
        }
        Some(span)
    }

    /// When the record ends.
    pub fn end(&self) -> Span {
        millisecond(self.record.last().wall)
    }
}

/// The tick that begins at `wall`.
fn millisecond(wall: i64) -> Span {
    Span { lo: wall, hi: wall.saturating_add(ticks(1) - 1) }
}

pub(super) fn ticks(count: u64) -> i64 {
    i64::try_from(count.saturating_mul(TICK)).unwrap_or(i64::MAX)
}
