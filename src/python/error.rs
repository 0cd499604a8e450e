//! The one place where an engine's error becomes a Python exception.

use std::panic::{AssertUnwindSafe, catch_unwind};

use pyo3::exceptions::{PyKeyboardInterrupt, PyMemoryError, PyOSError, PyRuntimeError, PyValueError};
use pyo3::{PyErr, Python};
use rustix::io::Errno;

use super::interpreter::detached;
use crate::error::{Error, Result};

/// Lets the engine work without the GIL. Should it panic, that is an error like any other.
pub(super) fn engine<T: Send>(py: Python<'_>, work: impl FnOnce() -> Result<T> + Send) -> Result<T> {
    detached(py, || guarded(work))
}

/// Lets the engine work; should it panic, that is an error like any other.
pub(super) fn guarded<T>(work: impl FnOnce() -> Result<T>) -> Result<T> {
    catch_unwind(AssertUnwindSafe(work)).unwrap_or(Err(Error::Bug("the engine panicked")))
}

impl From<Error> for PyErr {
    fn from(error: Error) -> Self {
        match error {
            Error::Io { path, source } => {
                let errno = source.raw_os_error().unwrap_or(Errno::IO.raw_os_error());
                // OSError picks its subclass by the number: FileNotFoundError, PermissionError, IsADirectoryError.
                PyOSError::new_err((errno, advice(errno, &source), path.into_os_string()))
            }
            Error::Truncated { path, detail, .. } => {
                let advice = "; read it again, or follow it to go on with what is new";
                PyOSError::new_err((
                    Errno::STALE.raw_os_error(),
                    format!("{detail}{advice}"),
                    path.into_os_string(),
                ))
            }
            Error::Compressed { .. } | Error::Value(_) => PyValueError::new_err(error.to_string()),
            Error::Memory { .. } => PyMemoryError::new_err(error.to_string()),
            Error::Bug(_) => PyRuntimeError::new_err(error.to_string()),
            Error::Interrupted => PyKeyboardInterrupt::new_err(()),
        }
    }
}

/// What the system said, and what to do about it where that is known.
fn advice(errno: i32, source: &std::io::Error) -> String {
    // The number is told by OSError itself.
    let said = source.to_string();
    let said = said.split(" (os error").next().unwrap_or_default();
    match Errno::from_raw_os_error(errno) {
        Errno::ISDIR => format!("{said}; name a log file inside it"),
        Errno::NOENT => format!("{said}; check the path, or follow=True to wait for the file"),
        Errno::ACCESS => format!("{said}; ask the log's owner for read access"),
        Errno::AGAIN => {
            format!("{said}: no thread could be started to read with; raise the limit on processes")
        }
        _ => said.to_owned(),
    }
}
