//! The floor: threads that look for a byte that does not occur, and do nothing else.
//!
//! `cargo run --release --example bare -- FILE [map|read] [THREADS] [ROUNDS]` prints the best time in seconds.

#![allow(clippy::cast_possible_truncation, reason = "Linux on 64 bits is what is measured")]

use std::fs::File;
use std::os::unix::fs::FileExt;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Instant;

use guarded_map::Map;

/// How much is looked at in one go.
const PIECE: u64 = 2 << 20;
/// How much is read in one go: what fits the second-level cache.
const BLOCK: usize = 256 << 10;
/// A byte that no log has.
const ABSENT: u8 = 1;

fn main() -> std::io::Result<()> {
    let arguments: Vec<String> = std::env::args().collect();
    let number = |at: usize, otherwise| arguments.get(at).and_then(|n| n.parse().ok()).unwrap_or(otherwise);
    let path = arguments.get(1).ok_or_else(|| std::io::Error::other("which file?"))?;
    let by_map = arguments.get(2).is_none_or(|way| way == "map");
    let file = File::open(path)?;
    let size = file.metadata()?.len();
    let mut best = f64::INFINITY;
    for _ in 0..number(4, 7) {
        let begun = Instant::now();
        let found = search(&file, size, by_map, number(3, 1))?;
        best = best.min(begun.elapsed().as_secs_f64());
        assert_eq!(found, 0, "the byte occurs, so this measures something else");
    }
    println!("{best:.4}");
    Ok(())
}

/// How many pieces of the file have the byte.
fn search(file: &File, size: u64, by_map: bool, threads: u64) -> std::io::Result<u64> {
    let map = if by_map { Some(Map::of(file, 0, size as usize)?) } else { None };
    let (next, found) = (AtomicU64::new(0), AtomicU64::new(0));
    std::thread::scope(|scope| {
        for _ in 0..threads {
            scope.spawn(|| {
                let mut block = vec![0; BLOCK];
                loop {
                    let start = next.fetch_add(PIECE, Ordering::Relaxed);
                    if start >= size {
                        break;
                    }
                    let end = size.min(start + PIECE);
                    let has = match &map {
                        Some(map) => in_map(map, start, end),
                        None => in_file(file, start, end, &mut block),
                    };
                    found.fetch_add(u64::from(has), Ordering::Relaxed);
                }
            });
        }
    });
    Ok(found.into_inner())
}

fn in_map(map: &Map, start: u64, end: u64) -> bool {
    map.look(start as usize..end as usize, |bytes| memchr::memchr(ABSENT, bytes).is_some()).unwrap_or(true)
}

fn in_file(file: &File, start: u64, end: u64, block: &mut [u8]) -> bool {
    (start..end).step_by(BLOCK).any(|at| {
        let length = (end - at).min(BLOCK as u64) as usize;
        file.read_exact_at(&mut block[..length], at).is_err()
            || memchr::memchr(ABSENT, &block[..length]).is_some()
    })
}
