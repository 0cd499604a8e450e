//! The engine of logdex.
//!
//! # Nouns
//!
//! A **source** is a file that may grow, shrink or be replaced. It is read in **blocks** of whole **lines**, copied into
//! private memory before anything looks at them; a **hole** (a run of NULs that a truncation leaves) never leaves a
//! block. A **pattern** picks **candidates** among the lines of a block; those that are not certain are for a **judge**,
//! which is Python's own `re` at the edge. A **stamp** is what stands on a line; the **fold** gives every line a time,
//! and a **clock** turns that into moments when a question is asked. The **index** knows which blocks hold which times.
//! A **batch** is a block and the lines of it that are meant.
//!
//! # A question's way
//!
//! [`query`] opens the [`source`]. If it is about time, it asks the [`index`] which blocks are needed, and a [`seek`]
//! brings them; else a [`scan`] brings all, or a [`follow`] what is there and what comes. Either way workers read
//! [`block`]s, search them with the [`pattern`], and hand [`batch`]es over in file order; [`timing`] keeps the lines in
//! the range, and the [`caller`] judges what is left. [`merge`] puts many queries in one order, [`show`] writes answers to
//! a descriptor, [`ranks`] sums up who wrote what. The binding, `python`, makes `str` of it.
//!
//! A follow looks ([`place`]), shows unfinished lines ([`partial`]), and waits ([`wait`], [`watch`]).

#[cfg(not(all(unix, target_pointer_width = "64")))]
compile_error!("logdex supports 64-bit Linux and macOS");

pub mod arrival;
pub mod batch;
pub mod caller;
pub mod combined;
pub mod error;
pub mod file;
pub mod follow;
pub mod index;
pub mod line;
pub mod merge;
pub mod pattern;
#[cfg(feature = "python")]
mod python;
pub mod query;
pub mod ranks;
pub mod scan;
pub mod show;
pub mod stamp;
pub mod system;
#[cfg(test)]
mod testing;
pub mod timing;
