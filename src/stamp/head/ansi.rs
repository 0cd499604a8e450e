//! Lines without the ANSI codes that colour them.

use memchr::memchr;

/// How much of a line is looked at without its ANSI codes, and how many bytes of codes may stand among that.
pub(in crate::stamp) const CLEANED: usize = 4 << 10;
pub(in crate::stamp) const CODES: usize = 64 << 10;
pub(in crate::stamp) const ESCAPE: u8 = 0x1b;

/// Puts `head` without its ANSI codes into `clean`, up to [`CLEANED`] bytes.
pub(in crate::stamp) fn strip_ansi(head: &[u8], clean: &mut Vec<u8>) {
    clean.clear();
    let mut at = 0;
    while at < head.len() && clean.len() < CLEANED {
        if head[at] == ESCAPE {
            at = ansi_end(head, at);
            continue;
        }
        let text = &head[at..head.len().min(at + CLEANED - clean.len())];
        let text = &text[..memchr(ESCAPE, text).unwrap_or(text.len())];
        clean.extend_from_slice(text);
        at += text.len();
    }
}

/// Where the escape sequence at `at` ends: `ESC [ ... letter`, `ESC ] ... BEL` or `ESC \`, two bytes, or three where they
/// choose a set of characters, as `tput sgr0` does.
pub(crate) fn ansi_end(head: &[u8], at: usize) -> usize {
    let rest = &head[at + 1..];
    let body = match rest.first() {
        Some(b'[') => rest[1..].iter().position(|b| (0x40..=0x7e).contains(b)).map(|n| n + 2),
        Some(b']') => rest.iter().position(|b| matches!(b, 7 | b'\\')).map(|n| n + 1),
        Some(b'(' | b')') if rest.len() > 1 => Some(2),
        Some(_) => Some(1),
        None => None,
    };
    body.map_or(head.len(), |n| at + 1 + n)
}
