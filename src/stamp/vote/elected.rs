//! What a file elected.

use std::sync::Arc;

use super::behind::BEHIND;
use super::formats::{
    CANDIDATES, Candidates, DATED, EPOCH_FIELD, HEADS, TIMES_OF_DAY, dated_field, each_field, epoch_field,
    stamp_of,
};
use crate::stamp::formats::digits;
use crate::stamp::formats::evident::Evident;
use crate::stamp::formats::order::First;
use crate::stamp::{Stamp, Taught};

/// Where in its code the order of day and month stands.
const ORDER: u32 = 30;

const _: () = assert!(CANDIDATES <= ORDER as usize);

/// What a file elected: none of the ambiguous formats or one, and which of day and month stands first. With it goes the
/// format that the user teaches.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Elected {
    /// A bit for the format, and the order.
    bits: u32,
    taught: Option<Arc<Taught>>,
}

impl Elected {
    pub(super) fn only(candidate: usize) -> Self {
        Self { bits: 1 << candidate, taught: None }
    }

    /// The same in a file of which the user teaches a format.
    #[must_use]
    pub fn teaching(self, taught: Option<Arc<Taught>>) -> Self {
        Self { taught, ..self }
    }

    /// The format that the user teaches, for another election.
    pub(crate) fn teacher(&self) -> Option<&Arc<Taught>> {
        self.taught.as_ref()
    }

    /// Whether times are told by the place of a line, and do not stand on it.
    pub(crate) fn is_told(&self) -> bool {
        self.taught().is_some_and(|taught| taught.told().is_some())
    }

    /// The format that the user teaches.
    #[inline]
    pub(in crate::stamp) fn taught(&self) -> Option<&Taught> {
        self.taught.as_deref()
    }

    /// The same, with dates read so.
    #[must_use]
    pub fn with(self, first: First) -> Self {
        let order = match first {
            First::Month => 0,
            First::Open => 1,
            First::Day => 2,
        };
        Self { bits: (self.bits & Candidates::ALL.0) | order << ORDER, ..self }
    }

    /// Which of day and month stands first.
    pub fn first(&self) -> First {
        match self.bits >> ORDER {
            0 => First::Month,
            1 => First::Open,
            _ => First::Day,
        }
    }

    /// A number by which to store what the file elected.
    pub fn code(&self) -> u32 {
        self.bits
    }

    /// The one with this number, if there is such a one.
    pub fn from_code(code: u32) -> Option<Self> {
        let (format, order) = (code & ((1 << ORDER) - 1), code >> ORDER);
        (format.count_ones() <= 1 && format <= Candidates::ALL.0 && order <= 2)
            .then_some(Self { bits: code, taught: None })
    }

    fn formats(&self) -> Candidates {
        Candidates(self.bits & Candidates::ALL.0)
    }

    /// Whether the file elects no format.
    #[inline]
    pub(in crate::stamp) fn is_none(&self) -> bool {
        self.formats().is_empty()
    }

    /// Whether it is one with slashes and a time behind: the first three of [`DATED`].
    #[inline]
    pub(in crate::stamp) fn is_slashed(&self) -> bool {
        self.bits & 0b111 != 0
    }

    /// Whether it is a time of day by itself.
    #[inline]
    pub(in crate::stamp) fn is_time_of_day(&self) -> bool {
        self.bits & TIMES_OF_DAY != 0 || self.taught().is_some_and(Taught::is_time_of_day)
    }

    /// An elected stamp at the place where stamps stand, and its end.
    #[inline]
    pub(in crate::stamp) fn at(&self, bytes: &[u8], at: usize) -> Option<(Stamp, usize)> {
        if self.formats().is_empty() || digits::digit(bytes, at).is_none() {
            return None;
        }
        (0..HEADS).filter(|n| self.formats().has(*n)).find_map(|n| stamp_of(n, bytes, at))
    }

    /// A stamp in a later field or behind text, where such a one was elected.
    #[inline]
    pub(in crate::stamp) fn in_field(&self, line: &[u8], evident: &mut Evident) -> Option<Stamp> {
        let formats = self.formats();
        if formats.is_empty() {
            return None;
        }
        if let Some(behind) = formats.behind() {
            return BEHIND[behind](line, evident);
        }
        let mut found = None;
        each_field(line, |field, start| {
            if formats.has(DATED.len() + field) {
                found = dated_field(line, start, evident).map(|(stamp, _)| stamp);
            }
            if field == 0 && formats.has(EPOCH_FIELD) {
                found = found.or_else(|| epoch_field(line, start));
            }
            found.is_none()
        });
        found
    }
}
