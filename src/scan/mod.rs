//! A scan: every line of a range of the file, or those that a pattern picks, in order, on all cores.
//!
//! Workers of an ordered pool ([`crate::system::ordered`]) take runs of extents in file order, read and search them; the
//! consumer takes the results in order. What is in flight is bounded, so a slow consumer stops the workers.

mod hint;
mod job;
mod purpose;
mod run;
mod sieve;
mod workers;

pub use job::Job;
pub use purpose::{Counters, Purpose};
pub use sieve::{Choice, RankRange, Sieve};

use job::{Scanned, Workspace};
use run::{RunExtents, RunSize};
use workers::Workers;

use std::sync::Arc;

use crate::batch::Batch;
use crate::error::{Error, Result};
use crate::file::block::{BLOCK, Cutter, Extent, Pulse, Tail};
use crate::file::maps;
use crate::file::source::Source;
use crate::level::Set;

/// A scan under way.
///
/// The query and the follow take their blocks from it. The consumer is one, and gets the blocks in the order of the
/// file, since the times of lines hang on the lines before them; the workers are as many as there are cores, since
/// reading and searching do not.
pub struct Scan {
    job: Job,
    way: Runner,
    ready: std::vec::IntoIter<Batch>,
    /// Where the next run begins, for a scan that must begin anew in a forked process.
    resume: u64,
    extents: Vec<Extent>,
    over: bool,
    /// What was read before did not stand any more.
    torn: bool,
    counters: Counters,
    tail: Tail,
    failed: Option<Error>,
    told: Vec<(Extent, Set)>,
}

enum Runner {
    /// In the caller's thread.
    Inline(Box<(Cutter, Workspace, bool)>),
    /// On worker threads.
    Workers(Workers),
}

impl Runner {
    fn new(job: &Job, extents: &[Extent], workers: usize) -> Self {
        // A short range is read before a thread would have started.
        let length: u64 = extents.iter().map(Extent::len).sum();
        let short = length <= BLOCK as u64 && !maps::are_forced();
        if workers > 0
            && !short
            && let Ok(workers) = Workers::start(job, extents, workers)
        {
            return Self::Workers(workers);
        }
        Self::Inline(Box::new((Cutter::over(extents.iter().copied()), Workspace::default(), true)))
    }
}

impl Scan {
    /// Scans `extent`, which begins at a line start, with `workers` threads; in the thread of the caller for 0, and where no
    /// thread is to be had.
    pub fn new(job: Job, extent: Extent, workers: usize) -> Self {
        Self::over(job, vec![extent], workers)
    }

    /// Scans `extents`, in order, each of which begins at a line start.
    pub fn over(job: Job, extents: Vec<Extent>, workers: usize) -> Self {
        let way = Runner::new(&job, &extents, workers);
        let start = extents.first().map_or(0, |extent| extent.start);
        Self {
            job,
            way,
            ready: Vec::new().into_iter(),
            resume: start,
            extents,
            over: false,
            torn: false,
            counters: Counters::default(),
            tail: Tail::unknown(start),
            failed: None,
            told: Vec::new(),
        }
    }

    /// The next batch that has lines, or `None` at the end. `pulse` is called while nothing comes, at least every
    /// 50 ms; its error ends the wait, not the scan.
    pub fn next(&mut self, pulse: Pulse<'_>) -> Result<Option<Batch>> {
        self.next_if(&mut |_, _| Ok(true), pulse)
    }

    /// The same for a file that may be cut meanwhile: `stands` is asked after each read whether what was read before,
    /// of which it gets the last bytes and those of what was read now, still stands. Where it does not, what was read
    /// then is dropped, and the scan is over.
    pub fn next_if(
        &mut self,
        stands: &mut dyn FnMut(&Tail, &Tail) -> Result<bool>,
        pulse: Pulse<'_>,
    ) -> Result<Option<Batch>> {
        loop {
            if let Some(batch) = self.ready.next() {
                return Ok(Some(batch));
            }
            if let Some(error) = self.failed.take() {
                return Err(error);
            }
            if self.over {
                return Ok(None);
            }
            let run = self.next_run(pulse)?;
            match stands(&self.tail, &run.tail) {
                Ok(true) => {}
                stands => {
                    (self.over, self.torn) = (true, true);
                    return stands.map(|_| None);
                }
            }
            self.tail.append(&run.tail);
            self.counters.add(run.counters);
            self.told.extend(run.told);
            self.resume = self.resume.max(run.end);
            self.over = run.last || run.error.is_some();
            self.failed = run.error;
            self.ready = run.batches.into_iter();
        }
    }

    /// Gives a batch's buffer back, to be used for a later one.
    pub fn recycle(&mut self, batch: Batch) {
        let Some(block) = batch.into_block() else { return };
        match &mut self.way {
            Runner::Inline(inline) => inline.1.keep(block),
            Runner::Workers(workers) => workers.recycle(block),
        }
    }

    /// The file.
    pub fn source(&self) -> &Arc<Source> {
        &self.job.source
    }

    /// What was read so far.
    pub fn counters(&self) -> Counters {
        self.counters
    }

    /// Which levels the lines have of the blocks in which all were told, in order; each is given once.
    pub fn take_told(&mut self) -> Vec<(Extent, Set)> {
        std::mem::take(&mut self.told)
    }

    /// Whether nothing more will come: it came to its end, or it failed.
    pub fn is_over(&self) -> bool {
        self.over
    }

    /// Once it is over, where it ended: every whole line before this was delivered.
    pub fn reached(&self) -> u64 {
        self.resume
    }

    /// Whether it is over because what was read before did not stand any more.
    pub fn is_torn(&self) -> bool {
        self.torn
    }

    /// The last bytes of what was delivered.
    pub fn tail(&self) -> &Tail {
        &self.tail
    }

    fn next_run(&mut self, pulse: Pulse<'_>) -> Result<Scanned> {
        pulse()?;
        match &mut self.way {
            Runner::Inline(inline) => {
                let (cutter, workspace, first) = &mut **inline;
                let size = if *first { RunSize::FIRST } else { workspace.run_size(&self.job) };
                let (mut stopped, begun) = (None, cutter.place());
                let cut = RunExtents::take(cutter, &self.job.source, size, &mut || {
                    pulse().map_err(|error| {
                        stopped = Some(error);
                        Error::Interrupted
                    })
                });
                if let Some(error) = stopped {
                    // The wait was ended, not the scan: it goes on from here when it is asked again.
                    cutter.go_back(begun);
                    return Err(error);
                }
                *first = false;
                Ok(self.job.run(cut, None, workspace))
            }
            Runner::Workers(workers) => {
                if !workers.is_ours() {
                    // A forked process has none of its parent's threads, and their locks may be held for ever.
                    let rest = Extent::behind(&self.extents, self.resume);
                    let pattern = self.job.pattern.as_ref().map(|pattern| Arc::new(pattern.in_fork()));
                    std::mem::forget(std::mem::replace(&mut self.job.pattern, pattern));
                    let fresh = Runner::new(&self.job, &rest, workers.number);
                    std::mem::forget(std::mem::replace(&mut self.way, fresh));
                    return self.next_run(pulse);
                }
                workers.next(pulse)
            }
        }
    }
}
