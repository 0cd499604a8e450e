//! The places of a level on the lines of single programs.

use memchr::{memchr, memrchr};

use super::Level;
use super::own::{follows_stamp, next_word};
use super::words::{in_header, letter, severity};

/// The facilities of syslog, but for `local0` to `local7`.
const FACILITIES: [&[u8]; 12] = [
    b"kern",
    b"user",
    b"mail",
    b"daemon",
    b"auth",
    b"syslog",
    b"lpr",
    b"news",
    b"uucp",
    b"cron",
    b"authpriv",
    b"ftp",
];

/// A level with which a line begins, at `at`, in the way of one program.
pub(super) fn at_beginning(head: &[u8], at: usize) -> Option<Level> {
    match head.get(at)? {
        b'<' => priority(head, at),
        b'=' => erlang(head, at).or_else(|| sanitizer(head, at)),
        b'-' => infiniband(head, at),
        byte if byte.is_ascii_digit() => redis(head, at),
        _ => None,
    }
}

/// A level in the word at `at`, in the way of one program.
pub(super) fn of_program(head: &[u8], at: usize) -> Option<Level> {
    match head.get(at)? {
        b'*' => starred(head, at),
        b'#' => annotated(head, at),
        0xe2 => julia(head, at),
        b'F' | b'P' if let Some(level) = php(head, at) => Some(level),
        b'L' | b'V' | b'A' if let Some(level) = kaldi(head, at) => Some(level),
        b'e' if let Some(level) = ganesha(head, at) => Some(level),
        b'0'..=b'9' if let Some(level) = grid_engine(head, at) => Some(level),
        _ => nccl(head, at).or_else(|| ceph(head, at)).or_else(|| routed(head, at)),
    }
}

/// Erlang's `=ERROR REPORT==== 22-Nov-2026::06:47:12 ===`.
fn erlang(head: &[u8], at: usize) -> Option<Level> {
    let name = head[at + 1..].iter().take(16).take_while(|b| b.is_ascii_uppercase()).count();
    let (name, rest) = head[at + 1..].split_at(name);
    match name {
        _ if !rest.starts_with(b" REPORT====") => None,
        b"CRASH" | b"SUPERVISOR" => Some(Level::Error),
        b"PROGRESS" => Some(Level::Info),
        _ => in_header(name),
    }
}

/// A sanitizer's `==412==ERROR: AddressSanitizer: x`.
fn sanitizer(head: &[u8], at: usize) -> Option<Level> {
    let word = next_word(head, at).strip_prefix(b"==")?.strip_suffix(b":")?;
    let digits = word.iter().take_while(|b| b.is_ascii_digit()).count();
    let level = word[digits..].strip_prefix(b"==").filter(|_| digits > 0)?;
    in_header(level).filter(|_| level.iter().all(u8::is_ascii_uppercase))
}

/// Julia's logger draws a corner before a record of several lines: `┌ Warning: x`.
fn julia(head: &[u8], at: usize) -> Option<Level> {
    let word = head[at..].strip_prefix("┌ ".as_bytes())?;
    in_header(&word[..memchr(b':', &word[..word.len().min(8)])?])
}

/// What the tools for InfiniBand put before their lines: `-E- x`.
fn infiniband(head: &[u8], at: usize) -> Option<Level> {
    match next_word(head, at) {
        [b'-', level, b'-'] => letter(*level),
        _ => None,
    }
}

/// AEM's `06:47:12.123 *ERROR* [thread] x`, SPDK's `app.c: 908:spdk_app_start: *NOTICE*: x`.
fn starred(head: &[u8], at: usize) -> Option<Level> {
    let word = next_word(head, at).strip_prefix(b"*")?;
    let word = word.strip_suffix(b":").unwrap_or(word).strip_suffix(b"*")?;
    in_header(word).filter(|_| word.iter().all(u8::is_ascii_uppercase))
}

/// What a runner of jobs annotates: `##[error]x`.
fn annotated(head: &[u8], at: usize) -> Option<Level> {
    let word = head[at..].strip_prefix(b"##[")?;
    in_header(&word[..memchr(b']', word)?])
}

/// PHP's two words for the worst: `PHP Fatal error:  x`, `Parse error: x`.
fn php(head: &[u8], at: usize) -> Option<Level> {
    let said = head[at..].strip_prefix(b"PHP ").unwrap_or(&head[at..]);
    if said.starts_with(b"Fatal error: ") || said.starts_with(b"Parse error: ") {
        return Some(Level::Critical);
    }
    (said.len() < head.len() - at && said.starts_with(b"Deprecated: ")).then_some(Level::Warning)
}

