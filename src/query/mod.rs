//! A query: a regex and a range of time over a file, answered in batches of lines, in file order.
//!
//! This is where the parts meet: a scan or a follow brings blocks with the lines that the pattern picked, the timing
//! keeps those in the range, and the caller's judge decides on what the engine cannot decide alone.

mod begin;
pub mod behind;
#[cfg(test)]
mod proof;
#[cfg(test)]
mod rewritten;
pub(crate) mod seek;
mod span;

use std::fs::Metadata;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::SystemTime;

use crate::batch::{Batch, LineTime};
use crate::caller::Caller;
use crate::cursor::Tier;
use crate::error::{Error, Result};
use crate::file::block::{BLOCK, Extent, Tail};
use crate::file::source::Source;
use crate::follow::{FileEvents, Follow, Turn};
use crate::index::{Keep, LevelIndex, text};
use crate::level::{LazyLevels, Set, Unsettled};
use crate::pattern::Pattern;
use crate::query::seek::Seek;
use crate::scan::Sieve;
use crate::scan::{Counters, Scan};
use crate::stamp::How;
use crate::system::watch::Wakeup;
use crate::timing::{self, Sureness, Timing};

/// What is asked of a file.
#[derive(Clone, Debug)]
pub struct Question {
    /// The file's name.
    pub path: PathBuf,
    /// What errors call it.
    pub name: PathBuf,
    /// Which lines; all if `None`.
    pub pattern: Option<Arc<Pattern>>,
    /// What is asked of lines besides that.
    pub sieve: Option<Arc<Sieve>>,
    /// Only the last so many of the lines that are there at the start.
    pub last: Option<usize>,
    /// Only lines that begin here or later, in bytes: a line start. Not with `last`.
    pub after: u64,
    /// Only lines that begin before this, in bytes: a line start, or more than there are.
    pub before: u64,
    /// The file is read as if it had no more than so many bytes.
    pub size: u64,
    /// The file in which that is, if its name has gone to another one: what is there comes first.
    pub begun: Option<PathBuf>,
    /// Of the lines there, those that were handed out before; for a merge.
    pub tiers: Vec<Tier>,
    /// Whether to go on with what is written later.
    pub follow: bool,
    /// Whether a follow shows unfinished lines.
    pub partial: bool,
    /// When a follow ends, by the wall clock.
    pub deadline: Option<SystemTime>,
    /// How many threads read and search.
    pub workers: usize,
    /// Ends the wait of a follow early when rung.
    pub wakeup: Arc<Wakeup>,
    /// What is asked about time.
    pub time: Option<timing::TimeTerms>,
    /// Whether the level of any line may be asked for later; only where the time of each is wanted.
    pub levels: bool,
    /// Where the indexes of the file are kept.
    pub keep: Keep,
    /// What to do with a file in which no line has a time, when a range of time is asked for.
    pub timeless: Timeless,
}

