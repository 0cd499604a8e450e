//! The descriptor that is written to: shared by all who show at once, whole rows at a time.

use std::fs::File;
use std::io::{self, Write};
use std::os::fd::AsFd;
use std::path::Path;
use std::sync::Mutex;

use rustix::event::{PollFd, PollFlags, Timespec, poll};

use crate::error::{Error, Result};
use crate::system::lock::lock;

/// How long to wait at once for a reader that does not read.
const PATIENCE: Timespec = Timespec { tv_sec: 0, tv_nsec: 20_000_000 };

/// How much a pipe shall hold, in bytes: what Linux grants to anyone.
#[cfg(target_os = "linux")]
const PIPE: usize = 1 << 20;

/// Standard output.
#[derive(Debug)]
pub struct Sink {
    file: Mutex<File>,
}

impl Sink {
    /// A second descriptor for this process's standard output.
    pub fn stdout() -> Result<Self> {
        let descriptor = io::stdout().as_fd().try_clone_to_owned().map_err(refused)?;
        // A pipe of 64 KiB makes writer and reader wait for each other; where it is no pipe, or the user has too many
        // large ones, that is no harm.
        #[cfg(target_os = "linux")]
        let _ = rustix::pipe::fcntl_setpipe_size(&descriptor, PIPE);
        Ok(Self { file: Mutex::new(File::from(descriptor)) })
    }

    /// Writes all of `bytes`, and nobody else's between them. `pulse` is called while the reader is slow.
    pub fn write(&self, mut bytes: &[u8], pulse: &mut dyn FnMut() -> Result<()>) -> Result<()> {
        let mut file = lock(&self.file);
        while !bytes.is_empty() {
            match file.write(bytes) {
                Ok(0) => return Err(refused(io::ErrorKind::WriteZero.into())),
                Ok(written) => bytes = &bytes[written..],
                Err(e) if e.kind() == io::ErrorKind::Interrupted => pulse()?,
                Err(e) if e.kind() == io::ErrorKind::WouldBlock => {
                    let mut waiting = [PollFd::new(&*file, PollFlags::OUT)];
                    // Interrupted or timed out: the next write tells.
                    let _ = poll(&mut waiting, Some(&PATIENCE));
                    pulse()?;
                }
                Err(e) => return Err(refused(e)),
            }
        }
        Ok(())
    }
}

impl Sink {
    /// Fails if nobody can read what is written any more.
    pub(super) fn insist(&self) -> Result<()> {
        // Held only while another thread writes, which will notice.
        let Ok(file) = self.file.try_lock() else { return Ok(()) };
        let mut asked = [PollFd::new(&*file, PollFlags::empty())];
        let told = poll(&mut asked, Some(&Timespec { tv_sec: 0, tv_nsec: 0 }));
        if told.is_ok() && asked[0].revents().contains(PollFlags::ERR) {
            return Err(refused(rustix::io::Errno::PIPE.into()));
        }
        Ok(())
    }
}

fn refused(source: io::Error) -> Error {
    Error::io(Path::new("standard output"), source)
}
