//! Down the trees of a stored index, to the blocks of which something is asked.

use super::entry::Entry;
use super::range::Asked;
use super::store::Store;
use super::tree::{FANOUT, Filter};
use crate::step::{StepBlock, StepRange};

/// Gives `take` the entries of a stored index of which something is asked, and some others.
pub(super) fn walk(store: &Store, filter: &Filter, take: &mut dyn FnMut(Entry)) -> Option<()> {
    let mut ranges = vec![(0, store.levels().last().copied().unwrap_or(store.len()))];
    for level in (0..store.levels().len()).rev() {
        let below = if level == 0 { store.len() } else { store.levels()[level - 1] };
        let mut next: Vec<(usize, usize)> = Vec::new();
        for (first, last) in ranges {
            for at in asked_nodes(store, filter, level, first, last)? {
                let (start, end) = (at * FANOUT, ((at + 1) * FANOUT).min(below));
                match next.last_mut() {
                    Some(last) if last.1 == start && end - last.0 <= FANOUT * FANOUT => last.1 = end,
                    _ => next.push((start, end)),
                }
            }
        }
        ranges = next;
    }
    for (first, last) in ranges {
        match &filter.steps {
            Some(steps) => walk_steps(store, steps, (first, last), take)?,
            None => store.entries(first, last)?.into_iter().for_each(&mut *take),
        }
    }
    Some(())
}

/// Which of the nodes `first..last` of a level have something below them that is asked for, by time and by steps.
fn asked_nodes(
    store: &Store,
    filter: &Filter,
    level: usize,
    first: usize,
    last: usize,
) -> Option<Vec<usize>> {
    let mut asked: Vec<usize> = (first..last).collect();
    if let Some(steps) = &filter.steps {
        let reaches = store.step_nodes(level, first, last)?;
        asked.retain(|at| steps.meets(&reaches[at - first]));
    }
    if filter.question.is_some() {
        let nodes = store.nodes(level, first, last)?;
        asked.retain(|at| filter.asks(&nodes[at - first]) != Asked::None);
    }
    Some(asked)
}

/// Gives `take` those of the entries `first..last` whose lines may have one of the `steps`, with what is known of them.
fn walk_steps(
    store: &Store,
    steps: &StepRange,
    (first, last): (usize, usize),
    take: &mut dyn FnMut(Entry),
) -> Option<()> {
    let mut blocks = store.step_blocks(first, last)?;
    let meet = |block: &StepBlock| steps.meets(&block.reach);
    let Some(from) = blocks.iter().position(meet) else { return Some(()) };
    let upto = blocks.iter().rposition(meet).map_or(from, |at| at + 1);
    let entries = store.entries(first + from, first + upto)?;
    for (mut entry, block) in entries.into_iter().zip(blocks.drain(from..)) {
        entry.steps = Some(Box::new(block));
        take(entry);
    }
    Some(())
}
