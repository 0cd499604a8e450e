//! A follow: the lines of a file as they come, without a seam between what is there and what is written.
//!
//! The place in the file moves over whole lines only, by scans like any other. Between scans the follow looks at what
//! happened to the file: it grew, it was cut, it was written anew, its name went to another file, its writer ended.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use crate::batch::Batch;
use crate::block::{BLOCK, Extent};
use crate::caller::Caller;
use crate::error::{Error, Result};
use crate::partial::{self, Partial};
use crate::pattern::Pattern;
use crate::place::{Change, Place};
use crate::scan::{Job, Purpose, Scan, Tally};
use crate::source::{Identity, Source, directory_of};
use crate::wait::Waiter;
use crate::watch::Bell;

/// A range longer than this, in bytes, is read on worker threads.
const BACKLOG: u64 = 16 * BLOCK as u64;

/// What is followed, and how.
#[derive(Clone, Debug)]
pub struct Terms {
    /// The file's name; the file may not be there yet, if its directory is.
    pub path: PathBuf,
    /// Which lines; all if `None`.
    pub pattern: Option<Arc<Pattern>>,
    /// What the lines are for.
    pub purpose: Purpose,
    /// Whether unfinished lines are shown.
    pub partial: bool,
    /// When to end, by the wall clock.
    pub deadline: Option<SystemTime>,
    /// How many threads read and search when there is much to do.
    pub workers: usize,
    /// Ends a wait early when rung.
    pub bell: Arc<Bell>,
}

/// What a follow has for the one who asks.
#[derive(Debug)]
pub enum Turn {
    /// Some lines.
    Batch(Batch),
    /// Nothing now.
    Nothing,
    /// Nothing any more.
    Over,
}

/// What one step came to.
enum Step {
    Batch(Batch),
    /// Something changed: take another step.
    Again,
    /// Nothing is new.
    Idle,
}

impl From<Option<Batch>> for Step {
    fn from(batch: Option<Batch>) -> Self {
        batch.map_or(Self::Again, Self::Batch)
    }
}

/// What befell the file while it was followed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Fates {
    /// Times that it was cut or written anew.
    pub truncations: u64,
    /// Times that its name went to another file.
    pub rotations: u64,
    /// Files whose name went to another while they were closed, because too many files were open: what was written to
    /// them last may be missing.
    pub lost: u64,
}

/// A follow under way.
pub struct Follow {
    terms: Terms,
    open: Option<Open>,
    waiter: Waiter,
    fates: Fates,
    tally: Tally,
    /// Nobody writes any more: the size up to which to deliver.
    last: Option<u64>,
    /// Up to here may be delivered for now.
    bound: u64,
    /// Somebody else says when it ends, and until then the unfinished last line is kept.
    led: bool,
    done: bool,
}

/// The file that the name stands for now.
struct Open {
    source: Arc<Source>,
    place: Place,
    partial: Partial,
    scan: Option<(Scan, u64)>,
    /// Its size at the last look.
    seen: u64,
    /// How much of that may be delivered.
    size: u64,
}

impl Open {
    fn new(source: Arc<Source>, at: u64) -> Result<Self> {
        let place = Place::new(&source, at)?;
        Ok(Self { source, place, partial: Partial::default(), scan: None, seen: at, size: at })
    }

    /// Begins a scan of `extent`, after which the place is at its end.
    fn scan(&mut self, terms: &Terms, extent: Extent) {
        let job =
            Job { source: Arc::clone(&self.source), pattern: terms.pattern.clone(), purpose: terms.purpose };
        // Threads are worth starting only for a backlog.
        let workers = if extent.len() > BACKLOG { terms.workers } else { 0 };
        self.scan = Some((Scan::new(job, extent, workers), extent.end));
    }

    /// The rest of a line of which something has been shown: a scan would take it for a line, and NULs for a hole.
    fn rest_of_line(&mut self, extent: Extent) -> Result<Option<Batch>> {
        let batch = partial::rest_of_line(&self.source, extent)?;
        if let Some(batch) = &batch {
            self.place.advance(&self.source, batch.block.end())?;
        }
        Ok(batch)
    }

