//! What step stands on a line.
//!
//! A step is the number behind one of a few words: `step`, `global_step`, `step_num`, `iteration`, `iter`, in any case, as
//! trainers write it: `step=10`, `Step 12,345`, `iteration 1200/ 5000`, `"global_step": 10`, `Iter(train) [7/100]`. The first on the
//! line counts. The word stands by itself (not `footsteps 3`, `8-step recipe`, `max_steps=5`), and what follows is a whole
//! number and no part of something else (not `step 1.5`, `iter 10s`). `current_steps`, `training_iteration` and a bar called `steps`
//! name one too, and so do fairseq's `num_updates`, mmcv's `checkpoint at 10 iterations` and the number that clu's `logging_writer.py` puts first.

use std::sync::Arc;

use memchr::memchr2_iter;
use regex_automata::meta::{self, Regex};
use regex_automata::util::captures::Captures;
use regex_automata::util::syntax;

use crate::number::{self, DIGITS};

/// The most that may stand between the word and its number, in bytes.
const APART: usize = 24;
/// The most that the filled part of a bar and the rest of it take, in bytes.
const BAR: usize = 1024;
/// The instructions of a Dockerfile, which a builder of images counts: `Step 5/20 : RUN pip install torch`.
const INSTRUCTIONS: &[&[u8]] = &[
    b"FROM",
    b"RUN",
    b"COPY",
    b"ADD",
    b"ENV",
    b"ARG",
    b"WORKDIR",
    b"LABEL",
    b"CMD",
    b"ENTRYPOINT",
    b"EXPOSE",
    b"USER",
    b"VOLUME",
    b"SHELL",
    b"ONBUILD",
    b"STOPSIGNAL",
    b"HEALTHCHECK",
    b"MAINTAINER",
];

/// Finds steps on lines.
#[derive(Clone, Debug, Default)]
pub struct StepFinder(Option<Arc<Regex>>);

impl StepFinder {
    /// A finder for which the one group of `regex`, in the syntax of Rust's `regex`, is a step; the message is what is
    /// wrong with it.
    ///
    /// # Errors
    /// It is no such regex, or has not one group.
    pub fn of(regex: &str) -> Result<Self, String> {
        let syntax = syntax::Config::new().utf8(false);
        let config = meta::Config::new().utf8_empty(false).nfa_size_limit(Some(4 << 20));
        let built = Regex::builder().configure(config).syntax(syntax).build(regex);
        let built =
            built.map_err(|error| error.syntax_error().map_or(error.to_string(), ToString::to_string))?;
        match built.captures_len() {
            2 => Ok(Self(Some(Arc::new(built)))),
            groups => {
                Err(format!("it has {} groups, and one says where the step stands", groups.saturating_sub(1)))
            }
        }
    }

    /// Whether it finds what trainers commonly write.
    pub fn is_common(&self) -> bool {
        self.0.is_none()
    }

    /// The step that stands on `line`.
    #[inline]
    pub fn find(&self, line: &[u8]) -> Option<u64> {
        match &self.0 {
            None => built_in(line),
            Some(regex) => by_regex(regex, line),
        }
    }
}

fn by_regex(regex: &Regex, line: &[u8]) -> Option<u64> {
    let line = line.strip_suffix(b"\n").unwrap_or(line);
    // Most lines have none, which is found out for less without the groups.
    let whole = regex.find(line)?;
    let mut groups: Captures = regex.create_captures();
    regex.captures(regex_automata::Input::new(line).range(whole.start()..), &mut groups);
    let group = groups.get_group(1)?;
    let (step, rest) = number(&line[group.start..group.end])?;
    rest.is_empty().then_some(step)
}

/// Four letters as one number, in lower case.
#[inline]
const fn lower(word: [u8; 4]) -> u32 {
    u32::from_ne_bytes(word) | u32::from_ne_bytes([0x20; 4])
}

const STEP: u32 = lower(*b"step");
const ITER: u32 = lower(*b"iter");
/// The end of `updates`.
const ATES: u32 = lower(*b"ates");

/// Whether one of the words begins at `start` of `text`, or a longer one with it.
#[inline]
pub(super) fn is_stem(text: &[u8], start: usize) -> bool {
    let word = text.get(start..).and_then(<[u8]>::first_chunk);
    // Both are compared whichever it is: what a text says next cannot be foreseen.
    word.is_some_and(|word| (lower(*word) == STEP) | (lower(*word) == ITER) | (lower(*word) == ATES))
}

/// The words, by where their `t` stands, the second letter of both stems.
fn built_in(line: &[u8]) -> Option<u64> {
    memchr2_iter(b't', b'T', line).find_map(|t| step_at(line, t.checked_sub(1)?))
}

