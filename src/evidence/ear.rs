//! Which lines of a block tell of a failure: each shape of the taxonomy is tried only where it may match.
//!
//! A shape is a regex, there are more than a hundred, and most lines match none. So one look over the block finds the words of which
//! every shape has one (`words.rs`): a line without any is done with, and on `CUDA error: an illegal memory access` only those
//! shapes are tried that have a word which stands there. A line that is another but for its digits is not tried again
//! (`alike.rs`). An [`Ear`] is what one thread needs for that, and hears block after block.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::alike::Alike;
use super::progress;
use super::shapes::{Jury, Shapes, Tone};
use super::words::{Sense, Sign, Words, fold_into};
use crate::error::Result;
use crate::line::{self, Line};
use crate::pattern::{Candidate, Pattern, Scratch};

/// One who tries shapes on lines.
pub struct Ear {
    shapes: Arc<Shapes>,
    patterns: Vec<Arc<Pattern>>,
    scratches: Vec<Scratch>,
    /// Lines that tell nothing.
    pub(super) alike: Alike,
    /// The shapes that may select the line at hand, in order.
    held: Vec<usize>,
    found: Vec<Candidate>,
    folded: Vec<u8>,
    /// The lines of the block at hand that hold a word, and the shape that this is of.
    marks: Vec<(Line, usize)>,
    /// Where signs stand in it.
    signs: Vec<(usize, Sign)>,
    /// Where its lines have something that hangs on their digits; in no order.
    near: Vec<usize>,
    /// Its lines that are not of nothing but ASCII, one behind the other.
    foreign: Vec<u8>,
    /// Where each of them begins there, and the line.
    strangers: Vec<(usize, Line)>,
}

/// A line that tells something.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Telling {
    /// The line.
    pub line: Line,
    /// Whether it is an error.
    pub loud: bool,
}

impl Drop for Ear {
    fn drop(&mut self) {
        // States belong to the automaton that met them, and in a forked process that is another one.
        if self.shapes.pid == std::process::id()
            && let Ok(mut spare) = self.shapes.spare.try_lock()
        {
            spare.push((std::mem::take(&mut self.scratches), std::mem::take(&mut self.alike)));
        }
    }
}

impl Ear {
    /// Will try `shapes` as `patterns`, with what another has met (`scratches` and `alike`).
    pub(super) fn new(
        shapes: Arc<Shapes>,
        patterns: Vec<Arc<Pattern>>,
        scratches: Vec<Scratch>,
        alike: Alike,
    ) -> Self {
        Self {
            shapes,
            patterns,
            scratches,
            alike,
            held: Vec::new(),
            found: Vec::new(),
            folded: Vec::new(),
            marks: Vec::new(),
            signs: Vec::new(),
            near: Vec::new(),
            foreign: Vec::new(),
            strangers: Vec::new(),
        }
    }

    /// The lines of `bytes`, which are whole but perhaps for the last, that tell something, in order.
    pub fn telling(&mut self, bytes: &[u8], jury: &mut dyn Jury) -> Result<Vec<Telling>> {
        let mut told: BTreeMap<usize, Telling> = BTreeMap::new();
        let is_ascii = bytes.is_ascii();
        self.mark(bytes, is_ascii);
        let marks = std::mem::take(&mut self.marks);
        for marked in marks.chunk_by(|one, other| one.0 == other.0) {
            let line = marked[0].0;
            self.held.clear();
            self.held.extend(marked.iter().map(|mark| mark.1));
            if let Some(loud) = self.tone(line.of(bytes), jury)? {
                told.insert(line.start, Telling { line, loud });
            }
        }
        self.marks = marks;
        self.try_wordless(bytes, is_ascii, jury, &mut told)?;
        let mut kept = Vec::with_capacity(told.len());
        for told in told.into_values() {
            if self.is_quiet(told.line.of(bytes), jury)? {
                self.near.push(told.line.start);
            } else {
                kept.push(told);
            }
        }
        Ok(kept)
    }

    /// Tries the shapes of which no word is known on all lines that they may select, and adds those to `told`.
    fn try_wordless(
        &mut self,
        bytes: &[u8],
        is_ascii: bool,
        jury: &mut dyn Jury,
        told: &mut BTreeMap<usize, Telling>,
    ) -> Result<()> {
        let shapes = Arc::clone(&self.shapes);
        let mut tell = |line: Line, shape: usize| {
            let loud = shapes.all[shape].1 == Tone::Loud;
            told.entry(line.start).or_insert(Telling { line, loud }).loud |= loud;
        };
        for &shape in &shapes.telling.in_ascii().wordless {
            self.select(shape, bytes, jury)?;
            self.found.iter().for_each(|candidate| tell(candidate.line, shape));
        }
        if is_ascii {
            return Ok(());
        }
        // Of other text fewer words are known, and it is on few lines.
        let foreign = std::mem::take(&mut self.foreign);
        for &shape in &shapes.searcher(&shapes.telling, false).wordless {
            self.select(shape, &foreign, jury)?;
            for candidate in &self.found {
                let at = self.strangers.binary_search_by_key(&candidate.line.start, |stranger| stranger.0);
                if let Ok(at) = at {
                    tell(self.strangers[at].1, shape);
                }
            }
        }
        self.foreign = foreign;
        Ok(())
    }

