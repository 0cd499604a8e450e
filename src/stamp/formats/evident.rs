//! Stamps that stand for themselves, by hand where they are common and by the families where not.

use crate::stamp::Stamp;
use crate::stamp::formats::family;
use crate::stamp::formats::iso::Memo;
use crate::stamp::formats::order::Order;
use crate::stamp::formats::tracks::Tracks;

/// Reads self-evident stamps, and remembers the minute of the last one, what the dates say of their order,
/// and where in its objects a log has them.
#[derive(Clone, Default)]
pub(in crate::stamp) struct Evident {
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
