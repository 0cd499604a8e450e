//! What stands before the stamp: ranks, hosts, processes, levels, tags.
//!
//! Launchers and loggers stack prefixes: `node-3: [rank0]:[titan] INFO 2026-...`. Each is peeled in turn; those that
//! name a rank or a process make the line's [`Prefix`], by which lines without a stamp find the stamp to inherit.

mod recent;
mod words;

use std::net::Ipv4Addr;

use crate::stamp::formats::digits::digit;
use crate::stamp::head::rank;
use words::{WORDS, WRITERS};

pub(in crate::stamp) use recent::Recent;
pub(in crate::stamp) use words::{is_known, is_level};

/// Which rank or process wrote a line: a hash of the parts that say so, in one spelling.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Prefix(pub u64);

impl Prefix {
    /// No rank and no process is named.
    pub const NONE: Self = Self(0);

    /// This prefix with one more part, spelled in lower case with neither blanks nor marks (`[Rank 2]` is `[rank2]`), but
    /// for marks that part two numbers: `node1-1` is not `node11`.
    fn with(self, part: &[u8]) -> Self {
        // FNV-1a: short keys, and a collision only misleads a line without a stamp.
        let mut hash = if self == Self::NONE { 0xcbf2_9ce4_8422_2325 } else { self.0 ^ 0x2f };
        let mut before = None;
        for (at, byte) in part.iter().enumerate() {
            let parts_numbers = || {
                let behind = part.get(at + 1);
                before.is_some_and(u8::is_ascii_digit) && behind.is_some_and(u8::is_ascii_digit)
            };
            if !matches!(byte, b' ' | b'_' | b'-' | b'=') || parts_numbers() {
                hash = (hash ^ u64::from(byte.to_ascii_lowercase())).wrapping_mul(0x0100_0000_01b3);
            }
            before = Some(byte);
        }
        Self(hash.max(1))
    }
}

/// The longest prefix that is looked for.
const LONGEST: usize = 128;

/// Where the blanks, NULs, bells, backspaces and byte order marks from `at` on end.
#[inline]
pub(in crate::stamp) fn skip_blanks(bytes: &[u8], mut at: usize) -> usize {
    loop {
        match bytes.get(at) {
            Some(b' ' | b'\t' | b'\r' | 0 | 7 | 8) => at += 1,
            Some(0xef) if bytes[at..].starts_with(b"\xef\xbb\xbf") => at += 3,
            _ => return at,
        }
    }
}

/// Where on its line a prefix stands. One that names a writer stands at the beginning, or right behind another: an
/// indented `  rank 2: exit code 1` goes on with the line before it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::stamp) enum PrefixPlace {
    /// At the beginning of the line.
    First,
    /// Behind other prefixes, with one blank at most between.
    Behind,
    /// Behind blanks, so many of them.
    Indented(usize),
}

impl PrefixPlace {
    /// The place behind `blanks`, which stand at the beginning of a line (`depth` 0) or behind so many prefixes.
    #[inline]
    pub fn of(blanks: &[u8], depth: usize) -> Self {
        let count = blanks.iter().filter(|b| matches!(b, b' ' | b'\t')).count();
        match (depth, count) {
            (0, 0) => Self::First,
            (1.., 0 | 1) => Self::Behind,
            _ => Self::Indented(count),
        }
    }
}

/// Peels one prefix that begins at `at`: where it ends, and the prefix so far with its part.
///
/// A bare word or number before a colon names a host or a task only where nothing stands before it: inside a record
/// such words are text.
#[inline]
pub(in crate::stamp) fn peel(
    bytes: &[u8],
    at: usize,
    so_far: Prefix,
    place: PrefixPlace,
) -> Option<(usize, Prefix)> {
    let first = place == PrefixPlace::First;
    match bytes.get(at)? {
        b'[' => bracket(bytes, at, so_far, place),
        b'(' => parenthesis(bytes, at, so_far),
        b'<' => priority(bytes, at).map(|end| (end, so_far)),
        b'0'..=b'9' if first => task(bytes, at, so_far),
        b'0'..=b'9' if let PrefixPlace::Indented(blanks) = place => {
            // `srun --label` pads its numbers to one width.
            let (_, end) = rank::label(bytes, at.checked_sub(blanks)?)?;
            Some((end, so_far.with(&bytes[at..end - 2])))
        }
        byte if byte.is_ascii_alphabetic() => word(bytes, at, so_far, first),
        _ => None,
    }
}

