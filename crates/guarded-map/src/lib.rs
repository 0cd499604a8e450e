#![doc = include_str!("../README.md")]
//!
//! # What is promised
//!
//! - [`Map::look`] returns what its closure returned only if no page of the map has failed up to then. A page fails where
//!   the file was cut before it, or where it cannot be read from the disk. The closure then sees zeros in place of the
//!   whole map, and what it makes of them is dropped. A map that has failed once never shows anything again.
//! - Every other SIGBUS, and every one that was sent, goes to whoever handled it before, with the same arguments; where
//!   that was nobody, the process ends as it would have. Memory errors of the machine (`BUS_MCEERR_AR` and `BUS_MCEERR_AO`)
//!   are never masked.
//!
//! # What is not
//!
//! **No failure does not mean no change.** A file that was cut in the middle of a page shows zeros up to the end of that
//! page without any signal; one that was cut and has grown again, or was written over, shows the new bytes. So what is
//! seen in a map is a *hint*: whoever believes it must know by other means (a checksum, or a copy that is judged again
//! after the size and the beginning of the file were looked at) that it stands.
//!
//! **The bytes are a Rust slice that others may change.** Rust's memory model has no words for memory that another process
//! writes to, so by its letter a `&[u8]` of it is more than can be promised, as in every crate that maps files; there the
//! function that maps is `unsafe`, and its caller promises that nobody writes. Logs are written to, so nobody could
//! promise that here. What holds in practice is that the compiler may assume that two loads of the same byte agree.
//! Therefore: let the closure only *search*, with functions that are total on any bytes. It must not make a `str` of the
//! slice, not use a number that it reads there for an unchecked access, and not call into `unsafe` code that believes two
//! loads to agree. What is to be decoded, compared twice or kept is copied first ([`Map::copy`]).
//!
//! **A slice must not go to other threads.** A failure is mended for the thread that called [`Map::look`].
//!
//! # What it does to the process
//!
//! The first look installs a handler for SIGBUS, never anything before; each later look makes sure that it is still on
//! top, and puts it there again before whatever came. It is never taken away. It runs on the alternate stack where the
//! thread has one. While a thread is in a look, SIGBUS is unblocked in it. After a `fork`, the child has the handler and
//! the maps, and knows nothing of looks that other threads of its parent were in.
//!
//! Pages that are mapped count as resident (`RssFile`) and not as private memory. Their page tables, 2 MiB for each GiB that
//! was looked at in pages of 4 KiB, last until the map is dropped: map large files piece by piece.

#[cfg(target_os = "linux")]
mod bus;
#[cfg(target_os = "linux")]
mod handler;
#[cfg(target_os = "linux")]
mod inside;
#[cfg(target_os = "linux")]
mod map;
#[cfg(target_os = "linux")]
pub use map::Map;

#[cfg(not(target_os = "linux"))]
mod elsewhere;
#[cfg(not(target_os = "linux"))]
pub use elsewhere::Map;