    /// The number of the first shape that selects `line`, counted from 0.
    pub fn first(&mut self, line: &[u8], jury: &mut dyn Jury) -> Result<Option<usize>> {
        self.held.clear();
        let shapes = Arc::clone(&self.shapes);
        self.hold(&shapes.quiet, line);
        self.hold(&shapes.telling, line);
        self.first_held(line, jury)
    }

    /// The signs in the bytes that were asked about last, and where they stand, in order.
    pub fn take_signs(&mut self) -> Vec<(usize, Sign)> {
        std::mem::take(&mut self.signs)
    }

    /// Where in these lines have something that hangs on their digits, so that with others they might tell something.
    pub(super) fn take_near(&mut self) -> Vec<usize> {
        let mut near = std::mem::take(&mut self.near);
        near.sort_unstable();
        near
    }

    /// Whether a line of ASCII of which no word stands anywhere tells nothing.
    pub(super) fn goes_by_words(&self) -> bool {
        self.shapes.telling.in_ascii().wordless.is_empty()
    }

    /// Finds the lines of `bytes` that hold a word of a telling shape, and the signs.
    fn mark(&mut self, bytes: &[u8], is_ascii: bool) {
        fold_into(bytes, &mut self.folded);
        let (marks, signs, folded) = (&mut self.marks, &mut self.signs, &self.folded);
        let (near, alike) = (&mut self.near, &self.shapes.alike);
        marks.clear();
        signs.clear();
        near.clear();
        self.shapes.telling.in_ascii().each(bytes, folded, |at, sense, stands| match sense {
            Sense::Sign(sign) => signs.extend(stands.then_some((at, sign))),
            Sense::Shape(shape) => {
                if !alike[shape] {
                    near.push(at);
                }
                if !stands {
                    return;
                }
                let known = marks.last().map(|mark: &(Line, usize)| mark.0);
                let line = known.filter(|line| (line.start..line.end).contains(&at));
                marks.push((line.unwrap_or_else(|| line::around(bytes, at)), shape));
            }
        });
        progress::bars(bytes, signs);
        if !is_ascii {
            self.mark_foreign(bytes);
        }
        self.signs.sort_unstable_by_key(|sign| sign.0);
    }

    /// The same for the lines that are not of nothing but ASCII, of which more words may be meant.
    fn mark_foreign(&mut self, bytes: &[u8]) {
        let (marks, folded) = (&mut self.marks, &self.folded);
        self.foreign.clear();
        self.strangers.clear();
        marks.retain(|(line, _)| line.of(bytes).is_ascii());
        let in_any = self.shapes.searcher(&self.shapes.telling, false);
        for line in line::lines(bytes).filter(|line| !line.of(bytes).is_ascii()) {
            self.strangers.push((self.foreign.len(), line));
            self.foreign.extend_from_slice(line.of(bytes));
            in_any.each(line.of(bytes), line.of(folded), |_, sense, stands| {
                if let Sense::Shape(shape) = sense
                    && stands
                {
                    marks.push((line, shape));
                }
            });
        }
    }

    /// Adds the shapes that may select `line` to those that are held.
    fn hold(&mut self, words: &Words, line: &[u8]) {
        let searcher = self.shapes.searcher(words, line.is_ascii());
        fold_into(line, &mut self.folded);
        searcher.each(line, &self.folded, |_, sense, stands| {
            if let Sense::Shape(shape) = sense
                && stands
            {
                self.held.push(shape);
            }
        });
        self.held.extend(&searcher.wordless);
    }

    /// Puts the shapes that are held in order, each once.
    fn order(&mut self) {
        self.held.sort_unstable();
        self.held.dedup();
    }

    /// Whether a line is loud, by the shapes that are held; `None` where none of them selects it.
    fn tone(&mut self, line: &[u8], jury: &mut dyn Jury) -> Result<Option<bool>> {
        self.order();
        for loud in [true, false] {
            let tone = if loud { Tone::Loud } else { Tone::Context };
            for at in 0..self.held.len() {
                let shape = self.held[at];
                if self.shapes.all[shape].1 == tone && self.selects(shape, line, jury)? {
                    return Ok(Some(loud));
                }
            }
        }
        Ok(None)
    }

    fn is_quiet(&mut self, line: &[u8], jury: &mut dyn Jury) -> Result<bool> {
        self.held.clear();
        self.hold(&Arc::clone(&self.shapes).quiet, line);
        Ok(self.first_held(line, jury)?.is_some())
    }

    /// The first of the shapes that are held which selects `line`.
    fn first_held(&mut self, line: &[u8], jury: &mut dyn Jury) -> Result<Option<usize>> {
        self.order();
        for at in 0..self.held.len() {
            if self.selects(self.held[at], line, jury)? {
                return Ok(Some(self.held[at]));
            }
        }
        Ok(None)
    }

    fn selects(&mut self, shape: usize, line: &[u8], jury: &mut dyn Jury) -> Result<bool> {
        if !self.shapes.also[shape].allow(line) && line.is_ascii() {
            return Ok(false);
        }
        self.select(shape, line, jury)?;
        Ok(!self.found.is_empty())
    }

    /// Puts the lines of `bytes` that a shape selects into `found`.
    fn select(&mut self, shape: usize, bytes: &[u8], jury: &mut dyn Jury) -> Result<()> {
        self.found.clear();
        self.patterns[shape].scan(bytes, &mut self.scratches[shape], &mut self.found);
        if self.found.iter().any(|candidate| !candidate.certain) {
            jury.judge(shape, bytes, &mut self.found)?;
        }
        Ok(())
    }
}
