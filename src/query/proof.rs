//! The proof: for any file, however it grew, and any range, the answer by the index is the twin's, line for line.

use std::io::Write;
use std::os::unix::fs::MetadataExt;
use std::path::Path;
use std::sync::Arc;

use crate::batch::LineTime;
use crate::file::source::Source;
use crate::index::{Index, Keep, Options};
use crate::query::{Query, Question};
use crate::stamp::civil::{DAY, HOUR, MINUTE, SECOND};
use crate::stamp::{Clock, Finder, First, Fold, Reference, Window, elect};
use crate::testing::{Nobody, cases};
use crate::timing::{self, Sureness};
use jiff::Timestamp;
use jiff::tz::TimeZone;
use proptest::prelude::*;

/// Which lines of a log are asked for, and as what.
#[derive(Clone, Debug)]
struct Request {
    zone: &'static str,
    /// `None` for the file's own last modification.
    reference: Option<i64>,
    skew: i64,
    window: Window,
    last: Option<usize>,
    times: bool,
    left_early: bool,
}

impl Request {
    fn question(&self, path: &Path, keep: &Keep) -> Question {
        let terms = timing::TimeTerms {
            zone: TimeZone::get(self.zone).unwrap(),
            reference: self.reference,
            skew: self.skew,
            times: self.times,
            keep: keep.clone(),
            ..timing::TimeTerms::within(self.window)
        };
        Question {
            last: self.last,
            workers: 2,
            time: Some(terms),
            keep: keep.clone(),
            ..Question::about(path)
        }
    }

    /// The lines by the index.
    fn answer(&self, path: &Path, keep: &Keep) -> Vec<(Vec<u8>, Option<u64>)> {
        if self.left_early {
            // What an answer that was not read to its end leaves behind serves the next one.
            let mut query = Query::new(self.question(path, keep));
            query.next(&mut Nobody).unwrap();
            query.finish();
        }
        let mut query = Query::new(self.question(path, keep));
        let mut lines = Vec::new();
        while let Some(batch) = query.next(&mut Nobody).unwrap() {
            let bytes = batch.block.bytes();
            let number = |n: usize| batch.time(n).map(|time| time.number);
            lines.extend(batch.lines().enumerate().map(|(n, line)| (line.of(bytes).to_vec(), number(n))));
        }
        lines
    }

    /// The lines with their times, and how sure these are; if `apart`, each block is timed by itself, the last one first.
    /// Then how many blocks could be, and how many could not.
    fn timed(
        &self,
        path: &Path,
        keep: &Keep,
        within: std::ops::Range<u64>,
        apart: bool,
    ) -> (Vec<TimedLine>, Sureness, [usize; 2]) {
        let question = Question { after: within.start, before: within.end, ..self.question(path, keep) };
        let mut query = Query::new(question);
        if apart {
            query = query.leaving_times();
        }
        let mut taken = Vec::new();
        while let Some(batch) = query.next(&mut Nobody).unwrap() {
            taken.push((batch, query.left()));
        }
        let left = taken.iter().filter(|(_, left)| left.is_some()).count();
        for (batch, timing) in taken.iter_mut().rev() {
            if let Some(timing) = timing {
                timing.sift(batch);
                timing.deliver(batch);
                query.settle(timing);
            }
        }
        let lines = taken.iter().flat_map(|(batch, _)| {
            let bytes = batch.block.bytes();
            batch.lines().enumerate().map(|(n, line)| (line.of(bytes).to_vec(), batch.time(n)))
        });
        (lines.collect(), query.sureness(), [left, taken.len() - left])
    }

