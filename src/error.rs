//! The one error of the engine: what kind, which file, what to do.
//!
//! It becomes a Python exception in one place, `python/error.rs`.

use std::fmt;
use std::io;
use std::path::{Path, PathBuf};

/// What went wrong, in the terms a caller can act on.
#[derive(Debug)]
pub enum Error {
    /// The operating system refused: open, read or stat of `path`.
    Io {
        /// The file it was about.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// The file shrank or was rewritten while a plain read was under way.
    Truncated {
        /// The file it was about.
        path: PathBuf,
        /// The size that it was seen to have, in bytes.
        size: u64,
        /// What was seen, in words.
        detail: String,
    },
    /// The file is compressed, and the engine reads plain text.
    Compressed {
        /// The file it was about.
        path: PathBuf,
        /// The compression's name and how to undo it.
        detail: &'static str,
    },
    /// A line does not fit into memory.
    Memory {
        /// The file it was about.
        path: PathBuf,
        /// The length of the line in bytes.
        length: u64,
    },
    /// An argument has a value that means nothing.
    Value(String),
    /// The engine broke its own rules; never the caller's fault.
    Bug(&'static str),
    /// The caller's own code (a signal handler, a judge) asked to stop; its exception waits at the edge.
    Interrupted,
}

/// The engine's result.
pub type Result<T, E = Error> = std::result::Result<T, E>;

impl Error {
    /// Wraps what the system said about `path`.
    pub fn io(path: &Path, source: io::Error) -> Self {
        Self::Io { path: path.to_path_buf(), source }
    }

    /// Whether it says that the file is not there.
    pub fn is_not_found(&self) -> bool {
        matches!(self, Self::Io { source, .. } if source.kind() == io::ErrorKind::NotFound)
    }

    /// Whether it says that the file may not be read.
    pub fn is_refused(&self) -> bool {
        matches!(self, Self::Io { source, .. } if source.kind() == io::ErrorKind::PermissionDenied)
    }

    /// Whether it says that nobody reads what is written any more, which is told of no log.
    pub fn is_of_a_gone_reader(&self) -> bool {
        matches!(self, Self::Io { source, .. } if source.kind() == io::ErrorKind::BrokenPipe)
    }

    /// Whether answers about other files can go on.
    pub fn is_about_one_file(&self) -> bool {
        !matches!(self, Self::Bug(_) | Self::Interrupted)
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Io { path, source } => write!(f, "{}: {source}", path.display()),
            Self::Truncated { path, detail, .. } => {
                write!(
                    f,
                    "{}: {detail}; read it again, or follow it to go on with what is new",
                    path.display()
                )
            }
            Self::Compressed { path, detail } => write!(f, "{}: {detail}", path.display()),
            Self::Memory { path, length } => {
                write!(f, "{}: a line of {length} bytes does not fit into memory", path.display())
            }
            Self::Value(message) => f.write_str(message),
            Self::Bug(what) => {
                write!(f, "internal error: {what}; please report it with the log's last lines")
            }
            Self::Interrupted => f.write_str("interrupted"),
        }
    }
}

impl std::error::Error for Error {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::Io { source, .. } => Some(source),
            _ => None,
        }
    }
}
