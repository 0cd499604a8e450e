//! The indexes of recorded logs, brought up to date while the logs grow: the first question to a large log need not
//! read it. One log at a time, on one thread that gives way to all others and lives as long as there is work.

use std::collections::VecDeque;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard};

use super::beside;
use crate::error::{Error, Result};
use crate::file::source::{Identity, Source};
use crate::index::{GROWN, Index, Keep, Options, STORED_FROM, text};
use crate::system::cores::give_way;
use crate::system::lock::lock;

/// How long a log was when its index was asked for last, in bytes.
#[derive(Clone, Copy, Debug, Default)]
pub struct LengthAsked(u64);

impl LengthAsked {
    /// Whether the index of a log of `size` bytes is to be brought up to date; if so, that is remembered. `last`: the log
    /// grows no more.
    pub fn is_due(&mut self, size: u64, last: bool) -> bool {
        if size < self.0 {
            self.0 = 0;
        }
        let grown = size - self.0;
        let due = size >= STORED_FROM && grown > 0 && (last || grown >= GROWN.min(self.0 / 10));
        if due {
            self.0 = size;
        }
        due
    }
}

/// Who brings the indexes up to date.
#[derive(Debug, Default)]
pub struct Keeper(Mutex<Backlog>);

#[derive(Debug, Default)]
struct Backlog {
    /// The logs, and whether they grow no more.
    queue: VecDeque<(PathBuf, bool)>,
    /// There is a thread.
    runs: bool,
}

impl Keeper {
    /// Has the index of `log` brought up to date soon. Where no thread can be had, it is not.
    pub fn ask(self: &Arc<Self>, log: PathBuf, last: bool) {
        let mut work = self.work();
        match work.queue.iter_mut().find(|(waiting, _)| *waiting == log) {
            Some((_, waiting_last)) => *waiting_last |= last,
            None => work.queue.push_back((log, last)),
        }
        if !work.runs {
            let keeper = Arc::clone(self);
            let thread = std::thread::Builder::new().name("logdex-keeper".into());
            work.runs = thread.spawn(move || keeper.run()).is_ok();
        }
    }

    fn run(&self) {
        give_way();
        while let Some((log, last)) = self.next() {
            // A log that cannot be read now, or has changed: whoever asks of it will build what is missing.
            let _ = bring_up_to_date(&log, last);
        }
    }

    fn next(&self) -> Option<(PathBuf, bool)> {
        let mut work = self.work();
        let next = work.queue.pop_front();
        work.runs = next.is_some();
        next
    }

    fn work(&self) -> MutexGuard<'_, Backlog> {
        lock(&self.0)
    }
}

/// Sums up what has come to `log` since its index was stored, and stores it anew.
fn bring_up_to_date(log: &Path, last: bool) -> Result<()> {
    // Only where the record is: a directory that is removed meanwhile must not come back.
    let keep = Keep::beside(beside::directory(log));
    if keep == Keep::Nowhere {
        return Ok(());
    }
    let source = Arc::new(Source::open(log)?);
    let size = source.size()?;
    let grown = if last { 0 } else { GROWN };
    let options = Options { threads: 1, grown, steps: true, ..Options::new(keep) };
    let mut tick = || match Identity::at(log) {
        Some(identity) if identity == source.identity() => Ok(()),
        _ => Err(Error::Interrupted),
    };
    let keep = options.keep.clone();
    Index::of(&source, size, options, &mut tick)?;
    if text::is_off() {
        return Ok(());
    }
    text::build(&source, &keep, 1, &mut |_| {}, &mut tick).map(drop)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_index_is_due_when_its_log_is_large_and_has_grown() {
        const MIB: u64 = 1 << 20;
        let mut mark = LengthAsked::default();
        let asked = [1, 15, 16, 17, 18, 19, 20, 500, 549, 563, 564, 2000, 2063, 2064, 20, 21];
        let due: Vec<u64> = asked.into_iter().filter(|mib| mark.is_due(mib * MIB, false)).collect();
        assert_eq!(due, [16, 18, 20, 500, 563, 2000, 2064, 20]);
        assert!(mark.is_due(21 * MIB, true) && !mark.is_due(21 * MIB, true));
        assert!(!LengthAsked::default().is_due(15 * MIB, true));
    }
}
