//! Where indexes are kept, whose are trusted, and how many there may be.

use std::fs::File;
use std::io;
use std::os::fd::OwnedFd;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::{DirBuilderExt, MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant, SystemTime};

use rustix::fs::{AtFlags, Mode};
use xxhash_rust::xxh3::xxh3_128;

use crate::error::{Error, Result};
use crate::file::source::Source;
use crate::stamp::Taught;
use crate::system::lock::lock_soon;
use crate::system::trust::{create_in, open_directory, open_in, trusted_in};

use super::findings::Findings;
use super::levels::LevelIndex;
use super::store::{Store, VERSION};
use super::text::Segment;

/// How much the user's cache directory may hold, in bytes; the least recently used goes first.
const LIMIT: u64 = 1 << 30;
/// How old a file must be that a writer left unfinished, to be swept away.
const ABANDONED: Duration = Duration::from_secs(3600);
/// After how long a use is noted again.
const NOTED: Duration = Duration::from_secs(600);
const SUFFIX: &str = ".logdex";
const UNFINISHED: &str = ".logdex-new";

/// Where the index of a log may be kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Keep {
    /// In memory only.
    Nowhere,
    /// In the user's cache directory, which is kept small.
    Cache(PathBuf),
    /// In this directory.
    Directory(PathBuf),
    /// In this directory, as long as it is there.
    Beside(PathBuf),
}

impl Keep {
    /// In the user's cache: `$LOGDEX_CACHE`, or the platform's. Nowhere with `LOGDEX_INDEX=off`.
    pub fn cache() -> Self {
        cache_directory().filter(|_| !is_off()).map_or(Self::Nowhere, Self::Cache)
    }

    /// In `directory`. Nowhere with `LOGDEX_INDEX=off`.
    pub fn directory(directory: PathBuf) -> Self {
        if is_off() { Self::Nowhere } else { Self::Directory(directory) }
    }

    /// In `directory`, as long as it is there. Nowhere with `LOGDEX_INDEX=off`.
    pub fn beside(directory: PathBuf) -> Self {
        if is_off() { Self::Nowhere } else { Self::Beside(directory) }
    }

    fn path(&self) -> Option<&Path> {
        match self {
            Self::Nowhere => None,
            Self::Cache(path) | Self::Directory(path) | Self::Beside(path) => Some(path),
        }
    }

    /// The stored index of the times of a log, if there is one that may be trusted.
    pub fn load(&self, source: &Source, taught: Option<&Taught>) -> Option<Store> {
        Store::open(self.open(source, &times(taught))?)
    }

    /// What is stored about a log under `part`, if it may be trusted.
    pub(super) fn open(&self, source: &Source, part: &str) -> Option<File> {
        let directory = open_directory(self.path()?).ok()?;
        let file = trusted_in(&directory, name(source, part)?, source.metadata().ok()?.uid())?;
        let now = SystemTime::now();
        let written = file.metadata().and_then(|stored| stored.modified());
        if written.is_ok_and(|m| now.duration_since(m).is_ok_and(|age| age > NOTED)) {
            // The order of use is by this time; a file of another user keeps its own.
            let _ = file.set_modified(now);
        }
        Some(file)
    }

    /// Publishes what `write` writes as the index of the times of a log: readers see the one before, or this one whole.
    pub fn publish(
        &self,
        source: &Source,
        taught: Option<&Taught>,
        write: &mut dyn FnMut(&mut File) -> io::Result<()>,
    ) -> io::Result<()> {
        self.publish_part(source, &times(taught), write)
    }

