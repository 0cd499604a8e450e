//! How grave a line is, by the field of it that says so, and what goes on with such a line.
//!
//! Only a *field* counts, in one of the shapes of known loggers: a word of the text is no level. A line that goes on with
//! a record has the level of that record's head, of the same rank or process: an indented one, one of a traceback, and
//! one without a stamp behind a head that has a stamp or a level. A traceback is an error at least, whatever stands before it:
//! nobody logs the one that a program dies with. A head is at most [`REACH`] bytes before what goes on
//! with it, so that what level a line has can be said from a block and a little of what stands before it, on any core.

mod before;
mod json;
mod lazy;
mod own;
mod programs;
mod quick;
mod set;
mod stamped;
pub mod traceback;
mod words;

use crate::line::{self, Line};
use crate::stamp::{ByPrefix, Elected, Finder, Found, Prefix, behind_writer};

pub use before::before;
pub use lazy::{LazyLevels, Unsettled, tells_of_traceback};
pub use own::own;
pub use set::Set;
use stamped::StampedTracebacks;
pub use words::parse;

/// How grave a line is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Level {
    /// Finer than what a developer asks for.
    Trace = 1,
    /// For developers.
    Debug,
    /// What happens as it should; notices and successes too.
    Info,
    /// What may become an error.
    Warning,
    /// Something failed.
    Error,
    /// The program cannot go on: fatal, panic, alert, emergency.
    Critical,
}

impl Level {
    /// Its name in lower case.
    pub fn name(self) -> &'static str {
        match self {
            Self::Trace => "trace",
            Self::Debug => "debug",
            Self::Info => "info",
            Self::Warning => "warning",
            Self::Error => "error",
            Self::Critical => "critical",
        }
    }
}

/// How far before a line the head of its record may stand, in bytes.
pub const REACH: usize = 64 << 10;
/// A line that is not indented goes on with a head at most so many lines of its writer before it.
const LOOSE: usize = 100;

/// The record of one writer that may go on.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Record {
    level: Option<Level>,
    /// Where its head begins in the text.
    start: usize,
    /// Whether its head has a stamp or a level.
    headed: bool,
    lines: usize,
    /// Within a traceback, whose last line is not indented.
    tracing: bool,
    /// Where the last traceback began that goes on with the head, if it goes on to here: beyond the reach of the head it is an
    /// error by itself, as it is for one who does not see the head.
    traced: Option<usize>,
}

/// The levels of lines that come in order.
#[derive(Default)]
pub struct Levels {
    finder: Finder,
    records: ByPrefix<Record>,
    tracebacks: StampedTracebacks,
    /// A line had no record to go on with, and neither stamp nor level; or a stamp, and may go on with a traceback.
    reaches: bool,
}

impl Levels {
    /// Before the first line of a file that elected `elected`.
    pub fn new(elected: &Elected) -> Self {
        Self { finder: Finder::electing(elected), ..Self::default() }
    }

    /// The level of each line of `text` from `from` on, given to `take`; what stands before are lines with which they may
    /// go on, and the file's first, or [`REACH`] bytes of them at least.
    pub fn each(&mut self, text: &[u8], from: usize, mut take: impl FnMut(Line, Option<Level>)) {
        self.records.clear();
        self.tracebacks.clear();
        self.reaches = false;
        for line in line::lines(text) {
            let level = self.next(line.of(text), line.start);
            if line.start >= from {
                take(line, level);
            }
        }
    }

    /// The levels of those lines of `block` that have one, by where they begin; `before` gives the lines before it with
    /// which they may go on, see [`before`].
    pub fn of_block(&mut self, block: &[u8], before: impl FnOnce() -> Vec<u8>) -> Vec<(usize, Level)> {
        let mut told = Vec::new();
        self.each(block, 0, |line, level| told.extend(level.map(|level| (line.start, level))));
        if !self.reaches {
            return told;
        }
        let mut text = before();
        let from = text.len();
        if from > 0 {
            text.extend_from_slice(block);
            told.clear();
            self.each(&text, from, |line, level| told.extend(level.map(|level| (line.start - from, level))));
        }
        told
    }

    /// The level of the next line, which begins at `start` in the text.
    fn next(&mut self, line: &[u8], start: usize) -> Option<Level> {
        if self.tracebacks.are_over()
            && let Some((level, prefix)) = quick::head(&self.finder, line)
        {
            // A head of a record with a stamp: as below, without what such a line cannot be.
            let head = Record { level: Some(level), start, headed: true, lines: 1, ..Record::default() };
            self.records.insert(prefix, head);
            return Some(level);
        }
        self.read(line, start)
    }

