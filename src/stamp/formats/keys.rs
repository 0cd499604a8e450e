//! The time among the keys of a JSON object or a logfmt record.

use memchr::{memchr, memchr2};
use wide::u8x16;

use crate::stamp::civil::SECOND;
use crate::stamp::formats::evident::Evident;
use crate::stamp::formats::{epoch, family};
use crate::stamp::{Frame, Stamp};

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
    b"timeUnixNano",
];
/// The keys that hold it where none of the others does.
const OTHERS: &[&[u8]] = &[
    b"t",
    b"@t",
    b"_t",
    b"date",
    b"_time",
    b"created",
    b"Created",
    b"created_at",
    b"Timestamp",
    b"TimeStamp",
    b"Time",
    b"TimeGenerated",
    b"_timestamp",
    b"_SOURCE_REALTIME_TIMESTAMP",
    b"observedTimeUnixNano",
    b"time_unix_nano",
    b"time_ms",
    b"time_us",
    b"time_ns",
    b"time_s",
    b"ts_ms",
    b"ts_ns",
    b"timestamp_ms",
    b"timestampMs",
    b"timestampSeconds",
    b"time_local",
    b"time_iso8601",
    b"timeMillis",
    b"epochMillis",
    b"event_time",
    b"eventTime",
    b"EventTime",
    b"log_time",
    b"logtime",
    b"log_timestamp",
    b"logTimestamp",
    b"timeStamp",
    b"timestamp_us",
    b"timestamp_ns",
    b"date_time",
    b"server_timestamp",
    b"dump_timestamp_us",
    b"wall_time",
    b"epochSecond",
    b"event_timestamp",
    b"eventTimestamp",
    b"requestReceivedTimestamp",
    b"lastTimestamp",
    b"dt",
    b"eventtime",
    b"msec",
    b"seconds",
];
/// The keys that hold what lies beyond a whole second.
const NANOS: [&[u8]; 3] = [b"timestampNanos", b"nanos", b"nanoOfSecond"];

/// For each byte, how long the keys are that begin with it: bit `n` for those of `n` bytes.
static LENGTHS: [u32; 256] = {
    let (mut table, mut kind) = ([0; 256], 0);
    let kinds = [KEYS, OTHERS, &NANOS];
    while kind < kinds.len() {
        let mut row = 0;
        while row < kinds[kind].len() {
            let key = kinds[kind][row];
            assert!(key.len() < u32::BITS as usize);
            table[key[0] as usize] |= 1 << key.len();
            row += 1;
        }
        kind += 1;
    }
    table
};

/// Whether `key` may be one of those that are known: of most strings of a record one look tells that they are none.
#[inline]
fn may_be_known(key: &[u8]) -> bool {
    let lengths = key.first().map_or(0, |byte| LENGTHS[usize::from(*byte)]);
    lengths.checked_shr(key.len() as u32).is_some_and(|lengths| lengths & 1 == 1)
}

/// What the keys of an object say of its time.
#[derive(Default)]
struct ObjectTimes {
    /// By one of the [`OTHERS`] of the outermost object.
    other: Option<Stamp>,
    /// By a key of an object inside.
    inner: Option<Stamp>,
    inner_other: Option<Stamp>,
}

/// The time of the JSON object that begins at `at`: the first known key of the outermost object with a plausible
/// value, or else the first of those inside (`{"t":{"$date":...}}`). A key inside an escaped string is text.
pub(in crate::stamp) fn json(bytes: &[u8], at: usize, evident: &mut Evident) -> Option<Stamp> {
    let known = evident.tracks.follow(bytes, at);
    known.and_then(|at| value(bytes, at, evident)).or_else(|| every_key(bytes, at, evident))
}

