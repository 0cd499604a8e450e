//! The small language in which stamp formats are written, and its matcher.
//!
//! A shape is text in which `%` and a letter stand for a field, and every other byte for itself:
//!
//! | field | what it takes |
//! |---|---|
//! | `%Y` `%y` | four digits of a year, 1970 to 2199; two digits, 2000 to 2099 |
//! | `%m` `%n` | two digits of a month; one digit, not padded |
//! | `%b` | the name of a month: in English, or as journals have it in other languages |
//! | `%d` `%e` | two digits of a day; one or two, or padded with a blank, and as an ordinal: `22nd`, `22. ` |
//! | `%H` `%M` `%S` | two digits each: hour, minute, second (60 is the next second) |
//! | `%C` | a whole time of day: hour, minute, second, perhaps a fraction (`.123`, `,123`, `:123`, `.123.456`, `:123456]`), AM or PM, a zone |
//! | `%D` | the same with dots between its numbers, or behind a blank with dashes; a zone of three digits behind it is in minutes |
//! | `%k` `%K` | hour and minute, known to a minute, perhaps AM or PM and a zone; the same, with AM or PM |
//! | `%~` | what stands between a date and a time: up to three blanks, `T`, a tab, `-`, `_`, `@`, `:`, `::`, `, `, `;`, ` - `, ` -- `, a bar, ` at `, ` @ `, a weekday, a full stop before an hour and a colon |
//! | `%_` | perhaps a blank |
//! | `%w` | a word |
//! | `%t` | a blank, or `T` |
//! | `%V` `%u` `%j` | ISO's week of the year, and the day of it; the day of the year |
//! | `%f` | perhaps a fraction: `.` or `,` and 1 to 9 digits |
//! | `%F` | a fraction; of 9 digits it is no wall clock (PyTorch's C++ logger) and is left out |
//! | `%z` | perhaps a zone, see [`zone`] |
//! | `%Z` | the word of a zone, of which only UTC, GMT and Z say anything, or an offset where it has no name |
//! | `%L` | the letter of a level |
//! | `%#` | two numbers, or what begins with one, in columns: `  1   0`, `60B  120B` |
//! | `%s` | seconds, milliseconds, microseconds or nanoseconds since 1970 |

use crate::stamp::civil::{self, DAY, HOUR, LEAP_YEAR, MINUTE, SECOND};
use crate::stamp::formats::digits::{digit, two};
use crate::stamp::formats::{epoch, names};
use crate::stamp::{Frame, Stamp};

mod clock;
mod zone;

pub(in crate::stamp) use clock::{half_of_day, minutes as read_minutes, read as read_clock};
pub(in crate::stamp) use zone::{behind_blank as zone_word, zone};

const LEVELS: &[u8] = b"IWEFDVTCN";

/// A fraction of a second: how many nanoseconds, and to how many it is known.
#[derive(Clone, Copy)]
pub(in crate::stamp) struct Fraction {
    pub nanos: i64,
    pub resolution: u32,
}

impl Fraction {
    pub const NONE: Self = Self { nanos: 0, resolution: 1_000_000_000 };
}

#[derive(Default)]
struct Fields {
    year: Option<i64>,
    month: u8,
    day: u8,
    /// How many days the date lies behind 1 January, where neither month nor day says it.
    days: Option<i64>,
    time: i64,
    fraction: Option<Fraction>,
    zone: Option<i16>,
    epoch: Option<Stamp>,
    dateless: bool,
}

/// Matches `shape` at `at`: the stamp, and where it ends.
pub(in crate::stamp) fn matches(shape: &[u8], bytes: &[u8], at: usize) -> Option<(Stamp, usize)> {
    let mut fields = Fields { dateless: true, ..Fields::default() };
    let mut at = at;
    let mut rest = shape;
    while let [first, tail @ ..] = rest {
        if *first == b'%' {
            let (field, tail) = tail.split_first()?;
            at = fields.take(*field, bytes, at)?;
            rest = tail;
        } else {
            if bytes.get(at) != Some(first) {
                return None;
            }
            at += 1;
            rest = tail;
        }
    }
    Some((fields.stamp()?, at))
}

