//! Ambiguous formats, which count only where they win the first megabyte of the file.
//!
//! `1732258032 trainable parameters` is no time, and `26/11/22` may be three dates: one line cannot tell. A file can:
//! if most of its stamped lines have one of these shapes, the shape is its format.

use std::sync::Arc;

use super::evident::Evident;
use super::order::First;
use super::outline::{Head, Outline};
use super::prefix::{self, skip_blanks};
use super::{Finder, Frame, Marks, Stamp, Taught, digits, epoch, family, shape};

/// How much of the file votes, in bytes; until it is that long it is judged anew as it grows.
pub const VOTERS: usize = 1 << 20;
/// After how many lines, and then after twice as many, and so on, a vote that is clear is over.
const CLEAR: usize = 256;

/// The ambiguous formats, at the place where a stamp stands; of two with as many votes the first wins, so the dated ones
/// stand before the others, and those in a later field between.
const DATED: &[&str] = &[
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
static OUTLINES: [Outline; DATED.len()] = {
    let mut outlines = [Outline::of(b""); DATED.len()];
    let mut row = 0;
    while row < DATED.len() {
        outlines[row] = Outline::of(DATED[row].as_bytes());
        row += 1;
    }
    outlines
};
/// A self-evident stamp may stand in a later field of the line: in the second to the seventh word.
const FIELDS: usize = 6;
/// Those without a date: since 1970, in seconds or finer; and a time of day, to the minute or whole.
const BARE: &[&str] = &["%s", "%K", "%C"];
/// Since 1970, in the second word, with a fraction: behind a process.
const EPOCH_FIELD: usize = DATED.len() + FIELDS + BARE.len();
const CANDIDATES: usize = EPOCH_FIELD + 1;
const TIMES_OF_DAY: u32 = 0b11 << (EPOCH_FIELD - 2);
/// Where in its code the order of day and month stands.
const ORDER: u32 = 30;
const _: () = assert!(CANDIDATES <= ORDER as usize);

/// A set of ambiguous formats.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Candidates(u32);

impl Candidates {
    const ALL: Self = Self((1 << CANDIDATES) - 1);

    pub fn is_empty(self) -> bool {
        self.0 == 0
    }

    pub fn join(&mut self, other: Self) {
        self.0 |= other.0;
    }

    fn has(self, candidate: usize) -> bool {
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
        Self(heads.filter(fits).fold(0, |all, candidate| all | 1 << candidate))
    }

    /// Those that stand in a later field.
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
        Self(fits)
    }
}

/// The stamp of a format at the head, if it stands at `at`, and its end.
fn stamp_of(candidate: usize, bytes: &[u8], at: usize) -> Option<(Stamp, usize)> {
    let shape = match candidate.checked_sub(EPOCH_FIELD - BARE.len()) {
        Some(bare) => BARE.get(bare)?,
        None if OUTLINES.get(candidate)?.fits(Head::at(bytes, at)) => DATED.get(candidate)?,
        None => return None,
    };
    family::free(shape::matches(shape.as_bytes(), bytes, at), bytes)
}

/// All shapes of the ambiguous formats.
#[cfg(test)]
pub(super) static SHAPES: std::sync::LazyLock<Vec<&str>> =
    std::sync::LazyLock::new(|| DATED.iter().chain(BARE).copied().collect());

