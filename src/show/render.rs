//! What a row looks like: its label, its text, or one JSON object.

use std::sync::Arc;

use jiff::Timestamp;
use jiff::tz::{Offset, TimeZone};
use memchr::memmem;

use super::{Row, RowKind, ShownTime};
use crate::batch::how_word;
use crate::fold::last_frame;
use crate::level::Level;
use crate::stamp::rank;

/// How the rows of one feed are written.
#[derive(Clone, Debug)]
pub struct Style {
    /// What stands before each row, colours and blank included.
    pub label: Vec<u8>,
    /// What is written before the first row: the boundary between two attempts, say.
    pub heading: Vec<u8>,
    /// The line that says that lines were left out.
    pub gap: Vec<u8>,
    /// One JSON object a row, instead of text.
    pub json: Option<Json>,
    /// Whether the number of its line in the file stands before each row, with a `:`, or a `-` where it is around
    /// one that is meant.
    pub numbers: bool,
    /// What shows the time before each row.
    pub clock: Option<Arc<ShownTime>>,
    /// Whether rows have the colour of their level.
    pub colors: bool,
    /// Of a line with carriage returns only the last frame is shown.
    pub frames: bool,
}

/// What a JSON row says beside the line.
#[derive(Clone, Debug)]
pub struct Json {
    /// Where the line comes from.
    pub source: String,
    /// The rank that wrote the file, if one did alone.
    pub rank: Option<u32>,
    /// Which attempt or restart it is, where there are several; else empty.
    pub part: String,
    /// The zone in which times are written where the line names none.
    pub zone: TimeZone,
}

impl Style {
    /// Whether rows go out as they are, their earlier frames apart.
    pub fn is_plain(&self) -> bool {
        self.label.is_empty()
            && self.heading.is_empty()
            && self.json.is_none()
            && !self.numbers
            && self.clock.is_none()
            && !self.colors
    }

    /// What is shown of a line.
    pub fn framed<'t>(&self, text: &'t [u8]) -> &'t [u8] {
        if self.frames { last_frame(text) } else { text }
    }

    /// Appends a row whose text is `raw` to `out`; `text` is that text, painted or not.
    pub fn write(&self, row: Row, raw: &[u8], text: &[u8], out: &mut Vec<u8>) {
        if let Some(json) = &self.json {
            if row.kind != RowKind::Gap {
                json.write(row, raw, out);
            }
            return;
        }
        if row.kind == RowKind::Gap {
            out.extend_from_slice(&self.gap);
            return;
        }
        out.extend_from_slice(&self.label);
        if let Some(clock) = &self.clock {
            clock.write(row.time, out);
        }
        if let Some(time) = row.time.filter(|_| self.numbers) {
            out.extend_from_slice(time.number.to_string().as_bytes());
            out.push(if row.kind == RowKind::Hit { b':' } else { b'-' });
        }
        match color_of(row.level).filter(|_| self.colors && !raw.contains(&ESCAPE)) {
            Some(color) => colored(color, text, out),
            None => out.extend_from_slice(text),
        }
        if !text.ends_with(b"\n") {
            out.push(b'\n');
        }
    }
}

const ESCAPE: u8 = 0x1b;
const OFF: &[u8] = b"\x1b[0m";

/// What a terminal is told before text of a level; what is as it should be looks as it always does.
fn color_of(level: Option<Level>) -> Option<&'static [u8]> {
    Some(match level? {
        Level::Trace | Level::Debug => b"\x1b[2m",
        Level::Info => return None,
        Level::Warning => b"\x1b[33m",
        Level::Error => b"\x1b[31m",
        Level::Critical => b"\x1b[1;31m",
    })
}

/// Appends `text` in `color` to `out`; where a match ends that was painted in it, the colour goes on.
fn colored(color: &[u8], text: &[u8], out: &mut Vec<u8>) {
    let body = text.strip_suffix(b"\n").unwrap_or(text);
    out.extend_from_slice(color);
    let mut at = 0;
    for end in memmem::find_iter(body, OFF) {
        out.extend_from_slice(&body[at..end + OFF.len()]);
        out.extend_from_slice(color);
        at = end + OFF.len();
    }
    out.extend_from_slice(&body[at..]);
    out.extend_from_slice(OFF);
    out.extend_from_slice(&text[body.len()..]);
}

impl Json {
    fn write(&self, row: Row, text: &[u8], out: &mut Vec<u8>) {
        let text = String::from_utf8_lossy(text);
        let text = text.strip_suffix('\n').unwrap_or(&text);
        let mut object = serde_json::Map::new();
        object.insert("source".into(), self.source.clone().into());
        object.insert("rank".into(), rank::named(text.as_bytes()).global.or(self.rank).into());
        if !self.part.is_empty() {
            object.insert("part".into(), self.part.clone().into());
        }
        let span = row.time.and_then(|time| time.span);
        object.insert("time".into(), span.and_then(|span| self.iso(span.lo, row)).into());
        object.insert("resolution_ns".into(), span.map(|span| span.hi - span.lo + 1).into());
        object.insert("how".into(), row.time.map_or("untimed", |time| how_word(time.how)).into());
        object.insert("offset".into(), row.offset.into());
        object.insert("number".into(), row.time.map(|time| time.number).into());
        object.insert("level".into(), row.level.map(Level::name).into());
        if let Some(stream) = row.time.and_then(|time| time.stream) {
            object.insert("stream".into(), stream.name().into());
        }
        if let Some(step) = row.time.and_then(|time| time.step) {
            object.insert("step".into(), step.into());
        }
        if row.kind == RowKind::Context {
            object.insert("context".into(), true.into());
        }
        object.insert("text".into(), text.into());
        out.extend_from_slice(serde_json::Value::from(object).to_string().as_bytes());
        out.push(b'\n');
    }

    fn iso(&self, ns: i64, row: Row) -> Option<String> {
        let moment = Timestamp::from_nanosecond(ns.into()).ok()?;
        let offset = match row.time.and_then(|time| time.offset) {
            Some(minutes) => Offset::from_seconds(i32::from(minutes) * 60).ok()?,
            None => self.zone.to_offset(moment),
        };
        Some(moment.display_with_offset(offset).to_string())
    }
}
