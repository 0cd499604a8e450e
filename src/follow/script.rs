//! A follow against scripts of what can befall a log, and a twin that reads the script.
//!
//! One thread does all: it plays what writers and rotators do, lets time go by on a clock that is moved by hand, and
//! polls. What happens *during* a poll is played from the calls that ask whether to go on, so that a file is cut at
//! the worst moments on purpose. The times of change are set by the same clock, in whole seconds, as coarse file
//! systems keep them. `PROPTEST_CASES=20000` is the long profile.

use std::fs::{File, OpenOptions};
use std::io::{Seek, SeekFrom, Write};
use std::os::unix::fs::symlink;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use proptest::prelude::*;

use super::{FileEvents, Follow, FollowTerms, Turn};
use crate::batch::Selection;
use crate::caller::Caller;
use crate::error::Result;
use crate::file::block::HOLE;
use crate::line;
use crate::pattern::{Candidate, Judge};
use crate::scan::Purpose;
use crate::system::time_source::TimeSource;
use crate::system::watch::Wakeup;
use crate::testing::cases;

/// How a log's name goes to another file.
#[derive(Clone, Copy, Debug)]
enum Way {
    Renamed,
    Deleted,
    Turned,
    RenamedOnto,
}

/// What may befall a log.
#[derive(Clone, Debug)]
enum Deed {
    /// So many lines are written, each so long.
    Lines(usize, usize),
    /// A line is begun.
    Half,
    /// The file is cut to nothing by somebody else than its writer.
    Cut,
    /// The same, and the writer begins anew: with its banner, of this length, and lines.
    Rewrite(usize, usize),
    /// The name goes to another file; `true`: something is written to it at once.
    Rotate(Way, bool),
    /// Milliseconds go by.
    Wait(u64),
    /// The follow delivers what there is; meanwhile, at these calls, other things happen.
    Poll(Vec<(u8, Deed)>),
}

/// An item that the follow should hand out.
#[derive(Clone, Debug)]
struct Item {
    text: String,
    /// It stood in the file during a whole poll, so that nothing excuses its loss.
    due: bool,
}

/// The log with all that writes to it, and what the twin knows of that.
struct Stage {
    folder: tempfile::TempDir,
    keeps_offset: bool,
    out: File,
    files: usize,
    time: TimeSource,
    number: usize,
    /// Where in `items` what stands in the file begins; before that it is settled what became of them.
    standing: usize,
    items: Vec<Item>,
    /// What was written of a line that is not whole yet.
    half: Option<String>,
}

impl Stage {
    fn new(keeps_offset: bool, linked: bool) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("log");
        if linked {
            symlink(folder.path().join("0"), &path).unwrap();
        }
        let out = File::create(&path).unwrap();
        let time = TimeSource::by_hand();
        let mut stage = Self {
            folder,
            keeps_offset,
            out,
            files: 1,
            time,
            number: 0,
            standing: 0,
            items: Vec::new(),
            half: None,
        };
        stage.open(&path);
        if keeps_offset {
            // Whatever hole a cut leaves is long enough to be one by itself: fewer NULs may be text.
            stage.lines(2, HOLE);
        }
        stage
    }

    fn path(&self) -> PathBuf {
        self.folder.path().join("log")
    }

    fn open(&mut self, path: &std::path::Path) {
        let keeps = self.keeps_offset;
        self.out = OpenOptions::new().create(true).write(true).append(!keeps).open(path).unwrap();
    }

    /// Writes, and sets the time of change as a file system of whole seconds does.
    fn write(&mut self, text: &str) {
        self.out.write_all(text.as_bytes()).unwrap();
        self.touch();
    }

    fn touch(&self) {
        let since = self.time.wall().duration_since(SystemTime::UNIX_EPOCH).unwrap();
        self.out.set_modified(SystemTime::UNIX_EPOCH + Duration::from_secs(since.as_secs())).unwrap();
    }

    fn lines(&mut self, count: usize, length: usize) {
        let mut text = String::new();
        for _ in 0..count {
            let begun = self.half.take();
            self.number += 1;
            let more = format!("line {} {}\n", self.number, "x".repeat(length));
            text += &more;
            self.items.push(Item { text: begun.unwrap_or_default() + &more, due: false });
        }
        self.write(&text);
    }

    fn begin_line(&mut self) {
        self.number += 1;
        let begun = format!("begun {} ", self.number);
        self.write(&begun);
        self.half.get_or_insert_default().push_str(&begun);
    }

    /// What stood in the file stands there no more.
    fn gone(&mut self) {
        self.standing = self.items.len();
        self.half = None;
    }

    fn cut(&mut self) {
        self.out.set_len(0).unwrap();
        self.touch();
        self.gone();
    }

    fn rotate(&mut self, way: Way, written: bool) {
        // What is written later to the new file leaves nobody time to look: the old one is done.
        if let Some(half) = self.half.take() {
            self.items.push(Item { text: half, due: false });
        }
        let (path, next) = (self.path(), self.folder.path().join(format!("{}", self.files)));
        self.files += 1;
        let aside = self.folder.path().join(format!("log.{}", self.files));
        match way {
            Way::Renamed => std::fs::rename(&path, aside).unwrap(),
            Way::Deleted => std::fs::remove_file(&path).unwrap(),
            Way::Turned => {
                File::create(&next).unwrap();
                symlink(&next, self.folder.path().join("turned")).unwrap();
                std::fs::rename(self.folder.path().join("turned"), &path).unwrap();
            }
            Way::RenamedOnto => {
                File::create(&next).unwrap();
                std::fs::rename(&next, &path).unwrap();
            }
        }
        self.open(&path);
        if written {
            self.lines(1, 3);
        }
    }

    fn play(&mut self, deed: &Deed) {
        match *deed {
            Deed::Lines(count, length) => self.lines(count, length),
            Deed::Half => self.begin_line(),
            Deed::Cut => self.cut(),
            Deed::Rewrite(_, count) if self.keeps_offset => {
                self.cut();
                self.lines(count.max(1), 20);
            }
            Deed::Rewrite(banner, count) => {
                // The same 512 bytes at the beginning, further back than the follow remembers, are those of a file that
                // was cut to the middle: CONTRIBUTING says so, under what a follow cannot see.
                let is_long = self.out.metadata().unwrap().len() > 4096;
                let banner = if is_long { banner.min(5) } else { banner };
                self.cut();
                self.out.seek(SeekFrom::Start(0)).unwrap();
                self.write(&format!("banner{}\n", "-".repeat(banner)));
                self.lines(count, 20);
            }
            Deed::Rotate(way, written) => self.rotate(way, written),
            Deed::Wait(milliseconds) => self.time.advance(Duration::from_millis(milliseconds)),
            Deed::Poll(_) => unreachable!("polls are the player's"),
        }
    }
}

