//! The level that stands on a line itself.

use memchr::{memchr, memrchr};

use super::programs::{at_beginning, behind_stamp_letter, facility, of_program};
use super::words::{in_header, letter};
use super::{Level, json};
use crate::stamp::header::{self, HEADER};
use crate::stamp::{after_bar, after_return, ansi_end};

/// How many words of a header are looked at.
const WORDS: usize = 16;
const ESCAPE: u8 = 0x1b;
const MONTHS: &[u8; 36] = b"JanFebMarAprMayJunJulAugSepOctNovDec";

/// The level that a field of `line` says; `None` where none does. It may stand behind what a terminal shows no more, and in a
/// record that was written right behind a bar.
pub fn own(line: &[u8]) -> Option<Level> {
    let level = at_head(line).or_else(|| at_head(&line[after_return(line)?..]));
    level.or_else(|| at_head(&line[behind_bar(line)?..]))
}

/// Where the record begins that was written behind the bar near the head of a line: `Epoch 1:  10%|#   | 10/100 [00:10<01:30, 1.0it/s]2026-`.
fn behind_bar(line: &[u8]) -> Option<usize> {
    const NEAR: usize = 128;
    let head = &line[..line.len().min(NEAR)];
    // By its first byte, for few lines have that: to make a search for both ready takes longer than most looks.
    let has_bar = memchr::memchr_iter(b'%', head).any(|at| head.get(at + 1) == Some(&b'|'));
    if has_bar { after_bar(line) } else { None }
}

/// The same at the beginning of a line.
fn at_head(line: &[u8]) -> Option<Level> {
    let head = &line[..line.len().min(HEADER)];
    let mut at = header::skip_blanks(head);
    if let Some(level) = at_beginning(head, at) {
        return Some(level);
    }
    // The word before is a syslog stamp, so that the next is a host.
    let mut host = false;
    for word in 0..WORDS {
        match head.get(at)? {
            b'{' if is_object(head, at) => return json::object(line, at),
            b'[' | b'(' | b'<' => {
                if let Some(level) = inside(head, at) {
                    return Some(level);
                }
            }
            _ => {}
        }
        if let Some(level) = bare(head, at, word == 0).or_else(|| json::pair(line, at)) {
            return Some(level);
        }
        if let Some(level) = behind_stamp_letter(head, at).or_else(|| of_program(head, at)) {
            return Some(level);
        }
        if is_exception(head, at) {
            return None;
        }
        let (syslog, number) = (is_month(head, at), head[at].is_ascii_digit());
        at = match header::next(head, at) {
            Some(next) => next,
            None if syslog => header::skip(head, at + 3),
            None if host || is_before_tag(head, at) || is_before_level(head, at) => {
                header::skip(head, at + word_len(head, at))
            }
            None if is_user(head, at) || is_clock(head, at) || is_uptime(next_word(head, at)) => {
                header::skip(head, at + word_len(head, at))
            }
            None if is_weekday(head, at) || is_month_and_day(head, at) => {
                header::skip(head, at + word_len(head, at))
            }
            None if word == 0 && (is_before_head(head, at) || is_before_stamp(head, at)) => {
                header::skip(head, at + word_len(head, at))
            }
            None if is_name_of_logger(head, at) || is_before_place(head, at) => {
                header::skip(head, at + word_len(head, at))
            }
            None => behind_rank(head, at)?,
        };
        host = syslog || (host && number);
    }
    None
}

