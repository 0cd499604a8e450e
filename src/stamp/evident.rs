//! Stamps that stand for themselves, by hand where they are common and by the families where not.

use super::iso::Memo;
use super::order::Order;
use super::tracks::Tracks;
use super::{Stamp, family};

/// Reads self-evident stamps, and remembers the minute of the last one, what the dates say of their order,
/// and where in its objects a log has them.
#[derive(Clone, Default)]
pub(super) struct Evident {
    pub memo: Memo,
    pub order: Order,
    pub tracks: Tracks,
}

impl Evident {
    /// The stamp at `at`, and where it ends.
    #[inline]
    pub fn at(&mut self, bytes: &[u8], at: usize) -> Option<(Stamp, usize)> {
        self.memo.at(bytes, at).or_else(|| family::at(bytes, at, &mut self.order))
    }
}
