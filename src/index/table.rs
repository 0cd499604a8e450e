//! Entries in memory, in the form in which they are stored: small, and copied to a file as they are.

use super::codec::{self, ENTRY, Reader};
use super::entry::Entry;
use super::steps::StepTable;
use super::store::Store;

/// Some entries that follow those of a stored index, or all there are.
#[derive(Clone, Default)]
pub struct EntryTable {
    /// The entries, each [`ENTRY`] bytes long.
    pub entries: Vec<u8>,
    /// Their prefixes.
    pub heap: Vec<u8>,
    /// How long the heap of the stored index is, behind which this one comes.
    pub heap_start: u64,
    /// The steps of the entries, where they are wanted.
    pub steps: StepTable,
}

impl EntryTable {
    /// Nothing as yet behind the entries of `store`, if there is one.
    pub fn behind(store: Option<&Store>) -> Self {
        let steps = StepTable { heap_start: store.map_or(0, Store::step_heap_len), ..StepTable::default() };
        Self { heap_start: store.map_or(0, Store::heap_len), steps, ..Self::default() }
    }

    /// How many entries it has.
    pub fn len(&self) -> usize {
        self.entries.len() / ENTRY
    }

    /// Adds an entry.
    pub fn push(&mut self, entry: &Entry) {
        codec::put_entry(&mut self.entries, &mut self.heap, self.heap_start, entry);
        entry.steps.iter().for_each(|steps| self.steps.push(steps));
    }

    /// All entries, in order; `None` in place of one that cannot be read back, as it always should.
    pub fn iter(&self) -> impl Iterator<Item = Option<Entry>> + '_ {
        self.entries.chunks_exact(ENTRY).enumerate().map(|(number, stored)| self.entry(number, stored))
    }

    fn entry(&self, number: usize, stored: &[u8]) -> Option<Entry> {
        let (mut entry, at, len) = codec::entry(&mut Reader(stored), &codec::OURS)?;
        let at = at.checked_sub(self.heap_start)? as usize;
        entry.inbound.prefixes =
            codec::entry_prefixes(self.heap.get(at..at.checked_add(len)?)?, &codec::OURS)?;
        entry.steps = self.steps.get(number).map(Box::new);
        Some(entry)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::file::block::Extent;
    use crate::stamp::{Frame, Inbound, Prefix, Stamp};

    fn stamp() -> impl Strategy<Value = Option<Stamp>> {
        proptest::option::of(any::<i64>().prop_map(|ns| Stamp::new(Frame::Guessed, ns, 1)))
    }

    proptest! {
        #[test]
        fn no_entry_is_lost_however_far_its_stamps_wander(
            stamps in proptest::collection::vec((stamp(), stamp(), proptest::option::of(any::<i64>())), 1..8),
        ) {
            let (mut table, mut pushed) = (EntryTable::default(), Vec::new());
            for (number, (last, of_prefix, fell)) in (0..).zip(stamps) {
                let entry = Entry {
                    extent: Extent { start: number * 10, end: number * 10 + 10 },
                    first_line: number,
                    lines: 1,
                    inbound: Inbound { last, fell, prefixes: vec![(Prefix(7), of_prefix)], ..Inbound::default() },
                    ..Entry::default()
                };
                table.push(&entry);
                pushed.push(entry);
            }
            prop_assert_eq!(table.iter().collect::<Option<Vec<_>>>().unwrap(), pushed);
        }
    }

    #[test]
    fn an_entry_that_cannot_be_read_back_ends_no_table() {
        let mut table = EntryTable::default();
        for number in 0..3 {
            let prefixes = vec![(Prefix(7), Some(Stamp::new(Frame::Civil, 1, 1)))];
            let inbound = Inbound { prefixes, ..Inbound::default() };
            let extent = Extent { start: number * 10, end: number * 10 + 10 };
            table.push(&Entry { extent, first_line: number, lines: 1, inbound, ..Entry::default() });
        }
        let each = table.heap.len() / 3;
        table.heap.truncate(each);
        assert_eq!(table.iter().map(|entry| entry.is_some()).collect::<Vec<_>>(), [true, false, false]);
    }
}
