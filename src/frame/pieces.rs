//! A container's log in pieces: cut at line ends, and each decoded by itself.
//!
//! A line of a program may be spread over several frames, so what a piece says can hang on the one before: there a part of a line
//! may wait for its end. Hardly ever one does, so each piece is decoded as if none did, on any thread, and remembers the places
//! ([`Seam`]) from which on that makes no difference. `fill.rs` puts the pieces behind one another.

use std::fs::File;
use std::os::unix::fs::FileExt;
use std::path::Path;

use memchr::{memchr, memrchr};

use super::{Decoded, Decoder, Framing};
use crate::error::{Error, Result};

/// Cuts a file into pieces of whole lines.
pub(super) struct Pieces<'f> {
    pub(super) path: &'f Path,
    pub(super) file: File,
    pub(super) at: u64,
    pub(super) end: u64,
    pub(super) number: u64,
    pub(super) piece: usize,
}

impl Pieces<'_> {
    /// The next piece into `raw`, and its number; none where no line end is left.
    pub(super) fn next(&mut self, raw: &mut Vec<u8>) -> Result<Option<u64>> {
        let whole = self.fill(raw)?;
        raw.truncate(whole);
        self.at += whole as u64;
        self.number += 1;
        Ok((whole > 0).then_some(self.number - 1))
    }

    /// The next bytes into `raw`, at least one line if there is one; returns where the last one of them ends.
    pub(super) fn fill(&self, raw: &mut Vec<u8>) -> Result<usize> {
        raw.clear();
        loop {
            let filled = raw.len();
            let wanted = (self.end - self.at.min(self.end)).saturating_sub(filled as u64);
            raw.resize(filled + wanted.min(self.piece as u64) as usize, 0);
            let got = self.read(&mut raw[filled..], self.at + filled as u64)?;
            raw.truncate(filled + got);
            if let Some(last) = memrchr(b'\n', &raw[filled..]) {
                return Ok(filled + last + 1);
            }
            if got == 0 {
                return Ok(0);
            }
        }
    }

    /// As many bytes as there are from `at` on; fewer than asked for where the file was cut.
    fn read(&self, bytes: &mut [u8], at: u64) -> Result<usize> {
        loop {
            match self.file.read_at(bytes, at) {
                Err(error) if error.kind() == std::io::ErrorKind::Interrupted => {}
                got => return got.map_err(|error| Error::io(self.path, error)),
            }
        }
    }
}

/// A place between lines at which nothing is begun: in the piece, its text, and the entries of that.
#[derive(Clone, Copy, Default)]
pub(super) struct Seam {
    pub(super) raw: usize,
    pub(super) text: usize,
    pub(super) told: usize,
}

/// What comes out of a piece if nothing was begun before it.
#[derive(Clone)]
pub(super) struct Decoding {
    /// How far apart marks are.
    pub(super) apart: usize,
    pub(super) decoder: Decoder,
    pub(super) out: Decoded,
    pub(super) marks: Vec<Seam>,
}

impl Decoding {
    pub(super) fn new(kind: Framing, apart: usize) -> Self {
        Self { apart, decoder: Decoder::new(kind), out: Decoded::default(), marks: Vec::new() }
    }

    /// Becomes that of `raw`, whole lines.
    pub(super) fn decode(&mut self, raw: &[u8]) {
        self.decoder.begin_anew();
        self.out.clear();
        self.marks.clear();
        let mut at = 0;
        while at < raw.len() {
            let near = raw.len().min(at + self.apart);
            let end = memchr(b'\n', &raw[near - 1..]).map_or(raw.len(), |end| near + end);
            self.decoder.push(&raw[at..end], &mut self.out);
            at = end;
            if self.decoder.is_between() {
                self.marks.push(Seam { raw: at, text: self.out.text.len(), told: self.out.told.len() });
            }
        }
    }
}
