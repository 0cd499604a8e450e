//! The stored index: what is in its file, and whether it still speaks of the log.
//!
//! The first page has a table of sections, so that others can be added without a break: unknown ones are passed over.

use std::fs::{File, Metadata};
use std::io::{self, BufWriter, Write};
use std::os::unix::fs::MetadataExt;

use xxhash_rust::xxh3::xxh3_64;

use crate::file::block::Extent;
use crate::file::source::Source;
use crate::stamp::{Elected, Fold};

use super::codec::{self, ENTRY, NODE, Reader};
use super::entry::Entry;
use super::pages::{CONTENT, PageWriter, Pages};
use super::steps::{self, STEP_BLOCK, STEP_NODE, StepState};
use super::table::Table;
use super::tree::{self, FANOUT, Node};

/// The version of what is stored; it is in the file's name.
pub const VERSION: u32 = 8;
const MAGIC: &[u8; 8] = b"logdex\0\n";
/// How much of the log's head, and of the end of its last indexed block, is fingerprinted.
const PRINT: usize = 64 << 10;

/// The sections of the file.
#[derive(Clone, Copy, PartialEq, Eq)]
#[repr(u32)]
pub(super) enum Section {
    About = 1,
    Entries = 2,
    Heap = 3,
    Nodes = 4,
    State = 5,
    /// Of steps the same again; empty where they were not wanted, and all but the state where they are not told apart.
    StepBlocks = 6,
    StepHeap = 7,
    StepNodes = 8,
    StepState = 9,
}

const SECTIONS: [Section; 9] = [
    Section::About,
    Section::Entries,
    Section::Heap,
    Section::Nodes,
    Section::State,
    Section::StepBlocks,
    Section::StepHeap,
    Section::StepNodes,
    Section::StepState,
];

/// Where a section stands in the content, in bytes.
#[derive(Clone, Copy, Default)]
pub(super) struct Place {
    start: u64,
    pub(super) len: u64,
}

/// The log as it was when it was indexed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct About {
    /// The file's number on its device.
    pub inode: u64,
    /// Its size, in bytes.
    pub size: u64,
    /// When its inode last changed, in seconds and nanoseconds.
    pub changed: (i64, i64),
    /// Up to where its blocks are indexed.
    pub covered: u64,
    /// How many lines that is.
    pub lines: u64,
    /// A fingerprint of its beginning.
    pub head: u64,
    /// The last indexed block.
    pub last: Extent,
    /// A fingerprint of that block's end.
    pub tail: u64,
    /// The ambiguous format that it elected.
    pub elected: Elected,
    /// Where it was, so that [`super::cache::prune`] can tell whether it is still there.
    pub path: Vec<u8>,
}

impl About {
    /// The log as it is now, with the blocks up to `last` indexed.
    pub fn of(
        source: &Source,
        seen: &Metadata,
        covered: u64,
        lines: u64,
        last: Extent,
        elected: &Elected,
    ) -> Option<Self> {
        use std::os::unix::ffi::OsStrExt;
        Some(Self {
            inode: seen.ino(),
            size: seen.len(),
            changed: (seen.ctime(), seen.ctime_nsec()),
            covered,
            lines,
            head: print(source, 0, last.end)?,
            last,
            tail: print(source, last.start, last.end)?,
            elected: elected.clone(),
            path: std::path::absolute(source.path()).ok()?.as_os_str().as_bytes().to_vec(),
        })
    }

    /// Whether the log is still the one that was indexed, grown perhaps.
    pub fn speaks_of(&self, source: &Source, seen: &Metadata) -> bool {
        if self.inode != seen.ino() || self.covered > seen.len() {
            return false;
        }
        if self.size == seen.len() {
            return self.changed == (seen.ctime(), seen.ctime_nsec());
        }
        self.size < seen.len()
            && print(source, 0, self.last.end) == Some(self.head)
            && print(source, self.last.start, self.last.end) == Some(self.tail)
    }

    pub(super) fn put(&self, out: &mut Vec<u8>) {
        for n in [
            self.inode,
            self.size,
            self.covered,
            self.lines,
            self.head,
            self.last.start,
            self.last.end,
            self.tail,
        ] {
            out.extend(n.to_le_bytes());
        }
        out.extend(self.changed.0.to_le_bytes());
        out.extend(self.changed.1.to_le_bytes());
        out.extend(self.elected.code().to_le_bytes());
        out.extend((self.path.len() as u32).to_le_bytes());
        out.extend(&self.path);
    }

    pub(super) fn take(from: &mut Reader<'_>) -> Option<Self> {
        let (inode, size, covered, lines) = (from.u64()?, from.u64()?, from.u64()?, from.u64()?);
        let (head, last, tail) = (from.u64()?, Extent { start: from.u64()?, end: from.u64()? }, from.u64()?);
        let changed = (from.i64()?, from.i64()?);
        let elected = Elected::from_code(from.u32()?)?;
        let count = from.count(1 << 16)?;
        let path = from.bytes(count)?.to_vec();
        let sound = last.start < last.end && last.end <= covered && covered <= size && lines <= covered;
        sound.then_some(Self { inode, size, changed, covered, lines, head, last, tail, elected, path })
    }
}

/// The fingerprint of the log's head up to `end` (`start` 0), or of what lies before `end`.
fn print(source: &Source, start: u64, end: u64) -> Option<u64> {
    let (start, end) = if start == 0 {
        (0, end.min(PRINT as u64))
    } else {
        (start.max(end.saturating_sub(PRINT as u64)), end)
    };
    let mut bytes = vec![0; end.checked_sub(start)? as usize];
    (source.read(start, &mut bytes).ok()? == bytes.len()).then(|| xxh3_64(&bytes))
}

