//! Keys: what a block is known by, and a literal looked up under.
//!
//! A key is the number of a row in the matrix of [`super::segment`]. Two families share it:
//!
//! - **Grams**: every four bytes, ASCII letters in lower case and digits as one, so that the counters, losses and stamps
//!   of a log make a few keys and not one for each value.
//! - **Anchors**, for what has nothing but its digits to be told by: of hexadecimal words of 16 bytes and more (UUIDs,
//!   digests, trace ids) a quarter of the 8-grams, those with certain hashes, and of IPv4 addresses the last three octets.
//!
//! What holds the index together: **the keys of a literal are among the keys of every text that holds it.** A gram hangs
//! on its own four bytes; the anchor of a word on its own eight, and on 16 of the same word, which a text that holds the
//! literal has as well; the anchor of an address on the dot before it and the bytes that it has.

use std::iter::successors;

use super::counters::{self, Counts};
use crate::pattern::{DIGIT, SHORTEST as GRAM};

const GRAM_BITS: u32 = 15;
const ANCHOR_BITS: u32 = 14;
/// How many rows the grams have.
const GRAM_ROWS: usize = 1 << GRAM_BITS;
/// The row of blocks that are not pure ASCII.
pub const OTHER_TEXT: u32 = (GRAM_ROWS + (1 << ANCHOR_BITS)) as u32;
/// How many rows there are.
pub const ROWS: usize = OTHER_TEXT as usize + 1;

/// The shortest hexadecimal word that has anchors, in bytes.
const WORD: usize = 16;
/// How many bytes of a word make one anchor.
const PART: usize = 8;
/// What eight bytes are multiplied by to be hashed: the upper bits of the product.
const MIX: u64 = 0x9E37_79B9_7F4A_7C15;

/// Where what is no key is marked: a place behind all rows, so that marking needs no branch.
const NO_KEY: usize = ROWS;
/// For each row whether a text has its key: 0 or 1; and one more place, for [`NO_KEY`].
type Marks = [u8; ROWS + 1];

/// Marks the keys of one block after the other, with memory of its own.
#[derive(Default)]
pub struct Keys {
    folded: Vec<u8>,
    grams: Grams,
    /// Which bytes are of words, and which are dots.
    of_words: Vec<u64>,
    dots: Vec<u64>,
    /// Where the words of counters begin.
    stems: Vec<u64>,
}

impl Keys {
    /// Says in `marks` for each row whether `text` has its key: 0 or 1. What stands behind that means nothing. Returns
    /// the numbers of its counters.
    pub fn mark(&mut self, text: &[u8], marks: &mut Vec<u8>) -> Counts {
        marks.clear();
        marks.resize(ROWS + 1, 0);
        if let Some(marks) = marks.first_chunk_mut() {
            self.mark_in(text, marks);
        }
        let mut counts = Counts::default();
        stems(&self.folded, &mut self.stems);
        for (bits, at) in self.stems.iter().zip((0..).step_by(64)) {
            places(*bits, at).for_each(|at| counters::count(text, at, &mut counts));
        }
        counts
    }

    fn mark_in(&mut self, text: &[u8], marks: &mut Marks) {
        fold(text, &mut self.folded);
        self.grams.mark(&self.folded, marks);
        bits_of(text, is_of_word, &mut self.of_words);
        words(text, &self.of_words, |key| marks[key] = 1);
        if may_have_addresses(marks) {
            bits_of(text, is_dot, &mut self.dots);
            addresses(text, &self.dots, |key| marks[key] = 1);
        }
        marks[OTHER_TEXT as usize] = u8::from(!text.is_ascii());
    }
}

/// Whether some octet may stand between dots, by the grams: most logs have numbers with a dot, and no addresses.
fn may_have_addresses(marks: &Marks) -> bool {
    let has = |gram: &[u8; GRAM]| marks[gram_row(*gram)] == 1;
    has(b".0.0") || has(b".00.") || (has(b".000") && has(b"000."))
}

/// The keys of a literal of lower-case letters, any other bytes and [`DIGIT`]; sorted, each once.
pub fn of_literal(literal: &[u8]) -> Vec<u32> {
    let (mut folded, mut bits, mut keys) = (Vec::new(), Vec::new(), Vec::new());
    fold(literal, &mut folded);
    keys.extend(folded.windows(GRAM).map(|gram| gram_row(gram.try_into().unwrap_or_default()) as u32));
    let mut push = |key: usize| keys.extend((key != NO_KEY).then_some(key as u32));
    bits_of(literal, is_of_word, &mut bits);
    words(literal, &bits, &mut push);
    bits_of(literal, is_dot, &mut bits);
    addresses(literal, &bits, push);
    keys.sort_unstable();
    keys.dedup();
    keys
}

