//! The end of what was read of a file, as it was when it was read.

use super::block::Block;
use crate::error::Result;
use crate::file::source::Source;

/// How many bytes are remembered of the end.
const LENGTH: usize = 4096;

/// How many bytes are remembered of the beginning of the file: programs print their settings first, the same each time,
/// and what comes behind those tells a file that was written anew from one that was cut to its middle.
const BEGINNING: usize = 16 * 1024;

/// The last bytes of a file up to a place, as a reader got them, and the first.
///
/// Scans make one for each run of blocks and put them behind one another; a follow keeps the whole beside its place and compares
/// it with the file at each look. Where the two differ, the file is another one by now, and the first byte that differs says
/// where the new text begins.
///
/// To ask the file later what it has there would not do: another process may have cut it and written it anew since,
/// and what is compared with itself never differs. So the bytes come from the blocks that were judged; NULs stand for
/// the holes that were dropped from them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Tail {
    end: u64,
    bytes: Vec<u8>,
    beginning: Beginning,
}

/// What was read among the first [`BEGINNING`] bytes of a file, from `start` on without a gap.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Beginning {
    start: u64,
    bytes: Vec<u8>,
}

impl Beginning {
    /// Nothing has been read; the first byte will stand at `start`.
    fn at(start: u64) -> Self {
        Self { start: start.min(BEGINNING as u64), bytes: Vec::new() }
    }

    fn end(&self) -> u64 {
        self.start + self.bytes.len() as u64
    }

    /// `bytes` were read next, as far as they belong to the beginning.
    fn extend(&mut self, bytes: &[u8]) {
        let wanted = BEGINNING - self.end() as usize;
        self.bytes.extend_from_slice(&bytes[..wanted.min(bytes.len())]);
    }

    /// A hole was found next, which ends at `end`.
    fn step_over(&mut self, end: u64) {
        let end = end.min(BEGINNING as u64);
        self.bytes.resize(self.bytes.len() + end.saturating_sub(self.end()) as usize, 0);
    }

    /// Forgets what stands at `end` and behind it.
    fn truncate(&mut self, end: u64) {
        self.bytes.truncate(end.saturating_sub(self.start) as usize);
    }
}

impl Tail {
    /// Nothing is known of what stands before `end`.
    pub fn unknown(end: u64) -> Self {
        Self { end, bytes: Vec::new(), beginning: Beginning::at(end) }
    }

    /// What stands before `end` now, for one who begins there; nothing where the file ends before.
    pub fn of_file(source: &Source, end: u64) -> Result<Self> {
        let mut bytes = vec![0; end.min(LENGTH as u64) as usize];
        let start = end - bytes.len() as u64;
        let got = source.read(start, &mut bytes)?;
        let mut beginning = vec![0; end.min(BEGINNING as u64) as usize];
        let first = source.read(0, &mut beginning)?;
        let whole = got == bytes.len() && first == beginning.len();
        let beginning = Beginning { start: 0, bytes: beginning };
        Ok(if whole { Self { end, bytes, beginning } } else { Self::unknown(end) })
    }

    /// Where the first remembered byte stands in the file.
    pub fn start(&self) -> u64 {
        self.end - self.bytes.len() as u64
    }

    /// One past the last remembered byte.
    pub fn end(&self) -> u64 {
        self.end
    }

    /// The remembered bytes.
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// `bytes` were read next.
    pub fn extend(&mut self, bytes: &[u8]) {
        self.beginning.extend(bytes);
        self.extend_end(bytes);
    }

    fn extend_end(&mut self, bytes: &[u8]) {
        self.end += bytes.len() as u64;
        let kept = &bytes[bytes.len().saturating_sub(LENGTH)..];
        let surplus = (self.bytes.len() + kept.len()).saturating_sub(LENGTH);
        self.bytes.drain(..surplus);
        self.bytes.extend_from_slice(kept);
    }

    /// A hole was found next, which ends at `end`.
    pub fn step_over(&mut self, end: u64) {
        self.beginning.step_over(end);
        self.step_over_at_end(end);
    }

    fn step_over_at_end(&mut self, end: u64) {
        let hole = end.saturating_sub(self.end);
        self.end += hole;
        let nuls = hole.min(LENGTH as u64) as usize;
        let surplus = (self.bytes.len() + nuls).saturating_sub(LENGTH);
        self.bytes.drain(..surplus);
        self.bytes.resize(self.bytes.len() + nuls, 0);
    }

    /// `block` was read next, or after a hole.
    pub fn extend_with_block(&mut self, block: &Block) {
        self.step_over(block.offset);
        let mut from = 0;
        for gap in &block.gaps {
            self.extend(&block.bytes()[from..gap.at]);
            self.step_over(self.end + gap.length);
            from = gap.at;
        }
        self.extend(&block.bytes()[from..]);
    }

