//! The tree of earliest and latest above the blocks: each node covers the [`FANOUT`] below it, so that a question
//! touches a few, whatever the size of the file.

use super::entry::Entry;
use super::range::{Asked, AxisWindow, Ranges};
use crate::step::StepRange;

/// How many nodes or entries one node covers.
pub const FANOUT: usize = 64;

/// What the blocks below cover.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Node {
    /// The times of their lines.
    pub ranges: Ranges,
    /// How many dated stamps there are up to the end of the last.
    pub dated_end: u32,
    /// Whether there are lines before the first stamp of the file.
    pub ahead: bool,
}

impl From<&Entry> for Node {
    fn from(entry: &Entry) -> Self {
        Self { ranges: entry.ranges, dated_end: entry.dated_end(), ahead: entry.ahead }
    }
}

impl Node {
    /// Covers what `other`, which comes after it, covers too.
    pub fn join(&mut self, other: &Self) {
        self.ranges.join(&other.ranges);
        self.dated_end = other.dated_end;
        self.ahead |= other.ahead;
    }
}

/// A question with what it asks of lines that the ranges alone do not place.
#[derive(Clone, Debug)]
pub struct Filter {
    /// The window on each axis; `None` asks for all lines.
    pub question: Option<AxisWindow>,
    /// What is asked of the file's first stamp, which lines before it take.
    pub first: Asked,
    /// The number of dated stamps before guessed ones whose year is not the one stored.
    pub shifted_after: Option<u32>,
    /// Which steps are asked for; `None` where blocks are asked for whatever steps they have.
    pub steps: Option<StepRange>,
}

impl Filter {
    /// What is asked of the lines of a block.
    pub fn asks_of(&self, entry: &Entry) -> Asked {
        let by_time = self.asks(&Node::from(entry));
        let (Some(steps), true) = (&self.steps, by_time != Asked::None) else { return by_time };
        let meets = entry.steps.as_ref().is_none_or(|block| steps.meets(&block.reach));
        if meets { Asked::Some } else { Asked::None }
    }

    /// What is asked of the lines below a node.
    pub fn asks(&self, node: &Node) -> Asked {
        let Some(question) = &self.question else { return Asked::All };
        if self.shifted_after.is_some_and(|after| node.dated_end >= after) {
            return Asked::Some;
        }
        let asked = question.asks(&node.ranges);
        match (node.ahead, node.ranges == Ranges::default()) {
            (false, _) => asked,
            (true, true) => self.first,
            (true, false) if asked == self.first => asked,
            (true, false) => Asked::Some,
        }
    }
}

/// The levels of the tree, of which `lowest` is the one above the entries; the last has one node.
pub fn levels_from(lowest: Vec<Node>) -> Vec<Vec<Node>> {
    let mut levels = vec![lowest];
    while let Some(below) = levels.last().filter(|level| level.len() > 1) {
        let above = below.chunks(FANOUT).map(covering).collect();
        levels.push(above);
    }
    levels
}

fn covering(nodes: &[Node]) -> Node {
    let mut all = nodes[0];
    nodes[1..].iter().for_each(|node| all.join(node));
    all
}
