//! Which ambiguous formats a line fits.

use super::{Finder, STACK};
use crate::stamp::head::ansi::strip_ansi;
use crate::stamp::head::marks::{after_bar, after_return};
use crate::stamp::head::prefix::{self, Prefix, PrefixPlace};
use crate::stamp::vote::Candidates;

impl Finder {
    /// Which ambiguous formats `line`, which has no stamp of its own, fits.
    pub(in crate::stamp) fn candidates(&mut self, line: &[u8]) -> Candidates {
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
            let place = PrefixPlace::of(&line[before..at], depth);
            if !Candidates::at(line, at).is_empty() {
                break;
            }
            let Some((end, named)) = prefix::peel(line, at, prefix, place) else { break };
            (at, prefix) = (end, named);
        }
        at
    }
}
