//! Frames taken off a whole file, on all cores, into a file of its text and one of the times of its lines.
//!
//! Each thread takes the next piece of the file, cut at a line end, and decodes it as if no line of a stream was begun
//! before it. Then, in the order of the file, it puts down what came out. Where a line was begun in fact, the pieces are
//! decoded again up to the first mark at which nothing is: from there on both say the same.

use std::fs::{File, OpenOptions};
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};
use std::sync::{Condvar, Mutex};
use std::thread;

use memchr::memchr;

use super::pieces::{Decoding, Pieces, Seam};
use super::{Decoded, Decoder, Framing};
use crate::error::{Error, Result};
use crate::stamp::move_told;
use crate::system::cores::cores;
use crate::system::lock::{lock, sound};

/// How much of the file is taken at once, in bytes.
const PIECE: usize = 1 << 20;
/// How far apart marks are, in bytes of the file.
const MARK: usize = 32 << 10;

/// A file of text and a table of times that are being filled.
pub struct Fill {
    decoder: Decoder,
    kind: Framing,
    text: Output,
    told: Output,
    room: Decoded,
    piece: usize,
    mark: usize,
}

/// How far the filling of a text came, to go on from there when there is more: in these files, or in copies of them.
#[derive(Clone)]
pub struct Stand {
    decoder: Decoder,
    /// How much text there was, in bytes.
    pub text: u64,
    /// How long the table was, in bytes.
    pub told: u64,
}

/// A file that is written to from a place on.
struct Output {
    path: PathBuf,
    file: File,
    size: u64,
}

impl Output {
    fn open(path: PathBuf, size: u64) -> Result<Self> {
        let file = OpenOptions::new().write(true).open(&path).map_err(|e| Error::io(&path, e))?;
        Ok(Self { path, file, size })
    }

    fn put(&mut self, bytes: &[u8]) -> Result<()> {
        self.file.write_all_at(bytes, self.size).map_err(|e| Error::io(&self.path, e))?;
        self.size += bytes.len() as u64;
        Ok(())
    }
}

impl Fill {
    /// Will fill the empty files at `text` and `told` with what lines say that are framed so.
    pub fn new(kind: Framing, text: PathBuf, told: PathBuf) -> Result<Self> {
        Self::from(Stand { decoder: Decoder::new(kind), text: 0, told: 0 }, text, told)
    }

    /// Goes on from where another stood; what that had put down until then is in the files at `text` and `told`.
    pub fn from(stand: Stand, text: PathBuf, told: PathBuf) -> Result<Self> {
        Ok(Self {
            kind: stand.decoder.kind(),
            decoder: stand.decoder,
            text: Output::open(text, stand.text)?,
            told: Output::open(told, stand.told)?,
            room: Decoded::default(),
            piece: PIECE,
            mark: MARK,
        })
    }

    /// How it stands, to go on from there.
    pub fn stand(&self) -> Stand {
        Stand { decoder: self.decoder.clone(), text: self.text.size, told: self.told.size }
    }

    /// In pieces of another size, with marks so far apart.
    #[cfg(test)]
    pub(super) fn in_pieces(self, piece: usize, mark: usize) -> Self {
        Self { piece, mark, ..self }
    }

    /// How much text there is, in bytes.
    pub fn size(&self) -> u64 {
        self.text.size
    }

    /// Puts down the text that is whole with the next `bytes`.
    pub fn push(&mut self, bytes: &[u8]) -> Result<()> {
        self.decoder.push(bytes, &mut self.room);
        self.put_room()
    }

    /// Puts down what is left at the end.
    pub fn finish(&mut self) -> Result<()> {
        self.decoder.finish(&mut self.room);
        self.put_room()
    }

