//! Which blocks a range of time needs: by the index, and by the record of arrival where some lines have no stamp.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::Timing;
use crate::arrival::arrived::Arrived;
use crate::error::Result;
use crate::file::source::Source;
use crate::index::{Asked, Entry, Index, Piece, Tick};
use crate::stamp::{Fold, Prefix, Window};

impl Timing {
    /// Which blocks the range needs, of those that are summed up.
    pub fn plan(&mut self, index: &mut Index, source: &Arc<Source>, tick: Tick<'_>) -> Result<Vec<Piece>> {
        if self.asks_for_steps() {
            return self.plan_steps(index, source, tick);
        }
        if self.arrived.is_none() {
            return index.plan(source, self.terms.window, &mut self.clock, tick);
        }
        let mut pieces = index.plan(source, Window::default(), &mut self.clock, tick)?;
        if !self.follows && index.first().is_some() && pieces.iter().all(|piece| piece.entry.unstamped == 0) {
            self.arrived = None;
            return index.plan(source, self.terms.window, &mut self.clock, tick);
        }
        for piece in &mut pieces {
            piece.asked = Asked::Some;
        }
        if let Some(mut arrived) = self.arrived.take() {
            match index.first() {
                None => pieces.retain(|piece| self.may_have_come(piece, &mut arrived)),
                Some(_) => self.narrow(&mut pieces, &mut arrived, index, source, tick)?,
            }
            self.arrived = Some(arrived);
        }
        Ok(pieces)
    }

    /// Whether some of a block's lines, none of which has a stamp, may have come in the range.
    fn may_have_come(
        &self,
        Piece { entry: Entry { extent, .. }, .. }: &Piece,
        arrived: &mut Arrived,
    ) -> bool {
        arrived.between(extent.start, extent.end).is_none_or(|came| self.terms.window.meets(came))
    }

    /// Keeps of all `pieces` those that the range needs, and puts `arrived` before them.
    fn narrow(
        &mut self,
        pieces: &mut Vec<Piece>,
        arrived: &mut Arrived,
        index: &Index,
        source: &Arc<Source>,
        tick: Tick<'_>,
    ) -> Result<()> {
        let mut needed = arrived.needed(pieces, self.terms.window, index, &mut self.clock);
        // What comes later inherits from anything before.
        let later = if self.follows { Some(index.end()) } else { None };
        needed.end = if self.follows { pieces.len() } else { needed.end };
        let asked =
            pieces[needed.clone()].iter().flat_map(|piece| piece.entry.inbound.prefixes.iter().copied());
        let asked = asked.chain(later.into_iter().flat_map(Fold::prefixes));
        let prefixes: BTreeSet<Prefix> = asked.filter_map(|(prefix, stamp)| stamp.map(|_| prefix)).collect();
        arrived.recall(source, &pieces[..needed.start], prefixes, &self.elected, tick)?;
        pieces.truncate(needed.end);
        pieces.drain(..needed.start);
        Ok(())
    }
}