/// `text` with ASCII letters in lower case, and each digit as `0`.
fn fold(text: &[u8], folded: &mut Vec<u8>) {
    folded.clear();
    folded.extend(text.iter().map(|&byte| {
        let lower = byte | (u8::from(byte.wrapping_sub(b'A') < 26) << 5);
        if byte.wrapping_sub(b'0') < 10 || byte == DIGIT { b'0' } else { lower }
    }));
}

#[inline]
fn gram_row(gram: [u8; GRAM]) -> usize {
    (u32::from_le_bytes(gram).wrapping_mul(0x9E37_79B1) >> (32 - GRAM_BITS)) as usize
}

/// How many windows of a text are remembered.
const SEEN_BITS: u32 = 11;
/// How many windows are listed before the fresh ones are marked, so that these are still at hand.
const LISTED: usize = 512;
/// How many bytes a window has.
const WINDOW: usize = 8;
/// How many grams a window has.
const GRAMS_EACH: usize = WINDOW - GRAM + 1;

/// Marks grams, which is the hot loop of building.
///
/// A log says the same again and again. So a text is taken by windows of eight bytes that share three, and one that was
/// seen lately is passed over with its five grams. Whether one was seen cannot be foreseen by a processor, so there is no
/// branch on it: fresh windows are listed first.
struct Grams {
    /// By its hash, the last window that had it.
    seen: Box<[u64; 1 << SEEN_BITS]>,
}

impl Default for Grams {
    fn default() -> Self {
        Self { seen: Box::new([0; 1 << SEEN_BITS]) }
    }
}

impl Grams {
    fn mark(&mut self, folded: &[u8], marks: &mut Marks) {
        self.seen.fill(0);
        // A window of zeros belongs there, and was not seen; what is there instead belongs elsewhere.
        self.seen[0] = 1;
        let (mut fresh, mut rest) = ([0; LISTED], folded);
        while rest.len() >= WINDOW {
            let part = &rest[..rest.len().min(LISTED * GRAMS_EACH + GRAM - 1)];
            let (count, windows) = self.list(part, &mut fresh);
            for window in &fresh[..count] {
                for n in 0..GRAMS_EACH {
                    marks[gram_row(((window >> (8 * n)) as u32).to_le_bytes())] = 1;
                }
            }
            rest = &rest[windows * GRAMS_EACH..];
        }
        for gram in rest.windows(GRAM) {
            marks[gram_row(gram.try_into().unwrap_or_default())] = 1;
        }
    }

    /// Lists those of the windows of `text`, [`LISTED`] at most, that were not seen; returns how many these are, and of how
    /// many.
    fn list(&mut self, text: &[u8], fresh: &mut [u64; LISTED]) -> (usize, usize) {
        let (mut count, mut windows) = (0, 0);
        while let Some(window) = text.get(windows * GRAMS_EACH..).and_then(<[u8]>::first_chunk) {
            let window = u64::from_le_bytes(*window);
            let seen = &mut self.seen[(window.wrapping_mul(MIX) >> (64 - SEEN_BITS)) as usize];
            fresh[count % LISTED] = window;
            count += usize::from(*seen != window);
            *seen = window;
            windows += 1;
        }
        (count, windows)
    }
}

#[inline]
fn anchor_row(hash: u32) -> usize {
    (hash >> (32 - ANCHOR_BITS)) as usize + GRAM_ROWS
}

/// 1 for a byte of which words of hexadecimal digits are made; without a branch, so that many are looked at at once.
#[inline]
fn is_of_word(byte: u8) -> u8 {
    let letter = u8::from((byte | 0x20).wrapping_sub(b'a') < 6);
    letter | u8::from(byte.wrapping_sub(b'0') < 10) | u8::from(byte == b'-')
}

#[inline]
fn is_dot(byte: u8) -> u8 {
    u8::from(byte == b'.')
}