impl Fields {
    /// Takes one field at `at` and says where it ends.
    fn take(&mut self, field: u8, bytes: &[u8], at: usize) -> Option<usize> {
        match field {
            b'Y' | b'y' | b'm' | b'n' | b'b' | b'd' | b'e' => self.take_date(field, bytes, at),
            b'H' | b'M' | b'S' => self.take_clock(field, bytes, at),
            b'C' => Some(self.take_whole(&clock::read(bytes, at, self.year.is_some())?)),
            b'D' => Some(self.take_whole(&clock::dotted(bytes, at)?)),
            b'k' => Some(self.take_whole(&clock::minutes(bytes, at)?)),
            b'K' => Some(self.take_whole(&clock::minutes(bytes, at).filter(|clock| clock.halved)?)),
            b'V' | b'u' | b'j' => self.take_days(field, bytes, at),
            b'~' => separator(bytes, at),
            b'_' => Some(at + usize::from(bytes.get(at) == Some(&b' '))),
            b'w' => {
                let word = bytes.get(at..)?.iter().take(64).take_while(|b| b.is_ascii_graphic()).count();
                (word > 0).then_some(at + word)
            }
            b't' => matches!(bytes.get(at)?, b' ' | b'T' | b't').then_some(at + 1),
            b'L' => LEVELS.contains(bytes.get(at)?).then_some(at + 1),
            b'#' => columns(bytes, at),
            b's' => {
                let (stamp, end) = epoch::number(bytes, at)?;
                self.epoch = Some(stamp);
                Some(end)
            }
            b'z' => {
                let Some((zone, end)) = zone(bytes, at) else { return Some(at) };
                self.zone = Some(zone);
                Some(end)
            }
            b'Z' => {
                let (zone, end) = zone::word(bytes, at)?;
                self.zone = zone;
                Some(end)
            }
            _ => {
                let (fraction, end) = match field {
                    b'f' => fraction(bytes, at)?,
                    _ => fraction_of_cpp(bytes, at)?,
                };
                self.fraction = Some(fraction);
                Some(end)
            }
        }
    }

    fn take_date(&mut self, field: u8, bytes: &[u8], at: usize) -> Option<usize> {
        self.dateless = false;
        match field {
            b'Y' => {
                let year = i64::from(two(bytes, at)?) * 100 + i64::from(two(bytes, at + 2)?);
                self.year = Some(year).filter(|y| (1970..2200).contains(y));
                self.year.map(|_| at + 4)
            }
            b'y' => {
                self.year = Some(2000 + i64::from(two(bytes, at)?));
                Some(at + 2)
            }
            b'm' => {
                self.month = two(bytes, at)?;
                Some(at + 2)
            }
            b'n' => {
                self.month = digit(bytes, at)?;
                Some(at + 1)
            }
            b'b' => {
                let (month, len) = names::month(bytes.get(at..)?)?;
                self.month = month;
                Some(at + len)
            }
            b'd' => {
                self.day = two(bytes, at)?;
                Some(at + 2)
            }
            _ => {
                let start = at + usize::from(bytes.get(at) == Some(&b' '));
                let both = if start == at { two(bytes, at) } else { None };
                self.day = both.or_else(|| digit(bytes, start))?;
                Some(ordinal_end(bytes, if both.is_some() { at + 2 } else { start + 1 }))
            }
        }
    }

    fn take_whole(&mut self, clock: &clock::TimeOfDay) -> usize {
        self.time = clock.time;
        self.fraction = Some(clock.fraction);
        self.zone = clock.zone;
        clock.end
    }

    /// A part of a date that has neither month nor day; the year was taken.
    fn take_days(&mut self, field: u8, bytes: &[u8], at: usize) -> Option<usize> {
        let year = self.year?;
        match field {
            b'V' => {
                let week = two(bytes, at).filter(|week| (1..=53).contains(week))?;
                self.days = Some(civil::first_week(year) + i64::from(week - 1) * 7);
                Some(at + 2)
            }
            b'u' => {
                let day = digit(bytes, at).filter(|day| (1..=7).contains(day))?;
                self.days = self.days.map(|days| days + i64::from(day - 1));
                Some(at + 1)
            }
            _ => {
                let day = i64::from(two(bytes, at)?) * 10 + i64::from(digit(bytes, at + 2)?);
                let last = 365 + i64::from(civil::is_leap(year));
                self.days = Some(day - 1).filter(|_| (1..=last).contains(&day));
                self.days.map(|_| at + 3)
            }
        }
    }

