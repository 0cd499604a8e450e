//! Numbers of a fixed width on a line.

#[inline]
pub(in crate::stamp) fn digit(bytes: &[u8], at: usize) -> Option<u8> {
    bytes.get(at).map(|b| b.wrapping_sub(b'0')).filter(|d| *d < 10)
}

/// The number that two digits make.
#[inline]
pub(in crate::stamp) fn two(bytes: &[u8], at: usize) -> Option<u8> {
    Some(digit(bytes, at)? * 10 + digit(bytes, at + 1)?)
}

/// The number that eight digits make, the first the greatest.
#[inline]
pub(in crate::stamp) fn eight_digits(digits: [u8; 8]) -> Option<i64> {
    const ONES: u64 = u64::from_le_bytes([1; 8]);
    let word = u64::from_le_bytes(digits);
    let off = word ^ (ONES * 0x30);
    if (off | off.wrapping_add(ONES * 6)) & (ONES * 0xf0) != 0 {
        return None;
    }
    // Neighbours join: eight numbers of one digit, four of two, two of four, one of eight.
    let pairs = off.wrapping_mul(1 + (10 << 8)) >> 8 & 0x00ff_00ff_00ff_00ff;
    let fours = pairs.wrapping_mul(1 + (100 << 16)) >> 16 & 0x0000_ffff_0000_ffff;
    let eight = fours.wrapping_mul(1 + (10_000 << 32)) >> 32;
    Some(eight.cast_signed())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn eight_digits_are_what_is_parsed(digits in "[0-9]{8}|[/-:]{8}|[0-9]{7}[\\x00-\\x7f]") {
            let eight: [u8; 8] = digits.as_bytes().try_into().expect("eight bytes");
            let twin = digits.bytes().all(|b| b.is_ascii_digit()).then(|| digits.parse().expect("digits"));
            prop_assert_eq!(eight_digits(eight), twin);
        }
    }
}
