//! Stored indexes that nobody wrote: whatever stands in the file, nothing panics, and damage never changes an answer.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use jiff::tz::TimeZone;
use proptest::prelude::*;

use crate::file::block::Block;
use crate::file::source::Source;
use crate::line;
use crate::stamp::{self, Fold, Reference, Span, Window};
use crate::step::{self, StepRange, Steps};
use crate::testing::cases;

use super::pages::{CONTENT, PAGE, PageWriter};
use super::store::Section;
use super::{Asked, Index, Keep, Options, prune};

struct Kept {
    directory: tempfile::TempDir,
    log: PathBuf,
}

impl Kept {
    fn new() -> Self {
        Self::below(Path::new(""))
    }

    /// Of a log in the directory `below` a temporary one: its path is in the index, and moves what stands behind that.
    fn below(below: &Path) -> Self {
        let directory = tempfile::tempdir().unwrap();
        let folder = directory.path().join(below);
        std::fs::create_dir_all(&folder).unwrap();
        let log = folder.join("a.log");
        let line = |n: usize| match n % 7 {
            0 => {
                format!("[rank{}]: INFO 11-{:02} 06:47:12 {}\n", n % 9, n / 600 % 28 + 1, "x".repeat(n % 90))
            }
            1 => format!("[rank{}]: step={} {}\n", n % 9, n / 40, "no stamp ".repeat(n % 20)),
            2 => format!("[rank{}]: {}\n", n % 9, "no stamp ".repeat(n % 20)),
            _ => format!(
                "2026-11-{:02} 06:{:02}:12,123 INFO {}\n",
                n / 600 % 28 + 1,
                n / 25 % 60,
                "y".repeat(n % 120)
            ),
        };
        std::fs::write(&log, (0..12_000).map(line).collect::<String>()).unwrap();
        let kept = Self { directory, log };
        kept.index();
        kept
    }

    fn place(&self) -> PathBuf {
        self.directory.path().join("kept")
    }

    fn index(&self) -> Index {
        let options = Options { stored_from: 0, steps: true, ..Options::new(Keep::Directory(self.place())) };
        let source = Arc::new(Source::open(&self.log).unwrap());
        Index::of(&source, source.size().unwrap(), options, &mut || Ok(())).unwrap()
    }

    fn stored(&self) -> PathBuf {
        std::fs::read_dir(self.place()).unwrap().next().unwrap().unwrap().path()
    }

    /// How many lines a range has, by the stored index.
    fn answer(&self, window: Window) -> (usize, Option<Span>) {
        let source = Arc::new(Source::open(&self.log).unwrap());
        let mut index = self.index();
        let mut clock =
            index.clock(TimeZone::get("Europe/Berlin").unwrap(), Reference::Mtime(1_800_000_000_000_000_000));
        let pieces = index.plan(&source, window, &mut clock, &mut || Ok(())).unwrap();
        let span = index.span(&source, &mut clock, &mut || Ok(())).unwrap();
        let mut found = 0;
        for piece in pieces {
            let mut block = Block::default();
            block.read(&source, piece.entry.extent).unwrap();
            let mut fold = Fold::resuming(&piece.entry.inbound, index.first()).electing(index.elected());
            for line in line::lines(block.bytes()) {
                let stamp = fold.push(line.of(block.bytes())).stamp;
                let meets = stamp.is_some_and(|stamp| window.meets(clock.span(stamp)));
                found += usize::from(meets || piece.asked == Asked::All);
            }
        }
        (found, span)
    }

    /// How many lines have steps in a range, by the stored index.
    fn stepped(&self, range: StepRange) -> usize {
        let source = Arc::new(Source::open(&self.log).unwrap());
        let mut index = self.index();
        let mut clock = index.clock(TimeZone::UTC, Reference::Mtime(1_800_000_000_000_000_000));
        let window = Window::default();
        let pieces = index.plan_steps(&source, window, Some(range), &mut clock, &mut || Ok(())).unwrap();
        let first = index.steps().and_then(Steps::first);
        let mut found = 0;
        for piece in pieces {
            let mut block = Block::default();
            block.read(&source, piece.entry.extent).unwrap();
            let (mut steps, mut finder) = (Steps::starting(first), stamp::Finder::default());
            steps.enter(piece.entry.steps.as_ref().unwrap());
            for line in line::lines(block.bytes()) {
                let line = line.of(block.bytes());
                let step = steps.take(step::StepFinder::default().find(line), finder.find(line).prefix);
                found += usize::from(step.is_some_and(|step| (range.least..=range.greatest).contains(&step)));
            }
        }
        found
    }
}

const STEPS: StepRange = StepRange { least: 20, greatest: 40, ahead: false };
const WINDOW: Window =
    Window { since: Some(1_794_000_000_000_000_000), until: Some(1_795_000_000_000_000_000) };

