//! A program, compiled to an automaton that looks at each byte once.

use regex_automata::dfa::{Automaton as _, StartKind, dense};
use regex_automata::hybrid::dfa as lazy;
use regex_automata::nfa::thompson::{NFA, WhichCaptures};
use regex_automata::util::syntax;
use regex_automata::{Anchored, HalfMatch, Input, MatchError};
use regex_syntax::hir::Hir;

/// The most that the states before determinization may take, in bytes: beyond it the judge decides.
const NFA_LIMIT: usize = 4 << 20;
/// The most that a table of all states may take, in bytes: beyond it states are built as they are met.
const DENSE_LIMIT: usize = 256 << 10;
/// What the states that one thread builds as they are met may take, in bytes.
const LAZY_LIMIT: usize = 4 << 20;
/// How often that memory is cleared before the search is found not to be worth it.
const CLEARS: usize = 8;
/// How many bytes a state must have served for between two clearings, for the search to be worth it.
const BYTES_PER_STATE: usize = 10;
/// How often a thread tries such a search before it leaves all the lines to the judge.
const TRIES: u32 = 16;
/// How deeply groups may nest.
const NEST_LIMIT: u32 = 400;

/// Reads a program's syntax; bytes may be matched that are not UTF-8.
pub(crate) fn parse(program: &str) -> Option<Hir> {
    let config = syntax::Config::new().utf8(false).nest_limit(NEST_LIMIT);
    syntax::parse_with(program, &config).ok()
}

/// Where the first match that is seen ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum End {
    /// There is no match.
    Nowhere,
    /// Here.
    At(usize),
    /// No match ends before the line that holds this place; about the rest nothing is known.
    Unsure(usize),
}

#[derive(Clone, Debug)]
pub(crate) enum Automaton {
    /// Matches nothing.
    Never,
    /// Too large to build: everything may match.
    Unknown,
    /// All states in a table.
    Dense(Box<dense::DFA<Vec<u32>>>),
    /// States built as they are met.
    Lazy(Box<lazy::DFA>),
}

/// The states that a thread has met.
#[derive(Debug, Default)]
pub(crate) struct Cache {
    states: Option<Box<lazy::Cache>>,
    failures: u32,
}

impl Automaton {
    pub(crate) fn new(hir: &Hir) -> Self {
        let dfa = nfa(hir).and_then(|nfa| lazily(&nfa));
        dfa.map_or(Self::Unknown, |dfa| Self::Lazy(Box::new(dfa)))
    }

    /// The same with all states in a table, which is quicker to search with and takes long to build; `None` where that would
    /// be too large.
    pub(crate) fn table(&self) -> Option<Self> {
        let Self::Lazy(dfa) = self else { return None };
        dense(dfa.get_nfa()).map(|table| Self::Dense(Box::new(table)))
    }

    /// The end of the first match in `bytes[from..to]` that is seen; what stands around it is looked at.
    #[inline]
    pub(crate) fn first_end(&self, bytes: &[u8], from: usize, to: usize, cache: &mut Cache) -> End {
        self.search(&Input::new(bytes).range(from..to).earliest(true), cache)
    }

    /// The end of a match in `bytes` that begins at `at`.
    #[inline]
    pub(crate) fn end_from(&self, bytes: &[u8], at: usize, cache: &mut Cache) -> End {
        self.search(&Input::new(bytes).range(at..).earliest(true).anchored(Anchored::Yes), cache)
    }

    #[inline]
    fn search(&self, input: &Input<'_>, cache: &mut Cache) -> End {
        let from = input.start();
        match self {
            Self::Never => End::Nowhere,
            Self::Unknown => End::Unsure(from),
            Self::Dense(dfa) => seen(dfa.try_search_fwd(input), from),
            Self::Lazy(_) if cache.failures > TRIES => End::Unsure(from),
            Self::Lazy(dfa) => {
                let states = cache.states.get_or_insert_with(|| Box::new(dfa.create_cache()));
                let end = seen(dfa.try_search_fwd(states, input), from);
                cache.failures += u32::from(matches!(end, End::Unsure(_)));
                end
            }
        }
    }
}

fn seen(result: Result<Option<HalfMatch>, MatchError>, from: usize) -> End {
    use regex_automata::MatchErrorKind::{GaveUp, Quit};
    match result {
        Ok(None) => End::Nowhere,
        Ok(Some(half)) => End::At(half.offset()),
        Err(error) => match *error.kind() {
            GaveUp { offset } | Quit { offset, .. } => End::Unsure(offset),
            _ => End::Unsure(from),
        },
    }
}

fn nfa(hir: &Hir) -> Option<NFA> {
    let config =
        NFA::config().utf8(false).nfa_size_limit(Some(NFA_LIMIT)).which_captures(WhichCaptures::None);
    NFA::compiler().configure(config).build_from_hir(hir).ok()
}

fn dense(nfa: &NFA) -> Option<dense::DFA<Vec<u32>>> {
    let config = dense::Config::new()
        .start_kind(StartKind::Both)
        .dfa_size_limit(Some(DENSE_LIMIT))
        .determinize_size_limit(Some(DENSE_LIMIT));
    dense::Builder::new().configure(config).build_from_nfa(nfa).ok()
}

fn lazily(nfa: &NFA) -> Option<lazy::DFA> {
    let config = lazy::Config::new()
        .cache_capacity(LAZY_LIMIT)
        .minimum_cache_clear_count(Some(CLEARS))
        .minimum_bytes_per_state(Some(BYTES_PER_STATE));
    lazy::Builder::new().configure(config).build_from_nfa(nfa.clone()).ok()
}
