//! The events of directories, as the kernel tells them; where there is no inotify, files are looked at again and again.

use std::ffi::OsStr;

/// Something that happened.
pub(super) enum Event<'a> {
    /// To `name` in the watched directory, which may be new there, or to the directory itself.
    In { directory: i32, name: Option<&'a OsStr>, comes: bool },
    /// The directory is not watched any more, for it was removed.
    Gone { directory: i32 },
    /// The queue overflowed: anything may have happened anywhere.
    Lost,
}

pub(super) use instance::Inotify;

#[cfg(target_os = "linux")]
mod instance {
    use std::ffi::OsStr;
    use std::mem::MaybeUninit;
    use std::os::fd::OwnedFd;
    use std::os::unix::ffi::OsStrExt;
    use std::path::Path;

    use rustix::fs::inotify::{self, CreateFlags, ReadFlags, Reader, WatchFlags};
    use rustix::io::Errno;

    use super::Event;

    /// An instance, whose events one thread reads.
    #[derive(Debug)]
    pub struct Inotify(OwnedFd);

    impl Inotify {
        /// `None` where the user has too many.
        pub fn new() -> Option<Self> {
            inotify::init(CreateFlags::CLOEXEC).ok().map(Self)
        }

        /// Watches `directory`; gives the number under which it is told of.
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

        /// Watches it no more.
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
mod instance {
    use std::path::Path;

    use super::Event;

    /// There is none here.
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
