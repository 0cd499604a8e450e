//! A merge: many logs in one order of time, or as they come.
//!
//! What is there at the start comes in the order of time, exactly, however the stamps stand in each file: a line goes out
//! only when no log can still have an earlier one. The index of each log says how early its blocks to come can be (its
//! **floor**), so no more of a log is held than overlaps in time. Of equal times, the first log's lines come first;
//! within a log, ties keep the file's order, and lines without a stamp have the time of the line before them.
//!
//! What is written later comes as it arrives, or in the order of time as far as a bounded wait can establish it.

mod start;

use std::cmp::Reverse;
use std::collections::{BinaryHeap, VecDeque};
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime};

use crate::batch::{Batch, Selection};
use crate::block::Block;
use crate::caller::Caller;
use crate::error::Result;
use crate::follow::Turn;
use crate::line::{self, Line};
use crate::query::{Query, Question};
use crate::timing::LineTime;
use crate::watch::Bell;

/// How long to wait at most where a line waits for its place, or a file must be looked at again and again.
const BLINK: Duration = Duration::from_millis(10);

/// How often every file is looked at, whatever the events say.
const DOUBT: Duration = Duration::from_secs(1);

/// In which order the lines of a live merge come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Order {
    /// As they arrive.
    Arrival,
    /// By time; a line waits this long for earlier ones of other logs. What comes later still is late.
    Time(Duration),
}

/// A line on its way, with its block.
#[derive(Clone, Debug)]
pub struct Held {
    /// The block in which it stands.
    pub block: Arc<Block>,
    /// Where it stands there.
    pub line: Line,
    /// Its time.
    pub time: Option<LineTime>,
    /// By what it is ordered: its moment, or the number of its arrival.
    key: i64,
}

/// The key of lines that have no time at all: they come first.
const TIMELESS: i64 = i64::MIN;

/// One log of a merge.
struct Strand {
    query: Query,
    bell: Arc<Bell>,
    held: VecDeque<Held>,
    /// Where blocks to come begin, and the earliest moment from there on.
    floors: VecDeque<(u64, i64)>,
    state: State,
    /// When the first held line came.
    came: Instant,
}

/// What may still come of a log.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    /// Some of what was there at the start.
    Past,
    /// What is written from now on.
    Live,
    /// Nothing.
    Over,
}

impl Strand {
    fn new(question: Question, above: &Arc<Bell>) -> Self {
        let bell = Arc::new(Bell::under(above));
        // Many logs share the cores: each reads in the thread that asks.
        let question = Question { bell: Arc::clone(&bell), workers: 0, ..question };
        Self {
            query: Query::new(question),
            bell,
            held: VecDeque::new(),
            floors: VecDeque::new(),
            state: State::Past,
            came: Instant::now(),
        }
    }

    /// No line to come of what was there at the start is earlier; `None` if none is to come.
    fn floor(&self) -> Option<i64> {
        match self.state {
            State::Past => Some(self.floors.front().map_or(TIMELESS, |(_, floor)| *floor)),
            State::Live | State::Over => None,
        }
    }

    fn start(&mut self, caller: &mut dyn Caller) -> Result<()> {
        self.query.start(caller)?;
        self.floors = self.query.floors().into();
        self.state = if self.floors.is_empty() { State::Live } else { State::Past };
        Ok(())
    }

    /// Takes what the query has now; false if that is nothing. Lines are ordered by `key` if there is one, else by time.
    fn draw(&mut self, caller: &mut dyn Caller, key: Option<i64>) -> Result<bool> {
        match self.query.poll(caller)? {
            Turn::Batch(batch) => {
                self.take(batch, key);
                return Ok(true);
            }
            Turn::Nothing => self.state = State::Live,
            Turn::Over => self.state = State::Over,
        }
        Ok(false)
    }

