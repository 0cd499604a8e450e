//! A feed: the answer about one file, page by page.

use std::sync::Arc;

use super::context::{Context, Placed};
use super::records::Records;
use super::{Kind, Page, Surroundings};
use crate::batch::{Batch, Selection};
use crate::caller::Caller;
use crate::error::Result;
use crate::line;
use crate::pattern::{Candidate, Pattern, Scratch};
use crate::query::{Query, Question};
use crate::scan::Tally;

/// What is shown of an answer.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Shape {
    /// The lines that do not match are meant.
    pub invert: bool,
    /// How many lines around each are shown.
    pub around: Surroundings,
    /// A line is shown with its record: the stamped line before it, and what follows that without a stamp.
    pub records: bool,
    /// The first so many lines that are meant are passed over.
    pub skip: u64,
}

impl Shape {
    /// Whether the engine may pick the lines, since nobody has to see those that do not match.
    pub fn is_plain(self) -> bool {
        !self.invert && self.around.is_none() && !self.records && self.skip == 0
    }
}

/// The answer about one file under way.
pub struct Feed {
    query: Query,
    shape: Shape,
    /// The pattern, where every line must be seen.
    pattern: Option<Arc<Pattern>>,
    scratch: Scratch,
    context: Context,
    records: Option<Records>,
}

impl Feed {
    /// Puts `question`, to be shown in `shape`.
    pub fn new(mut question: Question, shape: Shape) -> Self {
        let pattern = if shape.is_plain() { None } else { question.pattern.take() };
        Self {
            query: Query::raw(question),
            shape,
            pattern,
            scratch: Scratch::default(),
            context: Context::new(shape.around),
            records: shape.records.then(|| Records::new(shape.skip)),
        }
    }

    /// What was read so far.
    pub fn tally(&self) -> Tally {
        self.query.tally()
    }

    /// The answer, for its stats.
    pub fn query(&self) -> &Query {
        &self.query
    }

    /// The next batch of an answer whose lines go out as they are; `None` in place of the outer option: it has rows.
    pub fn next_batch(&mut self, caller: &mut dyn Caller) -> Result<Option<Batch>> {
        self.query.next(caller)
    }

    /// Gives a batch's buffer back.
    pub fn recycle(&mut self, batch: Batch) {
        self.query.recycle(batch);
    }

    /// Whether batches go out as they are.
    pub fn is_plain(&self) -> bool {
        self.shape.is_plain()
    }

    /// Puts the next rows on `page`, which is empty after that only at the end: then it returns false.
    pub fn turn(&mut self, page: &mut Page, caller: &mut dyn Caller) -> Result<bool> {
        page.clear();
        while page.rows().is_empty() {
            let Some(batch) = self.query.next(caller)? else {
                if let Some(records) = &mut self.records {
                    records.finish(page);
                }
                return Ok(!page.rows().is_empty());
            };
            self.place(&batch, page, caller)?;
            self.query.recycle(batch);
        }
        Ok(true)
    }

    fn place(&mut self, batch: &Batch, page: &mut Page, caller: &mut dyn Caller) -> Result<()> {
        let lines = placed(batch);
        if self.is_plain() {
            for Placed { line, time } in lines {
                let offset = batch.block.file_offset(line.start);
                page.push(line.of(batch.block.bytes()), Kind::Hit, offset, time);
            }
            return Ok(());
        }
        let mut hits = self.hits(batch, &lines, caller)?;
        if let Some(records) = &mut self.records {
            records.turn(&batch.block, &lines, &hits, page);
            return Ok(());
        }
        let skipped = hits.len().min(usize::try_from(self.shape.skip).unwrap_or(usize::MAX));
        self.shape.skip -= skipped as u64;
        hits.drain(..skipped);
        self.context.turn(&batch.block, &lines, &hits, page);
        Ok(())
    }

    /// The positions in `lines` of those that are meant.
    fn hits(&mut self, batch: &Batch, lines: &[Placed], caller: &mut dyn Caller) -> Result<Vec<usize>> {
        let Some(pattern) = &self.pattern else {
            return Ok(if self.shape.invert { Vec::new() } else { (0..lines.len()).collect() });
        };
        let mut found: Vec<Candidate> = Vec::new();
        pattern.scan(batch.block.bytes(), &mut self.scratch, &mut found);
        if found.iter().any(|c| !c.certain) {
            caller.judge(batch.block.bytes(), &mut found)?;
        }
        let mut found = found.into_iter().peekable();
        let mut hits = Vec::new();
        for (at, placed) in lines.iter().enumerate() {
            while found.next_if(|c| c.line.start < placed.line.start).is_some() {}
            let matches = found.next_if(|c| c.line == placed.line).is_some();
            if matches != self.shape.invert {
                hits.push(at);
            }
        }
        Ok(hits)
    }
}

/// The lines of a batch with their times.
fn placed(batch: &Batch) -> Vec<Placed> {
    match &batch.selection {
        Selection::All(_) => {
            line::lines(batch.block.bytes()).map(|line| Placed { line, time: None }).collect()
        }
        Selection::Picked(picked) => picked
            .iter()
            .enumerate()
            .map(|(at, c)| Placed { line: c.line, time: batch.times.get(at).copied() })
            .collect(),
    }
}
