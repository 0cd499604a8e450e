//! Whole files: the time of every line, by the fold.

#![allow(clippy::unwrap_used, reason = "a test stops where it is surprised")]

use jiff::Timestamp;
use jiff::tz::TimeZone;
use logdex::stamp::{Clock, Fold, How, Reference, elect};

/// The time of each line in UTC, by the format that the file elects, and where it comes from.
fn times(text: &str, zone: &str, reference: Reference) -> Vec<(String, How)> {
    let lines = || text.as_bytes().split_inclusive(|b| *b == b'\n');
    let elected = elect(text.as_bytes());
    let mut fold = Fold::new().electing(&elected);
    lines().for_each(|line| {
        fold.push(line);
    });
    let mut clock = Clock::new(TimeZone::get(zone).unwrap());
    clock.set_years(&fold.years(), reference);
    let mut again = Fold::starting(fold.first()).electing(&elected);
    lines()
        .map(|line| {
            let timed = again.push(line);
            let time = timed.stamp.map(|s| clock.span(s).lo);
            let time =
                time.map_or("none".into(), |ns| Timestamp::from_nanosecond(ns.into()).unwrap().to_string());
            (time, timed.how)
        })
        .collect()
}

/// Checks a file written as `expected how | line`, where `.` is an own stamp, `<` inherited, `^` ahead, `-` none.
fn check(zone: &str, reference: Reference, table: &str) {
    let rows: Vec<(&str, &str)> = table.trim().lines().map(|r| r.split_once('|').unwrap()).collect();
    let lines: Vec<&str> = rows.iter().map(|(_, line)| line.strip_prefix(' ').unwrap_or(line)).collect();
    let text = lines.join(
        "
",
    ) + "
";
    for ((time, how), (expected, line)) in times(&text, zone, reference).into_iter().zip(rows) {
        let mark = match how {
            How::Own => '.',
            How::Inherited => '<',
            How::Ahead => '^',
            How::Untimed => '-',
        };
        assert_eq!(format!("{time} {mark}"), expected.trim(), "on {line:?}");
    }
}

fn given(moment: &str) -> Reference {
    Reference::Given(ns(moment))
}

fn mtime(moment: &str) -> Reference {
    Reference::Mtime(ns(moment))
}

fn ns(moment: &str) -> i64 {
    moment.parse::<Timestamp>().unwrap().as_nanosecond().try_into().unwrap()
}

#[test]
fn ranks_with_tracebacks_keep_their_own_times() {
    check(
        "UTC",
        mtime("2026-11-23T00:00:00Z"),
        "
2026-11-22T06:47:10Z ^ | torchrun says hello
2026-11-22T06:47:10Z ^ | [rank3]: not yet
2026-11-22T06:47:10Z . | [rank0]: 2026-11-22 06:47:10 INFO a
2026-11-22T06:47:11Z . | [rank3]: 2026-11-22 06:47:11 ERROR b
2026-11-22T06:47:15Z . | [rank0]: 2026-11-22 06:47:15 INFO c
2026-11-22T06:47:11Z < | [rank3]: Traceback (most recent call last):
2026-11-22T06:47:11Z < | [rank3]:   File \"train.py\", line 12, in step
2026-11-22T06:47:15Z < | [rank0]: more
2026-11-22T06:47:11Z < | [rank3]: RuntimeError: shard went away
2026-11-22T06:47:15Z < | [rank7]: never stamped
2026-11-22T06:47:09Z . | [rank5]:[titan] 2026-11-22 06:47:09,000 - late
2026-11-22T06:47:09Z < | no rank
2026-11-22T06:47:09Z < | [rank5]: more
2026-11-22T06:47:15Z < | [rank0]: more
",
    );
}