/// The same by a look at every key; the twin of what follows a track.
pub(in crate::stamp) fn every_key(bytes: &[u8], begin: usize, evident: &mut Evident) -> Option<Stamp> {
    let mut at = skip_space(bytes, begin + 1);
    if bytes.get(at) != Some(&b'"') {
        return None;
    }
    let (mut depth, mut told) = (1_u32, ObjectTimes::default());
    // Whether there was a known key as yet.
    let mut met = false;
    while let Some(byte) = bytes.get(at) {
        match byte {
            b'"' => {
                let Some(end) = string_end(bytes, at + 1) else { break };
                let key = &bytes[at + 1..end];
                at = end + 1;
                if !may_be_known(key) {
                    continue;
                }
                if (depth == 1 || told.inner.is_none()) && KEYS.contains(&key) {
                    let found = json_value(bytes, at, evident);
                    if depth == 1 && found.is_some() {
                        if let Some(value) = value_at(bytes, at).filter(|_| !met) {
                            evident.tracks.learn(bytes, begin, value);
                        }
                        return found;
                    }
                    told.inner = told.inner.or(found);
                } else if OTHERS.contains(&key) {
                    let slot = if depth == 1 { &mut told.other } else { &mut told.inner_other };
                    *slot = slot.or_else(|| json_value(bytes, at, evident));
                } else if NANOS.contains(&key) {
                    told.add_nanos(bytes, at, depth == 1);
                } else {
                    continue;
                }
                met = true;
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
    told.other.or(told.inner).or(told.inner_other)
}

impl ObjectTimes {
    /// Adds the nanoseconds after a key that ends at `at` to the whole seconds that were told of in the same object.
    #[cold]
    fn add_nanos(&mut self, bytes: &[u8], at: usize, outer: bool) {
        let slot = if outer { &mut self.other } else { &mut self.inner_other };
        let Some(stamp) = slot.as_mut().filter(|stamp| i64::from(stamp.resolution) == SECOND) else { return };
        let Some(at) = value_at(bytes, at) else { return };
        let digits = bytes[at..].iter().take(10).take_while(|b| b.is_ascii_digit()).count();
        let nanos = str::from_utf8(&bytes[at..at + digits]).ok().and_then(|text| text.parse().ok());
        if let Some(nanos) = nanos.filter(|nanos| (0..SECOND).contains(nanos)) {
            stamp.ns += nanos;
            stamp.resolution = 1;
        }
    }
}

/// The value after a key that ends at `at`, where it is a time.
fn json_value(bytes: &[u8], at: usize, evident: &mut Evident) -> Option<Stamp> {
    value(bytes, value_at(bytes, at)?, evident)
}

/// The time of a line of an object that is printed over several, of which a known key begins at the quote at `at`: the value of
/// that is the last of the line.
pub(in crate::stamp) fn member(bytes: &[u8], at: usize, evident: &mut Evident) -> Option<Stamp> {
    let end = string_end(bytes, at + 1)?;
    let key = &bytes[at + 1..end];
    if !may_be_known(key) || !(KEYS.contains(&key) || OTHERS.contains(&key)) {
        return None;
    }
    let start = value_at(bytes, end + 1)?;
    let rest = bytes[start..].trim_ascii_end();
    let rest = rest.strip_suffix(b",").unwrap_or(rest);
    let is_last = !rest.iter().any(|b| matches!(b, b'{' | b'}')) && !rest.windows(2).any(|two| two == b"\",");
    value(bytes, start, evident).filter(|_| is_last)
}

/// Where the value begins of a key that ends at `at`, behind its quote.
pub(in crate::stamp) fn value_at(bytes: &[u8], at: usize) -> Option<usize> {
    let at = skip_space(bytes, at);
    if bytes.get(at) != Some(&b':') {
        return None;
    }
    let at = skip_space(bytes, at + 1);
    Some(at + usize::from(bytes.get(at) == Some(&b'"')))
}

/// The time of a logfmt record that begins at `at`: `ts=... level=info msg="..."`, or `msg=audit(1795330032.579:2995)`.
pub(in crate::stamp) fn logfmt(bytes: &[u8], at: usize, evident: &mut Evident) -> Option<Stamp> {
    const AUDIT: &[u8] = b"audit(";
    let (mut at, mut other) = (at, None);
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
        let key = &bytes[at..end];
        first = false;
        let quote = bytes.get(end + 1).copied().filter(|b| matches!(b, b'"' | b'\''));
        let start = end + 1 + usize::from(quote.is_some());
        let known = may_be_known(key);
        if known
            && KEYS.contains(&key)
            && let Some(stamp) = value(bytes, start, evident)
        {
            return Some(stamp);
        }
        if known && OTHERS.contains(&key) {
            other = other.or_else(|| value(bytes, start, evident));
        } else if key == b"msg" && bytes[start..].starts_with(AUDIT) {
            other = other.or_else(|| value(bytes, start + AUDIT.len(), evident));
        }
        let stop = match quote {
            Some(b'"') => string_end(bytes, start).map(|end| end + 1),
            Some(quote) => memchr(quote, &bytes[start..]).map(|end| start + end + 1),
            None => memchr2(b' ', b'\n', &bytes[start..]).map(|end| start + end),
        };
        let Some(stop) = stop else { break };
        at = skip_space(bytes, stop);
    }
    other
}

/// A stamp or a plausible number at `at`.
#[inline]
fn value(bytes: &[u8], at: usize, evident: &mut Evident) -> Option<Stamp> {
    if let Some((stamp, _)) = evident.memo.at(bytes, at) {
        return Some(stamp);
    }
    let number = epoch::number(bytes, at).filter(|(_, end)| family::is_free(bytes, *end));
    let hit = number.or_else(|| family::at(bytes, at, &mut evident.order));
    hit.map(|(stamp, _)| stamp).filter(|stamp| stamp.frame != Frame::Dayless)
}

/// Where the string that begins at `at` has its closing quote.
#[inline]
pub(in crate::stamp) fn string_end(bytes: &[u8], mut at: usize) -> Option<usize> {
    // Most strings are short: keys, levels. One comparison finds their end.
    if let Some(sixteen) = bytes.get(at..)?.first_chunk() {
        let sixteen = u8x16::new(*sixteen);
        let is = |byte| sixteen.simd_eq(u8x16::splat(byte));
        let first = (is(b'"') | is(b'\\')).to_bitmask().trailing_zeros() as usize;
        if first < 16 && bytes[at + first] == b'"' {
            return Some(at + first);
        }
        at += first.min(16);
    }
    loop {
        at += memchr2(b'"', b'\\', bytes.get(at..)?)?;
        if bytes[at] == b'"' {
            return Some(at);
        }
        at += 2;
    }
}

#[inline]
fn skip_space(bytes: &[u8], mut at: usize) -> usize {
    while matches!(bytes.get(at), Some(b' ' | b'\t')) {
        at += 1;
    }
    at
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::cases;
    use proptest::prelude::*;

    /// The twin of [`string_end`].
    fn byte_by_byte(bytes: &[u8], mut at: usize) -> Option<usize> {
        loop {
            match bytes.get(at)? {
                b'"' => return Some(at),
                b'\\' => at += 2,
                _ => at += 1,
            }
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(cases(2000)))]

        #[test]
        fn a_string_ends_where_each_byte_says(bytes in "[a-z]{0,20}[a-z\"\\\\]{0,40}", at in 0_usize..30) {
            prop_assert_eq!(string_end(bytes.as_bytes(), at), byte_by_byte(bytes.as_bytes(), at));
        }
    }
}
