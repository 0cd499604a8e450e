//! The combined stream: the whole lines of two logs of one process, in the order in which they arrived.
//!
//! Where arrival was recorded, lines come in the order of the notes that cover their `\n`, those of one note stdout
//! first. Behind the end of the record they come by time, and lines without any, stdout first. Live, they come as both
//! files are looked at together, by the recorder if it is in this process, so that later readers see the same order.

mod order;
mod side;

use std::collections::VecDeque;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use crate::batch::Batch;
use crate::caller::Caller;
use crate::error::Result;
use crate::follow::Fates;
use crate::query::{Query, Question};
use crate::record;
use crate::scan::Tally;
use crate::timing;

use order::Order;
use side::{Fill, Side};

/// How long a reader waits for a recorder in another process to note what is there already.
const CATCH_UP: Duration = Duration::from_millis(150);

/// What is asked of two logs.
pub struct Both {
    /// What is asked of the first.
    pub question: Question,
    /// The second log.
    pub beside: PathBuf,
    /// How times are found where lines have to be ordered by them.
    pub times: timing::Terms,
}

/// How far the answer is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stage {
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
pub struct Combined {
    question: Question,
    times: timing::Terms,
    sides: [Side; 2],
    stage: Stage,
    /// Batches of a question about the last lines, gathered because their number is known at the end only.
    gathered: VecDeque<Batch>,
    /// The recorder's tick up to which its looks are known.
    tick: u64,
    /// The sizes at looks that are not read up to yet.
    steps: VecDeque<[u64; 2]>,
    /// Nobody writes any more.
    ending: bool,
    /// Whose unfinished line is being shown.
    open: Option<usize>,
    /// What former queries have read.
    tally: Tally,
}

impl Combined {
    /// Asks both logs.
    pub fn new(both: Both) -> Self {
        let Both { question, beside, times } = both;
        let sides = [Side::new(question.clone(), question.path.clone()), Side::new(question.clone(), beside)];
        let (gathered, tally) = (VecDeque::new(), Tally::default());
        Self {
            question,
            times,
            sides,
            stage: Stage::New,
            gathered,
            tick: 0,
            steps: VecDeque::new(),
            ending: false,
            open: None,
            tally,
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
        if self.stage == Stage::New {
            self.begin(caller)?;
        }
        loop {
            if let Some(batch) = self.gathered.pop_front() {
                return Ok(Some(batch));
            }
            if self.stage == Stage::Over {
                return Ok(None);
            }
            match self.merge(caller)? {
                Some(batch) => return Ok(Some(batch)),
                None => self.advance(caller)?,
            }
        }
    }

    /// Finds out how far both logs are, and in what order to read them up to there.
    fn begin(&mut self, caller: &mut dyn Caller) -> Result<()> {
        let mut bounds = self.look(true)?;
        self.steps.clear();
        if self.question.follow {
            for (side, bound) in self.sides.iter().zip(&mut bounds) {
                *bound = side.whole_lines(*bound)?;
            }
        }
        let waits = self.question.follow.then(|| Instant::now() + CATCH_UP);
        let order = Order::of(self.sides.each_ref().map(Side::path), bounds, waits, &mut || caller.pulse())?;
        let by_time = !order.covers(bounds);
        for (side, bound) in self.sides.iter_mut().zip(bounds) {
            side.begin(&self.question, by_time.then_some(&self.times), bound);
        }
        for (side, arrivals) in self.sides.iter_mut().zip(order.into_arrivals()) {
            side.arrivals = arrivals;
        }
        self.stage = Stage::Backfill;
        if self.question.last.is_some() {
            self.gather(caller)?;
        }
        Ok(())
    }

    /// Keeps the last lines of the backfill.
    fn gather(&mut self, caller: &mut dyn Caller) -> Result<()> {
        let last = self.question.last.unwrap_or(usize::MAX) as u64;
        let (mut gathered, mut lines) = (VecDeque::<Batch>::new(), 0);
        while let Some(batch) = self.merge(caller)? {
            lines += batch.len();
            gathered.push_back(batch);
            while let Some(first) = gathered.front_mut().filter(|_| lines > last) {
                lines -= first.drop_first(lines - last);
                if first.is_empty() {
                    gathered.pop_front();
                }
            }
        }
        self.gathered = gathered;
        Ok(())
    }

    /// The sizes of both logs at one moment, as the recorder notes them if it is in this process; the sizes at its
    /// looks since the last call come before, in `steps`.
    fn look(&mut self, write: bool) -> Result<[u64; 2]> {
        let [first, second] = &mut self.sides;
        let directory = first.directory.as_deref();
        if let Some((tick, looks)) = directory.and_then(|directory| record::look(directory, self.tick, write))
        {
            self.tick = tick;
            self.steps.extend(looks);
            if let Some(sizes) = self.steps.back() {
                return Ok(*sizes);
            }
        }
        record::snapshot(|| first.size(), || second.size())
    }

    /// The next lines that are there.
    fn merge(&mut self, caller: &mut dyn Caller) -> Result<Option<Batch>> {
        for at in 0..2 {
            // Unfinished lines are shown of one log at a time: the other would tear them.
            let shows = self.question.partial && self.open.is_none_or(|open| open == at);
            let fill = self.sides[at].fill(shows, caller)?;
            if at == 0 && fill == Fill::Lines && self.stage != Stage::Backfill {
                break;
            }
        }
        let [first, second] = &mut self.sides;
        let (at, bound) = match (first.key(), second.key()) {
            (None, None) => return Ok(None),
            (Some(a), Some(b)) if a <= b => (0, Some((b, true))),
            (Some(a), Some(_)) => (1, Some((a, false))),
            (Some(_), None) => (0, None),
            (None, Some(_)) => (1, None),
        };
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
            Stage::Backfill if self.question.follow => self.go_live(caller)?,
            Stage::Live if !self.steps.is_empty() => self.read_to_step(),
            Stage::Live if self.ending => self.drain()?,
            Stage::Live => self.wait(caller)?,
            Stage::Drain => {
                for follow in self.sides.iter_mut().filter_map(|side| side.query.follow()) {
                    follow.hold(false);
                    follow.show_partial(self.question.partial);
                }
                self.open = None;
                self.stage = Stage::Rest;
            }
            _ => self.stage = Stage::Over,
        }
        Ok(())
    }

