//! Where a query begins: at the start of the file, at its last lines, or where the index says.

use std::sync::Arc;

use super::{BatchSource, LevelTelling, Query};
use crate::arrival::arrived::Arrived;
use crate::caller::Caller;
use crate::error::Result;
use crate::file::block::{Block, Extent, Tail, cut_back, whole_end};
use crate::file::source::Source;
use crate::follow::{self, Follow};
use crate::index::text::{Places, TextIndex};
use crate::index::{LevelIndex, STORED_FROM, election};
use crate::scan::{Job, Purpose, Scan};
use crate::system::time_source::TimeSource;
use crate::timing::Timing;

impl Query {
    /// Opens the file and finds where to begin.
    pub(super) fn begin(&mut self, caller: &mut dyn Caller) -> Result<BatchSource> {
        let Some(source) = self.open()?.map(Arc::new) else {
            // A follow waits for its file; what comes then is live from the first line.
            let timing = self.question.time.clone().map(Timing::live);
            self.timing = timing.map(|timing| timing.with_arrivals(Arrived::live(&self.question.path)));
            return Ok(BatchSource::Follow(Box::new(self.live(None)?)));
        };
        let stated = if self.question.follow { source.readable(0)? } else { source.size()? };
        self.tell_format(&source, stated, caller)?;
        // A follow delivers the unfinished line once it is whole, so it is not one of the lines that are there now.
        let size = stated.min(self.bound.unwrap_or(u64::MAX)).min(self.question.size);
        let there = Extent { start: 0, end: size };
        let end =
            if self.question.follow { whole_end(&source, there, &mut || caller.pulse())? } else { size };
        self.end = end;
        self.question.after = from_whole_line(&source, self.question.after, end, caller)?;
        match self.question.time.clone() {
            Some(terms) => self.seek(terms, &source, end, caller),
            None => self.scan(source, end, caller),
        }
    }

    /// The file to begin with: the one that was held open, under its name if it still has that, for by its name its index
    /// is known. `None` where a follow has to wait for it.
    fn open(&self) -> Result<Option<Source>> {
        let path = &self.question.path;
        let Some(begun) = &self.question.begun else {
            return if self.question.follow {
                Source::open_awaited(path)
            } else {
                Source::open(path).map(Some)
            };
        };
        let held = Source::open(begun)?;
        match Source::open(path) {
            Ok(named) if named.identity() == held.identity() => Ok(Some(named)),
            _ => Ok(Some(held)),
        }
    }

    /// Reads the first `end` bytes of the file in its order, where nothing is asked about time.
    fn scan(&mut self, source: Arc<Source>, end: u64, caller: &mut dyn Caller) -> Result<BatchSource> {
        let places = self.places(&source, end)?;
        let by_text = places.is_some();
        let all = || vec![Extent { start: 0, end }];
        let mut extents = places.map_or_else(all, |places| self.note_skipped(places));
        let mut start = self.question.after.min(end);
        extents = Extent::before(&Extent::behind(&extents, start), self.question.before);
        if let Some(last) = self.question.last {
            start = self.last_from_end(&source, &extents, (end, last as u64), caller)?;
            extents = Extent::behind(&extents, start);
        }
        if self.question.follow && !(by_text && self.bound.is_none()) {
            let tail = Tail::of_file(&source, start)?;
            source.insist(start)?;
            return Ok(BatchSource::Follow(Box::new(self.live(Some((source, tail)))?)));
        }
        if self.question.follow {
            // Before anything is read: what is delivered may be held for long, while the file is cut and written anew.
            self.tail = Tail::of_file(&source, end)?;
            source.insist(end)?;
            self.backfill = Some(Arc::clone(&source));
        }
        Ok(BatchSource::Scan(Box::new(Scan::over(self.job(source), extents, self.question.workers))))
    }

    /// Where in the first `end` bytes of the file a line may be selected, by the indexes of text and of levels; `None`
    /// where there are none, or they cannot say.
    pub(super) fn places(&self, source: &Source, end: u64) -> Result<Option<Places>> {
        let by_text = match &self.question.pattern {
            Some(pattern) => {
                TextIndex::load(&self.question.keep, source, &source.metadata()?).places(pattern, end)
            }
            None => None,
        };
        let known = self.telling.as_ref().and_then(|telling| telling.known.as_ref());
        let least = self.question.sieve.as_ref().and_then(|sieve| sieve.level);
        let by_level = known.zip(least).map(|(known, least)| known.places(least, end));
        Ok(match (by_text, by_level) {
            (Some(text), Some(level)) => Some(text.among(&level, end)),
            (text, level) => text.or(level),
        })
    }