/// The step that the word names which begins at `start` of a line, or of a text of several: nothing here goes beyond a
/// line's end.
#[inline]
pub(super) fn step_at(line: &[u8], start: usize) -> Option<u64> {
    let (word, rest) = line.get(start..)?.split_first_chunk()?;
    let word = lower(*word);
    if word == ATES {
        return updates(&line[..start], rest);
    }
    let behind = match (word, rest.first()) {
        (STEP, Some(b'_')) => strip(rest, b"_num").unwrap_or(rest),
        // Swift's `'global_step/max_steps': '10/100'`.
        (STEP, Some(b'/')) => rest.strip_prefix(b"/max_steps").unwrap_or(rest),
        (STEP, Some(b's' | b'S')) => return plural(&line[..start], &rest[1..]),
        (ITER, Some(b'a' | b'A')) if rest.starts_with(b"ations") => return before(&line[..start]),
        (ITER, Some(b'a' | b'A')) => strip(rest, b"ation").unwrap_or(rest),
        (ITER, Some(b'.')) => return by_writer(&line[..start], rest),
        (STEP | ITER, _) => rest,
        _ => return None,
    };
    let behind = match behind.first() {
        Some(b'(') => strip(behind, b"(train)").unwrap_or(behind),
        _ => behind,
    };
    if !is_alone(word, &line[..start]) {
        return None;
    }
    // Where a training is to end it is not yet.
    if line[..start].ends_with(b"stop after ") {
        return None;
    }
    numbered(behind)
}

/// The step that stands behind the word for it.
#[inline]
fn numbered(behind: &[u8]) -> Option<u64> {
    let is_apart =
        |byte: &&u8| matches!(byte, b' ' | b'\t' | b'=' | b':' | b'/' | b'"' | b'\'' | b'[' | b'(' | b'#');
    let apart = behind.iter().take(APART).take_while(is_apart).count();
    let (step, after) = number(&behind[apart..]).filter(|_| apart > 0)?;
    let goes_on = match after {
        [b'.', b'0', b'0', ..] => !is_whole(after),
        [b'.' | b'-', digit, ..] => digit.is_ascii_digit(),
        // Coqui's `STEP: 25/50 -- GLOBAL_STEP: 125`, of which the first begins anew with each epoch.
        [b'/', all @ ..] => {
            let (_, digits) = number::leading(all);
            let behind = &all[digits..];
            digits <= DIGITS && (behind.starts_with(b" -- GLOBAL_STEP: ") || is_instruction(behind))
        }
        [byte, ..] => byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'%') || !byte.is_ascii(),
        [] => false,
    };
    (!goes_on).then_some(step)
}

/// Whether an instruction of a Dockerfile stands behind a number and a colon.
#[cold]
fn is_instruction(behind: &[u8]) -> bool {
    let Some(text) = behind.strip_prefix(b" : ") else { return false };
    let word = text.iter().take(16).take_while(|b| b.is_ascii_uppercase()).count();
    INSTRUCTIONS.contains(&&text[..word])
}

/// Whether what stands behind a number is a fraction of zeros alone: Lightning's `global_step=4.000`.
#[cold]
fn is_whole(fraction: &[u8]) -> bool {
    let (value, digits) = number::leading(&fraction[1..]);
    let behind = fraction[1 + digits..].first();
    value == 0
        && digits <= DIGITS
        && !behind.is_some_and(|byte| byte.is_ascii_alphanumeric() || *byte == b'.')
}

/// The step behind `steps`, which is most often how many there are: in LLaMA-Factory's `current_steps`, and in a bar of that
/// name, `Steps:  12%|█   | 1234/10000 [`.
#[cold]
fn plural(before: &[u8], behind: &[u8]) -> Option<u64> {
    if let Some(before) = before.strip_suffix(b"current_") {
        return numbered(behind).filter(|_| is_alone(0, before));
    }
    let share = without_blanks(behind.strip_prefix(b": ")?);
    let (_, digits) = number::leading(share);
    let bar = share[digits..].strip_prefix(b"%|").filter(|_| (1..=3).contains(&digits))?;
    let end = bar.iter().take(BAR).take_while(|byte| **byte != b'\n').position(|byte| *byte == b'|')?;
    let (step, after) = number(without_blanks(&bar[end + 1..]))?;
    (matches!(after, [b'/', b'0'..=b'9', ..]) && is_alone(STEP, before)).then_some(step)
}

/// `text` without the blanks with which it begins: a line's end is none, behind which the next line stands.
fn without_blanks(text: &[u8]) -> &[u8] {
    let blanks = text.iter().take_while(|byte| byte.is_ascii_whitespace() && **byte != b'\n').count();
    &text[blanks..]
}

