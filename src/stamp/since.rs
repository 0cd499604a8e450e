//! A moment as the caller says it: a datetime, that long ago, or text.

mod text;

use jiff::tz::TimeZone;

use crate::error::{Error, Result};
use crate::stamp::Clock;
use text::{ago, dated, epoch, named_day};

const FORMS: &str = "\"2026-11-22 02:10\", \"2026-11-22T02:10:05.5Z\", \"02:10\", \"10m\", \"2h ago\", \"1h30m\", \
                     \"yesterday 14:00\", \"today\", \"now\" or \"1764295200\" (seconds since 1970)";

/// Which end of a range a moment is: both are included, and each is a whole microsecond.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RangeEnd {
    /// The beginning: it stands for the first nanosecond of its microsecond.
    Since,
    /// The end: it stands for the last nanosecond of its microsecond.
    Until,
    /// None of a range, but a moment to go by: it stands for the same as the beginning.
    Reference,
}

impl RangeEnd {
    fn name(self) -> &'static str {
        match self {
            Self::Since => "since",
            Self::Until => "until",
            Self::Reference => "reference",
        }
    }
}

/// A moment as the caller says it. Microseconds count from 1970, and hold all that a Python datetime can.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum When {
    /// Text, in one of the forms that the error message lists.
    Text(String),
    /// A naive datetime, in the zone of the log: what the wall shows, and Python's `fold`.
    Civil {
        /// Microseconds from 1970-01-01 00:00 on the wall.
        micros: i128,
        /// Of an hour that comes twice, the second.
        fold: bool,
    },
    /// An aware datetime, in microseconds since 1970 UTC.
    Moment(i128),
    /// That many microseconds before now.
    Ago(i128),
}

impl When {
    /// The nanosecond since 1970 UTC, saturated, at which a range begins or ends.
    ///
    /// `now` is the moment of the question in the same unit. Naive values are in `zone`.
    ///
    /// # Errors
    /// `Error::Value` for text that says no moment.
    pub fn resolve(&self, side: RangeEnd, zone: &TimeZone, now: i64) -> Result<i64> {
        let micros = match self {
            Self::Text(text) => {
                return resolve_text(text, side, zone, now).map(|ns| whole_micro(ns.into(), side));
            }
            Self::Civil { micros, fold } => match i64::try_from(micros * 1000) {
                Ok(civil) => i128::from(Clock::new(zone.clone()).moment(civil, *fold)) / 1000,
                Err(_) => *micros,
            },
            Self::Moment(micros) => *micros,
            Self::Ago(micros) => i128::from(now).div_euclid(1000) - micros,
        };
        Ok(whole_micro(micros.saturating_mul(1000), side))
    }
}

/// The first or the last nanosecond of the microsecond in which `ns` lies.
fn whole_micro(ns: i128, side: RangeEnd) -> i64 {
    let start = ns.div_euclid(1000).saturating_mul(1000);
    let ns = if side == RangeEnd::Until { start.saturating_add(999) } else { start };
    i64::try_from(ns).unwrap_or(if ns < 0 { i64::MIN } else { i64::MAX })
}

