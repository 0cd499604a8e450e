//! The first look at many logs, on all cores: each is opened, and its index is loaded or built.

use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

use super::strand::{State, Strand};
use crate::caller::Caller;
use crate::cores::cores;
use crate::error::{Error, Result};
use crate::lock::lock;
use crate::pattern::{Candidate, Judge};

/// How often the caller is asked whether to go on.
const PULSE: Duration = Duration::from_millis(20);

/// Speaks for the caller on a thread that is not the caller's.
struct Deputy<'a> {
    halt: &'a AtomicBool,
    notes: &'a Mutex<Vec<String>>,
}

impl Judge for Deputy<'_> {
    fn judge(&mut self, _: &[u8], _: &mut Vec<Candidate>) -> Result<()> {
        Err(Error::Bug("a line was judged before it was asked for"))
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

/// Starts every strand. What goes wrong with one is the answer, of several at once that of the first log; where the
/// merge is `tolerant`, that strand is over and the others start, and all errors are returned.
pub(super) fn start(strands: &mut [Strand], tolerant: bool, caller: &mut dyn Caller) -> Result<Vec<Error>> {
    let threads = cores().min(strands.len());
    let (halt, notes) = (AtomicBool::new(false), Mutex::default());
    let (queue, failed) = (Mutex::new(strands.iter_mut().enumerate()), Mutex::new(Vec::new()));
    let work = || {
        let mut deputy = Deputy { halt: &halt, notes: &notes };
        while let Some((at, strand)) = { lock(&queue).next() } {
            let Err(error) = strand.start(&mut deputy) else { continue };
            strand.state = State::Over;
            halt.fetch_or(!(tolerant && error.is_about_one_file()), Ordering::Relaxed);
            // One that was stopped because of another's error has nothing to say.
            if !matches!(error, Error::Interrupted) {
                lock(&failed).push((at, error));
            }
        }
    };
    let caller_thread = thread::current();
    let waited = thread::scope(|scope| {
        let running: Vec<_> = (0..threads)
            .map(|_| {
                scope.spawn(|| {
                    work();
                    caller_thread.unpark();
                })
            })
            .collect();
        let mut waited = Ok(());
        while running.iter().any(|thread| !thread.is_finished()) {
            thread::park_timeout(PULSE);
            if waited.is_ok() {
                waited = caller.pulse();
                halt.fetch_or(waited.is_err(), Ordering::Relaxed);
            }
        }
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
