//! The proof, on small pieces of text: the steps of blocks summed up by themselves are those of the fold.

use proptest::prelude::*;

use super::{StepDigest, StepState, StepTable};
use crate::line;
use crate::stamp::{self, PREFIXES};
use crate::step::{Stems, StepFinder, Steps};
use crate::testing::cases;

/// A line of one of a few writers, with a step or without.
fn some_line() -> impl Strategy<Value = String> {
    let writer = prop::sample::select(vec!["", "[rank0]: ", "[rank1]: ", "[rank2]:", "node-3: "]);
    let said = prop_oneof![
        3 => (0..200_u64).prop_map(|step| format!("step={step} loss")),
        1 => (0..200_u64).prop_map(|step| format!("Iteration {step}/ 500")),
        3 => Just("a line of an 8-step recipe".to_owned()),
    ];
    (writer, said).prop_map(|(writer, said)| format!("{writer}{said}\n"))
}

/// Blocks of some lines each.
fn some_blocks() -> impl Strategy<Value = Vec<String>> {
    let block = proptest::collection::vec(some_line(), 1..8).prop_map(|lines| lines.concat());
    proptest::collection::vec(block, 1..9)
}

fn digest(text: &str) -> StepDigest {
    let (mut stems, mut finder) = (Stems::default(), stamp::Finder::default());
    stems.find(text.as_bytes());
    let mut digest = StepDigest::of(text.as_bytes(), &stems);
    for line in line::lines(text.as_bytes()) {
        let prefix = finder.find(line.of(text.as_bytes())).prefix;
        digest.push(line, prefix);
    }
    digest.settle();
    digest
}

/// The steps of the lines of `text`, from where `steps` stands.
fn folded(steps: &mut Steps, text: &str) -> Vec<Option<u64>> {
    let mut finder = stamp::Finder::default();
    let take = |line: line::Line| {
        let line = line.of(text.as_bytes());
        steps.take(StepFinder::default().find(line), finder.find(line).prefix)
    };
    line::lines(text.as_bytes()).map(take).collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(cases(1000)))]

    #[test]
    fn blocks_say_what_the_fold_says(blocks in some_blocks()) {
        let first = folded(&mut Steps::default(), &blocks.concat()).into_iter().flatten().next();
        let (mut naive, mut state, mut table) = (Steps::starting(first), StepState::default(), StepTable::default());
        for (number, text) in blocks.iter().enumerate() {
            let seen = state.fold.first().is_some();
            let block = digest(text).append(&mut state).unwrap();
            table.push(&block);
            prop_assert_eq!(table.get(number), Some(block.clone()), "as it is stored");
            let mut begun = Steps::starting(first);
            begun.enter(&block);
            let expected = folded(&mut naive, text);
            prop_assert_eq!(&folded(&mut begun, text), &expected, "from the beginning of block {}", number);
            for step in expected {
                let within = step.is_some_and(|step| (block.reach.least..=block.reach.greatest).contains(&step));
                prop_assert!(within || (block.reach.ahead && !seen && step == first));
            }
            prop_assert_eq!(state.fold.last(), naive.last());
            prop_assert_eq!(state.fold.by_prefix(), naive.by_prefix());
        }
    }
}

#[test]
fn a_crowd_of_prefixes_has_no_steps_by_block() {
    let line = |rank: usize| format!("[rank{rank}]: step={rank} x\n");
    let mut state = StepState::default();
    let all: String = (0..PREFIXES).map(line).collect();
    assert!(digest(&all).append(&mut state).is_some());
    assert!(digest(&line(PREFIXES)).append(&mut state).is_none());
    assert!(digest(&line(0)).append(&mut state).is_none() && state.crowded);
}
