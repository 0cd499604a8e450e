//! A translation, compiled: an automaton for lines that end in `\n`, and one for a line without.

use std::sync::OnceLock;

use regex_automata::meta::{Cache, Config, Regex};
use regex_automata::nfa::thompson::WhichCaptures;
use regex_automata::{Input, util::syntax};

use super::Translation;

/// The most that a compiled program may take, in bytes: beyond it the judge decides.
const NFA_LIMIT: usize = 16 << 20;
/// What the lazily built states of one thread may take, in bytes.
const LAZY_LIMIT: usize = 4 << 20;
/// How deeply groups may nest.
const NEST_LIMIT: u32 = 400;

/// Whether a line has its `\n`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Ended,
    Bare,
}

/// What a thread needs of its own to run a pattern's programs.
#[derive(Debug, Default)]
pub struct Scratch {
    pub(crate) ascii: Caches,
    pub(crate) text: Caches,
}

/// The lazily built states of one program's automata.
#[derive(Debug, Default)]
pub(crate) struct Caches {
    ended: Option<Cache>,
    bare: Option<Cache>,
}

/// A compiled translation.
#[derive(Debug)]
pub(crate) struct Program {
    ended: Automaton,
    bare: OnceLock<Automaton>,
    bare_syntax: Option<String>,
    every: bool,
    exact: bool,
}

#[derive(Debug)]
enum Automaton {
    /// Matches nothing.
    Never,
    /// Too large to build: everything may match.
    Unknown,
    Built(Box<Regex>),
}

impl Program {
    pub(crate) fn new(translation: &Translation) -> Self {
        Self {
            ended: Automaton::new(translation.ended.as_deref()),
            bare: OnceLock::new(),
            bare_syntax: translation.bare.clone(),
            every: translation.every,
            exact: translation.exact,
        }
    }

    /// The program of a pattern of which nothing is known.
    pub(crate) fn opaque() -> Self {
        Self {
            ended: Automaton::Unknown,
            bare: OnceLock::from(Automaton::Unknown),
            bare_syntax: None,
            every: true,
            exact: false,
        }
    }

    /// Whether a line that is selected matches for certain.
    pub(crate) fn is_exact(&self, kind: Kind) -> bool {
        self.exact && !matches!(self.automaton(kind), Automaton::Unknown)
    }

    /// Whether every line that ends in `\n` is selected.
    pub(crate) fn selects_every_line(&self) -> bool {
        self.every || matches!(self.ended, Automaton::Unknown)
    }

    /// A place inside the next line that is selected, at or after `from`, where a line begins. `bytes` are whole lines.
    pub(crate) fn find(&self, bytes: &[u8], from: usize, caches: &mut Caches) -> Option<usize> {
        if from >= bytes.len() || self.selects_every_line() {
            return (from < bytes.len()).then_some(from);
        }
        // An empty match after the last `\n` is inside no line.
        self.ended.end_of_match(bytes, from, &mut caches.ended).filter(|&end| end < bytes.len())
    }

    /// Runs on one line: `None` if it is not selected, else whether it matches for certain.
    pub(crate) fn verdict(&self, line: &[u8], kind: Kind, caches: &mut Caches) -> Option<bool> {
        self.selects(line, kind, caches).then(|| self.is_exact(kind))
    }

    fn selects(&self, line: &[u8], kind: Kind, caches: &mut Caches) -> bool {
        match kind {
            Kind::Ended => self.find(line, 0, caches).is_some(),
            Kind::Bare => self.automaton(kind).end_of_match(line, 0, &mut caches.bare).is_some(),
        }
    }

    fn automaton(&self, kind: Kind) -> &Automaton {
        match kind {
            Kind::Ended => &self.ended,
            Kind::Bare => self.bare.get_or_init(|| Automaton::new(self.bare_syntax.as_deref())),
        }
    }
}

impl Automaton {
    fn new(syntax: Option<&str>) -> Self {
        let Some(syntax) = syntax else { return Self::Never };
        build(syntax).map_or(Self::Unknown, |regex| Self::Built(Box::new(regex)))
    }

    /// Where the first match at or after `from` that is seen ends.
    fn end_of_match(&self, bytes: &[u8], from: usize, cache: &mut Option<Cache>) -> Option<usize> {
        match self {
            Self::Never => None,
            Self::Unknown => Some(from),
            Self::Built(regex) => {
                let cache = cache.get_or_insert_with(|| regex.create_cache());
                let input = Input::new(bytes).range(from..).earliest(true);
                regex.search_half_with(cache, &input).map(|half| half.offset())
            }
        }
    }
}

/// How the programs' syntax is read: bytes may be matched that are not UTF-8.
pub(crate) fn syntax_config() -> syntax::Config {
    syntax::Config::new().utf8(false).nest_limit(NEST_LIMIT)
}

fn build(pattern: &str) -> Option<Regex> {
    let config = Config::new()
        .utf8_empty(false)
        .which_captures(WhichCaptures::Implicit)
        .nfa_size_limit(Some(NFA_LIMIT))
        .hybrid_cache_capacity(LAZY_LIMIT)
        .onepass(false);
    Regex::builder().configure(config).syntax(syntax_config()).build(pattern).ok()
}
