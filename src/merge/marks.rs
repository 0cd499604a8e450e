//! How far each log of a merge was handed out.

use std::collections::HashMap;

use super::Merge;
use super::input::Input;
use crate::cursor::{Cursor, Mark, Tier};
use crate::error::Result;
use crate::file::block::{Extent, whole_end};

impl Merge {
    /// The place behind the last line that went out, of all logs.
    ///
    /// Of a log, those lines were handed out that stand in the file before the first that waits. What was there at the
    /// start comes in one order of all logs, though, in which lines of a file may change places: then lines behind that
    /// one were, too, up to the last one in that order.
    pub fn cursor(&self) -> Result<Cursor> {
        let keeps_last = self.last_lines.as_ref().is_some_and(|last| !last.is_empty());
        let named = self.inputs.iter().enumerate().map(|(at, input)| (&input.query.question().name, at));
        let last: HashMap<_, _> = named.collect();
        let mut marks = Vec::new();
        for (at, input) in self.inputs.iter().enumerate() {
            let tier = self.out.map(|out| tier_of(at, out));
            let mark =
                if keeps_last { in_order(input, tier) } else { in_file(input, tier.filter(|_| !self.live)) };
            marks.extend(input.query.left_behind());
            if let Some(mark) = mark? {
                let whole = is_whole(&mark, input)?;
                // All of a file that had the name before another of them was handed out: it may go.
                let left = whole && last[&input.query.question().name] != at;
                marks.push(Mark { whole, left, ..mark });
            }
        }
        Ok(Cursor { marks })
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
    Tier { end: u64::MAX, key, limit }
}

/// The mark where only the last lines of what was there go out, of which it is not known where they stand.
fn in_order(input: &Input, tier: Option<Tier>) -> Result<Option<Mark>> {
    let (question, Some(source)) = (input.query.question(), input.query.source()) else { return Ok(None) };
    let end = input.query.end_of_file();
    let tiers = tier.into_iter().map(|tier| Tier { end, ..tier }).collect();
    Ok(Some(Mark { tiers, ..Mark::at(source, &question.name, 0)? }))
}

fn in_file(input: &Input, tier: Option<Tier>) -> Result<Option<Mark>> {
    let (question, Some(source)) = (input.query.question(), input.query.source()) else { return Ok(None) };
    let first = input.held.iter().map(|held| held.offset).min();
    let mut mark = if let Some(first) = first {
        Mark::at(source, &question.name, first)?
    } else {
        let end = input.drawn(source);
        let whole = whole_end(source, Extent { start: 0, end }, &mut || Ok(()))?;
        Mark { open: end - whole, ..Mark::at(source, &question.name, whole)? }
    };
    // Of lines behind the first that waits, some went out before this answer, and some by it.
    mark.tiers.extend(question.tiers.iter().filter(|former| former.end > mark.at));
    let end = input.query.end_of_file();
    mark.tiers.extend(tier.filter(|_| input.popped > mark.at).map(|tier| Tier { end, ..tier }));
    Ok((mark.at > 0 || mark.open > 0 || !mark.tiers.is_empty()).then_some(mark))
}
