//! The recorder: one thread of the launching process that notes how the logs of its apps grow.
//!
//! A pair that is still is watched; the first write to it rings. From then on it is looked at every few milliseconds
//! and not watched, for an event costs the writer more than a look costs here, until it is still again.

use std::collections::HashMap;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant, SystemTime};

use super::beside;
use super::notes::{Session, TICK};
use super::pair::{Moment, Pair};
use crate::wait::tells_events;
use crate::watch::{Bell, Watch};

/// How long between two looks at a pair that is written to: how exactly moments are known.
const PACE: Duration = Duration::from_millis(5);

/// After so many looks with news in a row, the looks become as rare as [`BUSY`]: the writer does not stop to listen.
const STREAK: u32 = 100;

/// How long between two looks at a pair that is written to without a pause.
const BUSY: Duration = Duration::from_millis(20);

/// After so many looks without news a pair counts as still.
const STILL: u32 = 4;

/// The longest time between two looks where nothing rings.
const SLOWEST: Duration = Duration::from_millis(50);

/// The longest sleep: nothing is lost by it, for writes ring.
const SLEEP: Duration = Duration::from_secs(60);

/// How many pairs are remembered after their end.
const PAST: usize = 16;

static RECORDER: Mutex<Option<Arc<Recorder>>> = Mutex::new(None);

/// Begins to record the logs `stdout.log` and `stderr.log` in `directory`, unless that is done already.
///
/// # Errors
/// What the system says where no record can be made there; nothing is recorded then.
pub fn start(directory: &Path) -> io::Result<()> {
    let directory = std::fs::canonicalize(directory)?;
    let paths = [directory.join("stdout.log"), directory.join("stderr.log")];
    beside::directory(&paths[0])?;
    let recorder = Recorder::of_this_process()?;
    let mut pairs = lock(&recorder.pairs);
    pairs.entry(directory).or_insert_with(|| Kept::new(Pair::new(recorder.session, paths)));
    recorder.bell.ring();
    Ok(())
}

/// Notes what is there now and ends the record of the logs in `directory`; what went wrong with it is the error.
pub fn stop(directory: &Path) -> io::Result<()> {
    let Some(recorder) = Recorder::here() else { return Ok(()) };
    let directory = std::fs::canonicalize(directory)?;
    if let Some(error) = lock(&recorder.failed).remove(&directory) {
        return Err(error);
    }
    let Some(mut kept) = lock(&recorder.pairs).remove(&directory) else { return Ok(()) };
    let now = recorder.now();
    let looked = kept.pair.look(now);
    let finished = kept.pair.finish(now.drift);
    kept.pair.rest();
    let mut past = lock(&recorder.past);
    past.truncate(PAST - 1);
    past.insert(0, (directory, kept.pair));
    finished.and(looked.map(drop))
}

/// Looks at the two logs in `directory` now: the tick of the last growth, and their sizes at each look after tick
/// `since`, of anybody. `None` if this process does not record them. Notes that are not written yet are, if `write`.
pub fn look(directory: &Path, since: u64, write: bool) -> Option<(u64, Vec<[u64; 2]>)> {
    let recorder = Recorder::here()?;
    let mut pairs = lock(&recorder.pairs);
    let Some(kept) = pairs.get_mut(directory) else {
        // Its end was noted before a reader came to see all looks.
        let past = lock(&recorder.past);
        let (_, pair) = past.iter().find(|(at, pair)| at == directory && pair.since(since).0 > since)?;
        return Some(pair.since(since));
    };
    let now = recorder.now();
    let (changed, _) = kept.pair.look(now).ok()?;
    kept.stirred |= changed;
    if write && kept.pair.settle(now.drift).is_err() {
        return None;
    }
    Some(kept.pair.since(since))
}

struct Recorder {
    session: Session,
    begun: Instant,
    /// A fork has neither the thread nor the apps.
    pid: u32,
    pairs: Mutex<HashMap<PathBuf, Kept>>,
    /// Pairs that were stopped last, for readers that still read them.
    past: Mutex<Vec<(PathBuf, Pair)>>,
    /// Why pairs are not recorded any more, to be told when they are stopped.
    failed: Mutex<HashMap<PathBuf, io::Error>>,
    bell: Arc<Bell>,
}

