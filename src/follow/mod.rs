//! A follow: the lines of a file as they come, without a seam between what is there and what is written.
//!
//! The place in the file moves over whole lines only, by scans like any other. Between scans the follow looks at what
//! happened to the file: it grew, it was cut, it was written anew, its name went to another file, its writer ended.

mod followed;
mod left;
pub(crate) mod partial;
pub(crate) mod place;
#[cfg(test)]
mod script;
mod succession;
pub(crate) mod wait;

use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime};

use crate::batch::Batch;
use crate::caller::Caller;
use crate::cursor::Mark;
use crate::error::{Error, Result};
use crate::file::block::{Pulse, Tail};
use crate::file::source::Source;
use crate::pattern::Pattern;
use crate::scan::{Counters, Purpose, Sieve};
use crate::system::directory::directory_of;
use crate::system::time_source::TimeSource;
use crate::system::wakeup::Wakeup;
use followed::Followed;
use left::Left;
use partial::Partial;
use place::Change;
use succession::Succession;
use wait::Waiter;

/// How often the name is looked at while a long scan is under way.
const NAMED: Duration = Duration::from_millis(100);

/// What is followed, and how.
#[derive(Clone, Debug)]
pub struct FollowTerms {
    /// The file's name; the file may not be there yet, if its directory is.
    pub path: PathBuf,
    /// Which lines; all if `None`.
    pub pattern: Option<Arc<Pattern>>,
    /// What is asked of lines besides that.
    pub sieve: Option<Arc<Sieve>>,
    /// What the lines are for.
    pub purpose: Purpose,
    /// Whether unfinished lines are shown.
    pub partial: bool,
    /// When to end, by the wall clock.
    pub deadline: Option<SystemTime>,
    /// How many threads read and search when there is much to do.
    pub workers: usize,
    /// Ends a wait early when rung.
    pub wakeup: Arc<Wakeup>,
    /// Says what time it is.
    pub time: TimeSource,
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
pub struct FileEvents {
    /// Times that it was cut or written anew.
    pub truncations: u64,
    /// Times that its name went to another file.
    pub rotations: u64,
    /// Files of which what was written last may be missing: their name went to another while they were closed because
    /// too many files were open, or they were written to after the follow had gone on to the file that took their name.
    pub lost: u64,
}

/// A follow under way.
///
/// The query asks it for the next batch until it has none. A backlog and a live part are the same to it: scan what
/// there is, look what happened, wait where nothing did. So no line can fall between the two, and none comes twice.
pub struct Follow {
    terms: FollowTerms,
    open: Option<Followed>,
    /// The files that had the name after that one, and those that had it before.
    succession: Succession,
    left: Left,
    /// When the name was looked at last, in the midst of a scan.
    named: Instant,
    waiter: Waiter,
    events: FileEvents,
    counters: Counters,
    /// Nobody writes any more: the size up to which to deliver.
    last: Option<u64>,
    /// Up to here may be delivered for now.
    bound: u64,
    /// The merge or combined stream that leads it says when it ends; until then the unfinished last line is kept.
    led: bool,
    done: bool,
}

impl Follow {
    /// Follows `terms.path` from its beginning, or `begun` (the same file, open) from behind
    /// what was delivered of it, which ends with a line.
    pub fn new(mut terms: FollowTerms, begun: Option<(Arc<Source>, Tail)>) -> Result<Self> {
        // The working directory may change.
        terms.path = std::path::absolute(&terms.path).unwrap_or(terms.path);
        let open = begun.map(|(source, tail)| Followed::new(source, tail, &terms.time)).transpose()?;
        Ok(Self {
            succession: Succession::default(),
            left: Left::default(),
            named: terms.time.now(),
            waiter: Waiter::new(&terms.path, Arc::clone(&terms.wakeup)),
            terms,
            open,
            events: FileEvents::default(),
            counters: Counters::default(),
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

    /// The file that is read now.
    pub fn source(&self) -> Option<&Arc<Source>> {
        self.open.as_ref().map(|open| &open.source)
    }

    /// Where in that file it stands, in bytes.
    pub fn at(&self) -> u64 {
        self.open.as_ref().map_or(0, |open| open.place.at())
    }

    /// What it has delivered last of that file, up to where it stands.
    pub fn tail(&self) -> Option<&Tail> {
        self.open.as_ref().map(|open| open.place.tail())
    }

    /// How far the files were delivered that it has left behind.
    pub fn left(&self) -> &[Mark] {
        self.left.marks()
    }

    /// How many files it has left behind so far.
    pub fn times_left(&self) -> u64 {
        self.left.noted()
    }

    /// What befell the file so far.
    pub fn events(&self) -> FileEvents {
        self.events
    }

    /// What was read so far.
    pub fn counters(&self) -> Counters {
        let mut counters = self.counters;
        if let Some((scan, _)) = self.open.as_ref().and_then(|o| o.scan.as_ref()) {
            counters.add(scan.counters());
        }
        counters
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
        self.counters.add(open.scan.map_or_else(Counters::default, |(scan, _)| scan.counters()));
        self.events.lost += 1;
        self.last = self.last.map(|_| u64::MAX);
        true
    }

    /// One step: deliver, or look.
    fn step(&mut self, caller: &mut dyn Caller) -> Result<Step> {
        self.look_at_name_now_and_then();
        let Some(open) = &mut self.open else { return self.look_for_file() };
        let next = match open.next(&mut || caller.pulse()) {
            Ok(Some(batch)) => return Ok(Step::Batch(batch)),
            next => next,
        };
        // Where its caller ended the wait, the scan goes on later.
        let over = open.scan.take_if(|(scan, _)| next.is_ok() || scan.is_over());
        let Some((scan, end)) = over else {
            next?;
            return self.look(caller);
        };
        self.counters.add(scan.counters());
        match next {
            // What the scan has delivered must not come again.
            Err(Error::Truncated { size, .. }) => self.cut(scan.tail(), size, &mut || caller.pulse())?,
            next => {
                open.place.deliver(scan.tail());
                next?;
                if !scan.is_torn() {
                    open.place.step_over(end);
                }
            }
        }
        Ok(Step::Again)
    }

    /// A reader that had come behind `read` found the file cut to `size` bytes.
    pub fn cut(&mut self, read: &Tail, size: u64, pulse: Pulse<'_>) -> Result<()> {
        if let Some(open) = &mut self.open {
            open.place.cut(&open.source, read, size, pulse)?;
        }
        self.was_cut();
        Ok(())
    }

    /// The file was cut, and the place has moved.
    fn was_cut(&mut self) {
        self.events.truncations += 1;
        if let Some(open) = &mut self.open {
            if let Some(mark) = open.place.take_cut_off() {
                self.left.note(mark, &self.terms.path);
            }
            open.partial = Partial::new(self.terms.time.clone());
            (open.seen, open.size) = (open.place.at(), open.place.at());
        }
    }

    /// What has happened to the file since the last look.
    fn change(&mut self, pulse: Pulse<'_>) -> Result<Change> {
        let Some(open) = &mut self.open else { return Ok(Change::Still) };
        let change = open.place.look(&open.source, pulse)?;
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
        if self.change(&mut || caller.pulse())? == Change::Cut {
            // What stands at the new place is found by another look.
            return Ok(Step::Again);
        }
        let Some(open) = &mut self.open else { return Ok(Step::Again) };
        self.counters.holes += std::mem::take(&mut open.place.holes);
        if let Some(extent) = open.place.whole_lines(&open.source, open.size, &mut || caller.pulse())? {
            if self.terms.pattern.is_none() && !open.place.is_at_line_start() {
                return open.rest_of_line(extent, &mut || caller.pulse()).map(Step::from);
            }
            open.scan(&self.terms, extent, true);
            return Ok(Step::Again);
        }
        let over = self.last.is_some();
        if self.terms.partial
            && !open.place.is_before_hole(&open.source, open.size, over, &mut || caller.pulse())?
            && let Some(batch) = open.pieces()?
        {
            return Ok(Step::Batch(batch));
        }
        if self.last.is_some() && open.place.at() < open.size {
            return if self.led { Ok(Step::Idle) } else { open.unfinished(&self.terms).map(Step::from) };
        }
        let more = open.size < open.seen;
        match self.is_succeeded()? {
            true if more => {
                // What is left of the old file is all there is of it.
                self.bound = u64::MAX;
                Ok(Step::Again)
            }
            false if self.last.is_some() && (more || self.led) => Ok(Step::Idle),
            true => self.change_file(caller).map(Step::from),
            false if self.last.is_some() => {
                self.events.lost += self.succession.leave_all();
                self.done = true;
                Ok(Step::Again)
            }
            false => Ok(Step::Idle),
        }
    }

    /// Whether a file in which something stands has the name now, or had it since this one did.
    fn is_succeeded(&mut self) -> Result<bool> {
        let Some(open) = &self.open else { return Ok(false) };
        self.succession.look(&self.terms.path, open.source.identity())?;
        self.succession.has_begun(&mut self.events.lost)
    }

    /// Takes note of the files that have the name while a long scan is under way: one that is gone when the scan is
    /// over would be missed.
    fn look_at_name_now_and_then(&mut self) {
        let Some(open) = self.open.as_ref().filter(|open| open.scan.is_some()) else { return };
        if self.terms.time.since(self.named) >= NAMED {
            self.named = self.terms.time.now();
            // What goes wrong is told when the file is to be read.
            let _ = self.succession.look(&self.terms.path, open.source.identity());
        }
    }

    /// Goes on to the next file after what is left of the old one.
    fn change_file(&mut self, caller: &mut dyn Caller) -> Result<Option<Batch>> {
        let seen = self.open.as_ref().map(|open| open.seen);
        let change = self.change(&mut || caller.pulse())?;
        let Some(open) = &mut self.open else { return Ok(None) };
        if change == Change::Cut || seen != Some(open.seen) {
            // Between the last look and the change of names; the name is looked at again after that.
            return Ok(None);
        }
        if open.place.at() < open.size {
            return open.unfinished(&self.terms);
        }
        if let Some(next) = self.succession.pop(&self.terms.time)? {
            self.events.rotations += 1;
            self.waiter.watch(&self.terms.path);
            if let Some(left) = self.open.replace(next) {
                self.left.note(left.place.left(&left.source), &self.terms.path);
                self.events.lost += self.succession.leave(left);
            }
            if self.last.is_some() {
                // The writer changed files and ended: what is in this one is the rest.
                self.end()?;
            }
        }
        Ok(None)
    }

    /// Looks whether the file is there now; its directory must be.
    fn look_for_file(&mut self) -> Result<Step> {
        if let Some(next) = self.succession.pop(&self.terms.time)? {
            self.open = Some(next);
            return Ok(Step::Again);
        }
        match Source::open(&self.terms.path) {
            Ok(source) => {
                self.open = Some(Followed::new(Arc::new(source), Tail::unknown(0), &self.terms.time)?);
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
        Ok(self.terms.deadline.is_some_and(|deadline| self.terms.time.wall() >= deadline))
    }

    /// Waits for a change, at most `limit`.
    pub fn rest(&mut self, limit: Duration) {
        self.waiter.wait(limit);
    }

    /// Delivers nothing past `size` for now.
    pub fn read_to(&mut self, size: u64) {
        self.bound = size;
    }

    /// Whether a merge or a combined stream says when it ends, by [`Follow::end`]; the unfinished last line is kept meanwhile.
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

    /// How long to wait at most before the caller has to be asked or unfinished text to be shown.
    pub fn limit(&self, caller: &dyn Caller) -> Duration {
        let still = self.open.as_ref().filter(|_| self.terms.partial);
        let still = still.and_then(|open| open.partial.patience(open.place.at()));
        let deadline =
            self.terms.deadline.and_then(|deadline| deadline.duration_since(self.terms.time.wall()).ok());
        [still, deadline].into_iter().flatten().fold(caller.patience(), Duration::min)
    }

    /// Nobody will write any more: what is there now is the rest.
    pub fn end(&mut self) -> Result<()> {
        let size = self.open.as_ref().map_or(Ok(0), |open| open.source.readable(open.place.at()));
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
