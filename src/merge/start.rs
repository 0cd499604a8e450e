//! The first look at many logs, on all cores: each is opened, and its index is loaded or built.
//!
//! Where only the last lines are wanted, some lines must be judged already to know where those begin. The judge is the
//! caller's, on the caller's thread: the others send it the lines in question and wait for what it says.

use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::thread;
use std::time::Duration;

use super::input::{Input, ToCome};
use crate::caller::Caller;
use crate::error::{Error, Result};
use crate::line::Line;
use crate::pattern::{Candidate, Judge};
use crate::system::cores::cores;
use crate::system::lock::lock;

/// How often the caller is asked whether to go on.
const PULSE: Duration = Duration::from_millis(20);

/// Lines on which the caller has to decide, and where the verdict goes: the positions of those that stay.
struct Case {
    text: Vec<u8>,
    lines: Vec<Candidate>,
    verdict: Sender<Vec<usize>>,
}

impl Case {
    /// The candidates of `bytes` that are not certain, each copied out of its block: few are, and a block is large.
    fn of(bytes: &[u8], candidates: &[Candidate], verdict: Sender<Vec<usize>>) -> Self {
        let (mut text, mut lines) = (Vec::new(), Vec::new());
        for candidate in candidates.iter().filter(|candidate| !candidate.certain) {
            let start = text.len();
            text.extend_from_slice(candidate.line.of(bytes));
            lines.push(Candidate { line: Line { start, end: text.len() }, certain: false });
        }
        Self { text, lines, verdict }
    }

    /// Lets `caller` decide. Where the caller was interrupted there is no verdict, and whoever waits for it stops.
    fn settle(self, caller: &mut dyn Caller) -> Result<()> {
        let mut stay = self.lines.clone();
        caller.judge(&self.text, &mut stay)?;
        let mut stay = stay.into_iter().peekable();
        let kept = self.lines.iter().map(|asked| stay.next_if(|one| one.line == asked.line).is_some());
        let kept = kept.enumerate().filter_map(|(at, stays)| stays.then_some(at));
        // One that was halted meanwhile no longer listens.
        let _ = self.verdict.send(kept.collect());
        Ok(())
    }
}

/// Speaks for the caller on a thread that is not the caller's.
struct Deputy<'a> {
    halt: &'a AtomicBool,
    notes: &'a Mutex<Vec<String>>,
    cases: Sender<Case>,
}

impl Judge for Deputy<'_> {
    fn judge(&mut self, bytes: &[u8], candidates: &mut Vec<Candidate>) -> Result<()> {
        let (verdict, told) = channel();
        let case = Case::of(bytes, candidates, verdict);
        self.cases.send(case).map_err(|_| Error::Interrupted)?;
        let stay = told.recv().map_err(|_| Error::Interrupted)?;
        let (mut stay, mut asked) = (stay.into_iter().peekable(), 0);
        candidates.retain(|candidate| {
            if candidate.certain {
                return true;
            }
            asked += 1;
            stay.next_if_eq(&(asked - 1)).is_some()
        });
        Ok(())
    }
}

impl Caller for Deputy<'_> {
    fn pulse(&mut self) -> Result<()> {
        if self.halt.load(Ordering::Relaxed) { Err(Error::Interrupted) } else { Ok(()) }
    }
    fn patience(&self) -> Duration {
        PULSE
    }
    fn note(&mut self, text: &str) -> Result<()> {
        lock(self.notes).push(text.to_owned());
        Ok(())
    }
    fn ended(&mut self) -> Result<bool> {
        Ok(false)
    }
}

/// Decides what is asked until nobody is left who could ask; what the caller returns to stop it halts the others.
fn attend(asked: Receiver<Case>, halt: &AtomicBool, caller: &mut dyn Caller) -> Result<()> {
    let mut waited = Ok(());
    while waited.is_ok() {
        waited = match asked.recv_timeout(PULSE) {
            Ok(case) => caller.pulse().and_then(|()| case.settle(caller)),
            Err(RecvTimeoutError::Timeout) => caller.pulse(),
            Err(RecvTimeoutError::Disconnected) => return Ok(()),
        };
    }
    // What is dropped with `asked` has no verdict, and whoever waits for one stops.
    halt.store(true, Ordering::Relaxed);
    drop(asked);
    waited
}

/// Starts every input. What goes wrong with one is the answer, of several at once that of the first log; where the
/// merge is `tolerant`, that input is over and the others start, and all errors are returned.
pub(super) fn start(inputs: &mut [Input], tolerant: bool, caller: &mut dyn Caller) -> Result<Vec<Error>> {
    let threads = cores().min(inputs.len());
    let (halt, notes) = (AtomicBool::new(false), Mutex::default());
    let (queue, failed) = (Mutex::new(inputs.iter_mut().enumerate()), Mutex::new(Vec::new()));
    let work = |cases: Sender<Case>| {
        let mut deputy = Deputy { halt: &halt, notes: &notes, cases };
        while let Some((at, input)) = { lock(&queue).next() } {
            let Err(error) = input.start(&mut deputy) else { continue };
            input.state = ToCome::Over;
            halt.fetch_or(!(tolerant && error.is_about_one_file()), Ordering::Relaxed);
            // One that was stopped because of another's error has nothing to say.
            if !matches!(error, Error::Interrupted) {
                lock(&failed).push((at, error));
            }
        }
    };
    let waited = thread::scope(|scope| {
        let (cases, asked) = channel();
        let running: Vec<_> = (0..threads)
            .map(|_| {
                let (work, cases) = (&work, cases.clone());
                scope.spawn(move || work(cases))
            })
            .collect();
        drop(cases);
        let waited = attend(asked, &halt, caller);
        let panicked = running.into_iter().any(|thread| thread.join().is_err());
        waited.and(if panicked { Err(Error::Bug("a thread that opened a log panicked")) } else { Ok(()) })
    });
    waited?;
    for note in lock(&notes).drain(..) {
        caller.note(&note)?;
    }
    let mut failed = std::mem::take(&mut *lock(&failed));
    failed.sort_by_key(|(at, _)| *at);
    let mut errors = failed.into_iter().map(|(_, error)| error);
    if halt.into_inner()
        && let Some(error) = errors.find(|error| !(tolerant && error.is_about_one_file()))
    {
        return Err(error);
    }
    Ok(errors.collect())
}