    fn take_clock(&mut self, field: u8, bytes: &[u8], at: usize) -> Option<usize> {
        let value = two(bytes, at)?;
        let (most, unit) = match field {
            b'H' => (23, HOUR),
            b'M' => (59, MINUTE),
            _ => (60, SECOND),
        };
        self.time += i64::from(value) * unit;
        (value <= most).then_some(at + 2)
    }

    fn stamp(&self) -> Option<Stamp> {
        if self.epoch.is_some() {
            return self.epoch;
        }
        let fraction = self.fraction.unwrap_or(Fraction::NONE);
        let time = self.time + fraction.nanos;
        if self.dateless {
            let time = Stamp::new(Frame::Dayless, time.rem_euclid(DAY), fraction.resolution);
            return Some(time.zoned(self.zone));
        }
        if let (Some(year), Some(days)) = (self.year, self.days) {
            let ns = civil::date(year, 1, 1) + days * DAY + time;
            return Some(Stamp::civil(ns, fraction.resolution).zoned(self.zone));
        }
        if !civil::is_date(self.year, self.month, self.day) {
            return None;
        }
        Some(match self.year {
            None => {
                let yearless = civil::day_of_leap_year(self.month, self.day) * DAY + time;
                Stamp::new(Frame::Yearless, yearless.rem_euclid(LEAP_YEAR), fraction.resolution)
                    .zoned(self.zone)
            }
            Some(year) => Stamp::civil(civil::date(year, self.month, self.day) + time, fraction.resolution)
                .zoned(self.zone),
        })
    }
}

/// What stands between a date and a time at `at`, and where it ends.
pub(in crate::stamp) fn separator(bytes: &[u8], at: usize) -> Option<usize> {
    match bytes.get(at)? {
        b'T' | b't' | b'\t' | b'-' | b'_' | b'|' | b'@' => Some(at + 1),
        b'.' => (bytes.get(at + 3) == Some(&b':')).then_some(at + 1),
        b':' => Some(at + 1 + usize::from(bytes.get(at + 1) == Some(&b':'))),
        b',' | b';' => Some(at + 1 + usize::from(bytes.get(at + 1) == Some(&b' '))),
        b' ' if bytes[at..].starts_with(b" - ") || bytes[at..].starts_with(b" | ") => Some(at + 3),
        b' ' if bytes[at..].starts_with(b" -- ") => Some(at + 4),
        b' ' if bytes[at..].starts_with(b" at ") => Some(at + 4),
        b' ' if bytes[at..].starts_with(b" @ ") => Some(at + 3),
        b' ' => match bytes[at..].iter().take(3).take_while(|b| **b == b' ').count() {
            1 if !bytes.get(at + 1)?.is_ascii_digit() => behind_word(bytes, at + 1),
            blanks => Some(at + blanks),
        },
        b'(' => behind_word(bytes, at),
        _ => None,
    }
}

/// Where a time stands behind the word at `at`, which follows a date: a weekday in brackets perhaps, `(日) `, `Sun `, or
/// what says that a time comes, `à `.
#[cold]
fn behind_word(bytes: &[u8], at: usize) -> Option<usize> {
    const LONGEST: usize = 12;
    const LINKS: [&str; 2] = ["à", "um"];
    let word = &bytes[at..bytes.len().min(at + LONGEST)];
    let word = &word[..word.iter().position(|b| matches!(b, b' ' | b'0'..=b'9' | b'\n'))?];
    let is_link = || LINKS.iter().any(|link| link.as_bytes() == word);
    let is_weekday = || names::weekday(word) == Some(word.len()) || word.iter().all(|b| *b >= 0x80);
    let end = at + word.len();
    match (word, bytes.get(end)?) {
        ([b'(', .., b')'], next) => Some(end + usize::from(*next == b' ')),
        ([_, ..], b' ') => (is_link() || is_weekday()).then_some(end + 1),
        _ => None,
    }
}

