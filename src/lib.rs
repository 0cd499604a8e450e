//! The engine of logdex.
//!
//! # A question's way
//!
//! [`query`] opens the [`file`]'s source. If the question is about time, it asks the [`index`] which blocks are needed, and
//! a seek brings them; else a [`scan`] brings all, or a [`follow`] what is there and what comes. Either way workers read
//! blocks, search them with the [`pattern`], and hand [`batch`]es over in file order; [`timing`] keeps the lines in the
//! range, and the [`caller`] judges what is left. [`merge`] puts many queries in one order, [`combined`] the two logs of one
//! process, [`show`] writes answers to a descriptor, in a follow of many [`fold`]ed, [`evidence`] gathers who wrote what that tells of a failure, `arrow`
//! makes columns of lines. A [`cursor`] says how far an answer was handed out. The binding, `python`, makes `str` of it.
//!
//! The rooms stand on floors: none imports one that stands after it in the table of `CONTRIBUTING.md`.
//!
//! # A glossary
//!
//! Each word with the one that other programs have for it.
//!
//! | word | what it is | elsewhere |
//! |---|---|---|
//! | source | a file that may grow, shrink or be replaced | input, haystack |
//! | block | whole lines of a file, about 256 KiB, copied into private memory before anything looks at them | chunk, buffer |
//! | hole | a run of NULs that a truncation leaves under a writer that keeps its offset; it never leaves a block | sparse region |
//! | pattern | which lines are selected; it picks **candidates**, and those that are not certain are for a **judge**, Python's `re` | prefilter and verifier |
//! | needle | a literal that a selected line must contain | required literal |
//! | batch | a block and the lines of it that are meant | record batch |
//! | stamp | the time that stands on a line | timestamp |
//! | fold | one pass over the lines that gives each its time, by its own stamp or an earlier line's | scan with state, left fold |
//! | clock | what makes moments of stamps when a question is asked: zone, daylight saving, year | time zone conversion |
//! | entry | what the index knows of one block: where it is, and which times it holds | zone map, block summary |
//! | place | a position in a file between two lines, and what stood before it | offset, checkpoint |
//! | watermark | the moment before which nothing can come any more, so that what is held can go out in order | watermark, low-water mark |
//! | record of arrival | how long a log was at which moment, noted while it was written | ingestion time |
//! | wakeup | what ends a wait early; others signal it | event, condition variable |
//! | counters | what was read, skipped and found on the way to an answer | metrics, counters |
//! | twin | the slow and simple way to the same answer, in the tests | oracle, reference implementation |

#[cfg(not(all(unix, target_pointer_width = "64")))]
compile_error!("logdex supports 64-bit Linux and macOS");

pub mod arrival;
#[cfg(feature = "arrow")]
pub mod arrow;
pub mod batch;
pub mod bits;
pub mod caller;
pub mod combined;
pub mod cursor;
pub mod error;
pub mod evidence;
pub mod fields;
pub mod file;
pub mod fold;
pub mod follow;
pub mod frame;
pub mod index;
pub mod level;
pub mod line;
pub mod merge;
pub mod number;
pub mod pattern;
#[cfg(feature = "python")]
mod python;
pub mod query;
pub mod scan;
pub mod show;
pub mod stamp;
pub mod step;
pub mod system;
#[cfg(test)]
mod testing;
pub mod timing;
