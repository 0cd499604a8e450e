//! Where a query stands: what may be asked of it at any time, and changes nothing.
//!
//! A reader wants to know more than lines: how much was read, what befell the file, how sure the times are, and, for a
//! cursor, how far it was handed out. The answers lie with the scan, the seek or the follow that brings the batches just now, or
//! were taken over from those that did before.

use std::sync::Arc;

use super::feed::BatchSource;
use super::{Query, Question};
use crate::cursor::Mark;
use crate::file::block::Tail;
use crate::file::source::Source;
use crate::follow::{FileEvents, Follow};
use crate::scan::Counters;
use crate::timing::{Sureness, Timing};

impl Query {
    /// What it was asked.
    pub fn question(&self) -> &Question {
        &self.question
    }

    /// The file from which the last batch came, as long as something may come.
    pub fn source(&self) -> Option<&Arc<Source>> {
        self.feed.as_ref().and_then(BatchSource::source)
    }

    /// Up to where its lines were looked at once nothing more comes, in bytes.
    pub fn end_of_file(&self) -> u64 {
        self.followed().map_or(self.end, Follow::at)
    }

    /// Where what was there ends that it began with, in bytes.
    pub fn end_at_start(&self) -> u64 {
        self.end
    }

    /// Where blocks to come begin that follow one another from where the question begins, and the latest moment of any line up
    /// to the end of each; and whether all lines of the file that are behind that place stand in them.
    pub fn ceilings(&mut self) -> (Vec<(u64, i64)>, bool) {
        let (Some(BatchSource::Seek(seek)), Some(timing)) = (&self.feed, &mut self.timing) else {
            return (Vec::new(), false);
        };
        let (mut ceilings, mut end, mut latest) = (Vec::new(), self.question.after, i64::MIN);
        for entry in seek.entries() {
            if entry.extent.start > end {
                break;
            }
            end = entry.extent.end;
            latest = latest.max(timing.latest(entry));
            ceilings.push((entry.extent.start, latest));
        }
        (ceilings, end >= self.end)
    }

    /// How many files a follow has left behind so far.
    pub fn times_left(&self) -> u64 {
        self.followed().map_or(0, Follow::times_left)
    }

    /// What a follow has delivered last of the file that it reads now.
    pub fn tail(&self) -> Option<&Tail> {
        self.followed().and_then(Follow::tail)
    }

    /// How far the files were read that a follow has left behind.
    pub fn left_behind(&self) -> impl Iterator<Item = Mark> {
        let left = self.followed().map_or(&[][..], Follow::left);
        left.iter().map(|mark| mark.called(&self.question.name))
    }

    /// Whether what is followed must be looked at again and again, since nothing rings when it changes.
    pub fn is_blind(&self) -> bool {
        self.followed().is_some_and(Follow::is_blind)
    }

    /// What befell the file while it was followed.
    pub fn events(&self) -> FileEvents {
        self.followed().map(Follow::events).unwrap_or_default()
    }

    /// What was read so far.
    pub fn counters(&self) -> Counters {
        let mut counters = self.counters;
        if let Some(feed) = &self.feed {
            counters.add(feed.counters());
        }
        counters
    }

    /// What a person should know about the times.
    pub fn notes(&self) -> &[String] {
        self.notes.as_deref().unwrap_or_default()
    }

    /// What is known of the times of the delivered lines.
    pub fn sureness(&self) -> Sureness {
        self.timing.as_ref().map(Timing::sureness).unwrap_or_default()
    }

    /// The follow, where the batches come from one.
    fn followed(&self) -> Option<&Follow> {
        match &self.feed {
            Some(BatchSource::Follow(follow)) => Some(follow),
            _ => None,
        }
    }
}
