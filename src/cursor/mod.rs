//! Cursors: a place between lines, as text that a later process can go on from.
//!
//! A [`Mark`] says how far one log was handed out, and by what the file can be known again: its identity, what stands
//! at its beginning, and what stands before the place. It holds nothing of what lines mean, so it is the same whatever
//! was asked: times, steps and numbers are found again from the file itself. A [`Cursor`] is the marks of all logs of
//! an answer; a log that it does not mark was not begun.

mod mark;
mod text;

pub use mark::{Mark, Print, Tier};
pub use text::Cursor;
