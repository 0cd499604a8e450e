//! Which of two ways takes less of a core's time: to look at a file in place or to read it, to fill large pages of memory or
//! small ones.
//!
//! That hangs on the machine, on how the file lies in the page cache, on how much of it has to be read after the look, on who
//! has the memory; it may be otherwise further on. So it is measured all the time, and the slower way is tried now and then.

use rustix::time::{ClockId, clock_gettime};

/// One turn in so many takes the way that was slower.
const TRIAL: u32 = 32;

/// What each way took of late, for one thread.
#[derive(Debug, Default)]
pub struct Pace {
    first: Rate,
    second: Rate,
    turns: u32,
}

/// A turn under way.
#[derive(Clone, Copy, Debug)]
pub struct Turn {
    /// Whether to take the first way.
    pub first: bool,
    begun: u64,
}

/// Nanoseconds a byte, of late; 0 where it was not tried yet.
#[derive(Clone, Copy, Debug, Default, PartialEq, PartialOrd)]
struct Rate(f64);

impl Rate {
    fn take(&mut self, now: f64) {
        self.0 = if self.0 > 0.0 { self.0.mul_add(0.75, now * 0.25) } else { now };
    }
}

impl Pace {
    /// Begins a turn, by the way that was faster of late.
    pub fn begin(&mut self) -> Turn {
        self.turns = self.turns.wrapping_add(1);
        let is_trial = self.turns.is_multiple_of(TRIAL);
        // What was not tried is the faster; the first comes first.
        Turn { first: (self.first <= self.second) != is_trial, begun: now() }
    }

    /// Ends a turn in which `bytes` were seen.
    pub fn end(&mut self, turn: Turn, bytes: u64) {
        self.note(turn.first, now().saturating_sub(turn.begun), bytes);
    }

    #[expect(clippy::cast_precision_loss, reason = "times and lengths of one turn are far below 2^52")]
    fn note(&mut self, first: bool, nanoseconds: u64, bytes: u64) {
        let rate = if first { &mut self.first } else { &mut self.second };
        // No time at all is less than the clock can tell, and not the mark of what was never tried.
        rate.take(nanoseconds.max(1) as f64 / bytes.max(1) as f64);
    }
}

/// How long this thread has run, in nanoseconds: what else runs on its core does not count.
fn now() -> u64 {
    let time = clock_gettime(ClockId::ThreadCPUTime);
    time.tv_sec.unsigned_abs() * 1_000_000_000 + time.tv_nsec.unsigned_abs()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// How many of `turns` turns take the first way, where a byte takes so many nanoseconds by either way.
    fn first(pace: &mut Pace, turns: u32, takes: [u64; 2]) -> usize {
        let mut take = |_: &u32| {
            let turn = pace.begin();
            pace.note(turn.first, takes[usize::from(!turn.first)] * 1000, 1000);
            turn.first
        };
        (0..turns).filter(|turn| take(turn)).count()
    }

    #[test]
    fn the_faster_way_is_taken_and_the_other_tried() {
        let (mut faster, mut slower) = (Pace::default(), Pace::default());
        // Of 320 turns ten are trials, and one is the first by the slower way.
        assert_eq!(first(&mut faster, 320, [1, 2]), 320 - 10 - 1);
        assert_eq!(first(&mut slower, 320, [2, 1]), 10 + 1);
    }

    #[test]
    fn what_becomes_faster_is_found() {
        let mut pace = Pace::default();
        first(&mut pace, 320, [10, 2]);
        first(&mut pace, 320, [1, 4]);
        assert_eq!(first(&mut pace, 320, [1, 4]), 320 - 10);
    }

    #[test]
    fn a_turn_is_measured() {
        let mut pace = Pace::default();
        let turn = pace.begin();
        assert!(turn.first);
        while now() == turn.begun {}
        pace.end(turn, 1);
        assert!(pace.first > Rate(0.0) && pace.second == Rate(0.0));
        assert!(!pace.begin().first);
    }
}
