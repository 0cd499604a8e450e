//! Which lines of a block lie in a range of time: the fold of [`crate::stamp`], from where the index lets it begin.

mod by_step;
mod live;
mod pace;
mod plan;
mod sift;
mod sureness;
mod terms;
mod told;

use by_step::Stepping;
pub use by_step::first_step;
pub use sureness::Sureness;
pub use terms::TimeTerms;

use std::os::unix::fs::MetadataExt;
use std::sync::Arc;

use crate::arrival::arrived::Arrived;
use crate::error::Result;
use crate::file::source::Source;
use crate::index::{Entry, Filter, Index, OutlinePart};
use crate::stamp::{Clock, Elected, Fold, Poll, Reference, Window};

/// The times of a file's lines, from one block to the next.
///
/// The query gives it every block in order, also those in which the pattern found nothing, for their stamps may be
/// what later lines inherit; the index says which may be left out. What it keeps goes on to the judge, who is slow
/// and so comes last.
#[derive(Clone)]
pub struct Timing {
    terms: TimeTerms,
    fold: Fold,
    clock: Clock,
    elected: Elected,
    /// What it elects as it grows.
    poll: Poll,
    /// The file will be followed: what is asked of its lines is asked of those that come, too.
    follows: bool,
    /// The lines are written just now: one before any stamp has the moment at which it is read.
    live: bool,
    /// The range that holds of the lines that come, and of none that is there.
    later: Option<Window>,
    /// Whether the years of stamps without one are settled, which takes a first stamp.
    anchored: bool,
    /// When the lines came, if that was recorded.
    arrived: Option<Arrived>,
    /// The steps, where they are asked for.
    stepping: Stepping,
    /// The number of the last line.
    number: u64,
    /// That number, if only a part of the line was there, so that what comes next goes on with it.
    partial: Option<u64>,
    sureness: Sureness,
    /// The earliest nanosecond of the last own stamp.
    last: Option<i64>,
}

impl Timing {
    /// Stands before the first line of a file of which `index` speaks.
    pub fn of(terms: TimeTerms, index: &Index, source: &Source) -> Result<Self> {
        let mut timing = Self::live(terms);
        (timing.follows, timing.live) = (false, false);
        timing.anchored = index.first().is_some();
        let clock = index.clock(timing.terms.zone.clone(), timing.reference(mtime(source)?));
        timing.clock = clock.skewed(timing.terms.skew);
        timing.elected = index.elected().clone();
        timing.fold = Fold::starting(index.first()).electing(&timing.elected);
        Ok(timing)
    }

    /// The outline of the file, as far as `index` came, with its times in the caller's terms.
    ///
    /// # Errors
    /// As [`Index::of`].
    pub fn outline(
        &mut self,
        index: &mut Index,
        source: &Arc<Source>,
        tick: &mut dyn FnMut() -> Result<()>,
    ) -> Result<Vec<OutlinePart>> {
        index.outline(source, &mut self.clock, tick)
    }

    /// Lines without a stamp have their times from what was recorded, if something was.
    #[must_use]
    pub fn with_arrivals(self, arrived: Option<Arrived>) -> Self {
        Self { arrived, ..self }
    }

    /// Whether there is a record of when the lines came.
    pub fn listens(&self) -> bool {
        self.arrived.is_some()
    }

    /// Whether the time of a line may hang on any line before it, for a line that inherits is late by the record; or
    /// its step.
    pub fn hangs_on_all(&self) -> bool {
        self.folds_steps() || (self.arrived.is_some() && self.fold.first().is_some())
    }

    /// Goes to the first line of a block.
    pub fn enter(&mut self, entry: &Entry) -> &mut Self {
        self.fold = Fold::resuming(&entry.inbound, self.fold.first()).electing(&self.elected);
        self.enter_steps(entry);
        self.number = entry.first_line;
        self.last = entry.inbound.last.map(|stamp| self.clock.span(stamp).lo);
        self
    }

    /// A timing of the block that was entered last, for another thread, with counts of its own; `None` where its lines
    /// cannot be timed apart from those before it, or where their times say which of them are delivered.
    pub fn apart(&self) -> Option<Box<Self>> {
        let alone = self.anchored && !self.follows && self.arrived.is_none() && !self.asks_for_steps();
        let all = self.terms.window == Window::default();
        (alone && all).then(|| Box::new(Self { sureness: Sureness::default(), ..self.clone() }))
    }

    /// Counts what a timing that was set apart has counted.
    pub fn settle(&mut self, apart: &Self) {
        self.sureness.add(apart.sureness);
    }

    /// What the range asks of blocks.
    pub fn filter(&mut self, index: &Index) -> Filter {
        let window = if self.folds_steps() { Window::default() } else { self.terms.window };
        Filter { steps: self.step_range(), ..index.filter(window, &mut self.clock) }
    }

    /// Leaves the range out of account: no line that is there has a time.
    pub fn ignore_window(&mut self) {
        self.later = Some(std::mem::take(&mut self.terms.window));
    }

    /// For a file that is not there yet.
    pub fn live(terms: TimeTerms) -> Self {
        let clock = Clock::new(terms.zone.clone()).skewed(terms.skew);
        let elected = Elected::default().teaching(terms.taught.clone());
        Self {
            fold: Fold::new().electing(&elected),
            clock,
            elected,
            poll: Poll::new(Vec::new(), terms.taught.clone()),
            terms,
            follows: true,
            live: true,
            later: None,
            anchored: false,
            arrived: None,
            stepping: Stepping::default(),
            number: 0,
            partial: None,
            sureness: Sureness::default(),
            last: None,
        }
    }

    fn reference(&self, otherwise: i64) -> Reference {
        self.terms.reference.map_or(Reference::Mtime(otherwise), Reference::Given)
    }

    /// Whether no line of the file has a time, as far as it was looked at.
    pub fn is_timeless(&self) -> bool {
        self.fold.first().is_none() && self.arrived.is_none()
    }

    /// How sure the times of the lines so far are.
    pub fn sureness(&self) -> Sureness {
        self.sureness
    }

    /// What the file elected.
    pub fn elected(&self) -> &Elected {
        &self.elected
    }
}

/// When the file was last written to, in nanoseconds since 1970 UTC.
fn mtime(source: &Source) -> Result<i64> {
    let metadata = source.metadata()?;
    Ok(metadata.mtime().saturating_mul(1_000_000_000).saturating_add(metadata.mtime_nsec()))
}
