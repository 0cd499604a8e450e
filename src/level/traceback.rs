//! How tracebacks look: Python's own, and those that Rich draws in a box, as many programs have their exceptions shown.

/// How a traceback begins, whose last line says what was raised.
pub const TRACEBACK: &[u8] = b"Traceback (most recent call last)";
/// How the line between two tracebacks begins, of which the second is raised over the first.
const CHAINED: [&[u8]; 2] =
    [b"During handling of the above exception", b"The above exception was the direct cause"];
/// How the first line of a box begins, in Unicode and in ASCII.
const CORNERS: [&[u8]; 2] = ["╭".as_bytes(), b"+-"];
/// How it ends, in Unicode.
const FAR_CORNER: &[u8] = "╮".as_bytes();
/// How the lines below it begin; the last of them is the edge.
const WALLS: [&[u8]; 4] = ["│".as_bytes(), "╰".as_bytes(), b"| ", b"+-"];
/// The edge of a box is no longer before its title.
const EDGE: usize = 512;

/// Whether a traceback begins with `text`, a line without its prefix.
pub fn begins(text: &[u8]) -> bool {
    text.starts_with(TRACEBACK)
        || (starts_with_any(text, &CORNERS)
            && memchr::memmem::find(&text[..text.len().min(EDGE)], TRACEBACK).is_some())
}

/// Whether a traceback begins on `line`, behind a stamp and whatever else stands before it.
pub fn begins_behind_stamp(line: &[u8]) -> bool {
    let line = line.trim_ascii_end();
    line.strip_suffix(b":").is_some_and(|line| line.ends_with(TRACEBACK))
        || (line.ends_with(FAR_CORNER) && memchr::memmem::find(line, TRACEBACK).is_some())
}

/// Whether `text` is of the frames of a traceback that has begun: indented, or of a box.
pub fn is_frame(text: &[u8]) -> bool {
    is_indented(text) || is_boxed(text)
}

/// Whether `text` is a line of a box, below its head.
pub fn is_boxed(text: &[u8]) -> bool {
    starts_with_any(text, &WALLS)
}

/// Whether `text` stands between two tracebacks of which the second is raised over the first.
pub fn chains(text: &[u8]) -> bool {
    starts_with_any(text, &CHAINED)
}

/// Whether a line is indented, or empty.
pub fn is_indented(text: &[u8]) -> bool {
    text.first().is_none_or(|b| matches!(b, b' ' | b'\t' | b'\n' | b'\r'))
}

fn starts_with_any(text: &[u8], words: &[&[u8]]) -> bool {
    words.iter().any(|words| text.starts_with(words))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_box_begins_goes_on_and_ends() {
        assert!(begins("╭──── Traceback (most recent call last) ────╮\n".as_bytes()));
        assert!(begins(b"+---- Traceback (most recent call last) ----+\n"));
        assert!(!begins("╭──── Metric Table ────╮\n".as_bytes()));
        for frame in
            ["│ /a.py:12 in f     │\n", "╰─────╯\n", "| /a.py:12 in f |\n", "+-----+\n", "  File x\n", "\n"]
        {
            assert!(is_frame(frame.as_bytes()), "{frame}");
        }
        assert!(!is_frame(b"ValueError: x\n"));
    }
}
