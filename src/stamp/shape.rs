//! The small language in which stamp formats are written, and its matcher.
//!
//! A shape is text in which `%` and a letter stand for a field, and every other byte for itself:
//!
//! | field | what it takes |
//! |---|---|
//! | `%Y` `%y` | four digits of a year, 1970 to 2199; two digits, 2000 to 2099 |
//! | `%m` `%n` | two digits of a month; one digit, not padded |
//! | `%b` | the name of a month: in English, or as journals have it in other languages |
//! | `%d` `%e` | two digits of a day; one or two, or padded with a blank |
//! | `%H` `%M` `%S` | two digits each: hour, minute, second (60 is the next second) |
//! | `%C` | a whole time of day: hour, minute, second, perhaps a fraction (`.123`, `,123`, `:123`, `.123.456`), AM or PM, a zone |
//! | `%k` | hour and minute, known to a minute |
//! | `%~` | what stands between a date and a time: up to three blanks, `T`, `-`, `_`, `:`, `, `, ` - ` |
//! | `%w` | a word |
//! | `%t` | a blank, or `T` |
//! | `%f` | perhaps a fraction: `.` or `,` and 1 to 9 digits |
//! | `%F` | a fraction; of 9 digits it is no wall clock (PyTorch's C++ logger) and is left out |
//! | `%z` | perhaps a zone: `Z`, `UTC`, `GMT`, `+hh:mm`, `+hhmm`, `+hh` |
//! | `%Z` | the word of a zone, of which only UTC, GMT and Z say anything, or `+hh`, `+hhmm` where it has no name |
//! | `%L` | the letter of a level |
//! | `%s` | seconds, milliseconds, microseconds or nanoseconds since 1970 |

use super::civil::{self, DAY, HOUR, LEAP_YEAR, MINUTE, SECOND};
use super::digits::{digit, two};
use super::{Frame, Stamp, epoch, names};

mod clock;

pub(super) use clock::{half_of_day, read as read_clock};

const LEVELS: &[u8] = b"IWEFDVTCN";

/// A fraction of a second: how many nanoseconds, and to how many it is known.
#[derive(Clone, Copy)]
pub(super) struct Fraction {
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
    time: i64,
    fraction: Option<Fraction>,
    zone: Option<i16>,
    epoch: Option<Stamp>,
    dateless: bool,
}