    /// The same for what is stored under `part`.
    pub(super) fn publish_part(
        &self,
        source: &Source,
        part: &str,
        write: &mut dyn FnMut(&mut File) -> io::Result<()>,
    ) -> io::Result<()> {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let (Some(path), Some(name)) = (self.path(), name(source, part)) else { return Ok(()) };
        if !matches!(self, Self::Beside(_)) {
            std::fs::DirBuilder::new().recursive(true).mode(0o700).create(path)?;
        }
        let directory = open_directory(path)?;
        let unfinished =
            format!("{name}.{}.{}{UNFINISHED}", std::process::id(), COUNT.fetch_add(1, Ordering::Relaxed));
        let mut file = create_in(&directory, &unfinished, Mode::RUSR | Mode::WUSR)?;
        let published = (|| {
            write(&mut file)?;
            let mode = source.metadata().map_err(io::Error::other)?.mode() & 0o777;
            file.set_permissions(std::fs::Permissions::from_mode(mode))?;
            put_in_place(&directory, &unfinished, &name)
        })();
        if published.is_err() {
            let _ = rustix::fs::unlinkat(&directory, &unfinished, AtFlags::empty());
        } else if matches!(self, Self::Cache(_)) && !Room::takes(path, &file) {
            Room::left(path, evict(&directory, &name));
        }
        published
    }
}

/// Gives the file `unfinished` the name `name`, which another may have until then: readers see one or the other, whole.
///
/// The two change their names, and the one before goes. To rename over a file, ext4 and Btrfs first write the new one to the
/// disk, so that a crash leaves no empty file behind a name; what is kept here has checksums, and is made again.
fn put_in_place(directory: &OwnedFd, unfinished: &str, name: &str) -> io::Result<()> {
    #[cfg(target_os = "linux")]
    {
        let exchange = rustix::fs::RenameFlags::EXCHANGE;
        if rustix::fs::renameat_with(directory, unfinished, directory, name, exchange).is_ok() {
            let _ = rustix::fs::unlinkat(directory, unfinished, AtFlags::empty());
            return Ok(());
        }
    }
    Ok(rustix::fs::renameat(directory, unfinished, directory, name)?)
}

/// How much room there was in a cache when this process looked last, less what it has published since.
///
/// A look takes a call of the system for each file that is kept, and many logs that are asked about at once publish one after
/// the other.
struct Room {
    directory: PathBuf,
    bytes: u64,
    looked: Instant,
}

/// For so long is believed what a look found: others publish too.
const BELIEVED: Duration = Duration::from_secs(1);
static ROOM: Mutex<Option<Room>> = Mutex::new(None);

impl Room {
    /// Takes what `file` needs, which was just published in `directory`, from the room that is known; false where there may be
    /// none.
    fn takes(directory: &Path, file: &File) -> bool {
        let (Some(mut known), Ok(metadata)) = (lock_soon(&ROOM), file.metadata()) else { return false };
        let is_told = |room: &&mut Self| room.directory == directory && room.looked.elapsed() < BELIEVED;
        let Some(room) = known.as_mut().filter(is_told) else { return false };
        let left = room.bytes.checked_sub(metadata.len());
        room.bytes = left.unwrap_or_default();
        left.is_some()
    }

    /// So many bytes are left in `directory`.
    fn left(directory: &Path, bytes: Option<u64>) {
        if let (Some(mut known), Some(bytes)) = (lock_soon(&ROOM), bytes) {
            *known = Some(Self { directory: directory.to_owned(), bytes, looked: Instant::now() });
        }
    }
}

/// Whether `LOGDEX_INDEX=off` keeps all indexes off.
pub fn is_off() -> bool {
    said("off")
}

/// Whether `LOGDEX_INDEX` says `word`.
pub(super) fn said(word: &str) -> bool {
    std::env::var_os("LOGDEX_INDEX").is_some_and(|value| value.eq_ignore_ascii_case(word))
}

/// The user's cache directory for indexes.
pub fn cache_directory() -> Option<PathBuf> {
    let set = |name: &str| std::env::var_os(name).filter(|value| !value.is_empty()).map(PathBuf::from);
    let platform = if cfg!(target_os = "macos") { "Library/Caches" } else { ".cache" };
    set("LOGDEX_CACHE").or_else(|| {
        let caches = set("XDG_CACHE_HOME").filter(|path| path.is_absolute());
        caches.or_else(|| Some(set("HOME")?.join(platform))).map(|caches| caches.join("logdex"))
    })
}

/// What a file about a log is called: by where the log is, and which part of what is known about it the file has.
fn name(source: &Source, part: &str) -> Option<String> {
    let path = std::path::absolute(source.path()).ok()?;
    Some(format!("{:032x}.{part}{SUFFIX}", xxh3_128(path.as_os_str().as_bytes())))
}

