//! The records of a speaker that are worth keeping: the first ones and the last, never more, however many there are.

use std::collections::VecDeque;

use serde::{Deserialize, Serialize};

use super::progress::UNITS;

/// How much is kept of a line, in bytes.
const HEAD: usize = 512;
/// And how much of the end of a longer one: whom a rank waits for may stand behind the names of all tensors that wait.
const END: usize = 192;
/// What stands for the rest of it.
const REST: &str = " ... ";

/// What is kept of a line, as text.
pub fn quote(line: &[u8]) -> String {
    if line.len() <= HEAD + END {
        return head(line, HEAD + END);
    }
    head(line, HEAD) + REST + &head(&line[line.len() - END..], END)
}

/// The head of a line as text.
pub fn head(line: &[u8], most: usize) -> String {
    String::from_utf8_lossy(&line[..line.len().min(most)]).trim_end().to_owned()
}

/// A line that is evidence.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Note {
    /// Its text, of a long one the head and the end.
    pub text: String,
    /// The nanoseconds since 1970 UTC for which its time stands, both included.
    pub span: Option<(i64, i64)>,
    /// Whether that time stands on the line itself, or on the head of the traceback that it ends.
    pub own: bool,
    /// Its number in its file, from 1.
    pub number: u64,
    /// Its number among the lines of its speaker, from 1.
    pub place: u64,
    /// The hash of its template.
    pub template: u64,
    /// What was raised at the end of a traceback; whether that went through a library that fetches data.
    pub raised: Option<bool>,
    /// How far the speaker was, by unit.
    pub progress: [Option<u64>; UNITS],
    /// The first shape that selects what is kept of it, once that was looked for.
    pub shape: Option<Kind>,
}

/// Which shape selects a record.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Kind {
    /// The one of this number, counted from 0.
    Shape(usize),
    /// None.
    Other,
}

/// How much is kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// So many records from the beginning.
    pub first: usize,
    /// And so many of the last.
    pub last: usize,
    /// Of one template at most so many among the first.
    pub alike: u64,
}

/// For a rank, which has one story to tell.
pub const RANK: Limits = Limits { first: 32, last: 8, alike: 3 };
/// For a file's own lines, in which a launcher may speak of a thousand ranks.
pub const FILE: Limits = Limits { first: 64, last: 16, alike: 16 };
/// How many templates are counted.
const TEMPLATES: usize = 64;

/// The records that are kept.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct KeptNotes {
    /// The first ones, of each template a few.
    pub first: Vec<Note>,
    /// The last ones that are not among those.
    pub last: VecDeque<Note>,
    /// How often each template came, of those that came first.
    pub counts: Vec<(u64, u64)>,
    /// How many there were in all.
    pub total: u64,
}

impl KeptNotes {
    /// Keeps `note` if there is room for it.
    pub fn push(&mut self, note: Note, limits: Limits) {
        self.total += 1;
        let seen = self.count(note.template);
        if self.first.len() < limits.first && seen <= limits.alike {
            return self.first.push(note);
        }
        if self.last.len() >= limits.last {
            self.last.pop_front();
        }
        self.last.push_back(note);
    }

    /// Those that are kept.
    pub fn all_mut(&mut self) -> impl Iterator<Item = &mut Note> {
        self.first.iter_mut().chain(&mut self.last)
    }

    fn count(&mut self, template: u64) -> u64 {
        if let Some(entry) = self.counts.iter_mut().find(|entry| entry.0 == template) {
            entry.1 += 1;
            return entry.1;
        }
        if self.counts.len() < TEMPLATES {
            self.counts.push((template, 1));
        }
        1
    }

    /// Whether it keeps no more than it may; what is stored may have been forged.
    pub fn is_bounded(&self, limits: Limits) -> bool {
        let fits = |note: &Note| note.text.len() <= 3 * (HEAD + END) + REST.len();
        self.first.len() <= limits.first
            && self.last.len() <= limits.last
            && self.counts.len() <= TEMPLATES
            && self.first.iter().chain(&self.last).all(fits)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_a_long_line_the_head_and_the_end_are_kept() {
        let ends = "Stalled ops: [ready ranks: 0, 2]\n";
        let line = |middle: usize| format!("One or more tensors{}{ends}", "x".repeat(middle));
        let short = line(HEAD + END - 19 - ends.len());
        assert_eq!(quote(short.as_bytes()), short.trim_end());
        let kept = quote(line(100_000).as_bytes());
        assert!(kept.starts_with("One or more tensorsx") && kept.len() < HEAD + END + REST.len());
        assert!(kept.ends_with(ends.trim_end()) && kept.contains(REST));
        assert!(quote(&[0xff; 5_000]).len() <= 3 * (HEAD + END) + REST.len());
    }

    #[test]
    fn a_flood_does_not_drive_out_what_came_first_or_last() {
        let mut notes = KeptNotes::default();
        let note = |template, number| Note { number, template, ..Note::default() };
        notes.push(note(1, 1), RANK);
        for number in 2..5_000 {
            notes.push(note(2, number), RANK);
        }
        notes.push(note(3, 5_000), RANK);
        let kept: Vec<u64> = notes.first.iter().map(|note| note.number).collect();
        assert_eq!(kept, [1, 2, 3, 4, 5_000]);
        assert_eq!(notes.last.back().map(|note| note.number), Some(4_999));
        assert_eq!((notes.total, notes.counts[1]), (5_000, (2, 4_998)));
        assert!(notes.is_bounded(RANK));
    }
}
