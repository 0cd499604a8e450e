//! What a question leaves behind for later ones: the levels that it told, and the wish for an index of text.

use super::{LevelTelling, Query};
use crate::file::block::{BLOCK, Extent};
use crate::file::source::Source;
use crate::index::{LevelIndex, text};
use crate::level::Set;
use crate::scan::Scan;

impl Query {
    /// Keeps the levels of a long log of which all lines were told.
    pub(super) fn keep_levels(&mut self, source: &Source, told: &[(Extent, Set)]) {
        let Some(LevelTelling { seen, known }) = self.telling.take() else { return };
        let Some(sieve) = &self.question.sieve else { return };
        if let Some(index) = LevelIndex::of(source, &seen, known, told, self.end, &sieve.elected) {
            index.publish(&self.question.keep, source);
        }
    }

    /// Where a long log was read to its end for few lines, that is noted for the sake of later questions.
    pub(super) fn wish_for_text(&self, scan: &Scan) {
        let Some(pattern) = self.question.pattern.as_ref().filter(|_| scan.is_over()) else { return };
        // Lines that were counted stand in as many blocks at most.
        let held = (self.held + self.counters.counted).saturating_mul(BLOCK as u64);
        if self.counters.skipped_by_text == 0 && text::would_pay(pattern, self.counters.bytes_read, held) {
            text::wish(&self.question.keep, scan.source());
        }
    }
}
