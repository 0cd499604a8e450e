//! What an answer is drawn from: one log, or two that make one stream.

use super::chain::QueryChain;
use crate::batch::Batch;
use crate::caller::Caller;
use crate::combined::Combined;
use crate::error::Result;
use crate::query::Query;
use crate::timing::Timing;

/// One log or two.
pub(super) enum LogStream {
    One(Box<Query>),
    Both(Box<Combined>),
    Chain(QueryChain),
}

impl LogStream {
    pub(super) fn next(&mut self, caller: &mut dyn Caller) -> Result<Option<Batch>> {
        match self {
            Self::One(query) => query.next(caller),
            Self::Both(combined) => combined.next(caller),
            Self::Chain(chain) => chain.next(caller),
        }
    }

    /// What times the lines of the last batch, if they were left untimed.
    pub(super) fn left(&mut self) -> Option<Box<Timing>> {
        match self {
            Self::One(query) => query.left(),
            Self::Both(_) | Self::Chain(_) => None,
        }
    }

    /// Counts what was counted of times where they were left.
    pub(super) fn settle(&mut self, apart: &Timing) {
        if let Self::One(query) = self {
            query.settle(apart);
        }
    }

    /// How many lines there are. It must not be asked to follow.
    pub(super) fn count(self, caller: &mut dyn Caller) -> Result<u64> {
        match self {
            Self::One(query) => query.count_all(caller),
            Self::Both(combined) => combined.count_all(caller),
            Self::Chain(chain) => chain.count(caller),
        }
    }

    pub(super) fn recycle(&mut self, batch: Batch) {
        match self {
            Self::One(query) => query.recycle(batch),
            Self::Both(combined) => combined.recycle(batch),
            Self::Chain(chain) => chain.recycle(batch),
        }
    }

    pub(super) fn finish(&mut self) {
        match self {
            Self::One(query) => query.finish(),
            Self::Both(combined) => combined.finish(),
            Self::Chain(chain) => chain.finish(),
        }
    }

    /// The query from which the last lines came.
    pub(super) fn current(&self) -> Option<&Query> {
        match self {
            Self::One(query) => Some(query),
            Self::Both(combined) => Some(combined.current()),
            Self::Chain(chain) => chain.current(),
        }
    }

    /// The queries of all logs to whose end it comes.
    pub(super) fn last(&self) -> Vec<&Query> {
        match self {
            Self::Both(combined) => combined.queries().to_vec(),
            _ => self.current().into_iter().collect(),
        }
    }
}
