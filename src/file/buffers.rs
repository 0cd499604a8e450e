//! Buffers of blocks that nobody needs any more, for the blocks of the next log: memory that is had anew costs a page fault
//! for each 4 KiB of it, as much as the read.

use std::sync::Mutex;

use super::block::BLOCK;

/// So many are kept at most, some 4 MiB.
const MOST: usize = 16;
static SPARE: Mutex<Vec<Vec<u8>>> = Mutex::new(Vec::new());

/// Whether a buffer of so many bytes is that of a common block.
fn is_common(bytes: usize) -> bool {
    (BLOCK / 2..=BLOCK + BLOCK / 4).contains(&bytes)
}

/// A buffer for `length` bytes, whatever it holds; an empty one where none is kept.
pub(super) fn take(length: usize) -> Vec<u8> {
    // In a forked process a thread that is not there may hold the lock for ever.
    let kept = || SPARE.try_lock().ok()?.pop();
    if is_common(length) { kept().unwrap_or_default() } else { Vec::new() }
}

/// Keeps a buffer that is not needed any more, if there is room.
pub(super) fn give(buffer: Vec<u8>) {
    if is_common(buffer.capacity())
        && let Ok(mut spare) = SPARE.try_lock()
        && spare.len() < MOST
    {
        spare.push(buffer);
    }
}
