//! The answer about one file, to one sink.

use super::attended::Attended;
use super::out::{Out, Painter};
use super::{Feed, Manner, Page, Style};
use crate::caller::Caller;
use crate::error::Result;

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
    if feed.is_plain() && style.is_plain() && painter.is_none() && manner.most.is_none() {
        return plain(feed, caller, &mut out);
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
    }
    out.flush(&mut || caller.pulse())
}

/// The lines of one feed as they are.
fn plain(feed: &mut Feed, caller: &mut dyn Caller, out: &mut Out<'_>) -> Result<()> {
    let mut ended = true;
    while let Some(batch) = feed.next_batch(caller)? {
        ended = out.pour(&batch, &mut || caller.pulse())?.unwrap_or(ended);
        feed.recycle(batch);
    }
    if !ended {
        out.end_line();
    }
    out.flush(&mut || caller.pulse())
}
