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

use super::beside::LOGS;
use super::keeper::Keeper;
use super::notes::{Session, TICK};
use super::pair::{ClockReading, Pair};
use super::recording::Recording;
use crate::stamp::civil;
use crate::system::lock::{lock, lock_soon};
use crate::system::wakeup::Wakeup;

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
    let Some(recording) = recorder.take(directory) else { return Ok(()) };
    let mut recording = lock(&recording);
    if !recording.over {
        let finished = recording.pair.finish(recorder.now());
        recording.ask_for_indexes(&recorder.keeper, true);
        recording.end(finished.err());
    }
    recording.error.take().map_or(Ok(()), Err)
}

/// Looks at the two logs in `directory` now: how many notes there are of them, and up to where they may be shown. `last`:
/// all is to be told. `None` if this process does not record them.
pub fn look(directory: &Path, last: bool) -> Option<(u64, [u64; 2])> {
    let recorder = Recorder::here()?;
    let recording = Arc::clone(lock(&recorder.pairs).get(directory)?);
    let mut recording = lock(&recording);
    if recording.over {
        return None;
    }
    recording.asked = Some(Instant::now());
    recording.pair.attended = true;
    let now = recorder.now();
    // A log that cannot be looked at now has no news.
    recording.stirred |= recording.pair.look(now, last).unwrap_or(false);
    if let Err(error) = recording.pair.write(now) {
        recording.end(Some(error));
        return None;
    }
    Some(recording.pair.seen())
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

    /// Takes the logs in `directory` out of those that are recorded.
    fn take(&self, directory: &Path) -> Option<Arc<Mutex<Recording>>> {
        let mut pairs = lock(&self.pairs);
        if let Ok(directory) = std::fs::canonicalize(directory) {
            return pairs.remove(&directory);
        }
        // It was removed or moved away while its app ran; what records it must not go on for ever.
        let mut places = pairs.iter();
        let place = places.find(|(_, recording)| lock(recording).is_called(directory))?.0.clone();
        pairs.remove(&place)
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
        for recording in pairs {
            let mut recording = lock(&recording);
            if recording.over {
                continue;
            }
            let visited = recording.visit(now, moment);
            recording.ask_for_indexes(&self.keeper, false);
            match visited {
                Ok(()) => next = recording.turn.into_iter().chain(next).min(),
                Err(error) => recording.end(Some(error)),
            }
        }
        next
    }
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
    fn logs_that_were_removed_or_moved_away_are_recorded_no_longer_than_others() {
        for is_moved in [false, true] {
            let (folder, mut files) = logs();
            let place = std::fs::canonicalize(folder.path()).unwrap();
            let (before, after) = (place.join("before"), place.join("after"));
            std::fs::create_dir(&before).unwrap();
            for name in LOGS {
                std::fs::rename(place.join(name), before.join(name)).unwrap();
            }
            start(&before).unwrap();
            files[0].write_all(b"a line\n").unwrap();
            while look(&before, false).is_none_or(|(_, sizes)| sizes != [7, 0]) {}
            if is_moved {
                std::fs::rename(&before, &after).unwrap();
            } else {
                std::fs::remove_dir_all(&before).unwrap();
            }
            stop(&before).unwrap();
            let recorder = Recorder::here().unwrap();
            assert!(!lock(&recorder.pairs).contains_key(&before), "still recorded");
            let arrived = Arrivals::open(&after, 0).and_then(|mut record| record.of(6));
            assert_eq!(arrived.is_some(), is_moved);
        }
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
