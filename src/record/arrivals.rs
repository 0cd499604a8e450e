//! Reading a record: when the byte at an offset had arrived.

use std::fs::File;
use std::os::unix::fs::FileExt;
use std::path::Path;

use super::beside;
use super::notes::{HEADER, LONGEST, Session, State};

/// How much of a record is read at once, in bytes.
const CHUNK: usize = 64 << 10;

/// When something had arrived.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Arrival {
    /// The moment on the recorder's clock, for comparing.
    pub tick: u64,
    /// The wall clock then, in nanoseconds since 1970 UTC.
    pub wall: i64,
}

/// The record of one log, read forwards.
#[derive(Debug)]
pub struct Arrivals {
    file: File,
    session: Session,
    /// Where the notes of the file as it is now begin: after the last time that the log shrank.
    begin: (u64, State),
    /// What was read of the record and not looked at.
    chunk: Vec<u8>,
    used: usize,
    /// Where in the record the chunk ends.
    read: u64,
    /// After the last entry that was taken.
    state: State,
    /// After the last entry of all.
    last: State,
    /// Whether nothing follows, as far as was looked.
    over: bool,
}

impl Arrivals {
    /// The record of `log`, if there is one that can be believed.
    pub fn beside(log: &Path) -> Option<Self> {
        let found = Self::open(beside::open(log)?)?;
        // A record that speaks of more than there is speaks of another file.
        (found.last.size <= std::fs::metadata(log).ok()?.len()).then_some(found)
    }

    fn open(file: File) -> Option<Self> {
        let mut header = [0; HEADER];
        file.read_exact_at(&mut header, 0).ok()?;
        let session = Session::of(&header)?;
        let state = State::default();
        let begin = (HEADER as u64, state);
        let mut found = Self {
            file,
            session,
            begin,
            chunk: Vec::new(),
            used: 0,
            read: begin.0,
            state,
            last: state,
            over: false,
        };
        while let Some(state) = found.step() {
            if state.size < found.last.size {
                found.begin = (found.place(), state);
            }
            found.last = state;
        }
        found.rewind();
        Some(found)
    }

    /// Which recorder wrote it.
    pub fn session(&self) -> Session {
        self.session
    }

    /// Up to where the log's bytes were noted when the record was opened.
    pub fn end(&self) -> u64 {
        self.last.size
    }

    /// When the byte at `offset` had arrived; `None` if the record ends before it. Cheap for ascending offsets.
    pub fn of(&mut self, offset: u64) -> Option<Arrival> {
        if self.state.size > offset {
            self.rewind();
        }
        // What the log held when it was cut is not known to have come at any moment.
        while self.state.size <= offset && !self.over {
            let Some((state, length)) = self.peek() else {
                self.over = true;
                break;
            };
            if state.size > offset {
                // Not taken: the next offset may be covered by the same note.
                return Some(Arrival { tick: state.tick, wall: state.wall(self.session) });
            }
            (self.state, self.used) = (state, self.used + length);
        }
        None
    }

    fn rewind(&mut self) {
        (self.read, self.state) = self.begin;
        self.chunk.clear();
        (self.used, self.over) = (0, false);
    }

    /// Where in the record the next entry begins.
    fn place(&self) -> u64 {
        self.read - (self.chunk.len() - self.used) as u64
    }

    /// Takes the next entry.
    fn step(&mut self) -> Option<State> {
        let (state, length) = self.peek()?;
        (self.state, self.used) = (state, self.used + length);
        Some(state)
    }

    /// The state after the next entry, and that entry's length.
    fn peek(&mut self) -> Option<(State, usize)> {
        if self.chunk.len() - self.used < LONGEST {
            self.fill();
        }
        let mut state = self.state;
        let length = state.take(&self.chunk[self.used..])?;
        Some((state, length))
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
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::io::Write;

    fn record(notes: &[(u64, u64)]) -> Arrivals {
        let mut file = tempfile::tempfile().unwrap();
        let mut bytes = Session { id: 1, wall: 1_000_000 }.header().to_vec();
        let mut state = State::default();
        for &(tick, size) in notes {
            state.note(tick, size, &mut bytes);
        }
        file.write_all(&bytes).unwrap();
        Arrivals::open(file).unwrap()
    }

    proptest! {
        #[test]
        fn a_byte_arrived_at_the_first_note_that_covers_it(
            steps in proptest::collection::vec((1u64..1000, 1u64..200), 1..60),
            offsets in proptest::collection::vec(0u64..12_000, 1..40),
        ) {
            let mut notes = Vec::new();
            let (mut tick, mut size) = (0, 0);
            for (ticks, grown) in steps {
                (tick, size) = (tick + ticks, size + grown);
                notes.push((tick, size));
            }
            let mut arrivals = record(&notes);
            for offset in offsets {
                let naive = notes.iter().find(|(_, size)| *size > offset).map(|(tick, _)| *tick);
                prop_assert_eq!(arrivals.of(offset).map(|a| a.tick), naive);
            }
        }
    }

    #[test]
    fn what_came_before_a_cut_is_not_spoken_of() {
        let mut arrivals = record(&[(1, 100), (2, 10), (3, 50)]);
        assert_eq!(arrivals.of(5), None);
        assert_eq!(arrivals.of(20).map(|a| a.tick), Some(3));
        assert_eq!(arrivals.of(60), None);
        assert_eq!(arrivals.end(), 50);
    }
}
