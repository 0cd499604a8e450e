//! Tracebacks of which each line has a stamp, for a collector put one before whatever a program says: `ts`, `kubectl logs
//! --timestamps`, `mpirun --timestamp-output`, a journal.

use super::{Level, REACH, traceback};
use crate::stamp::{ByPrefix, Finder, is_exception};

/// The tracebacks that may go on, by who wrote them.
#[derive(Default)]
pub(super) struct StampedTracebacks(ByPrefix<StampedTraceback>);

#[derive(Clone, Copy, Debug)]
struct StampedTraceback {
    /// Where it begins in the text.
    start: usize,
    /// Its last line has not come, which is not indented.
    tracing: bool,
}

impl StampedTracebacks {
    pub fn clear(&mut self) {
        self.0.clear();
    }

    /// Whether none may go on.
    pub fn are_over(&self) -> bool {
        self.0.is_empty()
    }

    /// Takes `line`, which has a stamp and a level: its writer says something else.
    pub fn end(&mut self, finder: &mut Finder, line: &[u8]) {
        if !self.are_over()
            && let Some((_, writer)) = finder.behind_stamp(line)
        {
            self.0.remove(&writer);
        }
    }

    /// The level of `line`, which begins at `start` of the text and has a stamp, and no level of its own: an error, where it is of
    /// a traceback; and where that begins. Sets `reaches` where it may be of one that begins before the text.
    pub fn level(
        &mut self,
        finder: &mut Finder,
        line: &[u8],
        start: usize,
        reaches: &mut bool,
    ) -> Option<(Level, usize)> {
        let begins = traceback::begins_behind_stamp(line);
        let may_reach = start < REACH && !*reaches;
        if !begins && !may_reach && self.are_over() {
            return None;
        }
        let Some((at, writer)) = finder.behind_stamp(line) else {
            return begins.then_some((Level::Error, start));
        };
        if begins {
            self.0.insert(writer, StampedTraceback { start, tracing: true });
            return Some((Level::Error, start));
        }
        let text = &line[at..];
        let Some(traceback) = self.0.get_mut(&writer) else {
            *reaches |= may_reach && (goes_on(text) || goes_on_within(text));
            return None;
        };
        let takes = start - traceback.start <= REACH
            && (goes_on(text) || (traceback.tracing && goes_on_within(text)));
        traceback.tracing &= traceback::is_frame(text);
        let told = takes.then_some((Level::Error, traceback.start));
        if told.is_none() {
            self.0.remove(&writer);
        }
        told
    }
}

/// Whether a text goes on with a traceback whatever it has said so far.
fn goes_on(text: &[u8]) -> bool {
    traceback::is_indented(text) || traceback::chains(text)
}

/// Whether a text goes on with a traceback whose last line has not come: in a box, or as that line.
fn goes_on_within(text: &[u8]) -> bool {
    traceback::is_boxed(text) || is_raised(text)
}

/// Whether a text says what was raised: `ValueError: x`, `torch.OutOfMemoryError: x`, `KeyboardInterrupt`.
fn is_raised(text: &[u8]) -> bool {
    let is_part = |b: &u8| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'.');
    let (name, rest) = text.split_at(text.iter().take_while(|b| is_part(b)).count());
    let class = name.rsplit(|b| *b == b'.').next().and_then(<[u8]>::first);
    (class.is_some_and(u8::is_ascii_uppercase) || is_exception(name))
        && matches!(rest, [] | [b':' | b'(' | b'\n' | b'\r', ..])
}
