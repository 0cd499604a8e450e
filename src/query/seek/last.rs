//! The last lines of a range, found from its end backwards.

use std::collections::VecDeque;

use super::{Neighbours, Seek};
use crate::caller::Caller;
use crate::error::Result;
use crate::file::block::Block;
use crate::index::Entry;
use crate::timing::Timing;

impl Seek {
    /// Drops all blocks before those that hold the last `last` lines, found from the end backwards; returns how many
    /// lines of the rest come before those.
    pub fn keep_last(&mut self, last: u64, timing: &mut Timing, caller: &mut dyn Caller) -> Result<u64> {
        if timing.hangs_on_all() {
            return self.count_before(last, timing, caller);
        }
        let (mut kept, mut found) = (VecDeque::<Neighbours>::new(), 0);
        while let Some(run) = self.runs.back_mut().filter(|_| found < last) {
            let Some(entry) = run.entries.pop_back() else {
                self.runs.pop_back();
                continue;
            };
            let each = run.each;
            caller.pulse()?;
            found += self.selected(&entry, each, &mut timing.clone(), caller)?;
            match kept.front_mut() {
                Some(run) if run.each == each && entry.extent.end == run.extent().start => {
                    run.entries.push_front(entry);
                }
                _ => kept.push_front(Neighbours { entries: VecDeque::from([entry]), each }),
            }
        }
        self.runs = kept;
        Ok(found.saturating_sub(last))
    }

    /// How many selected lines come before the last `last`, where times hang on all lines before.
    fn count_before(&mut self, last: u64, timing: &Timing, caller: &mut dyn Caller) -> Result<u64> {
        let (mut timing, mut found) = (timing.clone(), 0);
        let blocks: Vec<_> =
            self.runs.iter().flat_map(|run| run.entries.iter().map(|e| (e.clone(), run.each))).collect();
        for (entry, each) in blocks {
            caller.pulse()?;
            found += self.selected(&entry, each, &mut timing, caller)?;
        }
        Ok(found.saturating_sub(last))
    }

    /// How many lines of a block are selected.
    fn selected(
        &mut self,
        entry: &Entry,
        each: bool,
        timing: &mut Timing,
        caller: &mut dyn Caller,
    ) -> Result<u64> {
        let mut block = Block::default();
        block.read(&self.job.source, entry.extent)?;
        self.job.source.insist(entry.extent.end)?;
        self.counters.bytes_read += entry.extent.len();
        let mut batch = self.job.look(block);
        if each {
            timing.enter(entry).sift(&mut batch);
        }
        batch.judge(caller)?;
        Ok(batch.len())
    }
}
