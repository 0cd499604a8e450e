//! A query: a regex and a range of time over a file, answered in batches of lines, in file order.
//!
//! This is where the parts meet: a scan or a follow brings blocks with the lines that the pattern picked, the timing
//! keeps those in the range, and the caller's judge decides on what the engine cannot decide alone.

mod begin;
pub mod behind;
mod feed;
mod keep;
#[cfg(test)]
mod proof;
mod question;
#[cfg(test)]
mod rewritten;
pub(crate) mod seek;
mod span;
mod standing;
mod timed;

pub use question::{Question, Stepless, Timeless};

use feed::BatchSource;

use std::fs::Metadata;
use std::sync::Arc;

use crate::batch::{Batch, LineTime};
use crate::caller::Caller;
use crate::error::{Error, Result};
use crate::file::block::Tail;
use crate::file::source::Source;
use crate::follow::{FileEvents, Follow, Turn};
use crate::index::LevelIndex;
use crate::level::{LazyLevels, Unsettled, tells_of_traceback};
use crate::scan::Counters;
use crate::stamp::How;
use crate::timing::Timing;

/// A query under way. The file is touched first when the first batch is asked for.
///
/// It is what an answer in Python holds: batches are taken from it until there are none, and given back to be filled
/// again. All else that a question is made of, scan, follow, timing and judge, is known here and nowhere below.
#[expect(
    clippy::struct_excessive_bools,
    reason = "what is wanted and how far it came are apart, each by itself"
)]
pub struct Query {
    question: Question,
    counting: bool,
    /// The lines go out as bytes.
    raw: bool,
    feed: Option<BatchSource>,
    /// A batch on which the judge was interrupted.
    unjudged: Option<Batch>,
    /// The file, while a follow reads what is before that by the index of text.
    backfill: Option<Arc<Source>>,
    /// What is known of the levels of a long log, where they are asked.
    telling: Option<LevelTelling>,
    /// How far the backfill of a follow came, and to what size the file was cut then.
    cut: Option<(Tail, u64)>,
    /// What had befallen the file of a follow when its lines were numbered last.
    befallen: FileEvents,
    /// A batch of a follow that was not timed yet, for that was interrupted.
    untimed: Option<Batch>,
    /// Nobody writes to the file any more.
    ended: bool,
    /// How many batches had a line that is selected.
    held: u64,
    /// Lines of the next batches that come before the last so many.
    skip: u64,
    counters: Counters,
    timing: Option<Timing>,
    /// What a person should know about the times; `None` until the end of the file has been seen.
    notes: Option<Vec<String>>,
    /// How far the merge or the combined stream that leads it lets it read; that also says when a follow ends.
    bound: Option<u64>,
    /// The end of the backfill of a follow, as it was when it began.
    tail: Tail,
    /// Where what was there at the start ends, in bytes.
    end: u64,
    /// Whether lines are left to be timed by whoever takes them.
    leaves: bool,
    /// What times the last batch, if that was left.
    left: Option<Box<Timing>>,
}

/// A question that tells the levels of the lines of a long log.
struct LevelTelling {
    /// The file as it was before it was read.
    seen: Metadata,
    /// What was told before.
    known: Option<LevelIndex>,
}

impl Query {
    /// Puts `question`, for the lines' text.
    pub fn new(question: Question) -> Self {
        Self {
            question,
            counting: false,
            raw: false,
            feed: None,
            unjudged: None,
            backfill: None,
            telling: None,
            cut: None,
            befallen: FileEvents::default(),
            untimed: None,
            ended: false,
            held: 0,
            skip: 0,
            counters: Counters::default(),
            timing: None,
            notes: None,
            bound: None,
            tail: Tail::default(),
            end: 0,
            leaves: false,
            left: None,
        }
    }

    /// Puts `question` about one of several logs that are read together: nothing past `bound` for now, and somebody else
    /// says when a follow ends.
    pub fn led(question: Question, bound: u64) -> Self {
        Self { bound: Some(bound), ..Self::new(question) }
    }

    /// Reads no further than `size` bytes for now, as if the file had no more.
    pub fn read_to(&mut self, size: u64) {
        self.bound = Some(size);
        if let Some(follow) = self.follow() {
            follow.read_to(size);
        }
    }

    /// The follow, once the query has come to what is written later.
    pub fn follow(&mut self) -> Option<&mut Follow> {
        match &mut self.feed {
            Some(BatchSource::Follow(follow)) => Some(follow),
            _ => None,
        }
    }

    /// Puts `question`, for the lines' bytes: nobody has to know whether they are text.
    pub fn raw(question: Question) -> Self {
        Self { raw: true, ..Self::new(question) }
    }

    /// Leaves the lines of a batch to be timed by whoever takes it, on whichever thread, where the index says how the fold
    /// stands before them and all are delivered whatever their times are: see [`Query::left`].
    #[must_use]
    pub fn leaving_times(self) -> Self {
        Self { leaves: true, ..self }
    }

    /// What times the lines of the last batch, if they were not timed; once. It is to be shown to [`Query::settle`] then.
    pub fn left(&mut self) -> Option<Box<Timing>> {
        self.left.take()
    }

    /// Counts what was counted of the times of a batch where it was timed.
    pub fn settle(&mut self, apart: &Timing) {
        if let Some(timing) = &mut self.timing {
            timing.settle(apart);
        }
    }

