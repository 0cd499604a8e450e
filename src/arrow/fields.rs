//! Fields: what the named groups of a pattern hold, as columns of numbers and text.
//!
//! A pattern of which the engine takes the same groups as Python's `re` is run here; the lines of any other are shown
//! to a [`Groups`], which is `re` at the edge.

use std::borrow::Cow;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use arrow_array::ArrayRef;
use arrow_array::builder::{Float64Builder, Int64Builder, LargeStringBuilder};

use super::captures::{Captures, Slots};
use super::rows::{RowRef, Rows};
use crate::error::{Error, Result};

/// What a group is read as.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FieldKind {
    /// ASCII digits with an optional sign, within 64 bits.
    Int,
    /// What Python's `float` takes of ASCII without `_`.
    Float,
    /// Text.
    Text,
}

/// Takes the groups out of lines in the engine's place, as `re.search` does.
pub trait Groups: Send + Sync {
    /// What each wanted group of each of `lines` holds, line after line; all `None` where a line has no match.
    fn take(&self, lines: &[Cow<'_, str>]) -> Result<Vec<Option<String>>>;
}

/// The groups that become columns.
pub struct GroupColumns {
    pub(super) columns: Vec<(String, usize, FieldKind)>,
    /// How the engine takes them, if it can.
    captures: Option<Arc<Captures>>,
    /// Who takes them otherwise.
    groups: Arc<dyn Groups>,
    misfits: AtomicU64,
}

impl GroupColumns {
    /// `columns`: what each is called, which group of the pattern it is, and what it is read as.
    pub fn new(
        columns: Vec<(String, usize, FieldKind)>,
        captures: Option<Arc<Captures>>,
        groups: Arc<dyn Groups>,
    ) -> Self {
        Self { columns, captures, groups, misfits: AtomicU64::new(0) }
    }

    /// How many groups held what does not fit their kind, so far.
    pub fn misfits(&self) -> u64 {
        self.misfits.load(Ordering::Relaxed)
    }

    /// The columns of `rows`, in the order of [`GroupColumns::columns`].
    pub(super) fn build(&self, rows: &Rows) -> Result<Vec<ArrayRef>> {
        let mut out: Vec<Cells> =
            self.columns.iter().map(|(_, _, kind)| Cells::new(*kind, rows.len())).collect();
        let mut asked = Waiting { fields: self, lines: Vec::new(), slots: None };
        let mut failed = Ok(());
        rows.each(|row| {
            if failed.is_ok() {
                failed = asked.take(row, &mut out);
            }
        });
        failed.and_then(|()| asked.flush(&mut out))?;
        let misfits = out.iter().map(|cells| cells.misfits).sum();
        self.misfits.fetch_add(misfits, Ordering::Relaxed);
        Ok(out.into_iter().map(Cells::finish).collect())
    }
}

/// So many lines are shown to a [`Groups`] at once, at most.
const SHOWN: usize = 4096;

/// The lines that wait for a [`Groups`], and what the engine needs to take groups itself.
struct Waiting<'r> {
    fields: &'r GroupColumns,
    lines: Vec<Cow<'r, str>>,
    slots: Option<Slots>,
}

impl<'r> Waiting<'r> {
    fn take(&mut self, row: RowRef<'r>, out: &mut [Cells]) -> Result<()> {
        let line = decoded(&row);
        let Some(captures) = &self.fields.captures else { return self.show(line, out) };
        let slots = self.slots.get_or_insert_with(|| captures.slots());
        let Some(groups) = captures.take(&line, slots) else { return self.show(line, out) };
        // In order: the lines that wait come first.
        flush(self.fields, &mut self.lines, out)?;
        for ((_, group, _), cells) in self.fields.columns.iter().zip(out) {
            cells.push(groups.get_group(*group).map(|span| &line[span.range()]));
        }
        Ok(())
    }

    fn show(&mut self, line: Cow<'r, str>, out: &mut [Cells]) -> Result<()> {
        self.lines.push(line);
        if self.lines.len() < SHOWN { Ok(()) } else { self.flush(out) }
    }

