//! The combined stream as it is written: up to where both logs may be read now, and what is waited for.
//!
//! A log alone could be read as far as it goes. Two cannot: a line of stderr that is there may have come before one of stdout that
//! is not yet looked at. So both are read up to a step, which the recorder says or, where there is none, one look at
//! both files; and then it is waited until either changes. When nobody writes any more, a recorder in another process
//! may still have a last word.

use std::time::{Duration, Instant};

use super::side::Side;
use super::{Combined, Phase, size_of};
use crate::arrival::{View, snapshot};
use crate::caller::Caller;
use crate::error::Result;

/// How long a reader waits, after the end of an app, for what a recorder in another process has seen last.
const LAST_WORD: Duration = Duration::from_millis(250);

/// How long between two looks for that.
const PAUSE: Duration = Duration::from_millis(2);

impl Combined {
    /// Goes on with what is written since.
    pub(super) fn go_live(&mut self) {
        self.stage = Phase::Live;
        self.sides.iter_mut().for_each(Side::go_live);
        self.read_to_step();
    }

    /// Finds up to where both may be read now. `last`: nobody writes any more.
    fn look(&mut self, last: bool) -> Result<()> {
        let steps = match &mut self.view {
            Some(view) => view.look(last, &mut size_of(&mut self.sides))?,
            None => vec![snapshot(size_of(&mut self.sides))?],
        };
        if self.view.is_none() && steps == [[0, 0]] {
            self.open_view();
        }
        self.steps.extend(steps);
        self.read_to_step();
        Ok(())
    }

    /// Lets both be read up to the next step.
    pub(super) fn read_to_step(&mut self) {
        for (side, bound) in self.sides.iter_mut().zip(self.steps.pop_front().into_iter().flatten()) {
            side.query.read_to(bound);
        }
    }

    /// Waits for something to happen to either.
    pub(super) fn wait(&mut self, caller: &mut dyn Caller) -> Result<()> {
        let blind = self.watch.is_none() && self.view.as_ref().is_some_and(View::waits);
        let [first, second] = &mut self.sides;
        let (Some(first), Some(second)) = (first.query.follow(), second.query.follow()) else {
            self.stage = Phase::Over;
            return Ok(());
        };
        let ended = first.is_over(caller)?;
        if !ended {
            // Both ring the same wakeup.
            let limit = first.limit(caller).min(second.limit(caller));
            first.rest(if blind { limit.min(PAUSE) } else { limit });
        }
        self.ended = ended.then(Instant::now);
        self.look(ended)
    }

    /// Nobody writes any more: reads all that the recorder has to say, then all whole lines, and the unfinished ones.
    pub(super) fn end(&mut self, caller: &mut dyn Caller) -> Result<()> {
        let waited = self.ended.is_some_and(|ended| ended.elapsed() >= LAST_WORD);
        if !waited && self.view.as_ref().is_some_and(View::waits) {
            caller.pulse()?;
            std::thread::sleep(PAUSE);
            return self.look(true);
        }
        for side in &mut self.sides {
            side.query.read_to(u64::MAX);
            if let Some(follow) = side.query.follow() {
                follow.end()?;
            }
        }
        self.stage = Phase::Drain;
        Ok(())
    }
}
