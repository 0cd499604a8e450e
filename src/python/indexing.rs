//! Building indexes when they are asked for, and what is stored of a log.

use std::cell::Cell;
use std::sync::Arc;

use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;

use super::error::engine;
use super::halt::Halt;
use super::interpreter::attached;
use super::question::Question;
use crate::caller::Caller;
use crate::error::{Error, Result};
use crate::file::source::Source;
use crate::index::{Index, Kept, Options, Status, text};
use crate::stamp::Window;
use crate::system::cores::cores;

/// How much of a log an index covers, and how much it takes, both in bytes.
type Stored = (u64, u64);

fn stored(Kept { covered, size }: Kept) -> Stored {
    (covered, size)
}

/// Brings the index of times of a log up to date, and with `text` the index of its text.
///
/// `told` is called with how many bytes of the log are done; twice as many in all where both indexes are built.
#[pyfunction]
#[pyo3(signature = (asked, *, text=false, told=None))]
pub(super) fn build_index(
    py: Python<'_>,
    asked: &Question,
    text: bool,
    told: Option<Bound<'_, PyAny>>,
) -> PyResult<()> {
    if text && text::is_off() {
        let detail = "LOGDEX_INDEX=times keeps indexes of text off; unset it to build one";
        return Err(PyValueError::new_err(detail));
    }
    let (question, mut caller) = asked.put(py, &Halt::default());
    let (mut raised, told) = (None, told.map(Bound::unbind));
    let taught = asked.terms(Window::default()).taught;
    let options = Options { grown: 0, taught, ..Options::new(question.keep.clone()) };
    let built = engine(py, || {
        let source = Arc::new(Source::open(&question.path)?);
        let mut tell = |done: u64| -> Result<()> {
            let Some(told) = &told else { return Ok(()) };
            attached(|py| told.call1(py, (done,))).map(drop).map_err(|error| {
                raised = Some(error);
                Error::Interrupted
            })
        };
        build(&source, &options, text, &mut caller, &mut tell)
    });
    if let Some(error) = raised {
        return Err(error);
    }
    built.map_err(|error| caller.exception(error))
}

fn build(
    source: &Arc<Source>,
    options: &Options,
    text: bool,
    caller: &mut dyn Caller,
    tell: &mut dyn FnMut(u64) -> Result<()>,
) -> Result<()> {
    let size = source.size()?;
    let mut index = Index::begin(source, size, options.clone(), &mut || caller.pulse())?;
    while index.step(&mut || caller.pulse())?.is_some() {
        tell(index.covered())?;
    }
    tell(size)?;
    if text {
        let done = Cell::new(0);
        let mut tick = || {
            caller.pulse()?;
            tell(size + done.get())
        };
        text::build(source, &options.keep, cores(), &mut |at| done.set(at), &mut tick)?;
        tell(2 * size)?;
    }
    Ok(())
}

/// How long a log is, and what is stored about it: its index of times, and its index of text.
#[pyfunction]
pub(super) fn index_status(py: Python<'_>, asked: &Question) -> PyResult<(u64, Stored, Stored)> {
    let (question, _) = asked.put(py, &Halt::default());
    let taught = asked.terms(Window::default()).taught;
    let status =
        engine(py, || Status::of(&question.keep, &Source::open(&question.path)?, taught.as_deref()))?;
    Ok((status.log, stored(status.times), stored(status.text)))
}
