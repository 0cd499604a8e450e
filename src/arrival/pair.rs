//! The two logs of a replica, looked at together, and what is noted of them.
//!
//! What a reader is told it may show (`seen`) moves so that the notes, made later, say the same order: behind a note,
//! stdout may grow, and then stderr. When stdout grows after stderr, what was seen must be noted first. Where the record
//! may not grow so fast, both logs stand still for readers until it may.

use std::fs::File;
use std::io::{self, Write};
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};

use super::beside::{self, LOGS};
use super::notes::{HEADER, LONGEST, SLOT, Session, Slot, TICK, Totals};

/// A record is at most one part in so many of its logs.
const SHARE: u64 = 100;

/// A record of small logs may have so many bytes, though that be more than [`SHARE`] of them: twice as many where
/// somebody reads along, who would have to wait else.
const FLOOR: u64 = 4 << 10;

/// Whatever the record's length, so long after the last note the next one may be made that an order needs, in ticks.
const APART: u64 = 250_000_000 / TICK;

/// What has grown is noted after so long at the latest if there is room, in ticks: a line's time is meant to a second.
const DUE: u64 = 500_000_000 / TICK;

/// Notes are kept in memory for at most so long before they are written, in ticks.
const KEEP: u64 = 250_000_000 / TICK;

/// The wall clock is noted when it has moved by so much against the ticks, in nanoseconds.
const DRIFT: u64 = 100_000_000;

/// How often the sizes are asked for again when the first log grew between two looks at it.
const TRIES: usize = 3;

/// A moment: the tick and how far the wall clock is from where the ticks put it.
#[derive(Clone, Copy, Debug)]
pub struct ClockReading {
    /// The tick of the session.
    pub tick: u64,
    /// In nanoseconds.
    pub drift: i64,
}

/// The sizes of two logs at one moment: whoever wrote to one and then to the other is not seen the wrong way round.
pub fn snapshot<E>(mut size: impl FnMut(usize) -> Result<u64, E>) -> Result<[u64; 2], E> {
    let mut before = size(0)?;
    for _ in 0..TRIES {
        let second = size(1)?;
        let after = size(0)?;
        if after == before {
            return Ok([after, second]);
        }
        before = after;
    }
    // The first is written to without a pause: which came first of what came just now, nobody can say.
    Ok([before, size(1)?])
}

/// The logs of a replica and their record.
#[derive(Debug)]
pub struct Pair {
    directory: PathBuf,
    paths: [PathBuf; 2],
    logs: [Option<File>; 2],
    session: Session,
    record: File,
    /// As of the last note.
    state: Totals,
    /// What readers may show: at which tick that was, and up to where.
    seen: (u64, [u64; 2]),
    /// What had grown by then had been noted.
    clean: u64,
    /// Notes that are not written yet, and since when.
    unwritten: Vec<u8>,
    written: u64,
    /// How long the record is, in bytes, with what is not written yet.
    length: u64,
    /// A reader of this process asked lately, or one of another process holds on to the record.
    pub attended: bool,
    /// A reader in another process goes by the slot.
    pub told: bool,
}

impl Pair {
    /// Begins the record of the logs in `directory`.
    pub fn new(session: Session, directory: PathBuf) -> io::Result<Self> {
        let mut record = beside::create(&directory)?;
        record.write_all(&session.header())?;
        record.write_all(&Slot::default().to_bytes(session))?;
        Ok(Self {
            paths: LOGS.map(|name| directory.join(name)),
            directory,
            logs: [None, None],
            session,
            record,
            state: Totals::default(),
            seen: (0, [0, 0]),
            clean: 0,
            unwritten: Vec::new(),
            written: 0,
            length: (HEADER + SLOT) as u64,
            attended: false,
            told: false,
        })
    }

    /// The logs' paths.
    pub fn paths(&self) -> &[PathBuf; 2] {
        &self.paths
    }

    /// Where both lie.
    pub fn directory(&self) -> &Path {
        &self.directory
    }

    /// The record.
    pub fn record(&self) -> &File {
        &self.record
    }

    /// What readers may show, and how many notes come before.
    pub fn seen(&self) -> (u64, [u64; 2]) {
        (self.state.notes, self.seen.1)
    }

