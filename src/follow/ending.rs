//! How a follow waits, how far it may deliver for now, and when it is over.

use std::time::Duration;

use super::Follow;
use crate::caller::Caller;
use crate::error::Result;

impl Follow {
    /// Waits for something to happen.
    pub fn wait(&mut self, caller: &mut dyn Caller) -> Result<()> {
        self.ask(caller)?;
        if self.last.is_none() {
            self.waiter.wait(self.limit(caller));
        }
        Ok(())
    }

    /// Asks whether to go on, and whether the writer is gone.
    pub(super) fn ask(&mut self, caller: &mut dyn Caller) -> Result<()> {
        caller.pulse()?;
        if self.last.is_none() && !self.led && self.is_over(caller)? { self.end() } else { Ok(()) }
    }

    /// Whether the writer is gone or the time is up.
    pub fn is_over(&self, caller: &mut dyn Caller) -> Result<bool> {
        if caller.ended()? {
            return Ok(true);
        }
        Ok(self.terms.deadline.is_some_and(|deadline| self.terms.time.wall() >= deadline))
    }

    /// Waits for a change, at most `limit`.
    pub fn rest(&mut self, limit: Duration) {
        self.waiter.wait(limit);
    }

    /// Delivers nothing past `size` for now.
    pub fn read_to(&mut self, size: u64) {
        self.bound = size;
    }

    /// Whether a merge or a combined stream says when it ends, by [`Follow::end`]; the unfinished last line is kept meanwhile.
    pub fn lead(&mut self, led: bool) {
        self.led = led;
    }

    /// Whether to show unfinished lines.
    pub fn show_partial(&mut self, partial: bool) {
        self.terms.partial = partial;
    }

    /// The file's size now, in bytes; 0 while it is not there.
    pub fn size(&self) -> Result<u64> {
        match &self.open {
            Some(open) => open.source.size(),
            None => Ok(std::fs::metadata(&self.terms.path).map_or(0, |m| m.len())),
        }
    }

    /// How long to wait at most before the caller has to be asked or unfinished text to be shown.
    pub fn limit(&self, caller: &dyn Caller) -> Duration {
        let still = self.open.as_ref().filter(|_| self.terms.partial);
        let still = still.and_then(|open| open.partial.patience(open.place.at()));
        let deadline =
            self.terms.deadline.and_then(|deadline| deadline.duration_since(self.terms.time.wall()).ok());
        [still, deadline].into_iter().flatten().fold(caller.patience(), Duration::min)
    }

    /// Nobody will write any more: what is there now is the rest.
    pub fn end(&mut self) -> Result<()> {
        let size = self.open.as_ref().map_or(Ok(0), |open| open.source.readable(open.place.at()));
        let size = if self.lose() { 0 } else { size? };
        self.last = Some(match &mut self.open {
            Some(open) => {
                open.seen = size;
                open.size = open.seen.min(self.bound);
                open.seen
            }
            None => u64::MAX,
        });
        Ok(())
    }
}
