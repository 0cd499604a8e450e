//! Building: tile by tile on all cores, segment by segment into files.
//!
//! A round is one tile for each thread. The tiles of a segment are all that is held, so memory is bounded whatever the
//! log; and a segment is published as soon as it is whole, so one who is stopped has lost little.

use std::fs::Metadata;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

use super::super::store::About;
use super::counters::Counts;
use super::keys::{Keys, ROWS};
use super::rows::{TILE, TILE_BYTES};
use super::segment::{Matrix, Segment, TILES};
use super::{Text, part};
use crate::error::{Error, Result};
use crate::file::block::{Block, Cutter, Extent};
use crate::file::source::Source;
use crate::index::{Keep, Tick};
use crate::stamp::Elected;

/// How often the caller is asked whether to go on.
const TICK: Duration = Duration::from_millis(50);

/// What building came to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Built {
    /// How much of the log was read, in bytes.
    pub read: u64,
    /// How much of it is indexed now, in bytes.
    pub covered: u64,
    /// How much the index takes, in bytes.
    pub size: u64,
}

/// Brings the index of a log's text up to date, as far as its blocks are final, on `threads` threads. `told` hears how
/// many bytes of the log are done.
///
/// # Errors
/// `Error::Io` and `Error::Truncated` where the log cannot be read, `Error::Io` where the index cannot be written, and
/// what `tick` returns to stop it. What was published before that stays.
pub fn build(
    source: &Arc<Source>,
    keep: &Keep,
    threads: usize,
    told: &mut dyn FnMut(u64),
    tick: Tick<'_>,
) -> Result<Built> {
    let seen = source.metadata()?;
    let mut stored = Text::load(keep, source, &seen).segments.into_iter().peekable();
    let (mut number, mut at, mut read) = (0, 0, 0);
    loop {
        let here = stored.next_if(|segment| segment.start == at);
        if let Some(full) = here.as_ref().filter(|segment| segment.blocks == TILES * TILE) {
            (number, at) = (number + 1, full.about.covered);
            told(at);
            continue;
        }
        let mut builder = Builder::new(source, &seen, at, here.as_ref());
        let from = builder.covered;
        builder.grow(threads.max(1), &mut |done| told(done), tick)?;
        if builder.covered == from {
            break;
        }
        read += builder.covered - from;
        builder.publish(keep, number)?;
        if !builder.matrix.is_full() {
            break;
        }
        // A stored segment that overlaps what was built here is of another cut of the log.
        (number, at) = (number + 1, builder.covered);
        while stored.next_if(|segment| segment.start < at).is_some() {}
    }
    let text = Text::load(keep, source, &seen);
    Ok(Built { read, covered: text.covered(), size: text.size() })
}

/// A segment on its way.
struct Builder<'b> {
    source: &'b Arc<Source>,
    seen: &'b Metadata,
    start: u64,
    covered: u64,
    last: Extent,
    cutter: Cutter,
    matrix: Matrix,
}

impl<'b> Builder<'b> {
    /// Goes on from `stored`, the segment that begins at `start`, if there is one.
    fn new(source: &'b Arc<Source>, seen: &'b Metadata, start: u64, stored: Option<&Segment>) -> Self {
        let kept = stored.and_then(|segment| Some((Matrix::of(segment)?, segment)));
        let (matrix, covered, last) = match kept {
            Some((matrix, segment)) => (matrix, segment.about.covered, segment.about.last),
            None => (Matrix::default(), start, Extent::default()),
        };
        let cutter = Cutter::new(Extent { start: covered, end: seen.len() });
        Self { source, seen, start, covered, last, cutter, matrix }
    }

    /// Adds tiles until the segment is full or the log has no more final blocks.
    fn grow(&mut self, threads: usize, told: &mut dyn FnMut(u64), tick: Tick<'_>) -> Result<()> {
        while !self.matrix.is_full() {
            tick()?;
            let room = TILES - self.matrix.tiles.len();
            let mut cuts = Vec::new();
            while cuts.len() < threads.min(room) {
                match self.cut(tick)? {
                    Some(cut) => cuts.push(cut),
                    None => break,
                }
            }
            if cuts.is_empty() {
                break;
            }
            let tiles = on_threads(self.source, &cuts, tick)?;
            for (cut, (rows, counts)) in cuts.into_iter().zip(tiles) {
                self.matrix.ends.extend(cut.iter().map(|extent| extent.end));
                self.matrix.counts.extend(counts);
                self.matrix.tiles.push(rows);
                self.last = cut.last().copied().unwrap_or_default();
                self.covered = self.last.end;
            }
            told(self.covered);
        }
        Ok(())
    }

