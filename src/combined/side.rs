//! One of the two logs.

use std::path::{Path, PathBuf};

use crate::arrival::Arrivals;
use crate::batch::{Batch, Selection};
use crate::caller::Caller;
use crate::error::Result;
use crate::file::block::{Block, Extent, Pulse, whole_end};
use crate::file::source::Source;
use crate::follow::Turn;
use crate::line::Line;
use crate::pattern::Candidate;
use crate::query::{Query, Question};
use crate::timing;

/// Lines further apart than this, in bytes, are not handed out together: what is between would be copied for nothing.
const NEAR: usize = 4096;

/// The place of a line in the combined stream; of two lines with the same, that of stdout comes first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum SortKey {
    /// By the note that covers its `\n`.
    Arrived(u64),
    /// Behind the end of the record: by its time, in nanoseconds since 1970 UTC.
    Timed(i64),
    /// A last line without `\n`.
    Unfinished,
}

/// Whether there are lines at hand.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AtHand {
    /// There are.
    Lines,
    /// Not now.
    Nothing,
}

/// A log and how far it is read.
pub struct Side {
    /// What it is asked.
    pub query: Query,
    /// When its lines arrived, while they are read back.
    arrivals: Option<Arrivals>,
    path: PathBuf,
    batch: Option<Batch>,
    /// The line of the batch that is next.
    next: usize,
    /// The key of that line.
    key: Option<SortKey>,
    /// The latest time of a line, in nanoseconds since 1970 UTC: a stamp that goes back must not tear the order.
    latest: i64,
    /// Where its lines are gone on with, in bytes.
    after: u64,
    /// Where the backfill ends.
    bound: u64,
    live: bool,
    /// Whether lines that stand far apart are handed out apart, for they are kept.
    sparse: bool,
}

impl Side {
    /// Will ask `question` of the log at `path`.
    pub fn new(question: &Question, path: PathBuf, after: u64) -> Self {
        Self {
            query: Query::new(of_side(question, &path, after)),
            arrivals: None,
            path,
            after,
            batch: None,
            next: 0,
            key: None,
            latest: i64::MIN,
            bound: 0,
            live: false,
            sparse: question.last.is_some(),
        }
    }

    /// Its size now, in bytes; 0 where it is not there.
    pub fn size(&mut self) -> Result<u64> {
        match self.query.follow() {
            Some(follow) => follow.size(),
            None => Ok(std::fs::metadata(&self.path).map_or(0, |m| m.len())),
        }
    }

    /// Where its whole lines end before `size`.
    pub fn whole_lines(&self, size: u64, pulse: Pulse<'_>) -> Result<u64> {
        if size == 0 {
            return Ok(0);
        }
        whole_end(&Source::open(&self.path)?, Extent { start: 0, end: size }, pulse)
    }

    /// Begins to read what is there, `bound` bytes; with the time of each line if `times` say how to find it.
    pub fn begin(
        &mut self,
        question: &Question,
        bound: u64,
        arrivals: Option<Arrivals>,
        times: Option<&timing::TimeTerms>,
    ) {
        // A follow is one query from here on: what befalls the file while what was there is handed out, it sees.
        let mut question = of_side(question, &self.path, self.after);
        if let Some(times) = times {
            question.time.get_or_insert_with(|| times.clone()).times = true;
        }
        self.query = Query::led(question, bound);
        (self.bound, self.arrivals) = (bound, arrivals);
    }

    /// Goes on to what is written later.
    pub fn go_live(&mut self) {
        (self.live, self.arrivals) = (true, None);
    }

    /// Gets lines, if there are none at hand.
    pub fn fill(&mut self, shows_partial: bool, caller: &mut dyn Caller) -> Result<AtHand> {
        if self.key.is_some() {
            return Ok(AtHand::Lines);
        }
        if let Some(spent) = self.batch.take() {
            self.query.recycle(spent);
        }
        if let Some(follow) = self.query.follow() {
            follow.show_partial(shows_partial);
        }
        match self.query.poll(caller) {
            Ok(Turn::Batch(batch)) => {
                (self.batch, self.next) = (Some(batch), 0);
                self.key = self.key_of(0);
                Ok(AtHand::Lines)
            }
            Ok(Turn::Nothing | Turn::Over) => Ok(AtHand::Nothing),
            // One log alone is a stream too.
            Err(error) if error.is_not_found() && self.bound == 0 => Ok(AtHand::Nothing),
            Err(error) => Err(error),
        }
    }

    /// The key of the next line, if one is at hand.
    pub fn key(&self) -> Option<SortKey> {
        self.key
    }

    /// Takes the next lines: those before `bound`, or at it if that is said too.
    pub fn run(&mut self, bound: Option<(SortKey, bool)>) -> Batch {
        if bound.is_none() && !self.sparse && self.next == 0 {
            self.key = None;
            return self.batch.take().unwrap_or_else(empty);
        }
        let (begun, mut end) = (self.next, 0);
        while let Some(key) = self.key {
            let comes = bound.is_none_or(|(bound, at)| key < bound || (at && key == bound));
            let Some(line) = self.line(self.next) else { break };
            if self.next > begun && (!comes || line.start - end > NEAR) {
                break;
            }
            end = line.end;
            self.next += 1;
            self.key = self.key_of(self.next);
        }
        self.take(begun)
    }

    /// The lines from `begun` to the next one as a batch of their own.
    fn take(&mut self, begun: usize) -> Batch {
        if begun == 0
            && self.key.is_none()
            && let Some(batch) = self.batch.take()
        {
            return batch;
        }
        let lines: Vec<Line> = (begun..self.next).filter_map(|at| self.line(at)).collect();
        let (Some(batch), Some(first), Some(last)) = (&self.batch, lines.first(), lines.last()) else {
            return empty();
        };
        let moved = |line: &Line| Line { start: line.start - first.start, end: line.end - first.start };
        let picked = lines.iter().map(|line| Candidate { line: moved(line), certain: true }).collect();
        let mut part = Batch::new(batch.block.part(first.start, last.end), Selection::Picked(picked));
        part.times = batch.times.get(begun..self.next).map(<[_]>::to_vec).unwrap_or_default();
        part.unsettled.clone_from(&batch.unsettled);
        part
    }

    fn line(&self, at: usize) -> Option<Line> {
        self.batch.as_ref()?.line(at)
    }

    fn key_of(&mut self, at: usize) -> Option<SortKey> {
        let line = self.line(at)?;
        if self.live {
            return Some(SortKey::Timed(i64::MAX));
        }
        let batch = self.batch.as_ref()?;
        if !line.of(batch.block.bytes()).ends_with(b"\n") {
            return Some(SortKey::Unfinished);
        }
        if let Some(span) = batch.times.get(at).and_then(|time| time.span) {
            self.latest = self.latest.max(span.lo);
        }
        let offset = batch.block.file_offset(line.end - 1);
        let arrival = self.arrivals.as_mut().and_then(|arrivals| arrivals.of(offset));
        Some(arrival.map_or(SortKey::Timed(self.latest), |arrival| SortKey::Arrived(arrival.note)))
    }
}

/// `question` about the log at `path`, from `after` on.
fn of_side(question: &Question, path: &Path, after: u64) -> Question {
    Question { path: path.to_path_buf(), name: path.to_path_buf(), after, ..question.clone() }
}

fn empty() -> Batch {
    Batch::new(Block::default(), Selection::Picked(Vec::new()))
}
