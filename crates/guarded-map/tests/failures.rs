//! What a look says of files that are cut, grow again, are deleted or cannot be mapped.
#![cfg(target_os = "linux")]
#![expect(clippy::unwrap_used, reason = "a test")]

use std::fs::File;
use std::io::Write;
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};
use std::sync::Barrier;
use std::sync::atomic::{AtomicBool, Ordering};

use guarded_map::Map;

mod process;
use process::ends_well;

const PAGE: usize = 4096;
/// Longer than any folio of the page cache is likely to be, and than what is mapped at one fault.
const LONG: usize = 4 << 20;

/// On a disk and in memory, where both are to be had.
fn folders() -> Vec<tempfile::TempDir> {
    let memory = tempfile::Builder::new().tempdir_in("/dev/shm").ok();
    let disk = tempfile::Builder::new().tempdir_in(env!("CARGO_TARGET_TMPDIR")).unwrap();
    memory.into_iter().chain([disk]).collect()
}

fn file(folder: &Path, length: usize) -> (PathBuf, File) {
    let path = folder.join("file");
    let mut file = File::options().read(true).write(true).create(true).truncate(true).open(&path).unwrap();
    file.write_all(&vec![b'x'; length]).unwrap();
    (path, file)
}

fn count(bytes: &[u8]) -> usize {
    memchr::memchr_iter(b'x', bytes).count()
}

#[test]
fn what_is_there_is_shown_from_any_offset() {
    let folder = folders().remove(0);
    let (_, file) = file(folder.path(), 3 * PAGE);
    file.write_all_at(b"needle", 5000).unwrap();
    let map = Map::of(&file, 4999, 100).unwrap();
    assert_eq!((map.len(), map.is_empty(), map.has_failed()), (100, false, false));
    assert_eq!(map.look(1..7, <[u8]>::to_vec).unwrap(), b"needle");
    let mut copy = [0; 6];
    assert!(map.copy(1, &mut copy));
    assert_eq!(&copy, b"needle");
    assert_eq!(map.look(100..100, <[u8]>::len), Some(0));
    for wrong in [99..101, 101..102, usize::MAX - 1..usize::MAX] {
        assert_eq!(map.look(wrong, <[u8]>::len), None);
    }
    #[expect(clippy::reversed_empty_ranges, reason = "that is what must be refused")]
    let backwards = 7..1;
    assert_eq!(map.look(backwards, <[u8]>::len), None);
    assert!(!map.copy(usize::MAX, &mut copy) && !map.copy(95, &mut copy));
}

#[test]
fn what_cannot_be_mapped_is_an_error() {
    let folder = folders().remove(0);
    let (path, file) = file(folder.path(), PAGE);
    assert_eq!(Map::of(&file, 0, 0).unwrap_err().raw_os_error(), Some(libc::EINVAL));
    assert_eq!(Map::of(&file, 0, usize::MAX).unwrap_err().raw_os_error(), Some(libc::EINVAL));
    assert!(Map::of(&file, u64::MAX, PAGE).is_err());
    let only_written = File::options().append(true).open(path).unwrap();
    assert_eq!(Map::of(&only_written, 0, PAGE).unwrap_err().raw_os_error(), Some(libc::EACCES));
}

#[test]
fn a_panic_in_a_search_leaves_the_map_as_it_was() {
    let folder = folders().remove(0);
    let (_, file) = file(folder.path(), PAGE);
    let map = Map::of(&file, 0, PAGE).unwrap();
    let panicked = std::panic::catch_unwind(|| map.look(0..PAGE, |_| panic!("on purpose")));
    assert!(panicked.is_err());
    assert_eq!(map.look(0..PAGE, count), Some(PAGE));
}

#[test]
fn a_file_that_is_cut_is_not_believed() {
    ends_well("a_file_that_is_cut_is_not_believed", || {
        for folder in folders() {
            // To nothing, to the middle of a page, and of what is likely to be one folio.
            for left in [0, PAGE / 2, LONG / 2 + PAGE / 2] {
                for length in [PAGE, LONG] {
                    let (_, file) = file(folder.path(), length);
                    let map = Map::of(&file, 0, length).unwrap();
                    assert_eq!(map.look(0..length, count), Some(length));
                    file.set_len(left.min(length) as u64).unwrap();
                    let seen = map.look(0..length, count);
                    // In the last page that is left there is no failure, and zeros are seen.
                    let expected = (left.next_multiple_of(PAGE) >= length).then_some(left.min(length));
                    assert_eq!(seen, expected, "cut from {length} to {left}");
                    assert_eq!(map.has_failed(), expected.is_none());
                    // What has failed stays so, however the file grows again.
                    file.set_len(length as u64).unwrap();
                    assert_eq!(map.look(0..1, count).is_none(), expected.is_none());
                    let again = Map::of(&file, 0, length).unwrap();
                    assert_eq!(again.look(0..length, count), Some(left.min(length)));
                }
            }
        }
    });
}

