//! A log that is written anew, with the same banner, while what was there when its follow began is still being read.

use std::path::Path;

use super::{Query, Question};
use crate::follow::Turn;
use crate::stamp::Window;
use crate::testing::Nobody;
use crate::timing::TimeTerms;

/// More than one look can see: several blocks, each of several runs.
const LINES: usize = 40_000;

fn text(life: &str, lines: usize) -> Vec<u8> {
    let banner = format!("settings {}\n", "-".repeat(2_000));
    let lines = (0..lines).map(|number| format!("2026-11-22 02:10:00 {life} line {number} of many more\n"));
    std::iter::once(banner).chain(lines).collect::<String>().into_bytes()
}

fn followed(path: &Path, window: Window, workers: usize) -> Question {
    let time = Some(TimeTerms::within(window));
    Question { follow: true, workers, time, ..Question::about(path) }
}

/// All lines that come until nothing does, where the log becomes `anew` after `batches` batches were taken.
fn lines(question: Question, batches: usize, anew: &[u8]) -> Vec<Vec<u8>> {
    let path = question.path.clone();
    let (mut query, mut lines, mut taken) = (Query::new(question), Vec::new(), 0);
    while let Turn::Batch(batch) = query.poll(&mut Nobody).unwrap() {
        let bytes = batch.block.bytes();
        lines.extend(batch.lines().map(|line| line.of(bytes).to_vec()));
        taken += 1;
        if taken == batches {
            std::fs::write(&path, anew).unwrap();
        }
        query.recycle(batch);
    }
    assert!(taken >= batches, "the log was read before it was written anew");
    lines
}

fn split(text: &[u8]) -> Vec<Vec<u8>> {
    text.split_inclusive(|&byte| byte == b'\n').map(<[u8]>::to_vec).collect()
}

#[test]
fn nothing_is_torn_and_nothing_of_the_new_is_lost() {
    let old = text("old", LINES);
    let since = Window { since: Some(0), ..Window::default() };
    for window in [Window::default(), since] {
        for workers in [0, 2] {
            for batches in [1, 5] {
                for count in [LINES / 8, LINES + LINES / 2] {
                    let directory = tempfile::tempdir().unwrap();
                    let path = directory.path().join("app.log");
                    std::fs::write(&path, &old).unwrap();
                    let anew = text("anewed", count);
                    let came = lines(followed(&path, window, workers), batches, &anew);
                    let (old, new) = (split(&old), split(&anew));
                    let seen = came.iter().zip(&old).take_while(|(a, b)| a == b).count();
                    let at = format!("{window:?}, {workers} workers, {batches} batches, {count} lines");
                    assert!(seen > 0, "{at}: nothing came of what was there");
                    // The banner is the same, so it need not come again.
                    let rest = &came[seen..];
                    assert!(rest == new || *rest == new[1..], "{at}: after {seen} came {:?}", rest.first());
                }
            }
        }
    }
}
