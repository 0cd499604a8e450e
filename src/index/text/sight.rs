//! What each byte of a text is, sixteen at a look: how it is folded, and of which sorts it is.
//!
//! One pass says all that keys are found by, so that a block comes through the core once.

use wide::u8x16;

use crate::bits::{LOOK, among};
use crate::pattern::DIGIT;

/// What is said of the bytes of a text; where that is bits, sixty-four of them to a number.
#[derive(Clone, Default)]
pub struct Sight {
    /// The text with ASCII letters in lower case, and each digit as `0`.
    pub folded: Vec<u8>,
    /// Bytes of which words of hexadecimal digits are made; and one more number, of zeros.
    pub of_words: Vec<u64>,
    /// Whether some byte is not ASCII.
    pub is_other: bool,
}

impl Sight {
    /// Looks at `text`.
    pub fn take(&mut self, text: &[u8]) {
        let (whole, rest) = text.as_chunks();
        let mut last = [0; LOOK];
        last[..rest.len()].copy_from_slice(rest);
        self.of_words.clear();
        self.folded.resize((whole.len() + 1) * LOOK, 0);
        let mut others = u8x16::ZERO;
        for (few, folded) in whole.iter().chain([&last]).zip(self.folded.as_chunks_mut().0) {
            self.of_words.push(look(few, folded, &mut others));
        }
        self.of_words.push(0);
        self.folded.truncate(text.len());
        self.is_other = others.to_bitmask() != 0;
    }
}

/// Says which of sixty-four bytes are of words, puts them as they are folded into `folded`, and adds their bits to those of `all_bytes`.
/// The twin is `one_by_one` below.
#[inline]
fn look(few: &[u8; LOOK], folded: &mut [u8; LOOK], all_bytes: &mut u8x16) -> u64 {
    let mut of_words = 0;
    let parts = few.as_chunks().0.iter().zip(folded.as_chunks_mut().0).zip((0..).step_by(16));
    for ((few, folded), at) in parts {
        let bytes = u8x16::new(*few);
        let lower = bytes | (among(bytes, b'A', 26) & u8x16::splat(0x20));
        let digits = among(bytes, b'0', 10);
        let zeros = digits | bytes.simd_eq(u8x16::splat(DIGIT));
        *folded = zeros.bitselect(u8x16::splat(b'0'), lower).to_array();
        let word = digits | among(lower, b'a', 6) | bytes.simd_eq(u8x16::splat(b'-'));
        of_words |= u64::from(word.to_bitmask()) << at;
        *all_bytes |= bytes;
    }
    of_words
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::cases;
    use proptest::prelude::*;

    /// The twin of [`look`], and of what [`Sight::take`] makes of it.
    fn one_by_one(text: &[u8]) -> Sight {
        let bits = |is: &dyn Fn(u8) -> bool| {
            let mut bits = vec![0; text.len() / LOOK + 1];
            for (at, byte) in text.iter().enumerate() {
                bits[at / LOOK] |= u64::from(is(*byte)) << (at % LOOK);
            }
            bits
        };
        let fold = |byte: &u8| {
            if byte.is_ascii_digit() || *byte == DIGIT { b'0' } else { byte.to_ascii_lowercase() }
        };
        let mut of_words = bits(&|byte| byte.is_ascii_hexdigit() || byte == b'-');
        of_words.push(0);
        Sight { folded: text.iter().map(fold).collect(), of_words, is_other: !text.is_ascii() }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(cases(1000)))]

        #[test]
        fn many_bytes_are_what_each_of_them_is(
            texts in proptest::collection::vec(
                proptest::collection::vec(prop_oneof![any::<u8>(), prop::sample::select(b"tTeE09AZafg-".to_vec())], 0..300),
                1..4),
        ) {
            let mut sight = Sight::default();
            for text in texts {
                sight.take(&text);
                let twin = one_by_one(&text);
                prop_assert_eq!(&sight.folded, &twin.folded);
                prop_assert_eq!(&sight.of_words, &twin.of_words);
                prop_assert_eq!(sight.is_other, twin.is_other);
            }
        }
    }
}
