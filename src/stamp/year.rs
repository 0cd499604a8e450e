//! Which year a stamp without one means, and whether the clock has fallen back.
//!
//! Each yearless stamp takes the year nearest to the stamp before it in the file, dated or not. Those before the first
//! dated one hang together as a run whose first year is called 0 here; the first dated stamp says which year that was,
//! or else the reference, when a question is asked. Nothing in this chain depends on the zone.

use super::civil::{self, DAY, HOUR, LEAP_YEAR, MINUTE};
use super::{Frame, Stamp};

/// By how much a clock falls back in autumn, quiet minutes before and after taken off.
pub(crate) const FALL: std::ops::RangeInclusive<i64> = -95 * MINUTE..=-25 * MINUTE;

/// How far the clock goes from where it fell back to until that is forgotten.
const FORGOTTEN: i64 = 3 * HOUR;

/// So many years on either side of its first a run without years may wander, so that it stays on the axis wherever its first is:
/// stamps of sources that are months apart go round the year from line to line. From there on the year is the last one; month,
/// day and time stay what they are.
pub(crate) const FAR: i64 = 200;

/// The same in days, of a run without dates.
const FAR_DAYS: i64 = FAR * LEAP_YEAR / DAY;

/// So many days on either side of 1970 the axis of dated stamps surely has.
const DATED_DAYS: i64 = 100_000;

/// What is known about the end of the log, to find the year of stamps without one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reference {
    /// The caller says so: nanoseconds since 1970 UTC.
    Given(i64),
    /// The file's last modification: nanoseconds since 1970 UTC.
    Mtime(i64),
}

impl Reference {
    /// The moment, in nanoseconds since 1970 UTC.
    pub fn ns(self) -> i64 {
        match self {
            Self::Given(ns) | Self::Mtime(ns) => ns,
        }
    }
}

/// What a file's stamps say about the years of its yearless ones.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Years {
    /// The last stamp of the run without any year, on the yearless axis from the run's first year.
    pub run: Option<i64>,
    /// The year, counted from the run's first, of the run's first 29 February.
    pub leap: Option<i64>,
    /// The run's first year, where a dated stamp follows the run.
    pub base: Option<i64>,
    /// The last stamp of the run of times of day before any date, in nanoseconds from the run's first midnight.
    pub days: Option<i64>,
    /// The run's first day, counted from 1970, where a dated stamp follows the run.
    pub day: Option<i64>,
    /// The file's last stamp, where it has no year but dated ones stand before it.
    pub guessed: Option<Stamp>,
    /// How many dated stamps there are.
    pub dated: u32,
}

/// The chain from stamp to stamp.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Chain {
    /// The last stamp, settled.
    pub last: Option<Stamp>,
    /// The last one from a clock on the wall.
    pub naive: Option<Stamp>,
    /// Where the clock last fell back to.
    pub fell: Option<i64>,
    /// What the stamps so far say about years.
    pub years: Years,
}

impl Chain {
    /// The stamp with all that the stamps before it say.
    #[inline]
    pub fn settle(&mut self, stamp: Stamp) -> Stamp {
        let mut stamp = stamp;
        match stamp.frame {
            Frame::Yearless => stamp = self.settle_year(stamp),
            Frame::Dayless => stamp = self.settle_day(stamp),
            _ if self.years.dated == 0 => self.settle_first(stamp),
            _ => {}
        }
        match stamp.frame {
            Frame::Absolute | Frame::Civil => {
                self.years.dated = self.years.dated.saturating_add(1);
                self.years.guessed = None;
            }
            _ => {}
        }
        if stamp.frame != Frame::Absolute && !stamp.zoned {
            stamp.again = self.falls(stamp);
            self.naive = Some(stamp);
        }
        self.last = Some(stamp);
        stamp
    }

    /// The first dated stamp says which year the run before it was in.
    #[cold]
    fn settle_first(&mut self, stamp: Stamp) {
        if let Some(run) = self.years.run {
            let base =
                (position(stamp) - i128::from(run) + i128::from(LEAP_YEAR / 2)).div_euclid(LEAP_YEAR.into());
            self.years.base = Some(nearest_leap(1970 + base as i64, self.years.leap));
        }
        if let Some(days) = self.years.days {
            self.years.day = Some(turns(stamp.ns, days, DAY));
        }
    }

