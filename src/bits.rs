//! Which bytes of a text are of a sort, as bits. One number has the bits of sixty-four bytes, of which sixteen are looked at
//! by one instruction.

use std::iter::successors;

use wide::{i8x16, u8x16};

/// For how many bytes one number has a bit.
pub const LOOK: usize = 64;

/// Of which of sixty-four bytes `is` holds, the first in the lowest bit. `is` answers for each of sixteen bytes with all of
/// its bits set, or none.
#[inline]
pub fn of(bytes: &[u8; LOOK], is: impl Fn(u8x16) -> u8x16) -> u64 {
    let parts = bytes.as_chunks().0.iter().zip((0..).step_by(16));
    parts.fold(0, |bits, (sixteen, at)| bits | u64::from(is(u8x16::new(*sixteen)).to_bitmask()) << at)
}

/// The same, of sixty-four bytes, each with the one behind it.
#[inline]
pub fn of_pairs(bytes: &[u8; LOOK + 1], is: impl Fn(u8x16, u8x16) -> u8x16) -> u64 {
    let (these, next) = (bytes[..LOOK].as_chunks().0, bytes[1..].as_chunks().0);
    let parts = these.iter().zip(next).zip((0..).step_by(16));
    parts.fold(0, |bits, ((this, next), at)| {
        bits | u64::from(is(u8x16::new(*this), u8x16::new(*next)).to_bitmask()) << at
    })
}

/// Which of the bytes are among the `count` from `first` on.
#[inline]
pub fn among(bytes: u8x16, first: u8, count: u8) -> u8x16 {
    // Moved so that the first of those is the least of all bytes with a sign, for such are compared by one instruction.
    let moved = bytes - u8x16::splat(first.wrapping_sub(0x80));
    moved.cast_signed().simd_lt(i8x16::splat((0x80 + count).cast_signed())).cast_unsigned()
}

/// The places of the bits that are set in the number that begins with place `at`, in order.
#[inline]
pub fn places(bits: u64, at: usize) -> impl Iterator<Item = usize> {
    let rest = successors(Some(bits), |bits| Some(bits & bits.wrapping_sub(1)));
    rest.take_while(|bits| *bits != 0).map(move |bits| at + bits.trailing_zeros() as usize)
}