/// Kaldi's words that no other program has: `LOG (gmm-align[5.5.1]:main():gmm-align.cc:412) x`, `VLOG[2] (...)`.
fn kaldi(head: &[u8], at: usize) -> Option<Level> {
    let word = next_word(head, at);
    let program = head[at + word.len()..].strip_prefix(b" (")?;
    let program = &program[..memchr(b')', program)?];
    if !program.ends_with(b"(") || memchr(b'[', program).is_none() {
        return None;
    }
    match word {
        b"LOG" => Some(Level::Info),
        b"ASSERTION_FAILED" => Some(Level::Critical),
        [b'V', b'L', b'O', b'G', b'[', ..] => Some(Level::Debug),
        _ => None,
    }
}

/// NFS-Ganesha's, behind the epoch, the host, the thread and a component: `: epoch 5d7fb752 : gpu7 : ganesha.nfsd-412[main] f :THREAD :EVENT :x`.
fn ganesha(head: &[u8], at: usize) -> Option<Level> {
    let epoch = head[at..].strip_prefix(b"epoch ")?;
    let mut fields = epoch.split(|b| *b == b':').map(<[u8]>::trim_ascii).skip(3).take(2);
    fields.find_map(|field| match field {
        b"FATAL" | b"CRIT" => Some(Level::Critical),
        b"MAJ" => Some(Level::Error),
        b"WARN" => Some(Level::Warning),
        b"EVENT" | b"INFO" => Some(Level::Info),
        b"DEBUG" | b"MID_DEBUG" | b"M_DBG" => Some(Level::Debug),
        b"FULL_DEBUG" | b"F_DBG" => Some(Level::Trace),
        _ => None,
    })
}

/// Ceph's: behind the thread, `7f3b1c0f5700 -1 osd.3 x`, `7f3b1c0f5700  0 log_channel(cluster) log [WRN] : x` and, of a module,
/// `7f3b1c0f5700  0 [balancer WARNING root] x`; in the log of the cluster, `mon.a (mon.0) 412 : cluster [ERR] x`.
fn ceph(head: &[u8], at: usize) -> Option<Level> {
    let channel = |mark: &[u8]| {
        let level = &head[memchr::memmem::find(head, mark)? + mark.len()..];
        in_header(&level[..memchr(b']', level)?])
    };
    let word = next_word(head, at);
    let rest = &head[at + word.len()..];
    if rest.starts_with(b" (") && word.contains(&b'.') && follows_stamp(head, at) {
        return channel(b" : cluster [").or_else(|| channel(b" : audit ["));
    }
    let thread = word.len() >= 8 && word.iter().all(|b| b.is_ascii_digit() || matches!(b, b'a'..=b'f'));
    if !thread || !follows_stamp(head, at) {
        return None;
    }
    let said = channel(b") log [").filter(|_| memchr::memmem::find(rest, b" log_channel(").is_some());
    let module = || {
        let words = rest.trim_ascii_start().strip_prefix(b"0 [")?;
        let level = words[..memchr(b']', words)?].split(|b| *b == b' ').nth(1)?;
        in_header(level).filter(|_| level.iter().all(u8::is_ascii_uppercase))
    };
    said.or_else(module).or_else(|| rest.starts_with(b" -1 ").then_some(Level::Error))
}

/// Grid Engine's: behind the time, a thread and a host, `06:47:12|worker|gpu7|E|x`.
fn grid_engine(head: &[u8], at: usize) -> Option<Level> {
    let mut fields = next_word(head, at).split(|b| *b == b'|');
    let is_clock = fields.next()?.contains(&b':') && fields.next()?.iter().all(u8::is_ascii_alphabetic);
    match fields.nth(1)? {
        [level] if is_clock && fields.next().is_some() => letter(*level),
        _ => None,
    }
}

/// A facility and a severity, as busybox and some templates of rsyslog write them: `daemon.err`, `local3.warning`.
pub(super) fn facility(word: &[u8]) -> Option<Level> {
    let dot = memchr(b'.', word)?;
    let (facility, severity) = (&word[..dot], &word[dot + 1..]);
    let local = matches!(facility, [b'l', b'o', b'c', b'a', b'l', b'0'..=b'7']);
    let small = severity.iter().all(u8::is_ascii_lowercase);
    in_header(severity).filter(|_| small && (local || FACILITIES.contains(&facility)))
}

/// syslog's `<34>`: the severity is its last three bits.
fn priority(head: &[u8], at: usize) -> Option<Level> {
    let close = memchr(b'>', &head[at..head.len().min(at + 6)])?;
    let number: u32 = str::from_utf8(&head[at + 1..at + close]).ok()?.parse().ok()?;
    if number < 192 { severity(number % 8) } else { None }
}