    /// The last line of a file to which nobody will write any more, which lacks its `\n`.
    fn unfinished(&mut self, terms: &Terms) -> Result<Option<Batch>> {
        let extent = Extent { start: self.place.at(), end: self.size };
        if terms.partial {
            self.place.advance(&self.source, extent.end)?;
            return partial::last_pieces(&self.source, extent);
        }
        self.scan(terms, extent);
        Ok(None)
    }
}

impl Follow {
    /// Follows `terms.path` from its beginning, or `source` (the same file, open) from `at`, a line start.
    pub fn new(mut terms: Terms, begun: Option<(Arc<Source>, u64)>) -> Result<Self> {
        // The working directory may change.
        terms.path = std::path::absolute(&terms.path).unwrap_or(terms.path);
        let open = begun.map(|(source, at)| Open::new(source, at)).transpose()?;
        Ok(Self {
            waiter: Waiter::new(&terms.path, Arc::clone(&terms.bell)),
            terms,
            open,
            fates: Fates::default(),
            tally: Tally::default(),
            last: None,
            bound: u64::MAX,
            led: false,
            done: false,
        })
    }

    /// Whether nothing rings when the file changes.
    pub fn is_blind(&self) -> bool {
        self.waiter.is_blind()
    }

    /// What befell the file so far.
    pub fn fates(&self) -> Fates {
        self.fates
    }

    /// What was read so far.
    pub fn tally(&self) -> Tally {
        let mut tally = self.tally;
        if let Some((scan, _)) = self.open.as_ref().and_then(|o| o.scan.as_ref()) {
            tally.add(scan.tally());
        }
        tally
    }

    /// What there is now, without a wait.
    pub fn poll(&mut self, caller: &mut dyn Caller) -> Result<Turn> {
        while !self.done {
            match self.step_or_lose(caller)? {
                Step::Batch(batch) => {
                    self.waiter.wake();
                    return Ok(Turn::Batch(batch));
                }
                Step::Again => {}
                Step::Idle => return Ok(Turn::Nothing),
            }
        }
        Ok(Turn::Over)
    }

    /// Gives a batch's buffer back.
    pub fn recycle(&mut self, batch: Batch) {
        if let Some((scan, _)) = self.open.as_mut().and_then(|o| o.scan.as_mut()) {
            scan.recycle(batch);
        }
    }

    /// One step; a file that is lost is counted, and the one that has its name is gone on with.
    fn step_or_lose(&mut self, caller: &mut dyn Caller) -> Result<Step> {
        match self.step(caller) {
            Err(Error::Io { .. } | Error::Truncated { .. }) if self.lose() => Ok(Step::Again),
            step => step,
        }
    }

    /// Forgets the file if it is lost.
    fn lose(&mut self) -> bool {
        let Some(open) = self.open.take_if(|open| open.source.is_lost()) else { return false };
        self.tally.add(open.scan.map_or_else(Tally::default, |(scan, _)| scan.tally()));
        self.fates.lost += 1;
        self.last = self.last.map(|_| u64::MAX);
        true
    }

    /// One step: deliver, or look.
    fn step(&mut self, caller: &mut dyn Caller) -> Result<Step> {
        let Some(open) = &mut self.open else { return self.look_for_file() };
        let Some((scan, end)) = &mut open.scan else { return self.look(caller) };
        let next = match scan.next(&mut || caller.pulse()) {
            Ok(Some(batch)) => return Ok(Step::Batch(batch)),
            // The wait was ended, not the scan.
            Err(error) if !scan.is_over() => return Err(error),
            next => next,
        };
        self.tally.add(scan.tally());
        let (reached, end) = (scan.reached(), *end);
        open.scan = None;
        match next {
            Ok(_) => open.place.advance(&open.source, end)?,
            // What the scan has delivered must not come again.
            Err(Error::Truncated { size, .. }) => self.cut(reached, size)?,
            Err(error) => {
                open.place.advance(&open.source, reached)?;
                return Err(error);
            }
        }
        Ok(Step::Again)
    }

