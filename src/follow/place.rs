//! Where a follow stands in a file, and how it notices that the ground has moved.
//!
//! The size alone does not tell what happened: a writer without `O_APPEND` keeps its offset over a truncation, so the
//! file is a hole and then new data, longer than before. So the beginning of the file and the bytes before our place
//! are compared with what was delivered. What this cannot see: a file cut and written anew past our place between two
//! looks, with the same first 512 bytes and the same bytes before our place; nor where, behind the first 16 KiB, a file
//! that is shorter by now differs from what was delivered.

use std::time::{Duration, Instant, SystemTime};

use crate::cursor::Mark;
use crate::error::Result;
use crate::file::block::{Extent, HOLE, Pulse, Tail, nuls_end, whole_end};
use crate::file::source::{Look, Source};
use crate::system::time_source::TimeSource;

/// Two changes within this time may leave the same time of change behind: file systems keep it by ticks of a clock,
/// some by whole seconds.
const TICK: Duration = Duration::from_secs(2);

/// What a look at the file found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Change {
    /// Nothing has happened to it.
    Still,
    /// It reaches up to this size in bytes, which is the place where there is nothing more.
    Grew(u64),
    /// The file was cut or written anew, and the place has moved to where the new text begins.
    Cut,
}

/// A place in a growing file: everything before it has been delivered.
///
/// It moves over whole lines only. At each look it is compared with what the file is now, which may have grown, been
/// cut or been written anew since; what the follow does next hangs on nothing else.
#[derive(Debug)]
pub struct Place {
    at: u64,
    /// Up to here there is no line end after `at`.
    searched: u64,
    /// What was delivered last, which ends at `at`.
    tail: Tail,
    /// Where the hole begins at whose end it stands: NULs that stand behind it by now go on with it, however few.
    hole: Option<u64>,
    /// Size and time of change at the last look, and when they were first seen.
    last: Option<((u64, SystemTime), Instant)>,
    time: TimeSource,
    /// The bytes were compared so long after the last change that another would show in the time.
    settled: bool,
    /// Where the place was before the file was cut: a writer that kept its offset leaves NULs up to there.
    before_cut: Option<u64>,
    /// Where it was in the text that has been cut off since the one who looks last took this.
    cut_off: Option<Mark>,
    /// Holes that were stepped over since the one who looks last took this number.
    pub holes: u64,
}

impl Place {
    /// Stands behind what was delivered last, which is `tail`.
    pub fn new(source: &Source, tail: Tail, time: TimeSource) -> Result<Self> {
        source.remember_head()?;
        Ok(Self {
            at: tail.end(),
            searched: tail.end(),
            tail,
            hole: None,
            last: None,
            time,
            settled: false,
            before_cut: None,
            cut_off: None,
            holes: 0,
        })
    }

    /// Where it stands, in bytes.
    pub fn at(&self) -> u64 {
        self.at
    }

    /// What was delivered last, which ends there.
    pub fn tail(&self) -> &Tail {
        &self.tail
    }

    /// Moves on behind `read`, which was delivered.
    pub fn deliver(&mut self, read: &Tail) {
        if read.end() > self.at {
            self.hole = None;
            self.tail.append(read);
            self.move_to(self.tail.end());
        }
    }

    /// Moves on behind `bytes`, which were delivered.
    pub fn deliver_bytes(&mut self, bytes: &[u8]) {
        self.hole = None;
        self.tail.extend(bytes);
        self.move_to(self.tail.end());
    }

    /// Moves on over a hole that ends at `end`.
    pub fn step_over(&mut self, end: u64) {
        if end > self.at {
            self.hole.get_or_insert(self.at);
            self.tail.step_over(end);
            self.move_to(end);
        }
    }

    fn move_to(&mut self, end: u64) {
        self.at = end;
        self.searched = self.searched.max(end);
    }

    /// Where the hole ends at whose end it stands.
    pub fn behind_hole(&self) -> Option<u64> {
        self.hole.map(|_| self.at)
    }

    /// Looks at what happened to the file since the last look.
    pub fn look(&mut self, source: &Source, pulse: Pulse<'_>) -> Result<Change> {
        let metadata = source.metadata()?;
        let now = (metadata.len(), metadata.modified().unwrap_or(SystemTime::UNIX_EPOCH));
        let since =
            self.last.filter(|(last, _)| *last == now).map_or_else(|| self.time.now(), |(_, since)| since);
        if self.last.is_some_and(|((size, _), _)| now.0 < size) {
            // An unfinished line was cut off: another one may end where that did not.
            self.searched = self.at;
        }
        self.last = Some((now, since));
        let settled = self.time.since(since) > TICK;
        if settled && self.settled {
            return Ok(Change::Still);
        }
        self.settled = settled;
        if let Some(place) = self.moved(source, pulse)? {
            self.go_back(source, place)?;
            return Ok(Change::Cut);
        }
        let size = if now.0 > self.at { source.readable_of(now.0, self.at)? } else { now.0 };
        if size <= self.at {
            // What was seen behind the place at an earlier look may have been cut off since.
            return Ok(Change::Grew(self.at));
        }
        self.step_over_nuls(source, size, pulse)?;
        // Before the new bytes are read: a cut while they are must not find the beginning unknown.
        source.remember_head()?;
        Ok(Change::Grew(size))
    }

