//! One literal in which letters may be of either case: looked for by its rarest letters at their distances.
//!
//! The inner loop is plain arithmetic over 64 bytes at a time, which compilers turn into vector instructions.

use regex_syntax::hir::{Class, Hir, HirKind};

/// How many bytes are looked at together.
const STEP: usize = 64;

/// A byte that is `value`, or, with `mask`, one that is so in either case.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Letter {
    /// What of a byte is compared: all of it, or all but the bit that tells the cases apart.
    mask: u8,
    pub(crate) value: u8,
}

const CASE: u8 = 0x20;

impl Letter {
    /// The letters of a part of a program that is nothing but them.
    pub(crate) fn all_of(hir: &Hir) -> Option<Vec<Self>> {
        match hir.kind() {
            HirKind::Literal(literal) => {
                Some(literal.0.iter().map(|&value| Self { mask: 0xFF, value }).collect())
            }
            HirKind::Class(Class::Unicode(class)) => {
                let [upper, lower] = class.ranges() else { return None };
                let single = upper.start() == upper.end() && lower.start() == lower.end();
                let (upper, lower) = (u8::try_from(upper.start()).ok()?, u8::try_from(lower.start()).ok()?);
                let letter = Self { mask: !CASE, value: upper };
                (single && upper.is_ascii_uppercase() && lower == upper | CASE).then(|| vec![letter])
            }
            HirKind::Empty | HirKind::Look(_) => Some(Vec::new()),
            _ => None,
        }
    }

    pub(crate) fn is_either_case(self) -> bool {
        self.mask != 0xFF
    }

    #[inline]
    fn is(self, byte: u8) -> bool {
        byte & self.mask == self.value
    }
}

/// Looks for a literal in which letters may be of either case.
#[derive(Clone, Debug)]
pub(crate) struct FoldedFinder {
    letters: Vec<Letter>,
    /// Which letters are looked for together before the others are compared: few are faster, more are rarer.
    rare: Vec<usize>,
}

/// How often, in a million bytes, the rare may all stand as they should by chance.
const CHANCE: f64 = 60e-6;
/// The most rare.
const MOST: usize = 4;

impl FoldedFinder {
    /// A finder whose rare are the letters that are rarest in `sample`; there are at least two letters.
    pub(crate) fn new(letters: Vec<Letter>, sample: &[u8]) -> Self {
        let often = |letter: &Letter| sample.iter().filter(|&&byte| letter.is(byte)).count();
        let mut order: Vec<(usize, usize)> = letters.iter().map(often).zip(0..).collect();
        order.sort_unstable();
        let (mut rare, mut chance) = (Vec::new(), 1.0);
        for (often, at) in order {
            if rare.len() == MOST || (rare.len() >= 2 && chance < CHANCE) {
                break;
            }
            // What the sample does not hold is rare, not impossible.
            #[allow(clippy::cast_precision_loss)] // A frequency.
            let frequency = (often as f64 + 1.0) / (sample.len() as f64 + 64.0);
            chance *= frequency;
            rare.push(at);
        }
        Self { letters, rare }
    }

    /// Where the literal next begins, at or after `from`.
    pub(crate) fn find(&self, bytes: &[u8], from: usize) -> Option<usize> {
        match self.rare[..] {
            [a, b] => self.find_by([a, b], bytes, from),
            [a, b, c] => self.find_by([a, b, c], bytes, from),
            [a, b, c, d] => self.find_by([a, b, c, d], bytes, from),
            _ => (from..bytes.len()).find(|&at| self.stands(bytes, at)),
        }
    }

    fn stands(&self, bytes: &[u8], at: usize) -> bool {
        let here = &bytes[at..];
        here.len() >= self.letters.len()
            && self.letters.iter().zip(here).all(|(letter, &byte)| letter.is(byte))
    }

    fn find_by<const N: usize>(&self, rare: [usize; N], bytes: &[u8], from: usize) -> Option<usize> {
        let letters = rare.map(|scout| self.letters[scout]);
        let places = (bytes.len() + 1).checked_sub(self.letters.len())?;
        let places = places.checked_sub(from)?;
        // What each scout looks at, for all the places where the literal may begin.
        let views = rare.map(|scout| &bytes[from + scout..from + scout + places]);
        let steps = views.map(|view| view.as_chunks::<STEP>().0);
        for step in 0..steps[0].len() {
            if meet(steps.map(|view| &view[step]), letters) {
                let places = from + step * STEP..from + (step + 1) * STEP;
                if let Some(at) = places.into_iter().find(|&at| self.stands(bytes, at)) {
                    return Some(at);
                }
            }
        }
        (from + steps[0].len() * STEP..from + places).find(|&at| self.stands(bytes, at))
    }
}

/// Whether all letters stand at the same place of their views anywhere.
#[inline]
fn meet<const N: usize>(views: [&[u8; STEP]; N], letters: [Letter; N]) -> bool {
    // Bit by bit different from what is looked for: nothing where a letter stands.
    let mut different = [0; STEP];
    for (view, Letter { mask, value }) in views.into_iter().zip(letters) {
        for place in 0..STEP {
            different[place] |= (view[place] & mask) ^ value;
        }
    }
    different.into_iter().fold(u8::MAX, u8::min) == 0
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn finds_what_a_plain_search_finds(
            needle in proptest::collection::vec(prop_oneof![Just(b'A'), Just(b'B'), Just(b'-')], 2..6),
            hay in proptest::collection::vec(prop_oneof![Just(b'a'), Just(b'A'), Just(b'b'), Just(b'-'), any::<u8>()], 0..300),
            from in 0_usize..300,
        ) {
            let letters: Vec<Letter> = needle
                .iter()
                .map(|&value| Letter { mask: if value == b'-' { 0xFF } else { !CASE }, value })
                .collect();
            let plain = (from..hay.len()).find(|&at| {
                hay[at..].len() >= needle.len() && hay[at..at + needle.len()].eq_ignore_ascii_case(&needle)
            });
            prop_assert_eq!(FoldedFinder::new(letters, &hay).find(&hay, from), plain);
        }
    }
}
