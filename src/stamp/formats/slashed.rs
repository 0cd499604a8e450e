//! The minute of the last stamp of a format with slashes that the file elects: `26/11/22 06:47:12`.
//!
//! Where such text stands, no self-evident format does: none has a year of two digits behind slashes but in brackets. So what
//! the elected format says of it counts, and in one minute that differs only by the seconds.

use crate::stamp::civil::{DAY, HOUR, MINUTE};
use crate::stamp::formats::digits::two;
use crate::stamp::formats::iso::{Within, within};
use crate::stamp::{Frame, Stamp};

/// How much of the stamp is remembered: `26/11/22 06:47`.
const MINUTE_LEN: usize = 14;

/// The last minute that was read, and what it stands for.
#[derive(Clone, Default)]
pub(in crate::stamp) struct Slashed {
    minute: [u8; MINUTE_LEN],
    civil: i64,
}

impl Slashed {
    /// Remembers `stamp`, which the elected format says at `at`.
    pub fn learn(&mut self, bytes: &[u8], at: usize, stamp: &Stamp) {
        let Some(head) = bytes.get(at..).and_then(<[u8]>::first_chunk::<{ MINUTE_LEN + 2 }>) else { return };
        let form = head.map(|byte| if byte.is_ascii_digit() { b'0' } else { byte });
        // A second 60 is one of the next minute, and in the afternoon the hour may be another than what stands there.
        let hour = two(head, MINUTE_LEN - 5).map(i64::from);
        if hour != Some(stamp.ns.rem_euclid(DAY) / HOUR) {
            return;
        }
        if form == *b"00/00/00 00:00:0" && head[MINUTE_LEN + 1] < b'6' && stamp.frame == Frame::Civil {
            self.minute.copy_from_slice(&head[..MINUTE_LEN]);
            self.civil = stamp.ns.div_euclid(MINUTE) * MINUTE;
        }
    }

    /// The stamp at `at`, from the beginning of that minute on.
    #[inline]
    pub fn within(&self, bytes: &[u8], at: usize) -> Option<Within> {
        within(&self.minute, bytes, at)
    }

    /// The minute that is known, in nanoseconds from 1970 as the clock shows them.
    #[inline]
    pub fn civil(&self) -> i64 {
        self.civil
    }
}