#[test]
fn new_year_with_jitter_goes_backwards_from_the_reference() {
    check(
        "UTC",
        mtime("2026-01-01T00:00:30Z"),
        "
2025-12-31T23:59:58Z ^ | head
2025-12-31T23:59:58Z . | [rank0]: I1231 23:59:58.000000 1 x.cc:1] a
2026-01-01T00:00:00Z . | [rank1]: I0101 00:00:00.000000 1 x.cc:1] b
2025-12-31T23:59:59Z . | [rank0]: I1231 23:59:59.000000 1 x.cc:1] c
2025-12-31T23:59:59Z < | [rank0]: c
2026-01-01T00:00:01Z . | [rank0]: I0101 00:00:01.000000 1 x.cc:1] d
2026-01-01T00:00:00Z < | [rank1]: b
",
    );
}

#[test]
fn years_go_by_in_a_log_without_years() {
    check(
        "UTC",
        given("2026-03-01T00:00:00Z"),
        "
2024-11-01T00:00:00Z . | INFO 11-01 00:00:00 a
2025-02-01T00:00:00Z . | INFO 02-01 00:00:00 b
2025-06-01T00:00:00Z . | INFO 06-01 00:00:00 c
2025-11-01T00:00:00Z . | INFO 11-01 00:00:00 d
2026-03-02T00:00:00Z . | INFO 03-02 00:00:00 e
",
    );
}

#[test]
fn a_dated_stamp_gives_the_years_to_those_around_it() {
    check(
        "UTC",
        mtime("2030-01-01T00:00:00Z"),
        "
2023-12-31T23:00:00Z . | INFO 12-31 23:00:00 a
2024-01-01T01:00:00Z . | INFO 01-01 01:00:00 b
2024-01-02T00:00:00Z . | 2024-01-02 00:00:00 c
2024-01-03T00:00:00Z . | INFO 01-03 00:00:00 d
2023-12-31T00:00:00Z . | INFO 12-31 00:00:00 e
2024-02-29T00:00:00Z . | INFO 02-29 00:00:00 f
",
    );
}

#[test]
fn the_reference_goes_before_a_date_in_the_file() {
    let table = "
2020-01-01T00:00:00Z . | 2020-01-01 00:00:00 built
YEAR-11-21T00:00:00Z . | INFO 11-21 00:00:00 a
YEAR-11-22T00:00:00Z . | INFO 11-22 00:00:00 b
YEAR-11-22T00:00:00Z < | c
";
    check("UTC", given("2026-11-22T00:00:00Z"), &table.replace("YEAR", "2026"));
    check("UTC", mtime("2026-11-22T00:00:00Z"), &table.replace("YEAR", "2019"));
}

#[test]
fn the_29th_of_february_is_in_a_leap_year() {
    check(
        "UTC",
        mtime("2026-11-22T00:00:00Z"),
        "
2024-02-28T00:00:00Z . | INFO 02-28 00:00:00 a
2024-02-29T00:00:00Z . | INFO 02-29 00:00:00 b
2024-03-01T00:00:00Z . | INFO 03-01 00:00:00 c
",
    );
}

#[test]
fn the_autumn_hour_comes_twice_and_the_spring_hour_not_at_all() {
    check(
        "Europe/Berlin",
        mtime("2026-11-22T00:00:00Z"),
        "
2026-10-25T00:10:00Z . | 2026-10-25 02:10:00 a
2026-10-25T00:59:59Z . | 2026-10-25 02:59:59 b
2026-10-25T00:59:58Z . | 2026-10-25 02:59:58 jitter
2026-10-25T01:00:00Z . | 2026-10-25 02:00:00 c
2026-10-25T01:00:00Z < | more
2026-10-25T01:45:00Z . | 2026-10-25 02:45:00 d
2026-10-25T02:00:00Z . | 2026-10-25 03:00:00 e
",
    );
    check(
        "Europe/Berlin",
        mtime("2026-11-22T00:00:00Z"),
        "
2026-03-29T00:59:59Z . | 2026-03-29 01:59:59 a
2026-03-29T01:30:00Z . | 2026-03-29 02:30:00 skipped
2026-03-29T01:00:00Z . | 2026-03-29 03:00:00 b
2026-03-29T01:30:00Z . | 2026-03-29 02:30:00 skipped
2026-03-30T05:00:00Z . | 2026-03-30 07:00:00 of summer
2026-06-30T05:00:00Z . | 2026-06-30 07:00:00 of summer
2026-10-26T06:00:00Z . | 2026-10-26 07:00:00 of winter
",
    );
}

