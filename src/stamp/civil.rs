//! Civil dates as nanoseconds, and the calendar without a year.
//!
//! Two axes are used. A *civil* time is the nanoseconds from 1970-01-01 00:00:00 as a clock on the wall shows them,
//! with no zone applied. A *yearless* time is the nanoseconds from 1 January in a year of 366 days; years on that axis
//! are all 366 days long, so that steps between stamps do not depend on which year it was.

/// Nanoseconds in a second.
pub const SECOND: i64 = 1_000_000_000;
/// Nanoseconds in a minute.
pub const MINUTE: i64 = 60 * SECOND;
/// Nanoseconds in an hour.
pub const HOUR: i64 = 60 * MINUTE;
/// Nanoseconds in a day.
pub const DAY: i64 = 24 * HOUR;
/// Nanoseconds in a year of the yearless axis, which has a 29 February.
pub const LEAP_YEAR: i64 = 366 * DAY;

/// The first year that a stamp without one is put into.
pub const FIRST_YEAR: i64 = 1700;
/// The last.
pub const LAST_YEAR: i64 = 2250;

const BEFORE_MONTH: [i64; 12] = [0, 31, 60, 91, 121, 152, 182, 213, 244, 274, 305, 335];
const LENGTH: [u8; 12] = [31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];
/// 1 March, on the yearless axis.
pub const MARCH: i64 = 60 * DAY;
/// 29 February, as a day of a leap year.
const LEAP_DAY: i64 = 59;

/// Whether `year` has a 29 February.
pub fn is_leap(year: i64) -> bool {
    year % 4 == 0 && (year % 100 != 0 || year % 400 == 0)
}

/// Whether `month` has a `day`; 29 February counts where `year` is not known or is a leap year.
pub fn is_date(year: Option<i64>, month: u8, day: u8) -> bool {
    if !(1..=12).contains(&month) || day == 0 || day > LENGTH[usize::from(month) - 1] {
        return false;
    }
    month != 2 || day != 29 || year.is_none_or(is_leap)
}

/// The day of a leap year, 0 to 365; `month` and `day` must be a date.
pub fn day_of_leap_year(month: u8, day: u8) -> i64 {
    BEFORE_MONTH[usize::from(month) - 1] + i64::from(day) - 1
}

/// Days from 1970-01-01 to 1 January of `year`.
fn days_to_year(year: i64) -> i64 {
    let before = year - 1;
    before * 365 + before.div_euclid(4) - before.div_euclid(100) + before.div_euclid(400) - 719_162
}

/// Days from 1970-01-01 to the day of a leap year put into `year`; 29 February of other years is their 1 March.
fn days_in_year(year: i64, day: i64) -> i64 {
    let skipped = i64::from(day > LEAP_DAY && !is_leap(year));
    days_to_year(year) + day - skipped
}

/// Nanoseconds from 1970-01-01 to the civil date; it must be a date.
pub fn date(year: i64, month: u8, day: u8) -> i64 {
    days_in_year(year, day_of_leap_year(month, day)) * DAY
}

/// How many days the Monday of ISO's first week lies behind 1 January of `year`: the week that has the 4th in it.
pub fn first_week(year: i64) -> i64 {
    // 1970-01-01 was a Thursday, the fourth day of its week.
    let fourth = (days_to_year(year) + 3 + 3).rem_euclid(7);
    3 - fourth
}

/// The year of a civil time, and its nanoseconds in that year as on the yearless axis.
pub fn split_year(civil: i64) -> (i64, i64) {
    let days = civil.div_euclid(DAY);
    // Too early by a year or so on either side of 1970, never too late.
    let mut year = 1970 + days.div_euclid(366).min(days.div_euclid(365));
    while days_to_year(year + 1) <= days {
        year += 1;
    }
    let mut day = days - days_to_year(year);
    if day >= LEAP_DAY && !is_leap(year) {
        day += 1;
    }
    (year, day * DAY + civil.rem_euclid(DAY))
}

/// The civil time of a yearless one put into `year`; beyond the axis it saturates.
pub fn join_year(year: i64, yearless: i64) -> i64 {
    let year = (year + yearless.div_euclid(LEAP_YEAR)).clamp(FIRST_YEAR, LAST_YEAR);
    let inside = yearless.rem_euclid(LEAP_YEAR);
    days_in_year(year, inside.div_euclid(DAY)) * DAY + inside.rem_euclid(DAY)
}

/// Whether a yearless time falls on 29 February.
pub fn on_leap_day(yearless: i64) -> bool {
    yearless.rem_euclid(LEAP_YEAR).div_euclid(DAY) == LEAP_DAY
}

/// The moment of the wall clock, in nanoseconds since 1970 UTC.
pub fn now() -> i64 {
    jiff::Timestamp::now().as_nanosecond().try_into().unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn dates_agree_with_jiff(year in 1700_i16..2250, month in 1_u8..=12, day in 1_u8..=31, nanos in 0..DAY) {
            let theirs = jiff::civil::Date::new(year, month.cast_signed(), day.cast_signed());
            prop_assert_eq!(theirs.is_ok(), is_date(Some(year.into()), month, day));
            if let Ok(theirs) = theirs {
                let epoch = jiff::civil::date(1970, 1, 1);
                let days = theirs.since((jiff::Unit::Day, epoch)).unwrap().get_days();
                let civil = date(year.into(), month, day);
                prop_assert_eq!(civil, i64::from(days) * DAY);
                let (y, yearless) = split_year(civil + nanos);
                prop_assert_eq!(y, i64::from(year));
                prop_assert_eq!(yearless, day_of_leap_year(month, day) * DAY + nanos);
                prop_assert_eq!(join_year(y, yearless), civil + nanos);
                prop_assert_eq!(on_leap_day(yearless), month == 2 && day == 29);
                let week = theirs.iso_week_date();
                let first = date(week.year().into(), 1, 1) + first_week(week.year().into()) * DAY;
                let weekday = i64::from(week.weekday().to_monday_zero_offset());
                prop_assert_eq!(first + (i64::from(week.week() - 1) * 7 + weekday) * DAY, civil);
            }
        }
    }
}
