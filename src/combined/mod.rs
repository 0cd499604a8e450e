//! The combined stream: the whole lines of two logs of one process, in the order in which they arrived.
//!
//! Where arrival is recorded, that order is the record's (see [`crate::arrival`]), for lines that are there and for those
//! that come. Behind the end of a record lines come by time, those without any where the one before them is, stdout
//! first; live, as this reader finds them when it looks at both files together.

mod live;
mod side;

use std::collections::VecDeque;
use std::path::PathBuf;
use std::time::Instant;

use crate::arrival::{Arrivals, View, snapshot};
use crate::batch::Batch;
use crate::caller::Caller;
use crate::error::Result;
use crate::follow::FileEvents;
use crate::query::{Query, Question};
use crate::scan::Counters;
use crate::system::directory::directory_of;
use crate::system::watch::Watch;
use crate::timing;

use side::{AtHand, Side, SortKey};

/// What is asked of two logs.
pub struct Both {
    /// What is asked of the first.
    pub question: Question,
    /// The second log.
    pub beside: PathBuf,
    /// Where that is gone on with, in bytes.
    pub beside_after: u64,
    /// How times are found where lines have to be ordered by them.
    pub times: timing::TimeTerms,
}

/// How far the answer is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Phase {
    New,
    /// What was there at the start.
    Backfill,
    /// What is written since.
    Live,
    /// Nobody writes any more; whole lines first.
    Drain,
    /// The unfinished last lines.
    Rest,
    Over,
}

/// The combined stream of two logs, under way. The files are touched first when the first batch is asked for.
///
/// Each log is a query of its own, which is led: this stream says up to which byte it may read and when it ends. The record says
/// in steps how far both had come at each moment, so reading both up to a step, one after the other, gives the order of their
/// lines without comparing a line with a line. Where there is no record, times take the place of the steps, and live the moment
/// at which both files were looked at.
pub struct Combined {
    question: Question,
    times: timing::TimeTerms,
    sides: [Side; 2],
    /// What the recorder says, if there is one.
    view: Option<View>,
    /// Rings when a recorder in another process has something to say.
    watch: Option<Watch>,
    stage: Phase,
    /// Batches of a question about the last lines, gathered because their number is known at the end only.
    gathered: VecDeque<(usize, Batch)>,
    /// Up to where to read, step by step.
    steps: VecDeque<[u64; 2]>,
    /// Since when nobody writes any more.
    ended: Option<Instant>,
    /// Whose unfinished line is being shown.
    open: Option<usize>,
    /// Whose lines came last.
    from: usize,
}

impl Combined {
    /// Asks both logs.
    pub fn new(both: Both) -> Self {
        let Both { question, beside, beside_after, times } = both;
        let first = Side::new(&question, question.path.clone(), question.after);
        Self {
            sides: [first, Side::new(&question, beside, beside_after)],
            question,
            times,
            view: None,
            watch: None,
            stage: Phase::New,
            gathered: VecDeque::new(),
            steps: VecDeque::new(),
            ended: None,
            open: None,
            from: 0,
        }
    }

    /// How many lines both logs have of those that are asked for. Nothing may have been read.
    pub fn count_all(self, caller: &mut dyn Caller) -> Result<u64> {
        let mut count = 0;
        for side in self.sides {
            count += side.query.count_all(caller)?;
        }
        Ok(count)
    }

    /// The next lines, of one log each time; `None` at the end.
    pub fn next(&mut self, caller: &mut dyn Caller) -> Result<Option<Batch>> {
        if self.stage == Phase::New {
            self.begin(caller)?;
        }
        loop {
            if let Some((at, batch)) = self.gathered.pop_front() {
                self.from = at;
                return Ok(Some(batch));
            }
            if self.stage == Phase::Over {
                return Ok(None);
            }
            match self.merge(caller)? {
                Some(batch) => return Ok(Some(batch)),
                None => self.advance(caller)?,
            }
        }
    }

    /// The query of the log from which the last lines came.
    pub fn current(&self) -> &Query {
        &self.sides[self.from].query
    }

    /// Gives a batch's buffer back.
    pub fn recycle(&mut self, batch: Batch) {
        self.sides[self.from].query.recycle(batch);
    }

