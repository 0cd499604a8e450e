//! An answer as it is handed to Python: one reader at a time, its state looked at and ended from any thread.

use std::sync::Mutex;

use atomic_refcell::{AtomicRefCell, AtomicRefMut};
use pyo3::exceptions::PyRuntimeError;
use pyo3::gc::{PyTraverseError, PyVisit};
use pyo3::prelude::*;

use super::any_answer::AnyAnswer;
use super::halt::Halt;
use super::interpreter::detached;
use super::stats::Stats;
use crate::cursor::Cursor;
use crate::system::lock::lock;

/// The state of an answer as far as it has been read.
pub(super) trait Reading: Send + Sync {
    /// What it is about, for a person.
    fn about(&self) -> String;

    /// What is known so far.
    fn stats(&self) -> Stats;

    /// The place behind the last line that was handed out.
    fn cursor(&self, py: Python<'_>) -> PyResult<Cursor>;

    /// Remembers what is asked for after the end: the stats and the place.
    fn settle(&mut self, py: Python<'_>);

    /// Lets go of files, threads and buffers. What was built of an index may be written then, so not with the GIL held.
    fn release(&mut self);

    /// Shows the collector of garbage what it holds of Python.
    fn traverse(&self, visit: &PyVisit<'_>) -> Result<(), PyTraverseError>;

    /// Ends it; what was settled stays.
    fn finish(&mut self, py: Python<'_>) {
        self.settle(py);
        detached(py, || self.release());
    }
}

/// An answer that one thread reads while others may ask about it or close it.
///
/// The state is no mutex's: a second reader is told that there is one, and does not wait for a line that may come
/// tomorrow, and one atomic exchange a line is what that costs. Those who only ask find what the reader said when it last
/// went to fetch something.
pub(super) struct Answer<R: Reading> {
    reading: AtomicRefCell<R>,
    told: Mutex<Snapshot>,
    pub(super) halt: Halt,
}

/// What the reader said last.
struct Snapshot {
    about: String,
    stats: Stats,
    /// Put into text where somebody asks: it is told with each batch, which of a follow is a line.
    cursor: PyResult<Cursor>,
}

impl<R: Reading> Answer<R> {
    pub(super) fn new(reading: R, halt: Halt) -> Self {
        let told =
            Snapshot { about: reading.about(), stats: Stats::default(), cursor: Ok(Cursor::default()) };
        Self { reading: AtomicRefCell::new(reading), told: Mutex::new(told), halt }
    }

    /// The state, for the one who reads.
    ///
    /// # Errors
    /// `RuntimeError`, if that is another thread.
    #[inline]
    pub(super) fn only(&self) -> PyResult<AtomicRefMut<'_, R>> {
        self.reading.try_borrow_mut().map_err(|_| self.in_use())
    }

    #[cold]
    fn in_use(&self) -> PyErr {
        PyRuntimeError::new_err(format!(
            "{}: this answer is being read by another thread; give each thread its own",
            lock(&self.told).about
        ))
    }

    /// Tells those who will ask while it is read on.
    pub(super) fn tell(&self, py: Python<'_>, reading: &R) {
        *lock(&self.told) =
            Snapshot { about: reading.about(), stats: reading.stats(), cursor: reading.cursor(py) };
    }
}

impl<R: Reading> AnyAnswer for Answer<R> {
    fn close(&self, py: Python<'_>) {
        self.halt.close();
        // Where another thread reads, that one sees it and lets go itself.
        if let Ok(mut reading) = self.reading.try_borrow_mut() {
            reading.finish(py);
        }
    }

    fn stats(&self) -> Stats {
        self.reading.try_borrow().map_or_else(|_| lock(&self.told).stats.clone(), |reading| reading.stats())
    }

    fn cursor(&self, py: Python<'_>) -> PyResult<String> {
        match self.reading.try_borrow() {
            Ok(reading) => Ok(reading.cursor(py)?.to_text()),
            Err(_) => match &lock(&self.told).cursor {
                Ok(cursor) => Ok(cursor.to_text()),
                Err(error) => Err(error.clone_ref(py)),
            },
        }
    }

    fn about(&self) -> String {
        self.reading.try_borrow().map_or_else(|_| lock(&self.told).about.clone(), |reading| reading.about())
    }

    fn traverse(&self, visit: &PyVisit<'_>) -> Result<(), PyTraverseError> {
        // One that is being read is in use, and what it holds with it.
        self.reading.try_borrow().map_or(Ok(()), |reading| reading.traverse(visit))
    }
}

impl<R: Reading> Drop for Answer<R> {
    fn drop(&mut self) {
        let reading = self.reading.get_mut();
        if Python::try_attach(|py| detached(py, || reading.release())).is_none() {
            reading.release();
        }
    }
}