/// Where a day's number, which ends at `end`, is over as an ordinal: `22nd`, or in German `22. `.
#[inline]
fn ordinal_end(bytes: &[u8], end: usize) -> usize {
    match bytes.get(end..) {
        Some(
            [b's', b't', b' ' | b',', ..]
            | [b'n' | b'r', b'd', b' ' | b',', ..]
            | [b't', b'h', b' ' | b',', ..],
        ) => end + 2,
        Some([b'.', b' ', ..]) => end + 1,
        _ => end,
    }
}

/// Digits from `at` on, at most nine, as nanoseconds; more than nine are no fraction.
#[inline]
fn decimals(bytes: &[u8], at: usize) -> Option<(Fraction, usize)> {
    let (mut value, mut unit, mut end) = (0_i64, 1_000_000_000_i64, at);
    while let Some(d) = digit(bytes, end) {
        if unit == 1 {
            return None;
        }
        value = value * 10 + i64::from(d);
        unit /= 10;
        end += 1;
    }
    Some((Fraction { nanos: value * unit, resolution: unit.cast_unsigned() as u32 }, end))
}

/// Perhaps a fraction at `at`; `None` where there is one that is too long.
#[inline]
pub(in crate::stamp) fn fraction(bytes: &[u8], at: usize) -> Option<(Fraction, usize)> {
    if matches!(bytes.get(at), Some(b'.' | b',')) && digit(bytes, at + 1).is_some() {
        return decimals(bytes, at + 1);
    }
    Some((Fraction::NONE, at))
}

/// Perhaps a fraction, in any of the ways in which loggers write one.
fn any_fraction(bytes: &[u8], at: usize) -> Option<(Fraction, usize)> {
    if bytes.get(at) == Some(&b':') {
        return Some(behind_colon(bytes, at + 1).unwrap_or((Fraction::NONE, at)));
    }
    let (millis, end) = fraction(bytes, at)?;
    if end == at + 4
        && bytes.get(end) == Some(&b'.')
        && let Some((micros, last)) = decimals(bytes, end + 1).filter(|(_, last)| *last == end + 4)
    {
        let nanos = millis.nanos + micros.nanos / 1000;
        return Some((Fraction { nanos, resolution: 1000 }, last));
    }
    Some((millis, end))
}

/// A fraction that stands behind a colon: milliseconds, as log4j's `HH:mm:ss:SSS` has them, which cuFile does not pad (`06:47:12:7
/// [pid=412`), or DOCA's microseconds before a bracket's end.
fn behind_colon(bytes: &[u8], at: usize) -> Option<(Fraction, usize)> {
    let (fraction, end) = decimals(bytes, at)?;
    match end - at {
        1 | 2 if bytes[end..].starts_with(b" [pid=") => {
            let millis = bytes[at..end].iter().fold(0, |millis, digit| millis * 10 + i64::from(digit - b'0'));
            Some((Fraction { nanos: millis * 1_000_000, resolution: 1_000_000 }, end))
        }
        3 => (bytes.get(end) != Some(&b':')).then_some((fraction, end)),
        6 => (bytes.get(end) == Some(&b']')).then_some((fraction, end)),
        _ => None,
    }
}

/// Where the first of two columns ends, which begin with a digit each.
fn columns(bytes: &[u8], at: usize) -> Option<usize> {
    let blanks = |at: usize| at + bytes[at..].iter().take(8).take_while(|b| **b == b' ').count();
    let first = blanks(at);
    let end = first + bytes[first..].iter().take(8).take_while(|b| **b != b' ').count();
    let second = blanks(end);
    let digit = |at: usize| bytes.get(at).is_some_and(u8::is_ascii_digit);
    (second > end && digit(first) && digit(second)).then_some(end)
}

fn fraction_of_cpp(bytes: &[u8], at: usize) -> Option<(Fraction, usize)> {
    let (fraction, end) = fraction(bytes, at)?;
    match end - at {
        0 => None,
        10 => Some((Fraction::NONE, end)),
        _ => Some((fraction, end)),
    }
}
