//! The engine of logdex.
//!
//! A **source** is a file that may grow, shrink or be replaced. It is read in **blocks** of whole **lines**, copied
//! into private memory before anything looks at them.

#[cfg(not(all(unix, target_pointer_width = "64")))]
compile_error!("logdex supports 64-bit Linux and macOS");

pub mod batch;
pub mod block;
pub mod caller;
pub mod error;
pub mod follow;
pub mod index;
pub mod line;
pub mod merge;
pub mod partial;
pub mod pattern;
pub mod place;
#[cfg(feature = "python")]
mod python;
pub mod query;
pub mod rank;
pub mod ranks;
pub mod scan;
pub mod seek;
pub mod show;
pub mod source;
pub mod stamp;
pub mod timing;
pub mod wait;
pub mod watch;
pub mod when;
