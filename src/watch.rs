//! Change events: one inotify instance and one thread for all files that the process follows.
//!
//! Directories are watched, not files: one watch tells of writes to a file, of its coming late, and of another file
//! that takes its name. A user may have 128 instances and some ten thousand watches; where they run out, or the file
//! system tells nothing of what other hosts write, the one who waits has to look again by itself.

use std::collections::HashMap;
use std::ffi::{OsStr, OsString};
use std::path::Path;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError, TryLockError};
use std::time::{Duration, Instant};

/// A bell: rung when something happened, waited for by one thread.
#[derive(Debug, Default)]
pub struct Bell {
    rung: Mutex<bool>,
    changed: Condvar,
    /// Rings with this one, for somebody who waits for many.
    above: Option<Arc<Bell>>,
}

impl Bell {
    /// A bell with which `above` rings too; it has been rung already.
    pub fn under(above: &Arc<Self>) -> Self {
        Self { rung: Mutex::new(true), above: Some(Arc::clone(above)), ..Self::default() }
    }

    /// Rings; a wait that begins later ends at once.
    pub fn ring(&self) {
        *lock(&self.rung) = true;
        self.changed.notify_one();
        if let Some(above) = &self.above {
            above.ring();
        }
    }

    /// As if it had been rung, but the one above does not hear it.
    pub fn mark(&self) {
        *lock(&self.rung) = true;
    }

    /// Whether it has been rung since the last look.
    pub fn take(&self) -> bool {
        std::mem::take(&mut lock(&self.rung))
    }

    /// Waits for a ring since the last wait, at most `limit`.
    pub fn wait(&self, limit: Duration) {
        let rung = lock(&self.rung);
        let waited = self.changed.wait_timeout_while(rung, limit, |rung| !*rung);
        *waited.unwrap_or_else(PoisonError::into_inner).0 = false;
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    // Nothing that can panic runs under these locks, so what a poisoned one holds is sound.
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Who is to be told about what in a directory.
#[derive(Debug)]
struct Listener {
    /// Of what happens to this name; of every name that comes if `None`.
    name: Option<OsString>,
    bell: Arc<Bell>,
}

impl Listener {
    fn hears(&self, name: Option<&OsStr>, comes: bool) -> bool {
        // What happens to the directory itself is for all to know.
        let Some(name) = name else { return true };
        self.name.as_ref().map_or(comes, |own| own == name)
    }
}

/// A directory entry that is watched until this is dropped.
#[derive(Debug)]
pub struct Watch {
    hub: Arc<Hub>,
    directory: i32,
    name: Option<OsString>,
    bell: Arc<Bell>,
}

impl Watch {
    /// Rings `bell` whenever something happens to what `path` names; `None` if that cannot be had.
    pub fn new(path: &Path, bell: &Arc<Bell>) -> Option<Self> {
        let name = path.file_name()?.to_owned();
        let directory = path.parent().filter(|d| !d.as_os_str().is_empty()).unwrap_or(Path::new("."));
        Self::listen(directory, Some(name), bell)
    }

    /// Rings `bell` whenever a new name comes to `directory`; `None` if that cannot be had.
    pub fn of_entries(directory: &Path, bell: &Arc<Bell>) -> Option<Self> {
        Self::listen(directory, None, bell)
    }

    fn listen(directory: &Path, name: Option<OsString>, bell: &Arc<Bell>) -> Option<Self> {
        let hub = Hub::of_this_process()?;
        let directory = hub.listen(directory, Listener { name: name.clone(), bell: Arc::clone(bell) })?;
        Some(Self { hub, directory, name, bell: Arc::clone(bell) })
    }

    /// Whether it was made in this process: in a fork of that, nobody reads its events.
    pub fn is_ours(&self) -> bool {
        self.hub.pid == std::process::id()
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        self.hub.leave(self.directory, self.name.as_deref(), &self.bell);
    }
}

/// The one waiter of the process.
#[derive(Debug)]
struct Hub {
    inotify: imp::Inotify,
    /// A fork inherits the instance but not the thread that reads it.
    pid: u32,
    listeners: Mutex<HashMap<i32, Vec<Listener>>>,
}

static HUB: Mutex<Option<Arc<Hub>>> = Mutex::new(None);

impl Hub {
    fn of_this_process() -> Option<Arc<Self>> {
        let mut hub = Self::known()?;
        if let Some(known) = hub.as_ref().filter(|known| known.pid == std::process::id()) {
            return Some(Arc::clone(known));
        }
        let fresh = Arc::new(Self {
            inotify: imp::Inotify::new()?,
            pid: std::process::id(),
            listeners: Mutex::default(),
        });
        let reader = Arc::clone(&fresh);
        let thread = std::thread::Builder::new().name("logdex-watch".into());
        thread.spawn(move || reader.inotify.read(|event| reader.tell(&event))).ok()?;
        // The parent's is not dropped: its locks may be held.
        std::mem::forget(hub.replace(Arc::clone(&fresh)));
        Some(fresh)
    }

    /// In a forked process the lock may be held by a thread that is not there; then it has to do without. Others hold
    /// it for microseconds.
    fn known() -> Option<MutexGuard<'static, Option<Arc<Self>>>> {
        let begun = Instant::now();
        loop {
            match HUB.try_lock() {
                Ok(hub) => return Some(hub),
                Err(TryLockError::Poisoned(hub)) => return Some(hub.into_inner()),
                Err(TryLockError::WouldBlock) if begun.elapsed() > Duration::from_millis(50) => return None,
                Err(TryLockError::WouldBlock) => std::thread::yield_now(),
            }
        }
    }

    fn listen(&self, directory: &Path, listener: Listener) -> Option<i32> {
        let mut listeners = lock(&self.listeners);
        let watch = self.inotify.add(directory)?;
        listeners.entry(watch).or_default().push(listener);
        Some(watch)
    }

    fn leave(&self, directory: i32, name: Option<&OsStr>, bell: &Arc<Bell>) {
        if self.pid != std::process::id() {
            return;
        }
        let mut listeners = lock(&self.listeners);
        let Some(here) = listeners.get_mut(&directory) else { return };
        if let Some(at) = here.iter().position(|l| l.name.as_deref() == name && Arc::ptr_eq(&l.bell, bell)) {
            here.swap_remove(at);
        }
        if here.is_empty() {
            listeners.remove(&directory);
            self.inotify.remove(directory);
        }
    }

    fn tell(&self, event: &imp::Event<'_>) {
        let listeners = lock(&self.listeners);
        match event {
            imp::Event::In { directory, name, comes } => {
                let here = listeners.get(directory).into_iter().flatten();
                here.filter(|l| l.hears(*name, *comes)).for_each(|l| l.bell.ring());
            }
            imp::Event::Lost => listeners.values().flatten().for_each(|l| l.bell.ring()),
        }
    }
}

#[cfg(target_os = "linux")]
mod imp {
    use std::ffi::OsStr;
    use std::mem::MaybeUninit;
    use std::os::fd::OwnedFd;
    use std::os::unix::ffi::OsStrExt;
    use std::path::Path;

