//! Maps of a source: which files are looked at in place, how the threads of a scan share the maps, and when what was
//! seen in one counts.
//!
//! A map spares the copy out of the page cache. What it shows is a *hint*: others may change it under the look, and a page
//! that is cut off in the middle shows zeros without any failure. So a look counts only if nobody has written to the file
//! while it lasted, which the time of the last change of the inode says; else, and for every line that leaves the engine,
//! the file is read into private memory as ever.

use std::fs::{File, Metadata};
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

/// The file systems that keep their files on this machine, by the numbers in `linux/magic.h`: ext2 to ext4, XFS, Btrfs,
/// tmpfs, F2FS, overlayfs, ZFS, bcachefs.
#[cfg(target_os = "linux")]
const LOCAL: [rustix::fs::FsWord; 8] =
    [0xef53, 0x5846_5342, 0x9123_683e, 0x0102_1994, 0xf2f5_2010, 0x794c_7630, 0x2fc1_2fc1, 0xca45_1a4e];

/// The maps of one range of a file.
#[derive(Debug)]
pub struct Maps {
    source: Arc<Source>,
    end: u64,
    /// How much is mapped at once, in bytes.
    piece: u64,
    /// Whether even what was written just now is looked at.
    forced: bool,
    /// The piece that was mapped last; whoever looks at a piece holds it.
    last: Mutex<Option<(u64, Weak<Map>)>>,
    refused: AtomicBool,
}

/// The map that a thread looked at last.
#[derive(Debug, Default)]
pub struct HeldMap(Option<(u64, Arc<Map>)>);

impl Maps {
    /// Maps for `extent` of a file; `None` where it is to be read: it is short, its file system is not known to be local,
    /// or maps are switched off.
    pub fn of(source: &Arc<Source>, extent: Extent) -> Option<Self> {
        let when = when();
        let is_worth = when == MapPolicy::Always || when == MapPolicy::Worth && extent.len() >= WORTH;
        let is_local = is_worth && source.file().is_ok_and(|file| is_local(&file));
        is_local.then(|| Self::in_pieces(source, extent.end, PIECE, when == MapPolicy::Always))
    }

    fn in_pieces(source: &Arc<Source>, end: u64, piece: u64, forced: bool) -> Self {
        let (source, refused) = (Arc::clone(source), AtomicBool::new(false));
        Self { source, end, piece, forced, last: Mutex::default(), refused }
    }

    /// Whether a look at so many blocks is worth it: the one of a first run is wanted at once.
    pub fn are_worth(&self, blocks: usize) -> bool {
        self.forced || blocks > 1
    }

    /// Whether they are looked at whatever it costs.
    pub fn are_forced(&self) -> bool {
        self.forced
    }

    /// What `each` makes of the blocks `extents`, which follow one another, seen in place: up to the first of which it makes
    /// nothing. Nothing where they must be read.
    ///
    /// The bytes may change under `each`, which must be total on any bytes and make no text of them.
    pub fn look<T>(
        &self,
        extents: &[Extent],
        held: &mut HeldMap,
        mut each: impl FnMut(&[u8]) -> Option<T>,
    ) -> Vec<T> {
        self.look_through(extents, held, |bytes, offset| {
            let blocks = extents
                .iter()
                .map(|block| &bytes[(block.start - offset) as usize..(block.end - offset) as usize]);
            blocks.map_while(&mut each).collect()
        })
        .unwrap_or_default()
    }

    /// What `search` makes of the bytes of `extents`, and where they begin; `None` where that does not count.
    fn look_through<T>(
        &self,
        extents: &[Extent],
        held: &mut HeldMap,
        search: impl FnOnce(&[u8], u64) -> T,
    ) -> Option<T> {
        let all = Extent { start: extents.first()?.start, end: extents.last()?.end };
        let before =
            self.source.metadata().ok().filter(|seen| self.forced || is_settled(seen, SystemTime::now()))?;
        let (start, map) = self.piece(all, held)?;
        let range = (all.start - start) as usize..(all.end - start) as usize;
        let made = map.look(range, |bytes| search(bytes, all.start));
        self.refused.fetch_or(map.has_failed(), Ordering::Relaxed);
        let is_sound = self.source.look(all.end).ok()? == Look::Sound;
        let after = self.source.metadata().ok()?;
        made.filter(|_| is_sound && is_unchanged(&before, &after))
    }