    /// `next` was read next, beginning where this ends.
    pub fn append(&mut self, next: &Self) {
        self.beginning.step_over(next.beginning.start);
        let known = (self.beginning.end() - next.beginning.start) as usize;
        self.beginning.extend(next.beginning.bytes.get(known..).unwrap_or_default());
        self.append_end(next);
    }

    fn append_end(&mut self, next: &Self) {
        // What is between was a hole, unless `next` is so long that nothing before it is remembered.
        self.step_over_at_end(next.start());
        let known = (self.end - next.start()) as usize;
        self.extend_end(next.bytes.get(known..).unwrap_or_default());
    }

    /// Forgets what stands at `end` and behind it.
    pub fn truncate(&mut self, end: u64) {
        let start = self.start();
        self.bytes.truncate(end.saturating_sub(start) as usize);
        self.end = self.end.min(end);
        self.beginning.truncate(end);
    }

    /// Where the file differs from the last bytes, as far as it still reaches; `None` if it does not.
    pub fn first_difference(&self, source: &Source) -> Result<Option<u64>> {
        first_difference(source, self.start(), &self.bytes)
    }

    /// Where the file differs from what was read of its beginning, as far as it still reaches; `None` if it does not.
    pub fn first_difference_at_beginning(&self, source: &Source) -> Result<Option<u64>> {
        first_difference(source, self.beginning.start, &self.beginning.bytes)
    }

    /// Where the line begins in which the byte at `place` stands, as far as what is before that is remembered.
    pub fn line_start(&self, place: u64) -> Option<u64> {
        let within = |start: u64, bytes: &[u8]| {
            let before = bytes.get(..place.checked_sub(start)? as usize)?;
            let newline = memchr::memrchr(b'\n', before).map(|newline| start + newline as u64 + 1);
            newline.or_else(|| (start == 0).then_some(0))
        };
        within(self.start(), &self.bytes).or_else(|| within(self.beginning.start, &self.beginning.bytes))
    }

    /// Whether the last bytes still stand in the file, with those of `read` behind them.
    pub fn stands_in(&self, source: &Source, read: &Self) -> Result<bool> {
        if read.end <= self.end {
            return stands(source, self.start(), &self.bytes);
        }
        let mut both = Self { end: self.end, bytes: self.bytes.clone(), beginning: Beginning::default() };
        both.append_end(read);
        stands(source, both.start(), &both.bytes)
    }
}

fn first_difference(source: &Source, start: u64, bytes: &[u8]) -> Result<Option<u64>> {
    let mut now = vec![0; bytes.len()];
    let got = source.read(start, &mut now)?;
    if now[..got] == bytes[..got] {
        return Ok(None);
    }
    let differs = now[..got].iter().zip(bytes).position(|(a, b)| a != b);
    Ok(differs.map(|at| start + at as u64))
}

fn stands(source: &Source, start: u64, bytes: &[u8]) -> Result<bool> {
    let mut now = vec![0; bytes.len()];
    let got = source.read(start, &mut now)?;
    Ok(now[..got] == *bytes)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::file::block::{Cutter, Extent};
    use proptest::prelude::*;

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]
        #[test]
        fn the_tail_of_blocks_is_the_tail_of_the_file(
            pieces in proptest::collection::vec(
                prop_oneof![
                    Just(b"a line\n".to_vec()),
                    (0usize..3 * LENGTH).prop_map(|n| vec![0; n]),
                    (0usize..3 * LENGTH).prop_map(|n| vec![b'x'; n]),
                    Just(b"some line\n".repeat(30_000)),
                ],
                0..12,
            ),
            at_once in 1usize..5,
        ) {
            let content = pieces.concat();
            let file = tempfile::NamedTempFile::new().unwrap();
            std::fs::write(file.path(), &content).unwrap();
            let source = Source::open(file.path()).unwrap();
            let end = content.len() as u64;
            let (mut cutter, mut block) = (Cutter::new(Extent { start: 0, end }), Block::default());
            // As a scan does: a tail for each run of a few blocks, put behind one another.
            let (mut all, mut run, mut number) = (Tail::unknown(0), Tail::unknown(0), 0);
            while let Some(extent) = cutter.cut(&source, &mut || Ok(())).unwrap() {
                block.read(&source, extent).unwrap();
                run.extend_with_block(&block);
                number += 1;
                if number % at_once == 0 {
                    all.append(&run);
                    run = Tail::unknown(run.end());
                }
            }
            all.append(&run);
            all.step_over(end);
            prop_assert_eq!(&all, &Tail::of_file(&source, end).unwrap());
            prop_assert!(all.stands_in(&source, &Tail::default()).unwrap());
            for place in [0, end / 2, end.saturating_sub(1), end] {
                let naive = content[..place as usize].iter().rposition(|&b| b == b'\n').map_or(0, |i| i as u64 + 1);
                prop_assert!(all.line_start(place).is_none_or(|start| start == naive));
                prop_assert!(place > 4096 || all.line_start(place).is_some());
            }
        }
    }
}
