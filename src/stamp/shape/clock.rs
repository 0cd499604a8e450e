//! A whole time of day with all that may follow it: `%C`.

use super::{Fraction, any_fraction, zone};
use crate::stamp::civil::{HOUR, MINUTE, SECOND};
use crate::stamp::digits::{digit, two};

/// A time of day, in the half of the day that it names.
pub(in crate::stamp) struct Clock {
    /// Nanoseconds since midnight, without the fraction.
    pub time: i64,
    pub fraction: Fraction,
    /// The zone behind it, in minutes.
    pub zone: Option<i16>,
    pub end: usize,
}

/// The time of day at `at`.
///
/// An hour of one digit counts behind two blanks, where it is padded, and before AM or PM.
pub(in crate::stamp) fn read(bytes: &[u8], at: usize) -> Option<Clock> {
    let (hour, end) = match two(bytes, at) {
        Some(hour) => (hour, at + 2),
        None => (digit(bytes, at)?, at + 1),
    };
    let (minute, second) = match bytes.get(end..end + 6)? {
        [b':', _, _, b':', _, _] => (two(bytes, end + 1)?, two(bytes, end + 4)?),
        _ => return None,
    };
    if hour > 23 || minute > 59 || second > 60 {
        return None;
    }
    let padded = end == at + 2 || (at >= 2 && &bytes[at - 2..at] == b"  ");
    let (fraction, end) = any_fraction(bytes, end + 6)?;
    let half = half_of_day(bytes, end).filter(|_| (1..=12).contains(&hour));
    if !padded && half.is_none() {
        return None;
    }
    let (hour, end) = half.map_or((hour, end), |(afternoon, end)| (hour % 12 + afternoon, end));
    let (zone, end) = zone(bytes, end).map_or((None, end), |(zone, end)| (Some(zone), end));
    let time = i64::from(hour) * HOUR + i64::from(minute) * MINUTE + i64::from(second) * SECOND;
    Some(Clock { time, fraction, zone, end })
}

/// AM or PM at `at`, after a blank perhaps: the hours that it adds, and where it ends.
pub(in crate::stamp) fn half_of_day(bytes: &[u8], at: usize) -> Option<(u8, usize)> {
    let start = at + usize::from(bytes.get(at) == Some(&b' '));
    let afternoon = match bytes.get(start..start + 2)? {
        b"AM" | b"am" => 0,
        b"PM" | b"pm" => 12,
        _ => return None,
    };
    (!bytes.get(start + 2).is_some_and(u8::is_ascii_alphanumeric)).then_some((afternoon, start + 2))
}
