//! Dates that begin with their year and do not pad what follows: `2026-1-5 06:47:12`, `2026/11/5 6:47:12`.

use crate::stamp::formats::digits::{digit, two};
use crate::stamp::formats::{family, shape};
use crate::stamp::{Stamp, civil};

/// How long a date is that is padded, which the families know.
const PADDED: usize = 10;

/// The date and time at `at`, and where it ends.
pub(in crate::stamp) fn at(bytes: &[u8], at: usize) -> Option<(Stamp, usize)> {
    let year = i64::from(two(bytes, at)?) * 100 + i64::from(two(bytes, at + 2)?);
    let mark = *bytes.get(at + 4).filter(|mark| matches!(mark, b'-' | b'/' | b'.'))?;
    let (month, end) = number(bytes, at + 5)?;
    if bytes.get(end) != Some(&mark) {
        return None;
    }
    let (day, end) = number(bytes, end + 1)?;
    let dated = (1970..2200).contains(&year) && civil::is_date(Some(year), month, day);
    if end == at + PADDED || !dated {
        return None;
    }
    let clock = shape::read_clock(bytes, shape::separator(bytes, end)?, true)?;
    let ns = civil::date(year, month, day) + clock.time + clock.fraction.nanos;
    let stamp = Stamp::civil(ns, clock.fraction.resolution).zoned(clock.zone);
    family::is_free(bytes, clock.end).then_some((stamp, clock.end))
}

/// A number of one or two digits.
fn number(bytes: &[u8], at: usize) -> Option<(u8, usize)> {
    match two(bytes, at) {
        Some(number) => Some((number, at + 2)),
        None => Some((digit(bytes, at)?, at + 1)),
    }
}
