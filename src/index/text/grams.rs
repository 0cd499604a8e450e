//! Grams: every four bytes of a text, marked by the window.

use wide::u8x16;

use super::known::{GRAM_BITS, GRAM_ROWS, MIX, RowBits, set};
use crate::bits;
pub(super) use crate::pattern::SHORTEST as GRAM;

/// The row of a gram, folded.
#[inline]
pub(super) fn gram_row(gram: [u8; GRAM]) -> usize {
    (u32::from_le_bytes(gram).wrapping_mul(0x9E37_79B1) >> (32 - GRAM_BITS)) as usize
}

/// How many windows of a text are remembered.
const SEEN_BITS: u32 = 12;
/// How many bytes a window has.
const WINDOW: usize = 8;
/// How many grams a window has.
const GRAMS_EACH: usize = WINDOW - GRAM + 1;
/// How many windows are compared in one go.
const FEW: usize = 8;
/// How many bytes so many windows have.
const SPAN: usize = FEW * GRAMS_EACH + GRAM - 1;
/// How many windows are listed before the fresh ones are marked, so that these are still at hand.
const LISTED: usize = 16 * FEW;

/// Marks grams, which is the hot loop of building.
///
/// A log says the same again and again. So a text is taken by windows of eight bytes that share three, and one that was
/// seen lately is passed over with its five grams. Whether one was seen cannot be foreseen by a processor, so there is no
/// branch on it: fresh windows are listed first. They are remembered when they are marked, for a processor that has written
/// where it may read next has to wait.
#[derive(Clone)]
pub(super) struct GramMarker {
    /// By its hash, the last window that had it.
    seen: Box<[u64; 1 << SEEN_BITS]>,
    /// For each row whether the text at hand has its gram, a byte each: to write one, what stands around it need not be read.
    rows: Box<[u8; GRAM_ROWS]>,
}

impl Default for GramMarker {
    #[expect(clippy::large_stack_arrays, reason = "only on the way into the box, once for each thread")]
    fn default() -> Self {
        Self { seen: Box::new([0; 1 << SEEN_BITS]), rows: Box::new([0; GRAM_ROWS]) }
    }
}

/// Where a window is remembered.
#[inline]
fn slot(window: u64) -> usize {
    (window.wrapping_mul(MIX) >> (64 - SEEN_BITS)) as usize
}

/// Marks the grams of a folded text, one after the other: the twin of [`GramMarker::mark`].
#[inline]
pub(super) fn mark_grams(text: &[u8], marks: &mut RowBits) {
    for gram in text.windows(GRAM) {
        set(marks, gram_row(gram.try_into().unwrap_or_default()));
    }
}

impl GramMarker {
    /// Marks the grams of a folded text.
    pub fn mark(&mut self, folded: &[u8], marks: &mut RowBits) {
        self.seen.fill(0);
        // A window of zeros belongs there, and was not seen; what is there instead belongs elsewhere.
        self.seen[0] = 1;
        self.rows.fill(0);
        let (mut fresh, mut rest) = ([0; LISTED], folded);
        while rest.len() >= SPAN {
            let (count, windows) = self.list(rest, &mut fresh);
            for window in &fresh[..count] {
                self.seen[slot(*window)] = *window;
                for n in 0..GRAMS_EACH {
                    self.rows[gram_row(((*window >> (8 * n)) as u32).to_le_bytes())] = 1;
                }
            }
            rest = &rest[windows * GRAMS_EACH..];
        }
        mark_grams(rest, marks);
        let is_set = |rows: u8x16| rows.simd_eq(u8x16::splat(1));
        for (rows, bits) in self.rows.as_chunks().0.iter().zip(marks) {
            *bits |= bits::of(rows, is_set);
        }
    }

    /// Lists those of the windows with which `text` begins, [`LISTED`] at most, that were not seen; returns how many these
    /// are, and of how many.
    fn list(&self, text: &[u8], fresh: &mut [u64; LISTED]) -> (usize, usize) {
        let (mut count, mut windows) = (0, 0);
        while windows < LISTED
            && let Some(span) = text.get(windows * GRAMS_EACH..).and_then(<[u8]>::first_chunk::<SPAN>)
        {
            for n in 0..FEW {
                let window = span[n * GRAMS_EACH..].first_chunk().copied().unwrap_or_default();
                let window = u64::from_le_bytes(window);
                fresh[count % LISTED] = window;
                count += usize::from(self.seen[slot(window)] != window);
            }
            windows += FEW;
        }
        (count, windows)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::cases;
    use proptest::prelude::*;

    const PIECES: [&[u8]; 8] =
        [b"INFO ", b"step=00000 ", b"loss=0.0000", b"\n", b"\0\0\0\0\0\0\0\0", b"\xff", b"a", b"kernel"];

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(cases(1000)))]

        /// Few words, as in a log, so that most windows were seen; and in any places.
        #[test]
        fn no_gram_is_passed_over(
            texts in proptest::collection::vec(
                proptest::collection::vec(proptest::sample::select(PIECES.to_vec()), 0..400), 1..4),
        ) {
            let (mut grams, mut marks) = (GramMarker::default(), [0; _]);
            for text in texts.iter().map(|words| words.concat()) {
                marks.fill(0);
                grams.mark(&text, &mut marks);
                let mut expected = [0; _];
                mark_grams(&text, &mut expected);
                prop_assert!(marks == expected);
            }
        }
    }
}
