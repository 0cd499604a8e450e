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
use crate::pattern::{Candidate, Judge, Pattern, Translation};
use crate::scan::Purpose;
use crate::system::time_source::TimeSource;
use crate::system::wakeup::Wakeup;
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
    /// The file is cut to nothing by another process than its writer.
    Cut,
    /// The same, and the writer begins anew: with its banner, of this length, and lines.
    Rewrite(usize, usize),
    /// The file is cut to so many hundredths of its lines by another process than its writer, which appends.
    Middle(usize),
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
    /// It stands in the file no more.
    gone: bool,
}

impl Item {
    fn new(text: String) -> Self {
        Self { text, due: false, gone: false }
    }
}

/// The log with all that writes to it, and what the twin knows of that.
struct Stage {
    folder: tempfile::TempDir,
    keeps_offset: bool,
    out: File,
    files: usize,
    time: TimeSource,
    number: usize,
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
        let mut stage =
            Self { folder, keeps_offset, out, files: 1, time, number: 0, items: Vec::new(), half: None };
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
            self.items.push(Item::new(begun.unwrap_or_default() + &more));
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
        self.items.iter_mut().for_each(|item| item.gone = true);
        self.half = None;
    }

    /// Cuts the file behind so many hundredths of its lines, where a follow can see it: behind the first 512 bytes, and
    /// where more is written before it looks, within the first 16 KiB (CONTRIBUTING, what a follow cannot see).
    fn cut_to_middle(&mut self, hundredths: usize) {
        let content = std::fs::read_to_string(self.path()).unwrap();
        let lines: Vec<_> = content.split_inclusive('\n').collect();
        let (kept, dropped) = lines.split_at(lines.len() * hundredths / 100);
        let size = kept.concat().len();
        if self.keeps_offset || !(512..16 * 1024).contains(&size) {
            return;
        }
        self.out.set_len(size as u64).unwrap();
        self.touch();
        let is_item = |line: &&&str| line.ends_with('\n') && !line.starts_with("banner");
        let dropped = dropped.iter().filter(is_item).count();
        let standing = self.items.iter_mut().rev().filter(|item| !item.gone);
        standing.take(dropped).for_each(|item| item.gone = true);
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
            self.items.push(Item::new(half));
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
                self.cut();
                self.out.seek(SeekFrom::Start(0)).unwrap();
                self.write(&format!("banner{}\n", "-".repeat(banner)));
                self.lines(count, 20);
            }
            Deed::Middle(hundredths) => self.cut_to_middle(hundredths),
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

/// What is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Show {
    Lines,
    /// Unfinished lines too.
    Partial,
    /// Lines with an odd number, by a pattern.
    Odd,
}

fn odd() -> Arc<Pattern> {
    let ended = Some("line [0-9]*[13579] ".to_owned());
    let translation = Translation { bare: ended.clone(), ended, every: false, exact: true };
    Arc::new(Pattern::new(&translation, &translation))
}

/// What `odd` selects, without an engine.
fn is_odd(text: &str) -> bool {
    let number = text.split("line ").nth(1).and_then(|rest| rest.split(' ').next()?.parse::<u64>().ok());
    number.is_some_and(|number| number % 2 == 1)
}

/// A follow, and what it has handed out.
struct Player {
    stage: Stage,
    follow: Follow,
    seen: Vec<String>,
}

impl Player {
    fn new(stage: Stage, show: Show) -> Self {
        let terms = FollowTerms {
            path: stage.path(),
            pattern: (show == Show::Odd).then(odd),
            sieve: None,
            purpose: Purpose::Text,
            partial: show == Show::Partial,
            deadline: None,
            // Only a backlog is read on worker threads.
            workers: 2,
            wakeup: Arc::new(Wakeup::default()),
            time: stage.time.clone(),
        };
        let mut player = Self { stage, follow: Follow::new(terms, None).unwrap(), seen: Vec::new() };
        // It has seen the file, whatever becomes of its name.
        player.poll(Vec::new(), false);
        player
    }

