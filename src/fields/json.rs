//! JSON objects on a line, as Python's `json` reads them: `NaN` and `Infinity` are numbers.
//!
//! Read by hand, so that most of an object is passed over and nothing is built of it.

use std::borrow::Cow;

use memchr::memchr;

use super::Value;

/// How many objects and arrays may stand in one another; deeper ones are no JSON here.
const DEEPEST: usize = 512;
/// How many braces of a line are tried.
const TRIES: usize = 64;

/// The first object on `line` that reaches to the line's end.
pub(super) fn on(line: &[u8]) -> Option<&[u8]> {
    let body = line.trim_ascii_end();
    // Most lines end otherwise.
    if body.last() != Some(&b'}') {
        return None;
    }
    let mut from = 0;
    for _ in 0..TRIES {
        let at = from + memchr(b'{', &body[from..])?;
        if JsonReader(&body[at..]).value(0, 0) == Some(body.len() - at) {
            return Some(&body[at..]);
        }
        from = at + 1;
    }
    None
}

/// The value of the last field that `key` names in `object`, which is sound: a key of it, or one of an object inside,
/// behind the key of that object and a dot.
pub(super) fn field<'l>(object: &'l [u8], key: &str) -> Option<Value<'l>> {
    let (reader, mut found) = (JsonReader(object), None);
    let mut at = reader.space(1);
    while object.get(at) == Some(&b'"') {
        let end = reader.string(at)?;
        let name = unescaped(&object[at + 1..end - 1]);
        let start = reader.space(reader.space(end) + 1);
        let next = reader.value(start, 0)?;
        let value = &object[start..next];
        if *name == *key.as_bytes() {
            found = Some(self::value(value));
        } else if value.first() == Some(&b'{')
            && let Some(rest) = key.as_bytes().strip_prefix(&*name).and_then(|rest| rest.strip_prefix(b"."))
            && let Some(inner) = str::from_utf8(rest).ok().and_then(|rest| field(value, rest))
        {
            found = Some(inner);
        }
        at = reader.space(next);
        if object.get(at) != Some(&b',') {
            break;
        }
        at = reader.space(at + 1);
    }
    found
}

fn value(raw: &[u8]) -> Value<'_> {
    match raw {
        [b'"', text @ .., b'"'] => Value::Text(unescaped(text)),
        _ => Value::Raw(raw),
    }
}

/// Passes over JSON.
struct JsonReader<'j>(&'j [u8]);

impl JsonReader<'_> {
    fn space(&self, mut at: usize) -> usize {
        while matches!(self.0.get(at), Some(b' ' | b'\t' | b'\n' | b'\r')) {
            at += 1;
        }
        at
    }

    /// Where the value at `at` ends; `None` where it is none.
    fn value(&self, at: usize, depth: usize) -> Option<usize> {
        match self.0.get(at)? {
            b'"' => self.string(at),
            b'{' if depth < DEEPEST => self.items(at, b'}', depth),
            b'[' if depth < DEEPEST => self.items(at, b']', depth),
            b'-' | b'0'..=b'9' => self.number(at),
            _ => self.word(at),
        }
    }

    /// Where the object or array at `at` ends.
    fn items(&self, at: usize, close: u8, depth: usize) -> Option<usize> {
        let mut at = self.space(at + 1);
        if self.0.get(at) == Some(&close) {
            return Some(at + 1);
        }
        loop {
            if close == b'}' {
                if self.0.get(at) != Some(&b'"') {
                    return None;
                }
                at = self.space(self.string(at)?);
                if self.0.get(at) != Some(&b':') {
                    return None;
                }
                at = self.space(at + 1);
            }
            at = self.space(self.value(at, depth + 1)?);
            match self.0.get(at)? {
                b',' => at = self.space(at + 1),
                byte if *byte == close => return Some(at + 1),
                _ => return None,
            }
        }
    }

    /// Where the string that begins with the quote at `at` ends.
    fn string(&self, at: usize) -> Option<usize> {
        let mut at = at + 1;
        loop {
            while self.0.get(at..).and_then(<[u8]>::first_chunk).is_some_and(|word| is_plain(*word)) {
                at += 8;
            }
            match self.0.get(at)? {
                b'"' => return Some(at + 1),
                b'\\' => match self.0.get(at + 1)? {
                    b'u' => {
                        let digits = self.0.get(at + 2..at + 6)?;
                        at += if digits.iter().all(u8::is_ascii_hexdigit) { 6 } else { return None };
                    }
                    b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't' => at += 2,
                    _ => return None,
                },
                0..0x20 => return None,
                _ => at += 1,
            }
        }
    }

    fn number(&self, at: usize) -> Option<usize> {
        let start = at + usize::from(self.0[at] == b'-');
        let digits = |at: usize| self.0[at..].iter().take_while(|b| b.is_ascii_digit()).count();
        let whole = digits(start);
        if whole == 0 {
            return self.0[start..].starts_with(b"Infinity").then_some(start + 8).filter(|_| start > at);
        }
        // As Python: `01` is 0 and then something else.
        let mut end = start + if self.0[start] == b'0' { 1 } else { whole };
        if self.0.get(end) == Some(&b'.') && digits(end + 1) > 0 {
            end += 1 + digits(end + 1);
        }
        if matches!(self.0.get(end), Some(b'e' | b'E')) {
            let sign = usize::from(matches!(self.0.get(end + 1), Some(b'+' | b'-')));
            if end + 1 + sign <= self.0.len() && digits(end + 1 + sign) > 0 {
                end += 1 + sign + digits(end + 1 + sign);
            }
        }
        Some(end)
    }

    fn word(&self, at: usize) -> Option<usize> {
        let words = [b"true".as_slice(), b"false", b"null", b"NaN", b"Infinity"];
        words.into_iter().find(|word| self.0[at..].starts_with(word)).map(|word| at + word.len())
    }
}