/// The step behind fairseq's `num_updates`, of which `before` lacks the last letters: also `train_num_updates`.
fn updates(before: &[u8], behind: &[u8]) -> Option<u64> {
    let before = before.strip_suffix(b"num_upd")?;
    let before =
        [b"train_".as_slice(), b"valid_"].iter().find_map(|n| before.strip_suffix(*n)).unwrap_or(before);
    numbered(behind).filter(|_| is_alone(0, before))
}

/// The step before `iterations`: mmcv's `Saving checkpoint at 91300 iterations`.
#[cold]
fn before(before: &[u8]) -> Option<u64> {
    let before = before.strip_suffix(b" ")?;
    let digits = before.iter().rev().take(DIGITS + 1).take_while(|byte| byte.is_ascii_digit()).count();
    let (text, digits) = before.split_at(before.len() - digits);
    number(digits).filter(|_| text.ends_with(b"checkpoint at ")).map(|(step, _)| step)
}

/// The step that clu's `logging_writer.py:48] [3000] loss=2.1` puts first.
#[cold]
fn by_writer(before: &[u8], behind: &[u8]) -> Option<u64> {
    let place = behind.strip_prefix(b".py:").filter(|_| before.ends_with(b"logging_wr"))?;
    let digits = place.iter().take(6).take_while(|byte| byte.is_ascii_digit()).count();
    let (step, after) = number(place[digits..].strip_prefix(b"] [")?)?;
    after.starts_with(b"]").then_some(step)
}

/// Whether a word stands by itself, or as a step's other name, behind `before`.
#[inline]
fn is_alone(word: u32, before: &[u8]) -> bool {
    match before.last() {
        Some(b' ') => !before.ends_with(b"per "),
        Some(b'_') if word == STEP && ends_in_global(before) => is_alone(0, &before[..before.len() - 7]),
        // Ray's `training_iteration`.
        Some(b'_') if word == ITER && before.ends_with(b"training_") => {
            is_alone(0, &before[..before.len() - 9])
        }
        Some(b'_') => before.ends_with(b"\"_"),
        Some(b'm') => ends_in_colour(before),
        Some(b'-' | b'.') => false,
        Some(byte) => byte.is_ascii() && !byte.is_ascii_alphanumeric(),
        None => true,
    }
}

fn ends_in_global(text: &[u8]) -> bool {
    text.len().checked_sub(7).is_some_and(|at| text[at..].eq_ignore_ascii_case(b"global_"))
}

/// Whether `text` ends in an ANSI code of a colour: torchtitan's `\x1b[31mstep: 10`.
fn ends_in_colour(text: &[u8]) -> bool {
    let Some(code) = text.strip_suffix(b"m") else { return false };
    let numbers = code.iter().rev().take_while(|b| b.is_ascii_digit() || **b == b';').count();
    code[..code.len() - numbers].ends_with(b"\x1b[")
}

/// `text` without `word` at its beginning, in any case.
fn strip<'t>(text: &'t [u8], word: &[u8]) -> Option<&'t [u8]> {
    let (head, rest) = text.split_at_checked(word.len())?;
    head.eq_ignore_ascii_case(word).then_some(rest)
}

/// The whole number with which `text` begins, with or without commas between thousands, and what follows it.
#[inline]
fn number(text: &[u8]) -> Option<(u64, &[u8])> {
    let (mut step, digits) = number::leading(text);
    if digits == 0 || digits > DIGITS {
        return None;
    }
    let (mut rest, mut length) = (&text[digits..], digits);
    while digits <= 3
        && length + 3 <= DIGITS
        && let Some((b',', behind)) = rest.split_first()
        && let (group, 3) = number::leading(behind)
    {
        (step, rest, length) = (step * 1000 + group, &behind[3..], length + 3);
    }
    Some((step, rest))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_of_steps_holds() {
        let table = include_str!("../../tests/data/steps.tsv");
        let mut rows = 0;
        for row in table.lines().filter(|row| !row.starts_with('#') && !row.is_empty()) {
            let (step, line) = row.split_once('\t').unwrap();
            let expected = (step != "-").then(|| step.parse::<u64>().unwrap());
            assert_eq!(StepFinder::default().find(line.as_bytes()), expected, "{line}");
            rows += 1;
        }
        assert!(rows > 60);
    }

    #[test]
    fn a_step_may_be_what_a_regex_says() {
        let finder = StepFinder::of(r"batch (\d+) of").unwrap();
        assert_eq!(finder.find(b"step=3 batch 17 of 100\n"), Some(17));
        assert_eq!(finder.find(b"batch one of 100\n"), None);
        assert_eq!(StepFinder::of("(a)|b").unwrap().find(b"b"), None);
        assert!(StepFinder::of(r"batch \d+").unwrap_err().contains("0 groups"));
        assert!(StepFinder::of("(").is_err());
    }
}
