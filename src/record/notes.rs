//! Notes as bytes: written at the end of the record, and read from its beginning.
//!
//! A record is a header and entries. An entry is a varint of the ticks since the last one, shifted left by one; if the
//! lowest bit is 0, a zigzag varint of how many bytes the log has grown by; if it is 1, a zigzag varint of the
//! nanoseconds that the wall clock has moved against the ticks. Each ends in a byte of a sum over all bytes so far, so
//! that what is torn, foreign or damaged ends the record.

/// How long a tick is, in nanoseconds.
pub const TICK: u64 = 10_000;

/// How long a header is, in bytes.
pub const HEADER: usize = 32;

/// The most that one entry takes, in bytes: two varints and a byte of the sum.
pub const LONGEST: usize = 21;

const MAGIC: &[u8; 8] = b"LDXARR1\n";

/// One recorder's life: ticks of records of one session can be compared.
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
        let sum = xxhash_rust::xxh3::xxh3_64(&header[..24]);
        header[24..].copy_from_slice(&sum.to_le_bytes());
        header
    }

    /// The session of a record that begins with `header`; `None` if that is no header.
    pub fn of(header: &[u8; HEADER]) -> Option<Self> {
        let word = |at: usize| header[at..at + 8].try_into().map(u64::from_le_bytes).ok();
        let session = Self { id: word(8)?, wall: word(16)?.cast_signed() };
        (session.header() == *header).then_some(session)
    }
}

/// What is known after an entry.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct State {
    /// The tick of the last entry.
    pub tick: u64,
    /// The log's size, in bytes.
    pub size: u64,
    /// How far the wall clock has moved against the ticks since tick 0, in nanoseconds.
    pub drift: i64,
    sum: u64,
}

impl State {
    /// The wall clock at the last entry of a record of `session`, in nanoseconds since 1970 UTC.
    pub fn wall(&self, session: Session) -> i64 {
        let since = i64::try_from(self.tick.saturating_mul(TICK)).unwrap_or(i64::MAX);
        session.wall.saturating_add(since).saturating_add(self.drift)
    }

    /// Notes that the log has `size` bytes at `tick`, which is not before the last one.
    pub fn note(&mut self, tick: u64, size: u64, out: &mut Vec<u8>) {
        let grown = size.wrapping_sub(self.size).cast_signed();
        self.put((tick - self.tick) << 1, grown, out);
        (self.tick, self.size) = (tick, size);
    }

    /// Notes that the wall clock is `drift` nanoseconds from where it was at tick 0.
    pub fn set_clock(&mut self, tick: u64, drift: i64, out: &mut Vec<u8>) {
        self.put((tick - self.tick) << 1 | 1, drift.wrapping_sub(self.drift), out);
        (self.tick, self.drift) = (tick, drift);
    }

    fn put(&mut self, ticks: u64, change: i64, out: &mut Vec<u8>) {
        let begin = out.len();
        put_varint(ticks, out);
        put_varint(zigzag(change), out);
        self.sum = sum(self.sum, &out[begin..]);
        out.push(check(self.sum));
    }

    /// Takes the entry at the head of `bytes`; returns its length. `None` if there is no whole, sound one.
    pub fn take(&mut self, bytes: &[u8]) -> Option<usize> {
        let (ticks, first) = varint(bytes)?;
        let (change, second) = varint(&bytes[first..])?;
        let length = first + second;
        let sum = sum(self.sum, &bytes[..length]);
        if *bytes.get(length)? != check(sum) {
            return None;
        }
        let change = unzigzag(change);
        let mut next = Self { tick: self.tick.checked_add(ticks >> 1)?, sum, ..*self };
        if ticks & 1 == 0 {
            next.size = self.size.checked_add_signed(change)?;
        } else {
            next.drift = self.drift.checked_add(change)?;
        }
        *self = next;
        Some(length + 1)
    }
}

/// FNV-1a, as it goes on over entries: a change anywhere changes every later byte of it.
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

fn varint(bytes: &[u8]) -> Option<(u64, usize)> {
    let mut n = 0_u64;
    for (at, &byte) in bytes.iter().enumerate().take(10) {
        let part = u64::from(byte & 0x7f);
        if at == 9 && part > 1 {
            return None;
        }
        n |= part << (7 * at);
        if byte < 0x80 {
            return Some((n, at + 1));
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn what_is_written_is_read(steps in proptest::collection::vec((0u64..1 << 40, 0u64..1 << 50, any::<bool>()), 0..50)) {
            let (mut writer, mut bytes, mut states) = (State::default(), Vec::new(), Vec::new());
            for (ticks, value, clock) in steps {
                let tick = writer.tick + ticks;
                let begin = bytes.len();
                if clock {
                    writer.set_clock(tick, value.cast_signed() - (1 << 49), &mut bytes);
                } else {
                    writer.note(tick, value, &mut bytes);
                }
                prop_assert!(bytes.len() - begin <= LONGEST);
                states.push(writer);
            }
            let (mut reader, mut at) = (State::default(), 0);
            for state in &states {
                at += reader.take(&bytes[at..]).unwrap();
                prop_assert_eq!(&reader, state);
            }
            prop_assert_eq!(at, bytes.len());
            // Cut anywhere, it gives the entries before the cut.
            for cut in 0..bytes.len() {
                let (mut reader, mut at) = (State::default(), 0);
                while let Some(length) = reader.take(&bytes[at..cut]) {
                    at += length;
                }
                prop_assert!(at <= cut && (reader == State::default() || states.contains(&reader)));
            }
        }

        #[test]
        fn no_bytes_can_do_harm(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
            let (mut reader, mut at) = (State::default(), 0);
            while let Some(length) = reader.take(&bytes[at..]) {
                at += length;
                prop_assert!(at <= bytes.len());
            }
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
}
