//! How an answer is ended from outside: by any thread, also while another one reads or waits.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use crate::system::wakeup::Wakeup;

/// What all who have to do with one answer share: whether it was closed, and what wakes whoever waits for it.
///
/// The flag alone would be seen at the next pulse; a follow may sleep much longer than that, so it is woken too.
#[derive(Clone, Default)]
pub(super) struct Halt {
    closed: Arc<AtomicBool>,
    /// Ends a wait; also for what else ends one, as a ring of `ended`.
    pub(super) wakeup: Arc<Wakeup>,
}

impl Halt {
    /// Closes the answer: who reads it lets go at the next pulse.
    pub(super) fn close(&self) {
        self.closed.store(true, Ordering::Release);
        self.wakeup.signal();
    }

    pub(super) fn is_closed(&self) -> bool {
        self.closed.load(Ordering::Acquire)
    }
}
