//! A query: a regex and a range of time over a file, answered in batches of lines, in file order.
//!
//! This is where the parts meet: a scan or a follow brings blocks with the lines that the pattern picked, the timing
//! keeps those in the range, and the caller's judge decides on what the engine cannot decide alone.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::SystemTime;

use crate::batch::Batch;
use crate::block::{Block, Extent, cut_back, whole_end};
use crate::caller::Caller;
use crate::error::{Error, Result};
use crate::follow::{self, Fates, Follow, Turn};
use crate::index::{Index, Options};
use crate::pattern::Pattern;
use crate::scan::{Job, Purpose, Scan, Tally};
use crate::seek::Seek;
use crate::source::Source;
use crate::stamp::{Span, Window};
use crate::timing::{self, Sureness, Timing};
use crate::watch::Bell;

/// What is asked of a file.
#[derive(Clone, Debug)]
pub struct Question {
    /// The file's name.
    pub path: PathBuf,
    /// What errors call it.
    pub name: PathBuf,
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
    /// A batch on which the judge was interrupted.
    unjudged: Option<Batch>,
    /// How far the backfill of a follow came, and to what size the file was cut then.
    cut: Option<(u64, u64)>,
    /// Nobody writes to the file any more.
    ended: bool,
    /// Lines of the next batches that come before the last so many.
    skip: u64,
    tally: Tally,
    timing: Option<Timing>,
    /// What a person should know about the times; `None` until the end of the file has been seen.
    notes: Option<Vec<String>>,
    /// How far somebody else lets it read, who also says when a follow ends.
    bound: Option<u64>,
    /// Where a follow begins, if what is before was read elsewhere.
    from: Option<u64>,
}

