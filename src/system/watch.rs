//! Change events: one inotify instance and one thread for all files that the process follows.
//!
//! Directories are watched, not files: one watch tells of writes to a file, of its coming late, and of another file
//! that takes its name. A user may have 128 instances and some ten thousand watches; where they run out, or the file
//! system tells nothing of what other hosts write, the one who waits has to look again by itself.

use std::collections::HashMap;
use std::ffi::{OsStr, OsString};
use std::path::Path;
use std::sync::{Arc, Condvar, Mutex, MutexGuard};
use std::time::Duration;

use crate::system::directory::directory_of;
use crate::system::lock::{lock, lock_soon, sound};

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
    inotify: imp::Inotify,
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

    fn tell(&self, event: &imp::Event<'_>) {
        let mut listeners = lock(&self.listeners);
        match event {
            imp::Event::In { directory, name, comes } => {
                let Some(here) = listeners.get(directory) else { return };
                // What happens to the directory itself is for all to know.
                name.map_or_else(|| here.signal_all(), |name| here.signal(name, *comes));
            }
            imp::Event::Gone { directory } => {
                listeners.remove(directory).iter().for_each(Listeners::signal_all);
            }
            imp::Event::Lost => listeners.values().for_each(Listeners::signal_all),
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
        /// The directory is not watched any more, for it was removed.
        Gone { directory: i32 },
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
                    Ok(event) if event.events().contains(ReadFlags::IGNORED) => {
                        tell(Event::Gone { directory: event.wd() });
                    }
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
        Gone { directory: i32 },
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

    fn is_signalled(wakeup: &Wakeup) -> bool {
        let begun = Instant::now();
        wakeup.wait(Duration::from_secs(5));
        begun.elapsed() < Duration::from_secs(4)
    }

    #[test]
    fn a_bell_rings_for_its_own_name_only() {
        let folder = tempfile::tempdir().unwrap();
        let (wakeup, other) = (Arc::new(Wakeup::default()), Arc::new(Wakeup::default()));
        let watch = Watch::new(&folder.path().join("a.log"), &wakeup).unwrap();
        let _other = Watch::new(&folder.path().join("b.log"), &other).unwrap();
        std::fs::write(folder.path().join("a.log"), "x").unwrap();
        assert!(is_signalled(&wakeup));
        assert!(!*lock(&other.signalled));
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
        assert!(!*lock(&entries.signalled));
        std::fs::rename(&file, folder.path().join("a.log.1")).unwrap();
        assert!(is_signalled(&entries));
    }

    #[test]
    fn where_the_queue_overflowed_everybody_is_signalled() {
        let folder = tempfile::tempdir().unwrap();
        let most = std::fs::read_to_string("/proc/sys/fs/inotify/max_queued_events").unwrap();
        let hub = Hub {
            inotify: imp::Inotify::new().unwrap(),
            pid: std::process::id(),
            listeners: Mutex::default(),
        };
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

/// Whether the file system at `path` tells of every write: one that other hosts write to, or a process behind it,
/// does not.
#[cfg(target_os = "linux")]
pub(crate) fn tells_events(path: &Path) -> bool {
    /// `statfs(2)`: NFS, SMB, CIFS, SMB2, FUSE, Lustre, Ceph, GPFS, 9P, AFS, `BeeGFS`, GFS2, OCFS2.
    const SHARED: [u64; 13] = [
        0x6969,
        0x517b,
        0xff53_4d42,
        0xfe53_4d42,
        0x6573_5546,
        0x0bd0_0bd0,
        0x00c3_6400,
        0x4750_4653,
        0x0102_1997,
        0x5346_414f,
        0x1983_0326,
        0x0116_1970,
        0x7461_636f,
    ];
    // The magic numbers are of 32 bits, whatever the sign of the field.
    rustix::fs::statfs(path).is_ok_and(|s| !SHARED.contains(&(s.f_type.cast_unsigned() & 0xffff_ffff)))
}

#[cfg(not(target_os = "linux"))]
pub(crate) fn tells_events(_: &Path) -> bool {
    false
}
