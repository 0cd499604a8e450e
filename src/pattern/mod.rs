//! Which lines a Python regex selects: what must be there, what may be there, who decides.
//!
//! A [`Pattern`] is built from programs that `logdex/_translate.py` writes: one for lines of ASCII, one for other
//! text, each either *exact* or selecting at least the lines that Python's `re.search` selects. It searches blocks, not
//! lines: for **needles** (literals that every match holds) where the programs have good ones, or else with an automaton
//! over the whole block; line bounds are found only around hits. What comes out are **candidates**. One that is not
//! certain is for a [`Judge`] to decide, which is Python's own `re` at the edge.
//!
//! In a line that is not UTF-8, what Python sees is the decoded text with U+FFFD for what is broken, so that is what a
//! program is run on.

mod literal;
mod needle;
mod program;
mod text;

use std::sync::Arc;

use crate::error::Result;
use crate::line::{self, Line};

use needle::Needles;
pub use program::Scratch;
use program::{Caches, Kind, Program};

/// A line that a pattern selects, or may select.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Candidate {
    /// Where it stands in its block.
    pub line: Line,
    /// Whether the pattern has decided; if not, a [`Judge`] has to.
    pub certain: bool,
}

/// Decides about the candidates that the engine is not certain of.
pub trait Judge {
    /// Removes from `candidates`, lines of `bytes`, those that are not certain and do not match.
    fn judge(&mut self, bytes: &[u8], candidates: &mut Vec<Candidate>) -> Result<()>;
}

/// One translation of a pattern, in the syntax of Rust's `regex`; `None` is a program that never matches.
#[derive(Clone, Debug, Default)]
pub struct Translation {
    /// For lines that end in `\n`; it never consumes a `\n`.
    pub ended: Option<String>,
    /// For a line without `\n`.
    pub bare: Option<String>,
    /// It selects every line that ends in `\n`.
    pub every: bool,
    /// It selects no line that Python does not select.
    pub exact: bool,
}

/// A compiled pattern, shared by all threads that search with it.
#[derive(Debug)]
pub struct Pattern {
    ascii: Arc<Program>,
    text: Arc<Program>,
    needles: Option<Needles>,
}

impl Pattern {
    /// Compiles the translations for lines of ASCII and for other lines. It never fails: what is too large to compile
    /// becomes a pattern that leaves more lines to the judge.
    pub fn new(ascii: &Translation, text: &Translation) -> Self {
        let text_program = Arc::new(Program::new(text));
        let same = ascii.ended == text.ended && ascii.bare == text.bare && ascii.exact == text.exact;
        let ascii_program = if same { Arc::clone(&text_program) } else { Arc::new(Program::new(ascii)) };
        let needles = if ascii.every || text.every { None } else { Needles::of(text, same) };
        Self { ascii: ascii_program, text: text_program, needles }
    }

    /// A pattern of which the engine knows nothing: every line is a candidate.
    pub fn opaque() -> Self {
        let program = Arc::new(Program::opaque());
        Self { ascii: Arc::clone(&program), text: program, needles: None }
    }

    /// What a thread needs of its own to search.
    pub fn scratch(&self) -> Scratch {
        Scratch::default()
    }

    /// Appends the candidates among the lines of `bytes` to `out`, in order. `bytes` is private and begins at the start of
    /// a line; its last line may lack the `\n`.
    pub fn scan(&self, bytes: &[u8], scratch: &mut Scratch, out: &mut Vec<Candidate>) {
        self.visit(bytes, scratch, |candidate| out.push(candidate));
    }

    /// How many lines of `bytes` match, or `None` where a judge has to decide about one of them.
    pub fn count(&self, bytes: &[u8], scratch: &mut Scratch) -> Option<u64> {
        if self.ascii.selects_every_line() && self.text.selects_every_line() && bytes.ends_with(b"\n") {
            return Some(line::count(bytes));
        }
        let (mut count, mut certain) = (0, true);
        self.visit(bytes, scratch, |candidate| {
            count += 1;
            certain &= candidate.certain;
        });
        certain.then_some(count)
    }

