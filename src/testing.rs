//! What the proofs share.

use std::time::Duration;

use crate::caller::Caller;
use crate::error::Result;
use crate::pattern::{Candidate, Judge};

/// How many cases to try: `usual`, or what `PROPTEST_CASES` says.
pub fn cases(usual: u32) -> u32 {
    std::env::var("PROPTEST_CASES").ok().and_then(|said| said.parse().ok()).unwrap_or(usual)
}

/// Where nobody asks: nothing is to be judged, nothing interrupts, and nobody writes any more.
pub struct Nobody;

impl Judge for Nobody {
    fn judge(&mut self, _: &[u8], _: &mut Vec<Candidate>) -> Result<()> {
        unreachable!("there is no pattern")
    }
}

impl Caller for Nobody {
    fn patience(&self) -> Duration {
        Duration::from_millis(5)
    }

    fn pulse(&mut self) -> Result<()> {
        Ok(())
    }

    fn note(&mut self, _: &str) -> Result<()> {
        Ok(())
    }

    fn ended(&mut self) -> Result<bool> {
        Ok(true)
    }
}
