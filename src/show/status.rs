//! Where the follow of many logs stands, as one row: how many speak and how quickly, who is silent, who failed first.

use std::collections::{HashSet, VecDeque};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use jiff::Timestamp;
use jiff::tz::TimeZone;
use memchr::memmem::Finder;

use super::{Row, RowKind};
use crate::fold;
use crate::level::Level;
use crate::level::traceback::TRACEBACK;
use crate::merge::Merge;
use crate::query::Query;
use crate::stamp::behind_writer;

/// How often it is told anew.
pub(super) const OFTEN: Duration = Duration::from_millis(500);

/// The rate is that of so long.
const WINDOW: Duration = Duration::from_secs(10);

/// A log to which nothing was written for so long is silent.
const SILENT: Duration = Duration::from_secs(10);

/// Logs that became silent within so long are named together.
const TOGETHER: Duration = Duration::from_secs(10);

/// So many letters of names are shown, and no more than so many of a line.
const NAMES: usize = 24;
const QUOTE: usize = 200;

/// What is known of the logs of a follow.
pub(super) struct Status {
    /// The zone in which moments are told.
    zone: TimeZone,
    seen: Vec<Standing>,
    /// How many lines were shown.
    lines: u64,
    /// How many there were when, over the window.
    counts: VecDeque<(Instant, u64)>,
    first: Option<FirstError>,
    /// Finds tracebacks, which have the level of the record that they go on with.
    traceback: Finder<'static>,
}

/// How far a log was read, and since when it has not gone on.
struct Standing {
    at: u64,
    since: SystemTime,
}

/// The first line that tells of an error.
struct FirstError {
    way: usize,
    text: String,
    /// It is the head of a traceback, whose last line says more.
    is_head: bool,
}

impl Status {
    pub(super) fn new(zone: TimeZone) -> Self {
        let counts = VecDeque::from([(Instant::now(), 0)]);
        Self { zone, seen: Vec::new(), lines: 0, counts, first: None, traceback: Finder::new(TRACEBACK) }
    }

    /// Takes note of a row of the log of number `way`.
    pub(super) fn note(&mut self, way: usize, row: Row, text: &[u8]) {
        self.lines += u64::from(row.kind == RowKind::Hit);
        match &mut self.first {
            Some(first) if first.is_head && first.way == way => {
                let text = behind_writer(text);
                if !text.starts_with(b" ") && !text.trim_ascii().is_empty() {
                    (first.text, first.is_head) = (quoted(text), false);
                }
            }
            Some(_) => {}
            None => {
                let is_head = self.traceback.find(text).is_some();
                if is_head || row.level >= Some(Level::Error) {
                    self.first = Some(FirstError { way, text: quoted(text), is_head });
                }
            }
        }
    }

    /// Looks how far each log has come, and what is to be said of that; `names` are those of the logs.
    pub(super) fn look(&mut self, merge: &Merge, names: &[&[u8]]) -> String {
        let now = SystemTime::now();
        for (nth, query) in merge.queries().enumerate() {
            let at = query.end_of_file();
            match self.seen.get_mut(nth) {
                Some(seen) if seen.at != at => *seen = Standing { at, since: now },
                Some(_) => {}
                None => {
                    let since = written(query).map_or(now, |then| then.min(now));
                    self.seen.push(Standing { at, since });
                }
            }
        }
        let instant = Instant::now();
        self.counts.push_back((instant, self.lines));
        while self.counts.get(1).is_some_and(|(then, _)| instant.duration_since(*then) >= WINDOW) {
            self.counts.pop_front();
        }
        self.text(names, now)
    }

    fn text(&self, names: &[&[u8]], now: SystemTime) -> String {
        let mut parts = vec![how_many(names), self.rate()];
        parts.extend(self.silent(names, now));
        parts.extend(
            self.first
                .as_ref()
                .map(|first| format!("first error {} {}", named(names, &[first.way]), first.text)),
        );
        format!(" {} ", parts.join("  "))
    }

    fn rate(&self) -> String {
        let (Some((then, before)), Some((now, count))) = (self.counts.front(), self.counts.back()) else {
            return String::new();
        };
        let millis = now.duration_since(*then).as_millis().max(1);
        let tenths = u128::from(count - before) * 10_000 / millis;
        let (whole, tenth) = (tenths / 10, tenths % 10);
        if (1..100).contains(&tenths) {
            format!("{whole}.{tenth} lines/s")
        } else {
            format!("{whole} lines/s")
        }
    }

    /// Who is silent since when: those that became so together, the longest first.
    fn silent(&self, names: &[&[u8]], now: SystemTime) -> Option<String> {
        let is_silent = |seen: &Standing| now.duration_since(seen.since).is_ok_and(|long| long >= SILENT);
        let mut ways: Vec<usize> = (0..self.seen.len()).filter(|way| is_silent(&self.seen[*way])).collect();
        ways.sort_by_key(|way| self.seen[*way].since);
        let since = self.seen[*ways.first()?].since;
        if ways.len() == self.seen.len() && ways.len() > 1 {
            let last = self.seen[*ways.last()?].since;
            return Some(format!("all silent since {}", self.clock(last, now)));
        }
        let together = ways.partition_point(|way| {
            self.seen[*way].since.duration_since(since).is_ok_and(|later| later <= TOGETHER)
        });
        let more = ways.len() - together;
        let more = if more > 0 { format!(" and {more} more") } else { String::new() };
        let who = named(names, &ways[..together]);
        Some(format!("silent {who} since {}{more}", self.clock(since, now)))
    }

