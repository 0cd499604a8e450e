//! Blocks looked at on all cores, and what is made of each taken in order.

use std::collections::VecDeque;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use crate::error::{Error, Result};
use crate::file::block::{BLOCK, Block, Cutter, Extent, Pulse, may_hold_hole};
use crate::file::maps::{self, HeldMap, Maps};
use crate::file::pace::Pace;
use crate::file::source::Source;
use crate::system::ordered::{Ordered, Work};

/// How often the caller is asked whether to go on.
const TICK: Duration = Duration::from_millis(50);
/// How many blocks a worker takes at a turn: enough to make handing them over cheap.
const RUN: usize = 4;
/// How many runs for each thread may have been begun and not been taken.
const WINDOW: usize = 4;

/// What is to be found out about each block; each thread has one of its own.
pub trait BlockLook: Clone + Send + Sync + 'static {
    /// What is found out.
    type Sum: Send + 'static;

    /// The name of the threads.
    const NAME: &'static str;

    /// Whether it may be seen in place, where others may change it meanwhile: then a look must be total on any bytes.
    fn may_be_in_place(&self) -> bool;

    /// Finds it out about a block that begins at `start` in the file.
    fn look(&mut self, text: &[u8], start: u64) -> Self::Sum;
}

/// Sums up the whole blocks of a range in order, on all cores, ahead of the one who takes them.
pub struct Sums<L: BlockLook> {
    source: Arc<Source>,
    end: u64,
    threads: usize,
    look: L,
    way: Way<L>,
    ready: VecDeque<(Extent, L::Sum)>,
    failed: Option<Error>,
    over: bool,
    asked: Instant,
    /// Up to where the blocks were taken, in bytes.
    pub covered: u64,
    /// The last block, which growth may cut elsewhere.
    pub open: Option<Extent>,
}

enum Way<L: BlockLook> {
    /// In the caller's thread.
    Inline(Box<(Cutter, Tools<L>)>),
    /// On threads of its own.
    Threads(Ordered<Looking<L>>),
}

impl<L: BlockLook> Sums<L> {
    /// Will have `look` look at the blocks of `extent`.
    pub fn new(source: &Arc<Source>, extent: Extent, look: &L, threads: usize) -> Self {
        let worth = (extent.len() / BLOCK as u64 / 2) as usize;
        let threads = threads.min(worth.max(usize::from(maps::are_forced())));
        Self {
            source: Arc::clone(source),
            end: extent.end,
            threads,
            look: look.clone(),
            way: Way::new(source, extent, look, threads),
            ready: VecDeque::new(),
            failed: None,
            over: false,
            asked: Instant::now(),
            covered: extent.start,
            open: None,
        }
    }

    /// The next block and what was found out about it; `None` after the last whole one.
    ///
    /// # Errors
    /// `Error::Io` and `Error::Truncated` where the file cannot be read on, after all blocks before that; what `tick`
    /// returns ends the wait, not the work.
    pub fn next(&mut self, tick: Pulse<'_>) -> Result<Option<(Extent, L::Sum)>> {
        loop {
            if let Some((extent, sum)) = self.ready.pop_front() {
                self.covered = extent.end;
                return Ok(Some((extent, sum)));
            }
            if let Some(error) = self.failed.take() {
                return Err(error);
            }
            if self.over {
                return Ok(None);
            }
            let run = self.next_run(tick)?;
            self.over = run.over || run.error.is_some();
            (self.open, self.failed, self.ready) = (run.open, run.error, run.sums.into());
        }
    }

