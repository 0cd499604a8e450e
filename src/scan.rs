//! A scan: every line of a range of the file, or those that a pattern picks, in order, on all cores.
//!
//! Workers take runs of extents in file order, read and search them, and lay the result down under its number; the
//! consumer takes the results in order. What is in flight is bounded, so a slow consumer stops the workers.

use std::collections::BTreeMap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use crate::block::{BLOCK, Block, Cutter, Extent};
use crate::error::{Error, Result};
use crate::line;
use crate::pattern::{Candidate, Judge, Pattern, Scratch};
use crate::source::{Look, Source};
use crate::timing::LineTime;

/// How many extents make one run: enough work to make handing it over cheap, little enough for a first result soon.
const RUN: usize = 4;

/// How long the consumer waits before it asks its caller whether to go on.
const PULSE: Duration = Duration::from_millis(20);

/// Which lines of a batch are meant.
#[derive(Debug)]
pub enum Selection {
    /// Every line of the block, and where each ends.
    All(Vec<usize>),
    /// These, in order.
    Picked(Vec<Candidate>),
}

/// A block and the lines of it that are meant.
#[derive(Debug)]
pub struct Batch {
    /// The block, decoded if the job asked for it.
    pub block: Block,
    /// The lines of it that are meant.
    pub selection: Selection,
    /// Their times, one for each, where the question is about time; else empty.
    pub times: Vec<LineTime>,
}

impl Batch {
    /// The lines of `block` that `selection` means.
    pub fn new(block: Block, selection: Selection) -> Self {
        Self { block, selection, times: Vec::new() }
    }

    /// Whether no line is meant.
    pub fn is_empty(&self) -> bool {
        match &self.selection {
            Selection::All(ends) => ends.is_empty(),
            Selection::Picked(candidates) => candidates.is_empty(),
        }
    }

    /// How many lines are meant.
    pub fn len(&self) -> u64 {
        match &self.selection {
            Selection::All(ends) => ends.len() as u64,
            Selection::Picked(candidates) => candidates.len() as u64,
        }
    }

    /// Drops the first of the lines that are meant, at most `count`; returns how many that were.
    pub fn drop_first(&mut self, count: u64) -> u64 {
        if matches!(self.selection, Selection::All(_)) {
            let all = line::lines(self.block.bytes());
            self.selection = Selection::Picked(all.map(|line| Candidate { line, certain: true }).collect());
        }
        let Selection::Picked(candidates) = &mut self.selection else { return 0 };
        let dropped = candidates.len().min(usize::try_from(count).unwrap_or(usize::MAX));
        candidates.drain(..dropped);
        self.times.drain(..dropped.min(self.times.len()));
        dropped as u64
    }

    /// Lets `judge` decide on the lines that are not certain.
    pub fn judge(&mut self, judge: &mut (impl Judge + ?Sized)) -> Result<()> {
        let Selection::Picked(candidates) = &mut self.selection else { return Ok(()) };
        if candidates.iter().all(|c| c.certain) {
            return Ok(());
        }
        let asked = if self.times.is_empty() { Vec::new() } else { candidates.clone() };
        judge.judge(self.block.bytes(), candidates)?;
        let mut kept = candidates.iter().peekable();
        let mut asked = asked.iter();
        self.times.retain(|_| asked.next().is_some_and(|c| kept.next_if(|k| k.line == c.line).is_some()));
        Ok(())
    }
}

/// What was read, in numbers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    /// Bytes of the file that were read.
    pub bytes_read: u64,
    /// Bytes that an index made it needless to read.
    pub bytes_skipped: u64,
    /// Holes that were dropped.
    pub holes: u64,
    /// Lines that were counted and not delivered.
    pub counted: u64,
}

impl Tally {
    /// Adds what `other` counted.
    pub fn add(&mut self, other: Tally) {
        self.bytes_read += other.bytes_read;
        self.bytes_skipped += other.bytes_skipped;
        self.holes += other.holes;
        self.counted += other.counted;
    }
}

