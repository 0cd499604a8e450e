//! Folding: what many ranks say alike within a moment, as one line.
//!
//! A **folder** puts each line into a **group**: the oldest open one of lines that differ from it in numbers only, and that
//! was opened after the group of its source's line before. So the lines of a source are in their order in the groups, each
//! in exactly one, and the third `step` of one rank stands with the third of the others, however far one lags behind.
//! Groups go out in the order in which they were opened: when all sources are in, or after a bounded time.

mod label;
#[cfg(test)]
mod proof;
mod template;

use std::cmp::Ordering;
use std::collections::{HashMap, VecDeque};
use std::time::{Duration, Instant};

use memchr::memrchr;
use xxhash_rust::xxh3::xxh3_64;

pub use label::{label, number};
use template::{Variable, VariableKind};

/// How long a group waits for more sources: what ranks say at the same step comes within some tens of milliseconds.
pub const MOMENT: Duration = Duration::from_millis(200);

/// How many groups may wait. More come only where sources say different things, which would not be folded anyway.
const MOST: usize = 4096;

/// Up to here a stamp belongs to the head of a line, of which the earliest speaks for all.
const HEAD: usize = 64;

/// Lines of several sources that differ in numbers only.
#[derive(Debug)]
pub struct Group<T> {
    skeleton: Vec<u8>,
    variables: Vec<Variable>,
    /// The text of the first line that came.
    first: Vec<u8>,
    /// The least and the greatest text of each variable, where they differ from the first line's.
    ranges: Vec<[Option<Vec<u8>>; 2]>,
    /// The sources, in the order in which they came.
    members: Vec<usize>,
    opened: Instant,
    /// What the caller knows of the first line.
    pub about: T,
}

impl<T> Group<T> {
    /// The sources that said it, each once.
    pub fn members(&self) -> &[usize] {
        &self.members
    }

    /// The line that stands for all: as the first said it, and where a number differs, from the least to the greatest.
    pub fn write(&self, out: &mut Vec<u8>) {
        let mut from = 0;
        for (variable, range) in self.variables.iter().zip(&self.ranges) {
            let own = &self.first[variable.at.clone()];
            let [least, most] = range.each_ref().map(|text| text.as_deref().unwrap_or(own));
            out.extend_from_slice(&self.first[from..variable.at.start]);
            out.extend_from_slice(least);
            if least != most && !(variable.kind == VariableKind::Stamp && variable.at.start < HEAD) {
                out.extend_from_slice(b" to ");
                out.extend_from_slice(most);
            }
            from = variable.at.end;
        }
        out.extend_from_slice(&self.first[from..]);
    }

    /// Takes in a line that has the same skeleton; its `variables` are those of the first line where none are said.
    fn join(&mut self, source: usize, line: &[u8], variables: Option<&[Variable]>) {
        let Self { variables: own, ranges, first, members, .. } = self;
        members.push(source);
        let variables = variables.unwrap_or(own);
        for ((mine, range), its) in own.iter().zip(ranges).zip(variables) {
            let (own, text) = (&first[mine.at.clone()], &line[its.at.clone()]);
            if own == text {
                continue;
            }
            for (limit, beyond) in range.iter_mut().zip([Ordering::Less, Ordering::Greater]) {
                if compare(mine.kind, text, limit.as_deref().unwrap_or(own)) == beyond {
                    *limit = Some(text.to_vec());
                }
            }
        }
    }
}

/// The order of two texts of a variable: of numbers by their value, of equal ones by their text.
fn compare(kind: VariableKind, one: &[u8], other: &[u8]) -> Ordering {
    let by_value = match kind {
        VariableKind::Stamp => Ordering::Equal,
        VariableKind::Number => match (decimal(one), decimal(other)) {
            (Some(one), Some(other)) => one.cmp(&other),
            _ => by_float(one, other),
        },
    };
    by_value.then_with(|| one.cmp(other))
}

/// By what a number without sign and exponent is ordered: how many digits it has before the point, which these are, and
/// those behind it.
fn decimal(text: &[u8]) -> Option<(usize, &[u8], &[u8])> {
    let point = text.iter().position(|byte| !byte.is_ascii_digit()).unwrap_or(text.len());
    let (whole, rest) = text.split_at(point);
    let fraction = match rest.split_first() {
        None => rest,
        Some((b'.', digits)) if digits.iter().all(u8::is_ascii_digit) => digits,
        Some(_) => return None,
    };
    let whole = &whole[whole.iter().take_while(|byte| **byte == b'0').count()..];
    let zeros = fraction.iter().rev().take_while(|byte| **byte == b'0').count();
    Some((whole.len(), whole, &fraction[..fraction.len() - zeros]))
}

/// The order of two numbers by what a float holds of them.
fn by_float(one: &[u8], other: &[u8]) -> Ordering {
    let value = |text: &[u8]| std::str::from_utf8(text).ok()?.parse::<f64>().ok();
    match (value(one), value(other)) {
        (Some(one), Some(other)) => one.total_cmp(&other),
        _ => Ordering::Equal,
    }
}

