//! How many lines and errors there were at what time.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// How many columns a history has at most, not counting those in which nothing was written.
pub const COLUMNS: usize = 256;
/// The narrowest column, in nanoseconds.
const NARROWEST: i64 = 100_000_000;

/// How much wider the widest is: all of time is two of those.
const WIDEST: i64 = 1 << 36;

/// What was written within one column of time.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Bin {
    /// How many lines.
    pub lines: u64,
    /// How many of them are errors.
    pub errors: u64,
}

impl Bin {
    fn add(&mut self, other: Self) {
        self.lines += other.lines;
        self.errors += other.errors;
    }
}

/// How many lines and errors there were at what time: columns of one width, which doubles as the time grows long.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct History {
    width: i64,
    columns: BTreeMap<i64, Bin>,
    /// The column of the last line, whose count is not among the others yet.
    open: (i64, Bin),
}

impl Default for History {
    /// Nothing has happened yet.
    fn default() -> Self {
        Self { width: NARROWEST, columns: BTreeMap::new(), open: (0, Bin::default()) }
    }
}

impl History {
    /// Nothing has happened yet, and columns need not be narrower than `width`, which another history has.
    pub fn as_wide_as(width: i64) -> Self {
        Self { width, ..Self::default() }
    }

    /// The width of a column, in nanoseconds. Behind [`Self::columns`], which may make them wider.
    pub fn width(&self) -> i64 {
        self.width
    }

    /// The columns in which something was written, each with its start in nanoseconds since 1970 UTC.
    pub fn columns(&mut self) -> impl Iterator<Item = (i64, Bin)> + '_ {
        self.settle();
        self.columns.iter().map(|(number, &column)| (number * self.width, column))
    }

    /// Counts a line.
    pub fn push(&mut self, at: i64, is_error: bool) {
        // Most lines stand in the column of the line before, which takes no division.
        let is_within = at.checked_sub(self.open.0.saturating_mul(self.width));
        if !is_within.is_some_and(|within| (0..self.width).contains(&within)) {
            self.settle();
            // Not before: the columns may have become wider.
            self.open.0 = at.div_euclid(self.width);
        }
        self.open.1.add(Bin { lines: 1, errors: u64::from(is_error) });
    }

    /// Whether it keeps no more than it may; what is stored may have been forged.
    pub fn is_bounded(&self) -> bool {
        let doubled = self.width / NARROWEST;
        let is_doubled = self.width % NARROWEST == 0 && (1..=WIDEST).contains(&doubled);
        is_doubled && doubled & (doubled - 1) == 0 && self.columns.len() <= COLUMNS
    }

    /// Adds what was counted of other lines.
    pub fn join(&mut self, mut other: Self) {
        self.settle();
        other.settle();
        while self.width < other.width {
            self.widen();
        }
        let wider = self.width / other.width;
        for (number, column) in other.columns {
            self.columns.entry(number.div_euclid(wider)).or_default().add(column);
        }
        self.settle();
    }

    /// Puts the open column among the others, and makes all wider where they are too many. So lines that were counted in
    /// another order come to the same.
    pub fn settle(&mut self) {
        let (number, column) = std::mem::take(&mut self.open);
        if column.lines > 0 {
            self.columns.entry(number).or_default().add(column);
        }
        while self.columns.len() > COLUMNS {
            self.widen();
        }
    }

    fn widen(&mut self) {
        self.width *= 2;
        for (number, column) in std::mem::take(&mut self.columns) {
            self.columns.entry(number.div_euclid(2)).or_default().add(column);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        // Few, for each has to be long: the columns become wider beyond a thousand.
        #![proptest_config(ProptestConfig::with_cases(8))]
        #[test]
        fn a_history_counts_each_line_in_its_column(
            times in proptest::collection::vec((-9_000_i64..9_000, any::<bool>()), 1..4_000),
            parts in 1_usize..5_000,
        ) {
            let counted = |times: &[(i64, bool)]| {
                let mut history = History::default();
                for &(second, is_error) in times {
                    history.push(second * NARROWEST + 1, is_error);
                }
                history
            };
            let mut history = counted(&times);
            let mut joined = History::default();
            for (at, part) in times.chunks(parts).enumerate() {
                let mut next = counted(part);
                if at % 2 == 1 {
                    next = History::as_wide_as(joined.width);
                    for &(second, is_error) in part {
                        next.push(second * NARROWEST + 1, is_error);
                    }
                }
                joined.join(next);
            }
            history.settle();
            prop_assert_eq!(&joined, &history);
            let columns: Vec<(i64, Bin)> = history.columns().collect();
            let width = history.width();
            prop_assert!(columns.len() <= COLUMNS);
            prop_assert_eq!(columns.iter().map(|c| c.1.lines).sum::<u64>(), times.len() as u64);
            for (start, column) in columns {
                let inside = |second: i64| (start..start + width).contains(&(second * NARROWEST + 1));
                prop_assert_eq!(column.lines, times.iter().filter(|t| inside(t.0)).count() as u64);
                prop_assert_eq!(column.errors, times.iter().filter(|t| inside(t.0) && t.1).count() as u64);
            }
        }
    }
}