    /// Steps over NULs that a writer left which kept its offset over a cut.
    fn step_over_nuls(&mut self, source: &Source, size: u64, pulse: Pulse<'_>) -> Result<()> {
        let reach = self.before_cut.take();
        if reach.is_none() && self.hole.is_none() {
            return Ok(());
        }
        let text = nuls_end(source, self.at, size, pulse)?;
        if text == self.at {
            return Ok(());
        }
        if self.hole.is_some() {
            // It was cut once more, and the writer has come further since: the hole is longer.
            self.step_over(text);
        } else if reach.is_some_and(|reach| text >= reach) {
            self.holes += 1;
            self.step_over(text);
        }
        Ok(())
    }

    /// A reader that had come behind `read` found the file cut to `size`; since then it may have grown again.
    pub fn cut(&mut self, source: &Source, read: &Tail, size: u64, pulse: Pulse<'_>) -> Result<()> {
        self.deliver(read);
        if source.look(0)? == Look::Rewritten {
            return self.go_back(source, 0);
        }
        // A short read tells how far it came, which may be more than is left.
        let left = size.min(self.at).min(source.size()?);
        let new = match self.first_difference(source)? {
            Some(differs) => self.begin_of_new(source, differs, pulse)?,
            None => left,
        };
        self.go_back(source, new.min(left))
    }

    /// What lets `source` be known again as far as it was delivered.
    pub fn left(&self, source: &Source) -> Mark {
        let begun = if self.is_at_line_start() { None } else { self.tail.line_start(self.at) };
        let line = begun.filter(|&line| line >= self.tail.start()).unwrap_or(self.at);
        Mark::left(source, source.path(), line, self.tail.bytes(), (self.at - line) as usize)
    }

    /// Where the place was in a text that has been cut off, which may go on in a copy.
    pub fn take_cut_off(&mut self) -> Option<Mark> {
        self.cut_off.take()
    }

    fn go_back(&mut self, source: &Source, place: u64) -> Result<()> {
        self.cut_off = Some(self.left(source));
        // What still stands of the beginning stays remembered: it tells whether the file is written anew meanwhile.
        if place < source.head().len() as u64 {
            source.renew_head()?;
        }
        self.before_cut = Some(self.at.max(self.before_cut.unwrap_or(0)));
        (self.at, self.searched, self.hole, self.last) = (place, place, None, None);
        self.tail.truncate(place);
        if self.tail.start() >= place {
            // Further back than is remembered.
            self.tail = Tail::of_file(source, place)?;
        }
        Ok(())
    }

    /// Where the new text begins, if the file is not what it was.
    fn moved(&self, source: &Source, pulse: Pulse<'_>) -> Result<Option<u64>> {
        let look = source.look(self.at)?;
        if look == Look::Rewritten {
            // Even if the first lines are the same: programs begin with the same banner each time.
            return Ok(Some(0));
        }
        // While the file grows, its end tells enough: the rest is compared where something is known to have happened.
        if look == Look::Sound && self.tail.first_difference(source)?.is_none() {
            return Ok(None);
        }
        match (self.first_difference(source)?, look) {
            (Some(differs), _) => self.begin_of_new(source, differs, pulse).map(Some),
            (None, Look::Shrunk { size }) => Ok(Some(size)),
            (None, _) => Ok(None),
        }
    }

    /// Where the file differs from all that is remembered of what was delivered.
    fn first_difference(&self, source: &Source) -> Result<Option<u64>> {
        match self.tail.first_difference_at_beginning(source)? {
            None => self.tail.first_difference(source),
            differs => Ok(differs),
        }
    }

    /// Where the first line begins that is no longer what it was: the file differs at `differs` from what was delivered.
    fn begin_of_new(&self, source: &Source, differs: u64, pulse: Pulse<'_>) -> Result<u64> {
        if let Some(start) = self.hole.filter(|&start| start <= self.tail.start() && start <= differs) {
            // Nothing of a hole that was stepped over was delivered: where it was, all is new.
            return nuls_end(source, start, differs, pulse);
        }
        // Two lines may begin alike: the new one is wanted whole. Where it begins was delivered, and is remembered unless
        // the line is long: the file may be yet another by now.
        match self.tail.line_start(differs) {
            Some(start) => Ok(start),
            None => whole_end(source, Extent { start: 0, end: differs }, pulse),
        }
    }

    /// Whether what was delivered last, and `read` after that, still stands in the file.
    pub fn stands_in(&self, source: &Source, read: &Tail) -> Result<bool> {
        self.tail.stands_in(source, read)
    }

    /// Whether a line begins here; else something of it has been delivered.
    pub fn is_at_line_start(&self) -> bool {
        self.hole.is_some() || self.tail.bytes().last().is_none_or(|&byte| byte == b'\n')
    }

    /// Whether the unfinished line begins with NULs only, which may become a hole; steps over one that is whole.
    /// `over` says that nothing more will be written.
    pub fn is_before_hole(
        &mut self,
        source: &Source,
        size: u64,
        over: bool,
        pulse: Pulse<'_>,
    ) -> Result<bool> {
        if !self.is_at_line_start() || size <= self.at {
            return Ok(false);
        }
        let text = nuls_end(source, self.at, size, pulse)?;
        let hole = text - self.at >= HOLE as u64;
        if hole && (text < size || over) {
            self.holes += 1;
            self.step_over(text);
        }
        Ok(text == size && !over)
    }

    /// The whole lines between the place and `size`, if there are any.
    pub fn whole_lines(&mut self, source: &Source, size: u64, pulse: Pulse<'_>) -> Result<Option<Extent>> {
        let unsearched = Extent { start: self.searched, end: size.max(self.searched) };
        let end = whole_end(source, unsearched, pulse)?;
        if end > unsearched.start {
            return Ok(Some(Extent { start: self.at, end }));
        }
        self.searched = unsearched.end;
        Ok(None)
    }
}
