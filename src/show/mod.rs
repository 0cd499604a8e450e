//! Showing an answer: from blocks to a descriptor, without a `str` for each line.
//!
//! A **shaper** turns the lines of one file into **pages** of **rows**: the lines that are meant, and what is shown around
//! them. Rows are rendered (a label, colours, JSON) and written in blocks. One file's answer is a **feed**; those of many
//! come through a merge.

mod attended;
mod bottom;
mod context;
mod feed;
mod many;
mod one;
mod out;
mod records;
mod render;
mod shaper;
mod shown_time;
mod sink;
mod status;

use std::sync::Mutex;

use crate::batch::LineTime;
use crate::cursor::Cursor;
use crate::level::Level;

pub use context::Surroundings;
pub use feed::Feed;
pub use many::{Many, Scout, Shown, TOLD};
pub use one::show_one;
pub use out::Painter;
pub use render::{Json, Style};
pub use shaper::{AnswerShape, Shaper};
pub use shown_time::ShownTime;
pub use sink::Sink;

/// How rows are written.
#[derive(Clone, Copy, Debug, Default)]
pub struct Manner<'s> {
    /// Where to; without a sink they are only counted.
    pub sink: Option<&'s Sink>,
    /// What is there is written at once.
    pub live: bool,
    /// After so many lines that are meant it is over.
    pub most: Option<u64>,
    /// Where the place behind what was written is told, for whoever asks meanwhile.
    pub place: Option<&'s Mutex<Option<Cursor>>>,
}

/// Why a row is shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RowKind {
    /// The question selects it.
    Hit,
    /// It stands near one that is selected.
    Context,
    /// Lines were left out here; it has no text.
    Gap,
}

/// One line of a page.
#[derive(Clone, Copy, Debug)]
pub struct Row {
    /// Where its text begins in the page.
    pub start: usize,
    /// One past its last byte.
    pub end: usize,
    /// Why it is shown.
    pub kind: RowKind,
    /// Where it begins in its file, in bytes.
    pub offset: u64,
    /// Its time, where the question is about time.
    pub time: Option<LineTime>,
    /// How grave it is, where that was asked and something says it.
    pub level: Option<Level>,
}

/// Rows that are shown together, and their text.
#[derive(Debug, Default)]
pub struct Page {
    text: Vec<u8>,
    rows: Vec<Row>,
}

impl Page {
    /// Empties it and keeps its memory.
    pub fn clear(&mut self) {
        self.text.clear();
        self.rows.clear();
    }

    /// Its rows, in order.
    pub fn rows(&self) -> &[Row] {
        &self.rows
    }

    /// The text of a row.
    pub fn text(&self, row: Row) -> &[u8] {
        &self.text[row.start..row.end]
    }

    /// How many of its rows the question selects.
    pub fn hits(&self) -> u64 {
        self.rows.iter().filter(|row| row.kind == RowKind::Hit).count() as u64
    }

    fn push(
        &mut self,
        text: &[u8],
        kind: RowKind,
        offset: u64,
        time: Option<LineTime>,
        level: Option<Level>,
    ) {
        let start = self.text.len();
        self.text.extend_from_slice(text);
        self.rows.push(Row { start, end: self.text.len(), kind, offset, time, level });
    }

    fn push_gap(&mut self) {
        let (offset, time) = self.rows.last().map_or((0, None), |row| (row.offset, row.time));
        self.push(b"", RowKind::Gap, offset, time, None);
    }
}
