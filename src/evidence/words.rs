//! Which of many shapes may select a line: those of which a word stands on it, looked for all at once.
//!
//! What is searched is the text **folded**: letters without case, all digits as one, and all else of ASCII but `_` as a blank. So one
//! small automaton has the keys of all words, and where a key stands the bytes themselves say whether the word does. What
//! else is looked for on each line, the **signs**, goes the same way.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{LazyLock, OnceLock};

use super::grams::{Grams, KEY, ShortKey};
use crate::pattern::{Bytes, Word};

/// A key that tells less, in bits, stands on too many lines to be looked for.
const LEAST: f64 = 12.0;

/// Of what a word is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sense {
    /// The shape of this number.
    Shape(usize),
    /// A sign.
    Sign(Sign),
}

/// What is looked for on each line beside the shapes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sign {
    /// A word behind or before which a number counts (`super::progress`), by its number there.
    Count(usize),
    /// A traceback begins.
    Traceback,
}

/// Where behind `begins` the words that count stand among `signs`, and which they are, for [`super::progress`].
pub fn counts(signs: &[(usize, Sign)], begins: usize) -> impl Iterator<Item = (usize, usize)> {
    signs.iter().filter_map(move |&(at, sign)| match sign {
        Sign::Count(word) => at.checked_sub(begins).map(|at| (at, word)),
        Sign::Traceback => None,
    })
}

/// Whether a traceback begins on a line with these signs.
pub fn is_head(signs: &[(usize, Sign)]) -> bool {
    signs.iter().any(|sign| sign.1 == Sign::Traceback)
}

/// The words of some shapes, and signs.
#[derive(Debug)]
pub struct Words {
    shapes: Vec<usize>,
    ascii: Searcher,
    /// For lines of other text, which are few: not before the first of them.
    any: OnceLock<Searcher>,
}

/// The words in lines of one kind.
#[derive(Debug, Default)]
pub struct Searcher {
    keys: Grams,
    /// By key, the words that have it.
    places: Vec<Vec<WordPlace>>,
    /// The shapes of which no word is known.
    pub wordless: Vec<usize>,
}

/// A word of a shape, or a sign.
#[derive(Debug)]
struct WordPlace {
    word: Word,
    /// Where its key begins in it.
    at: usize,
    sense: Sense,
}

impl Words {
    /// Of the shapes that have the numbers `shapes`, each with the `words` that are in lines of nothing but ASCII, where any
    /// are known; and signs, which are of ASCII.
    pub fn new(
        shapes: Vec<usize>,
        words: impl FnMut(usize) -> Option<Vec<Word>>,
        signs: Vec<(Word, Sign)>,
    ) -> Self {
        let ascii = Searcher::new(&shapes, words, signs);
        Self { shapes, ascii, any: OnceLock::new() }
    }

    /// Those in lines of nothing but ASCII, and the signs.
    pub fn in_ascii(&self) -> &Searcher {
        &self.ascii
    }

    /// Those in any lines, without the signs: `words` of each shape.
    pub fn in_any(&self, words: impl Fn(usize) -> Option<Vec<Word>>) -> &Searcher {
        self.any.get_or_init(|| Searcher::new(&self.shapes, words, Vec::new()))
    }
}

impl Searcher {
    fn new(
        shapes: &[usize],
        mut words: impl FnMut(usize) -> Option<Vec<Word>>,
        signs: Vec<(Word, Sign)>,
    ) -> Self {
        let (mut wordless, mut by_key) = (Vec::new(), BTreeMap::<ShortKey, Vec<WordPlace>>::new());
        for (word, sign) in signs {
            if let Some((at, key)) = key(&word) {
                let place = WordPlace { word, at, sense: Sense::Sign(sign) };
                by_key.entry(key).or_default().push(place);
            }
        }
        for &shape in shapes {
            let words = words(shape);
            let sense = Sense::Shape(shape);
            let keyed = |word: Word| key(&word).map(|(at, key)| (key, WordPlace { word, at, sense }));
            match words.and_then(|words| words.into_iter().map(keyed).collect::<Option<Vec<_>>>()) {
                Some(keyed) => keyed.into_iter().for_each(|(key, place)| {
                    by_key.entry(key).or_default().push(place);
                }),
                None => wordless.push(shape),
            }
        }
        let (keys, places): (Vec<ShortKey>, Vec<_>) = by_key.into_iter().unzip();
        match Grams::new(&keys, &alphabet()) {
            Some(keys) => Self { keys, places, wordless },
            // More than a table has room for, which are some thousands.
            None => Self { wordless: shapes.to_vec(), ..Self::default() },
        }
    }

