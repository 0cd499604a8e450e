//! The two logs of a replica, looked at together.

use std::collections::VecDeque;
use std::fs::File;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use super::beside;
use super::notes::{HEADER, LONGEST, Session, State, TICK};

/// A pair of small logs may have records of so many bytes, though that be more than [`SHARE`] of them.
const FLOOR: u64 = 8 << 10;

/// The records of a pair are at most one part in so many of its logs.
const SHARE: u64 = 100;

/// Notes are kept in memory for at most so long before they are written.
const KEEP: Duration = Duration::from_millis(250);

/// The wall clock is noted when it has moved by so much against the ticks, in nanoseconds.
const DRIFT: i64 = 1_000_000;

/// A small log has a note at least so often while it grows, in ticks: a line's time is meant to a second.
const DUE: u64 = 1_000_000_000 / TICK / 2;

/// How many looks are remembered for readers: some seconds of them.
const RECENT: usize = 1024;

/// How often the sizes are asked for again when the first log grew between two looks at it.
const TRIES: usize = 3;

/// A moment: the tick and how far the wall clock is from where the ticks put it.
#[derive(Clone, Copy, Debug)]
pub struct Moment {
    /// The tick of the session.
    pub tick: u64,
    /// In nanoseconds.
    pub drift: i64,
}

/// The sizes of two logs at one moment: whoever wrote to one and then to the other is not seen the wrong way round.
pub fn snapshot<E>(
    mut first: impl FnMut() -> Result<u64, E>,
    mut second: impl FnMut() -> Result<u64, E>,
) -> Result<[u64; 2], E> {
    let mut before = first()?;
    for _ in 0..TRIES {
        let other = second()?;
        let after = first()?;
        if after == before {
            return Ok([after, other]);
        }
        before = after;
    }
    // The first is written to without a pause: which came first of what came just now, nobody can say.
    Ok([before, second()?])
}

/// One log and its record.
#[derive(Debug)]
struct Noted {
    path: PathBuf,
    log: Option<File>,
    record: Option<File>,
    /// As of the last note.
    state: State,
    /// As of the last look: the tick at which it was seen to have grown, and its size then.
    seen: (u64, u64),
    /// Notes that are not written yet.
    unwritten: Vec<u8>,
}

impl Noted {
    fn new(path: PathBuf) -> Self {
        let (state, unwritten) = (State::default(), Vec::new());
        Self { path, log: None, record: None, state, seen: (0, 0), unwritten }
    }

    fn size(&mut self) -> io::Result<u64> {
        if self.log.is_none() {
            self.log = Some(File::open(&self.path)?);
        }
        // The place of our own descriptor: asking for it costs a third of a stat.
        self.log.as_ref().map_or(Ok(0), |log| Ok(rustix::fs::seek(log, rustix::fs::SeekFrom::End(0))?))
    }

    fn is_behind(&self) -> bool {
        self.state.size != self.seen.1
    }

    /// Notes what was seen last; returns how many bytes that takes.
    fn note(&mut self, drift: i64) -> u64 {
        if !self.is_behind() {
            return 0;
        }
        let begin = self.unwritten.len();
        if drift.abs_diff(self.state.drift) >= DRIFT.unsigned_abs() {
            self.state.set_clock(self.seen.0, drift, &mut self.unwritten);
        }
        self.state.note(self.seen.0, self.seen.1, &mut self.unwritten);
        (self.unwritten.len() - begin) as u64
    }

    fn write(&mut self, session: Session) -> io::Result<()> {
        if self.unwritten.is_empty() {
            return Ok(());
        }
        let record = match &mut self.record {
            Some(record) => record,
            none => {
                let mut record = beside::create(&self.path)?;
                record.write_all(&session.header())?;
                none.insert(record)
            }
        };
        record.write_all(&self.unwritten)?;
        self.unwritten.clear();
        Ok(())
    }
}

/// The logs of a replica, stdout first.
#[derive(Debug)]
pub struct Pair {
    logs: [Noted; 2],
    session: Session,
    /// The tick of the last look that saw growth.
    tick: u64,
    /// The last looks that saw growth, by tick: readers in this process go by each of them.
    recent: VecDeque<(u64, [u64; 2])>,
    /// Which log has grown last.
    grown: Option<usize>,
    /// How long the records are, in bytes.
    length: u64,
    written: Instant,
    /// Nothing is recorded any more: a record could not be written.
    failed: bool,
}

