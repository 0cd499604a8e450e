//! A quick look for lines of which a condition may hold, before the fields of any line are read.
//!
//! A key stands on its line as it is, or it has an escape in it. So the block is searched for the key, and for escapes that
//! may spell one; the value behind the key is compared where it stands, and only a line where that holds is read.

use std::borrow::Cow;
use std::fmt;

use memchr::memmem::Finder;
use memchr::{memchr, memchr2};

use super::Value;
use super::logfmt::unquoted_value;
use crate::line::{self, Line};

/// What may spell a letter of a key.
const ESCAPE: &[u8] = b"\\u";

/// What is looked for.
#[derive(Clone)]
pub(super) struct KeyLook {
    key: Finder<'static>,
    escape: Finder<'static>,
    /// The value, where it is a text that stands on the line unless there is a backslash.
    value: Option<Finder<'static>>,
}

impl PartialEq for KeyLook {
    fn eq(&self, other: &Self) -> bool {
        let needle = |value: &Option<Finder<'static>>| value.as_ref().map(|value| value.needle().to_vec());
        self.key.needle() == other.key.needle() && needle(&self.value) == needle(&other.value)
    }
}

impl fmt::Debug for KeyLook {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "KeyLook({:?})", self.key.needle().escape_ascii().to_string())
    }
}

impl KeyLook {
    /// For the field `key`, whose value has to be `text`, if that is told; `None` where the key may stand in parts, or be
    /// spelled by other escapes.
    pub fn of(key: &str, text: Option<&str>) -> Option<Self> {
        let plain = |byte: u8| byte >= b' ' && !matches!(byte, b'.' | b'"' | b'\\' | b'/');
        (!key.is_empty() && key.bytes().all(plain)).then(|| Self {
            key: Finder::new(key).into_owned(),
            escape: Finder::new(ESCAPE).into_owned(),
            value: text.filter(|text| !text.is_empty()).map(|text| Finder::new(text).into_owned()),
        })
    }

    /// The lines of `text`, in order, of which a condition may hold: those with a value behind the key of which `holds` is
    /// true, and those on which that cannot be said.
    pub fn lines(&self, text: &[u8], mut holds: impl FnMut(&Value<'_>) -> bool, mut take: impl FnMut(Line)) {
        let is_absent = |value: &Finder<'_>| value.find(text).is_none() && memchr(b'\\', text).is_none();
        if self.value.as_ref().is_some_and(is_absent) {
            return;
        }
        let (mut key, mut escape) = (self.next(text, 0, &mut holds), self.escape.find(text));
        while let Some(at) = key.into_iter().chain(escape).min() {
            let found = line::around(text, at);
            take(found);
            let behind = |place: Option<usize>| place.is_some_and(|place| place < found.end);
            if behind(key) {
                key = self.next(text, found.end, &mut holds);
            }
            if behind(escape) {
                escape = self.escape.find(&text[found.end..]).map(|at| found.end + at);
            }
        }
    }

    /// The next place from `from` on where the key stands before a value of which `holds` may be true.
    fn next(&self, text: &[u8], from: usize, holds: &mut impl FnMut(&Value<'_>) -> bool) -> Option<usize> {
        let mut from = from;
        loop {
            let at = from + self.key.find(text.get(from..)?)?;
            let may_hold = match behind_key(text, at, at + self.key.needle().len()) {
                AfterKey::Nothing => false,
                AfterKey::Unsure => true,
                AfterKey::Value(value) => holds(&value),
            };
            if may_hold {
                return Some(at);
            }
            from = at + 1;
        }
    }
}

/// What stands behind a key.
#[derive(Debug, PartialEq)]
enum AfterKey<'t> {
    /// No value: it is a key of nothing.
    Nothing,
    /// A value that has to be read.
    Unsure,
    /// A value.
    Value(Value<'t>),
}

/// What stands behind what may be a key at `at..end`: in quotes before a colon, or before `=`.
#[inline]
fn behind_key(text: &[u8], at: usize, end: usize) -> AfterKey<'_> {
    match text.get(end) {
        Some(b'"') if at > 0 && text[at - 1] == b'"' => {
            let colon = behind_space(text, end + 1);
            if text.get(colon) == Some(&b':') {
                json(text, behind_space(text, colon + 1))
            } else {
                AfterKey::Nothing
            }
        }
        Some(b'=') => pair(text, end + 1),
        _ => AfterKey::Nothing,
    }
}

/// The value of JSON at `at`, if it is a number, a word or a string without escapes.
#[inline]
fn json(text: &[u8], at: usize) -> AfterKey<'_> {
    match text.get(at) {
        Some(b'"') => {
            let rest = &text[at + 1..];
            match memchr2(b'"', b'\\', rest) {
                Some(end) if rest[end] == b'"' => AfterKey::Value(Value::Text(Cow::Borrowed(&rest[..end]))),
                _ => AfterKey::Unsure,
            }
        }
        Some(b'{' | b'[') => AfterKey::Unsure,
        _ => {
            let rest = text.get(at..).unwrap_or_default();
            let ends = |byte: &u8| matches!(byte, b',' | b'}' | b']' | b' ' | b'\t' | b'\r' | b'\n');
            AfterKey::Value(Value::Raw(&rest[..rest.iter().position(ends).unwrap_or(rest.len())]))
        }
    }
}

/// The value of a pair at `at`, if it has no quotes.
#[inline]
fn pair(text: &[u8], at: usize) -> AfterKey<'_> {
    let rest = text.get(at..).unwrap_or_default();
    if rest.first() == Some(&b'"') {
        return AfterKey::Unsure;
    }
    AfterKey::Value(Value::Text(Cow::Borrowed(unquoted_value(rest))))
}

fn behind_space(text: &[u8], mut at: usize) -> usize {
    while matches!(text.get(at), Some(b' ' | b'\t' | b'\r')) {
        at += 1;
    }
    at
}
