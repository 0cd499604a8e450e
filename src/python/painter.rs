//! How a line looks, where Python says it: its colours, or the parts of it that are shown.

use pyo3::prelude::*;

use super::interpreter::attached;
use super::text;
use crate::error::{Error, Result};
use crate::show::Painter;

/// Asks Python for the colours of a line, on a terminal, or for the parts of it that are shown.
pub(super) struct PythonPainter {
    pub(super) ask: Py<PyAny>,
    pub(super) picks: bool,
    pub(super) paints_around: bool,
    pub(super) raised: Option<PyErr>,
}

impl Painter for PythonPainter {
    fn paint(&mut self, line: &[u8]) -> Result<Vec<u8>> {
        // A `str` of it would not hold its bytes, which go out as they are.
        if !self.picks && std::str::from_utf8(line).is_err() {
            return Ok(line.to_vec());
        }
        attached(|py| self.ask.bind(py).call1((text::decode(py, line),))?.extract::<String>())
            .map(String::into_bytes)
            .map_err(|raised| {
                self.raised = Some(raised);
                Error::Interrupted
            })
    }

    fn picks(&self) -> bool {
        self.picks
    }

    fn paints_around(&self) -> bool {
        self.paints_around
    }
}