/// Whether none of eight bytes of a string ends it, escapes anything or is a control character.
#[inline]
fn is_plain(word: [u8; 8]) -> bool {
    const ONES: u64 = u64::from_ne_bytes([1; 8]);
    let word = u64::from_ne_bytes(word);
    let zero = |word: u64| word.wrapping_sub(ONES) & !word;
    let below = word.wrapping_sub(ONES * 0x20) & !word;
    let marks = zero(word ^ (ONES * u64::from(b'"'))) | zero(word ^ (ONES * u64::from(b'\\'))) | below;
    marks & (ONES << 7) == 0
}

/// The text of a sound string, without its quotes.
fn unescaped(text: &[u8]) -> Cow<'_, [u8]> {
    if memchr(b'\\', text).is_none() {
        return Cow::Borrowed(text);
    }
    let (mut out, mut at) = (Vec::with_capacity(text.len()), 0);
    while at < text.len() {
        if text[at] != b'\\' {
            out.push(text[at]);
            at += 1;
            continue;
        }
        let escape = text.get(at + 1).copied().unwrap_or(b'\\');
        at += 2;
        let plain = match escape {
            b'n' => b'\n',
            b'r' => b'\r',
            b't' => b'\t',
            b'b' => 8,
            b'f' => 12,
            b'u' => {
                at += unicode(text, at, &mut out);
                continue;
            }
            other => other,
        };
        out.push(plain);
    }
    Cow::Owned(out)
}

/// Adds the character of the four digits at `at`, and of a second half behind them; returns how many bytes it took. Half
/// a pair by itself is no character, and stands as U+FFFD does.
fn unicode(text: &[u8], at: usize, out: &mut Vec<u8>) -> usize {
    let unit = |at: usize| {
        let digits = str::from_utf8(text.get(at..at + 4)?).ok()?;
        u16::from_str_radix(digits, 16).ok()
    };
    let Some(first) = unit(at) else { return 0 };
    let second = if text[at + 4..].starts_with(b"\\u") { unit(at + 6) } else { None };
    let pair = second.and_then(|second| char::decode_utf16([first, second]).next()?.ok());
    let (c, took) = match pair.filter(|c| u32::from(*c) > 0xffff) {
        Some(c) => (c, 10),
        None => (char::from_u32(first.into()).unwrap_or(char::REPLACEMENT_CHARACTER), 4),
    };
    out.extend_from_slice(c.encode_utf8(&mut [0; 4]).as_bytes());
    took
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn eight_bytes_are_plain_where_each_is(word in prop::array::uniform8(prop_oneof![
            any::<u8>(), Just(b'"'), Just(b'\\'), Just(0x1f), Just(0x20), Just(b'a'), Just(0x80), Just(0xa2)
        ])) {
            let each = word.iter().all(|byte| *byte >= 0x20 && !matches!(byte, b'"' | b'\\'));
            prop_assert_eq!(is_plain(word), each);
        }
    }
}
