//! The formats of stamps, as data, and the one way to match them.
//!
//! To add a format: one row in [`FAMILIES`], and one line in `tests/data/more_times.tsv`.

use super::{Stamp, shape};

/// The self-evident formats: whatever has such a shape, with every field in range, is a time. Of two that match at one
/// place the first counts.
pub(super) const FAMILIES: &[&str] = &[
    "%Y-%m-%d %I:%M:%S %p",       // iso_ampm
    "%Y-%m-%d%t%H:%M:%S%f%z",     // iso
    "%Y-%m-%d-%H:%M:%S%g%z",      // ascend
    "%Y-%m-%d_%H:%M:%S%f%z",      // underscore
    "%Y:%m:%d-%H:%M:%S",          // oneccl
    "%Y-%b-%d %H:%M:%S%f%z",      // neuron
    "%Y/%m/%d %I:%M:%S%f %p",     // slashes_ampm
    "%Y/%m/%d %H:%M:%S%f%z",      // slashes
    "%Y/%m/%d-%H:%M:%S%f",        // rocksdb
    "%m/%e/%Y %I:%M:%S%f %p",     // american_ampm
    "%m/%d/%Y %H:%M:%S%f%z",      // american
    "%m/%e/%Y, %I:%M:%S%f %p",    // american_comma_ampm
    "%m/%d/%Y, %H:%M:%S%f",       // american_comma
    "%n/%e/%Y %I:%M:%S%f %p",     // american_unpadded
    "%n/%e/%Y, %I:%M:%S%f %p",    // american_unpadded_comma
    "%m/%d/%Y-%H:%M:%S%f",        // tensorrt
    "[%m/%d/%y %H:%M:%S%f]",      // rich
    "%m-%d %H:%M:%S%f",           // month_day
    "%m/%d %H:%M:%S%f",           // month_slash_day
    "%L0000 00:00:%s",            // absl_before_init
    "%L%m%d %H:%M:%S%F",          // glog
    "%L%n%d %H:%M:%S%F",          // cpp
    "%L%Y%m%d %H:%M:%S%F",        // glog_year
    "%b %e %H:%M:%S%f %Y",        // syslog_year_after
    "%b %e %Y %H:%M:%S%f",        // syslog_year
    "%b %e, %Y %I:%M:%S%f %p",    // java
    "%b %e, %Y %H:%M:%S%f",       // month_comma
    "%b %e %H:%M:%S%f",           // syslog
    "%a %b %e %H:%M:%S%f %Y",     // asctime
    "%a %b %e %H:%M:%S%f %Z %Y",  // asctime_zone
    "%a %b %e %I:%M:%S %p %Z %Y", // date_ampm
    "%a %e %b %Y %I:%M:%S %p %Z", // date_day_first_ampm
    "%a %e %b %Y %H:%M:%S %Z",    // date_day_first
    "%a %e %b %H:%M:%S %Z %Y",    // date_british
    "%a %Y-%m-%d %H:%M:%S%f%z",   // journalctl_full
    "%a %b %e %H:%M:%S%f",        // weekday_syslog
    "%a, %d %b %Y %H:%M:%S%z",    // rfc_2822
    "%d %b %Y %H:%M:%S%f%z",      // day_month
    "%Y.%m.%d %H:%M:%S%f%z",      // dotted
    "%Y%m%d %H:%M:%S%f",          // compact
    "%Y%m%d-%H:%M:%S%f",          // compact_dash
    "%d-%b-%Y %H:%M:%S%f%z",      // day_month_dashes
    "%d/%b/%Y %H:%M:%S%f",        // django
    "%d/%b/%Y:%H:%M:%S%z",        // common_log
];

/// For each byte, which families can begin with it: bit `i` for row `i`.
static BEGINS: [u64; 256] = {
    assert!(FAMILIES.len() <= 64);
    let mut table = [0; 256];
    let mut row = 0;
    while row < FAMILIES.len() {
        let mut byte = 0;
        while byte < 256 {
            if begins(FAMILIES[row].as_bytes(), byte as u8) {
                table[byte] |= 1 << row;
            }
            byte += 1;
        }
        row += 1;
    }
    table
};

const fn begins(shape: &[u8], byte: u8) -> bool {
    if shape[0] != b'%' {
        return shape[0] == byte;
    }
    match shape[1] {
        b'Y' => matches!(byte, b'1' | b'2'),
        b'm' => matches!(byte, b'0' | b'1'),
        b'd' => matches!(byte, b'0'..=b'3'),
        b'n' => matches!(byte, b'1'..=b'9'),
        b'b' | b'a' | b'L' => byte.is_ascii_uppercase(),
        _ => byte.is_ascii_digit(),
    }
}

/// Whether any family can begin with `byte`.
#[inline]
pub(super) fn can_begin(byte: u8) -> bool {
    BEGINS[usize::from(byte)] != 0
}

/// The stamp that stands at `at`, and where it ends.
pub(super) fn at(bytes: &[u8], at: usize) -> Option<(Stamp, usize)> {
    let mut rows = BEGINS[usize::from(*bytes.get(at)?)];
    while rows != 0 {
        let row = rows.trailing_zeros() as usize;
        rows &= rows - 1;
        if let Some(hit) = shape::matches(FAMILIES[row].as_bytes(), bytes, at)
            && is_free(bytes, hit.1)
        {
            return Some(hit);
        }
    }
    None
}

/// Whether a stamp may end before `end`: what follows does not make it a part of something longer, a path, a host
/// name, a file name, a longer number.
#[inline]
pub(super) fn is_free(bytes: &[u8], end: usize) -> bool {
    let next = |n: usize| bytes.get(end + n).copied().unwrap_or(b'\n');
    match next(0) {
        b'_' | b'/' | b'\\' | b'%' | b'@' => false,
        b'.' => !next(1).is_ascii_alphanumeric(),
        b'-' | b'+' => !next(1).is_ascii_digit(),
        byte => !byte.is_ascii_alphanumeric(),
    }
}
