//! What the index says about one block, and the exact way to find it out.

use crate::file::block::Extent;
use crate::line;
use crate::stamp::{ByPrefix, Fold, How, Inbound, Marks, PREFIXES, Prefix, Stamp, axis};

use super::range::Ranges;
use crate::step::StepBlock;

/// One block of the file: where, how many lines, when, and what a reader needs to start there.
///
/// It holds bounds and not times: the block has no line outside of them, and may have none inside. The state of the
/// fold is in it, so that a reader need not begin at the start of the file to know the time of a line that has no
/// stamp of its own.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Entry {
    /// Where its lines stand in the file.
    pub extent: Extent,
    /// How many lines stand before it.
    pub first_line: u64,
    /// How many lines it has.
    pub lines: u64,
    /// How many of them have no stamp of their own.
    pub unstamped: u64,
    /// How many of its stamps are dated.
    pub dated: u32,
    /// Whether it has lines before the first stamp of the file, which take that one's time.
    pub ahead: bool,
    /// How often its stamps go back, compared with the one before on the same axis.
    pub steps_back: u32,
    /// The largest such step, in nanoseconds.
    pub largest_step_back: i64,
    /// What the times of its lines cover; more, perhaps, but never less.
    pub ranges: Ranges,
    /// The state before its first line, as far as its lines ask for it.
    pub inbound: Inbound,
    /// What is known of its steps, where they are wanted.
    pub steps: Option<Box<StepBlock>>,
}

impl Entry {
    /// Notes the step from one stamp to the next.
    pub(super) fn step(&mut self, last: Option<Stamp>, stamp: Stamp) {
        if let Some(back) = step_back(last, stamp) {
            self.note_steps(1, back);
        }
    }

    /// Notes some steps back, the largest of them by `back` nanoseconds.
    pub(super) fn note_steps(&mut self, count: u32, back: i64) {
        self.steps_back = self.steps_back.saturating_add(count);
        self.largest_step_back = self.largest_step_back.max(back);
    }

    /// How many dated stamps there are up to its end.
    pub fn dated_end(&self) -> u32 {
        self.inbound.dated.saturating_add(self.dated)
    }
}

/// What is known of a prefix that occurs in a block.
struct Seen {
    /// Its last stamp before the block, where it was told apart there.
    before: Option<Stamp>,
    /// Whether its first line in the block has no stamp.
    needs: bool,
}

/// Folds the lines of a block: the twin of [`super::digest`], and what decides where that one cannot.
pub fn exact(fold: &mut Fold, extent: Extent, first_line: u64, text: &[u8]) -> Entry {
    let before = fold.chain;
    let mut entry = Entry { extent, first_line, ..Entry::default() };
    let mut seen: ByPrefix<Seen> = ByPrefix::default();
    fold.finder.stand_at(extent.start);
    let (is_told, mut marks) = (fold.finder.is_told(), Marks::default());
    for line in line::lines(text) {
        let found = if is_told { fold.find_in(text, line, &mut marks) } else { fold.find(line.of(text)) };
        if found.prefix != Prefix::NONE {
            seen.entry(found.prefix).or_insert_with(|| Seen {
                before: fold.by_prefix.get(&found.prefix).copied().flatten(),
                needs: found.stamp.is_none(),
            });
        }
        let last = fold.chain.last;
        let timed = fold.take(found);
        entry.lines += 1;
        entry.unstamped += u64::from(found.stamp.is_none());
        match (timed.how, timed.stamp) {
            (How::Own | How::Inherited, Some(stamp)) => {
                entry.ranges.add(stamp);
                if timed.how == How::Own {
                    entry.step(last, stamp);
                }
            }
            _ => entry.ahead = true,
        }
    }
    entry.dated = fold.chain.years.dated - before.years.dated;
    let closed = fold.by_prefix.len() >= PREFIXES;
    let told = |(prefix, seen): (Prefix, Seen)| {
        let listed =
            if closed { fold.by_prefix.contains_key(&prefix) } else { seen.needs && seen.before.is_some() };
        listed.then_some((prefix, seen.before))
    };
    let mut prefixes: Vec<_> = seen.into_iter().filter_map(told).collect();
    prefixes.sort_unstable_by_key(|(prefix, _)| *prefix);
    let dated = before.years.dated;
    entry.inbound =
        Inbound { last: before.last, naive: before.naive, fell: before.fell, dated, closed, prefixes };
    entry
}

/// By how many nanoseconds `stamp` is earlier than the one before it, where it is and the two can be compared.
pub(super) fn step_back(last: Option<Stamp>, stamp: Stamp) -> Option<i64> {
    let last = last.filter(|last| axis(*last) == axis(stamp) && stamp.ns < last.ns)?;
    Some(last.ns.saturating_sub(stamp.ns))
}
