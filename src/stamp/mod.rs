//! The time on a line.
//!
//! A [`Stamp`] is what stands on the line, and no more: a civil time with or without a year, or a moment. Zone, daylight
//! saving and the year are applied by a [`Clock`] when a question is asked, since they differ from question to question.
//!
//! ```
//! use logdex::stamp::{Clock, Fold, Reference, Window};
//!
//! let text = b"[rank0]: 2026-11-22 06:47:12,123 INFO ready\n[rank0]: no stamp here\n";
//! let mut fold = Fold::new();
//! for line in text.split_inclusive(|b| *b == b'\n') {
//!     fold.push(line); // a first pass, needed only for header lines and for stamps without a year
//! }
//! let mut clock = Clock::new(jiff::tz::TimeZone::UTC);
//! clock.set_years(&fold.years(), Reference::Mtime(1_795_400_000_000_000_000));
//!
//! let window = Window { since: Some(1_795_330_032_123_000_000), until: None };
//! let mut again = Fold::starting(fold.first());
//! let kept = text.split_inclusive(|b| *b == b'\n').filter(|line| {
//!     again.push(line).stamp.is_some_and(|stamp| window.meets(clock.span(stamp)))
//! });
//! assert_eq!(kept.count(), 2);
//! ```

pub mod civil;
mod clock;
mod find;
mod fold;
mod formats;
mod head;
mod parse;
mod run;
pub mod since;
mod told;
mod vote;
mod year;

pub use clock::{Clock, Span, Window};
pub use find::Finder;
pub(crate) use fold::{ByPrefix, PREFIXES};
pub use fold::{Fold, How, Inbound, Timed};
pub use formats::order::First;
pub(crate) use formats::order::Order;
pub use formats::taught::Taught;
pub(crate) use head::ansi::ansi_end;
pub(crate) use head::header;
pub(crate) use head::marks::{Marks, after_bar, after_return};
pub(crate) use head::prefix::is_exception;
pub use head::prefix::{Prefix, behind_writer};
pub use head::rank;
pub use parse::{Moment, parse_time, parse_time_in, parse_time_with};
pub(crate) use run::Run;
pub use told::{Rfc3339, Stream, Told, ToldWindow, UNTOLD, move_by as move_told, put as put_told};
pub(crate) use vote::elect_with;
pub use vote::{Elected, Poll, VOTERS, elect};
pub(crate) use year::{Chain, FALL, FAR, axis, nearest, position};
pub use year::{Reference, Years};

/// On which axis a stamp lies.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Frame {
    /// A moment: nanoseconds since 1970-01-01 UTC.
    Absolute,
    /// A clock on the wall, no zone given: nanoseconds since 1970-01-01 as that clock shows them.
    Civil,
    /// A clock on the wall with month and day but no year: nanoseconds on the yearless axis of [`civil`].
    Yearless,
    /// As civil, but the year was found by the stamps before it: it is the nearest.
    Guessed,
    /// A time of day only: nanoseconds since midnight.
    Dayless,
}

/// What stands on a line.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Stamp {
    /// Nanoseconds on the axis that `frame` names.
    pub ns: i64,
    /// To how many nanoseconds it is known, or [`Stamp::A_MINUTE`]; see [`Stamp::width`].
    pub resolution: u32,
    /// The offset from UTC that stood there, in minutes; 0 where none did.
    pub offset: i16,
    /// Whether an offset stood there on a stamp that is no moment yet, for want of a year: it is on its axis as its own
    /// clock shows it, and becomes a moment with its year.
    pub zoned: bool,
    /// How many dated stamps stand before a guessed one in its file.
    pub after: u32,
    /// On which axis it lies.
    pub frame: Frame,
    /// Whether the clock had fallen back by about an hour shortly before: then an hour that comes twice is its second.
    pub again: bool,
}

impl Stamp {
    /// A stamp on the axis of `frame`.
    #[inline]
    pub(crate) fn new(frame: Frame, ns: i64, resolution: u32) -> Self {
        Self { ns, resolution, offset: 0, zoned: false, after: 0, frame, again: false }
    }

    #[inline]
    pub(crate) fn civil(ns: i64, resolution: u32) -> Self {
        Self::new(Frame::Civil, ns, resolution)
    }

    /// The stamp with the zone that stood behind it, in minutes, if one did.
    #[inline]
    pub(crate) fn zoned(self, zone: Option<i16>) -> Self {
        match zone {
            None => self,
            Some(offset) if self.frame == Frame::Civil => {
                let ns = self.ns - i64::from(offset) * civil::MINUTE;
                Self { ns, offset, frame: Frame::Absolute, ..self }
            }
            Some(offset) => Self { offset, zoned: true, ..self },
        }
    }

    /// A stamp that is known to a minute, which does not fit in the nanoseconds of `resolution`.
    pub(crate) const A_MINUTE: u32 = u32::MAX;

    /// For how many nanoseconds it stands: one of whole seconds for `[ns, ns + 1 s)`.
    #[inline]
    pub fn width(&self) -> i64 {
        if self.resolution == Self::A_MINUTE { civil::MINUTE } else { i64::from(self.resolution) }
    }

    /// By how much its offset takes it from its axis, in nanoseconds: only where it has no year, for others are moments.
    #[inline]
    pub(crate) fn ahead(&self) -> i64 {
        if self.frame == Frame::Absolute { 0 } else { i64::from(self.offset) * civil::MINUTE }
    }
}

/// What a look at one line finds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Found {
    /// The stamp, where the line has one of its own.
    pub stamp: Option<Stamp>,
    /// Which rank or process wrote the line.
    pub prefix: Prefix,
}

impl Found {
    /// Made anew rather than copied: of an absent stamp only a byte was ever written, and a processor that copies what
    /// lies around it in whole words has to wait for that byte (a store that is not forwarded; 12 cycles a line).
    #[inline]
    fn without_stamp(prefix: Prefix) -> Self {
        Self { stamp: None, prefix }
    }
}

/// The stamp on one line, and who wrote it.
pub fn find(line: &[u8]) -> Found {
    Finder::default().find(line)
}
