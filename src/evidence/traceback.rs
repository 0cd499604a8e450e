//! Tracebacks as one record: the frames are passed over, and the line that ends them is what was raised.
//!
//! A frame quotes a line of the source, and that may hold the words of an error (`raise ValueError("...")`), so a frame is
//! never evidence. Which libraries the frames go through may tell a failure of the data's network from one of a peer.

use serde::{Deserialize, Serialize};

use crate::level::traceback::{TRACEBACK, is_boxed};
use crate::pattern::{Bytes, Word};

/// As many frames are passed over; what goes on for longer is no traceback.
const MOST: u16 = 600;
/// Libraries that fetch data: what is reset or late below them is not a peer.
const FETCHING: [&[u8]; 9] = [
    b"/requests/",
    b"/urllib3/",
    b"/botocore/",
    b"/boto3/",
    b"/huggingface_hub/",
    b"/fsspec/",
    b"/s3fs/",
    b"/gcsfs/",
    b"/aiohttp/",
];

/// The nanoseconds since 1970 UTC for which a stamp stands, both included.
pub type StampSpan = (i64, i64);

/// What a line is to the traceback that a speaker is in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TracebackLine {
    /// It belongs to none.
    Outside,
    /// It is a frame, or the head.
    Frame,
    /// It is what was raised.
    Raised {
        /// Whether the frames went through a library that fetches data.
        fetching: bool,
        /// The moment that stands on the head, if one does: who stamps that stamps the record of which all of it is, and a
        /// traceback is written at once.
        stamp: Option<StampSpan>,
    },
}

/// The traceback that a speaker is in.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Traceback {
    /// How many lines of it have passed; 0 outside of any.
    passed: u16,
    fetching: bool,
    /// The next line is the source of a frame.
    quotes: bool,
    /// What stands on its head.
    stamp: Option<StampSpan>,
}

impl Traceback {
    /// Whether the next line may belong to it.
    pub fn is_open(&self) -> bool {
        self.passed > 0
    }

    /// Takes the next line of the speaker, whose own words begin at `text`; `is_head`: a traceback begins on it; `stamp`
    /// stands on the line itself.
    pub fn take(
        &mut self,
        line: &[u8],
        text: usize,
        is_head: bool,
        stamp: Option<StampSpan>,
    ) -> TracebackLine {
        if is_head && is_whole(line) {
            *self = Self::default();
            return TracebackLine::Outside;
        }
        if is_head {
            *self = Self { passed: 1, stamp, ..Self::default() };
            return TracebackLine::Frame;
        }
        if self.passed == 0 {
            return TracebackLine::Outside;
        }
        let words = line[text..].trim_ascii_end();
        let is_file = names_file(words);
        let quoted = std::mem::replace(&mut self.quotes, is_file);
        let is_frame = is_file || is_indented(words) || (quoted && has_gap(words));
        if is_frame && self.passed < MOST {
            self.passed += 1;
            self.fetching |=
                is_file && FETCHING.iter().any(|name| memchr::memmem::find(words, name).is_some());
            return TracebackLine::Frame;
        }
        let Self { fetching, stamp, .. } = std::mem::take(self);
        if is_frame { TracebackLine::Outside } else { TracebackLine::Raised { fetching, stamp } }
    }
}

/// What stands on a line on which a traceback begins.
pub fn sign() -> Word {
    TRACEBACK.iter().map(|&byte| Bytes::from_iter([byte])).collect()
}

/// Whether all of a traceback stands on the line on which it begins, as in a string of a JSON object: `...last):\n  File`.
fn is_whole(line: &[u8]) -> bool {
    let head = memchr::memmem::find(line, TRACEBACK);
    head.is_some_and(|at| memchr::memmem::find(&line[at..], br"\n").is_some())
}

/// Whether a line is the head of a frame, `File "a.py", line 3`: of the blanks before it a prefix may have taken one.
fn names_file(words: &[u8]) -> bool {
    let file = memchr::memmem::find(words, b" File \"");
    file.is_some_and(|at| memchr::memmem::find(&words[at..], b"\", line ").is_some())
}

