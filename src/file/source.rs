//! A source: one regular file that may grow, shrink or be replaced while it is read.
//!
//! What is believed of a file was copied into the caller's memory by `read`: others can change what is in the file. Where
//! it is looked at in place, [`super::maps`] says what that is worth.

use std::fs::{File, Metadata};
use std::io;
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU8, AtomicUsize, Ordering};

use crate::error::{Error, Result};
use crate::file::descriptors::{self, OpenFile};
pub use crate::file::descriptors::{Identity, born};

/// How much of a file's beginning is remembered, in bytes, to notice that it was written anew.
const HEAD: usize = 512;

/// What a look at an open file says about what was read of it before.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Look {
    /// Nothing that was read has changed, as far as can be seen.
    Sound,
    /// The file is shorter than what was read of it.
    Shrunk {
        /// Its size now, in bytes.
        size: u64,
    },
    /// The file's beginning is no longer what it was.
    Rewritten,
}

/// The beginning of a file as it was read.
///
/// No lock: a process may be forked while another of its threads looks, and would find it locked for ever. One thread
/// writes, while no other looks or what others see only grows.
#[derive(Debug)]
struct Head {
    length: AtomicUsize,
    bytes: [AtomicU8; HEAD],
}

impl Default for Head {
    fn default() -> Self {
        Self { length: AtomicUsize::new(0), bytes: [const { AtomicU8::new(0) }; HEAD] }
    }
}

impl Head {
    /// Copies what is known into `bytes`; returns how much that is.
    fn get(&self, bytes: &mut [u8; HEAD]) -> usize {
        let length = self.length.load(Ordering::Acquire);
        for (byte, known) in bytes[..length].iter_mut().zip(&self.bytes) {
            *byte = known.load(Ordering::Relaxed);
        }
        length
    }

    /// Puts `bytes` behind the first `known` ones.
    fn put(&self, known: usize, bytes: &[u8]) {
        for (place, &byte) in self.bytes[known..].iter().zip(bytes) {
            place.store(byte, Ordering::Relaxed);
        }
        self.length.store(known + bytes.len(), Ordering::Release);
    }
}

/// One file to be read.
///
/// A reader opens one, takes its size, reads extents of it into blocks and looks at it again after each: what was
/// read of a file that was cut or written anew meanwhile is no line. That is why identity and fingerprint are kept
/// here, beside the descriptor, and not with who reads.
#[derive(Debug)]
pub struct Source {
    path: PathBuf,
    slot: Arc<OpenFile>,
    head: Head,
}

impl Source {
    /// Opens `path` for reading.
    ///
    /// # Errors
    /// `Error::Io` if the system refuses or `path` is a directory, `Error::Compressed` for a compressed file,
    /// `Error::Value` for what is not a regular file (a pipe, a device).
    pub fn open(path: &Path) -> Result<Self> {
        let source = Self::open_bytes(path)?;
        source.refuse_compressed()?;
        Ok(source)
    }

    /// Opens `path` for who wants to know it again by its bytes, compressed or not.
    ///
    /// # Errors
    /// As `open`, but that no file is refused for being compressed.
    pub fn open_bytes(path: &Path) -> Result<Self> {
        let refused = |e| Error::io(path, e);
        let file = descriptors::open(path).map_err(refused)?;
        let metadata = file.metadata().map_err(refused)?;
        if metadata.is_dir() {
            return Err(refused(rustix::io::Errno::ISDIR.into()));
        }
        if !metadata.is_file() {
            return Err(Error::Value(format!(
                "{}: not a regular file; copy what it yields into a file and read that",
                path.display()
            )));
        }
        let slot = OpenFile::new(path, Identity::of(&metadata), file);
        let source = Self { path: path.to_path_buf(), slot, head: Head::default() };
        match source.remember_head() {
            Err(Error::Compressed { .. }) | Ok(()) => Ok(source),
            Err(error) => Err(error),
        }
    }

    /// As `open`, for one who waits for the file: `None` where it is not there yet, or has nothing and may not be read
    /// yet. Who makes a log for another to write, as logrotate does, makes it first and says then who may read it.
    ///
    /// # Errors
    /// As `open`.
    pub fn open_awaited(path: &Path) -> Result<Option<Self>> {
        // Before it is opened: what is written once it may be read is no reason to refuse it.
        let is_empty = std::fs::metadata(path).is_ok_and(|seen| seen.is_file() && seen.len() == 0);
        match Self::open(path) {
            Err(error) if error.is_not_found() || (is_empty && error.is_refused()) => Ok(None),
            opened => opened.map(Some),
        }
    }