    fn poll(&mut self, deeds: Vec<(u8, Deed)>, ended: bool) {
        let before = self.stage.items.len();
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
        for (_, deed) in &rest {
            self.stage.play(deed);
        }
        let standing = self.stage.items[..before].iter_mut().filter(|item| !item.gone);
        standing.for_each(|item| item.due = true);
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
            self.stage.items.push(Item::new(half));
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

fn play(keeps_offset: bool, show: Show, script: &[Deed]) -> FileEvents {
    let linked = script.iter().any(|deed| matches!(deed, Deed::Rotate(Way::Turned, _)));
    let (seen, items, events) = Player::new(Stage::new(keeps_offset, linked), show).play(script);
    let (seen, items) = match show {
        Show::Lines => (seen, items),
        Show::Partial => (joined(&seen), whole(&items)),
        Show::Odd => (seen, items.into_iter().filter(|item| is_odd(&item.text)).collect()),
    };
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

fn show() -> impl Strategy<Value = Show> {
    prop_oneof![Just(Show::Lines), Just(Show::Partial), Just(Show::Odd)]
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
        1 => (50usize..100).prop_map(Deed::Middle),
        1 => (prop_oneof![Just(5usize), Just(600), Just(9000)], 0usize..60).prop_map(|(b, n)| Deed::Rewrite(b, n)),
    ]
}

fn poll(meanwhile: impl Strategy<Value = Deed>) -> impl Strategy<Value = Deed> {
    proptest::collection::vec((1u8..12, meanwhile), 0..3).prop_map(Deed::Poll)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(cases(1000)))]

    #[test]
    fn nothing_is_lost_and_nothing_twice_however_it_is_rotated(
        show in show(),
        script in proptest::collection::vec(
            prop_oneof![
                4 => written(),
                2 => (way(), any::<bool>()).prop_map(|(way, written)| Deed::Rotate(way, written)),
                2 => poll(written()),
            ],
            0..24,
        ),
    ) {
        prop_assert_eq!(play(false, show, &script).truncations, 0);
    }

    #[test]
    fn nothing_is_lost_and_nothing_twice_however_it_is_cut(
        keeps_offset: bool,
        show in prop_oneof![Just(Show::Lines), Just(Show::Odd)],
        script in proptest::collection::vec(
            prop_oneof![4 => written(), 2 => cut(), 3 => poll(prop_oneof![written(), cut()])],
            0..24,
        ),
    ) {
        play(keeps_offset, show, &script);
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
        play(true, Show::Lines, &script);
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
        let events = play(false, Show::Lines, &script);
        assert!(events.truncations > 0 || before == 0);
    }
}

#[test]
fn a_backlog_is_cut_under_the_threads_that_read_it() {
    for (at, banner) in [(1, 5), (2, 600), (3, 9000), (4, 600), (6, 5), (9, 600)] {
        for keeps_offset in [false, true] {
            for deed in [Deed::Rewrite(banner, 30_000), Deed::Cut] {
                let script = [
                    Deed::Rewrite(banner, 10),
                    Deed::Poll(vec![]),
                    Deed::Lines(50_000, 100),
                    Deed::Poll(vec![(at, deed)]),
                    Deed::Lines(3, 10),
                    Deed::Poll(vec![]),
                ];
                play(keeps_offset, Show::Lines, &script);
            }
        }
    }
}

/// Files of sysfs state a page and hold a word; network file systems do the same for a while.
#[test]
fn a_file_that_states_more_than_can_be_read_comes_to_rest() {
    let path = PathBuf::from("/sys/devices/system/cpu/online");
    let Ok(content) = std::fs::read_to_string(&path) else { return };
    let mut stage = Stage::new(false, false);
    let terms = FollowTerms {
        path,
        pattern: None,
        sieve: None,
        purpose: Purpose::Text,
        partial: false,
        deadline: None,
        workers: 0,
        wakeup: Arc::new(Wakeup::default()),
        time: stage.time.clone(),
    };
    let mut follow = Follow::new(terms, None).unwrap();
    let mut meanwhile = Meanwhile { stage: &mut stage, deeds: Vec::new(), calls: 0, ended: false };
    let Turn::Batch(batch) = follow.poll(&mut meanwhile).unwrap() else { panic!("nothing came") };
    assert_eq!(batch.block.bytes(), content.as_bytes());
    assert!(matches!(follow.poll(&mut meanwhile).unwrap(), Turn::Nothing));
    meanwhile.ended = true;
    assert!(follow.wait(&mut meanwhile).is_ok());
    assert!(matches!(follow.poll(&mut meanwhile).unwrap(), Turn::Over));
    assert_eq!(follow.events(), FileEvents::default());
}

#[test]
fn cut_to_its_middle_between_the_look_and_the_read() {
    for at in 1..9 {
        let script = [
            Deed::Rewrite(5, 31),
            Deed::Poll(vec![(at, Deed::Middle(60))]),
            Deed::Lines(1, 0),
            Deed::Poll(vec![]),
            Deed::Cut,
        ];
        play(false, Show::Lines, &script);
    }
}
