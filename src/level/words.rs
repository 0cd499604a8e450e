//! The words and numbers by which loggers name levels.

use super::Level;

/// What each word means, in lower case.
const WORDS: &[(&str, Level)] = &[
    ("trace", Level::Trace),
    ("trce", Level::Trace),
    ("finest", Level::Trace),
    ("finer", Level::Trace),
    ("debug", Level::Debug),
    ("debu", Level::Debug),
    ("dbug", Level::Debug),
    ("dbg", Level::Debug),
    ("fine", Level::Debug),
    ("verbose", Level::Debug),
    ("info", Level::Info),
    ("inf", Level::Info),
    ("information", Level::Info),
    ("informational", Level::Info),
    ("notice", Level::Info),
    ("note", Level::Info),
    ("success", Level::Info),
    ("succ", Level::Info),
    ("config", Level::Info),
    ("default", Level::Info),
    ("warning", Level::Warning),
    ("warn", Level::Warning),
    ("wrn", Level::Warning),
    ("error", Level::Error),
    ("err", Level::Error),
    ("erro", Level::Error),
    ("eror", Level::Error),
    ("severe", Level::Error),
    ("exception", Level::Error),
    ("critical", Level::Critical),
    ("crit", Level::Critical),
    ("fatal", Level::Critical),
    ("fata", Level::Critical),
    ("panic", Level::Critical),
    ("dpanic", Level::Critical),
    ("alert", Level::Critical),
    ("emerg", Level::Critical),
    ("emergency", Level::Critical),
];
/// Words that mean a level as the value of a key, and something else on a line of text.
const AMBIGUOUS: [&str; 5] = ["fine", "config", "default", "note", "finer"];
const LONGEST: usize = 13;

/// The level that `word` names, in any case, where a key or a caller says that it is one.
pub fn parse(word: &[u8]) -> Option<Level> {
    if word.is_empty() || word.len() > LONGEST {
        return None;
    }
    let first = word[0].to_ascii_lowercase();
    let mut likely = WORDS.iter().filter(|(name, _)| name.len() == word.len() && name.as_bytes()[0] == first);
    likely.find(|(name, _)| word.eq_ignore_ascii_case(name.as_bytes())).map(|(_, level)| *level)
}

/// The level that a word in the header of a line names.
pub(super) fn in_header(word: &[u8]) -> Option<Level> {
    let word = match word {
        // Slurm and PostgreSQL number theirs.
        [name @ .., b'1'..=b'9'] if name.eq_ignore_ascii_case(b"debug") => name,
        _ => word,
    };
    let level = parse(word)?;
    let ambiguous = AMBIGUOUS.iter().any(|name| word.eq_ignore_ascii_case(name.as_bytes()));
    // All capitals, all small, or one capital in front: what else looks like it is a name.
    let rest = &word[1..];
    let one_case = rest.iter().all(u8::is_ascii_lowercase) || word.iter().all(u8::is_ascii_uppercase);
    (!ambiguous && one_case).then_some(level)
}

/// The level that a single letter stands for, as glog, TensorFlow and Android write it.
pub(super) fn letter(byte: u8) -> Option<Level> {
    Some(match byte {
        b'T' => Level::Trace,
        b'V' | b'D' => Level::Debug,
        b'I' | b'N' => Level::Info,
        b'W' => Level::Warning,
        b'E' => Level::Error,
        b'F' | b'C' => Level::Critical,
        _ => return None,
    })
}

/// The level of a syslog severity, 0 to 7.
pub(super) fn severity(number: u32) -> Option<Level> {
    Some(match number {
        0..=2 => Level::Critical,
        3 => Level::Error,
        4 => Level::Warning,
        5 | 6 => Level::Info,
        7 => Level::Debug,
        _ => return None,
    })
}

/// The level of a number as the value of a key: syslog's to 7, and above that bunyan's and pino's from 10 to 60.
pub(super) fn number(number: u32) -> Option<Level> {
    Some(match number {
        0..=7 => return severity(number),
        10..20 => Level::Trace,
        20..30 => Level::Debug,
        30..40 => Level::Info,
        40..50 => Level::Warning,
        50..60 => Level::Error,
        60..=69 => Level::Critical,
        _ => return None,
    })
}

/// The level of one of Python's numbers, 10 to 50.
pub(super) fn of_python(number: u32) -> Option<Level> {
    Some(match number {
        1..10 => Level::Trace,
        10..20 => Level::Debug,
        20..30 => Level::Info,
        30..40 => Level::Warning,
        40..50 => Level::Error,
        50..=99 => Level::Critical,
        _ => return None,
    })
}
