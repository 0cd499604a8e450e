//! How a follow waits for its file to change: by looking again, soon at first and less often as nothing comes.

use std::time::Duration;

/// The shortest and the longest time between two looks.
const BOUNDS: (Duration, Duration) = (Duration::from_micros(500), Duration::from_millis(20));

/// Waits between two looks at a file.
#[derive(Debug)]
pub struct Waiter {
    pause: Duration,
}

impl Default for Waiter {
    /// A waiter that looks again soon.
    fn default() -> Self {
        Self { pause: BOUNDS.0 }
    }
}

impl Waiter {
    /// Something came: look again soon.
    pub fn wake(&mut self) {
        self.pause = BOUNDS.0;
    }

    /// Waits for the file to change, at most `limit`.
    pub fn wait(&mut self, limit: Duration) {
        std::thread::sleep(self.pause.min(limit));
        self.pause = (self.pause + self.pause / 8).min(BOUNDS.1);
    }
}