#[test]
fn two_hosts_one_after_the_other_each_have_their_autumn() {
    check(
        "America/New_York",
        mtime("2026-11-22T00:00:00Z"),
        "
2026-11-01T05:50:00Z . | 2026-11-01 01:50:00 a
2026-11-01T06:05:00Z . | 2026-11-01 01:05:00 a again
2026-11-01T08:00:00Z . | 2026-11-01 03:00:00 a
2026-10-31T04:00:00Z . | 2026-10-31 00:00:00 b
2026-11-01T05:40:00Z . | 2026-11-01 01:40:00 b
2026-11-01T06:00:00Z . | 2026-11-01 01:00:00.0 b again, after 20 quiet minutes
",
    );
}

#[test]
fn naive_and_absolute_stamps_share_a_file() {
    check(
        "Europe/Berlin",
        mtime("2026-11-22T00:00:00Z"),
        "
2026-07-01T10:00:00Z . | 2026-07-01 12:00:00 naive
2026-07-01T12:00:00Z . | 2026-07-01T12:00:00Z absolute
2026-07-01T12:00:00Z < | more
2026-07-01T03:00:00Z . | 2026-07-01T12:00:00+09:00 elsewhere
",
    );
}

#[test]
fn no_stamp_no_time() {
    check(
        "UTC",
        mtime("2026-11-22T00:00:00Z"),
        "
none - | hello
none - | 1732258032 trainable parameters
",
    );
}

#[test]
fn prefixes_past_the_limit_are_not_told_apart() {
    let stamped =
        |n: usize| format!("[rank{n}]: 2026-11-22 {:02}:{:02}:{:02} x\n", n / 3600, n / 60 % 60, n % 60);
    let mut text: String = (0..5000).map(stamped).collect();
    text.push_str("[rank17]: a\n[rank4095]: b\n[rank4096]: c\n");
    let times = times(&text, "UTC", mtime("2026-11-22T00:00:00Z"));
    let last: Vec<&str> = times[5000..].iter().map(|(time, _)| &time[11..19]).collect();
    assert_eq!(last, ["00:00:17", "01:08:15", "01:23:19"]);
}

/// The rows of the table whose format counts only where it wins.
#[test]
fn an_ambiguous_format_counts_where_it_wins_the_file() {
    let table = include_str!("data/line_times.tsv");
    for row in table.lines().filter(|row| row.ends_with("vote")) {
        let [name, line, expected, _] = row.split('\t').collect::<Vec<_>>()[..] else { panic!("{row}") };
        let expected = expected.trim_end_matches('Z').to_owned() + "Z";
        let expected = expected.parse::<Timestamp>().unwrap().to_string();
        for count in [1, 2, 50] {
            let text = format!("{line}\n").repeat(count) + &"  and more\n".repeat(count / 2);
            let (time, how) = times(&text, "UTC", mtime("2026-11-23T00:00:00Z")).swap_remove(0);
            assert_eq!((time, how), (expected.clone(), How::Own), "{name} {count} times");
        }
    }
}

#[test]
fn numbers_that_win_nothing_are_no_times() {
    check(
        "UTC",
        mtime("2026-11-23T00:00:00Z"),
        "
none - | model has
none - | 1732258032 trainable parameters
none - | 1795330032 in all
none - | and more to say
",
    );
    check(
        "UTC",
        mtime("2026-11-23T00:00:00Z"),
        "
2026-11-22T06:47:12Z ^ | 1795330032 step 1
2026-11-22T06:47:12Z . | 2026-11-22 06:47:12 a
2026-11-22T06:47:13Z . | 2026-11-22 06:47:13 b
2026-11-22T06:47:13Z < | 1795330099 step 2
",
    );
}

