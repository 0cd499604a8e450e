//! Files of ours in directories into which others may write: reached without following a link, and believed only if
//! somebody wrote them who could have written the log as well.

use std::fs::File;
use std::io;
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::fs::MetadataExt;
use std::path::Path;

use rustix::fs::{CWD, Mode, OFlags};
use rustix::path::Arg;

/// What every file is opened with; without `NONBLOCK`, opening a FIFO in its place would wait for a writer.
const PLAIN: OFlags = OFlags::NOFOLLOW.union(OFlags::NONBLOCK).union(OFlags::CLOEXEC);

/// Opens a directory itself, not what a link in its place leads to.
pub(crate) fn open_directory(path: &Path) -> io::Result<OwnedFd> {
    directory_in(CWD, path)
}

/// The same for one that has a `name` in another.
pub(crate) fn directory_in(parent: impl AsFd, name: impl Arg) -> io::Result<OwnedFd> {
    let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
    Ok(rustix::fs::openat(parent, name, flags, Mode::empty())?)
}

/// Opens a file to read it, whoever wrote it.
pub(crate) fn open_in(directory: &OwnedFd, name: impl Arg) -> io::Result<File> {
    Ok(File::from(rustix::fs::openat(directory, name, OFlags::RDONLY | PLAIN, Mode::empty())?))
}

/// Opens a file to read it, if this user, root or `owner`, who has the log, wrote it.
pub(crate) fn trusted_in(directory: &OwnedFd, name: impl Arg, owner: u32) -> Option<File> {
    let file = open_in(directory, name).ok()?;
    let found = file.metadata().ok()?;
    let trusted = [rustix::process::geteuid().as_raw(), 0, owner];
    (found.is_file() && trusted.contains(&found.uid())).then_some(file)
}

/// Makes a file to be written and read; an error if there is one.
pub(crate) fn create_in(directory: &OwnedFd, name: impl Arg, mode: Mode) -> io::Result<File> {
    let flags = OFlags::RDWR | OFlags::CREATE | OFlags::EXCL | PLAIN;
    Ok(File::from(rustix::fs::openat(directory, name, flags, mode)?))
}
