//! What a text says again: lines that are those of before but for their digits, and how lines begin and end alike.
//!
//! A log says the same again and again. Most keys do not tell digits apart, so a line that has the shape of an earlier line of its
//! block has the keys of that one, and is passed over for the price of a comparison. Of other lines only what tells them from
//! the last that was passed over is looked at: most begin with the same words, and many end so. Lines whose digits have keys of
//! their own, those of hexadecimal words and addresses, are never passed over, nor is another compared with them.
//!
//! Keys of four bytes with a line's end among them may then be those of lines that do not follow one another, or of the end of
//! no line: who asks for them has a block more to read.

use std::ops::Range;

use wide::u8x16;

use super::grams::GRAM;
use crate::bits::among;
use crate::line::{Ends, Line};

/// How many bytes are compared in one go.
const SIXTEEN: usize = 16;
/// As many bits.
const ALL: u32 = (1 << SIXTEEN) - 1;
/// How far a key of four bytes of which some are new reaches into those that are not.
const MARGIN: usize = GRAM - 1;

/// How many shapes are remembered.
const SLOT_BITS: u32 = 9;
/// How long lines are that have one, in bytes.
const LONG: Range<usize> = 16..4096;
/// After so many lines it is seen whether it pays: one in so many must have been passed over.
const TRIAL: (usize, usize) = (256, 8);

/// The last line of some shapes, by the hash of which it is found.
#[derive(Clone, Copy, Default)]
struct LastOfShape {
    /// Where in the text it begins, and how long it is; of no length where there is none.
    start: u32,
    length: u32,
    kind: Digits,
}

#[derive(Clone, Copy, Default)]
enum Digits {
    /// No line like it came as yet.
    #[default]
    Single,
    /// Its digits have keys.
    Other,
    /// They have none.
    Plain,
}

/// Passes over the lines of one text after the other that are like those before, with memory of its own.
#[derive(Clone)]
pub struct Repeats {
    slots: Box<[LastOfShape; 1 << SLOT_BITS]>,
    rest: Vec<u8>,
    /// The last line that was passed over: it has no digits with keys of their own.
    like: Option<Line>,
}

impl Default for Repeats {
    fn default() -> Self {
        Self { slots: Box::new([LastOfShape::default(); _]), rest: Vec::new(), like: None }
    }
}

impl Repeats {
    /// What of `text` is to be looked at, line by line one behind the other. `is_plain` says of a line whether its digits have no
    /// keys.
    pub fn pass(&mut self, text: &[u8], ends: &Ends, mut is_plain: impl FnMut(&[u8]) -> bool) -> &[u8] {
        self.slots.fill(LastOfShape::default());
        self.rest.clear();
        self.like = None;
        let (mut seen, mut passed) = (0, 0);
        for line in ends.lines() {
            if seen == TRIAL.0 && passed * TRIAL.1 < seen {
                self.rest.extend_from_slice(&text[line.start..]);
                break;
            }
            seen += 1;
            if self.passes(text, line, &mut is_plain) {
                passed += 1;
                self.like = Some(line);
            } else {
                self.take(text, line);
            }
        }
        &self.rest
    }

    /// Has what is new of a line looked at.
    #[inline]
    fn take(&mut self, text: &[u8], line: Line) {
        let this = line.of(text);
        let Some(model) = self.like else {
            self.rest.extend_from_slice(this);
            return;
        };
        let fresh = fresh(this, model.of(text));
        let ends = fresh.end == this.len();
        self.rest.extend_from_slice(&this[fresh]);
        if !ends {
            self.rest.push(b'\n');
        }
    }