/// Gives `take` the second to the seventh word of a line, each by number and by where a stamp in it begins, until it
/// says that it has enough. A list of files has no such words: what stands there is when a file was changed.
fn each_field(line: &[u8], mut take: impl FnMut(usize, usize) -> bool) {
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

/// A stamp in a later field: with a date, of which the month is no name. Those are in texts (`built 31 March 2023
/// 12:00:00`).
fn dated_field(line: &[u8], at: usize, evident: &mut Evident) -> Option<Stamp> {
    let is_text = match line.get(at..at + 3)? {
        [b'0'..=b'9', b' ', _] | [b'0'..=b'9', b'0'..=b'9', b' '] => true,
        [letter, next, _] => letter.is_ascii_alphabetic() && !next.is_ascii_digit(),
        _ => false,
    };
    if is_text {
        return None;
    }
    family::at(line, at, &mut evident.order)
        .map(|(stamp, _)| stamp)
        .filter(|stamp| stamp.frame != Frame::Dayless)
}

/// A number since 1970 with a fraction.
fn epoch_field(line: &[u8], at: usize) -> Option<Stamp> {
    let (stamp, _) = family::free(epoch::number(line, at), line)?;
    (i64::from(stamp.resolution) < super::civil::SECOND).then_some(stamp)
}

/// What a file elected: none of the ambiguous formats or one, and which of day and month stands first. With it goes the
/// format that the user teaches.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Elected {
    /// A bit for the format, and the order.
    bits: u32,
    taught: Option<Arc<Taught>>,
}

impl Elected {
    fn only(candidate: usize) -> Self {
        Self { bits: 1 << candidate, taught: None }
    }

    /// The same in a file of which the user teaches a format.
    #[must_use]
    pub fn teaching(self, taught: Option<Arc<Taught>>) -> Self {
        Self { taught, ..self }
    }

    /// The format that the user teaches, for another election.
    pub(crate) fn teacher(&self) -> Option<&Arc<Taught>> {
        self.taught.as_ref()
    }

    /// Whether times are told by the place of a line, and do not stand on it.
    pub(crate) fn is_told(&self) -> bool {
        self.taught().is_some_and(|taught| taught.told().is_some())
    }

    /// The format that the user teaches.
    #[inline]
    pub(super) fn taught(&self) -> Option<&Taught> {
        self.taught.as_deref()
    }

    /// The same, with dates read so.
    #[must_use]
    pub fn with(self, first: First) -> Self {
        let order = match first {
            First::Month => 0,
            First::Open => 1,
            First::Day => 2,
        };
        Self { bits: (self.bits & Candidates::ALL.0) | order << ORDER, ..self }
    }

    /// Which of day and month stands first.
    pub fn first(&self) -> First {
        match self.bits >> ORDER {
            0 => First::Month,
            1 => First::Open,
            _ => First::Day,
        }
    }

    /// A number by which to store what the file elected.
    pub fn code(&self) -> u32 {
        self.bits
    }

    /// The one with this number, if there is such a one.
    pub fn from_code(code: u32) -> Option<Self> {
        let (format, order) = (code & ((1 << ORDER) - 1), code >> ORDER);
        (format.count_ones() <= 1 && format <= Candidates::ALL.0 && order <= 2)
            .then_some(Self { bits: code, taught: None })
    }

    fn formats(&self) -> Candidates {
        Candidates(self.bits & Candidates::ALL.0)
    }

    /// Whether it is one with slashes and a time behind: the first three of [`DATED`].
    #[inline]
    pub(super) fn is_slashed(&self) -> bool {
        self.bits & 0b111 != 0
    }

    /// Whether it is a time of day by itself.
    #[inline]
    pub(super) fn is_time_of_day(&self) -> bool {
        self.bits & TIMES_OF_DAY != 0 || self.taught().is_some_and(Taught::is_time_of_day)
    }

    /// An elected stamp at the place where stamps stand, and its end.
    #[inline]
    pub(super) fn at(&self, bytes: &[u8], at: usize) -> Option<(Stamp, usize)> {
        if self.formats().is_empty() || digits::digit(bytes, at).is_none() {
            return None;
        }
        (0..CANDIDATES).filter(|n| self.formats().has(*n)).find_map(|n| stamp_of(n, bytes, at))
    }

    /// A stamp in a later field, where such a one was elected.
    #[inline]
    pub(super) fn in_field(&self, line: &[u8], evident: &mut Evident) -> Option<Stamp> {
        let formats = self.formats();
        if formats.is_empty() {
            return None;
        }
        let mut found = None;
        each_field(line, |field, start| {
            if formats.has(DATED.len() + field) {
                found = dated_field(line, start, evident);
            }
            if field == 0 && formats.has(EPOCH_FIELD) {
                found = found.or_else(|| epoch_field(line, start));
            }
            found.is_none()
        });
        found
    }
}

