//! The level among the keys of a JSON object or a logfmt record.

use memchr::{memchr, memchr2};

use super::Level;
use super::words::{number, of_python, parse, severity};

/// The keys that hold the level of a record, in lower case.
const KEYS: [&[u8]; 14] = [
    b"level",
    b"severity",
    b"lvl",
    b"levelname",
    b"log.level",
    b"loglevel",
    b"log_level",
    b"severity_text",
    b"error_severity", // PostgreSQL
    b"severitytext",
    b"@level",
    b"@l",
    b"priority",
    b"s",
];
/// Python's number of a level.
const NUMBER: &[u8] = b"levelno";

/// The keys of an object inside that is about the record itself: ECS has `{"log":{"level":"ERROR"}}`, loguru
/// `{"record":{"level":{"name":"ERROR"}}}`.
const RECORDS: [&[u8]; 2] = [b"log", b"record"];

/// The level of the JSON object that begins at `at`: the value of the first known key of the outermost object, or of one that
/// is about the record.
pub(super) fn object(bytes: &[u8], at: usize) -> Option<Level> {
    let (mut at, mut depth, mut about) = (at + 1, 1_u32, false);
    while let Some(&byte) = bytes.get(at) {
        match byte {
            b'"' => {
                let end = string_end(bytes, at + 1)?;
                let key = &bytes[at + 1..end];
                at = end + 1;
                if depth == 1 {
                    about = RECORDS.contains(&key);
                }
                if (depth == 1 || (depth == 2 && about)) && is_key(key) {
                    let colon = skip_space(bytes, at);
                    if bytes.get(colon) == Some(&b':')
                        && let Some(level) = value(key, bytes, skip_space(bytes, colon + 1))
                    {
                        return Some(level);
                    }
                }
                continue;
            }
            b'{' | b'[' => depth += 1,
            b'}' | b']' => depth -= 1,
            _ => {}
        }
        if depth == 0 {
            return None;
        }
        at += 1;
    }
    None
}

/// The level of a pair `key=value` that begins at `at`.
pub(super) fn pair(bytes: &[u8], at: usize) -> Option<Level> {
    let rest = bytes.get(at..)?;
    let equals = memchr(b'=', &rest[..rest.len().min(16)])?;
    let key = &rest[..equals];
    if is_key(key) { value(key, bytes, at + equals + 1) } else { None }
}

fn is_key(key: &[u8]) -> bool {
    matches!(key.first(), Some(b'e' | b'l' | b'L' | b's' | b'S' | b'@' | b'p' | b'P'))
        && (KEYS.iter().any(|known| known.eq_ignore_ascii_case(key)) || key == NUMBER)
}

/// The level that the value at `at` means for `key`.
fn value(key: &[u8], bytes: &[u8], at: usize) -> Option<Level> {
    if bytes.get(at) == Some(&b'{') {
        return named(bytes, at);
    }
    let start = at + usize::from(matches!(bytes.get(at), Some(b'"' | b'\'')));
    let rest = bytes.get(start..)?;
    let len = rest.iter().take(16).take_while(|b| b.is_ascii_alphanumeric()).count();
    let word = &rest[..len];
    if !word.first()?.is_ascii_digit() {
        // Mongo's `"s":"I"`; a longer word under so short a key may be anything.
        return if key.eq_ignore_ascii_case(b"s") {
            if len == 1 { super::words::letter(word[0]) } else { None }
        } else if word == b"LOG" && key == b"error_severity" {
            Some(Level::Info)
        } else {
            parse(word)
        };
    }
    let told: u32 = str::from_utf8(word).ok()?.parse().ok()?;
    if key == NUMBER {
        of_python(told)
    } else if key.eq_ignore_ascii_case(b"priority") {
        severity(told)
    } else {
        number(told)
    }
}

/// The level that the name says of one that is an object: `{"icon": "x", "name": "ERROR", "no": 40}`.
fn named(bytes: &[u8], at: usize) -> Option<Level> {
    const NAME: &[u8] = b"\"name\":";
    let object = &bytes[at..bytes.len().min(at + 128)];
    let object = &object[..memchr(b'}', object)?];
    let rest = &object[memchr::memmem::find(object, NAME)? + NAME.len()..];
    let word = rest.trim_ascii_start().strip_prefix(b"\"")?;
    parse(&word[..memchr(b'"', word)?])
}

/// Where the string that begins at `at` has its closing quote.
fn string_end(bytes: &[u8], mut at: usize) -> Option<usize> {
    loop {
        at += memchr2(b'"', b'\\', bytes.get(at..)?)?;
        if bytes[at] == b'"' {
            return Some(at);
        }
        at += 2;
    }
}

fn skip_space(bytes: &[u8], mut at: usize) -> usize {
    while matches!(bytes.get(at), Some(b' ' | b'\t')) {
        at += 1;
    }
    at
}
