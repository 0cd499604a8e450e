//! What lies behind an answer's reader: the mark of the last line that was handed out.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;

use super::Query;
use crate::batch::Batch;
use crate::cursor::{Cursor, Mark};
use crate::error::Result;
use crate::file::block::{Block, Extent, Tail, whole_end};
use crate::file::source::{Identity, Source};
use crate::line::Line;

/// Before a block that is shorter, in bytes, it is looked what stands there, by which the place can be known again.
const EVIDENCE: usize = 4096;

/// The place behind the last line that was handed out, of one log or of two that make one stream.
pub struct Behind {
    /// How far each log was handed out, before this answer or by it, by the log's name.
    marks: BTreeMap<String, Mark>,
    /// The file of the batch that is being handed out, and what it is called.
    file: Option<(Arc<Source>, PathBuf)>,
    /// What stands before that batch, or was read last of the file.
    before: Option<(Identity, Tail)>,
    /// The files that were left behind, by the name of the log, and how many those were when they were asked for.
    left: BTreeMap<PathBuf, (u64, Arc<[Mark]>)>,
}

impl Behind {
    /// Before the first line of an answer that goes on from `begun`.
    pub fn new(begun: Cursor) -> Self {
        let here = begun.marks.into_iter().filter(|mark| !mark.left);
        let marks = here.map(|mark| (mark.name.clone(), mark)).collect();
        Self { marks, file: None, before: None, left: BTreeMap::new() }
    }

    /// `batch` of `query` begins.
    pub fn enter(&mut self, query: &Query, batch: &Batch) {
        self.file = query.source().map(|source| (Arc::clone(source), query.question().name.clone()));
        self.note_left(query);
        let block = &batch.block;
        if let Some(source) = query.source().filter(|_| block.bytes().len() < EVIDENCE)
            && self.known_before(block).is_none()
        {
            let tail = Tail::of_file(source, block.file_offset(0)).ok();
            self.before = tail.map(|tail| (source.identity(), tail));
        }
    }

    /// Takes note of the files that `query` has left, if those are others than before.
    fn note_left(&mut self, query: &Query) {
        let (name, times) = (&query.question().name, query.times_left());
        // A batch of a follow is a line, and files are left seldom.
        if times > 0 && self.left.get(name).is_none_or(|known| known.0 != times) {
            self.left.insert(name.clone(), (times, query.left_behind().collect()));
        }
    }

    /// All of a block lies behind the reader.
    pub fn leave(&mut self, block: &Block) {
        let Some(identity) = self.file.as_ref().map(|(source, _)| source.identity()) else { return };
        let goes_on = self.known_before(block).is_some();
        let known = self.before.take().filter(|_| goes_on).map(|(_, tail)| tail);
        let mut tail = known.unwrap_or_else(|| Tail::unknown(block.file_offset(0)));
        tail.extend_with_block(block);
        self.before = Some((identity, tail));
    }

    /// What is known to stand before `block` of the file that is read.
    fn known_before(&self, block: &Block) -> Option<&Tail> {
        let (source, _) = self.file.as_ref()?;
        let (identity, tail) = self.before.as_ref()?;
        (*identity == source.identity() && tail.end() == block.file_offset(0)).then_some(tail)
    }

    /// A batch of `query` goes out as a whole.
    pub fn pass(&mut self, query: &Query, batch: &Batch) {
        self.enter(query, batch);
        let last = (batch.len() as usize).checked_sub(1).and_then(|last| batch.line(last));
        if let Some(mark) = last.and_then(|line| self.of_line(&batch.block, line)) {
            self.move_to(mark);
        }
        self.leave(&batch.block);
    }

    /// The mark behind `line` of the batch that is being handed out.
    pub fn of_line(&self, block: &Block, line: Line) -> Option<Mark> {
        let (source, name) = self.file.as_ref()?;
        let before = self.known_before(block).map_or(&[][..], Tail::bytes);
        let mark = Mark::behind(source, name, (before, block), line);
        // The block may begin in the middle of an unfinished line, of which pieces went out before.
        let goes_on = |known: &&Mark| {
            let begins = mark.at == block.file_offset(0) && mark.identity == known.identity;
            begins && mark.open > 0 && known.open > 0 && known.at + known.open == mark.at
        };
        Some(match self.marks.get(&mark.name).filter(goes_on) {
            Some(known) => Mark { open: known.open + mark.open, opened: mark.opened, ..known.clone() },
            None => mark,
        })
    }

    /// What comes before `mark` was handed out.
    pub fn move_to(&mut self, mark: Mark) {
        self.marks.insert(mark.name.clone(), mark);
    }

    /// Nothing more comes: all whole lines of the file lie behind the reader, be they selected or not.
    pub fn arrive(&mut self, query: &Query) -> Result<()> {
        // Also where no line came after that.
        self.note_left(query);
        let Some(source) = query.source() else { return Ok(()) };
        let name = &query.question().name;
        let end = query.end_of_file();
        let mark = Mark::at(source, name, 0)?;
        let known = self.marks.get(&mark.name);
        let begun = query.question().after.min(end);
        let from = known.filter(|known| known.identity == mark.identity).map_or(begun, |known| known.at);
        let whole = whole_end(source, Extent { start: from, end: end.max(from) }, &mut || Ok(()))?;
        if whole > from {
            self.move_to(Mark::at(source, name, whole)?);
        } else if known.is_none() {
            let whole = whole_end(source, Extent { start: 0, end: from }, &mut || Ok(()))?;
            self.move_to(Mark::at(source, name, whole)?);
        }
        Ok(())
    }

    /// The place, if `line` is the last that was handed out of the batch at hand.
    pub fn cursor(&self, line: Option<(&Block, Line)>) -> Cursor {
        let mut marks = self.marks.clone();
        if let Some(mark) = line.and_then(|(block, line)| self.of_line(block, line)) {
            marks.insert(mark.name.clone(), mark);
        }
        let left = self.left.values().map(|known| Arc::clone(&known.1)).collect();
        Cursor { marks: marks.into_values().collect(), left }
    }
}
