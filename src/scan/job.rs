//! What a scan does with each run of blocks, on whichever thread.

use std::iter::repeat;
use std::sync::Arc;

use super::hint::Hints;
use super::purpose::{Counters, Purpose};
use super::run::{RunExtents, RunSize, WIDE};
use super::sieve::{Mesh, Sieve};
use crate::batch::{Batch, Selection};
use crate::error::{Error, Result};
use crate::file::block::{BLOCK, Block, Cutter, Extent, Tail};
use crate::file::maps::Maps;
use crate::file::source::{Look, Source};
use crate::level::{Level, Set};
use crate::line;
use crate::pattern::{Candidate, Pattern, Scratch};

/// What a scan does with each block; shared by its workers.
///
/// It knows nothing of threads or order: the same job runs in the caller's thread where a range is short, and gives the
/// same.
#[derive(Clone, Debug)]
pub struct Job {
    /// The file.
    pub source: Arc<Source>,
    /// Which lines; all if `None`.
    pub pattern: Option<Arc<Pattern>>,
    /// What is asked of lines besides that.
    pub sieve: Option<Arc<Sieve>>,
    /// What for.
    pub purpose: Purpose,
    /// Where a hole ended when the file was looked at: NULs that stand there by now go on with it, however few.
    pub behind_hole: Option<u64>,
    /// Others write to the file and cut it: a follow's, which is never mapped.
    pub live: bool,
    /// Its blocks are those of an index, which has the state at the beginning of each: they are cut as that cut them.
    pub of_index: bool,
}

/// The result of a run of extents.
#[derive(Debug, Default)]
pub(super) struct Scanned {
    pub(super) batches: Vec<Batch>,
    pub(super) counters: Counters,
    /// What ended the scan after these batches.
    pub(super) error: Option<Error>,
    /// Where in the file the run ended.
    pub(super) end: u64,
    /// The last bytes of the run.
    pub(super) tail: Tail,
    /// Whether no run follows.
    pub(super) last: bool,
    /// Which levels the lines of each block have of which all were told.
    pub(super) told: Vec<(Extent, Set)>,
}

/// What one worker keeps between runs.
#[derive(Default)]
pub(super) struct Workspace {
    scratch: Option<Scratch>,
    mesh: Mesh,
    hints: Hints,
    pub(super) spare: Vec<Block>,
    /// The last run had nothing to hand over.
    barren: bool,
}

impl Workspace {
    /// What the next run of `job` takes.
    pub(super) fn run_size(&self, job: &Job) -> RunSize {
        match self.barren {
            // Cut again, what was cut wide has its blocks elsewhere than if each had been cut by itself.
            true if self.hints.looked() && !job.of_index => RunSize::LOOK,
            true => RunSize::BARREN,
            false => RunSize::USUAL,
        }
    }

    /// Keeps a buffer for a later block, unless one long line has made it large.
    pub(super) fn keep(&mut self, block: Block) {
        if block.bytes().len() <= 2 * BLOCK {
            self.spare.push(block);
        }
    }
}

impl Job {
    /// Maps of the range that it scans, where something is to be seen in them: blocks that need not be read.
    pub(super) fn maps(&self, extent: Extent) -> Option<Maps> {
        let picks = self.pattern.is_some() && !matches!(self.purpose, Purpose::EveryBlock { .. });
        if picks && !self.live { Maps::of(&self.source, extent) } else { None }
    }

    pub(super) fn run(&self, cut: RunExtents, maps: Option<&Maps>, workspace: &mut Workspace) -> Scanned {
        let mut run = Scanned { last: cut.is_last, ..Scanned::default() };
        run.counters.holes = cut.holes;
        run.tail = Tail::unknown(cut.extents.first().map_or(0, |first| first.start));
        let known = self.barren(&cut.extents, maps, workspace).into_iter().chain(repeat(false));
        for (&extent, is_barren) in cut.extents.iter().zip(known) {
            if is_barren {
                run.counters.bytes_read += extent.len();
                (run.end, run.tail) = (extent.end, Tail::unknown(extent.end));
                continue;
            }
            if let Err(error) = self.read(extent, cut.is_wide, workspace, &mut run) {
                run.error = Some(error);
                return run;
            }
        }
        workspace.hints.done(run.counters.bytes_read);
        workspace.barren = run.batches.is_empty();
        run.error = cut.error;
        run
    }

