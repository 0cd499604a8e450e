//! What time it is: the system's clocks, or one that a test moves by hand.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant, SystemTime};

/// Says what time it is.
///
/// A follow acts upon time in many places: text that has been still for a while is shown, a time of change that is old
/// enough can be trusted, a deadline passes. It asks one time source for all of that, so that a test can let seconds
/// go by without waiting for them.
#[derive(Clone, Debug, Default)]
pub struct TimeSource {
    moved: Option<Moved>,
}

/// A clock that stands still but for what it is moved by hand.
#[derive(Clone, Debug)]
struct Moved {
    began: (Instant, SystemTime),
    nanoseconds: Arc<AtomicU64>,
}

impl TimeSource {
    /// One that stands still until [`TimeSource::advance`] moves it, for all its clones.
    pub fn by_hand() -> Self {
        let began = (Instant::now(), SystemTime::now());
        Self { moved: Some(Moved { began, nanoseconds: Arc::default() }) }
    }

    /// Lets time go by on one that is moved by hand; the system's goes by itself.
    pub fn advance(&self, by: Duration) {
        if let Some(moved) = &self.moved {
            moved.nanoseconds.fetch_add(by.as_nanos() as u64, Ordering::Relaxed);
        }
    }

    /// The moment now, for measuring how long something took.
    pub fn now(&self) -> Instant {
        self.moved.as_ref().map_or_else(Instant::now, |moved| moved.began.0 + moved.elapsed())
    }

    /// The moment now, by the wall clock.
    pub fn wall(&self) -> SystemTime {
        self.moved.as_ref().map_or_else(SystemTime::now, |moved| moved.began.1 + moved.elapsed())
    }

    /// How long ago `moment` was.
    pub fn since(&self, moment: Instant) -> Duration {
        self.now().saturating_duration_since(moment)
    }
}

impl Moved {
    fn elapsed(&self) -> Duration {
        Duration::from_nanos(self.nanoseconds.load(Ordering::Relaxed))
    }
}
