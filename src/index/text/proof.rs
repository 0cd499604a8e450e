//! The proof: no block is left out in which a line is selected; and whatever happens to the files, it stays so.

use std::io::Write;
use std::os::unix::fs::FileExt;
use std::path::PathBuf;
use std::sync::Arc;

use proptest::prelude::*;
use proptest::test_runner::TestRunner;
use regex_automata::meta::Regex;

use super::counters::Counts;
use super::rows::Tile;
use super::segment::{Matrix, Segment};
use super::{TextIndex, build, may_select, wish};
use crate::error::Error;
use crate::file::block::{BLOCK, Extent};
use crate::file::source::Source;
use crate::index::pages::PAGE;
use crate::index::{Index, Keep, Options, prune};
use crate::pattern::{Pattern, Translation};
use crate::testing::cases;

/// A part of a pattern: for lines of ASCII, and for any lines.
type Part = (String, String);

fn any_case(word: &str) -> Part {
    let of_ascii = |c: char| format!("[{}{}]", c.to_ascii_lowercase(), c.to_ascii_uppercase());
    (word.chars().map(of_ascii).collect(), format!("(?i:{word})"))
}

fn same(part: &str) -> Part {
    (part.to_owned(), part.to_owned())
}

const WORDS: [&str; 10] =
    ["kernel", "Skipped", "loss", "CUDA", "err", "a", "mask", "istanbul", "e29b-41d4-a716", "10.23.4.5"];

fn part() -> impl Strategy<Value = Part> {
    let leaf = prop_oneof![
        3 => proptest::sample::select(WORDS.to_vec()).prop_map(same),
        2 => proptest::sample::select(WORDS[..8].to_vec()).prop_map(any_case),
        2 => proptest::sample::select(vec![
            " ", "=", "[0-9]+", "[0-9]{2}", ".*", ".", "[a-f]", "[^ ]", r"\b", "^", "é", "s?", "[sſ]", "[7-9]x",
            "550e8400-e29b-41d4-a716-446655440000", "step=[0-9]+ ", "step=412", "step=41[12]00", "(?:step|iter)=7",
            "step: 4", "\u{212A}", "\\.4\\.5:",
        ]).prop_map(same),
    ];
    leaf.prop_recursive(3, 12, 4, |inner| {
        let both = |parts: Vec<Part>, with: &str| {
            let join = |of: fn(&Part) -> &String| parts.iter().map(of).cloned().collect::<Vec<_>>().join(with);
            (format!("(?:{})", join(|p| &p.0)), format!("(?:{})", join(|p| &p.1)))
        };
        prop_oneof![
            3 => proptest::collection::vec(inner.clone(), 1..4).prop_map(move |parts| both(parts, "")),
            2 => proptest::collection::vec(inner.clone(), 1..4).prop_map(move |parts| both(parts, "|")),
            1 => (inner, proptest::sample::select(vec!["?", "+", "{2}", "{1,3}", "*"]))
                .prop_map(|(part, times)| (format!("(?:{}){times}", part.0), format!("(?:{}){times}", part.1))),
        ]
    })
}

fn pattern((ascii, text): &Part) -> Pattern {
    let of = |program: &str| Translation {
        ended: Some(program.to_owned()),
        bare: Some(program.to_owned()),
        every: false,
        exact: true,
    };
    Pattern::new(&of(ascii), &Translation { exact: ascii == text, ..of(text) })
}

/// Whether a line is selected, by the naive twin: the program for its kind of text, run on it alone.
fn is_selected(line: &[u8], (ascii, text): &Part) -> bool {
    let decoded = String::from_utf8_lossy(line);
    let program = Regex::new(if line.is_ascii() { ascii } else { text }).unwrap();
    program.is_match(decoded.trim_end_matches('\n'))
}

/// A line in which the words of patterns stand, whole and in parts, in any case.
fn line() -> impl Strategy<Value = Vec<u8>> {
    let word = prop_oneof![
        4 => proptest::sample::select(WORDS.to_vec()).prop_map(|w| w.as_bytes().to_vec()),
        1 => proptest::sample::select(WORDS.to_vec()).prop_map(|w| w.to_uppercase().into_bytes()),
        1 => proptest::sample::select(vec!["\u{212A}ernel", "Ma\u{17F}k", "é", "step=41200 ", "step=4120", "STEP: 41", "iter=7 ", "step=39", "550e8400-e29b-41d4-a716-446655440000"])
            .prop_map(|w| w.as_bytes().to_vec()),
        1 => proptest::sample::select(b" =:x7\xff\xc3.".to_vec()).prop_map(|b| vec![b]),
    ];
    proptest::collection::vec(word, 0..7).prop_map(|words| [words.concat(), b"\n".to_vec()].concat())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(cases(4000)))]

    #[test]
    fn a_block_with_a_selected_line_is_never_left_out(
        lines in proptest::collection::vec(line(), 1..6), part in part(),
    ) {
        let (text, pattern) = (lines.concat(), pattern(&part));
        let selected = lines.iter().any(|line| is_selected(line, &part));
        prop_assert!(
            !selected || may_select(&pattern, &text),
            "{part:?} selects of {:?}", String::from_utf8_lossy(&text)
        );
    }
}