    #[inline]
    fn passes(&mut self, text: &[u8], line: Line, is_plain: &mut impl FnMut(&[u8]) -> bool) -> bool {
        let this = line.of(text);
        let Some(number) = slot(this) else { return false };
        let slot = &mut self.slots[number];
        let (start, length) = (slot.start as usize, slot.length as usize);
        if length != this.len() || !are_alike(this, &text[start..start + length]) {
            // Of a line that is farther behind than can be told, nothing is remembered.
            if let Ok(start) = u32::try_from(line.start) {
                *slot = LastOfShape { start, length: this.len() as u32, kind: Digits::Single };
            }
            return false;
        }
        if let Digits::Single = slot.kind {
            slot.kind = if is_plain(this) { Digits::Plain } else { Digits::Other };
        }
        matches!(slot.kind, Digits::Plain)
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

/// Which of sixteen bytes are the same but for digits, a bit for each.
#[inline]
fn alike(a: &[u8; SIXTEEN], b: &[u8; SIXTEEN]) -> u32 {
    let (a, b) = (u8x16::new(*a), u8x16::new(*b));
    (a.simd_eq(b) | among(a, b'0', 10) & among(b, b'0', 10)).to_bitmask()
}

/// Whether two lines of one length, sixteen bytes at least, differ in digits alone.
#[inline]
fn are_alike(a: &[u8], b: &[u8]) -> bool {
    let mut whole = a.as_chunks().0.iter().zip(b.as_chunks().0);
    let last = a.last_chunk().zip(b.last_chunk());
    whole.all(|(a, b)| alike(a, b) == ALL) && last.is_some_and(|(a, b)| alike(a, b) == ALL)
}

/// What of `line` has keys that `model` may lack, of which no digits have keys of their own: all but how both begin and how
/// both end, digits aside. Words and addresses that reach into that are in it from end to end.
#[inline]
fn fresh(line: &[u8], model: &[u8]) -> Range<usize> {
    let head = alike_from(line, model);
    let tail = alike_to(&line[head..], &model[head..]);
    let end = line.len() - tail;
    let (before, behind) = (token_before(&line[..head]), token_behind(&line[end..]));
    head.saturating_sub(before.max(MARGIN))..line.len().min(end + behind.max(MARGIN))
}

/// With how many bytes both begin that are alike, or a few less.
#[inline]
fn alike_from(mut a: &[u8], mut b: &[u8]) -> usize {
    let mut count = 0;
    while let Some(((these, rest), (those, others))) = a.split_first_chunk().zip(b.split_first_chunk()) {
        let alike = alike(these, those);
        if alike != ALL {
            return count + alike.trailing_ones() as usize;
        }
        (a, b, count) = (rest, others, count + SIXTEEN);
    }
    count
}

/// With how many bytes both end that are alike, or a few less.
#[inline]
fn alike_to(mut a: &[u8], mut b: &[u8]) -> usize {
    let mut count = 0;
    while let Some(((rest, these), (others, those))) = a.split_last_chunk().zip(b.split_last_chunk()) {
        let alike = alike(these, those);
        if alike != ALL {
            return count + (alike << SIXTEEN).leading_ones() as usize;
        }
        (a, b, count) = (rest, others, count + SIXTEEN);
    }
    count
}

/// Of which of sixteen bytes words or addresses may be, a bit for each.
#[inline]
fn of_tokens(bytes: &[u8; SIXTEEN]) -> u32 {
    let bytes = u8x16::new(*bytes);
    // Dash, dot, slash and digits.
    let digits = among(bytes, b'-', 13);
    (digits | among(bytes | u8x16::splat(0x20), b'a', 6)).to_bitmask()
}

/// How long the token is with which `text` ends; all of it where that is not plain to see.
#[inline]
fn token_before(text: &[u8]) -> usize {
    let length = text.last_chunk().map(|last| (of_tokens(last) << SIXTEEN).leading_ones() as usize);
    length.filter(|length| *length < SIXTEEN).unwrap_or(text.len())
}

/// How long the token is with which `text` begins; all of it where that is not plain to see.
#[inline]
fn token_behind(text: &[u8]) -> usize {
    let length = text.first_chunk().map(|first| of_tokens(first).trailing_ones() as usize);
    length.filter(|length| *length < SIXTEEN).unwrap_or(text.len())
}
