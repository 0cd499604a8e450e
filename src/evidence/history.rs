//! How many lines and errors there were at what time.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// How many columns a history has at most, not counting those in which nothing was written.
pub const COLUMNS: usize = 256;
/// The narrowest column, in nanoseconds.
const NARROWEST: i64 = 100_000_000;

/// What was written within one column of time.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Column {
    /// How many lines.
    pub lines: u64,
    /// How many of them are errors.
    pub errors: u64,
}

impl Column {
    fn add(&mut self, other: Self) {
        self.lines += other.lines;
        self.errors += other.errors;
    }
}

/// How many lines and errors there were at what time: columns of one width, which doubles as the time grows long.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct History {
    width: i64,
    columns: BTreeMap<i64, Column>,
    /// The column of the last line, whose count is not among the others yet.
    open: (i64, Column),
}

impl Default for History {
    /// Nothing has happened yet.
    fn default() -> Self {
        Self { width: NARROWEST, columns: BTreeMap::new(), open: (0, Column::default()) }
    }
}

impl History {
    /// The width of a column, in nanoseconds. Behind [`Self::columns`], which may make them wider.
    pub fn width(&self) -> i64 {
        self.width
    }

    /// The columns in which something was written, each with its start in nanoseconds since 1970 UTC.
    pub fn columns(&mut self) -> impl Iterator<Item = (i64, Column)> + '_ {
        self.settle();
        self.columns.iter().map(|(number, &column)| (number * self.width, column))
    }

    /// Counts a line.
    pub fn push(&mut self, at: i64, is_error: bool) {
        if at.div_euclid(self.width) != self.open.0 {
            self.settle();
            // Not before: the columns may have become wider.
            self.open.0 = at.div_euclid(self.width);
        }
        self.open.1.add(Column { lines: 1, errors: u64::from(is_error) });
    }

    /// Whether it keeps no more than it may; what is stored may have been forged.
    pub fn is_bounded(&self) -> bool {
        self.width >= NARROWEST && self.columns.len() <= COLUMNS
    }

    /// Puts the open column among the others, and makes all wider where they are too many.
    fn settle(&mut self) {
        let (number, column) = std::mem::take(&mut self.open);
        if column.lines > 0 {
            self.columns.entry(number).or_default().add(column);
        }
        while self.columns.len() > COLUMNS {
            self.width *= 2;
            for (number, column) in std::mem::take(&mut self.columns) {
                self.columns.entry(number.div_euclid(2)).or_default().add(column);
            }
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
        ) {
            let mut history = History::default();
            for &(second, is_error) in &times {
                history.push(second * NARROWEST + 1, is_error);
            }
            let columns: Vec<(i64, Column)> = history.columns().collect();
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
