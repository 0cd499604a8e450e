//! Formats of which the stamp stands behind text: in a field of a row, in brackets, at the end of the line, or on a line of its
//! own in an object that is printed over several.

use memchr::memchr_iter;

use super::formats::dated_field;
use crate::stamp::formats::evident::Evident;
use crate::stamp::formats::{keys, shape};
use crate::stamp::{Frame, Stamp};

/// How far into a line such a stamp is looked for.
const NEAR: usize = 1024;
/// In how many fields of a row, behind the first.
const FIELDS: usize = 8;

/// Finds a stamp on a line.
type Seeker = fn(&[u8], &mut Evident) -> Option<Stamp>;

/// What says where the stamp stands; of two with as many votes the first wins.
pub(super) const BEHIND: [Seeker; 4] = [row, bracket, last, member];

/// The number of the one of [`BEHIND`] that needs no clock on the line.
const MEMBER: usize = 3;

/// Which of [`BEHIND`] stand on a line, as bits: few lines that have no stamp at their head have a clock.
pub(super) fn on(line: &[u8], evident: &mut Evident) -> u32 {
    if !has_clock(&line[..line.len().min(NEAR)]) {
        return u32::from(member(line, evident).is_some()) << MEMBER;
    }
    let stand = BEHIND.iter().map(|behind| behind(line, evident).is_some());
    stand.enumerate().fold(0, |on, (n, stands)| on | u32::from(stands) << n)
}

/// Whether minutes stand between two colons, as in each time of day to the second.
fn has_clock(text: &[u8]) -> bool {
    let minutes = |colon: usize| matches!(text[colon + 1..], [b'0'..=b'5', b'0'..=b'9', b':', ..]);
    memchr_iter(b':', text).any(minutes)
}

/// A field of a row: `412,train,2026-11-22 06:47:12,0.5`, `30,11/22/26,06:47:12,Update`.
fn row(line: &[u8], evident: &mut Evident) -> Option<Stamp> {
    let head = &line[..line.len().min(NEAR)];
    let mark = *head.iter().find(|b| matches!(b, b',' | b';' | b'|' | b'\t'))?;
    memchr_iter(mark, head).take(FIELDS).find_map(|at| {
        let field = at + 1 + usize::from(head.get(at + 1) == Some(&b'"'));
        head.get(field).filter(|b| b.is_ascii_digit())?;
        field_of_row(line, field, mark, evident).or_else(|| short_year(line, field))
    })
}

/// The stamp in the field at `at`. What follows its end may look like a fraction: only milliseconds behind a comma are one.
fn field_of_row(line: &[u8], at: usize, mark: u8, evident: &mut Evident) -> Option<Stamp> {
    let end = at + memchr::memchr2(mark, b'\n', &line[at..]).unwrap_or(line.len() - at);
    let whole =
        dated_field(line, at, evident).filter(|(stamp, last)| *last <= end || stamp.resolution == 1_000_000);
    whole.or_else(|| dated_field(&line[..end], at, evident)).map(|(stamp, _)| stamp)
}

/// Microsoft's `11/22/26,06:47:12,`: a date whose year has two digits, and a time as the next field.
fn short_year(line: &[u8], at: usize) -> Option<Stamp> {
    let (stamp, end) = shape::matches(b"%m/%d/%y,%H:%M:%S", line, at)?;
    (line.get(end) == Some(&b',')).then_some(stamp)
}

/// In brackets behind text: `x [2026-11-22 06:47:12,123] -- engine.py:10`.
fn bracket(line: &[u8], evident: &mut Evident) -> Option<Stamp> {
    let head = &line[..line.len().min(NEAR)];
    memchr_iter(b'[', head).chain(memchr_iter(b'(', head)).find_map(|open| {
        let (stamp, end) = dated_field(line, open + 1, evident)?;
        matches!(line.get(end), Some(b']' | b')')).then_some(stamp)
    })
}

/// At the end of the line, with a zone perhaps: what `vmstat -t` writes.
fn last(line: &[u8], evident: &mut Evident) -> Option<Stamp> {
    let body = line.trim_ascii_end();
    let closed = body.last().is_some_and(|b| b.is_ascii_digit() || matches!(b, b'Z' | b'C' | b'T'));
    if !closed {
        return None;
    }
    let tail = body.len().saturating_sub(48);
    let mut blanks = memchr::memrchr_iter(b' ', &body[tail..]).take(3);
    blanks.find_map(|blank| {
        let (stamp, end) = dated_field(body, tail + blank + 1, evident)?;
        (end == body.len()).then_some(stamp)
    })
}

/// A line of an object with a known key and nothing else: `  "timestamp": "2026-11-22T06:47:12Z",`.
fn member(line: &[u8], evident: &mut Evident) -> Option<Stamp> {
    let indent = line.iter().take(5).take_while(|b| matches!(b, b' ' | b'\t')).count();
    if !(1..=4).contains(&indent) || line.get(indent) != Some(&b'"') {
        return None;
    }
    keys::member(line, indent, evident).filter(|stamp| stamp.frame != Frame::Dayless)
}
