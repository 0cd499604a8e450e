//! Building indexes when they are asked for, and what is stored of a log.

use std::cell::Cell;
use std::sync::Arc;

use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;

use super::error::engine;
use super::halt::Halt;
use super::interpreter::attached;
use super::question::PyQuestion;
use crate::caller::Caller;
use crate::error::{Error, Result};
use crate::file::source::Source;
use crate::index::{self, Coverage, Index, IndexStatus, Options, OutlinePart, text};
use crate::stamp::Window;
use crate::system::cores::cores;
use crate::timing::Timing;

/// How much of a log an index covers, and how much it takes, both in bytes.
type Stored = (u64, u64);

fn stored(Coverage { covered, size }: Coverage) -> Stored {
    (covered, size)
}

/// Brings the index of times and steps of a log up to date, and with `text` the index of its text.
///
/// `told` is called with how many bytes of the log are done; twice as many in all where both indexes are built.
#[pyfunction]
#[pyo3(signature = (asked, *, text=false, told=None))]
pub(super) fn build_index(
    py: Python<'_>,
    asked: &PyQuestion,
    text: bool,
    told: Option<Bound<'_, PyAny>>,
) -> PyResult<()> {
    if text && text::is_off() {
        let detail = "LOGDEX_INDEX=times keeps indexes of text off; unset it to build one";
        return Err(PyValueError::new_err(detail));
    }
    let (question, mut caller) = asked.put(py, &Halt::default());
    let taught = asked.terms(Window::default()).taught;
    let options = Options { grown: 0, taught, steps: true, text, ..Options::new(question.keep.clone()) };
    let mut listener = Listener::new(told);
    let built = engine(py, || {
        let source = Arc::new(Source::open(&question.path)?);
        build(&source, &options, &mut caller, &mut |done| listener.tell(done))
    });
    listener.or_raised(built.map_err(|error| caller.exception(error)))
}

/// Somebody who is told how much is done, and may end it by raising.
struct Listener {
    told: Option<Py<PyAny>>,
    raised: Option<PyErr>,
}

impl Listener {
    fn new(told: Option<Bound<'_, PyAny>>) -> Self {
        Self { told: told.map(Bound::unbind), raised: None }
    }

    fn tell(&mut self, done: u64) -> Result<()> {
        let Some(told) = &self.told else { return Ok(()) };
        attached(|py| told.call1(py, (done,))).map(drop).map_err(|error| {
            self.raised = Some(error);
            Error::Interrupted
        })
    }

    /// What came of it, or what was raised meanwhile.
    fn or_raised<T>(self, done: PyResult<T>) -> PyResult<T> {
        self.raised.map_or(done, Err)
    }
}

/// Where some lines begin and end, in bytes; how many there are; from when to when, in nanoseconds since 1970 UTC; and
/// whether an error is among them, if that is known.
type PartTold = (u64, u64, u64, Option<(i64, i64)>, Option<bool>);

/// The outline of a log, in parts of one or more blocks, in the order of the file; brings the index of times up to date.
///
/// `told` is called with how many bytes of the log are done.
#[pyfunction]
#[pyo3(signature = (asked, told=None))]
pub(super) fn outline(
    py: Python<'_>,
    asked: &PyQuestion,
    told: Option<Bound<'_, PyAny>>,
) -> PyResult<Vec<PartTold>> {
    let (question, mut caller) = asked.put(py, &Halt::default());
    let terms = asked.terms(Window::default());
    let options = Options { taught: terms.taught.clone(), ..Options::new(question.keep.clone()) };
    let mut listener = Listener::new(told);
    let found = engine(py, || {
        let source = Arc::new(Source::open(&question.path)?);
        let mut index = Index::begin(&source, source.size()?, options, &mut || caller.pulse())?;
        while index.step(&mut || caller.pulse())?.is_some() {
            listener.tell(index.covered())?;
        }
        let mut timing = Timing::of(terms, &index, &source)?;
        timing.outline(&mut index, &source, &mut || caller.pulse())
    });
    let parts = listener.or_raised(found.map_err(|error| caller.exception(error)))?;
    let part = |part: OutlinePart| {
        let span = part.span.map(|span| (span.lo, span.hi));
        (part.extent.start, part.extent.end, part.lines, span, part.grave)
    };
    Ok(parts.into_iter().map(part).collect())
}

/// Where the line of a number begins, counted from 1; `None` where there are fewer.
#[pyfunction]
pub(super) fn line_start(py: Python<'_>, asked: &PyQuestion, number: u64) -> PyResult<Option<u64>> {
    let (question, mut caller) = asked.put(py, &Halt::default());
    let taught = asked.terms(Window::default()).taught;
    let options = Options { taught, ..Options::new(question.keep.clone()) };
    let found = engine(py, || {
        let source = Arc::new(Source::open(&question.path)?);
        let mut index = Index::begin(&source, source.size()?, options, &mut || caller.pulse())?;
        index.line_start(&source, number, &mut || caller.pulse())
    });
    found.map_err(|error| caller.exception(error))
}

fn build(
    source: &Arc<Source>,
    options: &Options,
    caller: &mut dyn Caller,
    tell: &mut dyn FnMut(u64) -> Result<()>,
) -> Result<()> {
    let size = source.size()?;
    let mut index = Index::begin(source, size, options.clone(), &mut || caller.pulse())?;
    // Of a log of which nothing is stored, the text is indexed in the same reading.
    let times = if index.takes_text_along() { 2 } else { 1 };
    while index.step(&mut || caller.pulse())?.is_some() {
        tell(index.covered() * times)?;
    }
    // It is stored as it goes, and makes room for what the text takes.
    drop(index);
    tell(size * times)?;
    if options.text {
        let done = Cell::new(size * (times - 1));
        let mut tick = || {
            caller.pulse()?;
            tell(size + done.get())
        };
        let mut told = |at| done.set(done.get().max(at));
        text::build(source, &options.keep, cores(), &mut told, &mut tick)?;
        tell(2 * size)?;
    }
    Ok(())
}

/// Whether `LOGDEX_INDEX=off` keeps all indexes off.
#[pyfunction]
pub(super) fn indexes_are_off() -> bool {
    index::is_off()
}

/// How long a log is, and what is stored about it: its index of times, and its index of text.
#[pyfunction]
pub(super) fn index_status(py: Python<'_>, asked: &PyQuestion) -> PyResult<(u64, Stored, Stored)> {
    let (question, _) = asked.put(py, &Halt::default());
    let taught = asked.terms(Window::default()).taught;
    let status =
        engine(py, || IndexStatus::of(&question.keep, &Source::open(&question.path)?, taught.as_deref()))?;
    Ok((status.log, stored(status.times), stored(status.text)))
}
