//! Maps of a source: which files are looked at in place, how the threads of a scan share the maps, and when what was
//! seen in one counts.
//!
//! A map spares the copy out of the page cache. What it shows is a *hint*: others may change it under the look, and a page
//! that is cut off in the middle shows zeros without any failure. So a look counts only if nobody has written to the file
//! while it lasted, which the time of the last change of the inode says; else, and for every line that leaves the engine,
//! the file is read into private memory as ever.

use std::fs::Metadata;
use std::os::unix::fs::MetadataExt;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, Weak};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use guarded_map::Map;

use super::block::{BLOCK, Extent};
use super::source::{Look, Source};
use crate::system::lock::lock;

/// The least length of a range that is worth a map, in bytes.
const WORTH: u64 = 4 << 20;
/// How much is mapped at once: page tables and what counts as resident stay bounded, and small address spaces have room.
const PIECE: u64 = 256 << 20;
/// By how much a map reaches into the next piece, so that it shows the runs of blocks that lie in both.
const OVERLAP: u64 = 32 * BLOCK as u64;
/// A change so long ago, and all before it, can be told from one that comes now: before Linux 6.13, changes within one
/// tick of the clock have the same time.
const SETTLED: Duration = Duration::from_millis(50);

/// The maps of one range of a file.
#[derive(Debug)]
pub struct Maps {
    source: Arc<Source>,
    end: u64,
    /// The piece that was mapped last; whoever looks at a piece holds it.
    last: Mutex<Option<(u64, Weak<Map>)>>,
    refused: AtomicBool,
}

/// The map that a thread looked at last.
#[derive(Debug, Default)]
pub struct Held(Option<(u64, Arc<Map>)>);

impl Maps {
    /// Maps for `extent` of a file; `None` where it is to be read: it is short, its file system is not known to be local,
    /// or maps are switched off.
    pub fn of(source: &Arc<Source>, extent: Extent) -> Option<Self> {
        if extent.len() < WORTH || is_off() || !source.is_local() {
            return None;
        }
        Some(Self {
            source: Arc::clone(source),
            end: extent.end,
            last: Mutex::default(),
            refused: AtomicBool::new(false),
        })
    }

    /// What `search` makes of `extent`, seen in place; `None` where it must be read.
    ///
    /// The bytes may change under `search`, which must be total on any bytes and make no text of them.
    pub fn look<T>(&self, extent: Extent, held: &mut Held, search: impl FnOnce(&[u8]) -> T) -> Option<T> {
        let before = self.source.metadata().ok().filter(is_settled)?;
        let (start, map) = self.piece(extent, held)?;
        let range = (extent.start - start) as usize..(extent.end - start) as usize;
        let made = map.look(range, search);
        self.refused.fetch_or(map.has_failed(), Ordering::Relaxed);
        let sound = self.source.look(extent.end).ok()? == Look::Sound;
        let after = self.source.metadata().ok()?;
        made.filter(|_| sound && is_unchanged(&before, &after))
    }

    /// The map that shows `extent`, and where in the file it begins.
    fn piece<'h>(&self, extent: Extent, held: &'h mut Held) -> Option<(u64, &'h Map)> {
        let number = extent.start / PIECE;
        let start = number * PIECE;
        let end = self.end.min(start + PIECE + OVERLAP);
        if extent.end > end || self.refused.load(Ordering::Relaxed) {
            return None;
        }
        if held.0.as_ref().is_none_or(|(held, _)| *held != number) {
            // The old one goes first, so that no more is mapped at once than there are threads.
            held.0 = None;
            held.0 = Some((number, self.map(number, start, (end - start) as usize)?));
        }
        held.0.as_ref().map(|(_, map)| (start, &**map))
    }

    /// The map of a piece: the one that another thread has made, or a new one.
    fn map(&self, number: u64, start: u64, length: usize) -> Option<Arc<Map>> {
        let file = self.source.file().ok()?;
        let mut last = lock(&self.last);
        let known = last.as_ref().filter(|(known, _)| *known == number).and_then(|(_, map)| map.upgrade());
        let map = known.or_else(|| Map::of(&file, start, length).ok().map(Arc::new));
        match &map {
            Some(map) => *last = Some((number, Arc::downgrade(map))),
            None => self.refused.store(true, Ordering::Relaxed),
        }
        map
    }
}

/// Whether the user does without maps.
fn is_off() -> bool {
    std::env::var_os("LOGDEX_MAPS").is_some_and(|value| value == "off")
}

/// Whether a change that comes now would show in what the system says of the file.
fn is_settled(seen: &Metadata) -> bool {
    let Ok(seconds) = u64::try_from(seen.ctime()) else { return false };
    let nanoseconds = u32::try_from(seen.ctime_nsec()).unwrap_or(0);
    let changed = UNIX_EPOCH.checked_add(Duration::new(seconds, nanoseconds));
    // A change in the future is one of a clock that was set back.
    changed
        .and_then(|changed| SystemTime::now().duration_since(changed).ok())
        .is_some_and(|age| age >= SETTLED)
}

fn is_unchanged(before: &Metadata, after: &Metadata) -> bool {
    let of = |seen: &Metadata| (seen.ctime(), seen.ctime_nsec(), seen.len());
    of(before) == of(after)
}
