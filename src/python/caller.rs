//! The engine's caller, when that is Python: signals, the end of the app, and `re` as the judge.

use std::time::{Duration, Instant};

use pyo3::gc::{PyTraverseError, PyVisit};
use pyo3::prelude::*;

use super::ended::Ended;
use super::halt::Halt;
use super::interpreter::attached;
use super::text;
use crate::caller::Caller;
use crate::error::{Error, Result};
use crate::pattern::{Candidate, Judge};

/// How often Python is asked for pending signals.
///
/// Often enough to serve one within 100 ms; each time may cost 5 ms where another thread is busy with Python.
const SIGNALS: Duration = Duration::from_millis(50);

/// How long a wait may last where no signal can come: in another thread than the main one, which alone serves them.
const LONG: Duration = Duration::from_secs(1);

/// Speaks for the Python code that iterates.
pub(super) struct PythonCaller {
    /// `search` of the compiled pattern.
    search: Option<Py<PyAny>>,
    ended: Option<Ended>,
    halt: Halt,
    signals: Instant,
    /// What a person should know about the answer.
    notes: Vec<String>,
    /// The exception that is to be raised in place of `Error::Interrupted`.
    raised: Option<PyErr>,
}

impl PythonCaller {
    pub(super) fn new(search: Option<Py<PyAny>>, ended: Option<Ended>, halt: Halt) -> Self {
        Self { search, ended, halt, signals: Instant::now(), notes: Vec::new(), raised: None }
    }

    /// What was noted so far.
    pub(super) fn notes(&self) -> &[String] {
        &self.notes
    }

    /// The exception that Python's own code raised, if it did.
    pub(super) fn raised(&mut self) -> Option<PyErr> {
        self.raised.take()
    }

    /// The exception for `error`: Python's own where Python raised one.
    pub(super) fn exception(&mut self, error: Error) -> PyErr {
        self.raised.take().unwrap_or_else(|| error.into())
    }

    /// Shows the collector of garbage what it holds of Python.
    pub(super) fn traverse(&self, visit: &PyVisit<'_>) -> std::result::Result<(), PyTraverseError> {
        visit.call(&self.search)?;
        self.ended.as_ref().map_or(Ok(()), |ended| ended.traverse(visit))
    }

    /// Calls Python; its exception is kept for the edge.
    fn call<T>(&mut self, ask: impl FnOnce(&Self, Python<'_>) -> PyResult<T>) -> Result<T> {
        let told = attached(|py| ask(self, py));
        self.keep(told)
    }

    /// Keeps the exception that Python raised.
    fn keep<T>(&mut self, told: PyResult<T>) -> Result<T> {
        told.map_err(|raised| {
            self.raised = Some(raised);
            Error::Interrupted
        })
    }
}

impl Caller for PythonCaller {
    fn pulse(&mut self) -> Result<()> {
        if self.halt.is_closed() {
            return Err(Error::Interrupted);
        }
        if self.signals.elapsed() < SIGNALS {
            return Ok(());
        }
        self.signals = Instant::now();
        if !is_main_thread() {
            return Ok(());
        }
        self.call(|_, py| py.check_signals())
    }

    fn patience(&self) -> Duration {
        let signals = if is_main_thread() { SIGNALS } else { LONG };
        self.ended.as_ref().map_or(signals, |ended| ended.patience().min(signals))
    }

    fn note(&mut self, text: &str) -> Result<()> {
        self.notes.push(text.to_owned());
        self.call(|_, py| {
            let logger = py.import("logging")?.call_method1("getLogger", ("logdex",))?;
            logger.call_method1("warning", ("%s", text)).map(drop)
        })
    }

    fn ended(&mut self) -> Result<bool> {
        let Some(ended) = self.ended.as_mut().filter(|ended| ended.is_due()) else { return Ok(false) };
        let told = attached(|py| ended.ask(py));
        self.keep(told)
    }
}

impl Judge for PythonCaller {
    fn judge(&mut self, bytes: &[u8], candidates: &mut Vec<Candidate>) -> Result<()> {
        self.call(|caller, py| {
            let Some(search) = &caller.search else { return Ok(()) };
            let search = search.bind(py);
            let mut verdict = Ok(());
            candidates.retain(|candidate| {
                if candidate.certain || verdict.is_err() {
                    return true;
                }
                match search.call1((text::decode(py, candidate.line.of(bytes)),)) {
                    Ok(found) => !found.is_none(),
                    Err(raised) => {
                        verdict = Err(raised);
                        true
                    }
                }
            });
            verdict
        })
    }
}

/// Whether this thread is the process's first, in which Python serves signals.
#[cfg(target_os = "linux")]
fn is_main_thread() -> bool {
    rustix::thread::gettid() == rustix::process::getpid()
}

#[cfg(not(target_os = "linux"))]
fn is_main_thread() -> bool {
    true
}
