//! The ambiguous formats, and which of them stand on a line.

use super::behind::{self, BEHIND};
use crate::stamp::formats::evident::Evident;
use crate::stamp::formats::outline::{Outline, Sixteen};
use crate::stamp::formats::{digits, epoch, family, shape};
use crate::stamp::head::prefix::{self, skip_blanks};
use crate::stamp::{Frame, Stamp, civil};

/// The ambiguous formats, at the place where a stamp stands; of two with as many votes the first wins, so the dated ones
/// stand before the others, and those in a later field between.
pub(super) const DATED: &[&str] = &[
    "%y/%m/%d %C", // spark
    "%m/%d/%y %C",
    "%d/%m/%y %C",
    "%y%m%d%~%C", // tornado, MySQL
    "%y%m%d %H%M%S",
    "%Y%m%d %H%M%S",
    "%Y%m%d-%H%M%S%f",
    "%Y%m%d_%H%M%S%f",
    "%Y%m%d%H%M%S%f",
    "%Y-%m-%d_%H-%M-%S",
    "%y-%m-%d %H:%M:%S%f%z", // apex
    "%d-%m-%y %H:%M:%S%f%z",
    "%d.%m.%y %H:%M:%S%f%z",
    "%m.%d %H:%M:%S%f%z",
    "%m%d %H:%M:%S%f%z",
];

/// What is sure of the first bytes of each.
static OUTLINES: [Outline; DATED.len()] = Outline::of_each(DATED);

/// A self-evident stamp may stand in a later field of the line: in the second to the seventh word.
const FIELDS: usize = 6;

/// Those without a date: since 1970, in seconds or finer; and a time of day, to the minute or whole.
const BARE: &[&str] = &["%s", "%K", "%C"];

/// Since 1970, in the second word, with a fraction: behind a process.
pub(super) const EPOCH_FIELD: usize = DATED.len() + FIELDS + BARE.len();

/// So many stand at the head of a line or in one of its words.
pub(super) const HEADS: usize = EPOCH_FIELD + 1;

pub(super) const CANDIDATES: usize = HEADS + BEHIND.len();

pub(super) const TIMES_OF_DAY: u32 = 0b11 << (EPOCH_FIELD - 2);

/// A set of ambiguous formats.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(in crate::stamp) struct Candidates(pub(super) u32);

impl Candidates {
    pub(super) const ALL: Self = Self((1 << CANDIDATES) - 1);

    /// Those of these numbers.
    pub(super) fn of(candidates: impl Iterator<Item = usize>) -> Self {
        Self(candidates.fold(0, |all, candidate| all | 1 << candidate))
    }

    pub(super) fn only(candidate: usize) -> Self {
        Self(1 << candidate)
    }

    pub(super) fn first(self) -> Option<usize> {
        (!self.is_empty()).then(|| self.0.trailing_zeros() as usize)
    }

    /// Whether one with slashes is among them whose year is first, and another one with slashes.
    pub(super) fn are_slashed(self) -> bool {
        self.has(0) && self.0 & 0b110 != 0
    }

    pub(super) fn meets(self, other: Self) -> bool {
        self.0 & other.0 != 0
    }

    pub fn is_empty(self) -> bool {
        self.0 == 0
    }

    pub fn join(&mut self, other: Self) {
        self.0 |= other.0;
    }

    /// Which of those that stand behind text.
    pub(super) fn behind(self) -> Option<usize> {
        let behind = self.0 >> HEADS;
        (behind != 0).then(|| behind.trailing_zeros() as usize)
    }

    #[inline]
    pub(super) fn has(self, candidate: usize) -> bool {
        self.0 & (1 << candidate) != 0
    }

