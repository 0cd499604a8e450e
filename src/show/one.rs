//! The answer about one file, to one sink.

use std::sync::Mutex;

use super::attended::Attended;
use super::out::{Out, Painter};
use super::{Feed, Manner, Page, Style};
use crate::caller::Caller;
use crate::cursor::Cursor;
use crate::error::Result;
use crate::system::lock::lock;

/// Writes what `feed` gives, and counts in `hits` the lines that were meant, also where it ends in an error.
pub fn show_one(
    feed: &mut Feed,
    style: &Style,
    manner: Manner<'_>,
    mut painter: Option<&mut dyn Painter>,
    caller: &mut dyn Caller,
    hits: &mut u64,
) -> Result<()> {
    let caller = &mut Attended { caller, sink: manner.sink.filter(|_| manner.live) };
    let mut out = Out::new(manner, hits);
    let place = Bookmark { told: manner.place };
    if feed.is_plain() && style.is_plain() && painter.is_none() && manner.most.is_none() {
        return plain(feed, style.frames, caller, &mut out, place);
    }
    let (mut page, mut headed) = (Page::default(), false);
    while feed.turn(&mut page, caller)? {
        for &row in page.rows() {
            out.row(style, row, page.text(row), &mut headed, &mut painter)?;
            out.make_room(&mut || caller.pulse())?;
            if out.is_full() {
                return out.flush(&mut || caller.pulse());
            }
        }
        out.settle(&mut || caller.pulse())?;
        place.tell(feed, &out);
    }
    out.flush(&mut || caller.pulse())?;
    place.tell(feed, &out);
    Ok(())
}

/// Where the place behind what was written is told.
#[derive(Clone, Copy)]
struct Bookmark<'s> {
    told: Option<&'s Mutex<Option<Cursor>>>,
}

impl Bookmark<'_> {
    /// All that `feed` gave was written, unless `out` still has some.
    fn tell(self, feed: &Feed, out: &Out<'_>) {
        if let Some(told) = self.told.filter(|_| out.is_empty()) {
            *lock(told) = feed.cursor();
        }
    }
}

/// The lines of one feed as they are, with `frames` their last frames.
fn plain(
    feed: &mut Feed,
    frames: bool,
    caller: &mut dyn Caller,
    out: &mut Out<'_>,
    place: Bookmark<'_>,
) -> Result<()> {
    let mut ended = true;
    while let Some(batch) = feed.next_batch(caller)? {
        ended = out.pour(&batch, frames, &mut || caller.pulse())?.unwrap_or(ended);
        feed.recycle(batch);
        place.tell(feed, out);
    }
    if !ended {
        out.end_line();
    }
    out.flush(&mut || caller.pulse())?;
    place.tell(feed, out);
    Ok(())
}