/// What follows the prefixes that name the writer of `line`, and the one blank behind each: `[rank3]:   File` is
/// `  File`, so that it shows whether the text is indented.
pub fn behind_writer(line: &[u8]) -> &[u8] {
    &line[writers(line, 0, Prefix::NONE).0..]
}

/// Where the text begins behind the prefixes from `start` on that name a writer, and behind one blank; and `outer` with those.
pub(in crate::stamp) fn writers(line: &[u8], start: usize, outer: Prefix) -> (usize, Prefix) {
    let (mut at, mut prefix) = (start, outer);
    for depth in 0.. {
        let text = skip_blanks(line, at);
        let Some((end, named)) = peel(line, text, prefix, PrefixPlace::of(&line[at..text], depth)) else {
            break;
        };
        if named == prefix {
            break;
        }
        (at, prefix) = (end, named);
    }
    let blank = usize::from(at > start && line.get(at) == Some(&b' ') && line.get(at - 1) != Some(&b' '));
    (at + blank, prefix)
}

/// Where a word of level inside a bracket ends: `NeMo W `, `INFO|`, `I `.
pub(in crate::stamp) fn inside_bracket(bytes: &[u8], at: usize) -> Option<usize> {
    let end = token_end(bytes, at);
    let next = *bytes.get(end)?;
    if next == b'|' {
        return Some(end + 1);
    }
    if next != b' ' {
        return None;
    }
    let letter =
        |at: usize| bytes.get(at).is_some_and(u8::is_ascii_uppercase) && bytes.get(at + 1) == Some(&b' ');
    if letter(end + 1) {
        return Some(end + 3);
    }
    (letter(at) || WORDS.contains(&&bytes[at..end])).then_some(end + 1)
}

/// `[rank0]:`, `[1,3]<stdout>:`, `[titan] `, `[INFO|file.py:1] `.
fn bracket(bytes: &[u8], at: usize, so_far: Prefix, place: PrefixPlace) -> Option<(usize, Prefix)> {
    let content = until(bytes, at + 1, b']')?;
    let mut end = at + 1 + content.len() + 1;
    let stream = [b"<stdout>".as_slice(), b"<stderr>"].into_iter().find(|s| bytes[end..].starts_with(s));
    end += stream.map_or(0, <[u8]>::len);
    let colon = bytes.get(end) == Some(&b':');
    let named = !matches!(place, PrefixPlace::Indented(_))
        && (stream.is_some() || is_writer(content, colon, place == PrefixPlace::First))
        && !(rank::is_alone(&bytes[end..]) && content.iter().all(u8::is_ascii_digit));
    let prefix = if named { so_far.with(content) } else { so_far };
    Some((end + usize::from(colon), prefix))
}

/// Whether what stands between brackets numbers a writer.
fn is_writer(content: &[u8], colon: bool, first: bool) -> bool {
    let digits = content.iter().rev().take_while(|b| b.is_ascii_digit()).count();
    let name = &content[..content.len() - digits];
    // `kubectl logs --prefix` writes `[pod/worker-0/main]`.
    if content.starts_with(b"pod/") {
        return true;
    }
    if digits == 0 {
        return false;
    }
    if name.is_empty() || (name.ends_with(b",") && name[..name.len() - 1].iter().all(u8::is_ascii_digit)) {
        return colon || first;
    }
    let letters = || name.iter().filter(|b| b.is_ascii_alphabetic()).map(u8::to_ascii_lowercase);
    let plain = name.iter().all(|b| b.is_ascii_alphabetic() || matches!(b, b' ' | b'_' | b'-' | b'='));
    plain && (colon || WRITERS.iter().any(|w| letters().eq(w.iter().copied())))
}

