//! The map itself.

use std::fs::File;
use std::io;
use std::ops::Range;
use std::os::fd::AsRawFd;
use std::ptr::NonNull;
use std::sync::atomic::{AtomicBool, Ordering};

use crate::bus::{self, Unblocked};
use crate::inside::{Inside, Pages};

/// A part of a file, mapped for reading.
///
/// Threads may share it; each look is one thread's own. The file may be closed, renamed or deleted meanwhile.
#[derive(Debug)]
pub struct Map {
    /// The first page.
    base: NonNull<u8>,
    /// How long the pages are together, in bytes.
    mapped: usize,
    /// How far into the first page what was asked for begins.
    lead: usize,
    length: usize,
    failed: AtomicBool,
}

// SAFETY: the pages belong to the process and to no thread, and are only ever read.
unsafe impl Send for Map {}
// SAFETY: the same; the mark is atomic.
unsafe impl Sync for Map {}

impl Map {
    /// Maps `length` bytes of `file` from `offset` on. They may lie past its end: those are never shown.
    ///
    /// # Errors
    /// What the system says: `ENOMEM` where the address space is limited, `EACCES` for what is not open for reading,
    /// `ENODEV` where the file system has no maps. `EINVAL` for a length of 0, or more than can be addressed.
    ///
    /// # Examples
    /// ```
    /// let file = std::fs::File::open("Cargo.toml")?;
    /// let map = guarded_map::Map::of(&file, 0, 9)?;
    /// assert_eq!(map.look(0..9, |bytes| bytes.starts_with(b"[package]")), Some(true));
    /// # std::io::Result::Ok(())
    /// ```
    pub fn of(file: &File, offset: u64, length: usize) -> io::Result<Self> {
        let invalid = || io::Error::from_raw_os_error(libc::EINVAL);
        let lead = offset % bus::page_size() as u64;
        let begin = libc::off_t::try_from(offset - lead).map_err(|_| invalid())?;
        let lead = usize::try_from(lead).map_err(|_| invalid())?;
        let ends = length.checked_add(lead).and_then(|n| n.checked_next_multiple_of(bus::page_size()));
        let mapped = ends.filter(|&ends| length > 0 && isize::try_from(ends).is_ok()).ok_or_else(invalid)?;
        let flags = libc::MAP_SHARED | libc::MAP_NORESERVE;
        let nowhere = std::ptr::null_mut();
        // SAFETY: a new map at a place that the system chooses touches no memory that is there.
        let base = unsafe { libc::mmap(nowhere, mapped, libc::PROT_READ, flags, file.as_raw_fd(), begin) };
        if base == libc::MAP_FAILED {
            return Err(io::Error::last_os_error());
        }
        let base = NonNull::new(base.cast()).ok_or_else(invalid)?;
        Ok(Self { base, mapped, lead, length, failed: AtomicBool::new(false) })
    }

    /// How many bytes it shows.
    #[must_use]
    pub fn len(&self) -> usize {
        self.length
    }

    /// Whether it shows nothing, which no map does.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.length == 0
    }

    /// Whether a page of it has failed, after which it shows nothing any more.
    #[must_use]
    pub fn has_failed(&self) -> bool {
        self.failed.load(Ordering::Acquire)
    }

    /// What `search` makes of a part of the file; `None` where that is not to be believed: a page has failed, the range is
    /// not in the map, the handler cannot be installed, or hundreds of threads look at maps. Then read the file.
    ///
    /// What `search` sees may change while it looks, without a `None`: see the documentation of the crate for what it must
    /// not do.
    ///
    /// # Examples
    /// ```
    /// # let file = tempfile::tempfile()?;
    /// file.set_len(10)?;
    /// let map = guarded_map::Map::of(&file, 0, 10)?;
    /// assert_eq!(map.look(2..10, <[u8]>::len), Some(8));
    /// file.set_len(0)?;
    /// assert_eq!(map.look(2..10, |bytes| bytes[0]), None);
    /// # std::io::Result::Ok(())
    /// ```
    pub fn look<T>(&self, range: Range<usize>, search: impl FnOnce(&[u8]) -> T) -> Option<T> {
        let is_in_map = range.start <= range.end && range.end <= self.length;
        if !is_in_map || self.has_failed() || !bus::is_guarded() {
            return None;
        }
        let start = self.base.as_ptr() as usize;
        let unblocked = Unblocked::here();
        let inside =
            Inside::enter(Pages { start, end: start + self.mapped, failed: &raw const self.failed })?;
        // SAFETY: `lead + length <= mapped`, and the range lies in `length`.
        let first = unsafe { self.base.as_ptr().add(self.lead + range.start) };
        // SAFETY: the pages stay mapped while `self` is borrowed, are readable, and a failure puts zeros in their place.
        // That others may write to the file is what the crate's documentation speaks of. The slice cannot outlive the call.
        let bytes = unsafe { std::slice::from_raw_parts(first, range.len()) };
        let made = search(bytes);
        drop(inside);
        drop(unblocked);
        (!self.has_failed()).then_some(made)
    }

    /// Copies what stands at `start` into `into`, so that nobody can change it any more; false where [`Map::look`] would
    /// be `None`, and what is in `into` then means nothing.
    ///
    /// # Examples
    /// ```
    /// let file = std::fs::File::open("Cargo.toml")?;
    /// let map = guarded_map::Map::of(&file, 0, 9)?;
    /// let mut name = [0; 7];
    /// assert!(map.copy(1, &mut name) && &name == b"package");
    /// # std::io::Result::Ok(())
    /// ```
    #[must_use]
    pub fn copy(&self, start: usize, into: &mut [u8]) -> bool {
        let Some(end) = start.checked_add(into.len()) else { return false };
        self.look(start..end, |bytes| into.copy_from_slice(bytes)).is_some()
    }
}

impl Drop for Map {
    fn drop(&mut self) {
        // SAFETY: `of` mapped these pages, nothing borrows from `self` any more, and the handler keeps to looks under way.
        unsafe { libc::munmap(self.base.as_ptr().cast(), self.mapped) };
    }
}
