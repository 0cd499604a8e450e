//! The proof: for any log, any record of it and any range, the answer is the twin's, line for line and moment for moment.

use std::path::Path;

use jiff::Timestamp;
use jiff::tz::TimeZone;
use proptest::prelude::*;

use crate::arrival::{LOGS, SLOT, Session, Totals, path as record_of};
use crate::query::{Query, Question};
use crate::stamp::civil::SECOND;
use crate::stamp::{Clock, Fold, How, Prefix, Span, Stamp, Window, find};
use crate::testing::{Nobody, cases};
use crate::timing::TimeTerms;

const START: i64 = 1_795_330_032 * SECOND;
/// The recorder's wall clock is in another zone than the log's, as it were.
const SESSION: Session = Session { id: 7, wall: START + 3600 * SECOND };

/// A line to be written.
#[derive(Clone, Debug)]
struct Written {
    /// Seconds since the last stamp, if it has one.
    stamp: Option<i64>,
    writer: usize,
    width: usize,
    /// Milliseconds since the last line.
    gap: u64,
    /// By how much the wall clock is set then, in nanoseconds.
    set: i64,
}

fn lines(stamped: impl Strategy<Value = Option<i64>>) -> impl Strategy<Value = Vec<Written>> {
    let gap = prop_oneof![4 => Just(0), 4 => 0..990_u64, 2 => 990..1010_u64, 3 => 1000..100_000_u64];
    let set = prop_oneof![30 => Just(0), 1 => -100 * SECOND..100 * SECOND];
    let width = prop_oneof![3 => 0..100_usize, 2 => 0..90_000_usize];
    let line = (stamped, 0..4_usize, width, gap, set);
    let line = line.prop_map(|(stamp, writer, width, gap, set)| Written { stamp, writer, width, gap, set });
    proptest::collection::vec(line, 1..120)
}

/// A log and when its lines came; `None` for those after the end of the record.
struct Log {
    lines: Vec<String>,
    came: Vec<Option<(u64, i64)>>,
    end: i64,
}

/// Writes a log and a record of its first `recorded` lines.
fn write(written: &[Written], recorded: usize, directory: &Path) -> Log {
    let mut log = Log { lines: Vec::new(), came: Vec::new(), end: SESSION.wall };
    let (mut state, mut notes, mut now, mut tick, mut size, mut wall) =
        (Totals::default(), Vec::new(), START, 5, 0, 0);
    for (n, one) in written.iter().enumerate() {
        let prefix = ["", "[rank0]: ", "[rank1]: ", "3: "][one.writer];
        let stamp = one.stamp.map_or(String::new(), |step| {
            now += step * SECOND;
            Timestamp::from_nanosecond(now.into()).unwrap().strftime("%Y-%m-%d %H:%M:%S INFO ").to_string()
        });
        let line = format!("{prefix}{stamp}{}\n", ".".repeat(one.width));
        (tick, size, wall) = (tick + one.gap, size + line.len() as u64, wall + one.set);
        log.lines.push(line);
        if n >= recorded {
            log.came.push(None);
            continue;
        }
        if one.set != 0 {
            state.set_clock(tick, wall, &mut notes);
        }
        state.note(tick, [size, 0], &mut notes);
        log.end = state.wall(SESSION);
        log.came.push(Some((tick, log.end)));
    }
    let record = record_of(directory);
    std::fs::create_dir_all(record.parent().unwrap()).unwrap();
    std::fs::write(&record, [&SESSION.header()[..], &[0; SLOT], &notes].concat()).unwrap();
    std::fs::write(directory.join(LOGS[0]), log.lines.concat()).unwrap();
    log
}

type Answer = Vec<(String, Option<Span>, &'static str)>;

fn name(how: Option<How>) -> &'static str {
    match how {
        None => "arrival",
        Some(How::Own) => "own",
        Some(How::Inherited | How::Ahead) => "inherited",
        Some(How::Untimed) => "untimed",
    }
}

