//! ISO 8601 by hand: the one hot format, with a memo of the minute.
//!
//! The twin of the `iso` row of [`super::family`], which it must agree with on every input that `iso_ampm` leaves to it.

use super::civil::SECOND;
use super::digits::two;
use super::{Frame, Stamp, family, shape};

/// How much of the stamp the memo covers: `2026-11-22 06:47`.
const MINUTE_LEN: usize = 16;

/// The last minute that was read, and what it stands for.
#[derive(Clone)]
pub(super) struct Memo {
    minute: [u8; MINUTE_LEN],
    civil: i64,
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

    /// The commonest stamps of all: in the minute of the last one, with milliseconds, and either a blank and no zone,
    /// or `Z` and a closing quote.
    #[inline]
    pub fn in_same_minute(&self, bytes: &[u8], at: usize) -> Option<(Stamp, usize)> {
        let head: &[u8; 25] = bytes.get(at..)?.first_chunk()?;
        let [minute @ .., b':', s1, s2, b'.' | b',', f1, f2, f3, end, next] = head else { return None };
        let zulu = (*end, *next) == (b'Z', b'"');
        // No zone follows, nor AM or PM.
        let bare = *end == b' '
            && !matches!(
                next,
                b'Z' | b'U' | b'G' | b'u' | b'g' | b'(' | b'+' | b'-' | b'A' | b'P' | b'a' | b'p'
            );
        if *minute != self.minute || !(bare || zulu) {
            return None;
        }
        let digits = [s1, s2, f1, f2, f3].map(|b| i64::from(b.wrapping_sub(b'0')));
        if digits.into_iter().fold(0, i64::max) > 9 || digits[0] > 5 {
            return None;
        }
        let millis = (digits[0] * 10 + digits[1]) * 1000 + digits[2] * 100 + digits[3] * 10 + digits[4];
        let frame = if zulu { Frame::Absolute } else { Frame::Civil };
        Some((
            Stamp::new(frame, self.civil + millis * (SECOND / 1000), 1_000_000),
            at + 23 + usize::from(zulu),
        ))
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stamp::order::Order;
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
        let rest = "([.,][0-9]{0,11})?( ?(Z|UTC|utc|GMT|\\(UTC\\)|PST|UTC[+-][0-9]{1,2}(:[0-9]{2})?|[+-][0-9]{1,4}|[+-][0-9]{2}:[0-9]{2}))?[ \"\\]a_/.,0-9+-]{0,3}";
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
