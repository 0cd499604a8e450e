//! An input: one log of a merge, with the lines of it that wait for their turn.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Instant;

use crate::batch::{Batch, LineTime};
use crate::caller::Caller;
use crate::cursor::Tier;
use crate::error::Result;
use crate::file::block::Block;
use crate::follow::Turn;
use crate::level::Level;
use crate::line::Line;
use crate::query::{Query, Question};
use crate::system::wakeup::Wakeup;

/// A batch whose lines are on their way.
#[derive(Debug)]
pub struct Lot {
    /// The block, and the lines of it that are meant.
    pub batch: Batch,
    /// When it was read.
    pub(super) came: Instant,
    /// How many files, or texts that were cut off, a follow had left before it came to this one.
    pub(super) files_before: u64,
}

/// A line on its way, with its batch.
///
/// Millions of them wait and are sorted, so each is small, and the batch is asked for the rest when its turn has come.
#[derive(Clone, Debug)]
pub struct Held {
    /// The batch in which it stands, with its block.
    pub lot: Arc<Lot>,
    /// Which of the batch's lines it is.
    pub(super) number: usize,
    /// By what it is ordered: its moment, or the number of its arrival.
    pub(super) key: i64,
    /// Where it begins in its file, in bytes.
    pub(super) offset: u64,
}

impl Held {
    /// Its block.
    #[inline]
    pub fn block(&self) -> &Arc<Block> {
        &self.lot.batch.block
    }

    /// Where it stands in its block.
    #[inline]
    pub fn line(&self) -> Line {
        self.lot.batch.line(self.number).unwrap_or(Line { start: 0, end: 0 })
    }

    /// Its time, where the question is about time.
    #[inline]
    pub fn time(&self) -> Option<&LineTime> {
        self.lot.batch.times.get(self.number)
    }

    /// How grave it is, where that was asked; also where no line is timed, as in a follow of one log.
    pub fn level(&self) -> Option<Level> {
        self.time().map_or_else(|| self.lot.batch.level_at(self.line().start), |time| time.level)
    }
}

/// So much is remembered of how the last batch ended, in bytes.
const END: usize = 4096;

/// The key of lines that have no time at all: they come first.
pub(super) const TIMELESS: i64 = i64::MIN;

/// One log of a merge.
pub(super) struct Input {
    pub(super) query: Query,
    pub(super) wakeup: Arc<Wakeup>,
    pub(super) held: VecDeque<Held>,
    /// Where blocks to come begin, and the earliest moment from there on.
    floors: VecDeque<(u64, i64)>,
    /// Where blocks begin that follow one another from the place where it began, and the latest moment up to their ends: by
    /// these a place is known in a log of which lines are left out.
    ceilings: Vec<(u64, i64)>,
    /// Whether those are all blocks that there are.
    is_known: bool,
    /// No line is put before one that stands above it in the file: the keys so far come up to here.
    least: Option<i64>,
    pub(super) state: ToCome,
    /// The last of its lines in the file that went out ends here, or begins before this if it was there at the start.
    pub(super) popped: u64,
    /// Where the last batch ended in its file.
    reached: u64,
    /// How what was written last ended, as the last batch says.
    end: Vec<u8>,
    /// How many files a follow had left before it came to the one of the last batch.
    files_before: u64,
}

/// What may still come of a log.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum ToCome {
    /// Some of what was there at the start.
    Past,
    /// What is written from now on.
    Live,
    /// Nothing.
    Over,
}

impl Input {
    /// The answer to `question`, whose wakeup rings with the one `above`; `in_file_order` keeps the order of its lines also
    /// where its stamps go backwards.
    pub(super) fn new(question: Question, above: &Arc<Wakeup>, in_file_order: bool) -> Self {
        let wakeup = Arc::new(Wakeup::under(above));
        // Many logs share the cores: each reads in the thread that asks.
        let question = Question { wakeup: Arc::clone(&wakeup), workers: 0, ..question };
        Self {
            query: Query::new(question),
            wakeup,
            held: VecDeque::new(),
            floors: VecDeque::new(),
            ceilings: Vec::new(),
            is_known: false,
            least: in_file_order.then_some(TIMELESS),
            state: ToCome::Past,
            popped: 0,
            reached: 0,
            end: Vec::new(),
            files_before: 0,
        }
    }

    /// No line to come of what was there at the start is earlier; `None` if none is to come.
    pub(super) fn floor(&self) -> Option<i64> {
        match self.state {
            ToCome::Past => Some(self.floors.front().map_or(TIMELESS, |(_, floor)| *floor)),
            ToCome::Live | ToCome::Over => None,
        }
    }

    /// Opens the file, and learns of its past.
    pub(super) fn start(&mut self, caller: &mut dyn Caller) -> Result<()> {
        self.query.start(caller)?;
        self.floors = self.query.floors(caller)?.into();
        if !self.query.question().selects_all() {
            (self.ceilings, self.is_known) = self.query.ceilings();
        }
        self.state = if self.floors.is_empty() { ToCome::Live } else { ToCome::Past };
        Ok(())
    }

