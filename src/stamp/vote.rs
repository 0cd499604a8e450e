//! Ambiguous formats, which count only where they win the first megabyte of the file.
//!
//! `1732258032 trainable parameters` is no time, and `26/11/22` may be three dates: one line cannot tell. A file can:
//! if most of its stamped lines have one of these shapes, the shape is its format.

mod behind;
mod elected;
mod formats;
mod slashes;

use std::sync::Arc;

use super::formats::order::First;
use super::{Finder, Frame, Marks, Taught};
use formats::CANDIDATES;

pub use elected::Elected;
pub(super) use formats::Candidates;
#[cfg(test)]
pub(super) use formats::SHAPES;

/// How much of the file votes, in bytes; until it is that long it is judged anew as it grows.
pub const VOTERS: usize = 1 << 20;
/// After how many lines, and then after twice as many, and so on, a vote that is clear is over.
const CLEAR: usize = 256;

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
            if !fits.is_empty() {
                vote.votes.iter_mut().enumerate().for_each(|(n, votes)| *votes += usize::from(fits.has(n)));
            }
        }
        if vote.lines == next {
            next *= 2;
            if vote.is_clear() && finder.order().says() != First::Open {
                break;
            }
        }
    }
    vote.winner(head).with(finder.order().says()).teaching(taught.cloned())
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

    fn winner(&self, head: &[u8]) -> Elected {
        let most = self.most();
        let wins = most > self.evident && (most * 2 > self.lines || (most >= 3 && most * 20 >= self.lines));
        let winners = self.votes.iter().enumerate().filter(|(_, votes)| wins && **votes == most);
        let winners = Candidates::of(winners.map(|(candidate, _)| candidate));
        match winners.first() {
            Some(_) if winners.are_slashed() => Elected::only(slashes::choose(head, winners)),
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
