//! The frames of the Container Runtime Interface: a moment, the stream, `F` or `P` for a full line or a part, the text.

use super::FramedPart;
use crate::stamp::{Rfc3339, Stream};

/// The frame on `line`, with or without its line end.
pub(super) fn frame<'t>(line: &'t [u8], stamps: &mut Rfc3339) -> Option<FramedPart<'t>> {
    let line = line.strip_suffix(b"\n").unwrap_or(line);
    let (ns, end) = stamps.at(line, 0)?;
    let rest = line.get(end..)?.strip_prefix(b" ")?;
    let (stream, rest) = (Stream::named(rest.get(..6)?)?, rest[6..].strip_prefix(b" ")?);
    // Tags may be joined by colons, of which the first says whether the line is whole.
    let blank = memchr::memchr(b' ', &rest[..rest.len().min(64)]);
    let (tags, text) =
        blank.map_or((rest, &rest[rest.len()..]), |blank| (&rest[..blank], &rest[blank + 1..]));
    let goes_on = match tags {
        b"F" | [b'F', b':', ..] => false,
        b"P" | [b'P', b':', ..] => true,
        _ => return None,
    };
    Some(FramedPart { stream, ns, text, goes_on })
}
