//! The handler of SIGBUS: mends what a look met, and hands on all else.
//!
//! It does what POSIX allows in a handler: atomics, and calls of the system that are async-signal-safe.

use std::mem::MaybeUninit;
use std::ptr;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};

use libc::{c_int, c_void, siginfo_t};

use crate::bus;
use crate::inside::{self, Pages, Thread};

/// The handler, as the system calls it.
pub(crate) extern "C" fn handle(signal: c_int, info: *mut siginfo_t, context: *mut c_void) {
    // SAFETY: every thread has an errno, at a place that stays while it runs.
    let errno = unsafe { libc::__errno_location() };
    // SAFETY: that place is this thread's own.
    let before = unsafe { errno.read() };
    if !is_done(info) {
        hand_on(signal, info, context);
    }
    // SAFETY: the same place.
    unsafe { errno.write(before) };
}

/// Mends a failure that a look of this thread met. False for what is somebody else's.
fn is_done(info: *const siginfo_t) -> bool {
    // SAFETY: the system hands a whole siginfo to a handler with `SA_SIGINFO`, and so must whoever chains to it.
    let info = unsafe { &*info };
    let thread = Thread::current();
    match info.si_code {
        libc::BUS_ADRERR => {
            // SAFETY: a fault's siginfo has an address.
            let address = unsafe { info.si_addr() } as usize;
            inside::pages_at(thread, address).is_some_and(mend)
        }
        // Another handler was on top, had the failure first, put ours back and raised the signal again, as CPython's
        // `faulthandler` does. Back from it the instruction fails once more, and is mended then.
        libc::SI_TKILL => inside::is_inside(thread) && is_from_here(info),
        _ => false,
    }
}

fn is_from_here(info: &siginfo_t) -> bool {
    // SAFETY: the siginfo of a signal that was sent has the sender.
    let sender = unsafe { info.si_pid() };
    // SAFETY: it takes nothing and cannot fail.
    sender == unsafe { libc::getpid() }
}

/// Puts zeros in the place of all of the map: the failing instruction goes on with them, and no other of it fails.
fn mend(pages: Pages) -> bool {
    // SAFETY: the look that this thread is in borrows the map, and with it the mark.
    let failed = unsafe { &*pages.failed };
    // The mark first: another thread that looks at the map must not see zeros without it.
    failed.store(true, Ordering::SeqCst);
    let flags = libc::MAP_FIXED | libc::MAP_ANONYMOUS | libc::MAP_PRIVATE | libc::MAP_NORESERVE;
    let (start, length) = (ptr::with_exposed_provenance_mut(pages.start), pages.end - pages.start);
    // SAFETY: the pages are the map's own, and stay so while the look borrows it; they are only read, here and elsewhere.
    // All of them, so that the number of maps of the process, which is limited, does not grow.
    let zeros = unsafe { libc::mmap(start, length, libc::PROT_READ, flags, -1, 0) };
    zeros != libc::MAP_FAILED
}

/// How many threads can be in another's handler at once, through ours, with a ring of handlers still being seen.
const CHAINS: usize = 64;

static TABLE: [Chain; CHAINS] = [const { Chain::new() }; CHAINS];

/// A thread that is in another's handler, called by ours.
struct Chain {
    owner: AtomicU64,
    /// Where on the stack the call was made.
    frame: AtomicUsize,
    /// That handler led here again, and the default was restored.
    ended: AtomicBool,
}

impl Chain {
    const fn new() -> Self {
        Self { owner: AtomicU64::new(0), frame: AtomicUsize::new(0), ended: AtomicBool::new(false) }
    }

