//! Change events: one inotify instance and one thread for all files that the process follows.
//!
//! Directories are watched, not files: one watch tells of writes to a file, of its coming late, and of another file
//! that takes its name. A user may have 128 instances and some ten thousand watches; where they run out, or the file
//! system tells nothing of what other hosts write, the one who waits has to look again by itself.

use std::collections::HashMap;
use std::ffi::{OsStr, OsString};
use std::path::Path;
use std::sync::{Arc, Mutex};

use super::directory::directory_of;
use super::inotify::{Event, Inotify};
use super::lock::{lock, lock_soon};
use super::wakeup::Wakeup;

/// Who is to be told about what in a directory, into which thousands of ranks may write.
#[derive(Debug, Default)]
struct Listeners {
    /// Of what happens to a name.
    named: HashMap<OsString, Vec<Arc<Wakeup>>>,
    /// Of every name that comes.
    any: Vec<Arc<Wakeup>>,
}

impl Listeners {
    fn add(&mut self, name: Option<&OsStr>, wakeup: &Arc<Wakeup>) {
        let wakeups = match name {
            Some(name) => self.named.entry(name.to_owned()).or_default(),
            None => &mut self.any,
        };
        wakeups.push(Arc::clone(wakeup));
    }

    fn remove(&mut self, name: Option<&OsStr>, wakeup: &Arc<Wakeup>) {
        let named = name.map(|name| self.named.get_mut(name));
        let Some(wakeups) = named.unwrap_or(Some(&mut self.any)) else { return };
        if let Some(at) = wakeups.iter().position(|other| Arc::ptr_eq(other, wakeup)) {
            wakeups.swap_remove(at);
        }
        if let Some(name) = name.filter(|_| wakeups.is_empty()) {
            self.named.remove(name);
        }
    }

    fn is_empty(&self) -> bool {
        self.named.is_empty() && self.any.is_empty()
    }

    fn signal(&self, name: &OsStr, comes: bool) {
        let any = self.any.iter().filter(|_| comes);
        self.named.get(name).into_iter().flatten().chain(any).for_each(|wakeup| wakeup.signal());
    }

    fn signal_all(&self) {
        self.named.values().flatten().chain(&self.any).for_each(|wakeup| wakeup.signal());
    }
}

/// A directory entry that is watched until this is dropped.
#[derive(Debug)]
pub struct Watch {
    hub: Arc<Hub>,
    directory: i32,
    name: Option<OsString>,
    wakeup: Arc<Wakeup>,
}

impl Watch {
    /// Rings `wakeup` whenever something happens to what `path` names; `None` if that cannot be had.
    pub fn new(path: &Path, wakeup: &Arc<Wakeup>) -> Option<Self> {
        let name = path.file_name()?.to_owned();
        Self::listen(directory_of(path), Some(name), wakeup)
    }

    /// Rings `wakeup` whenever a new name comes to `directory`; `None` if that cannot be had.
    pub fn of_entries(directory: &Path, wakeup: &Arc<Wakeup>) -> Option<Self> {
        Self::listen(directory, None, wakeup)
    }

    fn listen(directory: &Path, name: Option<OsString>, wakeup: &Arc<Wakeup>) -> Option<Self> {
        let hub = Hub::of_this_process()?;
        let directory = hub.listen(directory, name.as_deref(), wakeup)?;
        Some(Self { hub, directory, name, wakeup: Arc::clone(wakeup) })
    }

    /// Whether it still signals: not in a fork of the process that made it, where nobody reads its events, and not when
    /// the directory was removed, though another may have its name and even its number by now.
    pub fn is_alive(&self) -> bool {
        self.hub.pid == std::process::id() && lock(&self.hub.listeners).contains_key(&self.directory)
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        self.hub.leave(self.directory, self.name.as_deref(), &self.wakeup);
    }
}

/// The one waiter of the process.
#[derive(Debug)]
struct Hub {
    inotify: Inotify,
    /// A fork inherits the instance but not the thread that reads it.
    pid: u32,
    listeners: Mutex<HashMap<i32, Listeners>>,
}

static HUB: Mutex<Option<Arc<Hub>>> = Mutex::new(None);

