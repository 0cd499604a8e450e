//! A time that stands before its date: `06:47:12 UTC 11/22/2026`, `06:47:12.123 UTC Sun Nov 22 2026`.

use crate::stamp::formats::evident::Evident;
use crate::stamp::formats::{names, shape};
use crate::stamp::{Frame, Stamp};

/// The longest date and the longest time.
const LONGEST: usize = 32;

/// The stamp whose time begins at `at`. It is read as if its date stood first.
pub(in crate::stamp) fn at(line: &[u8], at: usize, evident: &mut Evident) -> Option<Stamp> {
    if line.get(at + 2) != Some(&b':') || line.get(at + 5) != Some(&b':') {
        return None;
    }
    let clock = shape::read_clock(line, at, false)?.end;
    let date = line.get(clock..).and_then(|rest| match rest {
        [b',' | b' ', b' ', ..] => Some(clock + 2),
        [b',' | b' ', ..] => Some(clock + 1),
        _ => None,
    })?;
    let end = date_end(line, date)?;
    let (time, date) = (&line[at..clock], &line[date..end]);
    let mut turned = [b' '; 2 * LONGEST];
    turned.get_mut(..date.len())?.copy_from_slice(date);
    let behind = date.len() + 1;
    turned.get_mut(behind..behind + time.len())?.copy_from_slice(time);
    let turned = &turned[..behind + time.len()];
    let (stamp, end) = evident.at(turned, 0).filter(|(stamp, _)| stamp.frame != Frame::Yearless)?;
    (end == turned.len()).then_some(stamp)
}

/// Where the date ends that begins at `date`: a word of digits, or a weekday perhaps and three with the name of a month. None
/// where a time of its own follows.
fn date_end(line: &[u8], date: usize) -> Option<usize> {
    let word = |at: usize| {
        let len = line
            .get(at..)?
            .iter()
            .take(LONGEST)
            .position(|b| matches!(b, b' ' | b'\t' | b'\r' | b'\n' | b']'));
        Some(at + len.unwrap_or(line.len() - at)).filter(|end| *end > at && end - at < LONGEST)
    };
    let mut end = word(date)?;
    if !line[date..end].iter().any(|b| matches!(b, b'/' | b'-' | b'.')) {
        let weekday = usize::from(names::weekday(&line[date..]).is_some());
        for _ in 0..2 + weekday {
            end = word(end + 1)?;
        }
    }
    end -= usize::from(line[..end].ends_with(b",") || line[..end].ends_with(b":"));
    let rest = &line[line.len().min(end + 1)..];
    (!matches!(rest, [b'0'..=b'9', b'0'..=b'9', b':', ..])).then_some(end)
}