    use rustix::fs::inotify::{self, CreateFlags, ReadFlags, Reader, WatchFlags};
    use rustix::io::Errno;

    /// Something that happened.
    pub enum Event<'a> {
        /// To `name` in the watched directory, which may be new there, or to the directory itself.
        In { directory: i32, name: Option<&'a OsStr>, comes: bool },
        /// The queue overflowed: anything may have happened anywhere.
        Lost,
    }

    #[derive(Debug)]
    pub struct Inotify(OwnedFd);

    impl Inotify {
        pub fn new() -> Option<Self> {
            inotify::init(CreateFlags::CLOEXEC).ok().map(Self)
        }

        pub fn add(&self, directory: &Path) -> Option<i32> {
            let kinds = WatchFlags::MODIFY
                | WatchFlags::CREATE
                | WatchFlags::MOVED_TO
                | WatchFlags::MOVED_FROM
                | WatchFlags::DELETE
                | WatchFlags::ATTRIB
                | WatchFlags::ONLYDIR;
            inotify::add_watch(&self.0, directory, kinds).ok()
        }

        pub fn remove(&self, directory: i32) {
            // It may be gone already, with its directory.
            let _ = inotify::remove_watch(&self.0, directory);
        }

        /// Hands every event to `tell`, for ever.
        pub fn read(&self, tell: impl Fn(Event<'_>)) {
            let mut buffer = [MaybeUninit::uninit(); 16 << 10];
            let mut reader = Reader::new(&self.0, &mut buffer);
            loop {
                match reader.next() {
                    Ok(event) if event.events().contains(ReadFlags::QUEUE_OVERFLOW) => tell(Event::Lost),
                    Ok(event) => {
                        let name = event.file_name().map(|name| OsStr::from_bytes(name.to_bytes()));
                        let comes = event.events().intersects(ReadFlags::CREATE | ReadFlags::MOVED_TO);
                        tell(Event::In { directory: event.wd(), name, comes });
                    }
                    Err(Errno::INTR) => {}
                    // Cannot happen to a descriptor of ours; those who wait look again by themselves.
                    Err(_) => return,
                }
            }
        }
    }
}

#[cfg(not(target_os = "linux"))]
mod imp {
    use std::ffi::OsStr;
    use std::path::Path;

    pub enum Event<'a> {
        In { directory: i32, name: Option<&'a OsStr>, comes: bool },
        Lost,
    }

    /// There is none here: files are looked at again and again.
    #[derive(Debug)]
    pub struct Inotify;

    impl Inotify {
        pub fn new() -> Option<Self> {
            None
        }
        pub fn add(&self, _: &Path) -> Option<i32> {
            None
        }
        pub fn remove(&self, _: i32) {}
        pub fn read(&self, _: impl Fn(Event<'_>)) {}
    }
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use super::*;
    use std::time::Instant;

    fn rings(bell: &Bell) -> bool {
        let begun = Instant::now();
        bell.wait(Duration::from_secs(5));
        begun.elapsed() < Duration::from_secs(4)
    }

    #[test]
    fn a_bell_rings_for_its_own_name_only() {
        let folder = tempfile::tempdir().unwrap();
        let (bell, other) = (Arc::new(Bell::default()), Arc::new(Bell::default()));
        let watch = Watch::new(&folder.path().join("a.log"), &bell).unwrap();
        let _other = Watch::new(&folder.path().join("b.log"), &other).unwrap();
        std::fs::write(folder.path().join("a.log"), "x").unwrap();
        assert!(rings(&bell));
        assert!(!*lock(&other.rung));
        drop(watch);
        std::fs::write(folder.path().join("b.log"), "x").unwrap();
        assert!(rings(&other));
    }

    #[test]
    fn a_bell_rings_for_what_comes_and_not_for_what_is_written() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("a.log");
        std::fs::write(&file, "x").unwrap();
        let (entries, written) = (Arc::new(Bell::default()), Arc::new(Bell::default()));
        let _entries = Watch::of_entries(folder.path(), &entries).unwrap();
        let _written = Watch::new(&file, &written).unwrap();
        std::fs::write(&file, "more").unwrap();
        assert!(rings(&written));
        assert!(!*lock(&entries.rung));
        std::fs::rename(&file, folder.path().join("a.log.1")).unwrap();
        assert!(rings(&entries));
    }
}
