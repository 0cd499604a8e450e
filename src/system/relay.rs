//! A relay: pieces of work that a reader brings are done on threads, while it brings the next, and come back in the order in
//! which they were brought.
//!
//! Beside [`super::ordered`], whose threads cut the work themselves: here whoever brings it may have to be asked whether to
//! go on, and stays on its own thread.

use std::collections::VecDeque;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::mpsc::{Receiver, RecvTimeoutError, SendError, Sender, channel};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

use super::lock::lock;
use crate::error::{Error, Result};

/// How long the reader waits before it asks its caller whether to go on.
const PULSE: Duration = Duration::from_millis(20);

/// What the threads of a [`Relay`] do.
pub trait RelayWork: Send + Sync + 'static {
    /// A piece of the work.
    type Task: Send + 'static;
    /// What is made of it.
    type Done: Send + 'static;
    /// What one thread keeps from piece to piece.
    type Tools;

    /// The name of the threads.
    const NAME: &'static str;
    /// How many pieces for each thread may be under way.
    const WINDOW: usize;
    /// So many pieces are done on the reader's own thread before others are started: a thread costs more than a few are
    /// worth, and begins with tools that have seen nothing.
    const FEW: usize;

    /// What a thread begins with.
    fn tools(&self) -> Self::Tools;

    /// Does a piece.
    fn run(&self, task: Self::Task, tools: &mut Self::Tools) -> Self::Done;
}

/// A piece on its way to a thread, and where what was made of it goes.
type Sent<W> = (<W as RelayWork>::Task, Sender<Result<<W as RelayWork>::Done>>);

/// The threads, and the pieces that they have.
pub struct Relay<W: RelayWork> {
    work: Arc<W>,
    tasks: Sender<Sent<W>>,
    queue: Arc<Mutex<Receiver<Sent<W>>>>,
    flying: VecDeque<Receiver<Result<W::Done>>>,
    /// With what the reader's own thread works, and how many pieces it did.
    own: Option<W::Tools>,
    done: usize,
    threads: usize,
    most: usize,
}

impl<W: RelayWork> Relay<W> {
    /// At most `most` threads, which are started as they are needed.
    pub fn new(work: W, most: usize) -> Self {
        let (tasks, queue) = channel();
        let queue = Arc::new(Mutex::new(queue));
        Self {
            work: Arc::new(work),
            tasks,
            queue,
            flying: VecDeque::new(),
            own: None,
            done: 0,
            threads: 0,
            most,
        }
    }

    /// Whether another piece is wanted; what is under way is bounded.
    pub fn has_room(&self) -> bool {
        self.flying.len() <= W::WINDOW * self.most
    }

    /// Whether nothing is under way.
    pub fn is_idle(&self) -> bool {
        self.flying.is_empty()
    }

    /// Takes a piece on. The first few are done at once, on the thread of the reader, for there may be no others.
    pub fn push(&mut self, task: W::Task) {
        let (back, done) = channel();
        self.flying.push_back(done);
        if self.done >= W::FEW && self.threads < self.most {
            self.start();
        }
        let unsent = if self.threads > 0 {
            self.tasks.send((task, back)).err()
        } else {
            Some(SendError((task, back)))
        };
        if let Some(SendError((task, back))) = unsent {
            let _ = back.send(attempt(&*self.work, task, &mut self.own));
            self.done += 1;
        }
    }

    fn start(&mut self) {
        let (work, queue) = (Arc::clone(&self.work), Arc::clone(&self.queue));
        let thread = thread::Builder::new().name(W::NAME.into());
        // Where none is to be had, the reader's own thread does it.
        self.threads += usize::from(thread.spawn(move || live(&*work, &queue)).is_ok());
    }

    /// What was made of the first piece that is under way; `None` where there is none.
    ///
    /// # Errors
    /// What `pulse` returns, which is asked while nothing comes; or the work on that piece panicked.
    pub fn pop(&mut self, pulse: &mut dyn FnMut() -> Result<()>) -> Result<Option<W::Done>> {
        while !self.is_idle() {
            if let Some(done) = self.within(PULSE)? {
                return Ok(Some(done));
            }
            pulse()?;
        }
        Ok(None)
    }

    /// What was made of the first piece that is under way; `None` also where it is not made yet.
    ///
    /// # Errors
    /// The work on that piece panicked.
    #[cfg(any(test, feature = "arrow"))]
    pub fn poll(&mut self) -> Result<Option<W::Done>> {
        self.within(Duration::ZERO)
    }