    /// The map that shows `extent`, and where in the file it begins.
    fn piece<'h>(&self, extent: Extent, held: &'h mut HeldMap) -> Option<(u64, &'h Map)> {
        let number = extent.start / self.piece;
        let start = number * self.piece;
        let end = self.end.min(start + self.piece + OVERLAP);
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

/// A map of all of a file of ours, which nobody changes once it is published; `None` where it is to be read.
pub fn whole(file: &File) -> Option<Map> {
    if when() == MapPolicy::Never || !is_local(file) {
        return None;
    }
    let length = usize::try_from(file.metadata().ok()?.len()).ok()?;
    Map::of(file, 0, length).ok()
}

/// Whether its file system is known to keep its files on this machine: over a network, touching a page may hang.
#[cfg(target_os = "linux")]
fn is_local(file: &File) -> bool {
    rustix::fs::fstatfs(file).is_ok_and(|seen| LOCAL.contains(&seen.f_type))
}

/// Nowhere else are there maps.
#[cfg(not(target_os = "linux"))]
fn is_local(_file: &File) -> bool {
    false
}

/// When files are mapped.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum MapPolicy {
    /// Where that is worth it, and the file is settled.
    Worth,
    /// However small the file is and however lately it was written to: for tests.
    Always,
    Never,
}

/// When the user wants files to be mapped, who says it by `LOGDEX_MAPS`.
fn when() -> MapPolicy {
    match std::env::var_os("LOGDEX_MAPS") {
        Some(value) if value == "off" => MapPolicy::Never,
        Some(value) if value == "always" => MapPolicy::Always,
        _ => MapPolicy::Worth,
    }
}

/// Whether even short ranges are mapped.
pub fn are_forced() -> bool {
    when() == MapPolicy::Always
}

/// Whether a change that comes now would show in what the system says of the file.
fn is_settled(seen: &Metadata, now: SystemTime) -> bool {
    let Ok(seconds) = u64::try_from(seen.ctime()) else { return false };
    let nanoseconds = u32::try_from(seen.ctime_nsec()).unwrap_or(0);
    let changed = UNIX_EPOCH.checked_add(Duration::new(seconds, nanoseconds));
    // A change in the future is one of a clock that was set back.
    changed.and_then(|changed| now.duration_since(changed).ok()).is_some_and(|age| age >= SETTLED)
}

fn is_unchanged(before: &Metadata, after: &Metadata) -> bool {
    let of = |seen: &Metadata| (seen.ctime(), seen.ctime_nsec(), seen.len());
    of(before) == of(after)
}

#[cfg(test)]
mod tests {
    use std::io::Write;
    use std::os::unix::fs::FileExt;

    use super::*;
    use crate::file::block::Cutter;

    /// A file of lines that was written some time ago, as far as the clock of the file system can tell.
    fn settled(length: usize) -> (tempfile::NamedTempFile, Arc<Source>) {
        let mut file = tempfile::NamedTempFile::new().unwrap();
        let lines: Vec<u8> = (0..length / 16).flat_map(|n| format!("line {n:010}\n").into_bytes()).collect();
        file.write_all(&lines).unwrap();
        settle(file.as_file());
        let source = Arc::new(Source::open(file.path()).unwrap());
        (file, source)
    }

    fn settle(file: &File) {
        while !is_settled(&file.metadata().unwrap(), SystemTime::now()) {
            std::thread::yield_now();
        }
    }

    fn blocks(source: &Source) -> Vec<Extent> {
        let mut cutter = Cutter::new(Extent { start: 0, end: source.size().unwrap() });
        std::iter::from_fn(|| cutter.cut(source, &mut || Ok(())).unwrap()).collect()
    }

    fn maps(source: &Arc<Source>, piece: u64) -> Maps {
        Maps::in_pieces(source, source.size().unwrap(), piece, false)
    }

