//! The words that loggers put before the text of a record, and before its stamp where that is not the first of them:
//! levels, names of loggers, `key=value`, brackets. The first word of the text ends them.

use crate::stamp::formats::names;
use crate::stamp::head::ansi::{ESCAPE, ansi_end};
use crate::stamp::head::prefix;

/// How far into a line its header may reach.
pub(crate) const HEADER: usize = 256;

/// Labels after which a stamp may stand, with a colon between.
const LABELS: [&[u8]; 4] = [b"datetime", b"date", b"time", b"timestamp"];

/// The facilities of syslog from which the kernel's ring buffer has records.
const FACILITIES: [&[u8]; 5] = [b"kern", b"user", b"daemon", b"syslog", b"auth"];

/// Where the next word of the header begins after the one at `at`; `None` where that one is no header's.
///
/// `head` is the head of a line, and `at` is where a word begins in it.
#[inline]
pub(crate) fn next(head: &[u8], at: usize) -> Option<usize> {
    let token = head.get(at..)?;
    let end = match token.first()? {
        b'[' => at + memchr::memchr(b']', token)? + 1,
        b'(' => at + memchr::memchr(b')', token)? + 1,
        b'<' => at + memchr::memchr(b'>', token)? + 1,
        b'{' => at + braced(token)?,
        _ => at + word(token)?,
    };
    let next = skip(head, end);
    (next > at).then_some(next)
}

/// The same, where a stamp may follow: neither right behind numbers, nor behind a colon and a blank (`expires: 2027-...`).
#[inline]
pub(in crate::stamp) fn next_before_stamp(head: &[u8], at: usize) -> Option<usize> {
    let next = next(head, at).or_else(|| before_field(head, at))?;
    let word = head[at..next].trim_ascii_end();
    let number = word.iter().all(|b| b.is_ascii_digit() || b.is_ascii_punctuation());
    let bracket = |byte: Option<&u8>| matches!(byte, Some(b'[' | b'('));
    let bracket = bracket(word.first()) || bracket(head.get(next));
    (bracket || !(number || word.ends_with(b":")) || is_parted(word) || is_kernels(word)).then_some(next)
}

/// What `dmesg -x` puts before its stamps: a facility and a level, each with a colon, `kern  :warn  :`.
fn is_kernels(word: &[u8]) -> bool {
    let Some(name) = word.strip_suffix(b":").map(<[u8]>::trim_ascii_end) else { return false };
    FACILITIES.contains(&name) || (name.len() + 1 < word.len() && prefix::is_level(name))
}

/// Whether a word is parted from the next by more than a blank or colon: `7  - `.
fn is_parted(word: &[u8]) -> bool {
    word.ends_with(b" -") || word.ends_with(b" |")
}

/// Where the first word of a line begins: behind blanks, NULs, ANSI codes and a byte order mark.
pub(crate) fn skip_blanks(head: &[u8]) -> usize {
    let mut at = 0;
    loop {
        let next = prefix::skip_blanks(head, at);
        at = if head.get(next) == Some(&ESCAPE) { ansi_end(head, next) } else { return next };
    }
}

/// Where what parts the words of a header ends.
pub(crate) fn skip(head: &[u8], mut at: usize) -> usize {
    loop {
        match head.get(at) {
            Some(b' ' | b'\t' | b'|' | b'-' | b'>' | b':') => at += 1,
            Some(&ESCAPE) => at = ansi_end(head, at),
            _ => return at,
        }
    }
}

/// How long a word in braces is: `{taskinstance.py:1103}`, `{}`; an object and a Python dictionary are none.
fn braced(token: &[u8]) -> Option<usize> {
    let goes_on = |b: &&u8| b.is_ascii_graphic() && !matches!(b, b'"' | b'\'' | b'}');
    let end = 1 + token[1..].iter().take(128).take_while(goes_on).count();
    (token.get(end) == Some(&b'}')).then_some(end + 1)
}

