//! The lines before a block with which its lines may go on.

use super::REACH;
use crate::error::Result;
use crate::file::block::{Block, cut_back, may_hold_hole};
use crate::file::source::Source;

/// The lines before `start` of a file that may reach into the block there, without holes, as blocks have them: which level a
/// line has must not hang on where blocks are cut.
pub fn before(source: &Source, start: u64) -> Vec<u8> {
    // What cannot be read has no level; whoever reads the block says what is wrong with the file.
    read(source, start).unwrap_or_default()
}

fn read(source: &Source, start: u64) -> Result<Vec<u8>> {
    let first = start.saturating_sub(REACH as u64 + 1);
    let mut text = vec![0; (start - first) as usize];
    let got = source.read(first, &mut text)?;
    if got < text.len() {
        return Ok(Vec::new());
    }
    if may_hold_hole(&text) {
        return read_over_holes(source, start);
    }
    Ok(whole_lines(text, first == 0))
}

/// The same where holes stand in the way, which may be of any length: text is read back until there is enough of it.
fn read_over_holes(source: &Source, start: u64) -> Result<Vec<u8>> {
    let (mut blocks, mut length, mut end) = (Vec::new(), 0, start);
    while end > 0 && length <= REACH {
        let (extent, next) = cut_back(source, end, &mut || Ok(()))?;
        let mut block = Block::default();
        block.read(source, extent)?;
        length += block.bytes().len();
        blocks.push(block);
        end = next;
    }
    let text: Vec<u8> = blocks.iter().rev().flat_map(Block::bytes).copied().collect();
    let near = text.len().saturating_sub(REACH + 1);
    Ok(whole_lines(text[near..].to_vec(), end == 0 && near == 0))
}

/// The whole lines of `text`, which begins with the first of its file, or else within or at the end of a line.
fn whole_lines(mut text: Vec<u8>, from_first: bool) -> Vec<u8> {
    if !from_first {
        let line = memchr::memchr(b'\n', &text).map_or(text.len(), |end| end + 1);
        text.drain(..line);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::file::block::{BLOCK, Extent, HOLE};
    use crate::level::{Levels, some_line};
    use proptest::prelude::*;

    /// Lines, long and short, with holes of all lengths before some of them.
    fn lines() -> impl Strategy<Value = Vec<(Vec<u8>, usize)>> {
        let nuls = prop::sample::select(vec![
            0,
            0,
            0,
            0,
            HOLE - 1,
            HOLE,
            HOLE + 900,
            REACH,
            REACH + HOLE,
            3 * BLOCK,
        ]);
        let line = (some_line(), 0_usize..3, nuls).prop_map(|(line, long, nuls)| {
            let filler = if long == 0 { "x".repeat(REACH / 4) } else { String::new() };
            (format!("{}{filler}\n", line.trim_end_matches('\n')).into_bytes(), nuls)
        });
        prop::collection::vec(line, 1..40)
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(128))]
        /// Wherever a block begins, before a hole or behind it, its lines have the levels that the fold over the text
        /// without holes says.
        #[test]
        fn no_level_hangs_on_where_a_hole_was_cut(lines in lines(), cut in any::<prop::sample::Index>(), behind in any::<bool>()) {
            let (mut file, mut text, mut starts) = (Vec::new(), Vec::new(), Vec::new());
            for (line, nuls) in &lines {
                starts.push((file.len(), file.len() + nuls, text.len()));
                file.resize(file.len() + nuls, 0);
                file.extend_from_slice(line);
                text.resize(text.len() + if *nuls < HOLE { *nuls } else { 0 }, 0);
                text.extend_from_slice(line);
            }
            let mut whole = Vec::new();
            Levels::default().each(&text, 0, |line, level| whole.push((line.start, level)));

            let number = cut.index(lines.len());
            let (at, past_nuls, first) = starts[number];
            // A hole that is long may be stepped over; it is in no block then.
            let start = if behind && lines[number].1 >= HOLE { past_nuls } else { at };
            let path = tempfile::NamedTempFile::new().unwrap();
            std::fs::write(path.path(), &file).unwrap();
            let source = Source::open(path.path()).unwrap();
            let mut block = Block::default();
            block.read(&source, Extent { start: start as u64, end: file.len() as u64 }).unwrap();
            let told = Levels::default().of_block(block.bytes(), || before(&source, block.file_offset(0)));
            let told: Vec<_> = told.into_iter().map(|(start, level)| (start + first, Some(level))).collect();
            whole.retain(|(start, level)| *start >= first && level.is_some());
            prop_assert_eq!(told, whole);
        }
    }
}
