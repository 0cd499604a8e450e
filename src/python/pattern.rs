//! `Pattern`: a compiled regex, with the one who decides what the engine cannot.

use std::sync::Arc;

use pyo3::prelude::*;

use super::interpreter::detached;
use crate::index::text;
use crate::line::Line;
use crate::pattern::{self, Translation};

/// A translation as `logdex/regex/pattern.py` gives it: ended, bare, every, exact.
pub(super) type TranslationParts = (Option<String>, Option<String>, bool, bool);

/// A compiled pattern: the engine's programs, and Python's own `search` for the lines they cannot decide.
#[pyclass(frozen, name = "Pattern", module = "logdex._core")]
pub(super) struct PyPattern {
    engine: Arc<pattern::Pattern>,
    search: Py<PyAny>,
}

#[pymethods]
impl PyPattern {
    #[new]
    #[pyo3(signature = (search, ascii, text, *, inverted=false))]
    fn new(
        py: Python<'_>,
        search: Py<PyAny>,
        ascii: Option<TranslationParts>,
        text: Option<TranslationParts>,
        inverted: bool,
    ) -> Self {
        Self { engine: Arc::new(detached(py, || compile(ascii, text, inverted))), search }
    }

    /// The numbers, from 0, of the lines of `data` that match; for tests and benches.
    fn select(&self, py: Python<'_>, data: &[u8]) -> PyResult<Vec<usize>> {
        let candidates = self.candidates(data);
        let search = self.search.bind(py);
        let mut numbers = Vec::new();
        let (mut number, mut seen) = (0, 0);
        for (line, certain) in candidates {
            number += memchr::memchr_iter(b'\n', &data[seen..line.start]).count();
            seen = line.start;
            if certain || !search.call1((String::from_utf8_lossy(line.of(data)),))?.is_none() {
                numbers.push(number);
            }
        }
        Ok(numbers)
    }

    /// How many lines of `data` are left to `re`; for tests and benches.
    fn undecided(&self, data: &[u8]) -> usize {
        self.candidates(data).iter().filter(|(_, certain)| !certain).count()
    }

    /// Whether an index of text would have a block of `data`, which is whole lines, read; for tests.
    fn may_be_in(&self, data: &[u8]) -> bool {
        text::may_select(&self.engine, data)
    }
}

impl PyPattern {
    /// The engine's part, and `search`.
    pub(super) fn parts(&self, py: Python<'_>) -> (Arc<pattern::Pattern>, Py<PyAny>) {
        (Arc::clone(&self.engine), self.search.clone_ref(py))
    }

    fn candidates(&self, data: &[u8]) -> Vec<(Line, bool)> {
        let mut found = Vec::new();
        self.engine.scan(data, &mut self.engine.scratch(), &mut found);
        found.into_iter().map(|candidate| (candidate.line, candidate.certain)).collect()
    }
}

/// The engine's part of a pattern, whose programs for lines of ASCII and for any are these.
pub(super) fn compile(
    ascii: Option<TranslationParts>,
    text: Option<TranslationParts>,
    inverted: bool,
) -> pattern::Pattern {
    match (ascii, text) {
        (Some(ascii), Some(text)) => {
            let engine = pattern::Pattern::new(&translation(ascii), &translation(text));
            if inverted { engine.inverted() } else { engine }
        }
        _ => pattern::Pattern::opaque(),
    }
}

fn translation((ended, bare, every, exact): TranslationParts) -> Translation {
    Translation { ended, bare, every, exact }
}
