//! The recorder: one thread of the launching process that notes how the logs of its apps grow.
//!
//! A pair that is still is watched; the first write to it rings. From then on it is looked at every few milliseconds
//! and not watched, for an event costs the writer more than a look costs here, until it is still again. Where somebody
//! in another process reads along, it stays watched.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use rustix::fs::FlockOperation;

use super::beside::LOGS;
use super::keeper::{Keeper, LengthAsked};
use super::notes::{Session, TICK};
use super::pair::{ClockReading, Pair};
use crate::stamp::civil;
use crate::system::lock::{lock, lock_soon};
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

/// The longest sleep: nothing is lost by it, for writes ring.
const SLEEP: Duration = Duration::from_secs(60);

static RECORDER: Mutex<Option<Arc<Recorder>>> = Mutex::new(None);

/// Begins to record the logs `stdout.log` and `stderr.log` in `directory`, unless that is done already.
///
/// # Errors
/// What the system says where no record can be made there; nothing is recorded then.
pub fn start(directory: &Path) -> io::Result<()> {
    // An index is found by the name under which its log is asked for.
    let logs = LOGS.map(|name| directory.join(name));
    let directory = std::fs::canonicalize(directory)?;
    let recorder = Recorder::of_this_process()?;
    if let Entry::Vacant(place) = lock(&recorder.pairs).entry(directory) {
        let pair = Pair::new(recorder.session, place.key().clone())?;
        place.insert(Arc::new(Mutex::new(Recording::new(pair, logs, &recorder.wakeup))));
        recorder.wakeup.signal();
    }
    Ok(())
}

/// Notes what is there now and ends the record of the logs in `directory`; what went wrong with it is the error.
pub fn stop(directory: &Path) -> io::Result<()> {
    let Some(recorder) = Recorder::here() else { return Ok(()) };
    let directory = std::fs::canonicalize(directory)?;
    let Some(kept) = lock(&recorder.pairs).remove(&directory) else { return Ok(()) };
    let mut kept = lock(&kept);
    if !kept.over {
        let finished = kept.pair.finish(recorder.now());
        kept.ask_for_indexes(&recorder.keeper, true);
        kept.end(finished.err());
    }
    kept.error.take().map_or(Ok(()), Err)
}

/// Looks at the two logs in `directory` now: how many notes there are of them, and up to where they may be shown. `last`:
/// all is to be told. `None` if this process does not record them.
pub fn look(directory: &Path, last: bool) -> Option<(u64, [u64; 2])> {
    let recorder = Recorder::here()?;
    let kept = Arc::clone(lock(&recorder.pairs).get(directory)?);
    let mut kept = lock(&kept);
    if kept.over {
        return None;
    }
    kept.asked = Some(Instant::now());
    kept.pair.attended = true;
    let now = recorder.now();
    // A log that cannot be looked at now has no news.
    kept.stirred |= kept.pair.look(now, last).unwrap_or(false);
    if let Err(error) = kept.pair.write(now) {
        kept.end(Some(error));
        return None;
    }
    Some(kept.pair.seen())
}

/// What records the logs of all apps that a process has launched.
///
/// There is one for each process, with one thread for any number of apps: a thousand replicas that write must not cost a thousand
/// threads in the launcher. The thread sleeps until a file rings, looks at the pairs that were written to, and notes how large
/// their files are at what time; readers in the same process ask it directly, others find its notes in the file beside the logs.
/// A forked process has the memory of its parent's recorder and not its thread, so it makes its own.
struct Recorder {
    session: Session,
    begun: Instant,
    /// A fork has neither the thread nor the apps.
    pid: u32,
    pairs: Mutex<HashMap<PathBuf, Arc<Mutex<Recording>>>>,
    wakeup: Arc<Wakeup>,
    keeper: Arc<Keeper>,
}

