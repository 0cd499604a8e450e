//! ISO 8601 by hand: the one hot format, with a memo of the minute.
//!
//! The twin of the `iso` row of [`crate::stamp::formats::family`], which it must agree with on every input that
//! `iso_ampm` leaves to it.

use crate::stamp::civil::SECOND;
use crate::stamp::formats::digits::two;
use crate::stamp::formats::{family, shape};
use crate::stamp::{Frame, Stamp};

/// How much of the stamp the memo covers: `2026-11-22 06:47`.
const MINUTE_LEN: usize = 16;
/// How many bytes of a line the quick way looks at: a minute, seconds, milliseconds, and what follows; no more than stand at
/// the end of a JSON object.
const QUICK: usize = 25;

/// The last minute that was read, and what it stands for.
#[derive(Clone)]
pub(in crate::stamp) struct Memo {
    minute: [u8; MINUTE_LEN],
    civil: i64,
}

/// A stamp in a minute that is known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Within {
    /// Nanoseconds since the minute began.
    pub ns: i64,
    /// To how many nanoseconds it is known.
    pub resolution: u32,
    /// Whether it is in UTC.
    pub zulu: bool,
    /// How long it is.
    pub length: usize,
}

impl Within {
    /// The stamp, in the minute that begins at `civil` on the clock.
    #[inline]
    pub(in crate::stamp) fn after(self, civil: i64) -> Stamp {
        let frame = if self.zulu { Frame::Absolute } else { Frame::Civil };
        Stamp::new(frame, civil + self.ns, self.resolution)
    }
}

impl Default for Memo {
    fn default() -> Self {
        Self { minute: *b"1970-01-01 00:00", civil: 0 }
    }
}

impl Memo {
    /// The ISO stamp at `at`, and where it ends.
    #[inline]
    pub fn at(&mut self, bytes: &[u8], at: usize) -> Option<(Stamp, usize)> {
        self.in_same_minute(bytes, at).or_else(|| self.anywhere(bytes, at))
    }

    /// One in the minute of the last one, as most loggers write it; none where it takes more than a look at its bytes.
    #[inline]
    pub fn in_same_minute(&self, bytes: &[u8], at: usize) -> Option<(Stamp, usize)> {
        let within = self.within(bytes, at)?;
        Some((within.after(self.civil), at + within.length))
    }

    /// The minute that is known, in nanoseconds from 1970 as the clock shows them.
    #[inline]
    pub fn civil(&self) -> i64 {
        self.civil
    }

    /// The same as [`Memo::in_same_minute`], from the beginning of the minute on: with no fraction, milliseconds or
    /// microseconds, and then a blank or a bracket and no zone, or `Z`.
    #[inline]
    pub fn within(&self, bytes: &[u8], at: usize) -> Option<Within> {
        within(&self.minute, bytes, at)
    }

    #[inline(never)]
    fn anywhere(&mut self, bytes: &[u8], at: usize) -> Option<(Stamp, usize)> {
        let head: &[u8; MINUTE_LEN + 3] = bytes.get(at..)?.first_chunk()?;
        if head[4] != b'-' || head[13] != b':' || head[16] != b':' {
            return None;
        }
        let minute: [u8; MINUTE_LEN] = *head.first_chunk()?;
        if minute != self.minute {
            self.learn(minute)?;
        }
        let second = two(head, MINUTE_LEN + 1).filter(|s| *s <= 60)?;
        let (fraction, end) = shape::fraction(bytes, at + head.len())?;
        let colon = fraction.resolution == 1_000_000_000 && bytes.get(end) == Some(&b':');
        if colon || shape::half_of_day(bytes, end).is_some() {
            // The rows of the families say which half of the day that means, or whether it is a fraction.
            return None;
        }
        let civil = self.civil + i64::from(second) * SECOND + fraction.nanos;
        let stamp = Stamp::civil(civil, fraction.resolution);
        // Most stamps end at a plain blank with no zone after it; the rest look closer.
        let (stamp, end) = match shape::zone(bytes, end) {
            Some((zone, end)) => (stamp.zoned(Some(zone)), end),
            None => (stamp, end),
        };
        family::is_free(bytes, end).then_some((stamp, end))
    }