/// A level between brackets: `[INFO]`, `[INFO|train.py:1]`, `[W1122 06:47:12`, `[E Process.cpp:1]`, `[NeMo W 2026-`,
/// `[2026-11-22T06:47:12Z INFO  train]`, `[2026-11-22 06:47:12,123 I 10 11]`, `[core:error]`.
fn inside(head: &[u8], at: usize) -> Option<Level> {
    let close = match head[at] {
        b'[' => b']',
        b'(' => b')',
        _ => b'>',
    };
    let content = &head[at + 1..];
    let content = &content[..memchr(close, content).unwrap_or(content.len())];
    let parts = || content.split(|b| matches!(b, b' ' | b'|' | b':' | b'\t')).filter(|part| !part.is_empty());
    if let Some(level) = behind_thread(content) {
        return Some(level);
    }
    let alone = parts().count() == 1;
    if alone {
        let word = plain(content).trim_ascii();
        if let Some(level) = of_bracket(head, at, word) {
            return Some(level);
        }
        let level = if word.len() == 1 { letter(word[0]) } else { in_header(word) };
        return level.or_else(|| glog(word));
    }
    let first = parts().next()?;
    if let Some(level) = glog(first).filter(|_| first.len() > 1) {
        return Some(level);
    }
    if first.len() == 1 {
        // `[E Process.cpp:1]`: a letter, then the place in the source.
        // ONNX Runtime's `[W:onnxruntime:Default, graph.cc:10 f]`.
        let placed = |part: &[u8]| part.contains(&b'.') || part[0].is_ascii_digit() || part == b"onnxruntime";
        return letter(first[0]).filter(|_| parts().nth(1).is_some_and(placed));
    }
    if let Some(level) = in_header(first) {
        return Some(level);
    }
    if let Some(level) = behind_place(content) {
        return Some(level);
    }
    let stamped = first[0].is_ascii_digit() || first == b"NeMo";
    let last =
        parts().next_back().and_then(in_header).filter(|_| parts().count() == 2 && content.contains(&b':'));
    last.or_else(|| {
        let word = parts().skip(1).find(|part| part.first().is_some_and(u8::is_ascii_uppercase));
        // Celery's `[2026-11-22 06:47:12,123: INFO/MainProcess]` has the process behind it.
        let word = word.and_then(|word| word.split(|b| *b == b'/').next());
        let level = word.and_then(|word| if word.len() == 1 { letter(word[0]) } else { in_header(word) });
        // `[libprotobuf ERROR google/protobuf/x.cc:10]` ends with a place in the source.
        let placed = || word.is_some_and(|word| word.len() > 1) && parts().count() == 4 && is_placed(content);
        level.filter(|_| stamped || placed())
    })
}

/// Whether an exception is named here, behind which all is text: `RuntimeError: [Rank:6] FATAL ERROR :: x`.
fn is_exception(head: &[u8], at: usize) -> bool {
    let word = next_word(head, at);
    word.ends_with(b"Error:") || word.ends_with(b"Exception:")
}

/// Minecraft's `[Server thread/WARN]`, with the thread before the level.
///
/// Twisted's `[pb.BotFactory#info]` has the namespace there.
fn behind_thread(content: &[u8]) -> Option<Level> {
    if let Some(sign) = memchr(b'#', content).filter(|sign| *sign > 0 && memchr(b' ', content).is_none()) {
        let level = &content[sign + 1..];
        return in_header(level).filter(|_| level.iter().all(u8::is_ascii_lowercase));
    }
    let slash = memrchr(b'/', content).filter(|slash| *slash > 0)?;
    let level = &content[slash + 1..];
    in_header(level).filter(|_| level.iter().all(u8::is_ascii_uppercase))
}

/// A word that is a level only where it fills a bracket: `MySQL`'s `[Note]`, X's `(EE)`, `mmfs`'s `[X]` behind its stamp.
fn of_bracket(head: &[u8], at: usize, word: &[u8]) -> Option<Level> {
    Some(match (head[at], word) {
        // What FreeBSD's syslogd writes with `-vv`: `Nov 22 06:47:12 <local0.notice> gpu7 gfmd[412]: x`.
        (b'<', word) => return facility(word),
        (b'[', b"Note") | (b'(', b"II") => Level::Info,
        (b'(', b"EE") => Level::Error,
        (b'(', b"WW") => Level::Warning,
        (b'[', b"X" | b"A") if head[..at].ends_with(b": ") && follows_stamp(head, at) => Level::Critical,
        _ => return None,
    })
}

/// A level that ends a bracket, behind a place in the source: Kaldi's `[steps/train.py:412 - train - INFO ]`, folly's
/// `[2026-11-22T06:47:12.123+00:00 storage:412 Service.cc:12 INFO]`.
fn behind_place(content: &[u8]) -> Option<Level> {
    let text = content.trim_ascii_end();
    let level = &text[memrchr(b' ', text)? + 1..];
    let before = &text[..text.len() - level.len()];
    let mut words = before.split(|b| *b == b' ');
    (level.iter().all(u8::is_ascii_uppercase) && level.len() > 1 && words.any(is_placed))
        .then(|| in_header(level))
        .flatten()
}

