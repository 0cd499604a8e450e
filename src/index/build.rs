//! Building: blocks are summed up on all cores, and put behind one another in order.

use std::collections::VecDeque;
use std::io::{IsTerminal, Write};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use crate::error::{Error, Result};
use crate::file::block::{BLOCK, Block, Cutter, Extent, may_hold_hole};
use crate::file::maps::{self, Held, Maps};
use crate::file::pace::Pace;
use crate::file::source::Source;
use crate::stamp::{Finder, Fold, Order};
use crate::system::ordered::{Ordered, Work};

use super::Index;
use super::digest::Digest;
use super::entry::{Entry, exact};
use super::steps::StepState;

/// How often the caller is asked whether to go on.
const TICK: Duration = Duration::from_millis(50);
/// After how long a terminal is told how far it is.
const PATIENCE: Duration = Duration::from_secs(1);

/// What is asked now and then while the index is built: whether to go on.
pub use crate::file::block::Pulse as Tick;

/// How many blocks a worker takes at a turn: enough to make handing them over cheap.
const RUN: usize = 4;
/// How many runs for each thread may have been begun and not been taken.
const WINDOW: usize = 4;

/// Sums up the whole blocks of a range in order, on all cores, ahead of the one who takes them.
pub struct Builder {
    source: Arc<Source>,
    end: u64,
    threads: usize,
    way: Way,
    ready: VecDeque<Sum>,
    failed: Option<Error>,
    over: bool,
    asked: Instant,
    /// Up to where the blocks were taken, in bytes.
    pub covered: u64,
    /// How many lines stand before that.
    pub lines: u64,
    /// The last block, which growth may cut elsewhere.
    pub open: Option<Extent>,
    /// What the dates so far say of the order of day and month.
    pub order: Order,
}

enum Way {
    /// In the caller's thread.
    Inline(Box<(Cutter, Tools)>),
    /// On threads of its own.
    Threads(Ordered<Summing>),
}

impl Builder {
    /// Will sum up `extent`, which begins `lines` lines into the file, in what `spec` says.
    pub fn new(source: &Arc<Source>, extent: Extent, lines: u64, spec: &Spec, threads: usize) -> Self {
        let worth = (extent.len() / BLOCK as u64 / 2) as usize;
        let threads = threads.min(worth.max(usize::from(maps::are_forced())));
        Self {
            source: Arc::clone(source),
            end: extent.end,
            threads,
            way: Way::new(source, extent, spec, threads),
            ready: VecDeque::new(),
            failed: None,
            over: false,
            asked: Instant::now(),
            covered: extent.start,
            lines,
            open: None,
            order: Order::default(),
        }
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
        loop {
            if let Some(sum) = self.ready.pop_front() {
                return self.append(fold, steps, &sum).map(Some);
            }
            if let Some(error) = self.failed.take() {
                return Err(error);
            }
            if self.over {
                return Ok(None);
            }
            let run = self.next_run(fold, steps.is_some(), tick)?;
            self.over = run.over || run.error.is_some();
            (self.open, self.failed, self.ready) = (run.open, run.error, run.sums.into());
        }
    }

    fn append(&mut self, fold: &mut Fold, steps: Option<&mut StepState>, sum: &Sum) -> Result<Entry> {
        let mut entry = match sum.digest.append(fold, sum.extent, self.lines) {
            Some(entry) => entry,
            None => fold_again(&self.source, fold, sum.extent, self.lines)?,
        };
        entry.steps = sum.digest.append_steps(steps);
        self.covered = sum.extent.end;
        self.order.join(sum.digest.order());
        self.lines += entry.lines;
        Ok(entry)
    }