    /// The path under which it was opened.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Which file it is.
    pub fn identity(&self) -> Identity {
        self.slot.identity()
    }

    /// Whether its name went to another file while it was closed, because too many files were open.
    pub fn is_lost(&self) -> bool {
        self.slot.is_lost()
    }

    /// What the system says of the file now.
    pub fn metadata(&self) -> Result<Metadata> {
        self.slot.metadata().map_err(|e| Error::io(&self.path, e))
    }

    /// Its size now, in bytes.
    pub fn size(&self) -> Result<u64> {
        Ok(self.metadata()?.len())
    }

    /// How much of it can be read now, in bytes, of which `read` have been.
    ///
    /// That may be less than the size: files of sysfs state a page and hold a word, and what a network file system or
    /// one behind a process knows of the size may be stale.
    pub fn readable(&self, read: u64) -> Result<u64> {
        self.readable_of(self.size()?, read)
    }

    /// The same, of the `stated` bytes that the system has just said the file has.
    pub fn readable_of(&self, stated: u64, read: u64) -> Result<u64> {
        let stands = |at: u64| Ok::<_, Error>(self.read(at, &mut [0])? == 1);
        if stated <= read || stands(stated - 1)? {
            return Ok(stated);
        }
        // What stands is the beginning: up to `low` it can be read, from `high` on it cannot.
        let (mut low, mut high) = (read, stated - 1);
        while low < high {
            let middle = low + (high - low) / 2;
            if stands(middle)? {
                low = middle + 1;
            } else {
                high = middle;
            }
        }
        Ok(low)
    }

    /// The open file, to map it.
    pub(super) fn file(&self) -> Result<Arc<File>> {
        self.slot.file().map_err(|e| Error::io(&self.path, e))
    }

    /// Copies what stands at `offset` into `buffer`, as much as there is; returns how many bytes that was.
    pub fn read(&self, offset: u64, buffer: &mut [u8]) -> Result<usize> {
        let file = self.file()?;
        let mut filled = 0;
        while filled < buffer.len() {
            match file.read_at(&mut buffer[filled..], offset + filled as u64) {
                Ok(0) => break,
                Ok(n) => filled += n,
                Err(e) if e.kind() == io::ErrorKind::Interrupted => {}
                Err(e) => return Err(Error::io(&self.path, e)),
            }
        }
        Ok(filled)
    }

    /// Where the first byte at or after `offset` stands that the file system has stored: before it all is NULs. Where
    /// the file system does not know, that is `offset` itself.
    pub fn next_stored(&self, offset: u64) -> u64 {
        let Ok(file) = self.slot.file() else { return offset };
        match rustix::fs::seek(&*file, rustix::fs::SeekFrom::Data(offset)) {
            Ok(stored) => stored.max(offset),
            // ENXIO: nothing is stored from here to the end.
            Err(rustix::io::Errno::NXIO) => self.size().map_or(offset, |size| size.max(offset)),
            Err(_) => offset,
        }
    }

    /// Whether what was read up to `read` still stands: the size and the beginning of the file.
    pub fn look(&self, read: u64) -> Result<Look> {
        let mut head = [0; HEAD];
        let known = self.head.get(&mut head);
        let mut now = [0; HEAD];
        let length = self.read(0, &mut now[..known])?;
        if now[..length] != head[..length] {
            return Ok(Look::Rewritten);
        }
        let size = self.size()?;
        Ok(if size < read.max(known as u64) { Look::Shrunk { size } } else { Look::Sound })
    }

    /// As [`Source::look`], for a plain read, which cannot go on when the file has changed under it.
    pub fn insist(&self, read: u64) -> Result<()> {
        self.accept(self.look(read)?, read)
    }

    /// The error for a plain read of what was looked at after bytes up to `read` were read.
    pub fn accept(&self, look: Look, read: u64) -> Result<()> {
        let (size, detail) = match look {
            Look::Sound => return Ok(()),
            Look::Shrunk { size } => {
                (size, format!("truncated to {size} bytes while bytes up to {read} were being read"))
            }
            Look::Rewritten => (0, "truncated and written anew while it was being read".to_owned()),
        };
        Err(Error::Truncated { path: self.path.clone(), size, detail })
    }

