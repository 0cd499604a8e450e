//! The levels of a block's lines, told when the first of them is asked for.

use std::sync::{Arc, LazyLock, Mutex};

use memchr::memmem::Finder as Needle;

use super::traceback::TRACEBACK;
use super::{Level, Levels, REACH, before};
use crate::file::block::Block;
use crate::file::source::Source;
use crate::stamp::Elected;
use crate::system::lock::lock_soon;

static TRACEBACKS: LazyLock<Needle<'static>> = LazyLock::new(|| Needle::new(TRACEBACK));

/// Whether a line of `block` of `source` may go on with a traceback though it has a stamp; the lines that are meant begin at
/// `first` of the block or later.
pub fn tells_of_traceback(block: &Block, first: usize, source: &Source) -> bool {
    let tells = |text: &[u8]| TRACEBACKS.find(text).is_some();
    tells(block.bytes()) || (first < REACH && tells(&before(source, block.file_offset(0))))
}

/// What the levels of a block's lines hang on; once one was asked for, those levels.
///
/// To tell the level of each line costs as much as to time it, and few who read records ask for it. A line that has a
/// stamp says itself how grave it is, but for those of a traceback, and can be asked at any time. Any other may go on with a line that stands before it:
/// whoever may ask for its level shares this, which keeps the block for that long.
#[derive(Debug)]
pub struct LazyLevels(Mutex<LevelsTold>);

#[derive(Clone, Debug)]
enum LevelsTold {
    Untold(Arc<BlockAndBefore>),
    Told(Arc<[(u64, Level)]>),
}

/// A block and what reaches into it.
#[derive(Debug)]
struct BlockAndBefore {
    block: Arc<Block>,
    /// The lines before the block with which its lines may go on.
    before: Vec<u8>,
    elected: Elected,
}

impl LazyLevels {
    /// The levels of the lines of `block` of `source`, a file that elected `elected`, of which one that does not say its
    /// level itself begins at `first` of the block, and none does before that.
    ///
    /// What reaches into the block is read now, since the file may be cut before it is needed.
    pub fn of(block: &Arc<Block>, first: usize, source: &Source, elected: &Elected) -> Self {
        let start = block.file_offset(0);
        let before = if first < REACH { before(source, start) } else { Vec::new() };
        let text = BlockAndBefore { block: Arc::clone(block), before, elected: elected.clone() };
        Self(Mutex::new(LevelsTold::Untold(Arc::new(text))))
    }

    /// Whether no line has to be read any more for them.
    pub fn are_told(&self) -> bool {
        matches!(self.state(), Some(LevelsTold::Told(_)))
    }

    /// The level of the line that begins at `offset` of the file, in bytes.
    pub fn at(&self, offset: u64) -> Option<Level> {
        let told = self.tell()?;
        let found = told.binary_search_by_key(&offset, |(offset, _)| *offset).ok()?;
        Some(told[found].1)
    }

    /// Tells them, and lets go of the block. `None` in a fork whose parent held the lock just then.
    fn tell(&self) -> Option<Arc<[(u64, Level)]>> {
        let text = match self.state()? {
            LevelsTold::Told(told) => return Some(told),
            LevelsTold::Untold(text) => text,
        };
        let told = text.levels();
        *lock_soon(&self.0)? = LevelsTold::Told(Arc::clone(&told));
        Some(told)
    }

    fn state(&self) -> Option<LevelsTold> {
        lock_soon(&self.0).map(|state| state.clone())
    }
}

impl BlockAndBefore {
    /// The levels of those lines of the block that have one, by where they begin in the file.
    fn levels(&self) -> Arc<[(u64, Level)]> {
        let told = Levels::new(&self.elected).of_block(self.block.bytes(), || self.before.clone());
        told.into_iter().map(|(start, level)| (self.block.file_offset(start), level)).collect()
    }
}

