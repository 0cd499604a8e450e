//! Where on a line a stamp may stand that does not stand at its head, and which lines have a mark of that.

use aho_corasick::packed::Searcher;
use memchr::memmem::{self, Finder as Needle};
use memchr::{memchr, memchr3_iter, memrchr, memrchr_iter};
use std::sync::LazyLock;

use crate::line::Line;
use crate::stamp::head::ansi::ESCAPE;
use crate::stamp::head::prefix;

const CANCELLED_AT: &str = "CANCELLED AT ";
/// What else may stand before a stamp that is not at the head of its line: the mark of `MLPerf`, and the rate on a line that
/// was torn off.
const OTHERS: [&str; 4] = [":::ML", "/ s2", "/s2", "/sec2"];
/// How progress bars say how fast it goes: tqdm's items, its bytes, and the examples of Hugging Face's datasets.
const RATES: [&str; 4] = ["it/s", "s/it", "B/s", "examples/s"];

/// Any of the words, in one pass; `None` where the machine has no fast way for that. All have three bytes at least, without
/// which the pass would stop at every other line.
static MARKS: LazyLock<Option<Searcher>> =
    LazyLock::new(|| Searcher::new(RATES.into_iter().chain([CANCELLED_AT]).chain(OTHERS)));
static CANCELLED: LazyLock<Needle<'static>> = LazyLock::new(|| Needle::new(CANCELLED_AT));

/// Where the next of the marks stand that make it worth to look for a stamp behind the head of a line.
#[derive(Clone, Copy, Default)]
pub(crate) struct Marks {
    byte: usize,
    word: usize,
    /// The first of them.
    first: usize,
}

impl Marks {
    /// Whether any mark is on `line`; lines must be asked for in order.
    #[inline]
    pub(in crate::stamp) fn are_in(&mut self, text: &[u8], line: Line) -> bool {
        self.first < line.end && self.look(text, line)
    }

    /// The same where the first of those that are known stands before the end of the line.
    #[inline(never)]
    fn look(&mut self, text: &[u8], line: Line) -> bool {
        let renew = |mark: &mut usize, next: &dyn Fn(&[u8]) -> Option<usize>| {
            if *mark < line.start || (*mark == 0 && line.start == 0) {
                *mark = next(&text[line.start..]).map_or(usize::MAX, |at| line.start + at);
            }
        };
        renew(&mut self.byte, &first_byte);
        renew(&mut self.word, &first_word);
        self.first = self.byte.min(self.word);
        self.first < line.end
    }
}

/// Where the first byte stands that marks a line which goes on from its beginning, a code to a terminal, or an object with a
/// key. All three in one pass: a quote seldom begins no key where lines have no stamp.
fn first_byte(text: &[u8]) -> Option<usize> {
    let begins_object = |quote: usize| quote > 0 && text[quote - 1] == b'{';
    memchr3_iter(b'\r', ESCAPE, b'"', text).find(|at| text[*at] != b'"' || begins_object(*at))
}

/// Where the first of the words stands that mark a bar or a cancellation.
fn first_word(text: &[u8]) -> Option<usize> {
    match &*MARKS {
        Some(searcher) => searcher.find(text).map(|found| found.start()),
        None => RATES
            .iter()
            .chain([&CANCELLED_AT])
            .chain(&OTHERS)
            .filter_map(|word| memmem::find(text, word.as_bytes()))
            .min(),
    }
}

/// After the last `\r` that is not the line's own ending.
pub(crate) fn after_return(line: &[u8]) -> Option<usize> {
    let body = line.strip_suffix(b"\n").unwrap_or(line);
    let body = body.strip_suffix(b"\r").unwrap_or(body);
    memrchr(b'\r', body).map(|at| at + 1)
}

/// After the bracket that closes the last progress bar.
pub(crate) fn after_bar(line: &[u8]) -> Option<usize> {
    // Each has one slash.
    let has_rate_around = |slash: usize| {
        RATES.iter().any(|rate| {
            let start = rate.find('/').and_then(|before| slash.checked_sub(before));
            start.is_some_and(|start| line[start..].starts_with(rate.as_bytes()))
        })
    };
    let slash = memrchr_iter(b'/', line).find(|slash| has_rate_around(*slash))?;
    memchr(b']', &line[slash..]).map(|n| slash + n + 1)
}

pub(in crate::stamp) fn after_cancelled(line: &[u8]) -> Option<usize> {
    CANCELLED.find(line).map(|at| at + CANCELLED.needle().len())
}

/// After the carets under the last line of a traceback, where another record was written right behind them.
pub(in crate::stamp) fn after_carets(line: &[u8]) -> Option<usize> {
    let carets = prefix::skip_blanks(line, 0);
    let end = carets + line[carets..].iter().take_while(|b| matches!(b, b'^' | b'~')).count();
    (end > carets && line.get(end) == Some(&b'[')).then_some(end)
}

/// After a rate of so many things a second, where another record was written right behind it.
pub(in crate::stamp) fn after_rate(line: &[u8]) -> Option<usize> {
    memrchr_iter(b'/', line).find_map(|slash| {
        let unit = match &line[slash + 1..] {
            [b's', b'2', ..] => 1,
            [b' ', b's', b'2', ..] => 2,
            [b's', b'e', b'c', b'2', ..] => 3,
            _ => return None,
        };
        Some(slash + 1 + unit)
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn after_a_bar_is_after_the_bracket_that_follows_its_last_rate(
            pieces in proptest::collection::vec(
                prop_oneof!["it/s", "s/it", "B/s", "examples/s", "]", "/", "[a-z/]{0,3}", "[ \\]x]{0,3}"], 0..12,
            ),
        ) {
            let line = pieces.concat();
            let last = RATES.iter().filter_map(|rate| line.rfind(rate)).max();
            let twin = last.and_then(|rate| Some(rate + line[rate..].find(']')? + 1));
            prop_assert_eq!(after_bar(line.as_bytes()), twin);
        }
    }
}