/// Every line with its time, by looking back from each over all the others.
fn twin(log: &Log) -> Answer {
    let mut ahead = Fold::new();
    for line in &log.lines {
        ahead.push(line.as_bytes());
    }
    let (mut fold, mut clock) = (Fold::starting(ahead.first()), Clock::new(TimeZone::UTC));
    let mut before: Vec<(Prefix, Option<(u64, i64)>)> = Vec::new();
    let (mut answer, recorded) = (Vec::new(), log.came.first().copied().flatten().is_some());
    for (line, came) in log.lines.iter().zip(&log.came) {
        let (timed, prefix) = (fold.push(line.as_bytes()), find(line.as_bytes()).prefix);
        let tick = |wall: i64| Span { lo: wall, hi: wall + 999_999 };
        let mut add = |span, how| answer.push((line.clone(), span, how));
        let of = |stamp: Stamp, clock: &mut Clock| Some(clock.span(stamp));
        match (timed.how, timed.stamp) {
            (How::Own, Some(stamp)) => {
                before.push((prefix, *came));
                add(of(stamp, &mut clock), "own");
            }
            (_, Some(stamp)) => {
                let same = before.iter().rev().find(|(one, _)| prefix != Prefix::NONE && *one == prefix);
                let origin = same.or(before.last()).and_then(|(_, came)| *came);
                let late = origin.zip(*came).map_or(0, |(origin, came)| came.0 - origin.0);
                let late = if late > 1000 { i64::try_from(late).unwrap() * 1_000_000 } else { 0 };
                let span = of(stamp, &mut clock).map(|span| Span { lo: span.lo + late, hi: span.hi + late });
                add(span, if late > 0 { "arrival" } else { "inherited" });
            }
            (_, None) if !recorded => add(None, "untimed"),
            (_, None) => match came {
                Some((_, wall)) => add(Some(tick(*wall)), "arrival"),
                None => add(Some(tick(log.end)), "inherited"),
            },
        }
    }
    answer
}

fn asked(directory: &Path, window: Window, last: Option<usize>) -> Question {
    let time = Some(TimeTerms::within(window));
    Question { last, workers: 2, time, ..Question::about(&directory.join(LOGS[0])) }
}

fn answer(question: Question) -> Answer {
    let (mut query, mut answer) = (Query::new(question), Vec::new());
    while let Some(batch) = query.next(&mut Nobody).unwrap() {
        assert_eq!(batch.times.len() as u64, batch.len(), "every line is timed");
        for (line, time) in batch.lines().zip(&batch.times) {
            let text = String::from_utf8(line.of(batch.block.bytes()).to_vec()).unwrap();
            answer.push((text, time.span, name(time.how)));
        }
    }
    answer
}

/// Asks for all lines, and for a range that begins near line `near` and lasts for `width`.
fn check(written: &[Written], recorded: usize, (near, shift, width): (usize, i64, i64), last: Option<usize>) {
    let directory = tempfile::tempdir().unwrap();
    let log = write(written, recorded, directory.path());
    let all = twin(&log);
    assert_eq!(answer(asked(directory.path(), Window::default(), None)), all);
    let near = all[near % all.len()].1.map_or(START, |span| span.lo) + shift;
    for (since, until) in [(Some(near), Some(near + width)), (Some(near), None), (None, Some(near))] {
        let window = Window { since, until };
        let mut expected = all.clone();
        expected.retain(|(_, span, _)| span.is_none_or(|span| window.meets(span)));
        let skipped = last.map_or(0, |last| expected.len().saturating_sub(last));
        assert_eq!(answer(asked(directory.path(), window, last)), expected.split_off(skipped));
    }
    let terms = asked(directory.path(), Window::default(), None).time.unwrap();
    let span = Query::span(&directory.path().join(LOGS[0]), terms, &mut Nobody).unwrap();
    let times = || all.iter().filter_map(|(_, span, _)| *span);
    assert_eq!(span.map(|span| span.lo), times().map(|span| span.lo).min());
    assert_eq!(span.map(|span| span.hi), times().map(|span| span.lo).max());
}

fn range() -> impl Strategy<Value = (usize, i64, i64)> {
    (0..1000_usize, -5 * SECOND..5 * SECOND, prop_oneof![Just(0), 0..SECOND, 0..300 * SECOND])
}

proptest! {
    #![proptest_config(ProptestConfig {
        cases: cases(40), max_shrink_iters: 300, ..ProptestConfig::default()
    })]

    #[test]
    fn a_log_with_some_stamps_answers_as_the_twin(
        written in lines(prop_oneof![3 => Just(None), 2 => (-3..40_i64).prop_map(Some)]),
        recorded in prop_oneof![Just(1000_usize), 0..120_usize],
        range in range(),
        last in prop_oneof![Just(None), (1..20_usize).prop_map(Some)],
    ) {
        check(&written, recorded, range, last);
    }

    #[test]
    fn a_log_without_stamps_answers_as_the_twin(
        written in lines(Just(None)),
        recorded in prop_oneof![Just(1000_usize), 1..120_usize],
        range in range(),
        last in prop_oneof![Just(None), (1..20_usize).prop_map(Some)],
    ) {
        check(&written, recorded, range, last);
    }
}
