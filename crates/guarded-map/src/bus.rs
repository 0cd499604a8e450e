//! SIGBUS in this process: our handler in its place, and the signal unblocked where it may come.

use std::mem::MaybeUninit;
use std::ptr;
use std::sync::atomic::{AtomicPtr, AtomicU32, AtomicUsize, Ordering};

use libc::{c_int, c_void, siginfo_t};

use crate::handler::handle;

/// What handled SIGBUS before; never freed, for a handler may be reading it.
static PREVIOUS: AtomicPtr<libc::sigaction> = AtomicPtr::new(ptr::null_mut());

/// What handled SIGBUS before our handler did; `None` before that was put in its place.
pub(crate) fn previous() -> Option<libc::sigaction> {
    let previous = PREVIOUS.load(Ordering::Acquire);
    // SAFETY: it is null, or what `remember` leaked, whole and never changed.
    unsafe { previous.as_ref() }.copied()
}

/// The length of a page in bytes.
pub(crate) fn page_size() -> usize {
    static SIZE: AtomicUsize = AtomicUsize::new(0);
    if SIZE.load(Ordering::Relaxed) == 0 {
        // SAFETY: it only asks.
        let size = unsafe { libc::sysconf(libc::_SC_PAGESIZE) };
        // 64 KiB is a multiple of every page's length.
        SIZE.store(usize::try_from(size).unwrap_or(64 << 10), Ordering::Relaxed);
    }
    SIZE.load(Ordering::Relaxed)
}

/// Makes sure that the handler is in place and on top; false where the system refuses.
pub(crate) fn is_guarded() -> bool {
    current().is_some_and(|action| is_ours(&action)) || install()
}

fn is_ours(action: &libc::sigaction) -> bool {
    action.sa_sigaction == ours().sa_sigaction
}

/// What handles SIGBUS now.
fn current() -> Option<libc::sigaction> {
    let mut action = MaybeUninit::uninit();
    // SAFETY: nothing is changed, and the answer has room.
    let asked = unsafe { libc::sigaction(libc::SIGBUS, ptr::null(), action.as_mut_ptr()) };
    // SAFETY: where it says 0, it has written an answer.
    (asked == 0).then(|| unsafe { action.assume_init() })
}

/// The default: the process ends.
pub(crate) fn default() -> libc::sigaction {
    // SAFETY: all zeros is a whole sigaction, and says `SIG_DFL`, with no flags and an empty mask.
    unsafe { MaybeUninit::zeroed().assume_init() }
}

/// Our handler. `SA_NODEFER`: the next failure may come before the handler of this one is done, if that is another's.
fn ours() -> libc::sigaction {
    let mut action = default();
    action.sa_sigaction = handle as extern "C" fn(c_int, *mut siginfo_t, *mut c_void) as usize;
    action.sa_flags = libc::SA_SIGINFO | libc::SA_NODEFER | libc::SA_ONSTACK;
    action
}

fn install() -> bool {
    /// The process that is at it; a fork copies the number of one that is not here.
    static AT_IT: AtomicU32 = AtomicU32::new(0);
    let process = std::process::id();
    loop {
        let other = AT_IT.load(Ordering::Relaxed);
        if other != process
            && AT_IT.compare_exchange(other, process, Ordering::Acquire, Ordering::Relaxed).is_ok()
        {
            break;
        }
        std::thread::yield_now();
    }
    let installed = put_on_top();
    AT_IT.store(0, Ordering::Release);
    installed
}

fn put_on_top() -> bool {
    let Some(before) = current() else { return false };
    if is_ours(&before) {
        return true;
    }
    // First, so that a signal that comes at once finds whom to ask.
    remember(before);
    let Some(replaced) = replace(&ours()) else { return false };
    if replaced.sa_sigaction != before.sa_sigaction && !is_ours(&replaced) {
        remember(replaced);
    }
    true
}

/// Handles SIGBUS as `action` says from now on; says what did before.
pub(crate) fn replace(action: &libc::sigaction) -> Option<libc::sigaction> {
    let mut before = MaybeUninit::uninit();
    // SAFETY: `action` is whole and its handler is of the kind that its flags say; the answer has room.
    let replaced = unsafe { libc::sigaction(libc::SIGBUS, action, before.as_mut_ptr()) };
    // SAFETY: where it says 0, it has written an answer.
    (replaced == 0).then(|| unsafe { before.assume_init() })
}

fn remember(action: libc::sigaction) {
    // A few bytes for each handler that somebody else has installed, and never given back.
    PREVIOUS.store(Box::leak(Box::new(action)), Ordering::Release);
}

/// SIGBUS unblocked in this thread, and as it was once this is dropped.
pub(crate) struct Unblocked {
    was_blocked: bool,
}

impl Unblocked {
    pub(crate) fn here() -> Self {
        let (bus, mut before) = (only_bus(), MaybeUninit::uninit());
        // SAFETY: both sets are whole, and it changes this thread's mask only.
        let changed =
            unsafe { libc::pthread_sigmask(libc::SIG_UNBLOCK, &raw const bus, before.as_mut_ptr()) };
        // SAFETY: where it says 0, it has written the mask that was.
        let was_blocked = changed == 0 && unsafe { libc::sigismember(before.as_ptr(), libc::SIGBUS) } == 1;
        Self { was_blocked }
    }
}

impl Drop for Unblocked {
    fn drop(&mut self) {
        if self.was_blocked {
            let bus = only_bus();
            // SAFETY: as above.
            unsafe { libc::pthread_sigmask(libc::SIG_BLOCK, &raw const bus, ptr::null_mut()) };
        }
    }
}

/// The set of signals that is SIGBUS alone.
pub(crate) fn only_bus() -> libc::sigset_t {
    let mut set = MaybeUninit::uninit();
    // SAFETY: it makes an empty set of it.
    unsafe { libc::sigemptyset(set.as_mut_ptr()) };
    // SAFETY: the set is one since the line before.
    unsafe { libc::sigaddset(set.as_mut_ptr(), libc::SIGBUS) };
    // SAFETY: the same.
    unsafe { set.assume_init() }
}
