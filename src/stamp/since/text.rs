//! What text says of a moment: how long ago, a number since 1970, or a time on the clock.

use jiff::Timestamp;
use jiff::tz::TimeZone;

use crate::stamp::civil::{self, DAY, HOUR, MINUTE, SECOND};

/// `10m`, `2h ago`, `1h30m`, `1.5 hours`: nanoseconds before now.
pub(super) fn ago(words: &str) -> Option<i64> {
    let spoken = words.strip_suffix("ago").map_or(words, str::trim_end);
    let mut rest = spoken.strip_prefix('-').unwrap_or(spoken).trim_start();
    let mut total = 0_i64;
    if rest.is_empty() {
        return None;
    }
    while !rest.is_empty() {
        let number = rest.find(|c: char| !c.is_ascii_digit() && c != '.').filter(|n| *n > 0)?;
        let (value, tail) = rest.split_at(number);
        let tail = tail.trim_start();
        let unit = tail.find(|c: char| !c.is_ascii_lowercase()).unwrap_or(tail.len());
        total = total.checked_add(scaled(value, unit_ns(&tail[..unit])?)?)?;
        rest = tail[unit..].trim_start_matches([' ', ',']);
    }
    Some(total)
}

/// `1764295200`, `@1764295200.5`: seconds since 1970 UTC, from 1973 on, so that no year or hour is taken for them.
pub(super) fn epoch(words: &str) -> Option<i64> {
    let number = words.strip_prefix('@').unwrap_or(words);
    let whole = number.split('.').next().unwrap_or(number);
    let is_number = number.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.');
    (is_number && (9..=10).contains(&whole.len())).then(|| scaled(number, SECOND)).flatten()
}

fn unit_ns(unit: &str) -> Option<i64> {
    Some(match unit {
        "us" => 1000,
        "ms" => SECOND / 1000,
        "s" | "sec" | "secs" | "second" | "seconds" => SECOND,
        "m" | "min" | "mins" | "minute" | "minutes" => MINUTE,
        "h" | "hr" | "hrs" | "hour" | "hours" => HOUR,
        "d" | "day" | "days" => DAY,
        "w" | "week" | "weeks" => 7 * DAY,
        _ => return None,
    })
}

/// `value` times `unit`, with a decimal part; `None` beyond 292 years.
fn scaled(value: &str, unit: i64) -> Option<i64> {
    let (whole, part) = value.split_once('.').unwrap_or((value, ""));
    if whole.is_empty() && part.is_empty() || part.contains('.') {
        return None;
    }
    let mut total = if whole.is_empty() { 0 } else { whole.parse::<i64>().ok()?.checked_mul(unit)? };
    let mut unit = unit;
    for digit in part.bytes() {
        unit /= 10;
        total = total.checked_add(i64::from(digit - b'0') * unit)?;
    }
    Some(total)
}

/// A civil time as text says it.
pub(super) struct Civil {
    /// Its first nanosecond.
    pub start: i64,
    /// For how many nanoseconds it stands: a day, a minute, a second or less.
    pub width: i64,
    /// The offset from UTC that was said, in nanoseconds.
    pub offset: Option<i64>,
}

/// `today`, `yesterday 14:00`, `02:10:30`: a civil time by the day that it is now in `zone`, or by the offset that is said.
pub(super) fn named_day(words: &str, zone: &TimeZone, now: i64) -> Option<Civil> {
    let (days, rest) = match words.split_once(' ').unwrap_or((words, "")) {
        ("today", rest) => (0, rest),
        ("yesterday", rest) => (-DAY, rest),
        ("tomorrow", rest) => (DAY, rest),
        _ => (0, words),
    };
    let rest = rest.trim_start();
    let time = if rest.is_empty() {
        (!words.is_empty()).then_some(Civil { start: 0, width: DAY, offset: None })?
    } else {
        let (time, width, rest) = clock_time(rest)?;
        zoned(time, width, rest)?
    };
    // Where the clock that is meant is not that of the log, it may be another day there.
    let shown = time.offset.map_or_else(|| wall(zone, now), |offset| now.saturating_add(offset));
    let today = shown.div_euclid(DAY) * DAY;
    Some(Civil { start: today + days + time.start, ..time })
}

