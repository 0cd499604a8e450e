//! What a follow does where nothing is being read: it looks at what has happened to the file and to its name.

use std::sync::Arc;
use std::time::Duration;

use super::followed::Followed;
use super::place::Change;
use super::{Follow, Step};
use crate::batch::Batch;
use crate::caller::Caller;
use crate::error::Result;
use crate::file::block::{Pulse, Tail};
use crate::file::source::Source;
use crate::system::directory::directory_of;

/// How often the name is looked at while a long scan is under way.
const NAMED: Duration = Duration::from_millis(100);

impl Follow {
    /// What has happened to the file since the last look.
    pub(super) fn change(&mut self, pulse: Pulse<'_>) -> Result<Change> {
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
    pub(super) fn look(&mut self, caller: &mut dyn Caller) -> Result<Step> {
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
    pub(super) fn look_at_name_now_and_then(&mut self) {
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
    pub(super) fn look_for_file(&mut self) -> Result<Step> {
        if let Some(next) = self.succession.pop(&self.terms.time)? {
            self.open = Some(next);
            return Ok(Step::Again);
        }
        let path = &self.terms.path;
        if let Some(source) = Source::open_awaited(path)? {
            self.open = Some(Followed::new(Arc::new(source), Tail::unknown(0), &self.terms.time)?);
            self.waiter.watch(path);
            return Ok(Step::Again);
        }
        if self.last.is_some() {
            self.done = true;
            return Ok(Step::Again);
        }
        // Where it cannot come, whoever opens it says why.
        if directory_of(path).is_dir() { Ok(Step::Idle) } else { Source::open(path).map(|_| Step::Again) }
    }
}