    #[cold]
    fn settle_year(&mut self, stamp: Stamp) -> Stamp {
        let Some(last) = self.last.filter(|last| last.frame != Frame::Dayless) else {
            return self.settle_run(stamp);
        };
        if last.frame == Frame::Yearless {
            let year = nearest(last.ns.into(), stamp.ns).clamp(-FAR, FAR);
            return self.settle_run(Stamp { ns: stamp.ns.saturating_add(year * LEAP_YEAR), ..stamp });
        }
        let year = 1970 + nearest(position(last), stamp.ns);
        let year = if civil::on_leap_day(stamp.ns) { nearest_leap(year, Some(0)) } else { year };
        self.guess(Stamp { ns: civil::join_year(year, stamp.ns), ..stamp })
    }

    fn guess(&mut self, stamp: Stamp) -> Stamp {
        let guessed = Stamp { frame: Frame::Guessed, after: self.years.dated, ..stamp };
        self.years.guessed = Some(guessed);
        guessed
    }

    /// A time of day takes the day nearest to the stamp before it.
    #[cold]
    fn settle_day(&mut self, stamp: Stamp) -> Stamp {
        let Some(last) = self.last else {
            self.years.days = Some(stamp.ns);
            return stamp;
        };
        let far = if matches!(last.frame, Frame::Dayless | Frame::Yearless) { FAR_DAYS } else { DATED_DAYS };
        let day = turns(last.ns, stamp.ns, DAY).clamp(-far, far);
        let stamp = Stamp { ns: stamp.ns.saturating_add(day * DAY), ..stamp };
        match last.frame {
            Frame::Dayless => {
                self.years.days = Some(stamp.ns);
                stamp
            }
            Frame::Yearless => self.settle_run(Stamp { frame: Frame::Yearless, ..stamp }),
            _ => self.guess(stamp),
        }
    }

    fn settle_run(&mut self, stamp: Stamp) -> Stamp {
        if civil::on_leap_day(stamp.ns) && self.years.leap.is_none() {
            self.years.leap = Some(stamp.ns.div_euclid(LEAP_YEAR));
        }
        self.years.run = Some(stamp.ns);
        stamp
    }

    /// Whether the clock fell back by about an hour, less than an hour ago.
    #[inline]
    fn falls(&mut self, stamp: Stamp) -> bool {
        let step = match self.naive {
            Some(naive) if axis(naive) == axis(stamp) => stamp.ns.wrapping_sub(naive.ns),
            _ => 0,
        };
        if step < *FALL.end() {
            self.fell = FALL.contains(&step).then_some(stamp.ns);
        }
        let Some(fell) = self.fell else { return false };
        let away = stamp.ns.abs_diff(fell);
        if away > FORGOTTEN.unsigned_abs() {
            self.fell = None;
        }
        away < HOUR.unsigned_abs()
    }
}

/// Stamps on one axis can be compared.
#[inline]
pub(crate) fn axis(stamp: Stamp) -> Frame {
    if stamp.frame == Frame::Guessed { Frame::Civil } else { stamp.frame }
}

/// How many times `period` brings `ns` nearest to `place`.
fn turns(place: i64, ns: i64, period: i64) -> i64 {
    place.saturating_sub(ns).saturating_add(period / 2).div_euclid(period)
}

/// Where a dated stamp lies when all years have 366 days, from 1970 on.
pub(crate) fn position(stamp: Stamp) -> i128 {
    let (year, yearless) = civil::split_year(stamp.ns);
    i128::from(year - 1970) * i128::from(LEAP_YEAR) + i128::from(yearless)
}

/// The year, on the axis of `place`, that brings `yearless` nearest to `place`.
pub(crate) fn nearest(place: i128, yearless: i64) -> i64 {
    (place - i128::from(yearless) + i128::from(LEAP_YEAR / 2)).div_euclid(LEAP_YEAR.into()) as i64
}

/// The year nearest to `year` such that the one `leap` years on has a 29 February.
pub(super) fn nearest_leap(year: i64, leap: Option<i64>) -> i64 {
    let fits = |year: &i64| leap.is_none_or(|leap| civil::is_leap(year + leap));
    (0..=8).flat_map(|n| [year - n, year + n]).find(fits).unwrap_or(year)
}
