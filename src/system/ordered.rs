//! An ordered pool: work is cut into pieces in turn, done on threads, and taken in the order in which it was cut.

use std::collections::BTreeMap;
use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Condvar, Mutex, MutexGuard};
use std::time::Duration;

use super::lock::{lock, sound};
use crate::error::{Error, Result};

/// How long the consumer waits before it asks its caller whether to go on.
const PULSE: Duration = Duration::from_millis(20);

/// What the threads of an [`Ordered`] pool do.
pub trait Work: Send + Sync + 'static {
    /// What the threads take turns at: it knows where the next piece begins.
    type Cutter: Send + 'static;
    /// A piece of the work.
    type Piece: Send;
    /// What is made of a piece.
    type Done: Send + 'static;
    /// What one thread keeps from piece to piece.
    type Tools;

    /// The name of the threads.
    const NAME: &'static str;

    /// What a thread begins with.
    fn tools(&self) -> Self::Tools;

    /// Cuts piece `number`, which may wait for the disk; the second says that it is the last.
    fn cut(&self, cutter: &mut Self::Cutter, number: u64, tools: &mut Self::Tools) -> (Self::Piece, bool);

    /// Does a piece.
    fn run(&self, piece: Self::Piece, tools: &mut Self::Tools) -> Self::Done;

    /// What stands for a piece at which a thread panicked.
    fn failed(&self, error: Error) -> Self::Done;

    /// Whether what lies behind a piece is not wanted, now that this was made of it.
    fn is_over(done: &Self::Done) -> bool;

    /// Nobody wants the rest: what takes long is to end early.
    fn halt(&self);
}

/// Threads that do one work, and what they share with the consumer.
///
/// A scan and the building of an index are cut, searched and summed up on it: reading costs the same on any core, while
/// lines have an order. A thread that takes its turn at cutting holds the cutter and waits for room with it, so pieces have
/// their numbers in the order of the file; what is under way or waits to be taken is bounded by the window, however long one
/// piece takes.
pub struct Ordered<W: Work> {
    shared: Arc<Shared<W>>,
    pid: u32,
}

struct Shared<W: Work> {
    work: W,
    /// Held while a thread takes its turn, which may wait for the disk; so the consumer never takes it.
    cutter: Mutex<W::Cutter>,
    state: Mutex<PoolState<W::Done>>,
    room: Condvar,
    done: Condvar,
    window: u64,
}

struct PoolState<D> {
    issued: u64,
    taken: u64,
    finished: BTreeMap<u64, D>,
    /// No piece is to be cut any more: all are, one failed, or nobody wants the rest.
    stopped: bool,
}

impl<W: Work> Shared<W> {
    fn lock(&self) -> MutexGuard<'_, PoolState<W::Done>> {
        lock(&self.state)
    }
}

impl<W: Work> Ordered<W> {
    /// Starts `threads` threads; at most `window` pieces are cut and not taken at any time.
    ///
    /// # Errors
    /// What the system says, if no thread is to be had; with fewer than asked for the work is done as well.
    pub fn start(work: W, cutter: W::Cutter, threads: usize, window: u64) -> io::Result<Self> {
        let state = PoolState { issued: 0, taken: 0, finished: BTreeMap::new(), stopped: false };
        let shared = Arc::new(Shared {
            work,
            cutter: Mutex::new(cutter),
            state: Mutex::new(state),
            room: Condvar::new(),
            done: Condvar::new(),
            window,
        });
        let (mut started, mut refused) = (0, None);
        for _ in 0..threads {
            let shared = Arc::clone(&shared);
            match std::thread::Builder::new().name(W::NAME.into()).spawn(move || live(&shared)) {
                Ok(_) => started += 1,
                Err(error) => refused = Some(error),
            }
        }
        match refused.filter(|_| started == 0) {
            Some(error) => Err(error),
            None => Ok(Self { shared, pid: std::process::id() }),
        }
    }

    /// What is done.
    pub fn work(&self) -> &W {
        &self.shared.work
    }

    /// Whether the threads are this process's: a forked one has none of its parent's, and their locks may be held for ever.
    pub fn is_ours(&self) -> bool {
        self.pid == std::process::id()
    }

    /// What was made of the next piece in order. Not to be asked behind the last, nor in a forked process.
    ///
    /// # Errors
    /// What `pulse` returns, which is asked while nothing comes; that ends the wait, not the work.
    pub fn next(&self, pulse: &mut dyn FnMut() -> Result<()>) -> Result<W::Done> {
        let mut state = self.shared.lock();
        loop {
            let turn = state.taken;
            if let Some(done) = state.finished.remove(&turn) {
                state.taken += 1;
                self.shared.room.notify_one();
                return Ok(done);
            }
            let (woken, waited) = sound(self.shared.done.wait_timeout(state, PULSE));
            state = woken;
            if waited.timed_out() {
                drop(state);
                pulse()?;
                state = self.shared.lock();
            }
        }
    }
}

