//! `Record`: a line with all that is known of it, and the way from nanoseconds to `datetime`.

use std::sync::Arc;

use jiff::Timestamp;
use jiff::tz::TimeZone;
use pyo3::prelude::*;
use pyo3::types::{PyDateTime, PyDelta, PyString, PyTzInfo};

use super::interpreter::detached;
use super::level::PyLevel;
use super::text;
use crate::batch::{LineTime, how_word};
use crate::file::block::Block;
use crate::level::{LazyLevels, Unsettled, own};
use crate::line::Line;
use crate::stamp::{How, Stream, rank};

/// One line and what is known of it.
#[pyclass(frozen, name = "Record", module = "logdex._core")]
pub(super) struct PyRecord {
    #[pyo3(get)]
    text: Py<PyString>,
    /// Nanoseconds since 1970 UTC.
    #[pyo3(get)]
    time_ns: Option<i64>,
    /// The offset from UTC in minutes that stood on the line.
    minutes: Option<i16>,
    #[pyo3(get)]
    resolution: Option<i64>,
    #[pyo3(get)]
    how: &'static str,
    #[pyo3(get)]
    offset: u64,
    #[pyo3(get)]
    number: u64,
    #[pyo3(get)]
    step: Option<u64>,
    #[pyo3(get)]
    stream: Option<&'static str>,
    /// What its level hangs on, if the line does not say it.
    levels: Option<Arc<LazyLevels>>,
    origin: Arc<RecordOrigin>,
}

/// Where the records of one answer come from.
#[derive(Debug)]
pub(super) struct RecordOrigin {
    /// The source's name: its label among several, or its path.
    pub(super) source: String,
    /// The rank that alone wrote it, where the names of files tell.
    pub(super) rank: Option<u32>,
    /// Which attempt or restart it is, where there are several; else empty.
    pub(super) part: String,
    /// The zone of its naive stamps.
    pub(super) zone: TimeZone,
}

#[cfg(feature = "arrow")]
impl From<RecordOrigin> for crate::arrow::Origin {
    fn from(RecordOrigin { source, rank, .. }: RecordOrigin) -> Self {
        Self { source, rank }
    }
}

impl PyRecord {
    pub(super) fn new(
        py: Python<'_>,
        block: &Block,
        line: Line,
        time: Option<LineTime>,
        unsettled: Option<&Unsettled>,
        origin: &Arc<RecordOrigin>,
    ) -> Self {
        let stamped = time.is_some_and(|time| time.how == Some(How::Own));
        let (span, minutes) = time.map_or((None, None), |t| (t.span, t.offset));
        Self {
            text: text::of_line(py, block, line).unbind(),
            time_ns: span.map(|span| span.lo),
            minutes,
            resolution: span.map(|span| span.hi - span.lo + 1),
            how: time.map_or("untimed", |t| how_word(t.how)),
            offset: block.file_offset(line.start),
            number: time.map_or(0, |t| t.number),
            step: time.and_then(|t| t.step),
            stream: time.and_then(|t| t.stream).map(Stream::name),
            levels: unsettled.and_then(|unsettled| unsettled.share(stamped)),
            origin: Arc::clone(origin),
        }
    }
}

#[pymethods]
impl PyRecord {
    #[getter]
    fn time<'py>(&self, py: Python<'py>) -> PyResult<Option<Bound<'py, PyDateTime>>> {
        let aware = |ns| datetime(py, ns, offset_seconds(ns, self.minutes, &self.origin.zone));
        self.time_ns.map(aware).transpose()
    }

    #[getter]
    fn source(&self) -> &str {
        &self.origin.source
    }

    #[getter]
    fn part(&self) -> &str {
        &self.origin.part
    }

    #[getter]
    fn level(&self, py: Python<'_>) -> PyResult<Option<PyLevel>> {
        let level = match &self.levels {
            None => own(self.text.bind(py).to_cow()?.as_bytes()),
            Some(levels) if levels.are_told() => levels.at(self.offset),
            Some(levels) => detached(py, || levels.at(self.offset)),
        };
        Ok(level.map(PyLevel))
    }

    #[getter]
    fn rank(&self, py: Python<'_>) -> PyResult<Option<u32>> {
        let text = self.text.bind(py).to_cow()?;
        Ok(rank::named(text.as_bytes()).global.or(self.origin.rank))
    }

    #[getter]
    fn local_rank(&self, py: Python<'_>) -> PyResult<Option<u32>> {
        let text = self.text.bind(py).to_cow()?;
        Ok(rank::named(text.as_bytes()).local)
    }

    fn __repr__(&self, py: Python<'_>) -> PyResult<String> {
        let text = self.text.bind(py).repr()?;
        let time = self.time(py)?.map_or(Ok("None".to_owned()), |t| t.str().map(|s| s.to_string()))?;
        let resolution = self.resolution.map_or("None".to_owned(), |ns| ns.to_string());
        let Self { how, offset, number, .. } = self;
        Ok(format!(
            "Record(text={text}, time={time}, resolution={resolution}, how='{how}', offset={offset}, number={number})"
        ))
    }
}

/// The offset from UTC in seconds: what stood on the line, or the zone's at that moment.
pub(super) fn offset_seconds(ns: i64, minutes: Option<i16>, zone: &TimeZone) -> i32 {
    match minutes {
        Some(minutes) => i32::from(minutes) * 60,
        None => Timestamp::from_nanosecond(ns.into()).map_or(0, |t| zone.to_offset(t).seconds()),
    }
}

/// An aware `datetime` with a fixed offset; nanoseconds are cut to microseconds.
pub(super) fn datetime(py: Python<'_>, ns: i64, offset: i32) -> PyResult<Bound<'_, PyDateTime>> {
    let zone = PyTzInfo::fixed_offset(py, PyDelta::new(py, 0, offset, 0, true)?)?;
    let local = i128::from(ns) + i128::from(offset) * 1_000_000_000;
    let civil = Timestamp::from_nanosecond(local).map(|t| TimeZone::UTC.to_datetime(t)).unwrap_or_default();
    let micros = civil.subsec_nanosecond().unsigned_abs() / 1000;
    PyDateTime::new(
        py,
        civil.year().into(),
        civil.month().unsigned_abs(),
        civil.day().unsigned_abs(),
        civil.hour().unsigned_abs(),
        civil.minute().unsigned_abs(),
        civil.second().unsigned_abs(),
        micros,
        Some(&zone),
    )
}
