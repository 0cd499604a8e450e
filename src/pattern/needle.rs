//! Looking for literals: the fast part of a search.

use regex_automata::MatchKind;
use regex_automata::Span;
use regex_automata::util::prefilter::Prefilter;
use regex_automata::util::syntax;

use super::program::syntax_config;
use super::{Translation, literal};

/// Literals of which every matching line holds at least one.
#[derive(Debug)]
pub(crate) struct Needles {
    searcher: Prefilter,
    decide: bool,
}

impl Needles {
    /// A searcher for what every match of the translation for any text holds, or `None` where looking for that is no
    /// faster than running the program. `same`: lines of ASCII have the same translation.
    pub(crate) fn of(text: &Translation, same: bool) -> Option<Self> {
        let hir = syntax::parse_with(text.ended.as_deref()?, &syntax_config()).ok()?;
        let required = literal::required(&hir)?;
        let searcher = Prefilter::new(MatchKind::LeftmostFirst, &required.literals)?;
        let decide = required.whole && same && text.exact;
        searcher.is_fast().then_some(Self { searcher, decide })
    }

    /// Where the next needle at or after `from` begins.
    pub(crate) fn find(&self, bytes: &[u8], from: usize) -> Option<usize> {
        self.searcher.find(bytes, Span::from(from..bytes.len())).map(|span| span.start)
    }

    /// Whether a line with a needle matches for certain.
    pub(crate) fn decide(&self) -> bool {
        self.decide
    }
}
