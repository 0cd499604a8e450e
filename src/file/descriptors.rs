//! Descriptors: how many files may be open at once, and which one is closed for another to be opened.
//!
//! A file that had to give its descriptor up is opened again when it is read. If its name stands for another file by
//! then, it is lost.
//!
//! After a fork, a lock may be held by a thread that is not there: in the child, locks are only tried for.

use std::fs::{File, Metadata, OpenOptions};
use std::io;
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicU32, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, Weak};
use std::time::UNIX_EPOCH;

use crate::system::lock::{lock, lock_soon};

/// So many descriptors are left to others.
const SPARED: u64 = 64;

/// However low the limit, so many files may be open.
const LEAST: u64 = 8;

/// The slots whose files are open, and some that are gone.
static OPEN: Mutex<Vec<Weak<OpenFile>>> = Mutex::new(Vec::new());

/// Counts uses: what was used last has the highest number.
static USES: AtomicU64 = AtomicU64::new(0);

/// Which file it is, whatever its name: device and inode.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Identity {
    /// The device that holds the file.
    pub device: u64,
    /// The file's number on that device.
    pub inode: u64,
}

impl Identity {
    /// The identity of the file of which the system says `metadata`.
    pub fn of(metadata: &Metadata) -> Self {
        Self { device: metadata.dev(), inode: metadata.ino() }
    }

    /// The identity of what `path` names now, links followed; `None` if nothing can be seen there.
    pub fn at(path: &Path) -> Option<Self> {
        std::fs::metadata(path).ok().map(|m| Self::of(&m))
    }
}

/// When the file at `path` was made, in nanoseconds since 1970 UTC; `None` where the file system does not tell.
pub fn born(path: &Path) -> Option<i64> {
    let born = std::fs::metadata(path).ok()?.created().ok()?;
    i64::try_from(born.duration_since(UNIX_EPOCH).ok()?.as_nanos()).ok()
}

/// A file that is open, or will be when it is needed.
#[derive(Debug)]
pub struct OpenFile {
    path: PathBuf,
    identity: Identity,
    file: Mutex<Option<Arc<File>>>,
    used: AtomicU64,
    lost: AtomicBool,
}

impl OpenFile {
    /// For the open `file`, which `path` names.
    pub fn new(path: &Path, identity: Identity, file: File) -> Arc<Self> {
        let slot = Arc::new(Self {
            // The working directory may change.
            path: std::path::absolute(path).unwrap_or_else(|_| path.to_path_buf()),
            identity,
            file: Mutex::new(Some(Arc::new(file))),
            used: AtomicU64::new(USES.fetch_add(1, Ordering::Relaxed)),
            lost: AtomicBool::new(false),
        });
        register(&slot);
        slot
    }

    /// Which file it is.
    pub fn identity(&self) -> Identity {
        self.identity
    }

    /// Whether its name stood for another file when it was to be opened again.
    pub fn is_lost(&self) -> bool {
        self.lost.load(Ordering::Relaxed)
    }

    /// The open file.
    ///
    /// # Errors
    /// `NotFound` if it is lost; what the system says where it cannot be opened again.
    pub fn file(self: &Arc<Self>) -> io::Result<Arc<File>> {
        self.used.store(USES.fetch_add(1, Ordering::Relaxed), Ordering::Relaxed);
        if let Some(file) = self.held() {
            return Ok(file);
        }
        // Not under the lock: a disk can hang.
        let file = Arc::new(self.open_again()?);
        let Some(mut held) = lock_unless_forked(&self.file) else { return Ok(file) };
        let is_first = held.is_none();
        let file = Arc::clone(held.get_or_insert(file));
        drop(held);
        if is_first {
            register(self);
        }
        Ok(file)
    }

    /// What the system says of the file now; that needs no descriptor.
    ///
    /// # Errors
    /// As [`OpenFile::file`].
    pub fn metadata(&self) -> io::Result<Metadata> {
        match self.held() {
            Some(file) => file.metadata(),
            None => self.insist(std::fs::metadata(&self.path)),
        }
    }

    /// The file, if it is open.
    fn held(&self) -> Option<Arc<File>> {
        lock_unless_forked(&self.file)?.as_ref().map(Arc::clone)
    }

    fn open_again(&self) -> io::Result<File> {
        let file = open(&self.path).inspect_err(|error| {
            self.lost.fetch_or(error.kind() == io::ErrorKind::NotFound, Ordering::Relaxed);
        })?;
        self.insist(file.metadata())?;
        Ok(file)
    }

    /// What was `seen` of the file that the name stands for must be of this one.
    fn insist(&self, seen: io::Result<Metadata>) -> io::Result<Metadata> {
        match seen {
            Ok(metadata) if Identity::of(&metadata) == self.identity => Ok(metadata),
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
            _ => {
                self.lost.store(true, Ordering::Relaxed);
                let detail = "was renamed or deleted while it was closed because too many files are open";
                Err(io::Error::new(io::ErrorKind::NotFound, detail))
            }
        }
    }