/// The pages of `stored` with `changes` made to their content and, unless they are to be seen as damaged, sealed anew.
fn changed(stored: &[u8], changes: &[(usize, u8)], sealed: bool) -> Vec<u8> {
    if !sealed {
        let mut pages = stored.to_vec();
        for (at, byte) in changes {
            pages[at % stored.len()] ^= byte;
        }
        return pages;
    }
    let mut content: Vec<u8> = stored.chunks(PAGE).flat_map(|page| page[..CONTENT].to_vec()).collect();
    for (at, byte) in changes {
        let at = at % content.len();
        content[at] ^= byte;
    }
    let mut writer = PageWriter::new(Vec::new());
    writer.write(&content).unwrap();
    writer.finish().unwrap()
}

fn forge(path: &Path, bytes: &[u8]) {
    std::fs::write(path, bytes).unwrap();
}

#[test]
fn a_damaged_index_never_changes_an_answer() {
    let kept = Kept::new();
    let truth = (kept.answer(WINDOW), kept.stepped(STEPS));
    assert!(truth.0.0 > 500 && truth.0.1.is_some() && truth.1 > 500);
    let whole = std::fs::read(kept.stored()).unwrap();
    let mut runner = proptest::test_runner::TestRunner::new(ProptestConfig::with_cases(cases(24)));
    let change = (any::<usize>(), 1..=255_u8);
    let strategy = (proptest::collection::vec(change, 1..4), 0..whole.len(), any::<bool>());
    let run = runner.run(&strategy, |(changes, cut, truncated)| {
        let bytes = if truncated { whole[..cut].to_vec() } else { changed(&whole, &changes, false) };
        forge(&kept.stored(), &bytes);
        prop_assert_eq!((kept.answer(WINDOW), kept.stepped(STEPS)), truth);
        Ok(())
    });
    run.unwrap();
}

#[test]
fn a_damaged_page_changes_no_span() {
    // The nodes have to stand on a page of their own, for what is behind them is read when the index is opened.
    let apart = (0..PAGE).step_by(50).map(|more| {
        let below: PathBuf = (0..more / 50).map(|_| "d".repeat(49)).collect();
        let kept = Kept::below(&below);
        let source = Source::open(&kept.log).unwrap();
        let store = Keep::Directory(kept.place()).load(&source, None).unwrap();
        let page = |section| store.section(section).map(|place| place.start as usize / CONTENT);
        (page(Section::Nodes), page(Section::State), kept)
    });
    let (nodes, _, kept) = apart.into_iter().find(|(nodes, state, _)| nodes < state).unwrap();
    let truth = kept.answer(WINDOW);
    let mut damaged = std::fs::read(kept.stored()).unwrap();
    damaged[nodes.unwrap() * PAGE] ^= 1;
    forge(&kept.stored(), &damaged);
    let source = Arc::new(Source::open(&kept.log).unwrap());
    let mut index = kept.index();
    let mut clock =
        index.clock(TimeZone::get("Europe/Berlin").unwrap(), Reference::Mtime(1_800_000_000_000_000_000));
    assert_eq!(index.span(&source, &mut clock, &mut || Ok(())).unwrap(), truth.1);
}

#[test]
fn a_forged_index_crashes_nothing() {
    let kept = Kept::new();
    let whole = std::fs::read(kept.stored()).unwrap();
    let mut runner = proptest::test_runner::TestRunner::new(ProptestConfig::with_cases(cases(60)));
    // Most of the fields that matter stand at the beginning.
    let place = prop_oneof![0..200_usize, CONTENT..CONTENT + 400, any::<usize>()];
    let change = (place, prop_oneof![Just(0x80_u8), Just(0xff), 1..=255_u8]);
    let run = runner.run(&proptest::collection::vec(change, 1..6), |changes| {
        forge(&kept.stored(), &changed(&whole, &changes, true));
        kept.answer(WINDOW);
        kept.stepped(STEPS);
        Ok(())
    });
    run.unwrap();
}

#[test]
fn what_is_of_no_use_is_pruned() {
    let kept = Kept::new();
    let place = kept.place();
    assert_eq!(prune(Some(place.clone())).unwrap().files, 0, "it is in use");
    std::fs::write(place.join("0.v0.logdex"), "an old version").unwrap();
    std::fs::write(place.join("notes.txt"), "not ours").unwrap();
    assert_eq!(prune(Some(place.clone())).unwrap().files, 1);
    std::fs::remove_file(&kept.log).unwrap();
    let pruned = prune(Some(place.clone())).unwrap();
    assert!(pruned.files == 1 && pruned.bytes > 4096);
    assert!(place.join("notes.txt").exists());
}

#[test]
fn links_and_strangers_are_not_followed() {
    let kept = Kept::new();
    let (stored, elsewhere) = (kept.stored(), kept.directory.path().join("elsewhere"));
    std::fs::rename(&stored, &elsewhere).unwrap();
    std::os::unix::fs::symlink(&elsewhere, &stored).unwrap();
    let source = Source::open(&kept.log).unwrap();
    assert!(Keep::Directory(kept.place()).load(&source, None).is_none(), "a link in place of the index");
    std::fs::remove_file(&stored).unwrap();
    kept.index();
    assert!(Keep::Directory(kept.place()).load(&source, None).is_some());
    let link = kept.directory.path().join("link");
    std::os::unix::fs::symlink(kept.place(), &link).unwrap();
    assert!(Keep::Directory(link).load(&source, None).is_none(), "a link in place of the directory");
}
