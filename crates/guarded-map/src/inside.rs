//! Which threads look at which maps: a table that the handler of SIGBUS can read.
//!
//! A fault comes to the thread that caused it, so the handler only ever needs the places that its own thread has filled
//! in: no lock, no queue, nothing that another thread may be changing.

use std::sync::atomic::{AtomicBool, AtomicPtr, AtomicU64, AtomicUsize, Ordering, compiler_fence};

/// How many looks can be under way at once; one more sees nothing.
const PLACES: usize = 256;

static TABLE: [Place; PLACES] = [const { Place::new() }; PLACES];

/// A process and one of its threads, as one number that is not 0.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) struct Thread(pub(crate) u64);

impl Thread {
    /// The one that runs. Not remembered: a fork changes it, and a handler must not ask thread-local memory for it.
    pub(crate) fn current() -> Self {
        // SAFETY: it takes nothing and cannot fail.
        let process = unsafe { libc::getpid() };
        // SAFETY: the same.
        let thread = unsafe { libc::gettid() };
        Self(u64::from(process.cast_unsigned()) << 32 | u64::from(thread.cast_unsigned()))
    }

    /// Whether the process of `thread` is not this one: it forked this one, and its threads are not here.
    pub(crate) fn is_of_another_process(self, thread: u64) -> bool {
        thread >> 32 != self.0 >> 32
    }
}

/// One look, as the handler sees it.
struct Place {
    /// Whose it is: a [`Thread`], or 0.
    owner: AtomicU64,
    start: AtomicUsize,
    end: AtomicUsize,
    failed: AtomicPtr<AtomicBool>,
}

/// A map's pages, `start..end`, and the mark that says that one of them has failed.
#[derive(Clone, Copy)]
pub(crate) struct Pages {
    pub(crate) start: usize,
    pub(crate) end: usize,
    pub(crate) failed: *const AtomicBool,
}

impl Place {
    const fn new() -> Self {
        Self {
            owner: AtomicU64::new(0),
            start: AtomicUsize::new(0),
            end: AtomicUsize::new(0),
            failed: AtomicPtr::new(std::ptr::null_mut()),
        }
    }

    fn pages(&self) -> Pages {
        Pages {
            start: self.start.load(Ordering::Relaxed),
            end: self.end.load(Ordering::Relaxed),
            failed: self.failed.load(Ordering::Relaxed),
        }
    }

    fn is_taken_by(&self, thread: Thread) -> bool {
        self.owner.load(Ordering::Acquire) == thread.0
    }
}

/// A thread's place in the table, for as long as a look lasts.
pub(crate) struct Inside(&'static Place);

impl Inside {
    /// Tells the handler that this thread looks at `pages` now; `None` where too many threads look.
    pub(crate) fn enter(pages: Pages) -> Option<Self> {
        let thread = Thread::current();
        // Neighbours begin at different places, so that they do not try for the same.
        let (before, first) = TABLE.split_at((thread.0 % PLACES as u64).try_into().unwrap_or(0));
        let place = first.iter().chain(before).find(|place| {
            let owner = place.owner.load(Ordering::Relaxed);
            (owner == 0 || thread.is_of_another_process(owner))
                && place.owner.compare_exchange(owner, thread.0, Ordering::Acquire, Ordering::Relaxed).is_ok()
        })?;
        place.start.store(pages.start, Ordering::Relaxed);
        place.end.store(pages.end, Ordering::Relaxed);
        place.failed.store(pages.failed.cast_mut(), Ordering::Relaxed);
        // The handler runs in this thread, so only the compiler could put the look before this.
        compiler_fence(Ordering::SeqCst);
        Some(Self(place))
    }
}

impl Drop for Inside {
    fn drop(&mut self) {
        compiler_fence(Ordering::SeqCst);
        // A range without addresses first: what stays here must not speak of pages that may be gone.
        self.0.end.store(0, Ordering::Relaxed);
        self.0.owner.store(0, Ordering::Release);
    }
}

/// The pages among which `address` is, if `thread`, the one that asks, looks at them.
pub(crate) fn pages_at(thread: Thread, address: usize) -> Option<Pages> {
    let taken = TABLE.iter().filter(|place| place.is_taken_by(thread));
    taken.map(Place::pages).find(|pages| (pages.start..pages.end).contains(&address))
}

/// Whether `thread`, the one that asks, looks at any map.
pub(crate) fn is_inside(thread: Thread) -> bool {
    TABLE.iter().any(|place| place.is_taken_by(thread))
}
