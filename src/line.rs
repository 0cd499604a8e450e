//! Newline arithmetic: where lines begin and end in a block of bytes.
//!
//! Convention, here and everywhere: a line ends at `\n` and keeps it; only the last line of a file may lack it.
//! `\r` is an ordinary byte.

use memchr::{memchr, memrchr};
use wide::u8x16;

use crate::bits::{self, LOOK};

/// One line of a block: `bytes[start..end]`, its `\n` included where it has one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Line {
    /// Where it begins in its block.
    pub start: usize,
    /// One past its last byte.
    pub end: usize,
}

impl Line {
    /// The line's bytes, its `\n` included.
    pub fn of<'b>(&self, bytes: &'b [u8]) -> &'b [u8] {
        &bytes[self.start..self.end]
    }
}

/// The line that begins at `start`, or `None` at the end of `bytes`.
#[inline]
pub fn at(bytes: &[u8], start: usize) -> Option<Line> {
    let rest = bytes.get(start..)?;
    if rest.is_empty() {
        return None;
    }
    let end = memchr(b'\n', rest).map_or(bytes.len(), |i| start + i + 1);
    Some(Line { start, end })
}

/// The line in which the byte at `position` stands; `position` must be inside `bytes`.
#[inline]
pub fn around(bytes: &[u8], position: usize) -> Line {
    let start = memrchr(b'\n', &bytes[..position]).map_or(0, |i| i + 1);
    let end = memchr(b'\n', &bytes[position..]).map_or(bytes.len(), |i| position + i + 1);
    Line { start, end }
}

/// All lines of `bytes`, in order.
pub fn lines(bytes: &[u8]) -> impl Iterator<Item = Line> + '_ {
    let mut next = 0;
    std::iter::from_fn(move || {
        let line = at(bytes, next)?;
        next = line.end;
        Some(line)
    })
}

/// Where the lines of a text end, found in one go: for one who goes through all of them, which is cheaper than to look for
/// each end by itself, and has the text at hand then. The twin is [`lines`].
pub struct Ends {
    /// One past each newline, so many; what stands behind them means nothing.
    places: Vec<usize>,
    count: usize,
    /// How long the text is, in bytes.
    length: usize,
}

impl Ends {
    /// Looks for the newlines of `text`.
    pub fn of(text: &[u8]) -> Self {
        Self::with(text, |_| ())
    }

    /// The same; `also` sees the text on the way, all of it, and zeros behind it up to a multiple of sixty-four bytes.
    #[inline]
    pub fn with(text: &[u8], mut also: impl FnMut(&[u8; LOOK])) -> Self {
        let newline = |bytes: u8x16| bytes.simd_eq(u8x16::splat(b'\n'));
        let (whole, rest) = text.as_chunks();
        let mut last = [0; LOOK];
        last[..rest.len()].copy_from_slice(rest);
        let (mut ends, mut count) = (vec![0; text.len() / LOOK + 2 * LOOK], 0);
        for (few, at) in whole.iter().chain([&last]).zip((0..).step_by(LOOK)) {
            also(few);
            let mut bits = bits::of(few, newline);
            if ends.len() - count < LOOK {
                ends.resize(2 * ends.len(), 0);
            }
            // Whether there is one cannot be foreseen by a processor, so one is written, and the next over it if it was none.
            ends[count] = at + bits.trailing_zeros() as usize + 1;
            count += usize::from(bits != 0);
            bits &= bits.wrapping_sub(1);
            for newline in bits::places(bits, at) {
                ends[count] = newline + 1;
                count += 1;
            }
        }
        Self { places: ends, count, length: text.len() }
    }

    /// All lines, in order.
    #[inline]
    pub fn lines(&self) -> impl Iterator<Item = Line> + '_ {
        let ends = &self.places[..self.count];
        let unfinished = ends.last().copied().unwrap_or_default() < self.length;
        let mut start = 0;
        ends.iter().copied().chain(unfinished.then_some(self.length)).map(move |end| {
            let line = Line { start, end };
            start = end;
            line
        })
    }
}

/// The length of the whole lines at the head of `bytes`: up to and including the last `\n`.
#[inline]
pub fn whole(bytes: &[u8]) -> usize {
    memrchr(b'\n', bytes).map_or(0, |i| i + 1)
}

/// One past the last byte of each line of `bytes`.
pub fn ends(bytes: &[u8]) -> Vec<usize> {
    let mut ends = Vec::with_capacity(bytes.len() / 64);
    ends.extend(memchr::memchr_iter(b'\n', bytes).map(|i| i + 1));
    if whole(bytes) < bytes.len() {
        ends.push(bytes.len());
    }
    ends
}

/// How many lines `bytes` holds, an unfinished last one included.
pub fn count(bytes: &[u8]) -> u64 {
    let ends = memchr::memchr_iter(b'\n', bytes).count() as u64;
    ends + u64::from(bytes.last().is_some_and(|&b| b != b'\n'))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn split(bytes: &[u8]) -> Vec<&[u8]> {
        bytes.split_inclusive(|&b| b == b'\n').collect()
    }

    proptest! {
        #[test]
        fn lines_agree_with_a_plain_split(bytes in proptest::collection::vec(prop_oneof![Just(b'\n'), any::<u8>()], 0..200)) {
            let ours: Vec<&[u8]> = lines(&bytes).map(|l| l.of(&bytes)).collect();
            prop_assert_eq!(&ours, &split(&bytes));
            prop_assert_eq!(count(&bytes), ours.len() as u64);
            prop_assert_eq!(Ends::of(&bytes).lines().collect::<Vec<_>>(), lines(&bytes).collect::<Vec<_>>());
            prop_assert_eq!(ends(&bytes), lines(&bytes).map(|l| l.end).collect::<Vec<_>>());
            let ended: usize = ours.iter().filter(|l| l.ends_with(b"\n")).map(|l| l.len()).sum();
            prop_assert_eq!(whole(&bytes), ended);
            for line in lines(&bytes) {
                for position in line.start..line.end {
                    prop_assert_eq!(around(&bytes, position), line);
                }
            }
        }
    }
}
