//! The places of a level on the lines of single programs.

use memchr::memchr;

use super::Level;
use super::own::{follows_stamp, next_word};
use super::words::{in_header, letter, severity};

/// syslog's `<34>`: the severity is its last three bits.
pub(super) fn priority(head: &[u8], at: usize) -> Option<Level> {
    let close = memchr(b'>', &head[at..head.len().min(at + 6)])?;
    let number: u32 = str::from_utf8(&head[at + 1..at + close]).ok()?.parse().ok()?;
    if number < 192 { severity(number % 8) } else { None }
}

/// Redis's sign behind the stamp: `7:M 22 Nov 2026 06:47:12.123 # x`, a process and its role before it.
pub(super) fn redis(head: &[u8], at: usize) -> Option<Level> {
    let digits = head[at..].iter().take_while(|b| b.is_ascii_digit()).count();
    let [b':', b'M' | b'S' | b'C' | b'X', b' ', dated @ ..] = &head[at + digits..] else { return None };
    // Before its sixth release it wrote no year.
    let mut words = dated.split(|b| *b == b' ').take(5);
    let time = words.find(|word| word.contains(&b':')).filter(|_| digits > 0)?;
    match words.next().filter(|_| time[0].is_ascii_digit())? {
        b"." | b"-" => Some(Level::Debug),
        b"*" => Some(Level::Info),
        b"#" => Some(Level::Warning),
        _ => None,
    }
}

/// A letter right behind a stamp: TensorFlow's `12.123456: I tensorflow/`, logcat's `10  11 I Tag:` or `12.123 E/Tag(`,
/// Telegraf's `12Z E! x`; or right before one, as Ruby has it: `W, [2026-`.
pub(super) fn behind_stamp_letter(head: &[u8], at: usize) -> Option<Level> {
    let [byte, next @ ..] = head.get(at..)? else { return None };
    if at == 0 && next.starts_with(b", [") {
        return letter(*byte);
    }
    let before = head[..at].trim_ascii_end().last()?;
    // GlusterFS: `[2026-11-22 06:47:12.123456 +0000] E [MSGID: 101191] x`.
    if *before == b']' && next.starts_with(b" [") && follows_stamp(head, at) {
        return letter(*byte);
    }
    let stamped = *before == b':' || *before == b'Z' || before.is_ascii_digit();
    let apart = match next {
        [b' ', next, ..] => *before != b'Z' && next.is_ascii_alphanumeric(),
        [b'/', next, ..] => {
            *before != b'Z' && next.is_ascii_alphabetic() && memchr(b'(', next_word(head, at)).is_some()
        }
        [b'!', b' ', ..] => true,
        _ => false,
    };
    letter(*byte).filter(|_| stamped && apart)
}

/// A severity among names: a router's `%SYS-3-CPUHOG: x`, and the channel of PHP's loggers, `local.ERROR: x`.
pub(super) fn routed(head: &[u8], at: usize) -> Option<Level> {
    let word = next_word(head, at);
    if let Some(facility) = word.strip_prefix(b"%") {
        let [_, severity, _] = facility.splitn(3, |b| *b == b'-').collect::<Vec<_>>()[..] else {
            return None;
        };
        let [digit @ b'0'..=b'7'] = severity else { return None };
        return super::words::severity(u32::from(digit - b'0'));
    }
    let name = word.strip_suffix(b":")?;
    let dot = name.iter().position(|b| *b == b'.')?;
    let (channel, level) = (&name[..dot], &name[dot + 1..]);
    let plain = !channel.is_empty() && channel.iter().all(|b| b.is_ascii_lowercase() || *b == b'_');
    in_header(level).filter(|_| plain && level.iter().all(u8::is_ascii_uppercase))
}

/// NCCL's `node1:10:11 [0] NCCL WARN x`, oneCCL's `|CCL_WARN|`, UCX's `x.c:10 UCX  ERROR x`, libfabric's
/// `libfabric:10:1795330032::core:f():1<warn> x`.
pub(super) fn nccl(head: &[u8], at: usize) -> Option<Level> {
    let token = &head[at..];
    if token.starts_with(b"libfabric:") {
        let word = next_word(head, at);
        let open = memchr(b'<', word)? + 1;
        return in_header(&word[open..open + memchr(b'>', &word[open..])?]);
    }
    let after =
        [b"NCCL ".as_slice(), b"UCX ", b"RCCL ", b"CCL_"].into_iter().find_map(|n| token.strip_prefix(n))?;
    let after = after.trim_ascii_start();
    let len = after.iter().take_while(|b| b.is_ascii_uppercase()).count();
    in_header(&after[..len])
}
