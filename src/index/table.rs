//! Entries in memory, in the form in which they are stored: small, and copied to a file as they are.

use super::codec::{self, ENTRY, Reader};
use super::entry::Entry;

/// Some entries that follow those of a stored index, or all there are.
#[derive(Clone, Default)]
pub struct Table {
    /// The entries, each [`ENTRY`] bytes long.
    pub entries: Vec<u8>,
    /// Their prefixes.
    pub heap: Vec<u8>,
    /// How long the heap of the stored index is, behind which this one comes.
    pub heap_start: u64,
}

impl Table {
    /// How many entries it has.
    pub fn len(&self) -> usize {
        self.entries.len() / ENTRY
    }

    /// Adds an entry.
    pub fn push(&mut self, entry: &Entry) {
        codec::put_entry(&mut self.entries, &mut self.heap, self.heap_start, entry);
    }

    /// All entries, in order.
    pub fn iter(&self) -> impl Iterator<Item = Entry> + '_ {
        self.entries.chunks_exact(ENTRY).map_while(|stored| {
            let (mut entry, at, len) = codec::entry(&mut Reader(stored))?;
            let at = at.checked_sub(self.heap_start)? as usize;
            entry.inbound.prefixes = codec::entry_prefixes(self.heap.get(at..at + len)?)?;
            Some(entry)
        })
    }
}