    /// The lines by the fold, run from the first line.
    fn twin(&self, text: &[u8], modified: i64) -> Vec<(Vec<u8>, u64)> {
        let text = without_holes(text);
        let lines: Vec<&[u8]> = text.split_inclusive(|b| *b == b'\n').collect();
        let mut elected = elect(&text);
        if elected.first() == First::Open {
            // Any line may tell day from month.
            let mut finder = Finder::electing(&elected);
            for line in &lines {
                let _ = finder.find(line);
            }
            elected = elected.with(finder.order().says());
        }
        let mut ahead = Fold::new().electing(&elected);
        for line in &lines {
            ahead.push(line);
        }
        let mut clock = Clock::new(TimeZone::get(self.zone).unwrap()).skewed(self.skew);
        clock.set_years(&ahead.years(), self.reference.map_or(Reference::Mtime(modified), Reference::Given));
        let mut fold = Fold::starting(ahead.first()).electing(&elected);
        let window = if ahead.first().is_none() { Window::default() } else { self.window };
        let mut kept = Vec::new();
        for (line, number) in lines.iter().zip(1..) {
            let stamp = fold.push(line).stamp;
            if stamp.is_none_or(|stamp| window.meets(clock.span(stamp))) {
                kept.push((line.to_vec(), number));
            }
        }
        let skipped = self.last.map_or(0, |last| kept.len().saturating_sub(last));
        kept.split_off(skipped)
    }
}

/// A line and its time.
type TimedLine = (Vec<u8>, Option<LineTime>);

/// When a file was last written to, in nanoseconds since 1970 UTC.
fn modified(file: &std::fs::File) -> i64 {
    let metadata = file.metadata().unwrap();
    metadata.mtime() * SECOND + metadata.mtime_nsec()
}

/// The text that is left when the holes are dropped.
fn without_holes(mut text: &[u8]) -> Vec<u8> {
    let mut kept = Vec::new();
    while !text.is_empty() {
        let nuls = text.iter().take_while(|b| **b == 0).count();
        if nuls >= 4096 {
            text = &text[nuls..];
        }
        let end = text.iter().position(|b| *b == b'\n').map_or(text.len(), |n| n + 1);
        kept.extend(&text[..end]);
        text = &text[end..];
    }
    kept
}

/// A stretch of a log: many lines in one manner.
#[derive(Clone, Debug)]
struct LogSection {
    lines: usize,
    step: i64,
    jump: i64,
    kind: usize,
    writers: usize,
    stamped: usize,
    width: usize,
    oddity: usize,
}

fn stretch() -> impl Strategy<Value = LogSection> {
    let step = prop_oneof![0..SECOND / 10, -SECOND / 100..SECOND, Just(3 * SECOND)];
    let jump = prop_oneof![
        3 => Just(0),
        1 => -2 * MINUTE..0,
        1 => -70 * MINUTE..-50 * MINUTE,
        1 => 0..3 * HOUR,
        1 => -3 * DAY..30 * DAY,
        1 => -200 * DAY..200 * DAY,
    ];
    let manner = (0..9_usize, 1..4_usize, 1..2000_usize, 0..900_usize, 0..8_usize);
    (1..4000_usize, step, jump, manner).prop_map(
        |(lines, step, jump, (kind, writers, stamped, width, oddity))| {
            let stamped = if stamped < 1000 { 1 } else { stamped };
            LogSection { lines, step, jump, kind, writers, stamped, width, oddity }
        },
    )
}

/// The text of a log, and how its clock went on.
fn write(stretches: &[LogSection], start: i64) -> (Vec<u8>, Vec<i64>) {
    let (mut text, mut now, mut moments) = (Vec::new(), start, Vec::new());
    for s in stretches {
        now = (now + s.jump).clamp(1_500_000_000 * SECOND, 2_000_000_000 * SECOND);
        match s.oddity {
            0 => text.extend([0; 5000]),
            1 => text.extend(vec![b'x'; 600_000]),
            2 => text.extend(b"\xff\xfe\r"),
            _ => {}
        }
        for n in 0..s.lines {
            now += s.step;
            let prefix = ["", "[rank0]: ", "[rank1]: ", "3: "][n % (s.writers + 1)];
            text.extend(prefix.as_bytes());
            if n % s.stamped == 0 {
                text.extend(stamp(now, s.kind).as_bytes());
            }
            text.extend(vec![b'.'; (n * 7919) % (s.width + 1)]);
            text.push(b'\n');
        }
        moments.push(now);
    }
    (text, moments)
}

