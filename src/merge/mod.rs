//! A merge: many logs in one order of time, or as they come.
//!
//! What is there at the start comes in the order of time, exactly, however the stamps stand in each file: a line goes out
//! only when no log can still have an earlier one. The index of each log says how early its blocks to come can be (its
//! **floor**), so no more of a log is held than overlaps in time. Of equal times, the first log's lines come first;
//! within a log, ties keep the file's order, and lines without a stamp have the time of the line before them.
//!
//! What is written later comes as it arrives, or in the order of time as far as a bounded wait can establish it.

mod input;
mod last;
mod live;
mod marks;
mod newcomers;
mod start;
mod terms;

use std::cmp::Reverse;
use std::collections::VecDeque;
use std::collections::binary_heap::{BinaryHeap, PeekMut};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Instant;

use crate::caller::Caller;
use crate::error::{Error, Result};
use crate::query::{Query, Question};
use input::{Input, TIMELESS, ToCome};
use last::Last;
use newcomers::Newcomers;

pub use input::{Held, Lot};
pub use terms::{LiveOrder, MergeStep, MergeTerms};

/// How many blocks are kept of which all lines went out: the next line of the log begins a new one.
const LEAVING: usize = 2;

/// A merge under way.
///
/// Whoever drives it asks for one line after the other, whichever log that comes from. It reads each log by a query
/// of its own, and holds no more of one than overlaps in time with the others: of a thousand logs most are waiting at
/// any time.
pub struct Merge {
    inputs: Vec<Input>,
    terms: MergeTerms,
    last_lines: Option<Last>,
    newcomers: Option<Newcomers>,
    /// The logs by the key of their first held line; entries that no longer say that are passed over.
    heads: BinaryHeap<Reverse<(i64, usize)>>,
    /// The logs by their floors; entries that no longer say that are passed over.
    floors: BinaryHeap<Reverse<(i64, usize)>>,
    /// Lines up to here can go: what holds the others up is the lowest floor, of this log.
    bound: Option<(i64, usize)>,
    /// Blocks of which all lines went out lately, whose levels may yet be asked for.
    leaving: VecDeque<Arc<Lot>>,
    /// The logs before this one were opened.
    started: usize,
    live: bool,
    ended: bool,
    arrivals: i64,
    doubted: Instant,
    /// Since when no line has come; nothing once that was said.
    quiet: Option<Instant>,
    /// When whoever drives it could look around last.
    ticked: Instant,
    last: i64,
    /// The key of the line that went out last, its log, and where it begins there.
    out: Option<(i64, usize, u64)>,
    late: u64,
    errors: Vec<Error>,
}

impl Merge {
    /// Merges the answers to `questions`, each of which wants times and may follow.
    pub fn new(questions: Vec<Question>, terms: MergeTerms) -> Self {
        let mut merge = Self {
            inputs: Vec::new(),
            last_lines: terms.last.map(Last::new),
            newcomers: terms.grows.then(|| Newcomers::new(&terms.wakeup)),
            terms,
            heads: BinaryHeap::new(),
            floors: BinaryHeap::new(),
            bound: Some((TIMELESS, 0)),
            leaving: VecDeque::new(),
            started: 0,
            live: false,
            ended: false,
            arrivals: 0,
            doubted: Instant::now(),
            quiet: None,
            ticked: Instant::now(),
            last: TIMELESS,
            out: None,
            late: 0,
            errors: Vec::new(),
        };
        merge.add(questions);
        merge
    }

    /// Merges the answers to `questions`, too.
    pub fn add(&mut self, questions: Vec<Question>) {
        let MergeTerms { wakeup, in_file_order, .. } = &self.terms;
        self.inputs.extend(questions.into_iter().map(|one| Input::new(one, wakeup, *in_file_order)));
    }