/// Plays what happens during a poll, at the calls that ask whether to go on.
struct Meanwhile<'a> {
    stage: &'a mut Stage,
    deeds: Vec<(u8, Deed)>,
    calls: u8,
    ended: bool,
}

impl Judge for Meanwhile<'_> {
    fn judge(&mut self, _: &[u8], _: &mut Vec<Candidate>) -> Result<()> {
        unreachable!("there is no pattern")
    }
}

impl Caller for Meanwhile<'_> {
    fn pulse(&mut self) -> Result<()> {
        self.calls = self.calls.saturating_add(1);
        for (_, deed) in self.deeds.extract_if(.., |(at, _)| *at <= self.calls) {
            self.stage.play(&deed);
        }
        Ok(())
    }
    fn patience(&self) -> Duration {
        Duration::ZERO
    }
    fn note(&mut self, _: &str) -> Result<()> {
        Ok(())
    }
    fn ended(&mut self) -> Result<bool> {
        Ok(self.ended)
    }
}

/// A follow, and what it has handed out.
struct Player {
    stage: Stage,
    follow: Follow,
    seen: Vec<String>,
}

impl Player {
    fn new(stage: Stage, partial: bool) -> Self {
        let terms = FollowTerms {
            path: stage.path(),
            pattern: None,
            sieve: None,
            purpose: Purpose::Text,
            partial,
            deadline: None,
            workers: 0,
            wakeup: Arc::new(Wakeup::default()),
            time: stage.time.clone(),
        };
        let mut player = Self { stage, follow: Follow::new(terms, None).unwrap(), seen: Vec::new() };
        // It has seen the file, whatever becomes of its name.
        player.poll(Vec::new(), false);
        player
    }

    fn poll(&mut self, deeds: Vec<(u8, Deed)>, ended: bool) {
        let due = self.stage.standing..self.stage.items.len();
        let mut meanwhile = Meanwhile { stage: &mut self.stage, deeds, calls: 0, ended };
        let mut turns = 0;
        loop {
            turns += 1;
            assert!(turns < 10_000, "it never rests: {:?}", self.follow.events());
            match self.follow.poll(&mut meanwhile).unwrap() {
                Turn::Batch(batch) => {
                    let bytes = batch.block.bytes();
                    let lines: Vec<_> = match &batch.selection {
                        Selection::All(_) => line::lines(bytes).collect(),
                        Selection::Picked(picked) => picked.iter().map(|one| one.line).collect(),
                    };
                    self.seen.extend(lines.iter().map(|l| String::from_utf8_lossy(l.of(bytes)).into_owned()));
                }
                Turn::Nothing | Turn::Over => break,
            }
        }
        let rest: Vec<_> = meanwhile.deeds.drain(..).collect();
        rest.iter().for_each(|(_, deed)| self.stage.play(deed));
        let from = due.start.max(self.stage.standing);
        self.stage.items[from.min(due.end)..due.end].iter_mut().for_each(|item| item.due = true);
    }

    fn play(mut self, script: &[Deed]) -> (Vec<String>, Vec<Item>, FileEvents) {
        for deed in script {
            match deed {
                Deed::Poll(meanwhile) => self.poll(meanwhile.clone(), false),
                Deed::Rotate(..) => {
                    self.stage.play(deed);
                    // A file that comes and goes between two looks cannot be seen.
                    self.poll(Vec::new(), false);
                }
                deed => self.stage.play(deed),
            }
        }
        if let Some(half) = self.stage.half.take() {
            self.stage.items.push(Item { text: half, due: false });
        }
        self.poll(Vec::new(), true);
        (self.seen, self.stage.items, self.follow.events())
    }
}

