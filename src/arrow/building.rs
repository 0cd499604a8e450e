//! Columns are made of chunks of rows on threads, while the next chunks are drawn.

use std::sync::Arc;

use arrow_array::RecordBatch;

use super::build::Plan;
use super::rows::Rows;
use crate::error::Result;
use crate::system::relay::RelayWork;

/// What the threads of a table do.
pub(super) struct Building(pub(super) Arc<Plan>);

/// What was made of a chunk.
pub(super) struct BuiltChunk {
    /// The columns.
    pub(super) batch: Result<RecordBatch>,
    /// The rows, whose buffers can be used again.
    pub(super) rows: Rows,
}

impl RelayWork for Building {
    type Task = Rows;
    type Done = BuiltChunk;
    type Tools = ();
    const NAME: &'static str = "logdex-arrow";
    const WINDOW: usize = 1;
    /// The first is small, and may be the only one.
    const FEW: usize = 1;

    fn tools(&self) {}

    fn run(&self, mut rows: Rows, (): &mut ()) -> BuiltChunk {
        rows.time();
        BuiltChunk { batch: self.0.build(&rows), rows }
    }
}