/// Redis's sign behind the stamp: `7:M 22 Nov 2026 06:47:12.123 # x`, a process and its role before it, and `KeyDB`'s a thread
/// too.
fn redis(head: &[u8], at: usize) -> Option<Level> {
    let digits = head[at..].iter().take_while(|b| b.is_ascii_digit()).count();
    let role = head[at + digits..].strip_prefix(b":")?;
    let thread = role.iter().take(8).take_while(|b| b.is_ascii_digit()).count();
    let role = if thread > 0 { role[thread..].strip_prefix(b":")? } else { role };
    let [b'M' | b'S' | b'C' | b'X', b' ', dated @ ..] = role else { return None };
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
    // CUPS has no comma: `E [22/Nov/2026:06:47:12 +0100] x`.
    if at == 0
        && (next.starts_with(b", [") || matches!(next, [b' ', b'[', b'0'..=b'3', b'0'..=b'9', b'/', ..]))
    {
        return letter(*byte);
    }
    let before = head[..at].trim_ascii_end().last()?;
    // GlusterFS: `[2026-11-22 06:47:12.123456 +0000] E [MSGID: 101191] x`.
    // semantic_logger: `2026-11-22 06:47:12.123456 E [412:main] x`.
    let dated = || before.is_ascii_digit() && is_process(&next[1..]);
    if next.starts_with(b" [") && (*before == b']' || dated()) && follows_stamp(head, at) {
        return letter(*byte);
    }
    let stamped = *before == b':' || *before == b'Z' || before.is_ascii_digit();
    let apart = match next {
        // etcd's `06:47:12.123456 W | etcdserver: x`, and MongoDB's `06:47:12.123+0000 I  NETWORK  [conn1] x`.
        [b' ', b'|', b' ', ..] | [b' ', b' ', b'A'..=b'Z' | b'-', ..] => before.is_ascii_digit(),
        [b' ', next, ..] if *before != b'Z' && next.is_ascii_alphanumeric() => true,
        // Where TensorFlow's lines have a process, it is padded: `12.123456: E   10362 tensorflow/`.
        [b' ', b' ', padded @ ..] => {
            *before == b':' && padded.trim_ascii_start().first().is_some_and(u8::is_ascii_digit)
        }
        [b'/', next, ..] => {
            *before != b'Z' && next.is_ascii_alphabetic() && memchr(b'(', next_word(head, at)).is_some()
        }
        [b'!', b' ', ..] => true,
        _ => false,
    };
    letter(*byte).filter(|_| stamped && apart)
}

/// Whether a process and a thread begin a bracket: `[412:main`.
fn is_process(bracket: &[u8]) -> bool {
    let inside = bracket.strip_prefix(b"[").unwrap_or_default();
    let digits = inside.iter().take(8).take_while(|b| b.is_ascii_digit()).count();
    digits > 0 && inside.get(digits) == Some(&b':')
}

/// A severity among names: a router's `%SYS-3-CPUHOG: x`, the channel of PHP's loggers, `local.ERROR: x`, Flux's `broker.err[0]: x`,
/// cloud-init's `util.py[WARNING]: x`, Lustre's in the kernel's ring buffer, and syslog's behind a facility.
fn routed(head: &[u8], at: usize) -> Option<Level> {
    let word = next_word(head, at);
    if let Some(facility) = word.strip_prefix(b"%") {
        let [_, severity, _] = facility.splitn(3, |b| *b == b'-').collect::<Vec<_>>()[..] else {
            return None;
        };
        let [digit @ b'0'..=b'7'] = severity else { return None };
        return super::words::severity(u32::from(digit - b'0'));
    }
    if let Some(level) = facility(word) {
        return Some(level);
    }
    // goofys: `06:47:12.123456 s3.INFO x`.
    let name = word.strip_suffix(b":").or_else(|| follows_stamp(head, at).then_some(word))?;
    if name == b"LustreError" {
        return Some(Level::Error);
    }
    if let Some(bracketed) = name.strip_suffix(b"]") {
        let open = memrchr(b'[', bracketed).filter(|open| *open > 0)?;
        let (name, inside) = (&bracketed[..open], &bracketed[open + 1..]);
        if inside.iter().all(u8::is_ascii_digit) {
            let severity = &name[memchr(b'.', name)? + 1..];
            return in_header(severity).filter(|_| severity.iter().all(u8::is_ascii_lowercase));
        }
        return in_header(inside).filter(|_| inside.iter().all(u8::is_ascii_uppercase));
    }
    // `LiteLLM:ERROR: x`.
    if let Some(colon) = memrchr(b':', name).filter(|colon| *colon > 0 && word.len() > name.len()) {
        let level = &name[colon + 1..];
        return in_header(level).filter(|_| level.iter().all(u8::is_ascii_uppercase));
    }
    let dot = name.iter().position(|b| *b == b'.')?;
    let (channel, level) = (&name[..dot], &name[dot + 1..]);
    let plain = channel.first().is_some_and(|b| b.is_ascii_lowercase() || *b == b'_')
        && channel.iter().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || *b == b'_');
    in_header(level).filter(|_| plain && level.iter().all(u8::is_ascii_uppercase))
}

/// NCCL's `node1:10:11 [0] NCCL WARN x`, oneCCL's `|CCL_WARN|`, UCX's `x.c:10 UCX  ERROR x`, libfabric's
/// `libfabric:10:1795330032::core:f():1<warn> x`.
fn nccl(head: &[u8], at: usize) -> Option<Level> {
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