    /// Finds out how far both logs are, and in what order to read them up to there.
    fn begin(&mut self, caller: &mut dyn Caller) -> Result<()> {
        let follow = self.question.follow;
        self.open_view();
        let (mut bounds, arrivals) = match &mut self.view {
            Some(view) => view.begin(follow, &mut size_of(&mut self.sides), &mut || caller.pulse())?,
            None => (snapshot(size_of(&mut self.sides))?, [None, None]),
        };
        let covers = |(arrivals, bound): (&Option<Arrivals>, u64)| {
            bound == 0 || arrivals.as_ref().is_some_and(|arrivals| arrivals.covers(bound))
        };
        // Where one log is empty there is nothing to put in order.
        let both = bounds.iter().all(|&bound| bound > 0);
        let by_time = both && !arrivals.iter().zip(bounds).all(covers);
        if follow {
            // Unfinished lines are live.
            self.steps.push_back(bounds);
            for (side, bound) in self.sides.iter().zip(&mut bounds) {
                *bound = side.whole_lines(*bound, &mut || caller.pulse())?;
            }
        }
        for ((side, bound), arrivals) in self.sides.iter_mut().zip(bounds).zip(arrivals) {
            let arrivals = arrivals.filter(|_| both);
            side.begin(&self.question, bound, arrivals, by_time.then_some(&self.times));
        }
        self.stage = Phase::Backfill;
        if self.question.last.is_some() {
            self.gather(caller)?;
        }
        Ok(())
    }

    /// Finds the record, which may come later than the first look for it.
    fn open_view(&mut self) {
        self.view = View::open(directory_of(&self.question.path));
        if let Some(view) = self.view.as_ref().filter(|_| self.question.follow) {
            self.watch = Watch::new(&view.path(), &self.question.wakeup);
        }
    }

    /// Keeps the last lines of the backfill.
    fn gather(&mut self, caller: &mut dyn Caller) -> Result<()> {
        let last = self.question.last.unwrap_or(usize::MAX) as u64;
        let (mut gathered, mut lines) = (VecDeque::<(usize, Batch)>::new(), 0);
        while let Some(batch) = self.merge(caller)? {
            lines += batch.len();
            gathered.push_back((self.from, batch));
            while let Some((_, first)) = gathered.front_mut().filter(|_| lines > last) {
                lines -= first.drop_first(lines - last);
                if first.is_empty() {
                    gathered.pop_front();
                }
            }
        }
        self.gathered = gathered;
        Ok(())
    }

    /// The next lines that are there.
    fn merge(&mut self, caller: &mut dyn Caller) -> Result<Option<Batch>> {
        for at in 0..2 {
            // Unfinished lines are shown of one log at a time: the other would tear them.
            let shows = self.question.partial && self.open.is_none_or(|open| open == at);
            let fill = self.sides[at].fill(shows, caller)?;
            if at == 0 && fill == AtHand::Lines && self.stage != Phase::Backfill {
                break;
            }
        }
        let [first, second] = &mut self.sides;
        let (at, bound): (usize, Option<(SortKey, bool)>) = match (first.key(), second.key()) {
            (None, None) => return Ok(None),
            (Some(a), Some(b)) if a <= b => (0, Some((b, true))),
            (Some(a), Some(_)) => (1, Some((a, false))),
            (Some(_), None) => (0, None),
            (None, Some(_)) => (1, None),
        };
        self.from = at;
        let batch = self.sides[at].run(bound);
        if self.question.partial {
            let whole = batch.block.bytes().ends_with(b"\n");
            self.open = if whole { self.open.filter(|open| *open != at) } else { Some(at) };
        }
        Ok(Some(batch))
    }

    /// Goes on where nothing more is there at this stage.
    fn advance(&mut self, caller: &mut dyn Caller) -> Result<()> {
        match self.stage {
            Phase::Backfill if self.question.follow => self.go_live(),
            Phase::Live if !self.steps.is_empty() => self.read_to_step(),
            Phase::Live if self.ended.is_some() => self.end(caller)?,
            Phase::Live => self.wait(caller)?,
            Phase::Drain => {
                for follow in self.sides.iter_mut().filter_map(|side| side.query.follow()) {
                    follow.lead(false);
                    follow.show_partial(self.question.partial);
                }
                self.open = None;
                self.stage = Phase::Rest;
            }
            _ => self.stage = Phase::Over,
        }
        Ok(())
    }

    /// Lets go of the files and of the threads; what was read stays told.
    pub fn finish(&mut self) {
        self.sides.iter_mut().for_each(|side| side.query.finish());
        (self.view, self.watch) = (None, None);
        self.stage = Phase::Over;
        self.gathered.clear();
    }

    /// The queries of both logs.
    pub fn queries(&self) -> [&Query; 2] {
        [&self.sides[0].query, &self.sides[1].query]
    }

    /// What was read so far.
    pub fn counters(&self) -> Counters {
        let mut counters = Counters::default();
        self.queries().into_iter().for_each(|query| counters.add(query.counters()));
        counters
    }

    /// What befell the files while they were followed.
    pub fn events(&self) -> FileEvents {
        let [a, b] = self.queries().map(Query::events);
        FileEvents {
            truncations: a.truncations + b.truncations,
            rotations: a.rotations + b.rotations,
            lost: a.lost + b.lost,
        }
    }
}

/// The size of each of `sides` now.
fn size_of(sides: &mut [Side; 2]) -> impl FnMut(usize) -> Result<u64> + use<'_> {
    |at| sides[at].size()
}
