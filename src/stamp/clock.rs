//! Zone and year, as a question has them: from what stands on a line to moments.

use jiff::tz::{AmbiguousOffset, Offset, TimeZone, TimeZoneTransition};
use jiff::{Timestamp, civil::DateTime};

use super::civil::{self, DAY, HOUR, SECOND};
use super::year::{Reference, Years};
use super::{Frame, Stamp};

/// The nanoseconds for which a stamp stands: `lo` to `hi`, both included, since 1970 UTC.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Span {
    /// The first nanosecond.
    pub lo: i64,
    /// The last nanosecond.
    pub hi: i64,
}

/// The range that a question asks for, in nanoseconds since 1970 UTC; both ends are included.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Window {
    /// The first nanosecond that counts.
    pub since: Option<i64>,
    /// The last nanosecond that counts.
    pub until: Option<i64>,
}

impl Window {
    /// Whether it leaves anything out.
    pub fn is_open(&self) -> bool {
        self.since.is_none() && self.until.is_none()
    }

    /// Whether `span` and the range have a nanosecond in common.
    #[inline]
    pub fn meets(&self, span: Span) -> bool {
        let (since, until) = (self.since.unwrap_or(i64::MIN), self.until.unwrap_or(i64::MAX));
        since <= until && span.hi >= since && span.lo <= until
    }
}

/// How far civil times may be from what the offset at a moment says, where the offset changes nearby.
const UNSURE: i64 = 26 * HOUR;

/// Turns stamps into moments: by one zone, and one anchor for the years.
///
/// It belongs to a question and not to a file: the same bytes mean other moments under another `tz` or `reference`.
/// So an index keeps what stands on the lines, and each question brings its own clock.
#[derive(Clone, Debug)]
pub struct Clock {
    zone: TimeZone,
    /// The year 0 of the run without years.
    base: i64,
    /// The day 0, counted from 1970, of the run without dates.
    day: i64,
    /// Whether a stamp of the run without years falls on 29 February.
    leap: bool,
    /// The dated stamps that stand before the last guessed ones, and by how many years those are put right.
    shift: Option<(u32, i64)>,
    /// Civil times at least a day from any change of the zone's offset, and that offset.
    calm: (std::ops::Range<i64>, i64),
    /// By how much the clock that wrote the stamps was behind: what they mean is so many nanoseconds later.
    skew: i64,
}

impl Clock {
    /// A clock in `zone`; until [`Clock::set_years`] a stamp without a year is in 1970.
    pub fn new(zone: TimeZone) -> Self {
        Self { zone, base: 1970, day: 0, leap: false, shift: None, calm: (0..0, 0), skew: 0 }
    }

    /// The same for stamps of a clock that was behind by so many nanoseconds, or ahead where that is negative.
    #[must_use]
    pub fn skewed(self, skew: i64) -> Self {
        Self { skew, ..self }
    }

    /// The moment that the clock which wrote the stamps showed at `ns`.
    pub(crate) fn as_shown(&self, ns: i64) -> i64 {
        if ns == i64::MIN || ns == i64::MAX { ns } else { ns.saturating_sub(self.skew) }
    }

    /// The zone of naive stamps.
    pub fn zone(&self) -> &TimeZone {
        &self.zone
    }

    /// Anchors the years: the last stamp gets the latest year that keeps it at or before the reference and a day.
    pub fn set_years(&mut self, years: &Years, reference: Reference) {
        self.shift = None;
        self.leap = years.leap.is_some();
        if let Some(run) = years.run {
            self.base = years.base.unwrap_or_else(|| self.latest_base(run, years.leap, reference));
        }
        if let Some(days) = years.days {
            self.day = years.day.unwrap_or_else(|| self.latest_day(days, reference));
        }
        if let (Some(guessed), Reference::Given(_)) = (years.guessed, reference) {
            let (year, yearless) = civil::split_year(guessed.ns);
            let leap = civil::on_leap_day(yearless).then_some(0);
            let shift = self.latest_base(yearless, leap, reference) - year;
            self.shift = (shift != 0).then_some((guessed.after, shift));
        }
    }