/// A log of some tiles, and the index of its text.
struct Kept {
    directory: tempfile::TempDir,
    log: PathBuf,
    /// Where the needle stands in it.
    needles: Vec<u64>,
}

const NEEDLE: &str = "needle-gamma \u{e9}";

impl Kept {
    fn new(blocks: usize) -> Self {
        let directory = tempfile::tempdir().unwrap();
        let log = directory.path().join("a.log");
        let mut kept = Self { directory, log, needles: Vec::new() };
        kept.append(0..blocks);
        kept.build();
        kept
    }

    fn append(&mut self, blocks: std::ops::Range<usize>) {
        let mut file = std::fs::OpenOptions::new().append(true).create(true).open(&self.log).unwrap();
        // A block is one line: so long that the next does not fit beside it, and with little to look at.
        let filler = "_".repeat(BLOCK * 5 / 8);
        for block in blocks {
            let needle = if block % 61 == 17 { NEEDLE } else { "" };
            writeln!(file, "step={block} {needle} word{} {filler}", block % 7).unwrap();
        }
        let text = std::fs::read(&self.log).unwrap();
        self.needles = memchr::memmem::find_iter(&text, NEEDLE.as_bytes()).map(|at| at as u64).collect();
    }

    fn keep(&self) -> Keep {
        Keep::Directory(self.directory.path().join("kept"))
    }

    fn build(&self) -> super::Built {
        build(&self.source(), &self.keep(), 2, &mut |_| {}, &mut || Ok(())).unwrap()
    }

    fn source(&self) -> Arc<Source> {
        Arc::new(Source::open(&self.log).unwrap())
    }

    fn stored(&self) -> Vec<PathBuf> {
        let Keep::Directory(path) = self.keep() else { unreachable!() };
        let mut all: Vec<_> = std::fs::read_dir(path).unwrap().map(|entry| entry.unwrap().path()).collect();
        all.sort();
        all
    }

    /// What the first segment says.
    fn content(&self) -> (Vec<u64>, Vec<Counts>, Vec<Tile>) {
        let segments =
            self.stored().into_iter().filter_map(|path| Segment::open(std::fs::File::open(path).ok()?));
        let matrix = Matrix::of(&segments.min_by_key(|segment| segment.start).unwrap()).unwrap();
        (matrix.ends, matrix.counts, matrix.tiles)
    }

    /// How much of the log the index has a search for the needle skip; it must not be what has the needle.
    fn skipped(&self) -> u64 {
        let source = self.source();
        let text = TextIndex::load(&self.keep(), &source, &source.metadata().unwrap());
        let size = source.size().unwrap();
        let Some(places) = text.places(&pattern(&same(NEEDLE)), size) else { return 0 };
        let extents = &places.extents;
        assert!(extents.is_sorted_by(|a, b| a.end < b.start) && extents.iter().all(|e| e.end <= size));
        assert_eq!(places.skipped + extents.iter().map(Extent::len).sum::<u64>(), size);
        for at in &self.needles {
            let is_read = places.meet(Extent { start: *at, end: at + 1 });
            assert!(is_read, "the needle at {at} is left out: {places:?}");
        }
        places.skipped
    }
}

#[test]
fn a_damaged_index_never_leaves_a_line_out() {
    let kept = Kept::new(150);
    let sound = kept.skipped();
    assert!(sound > 120 * (BLOCK / 2) as u64, "{sound}");
    let path = kept.stored().pop().unwrap();
    let whole = std::fs::read(&path).unwrap();
    let file = std::fs::OpenOptions::new().read(true).write(true).open(&path).unwrap();
    let mut runner = TestRunner::new(ProptestConfig::with_cases(cases(10_000)));
    // Most of what matters stands at the beginning and the end.
    let len = whole.len();
    let place = prop_oneof![0..2 * PAGE, len - 2 * PAGE..len, 0..len];
    runner
        .run(&(place, 1..=255_u8, 0..20_u8), |(at, flip, how)| {
            if how == 0 {
                std::fs::write(&path, &whole[..at]).unwrap();
            } else {
                file.write_all_at(&[whole[at] ^ flip], at as u64).unwrap();
            }
            prop_assert!(kept.skipped() <= sound);
            if how == 0 {
                std::fs::write(&path, &whole).unwrap();
            } else {
                file.write_all_at(&whole[at..=at], at as u64).unwrap();
            }
            Ok(())
        })
        .unwrap();
    assert_eq!(kept.skipped(), sound, "it is whole again");
}

