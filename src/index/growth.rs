//! How an index comes to the end of its file: block by block, for one who asks meanwhile.

use std::fs::Metadata;
use std::sync::Arc;

use crate::error::{Error, Result};
use crate::file::block::{Extent, whole_end};
use crate::file::source::Source;
use crate::stamp::{First, Fold, Order};

use super::about::About;
use super::build::{Builder, Progress, Spec, Tick, sum_up};
use super::cache::Keep;
use super::entry::Entry;
use super::text;
use super::{Index, Options};

/// An index on its way to the end of the file.
pub(super) struct Growth {
    builder: Builder,
    source: Arc<Source>,
    /// The file as it was before anything of it was read.
    seen: Metadata,
    /// Whether all that was summed up was read from the file as it was.
    sound: bool,
}

impl Index {
    /// What is behind the blocks that it covers is to be summed up, up to `end`.
    pub(super) fn grow(&mut self, source: &Arc<Source>, seen: Metadata, end: u64) {
        let extent = Extent { start: self.about.covered, end };
        self.built_from = extent.start;
        self.size = end;
        let spec = Spec::new(self.fold.finder.clone(), self.steps.is_some());
        let text = self.options.text && extent.start == 0;
        let text = text.then(|| text::SegmentWriter::first(source, &seen, &self.options.keep)).flatten();
        let builder = Builder::new(source, extent, self.about.lines, spec, text, self.options.threads);
        self.growth = Some(Growth { builder, source: Arc::clone(source), seen, sound: true });
    }

    /// Whether the index of the text is built in the same reading.
    pub fn takes_text_along(&self) -> bool {
        self.growth.as_ref().is_some_and(|growth| growth.builder.takes_text_along())
    }

    /// Sums up the next block; `None` if it speaks of the whole file.
    ///
    /// # Errors
    /// As [`Index::of`]; where the file was cut, after all blocks that it still has whole.
    pub fn step(&mut self, tick: Tick<'_>) -> Result<Option<Entry>> {
        let Some(growth) = &mut self.growth else { return Ok(None) };
        let next = growth.builder.next(&mut self.fold, self.steps.as_mut(), tick).inspect_err(|error| {
            // Of a file that was cut or cannot be read, what was summed up is not what stands there.
            growth.sound &= matches!(error, Error::Interrupted);
        });
        if let Some(entry) = next? {
            (self.about.covered, self.about.lines) = (growth.builder.covered(), growth.builder.lines);
            self.about.last = entry.extent;
            let order = growth.builder.order;
            self.table.push(&entry);
            self.settle_order(order);
            return Ok(Some(entry));
        }
        let order = self.sum_up_rest()?;
        if self.settle_order(order) {
            return self.step(tick);
        }
        if let Some(growth) = &mut self.growth {
            growth.builder.finish_text();
        }
        self.keep();
        Ok(self.open.clone())
    }

    /// Sums up all that is left, and tells a terminal how far it is.
    ///
    /// # Errors
    /// As [`Index::of`].
    pub fn complete(&mut self, tick: Tick<'_>) -> Result<()> {
        self.grow_until(&|_| false, tick)
    }

    /// Sums up as much as it can until `enough` says so of it.
    ///
    /// # Errors
    /// As [`Index::of`].
    pub fn grow_until(&mut self, enough: &dyn Fn(&Self) -> bool, tick: Tick<'_>) -> Result<()> {
        let mut progress = Progress::default();
        while !enough(self) && self.step(tick)?.is_some() {
            progress.tell(self);
        }
        Ok(())
    }

    /// The file was cut to `size` bytes while it was summed up: goes on to the end of its whole lines, and is kept
    /// nowhere.
    ///
    /// # Errors
    /// `Error::Io` where the file cannot be read.
    pub fn shorten(&mut self, size: u64, tick: Tick<'_>) -> Result<()> {
        let Some(Growth { source, seen, .. }) = self.growth.take() else { return Ok(()) };
        let start = self.about.covered;
        let end = whole_end(&source, Extent { start, end: size.max(start) }, tick)?;
        let built_from = self.built_from;
        (self.options.keep, self.options.text) = (Keep::Nowhere, false);
        self.grow(&source, seen, end);
        self.built_from = built_from;
        Ok(())
    }

    /// Sums up the block that growth may cut elsewhere.
    fn sum_up_rest(&mut self) -> Result<Order> {
        let Some(Growth { builder, source, .. }) = &self.growth else { return Ok(Order::default()) };
        let (mut fold, mut steps, mut order) = (self.fold.clone(), self.steps.clone(), Order::default());
        self.open = None;
        if let Some(extent) = builder.open() {
            let (entry, says) = sum_up(source, &mut fold, steps.as_mut(), extent, self.about.lines)?;
            (self.open, order) = (Some(entry), says);
        }
        (self.end, self.step_end) = (Some(fold), steps);
        Ok(order)
    }

    /// Takes what the dates say of their order, where that was open. Where the day is first, all that was summed up was
    /// misread, and the index begins anew: nobody has seen it yet, for it is not anchored. Whether it did.
    fn settle_order(&mut self, order: Order) -> bool {
        if self.about.elected.first() != First::Open {
            return false;
        }
        match order.says() {
            First::Open => false,
            First::Month if order.month == 0 => false,
            First::Month => {
                let elected = self.about.elected.clone().with(First::Month);
                self.fold.elect(&elected);
                self.end.iter_mut().for_each(|end| end.elect(&elected));
                self.about.elected = elected;
                false
            }
            First::Day => {
                let Some(Growth { source, seen, .. }) = self.growth.take() else { return false };
                let (end, elected) = (self.size, self.about.elected.clone().with(First::Day));
                let fold = Fold::new().electing(&elected);
                // Its text does not hang on that, and is built by itself.
                let options = Options { text: false, ..self.options.clone() };
                *self = Self::behind(None, fold, options);
                self.about.elected = elected;
                self.grow(&source, seen, end);
                true
            }
        }
    }

    /// Ends the growth, and stores what it came to if that is worth it: as a file that has grown, of which the next
    /// question sums up the rest. Writes what was summed up, and sums up nothing more.
    fn keep(&mut self) {
        let Some(Growth { source, seen, sound, .. }) = self.growth.take() else { return };
        let About { covered, lines, last, ref elected, .. } = self.about;
        if covered == self.built_from || !sound || source.insist(covered).is_err() {
            return;
        }
        // Without a fingerprint it serves this question, and is not stored.
        if let Some(about) = About::of(&source, &seen, covered, lines, last, elected) {
            self.about = about;
            self.store(&source);
        }
    }
}

impl Drop for Index {
    /// An answer may be dropped after its first line, and what was summed up for it serves the next one all the same.
    fn drop(&mut self) {
        self.keep();
    }
}
