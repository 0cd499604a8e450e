//! A translation, compiled: an automaton for lines that end in `\n`, and one for a line without.

use std::sync::OnceLock;
use std::sync::atomic::{AtomicUsize, Ordering};

use regex_syntax::hir::Hir;

use super::Translation;
use super::automaton::{Automaton, Cache, End, parse};
use super::digits;
use super::literal::{self, Required};
use super::need::Need;
use super::word::{self, Charset, Word};

/// What a thread needs of its own to run a pattern's programs.
#[derive(Debug, Default)]
pub struct Scratch {
    pub(crate) ascii: Caches,
    pub(crate) text: Caches,
}

/// The states of one program's automata that a thread has met.
#[derive(Debug, Default)]
pub(crate) struct Caches {
    ended: Cache,
    bare: Cache,
}

/// A translation, compiled when lines of its kind are met.
#[derive(Clone, Debug)]
pub(crate) struct Program {
    ended: Compiled,
    bare: Compiled,
    every: bool,
    exact: bool,
    /// It asks for no word boundary.
    plain: bool,
}

/// A program as it is read, and as it runs.
#[derive(Debug)]
struct Compiled {
    source: Translated,
    /// Its states as they are met.
    lazy: OnceLock<Automaton>,
    /// All of them in a table, once that is worth it, and if it is not too large.
    table: OnceLock<Option<Automaton>>,
    /// How much was searched before, in bytes.
    searched: AtomicUsize,
}

/// Behind so many bytes a table of all states has paid: to build it takes milliseconds, and many patterns are tried on lines here
/// and there of many logs.
const WORTH: usize = 1 << 20;
/// About as much is searched of a line behind a literal, in bytes.
const SHORT: usize = 64;

impl Clone for Compiled {
    fn clone(&self) -> Self {
        let (source, lazy, table) = (self.source.clone(), self.lazy.clone(), self.table.clone());
        Self { source, lazy, table, searched: AtomicUsize::new(self.searched.load(Ordering::Relaxed)) }
    }
}

#[derive(Clone, Debug)]
enum Translated {
    /// It never matches.
    Never,
    /// It is not known what it matches.
    Unknown,
    Hir(Box<Hir>),
}

impl Program {
    /// Reads a translation, and says which literals its matches in lines that end in `\n` must hold.
    pub(crate) fn new(translation: &Translation) -> (Self, Vec<Required>) {
        let ended = Compiled::new(translation.ended.as_deref());
        let required = match &ended.source {
            Translated::Hir(hir) if !translation.every => literal::required(hir, translation.exact),
            _ => Vec::new(),
        };
        let bare = Compiled::new(translation.bare.as_deref());
        let plain = ended.is_plain() && bare.is_plain();
        (Self { ended, bare, every: translation.every, exact: translation.exact, plain }, required)
    }

    /// What the lines that end in `\n` and that it selects hold.
    pub(crate) fn need(&self) -> Need {
        if self.every {
            return Need::NOTHING;
        }
        match &self.ended.source {
            Translated::Hir(hir) => Need::of(hir),
            // No line has one of nothing.
            Translated::Never => Need::Any(Vec::new()),
            Translated::Unknown => Need::NOTHING,
        }
    }

    /// Words of which each line of a kind that it selects, with an end or without, holds one; `None` where none are known.
    pub(crate) fn words(&self, kind: Charset) -> Option<Vec<Word>> {
        self.words_of(kind, word::of)
    }

    /// A few other words of which each such line holds one too, where some are known.
    pub(crate) fn also(&self, kind: Charset) -> Option<Vec<Word>> {
        self.words_of(kind, word::also)
    }

    fn words_of(&self, kind: Charset, of: fn(&Hir, Charset) -> Option<Vec<Word>>) -> Option<Vec<Word>> {
        if self.every {
            return None;
        }
        let mut words = Vec::new();
        for program in [&self.ended, &self.bare] {
            match &program.source {
                Translated::Hir(hir) => words.extend(of(hir, kind)?),
                Translated::Never => {}
                Translated::Unknown => return None,
            }
        }
        words.sort_unstable();
        words.dedup();
        Some(words)
    }

