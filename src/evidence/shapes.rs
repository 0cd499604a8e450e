//! The shapes of the taxonomy: which lines tell something, and which of those are errors.
//!
//! Most lines tell nothing, so first the words are looked for of which each match of a shape holds one, those of all
//! shapes at once ([`super::words`]), and on a line that has some only the shapes are tried that hold these. A shape of
//! which no such word is known is tried on each block.

use std::sync::{Arc, Mutex};

use super::alike::Alike;
use super::ear::Ear;
use super::probe::Probes;
use super::progress;
use super::traceback;
use super::words::{Searcher, Sign, Words};
use crate::error::Result;
use crate::pattern::{Candidate, Charset, Pattern, Scratch};
use crate::system::spread::spread;

/// What a line tells that a shape selects.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tone {
    /// Of an error.
    Loud,
    /// Of the circumstances.
    Context,
    /// That it means no failure, whatever else it says.
    Quiet,
}

/// All shapes, made ready once.
///
/// What each thread needs to try them is kept for the next log: the states that an automaton has met cost more than most
/// logs do.
#[derive(Debug)]
pub struct Shapes {
    pub(super) all: Vec<(Arc<Pattern>, Tone)>,
    /// To which of them it does not matter which digits a line has.
    pub(super) alike: Vec<bool>,
    /// What else must stand on a line of ASCII that they select.
    pub(super) also: Vec<Probes>,
    pub(super) telling: Words,
    pub(super) quiet: Words,
    pub(super) spare: Mutex<Vec<(Vec<Scratch>, Alike)>>,
    pub(super) pid: u32,
}

/// Those who decide for the shapes on what these cannot.
pub trait Jury {
    /// Removes from `candidates`, lines of `bytes`, those that are not certain and that `shape` does not match.
    fn judge(&mut self, shape: usize, bytes: &[u8], candidates: &mut Vec<Candidate>) -> Result<()>;
}

impl Shapes {
    /// Makes the shapes ready.
    pub fn new(shapes: Vec<(Arc<Pattern>, Tone)>) -> Self {
        let known = spread("logdex-shapes", shapes.iter().collect(), |(pattern, _)| {
            let also = Probes::new(pattern.also(Charset::Ascii));
            (pattern.words(Charset::Ascii), (pattern.takes_digits_alike(), also))
        });
        let (mut words, (alike, also)): (Vec<_>, (Vec<_>, Vec<_>)) = known.into_iter().unzip();
        let mut words = |shape: usize| words[shape].take();
        let (quiet, telling) = (0..shapes.len()).partition(|&shape| shapes[shape].1 == Tone::Quiet);
        let signs = progress::signs().chain([(traceback::sign(), Sign::Traceback)]).collect();
        let telling = Words::new(telling, &mut words, signs);
        let quiet = Words::new(quiet, &mut words, Vec::new());
        Self { all: shapes, alike, also, telling, quiet, spare: Mutex::default(), pid: std::process::id() }
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.all.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.all.is_empty()
    }

    /// Will try them.
    pub fn ear(self: &Arc<Self>) -> Ear {
        // What a thread of the parent was making when the process was forked would never be ready here.
        let is_forked = self.pid != std::process::id();
        let pattern = |(pattern, _): &(Arc<Pattern>, Tone)| {
            if is_forked { Arc::new(pattern.in_fork()) } else { Arc::clone(pattern) }
        };
        let spare =
            if is_forked { None } else { self.spare.try_lock().ok().and_then(|mut spare| spare.pop()) };
        let (scratches, alike) = spare
            .unwrap_or_else(|| (self.all.iter().map(|_| Scratch::default()).collect(), Alike::default()));
        let patterns = self.all.iter().map(pattern).collect();
        Ear::new(Arc::clone(self), patterns, scratches, alike)
    }

    /// The words of `words` in lines of nothing but ASCII, or in any.
    pub(super) fn searcher<'w>(&self, words: &'w Words, is_ascii: bool) -> &'w Searcher {
        if is_ascii { words.in_ascii() } else { words.in_any(|shape| self.all[shape].0.words(Charset::Any)) }
    }
}