    /// Gives the descriptor up, unless a read is using it just now.
    fn close(&self) -> bool {
        self.file.try_lock().is_ok_and(|mut held| held.take_if(|file| Arc::strong_count(file) == 1).is_some())
    }
}

/// Opens `path` for reading; where too many files are open, one is closed that was not used for the longest time.
///
/// # Errors
/// What the system says.
pub fn open(path: &Path) -> io::Result<File> {
    // Without O_NONBLOCK, opening a FIFO waits for a writer; for regular files it means nothing.
    let nonblocking = rustix::fs::OFlags::NONBLOCK.bits().cast_signed();
    loop {
        match OpenOptions::new().read(true).custom_flags(nonblocking).open(path) {
            Err(error) if is_want_of_descriptors(&error) && close_one() => {}
            opened => return opened,
        }
    }
}

fn is_want_of_descriptors(error: &io::Error) -> bool {
    error.raw_os_error() == Some(rustix::io::Errno::MFILE.raw_os_error())
}

/// Counts `slot` among those that are open, and closes others if that is too many.
fn register(slot: &Arc<OpenFile>) {
    if let Some(mut open) = lock_unless_forked(&OPEN) {
        if open.len() == open.capacity() {
            open.retain(|slot| slot.strong_count() > 0);
        }
        open.push(Arc::downgrade(slot));
        if open.len() as u64 <= most() {
            return;
        }
        open.retain(|slot| slot.strong_count() > 0);
        while open.len() as u64 > most() && close_least_used(&mut open) {}
    }
}

fn close_one() -> bool {
    lock_unless_forked(&OPEN).is_some_and(|mut open| close_least_used(&mut open))
}

/// Closes the file that was not used for the longest time; false if none can be closed.
fn close_least_used(open: &mut Vec<Weak<OpenFile>>) -> bool {
    let mut slots: Vec<_> = open.iter().filter_map(Weak::upgrade).collect();
    slots.sort_unstable_by_key(|slot| slot.used.load(Ordering::Relaxed));
    let Some(closed) = slots.iter().find(|slot| slot.close()) else { return false };
    let closed = Arc::downgrade(closed);
    open.retain(|slot| !slot.ptr_eq(&closed));
    true
}

/// How many files may be open.
fn most() -> u64 {
    let limit = rustix::process::getrlimit(rustix::process::Resource::Nofile).current;
    limit.map_or(u64::MAX, |limit| limit.saturating_sub(SPARED).max(LEAST))
}

/// The lock of `mutex`; `None` if that cannot be had in a fork.
fn lock_unless_forked<T>(mutex: &Mutex<T>) -> Option<MutexGuard<'_, T>> {
    static HOME: AtomicU32 = AtomicU32::new(0);
    let here = std::process::id();
    let home = match HOME.compare_exchange(0, here, Ordering::Relaxed, Ordering::Relaxed) {
        Ok(_) => here,
        Err(home) => home,
    };
    if home == here { Some(lock(mutex)) } else { lock_soon(mutex) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::FileExt;

    fn slot(folder: &Path, content: &str) -> Arc<OpenFile> {
        let path = folder.join("log");
        std::fs::write(&path, content).unwrap();
        let file = open(&path).unwrap();
        OpenFile::new(&path, Identity::of(&file.metadata().unwrap()), file)
    }

    #[test]
    fn a_file_that_was_closed_is_opened_again_where_its_name_still_stands_for_it() {
        let folder = tempfile::tempdir().unwrap();
        let slot = slot(folder.path(), "one");
        assert!(slot.close() && !slot.close());
        assert_eq!(slot.metadata().unwrap().len(), 3);
        let mut bytes = [0; 3];
        slot.file().unwrap().read_exact_at(&mut bytes, 0).unwrap();
        assert_eq!(&bytes, b"one");
        assert!(!slot.is_lost());
        let in_use = slot.file().unwrap();
        assert!(!slot.close());
        drop(in_use);
        assert!(slot.close());
    }

    #[test]
    fn a_file_whose_name_went_to_another_while_it_was_closed_is_lost() {
        let folder = tempfile::tempdir().unwrap();
        let (renamed, deleted) = (slot(folder.path(), "one"), slot(folder.path(), "one"));
        let path = folder.path().join("log");
        assert!(renamed.close());
        std::fs::rename(&path, folder.path().join("log.1")).unwrap();
        std::fs::write(&path, "two").unwrap();
        assert_eq!(renamed.metadata().unwrap_err().kind(), io::ErrorKind::NotFound);
        assert!(renamed.is_lost() && renamed.file().is_err());
        // As long as it is open, its name does not matter.
        std::fs::remove_file(&path).unwrap();
        assert!(deleted.file().is_ok() && !deleted.is_lost());
        assert!(deleted.close());
        assert!(deleted.file().is_err() && deleted.is_lost());
    }
}
