//! Words without which a shape selects no line, beside those by which its lines are found: looking for them on the one line
//! at hand costs less than to try the shape.

use crate::pattern::Word;

/// What a line must hold one of, where anything is known of that.
#[derive(Debug, Default)]
pub(super) struct Probes(Vec<Probe>);

/// One of the words.
#[derive(Debug)]
struct Probe {
    word: Word,
    /// The place of it that tells most of those with one byte only, and that byte.
    at: usize,
    byte: u8,
}

impl Probes {
    /// Will look for `words`; for nothing where a word cannot be found by one byte of it.
    pub fn new(words: Option<Vec<Word>>) -> Self {
        let probes = words.unwrap_or_default().into_iter().map(Probe::new).collect::<Option<_>>();
        Self(probes.unwrap_or_default())
    }

    /// Whether `line`, of nothing but ASCII, may be selected as far as they say.
    #[inline]
    pub fn allow(&self, line: &[u8]) -> bool {
        self.0.is_empty() || self.0.iter().any(|probe| probe.stands_on(line))
    }
}

impl Probe {
    fn new(word: Word) -> Option<Self> {
        let only = |at: usize| word[at].each().next().filter(|_| word[at].each().nth(1).is_none());
        let places = (0..word.len()).filter_map(|at| only(at).map(|byte| (at, byte)));
        let tells = |place: &(usize, u8)| word[place.0].tells();
        let (at, byte) = places.max_by(|one, other| tells(one).total_cmp(&tells(other)))?;
        Some(Self { word, at, byte })
    }

    fn stands_on(&self, line: &[u8]) -> bool {
        memchr::memchr_iter(self.byte, line).any(|found| {
            let there = found.checked_sub(self.at).and_then(|start| line.get(start..start + self.word.len()));
            there.is_some_and(|there| self.word.iter().zip(there).all(|(place, &byte)| place.has(byte)))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::cases;
    use proptest::prelude::*;

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(cases(512)))]
        #[test]
        fn a_line_is_allowed_if_a_word_stands_on_it(
            words in proptest::collection::vec(proptest::collection::vec("[ab]{1,2}|c", 1..4), 0..3),
            line in "[abc]{0,9}",
        ) {
            let words: Vec<Word> =
                words.iter().map(|word| word.iter().map(|place| place.bytes().collect()).collect()).collect();
            let holds = |word: &Word| {
                let stands = |there: &[u8]| word.iter().zip(there).all(|(place, &byte)| place.has(byte));
                line.as_bytes().windows(word.len()).any(stands)
            };
            let has_one = |word: &Word| word.iter().any(|place| place.each().count() == 1);
            let is_known = !words.is_empty() && words.iter().all(has_one);
            let expected = !is_known || words.iter().any(holds);
            prop_assert_eq!(Probes::new(Some(words)).allow(line.as_bytes()), expected);
        }
    }
}
