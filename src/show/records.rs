//! Records: a stamped line and what follows it without a stamp, put together again where ranks interleave.
//!
//! A traceback belongs to the line that announces it. A line without a stamp goes on the record of the same rank or
//! process; where stamps are rare, only what looks like a continuation does: an indented line, or one of a traceback.

use std::collections::{HashMap, VecDeque};

use super::context::Placed;
use super::{Page, RowKind};
use crate::batch::LineTime;
use crate::file::block::Block;
use crate::level::{Level, traceback};
use crate::stamp::{Finder, How, Prefix, behind_writer};

/// A line that is not indented belongs to a stamped one at most so many lines before it.
const LOOSE: usize = 100;
/// A record is cut after so many lines or bytes, so that what waits stays small.
const MOST_LINES: usize = 10_000;
const MOST_BYTES: usize = 16 << 20;

#[derive(Clone, Copy)]
struct RecordLine {
    start: usize,
    end: usize,
    hit: bool,
    offset: u64,
    time: Option<LineTime>,
    level: Option<Level>,
}

/// A record that may go on.
#[derive(Default)]
struct OpenRecord {
    text: Vec<u8>,
    parts: Vec<RecordLine>,
    hit: bool,
    stamped: bool,
    /// Within a traceback, whose last line is not indented.
    tracing: bool,
    /// How many of its parts were put on a page.
    shown: usize,
}

impl OpenRecord {
    /// Whether `text`, a line without a stamp and without its prefix, goes on with this record.
    fn takes(&self, text: &[u8]) -> bool {
        if self.parts.len() >= MOST_LINES || self.text.len() >= MOST_BYTES {
            return false;
        }
        let chained = traceback::begins(text) || traceback::chains(text);
        traceback::is_indented(text) || self.tracing || chained || (self.stamped && self.parts.len() < LOOSE)
    }

    fn push(&mut self, line: &[u8], text: &[u8], part: &RecordLine) {
        // The exception's own line ends the traceback.
        self.tracing = traceback::begins(text) || (self.tracing && traceback::is_frame(text));
        let start = self.text.len();
        self.text.extend_from_slice(line);
        self.hit |= part.hit;
        self.parts.push(RecordLine { start, end: self.text.len(), ..*part });
    }

    /// Puts what was not yet put on `page`, if a line of the record is meant.
    fn put(&mut self, page: &mut Page) {
        if !self.hit {
            return;
        }
        for part in &self.parts[self.shown..] {
            let kind = if part.hit { RowKind::Hit } else { RowKind::Context };
            page.push(&self.text[part.start..part.end], kind, part.offset, part.time, part.level);
        }
        self.shown = self.parts.len();
    }
}

/// The open records of one file, by rank or process.
#[derive(Default)]
pub(super) struct Records {
    open: HashMap<Prefix, OpenRecord>,
    /// Who has an open record, the oldest first.
    order: VecDeque<Prefix>,
    finder: Finder,
}

impl Records {
    /// Puts the records that end among `lines` on `page`, if a line of theirs is one of `hits`: positions in `lines`.
    pub(super) fn turn(&mut self, block: &Block, lines: &[Placed], hits: &[usize], page: &mut Page) {
        let mut hits = hits.iter().copied().peekable();
        for (at, placed) in lines.iter().enumerate() {
            let line = placed.line.of(block.bytes());
            let prefix = self.finder.find(line).prefix;
            let own = placed.time.is_some_and(|time| time.how == Some(How::Own));
            let text = behind_writer(line);
            if own || !self.open.get(&prefix).is_some_and(|open| open.takes(text)) {
                self.close(prefix, page);
                self.order.push_back(prefix);
                self.open.insert(prefix, OpenRecord { stamped: own, ..OpenRecord::default() });
            }
            let part = RecordLine {
                start: 0,
                end: 0,
                hit: hits.next_if_eq(&at).is_some(),
                offset: block.file_offset(placed.line.start),
                time: placed.time,
                level: placed.level,
            };
            if let Some(open) = self.open.get_mut(&prefix) {
                open.push(line, text, &part);
            }
        }
    }

    /// Puts what is there of open records on `page`; what comes to them later is put there later.
    pub(super) fn settle(&mut self, page: &mut Page) {
        for prefix in &self.order {
            if let Some(open) = self.open.get_mut(prefix) {
                open.put(page);
            }
        }
    }

    /// Puts all that is open on `page`.
    pub(super) fn finish(&mut self, page: &mut Page) {
        while let Some(&prefix) = self.order.front() {
            self.close(prefix, page);
        }
    }

    fn close(&mut self, prefix: Prefix, page: &mut Page) {
        let Some(mut open) = self.open.remove(&prefix) else { return };
        self.order.retain(|&other| other != prefix);
        open.put(page);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::line;

    #[test]
    fn a_traceback_stays_whole_behind_every_prefix_that_names_a_writer() {
        for prefix in [
            "",
            "[rank3]: ",
            "[rank3]:",
            "[default3]:",
            "[1,3]<stdout>:",
            "3: ",
            "10.0.0.3: ",
            "node-3: ",
            "trainer/0 ",
            "rank 3: ",
            "worker-1  | ",
            "(Trainer pid=17, ip=10.0.0.3) ",
            "[pod/worker-0/main] ",
            "node-3: [rank0]:",
        ] {
            let trace = ["Traceback (most recent call last):", "  File \"a.py\", line 1", "ValueError: bad"];
            let after = "plain text that begins a record of its own";
            let lines: Vec<_> =
                trace.iter().chain([&after]).map(|line| format!("{prefix}{line}\n")).collect();
            let text = lines.concat();
            let block = Block::of(0, text.into_bytes());
            let lines: Vec<Placed> =
                line::lines(block.bytes()).map(|line| Placed { line, time: None, level: None }).collect();
            let (mut records, mut page) = (Records::default(), Page::default());
            records.turn(&block, &lines, &[2], &mut page);
            records.finish(&mut page);
            assert_eq!(page.rows().len(), trace.len(), "{prefix}");
        }
    }
}
