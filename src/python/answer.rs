//! An answer as it is handed to Python: one reader at a time, batches fetched without the GIL, closed from anywhere.

use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};

use atomic_refcell::{AtomicRefCell, AtomicRefMut};
use pyo3::exceptions::PyRuntimeError;
use pyo3::gc::{PyTraverseError, PyVisit};
use pyo3::prelude::*;

use super::caller::PythonCaller;
use super::error::engine;
use super::face::Behind;
use super::interpreter::detached;
use super::question::Question;
use super::stats::Stats;
use super::stream::Stream;
use crate::batch::{Batch, LineTime};
use crate::file::block::Block;
use crate::line::Line;
use crate::query::behind::Behind as Place;
use crate::system::lock::lock;
use crate::system::watch::Wakeup;

/// The answer to one question, as far as it has been read.
pub(super) struct Answer {
    /// Not a mutex: a second reader is told so and does not wait, and one atomic exchange a line is enough.
    reading: AtomicRefCell<Reading>,
    /// What was known when the reader last waited, for other threads that ask.
    told: Mutex<Stats>,
    /// Where the reader was then.
    place: Mutex<String>,
    closed: Arc<AtomicBool>,
    wakeup: Arc<Wakeup>,
    path: PathBuf,
    /// Something that must live as long as the answer: the scheduler whose app is read.
    keep: Option<Py<PyAny>>,
}

/// The state of the one reader.
struct Reading {
    query: Stream,
    caller: PythonCaller,
    /// The batch that is being handed out.
    batch: Option<Batch>,
    /// How many of its lines were handed out.
    next: usize,
    stats: Stats,
    over: bool,
    behind: Place,
    /// How many files could not be gone on in.
    lost: u64,
}

impl Answer {
    /// Puts the question; the file is touched by the first `next`.
    pub(super) fn new(py: Python<'_>, asked: &Question) -> PyResult<Self> {
        let (closed, wakeup) = (Arc::new(AtomicBool::new(false)), Arc::new(Wakeup::default()));
        let (path, keep) = (asked.file(), asked.kept(py));
        let (behind, lost) = (Place::new(asked.begun()?), asked.lost());
        let (query, caller) = asked.stream(py, &closed, &wakeup);
        let reading = Reading {
            query,
            caller,
            batch: None,
            next: 0,
            stats: Stats::default(),
            over: false,
            behind,
            lost,
        };
        Ok(Self {
            reading: AtomicRefCell::new(reading),
            told: Mutex::default(),
            place: Mutex::default(),
            closed,
            wakeup,
            path,
            keep,
        })
    }

    /// The next line, made into what the caller wants it to be.
    #[inline]
    pub(super) fn next<T>(
        &self,
        py: Python<'_>,
        make: impl Fn(&Block, Line, Option<LineTime>) -> T,
    ) -> PyResult<Option<T>> {
        let mut reading = self.only_reader()?;
        loop {
            if let Some((block, line, time)) = reading.next_line() {
                return Ok(Some(make(block, line, time)));
            }
            *lock(&self.told) = reading.stats();
            *lock(&self.place) = reading.cursor();
            if !reading.next_batch(py, &self.closed)? {
                return Ok(None);
            }
        }
    }

    #[inline]
    fn only_reader(&self) -> PyResult<AtomicRefMut<'_, Reading>> {
        self.reading.try_borrow_mut().map_err(|_| self.in_use())
    }

    #[cold]
    fn in_use(&self) -> PyErr {
        PyRuntimeError::new_err(format!(
            "{}: this answer is being read by another thread; give each thread its own, from Log.lines()",
            self.path.display()
        ))
    }
}

impl Drop for Answer {
    /// What was built of an index is written when the query goes, which may wait for a disk: not with the GIL held.
    fn drop(&mut self) {
        let query = &mut self.reading.get_mut().query;
        if Python::try_attach(|py| detached(py, || query.finish())).is_none() {
            query.finish();
        }
    }
}

