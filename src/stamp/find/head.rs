//! The stamp at the head of a line, behind its prefixes or the words of its header.

use super::{Finder, STACK};
use crate::stamp::formats::{family, keys, place, special, swapped};
use crate::stamp::head::ansi::ESCAPE;
use crate::stamp::head::header;
use crate::stamp::head::prefix::{self, Prefix, PrefixPlace};
use crate::stamp::{Found, Stamp};

impl Finder {
    /// The stamp at `at`, behind any prefixes.
    #[inline]
    pub(in crate::stamp) fn head(&mut self, line: &[u8], at: usize) -> Found {
        let (mut at, mut prefix) = (at, Prefix::NONE);
        for depth in 0..STACK {
            let before = at;
            at = prefix::skip_blanks(line, at);
            let place = PrefixPlace::of(&line[before..at], depth);
            if place == PrefixPlace::First
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
            if place == PrefixPlace::First {
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
            if let Some(inside) = header::stamp_in(head, at)
                && let Some(stamp) =
                    self.stamp_at(line, inside).or_else(|| swapped::at(line, inside, &mut self.evident))
            {
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
            b'"' => return self.plain(line, at + 1).or_else(|| special::lsf(line, at)),
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
    pub(super) fn ending(&mut self, line: &[u8], at: usize) -> Option<(Stamp, usize)> {
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
                let labelled = header::stamp_in(line, stamp).or_else(|| special::kaldi(line, stamp));
                let labelled = labelled.filter(|_| line[at] == b'#');
                self.stamp_at(line, labelled.unwrap_or(stamp))
            }
            b'0'..=b'9' => {
                let own = special::strace(line, at).or_else(|| special::zabbix(line, at));
                let own = own.or_else(|| special::lustre(line, at));
                let own = own.or_else(|| special::changelog(line, at, &mut self.evident));
                let own = own.or_else(|| swapped::at(line, at, &mut self.evident));
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
