//! What a question asks of an index: which blocks are to be looked at, and which times there are.

use std::sync::Arc;

use crate::error::{Error, Result};
use crate::file::source::Source;
use crate::stamp::{Clock, Span, Window};
use crate::step::StepRange;

use super::range::{self, AxisWindow};
use super::walk::walk;
use super::{Asked, Entry, Filter, Index, Keep, Options, Piece, Tick};

impl Index {
    /// The blocks that `window` asks for, in order, of those that are summed up. A stored index that turns out to be
    /// damaged is built anew.
    ///
    /// # Errors
    /// As [`Index::of`].
    pub fn plan(
        &mut self,
        source: &Arc<Source>,
        window: Window,
        clock: &mut Clock,
        tick: Tick<'_>,
    ) -> Result<Vec<Piece>> {
        self.plan_steps(source, window, None, clock, tick)
    }

    /// The same, of those that `steps` asks for too; each line of them is asked for apart.
    ///
    /// # Errors
    /// As [`Index::of`].
    pub fn plan_steps(
        &mut self,
        source: &Arc<Source>,
        window: Window,
        steps: Option<StepRange>,
        clock: &mut Clock,
        tick: Tick<'_>,
    ) -> Result<Vec<Piece>> {
        let mut ask = |index: &Self| index.pieces(&Filter { steps, ..index.filter(window, clock) });
        self.sound(source, &mut ask, tick)
    }

    /// What `ask` reads of it. Where that says that what is stored is damaged, by `None`, the index is built anew.
    pub(super) fn sound<T>(
        &mut self,
        source: &Arc<Source>,
        ask: &mut dyn FnMut(&Self) -> Option<T>,
        tick: Tick<'_>,
    ) -> Result<T> {
        // Where even the new one cannot be read back, memory does.
        for keep in [self.options.keep.clone(), Keep::Nowhere] {
            if let Some(answer) = ask(self) {
                return Ok(answer);
            }
            let seen = source.metadata()?;
            let size = self.size;
            // What was summed up behind a damaged index is not kept: it would be stored with what is damaged.
            self.growth = None;
            *self = Self::new(source, size, Options { keep, text: false, ..self.options.clone() }, tick)?;
            self.grow(source, seen, size);
            self.complete(tick)?;
        }
        ask(self).ok_or(Error::Bug("an index in memory cannot be read back"))
    }

    /// What `window` asks of blocks, with stamps as `clock` reads them.
    pub fn filter(&self, window: Window, clock: &mut Clock) -> Filter {
        let first = self.first().map(|first| clock.span(first));
        Filter {
            question: (!window.is_open()).then(|| AxisWindow::new(window, clock)),
            first: if first.is_some_and(|span| window.meets(span)) { Asked::All } else { Asked::None },
            shifted_after: clock.shifted_after(),
            steps: None,
        }
    }

    fn pieces(&self, filter: &Filter) -> Option<Vec<Piece>> {
        let mut pieces = Vec::new();
        let mut take = |entry: Entry| {
            let asked = filter.asks_of(&entry);
            if asked != Asked::None {
                pieces.push(Piece { entry, asked });
            }
        };
        if let Some(store) = &self.store {
            walk(store, filter, &mut take)?;
        }
        for entry in self.in_memory() {
            take(entry?);
        }
        Some(pieces)
    }

    /// The entries behind those that are stored; `None` in place of one that cannot be read back.
    pub(super) fn in_memory(&self) -> impl Iterator<Item = Option<Entry>> + '_ {
        self.table.iter().chain(self.open.clone().map(Some))
    }

    /// From the earliest to the latest time in the file.
    ///
    /// # Errors
    /// As [`Index::of`].
    pub fn span(&mut self, source: &Arc<Source>, clock: &mut Clock, tick: Tick<'_>) -> Result<Option<Span>> {
        let all = self.sound(source, &mut Self::ranges, tick)?;
        Ok(range::span(&all, clock))
    }

    /// What the times of all lines cover.
    fn ranges(&self) -> Option<range::Ranges> {
        let mut all = range::Ranges::default();
        if let Some(store) = &self.store {
            match store.levels().len().checked_sub(1) {
                Some(top) => all.join(&store.nodes(top, 0, 1)?.first()?.ranges),
                None => all.join(&store.entries(0, 1)?.first()?.ranges),
            }
        }
        for entry in self.in_memory() {
            all.join(&entry?.ranges);
        }
        Some(all)
    }
}
