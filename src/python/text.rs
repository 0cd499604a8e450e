//! From bytes to `str`, as CPython's `bytes.decode("utf-8", "replace")`.

use pyo3::prelude::*;
use pyo3::types::PyString;

use crate::file::block::Block;
use crate::line::Line;

/// Decodes `bytes`.
pub(super) fn decode<'py>(py: Python<'py>, bytes: &[u8]) -> Bound<'py, PyString> {
    // Both replace each maximal subpart of an ill-formed sequence (Unicode 15, 3.9, U+FFFD substitution).
    PyString::new(py, &String::from_utf8_lossy(bytes))
}

/// The text of `line` of `block`.
#[inline]
pub(super) fn of_line<'py>(py: Python<'py>, block: &Block, line: Line) -> Bound<'py, PyString> {
    match block.text() {
        Some(text) => PyString::new(py, &text[line.start..line.end]),
        None => decode(py, line.of(block.bytes())),
    }
}
