//! A zone that is named by a place, as PHP does: `[22-Nov-2026 06:47:12 Europe/Berlin] x`.

use jiff::tz::TimeZone;

use super::clock::datetime;
use super::{Frame, Stamp};

/// The longest such name.
const LONGEST: usize = 40;

/// `stamp`, which ends at `end` within a bracket, in the zone whose name fills the rest of that. Of an hour that comes twice
/// it is the first.
#[inline]
pub(super) fn zoned(line: &[u8], end: usize, stamp: Stamp) -> Stamp {
    match line.get(end..) {
        Some([b' ', b'A'..=b'Z', next, ..]) if next.is_ascii_lowercase() && stamp.frame == Frame::Civil => {
            offset(&line[end + 1..], stamp.ns).map_or(stamp, |minutes| stamp.zoned(Some(minutes)))
        }
        _ => stamp,
    }
}

/// How many minutes the place that `text` begins with is ahead at `civil` of its clock; `None` where there is no such place,
/// or no bracket behind it.
fn offset(text: &[u8], civil: i64) -> Option<i16> {
    let text = &text[..text.len().min(LONGEST)];
    let name = &text[..memchr::memchr(b']', text)?];
    let zone = TimeZone::get(str::from_utf8(name).ok().filter(|name| name.contains('/'))?).ok()?;
    i16::try_from(zone.to_zoned(datetime(civil)).ok()?.offset().seconds() / 60).ok()
}
