//! Patterns that go straight on: texts, and between them runs of one class of bytes each, that end where the next text begins.
//!
//! So most patterns are that take numbers out of logs: `step=(\d+) loss=([\d.]+)`. No run can give back what it took, for the
//! text behind it begins with a byte that is none of its own: whoever reads them from left to right finds what `re` finds.

use memchr::memmem::Finder;
use regex_automata::PatternID;
use regex_automata::util::captures::Captures;
use regex_automata::util::primitives::NonMaxUsize;
use regex_syntax::hir::{Class, Hir, HirKind, Repetition};

/// A pattern that goes straight on, and begins with a text.
#[derive(Debug)]
pub(super) struct Straight {
    text: Finder<'static>,
    rest: Vec<Element>,
    /// How many slots its groups have, with those of the whole.
    slots: usize,
}

#[derive(Debug)]
enum Element {
    Text(Box<[u8]>),
    /// As many bytes of a class as there are, at least so many; what group holds them, if one does.
    Run {
        class: Box<[bool; 256]>,
        least: usize,
        group: Option<usize>,
    },
}

impl Straight {
    /// `None` where the pattern is none of these.
    pub(super) fn new(hir: &Hir) -> Option<Self> {
        let HirKind::Concat(parts) = hir.kind() else { return None };
        let mut parts = parts.iter().map(Element::of).collect::<Option<Vec<_>>>()?;
        let ends_by_itself = parts.windows(2).all(|pair| match pair {
            [Element::Run { class, .. }, Element::Text(text)] => !class[usize::from(text[0])],
            [Element::Run { .. }, Element::Run { .. }] => false,
            _ => true,
        });
        let rest = parts.split_off(1);
        let Some(Element::Text(text)) = parts.pop().filter(|_| ends_by_itself) else { return None };
        let slots = 2 * (1 + hir.properties().explicit_captures_len());
        Some(Self { text: Finder::new(&text).into_owned(), rest, slots })
    }

    /// Finds the first match on `line`.
    pub(super) fn take(&self, line: &[u8], groups: &mut Captures) {
        let mut from = 0;
        groups.clear();
        if groups.slots_mut().len() < self.slots {
            return;
        }
        while let Some(at) = self.text.find(&line[from..]).map(|at| from + at) {
            if let Some(end) = self.goes_on(line, at + self.text.needle().len(), groups) {
                put(groups, 0, at, end);
                groups.set_pattern(Some(PatternID::ZERO));
                return;
            }
            from = at + 1;
        }
    }

    /// Where the match ends whose first text ends at `at`.
    #[inline]
    fn goes_on(&self, line: &[u8], mut at: usize, groups: &mut Captures) -> Option<usize> {
        for part in &self.rest {
            match part {
                Element::Text(text) => {
                    if !line[at..].starts_with(text) {
                        return None;
                    }
                    at += text.len();
                }
                Element::Run { class, least, group } => {
                    let run = line[at..].iter().take_while(|byte| class[usize::from(**byte)]).count();
                    if run < *least {
                        return None;
                    }
                    if let Some(group) = group {
                        put(groups, *group, at, at + run);
                    }
                    at += run;
                }
            }
        }
        Some(at)
    }
}

#[inline]
fn put(groups: &mut Captures, group: usize, start: usize, end: usize) {
    if let Some([first, second]) = groups.slots_mut().get_mut(2 * group..2 * group + 2) {
        (*first, *second) = (NonMaxUsize::new(start), NonMaxUsize::new(end));
    }
}

impl Element {
    fn of(hir: &Hir) -> Option<Self> {
        match hir.kind() {
            HirKind::Literal(literal) => Some(Self::Text(literal.0.clone())),
            HirKind::Capture(capture) => match Self::of(&capture.sub)? {
                Self::Run { class, least, group: None } => {
                    Some(Self::Run { class, least, group: usize::try_from(capture.index).ok() })
                }
                _ => None,
            },
            HirKind::Repetition(Repetition { min, max: None, greedy: true, sub }) => {
                let class = members(sub.kind())?;
                Some(Self::Run { class, least: usize::try_from(*min).ok()?, group: None })
            }
            _ => None,
        }
    }
}

/// The members of a class of ASCII, or of a single letter.
fn members(kind: &HirKind) -> Option<Box<[bool; 256]>> {
    let mut members = Box::new([false; 256]);
    let mut add = |first: u32, last: u32| {
        (last < 0x80).then(|| (first..=last).for_each(|byte| members[byte as usize] = true))
    };
    match kind {
        HirKind::Literal(letter) if letter.0.len() == 1 => add(letter.0[0].into(), letter.0[0].into())?,
        HirKind::Class(Class::Unicode(class)) => {
            class.iter().try_for_each(|range| add(range.start().into(), range.end().into()))?;
        }
        HirKind::Class(Class::Bytes(class)) => {
            class.iter().try_for_each(|range| add(range.start().into(), range.end().into()))?;
        }
        _ => return None,
    }
    Some(members)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use regex_automata::meta::Regex;

    const PATTERNS: [&str; 6] = [
        "a=([0-9]+) b=([0-9.]+)",
        "a=([0-9]*)b",
        "ab+([.0-9]+)",
        "aa([a=]+) ",
        "a=(?P<x>[0-9]{2,})(?-u:[ ]+)b",
        "a(=+)a",
    ];

    proptest! {
        #[test]
        fn groups_are_those_of_the_regex(pattern in 0..PATTERNS.len(), lines in prop::collection::vec("[ab=0-3. é]{0,24}", 1..20)) {
            let regex = Regex::new(PATTERNS[pattern]).unwrap();
            let straight = Straight::new(&regex_syntax::parse(PATTERNS[pattern]).unwrap());
            let Some(straight) = straight else { return Ok(()) };
            let (mut ours, mut expected) = (regex.create_captures(), regex.create_captures());
            for line in &lines {
                straight.take(line.as_bytes(), &mut ours);
                regex.captures(line, &mut expected);
                prop_assert_eq!(ours.iter().collect::<Vec<_>>(), expected.iter().collect::<Vec<_>>(), "{}", line);
            }
        }
    }

    #[test]
    fn what_goes_straight_on_is_known() {
        let is_straight = |pattern: &str| Straight::new(&regex_syntax::parse(pattern).unwrap()).is_some();
        for pattern in [r"step=([0-9]+) loss=([0-9.]+)", PATTERNS[0], PATTERNS[1], PATTERNS[3], PATTERNS[5]] {
            assert!(is_straight(pattern), "{pattern}");
        }
        // A run that may have to give back, or give way; other letters than ASCII's; no text in front; a choice.
        for pattern in [
            "a([0-9]+)1",
            "a([0-9]+?) ",
            r"a(\d+) ",
            "([0-9]+) a",
            "a(b|c)d",
            "ab",
            "a([0-9]+)[0-9]+",
            "(?i)a=([0-9]+)",
        ] {
            assert!(!is_straight(pattern), "{pattern}");
        }
    }
}