#[test]
fn a_format_in_a_later_field_or_without_a_date_can_win() {
    check(
        "UTC",
        mtime("2026-11-23T00:00:00Z"),
        "
2026-11-22T06:47:12Z . | trainer one 2026-11-22 06:47:12 a
2026-11-22T06:47:13Z . | trainer two [2026-11-22 06:47:13] b
2026-11-22T06:47:13Z < | trainer two c
",
    );
    check(
        "UTC",
        mtime("2026-11-22T00:10:30Z"),
        "
2026-11-21T23:59:58Z . | 23:59:58 INFO a
2026-11-21T23:59:59.5Z . | [rank0]: 23:59:59.5 INFO b
2026-11-22T00:00:01Z . | 00:00:01 INFO c
2026-11-21T23:59:59.5Z < | [rank0]: more
2026-11-22T00:10:00Z . | 00:10:00 INFO d
",
    );
    check(
        "UTC",
        mtime("2026-11-22T00:10:30Z"),
        "
2024-01-01T23:00:00Z . | 23:00:00 INFO a
2024-01-02T01:00:00Z . | 2024-01-02 01:00:00 b
2024-01-02T02:00:00Z . | 02:00:00 INFO c
",
    );
}

#[test]
fn a_day_over_twelve_anywhere_says_that_the_day_is_first() {
    check(
        "UTC",
        mtime("2026-12-23T00:00:00Z"),
        "
2026-11-05T06:47:10Z . | 05/11/2026 06:47:10 INFO a
2026-11-05T06:47:10Z < | no stamp
2026-11-12T06:47:11Z . | 12/11/2026 06:47:11 INFO b
2026-11-13T06:47:11Z . | 13/11/2026 06:47:11 INFO c
2026-12-01T06:47:11Z . | [01/12/26 06:47:11] d
",
    );
    check(
        "UTC",
        mtime("2026-12-23T00:00:00Z"),
        "
2026-05-11T06:47:10Z . | 05/11/2026 06:47:10 INFO a
2026-05-13T06:47:11Z . | 05/13/2026 06:47:11 INFO b
",
    );
    check(
        "UTC",
        mtime("2026-12-23T00:00:00Z"),
        "
2026-05-11T06:47:10Z . | 05/11/2026 06:47:10 INFO nothing tells
",
    );
}

#[test]
fn a_time_of_day_in_brackets_goes_on_from_a_dated_stamp() {
    check(
        "UTC",
        mtime("2026-12-23T00:00:00Z"),
        "
2026-11-22T23:59:10Z ^ | [23:59:00] nothing dated stands before
2026-11-22T23:59:10Z . | 2026-11-22 23:59:10 INFO a
2026-11-22T23:59:58Z . | [23:59:58] WARNING: ../src/learner.cc:1115: b
2026-11-23T00:00:01Z . | [00:00:01] c
2026-11-23T00:00:01Z < | no stamp
2026-11-23T00:00:02Z . | 2026-11-23 00:00:02 INFO d
2026-11-23T00:00:03Z . | 2026-11-23 00:00:03 INFO e
",
    );
}

#[test]
fn a_zone_on_a_line_without_a_year_is_taken_at_its_word() {
    check(
        "Asia/Tokyo",
        mtime("2026-12-23T00:00:00Z"),
        "
2026-11-22T04:47:12Z . | Nov 22 06:47:12 +0200 node1 x
2026-11-21T21:47:12Z . | Nov 22 06:47:12 node1 x
2026-11-22T06:47:12Z . | Nov 22 06:47:12 UTC node1 x
2027-01-01T01:00:00Z . | 2027-01-01T01:00:00Z x
2027-01-01T03:30:00Z . | Jan  1 01:30:00 -0200 node1 y
",
    );
}

#[test]
fn of_two_formats_with_as_many_lines_the_dated_one_wins() {
    check(
        "UTC",
        mtime("2026-12-23T00:00:00Z"),
        "
2026-11-22T06:47:12Z . | 1795330000 2026.11.22 dn228 Nov 22 06:47:12 a
2026-11-22T06:47:13Z . | 1795330001 2026.11.22 dn228 Nov 22 06:47:13 b
2026-11-22T06:47:14Z . | 1795330002 2026.11.22 dn228 Nov 22 06:47:14 c
",
    );
}