impl Recorder {
    fn here() -> Option<Arc<Self>> {
        // In a forked process the lock may be held by a thread that is not there.
        let known = (0..100).find_map(|_| RECORDER.try_lock().map_err(|_| std::thread::yield_now()).ok())?;
        known.as_ref().filter(|recorder| recorder.pid == std::process::id()).map(Arc::clone)
    }

    fn of_this_process() -> io::Result<Arc<Self>> {
        let mut known = lock(&RECORDER);
        if let Some(recorder) = known.as_ref().filter(|recorder| recorder.pid == std::process::id()) {
            return Ok(Arc::clone(recorder));
        }
        let (begun, wall, pid) = (Instant::now(), wall(), std::process::id());
        let boot = std::fs::read("/proc/sys/kernel/random/boot_id").unwrap_or_default();
        let id = xxhash_rust::xxh3::xxh3_64_with_seed(
            &boot,
            wall.cast_unsigned().rotate_left(32) ^ u64::from(pid),
        );
        let fresh = Arc::new(Self {
            session: Session { id, wall },
            begun,
            pid,
            pairs: Mutex::default(),
            past: Mutex::default(),
            failed: Mutex::default(),
            bell: Arc::default(),
        });
        let recorder = Arc::clone(&fresh);
        let thread = std::thread::Builder::new().name("logdex-record".into());
        thread.spawn(move || recorder.run())?;
        // The parent's is not dropped: its locks may be held.
        std::mem::forget(known.replace(Arc::clone(&fresh)));
        Ok(fresh)
    }

    fn now(&self) -> Moment {
        let since = self.begun.elapsed().as_nanos() as u64;
        let expected = self.session.wall.saturating_add(since.cast_signed());
        Moment { tick: since / TICK, drift: wall().saturating_sub(expected) }
    }

    /// The life of the thread.
    fn run(&self) {
        let mut limit = Duration::ZERO;
        loop {
            let rung = self.bell.wait(limit);
            let next = self.round(rung);
            limit = next.map_or(SLEEP, |next| next.saturating_duration_since(Instant::now()));
        }
    }

    /// Looks at the pairs whose turn it is, and at those that may have rung; says when the next turn is.
    fn round(&self, rung: bool) -> Option<Instant> {
        let mut next: Option<Instant> = None;
        let (now, moment) = (Instant::now(), self.now());
        lock(&self.pairs).retain(|directory, kept| match kept.visit(now, moment, rung, &self.bell) {
            Ok(turn) => {
                next = turn.into_iter().chain(next).min();
                true
            }
            Err(error) => {
                lock(&self.failed).insert(directory.clone(), error);
                false
            }
        });
        next
    }
}

/// A pair and when it is looked at.
struct Kept {
    pair: Pair,
    /// What rings when a still pair is written to.
    watches: Vec<Watch>,
    /// When its turn is; `None`: when it rings.
    turn: Option<Instant>,
    /// Looks without news.
    still: u32,
    /// Looks with news in a row.
    streak: u32,
    /// Somebody else has seen news.
    stirred: bool,
}

impl Kept {
    fn new(pair: Pair) -> Self {
        Self { pair, watches: Vec::new(), turn: Some(Instant::now()), still: 0, streak: 0, stirred: false }
    }

    /// Looks at the pair if it is time to; returns when it is next.
    fn visit(
        &mut self,
        now: Instant,
        moment: Moment,
        rung: bool,
        bell: &Arc<Bell>,
    ) -> io::Result<Option<Instant>> {
        if self.turn.is_some_and(|turn| turn > now) || (self.turn.is_none() && !rung) {
            return Ok(self.turn);
        }
        if self.news(moment) {
            self.still = 0;
            self.streak += 1;
            self.watches.clear();
            self.turn = Some(next_multiple(moment, now, if self.streak > STREAK { BUSY } else { PACE }));
            return self.pair.write_if_due(moment.drift).map(|()| self.turn);
        }
        (self.still, self.streak) = (self.still + 1, 0);
        self.turn = Some(next_multiple(moment, now, (PACE * self.still / STILL).clamp(PACE, SLOWEST)));
        if self.still >= STILL {
            self.settle(moment, bell)?;
        }
        Ok(self.turn)
    }

