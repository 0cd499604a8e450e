//! Rows: for one key, which of a segment's blocks have it, one bit a block; and how that is stored.
//!
//! Most keys occur in few blocks, or in nearly all, so a row is stored as the gaps between its set bits, or those between
//! its clear ones, where that is shorter than the bits themselves.

use std::iter::successors;

use super::keys::{ROWS, RowBits};

/// How many blocks make a tile, which is what a row grows by.
pub const TILE: usize = 128;
/// How many bytes a row of one tile has.
pub const TILE_BYTES: usize = TILE / 8;

/// The rows of [`TILE`] blocks, of the keys that some of them have: most keys none has, and memory is bounded.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Tile {
    keys: Vec<u16>,
    rows: Vec<[u8; TILE_BYTES]>,
}

impl Tile {
    /// By the keys that the blocks have.
    pub fn of_blocks(blocks: &[Box<RowBits>]) -> Self {
        let mut tile = Self::default();
        for (number, at) in (0..ROWS).step_by(64).enumerate() {
            let halves = [0, 64].map(|first| {
                let mut square = [0; 64];
                square
                    .iter_mut()
                    .zip(blocks.iter().skip(first))
                    .for_each(|(bits, block)| *bits = block[number]);
                turn(&mut square);
                square
            });
            for ((first, second), key) in halves[0].iter().zip(&halves[1]).zip(at..ROWS) {
                tile.push(key, (u128::from(*first) | u128::from(*second) << 64).to_le_bytes());
            }
        }
        tile.keys.shrink_to_fit();
        tile.rows.shrink_to_fit();
        tile
    }

    /// Adds the row of a key that is behind the others.
    pub fn push(&mut self, key: usize, row: [u8; TILE_BYTES]) {
        if row != [0; TILE_BYTES] {
            self.keys.push(key as u16);
            self.rows.push(row);
        }
    }

    /// The rows of all keys, in order.
    pub fn rows(&self) -> impl Iterator<Item = [u8; TILE_BYTES]> {
        let mut some = self.keys.iter().zip(&self.rows).peekable();
        (0..ROWS).map(move |key| {
            let row = some.next_if(|(found, _)| usize::from(**found) == key);
            row.map_or([0; TILE_BYTES], |(_, row)| *row)
        })
    }
}

/// Makes rows of the columns of a square of bits: halves change their places crosswise, and in each quarter again.
fn turn(square: &mut [u64; 64]) {
    if square.iter().all(|bits| *bits == 0) {
        return;
    }
    let mut mask = u64::MAX;
    for half in [32, 16, 8, 4, 2, 1] {
        mask ^= mask << half;
        for first in (0..64).filter(|n| n & half == 0) {
            let crosswise = (square[first] >> half ^ square[first + half]) & mask;
            square[first] ^= crosswise << half;
            square[first + half] ^= crosswise;
        }
    }
}

/// A gap of this many blocks and no block after it.
const FAR: u8 = 255;

/// How a row is stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RowForm {
    /// The gaps before each set bit.
    Few = 0,
    /// The gaps before each clear bit.
    Most = 1,
    /// The bits.
    Bits = 2,
}

impl RowForm {
    /// The kind that has a code.
    pub fn of(code: u32) -> Option<Self> {
        [Self::Few, Self::Most, Self::Bits].into_iter().find(|kind| *kind as u32 == code)
    }
}

/// Appends a row as it is stored, and says how that is.
pub fn put(bits: &[u8], out: &mut Vec<u8>) -> RowForm {
    let start = out.len();
    let (eights, rest) = bits.as_chunks::<8>();
    let ones = |eight: &[u8; 8]| u64::from_le_bytes(*eight).count_ones() as usize;
    let rest: usize = rest.iter().map(|byte| byte.count_ones() as usize).sum();
    let set = rest + eights.iter().map(ones).sum::<usize>();
    // Most rows are of keys that no block has.
    if set == 0 {
        return RowForm::Few;
    }
    let few = set * 2 <= bits.len() * 8;
    put_gaps(bits, if few { 0 } else { 0xFF }, out);
    if out.len() - start < bits.len() {
        return if few { RowForm::Few } else { RowForm::Most };
    }
    out.truncate(start);
    out.extend(bits);
    RowForm::Bits
}

fn put_gaps(bits: &[u8], flip: u8, out: &mut Vec<u8>) {
    let mut next = 0;
    for (byte, first) in bits.iter().zip((0..).step_by(8)) {
        let marks = successors(Some(byte ^ flip), |marks| Some(marks & marks.wrapping_sub(1)));
        for marks in marks.take_while(|marks| *marks != 0) {
            let at = first + marks.trailing_zeros() as usize;
            let mut gap = at - next;
            while gap >= usize::from(FAR) {
                out.push(FAR);
                gap -= usize::from(FAR);
            }
            out.push(gap as u8);
            next = at + 1;
        }
    }
}

/// The bits of a stored row of `len` bytes; `None` where nobody has stored it so.
pub fn take(kind: RowForm, stored: &[u8], len: usize) -> Option<Vec<u8>> {
    let flip = match kind {
        RowForm::Bits => return (stored.len() == len).then(|| stored.to_vec()),
        RowForm::Few => 0,
        RowForm::Most => 0xFF,
    };
    let (mut bits, mut next) = (vec![flip; len], 0_usize);
    for gap in stored {
        next += usize::from(*gap);
        if *gap != FAR {
            *bits.get_mut(next / 8)? ^= 1 << (next % 8);
            next += 1;
        }
    }
    Some(bits)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]

        #[test]
        fn rows_have_what_the_blocks_have(
            set in proptest::collection::vec((0..TILE, prop_oneof![0..ROWS, ROWS - 70..ROWS, 0..70_usize]), 0..300),
        ) {
            let mut blocks: Vec<Box<RowBits>> = vec![Box::new([0; _]); TILE];
            let mut expected = vec![0; ROWS * TILE_BYTES];
            for (block, row) in set {
                blocks[block][row / 64] |= 1 << (row % 64);
                expected[row * TILE_BYTES + block / 8] |= 1 << (block % 8);
            }
            let tile = Tile::of_blocks(&blocks);
            prop_assert!(tile.rows().collect::<Vec<_>>().concat() == expected);
        }
    }

    proptest! {
        #[test]
        fn a_row_comes_back_as_it_went_in(
            density in prop_oneof![Just(0_u32), Just(2), Just(500), Just(998), Just(1000), 0..=1000_u32],
            rolls in (1..17_usize).prop_flat_map(|tiles| proptest::collection::vec(0..1000_u32, tiles * TILE)),
        ) {
            let mut bits = vec![0; rolls.len() / 8];
            for (at, roll) in rolls.iter().enumerate() {
                bits[at / 8] |= u8::from(*roll < density) << (at % 8);
            }
            let mut stored = Vec::new();
            let kind = put(&bits, &mut stored);
            prop_assert!(stored.len() <= bits.len());
            prop_assert_eq!(take(kind, &stored, bits.len()), Some(bits));
        }

        #[test]
        fn anything_is_taken_or_refused(code in 0..3_u32, stored in proptest::collection::vec(any::<u8>(), 0..300)) {
            if let Some(bits) = RowForm::of(code).and_then(|kind| take(kind, &stored, 256)) {
                prop_assert_eq!(bits.len(), 256);
            }
        }
    }
}
