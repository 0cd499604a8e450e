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
use crate::query::Question;

impl Merge {
    /// The place behind the last line that went out, of all logs.
    ///
    /// Of a log, those lines were handed out that stand in the file before the first that waits. What was there at the start
    /// comes in one order of all logs, though, in which lines of a file may change places: then lines behind that one were,
    /// too, up to the last one in that order. Where not all lines are meant, that order alone says which others lie before the
    /// place. Where lines that are written wait for earlier ones of other logs, all that stands between those that wait was.
    pub fn cursor(&self) -> Result<Cursor> {
        let keeps_last = self.last_lines.as_ref().is_some_and(|last| !last.is_empty());
        let followed = self.followed_by_others();
        let mut marks = Vec::new();
        for (at, input) in self.inputs.iter().enumerate() {
            let tier = self.out.map(|out| tier_of(at, out));
            let mark = match (keeps_last, self.live) {
                (true, _) => in_order(input, tier),
                (false, true) => in_file(input, None),
                (false, false) if input.query.question().selects_all() => in_file(input, tier),
                (false, false) => in_past(input, tier),
            };
            marks.extend(left_behind(input));
            if let Some(mark) = mark? {
                let whole = is_whole(&mark, input)?;
                // All of a file that had the name before another of them was handed out: it may go.
                let left = whole && followed[at];
                marks.push(Mark { whole, left, ..mark });
            }
        }
        Ok(Cursor { marks, left: Vec::new() })
    }

    /// Of each log whether another file has its name among those behind it. One file may be several logs: of each stream, say.
    fn followed_by_others(&self) -> Vec<bool> {
        // Of each name one file of those behind, and whether there are others.
        let mut behind = HashMap::new();
        let mut followed: Vec<_> = self
            .inputs
            .iter()
            .rev()
            .map(|input| {
                let own = input.query.source().map(|source| source.identity());
                let (one, others) = behind.entry(&input.query.question().name).or_insert((own, false));
                let is_other = *others || *one != own;
                *others = is_other;
                is_other
            })
            .collect();
        followed.reverse();
        followed
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

/// The mark while what was there at the start comes in the order of all logs, and some of it is left out.
fn in_past(input: &Input, tier: Option<Tier>) -> Result<Option<Mark>> {
    let (question, Some(source)) = (input.query.question(), input.query.source()) else { return Ok(None) };
    let passed = tier.map_or(Some(question.after), |tier| input.passed(tier.key));
    let mut mark = match passed {
        Some(passed) => Mark::at(source, &question.name, passed)?,
        None => behind_all(input, source, &question.name)?,
    };
    // The last may end within a line of which more is to come.
    let end = input.query.end_of_file();
    let tier = tier.map(|tier| Tier { end, ..tier }).filter(|tier| tier.end > mark.at);
    let is_told = |former: &Tier| tier.is_some_and(|tier| former.is_within(&tier));
    mark.tiers.extend(former_tiers(question, mark.at).filter(|former| !is_told(former)));
    mark.tiers.extend(tier);
    Ok(Some(mark))
}

/// The mark where all lines before the first that waits went out, and of those behind it what `tier` says.
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
        mark.tiers.extend(former_tiers(question, mark.at));
    }
    let end = input.query.end_of_file();
    mark.tiers.extend(tier.filter(|_| input.popped > mark.at).map(|tier| Tier { end, ..tier }));
    if tier.is_none() && input.popped > mark.at {
        mark.tiers.extend(between(&waiting, input.popped));
    }
    Ok(Some(mark))
}

/// What of the lines from `at` on went out before this answer.
fn former_tiers(question: &Question, at: u64) -> impl Iterator<Item = Tier> {
    question.tiers.iter().filter(move |former| former.end > at).copied()
}

/// The place where no line waits: behind all that was drawn. What a follow has delivered it knows; else the file is asked.
fn behind_all(input: &Input, source: &Source, name: &Path) -> Result<Mark> {
    let end = input.drawn();
    if let Some(bytes) = input.delivered() {
        let whole = memrchr(b'\n', &bytes).map_or(0, |last| last + 1);
        let open = bytes.len() - whole;
        if whole > 0 || end == open as u64 {
            let mark = Mark::left(source, name, end - open as u64, &bytes, open);
            return Ok(Mark { whole: false, left: false, ..mark });
        }
    }
    let whole = whole_end(source, Extent { start: 0, end }, &mut || Ok(()))?;
    Mark::at_open(source, name, whole, end - whole)
}