/// The part that is the index of times: of the format that the user taught, and of this version.
fn times(taught: Option<&Taught>) -> String {
    let taught = taught.map(|taught| format!("{:016x}.", taught.code())).unwrap_or_default();
    format!("{taught}v{VERSION}")
}

/// A file of ours in a directory.
struct CacheFile {
    name: Vec<u8>,
    bytes: u64,
    used: SystemTime,
    unfinished: bool,
}

fn kept(directory: &OwnedFd) -> io::Result<Vec<CacheFile>> {
    let mut found = Vec::new();
    for entry in rustix::fs::Dir::read_from(directory)? {
        let name = entry?.file_name().to_bytes().to_vec();
        let unfinished = name.ends_with(UNFINISHED.as_bytes());
        if !unfinished && !name.ends_with(SUFFIX.as_bytes()) {
            continue;
        }
        let Ok(stat) = rustix::fs::statat(directory, name.as_slice(), AtFlags::SYMLINK_NOFOLLOW) else {
            continue;
        };
        let used = SystemTime::UNIX_EPOCH + Duration::from_secs(u64::try_from(stat.st_mtime).unwrap_or(0));
        found.push(CacheFile { name, bytes: u64::try_from(stat.st_size).unwrap_or(0), used, unfinished });
    }
    Ok(found)
}

fn is_abandoned(file: &CacheFile) -> bool {
    file.unfinished && file.used.elapsed().is_ok_and(|age| age > ABANDONED)
}

/// Keeps the cache below its limit, the one just published in it. How much room is left then.
fn evict(directory: &OwnedFd, published: &str) -> Option<u64> {
    let mut files = kept(directory).ok()?;
    files.sort_unstable_by_key(|file| file.used);
    let mut all: u64 = files.iter().map(|file| file.bytes).sum();
    for file in files {
        let over = all > LIMIT && !file.unfinished && file.name != published.as_bytes();
        if (over || is_abandoned(&file))
            && rustix::fs::unlinkat(directory, file.name.as_slice(), AtFlags::empty()).is_ok()
        {
            all -= file.bytes;
        }
    }
    Some(LIMIT.saturating_sub(all))
}

/// What [`prune`] did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Pruned {
    /// How many files were removed.
    pub files: u64,
    /// How many bytes they had.
    pub bytes: u64,
}

/// Removes the indexes in `directory` (the user's cache where none is named) that are of no use: the log is gone or is
/// another one, the index is damaged, of another version, or was never finished.
pub fn prune(directory: Option<PathBuf>) -> Result<Pruned> {
    let mut pruned = Pruned::default();
    let named = directory.is_some();
    let Some(path) = directory.or_else(cache_directory) else { return Ok(pruned) };
    let refused = |e: io::Error| Error::io(&path, e);
    let open = match open_directory(&path) {
        Err(e) if e.kind() == io::ErrorKind::NotFound && !named => return Ok(pruned),
        open => open.map_err(refused)?,
    };
    for file in kept(&open).map_err(refused)? {
        let useless = if file.unfinished { is_abandoned(&file) } else { !is_useful(&open, &file.name) };
        if useless && rustix::fs::unlinkat(&open, file.name.as_slice(), AtFlags::empty()).is_ok() {
            pruned.files += 1;
            pruned.bytes += file.bytes;
        }
    }
    Ok(pruned)
}

fn is_useful(directory: &OwnedFd, name: &[u8]) -> bool {
    let open = || open_in(directory, name).ok();
    let times = open().and_then(Store::open).map(|store| store.about);
    let text = || Some(Segment::open(open()?)?.about);
    let levels = || Some(LevelIndex::open(open()?)?.about);
    let findings = || Some(Findings::open(open()?)?.about);
    let Some(about) = times.or_else(text).or_else(levels).or_else(findings) else { return false };
    let path = Path::new(std::ffi::OsStr::from_bytes(&about.path));
    let Ok(source) = Source::open(path) else { return false };
    source.metadata().is_ok_and(|seen| about.speaks_of(&source, &seen))
}
