//! Looking for what every match holds: the fast part of a search.

use memchr::memmem;
use regex_automata::util::prefilter::Prefilter;
use regex_automata::{MatchKind, Span};

use super::folded;
use super::literal::{Required, What};
use crate::line;

/// How much of a log is looked at to choose what to look for.
const SAMPLE: usize = 32 << 10;

// What things cost, in picoseconds, as measured; only their proportions matter.
const ONE_LITERAL: u64 = 50;
const FOLDED: u64 = 70;
const SOME_LITERALS: u64 = 250;
const AUTOMATON: u64 = 1000;
const HIT: u64 = 50_000;

/// What is looked for in blocks before a program is run on lines.
///
/// Most lines of a log match nothing, so most of the time of a search goes into finding that out; bytes that every
/// match must hold are found many times as fast as an automaton steps. A needle only proposes a line: the program
/// decides.
#[derive(Clone, Debug)]
pub(crate) struct Needles {
    searcher: NeedleSearcher,
    before: Option<usize>,
    whole: bool,
}

#[derive(Clone, Debug)]
enum NeedleSearcher {
    One(Box<memmem::Finder<'static>>),
    Some(Prefilter),
    Folded(folded::FoldedFinder),
}

impl Needles {
    /// The choice that is cheapest to look for in a log like `sample`, or `None` where running the program is cheaper.
    pub(crate) fn choose(choices: &[Required], sample: &[u8]) -> Option<Self> {
        let sample = &sample[..sample.len().min(SAMPLE)];
        let priced = choices.iter().filter_map(|choice| {
            let needles = Self::new(choice, sample)?;
            Some((needles.cost(sample), needles))
        });
        let (cost, needles) = priced.min_by_key(|(cost, _)| *cost)?;
        (cost < AUTOMATON * sample.len() as u64).then_some(needles)
    }

    /// The rarest choice, for a log of which too little has been seen to say what is rare in it.
    pub(crate) fn rarest(choices: &[Required]) -> Option<Self> {
        choices.iter().find_map(|choice| Self::new(choice, &[]))
    }

    fn new(choice: &Required, sample: &[u8]) -> Option<Self> {
        let (mut before, mut whole) = (choice.before, choice.whole);
        let searcher = match &choice.what {
            What::Literals(one) if one.len() == 1 => {
                NeedleSearcher::One(Box::new(memmem::Finder::new(&one[0]).into_owned()))
            }
            What::Literals(some) => {
                let (some, skipped) = windows(some, sample);
                before = before.and_then(|before| before.checked_add(skipped));
                whole &= skipped == 0;
                let searcher = Prefilter::new(MatchKind::LeftmostFirst, &some)?;
                NeedleSearcher::Some(Some(searcher).filter(Prefilter::is_fast)?)
            }
            What::Folded(letters) => {
                NeedleSearcher::Folded(folded::FoldedFinder::new(letters.clone(), sample))
            }
        };
        Some(Self { searcher, before, whole })
    }

    /// Where the next needle at or after `from` begins.
    #[inline]
    pub(crate) fn find(&self, bytes: &[u8], from: usize) -> Option<usize> {
        match &self.searcher {
            NeedleSearcher::One(finder) => finder.find(&bytes[from..]).map(|at| from + at),
            NeedleSearcher::Some(prefilter) => {
                prefilter.find(bytes, Span::from(from..bytes.len())).map(|span| span.start)
            }
            NeedleSearcher::Folded(finder) => finder.find(bytes, from),
        }
    }

    /// The first place at or after `from` where a match may begin that holds the needle at `hit`.
    #[inline]
    pub(crate) fn first_start(&self, from: usize, hit: usize) -> Option<usize> {
        Some(hit.saturating_sub(self.before?).max(from))
    }

    /// Whether matches begin with the needle.
    #[inline]
    pub(crate) fn begin_matches(&self) -> bool {
        self.before == Some(0)
    }

    /// Whether there is a match wherever the needle stands.
    pub(crate) fn is_whole(&self) -> bool {
        self.whole
    }

    /// What it costs to look for it in `sample`, and at the lines that hold it.
    fn cost(&self, sample: &[u8]) -> u64 {
        let each = match self.searcher {
            NeedleSearcher::One(_) => ONE_LITERAL,
            NeedleSearcher::Some(_) => SOME_LITERALS,
            NeedleSearcher::Folded(_) => FOLDED,
        };
        let (mut hits, mut from) = (0, 0);
        while let Some(hit) = self.find(sample, from) {
            hits += 1;
            from = line::at(sample, hit).map_or(sample.len(), |line| line.end);
        }
        each * sample.len() as u64 + hits * HIT
    }
}

/// The ends of the literals from where each is rarest in `sample`, and the most bytes that one was cut by: a search for
/// several literals at once stops wherever the first few bytes of one of them stand.
fn windows(literals: &[Vec<u8>], sample: &[u8]) -> (Vec<Vec<u8>>, usize) {
    const WINDOW: usize = 3;
    let mut skipped = 0;
    let ends = literals.iter().map(|literal| {
        let often = |start: &usize| memmem::find_iter(sample, &literal[*start..*start + WINDOW]).count();
        let start = (0..(literal.len() + 1).saturating_sub(WINDOW)).min_by_key(often).unwrap_or(0);
        skipped = skipped.max(start);
        literal[start..].to_vec()
    });
    (ends.collect(), skipped)
}
