//! Frames: what a container's runtime puts around each line that a program writes, taken off again.
//!
//! Kubernetes' runtimes write `2026-11-22T02:10:00.000000000Z stdout F text`, docker `{"log":"text\n","stream":"stdout",
//! "time":"2026-11-22T02:10:00.000000000Z"}`. Both cut long lines into parts, and the parts of the two streams may stand
//! between each other. What comes out is the text as it was written, a line where its last part stands, and a table of the
//! moments at which the first part of each came, and to which stream. What is no frame stays as it is.

mod cri;
mod decoder;
mod docker;
mod fill;
mod pieces;
#[cfg(test)]
mod proof;
mod quick;

pub use decoder::{Decoded, Decoder, Framing};
pub use fill::{Fill, Stand};

use crate::stamp::Stream;

/// A part of a line, or a whole one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct FramedPart<'t> {
    /// Which stream it was written to.
    stream: Stream,
    /// When, in nanoseconds since 1970 UTC.
    ns: i64,
    /// What was written, without a line end that is the last of it.
    text: &'t [u8],
    /// Whether the line goes on in a later frame of its stream.
    goes_on: bool,
}
