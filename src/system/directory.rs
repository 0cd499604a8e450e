//! In which directory a name stands.

use std::path::Path;

/// The directory in which `path` is a name.
pub fn directory_of(path: &Path) -> &Path {
    path.parent().filter(|directory| !directory.as_os_str().is_empty()).unwrap_or(Path::new("."))
}