/// What becomes of the lines that a job selects.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Purpose {
    /// Their text is wanted.
    Text,
    /// Their bytes are wanted, be they text or not.
    Bytes,
    /// All blocks are wanted, selected lines or not, for somebody must see every line.
    EveryBlock,
    /// Only their number is wanted.
    Count,
}

/// What a scan does with each block; shared by its workers.
#[derive(Clone, Debug)]
pub struct Job {
    /// The file.
    pub source: Arc<Source>,
    /// Which lines; all if `None`.
    pub pattern: Option<Arc<Pattern>>,
    /// What for.
    pub purpose: Purpose,
}

/// The result of a run of extents.
#[derive(Debug, Default)]
struct Run {
    batches: Vec<Batch>,
    tally: Tally,
    /// What ended the scan after these batches.
    error: Option<Error>,
    /// Where in the file the run ended.
    end: u64,
    /// Whether no run follows.
    last: bool,
}

/// What one worker keeps between runs.
#[derive(Default)]
struct Bench {
    scratch: Option<Scratch>,
    spare: Vec<Block>,
}

impl Bench {
    /// Keeps a buffer for a later block, unless one long line has made it large.
    fn keep(&mut self, block: Block) {
        if block.bytes().len() <= 2 * BLOCK {
            self.spare.push(block);
        }
    }
}

impl Job {
    fn run(&self, cut: Cut, bench: &mut Bench) -> Run {
        let mut run = Run { last: cut.is_last(), ..Run::default() };
        run.tally.holes = cut.holes;
        for &extent in &cut.extents {
            run.end = extent.end;
            let mut block = bench.spare.pop().unwrap_or_default();
            let read = block.read(&self.source, extent);
            let checked = read.and(self.check(extent, &mut block));
            run.tally.bytes_read += extent.len();
            run.tally.holes += block.holes();
            self.select(block, bench, &mut run);
            if let Err(error) = checked {
                run.error = Some(error);
                return run;
            }
        }
        run.error = cut.error;
        run
    }

    /// Looks at the file again after a read: what was read of a file that was written anew is no line of it.
    fn check(&self, extent: Extent, block: &mut Block) -> Result<()> {
        if self.source.look(extent.end)? == Look::Rewritten {
            *block = Block::default();
        }
        self.source.insist(extent.end)
    }

    fn select(&self, mut block: Block, bench: &mut Bench, run: &mut Run) {
        let selection = match &self.pattern {
            None if self.purpose == Purpose::Count => {
                run.tally.counted += line::count(block.bytes());
                Selection::Picked(Vec::new())
            }
            None => Selection::All(line::ends(block.bytes())),
            Some(pattern) => Selection::Picked(self.pick(pattern, &block, bench, run)),
        };
        let empty = match &selection {
            Selection::All(ends) => ends.is_empty(),
            Selection::Picked(picked) => picked.is_empty() && self.purpose != Purpose::EveryBlock,
        };
        if empty {
            bench.keep(block);
            return;
        }
        if matches!(self.purpose, Purpose::Text | Purpose::EveryBlock) {
            block.decode();
        }
        run.batches.push(Batch::new(block, selection));
    }

    /// The lines of a block that was read elsewhere.
    pub fn look(&self, block: Block) -> Batch {
        let selection = match &self.pattern {
            None => Selection::All(line::ends(block.bytes())),
            Some(pattern) => {
                let mut picked = Vec::new();
                pattern.scan(block.bytes(), &mut pattern.scratch(), &mut picked);
                Selection::Picked(picked)
            }
        };
        Batch::new(block, selection)
    }

    fn pick(&self, pattern: &Pattern, block: &Block, bench: &mut Bench, run: &mut Run) -> Vec<Candidate> {
        let scratch = bench.scratch.get_or_insert_with(|| pattern.scratch());
        let mut picked = Vec::new();
        if self.purpose == Purpose::Count {
            run.tally.counted += pattern.count(block.bytes(), scratch, &mut picked);
        } else {
            pattern.scan(block.bytes(), scratch, &mut picked);
        }
        picked
    }
}

/// What the cutter gave for one run.
struct Cut {
    extents: Vec<Extent>,
    holes: u64,
    error: Option<Error>,
}

