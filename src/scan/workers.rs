//! The threads of a scan: each run of blocks is cut, read and searched on one of them.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};

use super::job::{Job, Scanned, Workspace};
use super::run::{RUN, RunExtents, RunSize};
use crate::error::{Error, Result};
use crate::file::block::{BLOCK, Block, Cutter, Extent};
use crate::file::maps::Maps;
use crate::system::lock::lock;
use crate::system::ordered::{Ordered, Work};

/// So many buffers are kept at most. A table holds some dozens of blocks at once, and memory that is had anew costs a page
/// fault for each 4 KiB of it, as much as the read.
const SPARE: usize = 64;

/// What the threads of a scan do: cut a run by turns, so that runs are numbered in the order of the file, then read and
/// search it beside one another.
struct Search {
    job: Job,
    maps: Option<Maps>,
    halt: Arc<AtomicBool>,
    /// Buffers that came back from the consumer.
    spare: Mutex<Vec<Block>>,
}

impl Work for Search {
    type Cutter = Cutter;
    type Piece = RunExtents;
    type Done = Scanned;
    type Tools = Workspace;
    const NAME: &'static str = "logdex-scan";

    fn tools(&self) -> Workspace {
        Workspace::default()
    }

    fn cut(&self, cutter: &mut Cutter, number: u64, workspace: &mut Workspace) -> (RunExtents, bool) {
        let wanted = RUN.saturating_sub(workspace.spare.len());
        let mut spare = lock(&self.spare);
        let kept = spare.len().saturating_sub(wanted);
        workspace.spare.extend(spare.drain(kept..));
        drop(spare);
        let size = if number == 0 { RunSize::FIRST } else { workspace.run_size(&self.job) };
        let cut = RunExtents::take(cutter, &self.job.source, size, &mut || Ok(()));
        let last = cut.is_last;
        (cut, last)
    }

    fn run(&self, cut: RunExtents, workspace: &mut Workspace) -> Scanned {
        self.job.run(cut, self.maps.as_ref(), workspace)
    }

    fn failed(&self, error: Error) -> Scanned {
        Scanned { error: Some(error), ..Scanned::default() }
    }

    fn is_over(run: &Scanned) -> bool {
        run.error.is_some()
    }

    fn halt(&self) {
        self.halt.store(true, Ordering::Relaxed);
    }
}

/// The threads of a scan, as its consumer sees them: results in the order of the file, and buffers that go back.
pub(super) struct Workers {
    pool: Ordered<Search>,
    pub(super) number: usize,
}

impl Workers {
    /// Starts `number` threads over `extents`.
    ///
    /// # Errors
    /// `Error::Io` if no thread is to be had.
    pub(super) fn start(job: &Job, extents: &[Extent], number: usize) -> Result<Self> {
        let cutter = Cutter::over(extents.iter().copied());
        let search = Search {
            job: job.clone(),
            // Of extents that lie apart, as an index of text leaves them, few are without a hit.
            maps: if let [all] = extents { job.maps(*all) } else { None },
            halt: Arc::clone(&cutter.halt),
            spare: Mutex::default(),
        };
        let pool = Ordered::start(search, cutter, number, number as u64 + 2);
        Ok(Self { pool: pool.map_err(|e| Error::io(job.source.path(), e))?, number })
    }

    pub(super) fn is_ours(&self) -> bool {
        self.pool.is_ours()
    }

    pub(super) fn next(&self, pulse: &mut dyn FnMut() -> Result<()>) -> Result<Scanned> {
        self.pool.next(pulse)
    }

    pub(super) fn recycle(&self, block: Block) {
        // In a fork one of the parent's threads may hold the lock for ever.
        if !self.is_ours() {
            return;
        }
        let mut spare = lock(&self.pool.work().spare);
        if spare.len() < SPARE && block.bytes().len() <= 2 * BLOCK {
            spare.push(block);
        }
    }
}
