//! Which of two ways takes less of a core's time: to look at a file in place or to read it, to fill large pages of memory or
//! small ones.
//!
//! That hangs on the machine, on how the file lies in the page cache, on how much of it has to be read after the look, on who
//! has the memory; it may be otherwise further on. So it is measured all the time, and the slower way is tried now and then.

use rustix::time::{ClockId, clock_gettime};

/// So many turns take the two ways by turns, before one is the faster: a single one may have been disturbed.
const FIRST: u32 = 4;
/// So many turns after these the slower way is tried, and each time that it is slower still, the next trial is four times as
/// far away, up to the last of these. In turns of 4 MiB, what becomes faster is found within a GiB.
const TRIALS: [u32; 2] = [16, 256];

/// What each way took of late, for one thread.
#[derive(Debug)]
pub struct Pace {
    first: Rate,
    second: Rate,
    turns: u32,
    /// At which turn the slower way is tried next, and how far it is from the last trial to that.
    trial: u32,
    interval: u32,
}

/// A turn under way.
#[derive(Clone, Copy, Debug)]
pub struct PaceTurn {
    /// Whether to take the first way.
    pub first: bool,
    begun: u64,
}

/// Nanoseconds a byte, of late; 0 where it was not tried yet.
#[derive(Clone, Copy, Debug, Default, PartialEq, PartialOrd)]
struct Rate(f64);

impl Rate {
    /// What disturbs a turn only makes it longer: a shorter one is believed at once, a longer one little by little, by an
    /// eighth at most.
    fn take(&mut self, now: f64) {
        let is_shorter = self.0 <= 0.0 || now < self.0;
        self.0 = if is_shorter { now } else { self.0.mul_add(0.75, now * 0.25).min(self.0 * 1.125) };
    }
}

impl Default for Pace {
    /// Neither way was tried yet.
    fn default() -> Self {
        let [interval, _] = TRIALS;
        Self { first: Rate::default(), second: Rate::default(), turns: 0, trial: FIRST + interval, interval }
    }
}

impl Pace {
    /// Begins a turn, by the way that was faster of late, or by the other where that is to be tried.
    pub fn begin(&mut self) -> PaceTurn {
        let turn = self.turns;
        self.turns += 1;
        if turn < FIRST {
            return PaceTurn { first: turn.is_multiple_of(2), begun: now() };
        }
        PaceTurn { first: (self.first <= self.second) != self.is_trial(turn), begun: now() }
    }

    fn is_trial(&mut self, turn: u32) -> bool {
        let is_trial = turn == self.trial;
        if is_trial {
            self.try_after(turn, TRIALS[1].min(self.interval * 4));
        }
        is_trial
    }

    /// The slower way is tried so many turns after a turn.
    fn try_after(&mut self, turn: u32, interval: u32) {
        (self.interval, self.trial) = (interval, turn.saturating_add(interval));
    }

    /// Ends a turn in which `bytes` were seen.
    pub fn end(&mut self, turn: PaceTurn, bytes: u64) {
        self.note(turn.first, now().saturating_sub(turn.begun), bytes);
    }

    #[expect(clippy::cast_precision_loss, reason = "times and lengths of one turn are far below 2^52")]
    fn note(&mut self, first: bool, nanoseconds: u64, bytes: u64) {
        let was_first = self.first <= self.second;
        let rate = if first { &mut self.first } else { &mut self.second };
        // No time at all is less than the clock can tell, and not the mark of what was never tried.
        rate.take(nanoseconds.max(1) as f64 / bytes.max(1) as f64);
        // Where the ways change places, it may have been by chance: the other is soon tried again.
        if was_first != (self.first <= self.second) && self.turns > FIRST {
            self.try_after(self.turns, TRIALS[0]);
        }
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
    fn the_faster_way_is_taken_and_the_other_tried_ever_less_often() {
        let (mut faster, mut slower) = (Pace::default(), Pace::default());
        // Of the first four two take each way; then one is a trial behind 16, 64, 256 and 256 turns.
        assert_eq!(first(&mut faster, 4, [1, 2]), 2);
        assert_eq!(first(&mut faster, 16 + 64 + 256 + 256 + 1, [1, 2]), 593 - 4);
        assert_eq!(first(&mut slower, 4 + 593, [2, 1]), 2 + 4);
    }

    #[test]
    fn what_becomes_faster_is_found() {
        let mut pace = Pace::default();
        first(&mut pace, 1000, [10, 2]);
        first(&mut pace, 2 * TRIALS[1], [1, 4]);
        assert_eq!(first(&mut pace, 16, [1, 4]), 16);
    }

    #[test]
    fn a_turn_that_was_disturbed_decides_nothing() {
        for disturbed in 0..FIRST {
            let mut pace = Pace::default();
            for turn in 0..FIRST {
                let way = pace.begin().first;
                let takes = if turn == disturbed {
                    100
                } else if way {
                    1
                } else {
                    2
                };
                pace.note(way, takes * 1000, 1000);
            }
            assert_eq!(first(&mut pace, 16, [1, 2]), 16, "disturbed in turn {disturbed}");
        }
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
