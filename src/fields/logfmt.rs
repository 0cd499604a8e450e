//! Pairs `key=value` on a line.

use std::borrow::Cow;

use memchr::{memchr, memmem};

use super::Value;

/// The value of the last pair with `key`: a key is what stands before `=` without blanks, quotes or another `=`, and a
/// value is what follows up to a blank, or up to the closing quote where it begins with one. A comma or semicolon that
/// ends a value, as in `step=10, loss=2.5`, is none of it.
pub(super) fn field<'l>(line: &'l [u8], key: &str) -> Option<Value<'l>> {
    if key.is_empty() || memmem::find(line, key.as_bytes()).is_none() {
        return None;
    }
    let (mut at, mut found) = (0, None);
    while at < line.len() {
        let end = at
            + line[at..]
                .iter()
                .position(|b| is_end(*b) || matches!(b, b'=' | b'"'))
                .unwrap_or(line.len() - at);
        match line.get(end) {
            Some(b'=') if end > at => {
                let (value, next) = value(line, end + 1);
                if &line[at..end] == key.as_bytes() {
                    found = Some(value);
                }
                at = next;
            }
            Some(b'"') => at = closing(line, end + 1).unwrap_or(end) + 1,
            _ => at = end + 1,
        }
    }
    found
}

/// The value that begins at `at`, and where what follows begins.
fn value(line: &[u8], at: usize) -> (Value<'_>, usize) {
    if line.get(at) == Some(&b'"')
        && let Some(close) = closing(line, at + 1)
    {
        return (Value::Text(unquoted(&line[at + 1..close])), close + 1);
    }
    let value = unquoted_value(&line[at..]);
    (Value::Text(Cow::Borrowed(value)), at + value.len())
}

/// The value with which `rest` begins, if not with a quote.
pub(super) fn unquoted_value(rest: &[u8]) -> &[u8] {
    let value = &rest[..rest.iter().position(|b| is_end(*b)).unwrap_or(rest.len())];
    match value {
        [said @ .., b',' | b';'] if !said.is_empty() => said,
        _ => value,
    }
}

fn is_end(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t' | b'\n' | b'\r')
}

/// Where the quote stands that closes what begins at `at`.
fn closing(line: &[u8], mut at: usize) -> Option<usize> {
    loop {
        match line.get(at)? {
            b'"' => return Some(at),
            b'\\' => at += 2,
            _ => at += 1,
        }
    }
}

/// What a quoted value says: a backslash takes the next byte as it is, but for `\n`, `\r` and `\t`.
fn unquoted(quoted: &[u8]) -> Cow<'_, [u8]> {
    if memchr(b'\\', quoted).is_none() {
        return Cow::Borrowed(quoted);
    }
    let mut text = Vec::with_capacity(quoted.len());
    let mut bytes = quoted.iter();
    while let Some(&byte) = bytes.next() {
        text.push(match byte {
            b'\\' => match bytes.next() {
                Some(b'n') => b'\n',
                Some(b'r') => b'\r',
                Some(b't') => b'\t',
                Some(&other) => other,
                None => break,
            },
            other => other,
        });
    }
    Cow::Owned(text)
}
