//! The descriptor that is written to: shared by all who show at once, whole rows at a time.

use std::fs::File;
use std::io::{self, Write};
use std::os::fd::AsFd;
use std::path::Path;
use std::sync::Mutex;

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::process::getpgrp;
use rustix::termios::{tcgetpgrp, tcgetwinsize};

use super::bottom::Bottom;
use crate::error::{Error, Result};
use crate::system::lock::lock;

/// How long to wait at once for a reader that does not read.
const PATIENCE: Timespec = Timespec { tv_sec: 0, tv_nsec: 20_000_000 };

/// How much can be written at once to a pipe that has room, in bytes: `PIPE_BUF`, a page.
const ROOM: usize = 4 << 10;

/// How much a pipe shall hold, in bytes: what Linux grants to anyone.
#[cfg(target_os = "linux")]
const PIPE: usize = 1 << 20;

/// Standard output.
#[derive(Debug)]
pub struct Sink {
    open: Mutex<Open>,
}

#[derive(Debug)]
struct Open {
    file: File,
    /// What stands below what is written, on a terminal.
    bottom: Bottom,
}

impl Sink {
    /// A second descriptor for this process's standard output.
    pub fn stdout() -> Result<Self> {
        let descriptor = io::stdout().as_fd().try_clone_to_owned().map_err(refused)?;
        // A pipe of 64 KiB makes writer and reader wait for each other; where it is no pipe, or the user has too many
        // large ones, that is no harm.
        #[cfg(target_os = "linux")]
        let _ = rustix::pipe::fcntl_setpipe_size(&descriptor, PIPE);
        Ok(Self { open: Mutex::new(Open { file: File::from(descriptor), bottom: Bottom::default() }) })
    }

    /// Writes all of `bytes`, and nobody else's between them. `pulse` is called while the reader is slow.
    pub fn write(&self, bytes: &[u8], pulse: &mut dyn FnMut() -> Result<()>) -> Result<()> {
        let Open { file, bottom } = &mut *lock(&self.open);
        if bytes.is_empty() || bottom.is_idle() {
            return write_all(file, bytes, pulse);
        }
        write_all(file, &bottom.below(bytes, columns(file)), pulse)
    }

    /// Shows `text` on the row below what is written, where that is a terminal that is ours now.
    pub(super) fn say_below(&self, text: &str, pulse: &mut dyn FnMut() -> Result<()>) -> Result<()> {
        let Open { file, bottom } = &mut *lock(&self.open);
        bottom.say(text);
        write_all(file, &bottom.renewed(columns(file)), pulse)
    }

    /// Takes that row away until something is said or written again, for others who write to the terminal.
    pub(super) fn make_way(&self, pulse: &mut dyn FnMut() -> Result<()>) -> Result<()> {
        let Open { file, bottom } = &mut *lock(&self.open);
        write_all(file, &bottom.take_away(), pulse)
    }

    /// Fails if nobody can read what is written any more.
    pub(super) fn insist(&self) -> Result<()> {
        // Held only while another thread writes, which will notice.
        let Ok(open) = self.open.try_lock() else { return Ok(()) };
        let mut asked = [PollFd::new(&open.file, PollFlags::empty())];
        let told = poll(&mut asked, Some(&Timespec { tv_sec: 0, tv_nsec: 0 }));
        if told.is_ok() && asked[0].revents().contains(PollFlags::ERR) {
            return Err(refused(rustix::io::Errno::PIPE.into()));
        }
        Ok(())
    }
}

fn write_all(file: &mut File, mut bytes: &[u8], pulse: &mut dyn FnMut() -> Result<()>) -> Result<()> {
    // A signal cuts a write short, or ends it where nothing was written, and comes no second time: after that only what
    // a pipe has room for is written, so that `pulse` can be asked however slow the reader is.
    let mut cut_short = false;
    while !bytes.is_empty() {
        if cut_short && !is_ready(file) {
            pulse()?;
            continue;
        }
        let most = if cut_short { bytes.len().min(ROOM) } else { bytes.len() };
        match file.write(&bytes[..most]) {
            Ok(0) => return Err(refused(io::ErrorKind::WriteZero.into())),
            Ok(written) => {
                bytes = &bytes[written..];
                cut_short |= !bytes.is_empty();
            }
            Err(e) if matches!(e.kind(), io::ErrorKind::Interrupted | io::ErrorKind::WouldBlock) => {
                cut_short = true;
                pulse()?;
            }
            Err(e) => return Err(refused(e)),
        }
    }
    Ok(())
}

/// Whether something can be written, or that fails, within `PATIENCE`.
fn is_ready(file: &File) -> bool {
    poll(&mut [PollFd::new(file, PollFlags::OUT)], Some(&PATIENCE)).is_ok_and(|ready| ready > 0)
}

/// How wide the terminal is; `None` where there is none, or where another job has it: a shell in which somebody types.
fn columns(file: &File) -> Option<usize> {
    let size = tcgetwinsize(file).ok().filter(|size| size.ws_col > 0)?;
    (tcgetpgrp(file).ok()? == getpgrp()).then_some(size.ws_col.into())
}

fn refused(source: io::Error) -> Error {
    Error::io(Path::new("standard output"), source)
}
