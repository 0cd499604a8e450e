//! Building the index of a log's text by itself: of a log whose times are indexed already, and of what has come to it.

use std::sync::Arc;

use super::keys::{BlockKeys, Keys};
use super::writer::SegmentWriter;
use super::{TILE, TextIndex};
use crate::error::Result;
use crate::file::block::Extent;
use crate::file::source::Source;
use crate::index::sums::{BlockLook, Sums};
use crate::index::{Keep, Tick};
use crate::step::Stems;

/// What building came to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Built {
    /// How much of the log was read, in bytes.
    pub read: u64,
    /// How much of it is indexed now, in bytes.
    pub covered: u64,
    /// How much the index takes, in bytes.
    pub size: u64,
}

/// Says what each block is known by, and nothing else.
#[derive(Clone, Default)]
struct Alone {
    keys: Keys,
    stems: Stems,
}

impl BlockLook for Alone {
    type Sum = BlockKeys;
    const NAME: &'static str = "logdex-text";

    fn may_be_in_place(&self) -> bool {
        true
    }

    fn look(&mut self, text: &[u8], _: u64) -> BlockKeys {
        let ends = self.stems.find(text);
        self.keys.of(text, &ends, &self.stems)
    }
}

/// Brings the index of a log's text up to date, as far as its blocks are final, on `threads` threads. `told` hears how
/// many bytes of the log are done.
///
/// # Errors
/// `Error::Io` and `Error::Truncated` where the log cannot be read, `Error::Io` where the index cannot be written, and
/// what `tick` returns to stop it. What was published before that stays.
pub fn build(
    source: &Arc<Source>,
    keep: &Keep,
    threads: usize,
    told: &mut dyn FnMut(u64),
    tick: Tick<'_>,
) -> Result<Built> {
    let seen = source.metadata()?;
    let mut stored = TextIndex::load(keep, source, &seen).segments.into_iter().peekable();
    let mut writer = SegmentWriter::new(source, &seen, keep);
    let mut read = 0;
    loop {
        while writer.is_between()
            && let Some(segment) = stored.next_if(|segment| segment.start == writer.covered())
        {
            writer.go_on_from(&segment);
            told(writer.covered());
        }
        let from = writer.covered();
        let rest = Extent { start: from, end: seen.len() };
        let mut sums = Sums::new(source, rest, &Alone::default(), threads);
        let mut count = 0_usize;
        // Up to where a stored segment goes on, whose stretch need not be read.
        let goes_on = loop {
            if count.is_multiple_of(TILE) {
                tick()?;
                told(writer.covered());
            }
            let Some((extent, known)) = sums.next(tick)? else { break false };
            writer.push(extent, known)?;
            count += 1;
            if writer.is_between() {
                // A stored segment that overlaps what was built here is of another cut of the log.
                while stored.next_if(|segment| segment.start < writer.covered()).is_some() {}
                if stored.peek().is_some_and(|segment| segment.start == writer.covered()) {
                    break true;
                }
            }
        };
        read += writer.covered() - from;
        if !goes_on {
            break;
        }
    }
    writer.finish()?;
    let text = TextIndex::load(keep, source, &seen);
    Ok(Built { read, covered: text.covered(), size: text.size() })
}
