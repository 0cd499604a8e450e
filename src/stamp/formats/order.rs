//! Dates of which day and month are two numbers: `05/02/2026` is 2 May or 5 February.
//!
//! One line cannot tell, but a file can: a number over 12 is a day, and what is the order on one line is the order on
//! all. Until such a line says so, the month is first, and whoever asks is told that this was a guess.

use crate::stamp::formats::digits::{digit, two};
use crate::stamp::formats::family;
use crate::stamp::formats::shape;
use crate::stamp::{Stamp, civil};

/// Which of day and month stands first.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum First {
    /// The month, or there is no date that may be either.
    #[default]
    Month,
    /// The month, which is a guess: no line so far tells.
    Open,
    /// The day.
    Day,
}

/// The order in a file, and what the lines so far say of it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Order {
    /// How dates are read that may be either.
    pub first: First,
    /// Lines whose date may be either.
    pub either: u32,
    /// Lines that say that the month is first.
    pub month: u32,
    /// Lines that say that the day is.
    pub day: u32,
}

impl Order {
    /// Dates are read so, and nothing was seen.
    pub fn new(first: First) -> Self {
        Self { first, ..Self::default() }
    }

    /// Adds what other lines say.
    pub fn join(&mut self, other: Self) {
        self.either = self.either.saturating_add(other.either);
        self.month = self.month.saturating_add(other.month);
        self.day = self.day.saturating_add(other.day);
    }

    /// What the lines so far say, by their majority; of as many on either side the month.
    pub fn says(&self) -> First {
        match (self.month, self.day) {
            (0, 0) if self.either > 0 => First::Open,
            (month, day) if day > month => First::Day,
            _ => First::Month,
        }
    }
}

/// The date and time at `at`, and where it ends: `11/22/2026 06:47:12`, or `[11/22/26 06:47:12]`, where the bracket says
/// that two digits are a year. The mark between the numbers may be a dash.
pub(in crate::stamp) fn at(bytes: &[u8], at: usize, order: &mut Order) -> Option<(Stamp, usize)> {
    let open = bytes.get(at) == Some(&b'[');
    let (first, end) = number(bytes, at + usize::from(open))?;
    let mark = *bytes.get(end).filter(|mark| matches!(mark, b'/' | b'-'))?;
    let (second, end) = number(bytes, end + 1)?;
    if bytes.get(end) != Some(&mark) {
        return None;
    }
    let (year, end) = year(bytes, end + 1, open)?;
    let time = shape::separator(bytes, end)?;
    let mut clock = shape::read_clock(bytes, time, true).or_else(|| shape::read_minutes(bytes, time))?;
    if open
        && clock.zone.is_none()
        && let Some(word) = shape::zone_word(bytes, clock.end)
    {
        // WebSphere's `[11/22/26 6:47:12:123 CET]`.
        clock.end = word;
    }
    let dated = |month: u8, day: u8| {
        let ns = civil::date(year, month, day) + clock.time + clock.fraction.nanos;
        Stamp::civil(ns, clock.fraction.resolution).zoned(clock.zone)
    };
    let closed = usize::from(open && bytes.get(clock.end) == Some(&b']'));
    if (open && closed == 0) || !family::is_free(bytes, clock.end + closed) {
        return None;
    }
    if open && mark == b'-' && civil::is_date(Some(2000 + i64::from(first)), second, short(year)) {
        // `[26-11-22 06:47:12]` may begin with its year: the file has to elect that.
        return None;
    }
    let is_date = |month, day| civil::is_date(Some(year), month, day);
    let (month, day) = match (is_date(first, second), is_date(second, first)) {
        (true, true) if is_day_first(bytes, mark, end, clock.end) => {
            order.day = order.day.saturating_add(1);
            (second, first)
        }
        (true, true) => {
            order.either = order.either.saturating_add(u32::from(first != second));
            if order.first == First::Day { (second, first) } else { (first, second) }
        }
        (true, false) => {
            order.month = order.month.saturating_add(1);
            (first, second)
        }
        (false, true) => {
            order.day = order.day.saturating_add(1);
            (second, first)
        }
        (false, false) => return None,
    };
    Some((dated(month, day), clock.end + closed))
}

/// Whether a date that may be either, and ends at `date` before a time that ends at `time`, is of a program that puts the day
/// first: Suricata's `05/11/2026 -- 06:47:12`, cuFile's `05-11-2026 06:47:12:7 [pid=412`, with milliseconds behind a colon, and
/// gcsfuse's `time="05/11/2026 06:47:12.123456" severity=`.
#[cold]
fn is_day_first(bytes: &[u8], mark: u8, date: usize, time: usize) -> bool {
    let behind = &bytes[time..];
    match mark {
        b'/' => bytes[date..].starts_with(b" -- ") || behind.starts_with(b"\" severity="),
        _ => behind.starts_with(b" [pid=") && memchr::memchr_iter(b':', &bytes[date..time]).count() == 3,
    }
}

/// The last two digits of a year.
fn short(year: i64) -> u8 {
    u8::try_from(year % 100).unwrap_or_default()
}

/// A number of one or two digits.
fn number(bytes: &[u8], at: usize) -> Option<(u8, usize)> {
    match two(bytes, at) {
        Some(number) => Some((number, at + 2)),
        None => Some((digit(bytes, at)?, at + 1)),
    }
}

/// A year of four digits, or of two where `short` ones count, and where it ends.
fn year(bytes: &[u8], at: usize, short: bool) -> Option<(i64, usize)> {
    let head = i64::from(two(bytes, at)?);
    match two(bytes, at + 2) {
        Some(tail) if !short => {
            Some((head * 100 + i64::from(tail), at + 4)).filter(|(year, _)| (1970..2200).contains(year))
        }
        None if short => Some((2000 + head, at + 2)),
        _ => None,
    }
}
