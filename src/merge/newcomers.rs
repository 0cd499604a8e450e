//! Logs that come later: the directories in which they may appear, and when to look there.

use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::file::source::Identity;
use crate::system::mounts::tells_events;
use crate::system::wakeup::Wakeup;
use crate::system::watch::Watch;

/// The longest time between two looks: where every directory tells of what comes, and where one does not.
const EVERY: (Duration, Duration) = (Duration::from_secs(10), Duration::from_secs(1));

/// Looking takes at most one part in so many of the time: a tree of ten thousand directories takes its while.
const RARELY: u32 = 50;

/// Knows when to look for logs that were not there before.
pub(super) struct Newcomers {
    wakeup: Arc<Wakeup>,
    /// By directory: which one it was, and what rings when something comes there.
    watches: HashMap<PathBuf, (Option<Identity>, Option<Watch>)>,
    began: Instant,
    ended: Instant,
    /// When it was seen last where the names of the directories lead, and how long that holds.
    seen: (Instant, Duration),
}

impl Newcomers {
    /// A look is due at once; `above` is rung when the next one is.
    pub(super) fn new(above: &Arc<Wakeup>) -> Self {
        let now = Instant::now();
        Self {
            wakeup: Arc::new(Wakeup::under(above)),
            watches: HashMap::new(),
            began: now,
            ended: now,
            seen: (now, EVERY.1),
        }
    }

    /// Whether to look now. One who does says `watch` after that.
    pub(super) fn is_due(&mut self) -> bool {
        let due = self.wakeup.take() || self.ended.elapsed() >= self.every() || self.leads_elsewhere();
        if due {
            self.began = Instant::now();
        }
        due
    }

    /// Whether a directory's name leads to another one by now, which rings nothing: a link was turned, `latest` say, or
    /// something above it was renamed.
    fn leads_elsewhere(&mut self) -> bool {
        let (seen, holds) = self.seen;
        if seen.elapsed() < holds {
            return false;
        }
        let began = Instant::now();
        let mut watched = self.watches.iter();
        let found = watched.any(|(directory, (then, _))| Identity::at(directory) != *then);
        self.seen = (Instant::now(), EVERY.1.max(began.elapsed() * RARELY));
        found
    }

    /// Makes a look due.
    pub(super) fn hurry(&self) {
        self.wakeup.signal();
    }

    /// A look has ended: logs may come in these `directories`.
    pub(super) fn watch(&mut self, directories: Vec<PathBuf>) {
        let mut before = std::mem::take(&mut self.watches);
        for directory in directories {
            let identity = Identity::at(&directory);
            let known = before
                .remove(&directory)
                .filter(|(then, watch)| *then == identity && watch.as_ref().is_none_or(Watch::is_alive));
            let watched = known.unwrap_or_else(|| {
                // What came after it was listed, and before this, rings nothing.
                self.wakeup.signal();
                let tells = tells_events(&directory);
                (identity, tells.then(|| Watch::of_entries(&directory, &self.wakeup)).flatten())
            });
            self.watches.insert(directory, watched);
        }
        self.ended = Instant::now();
    }

    fn every(&self) -> Duration {
        let blind = self.watches.values().any(|(_, watch)| watch.is_none());
        let cost = self.ended.saturating_duration_since(self.began) * RARELY;
        cost.max(if blind { EVERY.1 } else { EVERY.0 })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::symlink;

    #[test]
    fn a_link_that_was_turned_makes_a_look_due() {
        let folder = tempfile::tempdir().unwrap();
        let [first, second, latest, turned] =
            ["first", "second", "latest", "turned"].map(|name| folder.path().join(name));
        std::fs::create_dir(&first).unwrap();
        std::fs::create_dir(&second).unwrap();
        symlink(&first, &latest).unwrap();
        let mut newcomers = Newcomers::new(&Arc::default());
        while newcomers.is_due() {
            newcomers.watch(vec![latest.clone()]);
        }
        // As if it had been seen long ago.
        newcomers.seen.1 = Duration::ZERO;
        assert!(!newcomers.is_due());
        symlink(&second, &turned).unwrap();
        std::fs::rename(&turned, &latest).unwrap();
        newcomers.seen.1 = Duration::ZERO;
        assert!(newcomers.is_due());
        newcomers.watch(vec![latest.clone()]);
        // What came before it was watched is looked for once more.
        assert!(newcomers.is_due());
    }
}