    /// Has the pair ring when it is written to.
    fn settle(&mut self, moment: Moment, bell: &Arc<Bell>) -> io::Result<()> {
        self.pair.settle(moment.drift)?;
        if self.watches.is_empty() {
            let paths = self.pair.paths();
            if paths[0].parent().is_some_and(tells_events) {
                self.watches = paths.iter().filter_map(|path| Watch::new(path, bell)).collect();
            }
            if self.watches.len() < paths.len() {
                self.watches.clear();
                return Ok(());
            }
            // Between the last look and the watch there may have been a write.
            if self.news(moment) {
                self.still = 0;
                self.watches.clear();
                return Ok(());
            }
        }
        self.pair.rest();
        self.turn = None;
        Ok(())
    }

    fn news(&mut self, moment: Moment) -> bool {
        // A log that cannot be looked at now has no news.
        let changed = self.pair.look(moment).is_ok_and(|(changed, _)| changed);
        std::mem::take(&mut self.stirred) || changed
    }
}

/// The next multiple of `pace` on the recorder's clock: pairs that are busy together are looked at in one go.
fn next_multiple(moment: Moment, now: Instant, pace: Duration) -> Instant {
    let pace = pace.as_nanos() as u64;
    now + Duration::from_nanos(pace - (moment.tick * TICK) % pace)
}

fn wall() -> i64 {
    let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    i64::try_from(now.as_nanos()).unwrap_or(i64::MAX)
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    // Nothing that can panic runs under these locks, so what a poisoned one holds is sound.
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::record::Arrivals;
    use std::io::Write;

    fn logs() -> (tempfile::TempDir, [std::fs::File; 2]) {
        let folder = tempfile::tempdir().unwrap();
        let files =
            ["stdout.log", "stderr.log"].map(|name| std::fs::File::create(folder.path().join(name)).unwrap());
        (folder, files)
    }

    #[test]
    fn lines_written_in_turn_have_ascending_ticks_in_both_records() {
        let (folder, mut files) = logs();
        start(folder.path()).unwrap();
        for n in 0..40 {
            files[n % 2].write_all(b"a line\n").unwrap();
            std::thread::sleep(Duration::from_millis(12));
        }
        stop(folder.path()).unwrap();
        let mut records =
            ["stdout.log", "stderr.log"].map(|name| Arrivals::beside(&folder.path().join(name)).unwrap());
        assert_eq!(records[0].session(), records[1].session());
        let ticks: Vec<u64> =
            (0..40).map(|n| records[n % 2].of((n as u64 / 2 + 1) * 7 - 1).unwrap().tick).collect();
        assert!(ticks.is_sorted_by(|a, b| a < b), "{ticks:?}");
        let now = wall();
        assert!(now - records[1].of(139).unwrap().wall < 1_000_000_000);
    }

    #[test]
    fn records_of_large_logs_are_a_hundredth_of_them_at_most() {
        let (folder, mut files) = logs();
        let mut pair = Pair::new(
            Session { id: 1, wall: 0 },
            ["stdout.log", "stderr.log"].map(|name| folder.path().join(name)),
        );
        for n in 0..40_000_u64 {
            files[(n % 3 == 0) as usize].write_all(&[b'x'; 99]).unwrap();
            pair.look(Moment { tick: n * 100, drift: 0 }).unwrap();
            if n % 100 == 0 {
                pair.write(0).unwrap();
            }
        }
        pair.finish(0).unwrap();
        let size = |name: &str| std::fs::metadata(folder.path().join(name)).unwrap().len();
        let logs = size("stdout.log") + size("stderr.log");
        let records = size(".logdex/stdout.log.arrival") + size(".logdex/stderr.log.arrival");
        assert!(records * 100 <= logs + 10_000 && records * 200 > logs, "{records} of {logs}");
    }

    #[test]
    fn where_no_record_can_be_made_it_is_said() {
        let (folder, _files) = logs();
        std::fs::write(folder.path().join(".logdex"), "").unwrap();
        assert!(start(folder.path()).is_err());
        std::fs::remove_file(folder.path().join(".logdex")).unwrap();
        std::os::unix::fs::symlink("/", folder.path().join(".logdex")).unwrap();
        assert!(start(folder.path()).is_err());
    }
}