    /// After `MergeStep::Look`: these logs have come, and more may come in `directories`.
    pub fn join(&mut self, questions: Vec<Question>, directories: Vec<PathBuf>) {
        self.add(questions);
        if let Some(newcomers) = &mut self.newcomers {
            newcomers.watch(directories);
        }
    }

    /// The queries, for what they tell of themselves.
    pub fn queries(&self) -> impl Iterator<Item = &Query> {
        self.inputs.iter().map(|input| &input.query)
    }

    /// Whether no line will come any more.
    pub fn is_over(&self) -> bool {
        self.inputs.iter().all(|input| input.state == ToCome::Over)
            && (self.ended || self.newcomers.is_none())
    }

    /// Whether a line of this log stood in its file when that was opened.
    pub fn was_there(&self, at: usize, held: &Held) -> bool {
        held.lot.files_before == 0 && held.offset < self.inputs[at].query.end_at_start()
    }

    /// Whether the logs that were there at the start were opened.
    pub fn is_begun(&self) -> bool {
        self.started > 0 || self.inputs.is_empty()
    }

    /// What went wrong with single logs since this was asked last.
    pub fn take_errors(&mut self) -> Vec<Error> {
        std::mem::take(&mut self.errors)
    }

    /// How many lines came too late for their place.
    pub fn late(&self) -> u64 {
        self.late
    }

    /// The next line and the number of its log, if it can be told without reading or waiting.
    #[inline]
    pub fn ready(&mut self) -> Option<(usize, Held)> {
        let next = self.next_ready();
        if let Some((at, held)) = &next {
            self.out = Some((held.key, *at, held.offset));
        }
        next
    }

    #[inline]
    fn next_ready(&mut self) -> Option<(usize, Held)> {
        if let Some(last) = &mut self.last_lines {
            // Which they are is known when nothing of the past is to come.
            return if self.live { last.pop() } else { None };
        }
        let first = self.first()?;
        if self.may_go(first) { self.pop(first) } else { None }
    }

    /// Reads or waits until there is something to say.
    pub fn advance(&mut self, caller: &mut dyn Caller) -> Result<MergeStep> {
        self.start(caller)?;
        self.let_go();
        while !self.live {
            caller.pulse()?;
            if self.ticks() {
                return Ok(MergeStep::Tick);
            }
            self.bound = self.lowest();
            if let Some(first) = self.first().filter(|first| self.may_go(*first)) {
                if self.last_lines.is_none() {
                    return Ok(MergeStep::Line);
                }
                self.keep(first);
                continue;
            }
            if let Some((_, at)) = self.bound {
                self.draw(at, caller)?;
            } else {
                self.live = true;
                self.quiet = Some(Instant::now());
            }
        }
        if self.last_lines.as_ref().is_some_and(|last| !last.is_empty()) {
            return Ok(MergeStep::Line);
        }
        self.last_lines = None;
        self.advance_live(caller)
    }

    /// Opens the logs that were not opened yet.
    fn start(&mut self, caller: &mut dyn Caller) -> Result<()> {
        if self.started < self.inputs.len() {
            let new = &mut self.inputs[self.started..];
            self.errors.extend(start::start(new, self.terms.tolerant, caller)?);
            if self.ended {
                new.iter_mut().try_for_each(|input| input.query.end())?;
            }
            let floors = new.iter().map(Input::floor).zip(self.started..);
            self.floors.extend(floors.filter_map(|(floor, at)| Some(Reverse((floor?, at)))));
            self.started = self.inputs.len();
        }
        Ok(())
    }

    /// Keeps the line that comes first, as one of the last.
    fn keep(&mut self, first: (i64, usize)) {
        if let Some((at, held)) = self.pop(first)
            && let Some(last) = &mut self.last_lines
        {
            last.push(at, &held);
        }
    }

    /// The log that holds the others up, and its floor. Of ten thousand logs one has another floor than when this was asked
    /// last, so they are not gone through.
    fn lowest(&mut self) -> Option<(i64, usize)> {
        front(&mut self.floors, |at| self.inputs[at].floor())
    }