/// What `is` says of each byte of `text`, 0 or 1, as bits: sixty-four in a number, and one more number, of zeros.
fn bits_of(text: &[u8], is: impl Fn(u8) -> u8, bits: &mut Vec<u64>) {
    let (whole, rest) = text.as_chunks();
    let mut last = [0; 64];
    last[..rest.len()].copy_from_slice(rest);
    bits.clear();
    bits.extend(whole.iter().chain([&last]).map(|few: &[u8; 64]| {
        // A plain loop, which becomes wide instructions however the crate is built.
        let mut flags = [0; 64];
        for (flag, byte) in flags.iter_mut().zip(few) {
            *flag = is(*byte);
        }
        as_bits(&flags)
    }));
    bits.push(0);
}

/// Sixty-four bytes of 0 or 1 as bits.
#[inline]
fn as_bits(few: &[u8; 64]) -> u64 {
    // The product has, in its uppermost byte, the lowest bit of each of eight.
    let eight = |few: &[u8; 8]| u64::from_le_bytes(*few).wrapping_mul(0x0102_0408_1020_4080) >> 56;
    let eights = few.as_chunks().0.iter().zip((0..).step_by(8));
    eights.fold(0, |all, (few, at)| all | eight(few) << at)
}

/// Where in a folded text the words of counters begin, as bits.
fn stems(folded: &[u8], bits: &mut Vec<u64>) {
    let number = |few: &[u8; 67]| {
        let mut flags = [0; 64];
        for (at, flag) in flags.iter_mut().enumerate() {
            let step = u8::from(few[at] == b's') & u8::from(few[at + 3] == b'p');
            let iter = u8::from(few[at] == b'i') & u8::from(few[at + 3] == b'r');
            *flag = (step | iter) & u8::from(few[at + 1] == b't') & u8::from(few[at + 2] == b'e');
        }
        as_bits(&flags)
    };
    let whole = folded.windows(67).step_by(64).filter_map(<[u8]>::first_chunk);
    bits.clear();
    bits.extend(whole.map(number));
    let rest = &folded[bits.len() * 64..];
    // Fewer than two such stretches are left.
    let mut last = [0; 2 * 64 + 3];
    last[..rest.len()].copy_from_slice(rest);
    bits.extend([last.first_chunk(), last[64..].first_chunk()].into_iter().flatten().map(number));
}

