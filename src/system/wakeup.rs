//! A wakeup: what ends a wait early.

use std::sync::{Arc, Condvar, Mutex, MutexGuard};
use std::time::Duration;

use super::lock::{lock, lock_soon, sound};

/// How long a fork waits where it cannot be signalled: another thread held the wakeup when it was forked.
const DEAF: Duration = Duration::from_millis(5);

/// A wakeup: signalled when something happened, waited for by one thread.
///
/// A follow sleeps on one, and whoever knows of news signals it: the watch of its file, the end of its app, a signal handler, the
/// close of its answer. It holds one bit and counts nothing, because the sleeper looks at everything when it wakes; a signal that
/// comes while nobody sleeps is kept for the next sleep, so none falls between a look and a wait.
#[derive(Debug)]
pub struct Wakeup {
    signalled: Mutex<bool>,
    changed: Condvar,
    /// Rings with this one, for a thread that waits for many.
    above: Option<Arc<Wakeup>>,
    /// In a fork of this process the lock may be held by a thread that is not there.
    pid: u32,
}

impl Default for Wakeup {
    fn default() -> Self {
        Self { signalled: Mutex::default(), changed: Condvar::new(), above: None, pid: std::process::id() }
    }
}

impl Wakeup {
    /// A wakeup that is signalled already, and that signals `above` too.
    pub fn under(above: &Arc<Self>) -> Self {
        Self { signalled: Mutex::new(true), above: Some(Arc::clone(above)), ..Self::default() }
    }

    /// Ends the wait; one that begins later ends at once.
    pub fn signal(&self) {
        self.mark();
        self.changed.notify_one();
        if let Some(above) = &self.above {
            above.signal();
        }
    }

    /// As if it had been signalled, but the one above is not.
    pub fn mark(&self) {
        if let Some(mut signalled) = self.lock() {
            *signalled = true;
        }
    }

    /// Whether it has been signalled since the last look.
    pub fn take(&self) -> bool {
        // Where that cannot be known, it has: a look too many does no harm.
        self.lock().is_none_or(|mut signalled| std::mem::take(&mut *signalled))
    }

    /// Waits until it is signalled, if it was not since the last wait; at most `limit`.
    pub fn wait(&self, limit: Duration) {
        let Some(signalled) = self.lock() else { return std::thread::sleep(limit.min(DEAF)) };
        let waited = self.changed.wait_timeout_while(signalled, limit, |signalled| !*signalled);
        *sound(waited).0 = false;
    }

    fn lock(&self) -> Option<MutexGuard<'_, bool>> {
        if self.pid == std::process::id() { Some(lock(&self.signalled)) } else { lock_soon(&self.signalled) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bell_that_was_held_at_a_fork_keeps_nobody_waiting() {
        // As a fork finds it: made by another process, and locked by a thread that is not there.
        let wakeup = Wakeup { pid: std::process::id() + 1, ..Wakeup::default() };
        let held = lock(&wakeup.signalled);
        std::thread::scope(|scope| {
            let waits = scope.spawn(|| {
                wakeup.signal();
                wakeup.wait(Duration::from_secs(60));
                wakeup.take()
            });
            assert!(waits.join().unwrap());
        });
        drop(held);
    }
}