#[test]
fn a_deleted_file_is_shown_to_its_end() {
    let folder = folders().remove(0);
    let (path, file) = file(folder.path(), LONG);
    let map = Map::of(&file, 0, LONG).unwrap();
    std::fs::remove_file(path).unwrap();
    drop(file);
    assert_eq!(map.look(0..LONG, count), Some(LONG));
}

#[test]
fn one_failure_is_seen_by_all_who_look() {
    ends_well("one_failure_is_seen_by_all_who_look", || {
        let folder = folders().remove(0);
        let (_, file) = file(folder.path(), LONG);
        let map = Map::of(&file, 0, LONG).unwrap();
        let (both_look, cut, failed) = (Barrier::new(3), Barrier::new(3), Barrier::new(2));
        std::thread::scope(|scope| {
            let end = scope.spawn(|| {
                let seen = map.look(LONG - PAGE..LONG, |bytes| {
                    both_look.wait();
                    cut.wait();
                    count(bytes)
                });
                failed.wait();
                seen
            });
            let start = scope.spawn(|| {
                map.look(0..PAGE, |bytes| {
                    both_look.wait();
                    cut.wait();
                    failed.wait();
                    // This page is still in the file, and would be seen but for the other's failure.
                    count(bytes)
                })
            });
            both_look.wait();
            file.set_len(PAGE as u64).unwrap();
            cut.wait();
            assert_eq!((end.join().unwrap(), start.join().unwrap()), (None, None));
        });
    });
}

#[test]
fn ten_thousand_cuts_under_two_who_look() {
    ends_well("ten_thousand_cuts_under_two_who_look", || {
        let each = if cfg!(debug_assertions) { 500 } else { 5000 };
        for folder in folders() {
            let (_, file) = file(folder.path(), LONG);
            let over = AtomicBool::new(false);
            let failures = std::thread::scope(|scope| {
                let looking = [(); 2].map(|()| {
                    scope.spawn(|| {
                        let (mut failures, mut looks) = (0, 0);
                        while !over.load(Ordering::Relaxed) || looks == 0 {
                            let map = Map::of(&file, 0, LONG).unwrap();
                            // A look may see all, less, or fail; it says nothing else.
                            let seen = map.look(0..LONG, count);
                            assert!(seen.is_none_or(|seen| seen <= LONG));
                            failures += u64::from(seen.is_none());
                            looks += 1;
                        }
                        failures
                    })
                });
                for cut in 0..each {
                    let left = [0, PAGE / 2, LONG / 2 + 100][cut % 3];
                    file.set_len(left as u64).unwrap();
                    file.write_all_at(&[b'x'; PAGE], (left + PAGE * 10) as u64).unwrap();
                    file.set_len(LONG as u64).unwrap();
                }
                file.set_len(0).unwrap();
                over.store(true, Ordering::Relaxed);
                looking.map(|thread| thread.join().unwrap())
            });
            let map = Map::of(&file, 0, LONG).unwrap();
            assert_eq!(map.look(0..LONG, count), None, "after {failures:?} failures");
        }
    });
}

#[test]
fn where_the_address_space_is_limited_there_is_an_error() {
    ends_well("where_the_address_space_is_limited_there_is_an_error", || {
        let folder = folders().remove(0);
        let (_, file) = file(folder.path(), PAGE);
        let limit = libc::rlimit { rlim_cur: 1 << 30, rlim_max: 1 << 30 };
        // SAFETY: it reads the limit and changes nothing in memory.
        assert_eq!(unsafe { libc::setrlimit(libc::RLIMIT_AS, &raw const limit) }, 0);
        assert_eq!(Map::of(&file, 0, 1 << 30).unwrap_err().raw_os_error(), Some(libc::ENOMEM));
        assert_eq!(Map::of(&file, 0, PAGE).unwrap().look(0..PAGE, count), Some(PAGE));
    });
}

/// Looks from inside looks, until one sees nothing; says how deep that is.
fn deep(map: &Map) -> usize {
    map.look(0..1, |_| deep(map)).map_or(0, |depth| depth + 1)
}

#[test]
fn more_looks_than_there_is_room_for_see_nothing() {
    let folder = folders().remove(0);
    let (_, file) = file(folder.path(), PAGE);
    let map = Map::of(&file, 0, PAGE).unwrap();
    let depth = deep(&map);
    assert!((100..=256).contains(&depth), "{depth}");
    assert_eq!(map.look(0..PAGE, count), Some(PAGE));
}
