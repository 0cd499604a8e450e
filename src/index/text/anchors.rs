//! Anchors: keys of what has nothing but its digits to be told by, hexadecimal words and IPv4 addresses.

use wide::u8x16;

use super::known::{ANCHOR_BITS, GRAM_ROWS, MIX, NO_KEY};
use crate::bits::{self, LOOK, places};
use crate::pattern::DIGIT;

/// The shortest hexadecimal word that has anchors, in bytes.
const WORD: usize = 16;
/// How many bytes of a word make one anchor.
const PART: usize = 8;
#[inline]
fn anchor_row(hash: u32) -> usize {
    (hash >> (32 - ANCHOR_BITS)) as usize + GRAM_ROWS
}

/// Which bytes of `text` are dots, as bits: sixty-four in a number, and one more number, of zeros.
pub(super) fn dots(text: &[u8], dots: &mut Vec<u64>) {
    let is_dot = |bytes: u8x16| bytes.simd_eq(u8x16::splat(b'.'));
    let (whole, rest) = text.as_chunks();
    let mut last = [0; LOOK];
    last[..rest.len()].copy_from_slice(rest);
    dots.clear();
    dots.extend(whole.iter().chain([&last]).map(|few| bits::of(few, is_dot)).chain([0]));
}

/// Gives `each` the keys of all parts of words of 16 bytes and more, in order; of some that is [`NO_KEY`]. `of_words` says
/// which bytes of `text` are of words.
pub(super) fn words(text: &[u8], of_words: &[u64], mut each: impl FnMut(usize)) {
    let mut left = 0;
    for (two, at) in of_words.windows(2).zip((0..).step_by(64)) {
        if left == 0 && !may_start(two[0], two[1]) {
            continue;
        }
        let begun = starts(u128::from(two[0]) | u128::from(two[1]) << 64);
        // A word's part begins at most eight bytes behind where sixteen bytes of it do.
        let all = (0..=WORD - PART).fold(u128::from(left), |all, n| all | u128::from(begun) << n);
        left = (all >> 64) as u64;
        for start in places(all as u64, at) {
            if let Some(part) = text.get(start..).and_then(<[u8]>::first_chunk) {
                each(part_key(*part));
            }
        }
    }
}

/// Whether a word of sixteen bytes may begin in the first of these sixty-four bytes: one takes in eight that a byte of the
/// bits speaks of.
#[inline]
fn may_start(bits: u64, next: u64) -> bool {
    const ONES: u64 = u64::from_ne_bytes([1; 8]);
    const HIGH: u64 = ONES << 7;
    // Of a byte without zeros the complement is zero, and only such a one has its upper bit set here first.
    (!bits).wrapping_sub(ONES) & bits & HIGH != 0 || next as u8 == u8::MAX
}

/// Of the first 64 of these bits, those with which 16 set bits in a row begin.
#[inline]
fn starts(bits: u128) -> u64 {
    let two = bits & (bits >> 1);
    let four = two & (two >> 2);
    let eight = four & (four >> 4);
    (eight & (eight >> 8)) as u64
}

/// The key of one part of a word: a quarter have one, chosen by their hash, of those with letters and digits.
#[inline]
fn part_key(part: [u8; PART]) -> usize {
    const LOWER: u64 = u64::from_ne_bytes([0x20; PART]);
    // Of all that a word is made of, only letters have the one bit, and only digits the other.
    const LETTER: u64 = u64::from_ne_bytes([0x40; PART]);
    const NUMBER: u64 = u64::from_ne_bytes([0x10; PART]);
    let part = u64::from_le_bytes(part) | LOWER;
    let hash = (part.wrapping_mul(MIX) >> 32) as u32;
    // Without a branch: the digits of a hash cannot be foreseen.
    let has_both = u8::from(part & LETTER != 0) & u8::from(part & NUMBER != 0);
    let has_key = has_both & u8::from(hash.is_multiple_of(4)) == 1;
    if has_key { anchor_row(hash) } else { NO_KEY }
}

/// The anchors of IPv4 addresses: two octets with dots around them and what follows them, digit by digit from the second
/// on, so that a literal which ends within the last octet has some of them; and where it is known to end, that.
/// `dots` says where dots are.
pub(super) fn addresses(text: &[u8], dots: &[u64], mut each: impl FnMut(usize)) {
    for dot in pairs(dots) {
        let Some(second) = octet(&text[dot + 1..]).filter(|len| text.get(dot + 1 + len) == Some(&b'.'))
        else {
            continue;
        };
        let third = dot + 1 + second + 1;
        let Some(len) = octet(&text[third..]).filter(|len| text.get(third + len) == Some(&b'.')) else {
            continue;
        };
        let last = third + len + 1;
        let mut hash = text[dot..last].iter().fold(0, |hash, byte| mixed(hash, *byte));
        let digits = text[last..].iter().take(3).take_while(|b| b.is_ascii_digit()).count();
        for (n, digit) in text[last..last + digits].iter().enumerate() {
            hash = mixed(hash, *digit);
            if n > 0 {
                each(anchor_row(hash));
            }
        }
        // What is only known to be a digit is no end.
        let ends = text.get(last + digits).is_some_and(|byte| !byte.is_ascii_digit() && *byte != DIGIT);
        if ends && digits > 0 {
            each(anchor_row(mixed(hash, b'.')));
        }
    }
}

/// The dots with another behind one to three other bytes.
pub(super) fn pairs(dots: &[u64]) -> impl Iterator<Item = usize> {
    dots.windows(2).zip((0..).step_by(64)).flat_map(|(two, at)| {
        let both = u128::from(two[0]) | u128::from(two[1]) << 64;
        places(two[0] & (both >> 2 | both >> 3 | both >> 4) as u64, at)
    })
}

/// A hash with one more byte.
fn mixed(hash: u32, byte: u8) -> u32 {
    (hash.rotate_left(5) ^ u32::from(byte)).wrapping_mul(0x9E37_79B1)
}

/// How long the octet is with which `text` begins: one to three digits.
fn octet(text: &[u8]) -> Option<usize> {
    let digits = text.iter().take(4).take_while(|b| b.is_ascii_digit()).count();
    (1..4).contains(&digits).then_some(digits)
}

#[cfg(test)]
mod tests {
    use super::super::keys::tests::text;
    use super::super::sight::Sight;
    use super::*;
    use crate::testing::cases;
    use proptest::prelude::*;

    /// The twin of `words`: each word of the text by itself, and each part of it.
    fn words_one_by_one(text: &[u8]) -> Vec<usize> {
        let mut keys = Vec::new();
        for word in text.split(|b| !b.is_ascii_hexdigit() && *b != b'-').filter(|word| word.len() >= 16) {
            for part in word.windows(8).map(<[u8]>::to_ascii_lowercase) {
                let mixed = part.iter().any(u8::is_ascii_lowercase) && part.iter().any(u8::is_ascii_digit);
                let hash = u64::from_le_bytes(part.try_into().unwrap()).wrapping_mul(MIX);
                let hash = (hash >> 32) as u32;
                keys.extend((mixed && hash.is_multiple_of(4)).then(|| anchor_row(hash)));
            }
        }
        keys
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(cases(1000)))]

        #[test]
        fn no_word_is_passed_over(text in text()) {
            let mut keys = Vec::new();
            let mut sight = Sight::default();
            sight.take(&text);
            words(&text, &sight.of_words, |key| keys.extend((key != NO_KEY).then_some(key)));
            prop_assert_eq!(keys, words_one_by_one(&text));
        }
    }
}