/// Whether a line stands further in than what was raised does: by two blanks, for one may follow a rank's prefix.
fn is_indented(words: &[u8]) -> bool {
    words.is_empty()
        || words.starts_with(b"  ")
        || words.starts_with(b"\t")
        || words.trim_ascii_start().starts_with(b"|")
        || is_boxed(words)
}

/// Whether blanks stand within the line as before the source of a frame behind a stamp.
fn has_gap(words: &[u8]) -> bool {
    memchr::memmem::find(words, b"     ").is_some()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parts(lines: &[&str]) -> Vec<TracebackLine> {
        let mut traceback = Traceback::default();
        let is_head = |line: &str| line.contains("Traceback (most recent call last)");
        lines.iter().map(|line| traceback.take(line.as_bytes(), 0, is_head(line), None)).collect()
    }

    #[test]
    fn what_was_raised_ends_the_frames() {
        let raised = TracebackLine::Raised { fetching: false, stamp: None };
        let told = parts(&[
            "step 1",
            "Traceback (most recent call last):",
            "  File \"a.py\", line 3, in <module>",
            "    raise RuntimeError(\"CUDA out of memory\")",
            "    ^^^^^",
            "ValueError: x",
            "step 2",
        ]);
        let frame = TracebackLine::Frame;
        assert_eq!(
            told,
            [TracebackLine::Outside, frame, frame, frame, frame, raised, TracebackLine::Outside]
        );
    }

    #[test]
    fn a_box_is_passed_over_as_frames_are() {
        let told = parts(&[
            "╭──── Traceback (most recent call last) ────╮",
            "│ ❱ 11 │   raise RuntimeError(\"ECC error\")  │",
            "╰───────────────────────────────────────────╯",
            "ValueError: x",
        ]);
        let raised = TracebackLine::Raised { fetching: false, stamp: None };
        assert_eq!(told, [TracebackLine::Frame, TracebackLine::Frame, TracebackLine::Frame, raised]);
    }

    #[test]
    fn one_that_stands_on_a_single_line_is_what_it_says() {
        let told = parts(&[
            r#"{"msg": "Traceback (most recent call last):\n  File \"a.py\", line 3\nValueError: x"}"#,
            "  an indented line",
        ]);
        assert_eq!(told, [TracebackLine::Outside, TracebackLine::Outside]);
    }

    #[test]
    fn frames_tell_whose_network_it_was() {
        let told = parts(&[
            "Traceback (most recent call last):",
            "  File \"/site-packages/urllib3/connection.py\", line 3, in connect",
            "ConnectionResetError: [Errno 104] Connection reset by peer",
        ]);
        assert_eq!(told[2], TracebackLine::Raised { fetching: true, stamp: None });
    }

    #[test]
    fn frames_behind_a_prefix_without_a_blank_are_frames() {
        let told = parts(&[
            "Traceback (most recent call last):",
            " File \"a.py\", line 3, in f",
            "   g()",
            "ValueError: x",
        ]);
        assert_eq!(told[1..3], [TracebackLine::Frame, TracebackLine::Frame]);
        assert_eq!(told[3], TracebackLine::Raised { fetching: false, stamp: None });
    }

    #[test]
    fn what_was_raised_has_the_stamp_of_its_own_head_alone() {
        let mut traceback = Traceback::default();
        let mut take =
            |line: &str, stamp| traceback.take(line.as_bytes(), 0, line.starts_with("Traceback"), stamp);
        for stamp in [Some((7, 8)), None] {
            take("Traceback (most recent call last):", stamp);
            take("  File \"a.py\", line 3, in f", None);
            assert_eq!(take("ValueError: x", None), TracebackLine::Raised { fetching: false, stamp });
        }
    }

    #[test]
    fn frames_behind_stamps_are_frames() {
        let told = parts(&[
            "2026-09-14 01:58:40,000 Traceback (most recent call last):",
            "2026-09-14 01:58:40,000   File \"a.py\", line 3, in f",
            "2026-09-14 01:58:40,000     raise OSError(28)",
            "2026-09-14 01:58:40,000 OSError: [Errno 28] No space left on device",
        ]);
        assert_eq!(told[1..3], [TracebackLine::Frame, TracebackLine::Frame]);
        assert_eq!(told[3], TracebackLine::Raised { fetching: false, stamp: None });
    }
}