/// Whether a text ends with a place in a source: `x.cc:10`.
fn is_placed(text: &[u8]) -> bool {
    let digits = text.iter().rev().take_while(|b| b.is_ascii_digit()).count();
    let place = text[..text.len() - digits].strip_suffix(b":").filter(|_| digits > 0);
    place.is_some_and(|place| place.rsplit(|b| *b == b' ').next().is_some_and(|word| word.contains(&b'.')))
}

/// A text without the colours around it.
fn plain(text: &[u8]) -> &[u8] {
    if text.first() != Some(&ESCAPE) {
        return text;
    }
    let text = &text[ansi_end(text, 0)..];
    &text[..memchr(ESCAPE, text).unwrap_or(text.len())]
}

/// glog's letter and date: `I1122`, `W403`, `E20261122`.
fn glog(word: &[u8]) -> Option<Level> {
    let digits = word.len().checked_sub(1).filter(|n| matches!(n, 3 | 4 | 6 | 8))?;
    word[1..=digits].iter().all(u8::is_ascii_digit).then(|| letter(word[0])).flatten()
}

/// A level as a word of its own: `INFO`, `WARNING:`, `- ERROR -`, `| INFO     |`, `error:` at the head; glog's `I1122`.
fn bare(head: &[u8], at: usize, first: bool) -> Option<Level> {
    let token = &head[at..];
    let len = token.iter().take(16).take_while(|b| b.is_ascii_alphanumeric()).count();
    let (word, rest) = (&token[..len], &token[len..]);
    // Colours end where the word does.
    let rest = if rest.first() == Some(&ESCAPE) { &head[ansi_end(head, at + len)..] } else { rest };
    let marked = matches!(rest.first(), Some(b':' | b'|' | b';' | b']'))
        || (rest.first() == Some(&b',') && head[..at].ends_with(b","))
        || matches!(rest.trim_ascii_start(), [b'-' | b'|' | b':', b' ', ..]);
    // What stands behind the name of an exception is text: `ValueError: INFO`.
    let before = head[..at].trim_ascii_end();
    let named = before.ends_with(b":") && !before.ends_with(b"wandb:") && !first && !follows_stamp(head, at);
    // InvokeAI's `[2026-11-22 06:47:12,123]::[InvokeAI]::ERROR --> x`.
    let named = named
        && !before.ends_with(b"]::")
        && !before.ends_with(b"<stdout>:")
        && !before.ends_with(b"<stderr>:");
    // logrus on a terminal: `WARN[0012] x`; Asterisk's `[Nov 22 06:47:12] WARNING[412]: x`.
    let counted = (first || before.ends_with(b"]") || before.ends_with(b"]:"))
        && matches!(rest, [b'[', b'0'..=b'9', ..]);
    let ends =
        marked || counted || !named && matches!(rest.first(), None | Some(b' ' | b'\t' | b'\n' | b'\r'));
    if !ends || word.is_empty() {
        return None;
    }
    if let Some(level) = glog(word) {
        return Some(level);
    }
    if is_name(head, at, word, rest) {
        return None;
    }
    // What PostgreSQL says of what is no error has two blanks behind its colon, and Nest's the bracket of a module.
    if word == b"LOG" && !first && (rest.starts_with(b":  ") || rest.starts_with(b" [")) {
        return Some(Level::Info);
    }
    // `I 11-22 06:47:12`, and what stands there in TensorFlow's lines: `: I tensorflow/core`.
    if len == 1 && first && rest.get(1).is_some_and(u8::is_ascii_digit) {
        return letter(word[0]);
    }
    let capitals = word.iter().all(u8::is_ascii_uppercase);
    if !capitals && is_metric(rest) {
        return None;
    }
    let tab = rest.first() == Some(&b'\t') || at.checked_sub(1).is_some_and(|before| head[before] == b'\t');
    // `06:47:12.123Z error vpxd[412] x`, and .NET's `fail: Microsoft.Hosting[0]`.
    let tagged = || is_tag(next_word(head, header::skip(head, at + len)));
    if word == b"fail" && (first || follows_stamp(head, at)) && marked && tagged() {
        return Some(Level::Error);
    }
    // `Error: x` is how an exception is printed.
    let small = word.iter().all(u8::is_ascii_lowercase)
        && (marked || tab || (in_header(word).is_some() && follows_stamp(head, at) && tagged()));
    // Windows' servicing: `2026-11-22 06:47:12, Error    DISM  x`.
    let name = (marked && !first) || (before.ends_with(b",") && follows_stamp(head, at));
    if capitals || small || name { in_header(word) } else { None }
}

