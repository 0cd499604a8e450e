//! A shaper: of the lines of one file, in order, those that are shown, and why.

use std::sync::Arc;

use super::context::{Context, Placed};
use super::records::Records;
use super::{Page, RowKind, Surroundings};
use crate::caller::Caller;
use crate::error::Result;
use crate::file::block::Block;
use crate::line::lines;
use crate::merge::Held;
use crate::pattern::{Candidate, Pattern, Scratch};
use crate::query::Question;
use crate::scan::Choice;

/// What is shown of an answer.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct AnswerShape {
    /// How many lines around each are shown.
    pub around: Surroundings,
    /// A line is shown with its record: the stamped line before it, and what follows that without a stamp.
    pub records: bool,
}

impl AnswerShape {
    /// Whether the engine may pick the lines, since nobody has to see those that do not match.
    pub fn is_plain(self) -> bool {
        self == Self::default()
    }
}

/// What `question` asks of lines besides the pattern, taken out of it where lines around those that are meant are shown.
fn take_choice(question: &mut Question, shape: AnswerShape) -> Option<Choice> {
    let surrounded = !shape.around.is_none() || shape.records;
    let sieve = question.sieve.as_mut().filter(|sieve| surrounded && !sieve.is_open())?;
    let sieve = Arc::make_mut(sieve);
    let choice = sieve.take_choice();
    if !sieve.is_needed() {
        question.sieve = None;
    }
    Some(choice)
}

/// Picks and surrounds the lines of one file.
pub struct Shaper {
    shape: AnswerShape,
    /// The pattern, where every line must be seen.
    pattern: Option<Arc<Pattern>>,
    /// What else is asked of the lines that are meant, where every line must be seen.
    choice: Option<Choice>,
    scratch: Scratch,
    context: Context,
    records: Option<Records>,
    /// The block that was searched last, and what matches in it.
    searched: Option<Arc<Block>>,
    found: Vec<Candidate>,
}

impl Shaper {
    /// Takes over from `question` what the engine cannot decide if the lines are shown in `shape`.
    pub fn new(question: &mut Question, shape: AnswerShape) -> Self {
        Self {
            shape,
            choice: take_choice(question, shape),
            pattern: if shape.is_plain() { None } else { question.pattern.take() },
            scratch: Scratch::default(),
            context: Context::new(shape.around),
            records: shape.records.then(Records::default),
            searched: None,
            found: Vec::new(),
        }
    }

    /// Whether lines are shown as they come.
    pub fn is_plain(&self) -> bool {
        self.shape.is_plain()
    }

    /// Puts what is to be shown of `lines` of `block` on `page`; the first `skip` that are meant are passed over.
    pub(super) fn turn(
        &mut self,
        block: &Block,
        lines: &[Placed],
        skip: &mut u64,
        page: &mut Page,
        caller: &mut dyn Caller,
    ) -> Result<()> {
        self.search(block, caller)?;
        self.put(block, lines, skip, page);
        Ok(())
    }

    /// The same for one line of a merge, whose block may have other lines to come.
    pub(super) fn line(
        &mut self,
        held: &Held,
        skip: &mut u64,
        page: &mut Page,
        caller: &mut dyn Caller,
    ) -> Result<()> {
        if !self.searched.as_ref().is_some_and(|block| Arc::ptr_eq(block, held.block())) {
            self.search(held.block(), caller)?;
            self.searched = Some(Arc::clone(held.block()));
        }
        let placed = Placed { line: held.line(), time: held.time().copied(), level: held.level() };
        self.put(held.block(), &[placed], skip, page);
        Ok(())
    }

    /// Puts on `page` what waited for lines that may never come.
    pub(super) fn settle(&mut self, page: &mut Page) {
        if let Some(records) = &mut self.records {
            records.settle(page);
        }
    }

    /// Puts on `page` what is left at the end.
    pub(super) fn finish(&mut self, page: &mut Page) {
        if let Some(records) = &mut self.records {
            records.finish(page);
        }
    }

    /// Finds what matches in `block`.
    fn search(&mut self, block: &Block, caller: &mut dyn Caller) -> Result<()> {
        if !self.is_sought() {
            return Ok(());
        }
        self.found.clear();
        match &self.pattern {
            Some(pattern) => pattern.scan(block.bytes(), &mut self.scratch, &mut self.found),
            None => self.found.extend(lines(block.bytes()).map(|line| Candidate { line, certain: true })),
        }
        if let Some(choice) = &mut self.choice {
            choice.exclude(block.bytes(), &mut self.found);
        }
        if self.found.iter().any(|c| !c.certain) {
            caller.judge(block.bytes(), &mut self.found)?;
        }
        Ok(())
    }

    /// Whether what is meant has to be sought in each block.
    fn is_sought(&self) -> bool {
        self.pattern.is_some() || self.choice.as_ref().is_some_and(Choice::excludes)
    }

    fn put(&mut self, block: &Block, lines: &[Placed], skip: &mut u64, page: &mut Page) {
        if self.is_plain() {
            for &Placed { line, time, level } in lines {
                page.push(line.of(block.bytes()), RowKind::Hit, block.file_offset(line.start), time, level);
            }
            return;
        }
        let mut hits = self.hits(block, lines);
        // They are passed over one by one, in the order in which they are counted, whatever is shown around them.
        let skipped = hits.len().min(usize::try_from(*skip).unwrap_or(usize::MAX));
        *skip -= skipped as u64;
        hits.drain(..skipped);
        match &mut self.records {
            Some(records) => records.turn(block, lines, &hits, page),
            None => self.context.turn(block, lines, &hits, page),
        }
    }

    /// The positions in `lines` of those that are meant.
    fn hits(&self, block: &Block, lines: &[Placed]) -> Vec<usize> {
        let mut hits = self.matches(lines);
        if let Some(choice) = &self.choice {
            hits.retain(|&nth| choice.means(lines[nth].line.of(block.bytes()), lines[nth].level));
        }
        hits
    }

    /// The positions of those that the pattern selects.
    fn matches(&self, lines: &[Placed]) -> Vec<usize> {
        if !self.is_sought() {
            return (0..lines.len()).collect();
        }
        let first = lines.first().map_or(0, |placed| placed.line.start);
        let mut at = self.found.partition_point(|c| c.line.start < first);
        let mut hits = Vec::new();
        for (nth, placed) in lines.iter().enumerate() {
            while self.found.get(at).is_some_and(|c| c.line.start < placed.line.start) {
                at += 1;
            }
            if self.found.get(at).is_some_and(|c| c.line == placed.line) {
                hits.push(nth);
            }
        }
        hits
    }
}
