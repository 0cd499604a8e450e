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
mod marks;
mod newcomers;
mod start;

use std::cmp::Reverse;
use std::collections::VecDeque;
use std::collections::binary_heap::{BinaryHeap, PeekMut};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime};

use crate::caller::Caller;
use crate::error::{Error, Result};
use crate::query::{Query, Question};
use crate::system::wakeup::Wakeup;

use input::{Input, State, TIMELESS};
use last::Last;
use newcomers::Newcomers;

pub use input::{Held, Lot};

/// How long to wait at most where a line waits for its place, or a file must be looked at again and again.
const BLINK: Duration = Duration::from_millis(10);

/// How many blocks are kept of which all lines went out: the next line of the log begins a new one.
const LEAVING: usize = 2;

/// How often every file is looked at, whatever the events say.
const DOUBT: Duration = Duration::from_secs(1);

/// In which order the lines of a live merge come.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Order {
    /// As they arrive.
    #[default]
    Arrival,
    /// By time; a line waits this long for earlier ones of other logs. What comes later still is late.
    Time(Duration),
}

/// What is asked of a merge, beside the logs.
#[derive(Clone, Debug, Default)]
pub struct MergeTerms {
    /// In which order the lines of a live merge come.
    pub order: Order,
    /// Whether the lines of a log keep its own order, also where its stamps go backwards.
    pub in_file_order: bool,
    /// Of what is there at the start, only the last so many lines.
    pub last: Option<usize>,
    /// Whether logs may come later: then `advance` says when to look for them.
    pub grows: bool,
    /// After how long without a line `advance` says so, once.
    pub still: Option<Duration>,
    /// How often `advance` says that whoever drives the merge may look around; never without it.
    pub tick: Option<Duration>,
    /// What goes wrong with one log is kept, and the others go on.
    pub tolerant: bool,
    /// When a live merge ends, by the wall clock.
    pub deadline: Option<SystemTime>,
    /// Ends a wait early when rung.
    pub wakeup: Arc<Wakeup>,
}

/// What `advance` came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MergeStep {
    /// A line is ready.
    Line,
    /// It is time to look for logs that were not there before, and to say `join`.
    Look,
    /// No line has come for a while.
    Still,
    /// It is time to look around, as was wanted.
    Tick,
    /// No line will come any more.
    Over,
}

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
        self.inputs.iter().all(|input| input.state == State::Over) && (self.ended || self.newcomers.is_none())
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

    /// The log that holds the others up, and its floor.
    fn lowest(&self) -> Option<(i64, usize)> {
        self.inputs.iter().enumerate().filter_map(|(at, input)| Some((input.floor()?, at))).min()
    }

    /// The first line that is held, by its key and its log.
    fn first(&mut self) -> Option<(i64, usize)> {
        while let Some(Reverse((key, at))) = self.heads.peek().copied() {
            if self.inputs[at].first_key() == Some(key) {
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
        match self.terms.order {
            Order::Arrival => true,
            Order::Time(patience) => {
                let first = self.inputs[at].held.front();
                let waited = first.is_none_or(|held| held.lot.came.elapsed() >= patience);
                let silent = |input: &Input| input.state == State::Live && input.held.is_empty();
                waited || key < self.last || !self.inputs.iter().any(silent)
            }
        }
    }

    fn by_arrival(&self) -> bool {
        self.terms.order == Order::Arrival
    }

    fn pop(&mut self, (key, at): (i64, usize)) -> Option<(usize, Held)> {
        let by_time = self.live && !self.by_arrival();
        let mut top = self.heads.peek_mut()?;
        let input = &mut self.inputs[at];
        let held = input.held.pop_front()?;
        input.popped = input.popped.max(held.offset + 1);
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
        let before = input.first_key();
        let drawn = match input.draw(caller, by_arrival.then_some(self.arrivals)) {
            // A log that came later was removed with its directory before it was opened; both may come again.
            Err(error) if self.newcomers.is_some() && error.is_not_found() => {
                input.state = State::Live;
                return Ok(false);
            }
            Err(error) if self.terms.tolerant && error.is_about_one_file() => {
                input.state = State::Over;
                self.errors.push(error);
                return Ok(false);
            }
            drawn => drawn?,
        };
        if let Some(key) = input.first_key().filter(|key| before != Some(*key)) {
            self.heads.push(Reverse((key, at)));
        }
        Ok(drawn)
    }

    fn advance_live(&mut self, caller: &mut dyn Caller) -> Result<MergeStep> {
        loop {
            caller.pulse()?;
            if self.ticks() {
                return Ok(MergeStep::Tick);
            }
            self.look_again();
            for at in 0..self.inputs.len() {
                let input = &self.inputs[at];
                if input.state != State::Over && input.wakeup.take() && self.draw(at, caller)? {
                    // There may be more; the others come first.
                    self.inputs[at].wakeup.signal();
                }
            }
            if self.first().is_some_and(|first| self.may_go(first)) {
                self.quiet = Some(Instant::now());
                return Ok(MergeStep::Line);
            }
            if self.newcomers.as_mut().is_some_and(Newcomers::is_due) {
                return Ok(MergeStep::Look);
            }
            if self.is_over() {
                return Ok(MergeStep::Over);
            }
            if self.is_still() {
                self.quiet = None;
                return Ok(MergeStep::Still);
            }
            self.wait(caller)?;
        }
    }

    /// Whether nothing has come for so long that it should be said.
    fn is_still(&self) -> bool {
        let quiet = self.quiet.zip(self.terms.still);
        quiet.is_some_and(|(since, still)| since.elapsed() >= still)
    }

    /// Whether it is time to say that one may look around.
    fn ticks(&mut self) -> bool {
        let is_due = self.terms.tick.is_some_and(|often| self.ticked.elapsed() >= often);
        if is_due {
            self.ticked = Instant::now();
        }
        is_due
    }

    /// Rings for logs of which nobody tells, and now and then for all: writes through a map tell nothing.
    fn look_again(&mut self) {
        let doubt = self.doubted.elapsed() >= DOUBT;
        if doubt {
            self.doubted = Instant::now();
        }
        for input in &self.inputs {
            if doubt || input.query.is_blind() {
                input.wakeup.mark();
            }
        }
    }

    /// Waits for something to happen, and asks whether the writers are gone.
    fn wait(&mut self, caller: &mut dyn Caller) -> Result<()> {
        let late = self.terms.deadline.is_some_and(|deadline| SystemTime::now() >= deadline);
        if late || caller.ended()? {
            return self.end();
        }
        let blind = self.inputs.iter().any(|input| input.query.is_blind());
        let held = !self.heads.is_empty();
        let soon = blind || held || self.quiet.is_some_and(|_| self.terms.still.is_some());
        self.terms.wakeup.wait(if soon { caller.patience().min(BLINK) } else { caller.patience() });
        Ok(())
    }

    /// Nobody will write any more, and nothing comes but what is there now.
    fn end(&mut self) -> Result<()> {
        if !std::mem::replace(&mut self.ended, true)
            && let Some(newcomers) = &self.newcomers
        {
            newcomers.hurry();
        }
        for input in &mut self.inputs {
            input.query.end()?;
            input.wakeup.signal();
        }
        Ok(())
    }
}
