//! The index: which blocks of a file hold which times, so that a range is a seek.
//!
//! It only decides what need not be looked at; what time a line has is the fold's to say, from the state that the index
//! keeps for each block. It covers the blocks whose cuts stay when the file grows; the rest is summed up at each
//! question. Nothing in it depends on a zone, a reference or an arrival.

mod about;
mod build;
pub mod cache;
mod codec;
mod digest;
mod entry;
mod findings;
#[cfg(fuzzing)]
pub mod fuzzing;
mod growth;
#[cfg(test)]
mod hostile;
mod levels;
pub mod made;
mod outline;
mod pages;
mod plan;
#[cfg(test)]
mod proof;
mod range;
mod status;
mod steps;
mod store;
mod sums;
mod table;
pub mod text;
mod tree;
mod walk;
mod writers;
mod writing;
mod year_shift;

use std::sync::Arc;

use jiff::tz::TimeZone;

use crate::error::Result;
use crate::file::block::{Block, Cutter, Extent};
use crate::file::source::Source;
use crate::stamp::{Clock, Elected, First, Fold, Frame, Reference, Stamp, Taught, VOTERS, elect_with};
use crate::step::Steps;
use crate::system::cores::cores;

use growth::Growth;
use steps::StepState;
use store::Store;
use table::EntryTable;

pub use about::About;
pub use build::{Progress, Tick};
pub use cache::{Keep, Pruned, is_off, prune};
pub use entry::Entry;
pub use findings::Findings;
pub use levels::LevelIndex;
pub use outline::OutlinePart;
pub use range::{Asked, AxisWindow, Ranges, span};
pub use status::{Coverage, IndexStatus};
pub use store::VERSION;
pub use tree::Filter;

/// The least size of a log whose index is stored, in bytes.
pub const STORED_FROM: u64 = 16 << 20;
/// By how much a log must have grown for its stored index to be written anew: this, or a share of it ([`SHARE`]).
pub const GROWN: u64 = 64 << 20;
/// By such a share of what is stored, a 32nd: to write that anew takes less than to sum up as much again and again.
const SHARE: u64 = 32;

/// How an index is built and kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Options {
    /// Where it is stored.
    pub keep: Keep,
    /// On how many threads it is built.
    pub threads: usize,
    /// The least size of a log whose index is stored, in bytes.
    pub stored_from: u64,
    /// By how much the log must have grown for its stored index to be written anew, in bytes: this, or a [`SHARE`] of it.
    pub grown: u64,
    /// The format of its stamps that the user teaches.
    pub taught: Option<Arc<Taught>>,
    /// Whether steps are wanted too: an index without them is built anew then.
    pub steps: bool,
    /// Whether the index of its text is built in the same reading, where there is nothing yet of either.
    pub text: bool,
}

impl Options {
    /// Stored where `keep` says, for logs of 16 MiB and more, and built on all cores, without steps and text.
    pub fn new(keep: Keep) -> Self {
        let threads = cores();
        let (stored_from, grown) = (STORED_FROM, GROWN);
        Self { keep, threads, stored_from, grown, taught: None, steps: false, text: false }
    }
}

/// The index of one file at one size, or of as much of it as has been summed up.
///
/// A question about time takes it from the cache, or builds it, and asks which blocks can hold a line of its range.
/// An index that is missing, stale or damaged costs time and never a line, which is why it may be stored where others
/// can damage it.
pub struct Index {
    options: Options,
    store: Option<Store>,
    table: EntryTable,
    /// The file up to the last whole block.
    about: About,
    /// The state there.
    fold: Fold,
    /// The state of steps there, where those are wanted.
    steps: Option<StepState>,
    /// What is still to be summed up.
    growth: Option<Growth>,
    /// The rest of the file.
    open: Option<Entry>,
    /// The state at the end, once that is reached.
    end: Option<Fold>,
    /// The state of steps there.
    step_end: Option<StepState>,
    /// Where the end is.
    size: u64,
    /// Up to where it was stored before.
    built_from: u64,
}

/// A block to look at, and what is asked of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Piece {
    /// The block.
    pub entry: Entry,
    /// Whether its lines are all asked for, or each must be looked at.
    pub asked: Asked,
}

impl Index {
    /// The index of a file up to `end`, which is the end of a line or of the file: as it is kept, brought up to date, or
    /// built.
    ///
    /// # Errors
    /// `Error::Io` and `Error::Truncated` where the file cannot be read, and what `tick` returns to stop it.
    pub fn of(source: &Arc<Source>, end: u64, options: Options, tick: Tick<'_>) -> Result<Self> {
        let mut index = Self::begin(source, end, options, tick)?;
        index.complete(tick)?;
        Ok(index)
    }

    /// The same as far as it is kept: [`Index::step`] brings it up to date, block by block.
    ///
    /// # Errors
    /// As [`Index::of`].
    pub fn begin(source: &Arc<Source>, end: u64, options: Options, tick: Tick<'_>) -> Result<Self> {
        let seen = source.metadata()?;
        let fits = |store: &Store| {
            let about = &store.about;
            // What a file elects may change until all its voters are there.
            let has_voted = about.size >= VOTERS as u64 || about.size == seen.len();
            about.covered <= end && has_voted && about.has_blocks_of(source, &seen)
        };
        let stored = options.keep.load(source, options.taught.as_deref()).filter(fits);
        let stored = stored.and_then(|mut store| {
            store.about.elected = store.about.elected.teaching(options.taught.clone());
            let (fold, steps) = (store.fold()?, store.steps()?);
            if options.steps && steps.is_none() {
                return None;
            }
            // Once they are there, they are kept.
            let options = Options { steps: steps.is_some(), ..options.clone() };
            let mut index = Self::behind(Some(store), fold, options);
            index.steps = steps;
            Some(index)
        });
        let mut index = match stored {
            Some(index) => index,
            None => Self::new(source, end, options, tick)?,
        };
        index.grow(source, seen, end);
        Ok(index)
    }

