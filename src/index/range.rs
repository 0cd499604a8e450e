//! Earliest and latest, on each axis that stamps lie on, and what a question leaves of them.

use crate::stamp::civil::{self, DAY, LEAP_YEAR};
use crate::stamp::{Clock, Frame, Span, Stamp, Window};

/// The nanoseconds that stamps on one axis cover: `lo` to `hi`, both included; empty when `lo > hi`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AxisRange {
    /// The first nanosecond of the earliest.
    pub lo: i64,
    /// The last nanosecond of the latest.
    pub hi: i64,
}

impl AxisRange {
    /// Covers nothing.
    pub const EMPTY: Self = Self { lo: i64::MAX, hi: i64::MIN };
    /// Covers everything.
    pub const ALL: Self = Self { lo: i64::MIN, hi: i64::MAX };

    /// Whether it covers nothing.
    pub fn is_empty(&self) -> bool {
        self.lo > self.hi
    }

    /// Grows to cover `lo` to `hi`.
    #[inline]
    pub fn add(&mut self, lo: i64, hi: i64) {
        self.lo = self.lo.min(lo);
        self.hi = self.hi.max(hi);
    }

    /// Grows to cover `other`.
    #[inline]
    pub fn join(&mut self, other: Self) {
        self.add(other.lo, other.hi);
    }
}

/// How many axes there are: moments, civil times, times without a year, times of day; and the last three again, in UTC,
/// for stamps that name their zone.
pub const AXES: usize = 7;

/// What the stamps of some lines cover, on each axis.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ranges(pub [AxisRange; AXES]);

impl Default for Ranges {
    fn default() -> Self {
        Self([AxisRange::EMPTY; AXES])
    }
}

/// The axis on which a settled stamp lies.
#[inline]
fn axis(frame: Frame) -> usize {
    match frame {
        Frame::Absolute => 0,
        Frame::Civil | Frame::Guessed => 1,
        Frame::Yearless => 2,
        Frame::Dayless => 3,
    }
}

/// How far the axes of stamps that name their zone lie behind those of others.
const IN_UTC: usize = 3;

impl Ranges {
    /// Grows to cover a stamp.
    #[inline]
    pub fn add(&mut self, stamp: Stamp) {
        let axis = axis(stamp.frame);
        let zoned = if stamp.zoned && axis > 0 { IN_UTC } else { 0 };
        let first = stamp.ns.saturating_sub(if zoned > 0 { stamp.ahead() } else { 0 });
        self.0[axis + zoned].add(first, first.saturating_add(stamp.width() - 1));
    }

    /// Grows to cover `other`.
    pub fn join(&mut self, other: &Self) {
        for (range, other) in self.0.iter_mut().zip(other.0) {
            range.join(other);
        }
    }

    /// The range on the axis of `frame`.
    pub fn get(&self, frame: Frame) -> AxisRange {
        self.0[axis(frame)]
    }

    /// The same, to be changed.
    pub fn on(&mut self, frame: Frame) -> &mut AxisRange {
        &mut self.0[axis(frame)]
    }
}

/// What a question makes of a range on one axis.
#[derive(Clone, Copy, Debug)]
struct Bounds {
    /// A line outside of this is surely not asked for.
    outer: AxisRange,
    /// A line inside of this surely is.
    inner: AxisRange,
}

/// Whether lines are asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Asked {
    /// None of them.
    None,
    /// Perhaps some: each must be looked at.
    Some,
    /// All of them.
    All,
}

/// A window of moments, carried over to each axis once, so that ranges are judged by comparing numbers.
///
/// Where the zone's offset changes near an end of the window, the axes are a day apart on either side: more is looked
/// at than need be, and nothing is missed.
#[derive(Clone, Debug)]
pub struct AxisWindow {
    axes: [Bounds; AXES],
}

impl AxisWindow {
    /// The question for `window`, with naive stamps as `clock` reads them.
    pub fn new(window: Window, clock: &Clock) -> Self {
        let since = clock.naive(window.since.unwrap_or(i64::MIN));
        let until = clock.naive(window.until.unwrap_or(i64::MAX));
        let shown = |end: Option<i64>, otherwise| end.map_or(otherwise, |ns| clock.as_shown(ns));
        let moments = AxisRange { lo: shown(window.since, i64::MIN), hi: shown(window.until, i64::MAX) };
        let civil = Bounds {
            outer: AxisRange { lo: since.0, hi: until.1 },
            inner: AxisRange { lo: since.1, hi: until.0 },
        };
        let leap = if clock.has_leap_day() { DAY } else { 0 };
        // In UTC a stamp may lie on the other side of a 29 February that there is not in its year.
        let yearless = |civil: i64, slack: i64| {
            if civil == i64::MIN || civil == i64::MAX {
                return civil;
            }
            let (year, inside) = civil::split_year(civil);
            (year - clock.base_year()).saturating_mul(LEAP_YEAR).saturating_add(inside + slack)
        };
        let dayless = |civil: i64| match civil {
            i64::MIN | i64::MAX => civil,
            _ => civil.saturating_sub(clock.base_day().saturating_mul(DAY)),
        };
        let moved = |from: Bounds, leap: i64, f: &dyn Fn(i64, i64) -> i64| Bounds {
            outer: AxisRange { lo: f(from.outer.lo, -leap), hi: f(from.outer.hi, leap) },
            inner: AxisRange { lo: f(from.inner.lo, leap), hi: f(from.inner.hi, -leap) },
        };
        let utc = Bounds { outer: moments, inner: moments };
        let axes = [
            utc,
            civil,
            moved(civil, leap, &yearless),
            moved(civil, 0, &|c, _| dayless(c)),
            utc,
            moved(utc, DAY, &yearless),
            moved(utc, 0, &|c, _| dayless(c)),
        ];
        Self { axes }
    }

    /// What it asks of lines whose stamps cover `ranges`.
    pub fn asks(&self, ranges: &Ranges) -> Asked {
        let (mut some, mut all) = (false, true);
        for (bounds, range) in self.axes.iter().zip(&ranges.0).filter(|(_, range)| !range.is_empty()) {
            some |= range.hi >= bounds.outer.lo && range.lo <= bounds.outer.hi;
            all &= range.lo >= bounds.inner.lo && range.hi <= bounds.inner.hi;
        }
        match (some, all) {
            (false, _) => Asked::None,
            (true, true) => Asked::All,
            (true, false) => Asked::Some,
        }
    }
}

/// On which axis the stamps of each range lie.
const FRAMES: [Frame; AXES] = [
    Frame::Absolute,
    Frame::Civil,
    Frame::Yearless,
    Frame::Dayless,
    Frame::Absolute,
    Frame::Yearless,
    Frame::Dayless,
];

/// The moments that `ranges` cover, as `clock` reads them; `None` if they cover nothing.
pub fn span(ranges: &Ranges, clock: &mut Clock) -> Option<Span> {
    let mut span: Option<Span> = None;
    for (axis, (frame, range)) in FRAMES.into_iter().zip(ranges.0).enumerate() {
        if range.is_empty() {
            continue;
        }
        let zone = (axis > IN_UTC).then_some(0);
        let at = |ns: i64, clock: &mut Clock| clock.span(Stamp::new(frame, ns, 1).zoned(zone)).lo;
        let (lo, hi) = (at(range.lo, clock), at(range.hi, clock));
        span = Some(span.map_or(Span { lo, hi }, |s| Span { lo: s.lo.min(lo), hi: s.hi.max(hi) }));
    }
    span
}
