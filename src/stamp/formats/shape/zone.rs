//! The zone behind a time: `%z` and `%Z`.

use crate::stamp::formats::digits::{digit, two};

/// The sign that typography has for minus.
const MINUS: &[u8] = "\u{2212}".as_bytes();

/// A zone at `at`, after a blank perhaps: its offset in minutes, and where it ends.
///
/// `Z`, `UTC`, `GMT`, `+hh:mm`, `+hhmm`, `+hh`, and one ahead of UTC or GMT: `UTC+2`, `GMT-08:00`. Other words say
/// nothing.
#[inline]
pub(in crate::stamp) fn zone(bytes: &[u8], at: usize) -> Option<(i16, usize)> {
    let start = at + usize::from(bytes.get(at) == Some(&b' '));
    match bytes.get(start)? {
        b'Z' | b'z' if start == at => Some((0, at + 1)),
        b'Z' | b'U' | b'G' | b'u' | b'g' => named(bytes, start),
        open @ (b'(' | b'[') if start > at => {
            let (0, end) = named(bytes, start + 1)? else { return None };
            let close = if *open == b'(' { b')' } else { b']' };
            // `[Z]` is rather a name.
            let named = *open == b'(' || end > start + 2;
            (named && bytes.get(end) == Some(&close)).then_some((0, end + 1))
        }
        sign @ (b'+' | b'-') => {
            let (offset, end) = offset(bytes, start + 1)?;
            // After a blank only the full form is a zone, "06:47:12 -1" is not; or hours as PostgreSQL writes them.
            let hours =
                || bytes[start + 1] == b'0' && matches!(bytes.get(end), None | Some(b' ' | b'\n' | b']'));
            (start == at || end >= start + 5 || hours()).then_some((signed(*sign, offset), end))
        }
        0xe2 if bytes[start..].starts_with(MINUS) => {
            offset(bytes, start + MINUS.len()).map(|(offset, end)| (-offset, end))
        }
        _ => None,
    }
}

/// UTC or GMT, and what may be ahead of it.
fn named(bytes: &[u8], start: usize) -> Option<(i16, usize)> {
    let word = bytes[start..].iter().take(4).take_while(|b| b.is_ascii_alphanumeric()).count();
    let end = start + word;
    if !matches!(&bytes[start..end], b"Z" | b"UTC" | b"GMT" | b"utc" | b"gmt") {
        return None;
    }
    let sign = bytes.get(end).filter(|sign| matches!(sign, b'+' | b'-') && word == 3);
    let ahead = sign.and_then(|sign| Some((sign, offset(bytes, end + 1).or_else(|| hour(bytes, end + 1))?)));
    Some(ahead.map_or((0, end), |(sign, (offset, end))| (signed(*sign, offset), end)))
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

/// Hours of one digit, with minutes perhaps: `8`, `5:30`.
fn hour(bytes: &[u8], at: usize) -> Option<(i16, usize)> {
    let hours = i16::from(digit(bytes, at)?) * 60;
    let minutes = two(bytes, at + 2).filter(|minutes| bytes[at + 1] == b':' && *minutes <= 59);
    let (offset, end) = minutes.map_or((hours, at + 1), |minutes| (hours + i16::from(minutes), at + 4));
    digit(bytes, end).is_none().then_some((offset, end))
}

/// Where the word of a zone ends that stands behind a blank at `at` and says nothing: ` CET`.
pub(in crate::stamp) fn behind_blank(bytes: &[u8], at: usize) -> Option<usize> {
    let word = (bytes.get(at) == Some(&b' ')).then_some(at + 1)?;
    self::word(bytes, word).map(|(_, end)| end)
}

/// The word of a zone at `at`: what it says, if anything, and where it ends.
pub(super) fn word(bytes: &[u8], at: usize) -> Option<(Option<i16>, usize)> {
    if let Some((offset, end)) = zone(bytes, at) {
        return Some((Some(offset), end));
    }
    let len = bytes.get(at..)?.iter().take_while(|b| b.is_ascii_uppercase()).count();
    (1..=5).contains(&len).then_some((None, at + len))
}