impl Recorder {
    fn here() -> Option<Arc<Self>> {
        // In a forked process the lock may be held by a thread that is not there.
        let known = lock_soon(&RECORDER)?;
        known.as_ref().filter(|recorder| recorder.pid == std::process::id()).map(Arc::clone)
    }

    fn of_this_process() -> io::Result<Arc<Self>> {
        if let Some(recorder) = Self::here() {
            return Ok(recorder);
        }
        let (begun, wall, pid) = (Instant::now(), civil::now(), std::process::id());
        let boot = std::fs::read("/proc/sys/kernel/random/boot_id").unwrap_or_default();
        let seed = wall.cast_unsigned().rotate_left(32) ^ u64::from(pid);
        let id = xxhash_rust::xxh3::xxh3_64_with_seed(&boot, seed);
        let fresh = Arc::new(Self {
            session: Session { id, wall },
            begun,
            pid,
            pairs: Mutex::default(),
            wakeup: Arc::default(),
            keeper: Arc::default(),
        });
        let mut known = lock_soon(&RECORDER).ok_or(io::ErrorKind::ResourceBusy)?;
        if let Some(recorder) = known.as_ref().filter(|recorder| recorder.pid == pid) {
            return Ok(Arc::clone(recorder));
        }
        let recorder = Arc::clone(&fresh);
        let thread = std::thread::Builder::new().name("logdex-record".into());
        thread.spawn(move || recorder.run())?;
        // The parent's is not dropped: its locks may be held.
        std::mem::forget(known.replace(Arc::clone(&fresh)));
        Ok(fresh)
    }

    fn now(&self) -> ClockReading {
        let since = self.begun.elapsed().as_nanos() as u64;
        let expected = self.session.wall.saturating_add(since.cast_signed());
        ClockReading { tick: since / TICK, drift: civil::now().saturating_sub(expected) }
    }

    /// The life of the thread.
    fn run(&self) {
        let mut limit = Duration::ZERO;
        loop {
            self.wakeup.wait(limit);
            let next = self.round();
            limit = next.map_or(SLEEP, |next| next.saturating_duration_since(Instant::now()));
        }
    }

    /// Looks at the pairs whose turn it is and at those that have rung; says when the next turn is.
    fn round(&self) -> Option<Instant> {
        let pairs: Vec<_> = lock(&self.pairs).values().map(Arc::clone).collect();
        let (now, moment) = (Instant::now(), self.now());
        let mut next: Option<Instant> = None;
        for kept in pairs {
            let mut kept = lock(&kept);
            if kept.over {
                continue;
            }
            let visited = kept.visit(now, moment);
            kept.ask_for_indexes(&self.keeper, false);
            match visited {
                Ok(()) => next = kept.turn.into_iter().chain(next).min(),
                Err(error) => kept.end(Some(error)),
            }
        }
        next
    }
}

/// A pair and when it is looked at.
struct Recording {
    pair: Pair,
    /// The logs as the launcher calls them, and how far their indexes were asked for.
    logs: [PathBuf; 2],
    marks: [LengthAsked; 2],
    /// Rung by writes to a pair that is watched.
    wakeup: Arc<Wakeup>,
    watches: Vec<Watch>,
    /// When its turn is; `None`: when it rings.
    turn: Option<Instant>,
    /// Looks without news.
    still: u32,
    /// Looks with news in a row.
    streak: u32,
    /// A reader has seen news before the recorder did.
    stirred: bool,
    /// When a reader of this process has asked, and when the others were looked for.
    asked: Option<Instant>,
    looked_for: Option<Instant>,
    /// Nothing is recorded any more.
    over: bool,
    /// Why that is before the end of the app.
    error: Option<io::Error>,
}

