//! Where in a text the words stand that steps and counters are named by, found in one go for the whole of it.
//!
//! Which lines name a step cannot be foreseen by a processor, and a wrong guess costs it as much as a look at two hundred
//! bytes. So a text is looked at as a whole first, on the way of one who looks at all of it anyway ([`Ends::with`]), and what
//! is done for each place hangs on no branch that only the text decides.

use wide::u8x16;

use super::find::{is_stem, step_at};
use crate::bits::{self, LOOK, places};
use crate::line::Ends;

/// The places in a text where `step` or `iter` stands, or the end of `updates`, in any case, alone or as part of a word: in order.
///
/// First all of the text is seen, then its words are told from others with the same two letters. The twin is a look at every
/// four bytes.
#[derive(Clone, Default)]
pub struct Stems {
    /// Which bytes are an `e` behind a `t`, the third letter of all of them; sixty-four to a number.
    thirds: Vec<u64>,
    /// Room for which of those numbers are not zero.
    some: Vec<usize>,
    /// Where words begin, so many; what stands behind them means nothing.
    places: Vec<usize>,
    count: usize,
}

impl Stems {
    /// Where the lines of `text` end; the words in it are these from now on.
    pub fn find(&mut self, text: &[u8]) -> Ends {
        self.thirds.resize(text.len() / LOOK + 1, 0);
        let (mut thirds, mut carry) = (self.thirds.iter_mut(), 0);
        let ends = Ends::with(text, |few| {
            let (tees, ees) = look(few);
            if let Some(thirds) = thirds.next() {
                *thirds = ees & (tees << 1 | carry);
            }
            carry = tees >> (LOOK - 1);
        });
        self.settle(text);
        ends
    }

    /// Tells the words of the text that was seen.
    fn settle(&mut self, text: &[u8]) {
        self.some.resize(self.thirds.len() + 1, 0);
        let mut some = 0;
        self.count = 0;
        for (number, thirds) in self.thirds.iter().enumerate() {
            // The next one is written over what was zero.
            self.some[some] = number;
            some += usize::from(*thirds != 0);
        }
        for number in &self.some[..some] {
            if self.places.len() < self.count + LOOK {
                self.places.resize(2 * self.places.len() + LOOK, 0);
            }
            for third in places(self.thirds[*number], number * LOOK) {
                let start = third.wrapping_sub(2);
                self.places[self.count] = start;
                self.count += usize::from(is_stem(text, start));
            }
        }
    }

    /// Where they begin.
    #[inline]
    pub fn places(&self) -> &[usize] {
        &self.places[..self.count]
    }

    /// The steps that stand behind them, each with where its word begins. On a line with several the first counts.
    pub fn steps(&self, text: &[u8]) -> Vec<(usize, u64)> {
        let mut steps = Vec::with_capacity(self.count + 1);
        for start in self.places() {
            if let Some(step) = step_at(text, *start) {
                steps.push((*start, step));
            }
        }
        steps
    }
}

/// Which of sixty-four bytes are a `t`, and which an `e`, in any case.
#[inline]
fn look(few: &[u8; LOOK]) -> (u64, u64) {
    let is = |bytes: u8x16, letter| (bytes | u8x16::splat(0x20)).simd_eq(u8x16::splat(letter));
    (bits::of(few, |bytes| is(bytes, b't')), bits::of(few, |bytes| is(bytes, b'e')))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::line;
    use crate::step::StepFinder;
    use crate::testing::cases;
    use proptest::prelude::*;

    fn text() -> impl Strategy<Value = String> {
        let piece = prop_oneof![
            3 => "(?i)(step|iter|iteration|global_step|num_updates|logging_writer.py:48\\] \\[)",
            1 => "checkpoint at [0-9]{1,3} iterations",
            1 => "Steps: [ \\n]{0,2}[0-9]{1,3}%\\|[# ]{0,3}\\|[ \\n]{0,2}[0-9]{1,4}/[0-9]{1,4}",
            3 => "[=: ]{0,2}[0-9]{1,4}",
            2 => "(?i)[a-z._ ]{0,12}",
            1 => "[tesi]{0,6}",
            1 => "x{50,70}",
            1 => Just("\n".to_owned()),
            1 => Just("\u{1b}[31m".to_owned()),
        ];
        proptest::collection::vec(piece, 0..60).prop_map(|pieces| pieces.concat())
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(cases(1000)))]

        #[test]
        fn words_stand_where_four_bytes_are_one(texts in proptest::collection::vec(text(), 1..4)) {
            let mut stems = Stems::default();
            for text in texts {
                let text = text.as_bytes();
                let ends = stems.find(text);
                let is_word = |four: &[u8]| [b"step", b"iter", b"ates"].iter().any(|word| four.eq_ignore_ascii_case(*word));
                let twin = (0..text.len()).filter(|at| text[*at..].get(..4).is_some_and(is_word));
                prop_assert_eq!(stems.places(), twin.collect::<Vec<_>>());
                prop_assert!(ends.lines().eq(line::lines(text)));
            }
        }

        #[test]
        fn the_first_step_on_a_line_is_its_step(text in text()) {
            let (text, mut stems) = (text.as_bytes(), Stems::default());
            stems.find(text);
            let steps: Vec<_> = stems.steps(text);
            for line in line::lines(text) {
                let first = steps.iter().find(|(at, _)| (line.start..line.end).contains(at));
                prop_assert_eq!(first.map(|(_, step)| *step), StepFinder::default().find(line.of(text)));
            }
        }
    }
}
