//! Moments and zones as Python says them.

use jiff::tz::TimeZone;
use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;
use pyo3::types::{PyDateTime, PyType};

use super::format::Format;
use super::record::{datetime, offset_seconds};
use crate::stamp;
use crate::stamp::since::{RangeEnd, When};

/// A moment out of `logdex/_when.py`: text, or one of its small classes, told apart by their one field.
#[derive(Clone, FromPyObject)]
pub(super) enum PyWhen {
    Text(String),
    Civil { civil: i128, fold: bool },
    Moment { moment: i128 },
    Ago { ago: i128 },
}

impl From<PyWhen> for When {
    fn from(said: PyWhen) -> Self {
        match said {
            PyWhen::Text(text) => Self::Text(text),
            PyWhen::Civil { civil, fold } => Self::Civil { micros: civil, fold },
            PyWhen::Moment { moment } => Self::Moment(moment),
            PyWhen::Ago { ago } => Self::Ago(ago),
        }
    }
}

/// A time zone: the log's, for stamps that name none; and by which name it was given.
#[pyclass(frozen, module = "logdex._core")]
pub(super) struct Zone(pub(super) TimeZone, Option<String>);

#[pymethods]
impl Zone {
    #[new]
    #[pyo3(signature = (name=None))]
    fn new(name: Option<String>) -> PyResult<Self> {
        Ok(Self(name.as_deref().map_or_else(|| Ok(local()), named)?, name))
    }

    /// By its name, so that a process that is handed a log without one takes its own machine's.
    fn __reduce__<'py>(&self, py: Python<'py>) -> (Bound<'py, PyType>, (Option<&str>,)) {
        (py.get_type::<Self>(), (self.1.as_deref(),))
    }

    /// The name that it was given; `None` for the machine's own zone.
    #[getter]
    fn name(&self) -> Option<&str> {
        self.1.as_deref()
    }

    fn __repr__(&self) -> String {
        format!("Zone({})", self.0.iana_name().unwrap_or("local"))
    }
}

fn named(name: &str) -> PyResult<TimeZone> {
    TimeZone::get(name).map_err(|_| {
        PyValueError::new_err(format!(
            "tz={name:?}: no such time zone; give an IANA name such as \"Europe/Berlin\""
        ))
    })
}

/// The zone of this machine: `TZ`, which a process may change at any time, or else the system's.
fn local() -> TimeZone {
    let told = std::env::var("TZ").ok().filter(|name| !name.is_empty());
    let told = told.and_then(|name| {
        let name = name.trim_start_matches(':').to_owned();
        TimeZone::get(&name).or_else(|_| TimeZone::posix(&name)).ok()
    });
    told.unwrap_or_else(|| TimeZone::try_system().unwrap_or(TimeZone::UTC))
}

/// The nanosecond since 1970 UTC that `said` stands for as the argument `side`, asked at `now`.
#[pyfunction]
pub(super) fn resolve(said: PyWhen, side: &str, zone: &Zone, now: i64) -> PyResult<i64> {
    let side = match side {
        "until" => RangeEnd::Until,
        "reference" => RangeEnd::Reference,
        _ => RangeEnd::Since,
    };
    Ok(When::from(said).resolve(side, &zone.0, now)?)
}

/// The stamp on one line as a `datetime`, or `None`.
#[pyfunction]
#[pyo3(signature = (line, zone, reference, format=None))]
pub(super) fn parse_time<'py>(
    py: Python<'py>,
    line: &[u8],
    zone: &Zone,
    reference: Option<i64>,
    format: Option<&Format>,
) -> PyResult<Option<Bound<'py, PyDateTime>>> {
    let taught = format.map(|format| &format.taught);
    let reference = reference.unwrap_or_else(stamp::civil::now);
    let found = stamp::parse_time_with(line, &zone.0, reference, taught);
    found.map(|moment| datetime(py, moment.ns, offset_seconds(moment.ns, moment.offset, &zone.0))).transpose()
}
