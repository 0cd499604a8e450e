//! Whole numbers in a text.

/// The most digits of a number that is told exactly.
pub const DIGITS: usize = 18;

/// The number with which `text` begins, and how many digits it has; of more than [`DIGITS`] one more is counted, and the
/// number is told by as many.
#[inline]
pub fn leading(text: &[u8]) -> (u64, usize) {
    text.first_chunk().and_then(|eight| short_number(*eight)).unwrap_or_else(|| {
        let digits = text.iter().take(DIGITS + 1).take_while(|byte| byte.is_ascii_digit());
        digits.fold((0, 0), |(number, count), digit| (number * 10 + u64::from(digit - b'0'), count + 1))
    })
}

/// The same where it has fewer than eight digits: all of them at once.
#[inline]
fn short_number(eight: [u8; 8]) -> Option<(u64, usize)> {
    let values = u64::from_le_bytes(eight) ^ u64::from_ne_bytes([b'0'; 8]);
    // The upper bit of each byte that is above 9. One that is carries into those behind it, which do not matter.
    let others =
        (values.wrapping_add(u64::from_ne_bytes([0x76; 8])) | values) & u64::from_ne_bytes([0x80; 8]);
    let digits = others.trailing_zeros() / 8;
    if others == 0 || digits == 0 {
        return (others != 0).then_some((0, 0));
    }
    // As eight digits, with zeros in front; then twos, fours and all of them.
    let eight = values << (64 - 8 * digits);
    let twos = eight.wrapping_mul(10 << 8 | 1) >> 8 & 0x00FF_00FF_00FF_00FF;
    let fours = twos.wrapping_mul(100 << 16 | 1) >> 16 & 0x0000_FFFF_0000_FFFF;
    Some((fours.wrapping_mul(10_000 << 32 | 1) >> 32, digits as usize))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::cases;
    use proptest::prelude::*;

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(cases(2000)))]

        #[test]
        fn a_number_is_its_digits(digits in "[0-9]{0,22}", behind in proptest::collection::vec(any::<u8>(), 0..9)) {
            prop_assume!(behind.first().is_none_or(|byte| !byte.is_ascii_digit()));
            let (told, count) = leading(&[digits.as_bytes(), &behind].concat());
            prop_assert_eq!(count, digits.len().min(DIGITS + 1));
            prop_assert!(count > DIGITS || told == digits.parse().unwrap_or(0));
        }
    }
}