/// Which ambiguous format `head`, the first [`VOTERS`] bytes of a file's text, elects, and which of day and month stands
/// first in its dates.
///
/// The format must have more lines than all that stand for themselves, and either most of the lines, or at least three
/// and one in twenty: a log of tracebacks has a format too, and a number at the head of one line among a few is none.
/// A vote that is clear is over early: what half of the first 256 lines do, or 512, or 1,024, is what the file does.
pub fn elect(head: &[u8]) -> Elected {
    elect_with(head, None)
}

/// The same in a file of which the user teaches a format; lines that have it stand for themselves.
pub(crate) fn elect_with(head: &[u8], taught: Option<&Arc<Taught>>) -> Elected {
    let head = &head[..head.len().min(VOTERS)];
    let mut vote = Vote::default();
    let (mut finder, mut marks) =
        (Finder::electing(&Elected::default().teaching(taught.cloned())), Marks::default());
    let mut next = CLEAR;
    for place in crate::line::lines(head) {
        let line = place.of(head);
        if line.trim_ascii().is_empty() {
            continue;
        }
        vote.lines += 1;
        let stamp = finder.find_in(head, place, &mut marks).stamp;
        // A time of day in brackets is a format too.
        if stamp.is_some_and(|stamp| stamp.frame != Frame::Dayless) {
            vote.evident += 1;
        } else {
            let fits = finder.candidates(line);
            vote.votes.iter_mut().enumerate().for_each(|(n, votes)| *votes += usize::from(fits.has(n)));
        }
        if vote.lines == next {
            next *= 2;
            if vote.is_clear() && finder.order().says() != First::Open {
                break;
            }
        }
    }
    vote.winner().with(finder.order().says()).teaching(taught.cloned())
}

/// The lines so far, and what they have.
#[derive(Default)]
struct Vote {
    lines: usize,
    /// How many stand for themselves.
    evident: usize,
    votes: [usize; CANDIDATES],
}

impl Vote {
    fn most(&self) -> usize {
        self.votes.iter().copied().max().unwrap_or(0)
    }

    /// Whether more than half of the lines stand for themselves, or have one format.
    fn is_clear(&self) -> bool {
        self.evident * 2 > self.lines || (self.most() * 2 > self.lines && self.most() > self.evident)
    }

    fn winner(&self) -> Elected {
        let most = self.most();
        let wins = most > self.evident && (most * 2 > self.lines || (most >= 3 && most * 20 >= self.lines));
        match self.votes.iter().position(|votes| wins && *votes == most) {
            Some(candidate) => Elected::only(candidate),
            None => Elected::default(),
        }
    }
}

/// The vote of a file that is followed: it is judged anew as it grows, until it has all its voters.
#[derive(Clone, Debug, Default)]
pub struct Poll {
    text: Vec<u8>,
    /// How long the text was when it was judged last.
    judged: usize,
    /// The format that the user teaches.
    taught: Option<Arc<Taught>>,
}

impl Poll {
    /// Begins with `text`, the head of the file, which was judged.
    pub fn new(text: Vec<u8>, taught: Option<Arc<Taught>>) -> Self {
        Self { judged: text.len(), text, taught }
    }

    /// Takes the lines that come next; what the file elects with them, where it was judged anew.
    ///
    /// A judgement reads the whole text again, so a longer text waits until it is longer by an eighth.
    pub fn grow(&mut self, lines: &[u8]) -> Option<Elected> {
        const SHORT: usize = 16 << 10;
        if self.text.len() >= VOTERS {
            return None;
        }
        self.text.extend(&lines[..lines.len().min(VOTERS - self.text.len())]);
        let full = self.text.len() == VOTERS;
        if !full && self.text.len() > SHORT && self.text.len() - self.judged < self.judged / 8 {
            return None;
        }
        self.judged = self.text.len();
        Some(elect_with(&self.text, self.taught.as_ref()))
    }
}