    /// A reader that had come to `reached` found the file cut to `size` bytes.
    pub fn cut(&mut self, reached: u64, size: u64) -> Result<()> {
        if let Some(open) = &mut self.open {
            open.place.cut(&open.source, reached, size)?;
        }
        self.was_cut();
        Ok(())
    }

    /// The file was cut, and the place has moved.
    fn was_cut(&mut self) {
        self.fates.truncations += 1;
        if let Some(open) = &mut self.open {
            open.partial = Partial::default();
            (open.seen, open.size) = (open.place.at(), open.place.at());
        }
    }

    /// What has happened to the file since the last look.
    fn change(&mut self) -> Result<Change> {
        let Some(open) = &mut self.open else { return Ok(Change::Still) };
        let change = open.place.look(&open.source)?;
        match change {
            Change::Still => {}
            Change::Grew(size) => open.seen = size.min(self.last.unwrap_or(u64::MAX)),
            Change::Cut => self.was_cut(),
        }
        if let Some(open) = &mut self.open {
            open.size = open.seen.min(self.bound);
        }
        Ok(change)
    }

    /// Looks at what has happened to the file.
    fn look(&mut self, caller: &mut dyn Caller) -> Result<Step> {
        // Here, not only where it waits: a writer that never rests must not put off the end.
        self.ask(caller)?;
        if self.change()? == Change::Cut {
            // What stands at the new place is found by another look.
            return Ok(Step::Again);
        }
        let Some(open) = &mut self.open else { return Ok(Step::Again) };
        self.tally.holes += std::mem::take(&mut open.place.holes);
        if let Some(extent) = open.place.whole_lines(&open.source, open.size)? {
            if self.terms.pattern.is_none() && !open.place.is_at_line_start() {
                return open.rest_of_line(extent).map(Step::from);
            }
            open.scan(&self.terms, extent);
            return Ok(Step::Again);
        }
        if self.terms.partial
            && !open.place.is_before_hole(&open.source, open.size, self.last.is_some())?
            && let Some(batch) = open.partial.pieces(&open.source, open.place.at(), open.size)?
        {
            let end = open.place.at() + batch.block.bytes().len() as u64;
            open.place.advance(&open.source, end)?;
            return Ok(Step::Batch(batch));
        }
        if self.last.is_some() && open.place.at() < open.size {
            return if self.led { Ok(Step::Idle) } else { open.unfinished(&self.terms).map(Step::from) };
        }
        let more = open.size < open.seen;
        match self.rotated()? {
            Some(_) if more => {
                // What is left of the old file is all there is of it.
                self.bound = u64::MAX;
                Ok(Step::Again)
            }
            None if self.last.is_some() && (more || self.led) => Ok(Step::Idle),
            Some(next) => self.change_file(next).map(Step::from),
            None if self.last.is_some() => {
                self.done = true;
                Ok(Step::Again)
            }
            None => Ok(Step::Idle),
        }
    }

    /// The file that the name stands for now, if it is another one.
    fn rotated(&mut self) -> Result<Option<Source>> {
        let Some(open) = &self.open else { return Ok(None) };
        match Identity::at(&self.terms.path) {
            Some(identity) if identity != open.source.identity() => match Source::open(&self.terms.path) {
                // Gone again: rotated twice, or deleted. The next look will tell.
                Err(error) if error.is_not_found() => Ok(None),
                Err(error) => Err(error),
                // Until something is in the new file, writers may still be at the old one: logrotate creates the new
                // one before it tells them.
                Ok(next) => Ok((next.size()? > 0).then_some(next)),
            },
            _ => Ok(None),
        }
    }