    /// Whether one line matches; `None`: a judge has to decide.
    pub fn decide(&self, bytes: &[u8], scratch: &mut Scratch) -> Option<bool> {
        let mut verdict = Some(false);
        self.visit(bytes, scratch, |candidate| verdict = candidate.certain.then_some(true));
        verdict
    }

    fn visit(&self, bytes: &[u8], scratch: &mut Scratch, mut found: impl FnMut(Candidate)) {
        let (ended, bare) = bytes.split_at(line::whole(bytes));
        if let Some(needles) = &self.needles {
            self.visit_needles(needles, ended, scratch, &mut found);
        } else {
            text::runs(ended, |run, start| self.visit_run(&run, start, scratch, &mut found));
        }
        if !bare.is_empty()
            && let Some(certain) = self.confirm(bare, Kind::Bare, scratch)
        {
            found(Candidate { line: Line { start: ended.len(), end: bytes.len() }, certain });
        }
    }

    /// Looks for the needles, and at the lines around them.
    fn visit_needles(
        &self,
        needles: &Needles,
        bytes: &[u8],
        scratch: &mut Scratch,
        found: &mut impl FnMut(Candidate),
    ) {
        let mut from = 0;
        while let Some(hit) = needles.find(bytes, from) {
            let line = around(bytes, from, hit);
            from = line.end;
            if needles.decide() {
                found(Candidate { line, certain: true });
            } else if let Some(certain) = self.confirm(line.of(bytes), Kind::Ended, scratch) {
                found(Candidate { line, certain });
            }
        }
    }

    /// Runs the program for lines of one encoding over a run of them.
    fn visit_run(
        &self,
        run: &text::Run<'_>,
        start: usize,
        scratch: &mut Scratch,
        found: &mut impl FnMut(Candidate),
    ) {
        match *run {
            text::Run::Ascii(bytes) => {
                let certain = self.ascii.is_exact(Kind::Ended);
                sweep(&self.ascii, bytes, &mut scratch.ascii, |line| {
                    found(Candidate { line: shift(line, start), certain });
                });
            }
            text::Run::Utf8(bytes) => {
                let Scratch { ascii, text } = scratch;
                let certain = self.text.is_exact(Kind::Ended);
                sweep(&self.text, bytes, text, |line| {
                    let verdict = if self.same() || !line.of(bytes).is_ascii() {
                        Some(certain)
                    } else {
                        self.ascii.verdict(line.of(bytes), Kind::Ended, ascii)
                    };
                    if let Some(certain) = verdict {
                        found(Candidate { line: shift(line, start), certain });
                    }
                });
            }
            text::Run::Broken(bytes) => {
                if let Some(certain) = self.confirm(bytes, Kind::Ended, scratch) {
                    found(Candidate { line: Line { start, end: start + bytes.len() }, certain });
                }
            }
        }
    }

    /// Runs the right program on one line: `None` if it does not match, else whether that is certain.
    fn confirm(&self, line: &[u8], kind: Kind, scratch: &mut Scratch) -> Option<bool> {
        if line.is_ascii() {
            return self.ascii.verdict(line, kind, &mut scratch.ascii);
        }
        let decoded = String::from_utf8_lossy(line);
        self.text.verdict(decoded.as_bytes(), kind, &mut scratch.text)
    }

    /// Whether lines of ASCII and other lines have one program.
    fn same(&self) -> bool {
        Arc::ptr_eq(&self.ascii, &self.text)
    }
}

/// Calls `found` with each line of `bytes` in which the program matches.
fn sweep(program: &Program, bytes: &[u8], caches: &mut Caches, mut found: impl FnMut(Line)) {
    if program.selects_every_line() {
        line::lines(bytes).for_each(found);
        return;
    }
    let mut from = 0;
    while let Some(at) = program.find(bytes, from, caches) {
        let line = around(bytes, from, at);
        found(line);
        from = line.end;
    }
}

/// The line around `position`, where a line is known to begin at `from`.
fn around(bytes: &[u8], from: usize, position: usize) -> Line {
    let line = line::around(&bytes[from..], position - from);
    shift(line, from)
}

fn shift(line: Line, by: usize) -> Line {
    Line { start: line.start + by, end: line.end + by }
}
