//! The files that have a name one after the other.

use std::collections::VecDeque;
use std::path::Path;
use std::sync::Arc;

use super::followed::Followed;
use crate::error::Result;
use crate::file::block::Tail;
use crate::file::source::{Identity, Source};
use crate::system::time_source::TimeSource;

/// How many files are remembered that the follow has left.
const LEFT: usize = 2;

/// The files that took the name of the one that is read, and those that had it before.
///
/// A file that takes the name is held open from the first look on, for it may be rotated itself before the follow has
/// come to the end of the one before. One that was left is remembered for a while: a link that is turned back leads to
/// it again, and what was written to it too late has to be told.
#[derive(Default)]
pub(super) struct Succession {
    next: VecDeque<Arc<Source>>,
    left: VecDeque<Followed>,
}

impl Succession {
    /// Takes note of the file that `path` names now, if that is another one than the last that was seen there; the one
    /// that is read is `current`.
    pub(super) fn look(&mut self, path: &Path, current: Identity) -> Result<()> {
        let known = self.next.back().map_or(current, |source| source.identity());
        if Identity::at(path).is_none_or(|identity| identity == known) {
            return Ok(());
        }
        // Gone again, rotated twice or deleted, or not to be read yet: the next look will tell.
        if let Some(source) = Source::open_awaited(path)?
            && source.identity() != known
        {
            self.next.push_back(Arc::new(source));
        }
        Ok(())
    }

    /// Whether something stands in one of the next files: until then, writers may still be at the old one, for logrotate
    /// creates the new one before it tells them. Those that cannot be read any more are counted as `lost`.
    pub(super) fn has_begun(&mut self, lost: &mut u64) -> Result<bool> {
        let before = self.next.len();
        self.next.retain(|source| source.size().is_ok() || !source.is_lost());
        *lost += (before - self.next.len()) as u64;
        for source in &self.next {
            if source.size()? > 0 {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// The next file: from its beginning, or from where it was left.
    pub(super) fn pop(&mut self, time: &TimeSource) -> Result<Option<Followed>> {
        let Some(source) = self.next.pop_front() else { return Ok(None) };
        let left = self.left.iter().position(|open| open.source.identity() == source.identity());
        match left.and_then(|at| self.left.remove(at)) {
            Some(open) => Ok(Some(open)),
            None => Followed::new(source, Tail::unknown(0), time).map(Some),
        }
    }

    /// Remembers a file that was read to its end; returns how many have been forgotten that were written to since.
    pub(super) fn leave(&mut self, open: Followed) -> u64 {
        self.left.push_back(open);
        let forgotten = if self.left.len() > LEFT { self.left.pop_front() } else { None };
        u64::from(forgotten.is_some_and(|open| has_grown(&open)))
    }

    /// Forgets all that were left; returns how many were written to since.
    pub(super) fn leave_all(&mut self) -> u64 {
        self.left.drain(..).filter(has_grown).count() as u64
    }
}

/// Whether there is more in a file than was delivered of it.
fn has_grown(open: &Followed) -> bool {
    open.source.readable(open.place.at()).is_ok_and(|size| size > open.place.at())
}
