//! What else stands at the head of a line: colours, prefixes and ranks, frames of bars, the words of loggers.

pub(in crate::stamp) mod ansi;
pub(in crate::stamp) mod bar;
pub(crate) mod header;
pub(in crate::stamp) mod marks;
pub(in crate::stamp) mod plain;
pub(in crate::stamp) mod prefix;
pub mod rank;