impl<W: Work> Drop for Ordered<W> {
    fn drop(&mut self) {
        // Not joined: a thread may hang in a read on a dead network mount, and it holds nothing of the caller's.
        if self.is_ours() {
            self.shared.work.halt();
            self.shared.lock().stopped = true;
            self.shared.room.notify_all();
        }
    }
}

/// One thread's life.
fn live<W: Work>(shared: &Shared<W>) {
    let mut tools = shared.work.tools();
    while let Some((number, cut)) = take(shared, &mut tools) {
        let outcome = match cut {
            Ok(piece) => catch_unwind(AssertUnwindSafe(|| shared.work.run(piece, &mut tools))),
            Err(panic) => Err(panic),
        };
        let bug = |_| shared.work.failed(Error::Bug("a worker panicked"));
        let done = outcome.unwrap_or_else(bug);
        let mut state = shared.lock();
        state.stopped |= W::is_over(&done);
        state.finished.insert(number, done);
        if state.taken == number {
            shared.done.notify_one();
        }
    }
}

/// Waits for room and cuts the next piece; gives its number.
fn take<W: Work>(shared: &Shared<W>, tools: &mut W::Tools) -> Option<(u64, std::thread::Result<W::Piece>)> {
    let mut cutter = lock(&shared.cutter);
    let mut state = shared.lock();
    while !state.stopped && state.issued - state.taken >= shared.window {
        state = sound(shared.room.wait(state));
    }
    if state.stopped {
        return None;
    }
    let number = state.issued;
    state.issued += 1;
    drop(state);
    let cut = catch_unwind(AssertUnwindSafe(|| shared.work.cut(&mut cutter, number, tools)));
    if cut.as_ref().map_or(true, |(_, last)| *last) {
        shared.lock().stopped = true;
    }
    Some((number, cut.map(|(piece, _)| piece)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::mpsc::{Receiver, channel};

    /// Counts up to `last`; a piece for which a word must come waits for it, and one at which it is to panic does.
    struct Counting {
        last: u64,
        awaited: Option<(u64, Mutex<Receiver<()>>)>,
        panics_at: Option<u64>,
    }

    impl Work for Counting {
        type Cutter = u64;
        type Piece = u64;
        type Done = Result<u64>;
        type Tools = ();
        const NAME: &'static str = "logdex-test";

        fn tools(&self) {}

        fn cut(&self, cutter: &mut u64, number: u64, (): &mut ()) -> (u64, bool) {
            assert_eq!(number, *cutter);
            *cutter += 1;
            (number, number == self.last)
        }

        fn run(&self, piece: u64, (): &mut ()) -> Result<u64> {
            assert_ne!(Some(piece), self.panics_at);
            if let Some((_, word)) = self.awaited.as_ref().filter(|(at, _)| *at == piece) {
                let _ = lock(word).recv();
            }
            Ok(piece)
        }

        fn failed(&self, error: Error) -> Result<u64> {
            Err(error)
        }

        fn is_over(done: &Result<u64>) -> bool {
            done.is_err()
        }

        fn halt(&self) {}
    }

    #[test]
    fn what_was_done_comes_in_the_order_of_the_cuts() {
        let work = Counting { last: 500, awaited: None, panics_at: None };
        let pool = Ordered::start(work, 0, 4, 6).unwrap();
        let done: Vec<u64> = (0..=500).map(|_| pool.next(&mut || Ok(())).unwrap().unwrap()).collect();
        assert_eq!(done, (0..=500).collect::<Vec<_>>());
    }

    /// One thread has the first piece and does not come to its end, as in a read that hangs: the others must not run
    /// through the file meanwhile.
    #[test]
    fn what_waits_behind_a_piece_that_hangs_is_bounded() {
        let (go_on, awaited) = channel();
        let work = Counting { last: 100, awaited: Some((0, Mutex::new(awaited))), panics_at: None };
        let pool = Ordered::start(work, 0, 3, 8).unwrap();
        let mut interrupt = || Err(Error::Interrupted);
        while pool.shared.lock().finished.len() < 7 {
            assert!(pool.next(&mut interrupt).is_err());
        }
        assert!(pool.next(&mut interrupt).is_err());
        let bounds = |state: &PoolState<_>| (state.issued, state.finished.len());
        assert_eq!(bounds(&pool.shared.lock()), (8, 7));
        go_on.send(()).unwrap();
        // Whatever the threads did meanwhile: no more than the window's eight are cut and not taken, done or not.
        for number in 0..=100 {
            assert_eq!(pool.next(&mut || Ok(())).unwrap().unwrap(), number);
            assert!(pool.shared.lock().finished.len() <= 8);
        }
    }

    #[test]
    fn a_panic_is_an_error_in_its_place() {
        let work = Counting { last: 100, awaited: None, panics_at: Some(3) };
        let pool = Ordered::start(work, 0, 2, 4).unwrap();
        for number in 0..3 {
            assert_eq!(pool.next(&mut || Ok(())).unwrap().unwrap(), number);
        }
        assert!(matches!(pool.next(&mut || Ok(())).unwrap(), Err(Error::Bug(_))));
    }
}