/// Whether a word is a name of what was measured: `error: 0.0123, x`.
fn is_metric(rest: &[u8]) -> bool {
    let Some(value) = rest.strip_prefix(b":").map(<[u8]>::trim_ascii_start) else { return false };
    let value =
        &value[..value.iter().take_while(|b| !matches!(b, b' ' | b'\t' | b'\n' | b'\r' | b',')).count()];
    let is_part = |b: &u8| b.is_ascii_digit() || matches!(b, b'.' | b'-' | b'+' | b'e');
    value.iter().all(is_part) && value.contains(&b'.') && value.first().is_some_and(u8::is_ascii_digit)
}

/// Whether a word that means a level is a name here: Datadog's agent of traces (`| TRACE | INFO | x`), and what Nagios tells of
/// whatever a state is (`SERVICE ALERT: n7;GPU;OK;HARD`).
fn is_name(head: &[u8], at: usize, word: &[u8], rest: &[u8]) -> bool {
    match word {
        b"TRACE" => {
            let next = rest.strip_prefix(b" | ").unwrap_or_default();
            let level = &next[..next.iter().take_while(|b| b.is_ascii_uppercase()).count()];
            next[level.len()..].starts_with(b" | ") && in_header(level).is_some()
        }
        b"ALERT" => head[..at].ends_with(b"SERVICE ") || head[..at].ends_with(b"HOST "),
        _ => false,
    }
}

/// Whether a number stands before the word at `at`, as the end of a stamp does.
pub(super) fn follows_stamp(head: &[u8], at: usize) -> bool {
    let before = head[..at].trim_ascii_end();
    before.iter().rev().skip(1).take(3).any(u8::is_ascii_digit)
}

fn is_month(head: &[u8], at: usize) -> bool {
    let Some([word @ .., b' ', day]) = head.get(at..at + 5) else { return false };
    MONTHS.chunks_exact(3).any(|month| month == word) && (*day == b' ' || day.is_ascii_digit())
}

/// Nextflow's date, `Nov-22`.
fn is_month_and_day(head: &[u8], at: usize) -> bool {
    let [month @ .., b'-', tens, units] = next_word(head, at) else { return false };
    MONTHS.chunks_exact(3).any(|name| name == month) && tens.is_ascii_digit() && units.is_ascii_digit()
}

/// Whether an object begins at `at`, and not a word in braces.
fn is_object(head: &[u8], at: usize) -> bool {
    header::next(head, at).is_none()
}

/// Whether a host stands before the name and number of a process, `gpu7 sshd[412]: error: x`, or before a facility and its
/// severity: `gpu7 daemon.err sshd[412]: x`.
fn is_before_tag(head: &[u8], at: usize) -> bool {
    let tag = next_word(head, header::skip(head, at + word_len(head, at)));
    tag.strip_suffix(b":").is_some_and(is_tag) || facility(tag).is_some()
}

/// Whether the name of a logger stands behind the stamp, and then a level with a colon: `[11/22 06:47:12] d2.data WARNING: x`,
/// `[2026-11-22 06:47:12,123] LMCache INFO: x`; not a word with one capital, as texts have them.
fn is_before_level(head: &[u8], at: usize) -> bool {
    let name = next_word(head, at);
    let level = next_word(head, header::skip(head, at + name.len()));
    let plain = |b: &u8| b.is_ascii_lowercase() || b.is_ascii_digit() || matches!(b, b'_' | b'.' | b'-');
    let level = level.strip_suffix(b":").filter(|level| level.iter().all(u8::is_ascii_uppercase));
    let capitals = name.iter().filter(|b| b.is_ascii_uppercase()).count();
    let named = || capitals >= 2 && name.iter().all(|b| b.is_ascii_uppercase() || plain(b));
    (name.iter().all(plain) || named())
        && follows_stamp(head, at)
        && level.is_some_and(|level| in_header(level).is_some())
}

