//! What the operating system and the machine are asked, apart from reading: locks, threads, events, trust, cores.

pub(crate) mod cores;
pub mod directory;
mod inotify;
pub(crate) mod lock;
pub(crate) mod mounts;
pub(crate) mod ordered;
pub(crate) mod relay;
pub(crate) mod spread;
pub mod time_source;
pub(crate) mod trust;
pub mod wakeup;
pub mod watch;
