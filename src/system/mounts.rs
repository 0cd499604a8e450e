//! Which file systems tell of what is written to them.

use std::path::Path;

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
