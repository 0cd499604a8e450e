//! The time that is shown before a line.

use std::sync::atomic::{AtomicI64, Ordering};

use jiff::Timestamp;
use jiff::tz::TimeZone;

use crate::batch::LineTime;

/// How the time of each line is shown before it; shared by all files of one answer.
#[derive(Debug)]
pub enum ShownTime {
    /// As a clock in this zone shows it, to the millisecond.
    Zone(TimeZone),
    /// As the seconds since the line that was shown before, whose time this holds, in nanoseconds since 1970 UTC.
    Delta(AtomicI64),
}

/// No line was shown yet.
const NONE: i64 = i64::MIN;

impl ShownTime {
    /// One that shows how much later each line is than the one before.
    pub fn deltas() -> Self {
        Self::Delta(AtomicI64::new(NONE))
    }

    /// Adds the time of a line and a blank to `out`; blanks where it has none.
    pub fn write(&self, time: Option<LineTime>, out: &mut Vec<u8>) {
        let ns = time.and_then(|time| time.span).map(|span| span.lo);
        let (text, width) = match self {
            Self::Zone(zone) => (ns.and_then(|ns| in_zone(ns, zone)), "2026-11-22 02:10:00.000".len()),
            Self::Delta(before) => {
                (ns.map(|ns| since(before.swap(ns, Ordering::Relaxed), ns)), "+0000.000".len())
            }
        };
        out.extend_from_slice(format!("{:>width$} ", text.unwrap_or_default()).as_bytes());
    }
}

fn in_zone(ns: i64, zone: &TimeZone) -> Option<String> {
    let wall = zone.to_datetime(Timestamp::from_nanosecond(ns.into()).ok()?);
    Some(wall.strftime("%Y-%m-%d %H:%M:%S.%3f").to_string())
}

/// The seconds from one moment to the next, with their sign.
fn since(before: i64, ns: i64) -> String {
    let step = if before == NONE { 0 } else { ns.saturating_sub(before) };
    let millis = step.unsigned_abs() / 1_000_000;
    let sign = if step < 0 { '-' } else { '+' };
    format!("{sign}{}.{:03}", millis / 1000, millis % 1000)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stamp::{How, Span};

    fn shown(clock: &ShownTime, ns: Option<i64>) -> String {
        let span = ns.map(|ns| Span { lo: ns, hi: ns });
        let time = LineTime::new(1, span, None, Some(How::Own));
        let mut out = Vec::new();
        clock.write(Some(time), &mut out);
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn a_line_has_the_time_of_a_zone_or_of_the_line_before() {
        let noon = 1_795_330_032_123_456_789;
        let clock = ShownTime::Zone(TimeZone::get("Asia/Kolkata").unwrap());
        assert_eq!(shown(&clock, Some(noon)), "2026-11-22 12:17:12.123 ");
        assert_eq!(shown(&clock, None), " ".repeat(24));
        let clock = ShownTime::deltas();
        assert_eq!(shown(&clock, Some(noon)), "   +0.000 ");
        assert_eq!(shown(&clock, None), " ".repeat(10));
        assert_eq!(shown(&clock, Some(noon + 61_500_000_000)), "  +61.500 ");
        assert_eq!(shown(&clock, Some(noon)), "  -61.500 ");
    }
}
