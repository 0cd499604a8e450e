//! How many threads run at once here.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

/// How many threads are worth starting: the cores that this process may use now, but no more than its control group's
/// share of their time, which is asked for once: Linux tells it in several files, and a question to a small log takes less
/// than to read them.
pub(crate) fn cores() -> usize {
    static SHARE: AtomicUsize = AtomicUsize::new(0);
    let allowed = allowed();
    let mut share = SHARE.load(Ordering::Relaxed);
    if share == 0 {
        let both = thread::available_parallelism().map_or(1, usize::from);
        share = if allowed.is_some_and(|allowed| allowed <= both) { usize::MAX } else { both };
        SHARE.store(share, Ordering::Relaxed);
    }
    share.min(allowed.unwrap_or(usize::MAX))
}

/// The cores that this process may use, where the system says.
fn allowed() -> Option<usize> {
    #[cfg(target_os = "linux")]
    return rustix::thread::sched_getaffinity(None).ok().map(|cores| cores.count() as usize);
    #[cfg(not(target_os = "linux"))]
    None
}

/// Has this thread run only where nobody else wants to.
pub(crate) fn give_way() {
    #[cfg(target_os = "linux")]
    let _ = rustix::process::setpriority_process(Some(rustix::thread::gettid()), 19);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn as_many_as_the_standard_library_says() {
        let both = thread::available_parallelism().map_or(1, usize::from);
        assert_eq!([cores(), cores()], [both; 2]);
    }
}