/// Levels that may be asked for, on the side of the one who reads the block. When it goes, the block goes with it: where
/// somebody else may still ask, the levels are told then.
#[derive(Clone, Debug)]
pub struct Unsettled {
    levels: Arc<LazyLevels>,
    /// A line need not say its level itself, be there a stamp or not.
    all: bool,
}

impl Unsettled {
    /// Nobody asks for `levels` yet. `all`: also lines with a stamp may not say theirs, as far as they are handed out.
    pub fn new(levels: LazyLevels, all: bool) -> Self {
        Self { levels: Arc::new(levels), all }
    }

    /// For one who may ask for the level of a line; `None` where the line says it itself, as one that is `stamped` does.
    pub fn share(&self, stamped: bool) -> Option<Arc<LazyLevels>> {
        (self.all || !stamped).then(|| Arc::clone(&self.levels))
    }
}

impl Drop for Unsettled {
    fn drop(&mut self) {
        if Arc::strong_count(&self.levels) > 1 {
            self.levels.tell();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::file::block::Extent;
    use crate::level::{own, some_line};
    use crate::line;
    use crate::stamp::Finder;
    use proptest::prelude::*;

    /// How the answer is gone when a level is asked for.
    #[derive(Clone, Copy, Debug)]
    enum Gone {
        /// Not at all.
        Not,
        /// The file was emptied.
        Emptied,
        /// The reader let go of the block.
        Left,
    }

    proptest! {
        /// Whenever it is asked, and whatever became of the file, a line of a block has the level that the fold from the
        /// first line of the file says.
        #[test]
        fn a_level_is_the_same_whenever_it_is_asked(
            lines in prop::collection::vec((some_line(), 0_usize..3), 1..60),
            cut in 0_usize..60,
            gone in prop::sample::select(vec![Gone::Not, Gone::Emptied, Gone::Left]),
        ) {
            let filler = "x".repeat(super::super::REACH / 4);
            let lines: Vec<String> = lines.iter().map(|(line, long)| {
                if *long == 0 { format!("{} {filler}\n", line.trim_end_matches('\n')) } else { (*line).to_owned() }
            }).collect();
            let text = lines.concat();
            let mut whole = Vec::new();
            Levels::default().each(text.as_bytes(), 0, |line, level| whole.push((line.start, level)));
            let start = lines[..cut % lines.len()].iter().map(String::len).sum::<usize>();

            let path = tempfile::NamedTempFile::new().unwrap();
            std::fs::write(path.path(), &text).unwrap();
            let source = Source::open(path.path()).unwrap();
            let mut block = Block::default();
            block.read(&source, Extent { start: start as u64, end: text.len() as u64 }).unwrap();
            let block = Arc::new(block);
            let mut finder = Finder::default();
            let stamped: Vec<_> = line::lines(block.bytes()).map(|line| {
                (line, finder.find(line.of(block.bytes())).stamp.is_some())
            }).collect();
            let all = tells_of_traceback(&block, 0, &source);
            let Some((first, _)) = stamped.iter().find(|(_, stamped)| all || !stamped) else { return Ok(()) };

            let levels = LazyLevels::of(&block, first.start, &source, &Elected::default());
            let unsettled = Unsettled::new(levels, all);
            let asked: Vec<_> = stamped.iter().map(|(line, stamped)| (line, unsettled.share(*stamped))).collect();
            match gone {
                Gone::Not => {}
                Gone::Emptied => std::fs::write(path.path(), "").unwrap(),
                Gone::Left => {
                    drop(unsettled);
                    prop_assert_eq!(Arc::strong_count(&block), 1);
                }
            }
            for (line, levels) in asked {
                let offset = start + line.start;
                let level = levels.map_or_else(|| own(line.of(block.bytes())), |levels| levels.at(offset as u64));
                prop_assert_eq!(Some(&(offset, level)), whole.iter().find(|(at, _)| *at == offset));
            }
        }
    }
}
