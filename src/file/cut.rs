//! Where to cut a file: at line ends, found from either side, with little read but what is between them.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use super::block::{BLOCK, HOLE, shrunk};
use crate::error::{Error, Result};
use crate::file::source::Source;
use crate::line;

/// How much is read at first to find the line end at which to cut: most lines are shorter, and each byte more is one that comes
/// from memory only to be thrown away.
const PROBE: usize = 512;

/// What is asked now and then by a loop over a file, which may be long: whether to go on. Its error ends the loop.
pub type Pulse<'p> = &'p mut dyn FnMut() -> Result<()>;

/// A range of the file that holds whole lines: `start..end`, in bytes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Extent {
    /// Where its first line begins.
    pub start: u64,
    /// One past its last byte.
    pub end: u64,
}

impl Extent {
    /// All of the file, however long it grows.
    pub const WHOLE: Self = Self { start: 0, end: u64::MAX };

    /// Its length in bytes.
    pub fn len(&self) -> u64 {
        self.end - self.start
    }

    /// Whether it holds nothing.
    pub fn is_empty(&self) -> bool {
        self.start == self.end
    }

    /// Whether a byte lies in both.
    pub fn meets(&self, other: Self) -> bool {
        self.end > other.start && self.start < other.end
    }

    /// What of `extents`, which are in order, lies at or behind `start`.
    pub fn behind(extents: &[Self], start: u64) -> Vec<Self> {
        let behind = extents.iter().filter(|extent| extent.end > start);
        behind.map(|extent| Self { start: extent.start.max(start), end: extent.end }).collect()
    }

    /// What of `extents` lies before `end`.
    pub fn before(extents: &[Self], end: u64) -> Vec<Self> {
        let before = extents.iter().filter(|extent| extent.start < end);
        before.map(|extent| Self { start: extent.start, end: extent.end.min(end) }).collect()
    }
}

/// Cuts a range of a file into extents of about [`BLOCK`] bytes, without reading more than a little of each.
#[derive(Debug)]
pub struct Cutter {
    next: u64,
    end: u64,
    /// What is to be cut, in order, and how much of that is begun.
    extents: Vec<Extent>,
    begun: usize,
    probe: Vec<u8>,
    /// Holes that were stepped over since the one who cuts last took this number.
    pub holes: u64,
    /// Set by whoever no longer wants the rest: the end of a long line may be far away.
    pub halt: Arc<AtomicBool>,
}

impl Cutter {
    /// Will cut `extent`, which begins at a line start; what follows the last `\n` before its end is a line too.
    pub fn new(extent: Extent) -> Self {
        Self::over([extent])
    }

    /// Will cut `extents` one after the other; each begins at a line start.
    pub fn over(extents: impl IntoIterator<Item = Extent>) -> Self {
        let extents: Vec<_> = extents.into_iter().collect();
        let first = extents.first().copied().unwrap_or_default();
        let begun = extents.len().min(1);
        let (next, end) = (first.start, first.end);
        Self { next, end, extents, begun, probe: Vec::new(), holes: 0, halt: Arc::default() }
    }

    /// Whether all was cut, so that nothing follows.
    pub fn is_over(&self) -> bool {
        self.next >= self.end && self.begun >= self.extents.len()
    }

    /// Where the next extent begins.
    pub fn place(&self) -> u64 {
        self.next
    }

    /// Cuts what is behind `place` once more, where a line begins.
    pub fn go_back(&mut self, place: u64) {
        self.begun = self.extents.partition_point(|extent| extent.start <= place);
        self.end = self.begun.checked_sub(1).map_or(place, |last| self.extents[last].end);
        self.next = place;
    }

    /// The next extent, or `None` at the end.
    ///
    /// # Errors
    /// `Error::Truncated` if the file has become shorter than the range.
    pub fn cut(&mut self, source: &Source, pulse: Pulse<'_>) -> Result<Option<Extent>> {
        self.cut_about(BLOCK as u64, source, pulse)
    }

    /// The same, of about `length` bytes, at most so many unless it is one line.
    ///
    /// # Errors
    /// As [`Cutter::cut`].
    pub fn cut_about(&mut self, length: u64, source: &Source, pulse: Pulse<'_>) -> Result<Option<Extent>> {
        loop {
            if self.next >= self.end {
                let Some(extent) = self.extents.get(self.begun) else { return Ok(None) };
                (self.next, self.end) = (extent.start, extent.end);
                self.begun += 1;
                continue;
            }
            let start = self.next;
            let goal = start + length;
            let end = if goal >= self.end {
                Some(self.end)
            } else {
                match whole_end(source, Extent { start, end: goal }, pulse)? {
                    end if end > start => Some(end),
                    _ => self.long_line(source, start, pulse)?,
                }
            };
            if let Some(end) = end {
                self.next = end;
                return Ok(Some(Extent { start, end }));
            }
        }
    }

