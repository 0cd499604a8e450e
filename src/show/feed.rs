//! A feed: the answer about one file, page by page.

use super::context::Placed;
use super::{AnswerShape, Page, Shaper};
use crate::batch::Batch;
use crate::caller::Caller;
use crate::cursor::Cursor;
use crate::error::Result;
use crate::line::Line;
use crate::query::behind::Behind;
use crate::query::{Query, Question};

/// The answer about one file under way.
pub struct Feed {
    query: Query,
    shaper: Shaper,
    /// How many of the lines that are meant are still passed over.
    skip: u64,
    /// The place behind the batches that were taken, where the caller wants to know it.
    behind: Option<Behind>,
}

impl Feed {
    /// Puts `question`, to be shown in `shape`, without the first `skip` lines that are meant.
    pub fn new(mut question: Question, shape: AnswerShape, skip: u64, keeps_place: bool) -> Self {
        let shaper = Shaper::new(&mut question, shape);
        Self {
            query: Query::raw(question),
            shaper,
            skip,
            behind: keeps_place.then(|| Behind::new(Cursor::default())),
        }
    }

    /// The answer, for its stats.
    pub fn query(&self) -> &Query {
        &self.query
    }

    /// The next batch of an answer whose lines go out as they are.
    pub fn next_batch(&mut self, caller: &mut dyn Caller) -> Result<Option<Batch>> {
        let batch = self.query.next(caller)?;
        match (&mut self.behind, &batch) {
            (Some(behind), Some(batch)) => behind.pass(&self.query, batch),
            (Some(behind), None) => behind.arrive(&self.query)?,
            (None, _) => {}
        }
        Ok(batch)
    }

    /// The place behind the batches that were taken, if it is kept.
    pub fn cursor(&self) -> Option<Cursor> {
        self.behind.as_ref().map(|behind| behind.cursor(None))
    }

    /// Gives a batch's buffer back.
    pub fn recycle(&mut self, batch: Batch) {
        self.query.recycle(batch);
    }

    /// Whether batches go out as they are.
    pub fn is_plain(&self) -> bool {
        self.shaper.is_plain() && self.skip == 0
    }

    /// Puts the next rows on `page`, which is empty after that only at the end: then it returns false.
    pub fn turn(&mut self, page: &mut Page, caller: &mut dyn Caller) -> Result<bool> {
        page.clear();
        while page.rows().is_empty() {
            let Some(batch) = self.next_batch(caller)? else {
                self.shaper.finish(page);
                return Ok(!page.rows().is_empty());
            };
            self.shaper.turn(&batch.block, &placed(&batch), &mut self.skip, page, caller)?;
            self.query.recycle(batch);
        }
        Ok(true)
    }
}

/// The lines of a batch with their times and levels.
fn placed(batch: &Batch) -> Vec<Placed> {
    let placed =
        |(at, line): (usize, Line)| Placed { line, time: batch.time(at), level: batch.level_at(line.start) };
    batch.lines().enumerate().map(placed).collect()
}
