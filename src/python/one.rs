//! The answer to one question: batches are fetched without the GIL, and handed out line by line.

use std::path::PathBuf;

use pyo3::gc::{PyTraverseError, PyVisit};
use pyo3::prelude::*;

use super::answer::{Answer, Reading};
use super::caller::PythonCaller;
use super::error::engine;
use super::halt::Halt;
use super::question::PyQuestion;
use super::stats::Stats;
use super::stream::LogStream;
use crate::batch::{Batch, LineTime};
use crate::cursor::Cursor;
use crate::file::block::Block;
use crate::line::Line;
use crate::query::behind::Behind as Place;

/// The answer to one question, as far as it has been read.
pub(super) struct OneReading {
    query: LogStream,
    caller: PythonCaller,
    /// The batch that is being handed out.
    batch: Option<Batch>,
    /// The one before, as long as the levels of its lines may yet be asked for: whoever reads looks at a line for as long as
    /// it is the last.
    before: Option<Batch>,
    /// How many of its lines were handed out.
    next: usize,
    stats: Stats,
    over: bool,
    behind: Place,
    /// How many files could not be gone on in.
    lost: u64,
    path: PathBuf,
    /// Something that must live as long as the answer: the scheduler whose app is read.
    keep: Option<Py<PyAny>>,
}

impl Answer<OneReading> {
    /// Puts the question; the file is touched by the first `next`.
    pub(super) fn ask(py: Python<'_>, asked: &PyQuestion) -> PyResult<Self> {
        let halt = Halt::default();
        let (query, caller) = asked.stream(py, &halt);
        let reading = OneReading {
            query,
            caller,
            batch: None,
            before: None,
            next: 0,
            stats: Stats::default(),
            over: false,
            behind: Place::new(asked.begun()?),
            lost: asked.lost(),
            path: asked.file(),
            keep: asked.kept(py),
        };
        Ok(Self::new(reading, halt))
    }

    /// The next line, made into what the caller wants it to be.
    #[inline]
    pub(super) fn next<T>(
        &self,
        py: Python<'_>,
        make: impl Fn(&Batch, Line, Option<LineTime>) -> T,
    ) -> PyResult<Option<T>> {
        let mut reading = self.only()?;
        loop {
            if let Some((batch, line, time)) = reading.next_line() {
                return Ok(Some(make(batch, line, time)));
            }
            self.tell(py, &reading);
            if !reading.next_batch(py, &self.halt)? {
                return Ok(None);
            }
        }
    }
}

impl OneReading {
    /// The next line of the batch at hand.
    #[inline]
    fn next_line(&mut self) -> Option<(&Batch, Line, Option<LineTime>)> {
        let batch = self.batch.as_ref()?;
        let (line, time) = (batch.line(self.next)?, batch.time(self.next));
        self.next += 1;
        Some((batch, line, time))
    }

    /// Fetches the next batch, without the GIL; false at the end.
    fn next_batch(&mut self, py: Python<'_>, halt: &Halt) -> PyResult<bool> {
        if self.over || halt.is_closed() {
            self.finish(py);
            return Ok(false);
        }
        self.leave();
        let Self { query, caller, batch, before, .. } = self;
        self.stats.lines += std::mem::take(&mut self.next) as u64;
        let fetched = engine(py, || {
            let spent = batch.take().and_then(|batch| retire(batch, before));
            if let Some(spent) = spent {
                query.recycle(spent);
            }
            query.next(caller)
        });
        match fetched {
            Ok(Some(batch)) => {
                if let Some(query) = self.query.current() {
                    self.behind.enter(query, &batch);
                }
                self.batch = Some(batch);
                Ok(true)
            }
            Err(error) if !halt.is_closed() => Err(self.caller.exception(error)),
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

    /// The last line that was handed out of the batch at hand.
    fn last_line(&self) -> Option<(&Block, Line)> {
        let (batch, last) = (self.batch.as_ref()?, self.next.checked_sub(1)?);
        let line = batch.line(last)?;
        Some((&batch.block, line))
    }

    /// The batch at hand goes: remembers the place behind it.
    fn leave(&mut self) {
        let mark = self.last_line().and_then(|(block, line)| self.behind.of_line(block, line));
        if let Some(mark) = mark {
            self.behind.move_to(mark);
        }
        if let Some(batch) = &self.batch {
            self.behind.leave(&batch.block);
        }
    }
}

/// What nobody needs any more where `batch` was handed out: the one `before` it, where levels of its own may be asked for.
fn retire(batch: Batch, before: &mut Option<Batch>) -> Option<Batch> {
    if batch.unsettled.is_some() { before.replace(batch) } else { Some(batch) }
}

impl Reading for OneReading {
    fn about(&self) -> String {
        self.path.display().to_string()
    }

    fn stats(&self) -> Stats {
        if self.over {
            return self.stats.clone();
        }
        let stats = Stats::of_stream(&self.query, self.caller.notes());
        Stats { lines: self.stats.lines + self.next as u64, lost: stats.lost + self.lost, ..stats }
    }

    fn cursor(&self, _: Python<'_>) -> PyResult<Cursor> {
        Ok(self.behind.cursor(self.last_line()))
    }

    fn settle(&mut self, _: Python<'_>) {
        self.leave();
        self.stats = self.stats();
        (self.next, self.over) = (0, true);
    }

    fn release(&mut self) {
        (self.batch, self.before) = (None, None);
        self.query.finish();
    }

    fn traverse(&self, visit: &PyVisit<'_>) -> Result<(), PyTraverseError> {
        visit.call(&self.keep)?;
        self.caller.traverse(visit)
    }
}
