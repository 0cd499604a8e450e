//! Progress: the number of the step, the epoch or the bar that stands on a line.

use super::words::Sign;
use crate::pattern::{Bytes, Word};

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
    (BAR, Unit::Bar),
];
/// A number of so many digits is one that can be read, whichever they are.
pub const DIGITS: usize = 19;
/// What ends the share of a bar that was done.
const BAR: &str = "%|";
/// The most bytes between a word and its number.
const REACH: usize = 16;

/// What may stand between a word and its number.
fn is_between(byte: u8) -> bool {
    matches!(byte, b' ' | b':' | b'=' | b'[' | b'(' | b'"' | b'\'' | b'#' | b'|' | b'\t')
}

/// The words that are looked for with those of the shapes; [`bars`] finds the others.
pub fn signs() -> impl Iterator<Item = (Word, Sign)> {
    let cased = |byte: u8| Bytes::from_iter([byte.to_ascii_lowercase(), byte.to_ascii_uppercase()]);
    let word = move |word: &str| word.bytes().map(cased).collect();
    let named = WORDS.iter().enumerate().filter(|(_, (word, _))| *word != BAR);
    named.map(move |(at, (text, _))| (word(text), Sign::Count(at)))
}

/// Adds where progress bars stand in `bytes`: a mark of so few letters stands everywhere once folded.
pub fn bars(bytes: &[u8], signs: &mut Vec<(usize, Sign)>) {
    let Some(at) = WORDS.iter().position(|(word, _)| *word == BAR) else { return };
    signs.extend(memchr::memmem::find_iter(bytes, BAR).map(|bar| (bar, Sign::Count(at))));
}

/// The first number of each unit on `line`, by unit; `words`: where in it which of [`WORDS`] begin, in order.
pub fn of(line: &[u8], words: impl Iterator<Item = (usize, usize)>) -> [Option<u64>; UNITS] {
    places(line, words).map(|at| at.and_then(|at| number(&line[at..])))
}

/// Where those begin. It hangs on no digit which one that is, as long as no number has more than [`DIGITS`].
pub fn places(line: &[u8], words: impl Iterator<Item = (usize, usize)>) -> [Option<usize>; UNITS] {
    let mut found = [None; UNITS];
    for (start, word) in words {
        let (text, unit) = WORDS[word];
        let end = start + text.len();
        if found[unit as usize].is_some() || end > line.len() {
            continue;
        }
        found[unit as usize] = match unit {
            Unit::Bar => bar(line, start, end),
            _ => counted(line, start, end),
        };
    }
    found
}

/// The number behind a word, as in `global_step=7`, `Iteration: 7/100`, `iteration        7/`.
fn counted(line: &[u8], start: usize, end: usize) -> Option<usize> {
    // `timestep` and `stepping_stone` count nothing; `global_step` and `iteration` do.
    let before = start.checked_sub(1).map(|at| line[at]);
    if before.is_some_and(|byte| byte.is_ascii_alphanumeric()) {
        return None;
    }
    if is_setting(&line[..start]) {
        return None;
    }
    let (rest, mut at) = (&line[end..], end);
    let tail = ["ations", "ation", "s", ""];
    let tail = tail.iter().find(|tail| {
        let head = rest.get(..tail.len());
        head.is_some_and(|head| head.eq_ignore_ascii_case(tail.as_bytes()))
            && !rest
                .get(tail.len())
                .is_some_and(|b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'.' | b'-'))
    })?;
    at += tail.len();
    let gap = line[at..].iter().take(REACH).take_while(|&&b| is_between(b)).count();
    at += gap;
    (gap > 0 && number(&line[at..]).is_some()).then_some(at)
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
fn bar(line: &[u8], start: usize, end: usize) -> Option<usize> {
    if line.get(end - 1) == Some(&b'[') {
        let digits = line[..start].iter().rev().take_while(|b| b.is_ascii_digit()).count();
        return number(&line[start - digits..]).map(|_| start - digits);
    }
    let rest = &line[end..];
    let close = memchr::memchr(b'|', &rest[..rest.len().min(400)])?;
    let rest = rest[close + 1..].trim_ascii_start();
    number(rest).map(|_| line.len() - rest.len())
}

/// The number at the head of `bytes`, if it counts something.
pub fn number(bytes: &[u8]) -> Option<u64> {
    let (mut number, mut digits) = (0_u64, 0);
    for digit in bytes.iter().map(|byte| byte.wrapping_sub(b'0')).take_while(|&digit| digit < 10) {
        number = match digits {
            0..DIGITS => 10 * number + u64::from(digit),
            _ => number.checked_mul(10)?.checked_add(u64::from(digit))?,
        };
        digits += 1;
    }
    // A fraction is a rate or a share, as in `step: 0.31 s`.
    if bytes.get(digits) == Some(&b'.') && bytes.get(digits + 1).is_some_and(u8::is_ascii_digit) {
        return None;
    }
    (digits > 0).then_some(number)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Where the words stand, looked for one by one.
    fn found_in(line: &str) -> Vec<(usize, usize)> {
        let small = line.to_ascii_lowercase();
        let each = |at: usize| small.match_indices(WORDS[at].0).map(move |(start, _)| (start, at));
        let mut all: Vec<_> = (0..WORDS.len()).flat_map(each).collect();
        all.sort_unstable();
        all
    }

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
            let found = of(line.as_bytes(), found_in(line).into_iter());
            assert_eq!(found, [step, epoch, bar], "{line}");
        }
    }
}
