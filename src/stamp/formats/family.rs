//! The formats of stamps, as data, and the one way to match them.
//!
//! To add a format: one row in [`FAMILIES`], and one in `tests/data/program_times.tsv`.

use crate::stamp::Stamp;
use crate::stamp::formats::order::{self, Order};
use crate::stamp::formats::outline::{Outline, Sixteen};
use crate::stamp::formats::{names, shape, unpadded};

/// The self-evident formats: whatever has such a shape, with every field in range, is a time. Of two that match at one
/// place the first counts. A weekday before any of them is passed over; where day and month are two numbers, see
/// [`order`].
pub(in crate::stamp) const FAMILIES: &[&str] = &[
    "%Y-%m-%d%~%C", // ISO 8601, which `iso::Memo` reads by hand; Ascend, lm-eval
    "%Y-%m-%d%~%D", // Blue Gene
    "%Y-%m-%d%t%k",
    "%Y-W%V-%u%t%C", // ISO's week and day of it
    "%Y-%j%t%C",     // ISO's day of the year
    "%Y/%m/%d%~%C",  // slashes, gin, rocksdb
    "%Y/%m/%d%t%k",
    "%Y/%b/%d%~%C",
    "%Y %b %e %C",          // Cisco's Nexus
    "%Y.%m.%d %w %b %e %C", // Thunderbird: a date, a host, and the same date without its year
    "%Y.%m.%d%~%C",         // dotted
    "%Y.%m.%d%~%D",         // Unreal
    "%Y:%m:%d%~%C",         // oneccl
    "%Y-%b-%d%~%C",         // neuron
    "%Y%m%d%~%C",           // compact
    "%Y%m%dT%H%M%S%f%z",    // ISO's basic format
    "%Y年%_%m月%_%d日%~%C",
    "[%Y-%m-%d][%C]", // fern
    "[%Y-%m-%d_%H-%M-%S]",
    "[%m%d %C",              // tensorpack
    "date=%Y-%m-%d time=%C", // Fortinet
    "date=\"%Y-%m-%d\" time=\"%C",
    "%d.%m.%Y%~%C", // dots, day first
    "%d.%m.%Y%~%D",
    "%d.%m.%Y%t%k",
    "%y-%m-%d %C - PID", // apex
    "%d-%m %H:%M:%S|%#", // dstat, whose columns follow
    "%m-%d %C",          // month_day
    "%m-%d|%C",          // geth
    "%m/%d %C",          // month_slash_day
    "%m/%d [%C]",
    "%m/%d-%C",              // Snort
    "%L0000 00:00:%s",       // absl_before_init
    "%L%m%d %H:%M:%S%F%z",   // glog
    "%L%n%d %H:%M:%S%F%z",   // cpp
    "%L%Y%m%d %H:%M:%S%f%z", // glog_year, DINO
    "%L%y%m%d %H:%M:%S%F%z", // CockroachDB
    "%b %e %C %Y%z",         // asctime, syslog with the year after
    "%b %e %C %Z %Y%z",      // date
    "%b %e %Y%~%C",          // syslog with the year before
    "%b %e, %Y%~%C",         // java
    "%b %e, %Y%~%k",
    "%b-%d-%Y%~%C",
    "%b/%d/%Y %C", // Mikrotik
    "%b-%d %C",
    "%b%d %C",        // BeeGFS
    "%b %e %C",       // syslog
    "%e %b %Y%~%C",   // RFC 2822, date
    "%e %b %C %Z %Y", // date_british
    "%e %b %C %Y",
    "%e %b %C",     // redis, ntpd; before the years of two digits, as which its hour could be read
    "%e %b %y%~%C", // RFC 822
    "%e %b %y%~%k",
    "%d-%b-%Y%~%C",
    "%d-%b-%y%~%C",
    "%d-%b-%Y%~%D",
    "%d-%b-%y%~%D", // Oracle
    "%d-%b %C",
    "%d%b%Y%~%C",   // Forge
    "%d/%b/%Y%~%C", // common log, django
    "%d/%b/%y%~%C",
    "%d/%b %C",
    "[%b%e %k]", // dmesg's, of the first record in a minute
    "[%C]",      // a time of day, which counts where a dated stamp stands before: `Fold::admit`
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

/// What is sure of the first bytes of each.
static OUTLINES: [Outline; FAMILIES.len()] = Outline::of_each(FAMILIES);

/// The families that begin with a month's name: in other languages it may begin with any byte.
static NAMED: u64 = beginning_with(b'b');
/// The families that begin with a day of one digit or two.
static DAYS: u64 = beginning_with(b'e');

/// The families that begin with a label and the sign behind it.
static LABELLED: u64 = labelled();

const fn labelled() -> u64 {
    let (mut rows, mut row) = (0, 0);
    while row < FAMILIES.len() {
        let shape = FAMILIES[row].as_bytes();
        let mut at = 0;
        while shape[at].is_ascii_lowercase() {
            at += 1;
        }
        if at > 0 && shape[at] == b'=' {
            rows |= 1 << row;
        }
        row += 1;
    }
    rows
}

const fn beginning_with(field: u8) -> u64 {
    let (mut rows, mut row) = (0, 0);
    while row < FAMILIES.len() {
        let shape = FAMILIES[row].as_bytes();
        if shape[0] == b'%' && shape[1] == field {
            rows |= 1 << row;
        }
        row += 1;
    }
    rows
}

const fn begins(shape: &[u8], byte: u8) -> bool {
    if shape[0] != b'%' {
        return shape[0] == byte;
    }
    match shape[1] {
        b'Y' => matches!(byte, b'1' | b'2'),
        b'm' => matches!(byte, b'0' | b'1'),
        b'd' => matches!(byte, b'0'..=b'3'),
        b'n' => matches!(byte, b'1'..=b'9'),
        b'b' => matches!(byte, b'A' | b'D' | b'F' | b'J' | b'M' | b'N' | b'O' | b'S'),
        b'L' => matches!(byte, b'I' | b'W' | b'E' | b'F' | b'D' | b'V' | b'T' | b'C' | b'N'),
        _ => byte.is_ascii_digit(),
    }
}

/// Whether any family can begin at `at`.
#[inline]
pub(in crate::stamp) fn can_begin(bytes: &[u8], at: usize) -> bool {
    bytes.get(at).is_some_and(|byte| BEGINS[usize::from(*byte)] != 0 || byte.is_ascii_digit())
        || is_named(bytes, at)
}

/// Whether any family may begin with a word of letters that begins with `byte`, other than with a month before a day.
#[inline]
pub(in crate::stamp) fn may_begin_with_word(byte: u8) -> bool {
    BEGINS[usize::from(byte)] & !LABELLED != 0
}

/// Whether a month may stand at `at` that is not named in English.
#[inline]
fn is_named(bytes: &[u8], at: usize) -> bool {
    let byte = bytes.get(at).copied().unwrap_or_default();
    // Of the capitals those with which months begin elsewhere, and no month does in English.
    let foreign = byte >= 0x80 || matches!(byte, b'E' | b'H' | b'K' | b'T');
    (foreign || byte.is_ascii_lowercase() || byte.is_ascii_digit()) && names::may_be_month(&bytes[at..])
}

/// The stamp that stands at `at`, and where it ends.
pub(in crate::stamp) fn at(bytes: &[u8], at: usize, order: &mut Order) -> Option<(Stamp, usize)> {
    let byte = *bytes.get(at)?;
    let mut rows = BEGINS[usize::from(byte)];
    if is_named(bytes, at) {
        rows |= NAMED;
    }
    if rows & NAMED != 0 && names::month(&bytes[at..]).is_none() {
        rows &= !NAMED;
    }
    if rows & DAYS != 0 && !is_day(&bytes[at + 1..]) {
        rows &= !DAYS;
    }
    let head = Sixteen::at(bytes, at);
    while rows != 0 {
        let row = rows.trailing_zeros() as usize;
        rows &= rows - 1;
        if OUTLINES[row].fits(head)
            && let Some(hit) = free(shape::matches(FAMILIES[row].as_bytes(), bytes, at), bytes)
        {
            return Some(hit);
        }
    }
    if byte.is_ascii_digit() || byte == b'[' {
        return order::at(bytes, at, order).or_else(|| unpadded::at(bytes, at));
    }
    if byte.is_ascii_uppercase() { behind_weekday(bytes, at, order) } else { None }
}

/// Whether what follows the first digit of a number ends it as a day: another digit perhaps, a full stop, a blank.
#[inline]
fn is_day(rest: &[u8]) -> bool {
    matches!(rest, [b' ', ..] | [_, b' ', ..] | [b'0'..=b'9', b'.', b' ', ..])
}

/// `Sun Nov 22 06:47:12 2026`, `Sun, 22 Nov 2026 06:47:12`, `Sun 2026-11-22 06:47:12`.
#[cold]
fn behind_weekday(bytes: &[u8], start: usize, order: &mut Order) -> Option<(Stamp, usize)> {
    let mut end = start + names::weekday(&bytes[start..])?;
    end += usize::from(matches!(bytes.get(end), Some(b',' | b'.')));
    let date = (bytes.get(end) == Some(&b' ')).then_some(end + 1)?;
    // Of two weekdays none is one.
    if names::weekday(&bytes[date..]).is_some() || bytes.get(date) == Some(&b'[') {
        return None;
    }
    at(bytes, date, order)
}

/// A hit that is no part of something longer.
#[inline]
pub(in crate::stamp) fn free(hit: Option<(Stamp, usize)>, bytes: &[u8]) -> Option<(Stamp, usize)> {
    hit.filter(|(_, end)| is_free(bytes, *end))
}

/// Whether a stamp may end before `end`: what follows does not make it a part of something longer, a path, a host
/// name, a file name, a longer number.
#[inline]
pub(in crate::stamp) fn is_free(bytes: &[u8], end: usize) -> bool {
    let next = |n: usize| bytes.get(end + n).copied().unwrap_or(b'\n');
    match next(0) {
        b'_' | b'/' | b'\\' | b'%' | b'@' => false,
        b'.' => !next(1).is_ascii_alphanumeric(),
        b'-' | b'+' => !next(1).is_ascii_digit(),
        byte => !byte.is_ascii_alphanumeric(),
    }
}
