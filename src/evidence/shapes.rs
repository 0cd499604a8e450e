//! The shapes of the taxonomy: which lines tell something, and which of those are errors.
//!
//! Most lines tell nothing, so first the words are looked for of which each match of a shape holds one, those of all
//! shapes at once, and on a line that has some only the shapes are tried that hold these. A shape of which no such word
//! is known is tried on each block. The words are as [`Need`] has them: what they leave out, no shape selects.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use aho_corasick::{AhoCorasick, AhoCorasickKind, Input, MatchKind};

use crate::error::Result;
use crate::line::{self, Line};
use crate::pattern::{Candidate, DIGIT, Judge, Need, Pattern, Scratch};

/// The shortest word that is looked for, in bytes: shorter ones stand on too many lines.
const SHORTEST: usize = 3;

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
    all: Vec<(Arc<Pattern>, Tone)>,
    telling: Words,
    quiet: Words,
    spare: Mutex<Vec<Vec<Scratch>>>,
    pid: u32,
}

/// The words of some shapes.
#[derive(Debug)]
struct Words {
    searcher: Option<AhoCorasick>,
    /// By word, the shapes that hold it.
    holders: Vec<Vec<usize>>,
    /// The shapes of which no word is known.
    wordless: Vec<usize>,
}

/// One who tries shapes on the lines of one log.
pub struct Ear<'j> {
    shapes: &'j Shapes,
    patterns: Vec<Arc<Pattern>>,
    scratches: Vec<Scratch>,
    judges: Vec<&'j mut dyn Judge>,
    /// Which shapes hold a word of the line at hand.
    held: Vec<bool>,
    found: Vec<Candidate>,
}

/// A line that tells something.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Telling {
    /// The line.
    pub line: Line,
    /// Whether it is an error.
    pub loud: bool,
}

impl Shapes {
    /// Makes the shapes ready.
    pub fn new(shapes: Vec<(Arc<Pattern>, Tone)>) -> Self {
        let telling = Words::of(&shapes, |tone| tone != Tone::Quiet);
        let quiet = Words::of(&shapes, |tone| tone == Tone::Quiet);
        Self { all: shapes, telling, quiet, spare: Mutex::default(), pid: std::process::id() }
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.all.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.all.is_empty()
    }

    /// Will try them; `judges` decide, one for each shape.
    pub fn ear<'j>(&'j self, judges: Vec<&'j mut dyn Judge>) -> Ear<'j> {
        // What a thread of the parent was making when the process was forked would never be ready here.
        let is_forked = self.pid != std::process::id();
        let pattern = |(pattern, _): &(Arc<Pattern>, Tone)| {
            if is_forked { Arc::new(pattern.in_fork()) } else { Arc::clone(pattern) }
        };
        let spare =
            if is_forked { None } else { self.spare.try_lock().ok().and_then(|mut spare| spare.pop()) };
        let scratches = spare.unwrap_or_else(|| self.all.iter().map(|_| Scratch::default()).collect());
        Ear {
            shapes: self,
            patterns: self.all.iter().map(pattern).collect(),
            scratches,
            judges,
            held: vec![false; self.all.len()],
            found: Vec::new(),
        }
    }
}

impl Drop for Ear<'_> {
    fn drop(&mut self) {
        // States belong to the automaton that met them, and in a forked process that is another one.
        if self.shapes.pid == std::process::id()
            && let Ok(mut spare) = self.shapes.spare.try_lock()
        {
            spare.push(std::mem::take(&mut self.scratches));
        }
    }
}

impl Words {
    fn of(shapes: &[(Arc<Pattern>, Tone)], is_meant: impl Fn(Tone) -> bool) -> Self {
        let (mut wordless, mut holders) = (Vec::new(), BTreeMap::<Vec<u8>, Vec<usize>>::new());
        for (at, (pattern, tone)) in shapes.iter().enumerate() {
            if !is_meant(*tone) {
                continue;
            }
            match words(pattern) {
                Some(words) => words.into_iter().for_each(|word| holders.entry(word).or_default().push(at)),
                None => wordless.push(at),
            }
        }
        let searcher = AhoCorasick::builder()
            .ascii_case_insensitive(true)
            .match_kind(MatchKind::Standard)
            .kind(Some(AhoCorasickKind::DFA))
            .build(holders.keys())
            .ok();
        if searcher.is_none() {
            wordless.extend(holders.into_values().flatten());
            wordless.sort_unstable();
            wordless.dedup();
            return Self { searcher, holders: Vec::new(), wordless };
        }
        Self { searcher, holders: holders.into_values().collect(), wordless }
    }

    /// The lines of `bytes` that hold a word, in order.
    fn lines(&self, bytes: &[u8], mut each: impl FnMut(Line) -> Result<()>) -> Result<()> {
        let Some(searcher) = &self.searcher else { return Ok(()) };
        let mut from = 0;
        while let Some(word) = searcher.find(Input::new(bytes).range(from..)) {
            let line = line::around(bytes, word.start());
            each(line)?;
            from = line.end;
        }
        Ok(())
    }

