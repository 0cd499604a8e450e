//! Memory for long columns, in large pages where that is quicker.
//!
//! A table is kept, so its columns are memory that nobody had before. The system hands that out a page of 4 KiB at a time
//! unless it is asked for more, and then most of the time goes there. Where a hypervisor has taken back what was free, large
//! pages are those that it has to give anew, and small ones come sooner. So both are tried, and what was quicker goes on.

use std::cell::RefCell;

use arrow_buffer::{Buffer, MutableBuffer};
use bytes::Bytes;
use memmap2::MmapMut;

use crate::file::pace::Pace;

/// A large page, in bytes.
const LARGE: usize = 2 << 20;

thread_local! {
    /// How long it took to fill memory lately, in large pages, which is the first way, and in small ones.
    static PACE: RefCell<Pace> = RefCell::default();
}

/// A buffer of `length` bytes, as `write` leaves them; they are 0 before.
pub(super) fn filled(length: usize, write: impl FnOnce(&mut [u8])) -> Buffer {
    // What is shorter than a large page is had sooner from the allocator, which may have it from before. Only what is as
    // long as so many whole large pages does the system put where one begins.
    let map = if length < LARGE { None } else { MmapMut::map_anon(length.next_multiple_of(LARGE)).ok() };
    if let Some(mut map) = map {
        let turn = PACE.with_borrow_mut(Pace::begin);
        if turn.first {
            advise(&map, length);
        }
        write(&mut map[..length]);
        PACE.with_borrow_mut(|pace| pace.end(turn, length as u64));
        return Buffer::from(Bytes::from_owner(map).slice(..length));
    }
    let mut buffer = MutableBuffer::from_len_zeroed(length);
    write(&mut buffer);
    buffer.into()
}

/// Asks for large pages as far as they are filled, or the last nearly so: the rest of it would be memory that nobody uses.
fn advise(map: &MmapMut, length: usize) {
    let rest = length % LARGE;
    let large = if rest > LARGE - LARGE / 8 { length - rest + LARGE } else { length - rest };
    #[cfg(target_os = "linux")]
    let _ = map.advise_range(memmap2::Advice::HugePage, 0, large);
    #[cfg(not(target_os = "linux"))]
    let _ = (map, large);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_buffer_holds_what_was_written_however_long_it_is() {
        for length in [0, 1, LARGE - 1, LARGE, LARGE + 1, 3 * LARGE - 1] {
            let buffer = filled(length, |room| {
                assert!(room.len() == length && room.iter().all(|byte| *byte == 0));
                room.iter_mut().enumerate().for_each(|(at, byte)| *byte = at as u8);
            });
            assert_eq!(buffer.len(), length);
            assert!(buffer.iter().enumerate().all(|(at, byte)| *byte == at as u8), "{length}");
        }
    }
}