    /// Puts down the text of the whole lines that the file at `path` has now, from the byte `after` on; returns where they
    /// end, in bytes. Where the text has become longer than `limit`, it stops before that.
    pub fn read(&mut self, path: &Path, after: u64, limit: u64) -> Result<u64> {
        let file = File::open(path).map_err(|e| Error::io(path, e))?;
        let end = file.metadata().map_err(|e| Error::io(path, e))?.len();
        let mut cutter = Pieces { path, file, at: after, end, number: 0, piece: self.piece };
        let mut raw = Vec::new();
        if self.decoder.is_in_line() {
            // The line goes on in this file.
            cutter.fill(&mut raw)?;
            let first = memchr(b'\n', &raw).map_or(0, |first| first + 1);
            self.push(&raw[..first])?;
            cutter.at += first as u64;
        }
        let threads = cores().min(((end - cutter.at.min(end)) / self.piece as u64) as usize).max(1);
        let work = Filling {
            part: Decoding::new(self.kind, self.mark),
            limit,
            cutter: Mutex::new(cutter),
            turn: Mutex::new(PutDown { next: 0, fill: self, is_over: false, ended: Ok(()) }),
            taken: Condvar::new(),
        };
        work.on(threads);
        let Filling { cutter, turn, .. } = work;
        sound(turn.into_inner()).ended.map(|()| sound(cutter.into_inner()).at)
    }

    /// Puts down the text of the next piece `raw`, of which `part` was made.
    fn put(&mut self, raw: &[u8], part: &mut Decoding) -> Result<()> {
        let mut same = Seam::default();
        let mut marks = part.marks.iter();
        while !self.decoder.is_between() {
            let Some(mark) = marks.next() else {
                self.push(&raw[same.raw..])?;
                return Ok(());
            };
            self.push(&raw[same.raw..mark.raw])?;
            same = *mark;
        }
        let (text, told) = (&part.out.text[same.text..], &mut part.out.told[same.told..]);
        // The table is always ahead of the text.
        move_told(told, self.text.size.wrapping_sub(same.text as u64));
        self.told.put(told)?;
        self.text.put(text)?;
        self.decoder.go_behind(&mut part.decoder, text.len() as u64);
        Ok(())
    }

    fn put_room(&mut self) -> Result<()> {
        let put = self.told.put(&self.room.told).and_then(|()| self.text.put(&self.room.text));
        self.room.clear();
        put
    }
}

/// A file on its way, shared by threads.
///
/// It is no [`crate::system::ordered::Ordered`], whose threads hand what they make to a consumer, are joined by nobody and
/// outlive the call. Here nobody consumes: a thread whose turn has come puts down itself what it made, in a `Fill` that is
/// lent for one call, and goes on with the same buffers.
struct Filling<'f> {
    /// What each thread begins with.
    part: Decoding,
    limit: u64,
    cutter: Mutex<Pieces<'f>>,
    turn: Mutex<PutDown<'f>>,
    taken: Condvar,
}

/// Whose turn it is to put down, and what became of it so far.
struct PutDown<'f> {
    next: u64,
    fill: &'f mut Fill,
    is_over: bool,
    ended: Result<()>,
}

impl Filling<'_> {
    /// Works with so many threads, of which this one is one.
    fn on(&self, threads: usize) {
        thread::scope(|scope| {
            for _ in 1..threads {
                // Where no thread is to be had, one fewer works.
                let _ = thread::Builder::new()
                    .name("logdex-frames".to_owned())
                    .spawn_scoped(scope, || self.run());
            }
            self.run();
        });
    }

    /// Takes pieces until there are none any more.
    fn run(&self) {
        let _leaving = Leaving(self);
        let (mut raw, mut part) = (Vec::new(), self.part.clone());
        loop {
            let next = lock(&self.cutter).next(&mut raw);
            let number = match next {
                Ok(None) => return,
                Ok(Some(number)) => number,
                Err(error) => return self.end(Err(error)),
            };
            part.decode(&raw);
            let mut turn = lock(&self.turn);
            while turn.next != number && !turn.is_over {
                turn = sound(self.taken.wait(turn));
            }
            if turn.is_over {
                return;
            }
            let put = turn.fill.put(&raw, &mut part);
            turn.next = number + 1;
            let is_over = put.is_err() || turn.fill.size() > self.limit;
            drop(turn);
            if is_over {
                return self.end(put);
            }
            self.taken.notify_all();
        }
    }

    /// Nothing more is put down.
    fn end(&self, ended: Result<()>) {
        let mut turn = lock(&self.turn);
        if !turn.is_over {
            (turn.is_over, turn.ended) = (true, ended);
        }
        drop(turn);
        self.taken.notify_all();
    }
}

/// A thread that may panic, which nobody shall wait for then.
struct Leaving<'w, 'f>(&'w Filling<'f>);

impl Drop for Leaving<'_, '_> {
    fn drop(&mut self) {
        if thread::panicking() {
            self.0.end(Err(Error::Bug("a thread that took frames off panicked")));
        }
    }
}
