//! Where on a line its stamp stands.

mod behind;
mod candidates;
mod head;
#[cfg(test)]
mod proof;

use memchr::memchr;

pub(super) use behind::behind_tag;

use super::formats::evident::Evident;
use super::formats::iso::Within;
use super::formats::order::Order;
use super::formats::slashed::Slashed;
use super::formats::special;
use super::head::ansi::{CLEANED, CODES, ESCAPE, strip_ansi};
use super::head::marks::{Marks, after_bar, after_cancelled, after_carets, after_rate, after_return};
use super::head::prefix::{Prefix, Recent};
use super::head::{bar, plain};
use super::vote::Elected;
use super::{Found, Stream, Taught, told};
use crate::line::Line;

/// How many prefixes may be stacked.
const STACK: usize = 32;

/// Finds stamps, and remembers what the last ones looked like.
#[derive(Clone, Default)]
pub struct Finder {
    evident: Evident,
    slashed: Slashed,
    brackets: Recent,
    elected: Elected,
    /// Room for a line without its ANSI codes.
    clean: Vec<u8>,
    /// Where the text at hand begins in its file, in bytes, for times that are told by place.
    base: u64,
    told: told::ToldWindow,
    /// The stream that was told of the last line.
    stream: Option<Stream>,
}

impl Finder {
    /// A finder for a file in which an ambiguous format counts.
    pub fn electing(elected: &Elected) -> Self {
        let evident = Evident { order: Order::new(elected.first()), ..Evident::default() };
        Self { evident, elected: elected.clone(), ..Self::default() }
    }

    /// Whether a time of day by itself is this file's format; else it counts only behind a dated stamp.
    #[inline]
    pub(crate) fn elects_time_of_day(&self) -> bool {
        self.elected.is_time_of_day()
    }

    /// What the dates that it read say of the order of day and month.
    pub(crate) fn order(&self) -> Order {
        self.evident.order
    }

    /// Forgets what dates said of their order.
    pub(crate) fn forget_order(&mut self) {
        self.evident.order = Order::new(self.elected.first());
    }

    /// The stamp on `line`, and who wrote it.
    #[inline]
    pub fn find(&mut self, line: &[u8]) -> Found {
        let found = self.head(line, 0);
        if let Some(stamp) = self.elected.taught().and_then(|taught| taught.find(line)) {
            return Found { stamp: Some(stamp), ..found };
        }
        if found.stamp.is_some() {
            return found;
        }
        self.elsewhere(line, found)
    }

    /// As [`Finder::find`], for a line of `text`, of which the lines come in order: what is nowhere in the text is not
    /// looked for on each line.
    #[inline]
    pub(crate) fn find_in(&mut self, text: &[u8], line: Line, marks: &mut Marks) -> Found {
        let bytes = line.of(text);
        if self.elected.taught().is_some() {
            return self.told(bytes, line.start);
        }
        let (at, prefix) = self.place(bytes);
        if let Some((stamp, _)) = self.evident.memo.in_same_minute(bytes, at) {
            return Found { stamp: Some(stamp), prefix };
        }
        if self.elected.is_slashed()
            && let Some((within, prefix)) = self.within(bytes, true)
        {
            return Found { stamp: Some(within.after(self.slashed.civil())), prefix };
        }
        if self.elected.is_none() && bar::is_frame(bytes) {
            return Found::without_stamp(Prefix::NONE);
        }
        let is_text = plain::is_text(bytes);
        let found = if is_text { Found::without_stamp(Prefix::NONE) } else { self.head(bytes, 0) };
        if found.stamp.is_some() {
            return found;
        }
        if !marks.are_in(text, line) && (is_text || after_carets(bytes).is_none()) {
            return match self.elected.in_field(bytes, &mut self.evident) {
                None => Found::without_stamp(found.prefix),
                stamp => Found { stamp, prefix: found.prefix },
            };
        }
        self.elsewhere(bytes, found)
    }

    /// Where the bracket ends with which `line` begins, if it is known, and whom it names: the commonest lines of all begin
    /// with the commonest stamp, or with a rank and then that.
    #[inline]
    fn behind_bracket(&self, line: &[u8]) -> (usize, Prefix) {
        match line.first() {
            Some(b'[') => self.brackets.get(line, 0).unwrap_or_default(),
            _ => (0, Prefix::NONE),
        }
    }