    /// The blocks of the next tile; `None` where the log has not so many whose cuts are final.
    fn cut(&mut self, tick: Tick<'_>) -> Result<Option<Vec<Extent>>> {
        let mut cut = Vec::with_capacity(TILE);
        while cut.len() < TILE {
            match self.cutter.cut(self.source, tick)? {
                Some(extent) if extent.end < self.seen.len() => cut.push(extent),
                _ => return Ok(None),
            }
        }
        Ok(Some(cut))
    }

    fn publish(&self, keep: &Keep, number: usize) -> Result<()> {
        let (last, seen) = (self.last, self.seen);
        let elected = Elected::default();
        // Without a fingerprint there is nothing to tell by that it speaks of this log.
        let Some(about) = About::of(self.source, seen, self.covered, 0, last, &elected) else {
            return Ok(());
        };
        let mut write = |file: &mut std::fs::File| self.matrix.write(file, &about, self.start);
        keep.publish_part(self.source, &part(number), &mut write)
            .map_err(|error| Error::io(self.source.path(), error))
    }
}

/// The keys of the blocks of each of `cuts`, each on a thread of its own.
fn on_threads(source: &Source, cuts: &[Vec<Extent>], tick: Tick<'_>) -> Result<Vec<Tile>> {
    let halt = AtomicBool::new(false);
    let caller = thread::current();
    thread::scope(|scope| {
        let work = |cut: &[Extent]| {
            let tile = tile(source, cut, &halt);
            halt.fetch_or(tile.is_err(), Ordering::Relaxed);
            caller.unpark();
            tile
        };
        let spawned =
            |cut| thread::Builder::new().name("logdex-text".into()).spawn_scoped(scope, move || work(cut));
        let running: Vec<_> = cuts.iter().map(|cut| spawned(cut)).collect();
        let mut waited = Ok(());
        while running.iter().flatten().any(|thread| !thread.is_finished()) {
            thread::park_timeout(TICK);
            if waited.is_ok() {
                waited = tick();
                halt.fetch_or(waited.is_err(), Ordering::Relaxed);
            }
        }
        let mut tiles = Vec::with_capacity(cuts.len());
        let mut failed = waited.err();
        for (thread, cut) in running.into_iter().zip(cuts) {
            let tile = match thread {
                // Where no thread is to be had, this one does the work.
                Err(_) => tile(source, cut, &halt),
                Ok(thread) => thread.join().unwrap_or(Err(Error::Bug("a thread that indexed text panicked"))),
            };
            match tile {
                Ok(tile) => tiles.push(tile),
                // One that was stopped because of another's error has nothing to say.
                Err(Error::Interrupted) if failed.is_some() => {}
                Err(error) if !matches!(failed, None | Some(Error::Interrupted)) => drop(error),
                Err(error) => failed = Some(error),
            }
        }
        failed.map_or(Ok(tiles), Err)
    })
}

/// What is known of the blocks of a tile: their rows one behind the other, and the numbers of each.
type Tile = (Vec<u8>, Vec<Counts>);

/// The keys of the blocks `cut`.
fn tile(source: &Source, cut: &[Extent], halt: &AtomicBool) -> Result<Tile> {
    let (mut rows, mut keys, mut block) = (vec![0; ROWS * TILE_BYTES], Keys::default(), Block::default());
    let mut counts = Vec::with_capacity(cut.len());
    let mut eight = vec![Vec::new(); 8];
    for (extents, column) in cut.chunks(8).zip(0..) {
        for (extent, marks) in extents.iter().zip(&mut eight) {
            if halt.load(Ordering::Relaxed) {
                return Err(Error::Interrupted);
            }
            block.read(source, *extent)?;
            counts.push(keys.mark(block.bytes(), marks));
        }
        put(&eight[..extents.len()], column, &mut rows);
    }
    Ok((rows, counts))
}

/// Puts the marks of up to eight blocks into `rows`, as the byte at `column` of each row.
fn put(eight: &[Vec<u8>], column: usize, rows: &mut [u8]) {
    let mut bytes = vec![0; ROWS];
    for (marks, n) in eight.iter().zip(0..) {
        for (byte, mark) in bytes.iter_mut().zip(marks) {
            *byte |= mark << n;
        }
    }
    for (row, byte) in rows.chunks_exact_mut(TILE_BYTES).zip(bytes) {
        row[column] = byte;
    }
}
