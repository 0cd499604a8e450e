//! From a file's bytes, as they come, to the text within its frames.

use memchr::{memchr, memchr_iter, memrchr};

use super::{FramedPart, cri, docker, quick};
use crate::file::block::HOLE;
use crate::stamp::{Rfc3339, Stream, UNTOLD, put_told};

/// How many lines at the beginning may be no frames, where later ones are: a copy may begin in the middle of one.
const SHY: usize = 8;

/// How the lines of a file are framed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Framing {
    /// As Kubernetes' runtimes do it.
    Cri,
    /// As docker's `json-file` driver does it.
    Docker,
}

impl Framing {
    /// How the lines are framed of a file that begins with `head`: as one of the first whole lines is.
    pub fn of(head: &[u8]) -> Option<Self> {
        let (mut stamps, mut room) = (Rfc3339::default(), Vec::new());
        let lines = &head[..memrchr(b'\n', head).map_or(0, |last| last + 1)];
        lines.split_inclusive(|&b| b == b'\n').take(SHY).find_map(|line| {
            let line = without_hole(line);
            if cri::frame(line, &mut stamps).is_some() {
                return Some(Self::Cri);
            }
            docker::frame(line, &mut stamps, &mut room).map(|_| Self::Docker)
        })
    }
}

/// Text on its way out, and what is told of its lines (see [`crate::stamp::Told`]).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Decoded {
    /// The text.
    pub text: Vec<u8>,
    /// The entries of its lines.
    pub told: Vec<u8>,
}

impl Decoded {
    /// Lets go of all that was put out, and keeps the memory.
    pub fn clear(&mut self) {
        self.text.clear();
        self.told.clear();
    }
}

/// What is told of a line: its stream, and when its first part came.
type LineOrigin = (Option<Stream>, i64);
/// Of a line without a frame.
const NOTHING: LineOrigin = (None, UNTOLD);

/// A line of one stream of which parts came.
#[derive(Clone, Default)]
struct Begun {
    ns: i64,
    text: Vec<u8>,
    is_there: bool,
}

/// Takes frames off, piece by piece of a file.
///
/// It remembers the unfinished line of the file and, of each stream, the line that is not whole yet; nothing else, so
/// that a file of any length can go through it.
#[derive(Clone)]
pub struct Decoder {
    kind: Framing,
    /// Whether the commonest frames are taken off by position.
    is_quick: bool,
    stamps: Rfc3339,
    /// Room for a text without escapes.
    room: Vec<u8>,
    /// What of the file's last line came.
    open: Vec<u8>,
    begun: [Begun; 2],
    /// How much text went out.
    offset: u64,
}

impl Decoder {
    /// For a file whose lines are framed so.
    pub fn new(kind: Framing) -> Self {
        Self {
            kind,
            is_quick: true,
            stamps: Rfc3339::default(),
            room: Vec::new(),
            open: Vec::new(),
            begun: Default::default(),
            offset: 0,
        }
    }

    /// One that looks at each frame closely: the twin.
    pub fn closely(kind: Framing) -> Self {
        Self { is_quick: false, ..Self::new(kind) }
    }

    /// How the lines are framed of which it takes the frames off.
    pub(super) fn kind(&self) -> Framing {
        self.kind
    }

    /// How much text went out, in bytes.
    pub fn size(&self) -> u64 {
        self.offset
    }

    /// Whether nothing is begun: no line of the file, and no line of a stream.
    pub(super) fn is_between(&self) -> bool {
        self.open.is_empty() && self.begun.iter().all(|begun| !begun.is_there)
    }

    /// Whether the last line of what came lacks its end.
    pub(super) fn is_in_line(&self) -> bool {
        !self.open.is_empty()
    }

    /// Begins anew, before any text; it remembers only what moments look like.
    pub(super) fn begin_anew(&mut self) {
        self.open.clear();
        self.begun = Default::default();
        self.offset = 0;
    }

    /// Goes to behind the lines that `other` took the frames off, after what went out here and `text` bytes more.
    pub(super) fn go_behind(&mut self, other: &mut Self, text: u64) {
        std::mem::swap(&mut self.begun, &mut other.begun);
        self.offset += text;
    }

    /// Appends to `out` the text that is whole with the next `bytes` of the file.
    pub fn push(&mut self, mut bytes: &[u8], out: &mut Decoded) {
        if !self.open.is_empty() {
            let Some(end) = memchr(b'\n', bytes) else {
                self.open.extend_from_slice(bytes);
                return;
            };
            self.open.extend_from_slice(&bytes[..=end]);
            bytes = &bytes[end + 1..];
            let mut line = std::mem::take(&mut self.open);
            self.line(&line, out);
            line.clear();
            self.open = line;
        }
        out.text.reserve(bytes.len());
        let mut start = 0;
        for end in memchr_iter(b'\n', bytes) {
            self.line(&bytes[start..=end], out);
            start = end + 1;
        }
        self.open.extend_from_slice(&bytes[start..]);
    }

