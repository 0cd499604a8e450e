//! Many feeds to one sink, in one order.
//!
//! Where lines are shown for themselves, that is the exact order of time. Where lines are shown around others, a file's
//! own order stays, and of the files' next rows the earliest goes out.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::time::{Duration, Instant};

use super::{Feed, Kind, Page, Row, Sink, Style};
use crate::batch::{Batch, Selection};
use crate::caller::Caller;
use crate::error::{Error, Result};
use crate::merge::Merge;

/// How much is gathered before it is written, in bytes.
const ENOUGH: usize = 128 << 10;
/// What is there is written at least this often, so that a rare line is seen at once.
const SOON: Duration = Duration::from_millis(20);

/// Puts colours into a line that is meant.
pub trait Painter {
    /// The line as it is to be written.
    fn paint(&mut self, line: &[u8]) -> Result<Vec<u8>>;
}

/// Rows on their way to the sink; without one they are only counted.
struct Out<'s> {
    sink: Option<&'s Sink>,
    buffer: Vec<u8>,
    written: Instant,
    hits: u64,
    /// Rows before those of the hit with this number, from 1, are not written.
    skip: u64,
}

impl Out<'_> {
    /// Writes a row; `headed` says whether the heading of its feed was written.
    fn row(
        &mut self,
        style: &Style,
        row: Row,
        text: &[u8],
        headed: &mut bool,
        painter: &mut Option<&mut dyn Painter>,
    ) -> Result<()> {
        self.hits += u64::from(row.kind == Kind::Hit);
        if self.sink.is_none() || (self.skip > 0 && self.hits <= self.skip) {
            return Ok(());
        }
        if !std::mem::replace(headed, true) {
            self.buffer.extend_from_slice(&style.heading);
        }
        match painter {
            Some(painter) if row.kind == Kind::Hit => {
                style.write(row, text, &painter.paint(text)?, &mut self.buffer);
            }
            _ => style.write(row, text, text, &mut self.buffer),
        }
        Ok(())
    }

    fn settle(&mut self, pulse: &mut dyn FnMut() -> Result<()>) -> Result<()> {
        if self.buffer.len() >= ENOUGH || self.written.elapsed() >= SOON {
            self.flush(pulse)?;
        }
        Ok(())
    }

    fn flush(&mut self, pulse: &mut dyn FnMut() -> Result<()>) -> Result<()> {
        if let Some(sink) = self.sink {
            sink.write(&self.buffer, pulse)?;
        }
        self.buffer.clear();
        self.written = Instant::now();
        Ok(())
    }
}

/// How rows are written.
#[derive(Clone, Copy, Debug, Default)]
pub struct Manner<'s> {
    /// Where to; without a sink they are only counted.
    pub sink: Option<&'s Sink>,
    /// What is there is written at once.
    pub live: bool,
    /// So many of the first lines that are meant are not written.
    pub skip: u64,
}

/// What became of the feeds.
#[derive(Debug, Default)]
pub struct Outcome {
    /// How many lines were meant.
    pub hits: u64,
    /// Why a feed was left out, where there are others.
    pub errors: Vec<Error>,
}

/// Writes what `feeds` give, each in its style, merged by time.
pub fn show<C: Caller>(
    feeds: &mut [(Feed, Style, C)],
    manner: Manner<'_>,
    mut painter: Option<&mut dyn Painter>,
) -> Result<Outcome> {
    let Manner { sink, live, skip } = manner;
    let mut out = Out { sink, buffer: Vec::new(), written: Instant::now(), hits: 0, skip };
    if let [(feed, style, caller)] = feeds
        && skip == 0
        && feed.is_plain()
        && style.is_plain()
        && painter.is_none()
    {
        plain(feed, caller, &mut out, live)?;
        return Ok(Outcome { hits: out.hits, errors: Vec::new() });
    }
    let only = feeds.len() == 1;
    let mut errors = Vec::new();
    let mut places: Vec<Head> = feeds.iter().map(|_| Head::default()).collect();
    let mut queue = BinaryHeap::new();
    for (at, (feed, _, caller)) in feeds.iter_mut().enumerate() {
        match places[at].turn(feed, caller) {
            Ok(true) => queue.push(Reverse((places[at].time, at))),
            Ok(false) => {}
            Err(error) => errors.push(bearable(error, only)?),
        }
    }
    while let Some(Reverse((_, at))) = queue.pop() {
        let (feed, style, caller) = &mut feeds[at];
        let head = &mut places[at];
        let bound = queue.peek().map(|Reverse(next)| *next);
        // As long as this feed has the earliest row, it goes on without the queue.
        let again = loop {
            head.row(style, &mut out, &mut painter)?;
            if !head.step() {
                if live {
                    out.flush(&mut || caller.pulse())?;
                }
                match head.turn(feed, caller) {
                    Ok(true) => {}
                    Ok(false) => break false,
                    Err(error) => {
                        errors.push(bearable(error, only)?);
                        break false;
                    }
                }
            }
            out.settle(&mut || caller.pulse())?;
            if bound.is_some_and(|bound| (head.time, at) > bound) {
                break true;
            }
        };
        if again {
            queue.push(Reverse((head.time, at)));
        }
    }
    if let Some((_, _, caller)) = feeds.first_mut() {
        out.flush(&mut || caller.pulse())?;
    }
    Ok(Outcome { hits: out.hits, errors })
}

