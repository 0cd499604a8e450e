//! From rows to columns.

use std::collections::HashMap;
use std::sync::Arc;

use arrow_array::builder::{Int32Builder, LargeStringBuilder};
use arrow_array::types::{Int8Type, Int32Type};
use arrow_array::{
    ArrayRef, DictionaryArray, Int8Array, Int32Array, Int64Array, LargeStringArray, RecordBatch,
    RecordBatchOptions, StringArray, TimestampNanosecondArray, UInt64Array,
};
use arrow_buffer::OffsetBuffer;
use arrow_schema::{ArrowError, Field, Schema, SchemaRef};

use super::column::{self, Column};
use super::fields::GroupColumns;
use super::memory;
use super::rows::Rows;
use crate::batch::how_word;
use crate::error::{Error, Result};
use crate::line::Line;
use crate::stamp::rank;
use crate::stamp::{How, Stream};

/// What is known of a log whatever its lines say.
#[derive(Clone, Debug)]
pub struct Origin {
    /// What its source is called.
    pub source: String,
    /// The rank that alone wrote it.
    pub rank: Option<u32>,
}

/// Where times come from, as a line says it; the column `how` holds their places here.
const HOW: [Option<How>; 4] = [Some(How::Own), Some(How::Inherited), None, Some(How::Untimed)];

/// What a table is made of: which columns, in which order, and what is the same for all rows of a log.
pub struct Plan {
    cells: Vec<Cell>,
    fields: Option<GroupColumns>,
    schema: SchemaRef,
    hows: ArrayRef,
    streams: ArrayRef,
    sources: ArrayRef,
    /// The place of each log's source among `sources`.
    keys: Vec<i32>,
    ranks: Vec<Option<i32>>,
}

/// A column by its name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Cell {
    Column(Column),
    /// One of the fields.
    Field(usize),
}

impl Plan {
    /// The columns called `names`, of the rows of `logs`.
    ///
    /// # Errors
    /// `Error::Value` if there is no such column.
    pub fn new(names: &[String], fields: Option<GroupColumns>, logs: &[Origin]) -> Result<Self> {
        let groups = fields.as_ref().map(|fields| fields.columns.as_slice()).unwrap_or_default();
        let (mut cells, mut about) = (Vec::new(), Vec::<Field>::new());
        for name in names {
            // A group takes the place of the column of its name.
            if let Some(at) = groups.iter().position(|(group, _, _)| group == name) {
                cells.push(Cell::Field(at));
                about.push(column::of_group(name, groups[at].2));
            } else if let Some(&known) = Column::ALL.iter().find(|known| known.name() == name) {
                cells.push(Cell::Column(known));
                about.push(known.field());
            } else {
                return Err(no_column(name, groups.iter().map(|(group, _, _)| group.as_str())));
            }
        }
        let (mut sources, mut places) = (Vec::<&str>::new(), HashMap::<&str, i32>::new());
        for log in logs {
            places.entry(&log.source).or_insert_with(|| {
                sources.push(&log.source);
                i32::try_from(sources.len() - 1).unwrap_or(i32::MAX)
            });
        }
        let keys = logs.iter().map(|log| places[log.source.as_str()]).collect();
        Ok(Self {
            cells,
            schema: Arc::new(Schema::new(about)),
            hows: Arc::new(StringArray::from(HOW.map(how_word).to_vec())),
            streams: Arc::new(StringArray::from(Stream::ALL.map(Stream::name).to_vec())),
            sources: Arc::new(StringArray::from(sources)),
            keys,
            ranks: logs.iter().map(|log| log.rank.and_then(|rank| i32::try_from(rank).ok())).collect(),
            fields,
        })
    }

    /// The names and types of its columns.
    pub fn schema(&self) -> SchemaRef {
        Arc::clone(&self.schema)
    }

    /// Whether each line must be timed.
    pub fn wants_times(&self) -> bool {
        self.cells.iter().any(|cell| matches!(cell, Cell::Column(column) if column.is_about_time()))
    }

    /// Whether each line must have a step.
    pub fn wants_steps(&self) -> bool {
        self.cells.contains(&Cell::Column(Column::Step))
    }

    /// Whether the text of single lines is looked at, so that it has to be known of each block whether it is text. Where it
    /// is only copied, the column as a whole tells that.
    pub fn looks_at_text(&self) -> bool {
        self.cells.iter().any(|cell| matches!(cell, Cell::Field(_)))
    }

    /// How many groups held what does not fit their kind, so far.
    pub fn misfits(&self) -> u64 {
        self.fields.as_ref().map_or(0, GroupColumns::misfits)
    }

    /// The columns of `rows`.
    pub(super) fn build(&self, rows: &Rows) -> Result<RecordBatch> {
        let wants_fields = self.cells.iter().any(|cell| matches!(cell, Cell::Field(_)));
        let fields = self.fields.as_ref().filter(|_| wants_fields);
        let fields = fields.map(|fields| fields.build(rows)).transpose()?.unwrap_or_default();
        let columns = self.cells.iter().map(|cell| match cell {
            Cell::Field(at) => fields.get(*at).cloned().ok_or(Error::Bug("a field was not built")),
            Cell::Column(column) => self.column(*column, rows).map_err(|error| broken(&error)),
        });
        let columns = columns.collect::<Result<Vec<_>>>()?;
        let options = RecordBatchOptions::new().with_row_count(Some(rows.len()));
        RecordBatch::try_new_with_options(self.schema(), columns, &options).map_err(|error| broken(&error))
    }

