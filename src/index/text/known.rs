//! The rows that keys have, and which of them a block has the keys of.

use super::counters::Counts;
use crate::bits::places;

pub(super) const GRAM_BITS: u32 = 15;
pub(super) const ANCHOR_BITS: u32 = 14;
/// How many rows the grams have.
pub(super) const GRAM_ROWS: usize = 1 << GRAM_BITS;
/// The row of blocks that are not pure ASCII.
pub const OTHER_TEXT: u32 = (GRAM_ROWS + (1 << ANCHOR_BITS)) as u32;
/// How many rows there are.
pub const ROWS: usize = OTHER_TEXT as usize + 1;

/// What eight bytes are multiplied by to be hashed: the upper bits of the product.
pub(super) const MIX: u64 = 0x9E37_79B9_7F4A_7C15;

/// Where what is no key is marked: a place behind all rows, so that marking needs no branch.
pub(super) const NO_KEY: usize = ROWS;
/// For each row whether a text has its key, a bit each, the first in the lowest bit of the first number.
pub type RowBits = [u64; ROWS / 64 + 1];

/// What a block is known by.
#[derive(Debug)]
pub struct BlockKeys {
    /// Which rows it has the keys of. What stands behind [`ROWS`] means nothing.
    pub marks: Box<RowBits>,
    /// The numbers of its counters.
    pub counts: Counts,
}

impl Default for BlockKeys {
    /// Nothing.
    fn default() -> Self {
        Self { marks: Box::new([0; _]), counts: Counts::default() }
    }
}

impl BlockKeys {
    /// Whether it has the key of a row.
    #[cfg(test)]
    pub fn has(&self, row: usize) -> bool {
        is_set(&self.marks, row)
    }

    /// The rows whose keys it has, in order.
    pub fn rows(&self) -> impl Iterator<Item = u32> {
        let numbers = self.marks.iter().zip((0..).step_by(64));
        numbers.flat_map(|(bits, at)| places(*bits, at)).filter(|row| *row < ROWS).map(|row| row as u32)
    }
}

#[inline]
pub(super) fn set(marks: &mut RowBits, row: usize) {
    marks[row / 64] |= 1 << (row % 64);
}

#[inline]
pub(super) fn is_set(marks: &RowBits, row: usize) -> bool {
    marks[row / 64] >> (row % 64) & 1 == 1
}
