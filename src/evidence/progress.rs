//! Progress: the number of the step, the epoch or the bar that stands on a line.

use std::sync::OnceLock;

use aho_corasick::AhoCorasick;

/// What is counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Unit {
    /// Steps and iterations.
    Step,
    /// Epochs.
    Epoch,
    /// What a progress bar counts: `383700/433643 [`.
    Bar,
}

/// How many units there are.
pub const UNITS: usize = 3;

/// The words, and what they count.
const WORDS: [(&str, Unit); 6] = [
    ("step", Unit::Step),
    ("iter", Unit::Step),
    ("batch", Unit::Step),
    ("epoch", Unit::Epoch),
    ("it [", Unit::Bar),
    ("%|", Unit::Bar),
];
/// The most bytes between a word and its number.
const REACH: usize = 16;

/// What may stand between a word and its number.
fn is_between(byte: u8) -> bool {
    matches!(byte, b' ' | b':' | b'=' | b'[' | b'(' | b'"' | b'\'' | b'#' | b'|' | b'\t')
}

fn words() -> Option<&'static AhoCorasick> {
    static WORDS_FOUND: OnceLock<Option<AhoCorasick>> = OnceLock::new();
    let made =
        || AhoCorasick::builder().ascii_case_insensitive(true).build(WORDS.iter().map(|word| word.0)).ok();
    WORDS_FOUND.get_or_init(made).as_ref()
}

/// The first number of each unit on `line`, by unit.
pub fn of(line: &[u8]) -> [Option<u64>; UNITS] {
    let mut found = [None; UNITS];
    let Some(words) = words() else { return found };
    for word in words.find_iter(line) {
        let unit = WORDS[word.pattern().as_usize()].1;
        if found[unit as usize].is_some() {
            continue;
        }
        found[unit as usize] = match unit {
            Unit::Bar => bar(line, word.start(), word.end()),
            _ => counted(line, word.start(), word.end()),
        };
    }
    found
}

/// The number behind a word, as in `global_step=7`, `Iteration: 7/100`, `iteration        7/`.
fn counted(line: &[u8], start: usize, end: usize) -> Option<u64> {
    // `timestep` and `stepping_stone` count nothing; `global_step` and `iteration` do.
    let before = start.checked_sub(1).map(|at| line[at]);
    if before.is_some_and(|byte| byte.is_ascii_alphanumeric()) {
        return None;
    }
    if is_setting(&line[..start]) {
        return None;
    }
    let rest = &line[end..];
    let tail = ["ations", "ation", "s", ""];
    let tail = tail.iter().find(|tail| {
        let head = rest.get(..tail.len());
        head.is_some_and(|head| head.eq_ignore_ascii_case(tail.as_bytes()))
            && !rest
                .get(tail.len())
                .is_some_and(|b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'.' | b'-'))
    })?;
    let rest = &rest[tail.len()..];
    let gap = rest.iter().take(REACH).take_while(|&&b| is_between(b)).count();
    (gap > 0).then(|| number(&rest[gap..])).flatten()
}

/// Words before the word, that make it a setting and no count: `max_steps`, `steps_per_epoch`.
const SETTINGS: [&[u8]; 13] = [
    b"per",
    b"max",
    b"min",
    b"num",
    b"total",
    b"warmup",
    b"save",
    b"eval",
    b"logging",
    b"log",
    b"every",
    b"accumulation",
    b"interval",
];

/// Whether the word that stands before, behind a mark or a blank, makes a setting of what follows.
fn is_setting(before: &[u8]) -> bool {
    let Some((mark, rest)) = before.split_last() else { return false };
    let length = rest.iter().rev().take_while(|b| b.is_ascii_alphabetic()).count();
    let word = &rest[rest.len() - length..];
    matches!(mark, b'_' | b'-' | b' ') && SETTINGS.iter().any(|setting| setting.eq_ignore_ascii_case(word))
}

/// The count of a bar: before `it [`, or behind the bar itself.
fn bar(line: &[u8], start: usize, end: usize) -> Option<u64> {
    if line.get(end - 1) == Some(&b'[') {
        let digits = line[..start].iter().rev().take_while(|b| b.is_ascii_digit()).count();
        return number(&line[start - digits..]);
    }
    let rest = &line[end..];
    let close = memchr::memchr(b'|', &rest[..rest.len().min(400)])?;
    number(rest[close + 1..].trim_ascii_start())
}

fn number(bytes: &[u8]) -> Option<u64> {
    let digits = bytes.iter().take_while(|b| b.is_ascii_digit()).count();
    // A fraction is a rate or a share, as in `step: 0.31 s`.
    if bytes.get(digits) == Some(&b'.') && bytes.get(digits + 1).is_some_and(u8::is_ascii_digit) {
        return None;
    }
    std::str::from_utf8(&bytes[..digits]).ok()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_number_of_a_step_is_found() {
        for (line, step, epoch, bar) in [
            ("INFO train: step 17 loss 0.4", Some(17), None, None),
            (" iteration       10/  100 | consumed", Some(10), None, None),
            ("{'global_step': 30, 'epoch': 2}", Some(30), Some(2), None),
            ("Epoch: [3][ 10/5004]", None, Some(3), None),
            ("Running tokenizer: 88%|### | 383700/433643 [29:55<03:25]", None, None, Some(383_700)),
            ("17it [00:03, 5.1it/s]", None, None, Some(17)),
            ("step: 0.31 s", None, None, None),
            ("timestep 7", None, None, None),
            ("steps_per_epoch=100", None, None, None),
            ("max_steps=500, num epochs: 3", None, None, None),
            ("Step=8, x", Some(8), None, None),
            ("step 99999999999999999999999", None, None, None),
        ] {
            assert_eq!(of(line.as_bytes()), [step, epoch, bar], "{line}");
        }
    }
}