/// Whether the name of a host or a logger stands before a level and a stamp: `n7 INFO 2026/11/22 06:47:12 x`.
fn is_before_head(head: &[u8], at: usize) -> bool {
    let name = next_word(head, at);
    let level = next_word(head, header::skip(head, at + name.len()));
    let next = header::skip(head, at + name.len() + 1 + level.len());
    is_capital_level(level)
        && name.iter().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'.' | b'-'))
        && matches!(head.get(next..), Some([b'1' | b'2', b'0'..=b'9', _, _, b'-' | b'/', ..]))
}

/// Whether the name of a logger stands before a stamp, as Couchbase has it: `GenericSupervisor 2026-11-22T06:47:12.123Z [WARN] x`.
fn is_before_stamp(head: &[u8], at: usize) -> bool {
    let name = next_word(head, at);
    let stamp = head.get(header::skip(head, at + name.len())..).unwrap_or_default();
    let dated = |stamp: &[u8]| {
        stamp.iter().zip(b"dddd-dd-dd?dd:dd:dd").all(|(byte, shape)| match shape {
            b'd' => byte.is_ascii_digit(),
            b'?' => matches!(byte, b'T' | b' '),
            mark => byte == mark,
        })
    };
    name.iter().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'.' | b'-'))
        && stamp.get(..19).is_some_and(dated)
}

/// Whether the place in a source stands here from which NCCL's plugin writes, `nccl_net_ofi_init:412 NCCL WARN x`, or behind a stamp
/// the name of a stream before another stamp, as `aws logs tail` shows it: `06:47:12.123+00:00 train/algo-1 2026-11-22 06:47:11`.
fn is_before_place(head: &[u8], at: usize) -> bool {
    let word = next_word(head, at);
    let next = &head[header::skip(head, at + word.len())..];
    if next.starts_with(b"NCCL ") {
        let digits = word.iter().rev().take_while(|b| b.is_ascii_digit()).count();
        return digits > 0 && word[..word.len() - digits].ends_with(b":");
    }
    let is_name = |b: &u8| b.is_ascii_alphanumeric() || matches!(b, b'/' | b'-' | b'_' | b'.');
    matches!(next, [b'[', ..] | [b'2', b'0', b'0'..=b'9', b'0'..=b'9', b'-' | b'/', ..])
        && memchr(b'/', word).is_some_and(|slash| slash > 0)
        && word.iter().all(is_name)
        && follows_clock(head, at)
}

/// Where the text begins behind the rank at `at` that stands in no bracket: `rank 3: `.
fn behind_rank(head: &[u8], at: usize) -> Option<usize> {
    let number = head[at..].strip_prefix(b"rank ").or_else(|| head[at..].strip_prefix(b"Rank "))?;
    let digits = number.iter().take(7).take_while(|b| b.is_ascii_digit()).count();
    (digits > 0 && number[digits..].starts_with(b": ")).then(|| header::skip(head, at + 5 + digits))
}

/// Whether what names a logger, a host or a process stands between the stamp and a level: `06:47:12.123 P00   INFO: x`,
/// `06:47:12,123 xinference.core 412 INFO     x`, `06:47:12.123 412 kserve INFO [x.py:1] y`, `06:47:12 mon.a [WRN] x`,
/// `06:47:12 netdata ERROR : x`, `06:47:12 - LiteLLM Proxy:ERROR: x`, `06:47:12 | rank 3 | ERROR | x`. A word of a text has
/// neither digits nor full stops, and so counts where a mark stands behind the level.
fn is_name_of_logger(head: &[u8], at: usize) -> bool {
    let name = next_word(head, at);
    let is_part = |b: &u8| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'.' | b'-' | b'/' | b'@');
    if name.is_empty() || !name.iter().all(is_part) || !follows_clock(head, at) {
        return false;
    }
    let mut next = header::skip(head, at + name.len());
    let number = next_word(head, next).iter().take_while(|b| b.is_ascii_digit()).count();
    if number > 0 && head.get(next + number) == Some(&b' ') {
        next = header::skip(head, next + number);
    }
    let level = next_word(head, next);
    let behind = head.get(next + level.len()..).unwrap_or_default();
    // A full stop that ends a sentence is none of a name.
    let odd = name.iter().any(u8::is_ascii_digit) || name[..name.len() - 1].contains(&b'.');
    if let Some(inside) = level.strip_prefix(b"[").and_then(|level| level.strip_suffix(b"]")) {
        return odd && is_capital_level(inside);
    }
    if let Some((_, chained)) = level.strip_suffix(b":").and_then(|level| split_at_last_colon(level)) {
        return is_capital_level(chained);
    }
    let plain = level.strip_suffix(b":").unwrap_or(level);
    // A level that is padded stands in a column: `sagemaker-training-toolkit INFO     x`.
    let marked = behind.starts_with(b" [")
        || behind.starts_with(b" : ")
        || behind.starts_with(b"  ")
        || (number > 0 && behind.starts_with(b" | "));
    is_capital_level(plain) && (odd || marked)
}

