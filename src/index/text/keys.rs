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

use super::anchors::{addresses, dots, pairs, words};
use super::counters;
use super::grams::{GRAM, GramMarker, gram_row};
pub use super::known::{BlockKeys, OTHER_TEXT, ROWS, RowBits};
use super::known::{NO_KEY, is_set, set};
use super::shapes::Repeats;
use super::sight::Sight;
use crate::line::Ends;
use crate::step::Stems;

/// Says what one block after the other is known by, with memory of its own.
#[derive(Clone, Default)]
pub struct Keys {
    sight: Sight,
    grams: GramMarker,
    /// Which bytes are dots.
    dots: Vec<u64>,
    shapes: Box<Repeats>,
}

impl Keys {
    /// What `text` is known by, whose lines end at `ends` and with these words that name counters, but for grams with a
    /// line's end among their bytes.
    pub fn of(&mut self, text: &[u8], ends: &Ends, stems: &Stems) -> BlockKeys {
        let mut known = BlockKeys::default();
        let mut shapes = std::mem::take(&mut self.shapes);
        let rest = shapes.pass(text, ends, |line| is_plain(line, &mut self.sight));
        self.add(rest, &mut known.marks);
        self.shapes = shapes;
        for at in stems.places() {
            counters::count(text, *at, &mut known.counts);
        }
        known
    }

    /// Adds the rows of all keys that `text` has; the twin of what passes over lines.
    fn add(&mut self, text: &[u8], marks: &mut RowBits) {
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
    }
}

/// What `text` is known by.
pub fn all_of(text: &[u8]) -> BlockKeys {
    let mut stems = Stems::default();
    let ends = stems.find(text);
    Keys::default().of(text, &ends, &stems)
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
fn may_have_addresses(marks: &RowBits) -> bool {
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

#[cfg(test)]
pub(super) mod tests {
    use std::collections::BTreeSet;

    use super::super::grams::mark_grams;
    use super::*;
    use crate::pattern::DIGIT;
    use crate::testing::cases;
    use proptest::prelude::*;

    fn of_text(text: &[u8]) -> Vec<u32> {
        let known = all_of(text);
        let rows: Vec<u32> = known.rows().collect();
        assert!((0..ROWS).filter(|row| known.has(*row)).eq(rows.iter().map(|row| *row as usize)));
        rows
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
    pub fn text() -> impl Strategy<Value = Vec<u8>> {
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

    /// Marks all grams with a line's end among their bytes that lines made of `lines` may have.
    fn mark_ends(lines: &[Vec<u8>], marks: &mut RowBits) {
        let mut parts: [BTreeSet<Vec<u8>>; GRAM] = Default::default();
        for line in lines {
            let mut sight = Sight::default();
            sight.take(line);
            for (length, parts) in parts.iter_mut().enumerate() {
                parts.extend(sight.folded.windows(length.max(1)).map(|part| part[..length].to_vec()));
            }
        }
        for (length, tails) in parts.iter().enumerate() {
            for head in &parts[GRAM - 1 - length] {
                for tail in tails {
                    mark_grams(&[tail, &b"\n"[..], head].concat(), marks);
                }
            }
        }
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
            "2026-11-22 ##:##:## INFO % is the word, and that is all of it",
            "2026-11-22 ##:##:## INFO 550e84% is the word, % and that is all of it",
            "2026-11-22 ##:##:## INFO at 10.%.##.# and that is all of it",
            "2026-11-22 ##:##:## INFO at %#.##.# and that is all of it",
        ]);
        let word = proptest::sample::select(vec![
            "",
            "a",
            "0a",
            "deadbeef00",
            "-e29b-41d4",
            ".",
            "10.2.",
            "1.2.3.4",
            "step=7",
            "Tensor",
            "x\u{e9}",
        ]);
        let digits = proptest::collection::vec(prop_oneof![Just(b'0'), Just(b'7'), b'0'..=b'9'], 40);
        (shape, word, digits, 0..odd).prop_map(|(shape, word, digits, odd)| {
            let mut digits = digits.into_iter();
            let mut line = shape.replace('%', word).into_bytes();
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

    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(cases(200)))]

        /// Grams with a line's end among their bytes aside, of which there may be more.
        #[test]
        fn lines_that_are_passed_over_are_missed_nowhere(
            lines in (1..40_u8, prop_oneof![3 => 0..40_usize, 1 => 250..400_usize])
                .prop_flat_map(|(odd, count)| proptest::collection::vec(like_others(odd), count)),
        ) {
            let (mut twin, mut expected, mut ends) = (Keys::default(), BlockKeys::default(), BlockKeys::default());
            for line in &lines {
                twin.add(line, &mut expected.marks);
                let is_word = |at: &usize| line[*at..].get(..4).is_some_and(|word| {
                    word.eq_ignore_ascii_case(b"step") || word.eq_ignore_ascii_case(b"iter")
                });
                (0..line.len()).filter(is_word).for_each(|at| counters::count(line, at, &mut expected.counts));
            }
            mark_ends(&lines, &mut ends.marks);
            let text = lines.concat();
            let known = all_of(&text);
            prop_assert_eq!(known.counts, expected.counts);
            for ((known, expected), ends) in known.marks.iter().zip(&*expected.marks).zip(&*ends.marks) {
                prop_assert_eq!(known & !ends, expected & !ends);
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
