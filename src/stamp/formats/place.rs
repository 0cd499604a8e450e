//! A zone that is named by a place, as PHP does: `[22-Nov-2026 06:47:12 Europe/Berlin] x`.

use jiff::tz::TimeZone;

use crate::stamp::civil::SECOND;
use crate::stamp::clock::datetime;
use crate::stamp::{Frame, Stamp};

/// The longest such name, and the longest text behind a stamp in its bracket.
const LONGEST: usize = 40;

/// `stamp`, which ends at `end` within a bracket, in the zone whose name fills the rest of that. Of an hour that comes twice
/// it is the first.
#[inline]
pub(in crate::stamp) fn zoned(line: &[u8], end: usize, stamp: Stamp) -> Stamp {
    match line.get(end..) {
        Some([b' ', b'A'..=b'Z', next, ..]) if next.is_ascii_lowercase() && stamp.frame == Frame::Civil => {
            offset(&line[end + 1..], stamp.ns).map_or(stamp, |minutes| stamp.zoned(Some(minutes)))
        }
        Some([b' ', b' ', ..]) if stamp.frame == Frame::Yearless => micros_before_thread(line, end, stamp),
        _ => stamp,
    }
}

/// Slurm's `[Nov 22 06:47:12.89012  4103 bckfl        0x7f3b1c0f5700]` (`LogTimeFormat=thread_id`), whose microseconds are padded
/// behind and not before; only where there are six of them they look like a fraction.
#[cold]
fn micros_before_thread(line: &[u8], end: usize, stamp: Stamp) -> Stamp {
    let unit = i64::from(stamp.resolution);
    let text = &line[end..line.len().min(end + LONGEST)];
    let thread = memchr::memchr(b']', text).and_then(|close| text[..close].rsplit(|b| *b == b' ').next());
    if unit <= 1000 || unit >= SECOND || !thread.is_some_and(|thread| thread.starts_with(b"0x")) {
        return stamp;
    }
    let fraction = stamp.ns % SECOND;
    Stamp { ns: stamp.ns - fraction + fraction / unit * 1000, resolution: 1000, ..stamp }
}

/// How many minutes the place that `text` begins with is ahead at `civil` of its clock; `None` where there is no such place,
/// or no bracket behind it.
fn offset(text: &[u8], civil: i64) -> Option<i16> {
    let text = &text[..text.len().min(LONGEST)];
    let name = &text[..memchr::memchr(b']', text)?];
    let zone = TimeZone::get(str::from_utf8(name).ok().filter(|name| name.contains('/'))?).ok()?;
    i16::try_from(zone.to_zoned(datetime(civil)).ok()?.offset().seconds() / 60).ok()
}
