//! What one speaker wrote in one file, as far as that is evidence.

use std::collections::VecDeque;

use serde::{Deserialize, Serialize};

use super::history::History;
use super::notes::{FILE, KeptNotes, Limits, Note, RANK, head, quote};
use super::progress::UNITS;
use super::template;
use super::traceback::{Traceback, TracebackLine};
use crate::batch::LineTime;
use crate::stamp::How;

/// How many of the last lines are kept.
const LAST: usize = 8;
/// How much is kept of each, in bytes.
const LAST_QUOTE: usize = 240;
/// How many templates are kept.
const TEMPLATES: usize = 256;
/// Of so many lines at the beginning each one's template is taken, of those behind of each sixteenth.
const EACH: u64 = 4096;
const STRIDE: u64 = 16;

/// How far a speaker came in one unit.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Course {
    /// The first number.
    pub first: u64,
    /// When that was first written, in nanoseconds since 1970 UTC.
    pub first_at: Option<i64>,
    /// The number of the line on which it was first written, in its file, from 1.
    pub first_number: u64,
    /// The last number.
    pub last: u64,
    /// When that was first written.
    pub last_at: Option<i64>,
    /// The number of the line on which it was first written, in its file, from 1.
    pub last_number: u64,
    /// How often the number changed.
    pub changes: u64,
    /// Where it last went back: the number of that line; 0 where it never did.
    pub back: u64,
}

impl Course {
    /// What comes of it when `next` follows, of lines behind its own.
    fn joined(self, next: Self) -> Self {
        let is_same = self.last == next.first;
        let back = if next.first < self.last { next.first_number } else { self.back };
        let last = if is_same && next.changes == 0 { self } else { next };
        Self {
            last: last.last,
            last_at: last.last_at,
            last_number: last.last_number,
            changes: self.changes + next.changes + u64::from(!is_same),
            back: if next.back > 0 { next.back } else { back },
            ..self
        }
    }
}

/// A line of the end.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct LastLine {
    /// The head of its text.
    pub text: String,
    /// The nanoseconds since 1970 UTC for which its time stands.
    pub span: Option<(i64, i64)>,
    /// Its number in its file, from 1.
    pub number: u64,
}

/// What one speaker wrote: a state that is gone on from, of at most some 60 KiB.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Voice {
    /// How many lines.
    pub lines: u64,
    /// How many of them are errors.
    pub errors: u64,
    /// The earliest time of a line, in nanoseconds since 1970 UTC.
    pub first: Option<i64>,
    /// The latest.
    pub last: Option<i64>,
    /// The first error.
    pub first_error: Option<Note>,
    /// The last error.
    pub last_error: Option<Note>,
    /// The records that are evidence.
    pub notes: KeptNotes,
    /// The last lines that are not empty.
    pub tail: VecDeque<LastLine>,
    /// How far it came, by unit.
    pub courses: [Option<Course>; UNITS],
    /// Hashes of templates, and where in the file the first line of each begins.
    pub templates: Vec<(u64, u64)>,
    /// When it wrote how much.
    pub history: History,
    /// The traceback that it is in.
    pub traceback: Traceback,
}

/// A line as the scan has it.
#[derive(Clone, Copy, Debug)]
pub struct Heard<'b> {
    /// Its bytes.
    pub line: &'b [u8],
    /// Where the speaker's own words begin.
    pub words: usize,
    /// What it counts, by unit.
    pub numbers: [Option<u64>; UNITS],
    /// Whether a traceback begins on it.
    pub is_head: bool,
    /// Its time.
    pub time: LineTime,
    /// Where it begins in its file, in bytes.
    pub offset: u64,
    /// Whether its shape is one of the taxonomy's.
    pub telling: bool,
    /// Whether it is an error.
    pub error: bool,
}

impl Heard<'_> {
    fn span(&self) -> Option<(i64, i64)> {
        self.time.span.map(|span| (span.lo, span.hi))
    }

    fn note(&self, place: u64, progress: [Option<u64>; UNITS]) -> Note {
        Note {
            text: quote(self.line),
            span: self.span(),
            own: self.time.how == Some(How::Own),
            number: self.time.number,
            place,
            progress,
            ..Note::default()
        }
    }
}

impl Voice {
    /// Takes the next line. `limits` say how many records are kept.
    pub fn take(&mut self, heard: &Heard<'_>, limits: Limits, scratch: &mut Vec<u8>) {
        if let Some(note) = self.hear(heard, scratch) {
            self.notes.push(note, limits);
        }
        self.see(self.lines, &heard.line[heard.words..], heard.offset, scratch);
    }

    /// Whether the next line is no part of a traceback, if none begins on it.
    #[inline]
    pub fn is_outside(&self) -> bool {
        !self.traceback.is_open()
    }

    /// Takes the next line, which tells nothing and is no part of a traceback: what it counts, by unit, and its time.
    #[inline]
    pub fn pass(&mut self, numbers: [Option<u64>; UNITS], time: &LineTime) {
        self.lines += 1;
        if let Some(span) = time.span {
            self.meet(span.lo, false);
        }
        if numbers != [None; UNITS] {
            self.advance(numbers, time);
        }
    }

    /// A line was written at a moment.
    #[inline]
    fn meet(&mut self, at: i64, is_error: bool) {
        self.first = Some(self.first.map_or(at, |first| first.min(at)));
        self.last = Some(self.last.map_or(at, |last| last.max(at)));
        self.history.push(at, is_error);
    }

