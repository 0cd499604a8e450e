//! What step stands on a line.
//!
//! A step is the number behind one of a few words: `step`, `global_step`, `step_num`, `iteration`, `iter`, in any case, as
//! trainers write it: `step=10`, `Step 12,345`, `iteration 1200/ 5000`, `"global_step": 10`, `Iter(train) [7/100]`. The first on the
//! line counts. The word stands by itself (not `footsteps 3`, `8-step recipe`, `max_steps=5`), and what follows is a whole
//! number and no part of something else (not `step 1.5`, `iter 10s`).

use std::sync::{Arc, LazyLock};

use aho_corasick::packed::Searcher;
use memchr::{memchr2, memchr2_iter};
use regex_automata::meta::{self, Regex};
use regex_automata::util::captures::Captures;
use regex_automata::util::syntax;

use crate::line::Line;

/// The most that may stand between the word and its number, in bytes.
const APART: usize = 24;
/// The most digits that a step has.
const DIGITS: usize = 18;

/// Finds steps on lines.
#[derive(Clone, Debug, Default)]
pub struct Finder(Option<Arc<Regex>>);

impl Finder {
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

/// Finds the steps that trainers commonly write on the lines of a text, which come in order: what is nowhere in the text is
/// not looked for on each line. The twin is [`Finder::find`] of each.
#[derive(Clone, Copy, Debug, Default)]
pub struct Words {
    /// Where the next word begins, as far as that was looked for.
    next: Option<usize>,
}

/// The stems of the words, in any case; `None` where the machine has no fast way to find them.
static STEMS: LazyLock<Option<Searcher>> =
    LazyLock::new(|| Searcher::new(["step", "iter"].into_iter().flat_map(in_any_case)));

/// `word` with each of its four letters small or large.
fn in_any_case(word: &str) -> impl Iterator<Item = Vec<u8>> {
    (0..1_u8 << 4)
        .map(move |large| word.bytes().enumerate().map(|(n, byte)| byte & !((large >> n & 1) << 5)).collect())
}

/// Where a word may begin in `text`, from `from` on.
#[inline]
fn next_stem(text: &[u8], from: usize) -> usize {
    let rest = text.get(from..).unwrap_or_default();
    let found = match &*STEMS {
        Some(searcher) => searcher.find(rest).map(|found| found.start()),
        None => memchr2(b't', b'T', rest.get(1..).unwrap_or_default()),
    };
    found.map_or(usize::MAX, |at| from + at)
}

impl Words {
    /// The step that stands on `line`, one behind those that were asked for before.
    #[inline]
    pub fn find(&mut self, text: &[u8], line: Line) -> Option<u64> {
        let mut from = line.start;
        loop {
            let next = match self.next {
                Some(next) if next >= from => next,
                _ => next_stem(text, from),
            };
            self.next = Some(next);
            if next >= line.end {
                return None;
            }
            let found = at(line.of(text), next + 1 - line.start);
            if found.is_some() {
                return found;
            }
            from = next + 1;
        }
    }
}

/// The words, by where their `t` stands, the second letter of both stems.
fn built_in(line: &[u8]) -> Option<u64> {
    memchr2_iter(b't', b'T', line).find_map(|t| at(line, t))
}

#[inline]
fn at(line: &[u8], t: usize) -> Option<u64> {
    let start = t.checked_sub(1)?;
    let word: [u8; 4] = line.get(start..start + 4)?.try_into().ok()?;
    let rest = &line[start + 4..];
    let behind = match &word.map(|byte| byte | 0x20) {
        b"step" => strip(rest, b"_num").unwrap_or(rest),
        b"iter" => strip(rest, b"ation").unwrap_or(rest),
        _ => return None,
    };
    let behind = strip(behind, b"(train)").unwrap_or(behind);
    let before = &line[..start];
    let global = before.len().checked_sub(7).filter(|_| word[0] | 0x20 == b's');
    let before = match global.map(|at| before.split_at(at)) {
        Some((before, more)) if more.eq_ignore_ascii_case(b"global_") => before,
        _ => before,
    };
    let stands_alone =
        before.last().is_none_or(|b| !b.is_ascii_alphanumeric() && !b"_-.".contains(b) && b.is_ascii());
    if !(stands_alone || before.ends_with(b"\"_") || ends_in_colour(before)) || before.ends_with(b"per ") {
        return None;
    }
    let apart = behind.iter().take(APART).take_while(|b| b" \t=:/\"'[(#".contains(b)).count();
    let (step, after) = number(&behind[apart..]).filter(|_| apart > 0)?;
    let goes_on = match after {
        [b'.' | b'-', digit, ..] => digit.is_ascii_digit(),
        [byte, ..] => byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'%') || !byte.is_ascii(),
        [] => false,
    };
    (!goes_on).then_some(step)
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
fn number(text: &[u8]) -> Option<(u64, &[u8])> {
    let digits = |text: &[u8]| text.iter().take(DIGITS + 1).take_while(|b| b.is_ascii_digit()).count();
    let value = |text: &[u8]| text.iter().fold(0, |n: u64, b| n * 10 + u64::from(b - b'0'));
    let first = digits(text);
    if first == 0 || first > DIGITS {
        return None;
    }
    let (mut step, mut rest) = (value(&text[..first]), &text[first..]);
    let mut length = first;
    while first <= 3 && rest.first() == Some(&b',') && digits(&rest[1..]) == 3 && length + 3 <= DIGITS {
        (step, rest, length) = (step * 1000 + value(&rest[1..4]), &rest[4..], length + 3);
    }
    Some((step, rest))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn the_table_of_steps_holds() {
        let table = include_str!("../../tests/data/steps.tsv");
        let mut rows = 0;
        for row in table.lines().filter(|row| !row.starts_with('#') && !row.is_empty()) {
            let (step, line) = row.split_once('\t').unwrap();
            let expected = (step != "-").then(|| step.parse::<u64>().unwrap());
            assert_eq!(Finder::default().find(line.as_bytes()), expected, "{line}");
            rows += 1;
        }
        assert!(rows > 60);
    }

    proptest! {
        #[test]
        fn words_of_a_text_say_what_each_line_does(
            pieces in proptest::collection::vec(prop_oneof![
                "(?i)(step|iter|iteration|global_step)", "[=: ]{0,2}[0-9]{1,4}", "[a-z._ ]{0,12}", Just("\n".to_owned()),
            ], 0..60),
        ) {
            let text = pieces.concat();
            let mut words = Words::default();
            for line in crate::line::lines(text.as_bytes()) {
                let twin = Finder::default().find(line.of(text.as_bytes()));
                prop_assert_eq!(words.find(text.as_bytes(), line), twin);
            }
        }
    }

    #[test]
    fn a_step_may_be_what_a_regex_says() {
        let finder = Finder::of(r"batch (\d+) of").unwrap();
        assert_eq!(finder.find(b"step=3 batch 17 of 100\n"), Some(17));
        assert_eq!(finder.find(b"batch one of 100\n"), None);
        assert_eq!(Finder::of("(a)|b").unwrap().find(b"b"), None);
        assert!(Finder::of(r"batch \d+").unwrap_err().contains("0 groups"));
        assert!(Finder::of("(").is_err());
    }
}
