//! What each rank did: how much it wrote and when, its errors, its last word.
//!
//! A rank is a prefix within the file (see [`crate::stamp::rank`]); lines without one belong to the file itself.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::batch::{Batch, LineTime, Selection};
use crate::caller::Caller;
use crate::error::Result;
use crate::pattern::{Candidate, Pattern};
use crate::query::{Query, Question};
use crate::stamp::Span;
use crate::stamp::rank::{self, Rank};

/// How much is kept of a line that is quoted, in bytes.
const QUOTE: usize = 400;
/// How many columns a history has at most, not counting those in which nothing was written.
const COLUMNS: usize = 1024;
/// The narrowest column, in nanoseconds.
const NARROWEST: i64 = 100_000_000;

/// A line that is worth quoting.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Quote {
    /// The head of its text.
    pub text: String,
    /// Its time.
    pub span: Option<Span>,
    /// Where it begins in its file, in bytes.
    pub offset: u64,
    /// Its number in its file, from 1.
    pub number: u64,
}

/// What was written within one column of time.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Column {
    /// How many lines.
    pub lines: u64,
    /// How many of them are errors.
    pub errors: u64,
}

impl Column {
    fn add(&mut self, other: Self) {
        self.lines += other.lines;
        self.errors += other.errors;
    }
}

/// How many lines and errors there were at what time: columns of one width, which doubles as the time grows long.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct History {
    width: i64,
    columns: BTreeMap<i64, Column>,
    /// The column of the last line, whose count is not among the others yet.
    open: (i64, Column),
}

impl Default for History {
    /// Nothing has happened yet.
    fn default() -> Self {
        Self { width: NARROWEST, columns: BTreeMap::new(), open: (0, Column::default()) }
    }
}

impl History {
    /// The width of a column, in nanoseconds.
    pub fn width(&self) -> i64 {
        self.width
    }

    /// The columns in which something was written, each with its start in nanoseconds since 1970 UTC.
    pub fn columns(&mut self) -> impl Iterator<Item = (i64, Column)> + '_ {
        self.settle();
        self.columns.iter().map(|(number, &column)| (number * self.width, column))
    }

    fn push(&mut self, at: i64, is_error: bool) {
        if at.div_euclid(self.width) != self.open.0 {
            self.settle();
            // Not before: the columns may have become wider.
            self.open.0 = at.div_euclid(self.width);
        }
        self.open.1.add(Column { lines: 1, errors: u64::from(is_error) });
    }

    /// Puts the open column among the others, and makes all wider where they are too many.
    fn settle(&mut self) {
        let (number, column) = std::mem::take(&mut self.open);
        if column.lines > 0 {
            self.columns.entry(number).or_default().add(column);
        }
        while self.columns.len() > COLUMNS {
            self.width *= 2;
            for (number, column) in std::mem::take(&mut self.columns) {
                self.columns.entry(number.div_euclid(2)).or_default().add(column);
            }
        }
    }
}

/// What one rank did in one file.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Deeds {
    /// How many lines it wrote.
    pub lines: u64,
    /// How many of them are errors.
    pub errors: u64,
    /// The earliest time of a line, in nanoseconds since 1970 UTC.
    pub first: Option<i64>,
    /// The latest.
    pub last: Option<i64>,
    /// The last line in the file.
    pub last_line: Option<Quote>,
    /// The first error in the file.
    pub first_error: Option<Quote>,
    /// The last, which of a traceback is what was raised.
    pub last_error: Option<Quote>,
    /// When it wrote how much.
    pub history: History,
}

