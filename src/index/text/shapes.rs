//! Lines that are those of before but for their digits.
//!
//! A log says the same again and again. Most keys do not tell digits apart, so a line that has the shape of an earlier line of its
//! block has the keys of that one, and is passed over for the price of a comparison; what its counters say is at known places.
//! Lines whose digits have keys of their own, those of hexadecimal words and addresses, are never passed over.
//!
//! Keys of four bytes with a line's end between them may be missing then, or be those of lines that do not follow one another:
//! no line has such, so nobody asks for them.

use wide::u8x16;

use super::counters::{self, Counts};
use crate::bits::among;
use crate::line::{Ends, Line};

/// How many shapes are remembered.
const SLOT_BITS: u32 = 9;
/// How long lines are that have one, in bytes.
const LONG: std::ops::Range<usize> = 16..4096;
/// After so many lines it is seen whether it pays: one in so many must have been passed over.
const TRIAL: (usize, usize) = (256, 8);

/// The last line of some shapes, by the hash of which it is found.
#[derive(Clone, Copy, Default)]
struct Slot {
    /// Where in the text it begins, and how long it is; of no length where there is none.
    start: u32,
    length: u32,
    kind: Kind,
}

#[derive(Clone, Copy, Default)]
enum Kind {
    /// No line like it came as yet.
    #[default]
    Single,
    /// Its digits have keys.
    Other,
    /// They have none but those of counters, so many from the first of these on.
    Plain { first: u32, count: u32 },
}

/// Passes over the lines of one text after the other that are like those before, with memory of its own.
#[derive(Clone)]
pub struct Shapes {
    slots: Box<[Slot; 1 << SLOT_BITS]>,
    /// The counters of the lines of plain shapes, each with where in the line its number begins.
    numbers: Vec<(usize, usize)>,
    rest: Vec<u8>,
}

impl Default for Shapes {
    fn default() -> Self {
        Self { slots: Box::new([Slot::default(); _]), numbers: Vec::new(), rest: Vec::new() }
    }
}

impl Shapes {
    /// The lines of `text` that are to be looked at, one behind the other; `counts` takes in what the counters of the others
    /// say. `is_plain` says of a line whether its digits have no keys.
    pub fn pass(
        &mut self,
        text: &[u8],
        ends: &Ends,
        counts: &mut Counts,
        mut is_plain: impl FnMut(&[u8]) -> bool,
    ) -> &[u8] {
        self.slots.fill(Slot::default());
        self.numbers.clear();
        self.rest.clear();
        let (mut seen, mut passed) = (0, 0);
        for line in ends.lines() {
            if seen == TRIAL.0 && passed * TRIAL.1 < seen {
                self.rest.extend_from_slice(&text[line.start..]);
                break;
            }
            seen += 1;
            if self.passes(text, line, counts, &mut is_plain) {
                passed += 1;
            } else {
                self.rest.extend_from_slice(line.of(text));
            }
        }
        &self.rest
    }

    #[inline]
    fn passes(
        &mut self,
        text: &[u8],
        line: Line,
        counts: &mut Counts,
        is_plain: &mut impl FnMut(&[u8]) -> bool,
    ) -> bool {
        let this = line.of(text);
        let Some(number) = slot(this) else { return false };
        let slot = &mut self.slots[number];
        let (start, length) = (slot.start as usize, slot.length as usize);
        if length != this.len() || !are_alike(this, &text[start..start + length]) {
            // Of a line that is farther behind than can be told, nothing is remembered.
            if let Ok(start) = u32::try_from(line.start) {
                *slot = Slot { start, length: this.len() as u32, kind: Kind::Single };
            }
            return false;
        }
        if let Kind::Single = slot.kind {
            let first = self.numbers.len();
            let plain = is_plain(this);
            if plain {
                self.numbers.extend(counters::places(this));
            }
            let count = (self.numbers.len() - first) as u32;
            slot.kind = if plain { Kind::Plain { first: first as u32, count } } else { Kind::Other };
        }
        let Kind::Plain { first, count } = slot.kind else { return false };
        let numbers = &self.numbers[first as usize..(first + count) as usize];
        for (field, at) in numbers {
            counters::count_at(this, *field, *at, counts);
        }
        true
    }
}

/// Where a line is remembered: by how long it is, and what stands in its middle and before its end, digits aside.
#[inline]
fn slot(line: &[u8]) -> Option<usize> {
    const ONES: u64 = u64::from_ne_bytes([1; 8]);
    const MIX: u64 = 0x9E37_79B9_7F4A_7C15;
    if !LONG.contains(&line.len()) {
        return None;
    }
    let eight = |at: usize| {
        let eight = u64::from_le_bytes(*line.get(at..)?.first_chunk()?);
        // Of a byte that is no letter the lower half does not count.
        let letters = (eight >> 6 & ONES) * 0x0F;
        Some(eight & ((ONES * 0xF0) | letters))
    };
    let (middle, end) = (eight(line.len() / 2 - 4)?, eight(line.len() - 12)?);
    let hash = middle.wrapping_mul(MIX).rotate_left(23) ^ end ^ line.len() as u64;
    Some((hash.wrapping_mul(MIX) >> (64 - SLOT_BITS)) as usize)
}

/// Whether two lines of one length, sixteen bytes at least, differ in digits alone.
#[inline]
fn are_alike(a: &[u8], b: &[u8]) -> bool {
    let sixteen = |a: &[u8; 16], b: &[u8; 16]| {
        let (a, b) = (u8x16::new(*a), u8x16::new(*b));
        (a.simd_eq(b) | among(a, b'0', 10) & among(b, b'0', 10)).to_bitmask() == 0xFFFF
    };
    let mut whole = a.as_chunks().0.iter().zip(b.as_chunks().0);
    let last = a.last_chunk().zip(b.last_chunk());
    whole.all(|(a, b)| sixteen(a, b)) && last.is_some_and(|(a, b)| sixteen(a, b))
}
