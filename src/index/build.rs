//! Building: blocks are summed up on all cores, and put behind one another in order.

use std::io::{IsTerminal, Write};
use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::error::Result;
use crate::file::block::{Block, Extent};
use crate::file::source::Source;
use crate::line::Ends;
use crate::stamp::{Finder, Fold, Order};
use crate::step::Stems;

use super::Index;
use super::digest::Digest;
use super::entry::{Entry, exact};
use super::steps::StepState;
use super::sums::{BlockLook, Sums};
use super::text;
use super::text::keys::{BlockKeys, Keys};

/// How often a terminal is told how far it is.
const TICK: Duration = Duration::from_millis(50);
/// After how long it is told at first.
const PATIENCE: Duration = Duration::from_secs(1);

/// What is asked now and then while the index is built: whether to go on.
pub use crate::file::block::Pulse as Tick;

/// Puts the whole blocks of a range behind one another, which are summed up ahead of it.
pub struct Builder {
    source: Arc<Source>,
    sums: Sums<Spec>,
    /// Takes along what the text is known by, where that is wanted.
    text: Option<text::SegmentWriter>,
    /// How many lines stand before what is still to come.
    pub lines: u64,
    /// What the dates so far say of the order of day and month.
    pub order: Order,
}

impl Builder {
    /// Will sum up `extent`, which begins `lines` lines into the file, in what `spec` says, and give `text` its share.
    pub fn new(
        source: &Arc<Source>,
        extent: Extent,
        lines: u64,
        mut spec: Spec,
        text: Option<text::SegmentWriter>,
        threads: usize,
    ) -> Self {
        spec.keys = text.is_some().then(Keys::default);
        let sums = Sums::new(source, extent, &spec, threads);
        Self { source: Arc::clone(source), sums, text, lines, order: Order::default() }
    }

    /// The next block, put behind those that `fold` has seen; `None` after the last whole one.
    ///
    /// # Errors
    /// `Error::Io` and `Error::Truncated` where the file cannot be read on, after all blocks before that; what `tick`
    /// returns ends the wait, not the building.
    pub fn next(
        &mut self,
        fold: &mut Fold,
        steps: Option<&mut StepState>,
        tick: Tick<'_>,
    ) -> Result<Option<Entry>> {
        let Some((extent, (digest, known))) = self.sums.next(tick)? else { return Ok(None) };
        if let Some((text, known)) = self.text.as_mut().zip(known)
            && text.push(extent, known).is_err()
        {
            // What could not be written is built by itself, and whoever asks for that hears why it could not.
            self.text = None;
        }
        let mut entry = match digest.append(fold, extent, self.lines) {
            Some(entry) => entry,
            None => fold_again(&self.source, fold, extent, self.lines)?,
        };
        entry.steps = digest.append_steps(steps);
        self.order.join(digest.order());
        self.lines += entry.lines;
        Ok(Some(entry))
    }

    /// Up to where the blocks were taken, in bytes.
    pub fn covered(&self) -> u64 {
        self.sums.covered
    }

    /// The last block, which growth may cut elsewhere.
    pub fn open(&self) -> Option<Extent> {
        self.sums.open
    }

    /// Whether what the text is known by is taken along.
    pub fn takes_text_along(&self) -> bool {
        self.text.is_some()
    }

    /// Has the text stored that was taken along, as far as its blocks are final.
    pub fn finish_text(&mut self) {
        if let Some(mut text) = self.text.take() {
            let _ = text.finish();
        }
    }
}

/// Folds the lines of a block of which the digest cannot say enough.
fn fold_again(source: &Source, fold: &mut Fold, extent: Extent, lines: u64) -> Result<Entry> {
    let mut block = Block::default();
    block.read(source, extent)?;
    Ok(exact(fold, extent, lines, block.bytes()))
}

/// Sums up a block that stands behind what `fold` and `steps` have seen, which is `lines` lines, and says what its dates say
/// of their order.
pub fn sum_up(
    source: &Source,
    fold: &mut Fold,
    steps: Option<&mut StepState>,
    extent: Extent,
    lines: u64,
) -> Result<(Entry, Order)> {
    let mut block = Block::default();
    block.read(source, extent)?;
    fold.finder.stand_at(extent.start);
    let mut words = Stems::default();
    let ends = if steps.is_some() { words.find(block.bytes()) } else { Ends::of(block.bytes()) };
    let words = steps.is_some().then_some(&words);
    let digest = Digest::of(&mut fold.finder.clone(), block.bytes(), &ends, words);
    let mut entry =
        digest.append(fold, extent, lines).unwrap_or_else(|| exact(fold, extent, lines, block.bytes()));
    entry.steps = digest.append_steps(steps);
    Ok((entry, digest.order()))
}

/// In what blocks are summed up.
#[derive(Clone)]
pub struct Spec {
    /// What finds their stamps.
    finder: Finder,
    /// Whether their steps are wanted too.
    steps: bool,
    /// What says by what their text is known, where that is wanted.
    keys: Option<Keys>,
    /// The words of the block at hand that name steps and counters.
    stems: Stems,
}

impl Spec {
    /// In their times, and their steps if those are wanted.
    pub fn new(finder: Finder, steps: bool) -> Self {
        Self { finder, steps, keys: None, stems: Stems::default() }
    }
}

impl BlockLook for Spec {
    type Sum = (Digest, Option<BlockKeys>);
    const NAME: &'static str = "logdex-index";

    fn may_be_in_place(&self) -> bool {
        // What is told by place is asked with the place of each block.
        !self.finder.is_told()
    }

    fn look(&mut self, text: &[u8], start: u64) -> Self::Sum {
        // One after the other while the block is at hand.
        let Self { finder, steps, keys, stems } = self;
        let ends = if *steps || keys.is_some() { stems.find(text) } else { Ends::of(text) };
        let known = keys.as_mut().map(|keys| keys.of(text, &ends, stems));
        finder.stand_at(start);
        (Digest::of(finder, text, &ends, steps.then_some(stems)), known)
    }
}

/// Tells a terminal how far it is, once it takes long.
pub struct Progress {
    started: Instant,
    told: Option<Instant>,
}

impl Default for Progress {
    /// Nothing is told at first.
    fn default() -> Self {
        Self { started: Instant::now(), told: None }
    }
}

impl Progress {
    /// `index` has come a step further.
    pub fn tell(&mut self, index: &Index) {
        let now = Instant::now();
        let due = self.told.map_or(self.started + PATIENCE, |told| told + TICK);
        if now >= due && std::io::stderr().is_terminal() {
            self.told = Some(now);
            let _ = write!(std::io::stderr(), "\rlogdex: indexing {} %", index.percent());
        }
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        if self.told.is_some() {
            let _ = write!(std::io::stderr(), "\r\x1b[K");
        }
    }
}