    /// The first line that is held, by its key and its log.
    fn first(&mut self) -> Option<(i64, usize)> {
        front(&mut self.heads, |at| self.inputs[at].first_key())
    }

    /// Whether no log can still have an earlier line, or that has been waited for long enough.
    fn may_go(&self, (key, at): (i64, usize)) -> bool {
        if !self.live {
            return self.bound.is_none_or(|bound| (key, at) <= bound);
        }
        match self.terms.order {
            LiveOrder::Arrival => true,
            LiveOrder::Time(patience) => {
                let first = self.inputs[at].held.front();
                let waited = first.is_none_or(|held| held.lot.came.elapsed() >= patience);
                let silent = |input: &Input| input.state == ToCome::Live && input.held.is_empty();
                waited || key < self.last || !self.inputs.iter().any(silent)
            }
        }
    }

    fn by_arrival(&self) -> bool {
        self.terms.order == LiveOrder::Arrival
    }

    fn pop(&mut self, (key, at): (i64, usize)) -> Option<(usize, Held)> {
        let by_time = self.live && !self.by_arrival();
        let mut top = self.heads.peek_mut()?;
        let input = &mut self.inputs[at];
        let held = input.held.pop_front()?;
        // No line waits behind those that were there at the start, so that of these, which are many, it may be less.
        let end = if self.live { held.block().file_offset(held.line().end) } else { held.offset + 1 };
        input.popped = input.popped.max(end);
        match input.first_key() {
            // In the old one's place: the heap is put right once, and not at all where this is still the first.
            Some(next) => *top = Reverse((next, at)),
            None => drop(PeekMut::pop(top)),
        }
        if held.lot.batch.unsettled.is_some() && Arc::strong_count(&held.lot) == 1 {
            self.leaving.push_back(Arc::clone(&held.lot));
        }
        self.late += u64::from(by_time && key < self.last);
        self.last = self.last.max(key);
        Some((at, held))
    }

    /// Lets go of blocks that have left, but for the last: whoever reads looks at a line for as long as it is the last.
    fn let_go(&mut self) {
        self.leaving.drain(..self.leaving.len().saturating_sub(LEAVING));
    }

    /// Takes the next batch of one log; false if it has none now.
    fn draw(&mut self, at: usize, caller: &mut dyn Caller) -> Result<bool> {
        let by_arrival = self.live && self.by_arrival();
        self.arrivals += 1;
        let input = &mut self.inputs[at];
        let (before, floor) = (input.first_key(), input.floor());
        let drawn = match input.draw(caller, by_arrival.then_some(self.arrivals)) {
            // A log that came later was removed with its directory before it was opened; both may come again.
            Err(error) if self.newcomers.is_some() && error.is_not_found() => {
                input.state = ToCome::Live;
                return Ok(false);
            }
            Err(error) if self.terms.tolerant && error.is_about_one_file() => {
                input.state = ToCome::Over;
                self.errors.push(error);
                return Ok(false);
            }
            drawn => drawn?,
        };
        if let Some(key) = input.first_key().filter(|key| before != Some(*key)) {
            self.heads.push(Reverse((key, at)));
        }
        if let Some(higher) = input.floor().filter(|higher| floor != Some(*higher)) {
            self.floors.push(Reverse((higher, at)));
        }
        Ok(drawn)
    }
}

/// The first entry of `heap` that still says what its log says now; those before it are dropped.
#[inline]
fn front(
    heap: &mut BinaryHeap<Reverse<(i64, usize)>>,
    now: impl Fn(usize) -> Option<i64>,
) -> Option<(i64, usize)> {
    while let Some(Reverse((key, at))) = heap.peek().copied() {
        if now(at) == Some(key) {
            return Some((key, at));
        }
        heap.pop();
    }
    None
}