    /// Appends to `out` what is left at the end of the file: a last line without its end, and lines of which the last part
    /// did not come.
    pub fn finish(&mut self, out: &mut Decoded) {
        let last = std::mem::take(&mut self.open);
        let mut foreign = without_hole(&last);
        let cri = self.kind == Framing::Cri && cri::frame(foreign, &mut self.stamps).is_some();
        if cri || (self.kind == Framing::Docker && self.is_whole(foreign)) {
            self.torn(foreign, out);
            foreign = &[];
        }
        for stream in Stream::ALL {
            let begun = std::mem::take(self.begun(stream));
            if begun.is_there {
                let more = !foreign.is_empty() || self.begun(Stream::Stderr).is_there;
                self.emit((Some(stream), begun.ns), &begun.text, more, out);
            }
        }
        if !foreign.is_empty() {
            self.emit(NOTHING, foreign, false, out);
        }
    }

    /// The line of `stream` of which parts came.
    #[inline]
    fn begun(&mut self, stream: Stream) -> &mut Begun {
        &mut self.begun[stream as usize]
    }

    fn is_whole(&mut self, line: &[u8]) -> bool {
        docker::frame(line, &mut self.stamps, &mut self.room).is_some()
    }

    /// The last line of the file, which is a frame and lacks its end: more of its text may come.
    fn torn(&mut self, line: &[u8], out: &mut Decoded) {
        if self.kind == Framing::Docker {
            return self.line(line, out);
        }
        if let Some(frame) = cri::frame(line, &mut self.stamps) {
            self.begun(frame.stream).go_on(FramedPart { goes_on: true, ..frame });
        }
    }

    /// The next line of the file, with its end.
    #[inline]
    fn line(&mut self, line: &[u8], out: &mut Decoded) {
        if !(self.is_quick && self.quick_line(line, out)) {
            self.any_line(line, out);
        }
    }

    /// Puts out the text of `line`, if its frame is one of the commonest and nothing of its text came before.
    #[inline]
    fn quick_line(&mut self, line: &[u8], out: &mut Decoded) -> bool {
        let before = out.text.len();
        let quick = match self.kind {
            Framing::Cri => quick::cri(line, &self.stamps).map(|(head, text)| {
                out.text.extend_from_slice(text);
                head
            }),
            Framing::Docker => quick::docker(line, &mut self.stamps, &mut out.text),
        };
        let Some((stream, ns)) = quick.filter(|(stream, _)| !self.begun[*stream as usize].is_there) else {
            out.text.truncate(before);
            return false;
        };
        put_told(&mut out.told, self.offset, Some(stream), ns);
        self.offset += (out.text.len() - before) as u64;
        true
    }

    #[inline(never)]
    fn any_line(&mut self, line: &[u8], out: &mut Decoded) {
        let line = without_hole(line);
        let mut room = std::mem::take(&mut self.room);
        let frame = match self.kind {
            Framing::Cri => cri::frame(line, &mut self.stamps),
            Framing::Docker => docker::frame(line, &mut self.stamps, &mut room),
        };
        match frame {
            None if line.is_empty() => {}
            None => self.emit(NOTHING, line, false, out),
            Some(frame) if frame.goes_on => self.begun(frame.stream).go_on(frame),
            Some(frame) if self.begun(frame.stream).is_there => {
                let mut begun = std::mem::take(self.begun(frame.stream));
                begun.go_on(frame);
                self.emit((Some(frame.stream), begun.ns), &begun.text, true, out);
            }
            Some(frame) => self.emit((Some(frame.stream), frame.ns), frame.text, true, out),
        }
        self.room = room;
    }

    /// Puts out `text`, which may be several lines, `ended` or not, of which `head` is told.
    fn emit(&mut self, head: LineOrigin, text: &[u8], ended: bool, out: &mut Decoded) {
        let mut start = 0;
        for end in memchr_iter(b'\n', text) {
            self.emit_line(head, &text[start..end], true, out);
            start = end + 1;
        }
        if start < text.len() || ended {
            self.emit_line(head, &text[start..], ended, out);
        }
    }

    fn emit_line(&mut self, (stream, ns): LineOrigin, text: &[u8], ended: bool, out: &mut Decoded) {
        let text = without_hole(text);
        let before = out.text.len();
        put_told(&mut out.told, self.offset, stream, ns);
        out.text.extend_from_slice(text);
        if ended {
            out.text.push(b'\n');
        }
        self.offset += (out.text.len() - before) as u64;
    }
}

impl Begun {
    fn go_on(&mut self, frame: FramedPart<'_>) {
        if !self.is_there {
            (self.is_there, self.ns) = (true, frame.ns);
        }
        self.text.extend_from_slice(frame.text);
    }
}

/// A line without the NULs at its beginning, if they make a hole.
fn without_hole(line: &[u8]) -> &[u8] {
    if line.first() != Some(&0) {
        return line;
    }
    let nuls = line.iter().take_while(|&&b| b == 0).count();
    if nuls >= HOLE { &line[nuls..] } else { line }
}
