//! The proof: a log that is read as it grows gives the same evidence as one that is read at once, and no more is kept of
//! any log than there is room for.

use std::io::Write;
use std::path::Path;
use std::sync::Arc;

use proptest::prelude::*;

use super::shapes::{Shapes, Tone};
use super::state::State;
use super::{Gathered, Inquiry, gather};
use crate::file::source::Source;
use crate::pattern::{Judge, Pattern, Translation};
use crate::query::Question;
use crate::stamp::Window;
use crate::testing::{Nobody, cases};
use crate::timing::TimeTerms;

/// A rank and its host never take more than this.
const ROOM: usize = 64 << 10;

fn pattern(regex: &str) -> Arc<Pattern> {
    let said = Some(regex.to_owned());
    let program = Translation { ended: said.clone(), bare: said, every: false, exact: true };
    Arc::new(Pattern::new(&program, &program))
}

fn ask(path: &Path, known: Option<State>) -> Gathered {
    let time = Some(TimeTerms::within(Window::default()));
    let question = Question { workers: 1, time, ..Question::about(path) };
    let shapes = Shapes::new(vec![
        (pattern("(?:Error|ERROR)"), Tone::Loud),
        (pattern("Traceback"), Tone::Context),
        (pattern("ignored"), Tone::Quiet),
    ]);
    let mut judges = [Nobody, Nobody, Nobody];
    let ear = shapes.ear(judges.iter_mut().map(|judge| judge as &mut dyn Judge).collect());
    gather(Inquiry { question, ear, errors: None, known, asked: 7 }, &mut Nobody).unwrap()
}

const LINES: [&str; 12] = [
    "2026-11-22 02:00:00 INFO step 1 loss 2.0\n",
    "[rank1]: 2026-11-22 02:00:01 INFO step 2 loss 2.0\n",
    "[rank2]: 2026-11-22 02:00:02 ERROR boom\n",
    "[rank1]: Traceback (most recent call last):\n",
    "[rank1]:   File \"a.py\", line 3, in f\n",
    "[rank1]:     raise ValueError('x')\n",
    "[rank1]: ValueError: x\n",
    "trainer/0 [2]:epoch 3\n",
    "\n",
    "[rank2]: ERROR ignored\n",
    "[default3]:[rank11]: 2026-11-22 02:00:09 RuntimeError: é\u{1f600}\n",
    "[E1122 02:00:03.000000000 a.cpp:7] Error 5 of 7\n",
];

proptest! {
    #![proptest_config(ProptestConfig::with_cases(cases(48)))]
    #[test]
    fn going_on_is_as_good_as_beginning_again(
        picked in proptest::collection::vec(0..LINES.len(), 1..120),
        cuts in proptest::collection::vec(any::<prop::sample::Index>(), 1..4),
    ) {
        let text: Vec<u8> = picked.iter().flat_map(|&at| LINES[at].bytes()).collect();
        let mut cuts: Vec<usize> = cuts.iter().map(|cut| cut.index(text.len() + 1)).collect();
        cuts.sort_unstable();
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("job.log");
        let mut file = std::fs::File::create(&path).unwrap();
        let (mut known, mut written) = (None, 0);
        for cut in cuts.into_iter().chain([text.len()]) {
            file.write_all(&text[written..cut]).unwrap();
            written = cut;
            let told = ask(&path, known.take());
            let afresh = ask(&path, None);
            prop_assert_eq!(&told.state.voices, &afresh.state.voices);
            let stored = told.store.or(afresh.store).and_then(|state| state.write());
            known = stored.as_deref().and_then(State::read);
            // Before the first whole line there is nothing to go on from.
            prop_assert!(known.is_some() || !text[..written].contains(&b'\n'));
        }
    }

    #[test]
    fn no_state_that_was_damaged_is_believed(at in any::<prop::sample::Index>(), byte in any::<u8>()) {
        let mut log = tempfile::NamedTempFile::new().unwrap();
        log.write_all(LINES.concat().as_bytes()).unwrap();
        let mut bytes = ask(log.path(), None).store.and_then(|state| state.write()).unwrap();
        let at = at.index(bytes.len());
        bytes[at] = byte;
        let source = Source::open(log.path()).unwrap();
        let seen = source.metadata().unwrap();
        // Whatever it reads, it does not panic; and of a foreign question it says nothing.
        if let Some(state) = State::read(&bytes) {
            prop_assert!(!state.is_whole(&source, &seen, 8) && !state.may_go_on(&source, &seen, 8));
        }
    }
}

#[test]
fn a_rank_takes_no_more_room_than_it_may() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("job.log");
    let mut text = String::new();
    for at in 0..60_000_u64 {
        let (minute, second, odd) = (at / 3600 % 60, at / 60 % 60, "x".repeat((at % 500) as usize));
        let time = format!("2026-11-22 {:02}:{minute:02}:{second:02}", at / 9000);
        text.extend(["[rank1]: ", &time, " Error ", &odd, " é step ", &at.to_string(), "\n"]);
        text.extend([&time, " Error ", &odd, &odd, " a", &odd, "\n"]);
    }
    std::fs::write(&path, text).unwrap();
    let told = ask(&path, None);
    assert_eq!(told.state.voices.len(), 2);
    for (name, voice) in &told.state.voices {
        let room = serde_json::to_vec(voice).unwrap().len();
        assert!(room <= ROOM, "{name:?} takes {room} bytes");
    }
}
