//! The years of a block's stamps without one, which hang on the blocks before it.

use crate::stamp::civil::{self, LEAP_YEAR};
use crate::stamp::{Chain, FAR, Frame, Stamp, nearest, position};

use super::range::{AxisRange, Ranges};

/// What the blocks before a block do to the stamps in it.
pub struct YearShift {
    /// How many dated stamps they have.
    dated: u32,
    /// The year of the run without years at the head of the block, where there are dated stamps before it.
    pub year: Option<i64>,
    /// By how much that run moves, where there are not.
    pub run: i64,
}

impl YearShift {
    /// Of a block whose first stamp is `first`, behind those that `before` has seen.
    pub fn new(before: &Chain, first: Option<Stamp>) -> Self {
        let mut shift = Self { dated: before.years.dated, year: None, run: 0 };
        let head = first.filter(|first| first.frame == Frame::Yearless);
        match (before.last, head) {
            (Some(last), Some(head)) if last.frame == Frame::Yearless => {
                shift.run = nearest(last.ns.into(), head.ns).saturating_mul(LEAP_YEAR);
            }
            (Some(last), Some(head)) => shift.year = Some(1970 + nearest(position(last), head.ns)),
            _ => {}
        }
        shift
    }

    /// Whether the run moves as one: where a stamp of it, which covers `run` in the block by itself, comes near the last year in
    /// which it may be, those behind that one hang on how the stamps before it moved.
    pub fn moves_as_one(&self, run: AxisRange) -> bool {
        let calm = |year: i64, least: i64, most: i64| least < year && year < most;
        let far = |ns: i64| {
            let by_itself = ns.div_euclid(LEAP_YEAR);
            let behind = match self.year {
                Some(year) => calm(year.saturating_add(by_itself), civil::FIRST_YEAR, civil::LAST_YEAR),
                None => calm(self.run.div_euclid(LEAP_YEAR) + by_itself, -FAR, FAR),
            };
            !behind || !calm(by_itself, -FAR, FAR)
        };
        run.is_empty() || !(far(run.lo) || far(run.hi))
    }

    /// A stamp of the block, as it is behind them.
    pub fn stamp(&self, stamp: Stamp) -> Stamp {
        match (stamp.frame, self.year) {
            (Frame::Yearless, Some(year)) => {
                let ns = civil::join_year(year, stamp.ns);
                Stamp { ns, frame: Frame::Guessed, after: self.dated, ..stamp }
            }
            (Frame::Yearless, None) => Stamp { ns: stamp.ns.saturating_add(self.run), ..stamp },
            (Frame::Guessed, _) => Stamp { after: stamp.after.saturating_add(self.dated), ..stamp },
            _ => stamp,
        }
    }

    /// What the stamps of the block cover, behind them.
    pub fn ranges(&self, ranges: &Ranges) -> Ranges {
        let mut shifted = *ranges;
        let run = *shifted.on(Frame::Yearless);
        if run.is_empty() {
            return shifted;
        }
        *shifted.on(Frame::Yearless) = AxisRange::EMPTY;
        for ns in [run.lo, run.hi] {
            shifted.add(self.stamp(Stamp::new(Frame::Yearless, ns, 1)));
        }
        shifted
    }
}