fn stamp(now: i64, kind: usize) -> String {
    let at = Timestamp::from_nanosecond(now.into()).unwrap();
    let shape = [
        "%Y-%m-%d %H:%M:%S,%3f INFO x",
        "%Y-%m-%dT%H:%M:%S.%6fZ x",
        "INFO %m-%d %H:%M:%S x",
        "I%m%d %H:%M:%S.%6f 1 x.cc:1] x",
        "{\"msg\": \"x\", \"time\": \"%Y-%m-%dT%H:%M:%S+00:00\"}",
        "[%Y-%m-%d %H:%M:%S] x",
        "%d/%m/%Y %H:%M:%S x",
        "[%H:%M:%S] x",
        "%m-%d %H:%M:%S -0330 x",
    ][kind];
    at.strftime(shape).to_string()
}

fn asked() -> impl Strategy<Value = (usize, i64, i64, usize, Option<usize>, bool, bool, bool)> {
    let width = prop_oneof![Just(0), 0..MINUTE, 0..3 * HOUR, 0..60 * DAY];
    let last = prop_oneof![3 => Just(None), 1 => (1..5000_usize).prop_map(Some)];
    (0..8_usize, -HOUR..HOUR, width, 0..3_usize, last, any::<bool>(), any::<bool>(), any::<bool>())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: cases(12), max_shrink_iters: 200, ..ProptestConfig::default() })]

    #[test]
    fn the_index_answers_as_the_fold_does(
        stretches in proptest::collection::vec(stretch(), 1..7),
        start in 1_600_000_000 * SECOND..1_900_000_000 * SECOND,
        cuts in proptest::collection::vec(0..1000_usize, 0..4),
        questions in proptest::collection::vec(asked(), 1..4),
        stored in any::<bool>(), built in any::<bool>(),
    ) {
        let (text, moments) = write(&stretches, start);
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("a.log");
        let keep = if stored { Keep::Directory(directory.path().join("kept")) } else { Keep::Nowhere };
        let options = Options { stored_from: 0, ..Options::new(keep.clone()) };
        let mut sizes: Vec<usize> = cuts.iter().map(|share| text.len() * share / 1000).collect();
        sizes.sort_unstable();
        sizes.push(text.len());
        let mut file = std::fs::File::create(&path).unwrap();
        let mut written = 0;
        for size in sizes {
            file.write_all(&text[written..size]).unwrap();
            written = size;
            if built {
                let source = Arc::new(Source::open(&path).unwrap());
                Index::of(&source, size as u64, options.clone(), &mut || Ok(())).unwrap();
            }
            let modified = modified(&file);
            for (near, shift, width, zone, last, times, given, left_early) in &questions {
                let skew = [0, 0, 2_400_000_000, -3 * HOUR][near % 4];
                let since = moments[near % moments.len()] + shift + skew;
                let asked = Request {
                    zone: ["UTC", "Europe/Berlin", "America/St_Johns"][*zone],
                    reference: given.then(|| moments[near % moments.len()] + 40 * DAY),
                    skew,
                    window: Window { since: Some(since), until: Some(since + width) },
                    last: *last,
                    times: *times,
                    left_early: *left_early,
                };
                let twin = asked.twin(&text[..size], modified);
                let ours = asked.answer(&path, &keep);
                prop_assert_eq!(ours.len(), twin.len(), "lines of {:?}", asked);
                for ((line, number), (expected, expected_number)) in ours.iter().zip(&twin) {
                    prop_assert_eq!(line, expected);
                    prop_assert!(number.is_none_or(|n| n == *expected_number) && (!times || number.is_some()));
                }
            }
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: cases(12), max_shrink_iters: 200, ..ProptestConfig::default() })]

    #[test]
    fn blocks_timed_apart_have_the_times_of_the_whole(
        stretches in proptest::collection::vec(stretch(), 1..5),
        start in 1_600_000_000 * SECOND..1_900_000_000 * SECOND,
        last in prop_oneof![2 => Just(None), 1 => (1..5000_usize).prop_map(Some)],
        share in prop_oneof![Just(None), (0..100_usize).prop_map(Some)],
        stored in any::<bool>(),
    ) {
        let (text, _) = write(&stretches, start);
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("a.log");
        std::fs::write(&path, &text).unwrap();
        let keep = if stored { Keep::Directory(directory.path().join("kept")) } else { Keep::Nowhere };
        let (zone, window) = ("Europe/Berlin", Window::default());
        let last = last.filter(|_| share.is_none());
        let asked = Request { zone, reference: None, skew: 0, window, last, times: true, left_early: false };
        // A line start somewhere in the file.
        let before = share.map_or(u64::MAX, |share| {
            let at = text.len() * share / 100;
            text[..at].iter().rposition(|b| *b == b'\n').map_or(0, |n| n as u64 + 1)
        });
        let (expected, sureness, none) = asked.timed(&path, &keep, 0..before, false);
        let (lines, by_parts, [left, kept]) = asked.timed(&path, &keep, 0..before, true);
        prop_assert_eq!(none[0], 0);
        prop_assert!(kept == 0 || sureness.own + sureness.inherited == 0, "{left} and {kept}");
        prop_assert_eq!(&lines, &expected);
        // What is before a place and what is behind it are all there is.
        if share.is_some() {
            let (all, ..) = asked.timed(&path, &keep, 0..u64::MAX, false);
            let (rest, ..) = asked.timed(&path, &keep, before..u64::MAX, true);
            prop_assert_eq!([lines, rest].concat(), all);
        }
        // Steps back are counted among the lines that are looked at, and apart nobody looks behind the end.
        let looked = |of: Sureness| match share {
            None => of,
            Some(_) => Sureness { steps_back: 0, largest_step_back: 0, ..of },
        };
        prop_assert_eq!(looked(by_parts), looked(sureness));
    }
}