fn split_at_last_colon(word: &[u8]) -> Option<(&[u8], &[u8])> {
    let colon = memrchr(b':', word)?;
    Some((&word[..colon], &word[colon + 1..]))
}

fn is_capital_level(word: &[u8]) -> bool {
    word.iter().all(u8::is_ascii_uppercase) && !word.is_empty() && in_header(word).is_some()
}

/// Whether a stamp ends before the word at `at`, a number, a dash or a bar between perhaps.
fn follows_clock(head: &[u8], at: usize) -> bool {
    let before = head[..at].trim_ascii_end();
    let before =
        before.strip_suffix(b"-").or(before.strip_suffix(b"|")).map_or(before, <[u8]>::trim_ascii_end);
    let tail = &before[before.len().saturating_sub(32)..];
    let colons = tail.windows(3).filter(|w| w[0].is_ascii_digit() && w[1] == b':' && w[2].is_ascii_digit());
    matches!(tail, [.., b'0'..=b'9' | b'Z' | b']' | b':']) && colons.count() >= 2
}

/// How long the program runs: `0.004123s`.
fn is_uptime(word: &[u8]) -> bool {
    let Some((whole, rest)) =
        word.strip_suffix(b"s").and_then(|word| Some(word.split_at(memchr(b'.', word)?)))
    else {
        return false;
    };
    let is_number = |digits: &[u8]| !digits.is_empty() && digits.iter().all(u8::is_ascii_digit);
    is_number(whole) && is_number(&rest[1..])
}

/// Whether a word is a name and a number in brackets: `sshd[412]`.
fn is_tag(word: &[u8]) -> bool {
    let Some(tag) = word.strip_suffix(b"]") else { return false };
    let number = tag.iter().rev().take_while(|b| b.is_ascii_digit()).count();
    number > 0 && tag[..tag.len() - number].ends_with(b"[")
}

/// Whose session it is, before the level of `PostgreSQL`: `app@db FATAL:  x`.
fn is_user(head: &[u8], at: usize) -> bool {
    let word = next_word(head, at);
    let level = next_word(head, header::skip(head, at + word.len()));
    let level = level.strip_suffix(b":").filter(|level| level.iter().all(u8::is_ascii_uppercase));
    memchr(b'@', word).is_some() && level.is_some_and(|level| level == b"LOG" || in_header(level).is_some())
}

/// The clock of a terminal: `6:47AM`.
fn is_clock(head: &[u8], at: usize) -> bool {
    let word = next_word(head, at);
    let word = &word[..memchr(ESCAPE, word).unwrap_or(word.len())];
    let [time @ .., b'A' | b'P', b'M'] = word else { return false };
    matches!(time, [.., b':', b'0'..=b'5', b'0'..=b'9'])
        && time.len() <= 5
        && time.iter().all(|b| b.is_ascii_digit() || *b == b':')
}

/// The weekday of a date: `Sun Nov 22`, `Sun, 22 Nov`.
fn is_weekday(head: &[u8], at: usize) -> bool {
    let word = next_word(head, at);
    let Some(name) = word.get(..3).filter(|_| matches!(word[3..], [] | [b','])) else { return false };
    let dated = head[header::skip(head, at + word.len())..].first();
    b"MonTueWedThuFriSatSun".chunks_exact(3).any(|day| day == name)
        && dated.is_some_and(|b| b.is_ascii_uppercase() || b.is_ascii_digit())
}

pub(super) fn next_word(head: &[u8], at: usize) -> &[u8] {
    &head[at..at + word_len(head, at)]
}

fn word_len(head: &[u8], at: usize) -> usize {
    head[at..].iter().take_while(|b| !matches!(b, b' ' | b'\t' | b'\n')).count()
}