impl Recording {
    fn new(pair: Pair, logs: [PathBuf; 2], above: &Arc<Wakeup>) -> Self {
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

    /// Looks at the pair if it is time to.
    fn visit(&mut self, now: Instant, moment: ClockReading) -> io::Result<()> {
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
    fn ask_for_indexes(&mut self, keeper: &Arc<Keeper>, last: bool) {
        let (_, sizes) = self.pair.seen();
        for ((mark, log), size) in self.marks.iter_mut().zip(&self.logs).zip(sizes) {
            if mark.is_due(size, last) {
                keeper.ask(log.clone(), last);
            }
        }
    }

    /// Nothing is recorded any more.
    fn end(&mut self, error: Option<io::Error>) {
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::arrival::{Arrivals, LOGS, View};
    use std::io::Write;

    fn logs() -> (tempfile::TempDir, [std::fs::File; 2]) {
        let folder = tempfile::tempdir().unwrap();
        let files = LOGS.map(|name| std::fs::File::create(folder.path().join(name)).unwrap());
        (folder, files)
    }

    #[test]
    fn lines_written_in_turn_have_their_order_and_their_moments() {
        let (folder, mut files) = logs();
        start(folder.path()).unwrap();
        let end_of = |n: usize| (n as u64 / 2 + 1) * 7 - 1;
        let mut moments = Vec::new();
        for n in 0..40 {
            let written = civil::now();
            files[n % 2].write_all(b"a line\n").unwrap();
            // What is written before the recorder has looked counts as come together with this.
            while Arrivals::open(folder.path(), n % 2).is_none_or(|mut record| record.of(end_of(n)).is_none())
            {
                std::thread::sleep(Duration::from_millis(1));
            }
            moments.push(written..civil::now());
        }
        stop(folder.path()).unwrap();
        let mut records = [0, 1].map(|side| Arrivals::open(folder.path(), side).unwrap());
        let came: Vec<_> = (0..40).map(|n| records[n % 2].of(end_of(n)).unwrap()).collect();
        assert!(came.is_sorted_by(|a, b| a.note < b.note), "{came:?}");
        for (arrival, moment) in came.iter().zip(moments) {
            // The clock of the record counts whole milliseconds from its start, which the wall clock may not.
            let slack = 20_000_000;
            assert!(
                (moment.start - slack..moment.end + slack).contains(&arrival.wall),
                "{arrival:?} {moment:?}"
            );
        }
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

    #[test]
    fn a_reader_goes_on_alone_where_nobody_records_any_more() {
        let (folder, files) = logs();
        // A recorder that died: its record was not closed.
        let pair = Pair::new(Session { id: 1, wall: 0 }, folder.path().to_path_buf()).unwrap();
        drop(pair);
        let sizes = |at: usize| Ok(files[at].metadata().map_or(0, |m| m.len()));
        let mut view = View::open(folder.path()).unwrap();
        assert!(view.look(false, &mut { sizes }).unwrap().is_empty());
        files[1].set_len(5).unwrap();
        assert!(view.look(false, &mut { sizes }).unwrap().is_empty() && view.waits());
        std::thread::sleep(Duration::from_millis(1_050));
        assert_eq!(view.look(false, &mut { sizes }).unwrap(), [[0, 5]]);
        files[0].set_len(5).unwrap();
        assert_eq!(view.look(false, &mut { sizes }).unwrap(), [[5, 5]]);
    }

    #[test]
    fn a_reader_goes_on_alone_where_the_record_is_damaged() {
        let (folder, mut files) = logs();
        start(folder.path()).unwrap();
        let sizes = LOGS.map(|name| folder.path().join(name));
        let mut size = |at: usize| Ok(std::fs::metadata(&sizes[at]).map_or(0, |m| m.len()));
        let mut view = View::open(folder.path()).unwrap();
        std::fs::write(crate::arrival::path(folder.path()), "").unwrap();
        let mut shown = [0, 0];
        for n in 0..10 {
            files[n % 2].write_all(b"a line\n").unwrap();
            shown = view.look(false, &mut size).unwrap().last().copied().unwrap_or(shown);
        }
        assert_eq!(shown, [35, 35]);
        stop(folder.path()).unwrap();
    }
}
