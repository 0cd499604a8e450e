//! Whether the interpreter still stands, which every thread of ours asks before it comes back to it.
//!
//! A daemon thread that asks for the GIL while the interpreter is taken down never gets it. Up to CPython 3.13 it is made
//! to exit on the spot, which unwinds through frames that nobody may unwind and ends the process by a signal; from 3.14 on
//! it hangs. To ask and then to attach is not enough, since the end may come in between. So there is a gate: whoever is on
//! the way to the GIL, or runs Python beneath frames of ours, stands in it. The exit handler closes it behind them, waits
//! with the GIL released until they have come through, and only then is the interpreter taken down. Who comes later
//! stays outside, without the GIL, until the process ends.

use std::cell::Cell;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use pyo3::prelude::*;
use pyo3::types::IntoPyDict;

/// How many threads stand in the gate, and whether it is closed.
static GATE: AtomicUsize = AtomicUsize::new(0);
/// The bit of [`GATE`] that says that it is closed.
const CLOSED: usize = 1 << (usize::BITS - 1);
/// How long the exit waits at most for Python code that was called from here, such as an `ended`.
const PATIENCE: Duration = Duration::from_secs(1);

thread_local! {
    /// How often this thread stands in the gate.
    static HERE: Cell<usize> = const { Cell::new(0) };
    /// Whether this is the thread that takes the interpreter down, which may use it to the end.
    static LAST: Cell<bool> = const { Cell::new(false) };
}

/// A thread's stay in the gate.
struct Stay {
    counted: bool,
}

impl Stay {
    /// Enters; where the interpreter is being taken down, this never returns.
    fn enter() -> Self {
        if LAST.get() {
            return Self { counted: false };
        }
        if GATE.fetch_add(1, Ordering::SeqCst) & CLOSED != 0 {
            // Nobody need wait for the stays further up either: this thread does not come back to them.
            GATE.fetch_sub(1 + HERE.get(), Ordering::SeqCst);
            loop {
                thread::park();
            }
        }
        HERE.set(HERE.get() + 1);
        Self { counted: true }
    }
}

impl Drop for Stay {
    fn drop(&mut self) {
        if self.counted {
            HERE.set(HERE.get() - 1);
            GATE.fetch_sub(1, Ordering::SeqCst);
        }
    }
}

/// Lets `work` go on without the GIL, and comes back if the interpreter still stands.
pub(super) fn detached<T: Send>(py: Python<'_>, work: impl FnOnce() -> T + Send) -> T {
    let (made, stay) = py.detach(|| {
        let made = work();
        (made, Stay::enter())
    });
    drop(stay);
    made
}

/// Calls Python from within [`detached`], if the interpreter still stands. Whoever has the GIL must not ask for it here:
/// to stay outside with it would keep the interpreter from its end.
pub(super) fn attached<T>(call: impl FnOnce(Python<'_>) -> T) -> T {
    let _stay = Stay::enter();
    Python::attach(call)
}

/// Closes the gate when the interpreter is about to be taken down, and waits for those who stand in it.
#[pyfunction]
fn close_gate(py: Python<'_>) {
    LAST.set(true);
    if GATE.fetch_or(CLOSED, Ordering::SeqCst) == 0 {
        return;
    }
    let until = Instant::now() + PATIENCE;
    py.detach(|| {
        while GATE.load(Ordering::SeqCst) != CLOSED && Instant::now() < until {
            thread::sleep(Duration::from_millis(1));
        }
    });
}

/// A forked process has one of its parent's threads: nobody else stands in the gate.
#[pyfunction]
fn count_anew() {
    GATE.store(HERE.get(), Ordering::SeqCst);
}

/// Has the gate closed when the interpreter ends.
pub(super) fn watch(module: &Bound<'_, PyModule>) -> PyResult<()> {
    let py = module.py();
    py.import("atexit")?.call_method1("register", (wrap_pyfunction!(close_gate, module)?,))?;
    let forked = [("after_in_child", wrap_pyfunction!(count_anew, module)?)].into_py_dict(py)?;
    py.import("os")?.call_method("register_at_fork", (), Some(&forked)).map(drop)
}
