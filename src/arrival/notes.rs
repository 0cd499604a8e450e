//! Notes as bytes: appended to the record, and read from its beginning.
//!
//! A record is a header, a slot and notes. A note is a varint of the ticks since the last one, shifted left by two; the
//! two lowest bits say what follows: how much stdout has grown, stderr, or both, as varints; or else, after one more
//! byte, how far the wall clock has moved against the ticks, or the sizes of logs that were cut. Each note ends in a
//! byte of a sum over all notes so far, so that what is torn, foreign or damaged ends the record. The slot alone is
//! written over: it says what was seen since the last note.

/// How long a tick is, in nanoseconds.
pub const TICK: u64 = 1_000_000;

/// How long a header is, in bytes.
pub const HEADER: usize = 32;

/// How long a slot is, in bytes; it stands behind the header.
pub const SLOT: usize = 40;

/// Where the notes begin, in bytes.
pub const NOTES: u64 = (HEADER + SLOT) as u64;

/// The most that one note takes, in bytes: three varints, two bytes.
pub const LONGEST: usize = 32;

const MAGIC: &[u8; 8] = b"LDXARR2\n";

/// What the two lowest bits of a note mean; else they are those of the logs that have grown.
const OTHER: u64 = 0;
const CLOCK: u8 = 0;
const CUT: u8 = 1;

/// One recorder's life.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Session {
    /// Tells it from all others.
    pub id: u64,
    /// The wall clock at tick 0, in nanoseconds since 1970 UTC.
    pub wall: i64,
}

impl Session {
    /// The first bytes of a record.
    pub fn header(self) -> [u8; HEADER] {
        let mut header = [0; HEADER];
        header[..8].copy_from_slice(MAGIC);
        header[8..16].copy_from_slice(&self.id.to_le_bytes());
        header[16..24].copy_from_slice(&self.wall.to_le_bytes());
        seal(&mut header, 0);
        header
    }

    /// The session of a record that begins with `header`; `None` if that is no header.
    pub fn of(header: &[u8; HEADER]) -> Option<Self> {
        let session = Self { id: word(header, 8)?, wall: word(header, 16)?.cast_signed() };
        (session.header() == *header).then_some(session)
    }
}

/// What was seen since the last note, and whether that is all.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Slot {
    /// How many notes come before.
    pub notes: u64,
    /// The sizes that readers were told of.
    pub sizes: [u64; 2],
    /// Nothing more will be noted.
    pub closed: bool,
}

impl Slot {
    /// The slot as it is stored in a record of `session`.
    pub fn to_bytes(self, session: Session) -> [u8; SLOT] {
        let mut bytes = [0; SLOT];
        bytes[..8].copy_from_slice(&(self.notes << 1 | u64::from(self.closed)).to_le_bytes());
        bytes[8..16].copy_from_slice(&self.sizes[0].to_le_bytes());
        bytes[16..24].copy_from_slice(&self.sizes[1].to_le_bytes());
        seal(&mut bytes, session.id);
        bytes
    }

    /// What is stored; `None` if it was caught half written, or is damaged.
    pub fn of(bytes: &[u8; SLOT], session: Session) -> Option<Self> {
        let first = word(bytes, 0)?;
        let slot =
            Self { notes: first >> 1, closed: first & 1 == 1, sizes: [word(bytes, 8)?, word(bytes, 16)?] };
        (slot.to_bytes(session) == *bytes).then_some(slot)
    }
}

fn word(bytes: &[u8], at: usize) -> Option<u64> {
    bytes.get(at..at + 8)?.try_into().ok().map(u64::from_le_bytes)
}

/// Puts a sum of all that is before into the last eight bytes.
fn seal(bytes: &mut [u8], seed: u64) {
    let (content, place) = bytes.split_at_mut(bytes.len() - 8);
    place.copy_from_slice(&xxhash_rust::xxh3::xxh3_64_with_seed(content, seed).to_le_bytes());
}

/// What is known after a note.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Totals {
    /// How many notes that was.
    pub notes: u64,
    /// The tick of the last one.
    pub tick: u64,
    /// The sizes of both logs, stdout first, in bytes.
    pub sizes: [u64; 2],
    /// How often a log was cut.
    pub cuts: u64,
    /// How far the wall clock has moved against the ticks since tick 0, in nanoseconds.
    pub drift: i64,
    sum: u64,
}

impl Totals {
    /// The wall clock at the last note of a record of `session`, in nanoseconds since 1970 UTC.
    pub fn wall(&self, session: Session) -> i64 {
        let since = i64::try_from(self.tick.saturating_mul(TICK)).unwrap_or(i64::MAX);
        session.wall.saturating_add(since).saturating_add(self.drift)
    }

    /// Notes that the logs have `sizes` at `tick`, which is not before the last one.
    pub fn note(&mut self, tick: u64, sizes: [u64; 2], out: &mut Vec<u8>) {
        let grown = [sizes[0].checked_sub(self.sizes[0]), sizes[1].checked_sub(self.sizes[1])];
        let [Some(first), Some(second)] = grown else { return self.note_cut(tick, sizes, out) };
        self.put(tick, u64::from(first > 0) | u64::from(second > 0) << 1, out, |out| {
            [first, second].into_iter().filter(|&grown| grown > 0).for_each(|grown| put_varint(grown, out));
        });
        self.sizes = sizes;
    }

    /// Notes that a log is shorter than it was.
    fn note_cut(&mut self, tick: u64, sizes: [u64; 2], out: &mut Vec<u8>) {
        self.put(tick, OTHER, out, |out| {
            out.push(CUT);
            for size in sizes {
                put_varint(size, out);
            }
        });
        (self.sizes, self.cuts) = (sizes, self.cuts + 1);
    }