    /// A moment as a clock shows it, with the day where that is another than now.
    fn clock(&self, moment: SystemTime, now: SystemTime) -> String {
        let wall = |moment: SystemTime| {
            let ns = moment.duration_since(UNIX_EPOCH).map_or(0, |since| since.as_nanos());
            let moment = Timestamp::from_nanosecond(i128::try_from(ns).unwrap_or(0)).unwrap_or_default();
            self.zone.to_datetime(moment)
        };
        let (then, now) = (wall(moment), wall(now));
        let shape = if then.date() == now.date() { "%H:%M:%S" } else { "%Y-%m-%d %H:%M:%S" };
        then.strftime(shape).to_string()
    }
}

/// When a log was written to, as its file says.
fn written(query: &Query) -> Option<SystemTime> {
    std::fs::metadata(&query.question().path).ok()?.modified().ok()
}

/// How many ranks there are, or how many logs where their names are no ranks.
fn how_many(names: &[&[u8]]) -> String {
    let numbers: Option<HashSet<u32>> = names.iter().map(|name| Some(fold::number(name)?.1)).collect();
    let (count, what) = match numbers {
        Some(numbers) => (numbers.len(), "rank"),
        None => (names.len(), "log"),
    };
    format!("{count} {what}{}", if count == 1 { "" } else { "s" })
}

fn named(names: &[&[u8]], ways: &[usize]) -> String {
    let label = quoted(&fold::label(ways.iter().map(|way| names[*way])));
    if label.chars().count() <= NAMES {
        return label;
    }
    let cut: String = label.chars().take(NAMES).collect();
    format!("{cut}...] ({})", ways.len())
}

/// Bytes of a log as they can stand within a row: text without control characters, not too long.
fn quoted(bytes: &[u8]) -> String {
    let text = String::from_utf8_lossy(&bytes[..bytes.len().min(4 * QUOTE)]).into_owned();
    let shown = text.trim().chars().take(QUOTE);
    shown.map(|letter| if letter.is_control() || is_bidi(letter) { ' ' } else { letter }).collect()
}

/// Whether a letter changes the direction of those behind it.
fn is_bidi(letter: char) -> bool {
    matches!(letter, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOON: Duration = Duration::from_secs(1_795_348_800);

    fn status(silent: &[u64]) -> (Status, SystemTime) {
        let now = UNIX_EPOCH + NOON;
        let mut status = Status::new(TimeZone::UTC);
        status.seen = silent
            .iter()
            .map(|seconds| Standing { at: 0, since: now - Duration::from_secs(*seconds) })
            .collect();
        (status, now)
    }

    fn note(status: &mut Status, way: usize, level: Option<Level>, text: &str) {
        let row = Row { start: 0, end: 0, kind: RowKind::Hit, offset: 0, time: None, level };
        status.note(way, row, text.as_bytes());
    }

    const NAMES: [&[u8]; 4] = [b"0", b"1", b"2", b"3"];

    #[test]
    fn those_that_are_silent_are_named_with_the_moment() {
        let told = |silent: &[u64]| {
            let (status, now) = status(silent);
            status.silent(&NAMES[..silent.len()], now)
        };
        assert_eq!(told(&[0, 1, 9]), None);
        assert_eq!(told(&[0, 65, 60, 3]).unwrap(), "silent [1-2] since 11:58:55");
        assert_eq!(told(&[30, 3700, 0, 86_400]).unwrap(), "silent [3] since 2026-11-21 12:00:00 and 2 more");
        assert_eq!(told(&[70, 60, 65, 3700]).unwrap(), "all silent since 11:59:00");
    }

    #[test]
    fn the_first_error_is_told_and_no_later_one() {
        let (mut status, now) = status(&[0; 4]);
        note(&mut status, 0, Some(Level::Warning), "WARNING slow\n");
        note(&mut status, 2, None, "[rank2]: Traceback (most recent call last):\n");
        note(&mut status, 1, Some(Level::Error), "ERROR another\n");
        note(&mut status, 2, None, "[rank2]:   File \"train.py\"\n");
        note(&mut status, 2, None, "[rank2]: RuntimeError: \x1b[2Jno\u{202e}\n");
        note(&mut status, 2, Some(Level::Error), "ERROR later\n");
        let text = status.text(&NAMES, now);
        assert!(text.starts_with(" 4 ranks  "), "{text}");
        assert!(text.ends_with("  first error [2] RuntimeError:  [2Jno  "), "{text}");
    }

    #[test]
    fn many_names_are_cut() {
        let names: Vec<String> = (0..60).map(|n| format!("{}", n * 2)).collect();
        let names: Vec<&[u8]> = names.iter().map(String::as_bytes).collect();
        let ways: Vec<usize> = (0..60).collect();
        assert_eq!(named(&names, &ways), "[0,2,4,6,8,10,12,14,16,1...] (60)");
        assert_eq!(how_many(&[b"0 stdout", b"0 stderr"]), "1 rank");
        assert_eq!(how_many(&[b"trainer/0", b"1"]), "2 logs");
    }
}