    /// The same, whatever the line is.
    fn read(&mut self, line: &[u8], start: usize) -> Option<Level> {
        let mut own = own(line);
        // A JSON object has no prefix, and its time does not matter where its level is known.
        let Found { prefix, stamp } = match line.first() {
            Some(b'{') if own.is_some() => Found { stamp: None, prefix: Prefix::NONE },
            _ => self.finder.find(line),
        };
        // What goes on with a line of a traceback has its level no further than that reaches itself.
        let mut head = start;
        if stamp.is_some() {
            if own.is_some() {
                self.tracebacks.end(&mut self.finder, line);
            } else if let Some((level, begin)) =
                self.tracebacks.level(&mut self.finder, line, start, &mut self.reaches)
            {
                (own, head) = (Some(level), begin);
            }
        }
        let text = behind_writer(line);
        let record = self.records.entry(prefix).or_default();
        self.reaches |= record.lines == 0 && own.is_none() && stamp.is_none();
        let headed = own.is_some() || stamp.is_some();
        if !headed {
            record.let_go_of_head(start);
        }
        if headed || !record.takes(text, start) {
            let traced = !headed && traceback::begins(text);
            let level = if traced { Some(Level::Error) } else { own };
            *record = Record { level, start: head, headed, ..Record::default() };
        }
        record.go_on(text, start);
        record.level
    }
}

impl Record {
    /// Whether `text`, which has neither stamp nor level and begins at `start`, goes on with it.
    fn takes(&self, text: &[u8], start: usize) -> bool {
        if self.lines == 0 || start - self.start > REACH {
            return false;
        }
        if traceback::begins(text) {
            return self.headed && self.level >= Some(Level::Error);
        }
        self.takes_by_itself(text) || (self.headed && self.lines < LOOSE)
    }

    /// The same, whatever its head is.
    fn takes_by_itself(&self, text: &[u8]) -> bool {
        traceback::is_indented(text) || self.tracing || traceback::chains(text)
    }

    /// Goes on with the traceback in it by itself, where the head is out of reach of a line at `start` and that is not.
    fn let_go_of_head(&mut self, start: usize) {
        if start - self.start > REACH
            && let Some(traced) = self.traced.filter(|traced| start - traced <= REACH)
        {
            *self = Self { level: Some(Level::Error), start: traced, headed: false, traced: None, ..*self };
        }
    }

    fn go_on(&mut self, text: &[u8], start: usize) {
        if traceback::begins(text) {
            self.traced = Some(start);
        } else if !self.takes_by_itself(text) {
            self.traced = None;
        }
        self.lines += 1;
        // The exception's own line ends the traceback.
        self.tracing = traceback::begins(text) || (self.tracing && traceback::is_frame(text));
    }
}

