//! `Merged`: the Python iterator over many logs in one order.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use atomic_refcell::AtomicRefCell;
use jiff::tz::TimeZone;
use pyo3::exceptions::{PyRuntimeError, PyValueError};
use pyo3::prelude::*;
use pyo3::types::PyTuple;

use super::caller::PythonCaller;
use super::question::Asked;
use super::record::{Origin, Record};
use super::stats::Stats;
use crate::merge::{Merge, Order};
use crate::watch::Bell;

/// Many logs in one order; made by `logdex.merge`.
#[pyclass(frozen, module = "logdex._core")]
pub(super) struct Merged {
    reading: AtomicRefCell<Reading>,
    /// What each is called, the zone of its naive stamps, and what its records say of it.
    sources: Vec<(Py<PyAny>, TimeZone, Arc<Origin>)>,
    closed: Arc<AtomicBool>,
    bell: Arc<Bell>,
    _keep: Vec<Py<PyAny>>,
}

struct Reading {
    /// `None` once it is over.
    merge: Option<Merge>,
    caller: PythonCaller,
    lines: u64,
    stats: Stats,
}

#[pymethods]
impl Merged {
    #[new]
    #[pyo3(signature = (sources, *, patience=None))]
    fn new(sources: Vec<(Py<PyAny>, Asked<'_>)>, patience: Option<f64>) -> PyResult<Self> {
        let (closed, bell) = (Arc::new(AtomicBool::new(false)), Arc::new(Bell::default()));
        let order = patience.map_or(Ok(Order::Arrival), |seconds| {
            let told = Duration::try_from_secs_f64(seconds);
            told.map(Order::Time).map_err(|_| {
                PyValueError::new_err(format!("patience={seconds}: give a number of seconds, 0 or more"))
            })
        })?;
        let (mut labels, mut questions, mut keep, mut first) = (Vec::new(), Vec::new(), Vec::new(), None);
        for (label, mut asked) in sources {
            let named = asked.origin.take();
            let (source, rank) = named.unwrap_or_else(|| (asked.path.to_string_lossy().into_owned(), None));
            let origin = Origin { source, rank };
            labels.push((label, asked.zone.0.clone(), Arc::new(origin)));
            keep.extend(asked.keep.take());
            let (question, caller) = asked.put(&closed, &bell)?;
            questions.push(question);
            // One caller speaks for all: the regex and the end are the same.
            first.get_or_insert(caller);
        }
        let caller = first.unwrap_or_else(|| PythonCaller::new(None, None, Arc::clone(&closed)));
        let merge = Some(Merge::new(questions, order, &bell));
        let reading = Reading { merge, caller, lines: 0, stats: Stats::default() };
        Ok(Self { reading: AtomicRefCell::new(reading), sources: labels, closed, bell, _keep: keep })
    }

    fn __iter__(slf: PyRef<'_, Self>) -> PyRef<'_, Self> {
        slf
    }

    fn __next__<'py>(&self, py: Python<'py>) -> PyResult<Option<Bound<'py, PyTuple>>> {
        let Ok(mut reading) = self.reading.try_borrow_mut() else {
            let told =
                "this merge is being read by another thread; give each thread its own, from logdex.merge()";
            return Err(PyRuntimeError::new_err(told));
        };
        loop {
            let Some(merge) = &mut reading.merge else { return Ok(None) };
            if let Some((at, held)) = merge.ready() {
                let (label, zone, origin) = &self.sources[at];
                let record = Record::new(py, &held.block, held.line, held.time, zone, origin);
                reading.lines += 1;
                return (label, record).into_pyobject(py).map(Some);
            }
            if !reading.advance(py, &self.closed)? {
                return Ok(None);
            }
        }
    }

    fn __enter__(slf: PyRef<'_, Self>) -> PyRef<'_, Self> {
        slf
    }

    #[pyo3(signature = (*_exception))]
    fn __exit__(&self, _exception: &Bound<'_, PyTuple>) {
        self.close();
    }

    fn close(&self) {
        self.closed.store(true, Ordering::Release);
        self.bell.ring();
        if let Ok(mut reading) = self.reading.try_borrow_mut() {
            reading.finish();
        }
    }

    #[getter]
    fn stats(&self) -> PyResult<Stats> {
        let reading = self.reading.try_borrow();
        reading.map(|reading| reading.stats()).map_err(|_| {
            PyRuntimeError::new_err("this merge is being read by another thread; ask when that has paused")
        })
    }
}

impl Reading {
    /// Reads or waits, without the GIL, until a line is ready; false at the end.
    fn advance(&mut self, py: Python<'_>, closed: &AtomicBool) -> PyResult<bool> {
        let Self { merge, caller, .. } = self;
        let Some(merge) = merge.as_mut().filter(|_| !closed.load(Ordering::Acquire)) else {
            self.finish();
            return Ok(false);
        };
        match py.detach(|| merge.advance(caller)) {
            Ok(true) => Ok(true),
            Err(error) if !closed.load(Ordering::Acquire) => Err(self.caller.exception(error)),
            Ok(false) | Err(_) => {
                self.finish();
                Ok(false)
            }
        }
    }

    fn finish(&mut self) {
        self.stats = self.stats();
        self.merge = None;
    }

    fn stats(&self) -> Stats {
        let Some(merge) = &self.merge else { return self.stats.clone() };
        let mut sum = Stats::default();
        merge.queries().for_each(|query| sum.add(Stats::of(query, &[])));
        sum.notes.extend_from_slice(self.caller.notes());
        Stats { lines: self.lines, late: merge.late(), ..sum }
    }
}
