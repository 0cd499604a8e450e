//! Lines that are alike but for their digits: what was found out about one that tells nothing is known of all the others.
//!
//! Most lines of a log were printed by a few places in a program, and differ in their numbers. So of a line that tells
//! nothing, whatever its digits were, is remembered what it counts and where, by the hash of the line with each digit as
//! `0`. Only lines that are not known are searched for words. The twin is a look at each line ([`super::passage::lines`]).

use xxhash_rust::xxh3::xxh3_64;

use super::crowd::Crowd;
use super::ear::{Ear, Telling};
use super::progress::{self, DIGITS, UNITS};
use super::shapes::Jury;
use super::speaker::Key;
use super::words::{self, Sign};
use crate::batch::Batch;
use crate::error::Result;
use crate::line::Line;

/// How many lines are remembered.
const MOST: usize = 1 << 16;
/// The longest line that is, in bytes.
const LONGEST: usize = 4096;
/// So many lines are recalled together: they, and what that takes, are in a core's first cache.
const TOGETHER: usize = 64;
/// How many lines that are not alike it takes to drive out one that came again and again.
const STAYS: u8 = 3;
/// A line without a rank's name has none whatever its digits are, if fewer than so many stand in a row: a rank of as many
/// may be too large for one.
const RANK_DIGITS: usize = 10;
/// No place in a line.
const NOWHERE: u16 = u16::MAX;

/// Lines that tell nothing, by their hash.
#[derive(Debug, Default)]
pub struct Alike {
    table: Vec<Known>,
    folded: Vec<u8>,
    /// The lines of the block at hand that are not known, one behind the other.
    rest: Vec<u8>,
    missed: Vec<Missed>,
    /// The lines at hand, each with its hash, and what is remembered where that would be.
    recalled: Vec<(Line, u64, Known)>,
}

/// A line that is remembered.
#[derive(Clone, Copy, Debug, Default)]
struct Known {
    hash: u64,
    plain: Plain,
    /// How often it came lately.
    stays: u8,
}

/// What is known of a line that tells nothing: where the numbers begin that it counts, by unit.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Plain([u16; UNITS]);

/// A line that is not known.
#[derive(Debug)]
struct Missed {
    /// Its number in its batch.
    at: usize,
    line: Line,
    /// Where it begins in the rest.
    start: usize,
    hash: u64,
}

/// A line before it is heard.
#[derive(Clone, Copy, Debug)]
pub struct Unheard {
    /// The number of its speaker.
    pub speaker: usize,
    /// Where the speaker's own words begin.
    pub words: usize,
    /// What is known of it, if it tells nothing.
    pub plain: Option<Plain>,
}

/// What was seen of a batch.
#[derive(Debug, Default)]
pub struct Looked {
    /// How many of its lines were heard before.
    pub heard: usize,
    /// Each line behind those.
    pub lines: Vec<Unheard>,
    /// Its speakers, in the order in which they first speak, and their replicas.
    pub speakers: Vec<(Key, Vec<u8>)>,
    /// The lines that tell something.
    pub told: Vec<Telling>,
    /// Where signs stand on the lines of which nothing is known.
    pub signs: Vec<(usize, Sign)>,
}

impl Plain {
    /// The numbers on `line`, by unit.
    #[inline]
    pub fn numbers(self, line: &[u8]) -> [Option<u64>; UNITS] {
        if self.0 == [NOWHERE; UNITS] {
            return [None; UNITS];
        }
        self.0.map(|at| line.get(usize::from(at)..).filter(|_| at != NOWHERE).and_then(progress::number))
    }
}

impl Ear {
    /// Looks at the lines of a batch, all of which are meant, that begin at `from` in the file or behind it.
    pub fn look(&mut self, batch: &Batch, from: u64, jury: &mut dyn Jury) -> Result<Looked> {
        let mut alike = std::mem::take(&mut self.alike);
        let looked = alike.look(batch, from, self, jury);
        self.alike = alike;
        looked
    }
}

