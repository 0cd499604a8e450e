//! How a merge goes on behind what was there at the start: it looks, waits, and ends.

use std::time::{Duration, Instant, SystemTime};

use super::input::ToCome;
use super::newcomers::Newcomers;
use super::{Merge, MergeStep};
use crate::caller::Caller;
use crate::error::Result;

/// How long to wait at most where a line waits for its place, or a file must be looked at again and again.
const BLINK: Duration = Duration::from_millis(10);

/// How often every file is looked at, whatever the events say.
const DOUBT: Duration = Duration::from_secs(1);

impl Merge {
    /// Takes what comes, from whichever log, and waits where nothing does.
    pub(super) fn advance_live(&mut self, caller: &mut dyn Caller) -> Result<MergeStep> {
        loop {
            caller.pulse()?;
            if self.ticks() {
                return Ok(MergeStep::Tick);
            }
            self.look_again();
            for at in 0..self.inputs.len() {
                let input = &self.inputs[at];
                if input.state != ToCome::Over && input.wakeup.take() && self.draw(at, caller)? {
                    // There may be more; the others come first.
                    self.inputs[at].wakeup.signal();
                }
            }
            if !self.errors.is_empty() {
                return Ok(MergeStep::LeftOut);
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
    pub(super) fn ticks(&mut self) -> bool {
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
