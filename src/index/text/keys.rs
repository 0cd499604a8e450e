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

/// The keys of one block after the other.
pub struct Keys {
    rows: Vec<u8>,
    folded: Vec<u8>,
    anchors: Vec<u32>,
}

impl Default for Keys {
    fn default() -> Self {
        Self { rows: vec![0; ROWS.next_multiple_of(8)], folded: Vec::new(), anchors: Vec::new() }
    }
}

impl Keys {
    /// The keys of `text`: gives `each` all of them, in order.
    pub fn of(&mut self, text: &[u8], mut each: impl FnMut(usize)) {
        self.rows.fill(0);
        fold(text, &mut self.folded);
        if let Some(grams) = self.rows.first_chunk_mut::<GRAM_ROWS>() {
            mark_grams(&self.folded, grams);
        }
        self.anchors.clear();
        words(text, &mut self.anchors);
        if self.may_have_addresses() {
            addresses(text, &mut self.anchors);
        }
        for key in &self.anchors {
            self.rows[*key as usize] = 1;
        }
        self.rows[OTHER_TEXT as usize] = u8::from(!text.is_ascii());
        for (eight, at) in self.rows.chunks_exact(8).zip((0..).step_by(8)) {
            let mut marks = u64::from_le_bytes(eight.try_into().unwrap_or_default());
            while marks != 0 {
                each(at + marks.trailing_zeros() as usize / 8);
                marks &= marks - 1;
            }
        }
    }
}

impl Keys {
    /// Whether some octet may stand between dots, by the grams: most logs have numbers with a dot, and no addresses.
    fn may_have_addresses(&self) -> bool {
        let has = |gram: &[u8; GRAM]| self.rows[gram_row(*gram)] == 1;
        has(b".0.0") || has(b".00.") || (has(b".000") && has(b"000."))
    }
}

/// The keys of a literal of lower-case letters, any other bytes and [`DIGIT`]; sorted, each once.
pub fn of_literal(literal: &[u8]) -> Vec<u32> {
    let (mut folded, mut keys) = (Vec::new(), Vec::new());
    fold(literal, &mut folded);
    keys.extend(folded.windows(GRAM).map(|gram| gram_row(gram.try_into().unwrap_or_default()) as u32));
    words(literal, &mut keys);
    addresses(literal, &mut keys);
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

/// Marks the grams of a folded text; the hot loop of building.
fn mark_grams(folded: &[u8], rows: &mut [u8; GRAM_ROWS]) {
    for gram in folded.windows(GRAM) {
        if let Ok(gram) = gram.try_into() {
            rows[gram_row(gram)] = 1;
        }
    }
}

#[inline]
fn anchor_row(hash: u32) -> u32 {
    (hash >> (32 - ANCHOR_BITS)) + GRAM_ROWS as u32
}

/// What a word of hexadecimal digits is made of: 1 for such a byte.
const OF_WORD: [u8; 256] = {
    let (mut table, mut byte) = ([0; 256], 0);
    while byte < 256 {
        table[byte] = ((byte as u8).is_ascii_hexdigit() || byte as u8 == b'-') as u8;
        byte += 1;
    }
    table
};

fn is_of_word(byte: u8) -> bool {
    OF_WORD[byte as usize] == 1
}

/// The anchors of hexadecimal words. A word of 16 bytes and more covers two places that 8 divides, and all between.
fn words(text: &[u8], out: &mut Vec<u32>) {
    const STEP: usize = WORD / 2;
    let mut at = 0;
    while let Some(few) = text.get(at..=at + STEP) {
        // All five without a branch: which bytes of a text are in words cannot be foreseen.
        let inside = [0, 2, 4, 6, STEP].iter().fold(1, |inside, n| inside & OF_WORD[few[*n] as usize]);
        if inside == 0 {
            at += STEP;
            continue;
        }
        let start = text[..at].iter().rposition(|&b| !is_of_word(b)).map_or(0, |before| before + 1);
        let end = text[at..].iter().position(|&b| !is_of_word(b)).map_or(text.len(), |n| at + n);
        if end - start >= WORD {
            parts(&text[start..end], out);
        }
        at = (end / STEP + 1) * STEP;
    }
}

/// The anchors of one word: a quarter of its parts, chosen by their hash, of those that have letters and digits.
fn parts(word: &[u8], out: &mut Vec<u32>) {
    const LOWER: u64 = u64::from_ne_bytes([0x20; PART]);
    // Of all that a word is made of, only letters have the one bit, and only digits the other.
    const LETTER: u64 = u64::from_ne_bytes([0x40; PART]);
    const NUMBER: u64 = u64::from_ne_bytes([0x10; PART]);
    for part in word.windows(PART) {
        let part = u64::from_le_bytes(part.try_into().unwrap_or_default()) | LOWER;
        let hash = (part.wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 32) as u32;
        if hash.is_multiple_of(4) && part & LETTER != 0 && part & NUMBER != 0 {
            out.push(anchor_row(hash));
        }
    }
}

/// The anchors of IPv4 addresses: two octets with dots around them and what follows them, digit by digit from the second
/// on, so that a literal which ends within the last octet has some of them; and where it is known to end, that.
fn addresses(text: &[u8], out: &mut Vec<u32>) {
    for dot in memchr::memchr_iter(b'.', text) {
        let Some(next) = text.get(dot + 2..dot + 5).and_then(|few| few.iter().position(|b| *b == b'.'))
        else {
            continue;
        };
        let Some(second) = octet(&text[dot + 1..]).filter(|len| *len == next + 1) else { continue };
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
                out.push(anchor_row(hash));
            }
        }
        // What is only known to be a digit is no end.
        let ends = text.get(last + digits).is_some_and(|byte| !byte.is_ascii_digit() && *byte != DIGIT);
        if ends && digits > 0 {
            out.push(anchor_row(mixed(hash, b'.')));
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
        let mut keys = Vec::new();
        Keys::default().of(text, |key| keys.push(key as u32));
        keys
    }

    /// The twin of `words`: each word of the text by itself, and each part of it.
    fn words_one_by_one(text: &[u8]) -> Vec<u32> {
        let mut keys = Vec::new();
        for word in text.split(|b| !is_of_word(*b)).filter(|word| word.len() >= 16) {
            for part in word.windows(8).map(<[u8]>::to_ascii_lowercase) {
                let mixed = part.iter().any(u8::is_ascii_lowercase) && part.iter().any(u8::is_ascii_digit);
                let hash = u64::from_le_bytes(part.try_into().unwrap()).wrapping_mul(0x9E37_79B9_7F4A_7C15);
                let hash = (hash >> 32) as u32;
                keys.extend((mixed && hash.is_multiple_of(4)).then(|| anchor_row(hash)));
            }
        }
        keys
    }

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

        #[test]
        fn no_word_is_passed_over(text in text()) {
            let mut keys = Vec::new();
            words(&text, &mut keys);
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