    /// Reads an extent, block by block, and takes what is wanted of it.
    fn read(
        &self,
        extent: Extent,
        is_wide: bool,
        workspace: &mut Workspace,
        run: &mut Scanned,
    ) -> Result<()> {
        // A longer one is one line.
        if !is_wide || extent.len() > WIDE {
            return self.read_block(extent, workspace, run);
        }
        let mut blocks = Cutter::new(extent);
        while let Some(block) = blocks.cut(&self.source, &mut || Ok(()))? {
            self.read_block(block, workspace, run)?;
        }
        run.counters.holes += blocks.holes;
        Ok(())
    }

    fn read_block(&self, extent: Extent, workspace: &mut Workspace, run: &mut Scanned) -> Result<()> {
        let mut block = workspace.spare.pop().unwrap_or_default();
        let read = block.read(&self.source, extent);
        if self.behind_hole == Some(extent.start) {
            block.drop_first_nuls();
        }
        let checked = read.and(self.check(extent, &mut block));
        run.tail.extend_with_block(&block);
        run.counters.bytes_read += extent.len();
        run.counters.holes += block.holes();
        run.end = if checked.is_ok() { extent.end } else { block.end().max(extent.start) };
        workspace.mesh.told = None;
        self.select(block, workspace, run);
        run.told.extend(workspace.mesh.told.map(|levels| (extent, levels)));
        checked
    }

    /// Which of `extents` need not be read, as far as it is known.
    fn barren(&self, extents: &[Extent], maps: Option<&Maps>, workspace: &mut Workspace) -> Vec<bool> {
        let Some(pattern) = &self.pattern else { return Vec::new() };
        let scratch = workspace.scratch.get_or_insert_with(|| pattern.scratch());
        workspace.hints.barren(maps, extents, pattern, scratch)
    }

    /// Looks at the file again after a read: what was read of a file that was written anew is no line of it.
    fn check(&self, extent: Extent, block: &mut Block) -> Result<()> {
        let look = self.source.look(extent.end)?;
        if look == Look::Rewritten {
            *block = Block::default();
        }
        self.source.accept(look, extent.end)
    }

    fn select(&self, mut block: Block, workspace: &mut Workspace, run: &mut Scanned) {
        let selection = match &self.pattern {
            None if self.purpose == Purpose::Count && self.sieve.is_none() => {
                run.counters.counted += line::count(block.bytes());
                Selection::Picked(Vec::new())
            }
            None => Selection::All(line::ends(block.bytes())),
            Some(pattern) => Selection::Picked(self.pick(pattern, &block, workspace, run)),
        };
        let (selection, levels) = self.sift(&block, selection, &mut workspace.mesh, run);
        let is_empty = match &selection {
            Selection::All(ends) => ends.is_empty(),
            Selection::Picked(picked) => {
                picked.is_empty() && !matches!(self.purpose, Purpose::EveryBlock { .. })
            }
        };
        if is_empty {
            workspace.keep(block);
            return;
        }
        if matches!(self.purpose, Purpose::Text | Purpose::EveryBlock { decoded: true }) {
            block.decode();
        }
        run.batches.push(Batch { levels, ..Batch::new(block, selection) });
    }

    /// What the sieve leaves of `selection`, and the levels of the lines; where only their number is wanted, those that
    /// are certain are counted.
    fn sift(
        &self,
        block: &Block,
        selection: Selection,
        mesh: &mut Mesh,
        run: &mut Scanned,
    ) -> (Selection, Vec<(usize, Level)>) {
        let Some(sieve) = &self.sieve else { return (selection, Vec::new()) };
        let (mut selection, levels) = sieve.sift(block, &self.source, selection, mesh);
        if self.purpose == Purpose::Count
            && let Selection::Picked(picked) = &mut selection
        {
            let all = picked.len();
            picked.retain(|candidate| !candidate.certain);
            run.counters.counted += (all - picked.len()) as u64;
        }
        (selection, levels)
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
        let (selection, levels) = self.sift(&block, selection, &mut Mesh::default(), &mut Scanned::default());
        Batch { levels, ..Batch::new(block, selection) }
    }

    fn pick(
        &self,
        pattern: &Pattern,
        block: &Block,
        workspace: &mut Workspace,
        run: &mut Scanned,
    ) -> Vec<Candidate> {
        let scratch = workspace.scratch.get_or_insert_with(|| pattern.scratch());
        let mut picked = Vec::new();
        if self.purpose == Purpose::Count && self.sieve.is_none() {
            run.counters.counted += pattern.count(block.bytes(), scratch, &mut picked);
        } else {
            pattern.scan(block.bytes(), scratch, &mut picked);
        }
        picked
    }
}