/// Lines that begin records or go on with them.
#[cfg(test)]
fn some_line() -> impl proptest::prelude::Strategy<Value = &'static str> {
    proptest::sample::select(vec![
        "[rank0]: 2026-11-22 06:47:12 ERROR boom\n",
        "[rank1]: 2026-11-22 06:47:12 INFO fine\n",
        "[rank0]: Traceback (most recent call last):\n",
        "[rank0]:   File x\n",
        "[rank0]: ValueError: x\n",
        "[rank1]: loose\n",
        "2026-11-22 06:47:12 stamped\n",
        "2026-11-22 06:47:12,123 INFO a line whose stamp is in the minute before\n",
        "[rank1]: 2026-11-22 06:47:12,123 WARNING a line of a rank, in that minute\n",
        "2026-11-22T06:47:12.123456789Z [rank0]: Traceback (most recent call last):\n",
        "2026-11-22T06:47:13.123456789Z [rank1]: Traceback (most recent call last):\n",
        "2026-11-22T06:47:13.123456789Z [rank0]:   File x\n",
        "2026-11-22T06:47:13.123456789Z [rank0]: torch.OutOfMemoryError: x\n",
        "2026-11-22T06:47:13.123456789Z [rank0]: INFO x\n",
        "2026-11-22T06:47:13.123456789Z [rank0]: x\n",
        "Traceback (most recent call last):\n",
        "  indented\n",
        "╭──── Traceback (most recent call last) ────╮\n",
        "│ ❱ 11 │   raise ValueError(x)              │\n",
        "╰───────────────────────────────────────────╯\n",
        "{\"level\":\"warn\",\"msg\":\"x\"}\n",
        "bare\n",
        "\n",
    ])
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn levels(text: &str) -> Vec<Option<Level>> {
        let mut all = Vec::new();
        Levels::default().each(text.as_bytes(), 0, |_, level| all.push(level));
        all
    }

    #[test]
    fn what_goes_on_with_a_record_has_its_level() {
        let text = "before\n\
            [rank0]: 2026-11-22 06:47:12 ERROR boom\n\
            [rank1]: 2026-11-22 06:47:12 INFO fine\n\
            [rank0]: Traceback (most recent call last):\n\
            [rank0]:   File x\n\
            [rank0]: ValueError: INFO\n\
            [rank1]: loose text\n\
            2026-11-22 06:47:13 a stamp and no level\n  \
              indented\n\
            WARNING: w\n\
            loose\n";
        let (error, info, warning) = (Some(Level::Error), Some(Level::Info), Some(Level::Warning));
        assert_eq!(
            levels(text),
            [None, error, info, error, error, error, info, None, None, warning, warning]
        );
    }

    #[test]
    fn a_traceback_is_an_error_at_least() {
        let text = "2026-11-22 06:47:12 INFO x\n\
            Traceback (most recent call last):\n  \
              File x\n\
            ValueError: x\n\
            During handling of the above exception, another exception occurred:\n\
            Traceback (most recent call last):\n  \
              File x\n\
            KeyError: x\n\
            loose\n\
            2026-11-22 06:47:13 CRITICAL x\n\
            Traceback (most recent call last):\n  \
              Traceback (most recent call last):\n\
            ValueError: x\n\
            2026-11-22 06:47:14 DEBUG x\n  \
              Traceback (most recent call last):\n";
        let (info, error, critical, debug) =
            (Some(Level::Info), Some(Level::Error), Some(Level::Critical), Some(Level::Debug));
        let mut expected = vec![info, error, error, error];
        expected.extend([error, error, error, error, None]);
        expected.extend([critical; 4]);
        expected.extend([debug; 2]);
        assert_eq!(levels(text), expected);
    }

    #[test]
    fn a_traceback_in_a_box_is_an_error_and_no_other_box_is() {
        let text = "2026-11-22 06:47:12 INFO x\n\
            ╭──── Traceback (most recent call last) ────╮\n\
            │ ❱ 11 │   raise ValueError(x)              │\n\
            ╰───────────────────────────────────────────╯\n\
            ValueError: x\n\
            ╭──── Metric Table ────╮\n\
            │ Global Step: 24      │\n\
            ╰──────────────────────╯\n";
        let (info, error) = (Some(Level::Info), Some(Level::Error));
        assert_eq!(levels(text), [info, error, error, error, error, None, None, None]);
        let stamped = text.lines().map(|line| ["2026-11-22T06:47:12.5Z ", line, "\n"].concat());
        assert_eq!(
            levels(&stamped.collect::<String>()),
            [info, error, error, error, error, None, None, None]
        );
    }

    #[test]
    fn a_bare_log_does_not_inherit_for_ever() {
        let mut text = "ERROR x\n".to_owned();
        text.extend(std::iter::repeat_n("step 1 loss 2\n", 200));
        assert_eq!(levels(&text).iter().filter(|level| level.is_some()).count(), LOOSE);
    }

    #[test]
    fn what_goes_on_with_a_stamped_traceback_has_its_level_no_further_than_that_reaches() {
        let far = format!("[rank1]: 2026-11-22 06:47:12 INFO {}\n", "x".repeat(REACH * 2 / 3));
        let stamped = |text: &str| format!("2026-11-22T06:47:12.123456789Z [rank0]: {text}\n");
        let head = stamped("Traceback (most recent call last):");
        let frame = stamped("  File x");
        let (error, info) = (Some(Level::Error), Some(Level::Info));
        assert_eq!(levels(&[&head, &frame, &far, "  indented\n"].concat()), [error, error, info, error]);
        assert_eq!(
            levels(&[&head, &far, &frame, &far, "  indented\n"].concat()),
            [error, info, error, info, None]
        );
    }

    proptest! {
        #[test]
        fn the_quick_way_says_what_the_line_says(
            lines in prop::collection::vec(quick::almost(), 1..20), slashed in any::<bool>(),
        ) {
            let slashes = "26/11/22 06:47:12 x\n".repeat(if slashed { 3 } else { 0 });
            let elected = crate::stamp::elect(slashes.as_bytes());
            let lines: Vec<String> = lines.into_iter().map(|line| {
                if slashed { line.replace("2026-11-22 ", "26/11/22 ") } else { line }
            }).collect();
            let (mut levels, mut twin) = (Levels::new(&elected), Levels::new(&elected));
            for (number, line) in lines.iter().enumerate() {
                prop_assert_eq!(levels.next(line.as_bytes(), number), twin.read(line.as_bytes(), number), "{}", line);
            }
            let records = |levels: &Levels| {
                let mut records: Vec<_> = levels.records.iter().map(|(prefix, record)| (*prefix, *record)).collect();
                records.sort_by_key(|(prefix, _)| *prefix);
                records
            };
            prop_assert_eq!(records(&levels), records(&twin));
            prop_assert_eq!(levels.reaches, twin.reaches);
        }

        /// What a worker says of a block, from a little of what stands before it, is what the fold from the first line says.
        #[test]
        fn a_block_and_what_reaches_into_it_say_what_the_fold_says(
            lines in prop::collection::vec((some_line(), 0_usize..3), 1..80), cut in 0_usize..80,
        ) {
            let filler = "x".repeat(REACH / 4);
            let lines: Vec<String> = lines.iter().map(|(line, long)| {
                if *long == 0 { format!("{} {filler}\n", line.trim_end_matches('\n')) } else { (*line).to_owned() }
            }).collect();
            let text = lines.concat();
            let whole = levels(&text);
            let cut = cut % lines.len();
            let start: usize = lines[..cut].iter().map(String::len).sum();
            // The first whole line that reaches into the block.
            let near = start.saturating_sub(REACH);
            let near = if near == 0 { 0 } else { text[near - 1..].find('\n').map_or(start, |n| near + n) };
            let mut part = Vec::new();
            Levels::default().each(&text.as_bytes()[near..], start - near, |_, level| part.push(level));
            prop_assert_eq!(&whole[cut..], &part[..]);
        }
    }
}
