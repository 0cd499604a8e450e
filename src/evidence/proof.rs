//! The proof: a log that is read as it grows gives the same evidence as one that is read at once, and no more is kept of
//! any log than there is room for.

use std::io::Write;
use std::path::Path;
use std::sync::Arc;

use proptest::prelude::*;

use super::gathering::Gathering;
use super::hearing::{Hearing, HearingTask};
use super::shapes::{Jury, Shapes, Tone};
use super::state::State;
use super::{Gathered, Inquiry, Recalled, gather, recall};
use crate::batch::{Batch, Selection};
use crate::error::Result;
use crate::file::block::Block;
use crate::file::source::Source;
use crate::line;
use crate::pattern::{Candidate, Pattern, Translation};
use crate::query::{Query, Question};
use crate::stamp::Window;
use crate::system::relay::RelayWork;
use crate::testing::{Nobody, cases};
use crate::timing::TimeTerms;

/// A rank and its host never take more than this.
const ROOM: usize = 64 << 10;

fn pattern(regex: &str) -> Arc<Pattern> {
    program(regex, true)
}

/// One that leaves each line that it selects to the jury.
fn doubtful(regex: &str) -> Arc<Pattern> {
    program(regex, false)
}

fn program(regex: &str, exact: bool) -> Arc<Pattern> {
    let said = Some(regex.to_owned());
    let program = Translation { ended: said.clone(), bare: said, every: false, exact };
    Arc::new(Pattern::new(&program, &program))
}

/// All lines of a log that is one block, with their times.
fn whole(path: &Path) -> Batch {
    let mut query = Query::raw(question(path));
    let batch = query.next(&mut Nobody).unwrap().unwrap();
    assert!(query.next(&mut Nobody).unwrap().is_none());
    batch
}

/// The lines of `batch` in blocks of so many lines each, over and over.
fn cut(batch: &Batch, sizes: &[usize]) -> Vec<Batch> {
    let (mut cut, mut first, bytes) = (Vec::new(), 0, batch.block.bytes());
    let lines: Vec<_> = batch.lines().collect();
    for &size in sizes.iter().cycle() {
        let of_block = &lines[first..lines.len().min(first + size)];
        let (Some(head), Some(last)) = (of_block.first(), of_block.last()) else { break };
        let text = bytes[head.start..last.end].to_vec();
        let ends = line::ends(&text);
        let mut block = Batch::new(Block::of(head.start as u64, text), Selection::All(ends));
        block.times = batch.times[first..first + of_block.len()].to_vec();
        cut.push(block);
        first += of_block.len();
    }
    cut
}

/// What is known of a log when its lines are taken one after the other, or as blocks that were heard by themselves; and of
/// how many blocks these could be.
fn gathered(batches: Vec<Batch>, apart: bool) -> ((State, State), usize) {
    let (mut jury, mut joined) = (Sure, 0);
    let mut gathering = Gathering::new(State::new(7), 0, shapes(), &mut jury, None);
    let hearing = Hearing::new(shapes(), None, 0);
    let mut tools = hearing.tools();
    for batch in batches {
        let (batch, passage) =
            hearing.run(HearingTask { batch, timing: None, widths: gathering.widths() }, &mut tools);
        joined += usize::from(passage.is_some());
        gathering.take(&batch, passage.filter(|_| apart)).unwrap();
    }
    (gathering.end().unwrap(), joined)
}

/// Decides that only lines with an exclamation mark are meant, of those on which the program leaves a doubt.
struct Sure;

impl Jury for Sure {
    fn judge(&mut self, _: usize, bytes: &[u8], candidates: &mut Vec<Candidate>) -> Result<()> {
        candidates.retain(|candidate| candidate.certain || candidate.line.of(bytes).contains(&b'!'));
        Ok(())
    }
}

fn question(path: &Path) -> Question {
    let time = Some(TimeTerms::within(Window::default()));
    Question { workers: 1, time, ..Question::about(path) }
}

fn shapes() -> Arc<Shapes> {
    let shapes = Shapes::new(vec![
        (pattern("(?:Error|ERROR)"), Tone::Loud),
        (pattern("Traceback"), Tone::Context),
        (pattern("ignored"), Tone::Quiet),
        (doubtful("perhaps"), Tone::Loud),
        (pattern("exit 7"), Tone::Loud),
    ]);
    Arc::new(shapes)
}

fn ask(path: &Path, known: Option<State>) -> Gathered {
    let (question, shapes) = (question(path), shapes());
    let known = match recall(&question, known, 7).unwrap() {
        Recalled::Whole(state) => return Gathered { state, store: None },
        Recalled::Part(known) => known,
    };
    gather(Inquiry { question, shapes, jury: &mut Sure, errors: None, known, asked: 7 }, &mut Nobody).unwrap()
}

