//! `summarize`: what each rank did in one file.

use std::sync::Arc;

use pyo3::prelude::*;

use super::error::engine;
use super::question::Question;
use crate::ranks::{self, Deeds, Quote};
use crate::stamp::rank::Rank;

/// A quoted line: text, time and resolution in nanoseconds, number in its file.
type QuoteParts = (String, Option<i64>, Option<i64>, u64);
/// A rank, local or not, and its number.
type RankParts = Option<(bool, u32)>;
/// The width of a column in nanoseconds, and of each its start, lines and errors.
type HistoryParts = (i64, Vec<(i64, u64, u64)>);

/// What one rank did in one file, as plain values for `logdex.ranks`.
#[derive(IntoPyObject)]
pub(super) struct DeedsParts {
    rank: RankParts,
    lines: u64,
    errors: u64,
    first: Option<i64>,
    last: Option<i64>,
    last_line: Option<QuoteParts>,
    first_error: Option<QuoteParts>,
    last_error: Option<QuoteParts>,
    history: HistoryParts,
}

/// What each rank did in the file; the question's pattern says what is an error.
#[pyfunction]
pub(super) fn summarize(py: Python<'_>, asked: &Question) -> PyResult<Vec<DeedsParts>> {
    let (mut question, mut caller) = asked.put(py, &Arc::default(), &Arc::default());
    let errors = question.pattern.take();
    let told = engine(py, || ranks::summarize(question, errors.as_ref(), &mut caller));
    let told = told.map_err(|error| caller.exception(error))?;
    Ok(told.into_iter().map(|(rank, deeds)| parts(rank, deeds)).collect())
}

fn parts(rank: Option<Rank>, mut deeds: Deeds) -> DeedsParts {
    let columns = deeds.history.columns().map(|(start, c)| (start, c.lines, c.errors)).collect();
    DeedsParts {
        rank: rank.map(|rank| (rank.local, rank.number)),
        lines: deeds.lines,
        errors: deeds.errors,
        first: deeds.first,
        last: deeds.last,
        last_line: deeds.last_line.map(quote),
        first_error: deeds.first_error.map(quote),
        last_error: deeds.last_error.map(quote),
        history: (deeds.history.width(), columns),
    }
}

fn quote(quote: Quote) -> QuoteParts {
    let resolution = quote.span.map(|span| span.hi - span.lo + 1);
    (quote.text, quote.span.map(|span| span.lo), resolution, quote.number)
}
