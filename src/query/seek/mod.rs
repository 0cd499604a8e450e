//! A seek: the blocks that an index says a range of time needs, in order.
//!
//! Neighbouring blocks make one run, which is scanned like any range of the file. Where all lines of a run are asked
//! for, and nobody wants their times, they need not be timed at all. Of an index that is still being built, the seek
//! takes the blocks as they are summed up, so that an answer begins before the end of the file has been seen.

mod last;

use std::collections::VecDeque;
use std::sync::Arc;

use crate::batch::Batch;
use crate::error::{Error, Result};
use crate::file::block::{Block, Extent, Tail};
use crate::index::text::Places;
use crate::index::{Asked, Entry, Filter, Index, Piece, Progress};
use crate::level::Set;
use crate::scan::{Counters, Job, Purpose, Scan};
use crate::timing::Timing;

/// Blocks that lie one behind the other, of which the same is asked.
struct Neighbours {
    entries: VecDeque<Entry>,
    /// Whether each line must be timed.
    each: bool,
}

impl Neighbours {
    fn extent(&self) -> Extent {
        let start = self.entries.front().map_or(0, |entry| entry.extent.start);
        let end = self.entries.back().map_or(start, |entry| entry.extent.end);
        Extent { start, end }
    }
}

/// How many blocks are taken at most from an index that is being built, before they are scanned.
const AHEAD: usize = 64;

/// A seek under way: runs of neighbours, of which one is scanned at a time, and the index that may bring more of them.
///
/// The consumer brings the timing to each call, for it goes on with it when the seek is over and a follow begins.
pub struct Seek {
    job: Job,
    workers: usize,
    runs: VecDeque<Neighbours>,
    scan: Option<Scan>,
    counters: Counters,
    /// The last bytes of what the scans before that one read.
    read: Tail,
    index: Index,
    /// What is asked of blocks that the index has still to sum up.
    filter: Filter,
    /// Where lines may be that the pattern selects, if the index of text says that.
    places: Option<Places>,
    /// Where the lines are that are asked for.
    within: Extent,
    /// Whether every line is timed.
    times: bool,
    /// Whether blocks are left to be timed by whoever takes them, where that can be.
    leaves: bool,
    /// What times the last batch, if that was left.
    left: Option<Box<Timing>>,
    /// How many blocks to take next from the index: one at first, so that the first line does not wait for more.
    ahead: usize,
    /// What ends the building, after all that was built before.
    failed: Option<Error>,
    told: Vec<(Extent, Set)>,
}

impl Seek {
    /// Will bring the blocks of `pieces`, and of what `index` has still to sum up those that `filter` asks for; where
    /// `times` are wanted, every line of them is timed.
    pub fn new(
        job: Job,
        workers: usize,
        index: Index,
        filter: Filter,
        pieces: Vec<Piece>,
        times: bool,
    ) -> Self {
        let mut seek = Self {
            job,
            workers,
            runs: VecDeque::new(),
            scan: None,
            counters: Counters::default(),
            read: Tail::default(),
            index,
            filter,
            places: None,
            within: Extent::WHOLE,
            times,
            leaves: false,
            left: None,
            ahead: 1,
            failed: None,
            told: Vec::new(),
        };
        for piece in pieces {
            seek.push(piece);
        }
        seek
    }

    /// Leaves out of what the index has still to sum up the blocks in which the pattern selects no line.
    #[must_use]
    pub fn only_in(self, places: Option<Places>) -> Self {
        Self { places, ..self }
    }

    /// Leaves out of what the index has still to sum up the blocks without a line that begins in `within`.
    #[must_use]
    pub fn only_within(self, within: Extent) -> Self {
        Self { within, ..self }
    }

    /// Leaves blocks to be timed by whoever takes them, where that can be: see [`Seek::left`].
    #[must_use]
    pub fn leaving_times(self, leaves: bool) -> Self {
        Self { leaves, ..self }
    }

    /// What times the lines of the last batch, if they were not timed; once.
    pub fn left(&mut self) -> Option<Box<Timing>> {
        self.left.take()
    }