/// Writes the lines of `merge`, each log's in its style: in the order of time, however the stamps stand in each file.
pub fn show_merged(
    merge: &mut Merge,
    styles: &[Style],
    manner: Manner<'_>,
    mut painter: Option<&mut dyn Painter>,
    caller: &mut dyn Caller,
) -> Result<Outcome> {
    let Manner { sink, live, skip } = manner;
    let mut out = Out { sink, buffer: Vec::new(), written: Instant::now(), hits: 0, skip };
    let mut headed = vec![false; styles.len()];
    loop {
        while let Some((at, held)) = merge.ready() {
            let row = Row {
                start: 0,
                end: held.line.end - held.line.start,
                kind: Kind::Hit,
                offset: held.block.file_offset(held.line.start),
                time: held.time,
            };
            let text = held.line.of(held.block.bytes());
            out.row(&styles[at], row, text, &mut headed[at], &mut painter)?;
            if out.buffer.len() >= ENOUGH {
                out.flush(&mut || caller.pulse())?;
            }
        }
        if live {
            out.flush(&mut || caller.pulse())?;
        } else {
            out.settle(&mut || caller.pulse())?;
        }
        if !merge.advance(caller)? {
            break;
        }
    }
    out.flush(&mut || caller.pulse())?;
    Ok(Outcome { hits: out.hits, errors: Vec::new() })
}

/// An error about one file, while there are others to go on with.
fn bearable(error: Error, only: bool) -> Result<Error> {
    if only || matches!(error, Error::Interrupted | Error::Bug(_)) { Err(error) } else { Ok(error) }
}

/// Where a feed stands in its page.
#[derive(Default)]
struct Head {
    page: Page,
    next: usize,
    /// The time of the row at hand, in nanoseconds since 1970 UTC.
    time: Option<i64>,
    /// Whether the heading was written.
    headed: bool,
}

impl Head {
    /// Goes to the feed's next page; false at the end.
    fn turn(&mut self, feed: &mut Feed, caller: &mut dyn Caller) -> Result<bool> {
        self.next = 0;
        if !feed.turn(&mut self.page, caller)? {
            return Ok(false);
        }
        self.look();
        Ok(true)
    }

    /// Goes to the next row; false at the end of the page.
    fn step(&mut self) -> bool {
        self.next += 1;
        self.next < self.page.rows().len() && {
            self.look();
            true
        }
    }

    /// The time of the row at hand; one without a time follows the row before it.
    fn look(&mut self) {
        let span = self.page.rows()[self.next].time.and_then(|time| time.span);
        self.time = span.map(|span| span.lo).or(self.time);
    }

    fn row(
        &mut self,
        style: &Style,
        out: &mut Out<'_>,
        painter: &mut Option<&mut dyn Painter>,
    ) -> Result<()> {
        let row = self.page.rows()[self.next];
        out.row(style, row, self.page.text(row), &mut self.headed, painter)
    }
}

/// The lines of one feed as they are.
fn plain(feed: &mut Feed, caller: &mut dyn Caller, out: &mut Out<'_>, live: bool) -> Result<()> {
    let mut ended = true;
    while let Some(batch) = feed.next_batch(caller)? {
        out.hits += batch.len();
        if out.sink.is_some() {
            ended = pour(&batch, caller, out)?.unwrap_or(ended);
            if live {
                out.flush(&mut || caller.pulse())?;
            } else {
                out.settle(&mut || caller.pulse())?;
            }
        }
        feed.recycle(batch);
    }
    if !ended {
        out.buffer.push(b'\n');
    }
    out.flush(&mut || caller.pulse())
}

/// Writes the lines of a batch; says whether the last of them ends in `\n`.
fn pour(batch: &Batch, caller: &mut dyn Caller, out: &mut Out<'_>) -> Result<Option<bool>> {
    let bytes = batch.block.bytes();
    match &batch.selection {
        Selection::All(_) => {
            out.flush(&mut || caller.pulse())?;
            if let Some(sink) = out.sink {
                sink.write(bytes, &mut || caller.pulse())?;
            }
            Ok(bytes.last().map(|&b| b == b'\n'))
        }
        Selection::Picked(picked) => {
            for candidate in picked {
                out.buffer.extend_from_slice(candidate.line.of(bytes));
            }
            Ok(picked.last().map(|last| last.line.of(bytes).ends_with(b"\n")))
        }
    }
}