    /// One past the `\n` of the line at `start`, which is longer than a block; `None` if a hole begins there instead,
    /// which is then stepped over.
    fn long_line(&mut self, source: &Source, start: u64, pulse: Pulse<'_>) -> Result<Option<u64>> {
        let limit = self.end;
        let (mut at, mut only_nuls) = (start, true);
        while at < limit {
            if self.halt.load(Ordering::Relaxed) {
                return Err(Error::Interrupted);
            }
            pulse()?;
            if only_nuls {
                at = source.next_stored(at).min(limit);
            }
            let end = limit.min(at + BLOCK as u64);
            let probe = self.read(source, at, end)?;
            if only_nuls && let Some(text) = probe.iter().position(|&b| b != 0) {
                let text = at + text as u64;
                if text - start >= HOLE as u64 {
                    self.step_over(text);
                    return Ok(None);
                }
                only_nuls = false;
            }
            if !only_nuls && let Some(newline) = memchr::memchr(b'\n', probe) {
                return Ok(Some(at + newline as u64 + 1));
            }
            at = end;
        }
        if only_nuls {
            self.step_over(limit);
            return Ok(None);
        }
        Ok(Some(limit))
    }

    fn step_over(&mut self, end: u64) {
        self.next = end;
        self.holes += 1;
    }

    fn read(&mut self, source: &Source, from: u64, to: u64) -> Result<&[u8]> {
        let length = (to - from) as usize;
        self.probe.resize(length.max(self.probe.len()), 0);
        let got = source.read(from, &mut self.probe[..length])?;
        if got < length {
            return Err(shrunk(source, from + got as u64, to));
        }
        Ok(&self.probe[..length])
    }
}

/// The extent of about [`BLOCK`] bytes of whole lines that ends at `end`, a line end or the end of the file, and where
/// to cut next.
///
/// The two differ where a hole too long for a block stands between them: it is left out, so that what is read stays
/// small.
pub fn cut_back(source: &Source, end: u64, pulse: Pulse<'_>) -> Result<(Extent, u64)> {
    let mut probe = vec![0; BLOCK];
    // The line that ends at `end` does not begin after its own `\n`.
    let mut to = end.saturating_sub(1);
    let mut start = 0;
    let goal = end.saturating_sub(BLOCK as u64);
    while to > 0 {
        pulse()?;
        let from = to.saturating_sub(BLOCK as u64);
        let length = (to - from) as usize;
        let got = source.read(from, &mut probe[..length])?;
        if got < length {
            return Err(shrunk(source, from + got as u64, end));
        }
        // The first line start at or after the goal, or else the last one before it.
        let near = goal.max(from + 1) - from - 1;
        let first =
            memchr::memchr(b'\n', &probe[(near as usize).min(length)..length]).map(|i| i + near as usize);
        if let Some(newline) = first.or_else(|| memchr::memrchr(b'\n', &probe[..length])) {
            start = from + newline as u64 + 1;
            break;
        }
        let is_hole = probe[..length].iter().all(|&b| b == 0);
        to = if is_hole { stored_before(source, from) } else { from };
    }
    let mut text = start;
    if end - start > 2 * BLOCK as u64 {
        let mut cutter = Cutter::new(Extent { start, end });
        if cutter.long_line(source, start, pulse)?.is_none() {
            text = cutter.next;
        }
    }
    Ok((Extent { start: text, end }, start))
}

/// One past the last byte before `end` that the file system has stored: all between is NULs.
fn stored_before(source: &Source, end: u64) -> u64 {
    // Who is not stored finds the next that is no earlier than `end`.
    let (mut low, mut high) = (0, end);
    while low < high {
        let middle = low + (high - low) / 2;
        if source.next_stored(middle) >= end {
            high = middle;
        } else {
            low = middle + 1;
        }
    }
    high
}

/// Where the whole lines in `extent` end: one past its last `\n`, or its start if it has none.
///
/// Of a file that is shorter by now, what is left counts.
pub fn whole_end(source: &Source, extent: Extent, pulse: Pulse<'_>) -> Result<u64> {
    // No line ends in what the file system has not stored.
    let is_long = extent.len() > BLOCK as u64;
    let start = if is_long { source.next_stored(extent.start).min(extent.end) } else { extent.start };
    let (mut probe, mut length, mut end) = (Vec::new(), PROBE, extent.end);
    while end > start {
        pulse()?;
        let from = end.saturating_sub(length as u64).max(start);
        probe.resize((end - from) as usize, 0);
        let got = source.read(from, &mut probe)?;
        let whole = line::whole(&probe[..got]);
        if whole > 0 {
            return Ok(from + whole as u64);
        }
        (end, length) = (from, BLOCK.min(length * 4));
    }
    Ok(extent.start)
}

/// Where the NULs end that stand at `at`, at most `size`.
pub fn nuls_end(source: &Source, at: u64, size: u64, pulse: Pulse<'_>) -> Result<u64> {
    let mut probe = [0; HOLE];
    let mut at = at;
    while at < size {
        pulse()?;
        let end = probe.len().min((size - at) as usize);
        let got = source.read(at, &mut probe[..end])?;
        if let Some(text) = probe[..got].iter().position(|&b| b != 0) {
            return Ok(at + text as u64);
        }
        if got == 0 {
            break;
        }
        at = source.next_stored(at + got as u64).min(size);
    }
    Ok(at)
}
