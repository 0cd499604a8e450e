//! `Merged`: the Python iterator over many logs in one order.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use atomic_refcell::AtomicRefCell;
use pyo3::exceptions::{PyRuntimeError, PyValueError};
use pyo3::gc::{PyTraverseError, PyVisit};
use pyo3::prelude::*;

use super::caller::PythonCaller;
use super::error::engine;
use super::face::{Behind, Face, with_face};
use super::interpreter::detached;
use super::question::Question;
use super::record::{Origin, Record};
use super::scout::{self, Scouted};
use super::stats::Stats;
use super::text;
use crate::merge::{Merge, MergeStep, MergeTerms, Order};
use crate::query;
use crate::system::lock::lock;
use crate::system::watch::Wakeup;

/// How often other threads are told, at most: there may be a thousand logs to sum up.
const TOLD: Duration = Duration::from_millis(50);

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
#[pyclass(frozen, extends = Face, module = "logdex._core")]
pub(super) struct Merged(Arc<Many>);

/// The answer to one question about many logs, as far as it has been read.
struct Many {
    reading: AtomicRefCell<Reading>,
    /// What was known a moment ago, for other threads that ask while one reads.
    told: Mutex<Stats>,
    /// Where the reader was then, as far as that was asked for.
    place: Mutex<String>,
    closed: Arc<AtomicBool>,
    wakeup: Arc<Wakeup>,
    /// Gives logs that were not there before.
    look: Option<Py<PyAny>>,
    gives: Gives,
    /// Lines wait for earlier ones, so that those handed out are not the first of any log.
    patient: bool,
}

/// One of the logs.
struct Source {
    /// What it is called.
    label: Py<PyAny>,
    /// What its records say of it.
    origin: Arc<Origin>,
    keep: Option<Py<PyAny>>,
}

impl Source {
    fn of(
        py: Python<'_>,
        label: Py<PyAny>,
        asked: &Question,
        closed: &Arc<AtomicBool>,
        wakeup: &Arc<Wakeup>,
    ) -> (query::Question, PythonCaller, Self) {
        let origin = Arc::new(asked.origin());
        let keep = asked.kept(py);
        let (question, caller) = asked.put(py, closed, wakeup);
        (question, caller, Self { label, origin, keep })
    }
}

fn order(patience: Option<f64>) -> PyResult<Order> {
    let Some(seconds) = patience else { return Ok(Order::Arrival) };
    let told = Duration::try_from_secs_f64(seconds);
    told.map(Order::Time).map_err(|_| {
        PyValueError::new_err(format!("patience={seconds}: give a number of seconds, 0 or more"))
    })
}

struct Reading {
    /// `None` once it is over.
    merge: Option<Merge>,
    sources: Vec<Source>,
    caller: PythonCaller,
    lines: u64,
    stats: Stats,
    /// The place behind the last line, once it is over, and before the first.
    behind: String,
    /// How many files could not be gone on in.
    lost: u64,
    /// When other threads were told.
    told: Instant,
}

#[pymethods]
impl Merged {
    #[new]
    #[pyo3(signature = (sources, *, gives=Gives::Pairs, patience=None, last=None, scout=None))]
    fn new(
        py: Python<'_>,
        sources: Vec<(Py<PyAny>, Py<Question>)>,
        gives: Gives,
        patience: Option<f64>,
        last: Option<usize>,
        scout: Option<Scouted>,
    ) -> PyResult<PyClassInitializer<Self>> {
        let (closed, wakeup) = (Arc::new(AtomicBool::new(false)), Arc::new(Wakeup::default()));
        let (grows, mut first, mut deadline) = (scout.is_some(), None, None);
        let (look, asked) = scout.map(|scout| (scout.look, scout.asked)).unzip();
        if let Some(asked) = asked {
            let (question, caller) = asked.get().put(py, &closed, &wakeup);
            (deadline, first) = (question.deadline, Some(caller));
        }
        let (mut labels, mut questions) = (Vec::new(), Vec::new());
        let begun = sources.iter().map(|(_, asked)| asked.get().begun()).find(Result::is_ok);
        let behind = begun.transpose()?.unwrap_or_default().to_text();
        let unfound = sources.iter().map(|(_, asked)| asked.get().lost()).sum();
        for (label, asked) in sources {
            let (question, caller, source) = Source::of(py, label, asked.get(), &closed, &wakeup);
            deadline = deadline.or(question.deadline);
            questions.push(question);
            labels.push(source);
            // One caller speaks for all: the regex and the end are the same.
            first.get_or_insert(caller);
        }
        let caller = first.unwrap_or_else(|| PythonCaller::new(None, None, Arc::clone(&closed)));
        let bell_of_merge = Arc::clone(&wakeup);
        let still = Some(TOLD);
        let terms = MergeTerms {
            order: order(patience)?,
            last,
            grows,
            still,
            deadline,
            wakeup: bell_of_merge,
            ..MergeTerms::default()
        };
        let merge = Some(Merge::new(questions, terms));
        let reading = Reading {
            merge,
            caller,
            lines: 0,
            stats: Stats::default(),
            behind,
            lost: unfound,
            told: Instant::now(),
            sources: labels,
        };
        let (reading, told, place) = (AtomicRefCell::new(reading), Mutex::default(), Mutex::default());
        let many =
            Arc::new(Many { reading, told, place, closed, wakeup, look, gives, patient: patience.is_some() });
        Ok(with_face(Self(Arc::clone(&many)), many))
    }

