//! `Merged`: the Python iterator over many logs in one order.

use std::sync::Arc;
use std::time::{Duration, Instant};

use pyo3::exceptions::PyValueError;
use pyo3::gc::{PyTraverseError, PyVisit};
use pyo3::prelude::*;

use super::answer::{Answer, Reading};
use super::any_answer::{PyAnswer, as_answer};
use super::asking::Asking;
use super::caller::PythonCaller;
use super::error::engine;
use super::halt::Halt;
use super::interpreter::detached;
use super::question::PyQuestion;
use super::record::{PyRecord, RecordOrigin};
use super::scout::{self, Scouted};
use super::stats::Stats;
use super::text;
use crate::cursor::Cursor;
use crate::merge::{LiveOrder, Merge, MergeStep, MergeTerms};

/// How often other threads are told, at most: there may be a thousand logs to sum up.
const TOLD: Duration = Duration::from_millis(50);

/// Telling them takes at most one part in so many of the time.
const RARELY: u32 = 50;

/// What an item of the answer is made into.
#[derive(Clone, Copy)]
enum Gives {
    /// The label of the log, and the record: what `logdex.merge` gives.
    Pairs,
    /// The record alone.
    Records,
    /// The text of the line alone.
    Lines,
}

impl<'a, 'py> FromPyObject<'a, 'py> for Gives {
    type Error = PyErr;

    fn extract(given: Borrowed<'a, 'py, PyAny>) -> PyResult<Self> {
        match given.extract::<String>()?.as_str() {
            "pairs" => Ok(Self::Pairs),
            "records" => Ok(Self::Records),
            "lines" => Ok(Self::Lines),
            other => Err(PyValueError::new_err(format!("gives={other:?}: give pairs, records or lines"))),
        }
    }
}

/// Many logs in one order; made by `logdex.merge`, and by `lines` and `records` of `Logs`.
#[pyclass(frozen, extends = PyAnswer, module = "logdex._core")]
pub(super) struct Merged(Arc<Answer<ManyReading>>);

/// The answer to one question about many logs, as far as it has been read.
struct ManyReading {
    /// `None` once it is over.
    merge: Option<Merge>,
    sources: Vec<MergedLog>,
    caller: PythonCaller,
    lines: u64,
    stats: Stats,
    /// The place behind the last line, once it is over, and before the first.
    behind: Cursor,
    /// How many files could not be gone on in.
    lost: u64,
    /// When other threads were told, and how long that holds.
    told: (Instant, Duration),
    /// Gives logs that were not there before.
    look: Option<Py<PyAny>>,
    gives: Gives,
}

/// One of the logs.
struct MergedLog {
    /// What it is called.
    label: Py<PyAny>,
    /// What its records say of it.
    origin: Arc<RecordOrigin>,
    keep: Option<Py<PyAny>>,
}

impl MergedLog {
    fn of(py: Python<'_>, label: Py<PyAny>, asked: &PyQuestion) -> Self {
        Self { label, origin: Arc::new(asked.origin()), keep: asked.kept(py) }
    }
}

fn order(patience: Option<f64>) -> PyResult<LiveOrder> {
    let Some(seconds) = patience else { return Ok(LiveOrder::Arrival) };
    let told = Duration::try_from_secs_f64(seconds);
    told.map(LiveOrder::Time).map_err(|_| {
        PyValueError::new_err(format!("patience={seconds}: give a number of seconds, 0 or more"))
    })
}

#[pymethods]
impl Merged {
    #[new]
    #[pyo3(signature = (sources, *, gives=Gives::Pairs, patience=None, last=None, scout=None))]
    fn new(
        py: Python<'_>,
        sources: Vec<(Py<PyAny>, Py<PyQuestion>)>,
        gives: Gives,
        patience: Option<f64>,
        last: Option<usize>,
        scout: Option<Scouted>,
    ) -> PyResult<PyClassInitializer<Self>> {
        let (look, newcomers) = scout.map(|scout| (scout.look, scout.asked)).unzip();
        let halt = Halt::default();
        let mut asking = Asking::new(py, &halt, newcomers.as_ref().map(Py::get));
        let begun = sources.iter().map(|(_, asked)| asked.get().begun()).find(Result::is_ok);
        let questions = sources.iter().map(|(_, asked)| asking.put(py, asked.get())).collect();
        let (terms, caller) = asking.begin();
        let (order, grows, still) = (order(patience)?, look.is_some(), Some(TOLD));
        let terms = MergeTerms { order, last, grows, still, ..terms };
        let many = ManyReading {
            merge: Some(Merge::new(questions, terms)),
            caller,
            lines: 0,
            stats: Stats::default(),
            behind: begun.transpose()?.unwrap_or_default(),
            lost: sources.iter().map(|(_, asked)| asked.get().lost()).sum(),
            told: (Instant::now(), TOLD),
            sources: sources
                .into_iter()
                .map(|(label, asked)| MergedLog::of(py, label, asked.get()))
                .collect(),
            look,
            gives,
        };
        let answer = Arc::new(Answer::new(many, halt));
        Ok(as_answer(Self(Arc::clone(&answer)), answer))
    }

