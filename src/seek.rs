//! A seek: the blocks that an index says a range of time needs, in order.
//!
//! Neighbouring blocks make one run, which is scanned like any range of the file. Where all lines of a run are asked
//! for, and nobody wants their times, they need not be timed at all.

use std::collections::VecDeque;
use std::sync::Arc;

use crate::batch::Batch;
use crate::block::{Block, Extent};
use crate::caller::Caller;
use crate::error::Result;
use crate::index::{Asked, Entry, Piece};
use crate::scan::{Job, Purpose, Scan, Tally};
use crate::timing::Timing;

/// Blocks that lie one behind the other, of which the same is asked.
struct Run {
    entries: VecDeque<Entry>,
    /// Whether each line must be timed.
    each: bool,
}

impl Run {
    fn extent(&self) -> Extent {
        let start = self.entries.front().map_or(0, |entry| entry.extent.start);
        let end = self.entries.back().map_or(start, |entry| entry.extent.end);
        Extent { start, end }
    }
}

/// A seek under way.
pub struct Seek {
    job: Job,
    workers: usize,
    runs: VecDeque<Run>,
    scan: Option<Scan>,
    tally: Tally,
}

impl Seek {
    /// Will bring the blocks of `pieces`; where `times` are wanted, every line of them is timed.
    pub fn new(job: Job, workers: usize, pieces: Vec<Piece>, times: bool) -> Self {
        let mut runs: VecDeque<Run> = VecDeque::new();
        for Piece { entry, asked } in pieces {
            let each = times || asked != Asked::All;
            match runs.back_mut() {
                Some(run) if run.each == each && run.extent().end == entry.extent.start => {
                    run.entries.push_back(entry);
                }
                _ => runs.push_back(Run { entries: VecDeque::from([entry]), each }),
            }
        }
        Self { job, workers, runs, scan: None, tally: Tally::default() }
    }

    /// The next batch, with only the lines that lie in the range; `None` at the end.
    pub fn next(
        &mut self,
        timing: &mut Timing,
        pulse: &mut dyn FnMut() -> Result<()>,
    ) -> Result<Option<Batch>> {
        loop {
            let Some(run) = self.runs.front_mut() else { return Ok(None) };
            let each = run.each;
            let extent = run.extent();
            if self.scan.is_none() && !each {
                run.entries.iter().for_each(|entry| timing.note_steps(entry));
            }
            let scan = self.scan.get_or_insert_with(|| {
                let purpose = if each { Purpose::EveryBlock } else { self.job.purpose };
                Scan::new(Job { purpose, ..self.job.clone() }, extent, self.workers)
            });
            if let Some(mut batch) = scan.next(pulse)? {
                if each {
                    enter(run, &batch.block, timing);
                    timing.sift(&mut batch);
                }
                return Ok(Some(batch));
            }
            self.tally.add(scan.tally());
            self.scan = None;
            self.runs.pop_front();
        }
    }

    /// Drops all blocks before those that hold the last `last` lines, found from the end backwards; returns how many
    /// lines of the rest come before those.
    pub fn keep_last(&mut self, last: u64, timing: &mut Timing, caller: &mut dyn Caller) -> Result<u64> {
        let (mut kept, mut found) = (VecDeque::<Run>::new(), 0);
        while let Some(run) = self.runs.back_mut().filter(|_| found < last) {
            let Some(entry) = run.entries.pop_back() else {
                self.runs.pop_back();
                continue;
            };
            let each = run.each;
            caller.pulse()?;
            found += self.selected(&entry, each, timing, caller)?;
            match kept.front_mut() {
                Some(run) if run.each == each && entry.extent.end == run.extent().start => {
                    run.entries.push_front(entry);
                }
                _ => kept.push_front(Run { entries: VecDeque::from([entry]), each }),
            }
        }
        self.runs = kept;
        Ok(found.saturating_sub(last))
    }

    /// How many lines of a block are selected.
    fn selected(
        &mut self,
        entry: &Entry,
        each: bool,
        timing: &Timing,
        caller: &mut dyn Caller,
    ) -> Result<u64> {
        let mut block = Block::default();
        block.read(&self.job.source, entry.extent)?;
        self.job.source.insist(entry.extent.end)?;
        self.tally.bytes_read += entry.extent.len();
        let mut batch = self.job.look(block);
        if each {
            timing.clone().enter(entry).sift(&mut batch);
        }
        batch.judge(caller)?;
        Ok(batch.len())
    }

    /// Where each block to come begins, and the earliest moment of any line from there on; in file order.
    pub fn floors(&self, timing: &mut Timing) -> Vec<(u64, i64)> {
        let entries = self.runs.iter().flat_map(|run| &run.entries);
        let mut floors: Vec<_> = entries.map(|e| (e.extent.start, timing.earliest(e))).collect();
        let mut floor = i64::MAX;
        for (_, earliest) in floors.iter_mut().rev() {
            floor = floor.min(*earliest);
            *earliest = floor;
        }
        floors
    }

    /// Gives a batch's buffer back.
    pub fn recycle(&mut self, batch: Batch) {
        if let Some(scan) = &mut self.scan {
            scan.recycle(batch);
        }
    }

    /// What was read so far.
    pub fn tally(&self) -> Tally {
        let mut tally = self.tally;
        if let Some(scan) = &self.scan {
            tally.add(scan.tally());
        }
        tally
    }

    /// Where the scan that has failed ended.
    pub fn reached(&self) -> u64 {
        self.scan.as_ref().map_or(0, Scan::reached)
    }

    /// The file.
    pub fn source(&self) -> &Arc<crate::source::Source> {
        &self.job.source
    }
}

/// Puts `timing` before the first line of `block`, which is the next block of `run`, or one behind it if that was empty.
fn enter(run: &mut Run, block: &Block, timing: &mut Timing) {
    let start = block.file_offset(0);
    while let Some(entry) = run.entries.pop_front() {
        if entry.extent.end > start {
            timing.enter(&entry);
            return;
        }
    }
}
