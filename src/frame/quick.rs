//! The commonest frames, by position: whole lines as all runtimes write them today, moment after moment.
//!
//! What looks any other way is left to [`super::cri`] and [`super::docker`], who are the twins: they say the same of these.

use memchr::memrchr;

use super::docker::character;
use crate::stamp::{Rfc3339, Stream};

/// What stands before the text of a whole line in CRI: `2026-11-22T02:10:00.000000000Z stdout F `.
const CRI: usize = 40;
/// What stands before the text in docker's frames, between it and the moment, and at the end.
const LOG: &[u8] = b"{\"log\":\"";
const STREAM: &[u8] = b"\",\"stream\":\"stdout\",\"time\":\"";
const END: &[u8] = b"\"}\n";
/// How long a moment may be, in bytes.
const MOMENT: usize = 40;
/// How many bytes of a text are looked at at once.
const WORD: usize = 8;

/// What a frame says besides the text.
pub(super) type LineHead = (Stream, i64);

/// Stream and moment of the whole line `line`, and its text up to the line end that is its last.
#[inline]
pub(super) fn cri<'t>(line: &'t [u8], stamps: &Rfc3339) -> Option<(LineHead, &'t [u8])> {
    let (head, text) = line.split_first_chunk::<CRI>()?;
    let ns = stamps.in_last_minute(head)?;
    let stream = match &head[30..] {
        b" stdout F " => Stream::Stdout,
        b" stderr F " => Stream::Stderr,
        _ => return None,
    };
    // A hole at the beginning is no text, and the last line of a file may lack its end.
    (text.first() != Some(&0) && text.last() == Some(&b'\n')).then_some(((stream, ns), text))
}

/// Stream and moment of the whole line `line`, of which the text is appended to `text`; if there are none, nothing is.
#[inline]
pub(super) fn docker(line: &[u8], stamps: &mut Rfc3339, text: &mut Vec<u8>) -> Option<LineHead> {
    let inner = line.strip_prefix(LOG)?.strip_suffix(END)?;
    let near = inner.len().saturating_sub(MOMENT);
    let moment = near + memrchr(b'"', &inner[near..])? + 1;
    let (inner, moment) = inner.split_at(moment);
    let (raw, between) = inner.split_at(inner.len().checked_sub(STREAM.len())?);
    if between[..12] != STREAM[..12] || between[18..] != STREAM[18..] {
        return None;
    }
    let stream = Stream::named(&between[12..18])?;
    let (ns, _) = stamps.at(moment, 0).filter(|(_, end)| *end == moment.len())?;
    whole_line(raw, text).then_some((stream, ns))
}

/// Appends what the string `raw` of JSON says to `text`, if that is one line with its end; else nothing.
#[inline]
fn whole_line(raw: &[u8], text: &mut Vec<u8>) -> bool {
    let start = text.len();
    // An escape is never shorter than what it stands for.
    text.resize(start + raw.len() + WORD, 0);
    let said = unescaped(raw, &mut text[start..]).filter(|_| text[start] != 0);
    text.truncate(start + said.unwrap_or(0));
    said.is_some()
}

/// How many bytes of `out` the string `raw` of JSON makes up, if that is one line with its end.
#[inline]
fn unescaped(raw: &[u8], out: &mut [u8]) -> Option<usize> {
    let (mut at, mut put) = (0, 0);
    loop {
        let rest = &raw[at..];
        let run = if let Some(word) = rest.first_chunk::<WORD>() {
            out[put..put + WORD].copy_from_slice(word);
            plain(u64::from_le_bytes(*word))
        } else {
            out[put..put + rest.len()].copy_from_slice(rest);
            rest.iter().position(|byte| matches!(byte, b'"' | b'\\')).unwrap_or(rest.len())
        };
        (at, put) = (at + run, put + run);
        if run == WORD {
            continue;
        }
        // Without a line end it is a part of a line; and an end inside is left to the twin, as a quote is.
        let [b'\\', escape, ..] = raw[at..] else { return None };
        at += 2;
        out[put] = match escape {
            b'"' | b'\\' | b'/' => escape,
            b'n' if at == raw.len() => {
                out[put] = b'\n';
                return Some(put + 1);
            }
            b't' => b'\t',
            b'r' => b'\r',
            b'b' => 8,
            b'f' => 12,
            b'u' => {
                let (character, end) = character(raw, at)?;
                if character == '\n' {
                    return None;
                }
                put += character.encode_utf8(&mut out[put..]).len();
                at = end;
                continue;
            }
            _ => return None,
        };
        put += 1;
    }
}

/// How many bytes at the beginning of a word are neither a quote nor a backslash.
#[inline]
fn plain(word: u64) -> usize {
    const ONES: u64 = u64::from_le_bytes([1; WORD]);
    const HIGH: u64 = ONES << 7;
    // A byte is zero where it is the one that is looked for; what is borrowed from the next one comes behind a zero.
    let zeros = |word: u64| word.wrapping_sub(ONES) & !word & HIGH;
    let special = zeros(word ^ (ONES * u64::from(b'"'))) | zeros(word ^ (ONES * u64::from(b'\\')));
    special.trailing_zeros() as usize / WORD
}
