//! Whether the writer is gone: what Python knows of that, and how often Python has to be asked.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Weak};
use std::time::{Duration, Instant};

use pyo3::gc::{PyTraverseError, PyVisit};
use pyo3::intern;
use pyo3::prelude::*;

use crate::system::wakeup::Wakeup;

/// How long an answer holds of one who cannot ring.
const EVERY: Duration = Duration::from_millis(25);

/// `() -> bool`, as `Log.lines` takes it.
///
/// It may have a method `ring_with(ring)`, which is told what to call when the answer may have changed, and an attribute
/// `every`: how many seconds a no holds unless that is called.
pub(super) struct Ended {
    ask: Py<PyAny>,
    wakeup: Weak<Wakeup>,
    /// Set from any thread: the answer may have changed.
    rung: Arc<AtomicBool>,
    /// Whether `ask` can ring; not known before it is asked first.
    rings: Option<bool>,
    asked: Instant,
    every: Duration,
}

impl Ended {
    /// `ask`, whose ring ends a wait for `wakeup`.
    pub(super) fn new(ask: Py<PyAny>, wakeup: &Arc<Wakeup>) -> Self {
        let (wakeup, rung) = (Arc::downgrade(wakeup), Arc::default());
        Self { ask, wakeup, rung, rings: None, asked: Instant::now(), every: Duration::ZERO }
    }

    /// Shows the collector of garbage who is asked.
    pub(super) fn traverse(&self, visit: &PyVisit<'_>) -> Result<(), PyTraverseError> {
        visit.call(&self.ask)
    }

    /// How long the last answer holds.
    pub(super) fn patience(&self) -> Duration {
        self.every
    }

    /// Whether it is time to ask.
    pub(super) fn is_due(&self) -> bool {
        self.rung.load(Ordering::Acquire) || self.asked.elapsed() >= self.every
    }

    /// Asks.
    pub(super) fn ask(&mut self, py: Python<'_>) -> PyResult<bool> {
        let rings = self.can_ring(py)?;
        // A ring while it answers is about a later answer.
        self.rung.store(false, Ordering::Release);
        let ask = self.ask.bind(py);
        let over = ask.call0()?.is_truthy()?;
        self.every = if rings { seconds(&ask.getattr(intern!(py, "every"))?)? } else { EVERY };
        self.asked = Instant::now();
        Ok(over)
    }

    fn can_ring(&mut self, py: Python<'_>) -> PyResult<bool> {
        if let Some(rings) = self.rings {
            return Ok(rings);
        }
        let name = intern!(py, "ring_with");
        let rings = self.ask.bind(py).hasattr(name)?;
        if rings {
            let ring = Ring { rung: Arc::clone(&self.rung), wakeup: Weak::clone(&self.wakeup) };
            self.ask.call_method1(py, name, (ring,))?;
        }
        self.rings = Some(rings);
        Ok(rings)
    }
}

fn seconds(told: &Bound<'_, PyAny>) -> PyResult<Duration> {
    Ok(Duration::try_from_secs_f64(told.extract()?).unwrap_or(EVERY))
}

/// Called when the writer may be gone; from any thread, and after the answer is closed too.
#[pyclass(frozen, module = "logdex._core")]
struct Ring {
    rung: Arc<AtomicBool>,
    wakeup: Weak<Wakeup>,
}

#[pymethods]
impl Ring {
    fn __call__(&self) {
        self.rung.store(true, Ordering::Release);
        if let Some(wakeup) = self.wakeup.upgrade() {
            wakeup.signal();
        }
    }
}