    /// How many lines `question` selects. It must not ask to follow.
    pub fn count(question: Question, caller: &mut dyn Caller) -> Result<u64> {
        Self::new(question).count_all(caller)
    }

    /// How many lines it selects. It must not ask to follow, and nothing may have been read.
    pub fn count_all(self, caller: &mut dyn Caller) -> Result<u64> {
        let mut query = Self { counting: true, ..self };
        let mut count = 0;
        while let Some(batch) = query.next(caller)? {
            count += batch.len();
            query.recycle(batch);
        }
        count += query.counters().counted;
        query.finish();
        Ok(count)
    }

    /// The next batch that has lines, or `None` at the end.
    ///
    /// # Errors
    /// What the system says of the file, `Error::Truncated` if it was cut while a plain read was under way, and what
    /// the caller's own methods return.
    pub fn next(&mut self, caller: &mut dyn Caller) -> Result<Option<Batch>> {
        loop {
            match self.poll(caller)? {
                Turn::Batch(batch) => return Ok(Some(batch)),
                Turn::Over => return Ok(None),
                Turn::Nothing => {
                    if let Some(BatchSource::Follow(follow)) = &mut self.feed {
                        follow.wait(caller)?;
                    }
                }
            }
        }
    }

    /// The same without waiting for what may yet be written.
    pub fn poll(&mut self, caller: &mut dyn Caller) -> Result<Turn> {
        self.start(caller)?;
        loop {
            let mut batch =
                match self.unjudged.take().map_or_else(|| self.feed(caller), |b| Ok(Turn::Batch(b)))? {
                    Turn::Batch(batch) => batch,
                    Turn::Over if self.go_live(caller)? => continue,
                    otherwise => return Ok(otherwise),
                };
            if let Err(error) = batch.judge(caller) {
                self.unjudged = Some(batch);
                return Err(error);
            }
            if self.skip > 0 {
                self.skip -= batch.drop_first(self.skip);
            }
            if batch.is_empty() {
                self.recycle(batch);
                continue;
            }
            self.held += 1;
            if let Some(timing) = self.timing.as_mut().filter(|_| self.left.is_none()) {
                timing.deliver(&batch);
            }
            if self.question.levels {
                self.leave_levels(&mut batch);
            }
            return Ok(Turn::Batch(batch));
        }
    }

    /// Leaves the levels of the lines of `batch` to be told when they are asked for, where any does not say its own.
    fn leave_levels(&self, batch: &mut Batch) {
        let (Some(timing), Some(source)) = (&self.timing, self.source()) else { return };
        // A stamp that does not stand on the line ends no record, and of bytes that are no text the `str` says too little.
        let all = timing.elected().is_told()
            || batch.block.text().is_none()
            || batch.line(0).is_some_and(|line| tells_of_traceback(&batch.block, line.start, source));
        let hangs = |time: &LineTime| all || time.how != Some(How::Own);
        let first = batch.times.iter().position(hangs).and_then(|number| batch.line(number));
        batch.unsettled = first.map(|line| {
            let levels = LazyLevels::of(&batch.block, line.start, source, timing.elected());
            Arc::new(Unsettled::new(levels, all))
        });
    }

    /// Opens the file, if that has not been done.
    pub fn start(&mut self, caller: &mut dyn Caller) -> Result<()> {
        while self.feed.is_none() {
            caller.pulse()?;
            self.feed = match self.begin(caller) {
                // Cut while the place to begin at was looked for: it has to be looked for anew.
                Err(Error::Truncated { .. }) if self.question.follow => continue,
                begun => Some(begun?),
            };
            if self.ended {
                self.end()?;
            }
        }
        Ok(())
    }

    /// Nobody will write any more: a follow ends with what is there now.
    pub fn end(&mut self) -> Result<()> {
        self.ended = true;
        match &mut self.feed {
            Some(BatchSource::Follow(follow)) => follow.end(),
            _ => Ok(()),
        }
    }

    /// Where blocks begin that are still to come, and the earliest moment from there on; in file order. This waits for
    /// the index, since the last block may have the earliest.
    pub fn floors(&mut self, caller: &mut dyn Caller) -> Result<Vec<(u64, i64)>> {
        let (Some(BatchSource::Seek(seek)), Some(timing)) = (&mut self.feed, &mut self.timing) else {
            return Ok(Vec::new());
        };
        seek.extend_to_end(&mut || caller.pulse())?;
        Ok(seek.floors(timing))
    }

    /// Lets go of the file and of the threads; what was read stays told.
    pub fn finish(&mut self) {
        self.counters = self.counters();
        // What of an index was built is kept with it.
        match self.feed.take() {
            Some(BatchSource::Seek(mut seek)) => {
                let told = seek.take_told();
                self.keep_levels(seek.source(), &told);
            }
            Some(BatchSource::Scan(mut scan)) => {
                self.wish_for_text(&scan);
                let told = scan.take_told();
                self.keep_levels(scan.source(), &told);
            }
            _ => {}
        }
    }

    /// Gives a batch's buffer back, to be used for a later one.
    pub fn recycle(&mut self, batch: Batch) {
        if let Some(feed) = &mut self.feed {
            feed.recycle(batch);
        }
    }
}
