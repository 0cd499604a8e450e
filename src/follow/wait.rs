//! How a follow waits for its file to change: for an event where there are events, else by looking again and again.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use crate::system::directory::directory_of;
use crate::system::mounts::tells_events;
use crate::system::wakeup::Wakeup;
use crate::system::watch::Watch;

/// The shortest and the longest time between two looks where there are no events.
const PAUSE: (Duration, Duration) = (Duration::from_micros(500), Duration::from_millis(20));

/// The longest time between two looks where there are events: writes through a map tell nothing.
const DOUBT: Duration = Duration::from_secs(1);

/// Waits between two looks at a file.
#[derive(Debug)]
pub struct Waiter {
    path: PathBuf,
    wakeup: Arc<Wakeup>,
    /// Rung by what happens to the name, and to the file where that is elsewhere; empty where there are no events.
    watches: Vec<Watch>,
    pause: Duration,
}

impl Waiter {
    /// Waits for what happens to `path`; `wakeup` may be rung by others too.
    pub fn new(path: &Path, wakeup: Arc<Wakeup>) -> Self {
        let mut waiter = Self { path: path.to_path_buf(), wakeup, watches: Vec::new(), pause: PAUSE.0 };
        waiter.watch(path);
        waiter
    }

    /// Watches what `path` names now.
    pub fn watch(&mut self, path: &Path) {
        // A link is watched in its own directory, for it may be turned, and its file in that file's.
        let real = std::fs::canonicalize(path).ok();
        let parent = directory_of(path);
        let in_place = std::fs::canonicalize(parent).ok().zip(path.file_name());
        let moved = real.filter(|real| in_place.as_ref().is_none_or(|(p, name)| *real != p.join(name)));
        if !tells_events(parent) || moved.as_deref().is_some_and(|m| !tells_events(m)) {
            self.watches.clear();
            return;
        }
        let wanted: Vec<&Path> = std::iter::once(path).chain(moved.as_deref()).collect();
        let watches: Vec<Watch> = wanted.iter().filter_map(|path| Watch::new(path, &self.wakeup)).collect();
        self.watches = if watches.len() == wanted.len() { watches } else { Vec::new() };
    }

    /// Whether there are no events, so that the file must be looked at again and again.
    pub fn is_blind(&self) -> bool {
        self.watches.is_empty()
    }

    /// Something came: where there are no events, look again soon.
    pub fn wake(&mut self) {
        self.pause = PAUSE.0;
    }

    /// Waits for the file to change, at most `limit`.
    pub fn wait(&mut self, limit: Duration) {
        if self.watches.iter().any(|watch| !watch.is_alive()) {
            let path = std::mem::take(&mut self.path);
            self.watch(&path);
            self.path = path;
        }
        if self.watches.is_empty() {
            self.wakeup.wait(self.pause.min(limit));
            self.pause = (self.pause + self.pause / 8).min(PAUSE.1);
        } else {
            self.wakeup.wait(limit.min(DOUBT));
        }
    }
}
