//! Counters: in which blocks the numbers behind `step` and `iter` are which.
//!
//! A counter that is looked up by its digits alone would be in every block, for the index does not tell digits apart
//! ([`super::keys`]). But it counts: a block has few of its values, and neighbouring ones. So for each block the
//! least and the greatest number are kept that stand behind such a word.
//!
//! What holds it together, as for keys: **what a literal says of a number, each text that holds the literal says too.** A number
//! is the first digits behind the word, on the line and near it; both hang on the word and what stands between the two,
//! and so does the [`field`], by which `step=` and `steps:` are told apart.

use crate::number::{self, DIGITS};
use crate::pattern::DIGIT;

/// How many fields are told apart.
pub const FIELDS: usize = 2 * BEHIND.len();
/// What may stand behind a word, letters in any case: `step=`, `step:`, `step 3`, `"step": 3`,
/// `iteration`, `step_num`.
const BEHIND: [u8; 6] = *b"=: \"a_";
/// The most that may stand between the word and its number, in bytes.
const APART: usize = 24;
/// How long a word is.
const WORD: usize = 4;

/// The numbers of one field in one block: the least and the greatest.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Numbers {
    /// The least.
    pub least: u64,
    /// The greatest; less than the least where there is none.
    pub greatest: u64,
}

impl Default for Numbers {
    fn default() -> Self {
        Self { least: u64::MAX, greatest: 0 }
    }
}

impl Numbers {
    fn add(&mut self, number: u64) {
        self.least = self.least.min(number);
        self.greatest = self.greatest.max(number);
    }

    /// Whether one of them may begin with the digits that `sought` has.
    pub fn may_have(self, sought: Sought) -> bool {
        let mut within = Some((sought.number, sought.number));
        while let Some((least, greatest)) = within {
            if self.least <= greatest && least <= self.greatest {
                return true;
            }
            if sought.whole {
                break;
            }
            let longer = |n: u64, digit| n.checked_mul(10)?.checked_add(digit);
            within = longer(least, 0).zip(longer(greatest, 9));
        }
        // What was too long to be told may be anything.
        self.greatest == u64::MAX
    }
}

/// The numbers of a block, field by field.
pub type Counts = [Numbers; FIELDS];

/// A number that a literal has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sought {
    /// In which field.
    pub field: usize,
    number: u64,
    /// Whether no more digits follow; if not, that is not known.
    whole: bool,
}

/// The field of the word that stands at `at` in `text`, any case of it, if it is kept.
#[inline]
fn field(text: &[u8], at: usize) -> Option<usize> {
    /// By what stands behind a word, which of [`BEHIND`] that is.
    const OF: [u8; 256] = {
        let (mut of, mut n) = ([u8::MAX; 256], 0);
        while n < BEHIND.len() {
            of[BEHIND[n] as usize] = n as u8;
            of[BEHIND[n].to_ascii_uppercase() as usize] = n as u8;
            n += 1;
        }
        of
    };
    let behind = OF[*text.get(at + WORD)? as usize];
    let word = match text.get(at)? | 0x20 {
        b's' => 1,
        b'i' => 0,
        _ => return None,
    };
    (behind != u8::MAX).then_some(word * BEHIND.len() + usize::from(behind))
}

/// Where the number begins of the word that stands at `at`.
#[inline]
fn begins(text: &[u8], at: usize) -> Option<usize> {
    let between = text.get(at + WORD..)?;
    // Of most, one byte behind the word: what that is, its field says.
    if let [b'=' | b' ', digit, ..] = between
        && digit.is_ascii_digit()
    {
        return Some(at + WORD + 1);
    }
    let mut between = between.iter().take(APART + 1);
    let apart = between.position(|byte| byte.is_ascii_digit() || [DIGIT, b'\n'].contains(byte))?;
    text[at + WORD + apart].is_ascii_digit().then_some(at + WORD + apart)
}

/// Counts the number of the word that stands at `at` in `text`.
#[inline]
pub fn count(text: &[u8], at: usize, counts: &mut Counts) {
    let Some(field) = field(text, at) else { return };
    let Some(start) = begins(text, at) else { return };
    let (number, digits) = number::leading(&text[start..]);
    counts[field].add(if digits > DIGITS { u64::MAX } else { number });
}

/// What a literal, of lower-case letters, any other bytes and [`DIGIT`], says of numbers.
pub fn of_literal(literal: &[u8]) -> Vec<Sought> {
    let sought = |at: usize| {
        let is_word = [b"step", b"iter"].contains(&literal.get(at..)?.first_chunk()?);
        let field = field(literal, at).filter(|_| is_word)?;
        let start = begins(literal, at)?;
        let (number, digits) = number::leading(&literal[start..]);
        let behind = literal.get(start + digits);
        let whole = behind.is_some_and(|byte| *byte != DIGIT);
        (digits <= DIGITS).then_some(Sought { field, number, whole })
    };
    (0..literal.len()).filter_map(sought).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::cases;
    use proptest::prelude::*;

    fn counted(text: &[u8]) -> Counts {
        super::super::keys::all_of(text).counts
    }

    fn may_hold(text: &str, literal: &str) -> bool {
        let counts = counted(text.as_bytes());
        of_literal(literal.as_bytes()).iter().all(|sought| counts[sought.field].may_have(*sought))
    }

    #[test]
    fn numbers_are_told_apart() {
        let text = "Step=41200 loss\nstep=41260 x\niteration 7/ 500\n \"step\": 12\n";
        for held in [
            "step=41200",
            "step=41200 ",
            "step=4",
            "step=412",
            "iteration 7/",
            "step\": 1",
            "step=4123",
            "step",
        ] {
            assert!(may_hold(text, held), "{held}");
        }
        for other in
            ["step=41300", "step=5", "step=4120 ", "step: 41200", "iteration 8", "step\": 2", "step=412000"]
        {
            assert!(!may_hold(text, other), "{other}");
        }
        assert!(may_hold("step=123456789012345678901234567890 ", "step=12 "), "too long to be told");
        assert!(may_hold("step=00041 ", "step=0"));
        assert!(!may_hold("step=00041 ", "step=42"));
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(cases(2000)))]

        #[test]
        fn what_a_part_says_the_whole_says(
            pieces in proptest::collection::vec(prop_oneof![
                proptest::sample::select(vec!["step", "STEP", "iter", "Iteration", "=", ": ", "\": ", " ", "\n", "_num=", "s", "."])
                    .prop_map(str::to_owned),
                any::<u64>().prop_map(|n| n.to_string()),
                (0..2000_u64).prop_map(|n| n.to_string()),
            ], 0..24),
            cut in any::<(prop::sample::Index, prop::sample::Index)>(), unknown in any::<u64>(),
        ) {
            let text = pieces.concat().into_bytes();
            let (a, b) = (cut.0.index(text.len() + 1), cut.1.index(text.len() + 1));
            let mut literal = text[a.min(b)..a.max(b)].to_ascii_lowercase();
            for (n, byte) in literal.iter_mut().enumerate().filter(|(_, byte)| byte.is_ascii_digit()) {
                if unknown % 3 == 0 && unknown >> (n % 64) & 1 == 1 {
                    *byte = DIGIT;
                }
            }
            prop_assume!(!literal.contains(&b'\n'));
            let counts = counted(&text);
            for sought in of_literal(&literal) {
                prop_assert!(counts[sought.field].may_have(sought), "{sought:?} of {:?}", String::from_utf8_lossy(&literal));
            }
        }
    }
}