/// Ray's and vLLM's `(Name pid=1, ip=10.0.0.3) `; also `(raylet) `.
fn parenthesis(bytes: &[u8], at: usize, so_far: Prefix) -> Option<(usize, Prefix)> {
    let content = until(bytes, at + 1, b')')?;
    let end = at + 1 + content.len() + 1;
    if !matches!(bytes.get(end), Some(b' ' | b'\t')) {
        return None;
    }
    if let Some(pid) = memchr::memmem::find(content, b"pid=") {
        return Some((end, so_far.with(&content[pid..])));
    }
    let word = content.iter().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-' | b'.'));
    let told = word || memchr::memmem::find(content, b"ip=").is_some();
    (told && !content.is_empty()).then(|| (end, so_far.with(content)))
}

/// A syslog priority: `<34>`, `<165>1 `.
fn priority(bytes: &[u8], at: usize) -> Option<usize> {
    let digits = bytes[at + 1..].iter().take(4).take_while(|b| b.is_ascii_digit()).count();
    let end = at + 1 + digits;
    if !(1..=3).contains(&digits) || bytes.get(end) != Some(&b'>') {
        return None;
    }
    Some(end + if bytes[end + 1..].starts_with(b"1 ") { 3 } else { 1 })
}

/// The task of `srun --label`, `12: `, or a host that has no name, `10.0.0.3: `; a Redis process and its role, `10:M `;
/// how long a message of syslog is, `83 <165>1 `.
fn task(bytes: &[u8], at: usize, so_far: Prefix) -> Option<(usize, Prefix)> {
    let len = bytes[at..].iter().take(16).take_while(|b| b.is_ascii_digit() || **b == b'.').count();
    let token = &bytes[at..at + len];
    match bytes.get(at + len..at + len + 3)? {
        [b' ', b'<', b'0'..=b'9'] => return priority(bytes, at + len + 1).map(|end| (end, so_far)),
        [b':', role, b' '] if role.is_ascii_uppercase() => return Some((at + len + 3, so_far.with(token))),
        // KeyDB's has a thread between: `412:413:M `.
        [b':', b'0'..=b'9', _] => {
            let thread = at + len + 1;
            let digits = bytes[thread..].iter().take(8).take_while(|b| b.is_ascii_digit()).count();
            let role = bytes.get(thread + digits..thread + digits + 3)?;
            return matches!(role, [b':', b'A'..=b'Z', b' '])
                .then(|| (thread + digits + 3, so_far.with(token)));
        }
        _ => {}
    }
    let is_address = || str::from_utf8(token).is_ok_and(|text| text.parse::<Ipv4Addr>().is_ok());
    let named = token.len() <= 6 && !token.contains(&b'.') || is_address();
    (named && bytes[at + len..].starts_with(b": ")).then(|| (at + len + 2, so_far.with(token)))
}

/// A level, `LAUNCH`, `I `; and at the line's beginning a host: `node-3: `.
fn word(bytes: &[u8], at: usize, so_far: Prefix, first: bool) -> Option<(usize, Prefix)> {
    let end = token_end(bytes, at);
    let token = &bytes[at..end];
    let next = *bytes.get(end)?;
    if token.len() == 1 {
        // Tendermint's `I[2026-11-22|06:47:12.123] `.
        let glued = next == b'[' && bytes[end..].starts_with(b"[20");
        return (next == b' ' || glued).then_some((end + usize::from(!glued), so_far));
    }
    if matches!(next, b' ' | b'\t' | b':' | b'|' | b',' | b'[') && is_level(token) {
        let mut end = skip_blanks(bytes, end);
        if matches!(bytes.get(end), Some(b':' | b'|' | b'-' | b',' | b'@')) {
            end += 1;
        }
        return Some((end, so_far));
    }
    if first && let Some(end) = compose(bytes, end) {
        return Some((end, so_far.with(token)));
    }
    if first && let Some((named, end)) = numbered(bytes, end, token) {
        return Some((end, so_far.with(&bytes[at..named])));
    }
    if let Some(end) = component(bytes, end) {
        return Some((end, so_far));
    }
    if next != b':' || bytes.get(end + 1) != Some(&b' ') {
        return None;
    }
    if is_code(token) {
        return Some((end + 2, so_far));
    }
    let host = first && token.iter().any(|b| b.is_ascii_digit() || matches!(b, b'-' | b'.'));
    (host && !is_exception(token)).then(|| (end + 2, so_far.with(token)))
}

