//! The frames of docker's `json-file` driver: an object with the text, the stream and the moment.

use memchr::{memchr, memchr2};

use super::FramedPart;
use crate::stamp::{Rfc3339, Stream};

/// How deep objects may lie in one that is passed over.
const DEPTH: usize = 16;

/// The frame on `line`; its text is put into `room`, where it has escapes.
pub(super) fn frame<'t>(
    line: &'t [u8],
    stamps: &mut Rfc3339,
    room: &'t mut Vec<u8>,
) -> Option<FramedPart<'t>> {
    let (mut log, mut from, mut time) = (None, None, None);
    let mut at = expect(line, blanks(line, 0), b'{')?;
    loop {
        let (key, end) = string(line, blanks(line, at))?;
        at = blanks(line, expect(line, blanks(line, end), b':')?);
        let value = (line.get(at) == Some(&b'"')).then(|| string(line, at)).flatten();
        match key {
            b"log" => log = Some(value?.0),
            b"stream" => from = Some(Stream::named(value?.0)?),
            b"time" => time = Some(moment(value?.0, stamps)?),
            _ => {}
        }
        at = blanks(line, value.map_or_else(|| passed_over(line, at), |(_, end)| Some(end))?);
        match line.get(at)? {
            b',' => at += 1,
            b'}' => break,
            _ => return None,
        }
    }
    if blanks(line, at + 1) != line.len() {
        return None;
    }
    let (log, stream, ns) = (log?, from?, time?);
    let text = if memchr(b'\\', log).is_some() { unescaped(log, room)? } else { log };
    let whole = text.strip_suffix(b"\n");
    Some(FramedPart { stream, ns, text: whole.unwrap_or(text), goes_on: whole.is_none() })
}

/// The moment that is all of `text`.
fn moment(text: &[u8], stamps: &mut Rfc3339) -> Option<i64> {
    stamps.at(text, 0).filter(|(_, end)| *end == text.len()).map(|(ns, _)| ns)
}

fn blanks(line: &[u8], mut at: usize) -> usize {
    while matches!(line.get(at), Some(b' ' | b'\t' | b'\r' | b'\n')) {
        at += 1;
    }
    at
}

fn expect(line: &[u8], at: usize, byte: u8) -> Option<usize> {
    (line.get(at) == Some(&byte)).then_some(at + 1)
}

/// What stands between the quotes at `at`, escapes and all, and where it ends.
fn string(line: &[u8], at: usize) -> Option<(&[u8], usize)> {
    let start = expect(line, at, b'"')?;
    let mut end = start;
    loop {
        end += memchr2(b'"', b'\\', line.get(end..)?)?;
        if line[end] == b'"' {
            return Some((&line[start..end], end + 1));
        }
        end += 2;
    }
}

/// Where the value at `at` ends, which is no string.
fn passed_over(line: &[u8], mut at: usize) -> Option<usize> {
    let mut depth = 0;
    loop {
        match line.get(at)? {
            b'"' => at = string(line, at)?.1,
            b'{' | b'[' => (depth, at) = (depth + 1, at + 1),
            b'}' | b']' | b',' if depth == 0 => return Some(at),
            b'}' | b']' => (depth, at) = (depth - 1, at + 1),
            _ => at += 1,
        }
        if depth > DEPTH {
            return None;
        }
    }
}

/// The text of a string of JSON, put into `room`. Half of a pair of surrogates is U+FFFD; what is no escape, none.
fn unescaped<'t>(raw: &[u8], room: &'t mut Vec<u8>) -> Option<&'t [u8]> {
    room.clear();
    let mut at = 0;
    while let Some(escape) = memchr(b'\\', &raw[at..]) {
        room.extend_from_slice(&raw[at..at + escape]);
        at += escape + 2;
        let plain = match raw.get(at - 1)? {
            byte @ (b'"' | b'\\' | b'/') => *byte,
            b'b' => 8,
            b'f' => 12,
            b'n' => b'\n',
            b'r' => b'\r',
            b't' => b'\t',
            b'u' => {
                let (character, end) = character(raw, at)?;
                room.extend_from_slice(character.encode_utf8(&mut [0; 4]).as_bytes());
                at = end;
                continue;
            }
            _ => return None,
        };
        room.push(plain);
    }
    room.extend_from_slice(&raw[at..]);
    Some(room)
}

/// The character of which four digits stand at `at`, or those and another escape, and where that ends.
pub(super) fn character(raw: &[u8], at: usize) -> Option<(char, usize)> {
    let first = unit(raw, at)?;
    if let Some(character) = char::from_u32(first) {
        return Some((character, at + 4));
    }
    let second = raw[at + 4..].starts_with(b"\\u").then(|| unit(raw, at + 6)).flatten();
    let pair = second.filter(|low| first < 0xdc00 && (0xdc00..0xe000).contains(low));
    let joined = pair.and_then(|low| char::from_u32(0x1_0000 + ((first - 0xd800) << 10) + (low - 0xdc00)));
    Some(joined.map_or((char::REPLACEMENT_CHARACTER, at + 4), |joined| (joined, at + 10)))
}

fn unit(raw: &[u8], at: usize) -> Option<u32> {
    raw.get(at..at + 4)?.iter().try_fold(0, |unit, byte| Some(unit * 16 + char::from(*byte).to_digit(16)?))
}
