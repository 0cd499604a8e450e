//! A block by itself, summed up on any core, and put behind the blocks before it by a few comparisons.
//!
//! Almost all that a block's stamps mean can be said without the blocks before it. Years hang on them, but as a run that
//! moves as one; ranks do, but only by their last stamps. Where more than that hangs on what came before (a clock that
//! falls back, a 29 February, a crowd of prefixes), the block says so, and is folded again in its place by
//! [`super::entry::exact`], with which this agrees wherever it does not say so.

use crate::file::block::Extent;
use crate::line::Ends;
use crate::stamp::civil::{self, LEAP_YEAR};
use crate::stamp::{Chain, FALL, Finder, Fold, Found, Frame, Inbound, Marks, Order, PREFIXES, Prefix, Stamp};

use super::entry::{Entry, step_back};
use super::range::{AxisRange, Ranges};
use super::steps::{StepDigest, StepState};
use super::writers::Writers;
use super::year_shift::YearShift;
use crate::step::{Stems, StepBlock};

/// The summary of a block by itself.
///
/// Workers make digests on all cores, in any order; the builder puts each behind the ones before it and gets the
/// `Entry`. A fold that had to see every line in order would leave all cores but one idle, and the first question
/// about a large log waits for this.
pub struct Digest {
    lines: u64,
    unstamped: u64,
    needs_last: bool,
    steps_back: u32,
    largest_step_back: i64,
    fell: bool,
    /// Whether a stamp without a year names its zone.
    zoned: bool,
    first: Option<Stamp>,
    first_naive: Option<Stamp>,
    /// Where the run without years ends: its last stamp, and the one after it.
    seam: Option<(Stamp, Stamp)>,
    /// The same among stamps of a clock on the wall.
    naive_seam: Option<(Stamp, Stamp)>,
    chain: Chain,
    ranges: Ranges,
    writers: Writers<Stamp>,
    /// Stamps that only go on from one another.
    run: Option<Streak>,
    /// What its dates say of the order of day and month.
    order: Order,
    /// Its steps, where they are wanted.
    steps: Option<StepDigest>,
}

/// Dated stamps on one axis, of which none falls back.
struct Streak {
    last: Stamp,
    range: AxisRange,
    count: u32,
}

impl Digest {
    /// Sums up the lines of a block, which end at `ends`, and their steps if the words that name those are given.
    pub fn of(finder: &mut Finder, text: &[u8], ends: &Ends, stems: Option<&Stems>) -> Self {
        let mut digest = Self {
            lines: 0,
            unstamped: 0,
            needs_last: false,
            steps_back: 0,
            largest_step_back: 0,
            fell: false,
            zoned: false,
            first: None,
            first_naive: None,
            seam: None,
            naive_seam: None,
            chain: Chain::default(),
            ranges: Ranges::default(),
            writers: Writers::default(),
            run: None,
            order: Order::default(),
            steps: stems.map(|stems| StepDigest::of(text, stems)),
        };
        finder.forget_order();
        let mut marks = Marks::default();
        for line in ends.lines() {
            let found = finder.find_in(text, line, &mut marks);
            digest.push(&found);
            if let Some(steps) = &mut digest.steps {
                steps.push(line, found.prefix);
            }
        }
        digest.steps.iter_mut().for_each(StepDigest::settle);
        digest.settle_run();
        digest.writers.settle();
        digest.order = finder.order();
        digest
    }

    /// What the dates of the block say of the order of day and month.
    pub fn order(&self) -> Order {
        self.order
    }

    /// What is known of its steps, put behind those that `state` has seen; `None` where steps are not wanted or not told
    /// apart.
    pub fn append_steps(&self, state: Option<&mut StepState>) -> Option<Box<StepBlock>> {
        self.steps.as_ref()?.append(state?).map(Box::new)
    }

    #[inline]
    fn push(&mut self, found: &Found) {
        self.lines += 1;
        let Some(stamp) = &found.stamp else {
            self.unstamped += 1;
            self.needs_last |= self.first.is_none();
            self.writers.ask(found.prefix);
            return;
        };
        self.writers.say(found.prefix, *stamp);
        if !self.goes_on(stamp) {
            self.settle_run();
            self.settle(*stamp, found.prefix);
        }
    }

    /// Takes a dated stamp that only goes on from the one before it: nothing hangs on it but the range and the last.
    #[inline]
    fn goes_on(&mut self, stamp: &Stamp) -> bool {
        let Some(run) = &mut self.run else { return false };
        let step = stamp.ns.wrapping_sub(run.last.ns);
        if stamp.frame != run.last.frame || step < *FALL.end() {
            return false;
        }
        run.count += 1;
        run.range.add(stamp.ns, stamp.ns + stamp.width() - 1);
        // Ranks jitter, so a branch on the sign would be guessed wrong half of the time.
        self.steps_back += u32::from(step < 0);
        self.largest_step_back = self.largest_step_back.max(-step);
        // Field by field, as the finder wrote it: read back in whole words, it is not there yet for 12 cycles.
        let Stamp { ns, resolution, offset, zoned, after, frame: _, again } = *stamp;
        run.last = Stamp { ns, resolution, offset, zoned, after, again, ..run.last };
        true
    }

    /// Puts what [`Digest::goes_on`] took where the rest of the code looks for it.
    fn settle_run(&mut self) {
        let Some(run) = self.run.take().filter(|run| run.count > 0) else { return };
        self.ranges.on(run.last.frame).join(run.range);
        self.chain.last = Some(run.last);
        if run.last.frame == Frame::Civil {
            self.chain.naive = Some(run.last);
        }
        self.chain.years.dated += run.count;
        self.chain.years.guessed = None;
    }

