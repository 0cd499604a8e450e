//! Where a record lies: `.logdex/<name>.arrival` beside the log `<name>`, reached without following a link.

use std::fs::File;
use std::io;
use std::os::fd::OwnedFd;
use std::os::unix::fs::MetadataExt;
use std::path::Path;

use rustix::fs::{Mode, OFlags};

const DIRECTORY: &str = ".logdex";

/// Opens the directory of the record of `log`, which is made if it is not there.
pub fn directory(log: &Path) -> io::Result<OwnedFd> {
    let parent = open_directory(log)?;
    // As open to others as the directory of the log is.
    let wide = Mode::from_raw_mode(File::from(parent.try_clone()?).metadata()?.mode() & 0o777 | 0o700);
    match rustix::fs::mkdirat(&parent, DIRECTORY, wide) {
        Err(error) if error != rustix::io::Errno::EXIST => return Err(error.into()),
        _ => {}
    }
    Ok(rustix::fs::openat(&parent, DIRECTORY, directory_flags(), Mode::empty())?)
}

/// Opens the record of `log` to write it anew, with the log's mode.
pub fn create(log: &Path) -> io::Result<File> {
    let mode = Mode::from_raw_mode(std::fs::metadata(log)?.mode() & 0o666 | 0o600);
    let directory = directory(log)?;
    let flags = OFlags::WRONLY | OFlags::CREATE | OFlags::TRUNC | OFlags::APPEND | common_flags();
    let file = File::from(rustix::fs::openat(&directory, name(log)?, flags, mode)?);
    if !file.metadata()?.is_file() {
        return Err(io::Error::other("the record of arrival is not a regular file"));
    }
    rustix::fs::fchmod(&file, mode)?;
    Ok(file)
}

/// Opens the record of `log` to read it, if there is one by somebody who may be believed.
pub fn open(log: &Path) -> Option<File> {
    let parent = open_directory(log).ok()?;
    let directory = rustix::fs::openat(&parent, DIRECTORY, directory_flags(), Mode::empty()).ok()?;
    let flags = OFlags::RDONLY | common_flags();
    let file = File::from(rustix::fs::openat(&directory, name(log).ok()?, flags, Mode::empty()).ok()?);
    let found = file.metadata().ok()?;
    let owners = [rustix::process::geteuid().as_raw(), 0, std::fs::metadata(log).ok()?.uid()];
    (found.is_file() && owners.contains(&found.uid())).then_some(file)
}

fn open_directory(log: &Path) -> io::Result<OwnedFd> {
    let parent = log.parent().filter(|p| !p.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
    Ok(rustix::fs::open(parent, flags, Mode::empty())?)
}

fn name(log: &Path) -> io::Result<std::ffi::OsString> {
    let mut name = log.file_name().ok_or(io::ErrorKind::InvalidInput)?.to_owned();
    name.push(".arrival");
    Ok(name)
}

fn directory_flags() -> OFlags {
    OFlags::RDONLY | OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::CLOEXEC
}

fn common_flags() -> OFlags {
    OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::CLOEXEC
}
