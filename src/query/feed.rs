//! Where the batches of a query come from, and how it goes on from what was there to what is written later.

use std::sync::Arc;

use super::Query;
use super::seek::Seek;
use crate::batch::Batch;
use crate::caller::Caller;
use crate::error::{Error, Result};
use crate::file::block::{BLOCK, Pulse, Tail, nuls_end};
use crate::file::source::Source;
use crate::follow::{Follow, Turn};
use crate::scan::{Counters, Scan};

/// Where the batches come from.
///
/// Without a question about time, every block or those that the index of text leaves: a scan. With one, the blocks that
/// the index of times names: a seek. What is written after that: a follow, which takes the place of either.
pub(super) enum BatchSource {
    Scan(Box<Scan>),
    Seek(Box<Seek>),
    Follow(Box<Follow>),
}

impl BatchSource {
    /// The file from which the last batch came, as long as something may come.
    pub(super) fn source(&self) -> Option<&Arc<Source>> {
        match self {
            Self::Scan(scan) => Some(scan.source()),
            Self::Seek(seek) => Some(seek.source()),
            Self::Follow(follow) => follow.source(),
        }
    }

    /// What it has read so far.
    pub(super) fn counters(&self) -> Counters {
        match self {
            Self::Scan(scan) => scan.counters(),
            Self::Seek(seek) => seek.counters(),
            Self::Follow(follow) => follow.counters(),
        }
    }

    /// Takes back the buffer of a batch.
    pub(super) fn recycle(&mut self, batch: Batch) {
        match self {
            Self::Scan(scan) => scan.recycle(batch),
            Self::Seek(seek) => seek.recycle(batch),
            Self::Follow(follow) => follow.recycle(batch),
        }
    }
}

impl Query {
    /// What the feed has, with only the lines that lie in the range.
    pub(super) fn feed(&mut self, caller: &mut dyn Caller) -> Result<Turn> {
        let over = |batch: Option<Batch>| batch.map_or(Turn::Over, Turn::Batch);
        match (&mut self.feed, &mut self.timing) {
            (Some(BatchSource::Scan(scan)), _) => match scan.next(&mut || caller.pulse()) {
                // A follow goes on with what is new. What the scan left out it does not know.
                Err(Error::Truncated { size, .. }) if self.question.follow => {
                    self.cut = Some((Tail::unknown(scan.reached()), size));
                    Ok(Turn::Over)
                }
                next => next.map(over),
            },
            (Some(BatchSource::Seek(seek)), Some(timing)) => {
                match seek.next(timing, &mut || caller.pulse()) {
                    Err(Error::Truncated { size, .. }) if self.question.follow => {
                        self.cut = Some((seek.tail(&self.tail), size));
                        Ok(Turn::Over)
                    }
                    next => next.map(|batch| {
                        self.left = seek.left();
                        over(batch.map(|mut batch| {
                            batch.drop_outside(self.question.after, self.question.before);
                            batch
                        }))
                    }),
                }
            }
            (Some(BatchSource::Follow(_)), _) => self.feed_live(caller),
            _ => Ok(Turn::Over),
        }
    }

    /// What a follow has, timed where that is asked.
    fn feed_live(&mut self, caller: &mut dyn Caller) -> Result<Turn> {
        let Some(BatchSource::Follow(follow)) = &mut self.feed else { return Ok(Turn::Over) };
        let Some(timing) = &mut self.timing else { return follow.poll(caller) };
        let mut batch =
            match self.untimed.take().map_or_else(|| follow.poll(caller), |b| Ok(Turn::Batch(b)))? {
                Turn::Batch(batch) => batch,
                turn => return Ok(turn),
            };
        let events = follow.events();
        if self.befallen != events {
            match lines_before(follow.source(), batch.block.start(), &mut || caller.pulse()) {
                Ok(lines) => timing.stand_behind(lines),
                Err(error) => {
                    self.untimed = Some(batch);
                    return Err(error);
                }
            }
            self.befallen = events;
        }
        timing.sift_live(&mut batch);
        Ok(Turn::Batch(batch))
    }

    /// Goes on to what is written after the backfill of a follow; false where nothing comes after.
    pub(super) fn go_live(&mut self, caller: &mut dyn Caller) -> Result<bool> {
        if let (Some(BatchSource::Scan(scan)), Some(source)) = (&self.feed, self.backfill.take()) {
            self.counters.add(scan.counters());
            return self.go_on(source, caller);
        }
        let (Some(BatchSource::Seek(seek)), Some(timing)) = (&self.feed, &mut self.timing) else {
            return Ok(false);
        };
        let index = seek.index();
        if self.notes.is_none() {
            self.notes = Some(timing.notes(index, seek.source())?);
        }
        if !self.question.follow {
            return Ok(false);
        }
        timing.go_live(index, seek.source())?;
        let source = Arc::clone(seek.source());
        self.counters.add(seek.counters());
        self.go_on(source, caller)
    }

    /// Follows the file from behind its backfill on, or from where that was cut short.
    fn go_on(&mut self, source: Arc<Source>, caller: &mut dyn Caller) -> Result<bool> {
        let cut = self.cut.take();
        let tail = cut.as_ref().map_or(&self.tail, |(reached, _)| reached).clone();
        let mut follow = self.live(Some((source, tail)))?;
        if let Some((reached, size)) = cut {
            follow.cut(&reached, size, &mut || caller.pulse())?;
        }
        self.feed = Some(BatchSource::Follow(Box::new(follow)));
        if self.ended {
            self.end()?;
        }
        Ok(true)
    }
}

/// How many lines end in the first `end` bytes of a file.
fn lines_before(source: Option<&Arc<Source>>, end: u64, pulse: Pulse<'_>) -> Result<u64> {
    let Some(source) = source else { return Ok(0) };
    let mut at = nuls_end(source, 0, end, pulse)?;
    let (mut bytes, mut lines) = (vec![0; end.saturating_sub(at).min(BLOCK as u64) as usize], 0);
    while at < end {
        pulse()?;
        let most = bytes.len().min((end - at) as usize);
        let got = source.read(at, &mut bytes[..most])?;
        if got == 0 {
            break;
        }
        lines += memchr::memchr_iter(b'\n', &bytes[..got]).count() as u64;
        at += got as u64;
    }
    Ok(lines)
}
