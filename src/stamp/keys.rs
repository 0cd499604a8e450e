//! The time among the keys of a JSON object or a logfmt record.

use memchr::memchr2;

use super::iso::Memo;
use super::{Stamp, epoch, family};

/// The keys that hold the time of a record.
const KEYS: &[&[u8]] = &[
    b"timestamp",
    b"ts",
    b"time",
    b"@timestamp",
    b"asctime",
    b"datetime",
    b"$date",
    b"__REALTIME_TIMESTAMP",
];

#[inline]
fn is_time_key(key: &[u8]) -> bool {
    match key.first() {
        Some(b't' | b'@' | b'a' | b'd' | b'$' | b'_') => KEYS.contains(&key),
        _ => false,
    }
}

/// The time of the JSON object that begins at `at`: the first known key of the outermost object with a plausible
/// value, or else the first of those inside (`{"t":{"$date":...}}`). A key inside an escaped string is text.
pub(super) fn json(bytes: &[u8], at: usize, memo: &mut Memo) -> Option<Stamp> {
    let mut at = skip_space(bytes, at + 1);
    if bytes.get(at) != Some(&b'"') {
        return None;
    }
    let (mut depth, mut inner) = (1_u32, None);
    while let Some(byte) = bytes.get(at) {
        match byte {
            b'"' => {
                let end = string_end(bytes, at + 1)?;
                let key = &bytes[at + 1..end];
                at = end + 1;
                if (depth == 1 || inner.is_none()) && is_time_key(key) {
                    let found = json_value(bytes, at, memo);
                    if depth == 1 && found.is_some() {
                        return found;
                    }
                    inner = inner.or(found);
                }
                continue;
            }
            b'{' => depth += 1,
            b'}' => depth -= 1,
            _ => {}
        }
        if depth == 0 {
            break;
        }
        at += 1;
    }
    inner
}

/// The value after a key that ends at `at`, where it is a time.
fn json_value(bytes: &[u8], at: usize, memo: &mut Memo) -> Option<Stamp> {
    let at = skip_space(bytes, at);
    if bytes.get(at) != Some(&b':') {
        return None;
    }
    let at = skip_space(bytes, at + 1);
    value(bytes, at + usize::from(bytes.get(at) == Some(&b'"')), memo)
}

/// The time of a logfmt record that begins at `at`: `ts=... level=info msg="..."`.
pub(super) fn logfmt(bytes: &[u8], at: usize, memo: &mut Memo) -> Option<Stamp> {
    let mut at = at;
    let mut first = true;
    while at < bytes.len() {
        let end = at
            + bytes[at..]
                .iter()
                .position(|b| matches!(b, b'=' | b' ' | b'"' | b'\n'))
                .unwrap_or(bytes.len() - at);
        if bytes.get(end) != Some(&b'=') {
            if first {
                return None;
            }
            at = skip_space(bytes, end + 1);
            continue;
        }
        first = false;
        let quoted = bytes.get(end + 1) == Some(&b'"');
        let start = end + 1 + usize::from(quoted);
        if is_time_key(&bytes[at..end])
            && let Some(stamp) = value(bytes, start, memo)
        {
            return Some(stamp);
        }
        let stop = if quoted {
            string_end(bytes, start)? + 1
        } else {
            memchr2(b' ', b'\n', &bytes[start..])? + start
        };
        at = skip_space(bytes, stop);
    }
    None
}

/// A stamp or a plausible number at `at`.
#[inline]
fn value(bytes: &[u8], at: usize, memo: &mut Memo) -> Option<Stamp> {
    if let Some((stamp, _)) = memo.at(bytes, at) {
        return Some(stamp);
    }
    let number = epoch::number(bytes, at).filter(|(_, end)| family::is_free(bytes, *end));
    number.or_else(|| family::at(bytes, at)).map(|(stamp, _)| stamp)
}

/// Where the string that begins at `at` has its closing quote.
#[inline]
fn string_end(bytes: &[u8], mut at: usize) -> Option<usize> {
    // Most strings are short: keys, levels. One comparison of a word finds their end.
    if let Some(word) = bytes.get(at..)?.first_chunk() {
        let word = u64::from_le_bytes(*word);
        let quotes = zero_bytes(word ^ (ONES * u64::from(b'"')));
        if quotes != 0 && lowest(quotes) < lowest(zero_bytes(word ^ (ONES * u64::from(b'\\')))) {
            return Some(at + lowest(quotes));
        }
    }
    loop {
        at += memchr2(b'"', b'\\', bytes.get(at..)?)?;
        if bytes[at] == b'"' {
            return Some(at);
        }
        at += 2;
    }
}

const ONES: u64 = u64::from_ne_bytes([1; 8]);

/// The high bits of the bytes of `word` that are zero; right up to the lowest of them.
#[inline]
fn zero_bytes(word: u64) -> u64 {
    word.wrapping_sub(ONES) & !word & (ONES << 7)
}

/// The number of the lowest marked byte; 8 where none is.
#[inline]
fn lowest(marks: u64) -> usize {
    marks.trailing_zeros() as usize / 8
}

#[inline]
fn skip_space(bytes: &[u8], mut at: usize) -> usize {
    while matches!(bytes.get(at), Some(b' ' | b'\t')) {
        at += 1;
    }
    at
}
