//! A follow: the lines of a file as they come, without a seam between what is there and what is written.
//!
//! The place in the file moves over whole lines only, by scans like any other. Between scans the follow looks at what
//! happened to the file: it grew, it was cut, it was written anew, its name went to another file, its writer ended.

mod ending;
mod followed;
mod left;
mod look;
pub(crate) mod partial;
pub(crate) mod place;
#[cfg(test)]
mod script;
mod succession;
mod terms;
pub(crate) mod wait;

use std::sync::Arc;
use std::time::Instant;

use crate::batch::Batch;
use crate::caller::Caller;
use crate::cursor::Mark;
use crate::error::{Error, Result};
use crate::file::block::{Pulse, Tail};
use crate::file::source::Source;
use crate::scan::Counters;
use followed::Followed;
use left::Left;
use partial::Partial;
use succession::Succession;
use wait::Waiter;

pub use terms::{FileEvents, FollowTerms, Turn};

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
}
