//! Where a record lies: `.logdex/arrivals` in the directory of the two logs, reached without following a link.

use std::fs::File;
use std::io;
use std::os::fd::OwnedFd;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use rustix::fs::{Mode, OFlags};

/// The logs of a replica, whose record it is; stdout's lines come first where both came together.
pub const LOGS: [&str; 2] = ["stdout.log", "stderr.log"];

const DIRECTORY: &str = ".logdex";
const NAME: &str = "arrivals";

/// Where the record of `log` and its index lie.
pub fn directory(log: &Path) -> PathBuf {
    log.with_file_name(DIRECTORY)
}

/// The record's path, for watching it.
pub fn path(logs: &Path) -> PathBuf {
    logs.join(DIRECTORY).join(NAME)
}

/// Makes the record of the logs in `logs` anew, to be written, as open to others as the logs are.
pub fn create(logs: &Path) -> io::Result<File> {
    let parent = open_directory(logs)?;
    let mode = File::from(parent.try_clone()?).metadata()?.mode();
    let wide = Mode::from_raw_mode(mode & 0o777 | 0o700);
    match rustix::fs::mkdirat(&parent, DIRECTORY, wide) {
        Err(error) if error != rustix::io::Errno::EXIST => return Err(error.into()),
        _ => {}
    }
    let directory = rustix::fs::openat(&parent, DIRECTORY, directory_flags(), Mode::empty())?;
    // A reader of an older record keeps that one, which no longer grows.
    match rustix::fs::unlinkat(&directory, NAME, rustix::fs::AtFlags::empty()) {
        Err(error) if error != rustix::io::Errno::NOENT => return Err(error.into()),
        _ => {}
    }
    let log = std::fs::metadata(logs.join(LOGS[0])).map_or(mode, |m| m.mode());
    let mode = Mode::from_raw_mode(log & 0o666 | 0o600);
    let flags = OFlags::RDWR | OFlags::CREATE | OFlags::EXCL | common_flags();
    let file = File::from(rustix::fs::openat(&directory, NAME, flags, mode)?);
    rustix::fs::fchmod(&file, mode)?;
    Ok(file)
}

/// Opens the record of the logs in `logs` to read it, if there is one by somebody who may be believed.
pub fn open(logs: &Path) -> Option<File> {
    let parent = open_directory(logs).ok()?;
    let directory = rustix::fs::openat(&parent, DIRECTORY, directory_flags(), Mode::empty()).ok()?;
    let flags = OFlags::RDONLY | common_flags();
    let file = File::from(rustix::fs::openat(&directory, NAME, flags, Mode::empty()).ok()?);
    let found = file.metadata().ok()?;
    let owners = [rustix::process::geteuid().as_raw(), 0, File::from(parent).metadata().ok()?.uid()];
    (found.is_file() && owners.contains(&found.uid())).then_some(file)
}

fn open_directory(path: &Path) -> io::Result<OwnedFd> {
    let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
    Ok(rustix::fs::open(path, flags, Mode::empty())?)
}

fn directory_flags() -> OFlags {
    OFlags::RDONLY | OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::CLOEXEC
}

fn common_flags() -> OFlags {
    OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::CLOEXEC
}