    fn within(&mut self, patience: Duration) -> Result<Option<W::Done>> {
        let Some(first) = self.flying.front() else { return Ok(None) };
        match first.recv_timeout(patience) {
            Ok(done) => {
                self.flying.pop_front();
                done.map(Some)
            }
            Err(RecvTimeoutError::Timeout) => Ok(None),
            Err(RecvTimeoutError::Disconnected) => Err(Error::Bug("a worker is gone")),
        }
    }
}

/// One thread's life, which ends with the relay.
fn live<W: RelayWork>(work: &W, queue: &Mutex<Receiver<Sent<W>>>) {
    let mut tools = Some(work.tools());
    loop {
        // Let go of before the work begins.
        let task = lock(queue).recv();
        let Ok((task, back)) = task else { return };
        let _ = back.send(attempt(work, task, &mut tools));
    }
}

/// Does a piece; a panic becomes an error, for the reader may have been called from C, which a panic must not reach. The
/// tools that it leaves are not used again.
fn attempt<W: RelayWork>(work: &W, task: W::Task, tools: &mut Option<W::Tools>) -> Result<W::Done> {
    let mut held = tools.take().unwrap_or_else(|| work.tools());
    let done = catch_unwind(AssertUnwindSafe(|| work.run(task, &mut held)));
    let done = done.map_err(|_| Error::Bug("a worker panicked"))?;
    *tools = Some(held);
    Ok(done)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Doubles a number; 13 is more than it bears.
    struct Doubling;

    impl RelayWork for Doubling {
        type Task = u64;
        type Done = u64;
        type Tools = ();
        const NAME: &'static str = "logdex-test";
        const WINDOW: usize = 3;
        const FEW: usize = 8;

        fn tools(&self) {}

        fn run(&self, task: u64, (): &mut ()) -> u64 {
            assert_ne!(task, 13);
            2 * task
        }
    }

    fn doubled(numbers: &[u64], threads: usize) -> Result<Vec<u64>> {
        let (mut relay, mut numbers, mut done) = (Relay::new(Doubling, threads), numbers.iter(), Vec::new());
        loop {
            while relay.has_room()
                && let Some(&number) = numbers.next()
            {
                relay.push(number);
            }
            match relay.pop(&mut || Ok(()))? {
                Some(number) => done.push(number),
                None => return Ok(done),
            }
        }
    }

    #[test]
    fn what_was_done_comes_in_the_order_of_the_work() {
        let numbers: Vec<u64> = (14..500).collect();
        let twice: Vec<u64> = numbers.iter().map(|number| 2 * number).collect();
        for threads in 0..4 {
            assert_eq!(doubled(&numbers, threads).unwrap(), twice);
        }
        assert!(Relay::new(Doubling, 2).is_idle());
    }

    #[test]
    fn who_does_not_wait_gets_what_is_done() {
        let mut relay = Relay::new(Doubling, 2);
        assert!(matches!(relay.poll(), Ok(None)));
        // The first are done at once.
        relay.push(1);
        relay.push(2);
        assert!(matches!(relay.poll(), Ok(Some(2))));
        assert!(matches!(relay.poll(), Ok(Some(4))));
        assert!(matches!(relay.poll(), Ok(None)));
    }

    #[test]
    fn a_panic_is_an_error_in_its_place_on_every_thread() {
        let numbers: Vec<u64> = (14..14 + Doubling::FEW as u64).chain([13, 4]).collect();
        assert!(matches!(doubled(&numbers, 1), Err(Error::Bug(_))));
        // The reader's own.
        assert!(matches!(doubled(&[13], 1), Err(Error::Bug(_))));
    }

    #[test]
    fn what_follows_a_panic_is_done_by_the_same_thread() {
        // With nothing before it, on the reader's own; else on the one that was started.
        for before in [0, Doubling::FEW] {
            let mut relay = Relay::new(Doubling, 1);
            let numbers = std::iter::repeat_n(1, before).chain([13, 4]);
            numbers.for_each(|number| relay.push(number));
            let done: Vec<_> = (0..before + 2).map(|_| relay.pop(&mut || Ok(()))).collect();
            assert!(matches!(done[before..], [Err(Error::Bug(_)), Ok(Some(8))]));
        }
    }
}