    /// The error for what was read before and does not stand any more.
    pub fn torn(&self) -> Result<Error> {
        let detail = "written anew while it was being read".to_owned();
        Ok(Error::Truncated { path: self.path.clone(), size: self.size()?, detail })
    }

    /// Remembers the beginning of the file as it is now, if less than 512 bytes of it are known.
    ///
    /// # Errors
    /// `Error::Compressed` where that is the beginning of a compressed file.
    pub fn remember_head(&self) -> Result<()> {
        let known = self.head.length.load(Ordering::Relaxed);
        if known < HEAD {
            let mut bytes = [0; HEAD];
            let length = self.read(known as u64, &mut bytes[known..])?;
            self.head.put(known, &bytes[known..known + length]);
            if length > 0 {
                self.refuse_compressed()?;
            }
        }
        Ok(())
    }

    /// The beginning of the file as it was read, as far as it is known.
    pub fn head(&self) -> Vec<u8> {
        let mut head = [0; HEAD];
        let known = self.head.get(&mut head);
        head[..known].to_vec()
    }

    /// Forgets the beginning of the file and remembers what stands there now: after a truncation.
    pub fn renew_head(&self) -> Result<()> {
        self.head.put(0, &[]);
        self.remember_head()
    }

    fn refuse_compressed(&self) -> Result<()> {
        let mut head = [0; HEAD];
        let known = self.head.get(&mut head);
        match compression(&head[..known]) {
            None => Ok(()),
            Some(detail) => Err(Error::Compressed { path: self.path.clone(), detail }),
        }
    }
}

/// What to do with a file that begins with `head`, if that is the beginning of a compressed one.
fn compression(head: &[u8]) -> Option<&'static str> {
    // Magic numbers: RFC 1952, RFC 8878, bzip2's block header (of nothing, the end of its stream), the .xz file format, the
    // LZ4 frame format, APPNOTE.TXT.
    if head.starts_with(b"\x1f\x8b\x08") {
        Some("gzip-compressed, not plain text; `gzip -dk` it and read the result")
    } else if head.starts_with(b"\x28\xb5\x2f\xfd") {
        Some("zstd-compressed, not plain text; `zstd -d` it and read the result")
    } else if head.starts_with(b"BZh") && matches!(head.get(4..10), Some(b"1AY&SY" | b"\x17rE8P\x90")) {
        Some("bzip2-compressed, not plain text; `bzip2 -dk` it and read the result")
    } else if head.starts_with(b"\xfd7zXZ\0") {
        Some("xz-compressed, not plain text; `xz -dk` it and read the result")
    } else if head.starts_with(b"\x04\x22\x4d\x18") {
        Some("LZ4-compressed, not plain text; `lz4 -d` it and read the result")
    } else if head.starts_with(b"PK\x03\x04") {
        Some("a zip archive, not plain text; unpack it and read what is inside")
    } else {
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(content: &[u8]) -> tempfile::NamedTempFile {
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), content).unwrap();
        file
    }

    #[test]
    fn a_look_tells_growth_from_truncation() {
        let file = file(b"one\ntwo\n");
        let source = Source::open(file.path()).unwrap();
        assert_eq!(source.look(8).unwrap(), Look::Sound);
        std::fs::write(file.path(), b"one\ntwo\nthree\n").unwrap();
        assert_eq!(source.look(8).unwrap(), Look::Sound);
        std::fs::write(file.path(), b"one\n").unwrap();
        assert_eq!(source.look(8).unwrap(), Look::Shrunk { size: 4 });
        std::fs::write(file.path(), b"ONE\nTWO\n").unwrap();
        assert_eq!(source.look(8).unwrap(), Look::Rewritten);
        source.renew_head().unwrap();
        assert_eq!(source.look(8).unwrap(), Look::Sound);
    }

    #[test]
    fn what_is_not_plain_text_is_refused() {
        let directory = tempfile::tempdir().unwrap();
        assert!(matches!(Source::open(directory.path()), Err(Error::Io { .. })));
        assert!(matches!(Source::open(Path::new("/dev/null")), Err(Error::Value(_))));
        assert!(matches!(Source::open(file(b"\x1f\x8b\x08\0").path()), Err(Error::Compressed { .. })));
        assert!(matches!(
            Source::open(file(b"BZh9\x17rE8P\x90\0\0\0\0").path()),
            Err(Error::Compressed { .. })
        ));
        assert!(Source::open(file(b"BZh9 is a bee").path()).is_ok());
    }
}
