//! A whole time of day with all that may follow it: `%C`, `%D`, `%k`.

use super::{Fraction, any_fraction, zone};
use crate::stamp::Stamp;
use crate::stamp::civil::{HOUR, MINUTE, SECOND};
use crate::stamp::formats::digits::{digit, two};

/// A time of day, in the half of the day that it names.
pub(in crate::stamp) struct TimeOfDay {
    /// Nanoseconds since midnight, without the fraction.
    pub time: i64,
    pub fraction: Fraction,
    /// The zone behind it, in minutes.
    pub zone: Option<i16>,
    pub end: usize,
    /// Whether AM or PM stands there.
    pub halved: bool,
}

impl TimeOfDay {
    /// The time of so much, of which the number of the hour ends at `hour_end`; at `end` there may be AM or PM and a zone.
    ///
    /// An hour of one digit counts behind two blanks, where it is padded, and before AM or PM; elsewhere where `short` says so.
    #[inline]
    fn closed(
        bytes: &[u8],
        at: usize,
        short: bool,
        hour: u8,
        rest: i64,
        fraction: Fraction,
        end: usize,
    ) -> Option<Self> {
        if hour > 23 {
            return None;
        }
        let padded = digit(bytes, at + 1).is_some() || (at >= 2 && &bytes[at - 2..at] == b"  ");
        let half = half_of_day(bytes, end);
        let is_whole = padded || (short && half.is_none());
        let half = half.filter(|_| (1..=12).contains(&hour));
        if !is_whole && half.is_none() {
            return None;
        }
        let (hour, end) = half.map_or((hour, end), |(afternoon, end)| (hour % 12 + afternoon, end));
        let (zone, end) = zone(bytes, end).map_or((None, end), |(zone, end)| (Some(zone), end));
        Some(Self { time: i64::from(hour) * HOUR + rest, fraction, zone, end, halved: half.is_some() })
    }
}

/// The number of an hour at `at`, of one or two digits, and where it ends.
#[inline]
fn hour(bytes: &[u8], at: usize) -> Option<(u8, usize)> {
    match two(bytes, at) {
        Some(hour) => Some((hour, at + 2)),
        None => Some((digit(bytes, at)?, at + 1)),
    }
}

/// The time of day at `at`: `06:47:12`; where a year stands before it, `6:47:12` too.
pub(in crate::stamp) fn read(bytes: &[u8], at: usize, behind_year: bool) -> Option<TimeOfDay> {
    marked(bytes, at, b':', behind_year)
}

/// The time of day at `at` that has no colons: `06.47.12`, or behind a blank `06-47-12`.
pub(in crate::stamp) fn dotted(bytes: &[u8], at: usize) -> Option<TimeOfDay> {
    two(bytes, at)?;
    match bytes.get(at + 2)? {
        b'.' => {
            let mut clock = marked(bytes, at, b'.', false)?;
            if clock.zone.is_none()
                && let Some((zone, end)) = zone_in_minutes(bytes, clock.end)
            {
                (clock.zone, clock.end) = (Some(zone), end);
            }
            Some(clock)
        }
        b'-' if at > 0 && bytes[at - 1] == b' ' => marked(bytes, at, b'-', false),
        _ => None,
    }
}

fn marked(bytes: &[u8], at: usize, mark: u8, short: bool) -> Option<TimeOfDay> {
    let (hour, end) = hour(bytes, at)?;
    let (minute, second) = match bytes.get(end..end + 6)? {
        [m1, _, _, m2, _, _] if *m1 == mark && *m2 == mark => (two(bytes, end + 1)?, two(bytes, end + 4)?),
        _ => return None,
    };
    if minute > 59 || second > 60 {
        return None;
    }
    let (fraction, end) = match any_fraction(bytes, end + 6)? {
        (_, after) if is_next_field(bytes, at, end + 6, after) => (Fraction::NONE, end + 6),
        fraction => fraction,
    };
    let rest = i64::from(minute) * MINUTE + i64::from(second) * SECOND;
    TimeOfDay::closed(bytes, at, short, hour, rest, fraction, end)
}

/// Whether what looks like a fraction, from `comma` to `end`, is the next field of a row with commas, of which the date and the
/// time are two: `2026-11-22,06:47:12,45,...`. Milliseconds that end such a stamp are a fraction.
fn is_next_field(bytes: &[u8], at: usize, comma: usize, end: usize) -> bool {
    let parted = bytes[..at].ends_with(b",") || bytes[..at].ends_with(b", ");
    parted && bytes.get(comma) == Some(&b',') && (end != comma + 4 || bytes.get(end) == Some(&b','))
}

/// Db2's zone: a sign, and three digits that are minutes.
fn zone_in_minutes(bytes: &[u8], at: usize) -> Option<(i16, usize)> {
    let sign = bytes.get(at).filter(|sign| matches!(sign, b'+' | b'-'))?;
    let minutes = i16::from(two(bytes, at + 1)?) * 10 + i16::from(digit(bytes, at + 3)?);
    let offset = if *sign == b'-' { -minutes } else { minutes };
    digit(bytes, at + 4).is_none().then_some((offset, at + 4))
}

/// The hour and minute at `at`, where no second follows.
pub(in crate::stamp) fn minutes(bytes: &[u8], at: usize) -> Option<TimeOfDay> {
    let (hour, end) = hour(bytes, at)?;
    let minute = two(bytes, end + 1).filter(|minute| bytes[end] == b':' && *minute <= 59)?;
    let fraction = Fraction { nanos: 0, resolution: Stamp::A_MINUTE };
    let clock = TimeOfDay::closed(bytes, at, false, hour, i64::from(minute) * MINUTE, fraction, end + 3)?;
    // Of a longer number, a range, or a time with seconds this is the beginning.
    let goes_on = match bytes.get(clock.end) {
        Some(b':' | b'-' | b'+' | b'0'..=b'9') => true,
        Some(b'.' | b',') => digit(bytes, clock.end + 1).is_some(),
        _ => false,
    };
    (!goes_on).then_some(clock)
}

/// AM or PM at `at`, after a blank perhaps, which may be a narrow or a fixed one: the hours that it adds, and where it
/// ends.
#[inline]
pub(in crate::stamp) fn half_of_day(bytes: &[u8], at: usize) -> Option<(u8, usize)> {
    let start = at
        + match bytes.get(at)? {
            b' ' => 1,
            0xe2 if bytes[at..].starts_with("\u{202f}".as_bytes()) => 3,
            0xc2 if bytes[at..].starts_with("\u{a0}".as_bytes()) => 2,
            _ => 0,
        };
    let afternoon = match bytes.get(start)? {
        b'A' | b'a' => 0,
        b'P' | b'p' => 12,
        _ => return None,
    };
    let rest = &bytes[start + 1..];
    let len = half_in_full(rest).map_or(2, |len| len + 1);
    let is_half = len > 2 || matches!(rest.first(), Some(b'M' | b'm'));
    (is_half && !bytes.get(start + len).is_some_and(u8::is_ascii_alphanumeric))
        .then_some((afternoon, start + len))
}

/// How long the rest of `a.m.` is behind its first letter; in Spanish there is a blank in it, a fixed one perhaps.
fn half_in_full(rest: &[u8]) -> Option<usize> {
    const SPELLINGS: [&str; 6] = [".m.", ".M.", ". m.", ". M.", ".\u{a0}m.", ".\u{202f}m."];
    SPELLINGS.into_iter().find(|full| rest.starts_with(full.as_bytes())).map(str::len)
}
