//! What the lines of a block say by themselves, whatever stands before it.
//!
//! Blocks are heard on any thread, in any order: who speaks in each, which of its lines tell something, and how far its steps go.
//! Almost all of that is the same after any other lines, and is put behind what these said ([`super::gathering`]). What is not,
//! a traceback that began before the block, is noticed there, and the block's lines are taken one after the other.

use crate::batch::Batch;
use crate::line::Line;
use crate::pattern::Candidate;
use crate::stamp::How;

use super::alike::{Looked, Unheard};
use super::ear::Telling;
use super::history::History;
use super::notes::{FILE, Limits, Note, RANK};
use super::progress::{self, UNITS};
use super::speaker::{self, Key, Ranks, Speaker};
use super::voice::{Heard, Voice};
use super::words::{self, Sign};

/// What was heard of a block.
pub(super) struct Passage {
    /// Its speakers, in the order in which they first speak.
    pub solos: Vec<Solo>,
    /// Whether a stamp stands on a line of it.
    pub stamped: bool,
}

/// What one speaker says in it.
pub(super) struct Solo {
    pub key: Key,
    pub replica: Vec<u8>,
    /// All but records and templates.
    pub voice: Voice,
    /// The records.
    pub notes: Vec<Note>,
    /// Which lines of the batch are the speaker's.
    pub lines: Vec<usize>,
}

/// A line of a batch, as it was heard.
pub(super) struct Said<'b> {
    /// Its number in the batch.
    pub at: usize,
    pub line: Line,
    pub speaker: Speaker<'b>,
    pub heard: Heard<'b>,
}

/// How many records are kept of a speaker.
pub(super) fn limits(ranks: Ranks) -> Limits {
    if ranks.is_empty() { FILE } else { RANK }
}

/// Whether a line is one of those of which the last are kept.
pub(super) fn says_something(line: &[u8]) -> bool {
    line.iter().any(|byte| !byte.is_ascii_whitespace())
}

/// The lines of `batch` that have a time: `told` are those that tell something, `chosen` the errors, if the caller says what
/// is one, and `signs` stand in it; all in order.
pub(super) fn lines<'b>(
    batch: &'b Batch,
    told: &[Telling],
    chosen: Option<&[Candidate]>,
    signs: &'b [(usize, Sign)],
) -> impl Iterator<Item = Said<'b>> {
    let bytes = batch.block.bytes();
    let mut told = told.iter().copied().peekable();
    let mut chosen = chosen.map(|chosen| chosen.iter().map(|candidate| candidate.line).peekable());
    let mut signs = signs;
    batch.lines().zip(&batch.times).enumerate().map(move |(at, (line, &time))| {
        let text = line.of(bytes);
        let told = meets(&mut told, line, |told: &Telling| told.line);
        let error = match &mut chosen {
            Some(chosen) => meets(chosen, line, |&line| line).is_some(),
            None => told.is_some_and(|told| told.loud),
        };
        let (speaker, words) = speaker::of(text);
        let signs = on_line(&mut signs, line);
        let heard = Heard {
            line: text,
            words,
            numbers: numbers(text, words, line.start, signs),
            is_head: words::is_head(signs),
            time,
            offset: batch.block.file_offset(line.start),
            telling: told.is_some() || error,
            error,
        };
        Said { at, line, speaker, heard }
    })
}

impl Passage {
    /// What the lines of a batch say that were looked at: they are whole, and have a time; `chosen` as for [`lines`].
    /// `widths`: how wide the columns of speakers' histories are in the blocks before.
    pub(super) fn of(
        batch: &Batch,
        looked: Looked,
        chosen: Option<&[Candidate]>,
        widths: &[(Key, i64)],
    ) -> Self {
        let (bytes, mut stamped, mut masked) = (batch.block.bytes(), false, Vec::new());
        let Looked { heard, lines, speakers, told, signs } = looked;
        let mut solos: Vec<Solo> = speakers.into_iter().map(|speaker| Solo::new(speaker, widths)).collect();
        let mut told = told.into_iter().peekable();
        let mut chosen = chosen.map(|chosen| chosen.iter().map(|candidate| candidate.line).peekable());
        let mut signs = &signs[..];
        let timed = batch.lines().zip(&batch.times).enumerate().skip(heard);
        for (seen, (at, (line, &time))) in lines.iter().zip(timed) {
            let Unheard { speaker, words, plain } = *seen;
            let text = line.of(bytes);
            stamped |= time.how == Some(How::Own);
            let solo = &mut solos[speaker];
            solo.lines.push(at);
            if let Some(plain) = plain.filter(|_| chosen.is_none() && solo.voice.is_outside()) {
                solo.voice.pass(plain.numbers(text), &time);
                continue;
            }
            let (told, signs) = if plain.is_some() {
                (None, &signs[..0])
            } else {
                (meets(&mut told, line, |told: &Telling| told.line), on_line(&mut signs, line))
            };
            let error = match &mut chosen {
                Some(chosen) => meets(chosen, line, |&line| line).is_some(),
                None => told.is_some_and(|told| told.loud),
            };
            let heard = Heard {
                line: text,
                words,
                numbers: match plain {
                    Some(plain) => plain.numbers(text),
                    None => numbers(text, words, line.start, signs),
                },
                is_head: words::is_head(signs),
                time,
                offset: batch.block.file_offset(line.start),
                telling: told.is_some() || error,
                error,
            };
            solo.notes.extend(solo.voice.hear(&heard, &mut masked));
        }
        solos.retain(|solo| !solo.lines.is_empty());
        for solo in &mut solos {
            solo.end(batch);
        }
        Self { solos, stamped }
    }
}

/// What a line counts, by unit, by the signs on it.
fn numbers(line: &[u8], words: usize, start: usize, signs: &[(usize, Sign)]) -> [Option<u64>; UNITS] {
    progress::of(&line[words..], words::counts(signs, start + words))
}

impl Solo {
    fn new((key, replica): (Key, Vec<u8>), widths: &[(Key, i64)]) -> Self {
        let width = widths.iter().find(|known| known.0 == key);
        let history = width.map_or_else(History::default, |known| History::as_wide_as(known.1));
        Self {
            key,
            replica,
            voice: Voice { history, ..Voice::default() },
            notes: Vec::new(),
            lines: Vec::new(),
        }
    }

    /// Keeps the last lines.
    fn end(&mut self, batch: &Batch) {
        let text = |at: usize| batch.line(at).map(|line| line.of(batch.block.bytes()));
        let last = self.lines.iter().rev().filter(|&&at| text(at).is_some_and(says_something));
        let mut last: Vec<usize> = last.take(Voice::keeps()).copied().collect();
        last.reverse();
        for at in last {
            self.voice.end_with(text(at).unwrap_or_default(), batch.times[at]);
        }
    }
}

/// The signs on `line`, which is not before the lines that were asked about.
fn on_line<'s>(signs: &mut &'s [(usize, Sign)], line: Line) -> &'s [(usize, Sign)] {
    let begins = signs.iter().take_while(|sign| sign.0 < line.start).count();
    let held = signs[begins..].iter().take_while(|sign| sign.0 < line.end).count();
    let (on, rest) = signs[begins..].split_at(held);
    *signs = rest;
    on
}

/// The one of `found` that is about `line`, if that is the next; those before it are passed over.
fn meets<T>(
    found: &mut std::iter::Peekable<impl Iterator<Item = T>>,
    line: Line,
    of: impl Fn(&T) -> Line,
) -> Option<T> {
    while found.next_if(|one| of(one).start < line.start).is_some() {}
    found.next_if(|one| of(one) == line)
}
