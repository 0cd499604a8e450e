//! A batch: a block and the lines of it that are meant, on their way from a scan to the one who asked.

use std::sync::Arc;

use crate::error::Result;
use crate::file::block::Block;
use crate::level::{Level, Unsettled};
use crate::line::Line;
use crate::pattern::{Candidate, Judge};
use crate::stamp::{How, Span, Stream};

/// The time of one line, as the question has it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LineTime {
    /// The nanoseconds since 1970 UTC for which the stamp stands; `None` if the line has no time.
    pub span: Option<Span>,
    /// The offset from UTC in minutes that stood on the line, if one did.
    pub offset: Option<i16>,
    /// Where the time comes from; `None`: from the moment at which the line came, or was read.
    pub how: Option<How>,
    /// The line's number in its file, from 1.
    pub number: u64,
    /// How grave it is, where the levels of all lines are wanted at once.
    pub level: Option<Level>,
    /// Its step, where steps are asked for and it has one.
    pub step: Option<u64>,
    /// The stream to which it was written, where a container's runtime says so.
    pub stream: Option<Stream>,
}

impl LineTime {
    /// A line of this number, and its time; nothing else is known of it yet.
    #[inline]
    pub const fn new(number: u64, span: Option<Span>, offset: Option<i16>, how: Option<How>) -> Self {
        Self { span, offset, how, number, level: None, step: None, stream: None }
    }
}

/// Where a time comes from, in the word that users read: `Record.how`, and "how" of `--json`.
pub fn how_word(how: Option<How>) -> &'static str {
    match how {
        Some(How::Own) => "own",
        Some(How::Inherited | How::Ahead) => "inherited",
        Some(How::Untimed) => "untimed",
        None => "arrival",
    }
}

/// Which lines of a batch are meant.
#[derive(Debug)]
pub enum Selection {
    /// Every line of the block, and where each ends.
    All(Vec<usize>),
    /// These, in order.
    Picked(Vec<Candidate>),
}

/// A block and the lines of it that are meant.
#[derive(Debug)]
pub struct Batch {
    /// The block, decoded if the job asked for it.
    pub block: Arc<Block>,
    /// The lines of it that are meant.
    pub selection: Selection,
    /// Their times, one for each, where the question is about time; else empty.
    pub times: Vec<LineTime>,
    /// Where the lines begin that have a level, and that, in order, where levels are wanted at once.
    pub levels: Vec<(usize, Level)>,
    /// What the levels of its lines hang on, where they may be asked for later, and not all lines say theirs themselves.
    pub unsettled: Option<Arc<Unsettled>>,
}

impl Batch {
    /// The lines of `block` that `selection` means.
    pub fn new(block: Block, selection: Selection) -> Self {
        Self { block: Arc::new(block), selection, times: Vec::new(), levels: Vec::new(), unsettled: None }
    }

    /// Its block, to be filled again, unless somebody else still has it.
    pub fn into_block(self) -> Option<Block> {
        let Self { block, unsettled, .. } = self;
        drop(unsettled);
        Arc::into_inner(block)
    }

    /// Whether no line is meant.
    pub fn is_empty(&self) -> bool {
        match &self.selection {
            Selection::All(ends) => ends.is_empty(),
            Selection::Picked(candidates) => candidates.is_empty(),
        }
    }

    /// How many lines are meant.
    pub fn len(&self) -> u64 {
        match &self.selection {
            Selection::All(ends) => ends.len() as u64,
            Selection::Picked(candidates) => candidates.len() as u64,
        }
    }

    /// How grave the line is that begins at `start`.
    pub fn level_at(&self, start: usize) -> Option<Level> {
        let found = self.levels.binary_search_by_key(&start, |(start, _)| *start).ok()?;
        Some(self.levels[found].1)
    }

    /// Line `number` of those that are meant, counted from 0.
    #[inline]
    pub fn line(&self, number: usize) -> Option<Line> {
        match &self.selection {
            Selection::All(ends) => {
                let start = number.checked_sub(1).map_or(Some(0), |before| ends.get(before).copied())?;
                Some(Line { start, end: *ends.get(number)? })
            }
            Selection::Picked(candidates) => candidates.get(number).map(|candidate| candidate.line),
        }
    }

    /// The lines that are meant, in order.
    pub fn lines(&self) -> impl Iterator<Item = Line> + '_ {
        (0..).map_while(|number| self.line(number))
    }

    /// The time of line `number` of those that are meant, where the question is about time.
    #[inline]
    pub fn time(&self, number: usize) -> Option<LineTime> {
        self.times.get(number).copied()
    }

    /// Drops the first of the lines that are meant, at most `count`; returns how many that were.
    pub fn drop_first(&mut self, count: u64) -> u64 {
        if matches!(self.selection, Selection::All(_)) {
            let all = self.lines().map(|line| Candidate { line, certain: true }).collect();
            self.selection = Selection::Picked(all);
        }
        let Selection::Picked(candidates) = &mut self.selection else { return 0 };
        let dropped = candidates.len().min(usize::try_from(count).unwrap_or(usize::MAX));
        candidates.drain(..dropped);
        self.times.drain(..dropped.min(self.times.len()));
        dropped as u64
    }

    /// Drops those of the lines that are meant that do not begin in `start..end` of the file.
    pub fn drop_outside(&mut self, start: u64, end: u64) {
        let first = (0..self.len()).take_while(|&number| self.offset_of(number) < start).count();
        if first > 0 {
            self.drop_first(first as u64);
        }
        if self.block.end() <= end {
            return;
        }
        let kept = (0..self.len()).take_while(|&number| self.offset_of(number) < end).count();
        match &mut self.selection {
            Selection::All(ends) => ends.truncate(kept),
            Selection::Picked(picked) => picked.truncate(kept),
        }
        self.times.truncate(kept);
    }

    /// Where in the file line `number` of those that are meant begins, counted from 0.
    pub fn offset_of(&self, number: u64) -> u64 {
        self.block.file_offset(self.line(number as usize).map_or(0, |line| line.start))
    }

    /// Lets `judge` decide on the lines that are not certain.
    pub fn judge(&mut self, judge: &mut (impl Judge + ?Sized)) -> Result<()> {
        let Selection::Picked(candidates) = &mut self.selection else { return Ok(()) };
        if candidates.iter().all(|c| c.certain) {
            return Ok(());
        }
        // Kept as they were until there is a verdict: a judge that was interrupted is asked again.
        let mut judged = candidates.clone();
        judge.judge(self.block.bytes(), &mut judged)?;
        let asked = std::mem::replace(candidates, judged);
        let mut kept = candidates.iter().peekable();
        let mut asked = asked.iter();
        self.times.retain(|_| asked.next().is_some_and(|c| kept.next_if(|k| k.line == c.line).is_some()));
        Ok(())
    }
}
