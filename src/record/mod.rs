//! The record of arrival: how many bytes of a log were there at what moment.
//!
//! The launcher of an app notes it (`recorder`) for the two logs of each replica, which make a **pair**: both are looked
//! at together, so that their lines have one order. A **note** says that a log had so many bytes at a **tick**, a time
//! of 10 µs on a clock that never steps. A line has arrived at the first note whose size covers its `\n`.
//!
//! A note costs about five bytes. So many as keep within one hundredth of the logs are made, and always enough for a
//! small log; else a note stands for what came up to it.

mod arrivals;
mod beside;
mod notes;
mod pair;
mod recorder;

pub use arrivals::{Arrival, Arrivals};
pub use pair::snapshot;
pub use recorder::{look, start, stop};
