//! What the rows of a table are drawn from: the answer about one log, or about many in one order.

use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;

use super::asking::Asking;
use super::caller::PythonCaller;
use super::halt::Halt;
use super::question::PyQuestion;
use super::stream::LogStream;
use crate::arrow::{self, Chunk, Draw, Drawn, Rows};
use crate::caller::Caller;
use crate::merge::{Merge, MergeTerms};
use crate::query::Query;

/// What the rows are drawn from.
pub(super) enum RowSource {
    One(LogStream),
    Many(Box<Merge>),
}

impl Draw for RowSource {
    fn draw(&mut self, soon: bool, caller: &mut dyn Caller) -> Drawn {
        match self {
            Self::One(stream) => arrow::of_batches(soon, || {
                let batch = stream.next(caller)?;
                Ok(batch.map(|batch| Chunk { batch, timing: stream.left() }))
            }),
            Self::Many(merge) => merge.draw(soon, caller),
        }
    }

    fn recycle(&mut self, rows: Rows) {
        match self {
            Self::One(stream) => {
                if let Rows::Batches(batches) = rows {
                    for Chunk { batch, timing } in batches {
                        stream.recycle(batch);
                        if let Some(timing) = timing {
                            stream.settle(&timing);
                        }
                    }
                }
            }
            Self::Many(merge) => Draw::recycle(&mut **merge, rows),
        }
    }

    fn finish(&mut self) {
        match self {
            Self::One(stream) => stream.finish(),
            Self::Many(merge) => Draw::finish(&mut **merge),
        }
    }
}

/// Puts the questions; `text` says whether it has to be known which blocks are text.
pub(super) fn put(
    py: Python<'_>,
    asked: &[Py<PyQuestion>],
    merged: bool,
    last: Option<usize>,
    text: bool,
    halt: &Halt,
) -> PyResult<(RowSource, PythonCaller)> {
    if !merged {
        let one = asked.first().ok_or_else(|| PyValueError::new_err("there is no log to be asked"))?.get();
        if one.is_stream() {
            let (stream, caller) = one.stream(py, halt);
            return Ok((RowSource::One(stream), caller));
        }
        let (question, caller) = one.put(py, halt);
        let query = if text { Query::new(question) } else { Query::raw(question) }.leaving_times();
        return Ok((RowSource::One(LogStream::One(Box::new(query))), caller));
    }
    let mut asking = Asking::new(py, halt, None);
    let questions = asked.iter().map(|one| asking.put(py, one.get())).collect();
    let (terms, caller) = asking.begin();
    let terms = MergeTerms { last, ..terms };
    Ok((RowSource::Many(Box::new(Merge::new(questions, terms))), caller))
}