    /// Tells of each word in `bytes`, which are `folded`: where it begins, line by line, of what it is, and whether it does
    /// stand there, or would only if some digits were others.
    #[inline]
    pub fn each(&self, bytes: &[u8], folded: &[u8], mut found: impl FnMut(usize, Sense, bool)) {
        self.keys.each(folded, |start, key| {
            for place in &self.places[key] {
                if let Some((at, stands)) = place.stands(bytes, start) {
                    found(at, place.sense, stands);
                }
            }
        });
    }
}

impl WordPlace {
    /// Where the word stands in `bytes` if its key begins at `key`, and whether it does so with the digits that are there.
    #[inline]
    fn stands(&self, bytes: &[u8], key: usize) -> Option<(usize, bool)> {
        let at = key.checked_sub(self.at)?;
        let there = bytes.get(at..at + self.word.len())?;
        let mut stands = true;
        for (place, &byte) in self.word.iter().zip(there) {
            if !place.has(byte) {
                if !byte.is_ascii_digit() || !place.has_digit() {
                    return None;
                }
                stands = false;
            }
        }
        Some((at, stands))
    }
}

/// What of a word is looked for, and where that begins: of the places that are one byte when folded, those in a row that
/// stand on the fewest lines.
fn key(word: &[Bytes]) -> Option<(usize, ShortKey)> {
    let folded: Vec<Option<u8>> = word.iter().map(|bytes| alike(*bytes)).collect();
    let run = |at: usize| folded[at..].iter().take(KEY).map_while(|&byte| byte);
    let known_by = |at: usize| run(at).map(|byte| tells_folded(byte) + rarer(byte)).sum::<f64>();
    let tells_enough = |at: &usize| run(*at).map(tells_folded).sum::<f64>() >= LEAST;
    let at = (0..word.len())
        .filter(tells_enough)
        .max_by(|&one, &other| known_by(one).total_cmp(&known_by(other)))?;
    Some((at, ShortKey::new(run(at))?))
}

/// All bytes that a folded text may have.
fn alphabet() -> Vec<u8> {
    let all: BTreeSet<u8> = (0..=u8::MAX).map(fold).collect();
    all.into_iter().collect()
}

/// By how much a letter is rarer than letters are, in bits.
fn rarer(folded: u8) -> f64 {
    /// The letters of English text, by how rare they are in quarters of a bit: the commonest first.
    const LETTERS: &[u8] = b"etaoinsrhldcumfpgwybvkxjqz";
    let quarters = (-9_i32..).zip(LETTERS).find(|(_, letter)| **letter == folded);
    quarters.map_or(0.0, |(quarters, _)| f64::from(quarters) / 4.0)
}

/// How much is known of a place at which a byte stands that is `folded` when folded, in bits.
fn tells_folded(folded: u8) -> f64 {
    static TELLS: LazyLock<Vec<f64>> = LazyLock::new(|| {
        let folds_to = |folded: u8| (0..=u8::MAX).filter(move |&byte| fold(byte) == folded);
        (0..=u8::MAX).map(|folded| folds_to(folded).collect::<Bytes>().tells()).collect()
    });
    TELLS[usize::from(folded)]
}

/// The byte that all of `bytes` are when folded; no line holds its end.
fn alike(bytes: Bytes) -> Option<u8> {
    let mut folded = bytes.each().map(fold);
    let first = folded.next().filter(|&byte| byte != b'\n')?;
    folded.all(|byte| byte == first).then_some(first)
}

/// Puts `bytes`, folded, into `folded`.
pub fn fold_into(bytes: &[u8], folded: &mut Vec<u8>) {
    folded.clear();
    folded.extend(bytes.iter().map(|&byte| fold(byte)));
}

/// A byte without case, digits as one, and all else of ASCII as a blank but for the end of a line, and for what joins words.
#[inline]
fn fold(byte: u8) -> u8 {
    let small = byte | 0x20;
    let is_letter = small.wrapping_sub(b'a') < 26;
    let is_digit = byte.wrapping_sub(b'0') < 10;
    let is_kept = byte >= 128 || byte == b'\n' || byte == b'_';
    let other = if is_kept { byte } else { b' ' };
    let number = if is_digit { b'0' } else { other };
    if is_letter { small } else { number }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_are_folded_so_that_little_is_told_apart() {
        let mut folded = Vec::new();
        fold_into("Step_17: [e\u{e9}]\n".as_bytes(), &mut folded);
        assert_eq!(folded, "step_00   e\u{e9} \n".as_bytes());
    }
}