/// How long a word is that belongs to a header; `None` where it is the text's.
fn word(token: &[u8]) -> Option<usize> {
    if matches!(token.first(), Some(b'{' | b'"' | b'\'')) {
        return None;
    }
    let end = token.iter().position(|b| matches!(b, b' ' | b'\t' | b'\n' | b'\r' | &ESCAPE));
    let end = end.unwrap_or(token.len());
    let (word, rest) = (&token[..end], &token[end..]);
    let last = word.last()?;
    if let Some(open) = memchr::memchr_iter(b'=', word).find(|at| word.get(at + 1) == Some(&b'"')) {
        // A value in quotes may hold blanks.
        return Some(open + 3 + memchr::memchr(b'"', &token[open + 2..])?);
    }
    if let Some(glued) = before_glued_level(word) {
        return Some(glued);
    }
    let is_mark =
        |b: &u8| matches!(b, b':' | b'.' | b',' | b'/' | b'-' | b'_' | b'+' | b'T' | b'Z' | b'(' | b')');
    let stamp =
        || word.iter().any(u8::is_ascii_digit) && word.iter().all(|b| b.is_ascii_digit() || is_mark(b));
    let dated = || word[0].is_ascii_digit() && is_named_date(word);
    let glog = || word.len() >= 4 && word[0].is_ascii_uppercase() && word[1..].iter().all(u8::is_ascii_digit);
    let closed = || matches!(last, b':' | b'|' | b'-' | b']' | b'>') || rest.first() == Some(&b'\t');
    let parted = || {
        matches!(rest.trim_ascii_start(), [b'-' | b'|' | b':' | b'>', b' ', ..])
            || (FACILITIES.contains(&word) && rest.trim_ascii_start().first() == Some(&b':'))
    };
    let level = || word.len() <= 9 && word.iter().all(u8::is_ascii_uppercase);
    let pair = || word.contains(&b'=');
    (closed() || level() || parted() || pair() || stamp() || dated() || glog() || is_place(word))
        .then_some(end)
}

/// Where the level begins that is glued to the end of a stamp by a mark: `06:47:12,123:ERROR:x.y`, `06:47:12|WARN|x`,
/// `06:47:12Z|412|bridge|WARN|x`, or that is a field of the same row: `06:47:12,412,ERROR,x`.
fn before_glued_level(word: &[u8]) -> Option<usize> {
    const GLUE: [u8; 4] = [b':', b'|', b';', b','];
    if !word[0].is_ascii_digit() {
        return None;
    }
    let glued = |at: &usize| {
        let len = word[at + 1..].iter().take(12).take_while(|b| b.is_ascii_uppercase()).count();
        word.get(at + 1 + len) == Some(&word[*at]) && prefix::is_level(&word[at + 1..at + 1 + len])
    };
    let glue = word.iter().enumerate().filter(|(_, b)| GLUE.contains(b)).map(|(at, _)| at);
    Some(glue.take(8).find(glued)? + 1)
}

/// A date of which the month is a name: `22-Nov-2026`, `22/Nov/2026`, `2026-Nov-22`.
fn is_named_date(word: &[u8]) -> bool {
    let number = |part: &[u8]| matches!(part.len(), 2 | 4) && part.iter().all(u8::is_ascii_digit);
    let mut parts = word.split(|b| matches!(b, b'-' | b'/'));
    let [first, month, last] = [(); 3].map(|()| parts.next().unwrap_or_default());
    number(first)
        && month.len() == 3
        && number(last)
        && names::month(month).is_some()
        && parts.next().is_none()
}

/// NCCL's `host:pid:tid`, or a place in a source: `net.cc:10`.
fn is_place(word: &[u8]) -> bool {
    let is_number = |part: &[u8]| !part.is_empty() && part.iter().all(u8::is_ascii_digit);
    let mut parts = word.rsplit(|b| *b == b':');
    let numbered = parts.next().is_some_and(is_number);
    let named =
        parts.next().is_some_and(|part| part.contains(&b'.') || (is_number(part) && parts.next().is_some()));
    numbered && named && word.first().is_some_and(u8::is_ascii_alphabetic)
}