/// Puts lines into groups; `T` is what the caller wants to know again of a group's first line.
#[derive(Debug)]
pub struct Folder<T> {
    groups: VecDeque<Group<T>>,
    /// How many groups have gone out: the number of the first that waits.
    gone: u64,
    /// The open groups of each skeleton, by its hash, the oldest first.
    open: HashMap<u64, VecDeque<u64>>,
    /// One past the group in which the last line of each source is.
    after: Vec<u64>,
    skeleton: Vec<u8>,
    variables: Vec<Variable>,
}

impl<T> Default for Folder<T> {
    fn default() -> Self {
        Self {
            groups: VecDeque::new(),
            gone: 0,
            open: HashMap::new(),
            after: Vec::new(),
            skeleton: Vec::new(),
            variables: Vec::new(),
        }
    }
}

impl<T> Folder<T> {
    /// Takes the next line of a source.
    pub fn push(&mut self, source: usize, line: &[u8], about: T, now: Instant) {
        if self.after.len() <= source {
            self.after.resize(source + 1, 0);
        }
        // The group behind that of its source's line before: if it belongs there, no other can be older.
        let number = self.after[source].max(self.gone);
        let at = (number - self.gone) as usize;
        let number = match self.groups.get_mut(at) {
            // Ranks that go in step are always there, and most numbers are as long as those of others.
            Some(group) if template::have_one_shape(&group.first, line) => {
                group.join(source, line, None);
                number
            }
            _ => self.join_or_open(source, line, about, now),
        };
        self.after[source] = number + 1;
    }

    /// Puts a line into the oldest open group behind that of its source's line before, or into a new one.
    fn join_or_open(&mut self, source: usize, line: &[u8], about: T, now: Instant) -> u64 {
        template::take_apart(line, &mut self.skeleton, &mut self.variables);
        let hash = xxh3_64(&self.skeleton);
        let open = self.open.entry(hash).or_default();
        let found = open.get(open.partition_point(|number| *number < self.after[source])).copied();
        let next = self.gone + self.groups.len() as u64;
        match found {
            Some(number) if self.groups[(number - self.gone) as usize].skeleton == self.skeleton => {
                self.groups[(number - self.gone) as usize].join(source, line, Some(&self.variables));
                number
            }
            _ => {
                open.push_back(next);
                self.groups.push_back(Group {
                    skeleton: self.skeleton.clone(),
                    variables: self.variables.clone(),
                    first: line.to_vec(),
                    ranges: vec![[None, None]; self.variables.len()],
                    members: vec![source],
                    opened: now,
                    about,
                });
                next
            }
        }
    }

    /// Whether `pop` would give a group.
    pub fn is_due(&self, sources: usize, now: Instant) -> bool {
        self.groups.front().is_some_and(|first| {
            first.members.len() >= sources
                || self.groups.len() > MOST
                || now.saturating_duration_since(first.opened) >= MOMENT
        })
    }

    /// The next group that is to go out, of `sources` that may speak; with `all`, also one that would still wait.
    pub fn pop(&mut self, sources: usize, now: Instant, all: bool) -> Option<Group<T>> {
        if !(all || self.is_due(sources, now)) {
            return None;
        }
        let group = self.groups.pop_front()?;
        let hash = xxh3_64(&group.skeleton);
        if let Some(open) = self.open.get_mut(&hash) {
            open.pop_front();
            if open.is_empty() {
                self.open.remove(&hash);
            }
        }
        self.gone += 1;
        Some(group)
    }

    /// Whether no line waits.
    pub fn is_empty(&self) -> bool {
        self.groups.is_empty()
    }
}

/// Of a line with carriage returns, which a terminal would show one over the other, the last frame that is not blank,
/// without its line end; any other line as it is.
pub fn last_frame(line: &[u8]) -> &[u8] {
    let ends = line.iter().rev().take_while(|byte| matches!(byte, b'\r' | b'\n')).count();
    let mut rest = &line[..line.len() - ends];
    let mut is_one = true;
    while let Some(at) = memrchr(b'\r', rest) {
        is_one = false;
        let frame = &rest[at + 1..];
        if !frame.trim_ascii().is_empty() {
            return frame;
        }
        rest = &rest[..at];
    }
    if is_one { line } else { rest }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_in_the_order_of_their_values() {
        let in_order = [
            "-2e3",
            "-7",
            "-0.5",
            "0",
            "0.05",
            "0.5",
            "0.50",
            "07",
            "7",
            "7.25",
            "19",
            "1e3",
            "20000000000000000000001",
        ];
        for (nth, one) in in_order.iter().enumerate() {
            for other in &in_order[nth + 1..] {
                let (one, other) = (one.as_bytes(), other.as_bytes());
                assert_eq!(compare(VariableKind::Number, one, other), Ordering::Less);
                assert_eq!(compare(VariableKind::Number, other, one), Ordering::Greater);
            }
        }
    }

    #[test]
    fn the_last_frame_is_what_a_terminal_shows_in_the_end() {
        for (line, shown) in [
            ("10%\r20%\r30%\n", "30%"),
            ("10%\r20%\r\n", "20%"),
            ("10%\r20%\r      \r\n", "20%"),
            ("dos\r\n", "dos\r\n"),
            ("\r  \r\n", ""),
            ("\rx", "x"),
            ("", ""),
        ] {
            assert_eq!(last_frame(line.as_bytes()), shown.as_bytes(), "{line:?}");
        }
    }
}