    /// Counts what the index of text skips.
    fn note_skipped(&mut self, places: Places) -> Vec<Extent> {
        self.counters.bytes_skipped += places.skipped;
        self.counters.skipped_by_text += places.by_text;
        places.extents
    }

    /// Tells the sieve which ambiguous format the first `size` bytes of the file elect, where levels are asked. What is
    /// stored about a long log says it; others are asked.
    fn tell_format(&mut self, source: &Source, size: u64, caller: &mut dyn Caller) -> Result<()> {
        let Some(sieve) = self.question.sieve.as_mut().filter(|sieve| sieve.asks_levels()) else {
            return Ok(());
        };
        let taught = sieve.elected.teacher().cloned();
        let (keep, mut stored) = (&self.question.keep, None);
        if taught.is_none() && size >= STORED_FROM {
            let seen = source.metadata()?;
            let known = LevelIndex::load(keep, source, &seen);
            let times = || keep.load(source, None).filter(|store| store.about.speaks_of(source, &seen));
            stored = known.as_ref().map(|known| known.about.elected.clone());
            stored = stored.or_else(|| Some(times()?.about.elected));
            self.telling = Some(LevelTelling { seen, known });
        }
        let elected = match stored {
            Some(elected) => elected,
            None => election(source, size, taught.as_ref(), &mut || caller.pulse())?,
        };
        Arc::make_mut(sieve).elected = elected;
        Ok(())
    }

    /// What is written from now on, or from a place in the file on.
    pub(super) fn live(&self, begun: Option<(Arc<Source>, Tail)>) -> Result<Follow> {
        let mut follow = Follow::new(self.terms(), begun)?;
        if let Some(bound) = self.bound {
            follow.read_to(bound);
            follow.lead(true);
        }
        Ok(follow)
    }

    /// Where the last `last` lines of `extents` begin, found from the end backwards; at `end` for none.
    fn last_from_end(
        &mut self,
        source: &Arc<Source>,
        extents: &[Extent],
        (end, last): (u64, u64),
        caller: &mut dyn Caller,
    ) -> Result<u64> {
        if last == 0 {
            return Ok(end);
        }
        let (job, mut found, mut block) = (self.job(Arc::clone(source)), 0, Block::default());
        for Extent { start, mut end } in extents.iter().copied().rev() {
            while end > start {
                caller.pulse()?;
                let (mut extent, before) = cut_back(source, end, &mut || caller.pulse())?;
                // What stands before the stretch has nothing that is selected, but may be a hole.
                extent.start = extent.start.max(start).min(extent.end);
                block.read(source, extent)?;
                source.insist(extent.end)?;
                self.counters.bytes_read += extent.len();
                let mut batch = job.look(std::mem::take(&mut block));
                batch.judge(caller)?;
                found += batch.len();
                if found >= last {
                    return Ok(batch.offset_of(found - last));
                }
                (block, end) = (batch.into_block().unwrap_or_default(), before);
            }
        }
        Ok(0)
    }

    fn purpose(&self) -> Purpose {
        // In the middle of a block lines have to be told apart.
        let part = self.question.after > 0 || self.question.before < u64::MAX;
        match (self.counting && !(part && self.question.time.is_some()), self.raw) {
            (true, _) => Purpose::Count,
            (false, true) => Purpose::Bytes,
            (false, false) => Purpose::Text,
        }
    }

    pub(super) fn job(&self, source: Arc<Source>) -> Job {
        Job {
            source,
            pattern: self.question.pattern.clone(),
            sieve: self.question.sieve.clone(),
            purpose: self.purpose(),
            behind_hole: None,
            live: self.question.follow,
            of_index: false,
        }
    }

    fn terms(&self) -> follow::FollowTerms {
        let timed = self.question.time.is_some();
        follow::FollowTerms {
            path: self.question.path.clone(),
            pattern: self.question.pattern.clone(),
            sieve: self.question.sieve.clone(),
            // Timed, every line must be seen.
            purpose: if timed { self.purpose().of_every_block() } else { self.purpose() },
            partial: self.question.partial,
            deadline: self.question.deadline,
            workers: self.question.workers,
            wakeup: Arc::clone(&self.question.wakeup),
            time: TimeSource::default(),
        }
    }
}

/// Where to go on instead of `after`, if that is behind a line that was not finished when the place was found again, and
/// since then was: behind its end, or at its beginning if it says more.
fn from_whole_line(source: &Source, after: u64, end: u64, caller: &mut dyn Caller) -> Result<u64> {
    let mut around = [b'\n'; 2];
    if after == 0 || after >= end || source.read(after - 1, &mut around)? < 2 || around[0] == b'\n' {
        return Ok(after);
    }
    match around[1] {
        b'\n' => Ok(after + 1),
        _ => whole_end(source, Extent { start: 0, end: after }, &mut || caller.pulse()),
    }
}