/// Answers `question` (about time, with an open window and without a pattern) by what each rank did; `errors` says which
/// lines are errors. Lines without a rank stand under `None`.
pub fn summarize(
    question: Question,
    errors: Option<&Arc<Pattern>>,
    caller: &mut dyn Caller,
) -> Result<BTreeMap<Option<Rank>, Deeds>> {
    let mut query = Query::raw(question);
    let mut ranks = BTreeMap::new();
    let mut scratch = errors.map(|pattern| pattern.scratch());
    while let Some(batch) = query.next(caller)? {
        let mut found: Vec<Candidate> = Vec::new();
        if let (Some(pattern), Some(scratch)) = (errors, &mut scratch) {
            pattern.scan(batch.block.bytes(), scratch, &mut found);
            if found.iter().any(|c| !c.certain) {
                caller.judge(batch.block.bytes(), &mut found)?;
            }
        }
        tell(&batch, &found, &mut ranks);
        query.recycle(batch);
    }
    Ok(ranks)
}

/// Adds the lines of a batch; `errors` are those that are errors, and maybe others that are not selected.
fn tell(batch: &Batch, errors: &[Candidate], ranks: &mut BTreeMap<Option<Rank>, Deeds>) {
    let Selection::Picked(picked) = &batch.selection else { return };
    let bytes = batch.block.bytes();
    let mut errors = errors.iter().peekable();
    // Only the last ones of a batch are worth a copy.
    let mut last: BTreeMap<Option<Rank>, (Candidate, Option<LineTime>)> = BTreeMap::new();
    let mut last_error = last.clone();
    for (at, &candidate) in picked.iter().enumerate() {
        let line = candidate.line;
        while errors.next_if(|error| error.line.start < line.start).is_some() {}
        let is_error = errors.next_if(|error| error.line == line).is_some();
        let time = batch.times.get(at).copied();
        let rank = rank::of(line.of(bytes));
        let deeds = ranks.entry(rank).or_default();
        deeds.lines += 1;
        deeds.errors += u64::from(is_error);
        if let Some(span) = time.and_then(|time| time.span) {
            deeds.first = Some(deeds.first.map_or(span.lo, |first| first.min(span.lo)));
            deeds.last = Some(deeds.last.map_or(span.lo, |last| last.max(span.lo)));
            deeds.history.push(span.lo, is_error);
        }
        if is_error && deeds.first_error.is_none() {
            deeds.first_error = Some(quote(batch, candidate, time));
        }
        if is_error {
            last_error.insert(rank, (candidate, time));
        }
        if line.of(bytes).iter().any(|b| !b.is_ascii_whitespace()) {
            last.insert(rank, (candidate, time));
        }
    }
    for (rank, (candidate, time)) in last {
        ranks.entry(rank).or_default().last_line = Some(quote(batch, candidate, time));
    }
    for (rank, (candidate, time)) in last_error {
        ranks.entry(rank).or_default().last_error = Some(quote(batch, candidate, time));
    }
}

fn quote(batch: &Batch, candidate: Candidate, time: Option<LineTime>) -> Quote {
    let text = candidate.line.of(batch.block.bytes());
    let text = String::from_utf8_lossy(&text[..text.len().min(QUOTE)]);
    Quote {
        text: text.trim_end().to_owned(),
        span: time.and_then(|time| time.span),
        offset: batch.block.file_offset(candidate.line.start),
        number: time.map_or(0, |time| time.number),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        // Few, for each has to be long: the columns become wider beyond a thousand.
        #![proptest_config(ProptestConfig::with_cases(8))]
        #[test]
        fn a_history_counts_each_line_in_its_column(
            times in proptest::collection::vec((-9_000_i64..9_000, any::<bool>()), 1..4_000),
        ) {
            let mut history = History::default();
            for &(second, is_error) in &times {
                history.push(second * NARROWEST + 1, is_error);
            }
            let width = history.width();
            let columns: Vec<(i64, Column)> = history.columns().collect();
            prop_assert!(columns.len() <= COLUMNS);
            prop_assert_eq!(columns.iter().map(|c| c.1.lines).sum::<u64>(), times.len() as u64);
            for (start, column) in columns {
                let inside = |second: i64| (start..start + width).contains(&(second * NARROWEST + 1));
                prop_assert_eq!(column.lines, times.iter().filter(|t| inside(t.0)).count() as u64);
                prop_assert_eq!(column.errors, times.iter().filter(|t| inside(t.0) && t.1).count() as u64);
            }
        }
    }
}