impl Alike {
    fn look(&mut self, batch: &Batch, from: u64, ear: &mut Ear, jury: &mut dyn Jury) -> Result<Looked> {
        let bytes = batch.block.bytes();
        self.table.resize(MOST, Known::default());
        self.rest.clear();
        self.missed.clear();
        let is_heard = |line: &Line| batch.block.file_offset(line.start) < from;
        let mut looked = Looked { heard: batch.lines().take_while(is_heard).count(), ..Looked::default() };
        looked.lines.reserve_exact(usize::try_from(batch.len()).unwrap_or_default());
        let (mut crowd, mut lines) = (Crowd::default(), batch.lines().skip(looked.heard));
        while self.recall(bytes, lines.by_ref().take(TOGETHER)) {
            for &(line, hash, known) in &self.recalled {
                let (at, text) = (looked.lines.len(), line.of(bytes));
                // Whether a rank is named hangs on no digit of those that are remembered as naming none.
                let (speaker, words, is_named) =
                    if known.hash == hash { crowd.unnamed() } else { crowd.who(text) };
                let hash = if is_named { with_words(hash, words) } else { hash };
                let plain = (known.hash == hash).then_some(known.plain);
                if plain.is_some() {
                    self.table[slot(hash)].stays = STAYS;
                } else {
                    self.missed.push(Missed { at, line, start: self.rest.len(), hash });
                    self.rest.extend_from_slice(text);
                }
                looked.lines.push(Unheard { speaker, words, plain });
            }
        }
        looked.speakers = crowd.speakers;
        self.search(bytes, ear, jury, &mut looked)?;
        Ok(looked)
    }

    /// Recalls what is known of the next lines of `bytes`, if it is of them; false where there are none. All have a hash
    /// before one is looked up, and all are looked up before one is asked for, so that none waits for the memory of the one
    /// before.
    fn recall(&mut self, bytes: &[u8], lines: impl Iterator<Item = Line>) -> bool {
        self.recalled.clear();
        self.recalled.extend(lines.map(|line| (line, 0, Known::default())));
        let (Some(first), Some(last)) = (self.recalled.first(), self.recalled.last()) else { return false };
        let begin = first.0.start;
        fold_digits(&bytes[begin..last.0.end], &mut self.folded);
        for (line, hash, _) in &mut self.recalled {
            *hash = xxh3_64(&self.folded[line.start - begin..line.end - begin]) | 1;
        }
        for (_, hash, known) in &mut self.recalled {
            *known = self.table[slot(*hash)];
        }
        true
    }

    /// Searches the lines that are not known, and remembers those that tell nothing.
    fn search(
        &mut self,
        bytes: &[u8],
        ear: &mut Ear,
        jury: &mut dyn Jury,
        looked: &mut Looked,
    ) -> Result<()> {
        let told = ear.telling(&self.rest, jury)?;
        let signs = ear.take_signs();
        let (near, goes_by_words) = (ear.take_near(), ear.goes_by_words());
        let (mut told, mut signs, mut near) = (told.iter().peekable(), &signs[..], &near[..]);
        for Missed { at, line, start, hash } in self.missed.drain(..) {
            let (text, end) = (line.of(bytes), start + line.end - line.start);
            let on = within(&mut signs, end, |sign| sign.0);
            let is_near = !within(&mut near, end, |&at| at).is_empty();
            let telling = told.next_if(|telling| telling.line.start < end);
            let seen = &mut looked.lines[at];
            let may_be_plain =
                goes_by_words && !is_near && telling.is_none() && goes_for_all(text, seen.words);
            seen.plain = if may_be_plain { plain(text, seen.words, start, on) } else { None };
            if let Some(plain) = seen.plain {
                let known = &mut self.table[slot(hash)];
                known.stays = known.stays.saturating_sub(u8::from(known.hash != hash));
                if known.stays == 0 {
                    *known = Known { hash, plain, stays: 1 };
                }
                continue;
            }
            looked.signs.extend(on.iter().map(|&(at, sign)| (at - start + line.start, sign)));
            looked.told.extend(telling.map(|telling| Telling { line, ..*telling }));
        }
        Ok(())
    }
}

/// Whether what is found on `line` may be true of all that are alike.
fn goes_for_all(line: &[u8], words: usize) -> bool {
    let most = if words > 0 { DIGITS } else { RANK_DIGITS - 1 };
    line.len() <= LONGEST && line.is_ascii() && !has_longer_number(line, most)
}