    /// Takes what the query has now; false if that is nothing. Lines are ordered by `key` if there is one, else by time.
    pub(super) fn draw(&mut self, caller: &mut dyn Caller, key: Option<i64>) -> Result<bool> {
        match self.query.poll(caller)? {
            Turn::Batch(batch) => {
                self.take(batch, key);
                return Ok(true);
            }
            Turn::Nothing => self.state = ToCome::Live,
            Turn::Over => self.state = ToCome::Over,
        }
        Ok(false)
    }

    /// Puts the lines of `batch` where they belong among those that are held.
    fn take(&mut self, batch: Batch, key: Option<i64>) {
        let end = batch.block.file_offset(batch.block.bytes().len());
        self.reached = end;
        let files_before = self.query.times_left();
        if std::mem::replace(&mut self.files_before, files_before) != files_before {
            self.popped = 0;
        }
        self.end.clear();
        if self.query.tail().is_some() {
            self.end.extend_from_slice(batch.block.solid_before(batch.block.bytes().len(), END));
        }
        while self.floors.front().is_some_and(|(start, _)| *start < end) {
            self.floors.pop_front();
        }
        if self.floors.is_empty() && self.state == ToCome::Past {
            self.state = ToCome::Live;
        }
        if !self.hold(batch, key) {
            // Stable, and quick where two sorted runs meet.
            self.held.make_contiguous().sort_by_key(|held| held.key);
        }
    }

    /// Appends the lines of `batch`, but for those that were handed out before, with what they are ordered by: `arrival`, or
    /// their moment, not below `least`. Whether all that are held are in order now.
    fn hold(&mut self, batch: Batch, arrival: Option<i64>) -> bool {
        let tiers = &self.query.question().tiers;
        let files_before = self.files_before;
        let lot = Arc::new(Lot { batch, came: Instant::now(), files_before });
        let (mut last, mut in_order) = (self.held.back().map_or(TIMELESS, |held| held.key), true);
        self.held.reserve(lot.batch.len() as usize);
        for (number, line) in lot.batch.lines().enumerate() {
            let moment =
                || lot.batch.time(number).and_then(|time| time.span).map_or(TIMELESS, |span| span.lo);
            let key = arrival.unwrap_or_else(|| self.least.map_or_else(moment, |least| moment().max(least)));
            if arrival.is_none() {
                self.least = self.least.map(|_| key);
            }
            let offset = lot.batch.block.file_offset(line.start);
            // They speak of the file with which it began.
            let is_told = arrival.is_none() && files_before == 0;
            let covers = |tier: &Tier| {
                let text = line.of(lot.batch.block.bytes());
                let end = offset + text.strip_suffix(b"\n").unwrap_or(text).len() as u64;
                tier.covers(key, offset, end)
            };
            if is_told && tiers.iter().any(covers) {
                continue;
            }
            in_order &= last <= key;
            last = key;
            self.held.push_back(Held { lot: Arc::clone(&lot), number, key, offset });
        }
        in_order
    }

    /// What a follow has delivered last of the file that it reads now, the last batch included, if that is known.
    pub(super) fn delivered(&self) -> Option<Vec<u8>> {
        let (tail, end) = (self.query.tail()?, self.reached());
        if tail.end() >= end {
            return Some(tail.bytes().to_vec());
        }
        (tail.end() + self.end.len() as u64 == end || self.end.len() >= END)
            .then(|| [tail.bytes(), &self.end].concat())
    }

    /// Where the last batch ended, if that was in the file that is read now; the query itself counts a batch when it is
    /// asked for the next.
    fn reached(&self) -> u64 {
        if self.files_before == self.query.times_left() { self.reached } else { 0 }
    }

    /// Up to where the lines of the file that is read now were drawn, in bytes.
    pub(super) fn drawn(&self) -> u64 {
        match self.state {
            ToCome::Past => self.reached().max(self.query.question().after),
            ToCome::Live | ToCome::Over => self.reached().max(self.query.end_of_file()),
        }
    }

    /// Up to where all lines, be they meant or not, come before any with `key` in the order of all logs; `None` where those
    /// are all that there are.
    pub(super) fn passed(&self, key: i64) -> Option<u64> {
        let passed = self.ceilings.partition_point(|(_, latest)| *latest < key);
        if self.is_known && passed == self.ceilings.len() {
            return None;
        }
        // The last may end within a line that is not finished.
        let block = self.ceilings.get(passed).or(self.ceilings.last());
        let after = self.query.question().after;
        Some(block.map_or(after, |(start, _)| after.max(*start)))
    }

    /// The lines that wait of the file to which a follow came after so many others, in the order of the file.
    pub(super) fn waiting(&self, files_before: u64) -> Vec<&Held> {
        let mut waiting: Vec<_> =
            self.held.iter().filter(|held| held.lot.files_before == files_before).collect();
        waiting.sort_by_key(|held| held.offset);
        waiting
    }

    /// The key of the first line that waits.
    pub(super) fn first_key(&self) -> Option<i64> {
        self.held.front().map(|held| held.key)
    }
}