#[cfg(test)]
impl Question {
    /// Every line of `path` is asked for, in the thread of the caller, without times.
    pub fn about(path: &std::path::Path) -> Self {
        Self {
            path: path.to_path_buf(),
            name: path.to_path_buf(),
            pattern: None,
            sieve: None,
            last: None,
            after: 0,
            before: u64::MAX,
            size: u64::MAX,
            begun: None,
            tiers: Vec::new(),
            follow: false,
            partial: false,
            deadline: None,
            workers: 0,
            wakeup: Arc::default(),
            time: None,
            levels: false,
            keep: Keep::Nowhere,
            timeless: Timeless::Deliver,
        }
    }
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
    feed: Option<Feed>,
    /// A batch on which the judge was interrupted.
    unjudged: Option<Batch>,
    /// The file, while a follow reads what is before that by the index of text.
    backfill: Option<Arc<Source>>,
    /// What is known of the levels of a long log, where they are asked.
    telling: Option<Telling>,
    /// How far the backfill of a follow came, and to what size the file was cut then.
    cut: Option<(Tail, u64)>,
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
    /// Where a follow begins, if what is before was read elsewhere.
    from: Option<u64>,
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
struct Telling {
    /// The file as it was before it was read.
    seen: Metadata,
    /// What was told before.
    known: Option<LevelIndex>,
}

/// Where the batches come from.
enum Feed {
    Scan(Box<Scan>),
    Seek(Box<Seek>),
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
            unjudged: None,
            backfill: None,
            telling: None,
            cut: None,
            ended: false,
            held: 0,
            skip: 0,
            counters: Counters::default(),
            timing: None,
            notes: None,
            bound: None,
            from: None,
            tail: Tail::default(),
            end: 0,
            leaves: false,
            left: None,
        }
    }

    /// Puts `question` about one of several logs that are read together: nothing past `bound` for now, and somebody else
    /// says when a follow ends. `from`: where a follow begins, if what is before was read elsewhere.
    pub fn led(question: Question, bound: u64, from: Option<u64>) -> Self {
        Self { bound: Some(bound), from, ..Self::new(question) }
    }

    /// Reads no further than `size` bytes for now, as if the file had no more.
    pub fn read_to(&mut self, size: u64) {
        self.bound = Some(size);
        if let Some(follow) = self.follow() {
            follow.read_to(size);
        }
    }

    /// The file from which the last batch came, as long as something may come.
    pub fn source(&self) -> Option<&Arc<Source>> {
        match self.feed.as_ref()? {
            Feed::Scan(scan) => Some(scan.source()),
            Feed::Seek(seek) => Some(seek.source()),
            Feed::Follow(follow) => follow.source(),
        }
    }

    /// Up to where its lines were looked at once nothing more comes, in bytes.
    pub fn end_of_file(&self) -> u64 {
        match &self.feed {
            Some(Feed::Follow(follow)) => follow.at(),
            _ => self.end,
        }
    }

    /// What it was asked.
    pub fn question(&self) -> &Question {
        &self.question
    }

    /// The follow, once the query has come to what is written later.
    pub fn follow(&mut self) -> Option<&mut Follow> {
        match &mut self.feed {
            Some(Feed::Follow(follow)) => Some(follow),
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
                    if let Some(Feed::Follow(follow)) = &mut self.feed {
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
        let all = timing.elected().is_told() || batch.block.text().is_none();
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
            Some(Feed::Follow(follow)) => follow.end(),
            _ => Ok(()),
        }
    }

    /// Whether what is followed must be looked at again and again, since nothing rings when it changes.
    pub fn is_blind(&self) -> bool {
        matches!(&self.feed, Some(Feed::Follow(follow)) if follow.is_blind())
    }

    /// Where blocks begin that are still to come, and the earliest moment from there on; in file order. This waits for
    /// the index, since the last block may have the earliest.
    pub fn floors(&mut self, caller: &mut dyn Caller) -> Result<Vec<(u64, i64)>> {
        let (Some(Feed::Seek(seek)), Some(timing)) = (&mut self.feed, &mut self.timing) else {
            return Ok(Vec::new());
        };
        seek.extend_to_end(&mut || caller.pulse())?;
        Ok(seek.floors(timing))
    }

    /// What the feed has, with only the lines that lie in the range.
    fn feed(&mut self, caller: &mut dyn Caller) -> Result<Turn> {
        let over = |batch: Option<Batch>| batch.map_or(Turn::Over, Turn::Batch);
        match (&mut self.feed, &mut self.timing) {
            (Some(Feed::Scan(scan)), _) => match scan.next(&mut || caller.pulse()) {
                // A follow goes on with what is new. What the scan left out it does not know.
                Err(Error::Truncated { size, .. }) if self.question.follow => {
                    self.cut = Some((Tail::unknown(scan.reached()), size));
                    Ok(Turn::Over)
                }
                next => next.map(over),
            },
            (Some(Feed::Seek(seek)), Some(timing)) => match seek.next(timing, &mut || caller.pulse()) {
                Err(Error::Truncated { size, .. }) if self.question.follow => {
                    self.cut = Some((seek.tail(&self.tail), size));
                    Ok(Turn::Over)
                }
                next => next.map(|batch| {
                    self.left = seek.left();
                    over(batch.map(|mut batch| {
                        batch.drop_outside(self.question.after, self.question.before);
                        batch
                    }))
                }),
            },
            (Some(Feed::Follow(follow)), timing) => {
                let mut turn = follow.poll(caller)?;
                if let (Turn::Batch(batch), Some(timing)) = (&mut turn, timing) {
                    timing.sift_live(batch);
                }
                Ok(turn)
            }
            _ => Ok(Turn::Over),
        }
    }

    /// Goes on to what is written after the backfill of a follow; false where nothing comes after.
    fn go_live(&mut self, caller: &mut dyn Caller) -> Result<bool> {
        if let (Some(Feed::Scan(scan)), Some(source)) = (&self.feed, self.backfill.take()) {
            self.counters.add(scan.counters());
            return self.go_on(source, caller);
        }
        let (Some(Feed::Seek(seek)), Some(timing)) = (&self.feed, &mut self.timing) else {
            return Ok(false);
        };
        let index = seek.index();
        if self.notes.is_none() {
            self.notes = Some(timing.notes(index, seek.source())?);
        }
        if !self.question.follow {
            return Ok(false);
        }
        timing.go_live(index, seek.source())?;
        let source = Arc::clone(seek.source());
        self.counters.add(seek.counters());
        self.go_on(source, caller)
    }

    /// Follows the file from behind its backfill on, or from where that was cut short.
    fn go_on(&mut self, source: Arc<Source>, caller: &mut dyn Caller) -> Result<bool> {
        let cut = self.cut.take();
        let tail = cut.as_ref().map_or(&self.tail, |(reached, _)| reached).clone();
        let mut follow = self.live(Some((source, tail)))?;
        if let Some((reached, size)) = cut {
            follow.cut(&reached, size, &mut || caller.pulse())?;
        }
        self.feed = Some(Feed::Follow(Box::new(follow)));
        if self.ended {
            self.end()?;
        }
        Ok(true)
    }

    /// Lets go of the file and of the threads; what was read stays told.
    pub fn finish(&mut self) {
        self.counters = self.counters();
        // What of an index was built is kept with it.
        match self.feed.take() {
            Some(Feed::Seek(mut seek)) => {
                let told = seek.take_told();
                self.keep_levels(seek.source(), &told);
            }
            Some(Feed::Scan(mut scan)) => {
                self.wish_for_text(&scan);
                let told = scan.take_told();
                self.keep_levels(scan.source(), &told);
            }
            _ => {}
        }
    }

    /// Keeps the levels of a long log of which all lines were told.
    fn keep_levels(&mut self, source: &Source, told: &[(Extent, Set)]) {
        let Some(Telling { seen, known }) = self.telling.take() else { return };
        let Some(sieve) = &self.question.sieve else { return };
        if let Some(index) = LevelIndex::of(source, &seen, known, told, self.end, &sieve.elected) {
            index.publish(&self.question.keep, source);
        }
    }

    /// Where a long log was read to its end for few lines, that is noted for the sake of later questions.
    fn wish_for_text(&self, scan: &Scan) {
        let Some(pattern) = self.question.pattern.as_ref().filter(|_| scan.is_over()) else { return };
        // Lines that were counted stand in as many blocks at most.
        let held = (self.held + self.counters.counted).saturating_mul(BLOCK as u64);
        if self.counters.skipped_by_text == 0 && text::would_pay(pattern, self.counters.bytes_read, held) {
            text::wish(&self.question.keep, scan.source());
        }
    }

    /// Gives a batch's buffer back, to be used for a later one.
    pub fn recycle(&mut self, batch: Batch) {
        match &mut self.feed {
            Some(Feed::Scan(scan)) => scan.recycle(batch),
            Some(Feed::Seek(seek)) => seek.recycle(batch),
            Some(Feed::Follow(follow)) => follow.recycle(batch),
            None => {}
        }
    }

    /// What was read so far.
    pub fn counters(&self) -> Counters {
        let mut counters = self.counters;
        match &self.feed {
            Some(Feed::Scan(scan)) => counters.add(scan.counters()),
            Some(Feed::Seek(seek)) => counters.add(seek.counters()),
            Some(Feed::Follow(follow)) => counters.add(follow.counters()),
            None => {}
        }
        counters
    }

    /// What befell the file while it was followed.
    pub fn events(&self) -> FileEvents {
        match &self.feed {
            Some(Feed::Follow(follow)) => follow.events(),
            _ => FileEvents::default(),
        }
    }

    /// What a person should know about the times.
    pub fn notes(&self) -> &[String] {
        self.notes.as_deref().unwrap_or_default()
    }

    /// What is known of the times of the delivered lines.
    pub fn sureness(&self) -> Sureness {
        self.timing.as_ref().map(Timing::sureness).unwrap_or_default()
    }
}