/// Gives `each` the keys of all parts of words of 16 bytes and more, in order; of some that is [`NO_KEY`]. `of_words` says
/// which bytes of `text` are of words.
fn words(text: &[u8], of_words: &[u64], mut each: impl FnMut(usize)) {
    let mut left = 0;
    for (two, at) in of_words.windows(2).zip((0..).step_by(64)) {
        let begun = starts(u128::from(two[0]) | u128::from(two[1]) << 64);
        if begun == 0 && left == 0 {
            continue;
        }
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

/// The places of the bits that are set in the number that begins with place `at`.
fn places(bits: u64, at: usize) -> impl Iterator<Item = usize> {
    let rest = successors(Some(bits), |bits| Some(bits & bits.wrapping_sub(1)));
    rest.take_while(|bits| *bits != 0).map(move |bits| at + bits.trailing_zeros() as usize)
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
fn addresses(text: &[u8], dots: &[u64], mut each: impl FnMut(usize)) {
    let pairs = dots.windows(2).zip((0..).step_by(64)).flat_map(|(two, at)| {
        let both = u128::from(two[0]) | u128::from(two[1]) << 64;
        // Another dot stands behind one to three others.
        places(two[0] & (both >> 2 | both >> 3 | both >> 4) as u64, at)
    });
    for dot in pairs {
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
    use super::*;
    use crate::testing::cases;
    use proptest::prelude::*;

    fn of_text(text: &[u8]) -> Vec<u32> {
        let mut marks = Vec::new();
        Keys::default().mark(text, &mut marks);
        (0..ROWS).filter(|key| marks[*key] == 1).map(|key| key as u32).collect()
    }

    /// The twin of `words`: each word of the text by itself, and each part of it.
    fn words_one_by_one(text: &[u8]) -> Vec<usize> {
        let mut keys = Vec::new();
        for word in text.split(|b| is_of_word(*b) == 0).filter(|word| word.len() >= 16) {
            for part in word.windows(8).map(<[u8]>::to_ascii_lowercase) {
                let mixed = part.iter().any(u8::is_ascii_lowercase) && part.iter().any(u8::is_ascii_digit);
                let hash = u64::from_le_bytes(part.try_into().unwrap()).wrapping_mul(MIX);
                let hash = (hash >> 32) as u32;
                keys.extend((mixed && hash.is_multiple_of(4)).then(|| anchor_row(hash)));
            }
        }
        keys
    }

    const GRAMS_FROM: [&[u8]; 8] =
        [b"INFO ", b"step=00000 ", b"loss=0.0000", b"\n", b"\0\0\0\0\0\0\0\0", b"\xff", b"a", b"kernel"];

    fn byte() -> impl Strategy<Value = u8> {
        prop_oneof![
            3 => proptest::sample::select(b"0123456789abcdefABCDEF-".to_vec()),
            2 => proptest::sample::select(b"0123456789...".to_vec()),
            1 => proptest::sample::select(b" kKxyz:/\n\xc3\xa9".to_vec()),
            1 => any::<u8>(),
        ]
    }

    /// Long words, addresses, and anything between.
    fn text() -> impl Strategy<Value = Vec<u8>> {
        let word =
            proptest::collection::vec(proptest::sample::select(b"0123456789abcdefABCDEF-".to_vec()), 0..700);
        let address = (0..300_u32, 0..300_u32, 0..300_u32, 0..300_u32)
            .prop_map(|(a, b, c, d)| format!("{a}.{b}.{c}.{d}").into_bytes());
        let piece = prop_oneof![
            2 => proptest::collection::vec(byte(), 0..40),
            1 => word,
            1 => address,
        ];
        proptest::collection::vec(piece, 0..8).prop_map(|pieces| pieces.concat())
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(cases(1000)))]

        #[test]
        fn the_keys_of_a_part_are_among_those_of_the_whole(
            text in text(), cut in any::<(prop::sample::Index, prop::sample::Index)>(), unknown in any::<u64>(),
        ) {
            let (a, b) = (cut.0.index(text.len() + 1), cut.1.index(text.len() + 1));
            let mut literal = text[a.min(b)..a.max(b)].to_ascii_lowercase();
            for (n, byte) in literal.iter_mut().enumerate().filter(|(_, byte)| byte.is_ascii_digit()) {
                if unknown >> (n % 64) & 1 == 1 && unknown % 3 == 0 {
                    *byte = DIGIT;
                }
            }
            prop_assume!(unknown % 3 == 0 || !literal.contains(&DIGIT));
            let whole = of_text(&text);
            for key in of_literal(&literal) {
                prop_assert!(whole.binary_search(&key).is_ok(), "{key} of {:?}", String::from_utf8_lossy(&literal));
            }
        }

        /// Few words, as in a log, so that most windows were seen; and in any places.
        #[test]
        fn no_gram_is_passed_over(
            texts in proptest::collection::vec(
                proptest::collection::vec(proptest::sample::select(GRAMS_FROM.to_vec()), 0..400), 1..4),
        ) {
            let (mut grams, mut marks) = (Grams::default(), vec![0; ROWS + 1]);
            for text in texts.iter().map(|words| words.concat()) {
                marks.fill(0);
                grams.mark(&text, marks.first_chunk_mut().unwrap());
                let mut expected = vec![0; ROWS + 1];
                text.windows(GRAM).for_each(|gram| expected[gram_row(gram.try_into().unwrap())] = 1);
                prop_assert!(marks == expected);
            }
        }

        #[test]
        fn no_word_is_passed_over(text in text()) {
            let mut keys = Vec::new();
            let mut bits = Vec::new();
            bits_of(&text, is_of_word, &mut bits);
            words(&text, &bits, |key| keys.extend((key != NO_KEY).then_some(key)));
            prop_assert_eq!(keys, words_one_by_one(&text));
        }
    }

    #[test]
    fn what_is_told_apart_and_what_is_not() {
        let of = |literal: &str| of_literal(literal.as_bytes());
        assert_eq!(of("step=41200"), of("step=99999"), "digits are one");
        assert_ne!(of("loss"), of("lost"));
        assert!(of("err").is_empty(), "too short");
        let uuid = "550e8400-e29b-41d4-a716-446655440000";
        assert_ne!(of(uuid), of(&uuid.replace("e29b-41d4-a7", "e29c-41d3-b7")));
        assert_ne!(of("10.23.45.67 "), of("10.23.45.68 "));
        assert_ne!(of("10.23.45.67"), of("10.23.45.68"), "wherever it ends");
        assert_eq!(of("1732258032123456789 "), of("1732258032123456780 "), "a number is no word");
    }
}
