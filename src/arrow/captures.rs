//! Groups as the engine takes them: of a pattern for lines of ASCII, and of one for others.

use memchr::memmem::Finder;
use regex_automata::dfa::onepass::{Cache, DFA};
use regex_automata::meta::Regex;
use regex_automata::nfa::thompson;
use regex_automata::util::captures;
use regex_automata::{Anchored, Input};
use regex_syntax::hir::literal::Extractor;

use super::straight::Straight;

/// How large the automaton of a pattern may be, in bytes.
const LARGE: usize = 1 << 20;

/// A pattern with groups that the engine takes exactly as `re` does.
#[derive(Debug)]
pub struct Captures {
    ascii: CaptureRegex,
    /// `None` where that cannot be said in the engine's terms.
    text: Option<CaptureRegex>,
}

/// Where the groups of a line were found.
pub(super) struct Slots {
    ascii: CaptureSpace,
    text: Option<CaptureSpace>,
}

impl Captures {
    /// Compiles translations into the engine's syntax; `None` if one is too large.
    pub fn new(ascii: &str, text: Option<&str>) -> Option<Self> {
        Some(Self {
            ascii: CaptureRegex::new(ascii)?,
            text: text.map_or(Some(None), |text| CaptureRegex::new(text).map(Some))?,
        })
    }

    /// Room for what is found, for one thread.
    pub(super) fn slots(&self) -> Slots {
        Slots { ascii: self.ascii.room(), text: self.text.as_ref().map(CaptureRegex::room) }
    }

    /// Takes the groups of `line`; `None` if the engine cannot.
    pub(super) fn take<'s>(&self, line: &str, slots: &'s mut Slots) -> Option<&'s captures::Captures> {
        let (program, found) = match (&self.text, &mut slots.text) {
            _ if line.is_ascii() => (&self.ascii, &mut slots.ascii),
            (Some(text), Some(found)) => (text, found),
            _ => return None,
        };
        program.take(line, found);
        Some(&found.groups)
    }
}

/// One translation, compiled.
#[derive(Debug)]
struct CaptureRegex {
    regex: Regex,
    straight: Option<Straight>,
    begins: Option<Begins>,
}

/// The matches of most patterns that are written for logs begin with some text, such as `loss=`, and what follows can be
/// matched without looking back. Then only where that text stands anything has to be tried.
#[derive(Debug)]
struct Begins {
    text: Finder<'static>,
    dfa: DFA,
}

/// What a thread needs to take groups, and what it found last.
struct CaptureSpace {
    groups: captures::Captures,
    cache: Option<Cache>,
}

impl CaptureRegex {
    fn new(pattern: &str) -> Option<Self> {
        let config = Regex::config().nfa_size_limit(Some(LARGE)).onepass_size_limit(Some(LARGE));
        let regex = Regex::builder().configure(config).build(pattern).ok()?;
        let straight = regex_syntax::parse(pattern).ok().and_then(|hir| Straight::new(&hir));
        let begins = if straight.is_none() { Begins::new(pattern) } else { None };
        Some(Self { regex, straight, begins })
    }

    fn room(&self) -> CaptureSpace {
        match &self.begins {
            Some(Begins { dfa, .. }) => {
                CaptureSpace { groups: dfa.create_captures(), cache: Some(dfa.create_cache()) }
            }
            None => CaptureSpace { groups: self.regex.create_captures(), cache: None },
        }
    }

    fn take(&self, line: &str, found: &mut CaptureSpace) {
        if let Some(straight) = &self.straight {
            return straight.take(line.as_bytes(), &mut found.groups);
        }
        match (&self.begins, &mut found.cache) {
            (Some(begins), Some(cache)) => begins.take(line, cache, &mut found.groups),
            _ => self.regex.captures(line, &mut found.groups),
        }
    }
}

impl Begins {
    /// `None` where the matches begin with different texts, or what follows has to be tried in several ways.
    fn new(pattern: &str) -> Option<Self> {
        let hir = regex_syntax::parse(pattern).ok()?;
        let prefixes = Extractor::new().extract(&hir);
        let prefix = prefixes.longest_common_prefix().filter(|prefix| !prefix.is_empty())?;
        let text = Finder::new(prefix).into_owned();
        let nfa = thompson::Config::new().nfa_size_limit(Some(LARGE));
        let dfa = DFA::builder()
            .configure(DFA::config().size_limit(Some(LARGE)))
            .thompson(nfa)
            .build(pattern)
            .ok()?;
        Some(Self { text, dfa })
    }

    fn take(&self, line: &str, cache: &mut Cache, groups: &mut captures::Captures) {
        let mut from = 0;
        while let Some(at) = self.text.find(&line.as_bytes()[from..]) {
            let input = Input::new(line).range(from + at..).anchored(Anchored::Yes);
            self.dfa.captures(cache, input, groups);
            if groups.is_match() {
                return;
            }
            from += at + 1;
        }
        groups.clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The twin: the regex alone.
    fn check(pattern: &str, lines: &[&str]) {
        let program = CaptureRegex::new(pattern).unwrap();
        assert!(program.begins.is_some() || program.straight.is_some(), "{pattern}");
        let (mut found, mut expected) = (program.room(), program.regex.create_captures());
        for line in lines {
            program.take(line, &mut found);
            program.regex.captures(line, &mut expected);
            assert_eq!(
                found.groups.iter().collect::<Vec<_>>(),
                expected.iter().collect::<Vec<_>>(),
                "{pattern} {line}"
            );
        }
    }

    #[test]
    fn what_begins_with_a_text_is_found_as_by_the_regex() {
        check(r"aa([0-9]+)", &["aaa12 aa3", "aaaa", "", "aa", "aaaaa7"]);
        check(
            r"step=([0-9]+)(?: loss=([0-9.]+))?",
            &["step= step=4 loss=", "step=1 loss=2.5", "loss=1", "é step=3"],
        );
        check(r"(?-u:\b)ab(c|d)?", &["xab abd", "abc", "aab"]);
        check(r"é(.)", &["éx", "xé", "\u{c3}éé"]);
        check(r"ab(?m:$)", &["ab\n", "abab", "aba"]);
    }
}
