//! Numbers that count from 1970: seconds, milliseconds, microseconds or nanoseconds.

use crate::stamp::civil::SECOND;
use crate::stamp::formats::digits::digit;
use crate::stamp::{Frame, Stamp};

/// What a log of a training job can hold, in seconds: 2010 to 2099. It keeps 2^30 and such out.
const PLAUSIBLE: std::ops::Range<i64> = 1_262_304_000..4_102_444_800;

/// The number at `at` as a moment, and where it ends; `None` where it is no plausible one.
///
/// Ten digits are seconds, 13 milliseconds, 16 microseconds, 19 nanoseconds; a decimal part of up to nine digits is
/// allowed, and what it says beyond a nanosecond is dropped.
pub(in crate::stamp) fn number(bytes: &[u8], at: usize) -> Option<(Stamp, usize)> {
    let (mut value, mut end) = (0_i64, at);
    while let Some(d) = digit(bytes, end) {
        if end - at == 19 {
            return None;
        }
        value = value.checked_mul(10)?.checked_add(i64::from(d))?;
        end += 1;
    }
    let unit = match end - at {
        1 => return scientific(bytes, at),
        10 => SECOND,
        13 => 1_000_000,
        16 => 1000,
        19 => 1,
        _ => return None,
    };
    let mut ns = value.checked_mul(unit)?;
    let mut resolution = unit;
    if bytes.get(end) == Some(&b'.') && digit(bytes, end + 1).is_some() {
        end += 1;
        while let Some(d) = digit(bytes, end) {
            resolution /= 10;
            ns += i64::from(d) * resolution;
            end += 1;
        }
    }
    let stamp = Stamp::new(Frame::Absolute, ns, u32::try_from(resolution.max(1)).ok()?);
    PLAUSIBLE.contains(&ns.div_euclid(SECOND)).then_some((stamp, end))
}

/// Seconds as Go's loggers write a float: `1.7953300321234567e+09`.
fn scientific(bytes: &[u8], at: usize) -> Option<(Stamp, usize)> {
    const SECONDS: usize = 9;
    let digits = bytes.get(at + 2..)?.iter().take(SECONDS + 10).take_while(|b| b.is_ascii_digit()).count();
    let end = at + 2 + digits;
    let exponent = [b"e+09".as_slice(), b"e9"].into_iter().find(|e| bytes[end..].starts_with(e))?;
    if bytes[at + 1] != b'.' || !(SECONDS..=SECONDS + 9).contains(&digits) {
        return None;
    }
    let mut ns = i64::from(digit(bytes, at)?);
    for place in at + 2..end {
        ns = ns * 10 + i64::from(digit(bytes, place)?);
    }
    let resolution = 10_i64.pow(u32::try_from(SECONDS + 9 - digits).ok()?);
    let ns = ns.checked_mul(resolution)?;
    let stamp = Stamp::new(Frame::Absolute, ns, u32::try_from(resolution).ok()?);
    PLAUSIBLE.contains(&ns.div_euclid(SECOND)).then_some((stamp, end + exponent.len()))
}
