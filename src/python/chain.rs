//! Files that make one log, one behind the other: rotations of which a cursor says that they are to be read first.

use crate::batch::Batch;
use crate::caller::Caller;
use crate::error::Result;
use crate::query::Query;

/// Several queries, one behind the other.
pub(super) struct QueryChain {
    queries: Vec<Query>,
    at: usize,
}

impl QueryChain {
    /// The answers to `queries`, in this order; only the last may follow.
    pub(super) fn new(queries: Vec<Query>) -> Self {
        Self { queries, at: 0 }
    }

    pub(super) fn next(&mut self, caller: &mut dyn Caller) -> Result<Option<Batch>> {
        let last = self.queries.len().saturating_sub(1);
        while let Some(query) = self.queries.get_mut(self.at) {
            if let Some(batch) = query.next(caller)? {
                return Ok(Some(batch));
            }
            if self.at == last {
                return Ok(None);
            }
            query.finish();
            self.at += 1;
        }
        Ok(None)
    }

    pub(super) fn count(self, caller: &mut dyn Caller) -> Result<u64> {
        self.queries.into_iter().map(|query| query.count_all(caller)).sum()
    }

    pub(super) fn recycle(&mut self, batch: Batch) {
        if let Some(query) = self.queries.get_mut(self.at) {
            query.recycle(batch);
        }
    }

    pub(super) fn finish(&mut self) {
        self.queries.iter_mut().for_each(Query::finish);
    }

    /// The query that is read now.
    pub(super) fn current(&self) -> Option<&Query> {
        self.queries.get(self.at)
    }

    /// All of them.
    pub(super) fn queries(&self) -> &[Query] {
        &self.queries
    }
}