    #[cold]
    fn learn(&mut self, minute: [u8; MINUTE_LEN]) -> Option<()> {
        let mut whole = *b"....-..-.. ..:..:00";
        whole[..MINUTE_LEN].copy_from_slice(&minute);
        let (stamp, _) = shape::matches(b"%Y-%m-%d%t%H:%M:%S", &whole, 0)?;
        (self.minute, self.civil) = (minute, stamp.ns);
        Some(())
    }
}

/// The stamp at `at`, if it is in `minute`.
#[inline]
pub(in crate::stamp) fn within<const LEN: usize>(
    minute: &[u8; LEN],
    bytes: &[u8],
    at: usize,
) -> Option<Within> {
    const { assert!(LEN <= MINUTE_LEN) };
    let head: &[u8; QUICK] = bytes.get(at..)?.first_chunk()?;
    let (begin, rest) = head.split_first_chunk()?;
    if begin != minute {
        return None;
    }
    let word = u64::from_le_bytes(*rest.first_chunk()?);
    let Some(millis) = seconds_and_millis(word) else {
        let zulu = ends(head[LEN + 3], head[LEN + 4], || Some(&head[LEN + 5]))?;
        let length = LEN + 3 + usize::from(zulu);
        return Some(Within { ns: whole_seconds(word)? * SECOND, resolution: SECOND as u32, zulu, length });
    };
    let (end, next) = (head[LEN + 7], head[LEN + 8]);
    if end.is_ascii_digit() {
        return with_micros(millis, bytes, at + LEN + 7, LEN + 10);
    }
    let zulu = ends(end, next, || bytes.get(at + LEN + 9))?;
    let length = LEN + 7 + usize::from(zulu);
    Some(Within { ns: millis * (SECOND / 1000), resolution: 1_000_000, zulu, length })
}

/// The same where three more digits stand at `at`; without a zone it is so long.
#[inline]
fn with_micros(millis: i64, bytes: &[u8], at: usize, length: usize) -> Option<Within> {
    let [a, b, c, end, next] = *bytes.get(at..)?.first_chunk()?;
    let micros = three_digits([a, b, c])?;
    let zulu = ends(end, next, || bytes.get(at + 5))?;
    let ns = (millis * 1000 + micros) * 1000;
    Some(Within { ns, resolution: 1000, zulu, length: length + usize::from(zulu) })
}

/// Each byte of a word, `n` times.
const fn bytes(n: u8) -> u64 {
    u64::from_ne_bytes([n; 8])
}

/// `:12,123` as milliseconds, where the seven bytes before the last of `word` are that.
#[inline]
fn seconds_and_millis(word: u64) -> Option<i64> {
    // What is left of a digit is its value, and of a mark nothing; a comma and a dot differ in one bit.
    let apart = (word ^ u64::from_le_bytes(*b":00,0000")) & !(2 << 24) & (u64::MAX >> 8);
    // Nothing may reach the high bit of its byte that is greater than it may be: 5 and 9 for seconds.
    let most = u64::from_le_bytes([0, 5, 9, 0, 9, 9, 9, 0x7f]);
    let over = ((apart & bytes(0x7f)) + (bytes(0x7f) - most)) | apart;
    if over & bytes(0x80) != 0 {
        return None;
    }
    // The digits in pairs: seconds, hundreds (behind the mark, which left 0), and the rest.
    let digits = apart >> 8;
    let pairs = (digits * 10 + (digits >> 8)) & 0x00ff_00ff_00ff;
    Some((((pairs.wrapping_mul(1 | 100 << 16 | 1000 << 32)) >> 32) & 0xffff).cast_signed())
}

/// `:12` as seconds, where the first three bytes of `word` are that, and what follows is no fraction.
#[inline]
fn whole_seconds(word: u64) -> Option<i64> {
    let [b':', tens @ b'0'..=b'5', ones @ b'0'..=b'9', next, ..] = word.to_le_bytes() else { return None };
    let seconds = i64::from(tens - b'0') * 10 + i64::from(ones - b'0');
    (!matches!(next, b'.' | b',' | b':')).then_some(seconds)
}

#[inline]
fn three_digits(bytes: [u8; 3]) -> Option<i64> {
    let [a, b, c] = bytes.map(|byte| byte.wrapping_sub(b'0'));
    (a < 10 && b < 10 && c < 10).then(|| i64::from(a) * 100 + i64::from(b) * 10 + i64::from(c))
}

