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
use crate::stamp::rank;
use crate::stamp::{How, Span, Stream};

/// One line and what is known of it.
///
/// Millions of them are made, so each is as small as what the engine knows, and says it in Python's types when asked.
#[pyclass(frozen, name = "Record", module = "logdex._core")]
pub(super) struct PyRecord {
    #[pyo3(get)]
    text: Py<PyString>,
    /// Where the line begins in its file, in bytes.
    #[pyo3(get)]
    offset: u64,
    /// Its time and number, unless the question is about neither.
    told: Option<LineTime>,
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
    #[inline]
    pub(super) fn new(
        py: Python<'_>,
        block: &Block,
        line: Line,
        told: Option<LineTime>,
        unsettled: Option<&Unsettled>,
        origin: &Arc<RecordOrigin>,
    ) -> Self {
        let stamped = told.is_some_and(|told| told.how == Some(How::Own));
        Self {
            text: text::of_line(py, block, line).unbind(),
            offset: block.file_offset(line.start),
            told,
            levels: unsettled.and_then(|unsettled| unsettled.share(stamped)),
            origin: Arc::clone(origin),
        }
    }

    /// The nanoseconds since 1970 UTC for which its stamp stands.
    fn span(&self) -> Option<Span> {
        self.told.and_then(|told| told.span)
    }
}

#[pymethods]
impl PyRecord {
    #[getter]
    fn time<'py>(&self, py: Python<'py>) -> PyResult<Option<Bound<'py, PyDateTime>>> {
        // What stood on the line, in minutes.
        let minutes = self.told.and_then(|told| told.offset);
        let aware = |ns| datetime(py, ns, offset_seconds(ns, minutes, &self.origin.zone));
        self.time_ns().map(aware).transpose()
    }

    #[getter]
    fn time_ns(&self) -> Option<i64> {
        self.span().map(|span| span.lo)
    }

    #[getter]
    fn resolution(&self) -> Option<i64> {
        self.span().map(|span| span.hi - span.lo + 1)
    }

    #[getter]
    fn how(&self) -> &'static str {
        self.told.map_or("untimed", |told| how_word(told.how))
    }

    #[getter]
    fn number(&self) -> u64 {
        self.told.map_or(0, |told| told.number)
    }

    #[getter]
    fn step(&self) -> Option<u64> {
        self.told.and_then(|told| told.step)
    }

    #[getter]
    fn stream(&self) -> Option<&'static str> {
        self.told.and_then(|told| told.stream).map(Stream::name)
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
        let resolution = self.resolution().map_or("None".to_owned(), |ns| ns.to_string());
        let (how, offset, number) = (self.how(), self.offset, self.number());
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
