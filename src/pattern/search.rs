//! The search of a block: by needles, or by an automaton over all of it.

use std::ops::{ControlFlow, Range};
use std::sync::Arc;

use super::automaton::End;
use super::needle::Needles;
use super::program::{Caches, Program, Scratch};
use super::text::{self, Stretch};
use super::{Candidate, Pattern};
use crate::line::{self, Line};

/// What becomes of the lines that a search finds.
pub(super) trait MatchSink {
    /// A line was found: it begins at or after `from`, holds `at`, and ends at `end`.
    fn found(&mut self, from: usize, at: usize, end: usize, certain: bool);

    /// All lines of a part of `bytes` were found, for certain.
    fn found_all(&mut self, bytes: &[u8], part: Range<usize>) {
        for line in line::lines(&bytes[part.clone()]) {
            self.found(part.start + line.start, part.start + line.start, part.start + line.end, true);
        }
    }
}

/// Keeps the lines themselves.
pub(super) struct Lines<'s> {
    pub(super) bytes: &'s [u8],
    pub(super) out: &'s mut Vec<Candidate>,
}

impl MatchSink for Lines<'_> {
    #[inline]
    fn found(&mut self, from: usize, at: usize, end: usize, certain: bool) {
        let start = line_start(self.bytes, from, at);
        self.out.push(Candidate { line: Line { start, end }, certain });
    }
}

/// Keeps the number of those that are certain, and the others themselves.
pub(super) struct Count<'s> {
    pub(super) certain: u64,
    pub(super) unsure: Lines<'s>,
}

impl MatchSink for Count<'_> {
    #[inline]
    fn found(&mut self, from: usize, at: usize, end: usize, certain: bool) {
        if certain {
            self.certain += 1;
        } else {
            self.unsure.found(from, at, end, false);
        }
    }

    fn found_all(&mut self, bytes: &[u8], part: Range<usize>) {
        self.certain += line::count(&bytes[part]);
    }
}

/// Hands on the lines that were not found, and those of which that is not certain.
struct Others<'s, S> {
    bytes: &'s [u8],
    sink: &'s mut S,
    /// All lines before this place have been handed on, or found.
    next: usize,
}

impl<S: MatchSink> MatchSink for Others<'_, S> {
    fn found(&mut self, from: usize, at: usize, end: usize, certain: bool) {
        let start = line_start(self.bytes, from, at);
        self.sink.found_all(self.bytes, self.next..start);
        if !certain {
            self.sink.found(start, start, end, false);
        }
        self.next = end;
    }
}

/// The start of the line that holds `at`, where a line is known to begin at `from`.
#[inline]
fn line_start(bytes: &[u8], from: usize, at: usize) -> usize {
    memchr::memrchr(b'\n', &bytes[from..at]).map_or(from, |i| from + i + 1)
}

/// The end of the line that holds `at`; `bytes` are whole lines.
#[inline]
fn line_end(bytes: &[u8], at: usize) -> usize {
    memchr::memchr(b'\n', &bytes[at..]).map_or(bytes.len(), |i| at + i + 1)
}

impl Pattern {
    /// Reports the candidates among the lines of `bytes` to `sink`, in order.
    pub(super) fn search(&self, bytes: &[u8], scratch: &mut Scratch, sink: &mut impl MatchSink) {
        if !self.inverted {
            return self.find(bytes, scratch, sink);
        }
        let mut others = Others { bytes, sink, next: 0 };
        self.find(bytes, scratch, &mut others);
        others.sink.found_all(bytes, others.next..bytes.len());
    }

    fn find(&self, bytes: &[u8], scratch: &mut Scratch, sink: &mut impl MatchSink) {
        let (ended, bare) = bytes.split_at(line::whole(bytes));
        match self.in_any.needles(ended) {
            Some(needles) if self.in_ascii.is_none() => {
                self.search_prefiltered(needles, ended, scratch, sink);
            }
            _ => text::runs(ended, |run, start| self.search_run(&run, ended, start, scratch, sink)),
        }
        if let Some(certain) = self.verdict(bare, scratch) {
            sink.found(ended.len(), ended.len(), bytes.len(), certain);
        }
    }

    /// Looks for needles in lines of any kind, and at the lines that hold one.
    fn search_prefiltered(
        &self,
        needles: &Needles,
        bytes: &[u8],
        scratch: &mut Scratch,
        sink: &mut impl MatchSink,
    ) {
        let Some(mut hit) = needles.find(bytes, 0) else { return };
        let one_program = Arc::ptr_eq(&self.ascii, &self.text);
        if (needles.is_whole() && one_program) || bytes.is_ascii() {
            let report = |from, at, end, certain| {
                sink.found(from, at, end, certain);
                ControlFlow::Continue(())
            };
            return search_prefiltered(&self.ascii, needles, bytes, hit, &mut scratch.ascii, report);
        }
        let mut from = 0;
        loop {
            let (start, end) = (line_start(bytes, from, hit), line_end(bytes, hit));
            if let Some(certain) = self.verdict(&bytes[start..end], scratch) {
                sink.found(start, start, end, certain);
            }
            from = end;
            let Some(next) = needles.find(bytes, from) else { return };
            hit = next;
        }
    }