    fn next_run(&mut self, fold: &Fold, steps: bool, tick: Tick<'_>) -> Result<Summed> {
        if self.asked.elapsed() > TICK {
            self.asked = Instant::now();
            tick()?;
        }
        match &mut self.way {
            Way::Inline(inline) => {
                let (cutter, tools) = &mut **inline;
                let (mut stopped, begun) = (None, cutter.place());
                let cut = Cut::take(cutter, &self.source, self.end, &mut || {
                    tick().map_err(|error| {
                        stopped = Some(error);
                        Error::Interrupted
                    })
                });
                if let Some(error) = stopped {
                    cutter.go_back(begun);
                    return Err(error);
                }
                Ok(cut.sum_up(&self.source, None, tools))
            }
            Way::Threads(threads) => {
                if !threads.is_ours() {
                    // A forked process has none of its parent's threads, and their locks may be held for ever.
                    let rest = Extent { start: self.covered, end: self.end };
                    let spec = Spec { finder: fold.finder.clone(), steps };
                    let fresh = Way::new(&self.source, rest, &spec, self.threads);
                    drop(std::mem::replace(&mut self.way, fresh));
                    return self.next_run(fold, steps, tick);
                }
                threads.next(tick)
            }
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
    let digest = Digest::of(&mut fold.finder.clone(), block.bytes(), steps.is_some());
    let mut entry =
        digest.append(fold, extent, lines).unwrap_or_else(|| exact(fold, extent, lines, block.bytes()));
    entry.steps = digest.append_steps(steps);
    Ok((entry, digest.order()))
}

/// The blocks of one turn.
#[derive(Default)]
struct Cut {
    extents: Vec<Extent>,
    open: Option<Extent>,
    error: Option<Error>,
    over: bool,
}

impl Cut {
    /// The next blocks whose cuts are final, in a file that ends at `end`.
    fn take(cutter: &mut Cutter, source: &Source, end: u64, tick: Tick<'_>) -> Self {
        let (mut cut, mut length) = (Self::default(), 0);
        while length < (RUN * BLOCK) as u64 && cut.extents.len() < RUN && !cut.over {
            match cutter.cut(source, tick) {
                Ok(Some(extent)) if extent.end < end => {
                    length += extent.len();
                    cut.extents.push(extent);
                }
                Ok(open) => (cut.open, cut.over) = (open, true),
                Err(error) => (cut.error, cut.over) = (Some(error), true),
            }
        }
        cut
    }

    fn sum_up(self, source: &Source, maps: Option<&Maps>, tools: &mut Tools) -> Summed {
        let Tools { spec: Spec { finder, steps }, block, held, pace } = tools;
        let steps = *steps;
        let (turn, length) = (pace.begin(), self.extents.iter().map(Extent::len).sum());
        // What is told by place is asked with the place of each block.
        let maps = maps.filter(|maps| (turn.first || maps.are_forced()) && !finder.is_told());
        let in_place =
            maps.map(|maps| maps.look(&self.extents, held, |bytes| digest_in_place(finder, bytes, steps)));
        let mut in_place = in_place.into_iter().flatten();
        let Self { extents, open, error, over } = self;
        let mut run = Summed { sums: Vec::with_capacity(extents.len()), open, error, over };
        for extent in extents {
            if let Some(digest) = in_place.next() {
                run.sums.push(Sum { extent, digest });
                continue;
            }
            if let Err(error) = block.read(source, extent) {
                return Summed { sums: run.sums, open: None, error: Some(error), over: true };
            }
            finder.stand_at(extent.start);
            run.sums.push(Sum { extent, digest: Digest::of(finder, block.bytes(), steps) });
        }
        pace.end(turn, length);
        run
    }
}

/// The summary of a block that is seen in place; `None` where holes must be dropped from it first.
fn digest_in_place(finder: &mut Finder, bytes: &[u8], steps: bool) -> Option<Digest> {
    (!may_hold_hole(bytes)).then(|| Digest::of(finder, bytes, steps))
}

/// In what blocks are summed up.
#[derive(Clone)]
pub struct Spec {
    /// What finds their stamps.
    pub finder: Finder,
    /// Whether their steps are wanted too.
    pub steps: bool,
}

/// What one thread sums up with.
struct Tools {
    spec: Spec,
    block: Block,
    held: Held,
    pace: Pace,
}

impl Tools {
    fn new(spec: &Spec) -> Self {
        Self { spec: spec.clone(), block: Block::default(), held: Held::default(), pace: Pace::default() }
    }
}

/// The summary of one block.
struct Sum {
    extent: Extent,
    digest: Digest,
}

/// The summaries of one turn's blocks, and what came after them.
struct Summed {
    sums: Vec<Sum>,
    open: Option<Extent>,
    error: Option<Error>,
    over: bool,
}

/// What the threads of a builder do.
struct Summing {
    source: Arc<Source>,
    maps: Option<Maps>,
    spec: Spec,
    /// Where the file ends.
    end: u64,
    halt: Arc<AtomicBool>,
}

impl Work for Summing {
    type Cutter = Cutter;
    type Piece = Cut;
    type Done = Summed;
    type Tools = Tools;
    const NAME: &'static str = "logdex-index";

    fn tools(&self) -> Tools {
        Tools::new(&self.spec)
    }

    fn cut(&self, cutter: &mut Cutter, _: u64, _: &mut Tools) -> (Cut, bool) {
        let cut = Cut::take(cutter, &self.source, self.end, &mut || Ok(()));
        let last = cut.over;
        (cut, last)
    }

    fn run(&self, cut: Cut, tools: &mut Tools) -> Summed {
        cut.sum_up(&self.source, self.maps.as_ref(), tools)
    }

    fn failed(&self, error: Error) -> Summed {
        Summed { sums: Vec::new(), open: None, error: Some(error), over: true }
    }

    fn is_over(summed: &Summed) -> bool {
        summed.error.is_some()
    }

    fn halt(&self) {
        // The end of a long line may be far away.
        self.halt.store(true, Ordering::Relaxed);
    }
}

impl Way {
    fn new(source: &Arc<Source>, extent: Extent, spec: &Spec, threads: usize) -> Self {
        // Only threads of our own look at maps.
        let maps = if threads > 0 { Maps::of(source, extent) } else { None };
        let cutter = Cutter::new(extent);
        if threads > 1 || maps.is_some() {
            let (source, spec) = (Arc::clone(source), spec.clone());
            let halt = Arc::clone(&cutter.halt);
            let work = Summing { source, maps, spec, end: extent.end, halt };
            if let Ok(pool) = Ordered::start(work, cutter, threads, (WINDOW * threads) as u64) {
                return Self::Threads(pool);
            }
        }
        Self::Inline(Box::new((Cutter::new(extent), Tools::new(spec))))
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
