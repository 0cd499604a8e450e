//! The proof, on small pieces of text: a block summed up by itself says what the fold says.

use jiff::tz::TimeZone;
use proptest::prelude::*;

use crate::file::block::Extent;
use crate::line::Ends;
use crate::stamp::civil::{DAY, HOUR, MINUTE, SECOND};
use crate::stamp::{Clock, Finder, Fold, Reference, Timed, Window};
use crate::testing::cases;

use super::digest::Digest;
use super::entry::{Entry, exact};
use super::range::{Asked, AxisWindow};
use super::tree::{Filter, Node};

/// How the clock goes on from line to line.
fn step() -> impl Strategy<Value = i64> {
    prop_oneof![
        6 => 0..5 * SECOND,
        2 => -2 * SECOND..0,
        1 => Just(-90 * SECOND),
        1 => -70 * MINUTE..-20 * MINUTE,
        1 => 0..3 * HOUR,
        1 => -3 * DAY..40 * DAY,
        1 => -200 * DAY..200 * DAY,
    ]
}

/// Lines of a log in some formats, from a walk through time.
fn text() -> impl Strategy<Value = Vec<String>> {
    // Autumn in Berlin, New Year, a leap year's February, and any day.
    let start = prop_oneof![
        Just(1_792_886_000 * SECOND),
        Just(1_798_761_500 * SECOND),
        Just(1_709_164_700 * SECOND),
        1_577_836_800 * SECOND..1_900_000_000 * SECOND,
    ];
    let dated = prop_oneof![3 => Just(13_usize), 1 => 0..13_usize];
    let line = (step(), 0..14_usize, 0..5_usize);
    (start, dated, proptest::collection::vec(line, 1..60)).prop_map(|(start, most, lines)| {
        let mut now = start;
        let write = |(step, kind, writer): (i64, usize, usize)| {
            now = (now + step).clamp(1_500_000_000 * SECOND, 2_000_000_000 * SECOND);
            line_of(now, if kind > most { 13 } else { kind }, writer)
        };
        lines.into_iter().map(write).collect()
    })
}

fn line_of(now: i64, kind: usize, writer: usize) -> String {
    let at = jiff::Timestamp::from_nanosecond(now.into()).unwrap();
    let prefix = ["", "[rank0]: ", "[rank1]:", "[rank2]:[titan] ", "3: "][writer];
    let stamp = match kind {
        0 | 1 => at.strftime("INFO %m-%d %H:%M:%S x"),
        2 => at.strftime("I%m%d %H:%M:%S.%6f 1 x.cc:1] x"),
        3 => at.strftime("{\"ts\": \"%Y-%m-%dT%H:%M:%S.%3fZ\"}"),
        4 | 5 => at.strftime("%Y-%m-%d %H:%M:%S,%3f x"),
        6 => at.strftime("[%Y-%m-%d %H:%M:%S] x"),
        7 => at.strftime("%m-%d %H:%M:%S +0530 x"),
        8 => at.strftime("[%H:%M:%S] x"),
        9 => at.strftime("[%Y-%m-%d %H:%M] x"),
        10 => at.strftime("%m/%d/%Y %H:%M:%S x"),
        _ => at.strftime("no stamp here"),
    };
    format!("{prefix}{stamp}\n")
}

/// The text cut into blocks.
fn blocks(lines: &[String], cuts: &[usize]) -> Vec<String> {
    let mut blocks = vec![String::new()];
    for (n, line) in lines.iter().enumerate() {
        if cuts.contains(&n) {
            blocks.push(String::new());
        }
        blocks.last_mut().unwrap().push_str(line);
    }
    blocks.retain(|block| !block.is_empty());
    blocks
}

fn state(fold: &Fold) -> String {
    let mut writers: Vec<_> = fold.by_prefix.iter().collect();
    writers.sort_by_key(|(prefix, _)| **prefix);
    format!("{:?} {:?} {writers:?}", fold.first, fold.chain)
}

