//! Building: blocks are summed up on all cores, and put behind one another in order.

use std::collections::BTreeMap;
use std::io::{IsTerminal, Write};
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, sync_channel};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use crate::block::{BLOCK, Block, Cutter, Extent};
use crate::error::Result;
use crate::source::Source;
use crate::stamp::{Finder, Fold};

use super::digest::Digest;
use super::entry::{Entry, exact};

/// How often the caller is asked whether to go on.
const TICK: Duration = Duration::from_millis(50);
/// After how long a terminal is told how far it is.
const PATIENCE: Duration = Duration::from_secs(1);

/// What is asked now and then while the index is built: whether to go on.
pub type Tick<'t> = &'t mut dyn FnMut() -> Result<()>;

/// The end of what was built.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Built {
    /// Up to where the file has whole blocks, whose cuts stay when it grows.
    pub covered: u64,
    /// How many lines stand before that.
    pub lines: u64,
    /// The last block, which growth may cut elsewhere.
    pub open: Option<Extent>,
}

/// Sums up the whole blocks of `extent`, which begins where `fold` stands, `lines` lines into the file; each is given
/// to `keep`.
pub fn build(
    source: &Source,
    extent: Extent,
    lines: u64,
    fold: &mut Fold,
    threads: usize,
    tick: Tick<'_>,
    keep: &mut dyn FnMut(Entry),
) -> Result<Built> {
    let cuts = Mutex::new(Cuts { cutter: Cutter::new(extent), end: extent.end, next: 0, open: None });
    let mut order = Order { source, fold, keep, covered: extent.start, lines };
    let threads = threads.min((extent.len() / BLOCK as u64 / 2) as usize).max(1);
    if threads == 1 {
        let (mut finder, mut block) = (order.fold.finder.clone(), Block::default());
        let mut asked = Instant::now();
        while let Some(sum) = sum_up(&cuts, source, &mut finder, &mut block)? {
            order.append(&sum)?;
            if asked.elapsed() > TICK {
                asked = Instant::now();
                tick()?;
            }
        }
    } else {
        on_threads(&cuts, threads, &mut order, extent, tick)?;
    }
    let (covered, lines) = (order.covered, order.lines);
    let open = cuts.into_inner().unwrap_or_else(PoisonError::into_inner).open;
    Ok(Built { covered, lines, open })
}

/// Where the next block is cut, and which number it has.
struct Cuts {
    cutter: Cutter,
    end: u64,
    next: usize,
    open: Option<Extent>,
}

impl Cuts {
    /// The next block whose cut is final.
    fn cut(&mut self, source: &Source) -> Result<Option<(usize, Extent)>> {
        match self.cutter.cut(source)? {
            Some(extent) if extent.end < self.end => {
                self.next += 1;
                Ok(Some((self.next - 1, extent)))
            }
            open => {
                self.open = open.or(self.open);
                Ok(None)
            }
        }
    }
}

/// The summary of one block, and its place.
struct Sum {
    number: usize,
    extent: Extent,
    digest: Digest,
}

fn sum_up(
    cuts: &Mutex<Cuts>,
    source: &Source,
    finder: &mut Finder,
    block: &mut Block,
) -> Result<Option<Sum>> {
    let cut = cuts.lock().unwrap_or_else(PoisonError::into_inner).cut(source)?;
    let Some((number, extent)) = cut else { return Ok(None) };
    block.read(source, extent)?;
    Ok(Some(Sum { number, extent, digest: Digest::of(finder, block.bytes()) }))
}

/// Puts blocks behind one another.
struct Order<'a> {
    source: &'a Source,
    fold: &'a mut Fold,
    keep: &'a mut dyn FnMut(Entry),
    covered: u64,
    lines: u64,
}

impl Order<'_> {
    fn append(&mut self, sum: &Sum) -> Result<()> {
        let entry = if let Some(entry) = sum.digest.append(self.fold, sum.extent, self.lines) {
            entry
        } else {
            let mut block = Block::default();
            block.read(self.source, sum.extent)?;
            exact(self.fold, sum.extent, self.lines, block.bytes())
        };
        self.covered = sum.extent.end;
        self.lines += entry.lines;
        (self.keep)(entry);
        Ok(())
    }
}

fn on_threads(
    cuts: &Mutex<Cuts>,
    threads: usize,
    order: &mut Order<'_>,
    extent: Extent,
    tick: Tick<'_>,
) -> Result<()> {
    let source = order.source;
    let finder = order.fold.finder.clone();
    std::thread::scope(|scope| {
        // The channel is short, so that few summaries wait; closing it ends the workers.
        let (send, receive) = sync_channel(2 * threads);
        for _ in 0..threads {
            let (send, finder) = (send.clone(), finder.clone());
            scope.spawn(move || work(cuts, source, finder, &send));
        }
        drop(send);
        collect(&receive, order, extent, tick)
    })
}

fn work(cuts: &Mutex<Cuts>, source: &Source, mut finder: Finder, send: &SyncSender<Result<Sum>>) {
    let mut block = Block::default();
    while let Some(sum) = sum_up(cuts, source, &mut finder, &mut block).transpose() {
        let failed = sum.is_err();
        if send.send(sum).is_err() || failed {
            return;
        }
    }
}

fn collect(
    receive: &Receiver<Result<Sum>>,
    order: &mut Order<'_>,
    extent: Extent,
    tick: Tick<'_>,
) -> Result<()> {
    let (mut waiting, mut next) = (BTreeMap::new(), 0);
    let mut progress = Progress::new();
    let mut asked = Instant::now();
    loop {
        match receive.recv_timeout(TICK) {
            Ok(sum) => {
                let sum = sum?;
                waiting.insert(sum.number, sum);
                while let Some(sum) = waiting.remove(&next) {
                    order.append(&sum)?;
                    next += 1;
                }
            }
            Err(RecvTimeoutError::Timeout) => {}
            Err(RecvTimeoutError::Disconnected) => return Ok(()),
        }
        if asked.elapsed() >= TICK {
            asked = Instant::now();
            progress.tell(order.covered - extent.start, extent.len());
            tick()?;
        }
    }
}

/// Tells a terminal how far it is, once it takes long.
struct Progress {
    started: Instant,
    told: bool,
}

impl Progress {
    fn new() -> Self {
        Self { started: Instant::now(), told: false }
    }

    fn tell(&mut self, done: u64, all: u64) {
        if self.started.elapsed() > PATIENCE && std::io::stderr().is_terminal() {
            self.told = true;
            let _ = write!(std::io::stderr(), "\rlogdex: indexing {} %", done * 100 / all.max(1));
        }
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        if self.told {
            let _ = write!(std::io::stderr(), "\r\x1b[K");
        }
    }
}