    fn new(source: &Source, end: u64, options: Options, tick: Tick<'_>) -> Result<Self> {
        let elected = election(source, end, options.taught.as_ref(), tick)?;
        let mut index = Self::behind(None, Fold::new().electing(&elected), options);
        index.about.elected = elected;
        Ok(index)
    }

    fn behind(store: Option<Store>, fold: Fold, options: Options) -> Self {
        let about = store.as_ref().map(|s| s.about.clone()).unwrap_or_default();
        let table = EntryTable::behind(store.as_ref());
        let steps = options.steps.then(StepState::default);
        Self {
            options,
            store,
            table,
            about,
            fold,
            steps,
            growth: None,
            open: None,
            end: None,
            step_end: None,
            size: 0,
            built_from: 0,
        }
    }

    /// Stores the index where it is kept, if that is worth it. Failing that, it is as good as it was.
    fn store(&mut self, source: &Source) {
        let before = self.store.as_ref().map_or(0, |store| store.about.covered);
        let grown = self.about.covered - before;
        if self.about.size < self.options.stored_from
            || self.table.len() == 0
            || (before > 0 && grown < self.options.grown.min(before / SHARE))
        {
            return;
        }
        let taught = self.options.taught.as_deref();
        let (about, old, table, fold) = (&self.about, self.store.as_ref(), &self.table, &self.fold);
        let steps = self.steps.as_ref();
        let mut write = |file: &mut std::fs::File| writing::write(file, about, old, table, fold, steps);
        if self.options.keep.publish(source, taught, &mut write).is_err() {
            return;
        }
        // Another writer may have published meanwhile: only what was just written replaces the table.
        let stored = self.options.keep.load(source, taught);
        let ours = |mut store: Store| {
            store.about.elected = store.about.elected.teaching(self.options.taught.clone());
            (store.about == self.about).then_some(store)
        };
        if let Some(store) = stored.and_then(ours) {
            self.table = EntryTable::behind(Some(&store));
            self.store = Some(store);
        }
    }

    /// Up to where it speaks of the file, in bytes.
    pub fn size(&self) -> u64 {
        self.size
    }

    /// From where on the file had to be read to make it, in bytes.
    pub fn built_from(&self) -> u64 {
        self.built_from
    }

    /// The state behind the last line, as far as it came.
    pub fn end(&self) -> &Fold {
        self.end.as_ref().unwrap_or(&self.fold)
    }

    /// Whether it knows of each block which steps its lines have.
    pub fn has_steps(&self) -> bool {
        self.steps.as_ref().is_some_and(|steps| !steps.crowded)
    }

    /// The fold of steps behind the last line, as far as it came, where it has steps.
    pub fn steps(&self) -> Option<&Steps> {
        let end = self.step_end.as_ref().or(self.steps.as_ref());
        end.filter(|_| self.has_steps()).map(|steps| &steps.fold)
    }

    /// Up to where its whole blocks reach, in bytes.
    pub fn covered(&self) -> u64 {
        self.about.covered
    }

    /// How much of the file was read to make it, in bytes.
    pub fn read(&self) -> u64 {
        (if self.is_growing() { self.about.covered } else { self.size }) - self.built_from
    }

    /// How far it is, in hundredths.
    fn percent(&self) -> u64 {
        (self.about.covered - self.built_from) * 100 / (self.size - self.built_from).max(1)
    }

    /// Whether some of the file is still to be summed up.
    pub fn is_growing(&self) -> bool {
        self.growth.is_some()
    }

    /// Whether no line to come can change what the lines before it mean: the first stamp has a year of its own, and no
    /// line is wanted that tells day from month.
    pub fn is_anchored(&self) -> bool {
        self.elected().first() != First::Open
            && self.first().is_some_and(|first| matches!(first.frame, Frame::Absolute | Frame::Civil))
    }

    /// How many lines the file has.
    pub fn lines(&self) -> u64 {
        self.about.lines + self.open.as_ref().map_or(0, |entry| entry.lines)
    }

    /// The file's first stamp; `None` where it has not one.
    pub fn first(&self) -> Option<Stamp> {
        self.end().first()
    }

    /// The ambiguous format that the file elected.
    pub fn elected(&self) -> &Elected {
        &self.about.elected
    }

    /// A clock for a question: naive stamps in `zone`, years by `reference`.
    pub fn clock(&self, zone: TimeZone, reference: Reference) -> Clock {
        let mut clock = Clock::new(zone);
        clock.set_years(&self.end().years(), reference);
        clock
    }
}

/// What the first megabyte of the file's text elects.
pub(crate) fn election(
    source: &Source,
    end: u64,
    taught: Option<&Arc<Taught>>,
    tick: Tick<'_>,
) -> Result<Elected> {
    let mut cutter = Cutter::new(Extent { start: 0, end });
    let mut text = Vec::new();
    while text.len() < VOTERS {
        let Some(extent) = cutter.cut(source, tick)? else { break };
        let mut block = Block::default();
        block.read(source, extent)?;
        text.extend_from_slice(block.bytes());
    }
    Ok(elect_with(&text, taught))
}