fn extent(at: usize, block: &str) -> Extent {
    Extent { start: at as u64, end: (at + block.len()) as u64 }
}

/// The entries of all blocks, by digests wherever they serve, checked against the twin.
fn entries(blocks: &[String]) -> Result<(Vec<Entry>, Fold), TestCaseError> {
    let (mut slow, mut fast, mut entries) = (Fold::new(), Fold::new(), Vec::<Entry>::new());
    let (mut at, mut first_line) = (0, 0);
    for block in blocks {
        let extent = extent(at, block);
        let twin = exact(&mut slow, extent, first_line, block.as_bytes());
        let ends = Ends::of(block.as_bytes());
        let digest = Digest::of(&mut Finder::default(), block.as_bytes(), &ends, None);
        let entry = match digest.append(&mut fast, extent, first_line) {
            Some(entry) => {
                let mut wide = twin.clone();
                wide.ranges.join(&entry.ranges);
                prop_assert_eq!(&wide, &entry, "but for ranges, which may be wider");
                entry
            }
            None => exact(&mut fast, extent, first_line, block.as_bytes()),
        };
        prop_assert_eq!(state(&slow), state(&fast));
        at += block.len();
        first_line += entry.lines;
        entries.push(entry);
    }
    Ok((entries, fast))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(cases(2000)))]

    #[test]
    fn blocks_say_what_the_fold_says(
        lines in text(), cuts in proptest::collection::vec(0..60_usize, 0..6), zone in 0..3_usize,
        near in 0..60_usize, width in 0..40 * DAY, shift in -2 * DAY..2 * DAY, given in any::<bool>(),
    ) {
        agree(&lines, &cuts, zone, given, (near, shift, width))?;
    }
}

/// Lines of sources that are months apart, by whose stamps without a year or a day a run wanders for centuries.
fn wandering() -> impl Strategy<Value = Vec<String>> {
    let steps = proptest::collection::vec(-180..180_i64, 1..4);
    (steps, 0..366_i64, 300..1500_usize, 0..3_usize, 0..3_usize).prop_map(
        |(steps, first, many, dated, kind)| {
            let mut day = first;
            let mut lines: Vec<String> = (0..many)
                .map(|n| {
                    day = (day + steps[n % steps.len()]).rem_euclid(366);
                    let [month, inside] = [day / 31, day % 31 % 28].map(|part| part + 1);
                    match kind {
                        0 => format!("INFO {month:02}-{inside:02} 06:{:02}:12 x\n", n % 60),
                        1 if n % 7 == 0 => format!("[{:02}:12:00] x\n", day % 24),
                        _ => format!("I{month:02}{inside:02} 06:{:02}:12.000000 1 x.cc:1] x\n", n % 60),
                    }
                })
                .collect();
            match dated {
                0 => lines.insert(0, "2026-02-03 04:05:06 x\n".to_owned()),
                1 => lines.push("2026-02-03 04:05:06 x\n".to_owned()),
                _ => {}
            }
            lines
        },
    )
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(cases(200)))]

    #[test]
    fn blocks_say_what_the_fold_says_however_far_a_run_wanders(
        lines in wandering(), cuts in proptest::collection::vec(0..1500_usize, 0..12), zone in 0..3_usize,
        near in 0..1500_usize, width in 0..400 * DAY, shift in -400 * DAY..400 * DAY, given in any::<bool>(),
    ) {
        agree(&lines, &cuts, zone, given, (near, shift, width))?;
    }
}