/// Whether `token` is the name of an exception, with which Python ends a traceback: `torch.OutOfMemoryError`, `queue.Empty`,
/// `Py4JJavaError`, and those of Python's own modules that have no capital.
pub(crate) fn is_exception(token: &[u8]) -> bool {
    const SMALL: [&[u8]; 4] = [b"error", b"timeout", b"gaierror", b"herror"];
    const ENDS: [&[u8]; 3] = [b"Error", b"Exception", b"Warning"];
    let name = token.rsplit(|b| *b == b'.').next().unwrap_or(token);
    if ENDS.iter().any(|end| name.ends_with(end)) {
        return true;
    }
    let is_class = || {
        name.first().is_some_and(u8::is_ascii_uppercase)
            && name.iter().any(u8::is_ascii_lowercase)
            && !token.contains(&b'-')
    };
    name.len() < token.len() && (SMALL.contains(&name) || is_class())
}

/// Where the number of a writer called `token` ends, and its prefix: `rank 3: `, or TorchX's `trainer/0 `.
fn numbered(bytes: &[u8], at: usize, token: &[u8]) -> Option<(usize, usize)> {
    let digits = bytes[at + 1..].iter().take(7).take_while(|b| b.is_ascii_digit()).count();
    let end = at + 1 + digits;
    let is_writer = || WRITERS.iter().any(|writer| writer.eq_ignore_ascii_case(token));
    let mark: &[u8] = match bytes[at] {
        b'/' => b" ",
        b' ' if is_writer() => b": ",
        _ => return None,
    };
    ((1..7).contains(&digits) && bytes[end..].starts_with(mark)).then_some((end, end + mark.len()))
}

/// Where the parenthesis ends, at `at`, of the component that Ascend puts before a stamp: `HCCL(1234,python3):2026`.
fn component(bytes: &[u8], at: usize) -> Option<usize> {
    let content = if bytes.get(at)? == &b'(' { until(bytes, at + 1, b')')? } else { return None };
    let end = at + content.len() + 3;
    (bytes.get(end - 1) == Some(&b':') && digit(bytes, end).is_some()).then_some(end)
}

/// Where the bar ends that `docker compose` puts behind a service's padded name: `worker-1  | `.
fn compose(bytes: &[u8], at: usize) -> Option<usize> {
    let bar = skip_blanks(bytes, at);
    (bar > at && bytes[bar..].starts_with(b"| ")).then_some(bar + 2)
}

/// The number of an error, as Ascend prints it: `EI0006`.
fn is_code(token: &[u8]) -> bool {
    token.len() == 6
        && token[..2].iter().all(u8::is_ascii_uppercase)
        && (2..6).all(|i| digit(token, i).is_some())
}

fn token_end(bytes: &[u8], at: usize) -> usize {
    let rest = &bytes[at..bytes.len().min(at + LONGEST)];
    let is_token = |b: &u8| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-' | b'.');
    at + rest.iter().position(|b| !is_token(b)).unwrap_or(rest.len())
}

fn until(bytes: &[u8], at: usize, close: u8) -> Option<&[u8]> {
    let rest = &bytes[at..bytes.len().min(at + LONGEST)];
    rest.iter().position(|b| *b == close).map(|n| &rest[..n])
}
