//! The stored index: what is in its file.
//!
//! The first page has a table of sections, so that others can be added without a break: unknown ones are passed over.

use std::fs::File;

use crate::stamp::Fold;

use super::about::About;
use super::codec::{self, ENTRY, NODE, Reader};
use super::entry::Entry;
use super::pages::{CONTENT, Pages};
use super::steps::{STEP_BLOCK, STEP_NODE};
use super::tree::{FANOUT, Node};

/// The version of what is stored; it is in the file's name.
pub const VERSION: u32 = 16;
pub(super) const MAGIC: &[u8; 8] = b"logdex\0\n";

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

pub(super) const SECTIONS: [Section; 9] = [
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
pub(super) struct SectionPlace {
    pub(super) start: u64,
    pub(super) len: u64,
}

/// A stored index, open.
pub struct Store {
    pages: Pages,
    /// The log as it was.
    pub about: About,
    sections: [SectionPlace; SECTIONS.len()],
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
        let mut sections = [SectionPlace::default(); SECTIONS.len()];
        for _ in 0..from.count(100)? {
            let (id, place) = (from.u32()?, SectionPlace { start: from.u64()?, len: from.u64()? });
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

    pub(super) fn section(&self, section: Section) -> Option<SectionPlace> {
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
        let found: Vec<_> =
            (first..last).map(|_| codec::entry(&mut from, &codec::STORED)).collect::<Option<_>>()?;
        let start = found.first().map_or(0, |(_, at, _)| *at);
        let end = found.last().map_or(0, |(_, at, len)| at.saturating_add(*len as u64));
        // The prefixes of neighbours are neighbours too.
        let heap = self.part(Section::Heap, start, usize::try_from(end.checked_sub(start)?).ok()?)?;
        let whole = |(mut entry, at, len): (Entry, u64, usize)| {
            let at = usize::try_from(at.checked_sub(start)?).ok()?;
            entry.inbound.prefixes =
                codec::entry_prefixes(heap.get(at..at.checked_add(len)?)?, &codec::STORED)?;
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
