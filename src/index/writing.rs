//! How an index is written into its file.

use std::fs::File;
use std::io::{self, BufWriter, Write};

use crate::stamp::Fold;

use super::about::About;
use super::codec::{self, ENTRY};
use super::pages::{CONTENT, PageWriter};
use super::steps::{self, STEP_BLOCK, StepState};
use super::store::{MAGIC, SECTIONS, Section, Store, VERSION};
use super::table::EntryTable;
use super::tree::{self, FANOUT, Node};

/// Writes an index into `file`: the entries of `old`, where there is one, and those of `table` behind them; with their steps,
/// if those are `stepped`.
pub fn write(
    file: &mut File,
    about: &About,
    old: Option<&Store>,
    table: &EntryTable,
    fold: &Fold,
    stepped: Option<&StepState>,
) -> io::Result<()> {
    let damaged = || io::Error::other("the stored index is damaged");
    let old_len = old.map_or(0, Store::len);
    let count = old_len + table.len();
    let (mut about_bytes, mut state, mut step_state) = (Vec::new(), Vec::new(), Vec::new());
    about.put(&mut about_bytes);
    codec::put_fold(&mut state, fold);
    if let Some(steps) = stepped {
        steps.put(&mut step_state);
    }
    let nodes = nodes(old, table).ok_or_else(damaged)?;
    let in_steps = stepped.is_some_and(|steps| !steps.crowded);
    let reaches =
        old.filter(|_| in_steps).map_or(Some(Vec::new()), Store::step_reaches).ok_or_else(damaged)?;
    let step_nodes = if in_steps { steps::nodes(reaches, &table.steps) } else { Vec::new() };
    let heap_len = table.heap_start + table.heap.len() as u64;
    let (step_blocks, step_heap) = if in_steps {
        (count * STEP_BLOCK, table.steps.heap_start + table.steps.heap.len() as u64)
    } else {
        (0, 0)
    };
    let lengths = [
        about_bytes.len() as u64,
        (count * ENTRY) as u64,
        heap_len,
        nodes.len() as u64,
        state.len() as u64,
        step_blocks as u64,
        step_heap,
        step_nodes.len() as u64,
        step_state.len() as u64,
    ];
    let mut out = PageWriter::new(BufWriter::with_capacity(1 << 16, file));
    out.write(&header(lengths))?;
    out.write(&about_bytes)?;
    copy(&mut out, old, Section::Entries)?;
    out.write(&table.entries)?;
    copy(&mut out, old, Section::Heap)?;
    out.write(&table.heap)?;
    out.write(&nodes)?;
    out.write(&state)?;
    if in_steps {
        copy(&mut out, old, Section::StepBlocks)?;
        out.write(&table.steps.blocks)?;
        copy(&mut out, old, Section::StepHeap)?;
        out.write(&table.steps.heap)?;
        out.write(&step_nodes)?;
    }
    out.write(&step_state)?;
    out.finish()?.flush()
}

/// The first page: which sections there are, and where.
fn header(lengths: [u64; SECTIONS.len()]) -> Vec<u8> {
    let mut out = MAGIC.to_vec();
    out.extend(VERSION.to_le_bytes());
    out.extend((SECTIONS.len() as u32).to_le_bytes());
    let mut start = CONTENT as u64;
    for (section, len) in SECTIONS.iter().zip(lengths) {
        out.extend((*section as u32).to_le_bytes());
        out.extend(start.to_le_bytes());
        out.extend(len.to_le_bytes());
        start += len;
    }
    out.resize(CONTENT, 0);
    out
}

fn copy<W: Write>(out: &mut PageWriter<W>, old: Option<&Store>, section: Section) -> io::Result<()> {
    let Some((old, place)) = old.and_then(|old| Some((old, old.section(section)?))) else { return Ok(()) };
    let mut at = 0;
    while at < place.len {
        let len = (place.len - at).min(1 << 16) as usize;
        let part =
            old.part(section, at, len).ok_or_else(|| io::Error::other("the stored index is damaged"))?;
        out.write(&part)?;
        at += len as u64;
    }
    Ok(())
}

/// The levels above all entries, as stored.
fn nodes(old: Option<&Store>, table: &EntryTable) -> Option<Vec<u8>> {
    let mut all: Vec<Node> = Vec::new();
    let (mut group, mut in_group): (Option<Node>, usize) = (None, 0);
    let mut take = |node: Node| {
        match &mut group {
            Some(group) => group.join(&node),
            None => group = Some(node),
        }
        in_group += 1;
        if in_group == FANOUT {
            all.extend(group.take());
            in_group = 0;
        }
    };
    if let Some(old) = old {
        for first in (0..old.len()).step_by(FANOUT) {
            let entries = old.entries(first, (first + FANOUT).min(old.len()))?;
            entries.iter().map(Node::from).for_each(&mut take);
        }
    }
    for entry in table.iter() {
        take(Node::from(&entry?));
    }
    all.extend(group);
    let mut out = Vec::new();
    let count = old.map_or(0, Store::len) + table.len();
    if count > 1 {
        for level in tree::levels_from(all) {
            for node in &level {
                codec::put_node(&mut out, node);
            }
        }
    }
    Some(out)
}
