//! The columns there are, and what they are called.

use std::sync::Arc;

use arrow_schema::{DataType, Field, TimeUnit};

use super::fields::FieldKind;

/// One column of a table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Column {
    /// Where the line begins in its file, in bytes.
    Offset,
    /// Which line of its file it is, from 1.
    Number,
    /// The earliest nanosecond of its time.
    Time,
    /// Where the time comes from.
    How,
    /// What its source is called.
    Source,
    /// The global rank that wrote it.
    Rank,
    /// Its step.
    Step,
    /// The stream to which it was written, where a container's runtime says so.
    Stream,
    /// Its text, without `\n`.
    Text,
}

impl Column {
    /// All of them, in the order in which a table has them. The first is cheap: readers that only count rows take it.
    pub const ALL: [Self; 9] = [
        Self::Offset,
        Self::Number,
        Self::Time,
        Self::How,
        Self::Source,
        Self::Rank,
        Self::Step,
        Self::Stream,
        Self::Text,
    ];

    /// What it is called.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Offset => "offset",
            Self::Number => "number",
            Self::Time => "time",
            Self::How => "how",
            Self::Source => "source",
            Self::Rank => "rank",
            Self::Step => "step",
            Self::Stream => "stream",
            Self::Text => "text",
        }
    }

    /// Whether each line must be timed for it; the number of a line is counted on the same walk.
    pub const fn is_about_time(self) -> bool {
        matches!(self, Self::Number | Self::Time | Self::How | Self::Step | Self::Stream)
    }

    /// Its name and type.
    ///
    /// `text` is a large string: the offsets of a plain one end at 2 GiB, and of views there is no filter, take or sort
    /// in pyarrow.
    pub(super) fn field(self) -> Field {
        let (kind, nullable) = match self {
            Self::Offset | Self::Number => (DataType::UInt64, false),
            Self::Time => (DataType::Timestamp(TimeUnit::Nanosecond, Some(Arc::from("UTC"))), true),
            Self::How => (dictionary(DataType::Int8), false),
            Self::Source => (dictionary(DataType::Int32), false),
            Self::Rank => (DataType::Int32, true),
            Self::Step => (DataType::Int64, true),
            Self::Stream => (dictionary(DataType::Int8), true),
            Self::Text => (DataType::LargeUtf8, false),
        };
        Field::new(self.name(), kind, nullable)
    }
}

/// The column that a named group becomes.
pub(super) fn of_group(name: &str, kind: FieldKind) -> Field {
    let kind = match kind {
        FieldKind::Int => DataType::Int64,
        FieldKind::Float => DataType::Float64,
        FieldKind::Text => DataType::LargeUtf8,
    };
    Field::new(name, kind, true)
}

fn dictionary(keys: DataType) -> DataType {
    DataType::Dictionary(Box::new(keys), Box::new(DataType::Utf8))
}