    fn column(&self, column: Column, rows: &Rows) -> std::result::Result<ArrayRef, ArrowError> {
        Ok(match column {
            Column::Offset => Arc::new(offsets(rows)),
            Column::Number => Arc::new(numbers(rows)),
            Column::Time => Arc::new(times(rows)),
            Column::How => {
                Arc::new(DictionaryArray::<Int8Type>::try_new(hows(rows), Arc::clone(&self.hows))?)
            }
            Column::Source => {
                let keys = self.sources_of(rows);
                Arc::new(DictionaryArray::<Int32Type>::try_new(keys, Arc::clone(&self.sources))?)
            }
            Column::Rank => Arc::new(self.ranks_of(rows)),
            Column::Step => Arc::new(steps(rows)),
            Column::Stream => {
                Arc::new(DictionaryArray::<Int8Type>::try_new(streams(rows), Arc::clone(&self.streams))?)
            }
            Column::Text => Arc::new(texts(rows)),
        })
    }

    fn sources_of(&self, rows: &Rows) -> Int32Array {
        let mut keys = Vec::with_capacity(rows.len());
        rows.each(|row| keys.push(self.keys.get(row.log).copied().unwrap_or_default()));
        Int32Array::from(keys)
    }

    /// The rank on the line, or else the one that alone wrote the log.
    fn ranks_of(&self, rows: &Rows) -> Int32Array {
        let mut ranks = Int32Builder::with_capacity(rows.len());
        rows.each(|row| {
            let told = rank::of(row.line.of(row.block.bytes())).filter(|rank| !rank.local);
            let alone = self.ranks.get(row.log).copied().flatten();
            ranks.append_option(told.map_or(alone, |rank| i32::try_from(rank.number).ok()));
        });
        ranks.finish()
    }
}

fn no_column<'n>(name: &str, groups: impl Iterator<Item = &'n str>) -> Error {
    let known = Column::ALL.iter().map(|column| column.name()).chain(groups);
    let known = known.collect::<Vec<_>>().join(", ");
    Error::Value(format!("columns={name:?}: there is no such column; there are {known}"))
}

fn broken(error: &ArrowError) -> Error {
    Error::Value(format!("these lines do not fit into columns: {error}"))
}

fn offsets(rows: &Rows) -> UInt64Array {
    let mut offsets = Vec::with_capacity(rows.len());
    rows.each(|row| offsets.push(row.block.file_offset(row.line.start)));
    UInt64Array::from(offsets)
}

fn numbers(rows: &Rows) -> UInt64Array {
    let mut numbers = Vec::with_capacity(rows.len());
    rows.each(|row| numbers.push(row.time.map_or(0, |time| time.number)));
    UInt64Array::from(numbers)
}

fn steps(rows: &Rows) -> Int64Array {
    let mut steps = Int64Array::builder(rows.len());
    rows.each(|row| {
        let step = row.time.and_then(|time| time.step);
        steps.append_option(step.and_then(|step| i64::try_from(step).ok()));
    });
    steps.finish()
}

fn times(rows: &Rows) -> TimestampNanosecondArray {
    let (mut times, mut all) = (Vec::with_capacity(rows.len()), true);
    rows.each(|row| {
        let span = row.time.and_then(|time| time.span);
        all &= span.is_some();
        times.push(span.map_or(0, |span| span.lo));
    });
    if !all {
        return times_with_nulls(rows);
    }
    TimestampNanosecondArray::from(times).with_timezone("UTC")
}

fn times_with_nulls(rows: &Rows) -> TimestampNanosecondArray {
    let mut times = TimestampNanosecondArray::builder(rows.len());
    rows.each(|row| times.append_option(row.time.and_then(|time| time.span).map(|span| span.lo)));
    times.finish().with_timezone("UTC")
}

fn hows(rows: &Rows) -> Int8Array {
    let mut keys = Vec::with_capacity(rows.len());
    rows.each(|row| keys.push(row.time.map_or(3, |time| key_of(time.how))));
    Int8Array::from(keys)
}

/// The place of each row's stream in [`Stream::ALL`].
fn streams(rows: &Rows) -> Int8Array {
    let mut keys = Int8Array::builder(rows.len());
    rows.each(|row| keys.append_option(row.time.and_then(|time| time.stream).map(|stream| stream as i8)));
    keys.finish()
}

/// The place of a word in [`HOW`].
fn key_of(how: Option<How>) -> i8 {
    match how {
        Some(How::Own) => 0,
        Some(How::Inherited | How::Ahead) => 1,
        None => 2,
        Some(How::Untimed) => 3,
    }
}

/// The text of each row without its `\n`, decoded as Python decodes it.
fn texts(rows: &Rows) -> LargeStringArray {
    // Whether it is text is found out of all of it at once, and where lines of it begin.
    copied(rows).unwrap_or_else(|_| decoded(rows))
}

/// The same where all of it is text: its length is known before anything is copied.
fn copied(rows: &Rows) -> std::result::Result<LargeStringArray, ArrowError> {
    let (mut ends, mut end) = (Vec::with_capacity(rows.len() + 1), 0);
    ends.push(0);
    rows.each(|row| {
        let Line { start, end: stop } = row.bare();
        end += stop - start;
        ends.push(i64::try_from(end).unwrap_or(i64::MAX));
    });
    let text = memory::filled(end, |room| {
        let mut at = 0;
        rows.each(|row| {
            let text = row.bare().of(row.block.bytes());
            room[at..at + text.len()].copy_from_slice(text);
            at += text.len();
        });
    });
    LargeStringArray::try_new(OffsetBuffer::new(ends.into()), text, None)
}

/// The same for any bytes.
fn decoded(rows: &Rows) -> LargeStringArray {
    let mut texts = LargeStringBuilder::with_capacity(rows.len(), rows.bytes());
    rows.each(|row| match row.text() {
        Some(text) => texts.append_value(text),
        None => texts.append_value(String::from_utf8_lossy(row.bare().of(row.block.bytes()))),
    });
    texts.finish()
}
