//! The log with all that writes to it and rotates it, and what the twin knows of that.

use std::fs::{File, OpenOptions};
use std::io::{Seek, SeekFrom, Write};
use std::os::unix::fs::symlink;
use std::path::PathBuf;
use std::time::{Duration, SystemTime};

use crate::file::block::HOLE;
use crate::system::time_source::TimeSource;

/// How a log's name goes to another file.
#[derive(Clone, Copy, Debug)]
pub(super) enum Way {
    Renamed,
    Deleted,
    Turned,
    RenamedOnto,
}

/// What may befall a log.
#[derive(Clone, Debug)]
pub(super) enum Deed {
    /// So many lines are written, each so long.
    Lines(usize, usize),
    /// A line is begun.
    Half,
    /// The file is cut to nothing by another process than its writer.
    Cut,
    /// The same, and the writer begins anew: with its banner, of this length, and lines.
    Rewrite(usize, usize),
    /// The file is cut to so many hundredths of its lines by another process than its writer, which appends.
    Middle(usize),
    /// The name goes to another file; `true`: something is written to it at once.
    Rotate(Way, bool),
    /// Milliseconds go by.
    Wait(u64),
    /// The follow delivers what there is; meanwhile, at these calls, other things happen.
    Poll(Vec<(u8, Deed)>),
}

/// An item that the follow should hand out.
#[derive(Clone, Debug)]
pub(super) struct Item {
    pub(super) text: String,
    /// It stood in the file during a whole poll, so that nothing excuses its loss.
    pub(super) due: bool,
    /// It stands in the file no more.
    pub(super) gone: bool,
}

impl Item {
    pub(super) fn new(text: String) -> Self {
        Self { text, due: false, gone: false }
    }
}

/// The log with all that writes to it, and what the twin knows of that.
pub(super) struct Stage {
    folder: tempfile::TempDir,
    keeps_offset: bool,
    out: File,
    files: usize,
    pub(super) time: TimeSource,
    number: usize,
    pub(super) items: Vec<Item>,
    /// What was written of a line that is not whole yet.
    pub(super) half: Option<String>,
}

impl Stage {
    pub(super) fn new(keeps_offset: bool, linked: bool) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("log");
        if linked {
            symlink(folder.path().join("0"), &path).unwrap();
        }
        let out = File::create(&path).unwrap();
        let time = TimeSource::by_hand();
        let mut stage =
            Self { folder, keeps_offset, out, files: 1, time, number: 0, items: Vec::new(), half: None };
        stage.open(&path);
        if keeps_offset {
            // Whatever hole a cut leaves is long enough to be one by itself: fewer NULs may be text.
            stage.lines(2, HOLE);
        }
        stage
    }

    pub(super) fn path(&self) -> PathBuf {
        self.folder.path().join("log")
    }

    fn open(&mut self, path: &std::path::Path) {
        let keeps = self.keeps_offset;
        self.out = OpenOptions::new().create(true).write(true).append(!keeps).open(path).unwrap();
    }

    /// Writes, and sets the time of change as a file system of whole seconds does.
    fn write(&mut self, text: &str) {
        self.out.write_all(text.as_bytes()).unwrap();
        self.touch();
    }

    fn touch(&self) {
        let since = self.time.wall().duration_since(SystemTime::UNIX_EPOCH).unwrap();
        self.out.set_modified(SystemTime::UNIX_EPOCH + Duration::from_secs(since.as_secs())).unwrap();
    }

    pub(super) fn lines(&mut self, count: usize, length: usize) {
        let mut text = String::new();
        for _ in 0..count {
            let begun = self.half.take();
            self.number += 1;
            let more = format!("line {} {}\n", self.number, "x".repeat(length));
            text += &more;
            self.items.push(Item::new(begun.unwrap_or_default() + &more));
        }
        self.write(&text);
    }

    fn begin_line(&mut self) {
        self.number += 1;
        let begun = format!("begun {} ", self.number);
        self.write(&begun);
        self.half.get_or_insert_default().push_str(&begun);
    }

    /// What stood in the file stands there no more.
    pub(super) fn gone(&mut self) {
        self.items.iter_mut().for_each(|item| item.gone = true);
        self.half = None;
    }

    /// Cuts the file behind so many hundredths of its lines, where a follow can see it: behind the first 512 bytes, and
    /// where more is written before it looks, within the first 16 KiB (CONTRIBUTING, what a follow cannot see).
    fn cut_to_middle(&mut self, hundredths: usize) {
        let content = std::fs::read_to_string(self.path()).unwrap();
        let lines: Vec<_> = content.split_inclusive('\n').collect();
        let (kept, dropped) = lines.split_at(lines.len() * hundredths / 100);
        let size = kept.concat().len();
        if self.keeps_offset || !(512..16 * 1024).contains(&size) {
            return;
        }
        self.out.set_len(size as u64).unwrap();
        self.touch();
        let is_item = |line: &&&str| line.ends_with('\n') && !line.starts_with("banner");
        let dropped = dropped.iter().filter(is_item).count();
        let standing = self.items.iter_mut().rev().filter(|item| !item.gone);
        standing.take(dropped).for_each(|item| item.gone = true);
        self.half = None;
    }

    fn cut(&mut self) {
        self.out.set_len(0).unwrap();
        self.touch();
        self.gone();
    }

    fn rotate(&mut self, way: Way, written: bool) {
        // What is written later to the new file leaves nobody time to look: the old one is done.
        if let Some(half) = self.half.take() {
            self.items.push(Item::new(half));
        }
        let (path, next) = (self.path(), self.folder.path().join(format!("{}", self.files)));
        self.files += 1;
        let aside = self.folder.path().join(format!("log.{}", self.files));
        match way {
            Way::Renamed => std::fs::rename(&path, aside).unwrap(),
            Way::Deleted => std::fs::remove_file(&path).unwrap(),
            Way::Turned => {
                File::create(&next).unwrap();
                symlink(&next, self.folder.path().join("turned")).unwrap();
                std::fs::rename(self.folder.path().join("turned"), &path).unwrap();
            }
            Way::RenamedOnto => {
                File::create(&next).unwrap();
                std::fs::rename(&next, &path).unwrap();
            }
        }
        self.open(&path);
        if written {
            self.lines(1, 3);
        }
    }

    pub(super) fn play(&mut self, deed: &Deed) {
        match *deed {
            Deed::Lines(count, length) => self.lines(count, length),
            Deed::Half => self.begin_line(),
            Deed::Cut => self.cut(),
            Deed::Rewrite(_, count) if self.keeps_offset => {
                self.cut();
                self.lines(count.max(1), 20);
            }
            Deed::Rewrite(banner, count) => {
                self.cut();
                self.out.seek(SeekFrom::Start(0)).unwrap();
                self.write(&format!("banner{}\n", "-".repeat(banner)));
                self.lines(count, 20);
            }
            Deed::Middle(hundredths) => self.cut_to_middle(hundredths),
            Deed::Rotate(way, written) => self.rotate(way, written),
            Deed::Wait(milliseconds) => self.time.advance(Duration::from_millis(milliseconds)),
            Deed::Poll(_) => unreachable!("polls are the player's"),
        }
    }
}