impl Cut {
    /// Takes the extents of the next run.
    fn take(cutter: &mut Cutter, source: &Source, first: bool) -> Self {
        let mut cut = Self { extents: Vec::new(), holes: 0, error: None };
        // The first run is one block, so that the first line does not wait for more.
        let most = if first { 1 } else { RUN };
        while cut.extents.len() < most && cut.error.is_none() {
            match cutter.cut(source) {
                Ok(Some(extent)) => cut.extents.push(extent),
                Ok(None) => break,
                Err(error) => cut.error = Some(error),
            }
        }
        cut.holes = std::mem::take(&mut cutter.holes);
        cut
    }

    /// Whether it was the last.
    fn is_last(&self) -> bool {
        self.extents.is_empty() || self.error.is_some()
    }
}

/// A scan under way.
pub struct Scan {
    job: Job,
    way: Way,
    ready: std::vec::IntoIter<Batch>,
    /// Where the next run begins, for a scan that must begin anew in a forked process.
    resume: u64,
    end: u64,
    over: bool,
    tally: Tally,
    failed: Option<Error>,
}

enum Way {
    /// In the caller's thread.
    Inline(Box<(Cutter, Bench, bool)>),
    /// On worker threads.
    Workers(Workers),
}

impl Scan {
    /// Scans `extent`, which begins at a line start, with `workers` threads; 0 means in the thread of the caller.
    pub fn new(job: Job, extent: Extent, workers: usize) -> Self {
        // A short range is read before a thread would have started.
        let short = extent.len() <= BLOCK as u64;
        let way = if workers == 0 || short {
            Way::Inline(Box::new((Cutter::new(extent), Bench::default(), true)))
        } else {
            Way::Workers(Workers::start(&job, extent, workers))
        };
        Self {
            job,
            way,
            ready: Vec::new().into_iter(),
            resume: extent.start,
            end: extent.end,
            over: false,
            tally: Tally::default(),
            failed: None,
        }
    }

    /// The next batch that has lines, or `None` at the end. `pulse` is called while nothing comes, at least every
    /// 50 ms; its error ends the wait, not the scan.
    pub fn next(&mut self, pulse: &mut dyn FnMut() -> Result<()>) -> Result<Option<Batch>> {
        loop {
            if let Some(batch) = self.ready.next() {
                return Ok(Some(batch));
            }
            if let Some(error) = self.failed.take() {
                return Err(error);
            }
            if self.over {
                return Ok(None);
            }
            let run = self.next_run(pulse)?;
            self.tally.add(run.tally);
            self.resume = self.resume.max(run.end);
            self.over = run.last || run.error.is_some();
            self.failed = run.error;
            self.ready = run.batches.into_iter();
        }
    }

    /// Gives a batch's buffer back, to be used for a later one.
    pub fn recycle(&mut self, batch: Batch) {
        match &mut self.way {
            Way::Inline(inline) => inline.1.keep(batch.block),
            Way::Workers(workers) => workers.recycle(batch.block),
        }
    }

    /// What was read so far.
    pub fn tally(&self) -> Tally {
        self.tally
    }

    fn next_run(&mut self, pulse: &mut dyn FnMut() -> Result<()>) -> Result<Run> {
        pulse()?;
        match &mut self.way {
            Way::Inline(inline) => {
                let (cutter, bench, first) = &mut **inline;
                let cut = Cut::take(cutter, &self.job.source, std::mem::take(first));
                Ok(self.job.run(cut, bench))
            }
            Way::Workers(workers) => {
                if workers.pid != std::process::id() {
                    // A forked process has none of its parent's threads, and their locks may be held for ever.
                    let rest = Extent { start: self.resume, end: self.end };
                    let fresh = Workers::start(&self.job, rest, workers.number);
                    std::mem::forget(std::mem::replace(workers, fresh));
                }
                workers.next(pulse)
            }
        }
    }
}

/// Worker threads and what they share with the consumer.
struct Workers {
    shared: Arc<Shared>,
    number: usize,
    pid: u32,
}

struct Shared {
    /// Held while a worker takes its turn at cutting, which may wait for the disk; so the consumer never takes it.
    cutter: Mutex<Cutter>,
    state: Mutex<State>,
    halt: Arc<AtomicBool>,
    room: Condvar,
    done: Condvar,
    window: u64,
}