impl Behind for Answer {
    fn close(&self, py: Python<'_>) {
        self.closed.store(true, Ordering::Release);
        // One that is being read by another thread sees the flag and lets go itself.
        self.wakeup.signal();
        if let Ok(mut reading) = self.reading.try_borrow_mut() {
            reading.finish(py);
        }
    }

    fn stats(&self) -> PyResult<Stats> {
        Ok(match self.reading.try_borrow() {
            Ok(reading) => reading.stats(),
            Err(_) => lock(&self.told).clone(),
        })
    }

    fn cursor(&self, _: Python<'_>) -> PyResult<String> {
        match self.reading.try_borrow() {
            Ok(reading) => Ok(reading.cursor()),
            Err(_) => Ok(lock(&self.place).clone()),
        }
    }

    fn about(&self) -> String {
        self.path.display().to_string()
    }

    fn traverse(&self, visit: &PyVisit<'_>) -> Result<(), PyTraverseError> {
        visit.call(&self.keep)?;
        // One that is being read is in use, and what it holds with it.
        self.reading.try_borrow().map_or(Ok(()), |reading| reading.caller.traverse(visit))
    }
}

impl Reading {
    /// The next line of the batch at hand.
    #[inline]
    fn next_line(&mut self) -> Option<(&Block, Line, Option<LineTime>)> {
        let batch = self.batch.as_ref()?;
        let (line, time) = (batch.line(self.next)?, batch.time(self.next));
        self.next += 1;
        Some((&batch.block, line, time))
    }

    /// Fetches the next batch, without the GIL; false at the end.
    fn next_batch(&mut self, py: Python<'_>, closed: &AtomicBool) -> PyResult<bool> {
        if self.over || closed.load(Ordering::Acquire) {
            self.finish(py);
            return Ok(false);
        }
        self.leave();
        let Self { query, caller, batch, .. } = self;
        self.stats.lines += std::mem::take(&mut self.next) as u64;
        let fetched = engine(py, || {
            if let Some(spent) = batch.take() {
                query.recycle(spent);
            }
            query.next(caller)
        });
        match fetched {
            Ok(Some(batch)) => {
                if let Some(query) = self.query.current() {
                    self.behind.enter(query);
                }
                self.batch = Some(batch);
                Ok(true)
            }
            Err(error) if !closed.load(Ordering::Acquire) => Err(self.caller.exception(error)),
            ended => {
                if matches!(ended, Ok(None)) {
                    // Where that cannot be found out, the place is behind the last line.
                    let Self { query, behind, .. } = self;
                    let _ = engine(py, || query.last().into_iter().try_for_each(|one| behind.arrive(one)));
                }
                self.finish(py);
                Ok(false)
            }
        }
    }

    /// Lets go of the file, the threads and the buffers; the stats stay.
    fn finish(&mut self, py: Python<'_>) {
        self.leave();
        self.stats = self.stats();
        (self.next, self.over, self.batch) = (0, true, None);
        // What was built of an index may be written now.
        detached(py, || self.query.finish());
    }

    fn stats(&self) -> Stats {
        if self.over {
            return self.stats.clone();
        }
        let stats = Stats::of_stream(&self.query, self.caller.notes());
        Stats { lines: self.stats.lines + self.next as u64, lost: stats.lost + self.lost, ..stats }
    }

    /// The last line that was handed out of the batch at hand.
    fn last_line(&self) -> Option<(&Block, Line)> {
        let (batch, last) = (self.batch.as_ref()?, self.next.checked_sub(1)?);
        let line = batch.line(last)?;
        Some((&batch.block, line))
    }

    /// The batch at hand goes: remembers the place behind it.
    fn leave(&mut self) {
        let Some((block, line)) = self.last_line() else { return };
        if let Some(mark) = self.behind.of_line(block, line) {
            self.behind.move_to(mark);
        }
    }

    fn cursor(&self) -> String {
        self.behind.cursor(self.last_line()).to_text()
    }
}
