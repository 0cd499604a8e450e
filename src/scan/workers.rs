//! The threads of a scan, and what they share with the one who takes the results.

use std::collections::BTreeMap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard};
use std::time::Duration;

use super::job::{Cut, Job, RUN, Scanned, Workspace};
use crate::error::{Error, Result};
use crate::file::block::{BLOCK, Block, Cutter, Extent};
use crate::file::maps::Maps;
use crate::system::lock::{lock, sound};

/// How long the consumer waits before it asks its caller whether to go on.
const PULSE: Duration = Duration::from_millis(20);

/// Worker threads and what they share with the consumer.
pub(super) struct Workers {
    shared: Arc<Shared>,
    pub(super) number: usize,
    pub(super) pid: u32,
}

struct Shared {
    /// Held while a worker takes its turn at cutting, which may wait for the disk; so the consumer never takes it.
    cutter: Mutex<Cutter>,
    state: Mutex<State>,
    halt: Arc<AtomicBool>,
    maps: Option<Maps>,
    room: Condvar,
    done: Condvar,
    window: u64,
}

#[derive(Default)]
struct State {
    issued: u64,
    delivered: u64,
    finished: BTreeMap<u64, Scanned>,
    /// No run is to be issued any more: the range is cut, a run failed, or nobody wants the rest.
    stopped: bool,
    spare: Vec<Block>,
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, State> {
        lock(&self.state)
    }
}

impl Workers {
    pub(super) fn start(job: &Job, extents: &[Extent], number: usize) -> Self {
        let cutter = Cutter::over(extents.iter().copied());
        let shared = Arc::new(Shared {
            halt: Arc::clone(&cutter.halt),
            // Of extents that lie apart, as an index of text leaves them, few are without a hit.
            maps: if let [all] = extents { job.maps(*all) } else { None },
            cutter: Mutex::new(cutter),
            state: Mutex::default(),
            room: Condvar::new(),
            done: Condvar::new(),
            window: number as u64 + 2,
        });
        let (mut started, mut refused) = (0, None);
        for _ in 0..number {
            let (job, shared) = (job.clone(), Arc::clone(&shared));
            let thread = std::thread::Builder::new().name("logdex-scan".into());
            match thread.spawn(move || work(&job, &shared)) {
                Ok(_) => started += 1,
                Err(error) => refused = Some(error),
            }
        }
        if let Some(refused) = refused.filter(|_| started == 0) {
            // No thread is to be had: nobody will ever work, so say so in the first result's place.
            let mut state = shared.lock();
            let error = Error::io(job.source.path(), refused);
            let end = extents.last().map_or(0, |extent| extent.end);
            state.finished.insert(0, Scanned { error: Some(error), end, ..Scanned::default() });
        }
        Self { shared, number, pid: std::process::id() }
    }

    pub(super) fn next(&mut self, pulse: &mut dyn FnMut() -> Result<()>) -> Result<Scanned> {
        let mut state = self.shared.lock();
        loop {
            let turn = state.delivered;
            if let Some(run) = state.finished.remove(&turn) {
                state.delivered += 1;
                self.shared.room.notify_one();
                return Ok(run);
            }
            let (woken, waited) = sound(self.shared.done.wait_timeout(state, PULSE));
            state = woken;
            if waited.timed_out() {
                drop(state);
                pulse()?;
                state = self.shared.lock();
            }
        }
    }

    pub(super) fn recycle(&mut self, block: Block) {
        if self.pid != std::process::id() {
            // In a fork one of the parent's threads may hold the lock for ever.
            return;
        }
        let mut state = self.shared.lock();
        if state.spare.len() < RUN * self.number && block.bytes().len() <= 2 * BLOCK {
            state.spare.push(block);
        }
    }
}

impl Drop for Workers {
    fn drop(&mut self) {
        // Not joined: a thread may hang in a read on a dead network mount, and it holds nothing of the caller's.
        if self.pid == std::process::id() {
            self.shared.halt.store(true, Ordering::Relaxed);
            self.shared.lock().stopped = true;
            self.shared.room.notify_all();
        }
    }
}

/// One worker's life.
fn work(job: &Job, shared: &Shared) {
    let mut workspace = Workspace::default();
    while let Some((number, cut)) = take(job, shared, &mut workspace) {
        let outcome = catch_unwind(AssertUnwindSafe(|| job.run(cut, shared.maps.as_ref(), &mut workspace)));
        let run = outcome.unwrap_or_else(|_| Scanned {
            error: Some(Error::Bug("a worker panicked while it searched a block")),
            ..Scanned::default()
        });
        let mut state = shared.lock();
        state.stopped |= run.error.is_some();
        state.finished.insert(number, run);
        if state.delivered == number {
            shared.done.notify_one();
        }
    }
}

/// Waits for room and takes the next run, with its number.
fn take(job: &Job, shared: &Shared, workspace: &mut Workspace) -> Option<(u64, Cut)> {
    let mut cutter = lock(&shared.cutter);
    let mut state = shared.lock();
    while !state.stopped && state.issued - state.delivered >= shared.window {
        state = sound(shared.room.wait(state));
    }
    if state.stopped {
        return None;
    }
    let number = state.issued;
    state.issued += 1;
    while workspace.spare.len() < RUN
        && let Some(block) = state.spare.pop()
    {
        workspace.spare.push(block);
    }
    drop(state);
    // The first run is one block, so that the first line does not wait for more.
    let most = if number == 0 { 1 } else { workspace.extents() };
    let cut = catch_unwind(AssertUnwindSafe(|| Cut::take(&mut cutter, &job.source, most, &mut || Ok(()))));
    let cut = cut.unwrap_or_else(|_| Cut::failed(Error::Bug("a worker panicked while it cut the file")));
    if cut.is_last() {
        shared.lock().stopped = true;
    }
    Some((number, cut))
}
