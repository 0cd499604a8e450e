//! A stored index with changes that its checksums do not show: whatever stands in it, nothing panics, no place outside
//! of the log is named, and no more memory is asked for than the file can fill.

#![no_main]

use std::path::PathBuf;
use std::sync::{Arc, LazyLock};

use arbitrary::Arbitrary;
use jiff::tz::TimeZone;
use libfuzzer_sys::fuzz_target;
use logdex::index::{Index, Keep, Options};
use logdex::file::source::Source;
use logdex::stamp::{Fold, Reference, Window};
use xxhash_rust::xxh3::xxh3_64_with_seed;

/// As in `src/index/pages.rs`.
const PAGE: usize = 4096;
const CONTENT: usize = PAGE - 8;

#[derive(Arbitrary, Debug)]
struct Change {
    /// Which of the places that are told apart, from the file's beginning or from that of its entries.
    place: u16,
    far: bool,
    with: With,
}

#[derive(Arbitrary, Debug)]
enum With {
    Byte(u8),
    Number(u64),
    Flip(u8),
}

/// A log of some blocks with an index beside it.
struct Kept {
    log: PathBuf,
    stored: PathBuf,
    whole: Vec<u8>,
    options: Options,
    _directory: tempfile::TempDir,
}

static KEPT: LazyLock<Kept> = LazyLock::new(|| {
    let directory = tempfile::tempdir().expect("a directory");
    let (log, place) = (directory.path().join("a.log"), directory.path().join("kept"));
    let line = |n: usize| match n % 5 {
        0 => format!("[rank{}]: INFO 11-{:02} 06:47:12 {}\n", n % 9, n / 600 % 28 + 1, "x".repeat(n % 90)),
        1 => format!("[rank{}]: no stamp\n", n % 9),
        _ => format!("2026-11-{:02} 06:{:02}:12,123 INFO x\n", n / 600 % 28 + 1, n / 25 % 60),
    };
    std::fs::write(&log, (0..30_000).map(line).collect::<String>()).expect("a log");
    let options = Options { stored_from: 0, threads: 1, steps: true, ..Options::new(Keep::Directory(place.clone())) };
    let source = Arc::new(Source::open(&log).expect("it is there"));
    Index::of(&source, source.size().expect("its size"), options.clone(), &mut || Ok(())).expect("an index");
    let stored =
        std::fs::read_dir(&place).expect("it was stored").next().expect("one").expect("readable").path();
    let whole = std::fs::read(&stored).expect("its content");
    Kept { log, stored, whole, options, _directory: directory }
});

/// The pages of the stored index with `changes` made to their content, and sealed anew.
fn forged(changes: &[Change]) -> Vec<u8> {
    let mut content: Vec<u8> = KEPT.whole.chunks(PAGE).flat_map(|page| page[..CONTENT].to_vec()).collect();
    for change in changes {
        let at = (usize::from(change.place) + if change.far { CONTENT } else { 0 }) % (content.len() - 8);
        match change.with {
            With::Byte(byte) => content[at] = byte,
            With::Flip(bit) => content[at] ^= 1 << (bit % 8),
            With::Number(number) => content[at..at + 8].copy_from_slice(&number.to_le_bytes()),
        }
    }
    let seal = |(number, page): (usize, &[u8])| {
        let sum = xxh3_64_with_seed(page, number as u64);
        [page, &sum.to_le_bytes()].concat()
    };
    content.chunks(CONTENT).enumerate().flat_map(seal).collect()
}

fuzz_target!(|changes: Vec<Change>| {
    std::fs::write(&KEPT.stored, forged(&changes)).expect("room for it");
    let source = Arc::new(Source::open(&KEPT.log).expect("the log is there"));
    let size = source.size().expect("its size");
    // Begun, and not brought up to date: that would write a sound one.
    let mut index = Index::begin(&source, size, KEPT.options.clone(), &mut || Ok(())).expect("a forged index is none");
    let mut clock = index.clock(TimeZone::UTC, Reference::Mtime(1_800_000_000_000_000_000));
    index.span(&mut clock);
    let window = Window { since: Some(1_794_000_000_000_000_000), until: Some(1_795_000_000_000_000_000) };
    let Ok(pieces) = index.plan(&source, window, &mut clock, &mut || Ok(())) else { return };
    for piece in pieces {
        assert!(piece.entry.extent.start <= piece.entry.extent.end && piece.entry.extent.end <= size);
        let mut fold = Fold::resuming(&piece.entry.inbound, index.first());
        let timed = fold.push(b"[rank1]: INFO 11-22 06:47:12 x\n");
        timed.stamp.map(|stamp| clock.span(stamp));
    }
});
