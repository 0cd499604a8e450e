//! The engine of logdex.
//!
//! A **source** is a file that may grow, shrink or be replaced. It is read in **blocks** of whole **lines**, copied
//! into private memory before anything looks at them.

#[cfg(not(all(unix, target_pointer_width = "64")))]
compile_error!("logdex supports 64-bit Linux and macOS");

pub mod block;
pub mod error;
pub mod line;
pub mod pattern;
#[cfg(feature = "python")]
mod python;
pub mod source;
pub mod stamp;
pub mod when;
