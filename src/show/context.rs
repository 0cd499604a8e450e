//! What is shown around the lines that are meant: so many before, so many after, a mark where lines are left out.

use std::collections::VecDeque;

use super::{Page, RowKind};
use crate::batch::LineTime;
use crate::file::block::Block;
use crate::level::Level;
use crate::line::Line;

/// How many lines to show around each that is meant.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Surroundings {
    /// Lines before it.
    pub before: usize,
    /// Lines after it.
    pub after: usize,
}

impl Surroundings {
    /// Whether nothing is shown around.
    pub fn is_none(self) -> bool {
        self == Self::default()
    }
}

/// A line of a block, as it goes on a page.
#[derive(Clone, Copy)]
pub(super) struct Placed {
    pub(super) line: Line,
    pub(super) time: Option<LineTime>,
    pub(super) level: Option<Level>,
}

/// A line that may yet be shown before one in a later block.
struct Carried {
    text: Vec<u8>,
    offset: u64,
    time: Option<LineTime>,
    level: Option<Level>,
}

/// The state from one block to the next.
pub(super) struct Context {
    around: Surroundings,
    /// The last lines, none of which was shown.
    carried: VecDeque<Carried>,
    /// Whether lines before these were left out.
    left_out: bool,
    /// How many lines are still to be shown after the last hit.
    owed: usize,
    /// Whether anything was shown yet: there is no mark before the first line.
    begun: bool,
}

impl Context {
    pub(super) fn new(around: Surroundings) -> Self {
        Self { around, carried: VecDeque::new(), left_out: false, owed: 0, begun: false }
    }

    /// Puts what is to be shown of `lines` on `page`; `hits` are the positions of those that are meant, in order.
    pub(super) fn turn(&mut self, block: &Block, lines: &[Placed], hits: &[usize], page: &mut Page) {
        let mut shown = 0;
        for (nth, &hit) in hits.iter().enumerate() {
            shown = self.pay(block, lines, shown, hit, page);
            self.lead_in(block, lines, shown, hit, page);
            self.put(block, lines[hit], RowKind::Hit, page);
            shown = hit + 1;
            self.owed = self.around.after;
            debug_assert!(hits.get(nth + 1).is_none_or(|&next| next > hit));
        }
        shown = self.pay(block, lines, shown, lines.len(), page);
        self.carry(block, &lines[shown..]);
    }

    /// Shows the lines owed to the last hit, up to `end`; returns where it stopped.
    fn pay(&mut self, block: &Block, lines: &[Placed], from: usize, end: usize, page: &mut Page) -> usize {
        let to = end.min(from.saturating_add(self.owed));
        for &line in &lines[from..to] {
            self.put(block, line, RowKind::Context, page);
        }
        self.owed -= to - from;
        to
    }

    /// Shows the lines before a hit, those of earlier blocks first; none of `lines[from..hit]` was shown.
    fn lead_in(&mut self, block: &Block, lines: &[Placed], from: usize, hit: usize, page: &mut Page) {
        let here = self.around.before.min(hit - from);
        let earlier = if here == hit - from { self.around.before - here } else { 0 };
        while self.carried.len() > earlier {
            self.carried.pop_front();
            self.left_out = true;
        }
        self.left_out |= here < hit - from;
        if std::mem::take(&mut self.left_out) && self.begun && !self.around.is_none() {
            page.push_gap();
        }
        while let Some(line) = self.carried.pop_front() {
            page.push(&line.text, RowKind::Context, line.offset, line.time, line.level);
            self.begun = true;
        }
        for &line in &lines[hit - here..hit] {
            self.put(block, line, RowKind::Context, page);
        }
    }

    fn put(&mut self, block: &Block, placed: Placed, kind: RowKind, page: &mut Page) {
        let Placed { line, time, level } = placed;
        page.push(line.of(block.bytes()), kind, block.file_offset(line.start), time, level);
        self.begun = true;
    }

    /// Keeps the last of `lines`, none of which was shown.
    fn carry(&mut self, block: &Block, lines: &[Placed]) {
        let keep = lines.len().min(self.around.before);
        self.left_out |= keep < lines.len();
        for placed in &lines[lines.len() - keep..] {
            if self.carried.len() == self.around.before {
                self.carried.pop_front();
                self.left_out = true;
            }
            self.carried.push_back(Carried {
                text: placed.line.of(block.bytes()).to_vec(),
                offset: block.file_offset(placed.line.start),
                time: placed.time,
                level: placed.level,
            });
        }
        if keep < lines.len() {
            // Those of earlier blocks stand further away than what was left out.
            let stale = self.carried.len() - keep;
            self.carried.drain(..stale);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::line;
    use proptest::prelude::*;

    /// The twin: looks at every line's neighbours.
    fn naive(lines: &[bool], around: Surroundings) -> Vec<Option<usize>> {
        let near = |at: usize| {
            let from = at.saturating_sub(around.after);
            (from..=at).any(|i| lines[i]) || lines[at..].iter().take(around.before + 1).any(|&hit| hit)
        };
        let mut shown: Vec<Option<usize>> = Vec::new();
        for at in (0..lines.len()).filter(|&at| near(at)) {
            if let Some(Some(last)) = shown.last()
                && last + 1 < at
                && !around.is_none()
            {
                shown.push(None);
            }
            shown.push(Some(at));
        }
        shown
    }

    proptest! {
        #[test]
        fn what_is_around_does_not_depend_on_the_blocks(
            lines in proptest::collection::vec(proptest::bool::weighted(0.2), 0..60),
            cuts in proptest::collection::vec(1_usize..9, 1..60),
            before in 0_usize..5,
            after in 0_usize..5,
        ) {
            let around = Surroundings { before, after };
            let mut context = Context::new(around);
            let (mut at, mut shown) = (0, Vec::new());
            for cut in cuts.into_iter().chain([60]) {
                let end = lines.len().min(at + cut);
                let numbers: Vec<String> = (at..end).map(|i| i.to_string() + "\n").collect();
                let block = Block::of(0, numbers.concat().into_bytes());
                let placed: Vec<Placed> =
                    line::lines(block.bytes()).map(|line| Placed { line, time: None, level: None }).collect();
                let hits: Vec<usize> = (at..end).filter(|&i| lines[i]).map(|i| i - at).collect();
                let mut page = Page::default();
                context.turn(&block, &placed, &hits, &mut page);
                for &row in page.rows() {
                    let text = std::str::from_utf8(page.text(row)).unwrap().trim_end();
                    shown.push(text.parse().ok());
                    prop_assert!(row.kind != RowKind::Hit || lines[text.parse::<usize>().unwrap()]);
                }
                at = end;
            }
            prop_assert_eq!(shown, naive(&lines, around));
        }
    }
}