    /// The mark of `thread`, if it has made one.
    fn of(thread: Thread) -> Option<&'static Self> {
        TABLE.iter().find(|chain| chain.owner.load(Ordering::Acquire) == thread.0)
    }

    /// A mark for `thread`; without one, where too many are made, a ring would end in the overflow of the stack.
    fn begin(thread: Thread, frame: usize) -> Option<&'static Self> {
        let free = |chain: &&Self| {
            let owner = chain.owner.load(Ordering::Relaxed);
            (owner == 0 || thread.is_of_another_process(owner))
                && chain.owner.compare_exchange(owner, thread.0, Ordering::Acquire, Ordering::Relaxed).is_ok()
        };
        let chain = Self::of(thread).or_else(|| TABLE.iter().find(free))?;
        chain.ended.store(false, Ordering::Relaxed);
        chain.frame.store(frame, Ordering::Relaxed);
        Some(chain)
    }
}

/// Hands the signal on to whoever handled it before.
fn hand_on(signal: c_int, info: *mut siginfo_t, context: *mut c_void) {
    let (thread, here) = (Thread::current(), 0u8);
    let frame = (&raw const here).addr();
    // Stacks grow downwards: a mark from further up is of a call that has not returned, so whoever was called leads here
    // again. One from here or further down is of a handler that was left by a jump.
    if let Some(chain) = Chain::of(thread).filter(|chain| frame < chain.frame.load(Ordering::Relaxed)) {
        chain.ended.store(true, Ordering::Relaxed);
        bus::replace(&bus::default());
        return;
    }
    // SAFETY: as in `is_done`.
    let was_sent = unsafe { &*info }.si_code <= 0;
    let previous = bus::previous().unwrap_or_else(bus::default);
    let ends = match previous.sa_sigaction {
        libc::SIG_DFL => true,
        // A fault cannot be ignored: the system ends the process.
        libc::SIG_IGN => !was_sent,
        _ => {
            let chain = Chain::begin(thread, frame);
            call(&previous, signal, info, context);
            chain.is_some_and(|chain| {
                chain.owner.store(0, Ordering::Release);
                chain.ended.load(Ordering::Relaxed)
            })
        }
    };
    if ends {
        // A fault comes again after this, and ends the process where it is: the dump has the right program counter.
        bus::replace(&bus::default());
        if was_sent {
            // SAFETY: it sends this thread the signal that it is handling.
            unsafe { libc::raise(signal) };
        }
    }
}

/// Calls another's handler as the system would have: with the signals blocked that it asked for.
fn call(previous: &libc::sigaction, signal: c_int, info: *mut siginfo_t, context: *mut c_void) {
    if previous.sa_flags & libc::SA_RESETHAND != 0 {
        bus::replace(&bus::default());
    }
    let mut mask = MaybeUninit::uninit();
    // SAFETY: the mask that was asked for is whole, and the answer has room.
    unsafe { libc::pthread_sigmask(libc::SIG_BLOCK, &raw const previous.sa_mask, mask.as_mut_ptr()) };
    if previous.sa_flags & libc::SA_NODEFER == 0 {
        let bus = bus::only_bus();
        // SAFETY: the same.
        unsafe { libc::pthread_sigmask(libc::SIG_BLOCK, &raw const bus, ptr::null_mut()) };
    }
    let handler = ptr::with_exposed_provenance::<()>(previous.sa_sigaction);
    if previous.sa_flags & libc::SA_SIGINFO == 0 {
        // SAFETY: without `SA_SIGINFO`, what is not `SIG_DFL` or `SIG_IGN` is a function of this kind.
        let handler = unsafe { std::mem::transmute::<*const (), extern "C" fn(c_int)>(handler) };
        handler(signal);
    } else {
        type Handler = extern "C" fn(c_int, *mut siginfo_t, *mut c_void);
        // SAFETY: with `SA_SIGINFO`, it is a function of this kind.
        let handler = unsafe { std::mem::transmute::<*const (), Handler>(handler) };
        handler(signal, info, context);
    }
    // SAFETY: the call above has written it, for it fails only where it is asked for what does not exist.
    unsafe { libc::pthread_sigmask(libc::SIG_SETMASK, mask.as_ptr(), ptr::null_mut()) };
}
