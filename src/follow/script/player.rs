//! Who plays a script against a follow, and compares what came with what was written.

use std::sync::Arc;
use std::time::Duration;

use super::super::{FileEvents, Follow, FollowTerms, Turn};
use super::stage::{Deed, Item, Stage, Way};
use crate::batch::Selection;
use crate::caller::Caller;
use crate::error::Result;
use crate::line;
use crate::pattern::{Candidate, Judge, Pattern, Translation};
use crate::scan::Purpose;
use crate::system::wakeup::Wakeup;

/// Plays what happens during a poll, at the calls that ask whether to go on.
pub(super) struct Meanwhile<'a> {
    pub(super) stage: &'a mut Stage,
    pub(super) deeds: Vec<(u8, Deed)>,
    pub(super) calls: u8,
    pub(super) ended: bool,
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
pub(super) enum Show {
    Lines,
    /// Unfinished lines too.
    Partial,
    /// Lines with an odd number, by a pattern.
    Odd,
}

pub(super) fn odd() -> Arc<Pattern> {
    let ended = Some("line [0-9]*[13579] ".to_owned());
    let translation = Translation { bare: ended.clone(), ended, every: false, exact: true };
    Arc::new(Pattern::new(&translation, &translation))
}

/// What `odd` selects, without an engine.
pub(super) fn is_odd(text: &str) -> bool {
    let number = text.split("line ").nth(1).and_then(|rest| rest.split(' ').next()?.parse::<u64>().ok());
    number.is_some_and(|number| number % 2 == 1)
}

/// A follow, and what it has handed out.
pub(super) struct Player {
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
pub(super) fn compare(seen: &[String], items: &[Item]) -> std::result::Result<(), String> {
    let mut seen = seen.iter().filter(|text| !text.starts_with("banner")).peekable();
    for item in items {
        if seen.next_if(|text| **text == item.text).is_none() && item.due {
            return Err(format!("lost: {:?}; instead came {:?}", item.text, seen.peek()));
        }
    }
    seen.next().map_or(Ok(()), |text| Err(format!("twice, or never written: {text:?}")))
}

pub(super) fn play(keeps_offset: bool, show: Show, script: &[Deed]) -> FileEvents {
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
pub(super) fn joined(seen: &[String]) -> Vec<String> {
    seen.concat().split_inclusive('\n').map(str::to_owned).collect()
}

pub(super) fn whole(items: &[Item]) -> Vec<Item> {
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