    fn __next__<'py>(&self, py: Python<'py>) -> PyResult<Option<Bound<'py, PyAny>>> {
        let mut many = self.0.only()?;
        loop {
            if many.merge.is_none() {
                return Ok(None);
            }
            if let Some(item) = many.ready(py)? {
                return Ok(Some(item));
            }
            let step = many.advance(py, &self.0.halt)?;
            if step == MergeStep::Still || many.told.0.elapsed() >= many.told.1 {
                let began = Instant::now();
                self.0.tell(py, &many);
                many.told = (Instant::now(), TOLD.max(began.elapsed() * RARELY));
            }
            match step {
                MergeStep::Line | MergeStep::Still | MergeStep::Tick | MergeStep::LeftOut => {}
                MergeStep::Look => many.look(py, &self.0.halt)?,
                MergeStep::Over => return Ok(None),
            }
        }
    }
}

impl ManyReading {
    /// The next line, if it is at hand, as the caller wants it.
    fn ready<'py>(&mut self, py: Python<'py>) -> PyResult<Option<Bound<'py, PyAny>>> {
        let Some((at, held)) = self.merge.as_mut().and_then(Merge::ready) else { return Ok(None) };
        self.lines += 1;
        let MergedLog { label, origin, .. } = &self.sources[at];
        if let Gives::Lines = self.gives {
            return Ok(Some(text::of_line(py, held.block(), held.line()).into_any()));
        }
        let unsettled = held.lot.batch.unsettled.as_deref();
        let record = PyRecord::new(py, held.block(), held.line(), held.time().copied(), unsettled, origin);
        Ok(Some(match self.gives {
            Gives::Pairs => (label, record).into_pyobject(py)?.into_any(),
            _ => record.into_pyobject(py)?.into_any(),
        }))
    }

    /// Takes in the logs that were not there before.
    fn look(&mut self, py: Python<'_>, halt: &Halt) -> PyResult<()> {
        let (Some(look), Some(merge)) = (&self.look, &mut self.merge) else { return Ok(()) };
        let (found, directories) = scout::look::<(Py<PyAny>, Py<PyQuestion>)>(look.bind(py))?;
        let mut asking = Asking::new(py, halt, None);
        let questions = found.iter().map(|(_, asked)| asking.put(py, asked.get())).collect();
        self.sources.extend(found.into_iter().map(|(label, asked)| MergedLog::of(py, label, asked.get())));
        merge.join(questions, directories);
        Ok(())
    }

    /// Reads or waits, without the GIL, until there is something to say.
    fn advance(&mut self, py: Python<'_>, halt: &Halt) -> PyResult<MergeStep> {
        let Self { merge, caller, .. } = self;
        let Some(merge) = merge.as_mut().filter(|_| !halt.is_closed()) else {
            self.finish(py);
            return Ok(MergeStep::Over);
        };
        match engine(py, || merge.advance(caller)) {
            Err(error) if !halt.is_closed() => Err(self.caller.exception(error)),
            Ok(MergeStep::Over) | Err(_) => {
                self.finish(py);
                Ok(MergeStep::Over)
            }
            step => Ok(step?),
        }
    }
}

impl Reading for ManyReading {
    fn about(&self) -> String {
        format!("{} logs", self.sources.len())
    }

    fn stats(&self) -> Stats {
        let Some(merge) = &self.merge else { return self.stats.clone() };
        let stats = Stats::of_merge(merge, self.caller.notes());
        Stats { lines: self.lines, lost: stats.lost + self.lost, ..stats }
    }

    fn cursor(&self, py: Python<'_>) -> PyResult<Cursor> {
        match &self.merge {
            // Before the first line not all logs are open.
            Some(merge) if self.lines == 0 && !merge.is_over() => Ok(self.behind.clone()),
            Some(merge) => Ok(detached(py, || merge.cursor())?),
            None => Ok(self.behind.clone()),
        }
    }

    fn settle(&mut self, py: Python<'_>) {
        self.stats = self.stats();
        self.behind = self.cursor(py).unwrap_or_default();
    }

    fn release(&mut self) {
        self.merge = None;
    }

    fn traverse(&self, visit: &PyVisit<'_>) -> Result<(), PyTraverseError> {
        visit.call(&self.look)?;
        for source in &self.sources {
            visit.call(&source.label)?;
            visit.call(&source.keep)?;
        }
        self.caller.traverse(visit)
    }
}
