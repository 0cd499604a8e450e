//! Where a follow stands in a file, and how it notices that the ground has moved.
//!
//! The size alone does not tell what happened: a writer without `O_APPEND` keeps its offset over a truncation, so the
//! file is a hole and then new data, longer than before. So the beginning of the file and the bytes before our place
//! are compared with what they were. What this cannot see: a file cut and written anew past our place between two
//! looks, with the same beginning and the same bytes before our place.

use std::time::{Duration, Instant, SystemTime};

use crate::block::{Extent, HOLE, whole_end};
use crate::error::Result;
use crate::source::{Look, Source};

/// How many bytes before the place are remembered.
const RECENT: u64 = 4096;

/// Two changes within this time may leave the same time of change behind: file systems keep it by ticks of a clock,
/// some by whole seconds.
const TICK: Duration = Duration::from_secs(2);

/// What a look at the file found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Change {
    /// Nothing new.
    Still,
    /// There is more, up to this size in bytes.
    Grew(u64),
    /// The file was cut or written anew, and the place has moved to where the new text begins.
    Cut,
}

/// A place in a growing file: everything before it has been delivered.
#[derive(Debug)]
pub struct Place {
    at: u64,
    /// Up to here there is no line end after `at`.
    searched: u64,
    recent: Vec<u8>,
    /// Size and time of change at the last look, and when they were first seen.
    last: Option<((u64, SystemTime), Instant)>,
    /// The bytes were compared so long after the last change that another would show in the time.
    settled: bool,
    /// Where the place was before the file was cut: a writer that kept its offset leaves NULs up to there.
    before_cut: Option<u64>,
    /// Holes that were stepped over since the one who looks last took this number.
    pub holes: u64,
}

impl Place {
    /// Stands at `at`, in bytes.
    pub fn new(source: &Source, at: u64) -> Result<Self> {
        let mut place = Self {
            at,
            searched: at,
            recent: Vec::new(),
            last: None,
            settled: false,
            before_cut: None,
            holes: 0,
        };
        place.advance(source, at)?;
        Ok(place)
    }

    /// Where it stands, in bytes.
    pub fn at(&self) -> u64 {
        self.at
    }

    /// Moves on to `to`.
    pub fn advance(&mut self, source: &Source, to: u64) -> Result<()> {
        self.at = to;
        self.searched = self.searched.max(to);
        self.recent.resize(to.min(RECENT) as usize, 0);
        let got = source.read(to - self.recent.len() as u64, &mut self.recent)?;
        // Cut meanwhile: what is remembered cannot be compared with anything, and the next look will see the cut.
        if got < self.recent.len() {
            self.last = None;
        }
        source.remember_head()
    }

    /// Looks at what happened to the file since the last look.
    pub fn look(&mut self, source: &Source) -> Result<Change> {
        let metadata = source.metadata()?;
        let now = (metadata.len(), metadata.modified().unwrap_or(SystemTime::UNIX_EPOCH));
        let since = self.last.filter(|(last, _)| *last == now).map_or_else(Instant::now, |(_, since)| since);
        self.last = Some((now, since));
        let settled = since.elapsed() > TICK;
        if settled && self.settled {
            return Ok(Change::Still);
        }
        self.settled = settled;
        let size = now.0;
        if let Some(place) = self.moved(source)? {
            self.go_back(source, place)?;
            return Ok(Change::Cut);
        }
        if size <= self.at {
            return Ok(Change::Still);
        }
        if let Some(reach) = self.before_cut.take()
            && let text = nuls_end(source, self.at, size)?
            && text > self.at
            && text >= reach
        {
            self.holes += 1;
            self.advance(source, text)?;
        }
        // Before the new bytes are read: a cut while they are must not find the beginning unknown.
        source.remember_head()?;
        Ok(Change::Grew(size))
    }

    /// A reader that had come to `reached` found the file cut to `size`; since then it may have grown again.
    pub fn cut(&mut self, source: &Source, reached: u64, size: u64) -> Result<()> {
        self.at = self.at.max(reached);
        let anew = source.look(0)? == Look::Rewritten;
        // A short read tells how far it came, which may be more than is left.
        let left = size.min(self.at).min(source.size()?);
        self.go_back(source, if anew { 0 } else { left })
    }

    fn go_back(&mut self, source: &Source, place: u64) -> Result<()> {
        source.renew_head()?;
        self.before_cut = Some(self.at.max(self.before_cut.unwrap_or(0)));
        self.searched = place;
        self.last = None;
        self.advance(source, place)
    }

    /// Where the new text begins, if the file is not what it was.
    fn moved(&self, source: &Source) -> Result<Option<u64>> {
        Ok(match source.look(self.at)? {
            // Even if the first lines are the same: programs begin with the same banner each time.
            Look::Rewritten => Some(0),
            Look::Shrunk { size } => Some(self.first_difference(source, size)?.unwrap_or(size)),
            Look::Sound => self.first_difference(source, self.at)?,
        })
    }

    /// Where the first line begins before our place that is no longer what it was.
    fn first_difference(&self, source: &Source, size: u64) -> Result<Option<u64>> {
        let from = self.at - self.recent.len() as u64;
        let mut now = vec![0; self.recent.len().min(size.saturating_sub(from) as usize)];
        let got = source.read(from, &mut now)?;
        let differs = now[..got].iter().zip(&self.recent).position(|(a, b)| a != b);
        // Two lines may begin alike: the new one is wanted whole.
        differs.map(|i| whole_end(source, Extent { start: 0, end: from + i as u64 })).transpose()
    }

    /// Whether a line begins here; else something of it has been delivered.
    pub fn is_at_line_start(&self) -> bool {
        self.recent.last().is_none_or(|&byte| byte == b'\n')
    }

    /// Whether the unfinished line begins with NULs only, which may become a hole; steps over one that is whole.
    /// `over` says that nothing more will be written.
    pub fn is_before_hole(&mut self, source: &Source, size: u64, over: bool) -> Result<bool> {
        if !self.is_at_line_start() || size <= self.at {
            return Ok(false);
        }
        let text = nuls_end(source, self.at, size)?;
        let hole = text - self.at >= HOLE as u64;
        if hole && (text < size || over) {
            self.holes += 1;
            self.advance(source, text)?;
        }
        Ok(text == size && !over)
    }

    /// The whole lines between the place and `size`, if there are any.
    pub fn whole_lines(&mut self, source: &Source, size: u64) -> Result<Option<Extent>> {
        let unsearched = Extent { start: self.searched, end: size.max(self.searched) };
        let end = whole_end(source, unsearched)?;
        if end > unsearched.start {
            return Ok(Some(Extent { start: self.at, end }));
        }
        self.searched = unsearched.end;
        Ok(None)
    }
}

/// Where the NULs end that stand at `at`, at most `size`.
fn nuls_end(source: &Source, at: u64, size: u64) -> Result<u64> {
    let mut probe = [0; HOLE];
    let mut at = at;
    while at < size {
        let end = probe.len().min((size - at) as usize);
        let got = source.read(at, &mut probe[..end])?;
        if let Some(text) = probe[..got].iter().position(|&b| b != 0) {
            return Ok(at + text as u64);
        }
        if got == 0 {
            break;
        }
        at = source.next_stored(at + got as u64).min(size);
    }
    Ok(at)
}
