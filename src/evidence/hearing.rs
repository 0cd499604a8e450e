//! Blocks heard by themselves, on any thread: their lines timed, those found that tell something, and what each speaker says.

use std::sync::Arc;

use crate::batch::Batch;
use crate::error::{Error, Result};
use crate::pattern::{Candidate, Pattern, Scratch};
use crate::system::relay::RelayWork;
use crate::timing::Timing;

use super::ear::Ear;
use super::passage::Passage;
use super::shapes::{Jury, Shapes};
use super::speaker::Key;

/// What the threads do.
pub(super) struct Hearing {
    shapes: Arc<Shapes>,
    /// What is an error, if the caller says so.
    errors: Option<Arc<Pattern>>,
    /// Lines that begin before this were heard already.
    from: u64,
}

/// A block to be heard.
pub(super) struct HearingTask {
    pub batch: Batch,
    /// What times its lines, if they are not timed.
    pub timing: Option<Box<Timing>>,
    /// By speaker, how wide the columns of its history are already.
    pub widths: Vec<(Key, i64)>,
}

/// What a thread hears with.
pub(super) struct HearingTools {
    ear: Ear,
    scratch: Scratch,
    chosen: Vec<Candidate>,
}

impl Hearing {
    pub(super) fn new(shapes: Arc<Shapes>, errors: Option<Arc<Pattern>>, from: u64) -> Self {
        Self { shapes, errors, from }
    }

    /// What the lines of a batch say by themselves that were not heard already. `None` where a judge has to decide on one of
    /// them, or the last is not whole.
    fn hear(&self, batch: &Batch, widths: &[(Key, i64)], tools: &mut HearingTools) -> Option<Passage> {
        let bytes = batch.block.bytes();
        let is_whole = bytes.ends_with(b"\n") && batch.times.len() as u64 == batch.len();
        if !is_whole {
            return None;
        }
        let looked = tools.ear.look(batch, self.from, &mut NoJury).ok()?;
        let chosen = match &self.errors {
            None => None,
            Some(errors) => {
                tools.chosen.clear();
                errors.scan(bytes, &mut tools.scratch, &mut tools.chosen);
                Some(tools.chosen.as_slice())
            }
        };
        let is_certain = chosen.is_none_or(|chosen| chosen.iter().all(|candidate| candidate.certain));
        is_certain.then(|| Passage::of(batch, looked, chosen, widths))
    }
}

impl RelayWork for Hearing {
    type Task = HearingTask;
    type Done = (Batch, Option<Passage>);
    type Tools = HearingTools;
    const NAME: &'static str = "logdex-ranks";
    const WINDOW: usize = 3;
    const FEW: usize = 8;

    fn tools(&self) -> HearingTools {
        HearingTools { ear: self.shapes.ear(), scratch: Scratch::default(), chosen: Vec::new() }
    }

    fn run(
        &self,
        HearingTask { mut batch, timing, widths }: HearingTask,
        tools: &mut HearingTools,
    ) -> (Batch, Option<Passage>) {
        if let Some(mut timing) = timing {
            timing.sift(&mut batch);
        }
        let passage = self.hear(&batch, &widths, tools);
        (batch, passage)
    }
}

/// Nobody who could decide is on these threads.
struct NoJury;

impl Jury for NoJury {
    fn judge(&mut self, _: usize, _: &[u8], _: &mut Vec<Candidate>) -> Result<()> {
        Err(Error::Interrupted)
    }
}
