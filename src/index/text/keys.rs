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

use wide::u8x16;

use super::counters::{self, Counts};
use super::shapes::Shapes;
use super::sight::Sight;
use crate::bits::{self, LOOK, places};
use crate::line::Ends;
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
/// For each row whether a text has its key, a bit each, the first in the lowest bit of the first number.
pub type Marks = [u64; ROWS / 64 + 1];

/// What a block is known by.
#[derive(Debug)]
pub struct Known {
    /// Which rows it has the keys of. What stands behind [`ROWS`] means nothing.
    pub marks: Box<Marks>,
    /// The numbers of its counters.
    pub counts: Counts,
}

impl Default for Known {
    /// Nothing.
    fn default() -> Self {
        Self { marks: Box::new([0; _]), counts: Counts::default() }
    }
}

impl Known {
    /// Whether it has the key of a row.
    #[cfg(test)]
    fn has(&self, row: usize) -> bool {
        is_set(&self.marks, row)
    }

    /// The rows whose keys it has, in order.
    pub fn rows(&self) -> impl Iterator<Item = u32> {
        let numbers = self.marks.iter().zip((0..).step_by(64));
        numbers.flat_map(|(bits, at)| places(*bits, at)).filter(|row| *row < ROWS).map(|row| row as u32)
    }
}

#[inline]
fn set(marks: &mut Marks, row: usize) {
    marks[row / 64] |= 1 << (row % 64);
}

#[inline]
fn is_set(marks: &Marks, row: usize) -> bool {
    marks[row / 64] >> (row % 64) & 1 == 1
}

/// Says what one block after the other is known by, with memory of its own.
#[derive(Clone, Default)]
pub struct Keys {
    sight: Sight,
    grams: Grams,
    /// Which bytes are dots.
    dots: Vec<u64>,
    shapes: Box<Shapes>,
}

impl Keys {
    /// What `text` is known by, whose lines end at `ends`, but for grams with a line's end between their bytes.
    pub fn of(&mut self, text: &[u8], ends: &Ends) -> Known {
        let mut known = Known::default();
        let mut shapes = std::mem::take(&mut self.shapes);
        let rest = shapes.pass(text, ends, &mut known.counts, |line| is_plain(line, &mut self.sight));
        self.add(rest, &mut known);
        self.shapes = shapes;
        known
    }

    /// Adds all that `text` is known by; the twin of what passes over lines.
    fn add(&mut self, text: &[u8], known: &mut Known) {
        let Known { marks, counts } = known;
        self.sight.take(text);
        self.grams.mark(&self.sight.folded, marks);
        words(text, &self.sight.of_words, |key| set(marks, key));
        if may_have_addresses(marks) {
            dots(text, &mut self.dots);
            addresses(text, &self.dots, |key| set(marks, key));
        }
        if self.sight.is_other {
            set(marks, OTHER_TEXT as usize);
        }
        let Sight { folded, stems, .. } = &self.sight;
        for (bits, at) in stems.iter().zip((0..).step_by(LOOK)).filter(|(bits, _)| **bits != 0) {
            let begins = |second: usize| second.checked_sub(1).filter(|at| is_stem(folded, *at));
            places(*bits, at).filter_map(begins).for_each(|at| counters::count(text, at, counts));
        }
    }
}

/// Whether no digits of `line` have keys of their own: those of words and addresses do.
fn is_plain(line: &[u8], sight: &mut Sight) -> bool {
    sight.take(line);
    let (mut has_words, mut points) = (false, Vec::new());
    words(line, &sight.of_words, |_| has_words = true);
    dots(line, &mut points);
    !has_words && pairs(&points).next().is_none()
}

/// Whether some octet may stand between dots, by the grams: most logs have numbers with a dot, and no addresses.
fn may_have_addresses(marks: &Marks) -> bool {
    let has = |gram: &[u8; GRAM]| is_set(marks, gram_row(*gram));
    has(b".0.0") || has(b".00.") || (has(b".000") && has(b"000."))
}

/// The keys of a literal of lower-case letters, any other bytes and [`DIGIT`]; sorted, each once.
pub fn of_literal(literal: &[u8]) -> Vec<u32> {
    let (mut sight, mut points, mut keys) = (Sight::default(), Vec::new(), Vec::new());
    sight.take(literal);
    keys.extend(sight.folded.windows(GRAM).map(|gram| gram_row(gram.try_into().unwrap_or_default()) as u32));
    let mut push = |key: usize| keys.extend((key != NO_KEY).then_some(key as u32));
    words(literal, &sight.of_words, &mut push);
    dots(literal, &mut points);
    addresses(literal, &points, push);
    keys.sort_unstable();
    keys.dedup();
    keys
}