    /// The latest first year of a run that keeps its last stamp at or before the reference and a day.
    fn latest_base(&mut self, run: i64, leap: Option<i64>, reference: Reference) -> i64 {
        let limit = reference.ns().saturating_add(DAY);
        let (year, _) = civil::split_year(limit);
        let first = year + 1 - run.div_euclid(civil::LEAP_YEAR);
        let fits = |base: &i64| {
            leap.is_none_or(|leap| civil::is_leap(base + leap))
                && self.moment(civil::join_year(*base, run), false) <= limit
        };
        let latest = (0..=12).map(|n| first - n).find(fits);
        latest.unwrap_or(first - 1)
    }

    /// The latest first day of a run of times of day that keeps its last about at or before the reference: a file is
    /// written after the time on its last line, and what a caller says is at most half a day off.
    fn latest_day(&mut self, days: i64, reference: Reference) -> i64 {
        let slack = if matches!(reference, Reference::Given(_)) { 12 * HOUR } else { HOUR };
        let limit = reference.ns().saturating_add(slack);
        let first = limit.saturating_sub(days).div_euclid(DAY) + 2;
        let fits = |day: &i64| self.moment(days.saturating_add(day.saturating_mul(DAY)), false) <= limit;
        (0..=4).map(|n| first - n).find(fits).unwrap_or(first)
    }

    /// The nanoseconds for which a settled stamp stands.
    #[inline]
    pub fn span(&mut self, stamp: Stamp) -> Span {
        let lo = match stamp.frame {
            Frame::Absolute => stamp.ns,
            Frame::Civil => self.moment(stamp.ns, stamp.again),
            Frame::Dayless => self.own(stamp, stamp.ns.saturating_add(self.day.saturating_mul(DAY))),
            Frame::Yearless => self.own(stamp, civil::join_year(self.base, stamp.ns)),
            Frame::Guessed => self.own(stamp, self.shifted(stamp)),
        };
        let lo = lo.saturating_add(self.skew);
        Span { lo, hi: lo.saturating_add(stamp.width() - 1) }
    }

    /// The year 0 of the run without years.
    pub fn base_year(&self) -> i64 {
        self.base
    }

    /// The day 0 of the run without dates, counted from 1970.
    pub fn base_day(&self) -> i64 {
        self.day
    }

    /// Whether a stamp of the run without years falls on 29 February, which some years put on 1 March.
    pub fn has_leap_day(&self) -> bool {
        self.leap
    }

    /// The number of dated stamps before guessed ones that are not in the year they seem to be in.
    pub fn shifted_after(&self) -> Option<u32> {
        self.shift.map(|(after, _)| after)
    }

    /// The least and the greatest civil time that may mean the moment `ns`; the same where the offset does not change
    /// within two days.
    pub fn naive(&self, ns: i64) -> (i64, i64) {
        const NEAR: i64 = 2 * DAY;
        let ns = self.as_shown(ns);
        let Ok(at) = Timestamp::from_nanosecond(ns.into()) else { return (ns, ns) };
        if ns == i64::MIN || ns == i64::MAX {
            return (ns, ns);
        }
        let civil = ns.saturating_add(i64::from(self.zone.to_offset(at).seconds()) * SECOND);
        let near =
            |change: Option<i64>| change.is_some_and(|change| change.abs_diff(ns) < NEAR.unsigned_abs());
        let changes = near(self.change_after(ns)) || near(self.change_until(ns));
        let unsure = if changes { UNSURE } else { 0 };
        (civil.saturating_sub(unsure), civil.saturating_add(unsure))
    }

    /// The moment of `civil`, which is the time on the clock of a stamp without a year: by the zone that stood there, or
    /// else by this clock's.
    fn own(&mut self, stamp: Stamp, civil: i64) -> i64 {
        if stamp.zoned { civil.saturating_sub(stamp.ahead()) } else { self.moment(civil, stamp.again) }
    }

