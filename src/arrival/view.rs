//! What a reader may show of two logs now, so that those who read later see the same order.

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant, SystemTime};

use rustix::fs::FlockOperation;

use super::arrivals::{Arrivals, Notes};
use super::beside::{self, LOGS};
use super::pair::snapshot;
use super::recorder;
use crate::error::Result;

/// After so long without a word of the recorder about what has been written, it counts as dead.
const PATIENCE: Duration = Duration::from_secs(1);

/// How long between two looks for a word of a recorder in another process.
const PAUSE: Duration = Duration::from_millis(2);

/// One reader's view of the record of two logs.
#[derive(Debug)]
pub struct View {
    directory: PathBuf,
    notes: Notes,
    /// The recorder of another process knows of this reader.
    attached: bool,
    /// Nobody records any more: each reader goes by its own looks.
    alone: bool,
    /// Up to where may be shown.
    at: [u64; 2],
    /// Since when there is more than the recorder speaks of.
    waits: Option<Instant>,
}

impl View {
    /// Of the two logs in `directory`, if there is a record of them.
    pub fn open(directory: &Path) -> Option<Self> {
        let directory = std::fs::canonicalize(directory).ok()?;
        let notes = Notes::open(&directory)?;
        Some(Self { directory, notes, attached: false, alone: false, at: [0, 0], waits: None })
    }

    /// The record's path: another process's recorder writes to it when there is more to show.
    pub fn path(&self) -> PathBuf {
        beside::path(&self.directory)
    }

    /// What may be shown of what is there at the start, and when it had arrived. A record that is behind is waited for,
    /// if somebody may be about to write it. `follow`: there will be more to ask.
    pub fn begin(
        &mut self,
        follow: bool,
        size: &mut dyn FnMut(usize) -> Result<u64>,
        pulse: &mut dyn FnMut() -> Result<()>,
    ) -> Result<([u64; 2], [Option<Arrivals>; 2])> {
        let sizes = snapshot(&mut *size)?;
        let fresh = self.is_fresh();
        let deadline = Instant::now() + if fresh { PATIENCE / 4 } else { Duration::ZERO };
        loop {
            let is_ours = self.ask(!follow, &mut Vec::new());
            if is_ours || self.alone || self.covers(sizes) {
                break;
            }
            if Instant::now() >= deadline {
                // A recorder that lives would have told all of what came long ago.
                self.alone = !follow || !fresh;
                break;
            }
            pulse()?;
            std::thread::sleep(PAUSE);
        }
        let (notes, seen) = (self.notes.state().notes, self.at);
        let bounds = if self.alone { [sizes[0].max(seen[0]), sizes[1].max(seen[1])] } else { seen };
        self.at = bounds;
        let arrivals = [0, 1].map(|side| {
            let mut arrivals = Arrivals::open(&self.directory, side)?;
            arrivals.limit(notes, seen);
            Some(arrivals)
        });
        Ok((bounds, arrivals))
    }

    /// Looks for what may be shown now: up to each of these sizes in turn. `last`: there will be no more.
    pub fn look(&mut self, last: bool, size: &mut dyn FnMut(usize) -> Result<u64>) -> Result<Vec<[u64; 2]>> {
        let mut steps = Vec::new();
        if !self.alone && self.ask(last, &mut steps) {
            return Ok(steps);
        }
        if !steps.is_empty() {
            self.waits = None;
        }
        let sizes = snapshot(size)?;
        if self.covers(sizes) {
            self.waits = None;
        } else if self.alone || self.waits.get_or_insert_with(Instant::now).elapsed() >= PATIENCE {
            self.alone = true;
            self.step(sizes, &mut steps);
        }
        Ok(steps)
    }

    /// What the recorder says; whether it is in this process, so that this is all there is.
    fn ask(&mut self, last: bool, steps: &mut Vec<[u64; 2]>) -> bool {
        let told = recorder::look(&self.directory, last);
        let slot = if told.is_none() { self.slot() } else { None };
        while let Some(state) = self.notes.next() {
            self.step(state.sizes, steps);
        }
        let seen = told.or(slot.map(|slot| (slot.notes, slot.sizes)));
        if let Some((_, sizes)) = seen.filter(|(notes, _)| *notes == self.notes.state().notes) {
            self.step(sizes, steps);
        }
        // What the recorder of this process has written is not there: the record was damaged.
        let damaged = told.is_some_and(|(notes, _)| notes > self.notes.state().notes);
        self.alone |= damaged || slot.is_some_and(|slot| slot.closed);
        told.is_some() && !damaged
    }

    /// What a recorder in another process says of what it has seen since its last note.
    fn slot(&mut self) -> Option<super::notes::Slot> {
        if !self.attached {
            // Refused while the recorder looks whether a reader holds it: the next look will get it.
            let locked = rustix::fs::flock(self.notes.file(), FlockOperation::NonBlockingLockShared);
            self.attached = locked.is_ok();
        }
        // Caught half written, it is whole a moment later.
        (0..3).find_map(|_| self.notes.slot())
    }

    fn step(&mut self, sizes: [u64; 2], steps: &mut Vec<[u64; 2]>) {
        if sizes != self.at {
            self.at = sizes;
            steps.push(sizes);
        }
    }

    fn covers(&self, sizes: [u64; 2]) -> bool {
        self.at[0] >= sizes[0] && self.at[1] >= sizes[1]
    }

    /// Whether there may be more than was told, and a recorder that will tell it.
    pub fn waits(&self) -> bool {
        !self.alone && self.waits.is_some()
    }

    /// Whether one of the logs was written to just now.
    fn is_fresh(&self) -> bool {
        let modified = |name| std::fs::metadata(self.directory.join(name)).and_then(|m| m.modified());
        let latest = LOGS.iter().filter_map(|name| modified(*name).ok()).max();
        latest.is_some_and(|then| SystemTime::now().duration_since(then).is_ok_and(|age| age < PATIENCE))
    }
}
