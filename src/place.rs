//! Where a follow stands in a file, and how it notices that the ground has moved.
//!
//! The size alone does not tell what happened: a writer without `O_APPEND` keeps its offset over a truncation, so the
//! file is a hole and then new data, longer than before. So the beginning of the file and the bytes before our place
//! are compared with what they were. What this cannot see: a file cut and written anew past our place between two
//! looks, with the same beginning and the same bytes before our place.

use std::time::SystemTime;

use crate::block::{BLOCK, Extent};
use crate::error::Result;
use crate::line;
use crate::source::{Look, Source};

/// How many bytes before the place are remembered.
const RECENT: u64 = 4096;

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
    last: Option<(u64, SystemTime)>,
    /// Where the place was before the file was cut: a writer that kept its offset leaves NULs up to there.
    before_cut: Option<u64>,
}

impl Place {
    /// Stands at `at`, in bytes.
    pub fn new(source: &Source, at: u64) -> Result<Self> {
        let mut place = Self { at, searched: at, recent: Vec::new(), last: None, before_cut: None };
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
        if self.last.replace(now) == Some(now) {
            return Ok(Change::Still);
        }
        let size = now.0;
        if let Some(place) = self.moved(source)? {
            source.renew_head()?;
            self.before_cut = Some(self.at.max(self.before_cut.unwrap_or(0)));
            self.searched = place;
            self.last = None;
            self.advance(source, place)?;
            return Ok(Change::Cut);
        }
        if size <= self.at {
            return Ok(Change::Still);
        }
        if let Some(reach) = self.before_cut.take()
            && let Some(text) = self.after_hole(source, reach, size)?
        {
            self.advance(source, text)?;
        }
        Ok(Change::Grew(size))
    }

    /// Where the new text begins, if the file is not what it was.
    fn moved(&self, source: &Source) -> Result<Option<u64>> {
        Ok(match source.look(self.at)? {
            Look::Rewritten => Some(0),
            Look::Shrunk { size } => Some(self.first_difference(source, size)?.unwrap_or(size)),
            Look::Sound => self.first_difference(source, self.at)?,
        })
    }

    /// The first byte before our place that is no longer what it was.
    fn first_difference(&self, source: &Source, size: u64) -> Result<Option<u64>> {
        let from = self.at - self.recent.len() as u64;
        let mut now = vec![0; self.recent.len().min(size.saturating_sub(from) as usize)];
        let got = source.read(from, &mut now)?;
        let differs = now[..got].iter().zip(&self.recent).position(|(a, b)| a != b);
        Ok(differs.map(|i| from + i as u64))
    }

    /// The end of the NULs at our place, if they go as far as `reach`: the hole under a writer that kept its offset.
    fn after_hole(&self, source: &Source, reach: u64, size: u64) -> Result<Option<u64>> {
        let mut buffer = vec![0; BLOCK];
        let mut at = self.at;
        while at < size {
            let got = source.read(at, &mut buffer)?;
            if got == 0 {
                break;
            }
            if let Some(text) = buffer[..got].iter().position(|&b| b != 0) {
                at += text as u64;
                break;
            }
            at += got as u64;
        }
        Ok((at > self.at && at >= reach).then_some(at))
    }

    /// The whole lines between the place and `size`, if there are any.
    pub fn whole_lines(&mut self, source: &Source, size: u64) -> Result<Option<Extent>> {
        let mut probe = vec![0; BLOCK.min(size.saturating_sub(self.searched) as usize)];
        let mut end = size;
        while end > self.searched {
            let from = end.saturating_sub(BLOCK as u64).max(self.searched);
            let got = source.read(from, &mut probe[..(end - from) as usize])?;
            let whole = line::whole(&probe[..got]);
            if whole > 0 {
                return Ok(Some(Extent { start: self.at, end: from + whole as u64 }));
            }
            end = from;
        }
        self.searched = size;
        Ok(None)
    }
}