    /// Looks at both logs; says whether anything is new. `last`: nothing is held back for want of room.
    pub fn look(&mut self, now: ClockReading, last: bool) -> io::Result<bool> {
        let (paths, logs) = (&self.paths, &mut self.logs);
        // A log that was moved away or removed was not cut: what was noted of it stays true.
        let known = self.seen.1;
        let sizes = snapshot(|at| Ok::<_, io::Error>(size(&paths[at], &mut logs[at])?.unwrap_or(known[at])))?;
        if sizes == self.seen.1 {
            return Ok(false);
        }
        let now = ClockReading { tick: now.tick.max(self.seen.0), ..now };
        let [out, err] = self.seen.1;
        let cut = sizes[0] < out || sizes[1] < err;
        let turned = sizes[0] > out && err > self.state.sizes[1];
        let held = (cut || turned) && !self.note(now, if last { Reason::Must } else { Reason::Order });
        if held {
            return Ok(true);
        }
        if !cut && now.tick.saturating_sub(self.clean) >= DUE {
            // What came long ago must not be noted as of now.
            self.note(now, Reason::Time);
        }
        self.seen = (now.tick, sizes);
        if cut {
            self.note(now, Reason::Must);
        }
        Ok(true)
    }

    /// Notes what was seen, if there is room or need; says whether it is noted now.
    fn note(&mut self, now: ClockReading, need: Reason) -> bool {
        let (tick, sizes) = self.seen;
        if sizes == self.state.sizes {
            self.clean = now.tick;
            return true;
        }
        if !self.may_note(now, need) {
            return false;
        }
        let begin = self.unwritten.len();
        if now.drift.abs_diff(self.state.drift) >= DRIFT {
            self.state.set_clock(tick, now.drift, &mut self.unwritten);
        }
        self.state.note(tick, sizes, &mut self.unwritten);
        self.length += (self.unwritten.len() - begin) as u64;
        self.clean = now.tick;
        true
    }

    fn may_note(&self, now: ClockReading, need: Reason) -> bool {
        let share = self.seen.1.iter().fold(0, |sum: u64, size| sum.saturating_add(*size)) / SHARE;
        let floor = if self.attended { 2 * FLOOR } else { FLOOR };
        match need {
            Reason::Must => true,
            _ if self.length + LONGEST as u64 <= share.max(floor) => true,
            Reason::Order => now.tick.saturating_sub(self.state.tick) >= APART,
            Reason::Time => false,
        }
    }

    /// Writes what is due while there is always more.
    pub fn write_if_due(&mut self, now: ClockReading) -> io::Result<()> {
        if now.tick.saturating_sub(self.clean) >= DUE {
            self.note(now, Reason::Time);
        }
        if self.told || now.tick.saturating_sub(self.written) >= KEEP { self.write(now) } else { Ok(()) }
    }

    /// Notes all that was seen of logs that are still, if there is room, and writes it.
    pub fn settle(&mut self, now: ClockReading) -> io::Result<()> {
        self.note(now, Reason::Time);
        self.write(now)
    }

    /// Looks for the last time and notes everything.
    pub fn finish(&mut self, now: ClockReading) -> io::Result<()> {
        let looked = self.look(now, true);
        self.note(now, Reason::Must);
        self.write(now).and(self.put_slot(true)).and(looked.map(drop))
    }

    /// Writes the notes, and the slot if a reader goes by it.
    pub fn write(&mut self, now: ClockReading) -> io::Result<()> {
        self.written = now.tick;
        if !self.unwritten.is_empty() {
            self.record.write_all(&self.unwritten)?;
            self.unwritten.clear();
        }
        if self.told { self.put_slot(false) } else { Ok(()) }
    }

    /// Tells readers how many notes there are and how far they may show the logs. `closed`: nothing is noted any more,
    /// and whoever reads along has to go on alone.
    pub fn put_slot(&self, closed: bool) -> io::Result<()> {
        let slot = Slot { notes: self.state.notes, sizes: self.seen.1, closed };
        self.record.write_all_at(&slot.to_bytes(self.session), HEADER as u64)
    }

    /// Closes the logs; they are opened again when needed.
    pub fn rest(&mut self) {
        self.logs = [None, None];
    }
}

/// Why something is to be noted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Reason {
    /// There will be no other chance.
    Must,
    /// Else nothing of what came since could be shown.
    Order,
    /// So that lines have a time.
    Time,
}

