//! The speakers of a block, each with a number: who wrote a line, by the prefix that was on another, where that is enough.

use super::speaker::{self, Key, Speaker};

/// How long a prefix is at most that is known again, in bytes.
const LONGEST: usize = 32;
/// How many are.
const MOST: usize = 16;

/// The speakers of a block.
#[derive(Debug, Default)]
pub(super) struct Crowd<'b> {
    /// Who they are and their replicas, in the order in which they first speak.
    pub speakers: Vec<(Key, Vec<u8>)>,
    /// Prefixes, and whose they are.
    prefixes: Vec<(&'b [u8], usize)>,
    /// The number of the last speaker.
    recent: usize,
    /// The number of the file itself.
    unnamed: Option<usize>,
}

impl<'b> Crowd<'b> {
    /// The speaker of a line that names none; its number, where the words begin, and whether it is named.
    #[inline]
    pub fn unnamed(&mut self) -> (usize, usize, bool) {
        let number = self.unnamed.unwrap_or_else(|| self.number_of(Speaker::default()));
        self.unnamed = Some(number);
        (number, 0, false)
    }

    /// The speaker of `line`.
    #[inline]
    pub fn who(&mut self, line: &'b [u8]) -> (usize, usize, bool) {
        let prefix = prefix(line);
        let known = prefix.and_then(|prefix| self.prefixes.iter().find(|known| known.0 == prefix));
        if let Some(&(prefix, number)) = known {
            return (number, prefix.len(), true);
        }
        let (speaker, words) = speaker::of(line);
        if speaker.ranks.is_empty() {
            return self.unnamed();
        }
        let number = self.number_of(speaker);
        if let Some(prefix) = prefix.filter(|prefix| prefix.len() == words)
            && speaker.replica.is_empty()
            && self.prefixes.len() < MOST
        {
            self.prefixes.push((prefix, number));
        }
        (number, words, true)
    }

    fn number_of(&mut self, speaker: Speaker<'_>) -> usize {
        let key = speaker.key();
        if self.speakers.get(self.recent).is_none_or(|recent| recent.0 != key) {
            self.recent = self.speakers.iter().position(|known| known.0 == key).unwrap_or_else(|| {
                self.speakers.push((key, speaker.replica.to_vec()));
                self.speakers.len() - 1
            });
        }
        self.recent
    }
}

/// The bracket at the head of `line` with its colon, and the blank behind it: where a digit follows, as a stamp's, no more
/// is said of who speaks, so that those who begin alike are one.
#[inline]
fn prefix(line: &[u8]) -> Option<&[u8]> {
    if line.first() != Some(&b'[') {
        return None;
    }
    let close = line.iter().take(LONGEST).position(|&byte| byte == b']')?;
    let colon = line.get(close + 1).filter(|&&byte| byte == b':').map(|_| close + 2)?;
    let words = colon + usize::from(line.get(colon) == Some(&b' '));
    line.get(words)?.is_ascii_digit().then(|| &line[..words])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::cases;
    use proptest::prelude::*;

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(cases(512)))]
        #[test]
        fn each_line_is_by_the_one_whom_it_names(
            lines in proptest::collection::vec(
                "(\\[rank[01]\\]:|\\[[01]\\]:|\\[default[01]\\]:|\\[titan\\]:|[01]: |t/[01] |INFO|\\[1,[01]\\]<stdout>:| ){0,3}(2026-11-22 |[a-z]|rank=[01] |\\[rank [01]\\] ){0,3}\n",
                1..60),
        ) {
            let mut crowd = Crowd::default();
            for line in &lines {
                let (speaker, words) = speaker::of(line.as_bytes());
                let (number, begin, is_named) = crowd.who(line.as_bytes());
                prop_assert_eq!(is_named, !speaker.ranks.is_empty());
                prop_assert_eq!((crowd.speakers[number].0, begin), (speaker.key(), words), "{}", line);
            }
        }
    }
}