#[derive(Default)]
struct State {
    issued: u64,
    delivered: u64,
    finished: BTreeMap<u64, Run>,
    /// No run is to be issued any more: the range is cut, a run failed, or nobody wants the rest.
    stopped: bool,
    spare: Vec<Block>,
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Workers {
    fn start(job: &Job, extent: Extent, number: usize) -> Self {
        let cutter = Cutter::new(extent);
        let shared = Arc::new(Shared {
            halt: Arc::clone(&cutter.halt),
            cutter: Mutex::new(cutter),
            state: Mutex::default(),
            room: Condvar::new(),
            done: Condvar::new(),
            window: number as u64 + 2,
        });
        let mut started = 0;
        for _ in 0..number {
            let (job, shared) = (job.clone(), Arc::clone(&shared));
            let thread = std::thread::Builder::new().name("logdex-scan".into());
            started += usize::from(thread.spawn(move || work(&job, &shared)).is_ok());
        }
        if started == 0 {
            // No thread is to be had: nobody will ever work, so say so in the first result's place.
            let mut state = shared.lock();
            let error =
                Error::Value("no thread could be started to read with; raise the limit on processes".into());
            state.finished.insert(0, Run { error: Some(error), end: extent.end, ..Run::default() });
        }
        Self { shared, number, pid: std::process::id() }
    }

    fn next(&mut self, pulse: &mut dyn FnMut() -> Result<()>) -> Result<Run> {
        let mut state = self.shared.lock();
        loop {
            let turn = state.delivered;
            if let Some(run) = state.finished.remove(&turn) {
                state.delivered += 1;
                self.shared.room.notify_one();
                return Ok(run);
            }
            let (woken, waited) =
                self.shared.done.wait_timeout(state, PULSE).unwrap_or_else(PoisonError::into_inner);
            state = woken;
            if waited.timed_out() {
                drop(state);
                pulse()?;
                state = self.shared.lock();
            }
        }
    }

    fn recycle(&mut self, block: Block) {
        let mut state = self.shared.lock();
        if state.spare.len() < RUN * self.number && block.bytes().len() <= 2 * BLOCK {
            state.spare.push(block);
        }
    }
}

impl Drop for Workers {
    fn drop(&mut self) {
        // Not joined: a thread may hang in a read on a dead network mount, and it holds nothing of the caller's.
        if self.pid == std::process::id() {
            self.shared.halt.store(true, Ordering::Relaxed);
            self.shared.lock().stopped = true;
            self.shared.room.notify_all();
        }
    }
}

/// One worker's life.
fn work(job: &Job, shared: &Shared) {
    let mut bench = Bench::default();
    while let Some((number, cut)) = take(job, shared, &mut bench) {
        let outcome = catch_unwind(AssertUnwindSafe(|| job.run(cut, &mut bench)));
        let run = outcome.unwrap_or_else(|_| Run {
            error: Some(Error::Bug("a worker panicked while it searched a block")),
            ..Run::default()
        });
        let mut state = shared.lock();
        state.stopped |= run.error.is_some();
        state.finished.insert(number, run);
        if state.delivered == number {
            shared.done.notify_one();
        }
    }
}

/// Waits for room and takes the next run, with its number.
fn take(job: &Job, shared: &Shared, bench: &mut Bench) -> Option<(u64, Cut)> {
    let mut cutter = shared.cutter.lock().unwrap_or_else(PoisonError::into_inner);
    let mut state = shared.lock();
    while !state.stopped && state.issued - state.delivered >= shared.window {
        state = shared.room.wait(state).unwrap_or_else(PoisonError::into_inner);
    }
    if state.stopped {
        return None;
    }
    let number = state.issued;
    state.issued += 1;
    while bench.spare.len() < RUN
        && let Some(block) = state.spare.pop()
    {
        bench.spare.push(block);
    }
    drop(state);
    let cut = Cut::take(&mut cutter, &job.source, number == 0);
    if cut.is_last() {
        shared.lock().stopped = true;
    }
    Some((number, cut))
}
