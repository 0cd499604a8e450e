//! The levels of the commonest lines of all: a stamp in the minute of the one before it, behind the bracket of a rank
//! perhaps, and then the level as a word.

use super::Level;
use crate::stamp::{Finder, Prefix};

/// The words, each with the blank behind it.
const WORDS: [(&[u8], Level); 6] = [
    (b"INFO ", Level::Info),
    (b"DEBUG ", Level::Debug),
    (b"WARNING ", Level::Warning),
    (b"ERROR ", Level::Error),
    (b"CRITICAL ", Level::Critical),
    (b"WARN ", Level::Warning),
];

/// The level of `line` and who wrote it, if it is such a line; `own` says the same of it.
#[inline]
pub(super) fn head(finder: &Finder, line: &[u8]) -> Option<(Level, Prefix)> {
    let (bracket, end, prefix) = finder.head_of(line)?;
    let word = line.get(end..)?.strip_prefix(b" ")?;
    let (_, level) = WORDS.iter().find(|(name, _)| word.starts_with(name))?;
    (bracket == 0 || is_silent(&line[..bracket])).then_some((*level, prefix))
}

/// Whether a bracket says nothing of a level: `[rank3]:`, small letters and then digits.
#[inline]
fn is_silent(bracket: &[u8]) -> bool {
    let inside = bracket.strip_prefix(b"[").unwrap_or_default();
    let inside = inside.strip_suffix(b":").unwrap_or(inside);
    let Some(inside) = inside.strip_suffix(b"]") else { return false };
    let letters = inside.iter().take_while(|byte| byte.is_ascii_lowercase()).count();
    letters > 0 && letters < inside.len() && inside[letters..].iter().all(u8::is_ascii_digit)
}

/// Lines that are such ones, or almost.
#[cfg(test)]
pub(super) fn almost() -> impl proptest::prelude::Strategy<Value = String> {
    let bracket = "(\\[(rank|default|I|w|E)[0-9]{1,4}\\]:? ?|\\[level=error\\] |  |3: )?";
    let stamp = "2026-11-22[ T]06:4[67]:[0-5][0-9]([,.][0-9]{3}([0-9]{3})?)?(Z|\\]| UTC)?";
    let level = "(INFO|DEBUG|WARNING|ERROR|CRITICAL|WARN|INFORM|info|Error|Traceback)";
    let text = "( |: | - |=|\\||\t)(text of a line, level=error|- ERROR - x|: x)\n";
    proptest::string::string_regex(&format!("{bracket}{stamp} {level}{text}")).expect("it is a pattern")
}
