//! Where a record lies: `.logdex/arrivals` in the directory of the two logs, reached without following a link.

use std::fs::File;
use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use rustix::fs::{Mode, OFlags};

use crate::system::trust::{create_in, directory_in, trusted_in};

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
    let parent = open_logs(logs)?;
    let mode = parent.metadata()?.mode();
    let wide = Mode::from_raw_mode(mode & 0o777 | 0o700);
    match rustix::fs::mkdirat(&parent, DIRECTORY, wide) {
        Err(error) if error != rustix::io::Errno::EXIST => return Err(error.into()),
        _ => {}
    }
    let directory = directory_in(&parent, DIRECTORY)?;
    // A reader of an older record keeps that one, which no longer grows.
    match rustix::fs::unlinkat(&directory, NAME, rustix::fs::AtFlags::empty()) {
        Err(error) if error != rustix::io::Errno::NOENT => return Err(error.into()),
        _ => {}
    }
    let log = std::fs::metadata(logs.join(LOGS[0])).map_or(mode, |m| m.mode());
    let mode = Mode::from_raw_mode(log & 0o666 | 0o600);
    let file = create_in(&directory, NAME, mode)?;
    rustix::fs::fchmod(&file, mode)?;
    Ok(file)
}

/// Opens the record of the logs in `logs` to read it, if there is one whose writer may be believed.
pub fn open(logs: &Path) -> Option<File> {
    let parent = open_logs(logs).ok()?;
    let directory = directory_in(&parent, DIRECTORY).ok()?;
    trusted_in(&directory, NAME, parent.metadata().ok()?.uid())
}

/// The directory of the logs, which may well be a link.
fn open_logs(path: &Path) -> io::Result<File> {
    let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
    Ok(File::from(rustix::fs::open(path, flags, Mode::empty())?))
}