    /// Those that stand at `at`.
    pub fn at(bytes: &[u8], at: usize) -> Self {
        let bracket = matches!(bytes.get(at), Some(b'[' | b'('));
        let mut start = at + usize::from(bracket);
        if bracket && let Some(inside) = prefix::inside_bracket(bytes, start) {
            // Tornado's `[I 261122 06:47:12 web:2243]`.
            start = inside;
        }
        let fits = |candidate: &usize| stamp_of(*candidate, bytes, start).is_some();
        let heads = (0..DATED.len()).chain(EPOCH_FIELD - BARE.len()..EPOCH_FIELD);
        if digits::digit(bytes, start).is_none() {
            return Self::default();
        }
        Self::of(heads.filter(fits))
    }

    /// Those that stand in a later field, or behind text.
    pub fn in_fields(line: &[u8], evident: &mut Evident) -> Self {
        let mut fits = 0;
        each_field(line, |field, start| {
            if dated_field(line, start, evident).is_some() {
                fits |= 1 << (DATED.len() + field);
            }
            if field == 0 && epoch_field(line, start).is_some() {
                fits |= 1 << EPOCH_FIELD;
            }
            true
        });
        Self(fits | behind::on(line, evident) << HEADS)
    }
}

/// The stamp of a format at the head, if it stands at `at`, and its end.
pub(super) fn stamp_of(candidate: usize, bytes: &[u8], at: usize) -> Option<(Stamp, usize)> {
    let shape = match candidate.checked_sub(EPOCH_FIELD - BARE.len()) {
        Some(bare) => BARE.get(bare)?,
        None if OUTLINES.get(candidate)?.fits(Sixteen::at(bytes, at)) => DATED.get(candidate)?,
        None => return None,
    };
    family::free(shape::matches(shape.as_bytes(), bytes, at), bytes)
}

/// All shapes of the ambiguous formats.
#[cfg(test)]
pub(in crate::stamp) static SHAPES: std::sync::LazyLock<Vec<&str>> =
    std::sync::LazyLock::new(|| DATED.iter().chain(BARE).copied().collect());

/// Gives `take` the second to the seventh word of a line, each by number and by where a stamp in it begins, until it
/// says that it has enough. A list of files has no such words: what stands there is when a file was changed.
pub(super) fn each_field(line: &[u8], mut take: impl FnMut(usize, usize) -> bool) {
    let mut at = skip_blanks(line, 0);
    if line.get(at) == Some(&b'{') {
        // The words of a JSON object are in its strings.
        return;
    }
    for field in 0..FIELDS {
        let Some(len) = line[at..].iter().position(|b| matches!(b, b' ' | b'\t')) else { return };
        if is_file_mode(&line[at..at + len]) {
            return;
        }
        at = skip_blanks(line, at + len);
        if !take(field, at + usize::from(matches!(line.get(at), Some(b'[' | b'(')))) {
            return;
        }
    }
}

/// `-rw-r--r--`, as `ls -l` has it.
fn is_file_mode(word: &[u8]) -> bool {
    word.len() >= 10
        && word[1..10].iter().all(|b| matches!(b, b'r' | b'w' | b'x' | b's' | b't' | b'S' | b'T' | b'-'))
}

/// A stamp in a later field, and its end: with a date, of which the month is no name. Those are in texts (`built 31 March 2023
/// 12:00:00`).
pub(super) fn dated_field(line: &[u8], at: usize, evident: &mut Evident) -> Option<(Stamp, usize)> {
    let is_text = match line.get(at..at + 3)? {
        [b'0'..=b'9', b' ', _] | [b'0'..=b'9', b'0'..=b'9', b' '] => true,
        [letter, next, _] => letter.is_ascii_alphabetic() && !next.is_ascii_digit(),
        _ => false,
    };
    if is_text {
        return None;
    }
    family::at(line, at, &mut evident.order).filter(|(stamp, _)| stamp.frame != Frame::Dayless)
}

/// A number since 1970 with a fraction.
pub(super) fn epoch_field(line: &[u8], at: usize) -> Option<Stamp> {
    let (stamp, _) = family::free(epoch::number(line, at), line)?;
    (i64::from(stamp.resolution) < civil::SECOND).then_some(stamp)
}