/// Whether a word of counters begins at `at` of a folded text.
#[inline]
fn is_stem(folded: &[u8], at: usize) -> bool {
    let word = folded.get(at..).and_then(<[u8]>::first_chunk);
    word.is_some_and(|word| word == b"step" || word == b"iter")
}

#[inline]
fn gram_row(gram: [u8; GRAM]) -> usize {
    (u32::from_le_bytes(gram).wrapping_mul(0x9E37_79B1) >> (32 - GRAM_BITS)) as usize
}

/// How many windows of a text are remembered.
const SEEN_BITS: u32 = 11;
/// How many bytes a window has.
const WINDOW: usize = 8;
/// How many grams a window has.
const GRAMS_EACH: usize = WINDOW - GRAM + 1;
/// How many windows are compared in one go.
const FEW: usize = 8;
/// How many bytes so many windows have.
const SPAN: usize = FEW * GRAMS_EACH + GRAM - 1;
/// How many windows are listed before the fresh ones are marked, so that these are still at hand.
const LISTED: usize = 16 * FEW;

/// Marks grams, which is the hot loop of building.
///
/// A log says the same again and again. So a text is taken by windows of eight bytes that share three, and one that was
/// seen lately is passed over with its five grams. Whether one was seen cannot be foreseen by a processor, so there is no
/// branch on it: fresh windows are listed first. They are remembered when they are marked, for a processor that has written
/// where it may read next has to wait.
#[derive(Clone)]
struct Grams {
    /// By its hash, the last window that had it.
    seen: Box<[u64; 1 << SEEN_BITS]>,
}

impl Default for Grams {
    fn default() -> Self {
        Self { seen: Box::new([0; 1 << SEEN_BITS]) }
    }
}

/// Where a window is remembered.
#[inline]
fn slot(window: u64) -> usize {
    (window.wrapping_mul(MIX) >> (64 - SEEN_BITS)) as usize
}

#[inline]
fn mark_grams(text: &[u8], marks: &mut Marks) {
    for gram in text.windows(GRAM) {
        set(marks, gram_row(gram.try_into().unwrap_or_default()));
    }
}

impl Grams {
    fn mark(&mut self, folded: &[u8], marks: &mut Marks) {
        self.seen.fill(0);
        // A window of zeros belongs there, and was not seen; what is there instead belongs elsewhere.
        self.seen[0] = 1;
        let (mut fresh, mut rest) = ([0; LISTED], folded);
        while rest.len() >= SPAN {
            let (count, windows) = self.list(rest, &mut fresh);
            for window in &fresh[..count] {
                self.seen[slot(*window)] = *window;
                mark_grams(&window.to_le_bytes(), marks);
            }
            rest = &rest[windows * GRAMS_EACH..];
        }
        mark_grams(rest, marks);
    }

    /// Lists those of the windows with which `text` begins, [`LISTED`] at most, that were not seen; returns how many these
    /// are, and of how many.
    fn list(&self, text: &[u8], fresh: &mut [u64; LISTED]) -> (usize, usize) {
        let (mut count, mut windows) = (0, 0);
        while windows < LISTED
            && let Some(span) = text.get(windows * GRAMS_EACH..).and_then(<[u8]>::first_chunk::<SPAN>)
        {
            for n in 0..FEW {
                let window = span[n * GRAMS_EACH..].first_chunk().copied().unwrap_or_default();
                let window = u64::from_le_bytes(window);
                fresh[count % LISTED] = window;
                count += usize::from(self.seen[slot(window)] != window);
            }
            windows += FEW;
        }
        (count, windows)
    }
}

#[inline]
fn anchor_row(hash: u32) -> usize {
    (hash >> (32 - ANCHOR_BITS)) as usize + GRAM_ROWS
}

/// Which bytes of `text` are dots, as bits: sixty-four in a number, and one more number, of zeros.
fn dots(text: &[u8], dots: &mut Vec<u64>) {
    let is_dot = |bytes: u8x16| bytes.simd_eq(u8x16::splat(b'.'));
    let (whole, rest) = text.as_chunks();
    let mut last = [0; LOOK];
    last[..rest.len()].copy_from_slice(rest);
    dots.clear();
    dots.extend(whole.iter().chain([&last]).map(|few| bits::of(few, is_dot)).chain([0]));
}