impl Hub {
    fn of_this_process() -> Option<Arc<Self>> {
        // In a forked process a thread may hold it that is not there; then it has to do without.
        let mut hub = lock_soon(&HUB)?;
        if let Some(known) = hub.as_ref().filter(|known| known.pid == std::process::id()) {
            return Some(Arc::clone(known));
        }
        let fresh =
            Arc::new(Self { inotify: Inotify::new()?, pid: std::process::id(), listeners: Mutex::default() });
        let reader = Arc::clone(&fresh);
        let thread = std::thread::Builder::new().name("logdex-watch".into());
        thread.spawn(move || reader.inotify.read(|event| reader.tell(&event))).ok()?;
        // The parent's is not dropped: its locks may be held.
        std::mem::forget(hub.replace(Arc::clone(&fresh)));
        Some(fresh)
    }

    fn listen(&self, directory: &Path, name: Option<&OsStr>, wakeup: &Arc<Wakeup>) -> Option<i32> {
        let mut listeners = lock(&self.listeners);
        let watch = self.inotify.add(directory)?;
        listeners.entry(watch).or_default().add(name, wakeup);
        Some(watch)
    }

    fn leave(&self, directory: i32, name: Option<&OsStr>, wakeup: &Arc<Wakeup>) {
        if self.pid != std::process::id() {
            return;
        }
        let mut listeners = lock(&self.listeners);
        let Some(here) = listeners.get_mut(&directory) else { return };
        here.remove(name, wakeup);
        if here.is_empty() {
            listeners.remove(&directory);
            self.inotify.remove(directory);
        }
    }

    fn tell(&self, event: &Event<'_>) {
        let mut listeners = lock(&self.listeners);
        match event {
            Event::In { directory, name, comes } => {
                let Some(here) = listeners.get(directory) else { return };
                // What happens to the directory itself is for all to know.
                name.map_or_else(|| here.signal_all(), |name| here.signal(name, *comes));
            }
            Event::Gone { directory } => {
                listeners.remove(directory).iter().for_each(Listeners::signal_all);
            }
            Event::Lost => listeners.values().for_each(Listeners::signal_all),
        }
    }
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use super::*;
    use std::time::{Duration, Instant};

    fn is_signalled(wakeup: &Wakeup) -> bool {
        let (begun, long) = (Instant::now(), Duration::from_secs(60));
        wakeup.wait(long);
        begun.elapsed() < long
    }

    #[test]
    fn a_bell_rings_for_its_own_name_only() {
        let folder = tempfile::tempdir().unwrap();
        let (wakeup, other) = (Arc::new(Wakeup::default()), Arc::new(Wakeup::default()));
        let watch = Watch::new(&folder.path().join("a.log"), &wakeup).unwrap();
        let _other = Watch::new(&folder.path().join("b.log"), &other).unwrap();
        std::fs::write(folder.path().join("a.log"), "x").unwrap();
        assert!(is_signalled(&wakeup));
        assert!(!other.take());
        drop(watch);
        std::fs::write(folder.path().join("b.log"), "x").unwrap();
        assert!(is_signalled(&other));
    }

    #[test]
    fn a_bell_rings_for_what_comes_and_not_for_what_is_written() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("a.log");
        std::fs::write(&file, "x").unwrap();
        let (entries, written) = (Arc::new(Wakeup::default()), Arc::new(Wakeup::default()));
        let _entries = Watch::of_entries(folder.path(), &entries).unwrap();
        let _written = Watch::new(&file, &written).unwrap();
        std::fs::write(&file, "more").unwrap();
        assert!(is_signalled(&written));
        assert!(!entries.take());
        std::fs::rename(&file, folder.path().join("a.log.1")).unwrap();
        assert!(is_signalled(&entries));
    }

    #[test]
    fn where_the_queue_overflowed_everybody_is_signalled() {
        let folder = tempfile::tempdir().unwrap();
        let most = std::fs::read_to_string("/proc/sys/fs/inotify/max_queued_events").unwrap();
        let hub =
            Hub { inotify: Inotify::new().unwrap(), pid: std::process::id(), listeners: Mutex::default() };
        let wakeup = Arc::new(Wakeup::default());
        hub.listen(folder.path(), Some(OsStr::new("never-written.log")), &wakeup).unwrap();
        // Two names in turn: the kernel makes one of events that are alike.
        let mut files =
            ["a.log", "b.log"].map(|name| std::fs::File::create(folder.path().join(name)).unwrap());
        for n in 0..=most.trim().parse::<usize>().unwrap() {
            std::io::Write::write_all(&mut files[n % 2], b"x").unwrap();
        }
        std::thread::spawn(move || hub.inotify.read(|event| hub.tell(&event)));
        assert!(is_signalled(&wakeup));
    }
}
