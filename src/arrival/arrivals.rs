//! Reading a record: when the byte at an offset had arrived.

use std::fs::File;
use std::ops::Range;
use std::os::unix::fs::FileExt;
use std::path::Path;
use std::sync::Arc;

use super::beside::{self, LOGS};
use super::notes::{HEADER, LONGEST, NOTES, SLOT, Session, Slot, Totals};
use crate::system::directory::directory_of;

/// How much of a record is read at once, in bytes.
const CHUNK: usize = 16 << 10;

/// When something had arrived.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Arrival {
    /// The note by which it was there, counted from 1: what arrived earlier has a lower number.
    pub note: u64,
    /// The moment on the recorder's clock, in milliseconds.
    pub tick: u64,
    /// The wall clock then, in nanoseconds since 1970 UTC.
    pub wall: i64,
}

/// A record, read note by note.
#[derive(Clone, Debug)]
pub struct Notes {
    file: Arc<File>,
    session: Session,
    /// What was read and not taken.
    chunk: Vec<u8>,
    used: usize,
    /// Where in the file the chunk ends.
    read: u64,
    state: Totals,
}

impl Notes {
    /// The record of the logs in `directory`, if there is one that can be believed; before its first note.
    pub fn open(directory: &Path) -> Option<Self> {
        let file = Arc::new(beside::open(directory)?);
        let mut header = [0; HEADER];
        file.read_exact_at(&mut header, 0).ok()?;
        let session = Session::of(&header)?;
        Some(Self { file, session, chunk: Vec::new(), used: 0, read: NOTES, state: Totals::default() })
    }

    /// The file.
    pub fn file(&self) -> &File {
        &self.file
    }

    /// After the last note that was taken.
    pub fn state(&self) -> Totals {
        self.state
    }

    /// Takes the next note; `None` if there is none yet.
    pub fn next(&mut self) -> Option<Totals> {
        let (state, length) = self.peek()?;
        (self.state, self.used) = (state, self.used + length);
        Some(state)
    }

    /// The state after the next note, and that note's length.
    fn peek(&mut self) -> Option<(Totals, usize)> {
        if self.chunk.len() - self.used < LONGEST {
            self.fill();
        }
        let mut state = self.state;
        let length = state.take(&self.chunk[self.used..])?;
        Some((state, length))
    }

    /// Takes the next note that [`Notes::peek`] has shown.
    fn skip(&mut self, (state, length): (Totals, usize)) {
        (self.state, self.used) = (state, self.used + length);
    }

    fn fill(&mut self) {
        self.chunk.drain(..self.used);
        self.used = 0;
        let known = self.chunk.len();
        self.chunk.resize(CHUNK, 0);
        let got = self.file.read_at(&mut self.chunk[known..], self.read).unwrap_or(0);
        self.chunk.truncate(known + got);
        self.read += got as u64;
    }

    /// What was seen since the last note, as far as a reader was told of it.
    pub fn slot(&self) -> Option<Slot> {
        let mut bytes = [0; SLOT];
        self.file.read_exact_at(&mut bytes, HEADER as u64).ok()?;
        Slot::of(&bytes, self.session)
    }

    fn arrival(&self, state: Totals) -> Arrival {
        Arrival { note: state.notes, tick: state.tick, wall: state.wall(self.session) }
    }
}

/// When the bytes of one of the two logs had arrived.
#[derive(Clone, Debug)]
pub struct Arrivals {
    notes: Notes,
    /// Which of the two.
    side: usize,
    /// Notes before this are of what stood in the log before it was cut.
    begin: u64,
    /// After the last note, as far as it was read.
    end: Totals,
    /// What was seen since, as it was told to readers.
    seen: [u64; 2],
    /// The last answer, and the bytes that it is true of: most lines arrive with their neighbours.
    known: (Range<u64>, Option<Arrival>),
    /// Whether what is noted later counts too.
    live: bool,
}

impl Arrivals {
    /// Those of `log`, which is one of two that may have a record.
    pub fn of_log(log: &Path) -> Option<Self> {
        let side = LOGS.iter().position(|name| log.file_name().is_some_and(|found| found == *name))?;
        Self::open(directory_of(log), side)
    }

    /// Those of the log `side` in `directory`.
    pub fn open(directory: &Path, side: usize) -> Option<Self> {
        let mut notes = Notes::open(directory)?;
        let slot = notes.slot();
        let (mut begin, mut last) = (0, Totals::default());
        while let Some(state) = notes.next() {
            if state.sizes[side] < last.sizes[side] {
                begin = state.notes;
            }
            last = state;
        }
        // A record that speaks of more than there is speaks of another file.
        let there = LOGS.map(|name| std::fs::metadata(directory.join(name)).map_or(0, |m| m.len()));
        if last.sizes[side] > there[side] {
            return None;
        }
        let seen = slot.filter(|slot| slot.notes == last.notes).map_or(last.sizes, |slot| slot.sizes);
        let mut found = Self { notes, side, begin, end: last, seen, known: (0..0, None), live: false };
        found.rewind();
        Some(found)
    }

    /// Leaves out of account what was noted after the first `notes` notes but for what was `seen` then.
    pub fn limit(&mut self, notes: u64, seen: [u64; 2]) {
        self.end.notes = self.end.notes.min(notes);
        self.seen = seen;
        self.known = (0..0, None);
    }

    /// Whether every byte before `size` has its moment.
    pub fn covers(&self, size: u64) -> bool {
        self.seen[self.side] >= size
    }

    /// From here on, what is noted later counts too.
    pub fn keep_up(&mut self) {
        (self.live, self.end.notes) = (true, u64::MAX);
    }

    /// The moment of the last note, for what has come later.
    pub fn last(&self) -> Arrival {
        self.notes.arrival(self.end)
    }

    /// When the byte at `offset` had arrived; `None` if the record ends before it. Cheap for ascending offsets.
    pub fn of(&mut self, offset: u64) -> Option<Arrival> {
        if !self.known.0.contains(&offset) {
            self.known = match self.of_until(offset) {
                Some((arrival, end)) => (offset..end, Some(arrival)),
                None if self.live => return None,
                // Nor is it recorded of any byte after this one.
                None => (offset..u64::MAX, None),
            };
        }
        self.known.1
    }

    /// The same, and the offset before which the bytes after it had arrived, too.
    pub fn of_until(&mut self, offset: u64) -> Option<(Arrival, u64)> {
        let side = self.side;
        if self.notes.state.sizes[side] > offset && self.notes.state.notes >= self.begin {
            self.rewind();
        }
        while self.notes.state.notes < self.end.notes
            && let Some(next) = self.notes.peek()
        {
            if next.0.sizes[side] > offset && next.0.notes >= self.begin {
                // Not taken: the next offset may be covered by the same note.
                return Some((self.notes.arrival(next.0), next.0.sizes[side]));
            }
            self.notes.skip(next);
        }
        if self.live {
            // Seen perhaps, but not noted yet: it came after the last note, and when will be told.
            return None;
        }
        // Seen and told, but no longer noted.
        let (last, seen) = (self.notes.state, self.seen[side]);
        let arrival = Arrival { note: last.notes + 1, ..self.notes.arrival(last) };
        (seen > offset).then_some((arrival, seen))
    }

    fn rewind(&mut self) {
        let notes = &mut self.notes;
        (notes.read, notes.used, notes.state) = (NOTES, 0, Totals::default());
        notes.chunk.clear();
    }
}