/// A stored index, open.
pub struct Store {
    pages: Pages,
    /// The log as it was.
    pub about: About,
    sections: [Place; SECTIONS.len()],
    levels: Vec<usize>,
}

impl Store {
    /// Reads the first pages of a file; `None` where it is no index of this version or is damaged there.
    pub fn open(file: File) -> Option<Self> {
        let pages = Pages::new(file)?;
        let first = pages.read(0, CONTENT)?;
        let mut from = Reader(&first);
        if from.bytes(MAGIC.len())? != MAGIC || from.u32()? != VERSION {
            return None;
        }
        let mut sections = [Place::default(); SECTIONS.len()];
        for _ in 0..from.count(100)? {
            let (id, place) = (from.u32()?, Place { start: from.u64()?, len: from.u64()? });
            place.start.checked_add(place.len).filter(|end| *end <= pages.len())?;
            if let Some(at) = SECTIONS.iter().position(|s| *s as u32 == id) {
                sections[at] = place;
            }
        }
        let mut store = Self { pages, about: About::default(), sections, levels: Vec::new() };
        let about = store.section(Section::About).filter(|p| p.len < 1 << 20)?;
        store.about = About::take(&mut Reader(&store.pages.read(about.start, about.len as usize)?))?;
        store.levels = tree_lengths(store.len());
        let nodes: usize = store.levels.iter().sum();
        let has = |section, count: usize, size: usize| {
            store.section(section).is_some_and(|place| place.len == (count * size) as u64)
        };
        let whole = has(Section::Entries, store.len(), ENTRY) && has(Section::Nodes, nodes, NODE);
        let in_steps =
            has(Section::StepBlocks, store.len(), STEP_BLOCK) && has(Section::StepNodes, nodes, STEP_NODE);
        let without = has(Section::StepBlocks, 0, STEP_BLOCK) && has(Section::StepNodes, 0, STEP_NODE);
        (whole && store.len() > 0 && (in_steps || without)).then_some(store)
    }

    pub(super) fn section(&self, section: Section) -> Option<Place> {
        let at = SECTIONS.iter().position(|s| *s == section)?;
        Some(self.sections[at])
    }

    /// How many entries it has.
    pub fn len(&self) -> usize {
        self.section(Section::Entries).map_or(0, |place| place.len as usize / ENTRY)
    }

    /// How long its file is, in bytes.
    pub fn size(&self) -> u64 {
        self.pages.size()
    }

    /// How long the heap of prefixes is, in bytes.
    pub fn heap_len(&self) -> u64 {
        self.section(Section::Heap).map_or(0, |place| place.len)
    }

    /// Part of a section; `None` where it is not there or is damaged.
    pub(super) fn part(&self, section: Section, offset: u64, len: usize) -> Option<Vec<u8>> {
        let place = self.section(section)?;
        offset.checked_add(len as u64).filter(|end| *end <= place.len)?;
        self.pages.read(place.start + offset, len)
    }

    /// The state behind the last entry.
    pub fn fold(&self) -> Option<Fold> {
        let place = self.section(Section::State).filter(|p| p.len < 1 << 20)?;
        codec::fold(&mut Reader(&self.part(Section::State, 0, place.len as usize)?), &self.about.elected)
    }

    /// The entries `first..last`.
    pub fn entries(&self, first: usize, last: usize) -> Option<Vec<Entry>> {
        let stored = self.part(Section::Entries, (first * ENTRY) as u64, (last - first) * ENTRY)?;
        let mut from = Reader(&stored);
        let found: Vec<_> = (first..last).map(|_| codec::entry(&mut from)).collect::<Option<_>>()?;
        let start = found.first().map_or(0, |(_, at, _)| *at);
        let end = found.last().map_or(0, |(_, at, len)| at.saturating_add(*len as u64));
        // The prefixes of neighbours are neighbours too.
        let heap = self.part(Section::Heap, start, usize::try_from(end.checked_sub(start)?).ok()?)?;
        let whole = |(mut entry, at, len): (Entry, u64, usize)| {
            let at = usize::try_from(at.checked_sub(start)?).ok()?;
            entry.inbound.prefixes = codec::entry_prefixes(heap.get(at..at.checked_add(len)?)?)?;
            let covered = self.about.covered;
            (entry.extent.end <= covered && entry.first_line <= covered).then_some(entry)
        };
        found.into_iter().map(whole).collect()
    }

    /// The nodes `first..last` of a level; level 0 is the one above the entries.
    pub fn nodes(&self, level: usize, first: usize, last: usize) -> Option<Vec<Node>> {
        let before: usize = self.levels[..level].iter().sum();
        let stored = self.part(Section::Nodes, ((before + first) * NODE) as u64, (last - first) * NODE)?;
        let mut from = Reader(&stored);
        (first..last).map(|_| codec::node(&mut from)).collect()
    }

    /// How many nodes each level has, the lowest first.
    pub fn levels(&self) -> &[usize] {
        &self.levels
    }
}

/// How many nodes each level above `entries` entries has.
pub fn tree_lengths(entries: usize) -> Vec<usize> {
    let (mut below, mut levels) = (entries, Vec::new());
    while below > 1 {
        below = below.div_ceil(FANOUT);
        levels.push(below);
    }
    levels
}

/// Writes an index into `file`: the entries of `old`, where there is one, and those of `table` behind them; with their steps,
/// if those are `stepped`.
pub fn write(
    file: &mut File,
    about: &About,
    old: Option<&Store>,
    table: &Table,
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
fn nodes(old: Option<&Store>, table: &Table) -> Option<Vec<u8>> {
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
    table.iter().map(|entry| Node::from(&entry)).for_each(&mut take);
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
