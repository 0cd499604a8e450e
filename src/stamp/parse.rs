//! The time of one line by itself.

use std::sync::Arc;

use jiff::tz::TimeZone;

use super::{Clock, Elected, Finder, Frame, Reference, Taught, year::Chain};

/// The moment that stands on a line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Moment {
    /// Nanoseconds since 1970 UTC.
    pub ns: i64,
    /// For how many nanoseconds it stands.
    pub width: i64,
    /// The offset from UTC in minutes that stands on the line; `None` for a stamp in the zone of the question.
    pub offset: Option<i16>,
}

/// The stamp on `line`, if it has one that stands for itself: naive ones are in `zone`, and one without a year gets the
/// latest that keeps it at or before `reference` (nanoseconds since 1970 UTC) and a day.
pub fn parse_time(line: &[u8], zone: &TimeZone, reference: i64) -> Option<Moment> {
    parse_time_with(line, zone, reference, None)
}

/// The same in a log of which the user teaches a format.
pub fn parse_time_with(
    line: &[u8],
    zone: &TimeZone,
    reference: i64,
    taught: Option<&Arc<Taught>>,
) -> Option<Moment> {
    parse_time_in(line, zone, reference, &Elected::default().teaching(taught.cloned()))
}

/// The same in a log that elected a format.
pub fn parse_time_in(line: &[u8], zone: &TimeZone, reference: i64, elected: &Elected) -> Option<Moment> {
    let mut chain = Chain::default();
    // A time of day counts only where a dated stamp stands before it.
    let stamp = Finder::electing(elected).find(line).stamp.filter(|stamp| stamp.frame != Frame::Dayless)?;
    let stamp = chain.settle(stamp);
    let mut clock = Clock::new(zone.clone());
    clock.set_years(&chain.years, Reference::Given(reference));
    let offset = (stamp.frame == Frame::Absolute || stamp.zoned).then_some(stamp.offset);
    Some(Moment { ns: clock.span(stamp).lo, width: stamp.width(), offset })
}
