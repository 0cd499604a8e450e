//! `Show` and `Sink`: answers that go to standard output without passing through Python.

use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};

use pyo3::exceptions::PyRuntimeError;
use pyo3::prelude::*;

use super::asking::Asking;
use super::caller::PythonCaller;
use super::error::guarded;
use super::halt::Halt;
use super::interpreter::detached;
use super::painter::PythonPainter;
use super::scout::{PythonScout, Scouted};
use super::shown::ShownParts;
use super::stats::Stats;
use super::when::Zone;
use crate::cursor::Cursor;
use crate::merge::MergeTerms;
use crate::show::{self, Feed, Manner, Many, Painter, Scout, Style};
use crate::system::lock::lock;

/// Standard output, shared by all that show at once.
#[pyclass(frozen, name = "Sink", module = "logdex._core")]
pub(super) struct PySink(show::Sink);

#[pymethods]
impl PySink {
    #[new]
    fn new() -> PyResult<Self> {
        Ok(Self(show::Sink::stdout()?))
    }
}

/// What is shown, and how it is put in order.
enum Arrangement {
    /// One file.
    One(Box<Feed>, Style),
    /// In the order of time, or by arrival.
    Many(Box<Many>),
}

/// Answers about one or more files on their way to standard output.
#[pyclass(frozen, module = "logdex._core")]
pub(super) struct Show {
    answer: Mutex<Showing>,
    /// How many lines were meant.
    hits: AtomicU64,
    halt: Halt,
    paint: Option<Py<PyAny>>,
    /// Whether what `paint` gives stands for the line.
    picks: bool,
    /// Whether it is asked of the lines around those that are meant, too.
    paints_around: bool,
    scout: Option<Py<PyAny>>,
    complain: Option<Py<PyAny>>,
    most: Option<u64>,
    /// The place behind what was written, if the caller wants to know it.
    place: Option<Mutex<Option<Cursor>>>,
}

struct Showing {
    parts: Arrangement,
    /// One speaks for all: the regex is the same, and so is the end.
    caller: PythonCaller,
    _keep: Vec<Py<PyAny>>,
}

#[pymethods]
impl Show {
    #[new]
    #[pyo3(signature = (shown, *, paint=None, picks=false, paints_around=false, scout=None, complain=None, skip=0, last=None, most=None, keeps_place=false, merges=false, folds=false, status=None))]
    #[expect(
        clippy::too_many_arguments,
        clippy::fn_params_excessive_bools,
        reason = "the keywords of a Python call"
    )]
    fn new(
        py: Python<'_>,
        shown: Vec<ShownParts>,
        paint: Option<Py<PyAny>>,
        picks: bool,
        paints_around: bool,
        scout: Option<Scouted>,
        complain: Option<Py<PyAny>>,
        skip: u64,
        last: Option<usize>,
        most: Option<u64>,
        keeps_place: bool,
        merges: bool,
        folds: bool,
        status: Option<Py<Zone>>,
    ) -> Self {
        let (look, newcomers) = scout.map(|scout| (scout.look, scout.asked)).unzip();
        let halt = Halt::default();
        let mut asking = Asking::new(py, &halt, newcomers.as_ref().map(Py::get));
        let asked = shown.into_iter().map(|one| one.ask(py, &mut asking));
        let (mut logs, keep): (Vec<_>, Vec<_>) = asked.unzip();
        let (terms, caller) = asking.begin();
        let grows = look.is_some();
        // The order is that of time also where one log is left of many.
        let alone = logs.len() == 1 && !grows && !merges;
        let one = alone && (logs[0].shape.is_plain() || !logs[0].question.follow);
        let parts = match logs.pop() {
            Some(show::Shown { question, style, shape, .. }) if one => {
                Arrangement::One(Box::new(Feed::new(question, shape, skip, keeps_place)), style)
            }
            last_log => {
                logs.extend(last_log);
                // So that the place is told where nothing more comes, too.
                let tick = keeps_place.then_some(show::TOLD);
                let terms = MergeTerms { last, grows, tick, tolerant: true, ..terms };
                let status = status.map(|zone| zone.get().0.clone());
                Arrangement::Many(Box::new(Many::new(logs, terms, skip, folds, status)))
            }
        };
        let place = keeps_place.then(Mutex::default);
        let answer = Mutex::new(Showing { parts, caller, _keep: keep.into_iter().flatten().collect() });
        let hits = AtomicU64::new(0);
        Self { answer, hits, halt, paint, picks, paints_around, scout: look, complain, most, place }
    }

    #[pyo3(signature = (sink, *, live=false))]
    fn run(&self, py: Python<'_>, sink: Option<&Bound<'_, PySink>>, live: bool) -> PyResult<u64> {
        let paint = self.paint.as_ref().map(|paint| paint.clone_ref(py));
        let Self { picks, paints_around, .. } = *self;
        let mut painter = paint.map(|ask| PythonPainter { ask, picks, paints_around, raised: None });
        let scout = self.scout.as_ref().map(|look| look.clone_ref(py));
        let complain = self.complain.as_ref().map(|complain| complain.clone_ref(py));
        let halt = self.halt.clone();
        let mut scout = PythonScout { look: scout, complain, halt, raised: None, keep: Vec::new() };
        let manner = Manner {
            sink: sink.map(|sink| &sink.get().0),
            live,
            most: self.most,
            place: self.place.as_ref(),
        };
        detached(py, || {
            let Ok(mut answer) = self.answer.try_lock() else {
                return Err(PyRuntimeError::new_err("this answer is being shown by another thread"));
            };
            let Showing { parts, caller, .. } = &mut *answer;
            let paint = painter.as_mut().map(|p| p as &mut dyn Painter);
            let mut hits = 0;
            let shown = guarded(|| match parts {
                Arrangement::One(feed, style) => {
                    show::show_one(feed, style, manner, paint, caller, &mut hits)
                }
                Arrangement::Many(many) => many.show(manner, paint, &mut scout, caller, &mut hits),
            });
            if let Arrangement::Many(many) = parts {
                // What ended it is raised, and not what whoever is told of these may raise.
                let _ = many.take_errors().into_iter().try_for_each(|error| scout.leave_out(error));
            }
            self.hits.store(hits, Ordering::Relaxed);
            match shown {
                Err(_) if self.halt.is_closed() => Ok(0),
                Err(error) => {
                    let raised = caller.raised().or(painter.and_then(|p| p.raised)).or(scout.raised);
                    Err(raised.unwrap_or_else(|| error.into()))
                }
                Ok(()) => Ok(hits),
            }
        })
    }

    /// The place behind what was written, from any thread.
    #[getter]
    fn cursor(&self) -> Option<String> {
        self.place.as_ref().and_then(|place| lock(place).as_ref().map(Cursor::to_text))
    }

    fn close(&self) {
        self.halt.close();
    }

    #[getter]
    fn stats(&self) -> Stats {
        let answer = lock(&self.answer);
        let notes = answer.caller.notes();
        let stats = match &answer.parts {
            Arrangement::One(feed, _) => Stats::of(feed.query(), notes),
            Arrangement::Many(many) => Stats::of_merge(many.merge(), notes),
        };
        Stats { lines: self.hits.load(Ordering::Relaxed), ..stats }
    }
}