const LINES: [&str; 26] = [
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
    "[rank1]: 2026-11-22 02:04:01 INFO step 1 loss 2.0\n",
    "[rank1]: 2026-11-22 02:00:00 INFO step 7 loss 2.0\n",
    "[rank2]: 2026-11-21 09:00:02 INFO epoch 3 step 7\n",
    "17it [00:03, 5.1it/s]\n",
    "[rank1]: perhaps\n",
    "[rank2]: perhaps!\n",
    "  File \"/site-packages/requests/a.py\", line 3, in f\n",
    "Traceback (most recent call last):\n",
    "worker exit 7 at step 3\n",
    "worker exit 8 at step 3\n",
    "[3]:[4]: step 12345678901234567890 epoch 1\n",
    "4294967290: step 12\n",
    "INFO [rank0] Epoch: [3][ 10/5004]\n",
    "  9%|#    | 383/4336 [29:55<03:25]\n",
];

/// `text` with other digits: each is moved on by the next of `by`, over and over.
fn with_other_digits(text: &mut [u8], by: &[u8]) {
    let digits = text.iter_mut().filter(|byte| byte.is_ascii_digit());
    digits.zip(by.iter().cycle()).for_each(|(digit, by)| *digit = b'0' + (*digit - b'0' + by) % 10);
}

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
            let stored = told.store.or(afresh.store);
            known = stored.as_deref().and_then(State::read);
            // Before the first whole line there is nothing to go on from.
            prop_assert!(known.is_some() || !text[..written].contains(&b'\n'));
        }
    }

    #[test]
    fn blocks_that_were_heard_by_themselves_say_the_same(
        picked in proptest::collection::vec(0..LINES.len(), 1..400),
        sizes in proptest::collection::vec(1_usize..40, 1..9),
        partial in any::<bool>(),
        by in proptest::collection::vec(prop_oneof![6 => Just(0_u8), 1 => 0_u8..10], 1..99),
    ) {
        let mut text: Vec<u8> = picked.iter().flat_map(|&at| LINES[at].bytes()).collect();
        with_other_digits(&mut text, &by);
        if partial {
            text.extend(b"[rank2]: 2026-11-22 02:00:02 ERROR no end");
        }
        let mut log = tempfile::NamedTempFile::new().unwrap();
        log.write_all(&text).unwrap();
        let batch = whole(log.path());
        let (plain, _) = gathered(cut(&batch, &sizes), false);
        let (apart, _) = gathered(cut(&batch, &sizes), true);
        prop_assert_eq!(&plain, &apart);
        let (at_once, _) = gathered(vec![batch], false);
        prop_assert_eq!(&plain.0.voices, &at_once.0.voices);
    }

    #[test]
    fn no_state_that_was_damaged_is_believed(at in any::<prop::sample::Index>(), byte in any::<u8>()) {
        let mut log = tempfile::NamedTempFile::new().unwrap();
        log.write_all(LINES.concat().as_bytes()).unwrap();
        let mut bytes = ask(log.path(), None).store.unwrap();
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

/// Long enough for templates of which only each sixteenth is looked at, and for speakers with more records than are kept.
#[test]
fn long_logs_say_the_same_as_blocks() {
    let mut log = tempfile::NamedTempFile::new().unwrap();
    let text: String =
        (0..9_000).map(|at| LINES[(at * at / 7) % 10].replace("loss", &"x".repeat(at / 60))).collect();
    log.write_all(&text.as_bytes()[..text.len().min(200 << 10)]).unwrap();
    let batch = whole(log.path());
    for size in [1, 7, 160] {
        let (plain, _) = gathered(cut(&batch, &[size]), false);
        let (apart, joined) = gathered(cut(&batch, &[size]), true);
        assert_eq!(plain, apart);
        assert!(joined > 0);
    }
}

/// A log of more blocks than one thread takes by itself where it is the only one.
#[test]
fn the_number_of_threads_changes_nothing() {
    let mut log = tempfile::NamedTempFile::new().unwrap();
    let lines = LINES.concat();
    log.write_all(lines.repeat((3 << 20) / lines.len()).as_bytes()).unwrap();
    let told = |workers: usize| {
        let (question, shapes) = (Question { workers, ..question(log.path()) }, shapes());
        gather(
            Inquiry { question, shapes, jury: &mut Sure, errors: None, known: None, asked: 7 },
            &mut Nobody,
        )
        .unwrap()
        .state
    };
    let alone = told(0);
    assert!(alone.voices.len() > 5);
    for workers in [1, 3] {
        assert_eq!(told(workers).voices, alone.voices);
    }
}