    fn next_run(&mut self, tick: Pulse<'_>) -> Result<Summed<L>> {
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
                    let fresh = Way::new(&self.source, rest, &self.look, self.threads);
                    drop(std::mem::replace(&mut self.way, fresh));
                    return self.next_run(tick);
                }
                threads.next(tick)
            }
        }
    }
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
    fn take(cutter: &mut Cutter, source: &Source, end: u64, tick: Pulse<'_>) -> Self {
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

    fn sum_up<L: BlockLook>(self, source: &Source, maps: Option<&Maps>, tools: &mut Tools<L>) -> Summed<L> {
        let Tools { look, block, held, pace } = tools;
        let (turn, length) = (pace.begin(), self.extents.iter().map(Extent::len).sum());
        let maps = maps.filter(|maps| (turn.first || maps.are_forced()) && look.may_be_in_place());
        let mut starts = self.extents.iter().map(|extent| extent.start);
        // Nothing is made of a block from which holes must be dropped first.
        let mut see = |bytes: &[u8]| {
            let start = starts.next()?;
            (!may_hold_hole(bytes)).then(|| look.look(bytes, start))
        };
        let mut in_place = maps.map(|maps| maps.look(&self.extents, held, &mut see)).into_iter().flatten();
        let Self { extents, open, error, over } = self;
        let mut run = Summed { sums: Vec::with_capacity(extents.len()), open, error, over };
        for extent in extents {
            if let Some(sum) = in_place.next() {
                run.sums.push((extent, sum));
                continue;
            }
            if let Err(error) = block.read(source, extent) {
                return Summed { sums: run.sums, open: None, error: Some(error), over: true };
            }
            run.sums.push((extent, look.look(block.bytes(), extent.start)));
        }
        pace.end(turn, length);
        run
    }
}

/// What one thread sums up with.
struct Tools<L> {
    look: L,
    block: Block,
    held: HeldMap,
    pace: Pace,
}

impl<L: BlockLook> Tools<L> {
    fn new(look: &L) -> Self {
        Self { look: look.clone(), block: Block::default(), held: HeldMap::default(), pace: Pace::default() }
    }
}

/// The summaries of one turn's blocks, and what came after them.
struct Summed<L: BlockLook> {
    sums: Vec<(Extent, L::Sum)>,
    open: Option<Extent>,
    error: Option<Error>,
    over: bool,
}

/// What the threads do.
struct Looking<L> {
    source: Arc<Source>,
    maps: Option<Maps>,
    look: L,
    /// Where the file ends.
    end: u64,
    halt: Arc<AtomicBool>,
}

impl<L: BlockLook> Work for Looking<L> {
    type Cutter = Cutter;
    type Piece = Cut;
    type Done = Summed<L>;
    type Tools = Tools<L>;
    const NAME: &'static str = L::NAME;

    fn tools(&self) -> Tools<L> {
        Tools::new(&self.look)
    }

    fn cut(&self, cutter: &mut Cutter, _: u64, _: &mut Tools<L>) -> (Cut, bool) {
        let cut = Cut::take(cutter, &self.source, self.end, &mut || Ok(()));
        let last = cut.over;
        (cut, last)
    }

    fn run(&self, cut: Cut, tools: &mut Tools<L>) -> Summed<L> {
        cut.sum_up(&self.source, self.maps.as_ref(), tools)
    }

    fn failed(&self, error: Error) -> Summed<L> {
        Summed { sums: Vec::new(), open: None, error: Some(error), over: true }
    }

    fn is_over(summed: &Summed<L>) -> bool {
        summed.error.is_some()
    }

    fn halt(&self) {
        // The end of a long line may be far away.
        self.halt.store(true, Ordering::Relaxed);
    }
}

impl<L: BlockLook> Way<L> {
    fn new(source: &Arc<Source>, extent: Extent, look: &L, threads: usize) -> Self {
        // Only threads of our own look at maps.
        let maps = if threads > 0 { Maps::of(source, extent) } else { None };
        let cutter = Cutter::new(extent);
        if threads > 1 || maps.is_some() {
            let (source, look) = (Arc::clone(source), look.clone());
            let halt = Arc::clone(&cutter.halt);
            let work = Looking { source, maps, look, end: extent.end, halt };
            if let Ok(pool) = Ordered::start(work, cutter, threads, (WINDOW * threads) as u64) {
                return Self::Threads(pool);
            }
        }
        Self::Inline(Box::new((Cutter::new(extent), Tools::new(look))))
    }
}
