//! The files that a follow has left behind, as marks by which they are known again.

use std::ffi::OsStr;
use std::fs::read_dir;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

use crate::cursor::Mark;
use crate::system::directory::directory_of;

/// So many are remembered however few files stand beside the log, for they may be moved elsewhere.
const LEAST: usize = 16;

/// No more than so many are, however many files there are.
const MOST: usize = 1024;

/// How far each file was delivered that had the name before, and each text that was cut off, the oldest first.
///
/// Whoever reads a log and its rotations later finds these files there, and has to know that their lines were handed out.
#[derive(Default)]
pub(super) struct Left {
    marks: Vec<Mark>,
    /// How many were ever noted: whoever knows those of before sees by it whether there are others now.
    noted: u64,
}

impl Left {
    pub(super) fn marks(&self) -> &[Mark] {
        &self.marks
    }

    pub(super) fn noted(&self) -> u64 {
        self.noted
    }

    /// Remembers `mark`, and of those before it as many as `path` can have rotations.
    pub(super) fn note(&mut self, mark: Mark, path: &Path) {
        self.marks.push(mark);
        self.noted += 1;
        if self.marks.len() > LEAST {
            let kept = rotations(path).clamp(LEAST, MOST);
            self.marks.drain(..self.marks.len().saturating_sub(kept));
        }
    }
}

/// How many names beside `path` may be rotations of it: they begin as its name does.
fn rotations(path: &Path) -> usize {
    let stem = path.file_stem().map_or(&[][..], OsStr::as_bytes);
    let Ok(names) = read_dir(directory_of(path)) else { return 0 };
    names.flatten().filter(|name| name.file_name().as_bytes().starts_with(stem)).count()
}
