//! The tables of stamps: what is a time, and what is not.

#![allow(clippy::unwrap_used, reason = "a test stops where it is surprised")]

use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::tz::TimeZone;
use logdex::stamp::parse_time;

/// The bytes that an escaped field of a table stands for.
fn unescape(field: &str) -> Vec<u8> {
    let (mut bytes, mut rest) = (Vec::new(), field.as_bytes());
    while let [first, tail @ ..] = rest {
        let (byte, used) = match (first, tail) {
            (b'\\', [b't', ..]) => (b'\t', 2),
            (b'\\', [b'r', ..]) => (b'\r', 2),
            (b'\\', [b'n', ..]) => (b'\n', 2),
            (b'\\', [b'\\', ..]) => (b'\\', 2),
            (b'\\', [b'x', ..]) => {
                (u8::from_str_radix(std::str::from_utf8(&tail[1..3]).unwrap(), 16).unwrap(), 4)
            }
            _ => (*first, 1),
        };
        bytes.push(byte);
        rest = &rest[used..];
    }
    bytes
}

fn rows(table: &str) -> impl Iterator<Item = Vec<&str>> {
    table.lines().skip(1).filter(|row| !row.is_empty()).map(|row| row.split('\t').collect())
}

/// What `parse_time` says in UTC with the reference in November 2026.
fn parsed(line: &[u8]) -> Option<logdex::stamp::Moment> {
    let reference: Timestamp = "2026-11-22T12:00:00Z".parse().unwrap();
    parse_time(line, &TimeZone::UTC, reference.as_nanosecond().try_into().unwrap())
}

fn check(table: &str) {
    let mut wrong = Vec::new();
    for row in rows(table) {
        let [name, line, expected, flags] = row[..] else { panic!("a row of four fields: {row:?}") };
        for end in ["\n", "", "\r\n"] {
            let mut line = unescape(line);
            line.extend(end.as_bytes());
            let ours = parsed(&line);
            let vote = flags.contains("vote");
            let theirs = expected.parse::<Timestamp>().ok();
            let naive = expected.parse::<DateTime>().ok().filter(|_| theirs.is_none());
            let ns = theirs.or_else(|| Some(naive?.to_zoned(TimeZone::UTC).unwrap().timestamp()));
            let ns = ns.map(|t| i64::try_from(t.as_nanosecond()).unwrap()).filter(|_| !vote);
            let offset = ours.and_then(|m| m.offset);
            if ours.map(|m| m.ns) != ns || (!vote && offset.is_some() != theirs.is_some()) {
                wrong.push(format!("{name} {end:?}: {ours:?}, expected {expected}"));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn every_format_gives_its_time() {
    check(include_str!("data/line_times.tsv"));
    check(include_str!("data/more_times.tsv"));
    check(include_str!("data/program_times.tsv"));
    check(include_str!("data/everyday_times.tsv"));
    check(include_str!("data/fresh_times.tsv"));
    check(include_str!("data/real_times.tsv"));
}

#[test]
fn what_looks_like_a_time_is_none() {
    let mut found = Vec::new();
    for row in rows(include_str!("data/not_times.tsv")) {
        let line = unescape(row[1]);
        if let Some(moment) = parsed(&line) {
            found.push(format!("{}: {moment:?} on {:?}", row[0], String::from_utf8_lossy(&line)));
        }
    }
    assert!(found.is_empty(), "{}", found.join("\n"));
}
