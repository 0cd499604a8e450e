//! Numbers of a fixed width on a line.

#[inline]
pub(super) fn digit(bytes: &[u8], at: usize) -> Option<u8> {
    bytes.get(at).map(|b| b.wrapping_sub(b'0')).filter(|d| *d < 10)
}

/// The number that two digits make.
#[inline]
pub(super) fn two(bytes: &[u8], at: usize) -> Option<u8> {
    Some(digit(bytes, at)? * 10 + digit(bytes, at + 1)?)
}