    fn __next__<'py>(&self, py: Python<'py>) -> PyResult<Option<Bound<'py, PyAny>>> {
        self.0.next(py)
    }
}

impl Many {
    fn next<'py>(&self, py: Python<'py>) -> PyResult<Option<Bound<'py, PyAny>>> {
        let Ok(mut reading) = self.reading.try_borrow_mut() else {
            let told =
                "this merge is being read by another thread; give each thread its own, from logdex.merge()";
            return Err(PyRuntimeError::new_err(told));
        };
        loop {
            let Some(merge) = &mut reading.merge else { return Ok(None) };
            if let Some((at, held)) = merge.ready() {
                reading.lines += 1;
                let Source { label, origin, .. } = &reading.sources[at];
                if let Gives::Lines = self.gives {
                    return Ok(Some(text::of_line(py, &held.block, held.line).into_any()));
                }
                let record = Record::new(py, &held.block, held.line, held.time, origin);
                return Ok(Some(match self.gives {
                    Gives::Pairs => (label, record).into_pyobject(py)?.into_any(),
                    _ => record.into_pyobject(py)?.into_any(),
                }));
            }
            let step = reading.advance(py, &self.closed)?;
            if step == MergeStep::Still || reading.told.elapsed() >= TOLD {
                reading.told = Instant::now();
                *lock(&self.told) = reading.stats();
                *lock(&self.place) = reading.place(py).unwrap_or_default();
            }
            match step {
                MergeStep::Line | MergeStep::Still => {}
                MergeStep::Look => self.look(py, &mut reading)?,
                MergeStep::Over => return Ok(None),
            }
        }
    }

    /// Takes in the logs that were not there before.
    fn look(&self, py: Python<'_>, reading: &mut Reading) -> PyResult<()> {
        let (Some(look), Some(merge)) = (&self.look, &mut reading.merge) else { return Ok(()) };
        let (found, directories) = scout::look::<(Py<PyAny>, Py<Question>)>(look.bind(py))?;
        let mut questions = Vec::new();
        for (label, asked) in found {
            let (question, _, source) = Source::of(py, label, asked.get(), &self.closed, &self.wakeup);
            questions.push(question);
            reading.sources.push(source);
        }
        merge.join(questions, directories);
        Ok(())
    }
}

impl Drop for Many {
    /// As in `Answer`: what was built of the indexes is written without the GIL.
    fn drop(&mut self) {
        let merge = self.reading.get_mut().merge.take();
        Python::try_attach(|py| detached(py, || drop(merge)));
    }
}

impl Behind for Many {
    fn close(&self, py: Python<'_>) {
        self.closed.store(true, Ordering::Release);
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

    fn cursor(&self, py: Python<'_>) -> PyResult<String> {
        if self.patient {
            return Err(PyValueError::new_err(
                "a merge with patience has no cursor: lines wait in it for earlier ones, and no place lies behind exactly \
                 those that were handed out; leave patience out",
            ));
        }
        let Ok(reading) = self.reading.try_borrow() else { return Ok(lock(&self.place).clone()) };
        reading.place(py)
    }

    fn about(&self) -> String {
        self.reading.try_borrow().map_or("many logs".into(), |many| format!("{} logs", many.sources.len()))
    }

    fn traverse(&self, visit: &PyVisit<'_>) -> Result<(), PyTraverseError> {
        visit.call(&self.look)?;
        // One that is being read is in use, and what it holds with it.
        let Ok(reading) = self.reading.try_borrow() else { return Ok(()) };
        for source in &reading.sources {
            visit.call(&source.label)?;
            visit.call(&source.keep)?;
        }
        reading.caller.traverse(visit)
    }
}

impl Reading {
    /// Reads or waits, without the GIL, until there is something to say.
    fn advance(&mut self, py: Python<'_>, closed: &AtomicBool) -> PyResult<MergeStep> {
        let Self { merge, caller, .. } = self;
        let Some(merge) = merge.as_mut().filter(|_| !closed.load(Ordering::Acquire)) else {
            self.finish(py);
            return Ok(MergeStep::Over);
        };
        match engine(py, || merge.advance(caller)) {
            Err(error) if !closed.load(Ordering::Acquire) => Err(self.caller.exception(error)),
            Ok(MergeStep::Over) | Err(_) => {
                self.finish(py);
                Ok(MergeStep::Over)
            }
            step => Ok(step?),
        }
    }

    /// Lets go of the files, the threads and the buffers, without the GIL; the stats stay.
    fn finish(&mut self, py: Python<'_>) {
        self.stats = self.stats();
        self.behind = self.place(py).unwrap_or_default();
        let merge = self.merge.take();
        detached(py, || drop(merge));
    }

    fn stats(&self) -> Stats {
        let Some(merge) = &self.merge else { return self.stats.clone() };
        let stats = Stats::of_merge(merge, self.caller.notes());
        Stats { lines: self.lines, lost: stats.lost + self.lost, ..stats }
    }

    fn place(&self, py: Python<'_>) -> PyResult<String> {
        match &self.merge {
            // Before the first line not all logs are open.
            Some(merge) if self.lines == 0 && !merge.is_over() => Ok(self.behind.clone()),
            Some(merge) => Ok(detached(py, || merge.cursor())?.to_text()),
            None => Ok(self.behind.clone()),
        }
    }
}
