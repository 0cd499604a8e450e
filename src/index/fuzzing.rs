//! What the fuzzer asks of the parts that are private here (`fuzz/`).

use crate::file::block::Extent;
use crate::line::Ends;
use crate::stamp::{Finder, Fold, Prefix, Stamp};

use super::digest::Digest;
use super::entry::exact;

/// Sums up `blocks`, which follow one another in a file, by themselves and by the fold over their lines.
///
/// # Panics
/// Where the two disagree.
pub fn summaries_agree(blocks: &[&[u8]]) {
    let (mut slow, mut fast) = (Fold::new(), Fold::new());
    let (mut start, mut first_line) = (0, 0);
    for block in blocks {
        let extent = Extent { start, end: start + block.len() as u64 };
        let twin = exact(&mut slow, extent, first_line, block);
        let digest = Digest::of(&mut Finder::default(), block, &Ends::of(block), None);
        if let Some(mut entry) = digest.append(&mut fast, extent, first_line) {
            let mut wide = entry.ranges;
            wide.join(&twin.ranges);
            assert_eq!(wide, entry.ranges, "the times of a block reach further than its summary says");
            entry.ranges = twin.ranges;
            assert_eq!(entry, twin);
        } else {
            exact(&mut fast, extent, first_line, block);
        }
        assert_eq!((fast.first, fast.chain, prefixes(&fast)), (slow.first, slow.chain, prefixes(&slow)));
        start = extent.end;
        first_line += twin.lines;
    }
}

fn prefixes(fold: &Fold) -> Vec<(Prefix, Option<Stamp>)> {
    let mut all: Vec<_> = fold.prefixes().collect();
    all.sort_unstable_by_key(|(prefix, _)| *prefix);
    all
}
