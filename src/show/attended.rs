//! A caller who also looks whether anybody reads what is written: a follow whose reader has gone ends, though nothing
//! more is written to the log.

use std::time::Duration;

use super::Sink;
use crate::caller::Caller;
use crate::error::Result;
use crate::pattern::{Candidate, Judge};

/// How long the reader may be gone before that is noticed.
const OFTEN: Duration = Duration::from_millis(100);

/// Speaks for `caller`, and for the reader of `sink`.
pub(super) struct Attended<'a> {
    pub(super) caller: &'a mut dyn Caller,
    pub(super) sink: Option<&'a Sink>,
}

impl Judge for Attended<'_> {
    fn judge(&mut self, bytes: &[u8], candidates: &mut Vec<Candidate>) -> Result<()> {
        self.caller.judge(bytes, candidates)
    }
}

impl Caller for Attended<'_> {
    fn pulse(&mut self) -> Result<()> {
        self.caller.pulse()?;
        self.sink.map_or(Ok(()), Sink::insist)
    }

    fn patience(&self) -> Duration {
        self.caller.patience().min(OFTEN)
    }

    fn note(&mut self, text: &str) -> Result<()> {
        self.caller.note(text)
    }

    fn ended(&mut self) -> Result<bool> {
        self.caller.ended()
    }
}
