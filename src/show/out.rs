//! What is written, gathered into blocks.

use std::time::{Duration, Instant};

use memchr::memchr;

use super::{Manner, Row, RowKind, Sink, Style};
use crate::batch::{Batch, Selection};
use crate::error::Result;
use crate::fold::last_frame;

/// How much is gathered before it is written, in bytes.
const ENOUGH: usize = 128 << 10;
/// What is there is written at least this often, so that a rare line is seen at once.
const SOON: Duration = Duration::from_millis(20);

/// Puts colours into a line that is meant.
pub trait Painter {
    /// The line as it is to be written.
    fn paint(&mut self, line: &[u8]) -> Result<Vec<u8>>;

    /// Whether what it gives stands for the line: no row, or several.
    fn picks(&self) -> bool {
        false
    }

    /// Whether the lines around those that are meant are painted, too.
    fn paints_around(&self) -> bool {
        false
    }
}

/// Whether `painter` says how a row of this kind looks.
fn paints(painter: &dyn Painter, kind: RowKind) -> bool {
    match kind {
        RowKind::Hit => true,
        RowKind::Context => painter.paints_around(),
        RowKind::Gap => false,
    }
}

/// Rows on their way to the sink; without one they are only counted.
pub(super) struct Out<'s> {
    sink: Option<&'s Sink>,
    buffer: Vec<u8>,
    written: Instant,
    /// How many lines were meant so far, which also whoever ends it half-way wants to know.
    hits: &'s mut u64,
    /// What is there is written at once.
    live: bool,
    most: Option<u64>,
}

impl<'s> Out<'s> {
    pub(super) fn new(manner: Manner<'s>, hits: &'s mut u64) -> Self {
        let Manner { sink, live, most, .. } = manner;
        Self { sink, buffer: Vec::new(), written: Instant::now(), hits, live, most }
    }

    /// Whether all that came here was written.
    pub(super) fn is_empty(&self) -> bool {
        self.buffer.is_empty()
    }

    /// Whether as many lines as are wanted have been written.
    pub(super) fn is_full(&self) -> bool {
        self.most.is_some_and(|most| *self.hits >= most)
    }

    /// Writes the heading of a feed, unless that was done.
    pub(super) fn heading(&mut self, style: &Style, headed: &mut bool) {
        if !std::mem::replace(headed, true) && self.sink.is_some() {
            self.buffer.extend_from_slice(&style.heading);
        }
    }

    /// Writes a row; `headed` says whether the heading of its feed was written.
    pub(super) fn row(
        &mut self,
        style: &Style,
        row: Row,
        text: &[u8],
        headed: &mut bool,
        painter: &mut Option<&mut dyn Painter>,
    ) -> Result<()> {
        *self.hits += u64::from(row.kind == RowKind::Hit);
        if self.sink.is_none() {
            return Ok(());
        }
        let text = style.framed(text);
        self.heading(style, headed);
        match painter {
            Some(painter) if row.kind == RowKind::Hit && painter.picks() => {
                for picked in painter.paint(text)?.split_inclusive(|byte| *byte == b'\n') {
                    style.write(row, text, picked, &mut self.buffer);
                }
            }
            Some(painter) if paints(&**painter, row.kind) => {
                style.write(row, text, &painter.paint(text)?, &mut self.buffer);
            }
            _ => style.write(row, text, text, &mut self.buffer),
        }
        Ok(())
    }

    /// Writes the lines of `batch` as they are, with `frames` their last frames; says whether the last of them ends in
    /// `\n`, if there is one.
    pub(super) fn pour(
        &mut self,
        batch: &Batch,
        frames: bool,
        pulse: &mut dyn FnMut() -> Result<()>,
    ) -> Result<Option<bool>> {
        *self.hits += batch.len();
        let Some(sink) = self.sink else { return Ok(None) };
        let bytes = batch.block.bytes();
        let last = match &batch.selection {
            _ if frames && memchr(b'\r', bytes).is_some() => self.pour_frames(batch, pulse)?,
            Selection::All(ends) => {
                let bytes = &bytes[..ends.last().copied().unwrap_or_default()];
                self.flush(pulse)?;
                sink.write(bytes, pulse)?;
                bytes.last().copied()
            }
            Selection::Picked(picked) => {
                for candidate in picked {
                    self.buffer.extend_from_slice(candidate.line.of(bytes));
                }
                picked.last().and_then(|last| last.line.of(bytes).last().copied())
            }
        };
        self.settle(pulse)?;
        Ok(last.map(|last| last == b'\n'))
    }

    /// Writes the last frame of each line; gives the last byte.
    fn pour_frames(&mut self, batch: &Batch, pulse: &mut dyn FnMut() -> Result<()>) -> Result<Option<u8>> {
        let bytes = batch.block.bytes();
        let mut last = None;
        for line in batch.lines() {
            let text = line.of(bytes);
            let frame = last_frame(text);
            self.buffer.extend_from_slice(frame);
            if text.ends_with(b"\n") && !frame.ends_with(b"\n") {
                self.buffer.push(b'\n');
            }
            last = text.last().copied();
            self.make_room(pulse)?;
        }
        Ok(last)
    }

    /// Counts lines that are meant, and for which another row stands.
    pub(super) fn count(&mut self, lines: usize) {
        *self.hits += lines as u64;
    }

    /// Ends a line that was written without its end.
    pub(super) fn end_line(&mut self) {
        self.buffer.push(b'\n');
    }

    /// Writes what there is if that is much.
    pub(super) fn make_room(&mut self, pulse: &mut dyn FnMut() -> Result<()>) -> Result<()> {
        if self.buffer.len() >= ENOUGH { self.flush(pulse) } else { Ok(()) }
    }

    /// Writes what there is if that is much, or has waited for long, or shall not wait.
    pub(super) fn settle(&mut self, pulse: &mut dyn FnMut() -> Result<()>) -> Result<()> {
        if self.live || self.buffer.len() >= ENOUGH || self.written.elapsed() >= SOON {
            self.flush(pulse)?;
        }
        Ok(())
    }

    /// Writes what there is.
    pub(super) fn flush(&mut self, pulse: &mut dyn FnMut() -> Result<()>) -> Result<()> {
        if let Some(sink) = self.sink {
            sink.write(&self.buffer, pulse)?;
        }
        self.buffer.clear();
        self.written = Instant::now();
        Ok(())
    }
}