#[test]
fn an_index_of_another_log_is_not_believed() {
    let (kept, other) = (Kept::new(150), Kept::new(140));
    std::fs::copy(&other.stored()[0], &kept.stored()[0]).unwrap();
    assert_eq!(kept.skipped(), 0);
}

#[test]
fn a_log_that_was_written_anew_is_not_the_one_that_was_indexed() {
    let mut kept = Kept::new(150);
    let size = std::fs::metadata(&kept.log).unwrap().len();
    std::fs::write(&kept.log, "").unwrap();
    kept.append(17..167);
    let file = std::fs::OpenOptions::new().write(true).open(&kept.log).unwrap();
    file.set_len(size).unwrap();
    assert_eq!(kept.skipped(), 0);
    assert!(kept.build().read > 0 && kept.skipped() > 0);
}

#[test]
fn building_goes_on_from_what_is_stored() {
    let mut kept = Kept::new(150);
    let first = kept.build();
    assert_eq!(first.read, 0, "there is nothing to add");
    kept.append(150..400);
    assert!(kept.skipped() > 0, "grown, it is the same log");
    let added = kept.build();
    assert!(added.read > 0 && added.covered == first.covered + added.read);
    let appended = kept.content();
    std::fs::remove_file(&kept.stored()[0]).unwrap();
    assert!(kept.build().read > added.read);
    assert!(appended == kept.content(), "as if it had been built at once");
    assert!(kept.skipped() > 0);
}

#[test]
fn what_is_taken_along_with_the_times_is_what_is_built_alone() {
    let kept = Kept::new(150);
    let (alone, skipped) = (kept.content(), kept.skipped());
    let stored = kept.stored();
    let options = Options { text: true, threads: 2, ..Options::new(kept.keep()) };
    let index = |options: &Options| {
        let source = kept.source();
        let size = source.size().unwrap();
        let mut index = Index::begin(&source, size, options.clone(), &mut || Ok(())).unwrap();
        let takes_text = index.takes_text_along();
        index.complete(&mut || Ok(())).unwrap();
        takes_text
    };
    assert!(!index(&options), "it is there");
    kept.stored().iter().for_each(|path| std::fs::remove_file(path).unwrap());
    assert!(!index(&Options { text: false, ..options.clone() }), "it is not wanted");
    assert_eq!(kept.skipped(), 0);
    assert!(!index(&options), "the times are there");
    kept.stored().iter().for_each(|path| std::fs::remove_file(path).unwrap());
    assert!(index(&options));
    assert!(kept.stored().contains(&stored[0]) && kept.stored().len() == 2);
    assert!(alone == kept.content());
    assert_eq!((kept.build().read, kept.skipped()), (0, skipped));
}

#[test]
fn an_index_is_pruned_with_its_log() {
    let kept = Kept::new(140);
    let Keep::Directory(place) = kept.keep() else { unreachable!() };
    assert_eq!(prune(Some(place.clone())).unwrap().files, 0, "it is in use");
    std::fs::remove_file(&kept.log).unwrap();
    assert_eq!(prune(Some(place)).unwrap().files, 1);
}

#[test]
fn one_who_is_stopped_leaves_what_was_there() {
    let mut kept = Kept::new(150);
    let before = kept.skipped();
    kept.append(150..420);
    let mut calls = 0;
    let mut tick = || {
        calls += 1;
        if calls > 1 { Err(Error::Interrupted) } else { Ok(()) }
    };
    let stopped = build(&kept.source(), &kept.keep(), 1, &mut |_| {}, &mut tick);
    assert!(matches!(stopped, Err(Error::Interrupted)));
    assert_eq!(kept.stored().len(), 1);
    assert_eq!(kept.skipped(), before);
}

#[test]
fn the_second_wish_has_an_index_built() {
    let kept = Kept::new(140);
    std::fs::remove_file(&kept.stored()[0]).unwrap();
    assert!(wish(&kept.keep(), &kept.source()).is_none(), "the first is noted");
    assert_eq!(kept.skipped(), 0);
    wish(&kept.keep(), &kept.source()).unwrap().join().unwrap();
    assert!(kept.skipped() > 0);
    assert!(wish(&Keep::Nowhere, &kept.source()).is_none());
}