    fn flush(&mut self, out: &mut [Cells]) -> Result<()> {
        flush(self.fields, &mut self.lines, out)
    }
}

/// Has `lines` shown to the one who takes their groups.
fn flush(fields: &GroupColumns, lines: &mut Vec<Cow<'_, str>>, out: &mut [Cells]) -> Result<()> {
    if lines.is_empty() {
        return Ok(());
    }
    let told = fields.groups.take(lines)?;
    if told.len() != lines.len() * out.len() {
        return Err(Error::Bug("not every group of every line was told"));
    }
    for line in told.chunks(out.len().max(1)) {
        line.iter().zip(&mut *out).for_each(|(group, cells)| cells.push(group.as_deref()));
    }
    lines.clear();
    Ok(())
}

/// The line as Python sees it, its `\n` included.
fn decoded<'r>(row: &RowRef<'r>) -> Cow<'r, str> {
    match row.block.text() {
        Some(text) => Cow::Borrowed(&text[row.line.start..row.line.end]),
        None => String::from_utf8_lossy(row.line.of(row.block.bytes())),
    }
}

/// The cells of one column.
struct Cells {
    builder: FieldBuilder,
    misfits: u64,
}

enum FieldBuilder {
    Int(Int64Builder),
    Float(Float64Builder),
    Text(LargeStringBuilder),
}

impl Cells {
    fn new(kind: FieldKind, rows: usize) -> Self {
        let builder = match kind {
            FieldKind::Int => FieldBuilder::Int(Int64Builder::with_capacity(rows)),
            FieldKind::Float => FieldBuilder::Float(Float64Builder::with_capacity(rows)),
            FieldKind::Text => FieldBuilder::Text(LargeStringBuilder::with_capacity(rows, 0)),
        };
        Self { builder, misfits: 0 }
    }

    fn push(&mut self, group: Option<&str>) {
        let fits = match &mut self.builder {
            FieldBuilder::Int(builder) => {
                let value = group.and_then(integer);
                builder.append_option(value);
                value.is_some()
            }
            FieldBuilder::Float(builder) => {
                let value = group.and_then(float);
                builder.append_option(value);
                value.is_some()
            }
            FieldBuilder::Text(builder) => {
                builder.append_option(group);
                true
            }
        };
        self.misfits += u64::from(group.is_some() && !fits);
    }

    fn finish(self) -> ArrayRef {
        match self.builder {
            FieldBuilder::Int(mut builder) => Arc::new(builder.finish()),
            FieldBuilder::Float(mut builder) => Arc::new(builder.finish()),
            FieldBuilder::Text(mut builder) => Arc::new(builder.finish()),
        }
    }
}

/// As Python's `int` takes it, of ASCII digits without `_`; `None` where it does not fit 64 bits.
fn integer(text: &str) -> Option<i64> {
    text.trim_ascii().parse().ok()
}

/// As Python's `float` takes it, of ASCII without `_`.
fn float(text: &str) -> Option<f64> {
    text.trim_ascii().parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_read_as_python_reads_them() {
        for (text, expected) in [
            ("41", Some(41)),
            (" +7 ", Some(7)),
            ("-9223372036854775808", Some(i64::MIN)),
            ("9223372036854775808", None),
            ("1.0", None),
            ("", None),
            ("1_000", None),
        ] {
            assert_eq!(integer(text), expected, "{text:?}");
        }
        for (text, expected) in [
            ("1.5", Some(1.5)),
            (".5", Some(0.5)),
            ("5.", Some(5.0)),
            ("-1e-3", Some(-0.001)),
            ("1e999", Some(f64::INFINITY)),
            ("-Infinity", Some(f64::NEG_INFINITY)),
            (".", None),
            ("e5", None),
            ("0x10", None),
            ("1.2.3", None),
        ] {
            assert_eq!(float(text), expected, "{text:?}");
        }
        assert!(float("NaN").is_some_and(f64::is_nan));
    }
}