/// Where the next word begins after one that stands before a level, `root INFO 2026-...`, or before the bracket of a stamp
/// or a process: `train [2026-...`, `apport (pid 412) Sun Nov 22 ...`.
fn before_field(head: &[u8], at: usize) -> Option<usize> {
    let end = at + head[at..].iter().position(|b| matches!(b, b' ' | b'\t'))?;
    let next = skip(head, end);
    // Cray's `Rank 3 [Sun Nov 22 06:47:12 2026] [c4-0c0s12n3] x`.
    let number = head[next..].iter().take(8).take_while(|b| b.is_ascii_digit()).count();
    let next = if number > 0 && head[next + number..].starts_with(b" [") { next + number + 1 } else { next };
    if let Some([b'[' | b'(', inside @ ..]) = head.get(next..) {
        let dated = matches!(inside, [b'1' | b'2', b'0'..=b'9', _, _, b'-' | b'/', ..])
            || (matches!(inside, [_, _, _, b' ', ..]) && names::weekday(inside) == Some(3));
        return (dated || inside.starts_with(b"pid ") || inside.starts_with(b"Rank ")).then_some(next);
    }
    let len = head[next..].iter().take_while(|b| b.is_ascii_uppercase()).count();
    // Behind most words there is no other in capitals, which is seen sooner than that it is no level.
    let is_word = len > 0 && matches!(head.get(next + len), Some(b' ' | b'\t' | b':'));
    (is_word && prefix::is_level(&head[next..next + len])).then_some(next)
}

/// Where a stamp may stand behind the marks at `at`: behind any and a blank (`# Time: 2026-...`, `>> 2026-...`, `=== 2026-...`),
/// or right behind `| 2026-...`, `--2026-...` (wget), `*Nov 22 ...` (a router whose clock is not set), `<2026-...>`,
/// `####<Nov 22, ...`, and what a test's dots and a traceback's carets leave of a line.
pub(in crate::stamp) fn behind_marks(line: &[u8], at: usize) -> Option<usize> {
    const LONGEST: usize = 128;
    let end = at + line[at..].iter().take(LONGEST).take_while(|b| is_mark(**b)).count();
    match (&line[at..end], line.get(end)) {
        (_, Some(b' ' | b'\t')) => Some(prefix::skip_blanks(line, end)),
        ([b'-', b'-'] | [b'*' | b'.'] | [.., b'|' | b'#' | b'<' | b'^' | b'~'] | [.., b'.', b'.'], _) => {
            Some(end)
        }
        _ => None,
    }
}

/// Whether a byte belongs to the marks that may stand before a stamp.
#[inline]
pub(in crate::stamp) fn is_mark(byte: u8) -> bool {
    matches!(byte, b'#' | b'*' | b'|' | b'<' | b'>' | b'-' | b'=' | b'+' | b'.' | b'^' | b'~')
}

/// Where a stamp may stand within the word at `at`: behind the last colon of a chain (`INFO:train:2026-...`, or with two:
/// `Thread-13::DEBUG::2026-...`), or behind
/// a label (`datetime: 2026-...`).
pub(in crate::stamp) fn stamp_in(head: &[u8], at: usize) -> Option<usize> {
    let name = |b: &u8| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'.' | b'-');
    let mut at = at;
    for _ in 0..4 {
        let len = head[at..].iter().take_while(|b| name(b)).count();
        let word = &head[at..at + len];
        let is_label = || LABELS.iter().any(|label| label.eq_ignore_ascii_case(word));
        // What reports on a job or a device pads its labels: `Timestamp    : Sun Nov 22 ...`.
        let colon = prefix::skip_blanks(head, at + len);
        let colon = if colon == at + len || is_label() { colon } else { at + len };
        if len == 0 || head.get(colon) != Some(&b':') {
            return None;
        }
        at = colon + 1 + usize::from(head.get(colon + 1) == Some(&b':'));
        match head.get(at)? {
            b'0'..=b'9' if word.iter().any(u8::is_ascii_alphabetic) => return Some(at),
            b' ' if is_label() => return Some(prefix::skip_blanks(head, at)),
            _ => {}
        }
    }
    None
}