    /// Takes any stamp.
    #[inline(never)]
    fn settle(&mut self, stamp: Stamp, prefix: Prefix) {
        let Chain { last: before, naive, .. } = self.chain;
        let stamp = self.chain.settle(stamp);
        self.ranges.add(stamp);
        if let Some(back) = step_back(before, stamp) {
            self.steps_back += 1;
            self.largest_step_back = self.largest_step_back.max(back);
        }
        if let Some(before) = before.filter(|b| b.frame == Frame::Yearless && stamp.frame != Frame::Yearless)
        {
            self.seam = Some((before, stamp));
        }
        if let Some(naive) = naive.filter(|n| n.frame == Frame::Yearless)
            && matches!(stamp.frame, Frame::Civil | Frame::Guessed)
        {
            self.naive_seam = Some((naive, stamp));
        }
        self.fell |= self.chain.fell.is_some();
        self.zoned |= stamp.zoned && stamp.frame != Frame::Absolute;
        if self.first.is_none() {
            self.first = Some(stamp);
        }
        if self.first_naive.is_none() {
            self.first_naive = self.chain.naive;
        }
        self.writers.say(prefix, stamp);
        if matches!(stamp.frame, Frame::Absolute | Frame::Civil) && self.chain.fell.is_none() {
            self.run = Some(Streak { last: stamp, range: AxisRange::EMPTY, count: 0 });
        }
    }

    /// Puts the block behind those that `fold` has seen. `None`, and nothing done, where more hangs on them than this
    /// can say.
    pub fn append(&self, fold: &mut Fold, extent: Extent, first_line: u64) -> Option<Entry> {
        let shift = YearShift::new(&fold.chain, self.first);
        if !self.is_regular(fold, &shift) {
            return None;
        }
        let before = fold.chain;
        let first = self.first.map(|s| shift.stamp(s));
        let mut entry = Entry {
            extent,
            first_line,
            lines: self.lines,
            unstamped: self.unstamped,
            dated: self.chain.years.dated,
            ahead: self.needs_last && before.last.is_none(),
            ranges: shift.ranges(&self.ranges),
            inbound: Inbound {
                last: before.last,
                naive: before.naive,
                dated: before.years.dated,
                prefixes: self.wanted(fold),
                ..Inbound::default()
            },
            ..Entry::default()
        };
        entry.note_steps(self.steps_back, self.largest_step_back);
        if let Some(first) = first {
            entry.step(before.last, first);
        }
        if let Some((last, next)) = self.seam {
            entry.step(Some(shift.stamp(last)), shift.stamp(next));
        }
        entry
            .inbound
            .prefixes
            .iter()
            .filter_map(|(_, stamp)| *stamp)
            .for_each(|stamp| entry.ranges.add(stamp));
        if let Some(last) = before.last.filter(|_| self.needs_last) {
            entry.ranges.add(last);
        }
        self.advance(fold, &shift, first);
        Some(entry)
    }

    /// The stamps before the block that its lines inherit by prefix.
    fn wanted(&self, fold: &Fold) -> Vec<(Prefix, Option<Stamp>)> {
        let known = self.writers.asking();
        let known = known.filter_map(|prefix| Some((prefix, Some((*fold.by_prefix.get(&prefix)?)?))));
        let mut known: Vec<_> = known.collect();
        known.sort_unstable_by_key(|(prefix, _)| *prefix);
        known
    }

    /// Whether all that hangs on the blocks before is said by `shift`.
    fn is_regular(&self, fold: &Fold, shift: &YearShift) -> bool {
        let (before, years) = (&fold.chain, &self.chain.years);
        let undated = before.years.run.or(before.years.days).or(years.run);
        let anchors = before.years.dated == 0 && years.dated > 0 && undated.is_some();
        let falls = |step: Option<(Stamp, Stamp)>| {
            step.is_some_and(|(a, b)| FALL.contains(&shift.stamp(b).ns.saturating_sub(a.ns)))
        };
        let seam = self.naive_seam.map(|(a, b)| (shift.stamp(a), b));
        let falls = falls(before.naive.zip(self.first_naive)) || falls(seam);
        let run = self.ranges.get(Frame::Yearless);
        // Dated, the steps from February to March lack the day that the yearless axis has.
        let spring = |ns: i64| (ns - civil::MARCH).div_euclid(LEAP_YEAR);
        let steps = shift.year.is_some() && !run.is_empty() && spring(run.lo) != spring(run.hi);
        let stamped = self.writers.last().count();
        !self.fell
            && !self.zoned
            && !falls
            && before.fell.is_none()
            && !anchors
            && !steps
            && shift.moves_as_one(run)
            && years.leap.is_none()
            && years.days.is_none()
            && before.years.days.is_none()
            && fold.by_prefix.len() + stamped < PREFIXES
    }

    /// The state after the block.
    fn advance(&self, fold: &mut Fold, shift: &YearShift, first: Option<Stamp>) {
        let chain = &mut fold.chain;
        let dated = chain.years.dated.saturating_add(self.chain.years.dated);
        if let Some(last) = self.chain.last {
            let last = shift.stamp(last);
            chain.last = Some(last);
            chain.years.guessed = Some(last).filter(|s| s.frame == Frame::Guessed);
        }
        if let Some(naive) = self.chain.naive {
            chain.naive = Some(shift.stamp(naive));
        }
        if let (Some(run), None) = (self.chain.years.run, shift.year) {
            chain.years.run = Some(run.saturating_add(shift.run));
        }
        chain.years.dated = dated;
        fold.first = fold.first.or(first);
        for (prefix, last) in self.writers.last() {
            fold.by_prefix.insert(prefix, Some(shift.stamp(last)));
        }
    }
}