    /// Says in `held` which shapes hold a word of `line`.
    fn mark(&self, line: &[u8], held: &mut [bool]) {
        held.fill(false);
        let Some(searcher) = &self.searcher else { return };
        for word in searcher.find_overlapping_iter(line) {
            for &shape in &self.holders[word.pattern().as_usize()] {
                held[shape] = true;
            }
        }
    }
}

impl Ear<'_> {
    /// The lines of `bytes`, which are whole but perhaps for the last, that tell something, in order.
    pub fn telling(&mut self, bytes: &[u8]) -> Result<Vec<Telling>> {
        let mut told: BTreeMap<usize, Telling> = BTreeMap::new();
        let shapes = self.shapes;
        shapes.telling.lines(bytes, |line| {
            shapes.telling.mark(line.of(bytes), &mut self.held);
            if let Some(loud) = self.tone(line.of(bytes))? {
                told.insert(line.start, Telling { line, loud });
            }
            Ok(())
        })?;
        for &shape in &shapes.telling.wordless {
            let loud = shapes.all[shape].1 == Tone::Loud;
            self.select(shape, bytes)?;
            for candidate in &self.found {
                let told = told.entry(candidate.line.start).or_insert(Telling { line: candidate.line, loud });
                told.loud |= loud;
            }
        }
        let mut kept = Vec::with_capacity(told.len());
        for told in told.into_values() {
            if !self.is_quiet(told.line.of(bytes))? {
                kept.push(told);
            }
        }
        Ok(kept)
    }

    /// The number of the first shape that selects `line`, counted from 0.
    pub fn first(&mut self, line: &[u8]) -> Result<Option<usize>> {
        let shapes = self.shapes;
        shapes.quiet.mark(line, &mut self.held);
        let mut held = self.held.clone();
        shapes.telling.mark(line, &mut self.held);
        for wordless in [&shapes.quiet.wordless, &shapes.telling.wordless] {
            for &shape in wordless {
                held[shape] = true;
            }
        }
        for (shape, quiet) in held.into_iter().enumerate() {
            if (quiet || self.held[shape]) && self.selects(shape, line)? {
                return Ok(Some(shape));
            }
        }
        Ok(None)
    }

    /// Whether a line is loud, by the shapes that hold a word of it; `None` where none of them selects it.
    fn tone(&mut self, line: &[u8]) -> Result<Option<bool>> {
        for loud in [true, false] {
            let tone = if loud { Tone::Loud } else { Tone::Context };
            for shape in 0..self.held.len() {
                if self.held[shape] && self.shapes.all[shape].1 == tone && self.selects(shape, line)? {
                    return Ok(Some(loud));
                }
            }
        }
        Ok(None)
    }

    fn is_quiet(&mut self, line: &[u8]) -> Result<bool> {
        let shapes = self.shapes;
        shapes.quiet.mark(line, &mut self.held);
        for &shape in &shapes.quiet.wordless {
            self.held[shape] = true;
        }
        for shape in 0..self.held.len() {
            if self.held[shape] && self.selects(shape, line)? {
                return Ok(true);
            }
        }
        Ok(false)
    }

    fn selects(&mut self, shape: usize, line: &[u8]) -> Result<bool> {
        self.select(shape, line)?;
        Ok(!self.found.is_empty())
    }

    /// Puts the lines of `bytes` that a shape selects into `found`.
    fn select(&mut self, shape: usize, bytes: &[u8]) -> Result<()> {
        self.found.clear();
        self.patterns[shape].scan(bytes, &mut self.scratches[shape], &mut self.found);
        if self.found.iter().any(|candidate| !candidate.certain) {
            self.judges[shape].judge(bytes, &mut self.found)?;
        }
        Ok(())
    }
}

/// Words of which each line that a pattern selects holds one, in any case; `None` where none are known.
fn words(pattern: &Pattern) -> Option<Vec<Vec<u8>>> {
    let needs = pattern.needs()?;
    let mut words = one_of(&needs.in_ascii)?;
    words.extend(one_of(&needs.in_any)?);
    words.sort_unstable();
    words.dedup();
    Some(words)
}

/// Words of which one is held wherever `need` is met: of several such sets the one whose shortest word is longest.
fn one_of(need: &Need) -> Option<Vec<Vec<u8>>> {
    match need {
        Need::Literal(literal) => {
            let longest = literal.split(|&byte| byte == DIGIT).max_by_key(|word| word.len())?;
            (longest.len() >= SHORTEST).then(|| vec![longest.to_vec()])
        }
        Need::Any(parts) => {
            let parts = parts.iter().map(one_of).collect::<Option<Vec<_>>>()?;
            Some(parts.into_iter().flatten().collect())
        }
        Need::All(parts) => {
            let shortest = |words: &Vec<Vec<u8>>| words.iter().map(Vec::len).min();
            parts.iter().filter_map(one_of).max_by_key(shortest)
        }
    }
}