    /// Puts the lines of `batch` where they belong among those that are held.
    fn take(&mut self, batch: Batch, key: Option<i64>) {
        let end = batch.block.file_offset(batch.block.bytes().len());
        while self.floors.front().is_some_and(|(start, _)| *start < end) {
            self.floors.pop_front();
        }
        if self.floors.is_empty() && self.state == State::Past {
            self.state = State::Live;
        }
        let seam = self.held.len().saturating_sub(1);
        if self.held.is_empty() {
            self.came = Instant::now();
        }
        self.held.extend(held(batch, key));
        if !self.held.iter().skip(seam).is_sorted_by_key(|held| held.key) {
            // Stable, and quick where two sorted runs meet.
            self.held.make_contiguous().sort_by_key(|held| held.key);
        }
    }

    fn first_key(&self) -> Option<i64> {
        self.held.front().map(|held| held.key)
    }
}

/// The lines of `batch`, with what they are ordered by.
fn held(batch: Batch, key: Option<i64>) -> impl Iterator<Item = Held> {
    let Batch { block, selection, times } = batch;
    let block = Arc::new(block);
    let lines: Vec<Line> = match selection {
        Selection::All(_) => line::lines(block.bytes()).collect(),
        Selection::Picked(picked) => picked.iter().map(|candidate| candidate.line).collect(),
    };
    lines.into_iter().enumerate().map(move |(n, line)| {
        let time = times.get(n).copied();
        let moment = || time.and_then(|t| t.span).map_or(TIMELESS, |span| span.lo);
        Held { block: Arc::clone(&block), line, time, key: key.unwrap_or_else(moment) }
    })
}

/// A merge under way.
pub struct Merge {
    strands: Vec<Strand>,
    bell: Arc<Bell>,
    order: Order,
    deadline: Option<SystemTime>,
    /// The logs by the key of their first held line; entries that no longer say that are passed over.
    heads: BinaryHeap<Reverse<(i64, usize)>>,
    /// Lines up to here can go: what holds the others up is the lowest floor, of this log.
    bound: Option<(i64, usize)>,
    started: bool,
    live: bool,
    arrivals: i64,
    doubted: Instant,
    last: i64,
    late: u64,
}

impl Merge {
    /// Merges the answers to `questions`, each of which wants times and may follow; `bell` ends a wait early when rung.
    pub fn new(questions: Vec<Question>, order: Order, bell: &Arc<Bell>) -> Self {
        Self {
            deadline: questions.first().and_then(|question| question.deadline),
            strands: questions.into_iter().map(|question| Strand::new(question, bell)).collect(),
            bell: Arc::clone(bell),
            order,
            heads: BinaryHeap::new(),
            bound: Some((TIMELESS, 0)),
            started: false,
            live: false,
            arrivals: 0,
            doubted: Instant::now(),
            last: TIMELESS,
            late: 0,
        }
    }

    /// The queries, for what they tell of themselves.
    pub fn queries(&self) -> impl Iterator<Item = &Query> {
        self.strands.iter().map(|strand| &strand.query)
    }

    /// How many lines came too late for their place.
    pub fn late(&self) -> u64 {
        self.late
    }

    /// The next line and the number of its log, if it can be told without reading or waiting.
    #[inline]
    pub fn ready(&mut self) -> Option<(usize, Held)> {
        let first = self.first()?;
        if self.may_go(first) { self.pop(first) } else { None }
    }

    /// Reads or waits until a line is ready; false at the end.
    pub fn advance(&mut self, caller: &mut dyn Caller) -> Result<bool> {
        if !self.started {
            start::start(&mut self.strands, caller)?;
            self.started = true;
        }
        while !self.live {
            caller.pulse()?;
            self.bound = self.lowest();
            if self.first().is_some_and(|first| self.may_go(first)) {
                return Ok(true);
            }
            match self.bound {
                Some((_, at)) => drop(self.draw(at, caller)?),
                None => self.live = true,
            }
        }
        self.advance_live(caller)
    }