/// The size of a log, in bytes; `None` while it is not there.
fn size(path: &Path, log: &mut Option<File>) -> io::Result<Option<u64>> {
    let log = match log {
        Some(log) => log,
        none => match File::open(path) {
            Ok(log) => none.insert(log),
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(error),
        },
    };
    // The place of our own descriptor: asking for it costs a third of a stat.
    Ok(Some(rustix::fs::seek(log, rustix::fs::SeekFrom::End(0))?))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::arrival::arrivals::{Arrivals, Notes};
    use proptest::prelude::*;

    fn moment(tick: u64) -> ClockReading {
        ClockReading { tick, drift: 0 }
    }

    fn pair() -> (tempfile::TempDir, Pair, [File; 2]) {
        let folder = tempfile::tempdir().unwrap();
        let logs = LOGS.map(|name| File::create(folder.path().join(name)).unwrap());
        let pair = Pair::new(Session { id: 1, wall: 0 }, folder.path().to_path_buf()).unwrap();
        (folder, pair, logs)
    }

    /// The order in which the bytes of both logs are shown by who reads up to each of `steps` in turn.
    fn order(steps: &[[u64; 2]]) -> Vec<(usize, u64)> {
        let mut shown = Vec::new();
        let mut at = [0, 0];
        for step in steps {
            for side in 0..2 {
                shown.extend((at[side]..step[side]).map(|byte| (side, byte)));
                at[side] = at[side].max(step[side]);
            }
        }
        shown
    }

    fn noted(folder: &Path) -> Vec<[u64; 2]> {
        let mut notes = Notes::open(folder).unwrap();
        std::iter::from_fn(|| notes.next()).map(|state| state.sizes).collect()
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 64, ..ProptestConfig::default() })]
        /// Whatever is written and whoever looks when: what was shown is what the record says later, also where the
        /// record may not grow as fast as the logs.
        #[test]
        fn what_is_shown_is_what_will_be_noted(
            steps in proptest::collection::vec((0u64..3, 0u64..3, 0u64..400, 0u8..8), 0..900),
        ) {
            let (folder, mut pair, logs) = pair();
            let (mut tick, mut sizes, mut shown, mut read) = (0, [0, 0], Vec::new(), Vec::new());
            let mut reader = Notes::open(folder.path()).unwrap();
            for (out, err, pause, what) in steps {
                sizes = [sizes[0] + out, sizes[1] + err];
                logs.iter().zip(sizes).for_each(|(log, size)| log.set_len(size).unwrap());
                tick += if what == 0 { pause } else { 1 };
                pair.look(moment(tick), false).unwrap();
                match what {
                    1 => pair.settle(moment(tick)).unwrap(),
                    2..5 => {
                        pair.write(moment(tick)).unwrap();
                        read.extend(std::iter::from_fn(|| reader.next()).map(|state| state.sizes));
                        shown.clone_from(&read);
                        shown.push(pair.seen().1);
                        let told = order(&shown);
                        read = shown.clone();
                        prop_assert!(told.len() as u64 <= sizes[0] + sizes[1]);
                    }
                    _ => pair.write_if_due(moment(tick)).unwrap(),
                }
            }
            pair.finish(moment(tick + 1)).unwrap();
            let later = order(&noted(folder.path()));
            prop_assert_eq!(later.len() as u64, sizes[0] + sizes[1]);
            prop_assert_eq!(&later[..order(&shown).len()], &order(&shown)[..]);
            // Looked up byte by byte, it is the same order.
            let mut arrivals = [0, 1].map(|side| Arrivals::open(folder.path(), side).unwrap());
            let mut by_note: Vec<_> = later.clone();
            by_note.sort_by_key(|&(side, byte)| (arrivals[side].of(byte).unwrap().note, side, byte));
            prop_assert_eq!(by_note, later);
        }
    }

    #[test]
    fn the_record_of_large_logs_is_a_hundredth_of_them_at_most() {
        let (folder, mut pair, mut logs) = pair();
        for n in 0..40_000_u64 {
            logs[usize::from(n % 3 == 0)].write_all(&[b'x'; 99]).unwrap();
            pair.look(moment(n), false).unwrap();
            pair.write_if_due(moment(n)).unwrap();
        }
        pair.finish(moment(40_000)).unwrap();
        let size = |name: &str| std::fs::metadata(folder.path().join(name)).unwrap().len();
        let (logs, record) = (size(LOGS[0]) + size(LOGS[1]), size(".logdex/arrivals"));
        assert!(record * 100 <= logs + 5_000 && record * 200 > logs, "{record} of {logs}");
    }

    #[test]
    fn a_log_that_is_cut_arrives_anew() {
        let (folder, mut pair, logs) = pair();
        for (tick, size) in [(10, 100), (20, 5), (30, 50)] {
            logs[0].set_len(size).unwrap();
            pair.look(moment(tick), false).unwrap();
            pair.settle(moment(tick)).unwrap();
        }
        pair.finish(moment(40)).unwrap();
        let mut arrivals = Arrivals::open(folder.path(), 0).unwrap();
        let ticks: Vec<_> = [0, 4, 5, 49].map(|at| arrivals.of(at).unwrap().tick).into();
        assert_eq!(ticks, [20, 20, 30, 30]);
        assert_eq!(arrivals.of(50), None);
        // Of more than is there, it does not speak.
        logs[0].set_len(3).unwrap();
        assert!(Arrivals::open(folder.path(), 0).is_none());
    }

    #[test]
    fn what_a_follower_sees_before_it_is_noted_has_no_moment_yet() {
        let (folder, mut pair, logs) = pair();
        logs[0].set_len(5).unwrap();
        pair.look(moment(10), false).unwrap();
        pair.settle(moment(10)).unwrap();
        let mut live = Arrivals::open(folder.path(), 0).unwrap();
        live.keep_up();
        // A reader in another process goes by the slot, which says how far, and not when.
        pair.told = true;
        logs[0].set_len(9).unwrap();
        pair.look(moment(3_600_000), false).unwrap();
        pair.write(moment(3_600_000)).unwrap();
        assert_eq!((live.of(4).unwrap().tick, live.of(8)), (10, None));
        pair.settle(moment(3_600_020)).unwrap();
        assert_eq!(live.of(8).unwrap().tick, 3_600_000);
    }

    #[test]
    fn a_look_that_a_reader_has_overtaken_is_none_of_the_past() {
        let (folder, mut pair, logs) = pair();
        for (tick, (at, size)) in [(0, 1), (1, 1), (0, 2)].into_iter().enumerate() {
            logs[at].set_len(size).unwrap();
            pair.look(moment(100 + tick as u64), false).unwrap();
        }
        // The recorder looked at its clock before that, and had to wait for the reader.
        logs[1].set_len(2).unwrap();
        pair.look(moment(99), false).unwrap();
        pair.write_if_due(moment(99)).unwrap();
        pair.finish(moment(103)).unwrap();
        assert_eq!(noted(folder.path()), [[1, 1], [2, 2]]);
    }

    #[test]
    fn a_log_that_was_moved_away_was_not_cut() {
        let (folder, mut pair, logs) = pair();
        for log in &logs {
            log.set_len(5).unwrap();
        }
        pair.look(moment(10), false).unwrap();
        pair.settle(moment(10)).unwrap();
        pair.rest();
        std::fs::remove_file(folder.path().join(LOGS[0])).unwrap();
        logs[1].set_len(7).unwrap();
        pair.look(moment(20), false).unwrap();
        pair.finish(moment(30)).unwrap();
        assert_eq!(noted(folder.path()), [[5, 5], [5, 7]]);
    }

    #[test]
    fn what_comes_slowly_has_its_own_moment_and_order() {
        let (folder, mut pair, logs) = pair();
        for n in 1..=400_u64 {
            logs[(n % 2) as usize].set_len(n).unwrap();
            pair.look(moment(n * 300), false).unwrap();
            pair.write_if_due(moment(n * 300)).unwrap();
        }
        pair.finish(moment(200_000)).unwrap();
        let mut arrivals = [0, 1].map(|side| Arrivals::open(folder.path(), side).unwrap());
        let moments: Vec<_> =
            (1..=400_u64).map(|n| arrivals[(n % 2) as usize].of(n - 1).unwrap().note).collect();
        // stdout and the stderr behind it may share a note; what was written first never has the later one.
        assert!(moments.is_sorted(), "{moments:?}");
    }
}
