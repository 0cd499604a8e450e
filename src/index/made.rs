//! What was made of a file that comes with the program, kept where indexes are: it takes a process longer to make than to
//! read, and is the same until the file is another.

use std::path::Path;

use super::about::About;
use super::{Findings, Keep};
use crate::file::block::Extent;
use crate::file::source::Source;
use crate::stamp::Elected;

/// What is kept under `part` of what was made of the file at `path`, as it is now.
pub fn kept(path: &Path, part: &str) -> Option<Vec<u8>> {
    let source = Source::open(path).ok()?;
    let seen = source.metadata().ok()?;
    let Findings { about, content } = Findings::load(&Keep::cache(), &source, part)?;
    (about.size == seen.len() && about.speaks_of(&source, &seen)).then_some(content)
}

/// Keeps what was made of the file at `path` under `part`. Failing that, it is made again.
pub fn keep(path: &Path, part: &str, content: Vec<u8>) {
    let about = |source: &Source| {
        let seen = source.metadata().ok()?;
        let size = seen.len();
        About::of(source, &seen, size, 0, Extent { start: 0, end: size }, &Elected::default())
    };
    if let Ok(source) = Source::open(path)
        && let Some(about) = about(&source)
    {
        Findings { about, content }.store(&Keep::cache(), &source, part);
    }
}