    /// The log that holds the others up, and its floor.
    fn lowest(&self) -> Option<(i64, usize)> {
        self.strands.iter().enumerate().filter_map(|(at, strand)| Some((strand.floor()?, at))).min()
    }

    /// The first line that is held, by its key and its log.
    fn first(&mut self) -> Option<(i64, usize)> {
        while let Some(Reverse((key, at))) = self.heads.peek().copied() {
            if self.strands[at].first_key() == Some(key) {
                return Some((key, at));
            }
            self.heads.pop();
        }
        None
    }

    /// Whether no log can still have an earlier line, or that has been waited for long enough.
    fn may_go(&self, (key, at): (i64, usize)) -> bool {
        if !self.live {
            return self.bound.is_none_or(|bound| (key, at) <= bound);
        }
        match self.order {
            Order::Arrival => true,
            Order::Time(patience) => {
                let waited = self.strands[at].came.elapsed() >= patience;
                let silent = |strand: &Strand| strand.state == State::Live && strand.held.is_empty();
                waited || key < self.last || !self.strands.iter().any(silent)
            }
        }
    }

    fn by_arrival(&self) -> bool {
        self.order == Order::Arrival
    }

    fn pop(&mut self, (key, at): (i64, usize)) -> Option<(usize, Held)> {
        self.heads.pop();
        let strand = &mut self.strands[at];
        let held = strand.held.pop_front()?;
        if let Some(next) = strand.first_key() {
            self.heads.push(Reverse((next, at)));
        }
        self.late += u64::from(self.live && !self.by_arrival() && key < self.last);
        self.last = self.last.max(key);
        Some((at, held))
    }

    /// Takes the next batch of one log; false if it has none now.
    fn draw(&mut self, at: usize, caller: &mut dyn Caller) -> Result<bool> {
        let by_arrival = self.live && self.by_arrival();
        self.arrivals += 1;
        let strand = &mut self.strands[at];
        let before = strand.first_key();
        let drawn = strand.draw(caller, by_arrival.then_some(self.arrivals))?;
        if let Some(key) = strand.first_key().filter(|key| before != Some(*key)) {
            self.heads.push(Reverse((key, at)));
        }
        Ok(drawn)
    }

    fn advance_live(&mut self, caller: &mut dyn Caller) -> Result<bool> {
        loop {
            caller.pulse()?;
            self.look_again();
            for at in 0..self.strands.len() {
                if self.strands[at].state == State::Live
                    && self.strands[at].bell.take()
                    && self.draw(at, caller)?
                {
                    // There may be more; the others come first.
                    self.strands[at].bell.ring();
                }
            }
            if self.first().is_some_and(|first| self.may_go(first)) {
                return Ok(true);
            }
            if self.strands.iter().all(|strand| strand.state == State::Over) {
                return Ok(false);
            }
            self.wait(caller)?;
        }
    }

    /// Rings for logs of which nobody tells, and now and then for all: writes through a map tell nothing.
    fn look_again(&mut self) {
        let doubt = self.doubted.elapsed() >= DOUBT;
        if doubt {
            self.doubted = Instant::now();
        }
        for strand in &self.strands {
            if doubt || strand.query.is_blind() {
                strand.bell.mark();
            }
        }
    }

    /// Waits for something to happen, and asks whether the writers are gone.
    fn wait(&mut self, caller: &mut dyn Caller) -> Result<()> {
        let late = self.deadline.is_some_and(|deadline| SystemTime::now() >= deadline);
        if late || caller.ended()? {
            for strand in &mut self.strands {
                strand.query.end()?;
                strand.bell.ring();
            }
        }
        let blind = self.strands.iter().any(|strand| strand.query.is_blind());
        let held = !self.heads.is_empty();
        let limit = if blind || held { caller.patience().min(BLINK) } else { caller.patience() };
        self.bell.wait(limit);
        Ok(())
    }
}
