//! What a pattern needs, asked of segments: which blocks may have a line that it selects.

use std::collections::BTreeSet;

use super::counters::{self, Counts, Numbers, Sought};
use super::keys::{OTHER_TEXT, of_literal};
use super::segment::{RowPlace, Segment};
use crate::pattern::{Need, Needs};

/// The most rows that are read for one literal. The ones that tell most come first, and each costs a page or two.
const ROWS_EACH: usize = 12;

/// What is asked of each segment, as rows.
#[derive(Clone, Debug)]
enum AskedRows {
    /// The blocks that have all of these keys, and where all of these numbers may be.
    Keys(Vec<u32>, Vec<Sought>),
    /// The blocks that have all of these.
    All(Vec<AskedRows>),
    /// The blocks that have one of these.
    Any(Vec<AskedRows>),
}

impl AskedRows {
    /// `None` where nothing can be asked: any block may do.
    fn of(need: &Need) -> Option<Self> {
        match need {
            Need::Literal(literal) => {
                let keys = Some(of_literal(literal)).filter(|keys| !keys.is_empty())?;
                Some(Self::Keys(keys, counters::of_literal(literal)))
            }
            Need::All(parts) => {
                let parts: Vec<_> = parts.iter().filter_map(Self::of).collect();
                (!parts.is_empty()).then_some(Self::All(parts))
            }
            Need::Any(parts) => parts.iter().map(Self::of).collect::<Option<_>>().map(Self::Any),
        }
    }

    /// Whether a block with these keys and numbers has what is asked for.
    fn held_among(&self, keys: &BTreeSet<u32>, counts: &Counts) -> bool {
        match self {
            Self::Keys(all, numbers) => {
                all.iter().all(|key| keys.contains(key))
                    && numbers.iter().all(|sought| counts[sought.field].may_have(*sought))
            }
            Self::All(parts) => parts.iter().all(|part| part.held_among(keys, counts)),
            Self::Any(parts) => parts.iter().any(|part| part.held_among(keys, counts)),
        }
    }

    /// The blocks of a segment that have what is asked for; `None` where the segment is damaged.
    fn held_by(&self, segment: &Segment) -> Option<Blocks> {
        match self {
            Self::Keys(keys, numbers) => {
                let mut blocks = Blocks::with_keys(segment, keys)?;
                for sought in numbers {
                    if blocks.is_empty() {
                        break;
                    }
                    blocks.keep_counting(&segment.numbers(sought.field)?, *sought);
                }
                Some(blocks)
            }
            Self::All(parts) => {
                let mut blocks = Blocks::all(segment);
                for part in parts {
                    blocks.keep(&part.held_by(segment)?);
                    if blocks.is_empty() {
                        break;
                    }
                }
                Some(blocks)
            }
            Self::Any(parts) => {
                let mut blocks = Blocks::none(segment);
                for part in parts {
                    blocks.add(&part.held_by(segment)?);
                }
                Some(blocks)
            }
        }
    }
}

/// Some blocks of a segment, one bit each.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Blocks(pub(super) Vec<u8>);

impl Blocks {
    pub(super) fn all(segment: &Segment) -> Self {
        Self(vec![0xFF; segment.row_bytes()])
    }

    fn none(segment: &Segment) -> Self {
        Self(vec![0; segment.row_bytes()])
    }

    fn with_keys(segment: &Segment, keys: &[u32]) -> Option<Self> {
        let mut places = Vec::with_capacity(keys.len());
        for key in keys {
            let place = segment.place(*key)?;
            if place.is_empty() {
                return Some(Self::none(segment));
            }
            if !place.is_full() {
                places.push(place);
            }
        }
        places.sort_by_key(RowPlace::rank);
        let mut blocks = Self::all(segment);
        for place in places.into_iter().take(ROWS_EACH) {
            blocks.keep(&Self(segment.row(place)?));
            if blocks.is_empty() {
                break;
            }
        }
        Some(blocks)
    }

    fn keep(&mut self, others: &Self) {
        self.0.iter_mut().zip(&others.0).for_each(|(a, b)| *a &= b);
    }

    /// Keeps those whose numbers, block by block, may have the one that is sought.
    fn keep_counting(&mut self, numbers: &[Numbers], sought: Sought) {
        for (at, numbers) in numbers.iter().enumerate() {
            if !numbers.may_have(sought) {
                self.0[at / 8] &= !(1 << (at % 8));
            }
        }
    }

    fn add(&mut self, others: &Self) {
        self.0.iter_mut().zip(&others.0).for_each(|(a, b)| *a |= b);
    }

    pub(super) fn is_empty(&self) -> bool {
        self.0.iter().all(|byte| *byte == 0)
    }

    /// How many there are.
    pub(super) fn count(&self) -> usize {
        self.0.iter().map(|byte| byte.count_ones() as usize).sum()
    }

    /// Their numbers, in order.
    pub(super) fn iter(&self) -> impl Iterator<Item = usize> + '_ {
        (0..self.0.len() * 8).filter(|at| self.0[at / 8] >> (at % 8) & 1 == 1)
    }
}

/// A pattern's question to an index of text.
#[derive(Clone, Debug)]
pub(super) struct TextQuestion {
    in_ascii: AskedRows,
    /// `None`: any block with other text may do.
    in_any: Option<AskedRows>,
    /// What is known of lines of ASCII is known of all.
    one: bool,
}

impl TextQuestion {
    /// `None` where the index cannot tell.
    pub(super) fn of(needs: &Needs) -> Option<Self> {
        let in_ascii = AskedRows::of(&needs.in_ascii)?;
        Some(Self { in_ascii, in_any: AskedRows::of(&needs.in_any), one: needs.in_ascii == needs.in_any })
    }

    /// Whether a block with these keys and numbers may have a line: the twin of [`TextQuestion::may_be_in`], block by block.
    pub(super) fn may_be_among(&self, keys: &BTreeSet<u32>, counts: &Counts) -> bool {
        let other = !self.one && keys.contains(&OTHER_TEXT);
        self.in_ascii.held_among(keys, counts)
            || other && self.in_any.as_ref().is_none_or(|rows| rows.held_among(keys, counts))
    }

    /// The blocks of `segment` that may have a line; `None` where it is damaged.
    pub(super) fn may_be_in(&self, segment: &Segment) -> Option<Blocks> {
        let mut blocks = self.in_ascii.held_by(segment)?;
        if self.one {
            return Some(blocks);
        }
        let mut others = Blocks::with_keys(segment, &[OTHER_TEXT])?;
        if let Some(in_any) = self.in_any.as_ref().filter(|_| !others.is_empty()) {
            others.keep(&in_any.held_by(segment)?);
        }
        blocks.add(&others);
        Some(blocks)
    }
}
