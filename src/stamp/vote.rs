//! Ambiguous formats, which count only where they win the first megabyte of the file.
//!
//! `1732258032 trainable parameters` is no time, and `26/11/22` may be three dates: one line cannot tell. A file can:
//! if most of its stamped lines have one of these shapes, the shape is its format.

use super::prefix::skip_blanks;
use super::{Finder, Marks, Stamp, digits, family, shape};

/// How much of the file votes, in bytes; until it is that long it is judged anew as it grows.
pub const VOTERS: usize = 1 << 20;

/// The ambiguous formats, at the place where a stamp stands; of two with as many votes the first wins.
const SHAPES: &[&str] = &[
    "%s",                  // since 1970, in seconds or finer
    "%y/%m/%d %H:%M:%S%f", // spark
    "%m/%d/%y %H:%M:%S%f",
    "%y%m%d %H:%M:%S%f", // tornado
    "%y%m%d %H%M%S",
    "%y-%m-%d %H:%M:%S%f",
    "%d.%m.%Y %H:%M:%S%f",
    "%m.%d %H:%M:%S%f",
    "%H:%M:%S%f%z",
];
/// A self-evident stamp may stand in a later field of the line: in the second to the seventh word.
const FIELDS: usize = 6;
const CANDIDATES: usize = SHAPES.len() + FIELDS;

/// The ambiguous formats that count: none, or the one that a file elected.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Elected(u16);

impl Elected {
    const ALL: Self = Self((1 << CANDIDATES) - 1);

    fn only(candidate: usize) -> Self {
        Self(1 << candidate)
    }

    /// A number by which to store it.
    pub fn code(self) -> u16 {
        self.0
    }

    /// The one with this number, if there is such a one.
    pub fn from_code(code: u16) -> Option<Self> {
        (code.count_ones() <= 1 && code <= Self::ALL.0).then_some(Self(code))
    }

    /// An elected stamp at the place where stamps stand, and its end.
    #[inline]
    pub(super) fn at(self, bytes: &[u8], at: usize) -> Option<(Stamp, usize)> {
        if self.0 == 0 || digits::digit(bytes, at).is_none() {
            return None;
        }
        let rows = SHAPES.iter().enumerate().filter(|(row, _)| self.0 & (1 << row) != 0);
        rows.filter_map(|(_, shape)| shape::matches(shape.as_bytes(), bytes, at))
            .find(|(_, end)| family::is_free(bytes, *end))
    }

    /// A stamp in a later field, where such a one was elected.
    pub(super) fn in_field(self, line: &[u8]) -> Option<Stamp> {
        let fields = self.0 >> SHAPES.len();
        if fields == 0 {
            return None;
        }
        let mut at = skip_blanks(line, 0);
        for field in 0..FIELDS {
            at += line[at..].iter().position(|b| matches!(b, b' ' | b'\t'))?;
            at = skip_blanks(line, at);
            if fields & (1 << field) != 0 {
                let start = at + usize::from(matches!(line.get(at), Some(b'[' | b'(')));
                if let Some((stamp, _)) = family::at(line, start) {
                    return Some(stamp);
                }
            }
        }
        None
    }
}

/// Which ambiguous format `head`, the first [`VOTERS`] bytes of a file's text, elects.
///
/// It must have more lines than all that stand for themselves, and either most of the lines, or at least three and one
/// in twenty: a log of tracebacks has a format too, and a number at the head of one line among a few is none.
pub fn elect(head: &[u8]) -> Elected {
    let head = &head[..head.len().min(VOTERS)];
    let (mut lines, mut evident, mut votes) = (0_usize, 0_usize, [0_usize; CANDIDATES]);
    let all = crate::line::count(head) as usize;
    let (mut finder, mut marks) = (Finder::default(), Marks::default());
    for place in crate::line::lines(head) {
        let line = place.of(head);
        if line.trim_ascii().is_empty() {
            continue;
        }
        lines += 1;
        if finder.find_in(head, place, &mut marks).stamp.is_some() {
            evident += 1;
            if evident * 2 >= all {
                // No format can have more lines than stand for themselves any more.
                return Elected::default();
            }
        } else if Finder::electing(Elected::ALL).find(line).stamp.is_some() {
            for (candidate, votes) in votes.iter_mut().enumerate() {
                let mut finder = Finder::electing(Elected::only(candidate));
                *votes += usize::from(finder.find(line).stamp.is_some());
            }
        }
    }
    let most = votes.iter().copied().max().unwrap_or(0);
    let wins = most > evident && (most * 2 > lines || (most >= 3 && most * 20 >= lines));
    match votes.iter().position(|v| wins && *v == most) {
        Some(candidate) => Elected::only(candidate),
        None => Elected::default(),
    }
}

/// The vote of a file that is followed: it is judged anew as it grows, until it has all its voters.
#[derive(Clone, Debug, Default)]
pub struct Poll {
    text: Vec<u8>,
    /// How long the text was when it was judged last.
    judged: usize,
}

impl Poll {
    /// Begins with `text`, the head of the file, which was judged.
    pub fn new(text: Vec<u8>) -> Self {
        Self { judged: text.len(), text }
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
        Some(elect(&self.text))
    }
}
