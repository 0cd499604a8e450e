//! The time of every line, as a fold over the file: `(state, line) -> (state, time)`.

use std::collections::HashMap;
use std::hash::{BuildHasherDefault, Hasher};

use super::head::marks::Marks;
use super::year::{Chain, Years};
use super::{Elected, Finder, Found, Frame, Prefix, Stamp};
use crate::line::Line;

/// How many prefixes are told apart in a file, first come.
pub const PREFIXES: usize = 4096;

/// Where the time of a line comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum How {
    /// A stamp on the line itself.
    Own,
    /// The last stamp of the same rank or process, or the last stamp.
    Inherited,
    /// The line stands before the first stamp, and takes that.
    Ahead,
    /// There is no stamp in the file, as far as is known.
    Untimed,
}

/// The time of one line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Timed {
    /// What stands on the line, or on the line from which it inherits.
    pub stamp: Option<Stamp>,
    /// Where it comes from.
    pub how: How,
}

/// A prefix is a hash already.
#[derive(Clone, Copy, Default)]
pub(crate) struct AsIs(u64);

impl Hasher for AsIs {
    fn finish(&self) -> u64 {
        self.0
    }
    fn write(&mut self, _: &[u8]) {}
    fn write_u64(&mut self, hash: u64) {
        self.0 = hash.wrapping_mul(0x9e37_79b9_7f4a_7c15);
    }
}

/// What is kept for each prefix.
pub(crate) type ByPrefix<T> = HashMap<Prefix, T, BuildHasherDefault<AsIs>>;

/// What a reader needs to start in the middle of a file: the part of the state that the lines ahead of it ask for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Inbound {
    /// The last stamp, settled.
    pub last: Option<Stamp>,
    /// The last stamp of a clock on the wall.
    pub naive: Option<Stamp>,
    /// Where that clock last fell back to.
    pub fell: Option<i64>,
    /// How many dated stamps there were.
    pub dated: u32,
    /// Whether the prefixes listed are all that are told apart.
    pub closed: bool,
    /// The last stamps of prefixes, in their order.
    pub prefixes: Vec<(Prefix, Option<Stamp>)>,
}

/// The state after some lines; bounded, whatever the file.
///
/// A line without a stamp has the time of a line before it, of the same writer where a prefix names one; so the time
/// of a line is a function of all lines before it. The fold is what has to be remembered of them. Everything faster,
/// the digests and the index, is proved against it.
#[derive(Clone, Default)]
pub struct Fold {
    pub(crate) finder: Finder,
    pub(crate) first: Option<Stamp>,
    pub(crate) chain: Chain,
    /// The last stamp of each prefix that is told apart; none as yet for those that a reader was only told about.
    pub(crate) by_prefix: ByPrefix<Option<Stamp>>,
    /// Whether no other prefixes are told apart any more.
    pub(crate) closed: bool,
}

impl Fold {
    /// Before the first line, with the first stamp not known.
    pub fn new() -> Self {
        Self::default()
    }

    /// Before the first line of a file whose first stamp is `first` (see [`Fold::first`]): lines before it take it.
    pub fn starting(first: Option<Stamp>) -> Self {
        Self { first, ..Self::default() }
    }

    /// Before a line in the middle of a file whose first stamp is `first`.
    pub fn resuming(inbound: &Inbound, first: Option<Stamp>) -> Self {
        let years = Years { dated: inbound.dated, ..Years::default() };
        let chain = Chain { last: inbound.last, naive: inbound.naive, fell: inbound.fell, years };
        let by_prefix = inbound.prefixes.iter().copied().collect();
        Self { first, chain, by_prefix, closed: inbound.closed, ..Self::default() }
    }

    /// The same, in a file that elected an ambiguous format (see [`super::elect`]).
    #[must_use]
    pub fn electing(self, elected: &Elected) -> Self {
        Self { finder: Finder::electing(elected), ..self }
    }

    /// From here on the file elects another ambiguous format.
    pub(crate) fn elect(&mut self, elected: &Elected) {
        self.finder = Finder::electing(elected);
    }

    /// The first stamp: as given, or as seen so far.
    pub fn first(&self) -> Option<Stamp> {
        self.first
    }

    /// The last stamp so far.
    pub fn last(&self) -> Option<Stamp> {
        self.chain.last
    }

    /// What the stamps so far say about the years of those without one.
    pub fn years(&self) -> Years {
        self.chain.years
    }

    /// Takes the next line, and says what time it has.
    #[inline]
    pub fn push(&mut self, line: &[u8]) -> Timed {
        let found = self.find(line);
        self.take(found)
    }

    /// What stands on the next line; to be taken next.
    #[inline]
    pub(crate) fn find(&mut self, line: &[u8]) -> Found {
        let found = self.finder.find(line);
        self.admit(found)
    }

    /// Leaves out a time of day where no stamp with a date stands before it, unless it is what the file elected.
    #[inline]
    fn admit(&self, found: Found) -> Found {
        let is_bare = found.stamp.as_ref().is_some_and(|stamp| stamp.frame == Frame::Dayless);
        if is_bare && self.chain.last.is_none() && !self.finder.elects_time_of_day() {
            return Found { stamp: None, ..found };
        }
        found
    }

    /// The text whose lines come next begins at `base` of its file, in bytes.
    pub(crate) fn stand_at(&mut self, base: u64) {
        self.finder.stand_at(base);
    }

    /// What stands on a line of `text`, of which the lines come in order; to be taken next.
    #[inline]
    pub(crate) fn find_in(&mut self, text: &[u8], line: Line, marks: &mut Marks) -> Found {
        let found = self.finder.find_in(text, line, marks);
        self.admit(found)
    }

    /// The last stamps of the prefixes that are told apart.
    pub(crate) fn prefixes(&self) -> impl Iterator<Item = (Prefix, Option<Stamp>)> + use<'_> {
        self.by_prefix.iter().map(|(prefix, stamp)| (*prefix, *stamp))
    }

    /// Whether lines without a stamp that have `prefix` take the last stamp of it.
    pub(crate) fn tells_apart(&self, prefix: Prefix) -> bool {
        prefix != Prefix::NONE && self.by_prefix.get(&prefix).is_some_and(Option::is_some)
    }

    /// Takes what was found on the next line.
    #[inline]
    pub fn take(&mut self, found: Found) -> Timed {
        let Some(stamp) = found.stamp else {
            return self.inherit(found.prefix);
        };
        let stamp = self.chain.settle(stamp);
        if self.first.is_none() {
            self.first = Some(stamp);
        }
        if found.prefix != Prefix::NONE {
            self.remember(found.prefix, stamp);
        }
        Timed { stamp: Some(stamp), how: How::Own }
    }

    fn inherit(&self, prefix: Prefix) -> Timed {
        let own = if prefix == Prefix::NONE { None } else { self.by_prefix.get(&prefix).copied().flatten() };
        match own.or(self.chain.last) {
            Some(stamp) => Timed { stamp: Some(stamp), how: How::Inherited },
            None if self.first.is_some() => Timed { stamp: self.first, how: How::Ahead },
            None => Timed { stamp: None, how: How::Untimed },
        }
    }

    pub(super) fn remember(&mut self, prefix: Prefix, stamp: Stamp) {
        if let Some(known) = self.by_prefix.get_mut(&prefix) {
            *known = Some(stamp);
        } else if self.by_prefix.len() < PREFIXES && !self.closed {
            self.by_prefix.insert(prefix, Some(stamp));
        }
    }
}
