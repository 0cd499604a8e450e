//! A query: a regex and a range of time over a file, answered in batches of lines, in file order.
//!
//! This is where the parts meet: a scan or a follow brings blocks with the lines that the pattern picked, the timing
//! keeps those in the range, and the caller's judge decides on what the engine cannot decide alone.

use std::collections::VecDeque;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::SystemTime;

use crate::block::{Block, Extent, cut_back};
use crate::caller::Caller;
use crate::error::{Error, Result};
use crate::follow::{self, Fates, Follow};
use crate::pattern::Pattern;
use crate::scan::{Batch, Job, Purpose, Scan, Tally};
use crate::source::Source;
use crate::timing::{self, Sureness, Timing};
use crate::watch::Bell;

/// What is asked of a file.
#[derive(Clone, Debug)]
pub struct Question {
    /// The file's name.
    pub path: PathBuf,
    /// Which lines; all if `None`.
    pub pattern: Option<Arc<Pattern>>,
    /// Only the last so many of the lines that are there at the start.
    pub last: Option<usize>,
    /// Whether to go on with what is written later.
    pub follow: bool,
    /// Whether a follow shows unfinished lines.
    pub partial: bool,
    /// When a follow ends, by the wall clock.
    pub deadline: Option<SystemTime>,
    /// How many threads read and search.
    pub workers: usize,
    /// Ends the wait of a follow early when rung.
    pub bell: Arc<Bell>,
    /// What is asked about time.
    pub time: Option<timing::Terms>,
    /// What to do with a file in which no line has a time, when a range of time is asked for.
    pub timeless: Timeless,
}

/// What becomes of a range of time over a file without any.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Timeless {
    /// An error.
    Refuse,
    /// Every line is delivered, and the caller is told.
    Deliver,
}

/// A query under way. The file is touched first when the first batch is asked for.
pub struct Query {
    question: Question,
    counting: bool,
    /// The lines go out as bytes.
    raw: bool,
    feed: Option<Feed>,
    /// Lines of the next batches that come before the last so many.
    skip: u64,
    tally: Tally,
    timing: Option<Timing>,
}

/// Where the batches come from.
enum Feed {
    Scan(Scan),
    Follow(Box<Follow>),
}

impl Query {
    /// Puts `question`, for the lines' text.
    pub fn new(question: Question) -> Self {
        Self {
            question,
            counting: false,
            raw: false,
            feed: None,
            skip: 0,
            tally: Tally::default(),
            timing: None,
        }
    }

    /// Puts `question`, for the lines' bytes: nobody has to know whether they are text.
    pub fn raw(question: Question) -> Self {
        Self { raw: true, ..Self::new(question) }
    }

    /// How many lines `question` selects. It must not ask to follow.
    pub fn count(question: Question, caller: &mut dyn Caller) -> Result<u64> {
        let mut query = Self { counting: true, ..Self::new(question) };
        let mut count = 0;
        while let Some(batch) = query.next(caller)? {
            count += batch.len();
            query.recycle(batch);
        }
        Ok(count + query.tally().counted)
    }

    /// The next batch that has lines, or `None` at the end.
    ///
    /// # Errors
    /// What the system says of the file, `Error::Truncated` if it was cut while a plain read was under way, and what
    /// the caller's own methods return.
    pub fn next(&mut self, caller: &mut dyn Caller) -> Result<Option<Batch>> {
        if self.feed.is_none() {
            self.feed = Some(self.begin(caller)?);
        }
        loop {
            let batch = match &mut self.feed {
                Some(Feed::Scan(scan)) => scan.next(&mut || caller.pulse())?,
                Some(Feed::Follow(follow)) => follow.next(caller)?,
                None => None,
            };
            let Some(mut batch) = batch else { return Ok(None) };
            if let Some(timing) = &mut self.timing {
                timing.sift(&mut batch);
            }
            batch.judge(caller)?;
            if self.skip > 0 {
                self.skip -= batch.drop_first(self.skip);
            }
            if batch.is_empty() {
                self.recycle(batch);
                continue;
            }
            if let Some(timing) = &mut self.timing {
                timing.deliver(&batch);
            }
            return Ok(Some(batch));
        }
    }

    /// Lets go of the file and of the threads; what was read stays told.
    pub fn finish(&mut self) {
        self.tally = self.tally();
        self.feed = None;
    }

    /// Gives a batch's buffer back, to be used for a later one.
    pub fn recycle(&mut self, batch: Batch) {
        match &mut self.feed {
            Some(Feed::Scan(scan)) => scan.recycle(batch),
            Some(Feed::Follow(follow)) => follow.recycle(batch),
            None => {}
        }
    }

    /// What was read so far.
    pub fn tally(&self) -> Tally {
        let mut tally = self.tally;
        match &self.feed {
            Some(Feed::Scan(scan)) => tally.add(scan.tally()),
            Some(Feed::Follow(follow)) => tally.add(follow.tally()),
            None => {}
        }
        tally
    }

    /// What befell the file while it was followed.
    pub fn fates(&self) -> Fates {
        match &self.feed {
            Some(Feed::Follow(follow)) => follow.fates(),
            _ => Fates::default(),
        }
    }

    /// What is known of the times of the delivered lines.
    pub fn sureness(&self) -> Sureness {
        self.timing.as_ref().map(Timing::sureness).unwrap_or_default()
    }