/// Whether blocks cut before the lines `cuts` say what the fold says of each line, and of which lines lie in a range that
/// begins `shift` off a line and is so wide.
fn agree(
    lines: &[String],
    cuts: &[usize],
    zone: usize,
    given: bool,
    (near, shift, width): (usize, i64, i64),
) -> Result<(), TestCaseError> {
    let blocks = blocks(lines, cuts);
    let (entries, whole) = entries(&blocks)?;
    let zone = TimeZone::get(["UTC", "Europe/Berlin", "America/New_York"][zone]).unwrap();
    let mut clock = Clock::new(zone);
    let reference = 1_800_000_000 * SECOND;
    let reference = if given { Reference::Given(reference) } else { Reference::Mtime(reference) };
    clock.set_years(&whole.years(), reference);

    let mut twin = Fold::starting(whole.first());
    let times: Vec<Timed> = lines.iter().map(|line| twin.push(line.as_bytes())).collect();
    let spans: Vec<_> = times.iter().map(|t| t.stamp.map(|s| clock.span(s))).collect();
    let since = spans[near % spans.len()].map_or(0, |span| span.lo.saturating_add(shift));
    let window = Window { since: Some(since), until: Some(since.saturating_add(width)) };
    let first = whole.first().map(|first| clock.span(first));
    let filter = Filter {
        question: Some(AxisWindow::new(window, &clock)),
        first: if first.is_some_and(|span| window.meets(span)) { Asked::All } else { Asked::None },
        shifted_after: clock.shifted_after(),
        steps: None,
    };
    let mut next = 0;
    for (entry, block) in entries.iter().zip(&blocks) {
        let mut fold = Fold::resuming(&entry.inbound, whole.first());
        let asked = filter.asks(&Node::from(entry));
        for line in block.split_inclusive('\n') {
            prop_assert_eq!(fold.push(line.as_bytes()), times[next], "line {} of {:?}", next, lines);
            let meets = spans[next].is_some_and(|span| window.meets(span));
            match asked {
                Asked::None => prop_assert!(!meets, "line {next} is missed: {:?}", lines),
                Asked::All => prop_assert!(meets, "line {next} is taken: {:?}", lines),
                Asked::Some => {}
            }
            next += 1;
        }
    }
    Ok(())
}

#[test]
fn a_stamp_without_a_year_keeps_its_day_however_far_its_run_wanders() {
    let months = ["01", "05", "09"].repeat(1000);
    let (mut fold, mut clock) = (Fold::new(), Clock::new(TimeZone::UTC));
    let stamps: Vec<_> = months
        .iter()
        .map(|month| fold.push(format!("INFO {month}-10 06:47:12 x\n").as_bytes()).stamp.unwrap())
        .collect();
    clock.set_years(&fold.years(), Reference::Mtime(1_800_000_000 * SECOND));
    for (month, stamp) in months.iter().zip(stamps) {
        let at = jiff::Timestamp::from_nanosecond(clock.span(stamp).lo.into()).unwrap();
        assert_eq!(at.strftime("%m-%d %H:%M:%S").to_string(), format!("{month}-10 06:47:12"));
    }
}

#[test]
fn a_crowd_of_prefixes_is_told_apart_as_by_the_fold() {
    let line =
        |n: usize| format!("[rank{n}]: 2026-11-22 {:02}:{:02}:{:02} x\n", n / 3600, n / 60 % 60, n % 60);
    let stray = |n: usize| format!("[rank{n}]: x\n");
    let mut blocks: Vec<String> = (0..11).map(|b| (b * 400..b * 400 + 400).map(line).collect()).collect();
    blocks.push((0..4400).step_by(7).map(stray).collect());
    blocks.push((4000..4400).map(line).chain((4000..4400).map(stray)).collect());
    let (entries, whole) = entries(&blocks).unwrap();
    assert_eq!(whole.by_prefix.len(), 4096);
    let mut twin = Fold::new();
    for (entry, block) in entries.iter().zip(&blocks) {
        let mut fold = Fold::resuming(&entry.inbound, whole.first());
        for line in block.split_inclusive('\n') {
            assert_eq!(fold.push(line.as_bytes()), twin.push(line.as_bytes()), "{line}");
        }
    }
}
