//! `Format`: a format of stamps that the user teaches; `Election`: one that a log elects.

use std::path::PathBuf;
use std::sync::Arc;

use pyo3::prelude::*;
use pyo3::types::{PyDateTime, PyType};

use super::record::{datetime, offset_seconds};
use super::when::Zone;
use crate::stamp::{self, Elected, Taught, Told};

/// A format of stamps, in the directives of `strptime`, and the text that stands before them.
#[pyclass(frozen, module = "logdex._core")]
pub(super) struct Format {
    pub(super) taught: Arc<Taught>,
    /// What was given: the directives, and the text before them.
    said: (String, String),
}

#[pymethods]
impl Format {
    #[new]
    #[pyo3(signature = (format, prefix=String::new()))]
    fn new(format: String, prefix: String) -> PyResult<Self> {
        let taught = Taught::new(&format, &prefix)?;
        Ok(Self { taught: Arc::new(taught), said: (format, prefix) })
    }

    /// Not a format, but the table at `path` that tells the times of lines by their place.
    #[staticmethod]
    fn table(path: PathBuf) -> PyResult<Self> {
        let taught = Taught::by_table(Told::open(&path)?);
        let said = (String::new(), path.into_os_string().to_string_lossy().into_owned());
        Ok(Self { taught: Arc::new(taught), said })
    }

    /// The moment that the table tells of the line that begins at `offset`, as a `datetime` of `zone`; `None` where it
    /// tells none, or this is a format.
    fn moment<'py>(
        &self,
        py: Python<'py>,
        offset: u64,
        zone: &Zone,
    ) -> PyResult<Option<Bound<'py, PyDateTime>>> {
        let ns = self.taught.told().and_then(|told| told.moment(offset));
        ns.map(|ns| datetime(py, ns, offset_seconds(ns, None, &zone.0))).transpose()
    }

    fn __reduce__<'py>(&self, py: Python<'py>) -> (Bound<'py, PyType>, (&str, &str)) {
        (py.get_type::<Self>(), (&self.said.0, &self.said.1))
    }

    fn __repr__(&self) -> String {
        format!("Format({:?}, {:?})", self.said.0, self.said.1)
    }
}

/// What a log elects by its head: which format that might be something else, and which of day and month stands first.
#[pyclass(frozen, module = "logdex._core")]
pub(super) struct Election(Elected);

#[pymethods]
impl Election {
    #[new]
    #[pyo3(signature = (head, format=None))]
    fn new(head: &[u8], format: Option<&Format>) -> Self {
        Self(stamp::elect_with(head, format.map(|format| &format.taught)))
    }

    /// The stamp on one line of the log as a `datetime`, or `None`.
    #[pyo3(signature = (line, zone, reference))]
    fn parse_time<'py>(
        &self,
        py: Python<'py>,
        line: &[u8],
        zone: &Zone,
        reference: i64,
    ) -> PyResult<Option<Bound<'py, PyDateTime>>> {
        let found = stamp::parse_time_in(line, &zone.0, reference, &self.0);
        found
            .map(|moment| datetime(py, moment.ns, offset_seconds(moment.ns, moment.offset, &zone.0)))
            .transpose()
    }
}
