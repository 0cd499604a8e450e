//! The brackets with which lines began lately.

use super::Prefix;

/// The brackets that were peeled lately from the beginning of a line: `[rank0]:` comes on every eighth line or so.
#[derive(Clone, Copy, Default)]
pub(in crate::stamp) struct Recent([(u128, usize, Prefix); 1 << SLOT_BITS]);

/// How many bits number a slot of [`Recent`]: room for the ranks of a node several times over, since two that share a
/// slot drive each other out.
const SLOT_BITS: u32 = 5;

impl Recent {
    /// The bracket at `at` with the byte behind it, as one number, if it is short, and how long it is.
    #[inline]
    fn key(line: &[u8], at: usize) -> Option<(u128, usize)> {
        const ONES: u128 = u128::from_ne_bytes([1; 16]);
        const HIGH: u128 = ONES << 7;
        let word = u128::from_le_bytes(*line.get(at..)?.first_chunk()?);
        // The lowest zero byte of this is the first bracket that closes.
        let zero = word ^ (ONES * u128::from(b']'));
        let close = (zero.wrapping_sub(ONES) & !zero & HIGH).trailing_zeros() as usize / 8;
        if close > 13 || line[at + close + 1] == b'<' {
            return None;
        }
        Some((word & (u128::MAX >> (8 * (14 - close))), close))
    }

    #[inline]
    fn slot(key: u128) -> usize {
        let folded = (key as u64) ^ ((key >> 64) as u64);
        (folded.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> (64 - SLOT_BITS)) as usize
    }

    /// Where the bracket at `at`, the first thing on its line, ends, and whom it names, if it was peeled before.
    #[inline]
    pub fn get(&self, line: &[u8], at: usize) -> Option<(usize, Prefix)> {
        let (key, _) = Self::key(line, at)?;
        let (known, len, prefix) = self.0[Self::slot(key)];
        (known == key).then_some((at + len, prefix))
    }

    /// Remembers that the bracket at `at` ends at `end` and names `prefix`.
    pub fn put(&mut self, line: &[u8], at: usize, end: usize, prefix: Prefix) {
        if line[at] == b'['
            && let Some((key, close)) = Self::key(line, at)
            && end <= at + close + 2
        {
            self.0[Self::slot(key)] = (key, end - at, prefix);
        }
    }
}