/// Gives `each` the keys of all parts of words of 16 bytes and more, in order; of some that is [`NO_KEY`]. `of_words` says
/// which bytes of `text` are of words.
fn words(text: &[u8], of_words: &[u64], mut each: impl FnMut(usize)) {
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
fn addresses(text: &[u8], dots: &[u64], mut each: impl FnMut(usize)) {
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
fn pairs(dots: &[u64]) -> impl Iterator<Item = usize> {
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
    use std::collections::BTreeSet;

    use super::*;
    use crate::testing::cases;
    use proptest::prelude::*;

    fn of_text(text: &[u8]) -> Vec<u32> {
        let known = Keys::default().of(text, &Ends::of(text));
        let rows: Vec<u32> = known.rows().collect();
        assert!((0..ROWS).filter(|row| known.has(*row)).eq(rows.iter().map(|row| *row as usize)));
        rows
    }

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

    /// Marks the grams of two lines of which the one ends in `tail` and the next begins with `head`.
    fn mark_seam(tail: &[u8], head: &[u8], marks: &mut Marks) {
        let mut sight = Sight::default();
        sight.take(&[tail, head].concat());
        mark_grams(&sight.folded, marks);
    }

    /// A line of one of a few shapes, but for one of so many.
    fn like_others(odd: u8) -> impl Strategy<Value = Vec<u8>> {
        let shape = proptest::sample::select(vec![
            "step=### loss=#.#### a",
            "Iteration ##/ ### of it",
            "from ##.#.##.### to it all",
            "v#.#.# was a step: #",
            "id 550e##00-e29b-#1d4-a716-44665544##00 step #",
            "caf\u{e9} ######## is the time",
            "short #",
            "step #########################",
        ]);
        let digits = proptest::collection::vec(prop_oneof![Just(b'0'), Just(b'7'), b'0'..=b'9'], 40);
        (shape, digits, 0..odd).prop_map(|(shape, digits, odd)| {
            let mut digits = digits.into_iter();
            let mut line = shape.as_bytes().to_vec();
            for byte in line.iter_mut().filter(|byte| **byte == b'#') {
                *byte = digits.next().unwrap_or(b'0');
            }
            if odd == 0 {
                line.splice(1..1, digits.map(|digit| digit - b'0' + b'g'));
            }
            line.push(b'\n');
            line
        })
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
            // What goes on behind a line's end is on no line.
            literal.truncate(literal.iter().position(|byte| *byte == b'\n').map_or(literal.len(), |end| end + 1));
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
            let (mut grams, mut marks) = (Grams::default(), [0; _]);
            for text in texts.iter().map(|words| words.concat()) {
                marks.fill(0);
                grams.mark(&text, &mut marks);
                let mut expected = [0; _];
                text.windows(GRAM).for_each(|gram| set(&mut expected, gram_row(gram.try_into().unwrap())));
                prop_assert!(marks == expected);
            }
        }

        #[test]
        fn no_word_is_passed_over(text in text()) {
            let mut keys = Vec::new();
            let mut sight = Sight::default();
            sight.take(&text);
            words(&text, &sight.of_words, |key| keys.extend((key != NO_KEY).then_some(key)));
            prop_assert_eq!(keys, words_one_by_one(&text));
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(cases(200)))]

        /// Grams of two lines aside, of which any two may follow one another.
        #[test]
        fn lines_that_are_passed_over_are_missed_nowhere(
            lines in (1..40_u8, prop_oneof![3 => 0..40_usize, 1 => 250..400_usize])
                .prop_flat_map(|(odd, count)| proptest::collection::vec(like_others(odd), count)),
        ) {
            let (mut twin, mut expected, mut across) = (Keys::default(), Known::default(), Known::default());
            let heads: BTreeSet<&[u8]> = lines.iter().map(|line| &line[..3]).collect();
            let tails: BTreeSet<&[u8]> = lines.iter().map(|line| &line[line.len() - 3..]).collect();
            for line in &lines {
                twin.add(line, &mut expected);
            }
            for tail in tails {
                for head in &heads {
                    mark_seam(tail, head, &mut across.marks);
                }
            }
            let text = lines.concat();
            let known = Keys::default().of(&text, &Ends::of(&text));
            prop_assert_eq!(known.counts, expected.counts);
            for ((known, expected), across) in known.marks.iter().zip(&*expected.marks).zip(&*across.marks) {
                prop_assert_eq!(known & !across, expected & !across);
                prop_assert_eq!(expected & !known, 0);
            }
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