    fn shifted(&self, stamp: Stamp) -> i64 {
        match self.shift {
            Some((after, years)) if after == stamp.after => {
                let (year, yearless) = civil::split_year(stamp.ns);
                civil::join_year(year + years, yearless)
            }
            _ => stamp.ns,
        }
    }

    /// The moment of a civil time. An hour that is skipped shifts forward; of one that comes twice, `again` is the
    /// second.
    #[inline]
    pub fn moment(&mut self, civil: i64, again: bool) -> i64 {
        if self.calm.0.contains(&civil) {
            return civil.saturating_sub(self.calm.1);
        }
        self.moment_near_change(civil, again)
    }

    /// The first moment at which the wall shows `civil` or later: of an hour that is skipped, that of the change.
    pub(crate) fn first_moment(&mut self, civil: i64) -> i64 {
        let moment = self.moment(civil, false);
        let skipped = self.zone.to_ambiguous_timestamp(datetime(civil)).offset();
        if !matches!(skipped, AmbiguousOffset::Gap { .. }) {
            return moment;
        }
        self.change_until(moment).unwrap_or(moment)
    }

    /// What is added to the beginning of a minute on the axis of `frame` for its moment, if that is the same all through the
    /// minute, as far as is known.
    #[inline]
    pub(crate) fn calm_minute(&self, minute: i64, frame: Frame) -> Option<i64> {
        let (calm, offset) = &self.calm;
        match frame {
            Frame::Absolute => Some(self.skew),
            Frame::Civil
                if calm.contains(&minute) && calm.contains(&minute.saturating_add(civil::MINUTE)) =>
            {
                Some(self.skew.saturating_sub(*offset))
            }
            _ => None,
        }
    }

    #[cold]
    fn moment_near_change(&mut self, civil: i64, again: bool) -> i64 {
        let read = self.zone.to_ambiguous_timestamp(datetime(civil)).offset();
        let skipped = matches!(read, AmbiguousOffset::Gap { .. });
        let offset = match read {
            AmbiguousOffset::Unambiguous { offset } => offset,
            AmbiguousOffset::Gap { before, .. } => before,
            AmbiguousOffset::Fold { before, after } => {
                if again {
                    after
                } else {
                    before
                }
            }
        };
        let offset = i64::from(offset.seconds()) * SECOND;
        let moment = civil.saturating_sub(offset);
        // What was skipped is read with the offset before the change, and its moment lies behind it, where that holds no more.
        if !skipped {
            self.calm = self.calm_around(moment, offset);
        }
        moment
    }

    /// The civil times around a moment at which the offset does not change, less a day at each end.
    fn calm_around(&self, moment: i64, offset: i64) -> (std::ops::Range<i64>, i64) {
        let (start, end) = (self.change_until(moment), self.change_after(moment));
        let start = start.map_or(i64::MIN, |s| s.saturating_add(offset + DAY));
        let end = end.map_or(i64::MAX, |e| e.saturating_add(offset - DAY));
        (start..end, offset)
    }

    /// When the offset changed last, at `moment` or before it.
    fn change_until(&self, moment: i64) -> Option<i64> {
        let behind = Timestamp::from_nanosecond(i128::from(moment) + 1).ok()?;
        change(&self.zone.preceding(behind).next()?)
    }

    /// When the offset changes first behind `moment`.
    fn change_after(&self, moment: i64) -> Option<i64> {
        change(&self.zone.following(Timestamp::from_nanosecond(moment.into()).ok()?).next()?)
    }
}

/// When the offset changes, in nanoseconds since 1970 UTC.
fn change(transition: &TimeZoneTransition<'_>) -> Option<i64> {
    i64::try_from(transition.timestamp().as_nanosecond()).ok()
}

/// A civil time as jiff has it.
pub(super) fn datetime(civil: i64) -> DateTime {
    let at = Timestamp::from_nanosecond(civil.into()).unwrap_or(Timestamp::UNIX_EPOCH);
    Offset::UTC.to_datetime(at)
}