    /// Takes the next line but for what is kept of few: the record, where it is one, is given back, and its template not
    /// looked at.
    pub fn hear(&mut self, heard: &Heard<'_>, scratch: &mut Vec<u8>) -> Option<Note> {
        self.lines += 1;
        let is_head = heard.is_head;
        let own = heard.span().filter(|_| heard.time.how == Some(How::Own));
        let part = self.traceback.take(heard.line, heard.words, is_head, own);
        let is_telling = match part {
            TracebackLine::Frame => false,
            TracebackLine::Raised { .. } => true,
            TracebackLine::Outside => heard.telling,
        };
        let is_error = heard.error && (part != TracebackLine::Frame || is_head);
        self.errors += u64::from(is_error);
        if let Some((lo, _)) = heard.span() {
            self.meet(lo, is_error);
        }
        if part == TracebackLine::Outside {
            self.advance(heard.numbers, &heard.time);
        }
        if is_error {
            let note = heard.note(self.lines, [None; UNITS]);
            self.first_error.get_or_insert_with(|| note.clone());
            self.last_error = Some(note);
        }
        is_telling.then(|| {
            let (raised, stamp) = match part {
                TracebackLine::Raised { fetching, stamp } => (Some(fetching), stamp),
                TracebackLine::Frame | TracebackLine::Outside => (None, None),
            };
            let template = template::of(&heard.line[heard.words..], scratch);
            let note = heard.note(self.lines, self.courses.map(|course| course.map(|course| course.last)));
            // Where another line was stamped since, what this one has is that line's.
            let own = note.own || (stamp.is_some() && stamp == note.span);
            Note { own, template, raised, ..note }
        })
    }

    /// Puts behind it what the same speaker wrote in the lines that follow, heard by themselves: `next`, and the records of
    /// them. Not within a traceback.
    pub fn join(&mut self, next: Self, notes: Vec<Note>, limits: Limits) {
        let before = self.lines;
        let placed = |note: Note| Note { place: note.place + before, ..note };
        for mut note in notes {
            for (number, course) in note.progress.iter_mut().zip(&self.courses) {
                *number = number.or(course.map(|course| course.last));
            }
            self.notes.push(placed(note), limits);
        }
        self.lines += next.lines;
        self.errors += next.errors;
        self.first = [self.first, next.first].into_iter().flatten().min();
        self.last = self.last.max(next.last);
        if let Some(error) = next.first_error.filter(|_| self.first_error.is_none()) {
            self.first_error = Some(placed(error));
        }
        if let Some(error) = next.last_error {
            self.last_error = Some(placed(error));
        }
        self.history.join(next.history);
        for (course, next) in self.courses.iter_mut().zip(next.courses) {
            *course = match (*course, next) {
                (Some(before), Some(next)) => Some(before.joined(next)),
                (before, next) => before.or(next),
            };
        }
        self.traceback = next.traceback;
        self.tail.extend(next.tail);
        self.tail.drain(..self.tail.len().saturating_sub(LAST));
    }

    /// Keeps the line as one of the last.
    pub fn end_with(&mut self, line: &[u8], time: LineTime) {
        if self.tail.len() >= LAST {
            self.tail.pop_front();
        }
        let span = time.span.map(|span| (span.lo, span.hi));
        self.tail.push_back(LastLine { text: head(line, LAST_QUOTE), span, number: time.number });
    }

    /// How many of the last lines it keeps.
    pub fn keeps() -> usize {
        LAST
    }

    fn advance(&mut self, numbers: [Option<u64>; UNITS], time: &LineTime) {
        let (at, line) = (time.span.map(|span| span.lo), time.number);
        for (course, number) in self.courses.iter_mut().zip(numbers) {
            let Some(number) = number else { continue };
            let course = course.get_or_insert(Course {
                first: number,
                first_at: at,
                first_number: line,
                last: number,
                last_at: at,
                last_number: line,
                ..Course::default()
            });
            if course.last != number {
                if number < course.last {
                    course.back = line;
                }
                (course.last, course.last_at, course.last_number) = (number, at, line);
                course.changes += 1;
            }
        }
    }

    /// Whether the template of the speaker's line number `place` is looked at.
    pub fn looks_at(&self, place: u64) -> bool {
        (place <= EACH || place.is_multiple_of(STRIDE)) && self.templates.len() < TEMPLATES
    }

    /// Looks at the template of `words`, on the speaker's line number `place`, at `offset` in its file.
    pub fn see(&mut self, place: u64, words: &[u8], offset: u64, scratch: &mut Vec<u8>) {
        if !self.looks_at(place) {
            return;
        }
        let template = template::of(words, scratch);
        if let Err(at) = self.templates.binary_search_by_key(&template, |entry| entry.0) {
            self.templates.insert(at, (template, offset));
        }
    }

    /// Whether it keeps no more than it may; what is stored may have been forged.
    pub fn is_bounded(&self) -> bool {
        self.notes.is_bounded(Limits {
            first: RANK.first.max(FILE.first),
            last: RANK.last.max(FILE.last),
            alike: 0,
        }) && self.tail.len() <= LAST
            && self.tail.iter().all(|tail| tail.text.len() <= 3 * LAST_QUOTE)
            && self.templates.len() <= TEMPLATES
            && self.history.is_bounded()
    }
}