    fn go_live(&mut self, caller: &mut dyn Caller) -> Result<()> {
        self.stage = Stage::Live;
        for side in &mut self.sides {
            self.tally.add(side.go_live(&self.question, caller)?);
        }
        self.read_on()
    }

    /// Lets both be read up to where they are now, look by look.
    fn read_on(&mut self) -> Result<()> {
        let sizes = self.look(false)?;
        if self.steps.is_empty() {
            self.steps.push_back(sizes);
        }
        self.read_to_step();
        Ok(())
    }

    fn read_to_step(&mut self) {
        for (side, bound) in self.sides.iter_mut().zip(self.steps.pop_front().into_iter().flatten()) {
            side.query.read_to(bound);
        }
    }

    /// Nobody writes any more: all whole lines, and then the unfinished ones.
    fn drain(&mut self) -> Result<()> {
        for side in &mut self.sides {
            side.query.read_to(u64::MAX);
            if let Some(follow) = side.query.follow() {
                follow.hold(true);
                follow.end()?;
            }
        }
        self.stage = Stage::Drain;
        Ok(())
    }

    /// Waits for something to happen to either.
    fn wait(&mut self, caller: &mut dyn Caller) -> Result<()> {
        let [first, second] = &mut self.sides;
        let (Some(first), Some(second)) = (first.query.follow(), second.query.follow()) else {
            self.stage = Stage::Over;
            return Ok(());
        };
        self.ending = first.asks_for_end(caller)?;
        if !self.ending {
            // Both ring the same bell.
            let limit = first.limit(caller).min(second.limit(caller));
            first.rest(limit);
        }
        self.read_on()
    }

    /// Lets go of the files and of the threads; what was read stays told.
    pub fn finish(&mut self) {
        self.sides.iter_mut().for_each(|side| side.query.finish());
        self.stage = Stage::Over;
        self.gathered.clear();
    }

    /// The queries of both logs.
    pub fn queries(&self) -> [&Query; 2] {
        [&self.sides[0].query, &self.sides[1].query]
    }

    /// What was read so far.
    pub fn tally(&self) -> Tally {
        let mut tally = self.tally;
        self.queries().into_iter().for_each(|query| tally.add(query.tally()));
        tally
    }

    /// What befell the files while they were followed.
    pub fn fates(&self) -> Fates {
        let [a, b] = self.queries().map(Query::fates);
        Fates { truncations: a.truncations + b.truncations, rotations: a.rotations + b.rotations }
    }
}