    fn push(&mut self, Piece { entry, asked }: Piece) {
        let each = self.times || asked != Asked::All;
        match self.runs.back_mut() {
            Some(run) if run.each == each && run.extent().end == entry.extent.start => {
                run.entries.push_back(entry);
            }
            _ => self.runs.push_back(Neighbours { entries: VecDeque::from([entry]), each }),
        }
    }

    /// Takes on blocks that the index sums up now; false if there are none any more.
    fn extend(&mut self, pulse: &mut dyn FnMut() -> Result<()>) -> Result<bool> {
        if let Some(error) = self.failed.take_if(|_| !self.index.is_growing()) {
            return Err(error);
        }
        let mut progress = Progress::default();
        let mut taken = 0;
        while taken < self.ahead {
            let entry = match self.index.step(pulse) {
                Ok(Some(entry)) => entry,
                Ok(None) => break,
                // What the file still has whole comes first.
                Err(Error::Truncated { path, size, detail }) if self.failed.is_none() => {
                    self.index.shorten(size, pulse)?;
                    self.failed = Some(Error::Truncated { path, size, detail });
                    continue;
                }
                Err(error) => return Err(error),
            };
            progress.tell(&self.index);
            let asked = self.filter.asks_of(&entry);
            let may_match = self.places.as_ref().is_none_or(|places| places.meet(entry.extent));
            if asked != Asked::None && may_match && entry.extent.meets(self.within) {
                self.push(Piece { entry, asked });
                taken += 1;
            }
        }
        self.ahead = (self.ahead * 2).min(AHEAD);
        match self.failed.take_if(|_| taken == 0) {
            Some(error) => Err(error),
            None => Ok(taken > 0),
        }
    }

    /// Takes on all blocks that the index has still to sum up.
    pub fn extend_to_end(&mut self, pulse: &mut dyn FnMut() -> Result<()>) -> Result<()> {
        while self.index.is_growing() {
            self.extend(pulse)?;
        }
        Ok(())
    }

    /// The next batch, with only the lines that lie in the range; `None` at the end.
    pub fn next(
        &mut self,
        timing: &mut Timing,
        pulse: &mut dyn FnMut() -> Result<()>,
    ) -> Result<Option<Batch>> {
        loop {
            let Some(run) = self.runs.front_mut() else {
                if self.extend(pulse)? {
                    continue;
                }
                return Ok(None);
            };
            let each = run.each;
            let extent = run.extent();
            if self.scan.is_none() && !each {
                run.entries.iter().for_each(|entry| timing.note_steps(entry));
            }
            let scan = self.scan.get_or_insert_with(|| {
                let purpose = if each { to_be_timed(&self.job, timing) } else { self.job.purpose };
                Scan::new(Job { purpose, of_index: each, ..self.job.clone() }, extent, self.workers)
            });
            if let Some(mut batch) = next_standing(scan, &self.read, &self.job, pulse)? {
                self.left = None;
                if each {
                    let known = enter(run, &batch.block, timing, &self.job)?;
                    self.left = if self.leaves { timing.apart() } else { None };
                    match &self.left {
                        // The lines before it, which it hangs on then, were timed elsewhere.
                        Some(_) if !known => return Err(Error::Bug("a block that the index does not know")),
                        Some(_) => {}
                        None => timing.sift(&mut batch),
                    }
                }
                return Ok(Some(batch));
            }
            self.counters.add(scan.counters());
            self.read = scan.tail().clone();
            self.told.extend(scan.take_told());
            self.scan = None;
            if let Some(run) = self.runs.pop_front().filter(|run| run.each) {
                run.entries.iter().for_each(|entry| timing.note_steps(entry));
            }
        }
    }

    /// The blocks to come that the index knows, in file order.
    pub fn entries(&self) -> impl Iterator<Item = &Entry> {
        self.runs.iter().flat_map(|run| &run.entries)
    }

