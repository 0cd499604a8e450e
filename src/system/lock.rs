//! Locks that outlive a panic, and a fork.
//!
//! What runs under the engine's locks either cannot panic or leaves nothing half done, so what a poisoned lock holds is
//! sound. A fork copies locks, but not the threads that hold them: a lock that a child may find held is only tried for.

use std::sync::{Mutex, MutexGuard, PoisonError, TryLockError};
use std::time::{Duration, Instant};

/// Locks that are tried for are held by others for microseconds.
const SOON: Duration = Duration::from_millis(50);

/// The lock of `mutex`, which every process makes for itself.
pub(crate) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    sound(mutex.lock())
}

/// The lock of `mutex`, if it comes soon; `None` if one holds it who is not there any more.
pub(crate) fn lock_soon<T>(mutex: &Mutex<T>) -> Option<MutexGuard<'_, T>> {
    let begun = Instant::now();
    loop {
        match mutex.try_lock() {
            Ok(guard) => return Some(guard),
            Err(TryLockError::Poisoned(poisoned)) => return Some(poisoned.into_inner()),
            Err(TryLockError::WouldBlock) if begun.elapsed() > SOON => return None,
            Err(TryLockError::WouldBlock) => std::thread::yield_now(),
        }
    }
}

/// What a lock or a wait gave, poisoned or not.
pub(crate) fn sound<T>(given: Result<T, PoisonError<T>>) -> T {
    given.unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_lock_of_which_the_holder_panicked_or_is_gone() {
        let mutex = Mutex::new(1);
        let panicked = std::thread::scope(|scope| {
            let holder = scope.spawn(|| {
                let _held = lock(&mutex);
                panic!("on purpose");
            });
            holder.join().is_err()
        });
        assert!(panicked && mutex.is_poisoned());
        *lock(&mutex) += 1;
        assert_eq!(lock_soon(&mutex).map(|guard| *guard), Some(2));
        let _held_for_ever = lock(&mutex);
        assert!(lock_soon(&mutex).is_none());
    }
}
