//! Which of three dates `03/04/25` is, where the lines fit more than one of them alike.
//!
//! From the first line of a file to the last, days change first and years last. Where no number changes, the year is the one
//! that the text has in full somewhere, and not one of before 2010 if it may be a later one.

use super::elected::Elected;
use super::formats::{Candidates, DATED};
use crate::line;
use crate::stamp::clock::datetime;
use crate::stamp::{Finder, Frame};

/// Where these stand among [`DATED`].
const YEAR_FIRST: usize = 0;
const MONTH_FIRST: usize = 1;
const DAY_FIRST: usize = 2;
const _: () = assert!(DATED[DAY_FIRST].len() == DATED[YEAR_FIRST].len());

/// The one of those with slashes that `head` elects, of `fitting`, which as many lines fit; the year is first in one of them.
pub(super) fn choose(head: &[u8], fitting: Candidates) -> usize {
    let (mut finder, only) = (Finder::electing(&Elected::only(YEAR_FIRST)), Candidates::only(YEAR_FIRST));
    let mut numbers = |line: &[u8]| {
        let stamp = finder.candidates(line).meets(only).then(|| finder.find(line).stamp)??;
        let date = (stamp.frame == Frame::Civil).then(|| datetime(stamp.ns).date())?;
        Some([i32::from(date.year()) - 2000, i32::from(date.month()), i32::from(date.day())])
    };
    let mut lines = line::lines(head);
    let Some(first) = lines.find_map(|line| numbers(line.of(head))) else { return YEAR_FIRST };
    // What stands behind the last line end may be cut.
    let end = memchr::memrchr(b'\n', head).unwrap_or(head.len());
    let last = head[..end].rsplit(|byte| *byte == b'\n').take(LATE).find_map(numbers).unwrap_or(first);
    let month = if fitting.has(MONTH_FIRST) { MONTH_FIRST } else { DAY_FIRST };
    let chosen = match [0, 1, 2].map(|n| first[n] != last[n]) {
        [false, false, false] if first[0] < 10 && (10..40).contains(&first[2]) => month,
        [false, false, false] if !has_year(head, first[0]) => {
            // A year that is a month as well, and is a day where it is none, is the older one: few logs are of that.
            let later = first[0] <= 12 && (13..40).contains(&first[2]);
            if later || has_year(head, first[2]) { month } else { YEAR_FIRST }
        }
        [false, true, false] => MONTH_FIRST,
        [true, false, false] => DAY_FIRST,
        [true, true, false] => month,
        _ => YEAR_FIRST,
    };
    if fitting.has(chosen) { chosen } else { YEAR_FIRST }
}

/// Whether a year of this century stands in a text in full, as a number or the beginning of one: `2026-11-22`, `20261122`.
fn has_year(text: &[u8], year: i32) -> bool {
    let year = format!("20{year:02}");
    let starts = |at: usize| at == 0 || !text[at - 1].is_ascii_alphanumeric();
    memchr::memmem::find_iter(text, year.as_bytes()).any(starts)
}

/// So many of the last lines are looked at for one that has such a date.
const LATE: usize = 256;

#[cfg(test)]
mod tests {
    use crate::stamp::{Finder, elect};

    /// The date that the first of `lines` has in a file of these.
    fn first(lines: &[&str]) -> String {
        let text = lines.join(" 06:47:12 x\n") + " 06:47:12 x\n";
        let mut finder = Finder::electing(&elect(text.as_bytes()));
        let stamp = finder.find(text.as_bytes()).stamp.expect("it has a time");
        super::datetime(stamp.ns).date().to_string()
    }

    #[test]
    fn days_change_first_and_years_last() {
        assert_eq!(first(&["22/11/26", "22/11/27", "22/11/28"]), "2022-11-26");
        assert_eq!(first(&["22/11/26", "23/11/26", "24/11/26"]), "2026-11-22");
        assert_eq!(first(&["03/04/12", "03/05/12", "03/06/12"]), "2012-03-04");
        assert_eq!(first(&["22/11/26", "22/11/26", "22/12/01"]), "2022-11-26");
        assert_eq!(first(&["11/30/26", "12/01/26", "12/01/26"]), "2026-11-30");
    }

    #[test]
    fn of_dates_that_do_not_change_the_plausible_year_counts() {
        assert_eq!(first(&["03/04/25"; 3]), "2025-03-04");
        assert_eq!(first(&["03/25/04"; 3]), "2004-03-25");
        assert_eq!(first(&["26/11/22"; 3]), "2026-11-22");
        assert_eq!(first(&["22/11/26"; 3]), "2022-11-26");
        assert_eq!(first(&["08/11/09"; 3]), "2008-11-09");
        assert_eq!(first(&["11/05/26"; 3]), "2026-11-05");
        // The text says which year it is.
        assert_eq!(
            first(&["11/05/26", "11/05/26", "11/05/26 06:47:12 job_201105260646_0001\n11/05/26"]),
            "2011-05-26"
        );
        assert_eq!(
            first(&["22/11/26", "22/11/26", "22/11/26 06:47:12 run-20261122 x\n22/11/26"]),
            "2026-11-22"
        );
        assert_eq!(
            first(&["22/11/26", "22/11/26", "22/11/26 06:47:12 up since 2022-11 x\n22/11/26"]),
            "2022-11-26"
        );
    }
}