    /// Searches a run of lines of one kind; `run` stands in `block` at `start`.
    fn search_run(
        &self,
        run: &Stretch<'_>,
        block: &[u8],
        start: usize,
        scratch: &mut Scratch,
        sink: &mut impl MatchSink,
    ) {
        match *run {
            Stretch::Ascii(bytes) => {
                let needles = self.in_ascii.as_ref().unwrap_or(&self.in_any).needles(bytes);
                let report = |from, at, end, certain| {
                    sink.found(from, at, end, certain);
                    ControlFlow::Continue(())
                };
                sweep(&self.ascii, needles, bytes, &mut scratch.ascii, report);
            }
            Stretch::Utf8(bytes) => {
                let Scratch { ascii, text } = scratch;
                let report = |from: usize, at: usize, end: usize, certain: bool| {
                    let line = &bytes[line_start(bytes, from, at)..end];
                    let verdict = if certain || !line.is_ascii() {
                        Some(certain || self.holds(line, ascii))
                    } else {
                        self.ascii.verdict(line, ascii)
                    };
                    if let Some(certain) = verdict {
                        sink.found(start + from, start + at, start + end, certain);
                    }
                    ControlFlow::Continue(())
                };
                sweep(&self.text, self.in_any.needles(bytes), bytes, text, report);
            }
            Stretch::Broken(bytes) => {
                if let Some(certain) = self.verdict(bytes, scratch) {
                    sink.found(start, start, line_end(block, start), certain);
                }
            }
        }
    }

    /// Runs the right program on one line: `None` if it is not selected, else whether that is certain.
    fn verdict(&self, line: &[u8], scratch: &mut Scratch) -> Option<bool> {
        if line.is_empty() {
            return None;
        }
        if line.is_ascii() {
            return self.ascii.verdict(line, &mut scratch.ascii);
        }
        let decoded = String::from_utf8_lossy(line);
        let certain = self.text.verdict(decoded.as_bytes(), &mut scratch.text)?;
        Some(certain || self.holds(decoded.as_bytes(), &mut scratch.ascii))
    }

    /// Whether a line of other text that is selected matches for certain, by what the program for ASCII finds in it.
    fn holds(&self, line: &[u8], caches: &mut Caches) -> bool {
        self.ascii.holds_in_any_text() && self.ascii.verdict(line, caches) == Some(true)
    }
}

/// Runs a program over lines that are all of its kind, as long as `found` says so.
pub(super) fn sweep(
    program: &Program,
    needles: Option<&Needles>,
    bytes: &[u8],
    caches: &mut Caches,
    mut found: impl FnMut(usize, usize, usize, bool) -> ControlFlow<()>,
) {
    if program.selects_every_line() {
        let certain = program.matches_every_line();
        let _stopped =
            line::lines(bytes).try_for_each(|line| found(line.start, line.start, line.end, certain));
        return;
    }
    if let Some(needles) = needles {
        if let Some(hit) = needles.find(bytes, 0) {
            search_prefiltered(program, needles, bytes, hit, caches, found);
        }
        return;
    }
    let mut from = 0;
    while from < bytes.len() {
        let (at, certain) = match program.first_end(bytes, from, bytes.len(), caches) {
            End::At(at) => (at, program.is_exact()),
            End::Unsure(at) => (at, false),
            End::Nowhere => return,
        };
        if at >= bytes.len() {
            return; // An empty match after the last `\n` is inside no line.
        }
        let end = line_end(bytes, at);
        if found(from, at, end, certain).is_break() {
            return;
        }
        from = end;
    }
}

/// Runs a program on lines of its kind that hold a needle, of which the first stands at `hit`, as long as `found` says so.
pub(super) fn search_prefiltered(
    program: &Program,
    needles: &Needles,
    bytes: &[u8],
    mut hit: usize,
    caches: &mut Caches,
    mut found: impl FnMut(usize, usize, usize, bool) -> ControlFlow<()>,
) {
    // A line begins at `from`, and all before it are done with. A match did not begin at `missed`.
    let (mut from, mut missed) = (0, None);
    loop {
        let look = look(program, needles, bytes, (from, hit), missed, caches);
        let next = match look {
            Sighting::Elsewhere => {
                missed = Some(hit);
                hit + 1
            }
            Sighting::Line { end, verdict } => {
                if let Some(certain) = verdict
                    && found(from, hit, end, certain).is_break()
                {
                    return;
                }
                (from, missed) = (end, None);
                end
            }
        };
        let Some(next) = needles.find(bytes, next) else { return };
        hit = next;
    }
}

/// What a look at a needle showed.
enum Sighting {
    /// No match begins at it; one may begin later in the line.
    Elsewhere,
    /// All about its line, which ends at `end`: `None` if it is not selected, else whether that is certain.
    Line { end: usize, verdict: Option<bool> },
}

/// Looks at the needle at `hit`, the next one after `from`, where a line begins, and after `missed`.
#[inline]
fn look(
    program: &Program,
    needles: &Needles,
    bytes: &[u8],
    (from, hit): (usize, usize),
    missed: Option<usize>,
    caches: &mut Caches,
) -> Sighting {
    if needles.is_whole() {
        return Sighting::Line { end: line_end(bytes, hit), verdict: Some(program.is_exact()) };
    }
    // One try at the needle itself for each line, where a match must begin there: more could look at a long line's
    // rest again and again.
    let again = missed.is_some_and(|missed| memchr::memchr(b'\n', &bytes[missed..hit]).is_none());
    if needles.begin_matches() && !again {
        return match program.end_from(bytes, hit, caches) {
            End::Nowhere => Sighting::Elsewhere,
            End::At(at) => Sighting::Line { end: line_end(bytes, at), verdict: Some(program.is_exact()) },
            End::Unsure(_) => Sighting::Line { end: line_end(bytes, hit), verdict: Some(false) },
        };
    }
    let end = line_end(bytes, hit);
    // Lines between `from` and the hit have no needle, so a match that begins in them would not be one.
    let start = needles.first_start(from, hit).unwrap_or_else(|| line_start(bytes, from, hit));
    Sighting::Line { end, verdict: program.judged(program.first_end(bytes, start, end - 1, caches)) }
}