impl Pair {
    /// Will note how the logs at `paths` grow.
    pub fn new(session: Session, paths: [PathBuf; 2]) -> Self {
        let logs = paths.map(Noted::new);
        let written = Instant::now();
        Self {
            logs,
            session,
            tick: 0,
            recent: VecDeque::new(),
            grown: None,
            length: 0,
            written,
            failed: false,
        }
    }

    /// The logs' paths.
    pub fn paths(&self) -> [&Path; 2] {
        [&self.logs[0].path, &self.logs[1].path]
    }

    /// Looks at both logs and notes what has changed; says whether anything has, and both sizes.
    pub fn look(&mut self, now: Moment) -> io::Result<(bool, [u64; 2])> {
        let [first, second] = &mut self.logs;
        let sizes = snapshot(|| first.size(), || second.size())?;
        let grown = [sizes[0] != self.logs[0].seen.1, sizes[1] != self.logs[1].seen.1];
        if !grown[0] && !grown[1] {
            return Ok((false, sizes));
        }
        // Two looks have two ticks, however close they are.
        self.tick = now.tick.max(self.tick + 1);
        self.recent.push_back((self.tick, sizes));
        if self.recent.len() > RECENT {
            self.recent.pop_front();
        }
        let both = grown[0] && grown[1];
        for at in 0..2 {
            if !grown[at] {
                continue;
            }
            let turned = both || self.grown.is_some_and(|last| last != at);
            if turned {
                // What the other has before this must not be noted with what it has after.
                self.spend(1 - at, now.drift, FLOOR);
            }
            self.logs[at].seen = (self.tick, sizes[at]);
            self.grown = Some(at);
            self.spend(at, now.drift, if turned { FLOOR } else { 0 });
        }
        Ok((true, sizes))
    }

    /// The tick of the last look that saw growth, and the sizes at each one after `tick`.
    pub fn since(&self, tick: u64) -> (u64, Vec<[u64; 2]>) {
        let later = self.recent.iter().filter(|(at, _)| *at > tick);
        (self.tick, later.map(|(_, sizes)| *sizes).collect())
    }

    /// Notes what one log was seen to have, if the records may be so long: at most `floor`, or their share.
    fn spend(&mut self, at: usize, drift: i64, floor: u64) {
        let share = (self.logs[0].seen.1.saturating_add(self.logs[1].seen.1)) / SHARE;
        let begun =
            if self.logs[at].record.is_none() && self.logs[at].unwritten.is_empty() { HEADER } else { 0 };
        if self.length + (begun + LONGEST) as u64 <= share.max(floor) {
            let noted = self.logs[at].note(drift);
            self.length += if noted > 0 { noted + begun as u64 } else { 0 };
        }
    }

    /// Notes all that was seen of logs that are still, if there is room.
    pub fn settle(&mut self, drift: i64) -> io::Result<()> {
        for at in 0..2 {
            self.spend(at, drift, FLOOR);
        }
        self.write(drift)
    }

    /// Writes what was noted, if that is due.
    pub fn write_if_due(&mut self, drift: i64) -> io::Result<()> {
        if self.written.elapsed() < KEEP { Ok(()) } else { self.write(drift) }
    }

    /// Notes what is due, and writes all notes.
    pub fn write(&mut self, drift: i64) -> io::Result<()> {
        self.written = Instant::now();
        for at in 0..2 {
            let due = self.tick - self.logs[at].state.tick >= DUE;
            self.spend(at, drift, if due { FLOOR } else { 0 });
        }
        self.write_out()
    }

    /// Notes all that was seen, whatever it takes, and writes it: the end of the record.
    pub fn finish(&mut self, drift: i64) -> io::Result<()> {
        for log in &mut self.logs {
            log.note(drift);
        }
        self.write_out()
    }

    fn write_out(&mut self) -> io::Result<()> {
        if self.failed {
            return Ok(());
        }
        for log in &mut self.logs {
            if let Err(error) = log.write(self.session) {
                self.failed = true;
                let problem = format!("{}: {error}", log.path.display());
                return Err(io::Error::new(error.kind(), problem));
            }
        }
        Ok(())
    }

    /// Closes the files; they are opened again when needed.
    pub fn rest(&mut self) {
        for log in &mut self.logs {
            log.log = None;
        }
    }
}