#[test]
fn an_index_grown_in_pieces_is_that_of_the_whole() {
    let stretches: Vec<LogSection> = (0..24)
        .map(|n| LogSection {
            lines: 3000,
            step: SECOND / 10,
            jump: [0, -90 * SECOND, -HOUR, DAY][n % 4],
            kind: n % 6,
            writers: 3,
            stamped: [1, 40][n % 2],
            width: 90,
            oddity: n % 9,
        })
        .collect();
    let (text, _) = write(&stretches, 1_795_330_032 * SECOND);
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("a.log");
    let (grown, whole) = (directory.path().join("grown"), directory.path().join("whole"));
    let pieces = |keep: &Path| {
        let source = Arc::new(Source::open(&path).unwrap());
        let options = Options { stored_from: 0, ..Options::new(Keep::Directory(keep.to_path_buf())) };
        let size = source.size().unwrap();
        let mut index = Index::of(&source, size, options, &mut || Ok(())).unwrap();
        let mut clock = index.clock(TimeZone::UTC, Reference::Mtime(0));
        let pieces = index.plan(&source, Window::default(), &mut clock, &mut || Ok(())).unwrap();
        (pieces, index.lines(), index.built_from())
    };
    let mut file = std::fs::File::create(&path).unwrap();
    let mut built_from = Vec::new();
    for piece in text.chunks(700_001) {
        file.write_all(piece).unwrap();
        built_from.push(pieces(&grown).2);
    }
    let (by_pieces, by_whole) = (pieces(&grown), pieces(&whole));
    assert_eq!(by_pieces.0, by_whole.0);
    assert_eq!(by_pieces.1, by_whole.1);
    assert!(
        built_from.windows(2).filter(|w| w[1] > w[0]).count() > 3,
        "it was never appended to: {built_from:?}"
    );
}
