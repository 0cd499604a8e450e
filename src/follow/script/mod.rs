//! A follow against scripts of what can befall a log, and a twin that reads the script.
//!
//! One thread does all: it plays what writers and rotators do, lets time go by on a clock that is moved by hand, and
//! polls. What happens *during* a poll is played from the calls that ask whether to go on, so that a file is cut at
//! the worst moments on purpose. The times of change are set by the same clock, in whole seconds, as coarse file
//! systems keep them. `PROPTEST_CASES=20000` is the long profile.

mod player;
mod stage;

use std::path::PathBuf;
use std::sync::Arc;

use proptest::prelude::*;

use super::{FileEvents, Follow, FollowTerms, Turn};
use crate::scan::Purpose;
use crate::system::wakeup::Wakeup;
use crate::testing::cases;
use player::{Meanwhile, Show, play};
use stage::{Deed, Stage, Way};

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
