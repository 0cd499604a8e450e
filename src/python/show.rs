//! `Show` and `Sink`: answers that go to standard output without passing through Python.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use pyo3::exceptions::PyRuntimeError;
use pyo3::prelude::*;

use super::caller::PythonCaller;
use super::question::Asked;
use super::stats::Stats;
use super::text;
use crate::error::{Error, Result};
use crate::merge::{Merge, Order};
use crate::query::Question;
use crate::show::{self, Feed, Json, Manner, Outcome, Painter, Shape, Style, Surroundings};
use crate::watch::Bell;

/// More feeds than this read in the thread that merges them, so that threads and memory stay few.
const WITH_THREADS: usize = 16;

/// Standard output, shared by all that show at once.
#[pyclass(frozen, module = "logdex._core")]
pub(super) struct Sink(show::Sink);

#[pymethods]
impl Sink {
    #[new]
    fn new() -> PyResult<Self> {
        Ok(Self(show::Sink::stdout()?))
    }
}

/// `logdex.command.show.Shown`, field by field: a question, and how its answer is shown.
#[derive(FromPyObject)]
struct Shown<'py> {
    question: Asked<'py>,
    invert: bool,
    before: usize,
    after: usize,
    whole_records: bool,
    skip: u64,
    label: Vec<u8>,
    heading: Vec<u8>,
    gap: Vec<u8>,
    /// For JSON: the source's name and rank.
    json: Option<(String, Option<u32>)>,
}

type Part = (Feed, Style, PythonCaller);

/// What is shown, and how it is put in order.
enum Parts {
    /// In the exact order of time, or by arrival.
    Merge(Box<Merge>, Vec<Style>, PythonCaller),
    /// Each in its own order.
    Feeds(Vec<Part>),
}

impl Parts {
    /// Many answers whose lines are shown for themselves are merged exactly; others keep their files' order.
    fn new(shown: Vec<Shown<'_>>, closed: &Arc<AtomicBool>, bell: &Arc<Bell>) -> PyResult<Self> {
        let merges = shown.len() > 1 && shown.iter().all(|one| one.shape().is_plain());
        let workers = match shown.len() {
            0 | 1 => None,
            2..=WITH_THREADS => Some(1),
            _ => Some(0),
        };
        if !merges {
            let parts = shown.into_iter().map(|one| one.part(closed, bell, workers));
            return Ok(Self::Feeds(parts.collect::<PyResult<_>>()?));
        }
        let (mut questions, mut styles, mut first) = (Vec::new(), Vec::new(), None);
        for one in shown {
            let (question, style, caller) = one.ask(closed, bell)?;
            questions.push(question);
            styles.push(style);
            // One caller speaks for all: the regex is the same, and so is the end.
            first.get_or_insert(caller);
        }
        let caller = first.unwrap_or_else(|| PythonCaller::new(None, None, Arc::clone(closed)));
        Ok(Self::Merge(Box::new(Merge::new(questions, Order::Arrival, bell)), styles, caller))
    }

    fn show(&mut self, manner: Manner<'_>, painter: Option<&mut dyn Painter>) -> Result<Outcome> {
        match self {
            Self::Merge(merge, styles, caller) => show::show_merged(merge, styles, manner, painter, caller),
            Self::Feeds(parts) => show::show(parts, manner, painter),
        }
    }

    /// The exception that Python's own code raised, if it did.
    fn raised(&mut self) -> Option<PyErr> {
        match self {
            Self::Merge(_, _, caller) => caller.raised(),
            Self::Feeds(parts) => parts.iter_mut().find_map(|(_, _, caller)| caller.raised()),
        }
    }

    fn stats(&self) -> Stats {
        let mut sum = Stats::default();
        match self {
            Self::Merge(merge, _, caller) => {
                merge.queries().for_each(|query| sum.add(Stats::of(query, &[])));
                sum.notes.extend_from_slice(caller.notes());
                sum.late = merge.late();
            }
            Self::Feeds(parts) => {
                for (feed, _, caller) in parts {
                    sum.add(Stats::of(feed.query(), caller.notes()));
                }
            }
        }
        sum
    }
}