/// Where the batches come from.
enum Feed {
    Scan(Scan),
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
            cut: None,
            ended: false,
            skip: 0,
            tally: Tally::default(),
            timing: None,
            notes: None,
            bound: None,
            from: None,
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
        Ok(count + query.tally().counted)
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
                    Turn::Over if self.go_live()? => continue,
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
            if let Some(timing) = &mut self.timing {
                timing.deliver(&batch);
            }
            return Ok(Turn::Batch(batch));
        }
    }

    /// Opens the file, if that has not been done.
    pub fn start(&mut self, caller: &mut dyn Caller) -> Result<()> {
        while self.feed.is_none() {
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
            (Some(Feed::Scan(scan)), _) => scan.next(&mut || caller.pulse()).map(over),
            (Some(Feed::Seek(seek)), Some(timing)) => {
                match seek.next(timing, &mut || caller.pulse()) {
                    // A follow goes on with what is new.
                    Err(Error::Truncated { size, .. }) if self.question.follow => {
                        self.cut = Some((seek.reached(), size));
                        Ok(Turn::Over)
                    }
                    next => next.map(over),
                }
            }
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
    fn go_live(&mut self) -> Result<bool> {
        let (Some(Feed::Seek(seek)), Some(timing)) = (&self.feed, &mut self.timing) else {
            return Ok(false);
        };
        let index = seek.index();
        if self.notes.is_none() {
            self.notes = Some(timing.doubt(index, seek.source())?.into_iter().collect());
        }
        if !self.question.follow {
            return Ok(false);
        }
        timing.go_live(index, seek.source())?;
        let source = Arc::clone(seek.source());
        self.tally.add(seek.tally());
        let begin = self.cut.map_or(index.size(), |(reached, _)| reached);
        let mut follow = self.live(Some((source, begin)))?;
        if let Some((reached, size)) = self.cut.take() {
            follow.cut(reached, size)?;
        }
        self.feed = Some(Feed::Follow(Box::new(follow)));
        if self.ended {
            self.end()?;
        }
        Ok(true)
    }

    /// Lets go of the file and of the threads; what was read stays told.
    pub fn finish(&mut self) {
        self.tally = self.tally();
        if let Some(Feed::Seek(mut seek)) = self.feed.take() {
            seek.keep_index();
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
    pub fn tally(&self) -> Tally {
        let mut tally = self.tally;
        match &self.feed {
            Some(Feed::Scan(scan)) => tally.add(scan.tally()),
            Some(Feed::Seek(seek)) => tally.add(seek.tally()),
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

    /// What a person should know about the times.
    pub fn notes(&self) -> &[String] {
        self.notes.as_deref().unwrap_or_default()
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
                let timing = self.question.time.clone().map(Timing::live);
                self.timing = timing.map(|timing| timing.listening(&self.question.path));
                return Ok(Feed::Follow(Box::new(self.live(None)?)));
            }
            Err(error) => return Err(error),
        };
        if let Some(from) = self.from {
            return Ok(Feed::Follow(Box::new(self.live(Some((source, from)))?)));
        }
        // A follow delivers the unfinished line once it is whole, so it is not one of the lines that are there now.
        let size = source.size()?.min(self.bound.unwrap_or(u64::MAX));
        let there = Extent { start: 0, end: size };
        let end = if self.question.follow { whole_end(&source, there)? } else { size };
        if let Some(terms) = self.question.time.clone() {
            return self.seek(terms, &source, end, caller);
        }
        let start = match self.question.last {
            None => 0,
            Some(last) => self.last_from_end(&source, end, last as u64, caller)?,
        };
        if self.question.follow {
            return Ok(Feed::Follow(Box::new(self.live(Some((source, start)))?)));
        }
        Ok(Feed::Scan(Scan::new(self.job(source), Extent { start, end }, self.question.workers)))
    }

    /// What is written from now on, or from a place in the file on.
    fn live(&self, begun: Option<(Arc<Source>, u64)>) -> Result<Follow> {
        let mut follow = Follow::new(self.terms(), begun)?;
        if let Some(bound) = self.bound {
            follow.read_to(bound);
            follow.lead(true);
        }
        Ok(follow)
    }

    /// Asks the index which blocks of the file are needed.
    fn seek(
        &mut self,
        terms: timing::Terms,
        source: &Arc<Source>,
        end: u64,
        caller: &mut dyn Caller,
    ) -> Result<Feed> {
        let options = Options { threads: self.question.workers, ..Options::new(terms.keep.clone()) };
        let times = terms.times;
        let mut index = Index::begin(source, end, options)?;
        // What the caller says of the end, and lines counted from there, wait for it; so do stamps without a year.
        let waits = self.question.last.is_some() || terms.reference.is_some();
        index.grow_until(&|index| !waits && index.is_anchored(), &mut || caller.pulse())?;
        let mut timing = Timing::of(terms.clone(), &index, source)?;
        timing.listen(&self.question.path, &index);
        if timing.listens() && index.is_growing() {
            // Which lines have no stamp, and what comes before them, is known at the end.
            index.complete(&mut || caller.pulse())?;
            timing = Timing::of(terms, &index, source)?;
            timing.listen(&self.question.path, &index);
        }
        if self.question.follow {
            timing.set_live();
        }
        if !self.accept(&timing, caller)? {
            timing.ignore_window();
        }
        let pieces = timing.plan(&mut index, source, &mut || caller.pulse())?;
        let looked_at = pieces.iter().filter(|piece| piece.entry.extent.start < index.built_from());
        let looked_at: u64 = looked_at.map(|piece| piece.entry.extent.len()).sum();
        self.tally.bytes_skipped += index.built_from().saturating_sub(looked_at);
        let filter = timing.filter(&index);
        let job = self.job(Arc::clone(source));
        let mut seek = Seek::new(job, self.question.workers, index, filter, pieces, times);
        if let Some(last) = self.question.last {
            self.skip = seek.keep_last(last as u64, &mut timing, caller)?;
        }
        if !seek.index().is_growing() {
            self.notes = Some(timing.doubt(seek.index(), source)?.into_iter().collect());
        }
        self.timing = Some(timing);
        Ok(Feed::Seek(Box::new(seek)))
    }

    /// The first and the last time of the file, as the moments at which they begin, in nanoseconds since 1970 UTC; `None`
    /// where it has none.
    pub fn span(path: &Path, terms: timing::Terms, caller: &mut dyn Caller) -> Result<Option<Span>> {
        let source = Arc::new(Source::open(path)?);
        let options = Options::new(terms.keep.clone());
        let mut index = Index::of(&source, source.size()?, options, &mut || caller.pulse())?;
        let mut timing = Timing::of(terms.clone(), &index, &source)?;
        timing.listen(path, &index);
        let (stamps, listens) = (timing.span(&index), timing.listens());
        if stamps.is_none() && !listens {
            return Ok(None);
        }
        // The index knows where the last stamp's second or millisecond ends; its lines say where that begins. Where the
        // caller's reference moves years, all lines are asked; and lines without a stamp may have come later.
        let shifted = timing.is_shifted();
        let since = stamps.filter(|_| !shifted).map(|span| span.hi);
        let window = Window { since, until: since.filter(|_| !listens) };
        let mut timing = Timing::of(timing::Terms { window, times: true, ..terms }, &index, &source)?;
        timing.listen(path, &index);
        let pieces = timing.plan(&mut index, &source, &mut || caller.pulse())?;
        let (job, filter) =
            (Job { source, pattern: None, purpose: Purpose::EveryBlock }, timing.filter(&index));
        let (mut seek, mut first, mut last) =
            (Seek::new(job, 0, index, filter, pieces, true), i64::MAX, None);
        while let Some(batch) = seek.next(&mut timing, &mut || caller.pulse())? {
            for lo in batch.times.iter().filter_map(|time| Some(time.span?.lo)) {
                first = first.min(lo);
                last = last.max(Some(lo));
            }
            seek.recycle(batch);
        }
        let lo = stamps.filter(|_| !shifted).map_or(first, |span| span.lo);
        let hi = last.or(stamps.map(|span| span.hi));
        Ok(hi.map(|hi| Span { lo, hi }))
    }

    /// Whether the range of time means something. A file without any time is refused, or the caller is told.
    fn accept(&self, timing: &Timing, caller: &mut dyn Caller) -> Result<bool> {
        let asks_range = self.question.time.as_ref().is_some_and(|t| !t.window.is_open());
        if !timing.is_timeless() || self.question.follow || !asks_range {
            return Ok(true);
        }
        let path = self.question.name.display();
        match self.question.timeless {
            Timeless::Refuse => Err(Error::Value(format!(
                "{path}: no line has a time that is understood, so since and until select nothing; \
                 leave them out, or pass strict=False for every line"
            ))),
            Timeless::Deliver => {
                let told = "no line has a time that is understood; since and until are ignored";
                caller.note(&format!("{path}: {told}")).map(|()| false)
            }
        }
    }

    /// Where the last `last` lines begin, found from the end backwards.
    fn last_from_end(
        &mut self,
        source: &Arc<Source>,
        end: u64,
        last: u64,
        caller: &mut dyn Caller,
    ) -> Result<u64> {
        let (job, mut found, mut block, mut end) = (self.job(Arc::clone(source)), 0, Block::default(), end);
        while end > 0 {
            caller.pulse()?;
            let (extent, before) = cut_back(source, end)?;
            block.read(source, extent)?;
            source.insist(extent.end)?;
            self.tally.bytes_read += extent.len();
            let mut batch = job.look(std::mem::take(&mut block));
            batch.judge(caller)?;
            found += batch.len();
            if found >= last {
                return Ok(batch.offset_of(found - last));
            }
            (block, end) = (batch.block, before);
        }
        Ok(0)
    }

    fn purpose(&self) -> Purpose {
        match (self.counting, self.raw) {
            (true, _) => Purpose::Count,
            (false, true) => Purpose::Bytes,
            (false, false) => Purpose::Text,
        }
    }

    fn job(&self, source: Arc<Source>) -> Job {
        Job { source, pattern: self.question.pattern.clone(), purpose: self.purpose() }
    }

    fn terms(&self) -> follow::Terms {
        follow::Terms {
            path: self.question.path.clone(),
            pattern: self.question.pattern.clone(),
            // Timed, every line must be seen.
            purpose: if self.question.time.is_some() { Purpose::EveryBlock } else { self.purpose() },
            partial: self.question.partial,
            deadline: self.question.deadline,
            workers: self.question.workers,
            bell: Arc::clone(&self.question.bell),
        }
    }
}
