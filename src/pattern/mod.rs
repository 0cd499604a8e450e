//! Which lines a Python regex selects: what must be there, what may be there, who decides.
//!
//! A [`Pattern`] is built from programs that `logdex/regex/translate.py` writes: one for lines of ASCII, one for other
//! text, each either *exact* or selecting at least the lines that Python's `re.search` selects. It searches blocks, not
//! lines: for **needles** (literals that every match holds) where the programs have good ones, or else with an automaton
//! over the whole block; line bounds are found only around hits. What comes out are **candidates**. One that is not
//! certain is for a [`Judge`] to decide, which is Python's own `re` at the edge.
//!
//! In a line that is not UTF-8, what Python sees is the decoded text with U+FFFD for what is broken, so that is what a
//! program is run on.

mod automaton;
mod digits;
mod folded;
mod hint;
mod literal;
mod need;
mod needle;
mod program;
mod search;
mod text;
mod word;

use std::sync::{Arc, OnceLock};

use crate::error::Result;
use crate::line::{self, Line};

use literal::Required;
pub use need::{DIGIT, Need, SHORTEST};
use needle::Needles;
use program::Program;
pub use program::Scratch;
pub use word::{Bytes, Charset, Word};

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
///
/// Made once for a question, with scratch memory that each worker has of its own. It may select too much and never
/// too little: only so can Python's `re` have the last word, and be asked about few lines.
#[derive(Debug)]
pub struct Pattern {
    ascii: Arc<Program>,
    text: Arc<Program>,
    /// What the matches in lines of any text hold.
    in_any: Prefilter,
    /// What the matches in lines of ASCII hold, where that is more.
    in_ascii: Option<Prefilter>,
    /// What the programs select is what is not wanted.
    inverted: bool,
}

/// What the whole lines that a pattern selects hold; see [`Pattern::needs`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Needs {
    /// What lines of ASCII hold.
    pub in_ascii: Need,
    /// What any lines hold.
    pub in_any: Need,
}

/// The needles to look for, chosen when some of the log has been seen.
#[derive(Clone, Debug, Default)]
struct Prefilter {
    choices: Vec<Required>,
    /// Made when it is first asked for: of many shapes few are ever tried.
    rarest: OnceLock<Option<Needles>>,
    chosen: OnceLock<Option<Needles>>,
}

impl Pattern {
    /// Compiles the translations for lines of ASCII and for any lines: the second selects at least what the first does,
    /// and decides about lines of ASCII too where it is exact. It never fails: what is too large to compile becomes a
    /// pattern that leaves more lines to the judge.
    pub fn new(ascii: &Translation, text: &Translation) -> Self {
        let (text_program, in_any) = Program::new(text);
        let text_program = Arc::new(text_program);
        if ascii.ended == text.ended && ascii.bare == text.bare && ascii.exact == text.exact {
            let ascii = Arc::clone(&text_program);
            let in_any = Prefilter::new(in_any);
            return Self { ascii, text: text_program, in_any, in_ascii: None, inverted: false };
        }
        let (ascii_program, in_ascii) = Program::new(ascii);
        let in_ascii = (in_ascii != in_any).then(|| Prefilter::new(in_ascii));
        let (ascii, in_any) = (Arc::new(ascii_program), Prefilter::new(in_any));
        Self { ascii, text: text_program, in_any, in_ascii, inverted: false }
    }

    /// The same pattern for a forked process: what a thread of its parent was making would never be ready there.
    #[must_use]
    pub fn in_fork(&self) -> Self {
        let text = Arc::new((*self.text).clone());
        let same = Arc::ptr_eq(&self.ascii, &self.text);
        let ascii = if same { Arc::clone(&text) } else { Arc::new((*self.ascii).clone()) };
        let (in_any, in_ascii) = (self.in_any.clone(), self.in_ascii.clone());
        Self { ascii, text, in_any, in_ascii, inverted: self.inverted }
    }

    /// The pattern that selects the other lines.
    #[must_use]
    pub fn inverted(self) -> Self {
        Self { inverted: !self.inverted, ..self }
    }

    /// A pattern of which the engine knows nothing: every line is a candidate.
    pub fn opaque() -> Self {
        let program = Arc::new(Program::opaque());
        Self {
            ascii: Arc::clone(&program),
            text: program,
            in_any: Prefilter::default(),
            in_ascii: None,
            inverted: false,
        }
    }

    /// What each line that ends in `\n` and that it selects holds; `None` where nothing is known of that.
    pub fn needs(&self) -> Option<Needs> {
        let needs = Needs { in_ascii: self.ascii.need(), in_any: self.text.need() };
        (!self.inverted && !needs.in_ascii.is_nothing()).then_some(needs)
    }

    /// Words of which each line of a kind that it selects holds one; `None` where none are known.
    pub fn words(&self, kind: Charset) -> Option<Vec<Word>> {
        let program = if kind == Charset::Ascii { &self.ascii } else { &self.text };
        if self.inverted { None } else { program.words(kind) }
    }

    /// A few other words of which each such line holds one too, where some are known.
    pub fn also(&self, kind: Charset) -> Option<Vec<Word>> {
        let program = if kind == Charset::Ascii { &self.ascii } else { &self.text };
        if self.inverted { None } else { program.also(kind) }
    }

    /// Whether it selects a line of ASCII just as one that has other digits in their place.
    pub fn takes_digits_alike(&self) -> bool {
        !self.inverted && self.ascii.takes_digits_alike()
    }

    /// What a thread needs of its own to search.
    pub fn scratch(&self) -> Scratch {
        Scratch::default()
    }

    /// Appends the candidates among the lines of `bytes` to `out`, in order. `bytes` is private and begins at the start of
    /// a line; its last line may lack the `\n`.
    pub fn scan(&self, bytes: &[u8], scratch: &mut Scratch, out: &mut Vec<Candidate>) {
        self.search(bytes, scratch, &mut search::Lines { bytes, out });
    }

    /// How many lines of `bytes` match for certain; those about which a judge has to decide are appended to `unsure`.
    pub fn count(&self, bytes: &[u8], scratch: &mut Scratch, unsure: &mut Vec<Candidate>) -> u64 {
        let every =
            self.ascii.matches_every_line() && self.text.matches_every_line() && bytes.ends_with(b"\n");
        if every && !self.inverted {
            return line::count(bytes);
        }
        let mut count = search::Count { certain: 0, unsure: search::Lines { bytes, out: unsure } };
        self.search(bytes, scratch, &mut count);
        count.certain
    }
}

impl Prefilter {
    fn new(choices: Vec<Required>) -> Self {
        Self { choices, rarest: OnceLock::new(), chosen: OnceLock::new() }
    }

    /// What to look for in `bytes`, if anything.
    fn needles(&self, bytes: &[u8]) -> Option<&Needles> {
        /// How much has to be seen for a choice.
        const ENOUGH: usize = 16 << 10;
        if bytes.len() < ENOUGH && self.chosen.get().is_none() {
            return self.rarest.get_or_init(|| Needles::rarest(&self.choices)).as_ref();
        }
        self.chosen.get_or_init(|| Needles::choose(&self.choices, bytes)).as_ref()
    }
}