impl Shown<'_> {
    fn shape(&self) -> Shape {
        let around = Surroundings { before: self.before, after: self.after };
        Shape { invert: self.invert, around, records: self.whole_records, skip: self.skip }
    }

    fn ask(self, closed: &Arc<AtomicBool>, bell: &Arc<Bell>) -> PyResult<(Question, Style, PythonCaller)> {
        let zone = self.question.zone.0.clone();
        let json = self.json.map(|(source, rank)| Json { source, rank, zone });
        let style = Style { label: self.label, heading: self.heading, gap: self.gap, json };
        let (question, caller) = self.question.put(closed, bell)?;
        Ok((question, style, caller))
    }

    fn part(self, closed: &Arc<AtomicBool>, bell: &Arc<Bell>, workers: Option<usize>) -> PyResult<Part> {
        let shape = self.shape();
        let (mut question, style, caller) = self.ask(closed, bell)?;
        question.workers = workers.unwrap_or(question.workers);
        Ok((Feed::new(question, shape), style, caller))
    }
}

/// Answers about one or more files on their way to standard output.
#[pyclass(frozen, module = "logdex._core")]
pub(super) struct Show {
    parts: Mutex<Parts>,
    told: Mutex<Told>,
    closed: Arc<AtomicBool>,
    /// Wakes a follow that waits.
    bell: Arc<Bell>,
    paint: Option<Py<PyAny>>,
    skip: u64,
}

/// What was shown.
#[derive(Default)]
struct Told {
    hits: u64,
    errors: Vec<PyErr>,
}

#[pymethods]
impl Show {
    #[new]
    #[pyo3(signature = (shown, *, paint=None, skip=0))]
    fn new(shown: Vec<Shown<'_>>, paint: Option<Py<PyAny>>, skip: u64) -> PyResult<Self> {
        let (closed, bell) = (Arc::new(AtomicBool::new(false)), Arc::new(Bell::default()));
        let parts = Parts::new(shown, &closed, &bell)?;
        Ok(Self { parts: Mutex::new(parts), told: Mutex::default(), closed, bell, paint, skip })
    }

    #[pyo3(signature = (sink, *, live=false))]
    fn run(&self, py: Python<'_>, sink: Option<&Bound<'_, Sink>>, live: bool) -> PyResult<u64> {
        let mut painter = self.paint.as_ref().map(|paint| Paint { paint: paint.clone_ref(py), raised: None });
        let sink = sink.map(|sink| &sink.get().0);
        py.detach(|| {
            let Ok(mut parts) = self.parts.try_lock() else {
                return Err(PyRuntimeError::new_err("this answer is being shown by another thread"));
            };
            let manner = Manner { sink, live, skip: self.skip };
            let shown = parts.show(manner, painter.as_mut().map(|p| p as &mut dyn Painter));
            match shown {
                Err(_) if self.closed.load(Ordering::Acquire) => Ok(0),
                Err(error) => {
                    Err(parts.raised().or(painter.and_then(|p| p.raised)).unwrap_or_else(|| error.into()))
                }
                Ok(Outcome { hits, errors }) => {
                    *self.told() = Told { hits, errors: errors.into_iter().map(PyErr::from).collect() };
                    Ok(hits)
                }
            }
        })
    }

    fn close(&self) {
        self.closed.store(true, Ordering::Release);
        self.bell.ring();
    }

    #[getter]
    fn stats(&self) -> Stats {
        let parts = self.parts.lock().unwrap_or_else(PoisonError::into_inner);
        Stats { lines: self.told().hits, ..parts.stats() }
    }

    #[getter]
    fn errors(&self) -> Vec<PyErr> {
        Python::attach(|py| self.told().errors.iter().map(|error| error.clone_ref(py)).collect())
    }
}

impl Show {
    fn told(&self) -> MutexGuard<'_, Told> {
        self.told.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Asks Python for the colours of a line; only ever used on a terminal.
struct Paint {
    paint: Py<PyAny>,
    raised: Option<PyErr>,
}

impl Painter for Paint {
    fn paint(&mut self, line: &[u8]) -> Result<Vec<u8>> {
        Python::attach(|py| self.paint.bind(py).call1((text::decode(py, line),))?.extract::<String>())
            .map(String::into_bytes)
            .map_err(|raised| {
                self.raised = Some(raised);
                Error::Interrupted
            })
    }
}
