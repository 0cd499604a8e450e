//! The file that a follow reads now: how far it came there, and what it hands out of it.

use std::sync::Arc;

use super::FollowTerms;
use super::partial::{self, Partial};
use super::place::Place;
use crate::batch::Batch;
use crate::error::Result;
use crate::file::block::{BLOCK, Extent, Pulse, Tail};
use crate::file::source::Source;
use crate::scan::{Job, Scan};
use crate::system::time_source::TimeSource;

/// A range longer than this, in bytes, is read on worker threads.
const BACKLOG: u64 = 16 * BLOCK as u64;

/// The file that the name stands for now.
pub(super) struct Followed {
    pub(super) source: Arc<Source>,
    pub(super) place: Place,
    pub(super) partial: Partial,
    pub(super) scan: Option<(Scan, u64)>,
    /// The scan is of whole lines, so that what it reads ends with one unless the file was cut.
    whole: bool,
    /// Its size at the last look.
    pub(super) seen: u64,
    /// How much of that may be delivered.
    pub(super) size: u64,
}

impl Followed {
    pub(super) fn new(source: Arc<Source>, tail: Tail, time: &TimeSource) -> Result<Self> {
        let at = tail.end();
        let place = Place::new(&source, tail, time.clone())?;
        Ok(Self {
            source,
            place,
            partial: Partial::new(time.clone()),
            scan: None,
            whole: false,
            seen: at,
            size: at,
        })
    }

    /// Begins a scan of `extent`, after which the place is at its end; `whole` says that it ends with a line.
    pub(super) fn scan(&mut self, terms: &FollowTerms, extent: Extent, whole: bool) {
        self.whole = whole;
        let job = Job {
            source: Arc::clone(&self.source),
            pattern: terms.pattern.clone(),
            sieve: terms.sieve.clone(),
            purpose: terms.purpose,
            behind_hole: self.place.behind_hole(),
            live: true,
            of_index: false,
        };
        // Threads are worth starting only for a backlog.
        let workers = if extent.len() > BACKLOG { terms.workers } else { 0 };
        self.scan = Some((Scan::new(job, extent, workers), extent.end));
    }

    /// The next batch of the scan; `None` where that is over.
    pub(super) fn next(&mut self, pulse: Pulse<'_>) -> Result<Option<Batch>> {
        let whole = self.whole;
        let (Some((scan, _)), place, source) = (&mut self.scan, &self.place, &self.source) else {
            return Ok(None);
        };
        let ends = |now: &Tail| !whole || now.bytes().last().is_none_or(|&byte| byte == b'\n');
        scan.next_if(&mut |read, now| Ok(ends(now) && place.stands_in(source, read)?), pulse)
    }

    /// The rest of a line of which something has been shown: a scan would take it for a line, and NULs for a hole.
    pub(super) fn rest_of_line(&mut self, extent: Extent, pulse: Pulse<'_>) -> Result<Option<Batch>> {
        let batch = partial::rest_of_line(&self.source, extent, pulse)?;
        self.hand_out(batch)
    }

    /// The pieces of the unfinished line that may go out now.
    pub(super) fn pieces(&mut self) -> Result<Option<Batch>> {
        let is_all = self.size == self.seen;
        let batch = self.partial.pieces(&self.source, self.place.at(), self.size, is_all)?;
        self.hand_out(batch)
    }

    /// Moves on behind `batch`, which was read where the place is; `None` if the file was cut meanwhile.
    fn hand_out(&mut self, batch: Option<Batch>) -> Result<Option<Batch>> {
        let Some(batch) = batch else { return Ok(None) };
        if !self.place.stands_in(&self.source, &Tail::default())? {
            return Ok(None);
        }
        self.place.deliver_bytes(batch.block.bytes());
        Ok(Some(batch))
    }

    /// The last line of a file to which nobody will write any more, which lacks its `\n`.
    pub(super) fn unfinished(&mut self, terms: &FollowTerms) -> Result<Option<Batch>> {
        let extent = Extent { start: self.place.at(), end: self.size };
        if !terms.partial {
            self.scan(terms, extent, false);
            return Ok(None);
        }
        let batch = partial::last_pieces(&self.source, extent)?;
        if batch.is_none() {
            // Nothing of it is left.
            (self.seen, self.size) = (extent.start, extent.start);
        }
        self.hand_out(batch)
    }
}
