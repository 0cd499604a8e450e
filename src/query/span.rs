//! The first and the last time of a file.

use std::path::Path;
use std::sync::Arc;

use super::Query;
use crate::arrival::arrived::Arrived;
use crate::caller::Caller;
use crate::error::Result;
use crate::file::source::Source;
use crate::index::{Index, Options};
use crate::query::seek::Seek;
use crate::scan::{Job, Purpose};
use crate::stamp::civil::MINUTE;
use crate::stamp::{Span, Window};
use crate::timing::{self, Timing};

impl Query {
    /// The first and the last time of the file, as the moments at which they begin, in nanoseconds since 1970 UTC; `None`
    /// where it has none.
    pub fn span(path: &Path, terms: timing::TimeTerms, caller: &mut dyn Caller) -> Result<Option<Span>> {
        let source = Arc::new(Source::open(path)?);
        let options = Options { taught: terms.taught.clone(), ..Options::new(terms.keep.clone()) };
        let mut index = Index::of(&source, source.size()?, options, &mut || caller.pulse())?;
        let arrived = Arrived::of_log(path, index.size());
        let mut timing = Timing::of(terms.clone(), &index, &source)?.with_arrivals(arrived.clone());
        let stamps = timing.span(&mut index, &source, &mut || caller.pulse())?;
        let listens = timing.listens();
        if stamps.is_none() && !listens {
            return Ok(None);
        }
        // The index knows when the last stamp's minute, second or millisecond ends; the lines say when the last of them begins.
        // Where the index may be wrong about the ends all lines are asked, and those without a stamp may have come later.
        let known = stamps.filter(|span| timing.surely_spans(*span));
        let since = known.map(|span| span.hi.saturating_sub(MINUTE - 1));
        let window = Window { since, until: known.map(|span| span.hi).filter(|_| !listens) };
        let terms = timing::TimeTerms { window, times: true, ..terms };
        let mut timing = Timing::of(terms, &index, &source)?.with_arrivals(arrived);
        let pieces = timing.plan(&mut index, &source, &mut || caller.pulse())?;
        let (job, filter) = (
            Job {
                source,
                pattern: None,
                sieve: None,
                purpose: Purpose::EveryBlock { decoded: false },
                behind_hole: None,
                live: false,
                of_index: false,
            },
            timing.filter(&index),
        );
        let (mut seek, mut first, mut last) =
            (Seek::new(job, 0, index, filter, pieces, true), i64::MAX, None);
        while let Some(batch) = seek.next(&mut timing, &mut || caller.pulse())? {
            for lo in batch.times.iter().filter_map(|time| Some(time.span?.lo)) {
                first = first.min(lo);
                last = last.max(Some(lo));
            }
            seek.recycle(batch);
        }
        let lo = known.map_or(first, |span| span.lo);
        let hi = last.or(stamps.map(|span| span.hi));
        Ok(hi.map(|hi| Span { lo, hi }))
    }
}