/// Whether all that is due was seen, in order, and nothing else and nothing twice.
fn compare(seen: &[String], items: &[Item]) -> std::result::Result<(), String> {
    let mut seen = seen.iter().filter(|text| !text.starts_with("banner")).peekable();
    for item in items {
        if seen.next_if(|text| **text == item.text).is_none() && item.due {
            return Err(format!("lost: {:?}; instead came {:?}", item.text, seen.peek()));
        }
    }
    seen.next().map_or(Ok(()), |text| Err(format!("twice, or never written: {text:?}")))
}

fn play(keeps_offset: bool, partial: bool, script: &[Deed]) -> FileEvents {
    let linked = script.iter().any(|deed| matches!(deed, Deed::Rotate(Way::Turned, _)));
    let (seen, items, events) = Player::new(Stage::new(keeps_offset, linked), partial).play(script);
    let (seen, items) = if partial { (joined(&seen), whole(&items)) } else { (seen, items) };
    if let Err(error) = compare(&seen, &items) {
        panic!("{error}\nseen {seen:#?}\nwritten {items:#?}\n{events:?}");
    }
    events
}

/// Pieces put together to what a follow of whole lines hands out.
fn joined(seen: &[String]) -> Vec<String> {
    seen.concat().split_inclusive('\n').map(str::to_owned).collect()
}

fn whole(items: &[Item]) -> Vec<Item> {
    let mut whole: Vec<Item> = Vec::new();
    for item in items {
        match whole.last_mut().filter(|last| !last.text.ends_with('\n')) {
            Some(last) => {
                last.text.push_str(&item.text);
                last.due &= item.due;
            }
            None => whole.push(item.clone()),
        }
    }
    whole
}

fn way() -> impl Strategy<Value = Way> {
    prop_oneof![Just(Way::Renamed), Just(Way::Deleted), Just(Way::Turned), Just(Way::RenamedOnto)]
}

fn written() -> impl Strategy<Value = Deed> {
    prop_oneof![
        4 => (1usize..4, 0usize..80).prop_map(|(count, length)| Deed::Lines(count, length)),
        1 => Just(Deed::Lines(2, 3000)),
        2 => Just(Deed::Half),
        2 => (0u64..2500).prop_map(Deed::Wait),
    ]
}

fn cut() -> impl Strategy<Value = Deed> {
    prop_oneof![
        2 => Just(Deed::Cut),
        1 => (prop_oneof![Just(5usize), Just(600)], 0usize..60).prop_map(|(b, n)| Deed::Rewrite(b, n)),
    ]
}

fn poll(meanwhile: impl Strategy<Value = Deed>) -> impl Strategy<Value = Deed> {
    proptest::collection::vec((1u8..12, meanwhile), 0..3).prop_map(Deed::Poll)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(cases(1000)))]

    #[test]
    fn nothing_is_lost_and_nothing_twice_however_it_is_rotated(
        partial: bool,
        script in proptest::collection::vec(
            prop_oneof![
                4 => written(),
                2 => (way(), any::<bool>()).prop_map(|(way, written)| Deed::Rotate(way, written)),
                2 => poll(written()),
            ],
            0..24,
        ),
    ) {
        prop_assert_eq!(play(false, partial, &script).truncations, 0);
    }

    #[test]
    fn nothing_is_lost_and_nothing_twice_however_it_is_cut(
        keeps_offset: bool,
        script in proptest::collection::vec(
            prop_oneof![4 => written(), 2 => cut(), 3 => poll(prop_oneof![written(), cut()])],
            0..24,
        ),
    ) {
        play(keeps_offset, false, &script);
    }
}

#[test]
fn cut_twice_while_it_stands_behind_a_hole() {
    for (more, at) in (1..90).step_by(8).flat_map(|more| (1..8).map(move |at| (more, at))) {
        let again = vec![Deed::Cut, Deed::Lines(1, 10)];
        let mut script =
            vec![Deed::Lines(100, 50), Deed::Poll(vec![]), Deed::Cut, Deed::Half, Deed::Poll(vec![])];
        script
            .extend([Deed::Lines(more, 50), Deed::Poll(again.into_iter().map(|deed| (at, deed)).collect())]);
        script.push(Deed::Poll(vec![]));
        play(true, false, &script);
    }
}

#[test]
fn written_anew_with_the_same_banner_while_the_reader_holds_its_batch() {
    for (before, after) in [(60, 60), (10, 60), (60, 70), (40, 100)] {
        let script = [
            Deed::Rewrite(600, before),
            Deed::Poll(vec![(7, Deed::Rewrite(600, after))]),
            Deed::Poll(vec![]),
        ];
        let events = play(false, false, &script);
        assert!(events.truncations > 0 || before == 0);
    }
}
