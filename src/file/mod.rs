//! One file, read as it is: a source that may grow, shrink or be replaced, cut into blocks of whole lines.
//!
//! Nothing above this room sees a descriptor, a read that came short, or a hole.

pub mod block;
mod buffers;
mod cut;
mod descriptors;
pub mod maps;
pub mod pace;
pub mod source;
mod tail;