    /// Where each block to come begins, and the earliest moment of any line from there on; in file order.
    pub fn floors(&self, timing: &mut Timing) -> Vec<(u64, i64)> {
        let mut floors: Vec<_> = self.entries().map(|e| (e.extent.start, timing.earliest(e))).collect();
        let mut watermark = i64::MAX;
        for (_, earliest) in floors.iter_mut().rev() {
            watermark = watermark.min(*earliest);
            *earliest = watermark;
        }
        floors
    }

    /// Which levels the lines have of the blocks in which all were told, in order, up to where it came to an end of a run.
    pub fn take_told(&mut self) -> Vec<(Extent, Set)> {
        std::mem::take(&mut self.told)
    }

    /// Gives a batch's buffer back.
    pub fn recycle(&mut self, batch: Batch) {
        if let Some(scan) = &mut self.scan {
            scan.recycle(batch);
        }
    }

    /// What was read so far.
    pub fn counters(&self) -> Counters {
        let mut counters = self.counters;
        counters.bytes_read += self.index.read();
        if let Some(scan) = &self.scan {
            counters.add(scan.counters());
        }
        counters
    }

    /// The end of what the scan or the building came to that has failed, in a file of which `whole` was remembered
    /// before anything was read.
    pub fn tail(&self, whole: &Tail) -> Tail {
        let built = if self.index.is_growing() { self.index.covered() } else { self.index.size() };
        let scanned = self.scan.as_ref().map(Scan::tail).filter(|tail| !tail.bytes().is_empty());
        let read = match scanned {
            Some(tail) => tail.clone(),
            None if !self.read.bytes().is_empty() => self.read.clone(),
            None => Tail::unknown(built),
        };
        let mut tail = whole.clone();
        tail.truncate(read.start());
        tail.append(&read);
        tail
    }

    /// The index that says which blocks.
    pub fn index(&self) -> &Index {
        &self.index
    }

    /// The file.
    pub fn source(&self) -> &Arc<crate::file::source::Source> {
        &self.job.source
    }
}

/// What a scan has to give of blocks whose lines are timed one by one.
///
/// The index has the state at the beginning of each block, so those without a line are of no use to a fold; unless a
/// line's time hangs on when the lines before it came, or its step on what they say.
fn to_be_timed(job: &Job, timing: &Timing) -> Purpose {
    let picks = job.pattern.is_some() && !timing.listens() && !timing.folds_steps();
    if picks { job.purpose.of_lines() } else { job.purpose.of_every_block() }
}

/// The next batch of `scan`; where others write to the file and cut it, only as long as what was read before still stands,
/// by earlier scans (`earlier`) and by this one.
///
/// # Errors
/// `Error::Truncated` where it does not: the file was written anew, perhaps with the same beginning.
fn next_standing(
    scan: &mut Scan,
    earlier: &Tail,
    job: &Job,
    pulse: &mut dyn FnMut() -> Result<()>,
) -> Result<Option<Batch>> {
    if !job.live {
        return scan.next(pulse);
    }
    let source = &job.source;
    let mut stands = |before: &Tail, read: &Tail| {
        Ok(earlier.stands_in(source, &Tail::default())? && before.stands_in(source, read)?)
    };
    let batch = scan.next_if(&mut stands, pulse)?;
    if batch.is_none() && scan.is_torn() {
        return Err(source.torn()?);
    }
    Ok(batch)
}

/// Puts `timing` before the first line of `block`, one of those of `run` that are still to come; steps back in those before it
/// count. False if the block is none of them.
///
/// # Errors
/// `Error::Truncated` where it begins in the middle of one: blocks of the same text are cut at the same ends of lines, so the
/// file was written anew since the index was made, and the state that this has is that of another line.
fn enter(run: &mut Neighbours, block: &Block, timing: &mut Timing, job: &Job) -> Result<bool> {
    let start = block.start();
    while let Some(entry) = run.entries.pop_front() {
        if entry.extent.end > start {
            if entry.extent.start != start {
                return Err(job.source.torn()?);
            }
            timing.enter(&entry);
            return Ok(true);
        }
        // Nothing of it was selected, or it is empty.
        timing.note_steps(&entry);
    }
    Ok(false)
}