    /// Goes on to the file `next` after what is left of the old one.
    fn change_file(&mut self, next: Source) -> Result<Option<Batch>> {
        if self.change()? != Change::Still {
            // Between the last look and the change of names; the name is looked at again after that.
            return Ok(None);
        }
        let Some(open) = &mut self.open else { return Ok(None) };
        if open.place.at() < open.size {
            return open.unfinished(&self.terms);
        }
        self.fates.rotations += 1;
        self.waiter.watch(&self.terms.path);
        self.open = Some(Open::new(Arc::new(next), 0)?);
        if self.last.is_some() {
            // The writer changed files and ended: what is in this one is the rest.
            self.end()?;
        }
        Ok(None)
    }

    /// Looks whether the file is there now; its directory must be.
    fn look_for_file(&mut self) -> Result<Step> {
        match Source::open(&self.terms.path) {
            Ok(source) => {
                self.open = Some(Open::new(Arc::new(source), 0)?);
                self.waiter.watch(&self.terms.path);
                Ok(Step::Again)
            }
            Err(error) if error.is_not_found() => {
                if self.last.is_some() {
                    self.done = true;
                    return Ok(Step::Again);
                }
                if directory_of(&self.terms.path).is_dir() { Ok(Step::Idle) } else { Err(error) }
            }
            Err(error) => Err(error),
        }
    }

    /// Waits for something to happen.
    pub fn wait(&mut self, caller: &mut dyn Caller) -> Result<()> {
        self.ask(caller)?;
        if self.last.is_none() {
            self.waiter.wait(self.limit(caller));
        }
        Ok(())
    }

    /// Asks whether to go on, and whether the writer is gone.
    fn ask(&mut self, caller: &mut dyn Caller) -> Result<()> {
        caller.pulse()?;
        if self.last.is_none() && !self.led && self.is_over(caller)? { self.end() } else { Ok(()) }
    }

    /// Whether the writer is gone or the time is up.
    pub fn is_over(&self, caller: &mut dyn Caller) -> Result<bool> {
        if caller.ended()? {
            return Ok(true);
        }
        Ok(self.terms.deadline.is_some_and(|deadline| SystemTime::now() >= deadline))
    }

    /// Waits for a change, at most `limit`.
    pub fn rest(&mut self, limit: Duration) {
        self.waiter.wait(limit);
    }

    /// Delivers nothing past `size` for now.
    pub fn read_to(&mut self, size: u64) {
        self.bound = size;
    }

    /// Whether somebody else says when it ends, by [`Follow::end`]; the unfinished last line is kept meanwhile.
    pub fn lead(&mut self, led: bool) {
        self.led = led;
    }

    /// Whether to show unfinished lines.
    pub fn show_partial(&mut self, partial: bool) {
        self.terms.partial = partial;
    }

    /// The file's size now, in bytes; 0 while it is not there.
    pub fn size(&self) -> Result<u64> {
        match &self.open {
            Some(open) => open.source.size(),
            None => Ok(std::fs::metadata(&self.terms.path).map_or(0, |m| m.len())),
        }
    }

    /// How long to wait at most before somebody has to be asked or something to be shown.
    pub fn limit(&self, caller: &dyn Caller) -> Duration {
        let still = self.open.as_ref().filter(|_| self.terms.partial);
        let still = still.and_then(|open| open.partial.patience(open.place.at()));
        let deadline =
            self.terms.deadline.and_then(|deadline| deadline.duration_since(SystemTime::now()).ok());
        [still, deadline].into_iter().flatten().fold(caller.patience(), Duration::min)
    }

    /// Nobody will write any more: what is there now is the rest.
    pub fn end(&mut self) -> Result<()> {
        let size = self.open.as_ref().map_or(Ok(0), |open| open.source.size());
        let size = if self.lose() { 0 } else { size? };
        self.last = Some(match &mut self.open {
            Some(open) => {
                open.seen = size;
                open.size = open.seen.min(self.bound);
                open.seen
            }
            None => u64::MAX,
        });
        Ok(())
    }
}