    /// The same; or where in an object its time begins, if that of the line before had it there.
    #[inline]
    fn place(&self, line: &[u8]) -> (usize, Prefix) {
        match line.first() {
            Some(b'[') => self.brackets.get(line, 0).unwrap_or_default(),
            Some(b'{') => (self.evident.tracks.follow_first(line, 0).unwrap_or_default(), Prefix::NONE),
            _ => (0, Prefix::NONE),
        }
    }

    /// The stamp of one of the commonest lines of all, in the minute that is known, and who wrote it; of the format with
    /// slashes that the file elects, where those are meant.
    #[inline]
    pub(super) fn within(&self, line: &[u8], slashed: bool) -> Option<(Within, Prefix)> {
        // No object has a time of that format.
        let (at, prefix) = if slashed { self.behind_bracket(line) } else { self.place(line) };
        let within = if slashed { self.slashed.within(line, at) } else { self.evident.memo.within(line, at) };
        Some((within?, prefix))
    }

    /// Where the bracket ends with which `line` begins, if one does, and where the stamp behind it, of one of the commonest
    /// lines of all; and who wrote it.
    #[inline]
    pub(crate) fn head_of(&self, line: &[u8]) -> Option<(usize, usize, Prefix)> {
        let (at, prefix) = self.behind_bracket(line);
        let iso = self.evident.memo.within(line, at);
        let slashed = || if self.elected.is_slashed() { self.slashed.within(line, at) } else { None };
        let within = iso.or_else(slashed)?;
        self.elected.taught().is_none().then_some((at, at + within.length, prefix))
    }

    /// The minute that is known, in nanoseconds from 1970 on the clock; `None` where a format that was taught comes first.
    #[inline]
    pub(super) fn minute(&self, slashed: bool) -> Option<i64> {
        let known = self.elected.taught().is_none() && (!slashed || self.elected.is_slashed());
        known.then(|| if slashed { self.slashed.civil() } else { self.evident.memo.civil() })
    }

    /// The text whose lines come next begins at `base` of its file, in bytes.
    #[inline]
    pub(crate) fn stand_at(&mut self, base: u64) {
        self.base = base;
    }

    /// Whether times are told by the place of a line.
    pub(crate) fn is_told(&self) -> bool {
        self.elected.is_told()
    }

    /// The stream to which the last line was written that was found in a text, where that is told by its place.
    #[inline]
    pub(crate) fn stream(&self) -> Option<Stream> {
        self.stream
    }

    /// The stamp of a line that begins at `start` of the text, by a format that was taught or a table that tells it.
    fn told(&mut self, line: &[u8], start: usize) -> Found {
        let (stamp, stream) = match self.elected.taught().and_then(Taught::told) {
            Some(told) => self.told.at(told, self.base + start as u64),
            None => return self.find(line),
        };
        self.stream = stream;
        if stamp.is_some() { Found { stamp, ..self.head(line, 0) } } else { self.find(line) }
    }

    /// No hit at the head: without ANSI codes, after the last `\r`, after a progress bar, after a cancellation.
    #[inline(never)]
    fn elsewhere(&mut self, line: &[u8], head: Found) -> Found {
        let mut found = self.cleaned(line, head);
        let starts = [after_return, after_bar, after_cancelled, after_carets, after_rate];
        for start in starts {
            if found.stamp.is_some() {
                return found;
            }
            let Some(start) = start(line) else { continue };
            let again = self.head(line, start);
            let again = self.cleaned(&line[start..], again);
            found.stamp = again.stamp;
            if found.prefix == Prefix::NONE {
                found.prefix = again.prefix;
            }
        }
        found.stamp = found.stamp.or_else(|| special::anywhere(line, &mut self.evident));
        found.stamp = found.stamp.or_else(|| self.elected.in_field(line, &mut self.evident));
        found
    }

    /// The head once more without ANSI codes, where it has any.
    fn cleaned(&mut self, line: &[u8], found: Found) -> Found {
        let head = &line[..line.len().min(CLEANED)];
        if found.stamp.is_some() || memchr(ESCAPE, head).is_none() {
            return found;
        }
        let mut clean = std::mem::take(&mut self.clean);
        strip_ansi(&line[..line.len().min(CLEANED + CODES)], &mut clean);
        let found = self.head(&clean, 0);
        self.clean = clean;
        found
    }
}