/// Matches `shape` at `at`: the stamp, and where it ends.
pub(super) fn matches(shape: &[u8], bytes: &[u8], at: usize) -> Option<(Stamp, usize)> {
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
            b'C' => {
                let clock = clock::read(bytes, at)?;
                self.time = clock.time;
                self.fraction = Some(clock.fraction);
                self.zone = clock.zone;
                Some(clock.end)
            }
            b'k' => {
                let at = self.take_clock(b'H', bytes, at).filter(|at| bytes.get(*at) == Some(&b':'))?;
                self.fraction = Some(Fraction { nanos: 0, resolution: Stamp::A_MINUTE });
                self.take_clock(b'M', bytes, at + 1)
            }
            b'~' => separator(bytes, at),
            b'w' => {
                let word = bytes.get(at..)?.iter().take(64).take_while(|b| b.is_ascii_graphic()).count();
                (word > 0).then_some(at + word)
            }
            b't' => matches!(bytes.get(at)?, b' ' | b'T').then_some(at + 1),
            b'L' => LEVELS.contains(bytes.get(at)?).then_some(at + 1),
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
                let (zone, end) = zone_word(bytes, at)?;
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
                Some(if both.is_some() { at + 2 } else { start + 1 })
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
pub(super) fn separator(bytes: &[u8], at: usize) -> Option<usize> {
    match bytes.get(at)? {
        b'T' | b'-' | b'_' | b':' => Some(at + 1),
        b',' => Some(at + 1 + usize::from(bytes.get(at + 1) == Some(&b' '))),
        b' ' if bytes[at..].starts_with(b" - ") => Some(at + 3),
        b' ' => Some(at + bytes[at..].iter().take(3).take_while(|b| **b == b' ').count()),
        _ => None,
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
pub(super) fn fraction(bytes: &[u8], at: usize) -> Option<(Fraction, usize)> {
    if matches!(bytes.get(at), Some(b'.' | b',')) && digit(bytes, at + 1).is_some() {
        return decimals(bytes, at + 1);
    }
    Some((Fraction::NONE, at))
}

/// Perhaps a fraction, in any of the ways in which loggers write one.
fn any_fraction(bytes: &[u8], at: usize) -> Option<(Fraction, usize)> {
    if bytes.get(at) == Some(&b':') {
        // Milliseconds behind a colon, as log4j's `HH:mm:ss:SSS` has them.
        let millis =
            decimals(bytes, at + 1).filter(|(_, end)| *end == at + 4 && bytes.get(*end) != Some(&b':'));
        return Some(millis.unwrap_or((Fraction::NONE, at)));
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

fn fraction_of_cpp(bytes: &[u8], at: usize) -> Option<(Fraction, usize)> {
    let (fraction, end) = fraction(bytes, at)?;
    match end - at {
        0 => None,
        10 => Some((Fraction::NONE, end)),
        _ => Some((fraction, end)),
    }
}

/// A zone at `at`, after a blank perhaps: its offset in minutes, and where it ends.
#[inline]
pub(super) fn zone(bytes: &[u8], at: usize) -> Option<(i16, usize)> {
    let start = at + usize::from(bytes.get(at) == Some(&b' '));
    match bytes.get(start)? {
        b'Z' | b'z' if start == at => Some((0, at + 1)),
        b'Z' | b'U' | b'G' => {
            let end = word_end(bytes, start);
            if !matches!(&bytes[start..end], b"Z" | b"UTC" | b"GMT") {
                return None;
            }
            // `UTC+02:00` is ahead of it.
            let sign = bytes.get(end).filter(|sign| matches!(sign, b'+' | b'-') && bytes[start] != b'Z');
            let ahead = sign.and_then(|sign| Some((sign, offset(bytes, end + 1)?)));
            Some(ahead.map_or((0, end), |(sign, (offset, end))| (signed(*sign, offset), end)))
        }
        sign @ (b'+' | b'-') => {
            let (offset, end) = offset(bytes, start + 1)?;
            // After a blank only the full form is a zone: "06:47:12 -1" is not.
            if start > at && end < start + 5 {
                return None;
            }
            Some((signed(*sign, offset), end))
        }
        _ => None,
    }
}

fn signed(sign: u8, offset: i16) -> i16 {
    if sign == b'-' { -offset } else { offset }
}

fn offset(bytes: &[u8], at: usize) -> Option<(i16, usize)> {
    let hours = i16::from(two(bytes, at)?);
    let colon = usize::from(bytes.get(at + 2) == Some(&b':'));
    let (minutes, end) = match two(bytes, at + 2 + colon) {
        Some(minutes) => (i16::from(minutes), at + 4 + colon),
        None => (0, at + 2),
    };
    (hours <= 23 && minutes <= 59 && digit(bytes, end).is_none()).then_some((hours * 60 + minutes, end))
}

fn word_end(bytes: &[u8], start: usize) -> usize {
    bytes[start..].iter().position(|b| !b.is_ascii_alphanumeric()).map_or(bytes.len(), |n| start + n)
}

/// The word of a zone at `at`: what it says, if anything, and where it ends.
fn zone_word(bytes: &[u8], at: usize) -> Option<(Option<i16>, usize)> {
    if matches!(bytes.get(at), Some(b'+' | b'-')) {
        return zone(bytes, at).map(|(offset, end)| (Some(offset), end));
    }
    let end = at + bytes.get(at..)?.iter().take_while(|b| b.is_ascii_uppercase()).count();
    let zone = matches!(&bytes[at..end], b"Z" | b"UTC" | b"GMT").then_some(0);
    (1..=5).contains(&(end - at)).then_some((zone, end))
}