/// `2026-11-22`, `2026-11-22 02:10`, `2026-11-22T02:10:05.5Z`: a civil time, and its offset.
pub(super) fn dated(words: &str) -> Option<Civil> {
    let day = words.get(..10)?;
    let separator = day.as_bytes()[4];
    let mut parts = day.split(['-', '/']);
    let mut number = |digits: usize| {
        let part = parts.next().filter(|p| p.len() == digits && p.bytes().all(|b| b.is_ascii_digit()))?;
        part.parse::<u16>().ok()
    };
    let (year, month, date) = (i64::from(number(4)?), number(2)? as u8, number(2)? as u8);
    if separator != day.as_bytes()[7] || !civil::is_date(Some(year), month, date) {
        return None;
    }
    // The axis of nanoseconds ends in 1677 and 2262; no log is there, and the ends serve as well.
    let midnight =
        civil::date(year.clamp(1700, 2250), month, if date == 29 && month == 2 { 28 } else { date });
    let midnight = if date == 29 && month == 2 { midnight + DAY } else { midnight };
    let rest = &words[10..];
    if rest.is_empty() {
        return Some(Civil { start: midnight, width: DAY, offset: None });
    }
    let (time, width, rest) = clock_time(rest.strip_prefix(['t', ' '])?.trim_start())?;
    zoned(midnight + time, width, rest)
}

/// The time of day at the head of `text`, for how many nanoseconds it stands, and what follows it.
fn clock_time(text: &str) -> Option<(i64, i64, &str)> {
    let two = |at: usize, most: i64| {
        let part = text.get(at..at + 2).filter(|p| p.bytes().all(|b| b.is_ascii_digit()))?;
        part.parse::<i64>().ok().filter(|n| *n <= most)
    };
    let colon = |at: usize| text.as_bytes().get(at) == Some(&b':');
    if colon(1) {
        let padded = format!("0{text}");
        return clock_time(&padded)
            .map(|(time, width, rest)| (time, width, &text[text.len() - rest.len()..]));
    }
    let minutes = two(0, 23)? * HOUR + two(3, 59).filter(|_| colon(2))? * MINUTE;
    if !colon(5) {
        return Some((minutes, MINUTE, &text[5..]));
    }
    let time = minutes + two(6, 60)? * SECOND;
    let rest = &text[8..];
    let Some(part) = rest.strip_prefix(['.', ',']) else {
        return Some((time, SECOND, rest));
    };
    let end = part.find(|c: char| !c.is_ascii_digit()).unwrap_or(part.len());
    let nanos = scaled(&format!(".{}", &part[..end]), SECOND).filter(|_| (1..=9).contains(&end))?;
    Some((time + nanos, SECOND / 10_i64.pow(end as u32), &part[end..]))
}

/// A civil time that stands for `width`, with what follows it: nothing, or an offset from UTC.
fn zoned(civil: i64, width: i64, text: &str) -> Option<Civil> {
    let text = text.trim();
    match text {
        "" => return Some(Civil { start: civil, width, offset: None }),
        "z" | "utc" | "gmt" => return Some(Civil { start: civil, width, offset: Some(0) }),
        _ => {}
    }
    let sign = if text.starts_with('-') { -1 } else { 1 };
    let digits = text.strip_prefix(['+', '-'])?.replace(':', "");
    if !matches!(digits.len(), 2 | 4) || !digits.bytes().all(|b| b.is_ascii_digit()) {
        return None;
    }
    let hours = digits[..2].parse::<i64>().ok().filter(|h| *h <= 23)?;
    let minutes = digits.get(2..4).map_or(Some(0), |m| m.parse::<i64>().ok()).filter(|m| *m <= 59)?;
    Some(Civil { start: civil, width, offset: Some(sign * (hours * HOUR + minutes * MINUTE)) })
}

/// What the wall in `zone` shows at `now`.
fn wall(zone: &TimeZone, now: i64) -> i64 {
    let at = Timestamp::from_nanosecond(now.into()).unwrap_or(Timestamp::UNIX_EPOCH);
    now.saturating_add(i64::from(zone.to_offset(at).seconds()) * SECOND)
}
