//! How far each log of a merge was handed out.

use std::collections::HashMap;
use std::path::Path;

use memchr::memrchr;

use super::Merge;
use super::input::{Held, Input};
use crate::cursor::{Cursor, Mark, Tier};
use crate::error::Result;
use crate::file::block::{Extent, whole_end};
use crate::file::source::Source;

impl Merge {
    /// The place behind the last line that went out, of all logs.
    ///
    /// Of a log, those lines were handed out that stand in the file before the first that waits. What was there at the
    /// start comes in one order of all logs, though, in which lines of a file may change places: then lines behind that
    /// one were, too, up to the last one in that order. Where lines that are written wait for earlier ones of other logs, all
    /// that stands between those that wait was.
    pub fn cursor(&self) -> Result<Cursor> {
        let keeps_last = self.last_lines.as_ref().is_some_and(|last| !last.is_empty());
        let named = self.inputs.iter().enumerate().map(|(at, input)| (&input.query.question().name, at));
        let last: HashMap<_, _> = named.collect();
        let mut marks = Vec::new();
        for (at, input) in self.inputs.iter().enumerate() {
            let tier = self.out.map(|out| tier_of(at, out));
            let mark =
                if keeps_last { in_order(input, tier) } else { in_file(input, tier.filter(|_| !self.live)) };
            marks.extend(left_behind(input));
            if let Some(mark) = mark? {
                let whole = is_whole(&mark, input)?;
                // All of a file that had the name before another of them was handed out: it may go.
                let left = whole && last[&input.query.question().name] != at;
                marks.push(Mark { whole, left, ..mark });
            }
        }
        Ok(Cursor { marks, left: Vec::new() })
    }
}

/// Whether all lines were handed out that the file of `mark` has.
fn is_whole(mark: &Mark, input: &Input) -> Result<bool> {
    input.query.source().map_or(Ok(false), |source| Ok(mark.at + mark.open >= source.size()?))
}

/// What was handed out of log `at` when the line `out` was the last.
fn tier_of(at: usize, (key, log, offset): (i64, usize, u64)) -> Tier {
    let limit = match at.cmp(&log) {
        std::cmp::Ordering::Less => u64::MAX,
        std::cmp::Ordering::Equal => offset + 1,
        std::cmp::Ordering::Greater => 0,
    };
    Tier { begin: 0, end: u64::MAX, key, limit }
}

/// The mark where only the last lines of what was there go out, of which it is not known where they stand.
fn in_order(input: &Input, tier: Option<Tier>) -> Result<Option<Mark>> {
    let (question, Some(source)) = (input.query.question(), input.query.source()) else { return Ok(None) };
    let end = input.query.end_of_file();
    let tiers = tier.into_iter().map(|tier| Tier { end, ..tier }).collect();
    Ok(Some(Mark { tiers, ..Mark::at(source, &question.name, 0)? }))
}

/// How far the files were handed out that a follow has left behind. Of one of which lines still wait for earlier ones of
/// other logs, the place is before the first of them.
fn left_behind(input: &Input) -> impl Iterator<Item = Mark> {
    let left: Vec<Mark> = input.query.left_behind().collect();
    let forgotten = input.query.times_left() - left.len() as u64;
    left.into_iter().zip(forgotten..).map(|(mark, files_before)| {
        let waiting = input.waiting(files_before);
        let Some(first) = waiting.first() else { return mark };
        let before = first.block().solid_before(first.line().start, usize::MAX);
        let tiers = between(&waiting, mark.at.saturating_add(mark.open));
        Mark { tiers, ..mark.back_to(first.offset, before) }
    })
}

/// What was handed out behind the first of the lines that wait, up to `end`: all that stands between them.
fn between(waiting: &[&Held], end: u64) -> Vec<Tier> {
    let begins = waiting.iter().skip(1).map(|held| held.offset).chain([end]);
    let ends = waiting.iter().map(|held| held.block().file_offset(held.line().end));
    ends.zip(begins).filter(|(end, begin)| end < begin).map(|(end, begin)| Tier::all(end, begin)).collect()
}

fn in_file(input: &Input, tier: Option<Tier>) -> Result<Option<Mark>> {
    let (question, Some(source)) = (input.query.question(), input.query.source()) else { return Ok(None) };
    let files_before = input.query.times_left();
    let waiting = input.waiting(files_before);
    let mut mark = if let Some(first) = waiting.first() {
        Mark::at(source, &question.name, first.offset)?
    } else {
        behind_all(input, source, &question.name)?
    };
    if files_before == 0 {
        // Of lines behind the first that waits, some went out before this answer, and some by it.
        mark.tiers.extend(question.tiers.iter().filter(|former| former.end > mark.at));
    }
    let end = input.query.end_of_file();
    mark.tiers.extend(tier.filter(|_| input.popped > mark.at).map(|tier| Tier { end, ..tier }));
    if tier.is_none() && input.popped > mark.at {
        mark.tiers.extend(between(&waiting, input.popped));
    }
    Ok(Some(mark))
}

/// The place where no line waits: behind all that was drawn. What a follow has delivered it knows; else the file is asked.
fn behind_all(input: &Input, source: &Source, name: &Path) -> Result<Mark> {
    let end = input.drawn();
    if let Some(bytes) = input.delivered() {
        let whole = memrchr(b'\n', &bytes).map_or(0, |last| last + 1);
        let open = bytes.len() - whole;
        if whole > 0 || end == open as u64 {
            let mark = Mark::left(source, name, end - open as u64, &bytes[..whole], open as u64);
            return Ok(Mark { whole: false, left: false, ..mark });
        }
    }
    let whole = whole_end(source, Extent { start: 0, end }, &mut || Ok(()))?;
    Ok(Mark { open: end - whole, ..Mark::at(source, name, whole)? })
}