/// Whether a stamp that ends at `end`, before `next`, is in UTC; `None` where that takes a closer look. `third` is what follows
/// those.
#[inline]
fn ends<'b>(end: u8, next: u8, third: impl FnOnce() -> Option<&'b u8>) -> Option<bool> {
    match (end, next) {
        (b' ', _) if !BEGINS_ZONE[usize::from(next)] => Some(false),
        // A zone may stand in a bracket of its own.
        (b' ', b'[') => (!matches!(third(), Some(b'U' | b'G' | b'u' | b'g'))).then_some(false),
        (b']', _) => Some(false),
        (b'Z', b'"' | b' ' | b']') => Some(true),
        _ => None,
    }
}

/// The bytes with which a zone can begin behind a blank, or AM or PM.
static BEGINS_ZONE: [bool; 256] = {
    let (mut table, bytes) = ([false; 256], b"ZUGug([+-APap\xe2");
    let mut row = 0;
    while row < bytes.len() {
        table[bytes[row] as usize] = true;
        row += 1;
    }
    table
};

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stamp::formats::order::Order;
    use proptest::prelude::*;

    /// Lines that are an ISO stamp, or almost one.
    fn almost_iso() -> impl Strategy<Value = Vec<u8>> {
        let year = prop_oneof![Just("2026"), Just("1969"), Just("2024"), Just("2200"), Just("2o26")];
        let date =
            prop_oneof![Just("-11-22"), Just("-02-29"), Just("-13-01"), Just("/11/22"), Just("-00-10")];
        let separator = prop_oneof![Just(" "), Just("T"), Just("t"), Just("_"), Just("-"), Just("")];
        let time = prop_oneof![
            Just("06:47:12"),
            Just("23:59:60"),
            Just("24:00:00"),
            Just("06:60:00"),
            Just("06:47:61")
        ];
        let rest = "([.,][0-9]{0,11})?( ?(Z|UTC|utc|GMT|\\(UTC\\)|\\[(UTC|gmt|Z|UTF|UTC.1)\\]|PST|UTC[+-][0-9]{1,2}(:[0-9]{2})?|[+-][0-9]{1,4}|[+-][0-9]{2}:[0-9]{2}))?[ \"\\]a_/.,0-9+-]{0,3}";
        (year, date, separator, time, rest)
            .prop_map(|(y, d, s, t, r)| format!("{y}{d}{s}{t}{r}").into_bytes())
    }

    proptest! {
        #[test]
        fn the_memo_agrees_with_the_family(lines in proptest::collection::vec(almost_iso(), 1..8), at in 0_usize..3) {
            let mut memo = Memo::default();
            for line in &lines {
                let shape = b"%Y-%m-%d%t%H:%M:%S%f%z";
                let slow = shape::matches(shape, line, at).filter(|(_, end)| family::is_free(line, *end));
                prop_assert_eq!(memo.at(line, at), slow);
                let families = family::at(line, at, &mut Order::default()).filter(|_| slow.is_some());
                prop_assert_eq!(families, slow);
            }
        }

        #[test]
        fn jiff_reads_the_same(
            seconds in 0_i64..7_000_000_000, nanos in 0_u32..1_000_000_000, digits in 0_usize..10, minutes in -1439_i32..1440
        ) {
            let moment = jiff::Timestamp::new(seconds, 0).unwrap();
            let offset = jiff::tz::Offset::from_seconds(minutes * 60).unwrap();
            let wall = offset.to_datetime(moment).strftime("%Y-%m-%d %H:%M:%S").to_string();
            let fraction = if digits == 0 { String::new() } else { format!(".{nanos:09}")[..=digits].to_owned() };
            let (sign, hours) = (if minutes < 0 { '-' } else { '+' }, minutes.abs() / 60);
            let line = format!("{wall}{fraction}{sign}{hours:02}:{:02} x", minutes.abs() % 60);
            let kept = 10_u32.pow(9 - digits as u32);
            let ns = seconds * SECOND + i64::from(nanos / kept * kept);
            let (stamp, _) = Memo::default().at(line.as_bytes(), 0).unwrap();
            prop_assert_eq!((stamp.ns, stamp.resolution, i32::from(stamp.offset)), (ns, kept, minutes));
        }
    }
}
