//! A file of pages, each with its own checksum: what is touched is checked, and nothing else is read.

use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::os::unix::fs::FileExt;

use guarded_map::Map;
use xxhash_rust::xxh3::xxh3_64_with_seed;

use super::codec::Reader;
use crate::file::maps;

/// How long a page is, checksum included.
pub const PAGE: usize = 4096;
/// How much of a page is content.
pub const CONTENT: usize = PAGE - 8;

/// How long what stands before the content of a small file is: the magic bytes, the version, and how long the content is.
const HEAD: usize = 8 + 4 + 8;

/// Writes `content` to a file that is read whole.
pub fn write_whole(file: &mut File, magic: [u8; 8], version: u32, content: &[u8]) -> io::Result<()> {
    let mut out = PageWriter::new(BufWriter::with_capacity(1 << 16, file));
    out.write(&magic)?;
    out.write(&version.to_le_bytes())?;
    out.write(&(content.len() as u64).to_le_bytes())?;
    out.write(content)?;
    out.finish()?.flush()
}

/// The content of a file that is read whole, of `longest` bytes at most; `None` where it is another's, or is damaged.
pub fn read_whole(file: File, magic: [u8; 8], version: u32, longest: u64) -> Option<Vec<u8>> {
    // To map it, and to let go of that, takes longer than to read it.
    let pages = Pages::of(file)?;
    let head = pages.read(0, HEAD)?;
    let mut from = Reader(&head);
    if from.bytes(magic.len())? != magic || from.u32()? != version {
        return None;
    }
    let len = from.u64().filter(|len| *len <= longest)?;
    let whole = pages.len() == (HEAD as u64 + len).next_multiple_of(CONTENT as u64);
    pages.read(HEAD as u64, len as usize).filter(|_| whole)
}

/// Writes content as pages.
pub struct PageWriter<W> {
    out: W,
    page: Vec<u8>,
    number: u64,
}

impl<W: Write> PageWriter<W> {
    /// Will write to `out`, which is empty.
    pub fn new(out: W) -> Self {
        Self { out, page: Vec::with_capacity(PAGE), number: 0 }
    }

    /// Adds content.
    pub fn write(&mut self, mut content: &[u8]) -> io::Result<()> {
        while !content.is_empty() {
            let (part, rest) = content.split_at(content.len().min(CONTENT - self.page.len()));
            self.page.extend(part);
            content = rest;
            if self.page.len() == CONTENT {
                self.seal()?;
            }
        }
        Ok(())
    }

    fn seal(&mut self) -> io::Result<()> {
        self.page.resize(CONTENT, 0);
        let sum = checksum(self.number, &self.page);
        self.page.extend(sum.to_le_bytes());
        self.out.write_all(&self.page)?;
        self.page.clear();
        self.number += 1;
        Ok(())
    }

    /// Writes what is left, and gives the writer back.
    pub fn finish(mut self) -> io::Result<W> {
        if !self.page.is_empty() {
            self.seal()?;
        }
        Ok(self.out)
    }
}

fn checksum(number: u64, content: &[u8]) -> u64 {
    xxh3_64_with_seed(content, number)
}

/// A file so short is read at once when it is opened, in bytes: to map it, and above all to let go of the map while other
/// threads run, takes several times as long.
const SHORT: u64 = 1 << 16;

/// An open file of pages.
#[derive(Debug)]
pub struct Pages {
    file: File,
    held: HeldPages,
    /// How many there are.
    count: u64,
}

/// What of a file of pages is in memory.
#[derive(Debug)]
enum HeldPages {
    /// All of a short one.
    Whole(Vec<u8>),
    /// The file in place: no page is read that is not asked for.
    Map(Map),
    /// Nothing: it is read where it is asked for.
    Nothing,
}

impl HeldPages {
    /// What is held of `file`, which is `size` bytes long.
    fn of(file: &File, size: u64) -> Self {
        if size <= SHORT && !maps::are_forced() {
            let mut whole = vec![0; size as usize];
            return file.read_exact_at(&mut whole, 0).map_or(Self::Nothing, |()| Self::Whole(whole));
        }
        maps::whole(file).map_or(Self::Nothing, Self::Map)
    }

    /// Copies the bytes that begin at `start`; false where they are not held.
    fn copy(&self, start: usize, into: &mut [u8]) -> bool {
        match self {
            Self::Whole(bytes) => {
                let held = bytes.get(start..).and_then(|rest| rest.get(..into.len()));
                held.is_some_and(|held| {
                    into.copy_from_slice(held);
                    true
                })
            }
            Self::Map(map) => map.copy(start, into),
            Self::Nothing => false,
        }
    }
}

impl Pages {
    /// The pages of an open file; `None` where it does not consist of whole pages.
    pub fn new(file: File) -> Option<Self> {
        let pages = Self::of(file)?;
        Some(Self { held: HeldPages::of(&pages.file, pages.size()), ..pages })
    }

    fn of(file: File) -> Option<Self> {
        let size = file.metadata().ok()?.len();
        (size > 0 && size % PAGE as u64 == 0).then(|| Self {
            held: HeldPages::Nothing,
            file,
            count: size / PAGE as u64,
        })
    }

    /// How much content there is, in bytes.
    pub fn len(&self) -> u64 {
        self.count * CONTENT as u64
    }

    /// How long the file is, in bytes.
    pub fn size(&self) -> u64 {
        self.count * PAGE as u64
    }

    /// The `len` bytes of content at `offset`; `None` where they are not there or a page is damaged.
    pub fn read(&self, offset: u64, len: usize) -> Option<Vec<u8>> {
        let end = offset.checked_add(len as u64).filter(|end| *end <= self.len())?;
        if len == 0 {
            return Some(Vec::new());
        }
        let first = offset / CONTENT as u64;
        let pages = end.div_ceil(CONTENT as u64) - first;
        let mut raw = vec![0; pages as usize * PAGE];
        let start = first * PAGE as u64;
        // Copied before it is checked: nobody can change it then.
        if !self.held.copy(start as usize, &mut raw) {
            self.file.read_exact_at(&mut raw, start).ok()?;
        }
        let mut content = Vec::with_capacity(pages as usize * CONTENT);
        for (page, number) in raw.chunks_exact(PAGE).zip(first..) {
            let (part, sum) = page.split_at(CONTENT);
            if checksum(number, part).to_le_bytes() != sum {
                return None;
            }
            content.extend(part);
        }
        let start = (offset - first * CONTENT as u64) as usize;
        content.truncate(start + len);
        content.drain(..start);
        Some(content)
    }
}