    /// Notes that the wall clock is `drift` nanoseconds from where it was at tick 0.
    pub fn set_clock(&mut self, tick: u64, drift: i64, out: &mut Vec<u8>) {
        self.put(tick, OTHER, out, |out| {
            out.push(CLOCK);
            put_varint(zigzag(drift), out);
        });
        self.drift = drift;
    }

    fn put(&mut self, tick: u64, kind: u64, out: &mut Vec<u8>, content: impl FnOnce(&mut Vec<u8>)) {
        let begin = out.len();
        put_varint((tick - self.tick) << 2 | kind, out);
        content(out);
        self.sum = sum(self.sum, &out[begin..]);
        out.push(check(self.sum));
        (self.tick, self.notes) = (tick, self.notes + 1);
    }

    /// Takes the note at the head of `bytes`; returns its length. `None` if there is no whole, sound one.
    pub fn take(&mut self, bytes: &[u8]) -> Option<usize> {
        let mut from = NoteReader { bytes, at: 0 };
        let first = from.varint()?;
        let tick = self.tick.checked_add(first >> 2)?;
        let mut next = Self { tick, notes: self.notes + 1, ..*self };
        match first & 3 {
            OTHER => match from.byte()? {
                CLOCK => next.drift = unzigzag(from.varint()?),
                CUT => (next.sizes, next.cuts) = ([from.varint()?, from.varint()?], self.cuts + 1),
                _ => return None,
            },
            grown => {
                for (at, size) in next.sizes.iter_mut().enumerate() {
                    if grown >> at & 1 == 1 {
                        *size = size.checked_add(from.varint()?)?;
                    }
                }
            }
        }
        next.sum = sum(self.sum, &bytes[..from.at]);
        if from.byte()? != check(next.sum) {
            return None;
        }
        *self = next;
        Some(from.at)
    }
}

struct NoteReader<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl NoteReader<'_> {
    fn byte(&mut self) -> Option<u8> {
        let byte = *self.bytes.get(self.at)?;
        self.at += 1;
        Some(byte)
    }

    fn varint(&mut self) -> Option<u64> {
        let mut n = 0_u64;
        for at in 0..10 {
            let byte = self.byte()?;
            let part = u64::from(byte & 0x7f);
            if at == 9 && part > 1 {
                return None;
            }
            n |= part << (7 * at);
            if byte < 0x80 {
                return Some(n);
            }
        }
        None
    }
}

/// FNV-1a, as it goes on over notes: a change anywhere changes every later byte of it.
fn sum(begun: u64, bytes: &[u8]) -> u64 {
    bytes.iter().fold(begun ^ 0xcbf2_9ce4_8422_2325, |sum, &b| {
        (sum ^ u64::from(b)).wrapping_mul(0x0000_0100_0000_01b3)
    })
}

fn check(sum: u64) -> u8 {
    (sum >> 40) as u8
}

fn zigzag(n: i64) -> u64 {
    ((n << 1) ^ (n >> 63)).cast_unsigned()
}

fn unzigzag(n: u64) -> i64 {
    (n >> 1).cast_signed() ^ -(n & 1).cast_signed()
}

fn put_varint(mut n: u64, out: &mut Vec<u8>) {
    while n >= 0x80 {
        out.push(n as u8 | 0x80);
        n >>= 7;
    }
    out.push(n as u8);
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn read(bytes: &[u8]) -> (Vec<Totals>, usize) {
        let (mut reader, mut at, mut states) = (Totals::default(), 0, Vec::new());
        while let Some(length) = reader.take(&bytes[at..]) {
            at += length;
            states.push(reader);
        }
        (states, at)
    }

    proptest! {
        #[test]
        fn what_is_written_is_read(
            steps in proptest::collection::vec((0u64..1 << 40, 0u64..1 << 50, 0u64..1 << 20, any::<bool>()), 0..40),
        ) {
            let (mut writer, mut bytes, mut states) = (Totals::default(), Vec::new(), Vec::new());
            for (ticks, first, second, clock) in steps {
                let (tick, begin) = (writer.tick + ticks, bytes.len());
                if clock {
                    writer.set_clock(tick, first.cast_signed() - (1 << 49), &mut bytes);
                } else {
                    writer.note(tick, [first, writer.sizes[1] + second], &mut bytes);
                }
                prop_assert!(bytes.len() - begin <= LONGEST);
                states.push(writer);
            }
            prop_assert_eq!(read(&bytes), (states.clone(), bytes.len()));
            // Cut anywhere, it gives the notes before the cut.
            for cut in 0..bytes.len() {
                let (found, _) = read(&bytes[..cut]);
                prop_assert_eq!(&found[..], &states[..found.len()]);
            }
        }

        #[test]
        fn no_bytes_can_do_harm(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
            let (states, at) = read(&bytes);
            prop_assert!(at <= bytes.len() && states.is_sorted_by_key(|state| state.tick));
        }
    }

    #[test]
    fn a_header_is_known_again_and_a_damaged_one_is_not() {
        let session = Session { id: 7, wall: 1_795_000_000_000_000_000 };
        let mut header = session.header();
        assert_eq!(Session::of(&header), Some(session));
        header[12] ^= 1;
        assert_eq!(Session::of(&header), None);
    }

    #[test]
    fn a_slot_is_known_again_and_a_damaged_or_foreign_one_is_not() {
        let session = Session { id: 7, wall: 0 };
        let slot = Slot { notes: 9, sizes: [1 << 40, 3], closed: true };
        let mut bytes = slot.to_bytes(session);
        assert_eq!(Slot::of(&bytes, session), Some(slot));
        assert_eq!(Slot::of(&bytes, Session { id: 8, wall: 0 }), None);
        bytes[9] ^= 1;
        assert_eq!(Slot::of(&bytes, session), None);
    }
}