    /// Opens the file and finds where to begin.
    fn begin(&mut self, caller: &mut dyn Caller) -> Result<Feed> {
        let source = match Source::open(&self.question.path) {
            Ok(source) => Arc::new(source),
            // A follow waits for its file; what comes then is live from the first line.
            Err(error) if self.question.follow && error.is_not_found() => {
                self.timing = self.question.time.clone().map(Timing::live);
                return Ok(Feed::Follow(Box::new(Follow::new(self.terms(), None)?)));
            }
            Err(error) => return Err(error),
        };
        let whole = Extent { start: 0, end: source.size()? };
        if let Some(terms) = self.question.time.clone() {
            let live = self.question.follow;
            let timing = Timing::prepare(terms, &source, whole, live, &mut || caller.pulse())?;
            self.accept(&timing, caller)?;
            self.timing = Some(timing);
        }
        // A follow delivers the unfinished line once it is whole, so it is not one of the last lines now.
        let end = if self.question.follow { whole_end(&source, whole.end)? } else { whole.end };
        let start = match self.question.last {
            None => 0,
            Some(last) if self.timing.is_some() => self.last_by_time(&source, end, last as u64, caller)?,
            Some(last) => self.last_from_end(&source, end, last as u64, caller)?,
        };
        if self.question.follow {
            return Ok(Feed::Follow(Box::new(Follow::new(self.terms(), Some((source, start)))?)));
        }
        Ok(Feed::Scan(Scan::new(self.job(source), Extent { start, end }, self.question.workers)))
    }

    /// Refuses a range of time over a file without any, or tells the caller that it means nothing.
    fn accept(&self, timing: &Timing, caller: &mut dyn Caller) -> Result<()> {
        let asks_range = self.question.time.as_ref().is_some_and(|t| !t.window.is_open());
        if !timing.is_timeless() || self.question.follow || !asks_range {
            return Ok(());
        }
        let path = self.question.path.display();
        match self.question.timeless {
            Timeless::Refuse => Err(Error::Value(format!(
                "{path}: no line has a time that is understood, so since and until select nothing; \
                 leave them out, or pass strict=False for every line"
            ))),
            Timeless::Deliver => caller
                .note(&format!("{path}: no line has a time that is understood; since and until are ignored")),
        }
    }

    /// Where to begin for the last `last` lines, and how many to skip from there: found from the end backwards.
    fn last_from_end(
        &mut self,
        source: &Arc<Source>,
        end: u64,
        last: u64,
        caller: &mut dyn Caller,
    ) -> Result<u64> {
        let (job, mut found, mut block, mut end) = (self.job(Arc::clone(source)), 0, Block::default(), end);
        while end > 0 && found < last {
            caller.pulse()?;
            let (extent, before) = cut_back(source, end)?;
            block.read(source, extent)?;
            source.insist(extent.end)?;
            self.tally.bytes_read += extent.len();
            let mut batch = job.look(std::mem::take(&mut block));
            batch.judge(caller)?;
            found += batch.len();
            (block, end) = (batch.block, before);
        }
        self.skip = found.saturating_sub(last);
        Ok(end)
    }

    /// The same for lines in a range of time: a line's time depends on the lines before it, so all are looked at, and
    /// the state is kept for as many blocks as hold the last lines.
    fn last_by_time(
        &mut self,
        source: &Arc<Source>,
        end: u64,
        last: u64,
        caller: &mut dyn Caller,
    ) -> Result<u64> {
        let Some(mut timing) = self.timing.take() else { return Ok(0) };
        let job = Job { purpose: Purpose::EveryBlock, ..self.job(Arc::clone(source)) };
        let mut scan = Scan::new(job, Extent { start: 0, end }, self.question.workers);
        let (mut kept, mut found) = (VecDeque::new(), 0);
        while let Some(mut batch) = scan.next(&mut || caller.pulse())? {
            let before = timing.clone();
            timing.sift(&mut batch);
            batch.judge(caller)?;
            if !batch.is_empty() {
                found += batch.len();
                kept.push_back((batch.block.file_offset(0), before, batch.len()));
            }
            while kept.front().is_some_and(|first| found - first.2 >= last) {
                found -= kept.pop_front().map_or(0, |first| first.2);
            }
            scan.recycle(batch);
        }
        self.tally.add(scan.tally());
        let (start, timing, _) = kept.pop_front().unwrap_or((end, timing, 0));
        self.timing = Some(timing);
        self.skip = found.saturating_sub(last);
        Ok(start)
    }

    fn purpose(&self) -> Purpose {
        match (&self.question.time, self.counting) {
            (Some(_), _) => Purpose::EveryBlock,
            (None, true) => Purpose::Count,
            (None, false) if self.raw => Purpose::Bytes,
            (None, false) => Purpose::Text,
        }
    }

    fn job(&self, source: Arc<Source>) -> Job {
        Job { source, pattern: self.question.pattern.clone(), purpose: self.purpose() }
    }

    fn terms(&self) -> follow::Terms {
        follow::Terms {
            path: self.question.path.clone(),
            pattern: self.question.pattern.clone(),
            purpose: self.purpose(),
            partial: self.question.partial,
            deadline: self.question.deadline,
            workers: self.question.workers,
            bell: Arc::clone(&self.question.bell),
        }
    }
}

/// Where the whole lines of a file of `size` bytes end.
fn whole_end(source: &Source, size: u64) -> Result<u64> {
    if size == 0 {
        return Ok(0);
    }
    let mut last = [0];
    source.read(size - 1, &mut last)?;
    if last[0] == b'\n' {
        return Ok(size);
    }
    let mut place = crate::place::Place::new(source, 0)?;
    Ok(place.whole_lines(source, size)?.map_or(0, |extent| extent.end))
}