fn resolve_text(text: &str, side: RangeEnd, zone: &TimeZone, now: i64) -> Result<i64> {
    let words = text.trim().to_ascii_lowercase();
    let found = if words == "now" { Some(now) } else { None }
        .or_else(|| ago(&words).map(|ago| now.saturating_sub(ago)))
        .or_else(|| epoch(&words))
        .or_else(|| {
            let said = named_day(&words, zone, now).or_else(|| dated(&words))?;
            // `02:31` is a whole minute, and both ends of a range are included.
            let civil = if side == RangeEnd::Until { said.start + said.width - 1 } else { said.start };
            let mut clock = Clock::new(zone.clone());
            // Where the wall shows it twice or never, take the one that loses no line.
            Some(match (said.offset, side) {
                (Some(offset), _) => civil - offset,
                (None, RangeEnd::Until) => clock.moment(civil, true),
                (None, _) => clock.first_moment(civil),
            })
        });
    found.ok_or_else(|| Error::Value(format!("{}: {text:?} says no moment; say {FORMS}", side.name())))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stamp::civil::{HOUR, MINUTE};
    use jiff::Timestamp;

    /// 2026-11-22 10:00:00.25 UTC.
    const NOW: i64 = 1_795_341_600_250_000_000;

    fn ns(text: &str) -> i64 {
        text.parse::<Timestamp>().unwrap().as_nanosecond().try_into().unwrap()
    }

    fn since(text: &str, zone: &str) -> Option<i64> {
        let zone = TimeZone::get(zone).unwrap();
        When::Text(text.into()).resolve(RangeEnd::Since, &zone, NOW).ok()
    }

    #[test]
    fn text_says_a_moment() {
        for (text, expected) in [
            ("2026-11-22 02:10", "2026-11-22T01:10:00Z"),
            ("2026-11-22", "2026-11-21T23:00:00Z"),
            ("2026/11/22 02:10", "2026-11-22T01:10:00Z"),
            ("2026-11-22T02:10:05.5Z", "2026-11-22T02:10:05.5Z"),
            ("2026-11-22 02:10:05,5 +0530", "2026-11-21T20:40:05.5Z"),
            ("2026-11-22T02:10:05-08:00", "2026-11-22T10:10:05Z"),
            ("2026-11-22 02:10 UTC", "2026-11-22T02:10:00Z"),
            ("2026-07-01 02:10", "2026-07-01T00:10:00Z"),
            ("2024-02-29", "2024-02-28T23:00:00Z"),
            ("02:10", "2026-11-22T01:10:00Z"),
            ("02:10:30", "2026-11-22T01:10:30Z"),
            ("2:10", "2026-11-22T01:10:00Z"),
            ("2026-11-22 2:10:05.5", "2026-11-22T01:10:05.5Z"),
            ("  02:10:30.25 ", "2026-11-22T01:10:30.25Z"),
            ("10m", "2026-11-22T09:50:00.25Z"),
            ("2h ago", "2026-11-22T08:00:00.25Z"),
            ("2 hours ago", "2026-11-22T08:00:00.25Z"),
            ("1h30m", "2026-11-22T08:30:00.25Z"),
            ("1h 30min ago", "2026-11-22T08:30:00.25Z"),
            ("1.5h", "2026-11-22T08:30:00.25Z"),
            ("250ms", "2026-11-22T10:00:00Z"),
            ("-1d", "2026-11-21T10:00:00.25Z"),
            ("2 weeks", "2026-11-08T10:00:00.25Z"),
            ("yesterday 14:00", "2026-11-21T13:00:00Z"),
            ("Yesterday", "2026-11-20T23:00:00Z"),
            ("today", "2026-11-21T23:00:00Z"),
            ("today 09:30", "2026-11-22T08:30:00Z"),
            ("now", "2026-11-22T10:00:00.25Z"),
            ("1764295200", "2025-11-28T02:00:00Z"),
            ("@1764295200.25", "2025-11-28T02:00:00.25Z"),
        ] {
            assert_eq!(since(text, "Europe/Berlin"), Some(ns(expected)), "{text}");
        }
    }

    #[test]
    fn the_end_of_a_range_includes_all_of_what_is_said() {
        for (text, expected) in [
            ("2026-11-22 02:31", "2026-11-22T02:31:59.999999999Z"),
            ("2:31", "2026-11-22T02:31:59.999999999Z"),
            ("02:31:05", "2026-11-22T02:31:05.999999999Z"),
            ("02:31:05.5", "2026-11-22T02:31:05.599999999Z"),
            ("2026-11-22", "2026-11-22T23:59:59.999999999Z"),
            ("yesterday", "2026-11-21T23:59:59.999999999Z"),
            ("2026-11-22T02:31+01:00", "2026-11-22T01:31:59.999999999Z"),
            ("10m", "2026-11-22T09:50:00.250000999Z"),
        ] {
            let end = When::Text(text.into()).resolve(RangeEnd::Until, &TimeZone::UTC, NOW).unwrap();
            assert_eq!(end, ns(expected), "{text}");
        }
    }

    #[test]
    fn other_text_is_an_error_that_says_what_is_understood() {
        for text in [
            "",
            " ",
            "soon",
            "10",
            "10 parsecs",
            "m",
            "ago",
            "25:00",
            "02:60",
            "é:10",
            "x:10",
            "2026-13-01",
            "2026-02-29",
            "2026-11-22 2",
            "2026-11-22 02:10 Mars",
            "2026-11-22T02:10:05.1234567890",
            "1e3s",
            "1..5h",
            "99999999999999999999d",
            "é026-11-22",
            "02:1é",
            "yesterday at noon",
            "2026-11/22",
            "02:10+99:00",
            "--5m",
            "20261122",
            "1764295200000",
            "@10",
        ] {
            let zone = TimeZone::UTC;
            let error =
                When::Text(text.into()).resolve(RangeEnd::Until, &zone, NOW).expect_err(text).to_string();
            assert!(error.starts_with("until: ") && error.contains("yesterday 14:00"), "{error}");
        }
    }

    #[test]
    fn a_moment_stands_for_its_microsecond_and_nothing_overflows() {
        let zone = TimeZone::get("Asia/Kolkata").unwrap();
        let at = |when: &When, side| when.resolve(side, &zone, NOW).unwrap();
        let moment = When::Moment(1_795_330_032_123_456);
        assert_eq!(at(&moment, RangeEnd::Since), 1_795_330_032_123_456_000);
        assert_eq!(at(&moment, RangeEnd::Until), 1_795_330_032_123_456_999);
        let naive = When::Civil { micros: 1_795_330_032_123_456, fold: false };
        assert_eq!(at(&naive, RangeEnd::Since), 1_795_330_032_123_456_000 - 5 * HOUR - 30 * MINUTE);
        assert_eq!(at(&When::Ago(250_000), RangeEnd::Since), NOW - 250_000_000);
        for (micros, end) in [(-62_135_596_800_000_000, i64::MIN), (253_402_300_799_999_999, i64::MAX)] {
            assert_eq!(at(&When::Moment(micros), RangeEnd::Since), end);
            assert_eq!(at(&When::Civil { micros, fold: true }, RangeEnd::Until), end);
        }
        for micros in
            [86_399_999_999_999_999_999_999_999, -86_399_999_999_999_999_999_999_999, i128::from(i64::MAX)]
        {
            at(&When::Ago(micros), RangeEnd::Since);
        }
        for text in ["0001-01-01", "9999-12-31 23:59:59.999999", "2096-02-29"] {
            at(&When::Text(text.into()), RangeEnd::Until);
        }
    }

    #[test]
    fn a_clock_time_with_an_offset_is_of_the_day_that_it_is_there() {
        for (text, zone, expected) in [
            // It is the 23rd in Kiritimati.
            ("02:10Z", "Pacific/Kiritimati", "2026-11-22T02:10:00Z"),
            ("02:10", "Pacific/Kiritimati", "2026-11-22T12:10:00Z"),
            ("today 01:30 UTC", "Pacific/Kiritimati", "2026-11-22T01:30:00Z"),
            ("yesterday 23:30 utc", "Pacific/Kiritimati", "2026-11-21T23:30:00Z"),
            ("00:30+14:00", "UTC", "2026-11-22T10:30:00Z"),
            ("yesterday 23:30 -1100", "UTC", "2026-11-21T10:30:00Z"),
        ] {
            assert_eq!(since(text, zone), Some(ns(expected)), "{text} in {zone}");
        }
    }

    #[test]
    fn an_hour_that_is_skipped_loses_no_line() {
        let zone = TimeZone::get("Europe/Berlin").unwrap();
        let change = ns("2026-03-29T01:00:00Z");
        let text = |text: &str, side| When::Text(text.into()).resolve(side, &zone, NOW).unwrap();
        for skipped in ["2026-03-29 02:00", "2026-03-29 02:10", "2026-03-29 02:59:59.5", "2026-03-29 03:00"] {
            assert_eq!(text(skipped, RangeEnd::Since), change, "{skipped}");
        }
        assert_eq!(text("2026-03-29 01:59", RangeEnd::Since), change - MINUTE);
        assert_eq!(text("2026-03-29 03:01", RangeEnd::Since), change + MINUTE);
        // A stamp in that hour is read as one of the next, so that is where it ends.
        assert_eq!(text("2026-03-29 02:10", RangeEnd::Until), change + 11 * MINUTE - 1);
    }

    #[test]
    fn an_hour_that_comes_twice_loses_no_line() {
        let zone = TimeZone::get("Europe/Berlin").unwrap();
        let text = When::Text("2026-10-25 02:30".into());
        assert_eq!(text.resolve(RangeEnd::Since, &zone, NOW).unwrap(), ns("2026-10-25T00:30:00Z"));
        assert_eq!(text.resolve(RangeEnd::Until, &zone, NOW).unwrap(), ns("2026-10-25T01:30:59.999999999Z"));
        let micros = i128::from(ns("2026-10-25T02:30:00Z") / 1000);
        let fold = |fold| When::Civil { micros, fold }.resolve(RangeEnd::Since, &zone, NOW).unwrap();
        assert_eq!(fold(false), ns("2026-10-25T00:30:00Z"));
        assert_eq!(fold(true), ns("2026-10-25T01:30:00Z"));
    }
}