/// Whether more than `most` digits stand in a row.
fn has_longer_number(line: &[u8], most: usize) -> bool {
    // One of them is at such a place, wherever the first is.
    let mut digits = (most..line.len()).step_by(most + 1).filter(|&at| line[at].is_ascii_digit());
    digits.any(|at| {
        let before = line[..at].iter().rev().take_while(|byte| byte.is_ascii_digit()).count();
        let behind = line[at..].iter().take_while(|byte| byte.is_ascii_digit()).count();
        before + behind > most
    })
}

/// What is known of a line that tells nothing, which begins at `start` where its `signs` stand. `None` where a traceback
/// begins on it.
fn plain(line: &[u8], words: usize, start: usize, signs: &[(usize, Sign)]) -> Option<Plain> {
    if words::is_head(signs) {
        return None;
    }
    let places = progress::places(&line[words..], words::counts(signs, start + words));
    let place = |at: Option<usize>| at.and_then(|at| u16::try_from(words + at).ok()).unwrap_or(NOWHERE);
    Some(Plain(places.map(place)))
}

/// Those at the head of `rest`, in order, that stand before `end`; takes them off.
fn within<'s, T>(rest: &mut &'s [T], end: usize, at: impl Fn(&T) -> usize) -> &'s [T] {
    let (these, others) = rest.split_at(rest.iter().take_while(|one| at(one) < end).count());
    *rest = others;
    these
}

#[inline]
fn slot(hash: u64) -> usize {
    (hash >> 32) as usize % MOST
}

/// The hash of a line that names a rank, for where the words begin behind that may hang on its digits.
#[inline]
fn with_words(hash: u64, words: usize) -> u64 {
    // It is found where it would be without, and is never the same.
    hash ^ ((words as u64 + 1) << 1)
}

/// Puts `bytes` into `folded`, each digit as `0`.
fn fold_digits(bytes: &[u8], folded: &mut Vec<u8>) {
    folded.clear();
    folded.extend(bytes.iter().map(|&byte| if byte.wrapping_sub(b'0') < 10 { b'0' } else { byte }));
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::evidence::speaker;
    use crate::testing::cases;
    use proptest::prelude::*;

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(cases(512)))]
        #[test]
        fn long_numbers_are_seen(line in "([0-9]{1,5}|[a-z ]){0,12}", most in 1_usize..6) {
            let line = line.as_bytes();
            let longest = line.split(|byte| !byte.is_ascii_digit()).map(<[u8]>::len).max();
            prop_assert_eq!(has_longer_number(line, most), longest > Some(most));
        }

        /// What is remembered of a line goes for those with other digits.
        #[test]
        fn who_speaks_and_what_is_counted_hang_on_no_digit(
            head in "(\\[rank[0-9]\\]:|\\[[0-9]{1,3}\\]:|[0-9]{1,4}: |t/[0-9] |INFO|\\(rank [0-9]\\)|rank=[0-9]|\\[local_rank [0-9]\\]| |[0-9]{4}-[0-9]{2}-[0-9]{2}){0,5}",
            text in "(step|Epoch|it \\[|%\\||[0-9]{1,12}|[ :=/|\\[(.x]){0,12}",
            by in proptest::collection::vec(0_u8..10, 1..40),
        ) {
            let line = format!("{head}{text}\n").into_bytes();
            let mut other = line.clone();
            let digits = other.iter_mut().filter(|byte| byte.is_ascii_digit());
            digits.zip(by.iter().cycle()).for_each(|(digit, by)| *digit = b'0' + (*digit - b'0' + by) % 10);
            let ((one, words), (two, also)) = (speaker::of(&line), speaker::of(&other));
            if goes_for_all(&line, 0) {
                prop_assert_eq!(one.ranks.is_empty(), two.ranks.is_empty());
            }
            if words == also && goes_for_all(&line, words) {
                let small = |line: &[u8]| String::from_utf8_lossy(line).to_ascii_lowercase();
                let counts = |line: &[u8]| {
                    let at = |(word, said): (usize, &'static str)| {
                        small(&line[words..]).match_indices(said).map(|(at, _)| (at, word)).collect::<Vec<_>>()
                    };
                    let mut all: Vec<_> = [(0, "step"), (3, "epoch"), (4, "it ["), (5, "%|")].into_iter().flat_map(at).collect();
                    all.sort_unstable();
                    progress::places(&line[words..], all.into_iter())
                };
                prop_assert_eq!(counts(&line), counts(&other));
            }
        }
    }
}