    /// Whether which digits stand on a line of ASCII does not matter to it, but where they stand.
    pub(crate) fn takes_digits_alike(&self) -> bool {
        let is_alike = |compiled: &Compiled| match &compiled.source {
            Translated::Never => true,
            Translated::Unknown => false,
            Translated::Hir(hir) => digits::are_alike(hir),
        };
        !self.every && is_alike(&self.ended) && is_alike(&self.bare)
    }

    /// The program of a pattern of which nothing is known.
    pub(crate) fn opaque() -> Self {
        let unknown = || Compiled::of(Translated::Unknown);
        Self { ended: unknown(), bare: unknown(), every: true, exact: false, plain: false }
    }

    /// Whether it selects no line that does not match.
    pub(crate) fn is_exact(&self) -> bool {
        self.exact
    }

    /// Whether a match that this program, made for ASCII, finds in other text is one for certain: it consumes nothing
    /// but ASCII, which means the same everywhere, and looks at nothing beside it that might not be.
    pub(crate) fn holds_in_any_text(&self) -> bool {
        self.exact && self.plain
    }

    /// Whether every line that ends in `\n` is selected.
    pub(crate) fn selects_every_line(&self) -> bool {
        self.every || matches!(self.ended.source, Translated::Unknown)
    }

    /// Whether every line that ends in `\n` matches for certain.
    pub(crate) fn matches_every_line(&self) -> bool {
        self.every && self.exact
    }

    /// The first match in whole lines, from `from` to before `to`.
    #[inline]
    pub(crate) fn first_end(&self, bytes: &[u8], from: usize, to: usize, caches: &mut Caches) -> End {
        self.ended.automaton(to - from).first_end(bytes, from, to, &mut caches.ended)
    }

    /// The end of a match in whole lines that begins at `at`.
    #[inline]
    pub(crate) fn end_from(&self, bytes: &[u8], at: usize, caches: &mut Caches) -> End {
        self.ended.automaton(SHORT).end_from(bytes, at, &mut caches.ended)
    }

    /// Runs on one line: `None` if it is not selected, else whether it matches for certain.
    pub(crate) fn verdict(&self, line: &[u8], caches: &mut Caches) -> Option<bool> {
        let end = match line.split_last() {
            Some((b'\n', _)) if self.every => return Some(self.exact),
            Some((b'\n', body)) => self.first_end(line, 0, body.len(), caches),
            _ => self.bare.automaton(line.len()).first_end(line, 0, line.len(), &mut caches.bare),
        };
        self.judged(end)
    }

    /// What a search that was confined to one line says of it.
    pub(crate) fn judged(&self, end: End) -> Option<bool> {
        match end {
            End::Nowhere => None,
            End::At(_) => Some(self.exact),
            End::Unsure(_) => Some(false),
        }
    }
}

impl Compiled {
    fn new(program: Option<&str>) -> Self {
        let source = match program.map(parse) {
            None => Translated::Never,
            Some(None) => Translated::Unknown,
            Some(Some(hir)) => Translated::Hir(Box::new(hir)),
        };
        Self::of(source)
    }

    fn of(source: Translated) -> Self {
        Self { source, lazy: OnceLock::new(), table: OnceLock::new(), searched: AtomicUsize::new(0) }
    }

    /// Whether it asks for no word boundary.
    fn is_plain(&self) -> bool {
        match &self.source {
            Translated::Hir(hir) => !hir.properties().look_set().contains_word(),
            Translated::Never => true,
            Translated::Unknown => false,
        }
    }

    /// What to search so many bytes with.
    #[inline]
    fn automaton(&self, bytes: usize) -> &Automaton {
        match self.table.get() {
            Some(Some(table)) => table,
            Some(None) => self.lazy(),
            None => self.begin(bytes),
        }
    }

    fn lazy(&self) -> &Automaton {
        self.lazy.get_or_init(|| match &self.source {
            Translated::Never => Automaton::Never,
            Translated::Unknown => Automaton::Unknown,
            Translated::Hir(hir) => Automaton::new(hir),
        })
    }

    /// The same while it is not known whether a table is worth it.
    #[inline(never)]
    fn begin(&self, bytes: usize) -> &Automaton {
        let lazy = self.lazy();
        let before = self.searched.fetch_add(bytes, Ordering::Relaxed);
        if before.saturating_add(bytes) < WORTH {
            return lazy;
        }
        self.table.get_or_init(|| lazy.table()).as_ref().unwrap_or(lazy)
    }
}
