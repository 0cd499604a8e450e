//! Where there are no guarded maps: the same names, and one answer.

use std::fs::File;
use std::io;
use std::ops::Range;

/// A map, of which there is none on this system.
#[derive(Debug)]
pub enum Map {}

impl Map {
    /// Says that there are no maps.
    ///
    /// # Errors
    /// Always `ErrorKind::Unsupported`.
    pub fn of(_file: &File, _offset: u64, _length: usize) -> io::Result<Self> {
        Err(io::Error::new(io::ErrorKind::Unsupported, "guarded maps exist on Linux only"))
    }

    /// How many bytes it shows.
    #[must_use]
    pub fn len(&self) -> usize {
        match *self {}
    }

    /// Whether it shows nothing.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        match *self {}
    }

    /// Whether a page of it has failed.
    #[must_use]
    pub fn has_failed(&self) -> bool {
        match *self {}
    }

    /// What `search` makes of a part of the file.
    pub fn look<T>(&self, _range: Range<usize>, _search: impl FnOnce(&[u8]) -> T) -> Option<T> {
        match *self {}
    }

    /// A copy of a part of the file.
    #[must_use]
    pub fn copy(&self, _start: usize, _into: &mut [u8]) -> bool {
        match *self {}
    }
}