    #[test]
    fn what_is_seen_in_place_is_what_is_read_whatever_the_pieces() {
        let (_file, source) = settled(12 * BLOCK);
        let blocks = blocks(&source);
        for piece in [4096, BLOCK as u64, 3 * BLOCK as u64 + 8192, PIECE] {
            let (maps, mut held, mut seen) = (maps(&source, piece), HeldMap::default(), Vec::new());
            for run in blocks.chunks(3) {
                seen.extend(maps.look(run, &mut held, |block| Some(block.to_vec())));
            }
            let mut read = vec![0; source.size().unwrap() as usize];
            source.read(0, &mut read).unwrap();
            assert_eq!(seen.len(), blocks.len());
            assert!(seen.concat() == read, "in pieces of {piece}");
        }
    }

    #[test]
    fn nothing_counts_behind_what_is_made_nothing_of() {
        let (_file, source) = settled(4 * BLOCK);
        let (blocks, mut left) = (blocks(&source), 2);
        let seen = maps(&source, PIECE).look(&blocks, &mut HeldMap::default(), |_| {
            left -= 1;
            (left >= 0).then_some(left)
        });
        assert_eq!(seen, [1, 0]);
        assert!(maps(&source, PIECE).look(&[], &mut HeldMap::default(), |_| Some(())).is_empty());
    }

    #[test]
    fn what_changes_under_a_look_does_not_count() {
        type Change = fn(&File);
        let changes: [(&str, Change); 5] = [
            ("appended", |file| file.write_all_at(b"more\n", file.metadata().unwrap().len()).unwrap()),
            ("cut to nothing", |file| file.set_len(0).unwrap()),
            ("cut in a page", |file| file.set_len(2 * BLOCK as u64 + 100).unwrap()),
            ("cut and grown again", |file| {
                let length = file.metadata().unwrap().len();
                file.set_len(2 * BLOCK as u64 + 100).unwrap();
                file.set_len(length).unwrap();
            }),
            ("written over", |file| file.write_all_at(b"NEW", BLOCK as u64).unwrap()),
        ];
        for (name, change) in changes {
            let (file, source) = settled(4 * BLOCK);
            let (blocks, maps, mut held) = (blocks(&source), maps(&source, PIECE), HeldMap::default());
            assert_eq!(maps.look(&blocks, &mut held, |block| Some(block.len())).len(), blocks.len());
            let mut first = true;
            let seen = maps.look(&blocks, &mut held, |block| {
                if std::mem::take(&mut first) {
                    change(file.as_file());
                }
                Some(crate::line::count(block))
            });
            assert!(seen.is_empty(), "{name}");
        }
    }

    #[test]
    fn a_map_that_failed_is_not_asked_again_and_another_scan_is() {
        let (file, source) = settled(4 * BLOCK);
        let (blocks, maps, mut held) = (blocks(&source), maps(&source, PIECE), HeldMap::default());
        file.as_file().set_len(0).unwrap();
        settle(file.as_file());
        assert!(maps.look(&blocks, &mut held, |block| Some(block[0])).is_empty());
        assert!(maps.refused.load(Ordering::Relaxed));
        let (_file, source) = settled(4 * BLOCK);
        let again = Maps::in_pieces(&source, source.size().unwrap(), PIECE, false);
        assert_eq!(again.look(&blocks, &mut HeldMap::default(), |_| Some(())).len(), blocks.len());
    }

    #[test]
    fn a_change_is_settled_some_time_after_it() {
        let file = tempfile::tempfile().unwrap();
        let seen = file.metadata().unwrap();
        let changed = UNIX_EPOCH
            + Duration::new(seen.ctime().try_into().unwrap(), seen.ctime_nsec().try_into().unwrap());
        assert!(!is_settled(&seen, changed - Duration::from_secs(1)));
        assert!(!is_settled(&seen, changed + SETTLED / 2));
        assert!(is_settled(&seen, changed + SETTLED));
    }

    #[test]
    fn a_short_range_is_read() {
        let (_file, source) = settled(BLOCK);
        assert!(Maps::of(&source, Extent { start: 0, end: WORTH - 1 }).is_none());
    }
}
