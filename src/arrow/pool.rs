//! Threads that make columns of chunks of rows, while the next chunks are drawn; the batches come in the order of the
//! chunks.

use std::collections::VecDeque;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

use arrow_array::RecordBatch;

use super::build::Plan;
use super::rows::Rows;
use crate::error::{Error, Result};
use crate::system::lock::lock;

/// How long the reader waits before it asks its caller whether to go on.
const PULSE: Duration = Duration::from_millis(20);

/// A chunk on its way through a thread, and back with what was made of it.
type Task = (Rows, Sender<Built>);

/// What was made of a chunk.
pub(super) struct Built {
    /// The columns.
    pub(super) batch: Result<RecordBatch>,
    /// The rows, whose buffers can be used again.
    pub(super) rows: Rows,
}

/// The threads, and the chunks that they have.
pub(super) struct Pool {
    tasks: Sender<Task>,
    queue: Arc<Mutex<Receiver<Task>>>,
    plan: Arc<Plan>,
    flying: VecDeque<Receiver<Built>>,
    threads: usize,
    most: usize,
    /// No chunk was taken on yet.
    new: bool,
}

impl Pool {
    /// At most `most` threads, which are started as they are needed.
    pub(super) fn new(plan: Arc<Plan>, most: usize) -> Self {
        let (tasks, queue) = channel();
        let queue = Arc::new(Mutex::new(queue));
        Self { tasks, queue, plan, flying: VecDeque::new(), threads: 0, most, new: true }
    }

    /// Whether another chunk is wanted; what is under way is bounded.
    pub(super) fn has_room(&self) -> bool {
        self.flying.len() <= self.most
    }

    /// Whether no chunk is under way.
    pub(super) fn is_idle(&self) -> bool {
        self.flying.is_empty()
    }

    /// Takes a chunk on.
    pub(super) fn push(&mut self, rows: Rows) {
        let (back, built) = channel();
        self.flying.push_back(built);
        // The first is small, and may be the only one.
        if !std::mem::take(&mut self.new) && self.threads < self.most {
            self.start();
        }
        if self.threads == 0 {
            let _ = back.send(build(&self.plan, rows));
        } else if let Err(refused) = self.tasks.send((rows, back)) {
            let (rows, back) = refused.0;
            let _ = back.send(build(&self.plan, rows));
        }
    }

    fn start(&mut self) {
        let (plan, queue) = (Arc::clone(&self.plan), Arc::clone(&self.queue));
        let thread = thread::Builder::new().name("logdex-arrow".into());
        // Where none is to be had, the reader's own thread does it.
        self.threads += usize::from(thread.spawn(move || work(&plan, &queue)).is_ok());
    }

    /// The batch of the first chunk that is under way, if it is made; `wait` for it, if it is not.
    pub(super) fn pop(&mut self, wait: bool, pulse: &mut dyn FnMut() -> Result<()>) -> Result<Option<Built>> {
        let Some(first) = self.flying.front() else { return Ok(None) };
        loop {
            let patience = if wait { PULSE } else { Duration::ZERO };
            match first.recv_timeout(patience) {
                Ok(built) => {
                    self.flying.pop_front();
                    return Ok(Some(built));
                }
                Err(RecvTimeoutError::Timeout) if wait => pulse()?,
                Err(RecvTimeoutError::Timeout) => return Ok(None),
                Err(RecvTimeoutError::Disconnected) => {
                    return Err(Error::Bug("a thread that makes columns is gone"));
                }
            }
        }
    }
}

/// One thread's life, which ends with the pool.
fn work(plan: &Plan, queue: &Mutex<Receiver<Task>>) {
    loop {
        // Let go of before the work begins.
        let task = lock(queue).recv();
        let Ok((rows, back)) = task else { return };
        let _ = back.send(build(plan, rows));
    }
}

fn build(plan: &Plan, mut rows: Rows) -> Built {
    let batch = catch_unwind(AssertUnwindSafe(|| {
        rows.time();
        plan.build(&rows)
    }));
    Built { batch: batch.unwrap_or(Err(Error::Bug("columns could not be made of a chunk of lines"))), rows }
}
