//! Rows: for one key, which of a segment's blocks have it, one bit a block; and how that is stored.
//!
//! Most keys occur in few blocks, or in nearly all, so a row is stored as the gaps between its set bits, or those between
//! its clear ones, where that is shorter than the bits themselves.

use std::iter::successors;

/// How many blocks make a tile, which is what a row grows by.
pub const TILE: usize = 128;
/// How many bytes a row of one tile has.
pub const TILE_BYTES: usize = TILE / 8;

/// A gap of this many blocks and no block after it.
const FAR: u8 = 255;

/// How a row is stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// The gaps before each set bit.
    Few = 0,
    /// The gaps before each clear bit.
    Most = 1,
    /// The bits.
    Bits = 2,
}

impl Kind {
    /// The kind that has a code.
    pub fn of(code: u32) -> Option<Self> {
        [Self::Few, Self::Most, Self::Bits].into_iter().find(|kind| *kind as u32 == code)
    }
}

/// Appends a row as it is stored, and says how that is.
pub fn put(bits: &[u8], out: &mut Vec<u8>) -> Kind {
    let start = out.len();
    let set: usize = bits.iter().map(|byte| byte.count_ones() as usize).sum();
    let few = set * 2 <= bits.len() * 8;
    put_gaps(bits, if few { 0 } else { 0xFF }, out);
    if out.len() - start < bits.len() {
        return if few { Kind::Few } else { Kind::Most };
    }
    out.truncate(start);
    out.extend(bits);
    Kind::Bits
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
pub fn take(kind: Kind, stored: &[u8], len: usize) -> Option<Vec<u8>> {
    let flip = match kind {
        Kind::Bits => return (stored.len() == len).then(|| stored.to_vec()),
        Kind::Few => 0,
        Kind::Most => 0xFF,
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
            if let Some(bits) = Kind::of(code).and_then(|kind| take(kind, &stored, 256)) {
                prop_assert_eq!(bits.len(), 256);
            }
        }
    }
}
