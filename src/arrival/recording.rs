//! When a pair of logs is looked at: every few milliseconds while it is written to, and when it rings while it is not.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use rustix::fs::FlockOperation;

use super::keeper::{Keeper, LengthAsked};
use super::notes::TICK;
use super::pair::{ClockReading, Pair};
use crate::system::mounts::tells_events;
use crate::system::wakeup::Wakeup;
use crate::system::watch::Watch;

/// How long between two looks at a pair that is written to: how exactly moments are known.
const PACE: Duration = Duration::from_millis(5);

/// After so many looks with news in a row, the looks become as rare as [`BUSY`]: the writer does not stop to listen.
const STREAK: u32 = 40;

/// How long between two looks at a pair that is written to without a pause.
const BUSY: Duration = Duration::from_millis(40);

/// After so many looks without news a pair counts as still.
const STILL: u32 = 4;

/// The longest time between two looks where nothing rings.
const SLOWEST: Duration = Duration::from_millis(50);

/// How often a pair that is written to is asked whether a reader in another process is there.
const READERS: Duration = Duration::from_millis(100);

/// How long a reader of this process counts as there after it has asked.
const ATTENDED: Duration = Duration::from_secs(2);

/// A pair and when it is looked at.
pub(super) struct Recording {
    pub(super) pair: Pair,
    /// The logs as the launcher calls them, and how far their indexes were asked for.
    logs: [PathBuf; 2],
    marks: [LengthAsked; 2],
    /// Rung by writes to a pair that is watched.
    wakeup: Arc<Wakeup>,
    watches: Vec<Watch>,
    /// When its turn is; `None`: when it rings.
    pub(super) turn: Option<Instant>,
    /// Looks without news.
    still: u32,
    /// Looks with news in a row.
    streak: u32,
    /// A reader has seen news before the recorder did.
    pub(super) stirred: bool,
    /// When a reader of this process has asked, and when the others were looked for.
    pub(super) asked: Option<Instant>,
    looked_for: Option<Instant>,
    /// Nothing is recorded any more.
    pub(super) over: bool,
    /// Why that is before the end of the app.
    pub(super) error: Option<io::Error>,
}

impl Recording {
    pub(super) fn new(pair: Pair, logs: [PathBuf; 2], above: &Arc<Wakeup>) -> Self {
        Self {
            pair,
            logs,
            marks: [LengthAsked::default(); 2],
            wakeup: Arc::new(Wakeup::under(above)),
            watches: Vec::new(),
            turn: Some(Instant::now()),
            still: 0,
            streak: 0,
            stirred: false,
            asked: None,
            looked_for: None,
            over: false,
            error: None,
        }
    }

    /// Whether the launcher calls the directory of the logs so.
    pub(super) fn is_called(&self, directory: &Path) -> bool {
        self.logs.iter().all(|log| log.parent() == Some(directory))
    }

    /// Looks at the pair if it is time to.
    pub(super) fn visit(&mut self, now: Instant, moment: ClockReading) -> io::Result<()> {
        if !self.wakeup.take() && self.turn.is_none_or(|turn| turn > now) {
            return Ok(());
        }
        self.look_for_readers(now);
        if !self.news(moment) {
            return self.rest(now, moment);
        }
        (self.still, self.streak) = (0, self.streak + 1);
        let pace = if self.streak > STREAK { BUSY } else { PACE };
        self.turn = Some(next_multiple(moment, now, pace));
        if !self.pair.told {
            self.watches.clear();
        } else if self.watch() {
            self.turn = Some(next_multiple(moment, now, SLOWEST));
        }
        self.pair.write_if_due(moment)
    }

    /// There is no news: looks become rare, and then it is waited for a ring.
    fn rest(&mut self, now: Instant, moment: ClockReading) -> io::Result<()> {
        (self.still, self.streak) = (self.still + 1, 0);
        self.turn = Some(next_multiple(moment, now, (PACE * self.still / STILL).clamp(PACE, SLOWEST)));
        if self.still < STILL {
            return Ok(());
        }
        self.pair.settle(moment)?;
        if !self.watch() {
            return Ok(());
        }
        // Between the last look and the watch there may have been a write.
        if self.news(moment) {
            self.still = 0;
            return Ok(());
        }
        self.pair.rest();
        self.turn = None;
        Ok(())
    }

    fn news(&mut self, moment: ClockReading) -> bool {
        // A log that cannot be looked at now has no news.
        let changed = self.pair.look(moment, false).unwrap_or(false);
        std::mem::take(&mut self.stirred) || changed
    }

    /// Has the pair ring when it is written to; false where that cannot be had.
    fn watch(&mut self) -> bool {
        let paths = self.pair.paths();
        if self.watches.is_empty() && tells_events(self.pair.directory()) {
            self.watches = paths.iter().filter_map(|path| Watch::new(path, &self.wakeup)).collect();
        }
        if self.watches.len() < paths.len() {
            self.watches.clear();
        }
        !self.watches.is_empty()
    }

    /// Whether a reader is there, in this process or in another.
    fn look_for_readers(&mut self, now: Instant) {
        let due = |then: Option<Instant>, limit| then.is_none_or(|then| now.duration_since(then) >= limit);
        if !due(self.looked_for, READERS) {
            return;
        }
        self.looked_for = Some(now);
        let record = self.pair.record();
        self.pair.told = match rustix::fs::flock(record, FlockOperation::NonBlockingLockExclusive) {
            Ok(()) => {
                let _ = rustix::fs::flock(record, FlockOperation::Unlock);
                false
            }
            Err(error) => error == rustix::io::Errno::WOULDBLOCK,
        };
        self.pair.attended = self.pair.told || !due(self.asked, ATTENDED);
    }

    /// Has the indexes of logs that have grown much brought up to date; `last`: they grow no more.
    pub(super) fn ask_for_indexes(&mut self, keeper: &Arc<Keeper>, last: bool) {
        let (_, sizes) = self.pair.seen();
        for ((mark, log), size) in self.marks.iter_mut().zip(&self.logs).zip(sizes) {
            if mark.is_due(size, last) {
                keeper.ask(log.clone(), last);
            }
        }
    }

    /// Nothing is recorded any more.
    pub(super) fn end(&mut self, error: Option<io::Error>) {
        if error.is_some() {
            // Whoever reads along must not wait for more; where this fails too, they find out.
            let _ = self.pair.put_slot(true);
        }
        self.error = error;
        (self.over, self.turn) = (true, None);
        self.watches.clear();
        self.pair.rest();
    }
}

/// The next multiple of `pace` on the recorder's clock: pairs that are busy together are looked at in one go.
fn next_multiple(moment: ClockReading, now: Instant, pace: Duration) -> Instant {
    let pace = pace.as_nanos() as u64;
    now + Duration::from_nanos(pace - (moment.tick * TICK) % pace)
}
