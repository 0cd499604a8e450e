//! Where on a line its stamp stands.

use memchr::memchr;

use super::ansi::{CLEANED, CODES, ESCAPE, strip_ansi};
use super::evident::Evident;
use super::iso::Within;
use super::marks::{Marks, after_bar, after_cancelled, after_carets, after_rate, after_return};
use super::order::Order;
use super::prefix::{self, Place, Prefix, Recent};
use super::slashed::Slashed;
use super::vote::{Candidates, Elected};
use super::{Found, Stamp, Stream, Taught, family, header, keys, place, plain, special, told};
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
    told: told::Window,
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

    /// Which ambiguous formats `line`, which has no stamp of its own, fits.
    pub(super) fn candidates(&mut self, line: &[u8]) -> Candidates {
        let mut fits = Candidates::default();
        fits.join(self.head_candidates(line));
        for start in [after_return(line), after_bar(line)].into_iter().flatten() {
            fits.join(self.head_candidates(&line[start..]));
        }
        fits.join(Candidates::in_fields(line, &mut self.evident));
        fits
    }

    /// The ambiguous formats behind the prefixes of a line's head.
    fn head_candidates(&mut self, line: &[u8]) -> Candidates {
        let mut clean = std::mem::take(&mut self.clean);
        strip_ansi(line, &mut clean);
        let at = Self::behind_prefixes(&clean);
        let fits = Candidates::at(&clean, at);
        self.clean = clean;
        fits
    }

    /// Where the prefixes of a line end.
    fn behind_prefixes(line: &[u8]) -> usize {
        let (mut at, mut prefix) = (0, Prefix::NONE);
        for depth in 0..STACK {
            let before = at;
            at = prefix::skip_blanks(line, at);
            let place = Place::of(&line[before..at], depth);
            if !Candidates::at(line, at).is_empty() {
                break;
            }
            let Some((end, named)) = prefix::peel(line, at, prefix, place) else { break };
            (at, prefix) = (end, named);
        }
        at
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
        let (at, prefix) = self.behind_bracket(bytes);
        if let Some((stamp, _)) = self.evident.memo.in_same_minute(bytes, at) {
            return Found { stamp: Some(stamp), prefix };
        }
        if self.elected.is_slashed()
            && let Some(within) = self.slashed.within(bytes, at)
        {
            return Found { stamp: Some(within.after(self.slashed.civil())), prefix };
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

    /// The stamp of one of the commonest lines of all, in the minute that is known, and who wrote it; of the format with
    /// slashes that the file elects, where those are meant.
    #[inline]
    pub(super) fn within(&self, line: &[u8], slashed: bool) -> Option<(Within, Prefix)> {
        let (at, prefix) = self.behind_bracket(line);
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

    /// The stamp at `at`, behind any prefixes.
    #[inline]
    pub(super) fn head(&mut self, line: &[u8], at: usize) -> Found {
        let (mut at, mut prefix) = (at, Prefix::NONE);
        for depth in 0..STACK {
            let before = at;
            at = prefix::skip_blanks(line, at);
            let place = Place::of(&line[before..at], depth);
            if place == Place::First
                && line.get(at) == Some(&b'[')
                && let Some((end, named)) = self.brackets.get(line, at)
            {
                (at, prefix) = (end, named);
                continue;
            }
            if let Some(stamp) = self.stamp_at(line, at) {
                return Found { stamp: Some(stamp), prefix };
            }
            let Some((end, named)) = prefix::peel(line, at, prefix, place) else { break };
            if place == Place::First {
                self.brackets.put(line, at, end, named);
            }
            (at, prefix) = (end, named);
        }
        match self.record_at(line, at).or_else(|| self.behind_header(line, at)) {
            None => Found::without_stamp(prefix),
            stamp => Found { stamp, prefix },
        }
    }

    /// The stamp behind the words of a header: `train - INFO - 2026-...`, `rank=0 2026-...`, `INFO:train:2026-...`.
    fn behind_header(&mut self, line: &[u8], at: usize) -> Option<Stamp> {
        const WORDS: usize = 12;
        let head = &line[..line.len().min(at + header::HEADER)];
        let mut at = at;
        for _ in 0..WORDS {
            if let Some(stamp) = header::stamp_in(head, at).and_then(|inside| self.stamp_at(line, inside)) {
                return Some(stamp);
            }
            at = header::next_before_stamp(head, at)?;
            if let Some(stamp) = self.stamp_at(line, at) {
                return Some(stamp);
            }
        }
        None
    }

    /// A stamp that begins right here, behind a bracket perhaps.
    #[inline]
    fn stamp_at(&mut self, line: &[u8], at: usize) -> Option<Stamp> {
        let byte = *line.get(at)?;
        if family::can_begin(line, at)
            && !is_percentage(line, at)
            && let Some(stamp) = self.plain(line, at)
        {
            return Some(stamp);
        }
        match byte {
            b'[' | b'(' => {}
            b'"' => return self.plain(line, at + 1),
            _ => return None,
        }
        let inside = prefix::skip_blanks(line, at + 1);
        let zoned = self.ending(line, inside).map(|(stamp, end)| place::zoned(line, end, stamp));
        let plain = zoned.or_else(|| {
            let inside = prefix::inside_bracket(line, inside)?;
            self.plain(line, prefix::skip_blanks(line, inside))
        });
        plain.or_else(|| special::ucx(line, at)).or_else(|| special::chromium(line, at))
    }

    #[inline]
    fn plain(&mut self, line: &[u8], at: usize) -> Option<Stamp> {
        self.ending(line, at).map(|(stamp, _)| stamp)
    }

    /// The same, and where it ends.
    #[inline]
    fn ending(&mut self, line: &[u8], at: usize) -> Option<(Stamp, usize)> {
        let hit = match self.evident.at(line, at) {
            Some(hit) => hit,
            None => self.elected_at(line, at)?,
        };
        // Codes may stand inside the stamp: let the cleaned copy decide where it ends.
        (line.get(hit.1) != Some(&ESCAPE) || hit.1 == line.len()).then_some(hit)
    }

    #[inline]
    fn elected_at(&mut self, line: &[u8], at: usize) -> Option<(Stamp, usize)> {
        let hit = self.elected.at(line, at)?;
        if self.elected.is_slashed() {
            self.slashed.learn(line, at, &hit.0);
        }
        Some(hit)
    }

    /// What is no stamp at the head but tells one: a JSON object, a logfmt record, `MLPerf`'s, strace's.
    fn record_at(&mut self, line: &[u8], at: usize) -> Option<Stamp> {
        match *line.get(at)? {
            b'{' => keys::json(line, at, &mut self.evident),
            b':' => special::mlperf(line, at, &mut self.evident),
            b'=' if let Some(stamp) = special::erlang(line, at) => Some(stamp),
            mark if header::is_mark(mark) => {
                let stamp = header::behind_marks(line, at)?;
                let labelled = header::stamp_in(line, stamp).filter(|_| line[at] == b'#');
                self.stamp_at(line, labelled.unwrap_or(stamp))
            }
            b'0'..=b'9' => {
                let own = special::strace(line, at).or_else(|| special::zabbix(line, at));
                let own = own.or_else(|| special::lustre(line, at));
                own.or_else(|| special::request(line, at, &mut self.evident))
            }
            byte if byte.is_ascii_alphabetic() || matches!(byte, b'@' | b'_' | b'$') => {
                let logfmt = keys::logfmt(line, at, &mut self.evident);
                logfmt.or_else(|| special::named(line, at, &mut self.evident))
            }
            _ => None,
        }
    }
}

/// Whether a bar begins here, or another share of a hundred: no stamp does, though many begin with a digit.
#[inline]
fn is_percentage(line: &[u8], at: usize) -> bool {
    let digits = line[at..].iter().take(3).take_while(|b| b.is_ascii_digit()).count();
    line.get(at + digits) == Some(&b'%')
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// Pieces of which lines with stamps are made.
    fn piece() -> impl Strategy<Value = &'static [u8]> {
        prop_oneof![
            Just(b"[rank0]:".as_slice()),
            Just(b"[1,3]<stdout>:".as_slice()),
            Just(b"(Worker pid=10) ".as_slice()),
            Just(b"12: ".as_slice()),
            Just(b"node-3: ".as_slice()),
            Just(b"2026-11-22 06:47:12,123".as_slice()),
            Just(b"I1122 06:47:12.123456".as_slice()),
            Just(b"W403 11:42:02.380967152".as_slice()),
            Just(b"\r".as_slice()),
            Just(b"{\"ts\":".as_slice()),
            Just(b"\"2026-11-22T06:47:12Z\"}".as_slice()),
            Just(b"ts=".as_slice()),
            Just(b"1795330032".as_slice()),
            Just(b" it/s]".as_slice()),
            Just(b"CANCELLED AT ".as_slice()),
            Just(b"\x1b[32m".as_slice()),
            Just(b"\x1b".as_slice()),
            Just(b"[".as_slice()),
            Just(b"(".as_slice()),
            Just(b"<34>".as_slice()),
            Just(b"INFO ".as_slice()),
            Just(b" - - [".as_slice()),
            Just(b"\xff".as_slice()),
            Just(b"\0".as_slice()),
            Just(b"\"".as_slice()),
            Just(b"\\".as_slice()),
            Just(b"NeMo W ".as_slice()),
            Just(b"x".as_slice()),
            Just(b"\xef\xbb\xbf".as_slice()),
        ]
    }

    proptest! {
        #[test]
        fn nothing_on_a_line_makes_it_panic(pieces in proptest::collection::vec(piece(), 0..12), cut in 0_usize..80) {
            let line = pieces.concat();
            let line = &line[..cut.min(line.len())];
            let mut finder = Finder::default();
            let first = finder.find(line);
            prop_assert_eq!(finder.find(line), first);
            prop_assert_eq!(super::super::find(line), first);
        }

        #[test]
        fn nor_do_any_bytes(line in proptest::collection::vec(any::<u8>(), 0..200)) {
            super::super::find(&line);
        }
    }

    #[test]
    fn a_line_torn_off_by_carets_is_looked_at_in_a_text_too() {
        for torn in [
            "~~~~[11/22/26 06:47:12]: x\n",
            "    ^^^^[2026-11-22 06:47:12] x\n",
            "~^[2026-11-22 06:47:12] x\n",
        ] {
            let (line, mut finder) = (Line { start: 0, end: torn.len() }, Finder::default());
            let found = finder.find_in(torn.as_bytes(), line, &mut Marks::default());
            assert!(found.stamp.is_some(), "{torn}");
            assert_eq!(found, super::super::find(torn.as_bytes()));
        }
    }

    #[test]
    fn no_stamp_is_too_deep_behind_codes_or_prefixes() {
        let stamped = |line: &str| super::super::find(line.as_bytes()).stamp.is_some();
        let stamp = "2026-11-22 06:47:12,123 INFO x\n";
        for codes in 0..1200 {
            assert!(stamped(&format!("{}{stamp}", "\x1b[32m".repeat(codes))), "{codes} codes");
        }
        for prefix in ["[rank0]:", "[rank0]: ", "INFO ", "[titan] ", "[1,3]<stdout>:", "(Worker pid=10) "] {
            for depth in 0..=16 {
                assert!(stamped(&format!("{}{stamp}", prefix.repeat(depth))), "{depth} of {prefix}");
                let coloured = format!("\x1b[0m{prefix}\x1b[1;31m").repeat(depth);
                assert!(stamped(&format!("{coloured}{stamp}")), "{depth} of {prefix} with codes");
            }
        }
    }

    #[test]
    fn what_follows_the_writers_is_the_body() {
        for (line, body) in [
            ("[rank3]: text", "text"),
            ("[rank3]:   File", "  File"),
            ("[0]:[rank2]:text", "text"),
            ("3: text", "text"),
            ("  3: text", "text"),
            ("[1,3]<stdout>:text", "text"),
            ("(Worker pid=10, ip=10.0.0.3) text", "text"),
            ("worker-1  |   text", "  text"),
            ("  rank 2: text", "  rank 2: text"),
            ("  text", "  text"),
            ("", ""),
        ] {
            assert_eq!(prefix::behind_writer(line.as_bytes()), body.as_bytes(), "{line:?}");
        }
    }

    #[test]
    fn one_writer_is_one_prefix() {
        let prefix = |line: &str| super::super::find(line.as_bytes()).prefix;
        for (one, other) in [
            ("[rank2]:[titan] x", "[rank2]: x"),
            ("[rank2]: 2026-11-22 06:47:12 x", "[rank2]:  File \"x\""),
            ("[Rank 2] x", "[rank2]: x"),
            ("[1,3]<stdout>:x", "[1,3]<stderr>:y"),
            ("(Worker pid=10, ip=10.0.0.3) INFO x", "(Worker pid=10, ip=10.0.0.3) y"),
            ("[rank2]: RuntimeError: x", "[rank2]: y"),
            ("[rank2]: shard42: x", "[rank2]: y"),
            ("[rank2]: [10] x", "[rank2]: y"),
            ("[pod/worker-0/main] 2026-11-22 06:47:12 x", "[pod/worker-0/main] y"),
            ("worker-1  | x", "worker-1 | y"),
            ("10.0.0.3: x", "10.0.0.3: [2026-11-22 06:47:12,123] y"),
            ("trainer/0 x", "trainer/0 2026-11-22 06:47:12 y"),
            ("Rank 2: x", "[rank2]: y"),
            ("[titan] x", "x"),
            ("INFO x", "x"),
            ("  3: x", "3: x"),
            // None of these stands where a prefix does, or they number a list.
            ("  rank 2: exit code 1", "x"),
            ("\t[rank2]: x", "x"),
            ("     0: EmbeddingPipe", "x"),
            ("[0]:", "x"),
            ("[rank2]:   [rank3]: is gone", "[rank2]: x"),
        ] {
            assert_eq!(prefix(one), prefix(other), "{one} and {other}");
        }
        let all = [
            "[rank2]: x",
            "[rank3]: x",
            "[default2]:x",
            "12: x",
            "13: x",
            "node-3: x",
            "10.0.0.3: x",
            "trainer/0 x",
            "trainer/1 x",
            "(W pid=1) x",
            "node-3: [rank2]: x",
            "x",
        ];
        let distinct: std::collections::HashSet<Prefix> = all.iter().map(|l| prefix(l)).collect();
        assert_eq!(distinct.len(), all.len());
    }
}
