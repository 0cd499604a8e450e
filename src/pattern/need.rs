//! What a line must hold to be selected, as far as an index of text can say: literals, joined by *and* and *or*.
//!
//! This asks for less than [`super::literal`] and for more of it. Case is left open and a digit may be any, since the
//! index does not tell these apart; but all literals are kept, not the rarest, since each leaves fewer blocks.

use regex_syntax::hir::{Class, Hir, HirKind, Repetition};

use super::literal::REPLACEMENT;

/// Any ASCII digit, in a literal of which no more is known there. No text in UTF-8 has this byte.
pub const DIGIT: u8 = 0xF8;
/// The shortest literal that can be looked for, in bytes.
pub const SHORTEST: usize = 4;
/// The most strings that one place is expanded to.
const MOST: usize = 32;
/// The most alternatives that are told apart.
const BRANCHES: usize = 256;
/// The longest string, in bytes.
const LONGEST: usize = 256;
/// The largest class of which the members are looked at.
const CLASS: u32 = 128;
/// The most symbols that a class may come to.
const SYMBOLS: usize = 4;
/// How often a repetition is written out.
const TIMES: u32 = 16;

/// What a line must hold.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Need {
    /// This: lower-case letters stand for either case, [`DIGIT`] for any digit.
    Literal(Vec<u8>),
    /// Each of these; of none, nothing is known.
    All(Vec<Need>),
    /// One of these; of none, no line does.
    Any(Vec<Need>),
}

impl Need {
    /// Of which nothing is known.
    pub const NOTHING: Self = Self::All(Vec::new());

    /// What every match of a program holds.
    pub(super) fn of(hir: &Hir) -> Self {
        Self::All(NeedsOf::of(hir).needs())
    }

    /// Whether it says nothing: every line may have it.
    pub fn is_nothing(&self) -> bool {
        match self {
            Self::Literal(literal) => literal.len() < SHORTEST,
            Self::All(parts) => parts.iter().all(Self::is_nothing),
            Self::Any(parts) => parts.iter().any(Self::is_nothing),
        }
    }
}

/// Some strings, one of which stands at a place.
type Strings = Vec<Vec<u8>>;

/// What is known of a part of a program.
#[derive(Default)]
struct NeedsOf {
    /// All that it can match, where that is few strings.
    whole: Option<Strings>,
    /// Where it is not: what it begins with, and what it ends with.
    ends: Option<(Strings, Strings)>,
    /// What it holds besides.
    within: Vec<Need>,
}

impl NeedsOf {
    fn of(hir: &Hir) -> Self {
        match hir.kind() {
            HirKind::Empty | HirKind::Look(_) => Self::exactly(vec![Vec::new()]),
            HirKind::Literal(literal) => {
                symbols(&literal.0).map_or_else(Self::default, |s| Self::exactly(vec![s]))
            }
            HirKind::Class(class) => members(class).map_or_else(Self::default, Self::exactly),
            HirKind::Repetition(repetition) => Self::repeated(repetition),
            HirKind::Capture(capture) => Self::of(&capture.sub),
            HirKind::Concat(parts) => Self::sequence(parts),
            HirKind::Alternation(parts) => Self::alternation(parts),
        }
    }

    fn exactly(whole: Strings) -> Self {
        Self { whole: Some(whole), ..Self::default() }
    }

    fn repeated(repetition: &Repetition) -> Self {
        let once = Self::of(&repetition.sub);
        let Some(whole) = once.whole else {
            return if repetition.min == 0 { Self::default() } else { once };
        };
        if repetition.min == 0 {
            let mut optional = whole;
            optional.push(Vec::new());
            let few = repetition.max == Some(1) && optional.len() <= MOST;
            return if few { Self::exactly(optional) } else { Self::default() };
        }
        let (mut power, mut times) = (whole.clone(), 1);
        while times < repetition.min.min(TIMES)
            && let Some(next) = product(&power, &whole)
        {
            (power, times) = (next, times + 1);
        }
        if repetition.max == Some(times) {
            return Self::exactly(power);
        }
        Self { whole: None, ends: Some((power.clone(), power)), within: Vec::new() }
    }

    fn sequence(parts: &[Hir]) -> Self {
        let (mut run, mut head, mut within): (Strings, Option<Strings>, Vec<Need>) =
            (vec![Vec::new()], None, Vec::new());
        // The first run is what all begins with; those after it are inside.
        let end = |run: Strings, head: &mut Option<Strings>, within: &mut Vec<Need>| match head {
            None => *head = Some(run),
            Some(_) => within.extend(one_of(run)),
        };
        for part in parts {
            let found = Self::of(part);
            if let Some(whole) = found.whole {
                match product(&run, &whole) {
                    Some(joined) => run = joined,
                    None => end(std::mem::replace(&mut run, whole), &mut head, &mut within),
                }
                continue;
            }
            let nothing = || vec![Vec::new()];
            let (begins, ends) = found.ends.unwrap_or_else(|| (nothing(), nothing()));
            let before = std::mem::replace(&mut run, ends);
            if let Some(joined) = product(&before, &begins) {
                end(joined, &mut head, &mut within);
            } else {
                end(before, &mut head, &mut within);
                within.extend(one_of(begins));
            }
            within.extend(found.within);
        }
        match head {
            None => Self::exactly(run),
            Some(head) => Self { whole: None, ends: Some((head, run)), within },
        }
    }

    fn alternation(parts: &[Hir]) -> Self {
        let found: Vec<Self> = parts.iter().map(Self::of).collect();
        let all = found.iter().map(|f| f.whole.as_ref()).collect::<Option<Vec<_>>>();
        if let Some(all) = all
            && all.iter().map(|set| set.len()).sum::<usize>() <= MOST
        {
            return Self::exactly(all.into_iter().flatten().cloned().collect());
        }
        if found.len() > BRANCHES {
            return Self::default();
        }
        let any = Need::Any(found.into_iter().map(|f| Need::All(f.needs())).collect());
        Self { within: if any.is_nothing() { Vec::new() } else { vec![any] }, ..Self::default() }
    }

    fn needs(self) -> Vec<Need> {
        let mut needs = self.within;
        needs.extend(self.whole.and_then(one_of));
        if let Some((head, tail)) = self.ends {
            needs.extend(one_of(head));
            needs.extend(one_of(tail));
        }
        needs
    }
}

/// That one of `strings` stands somewhere; `None` where one of them is too short to be looked for.
fn one_of(mut strings: Strings) -> Option<Need> {
    if strings.is_empty() || strings.iter().any(|string| string.len() < SHORTEST) {
        return None;
    }
    if strings.len() == 1 {
        return strings.pop().map(Need::Literal);
    }
    Some(Need::Any(strings.into_iter().map(Need::Literal).collect()))
}

/// A literal as it is looked for; `None` where it cannot be.
fn symbols(literal: &[u8]) -> Option<Vec<u8>> {
    let broken = memchr::memmem::find(literal, REPLACEMENT).is_some() || literal.iter().any(|&b| b >= DIGIT);
    (!broken && literal.len() <= LONGEST).then(|| literal.to_ascii_lowercase())
}

/// What the members of a class come to, where that is little.
fn members(class: &Class) -> Option<Strings> {
    let mut members: Strings = match class {
        Class::Unicode(class) => {
            let size: u32 = class.ranges().iter().map(|r| r.end() as u32 - r.start() as u32 + 1).sum();
            let all = class.ranges().iter().flat_map(|range| range.start()..=range.end());
            (size <= CLASS).then(|| all.map(|c| c.to_string().into_bytes()).collect())?
        }
        Class::Bytes(class) => {
            let size: u32 =
                class.ranges().iter().map(|r| u32::from(r.end()) - u32::from(r.start()) + 1).sum();
            let all = class.ranges().iter().flat_map(|range| range.start()..=range.end());
            (size <= CLASS).then(|| all.map(|byte| vec![byte]).collect())?
        }
    };
    let some_digits = members.iter().filter(|member| member[0].is_ascii_digit()).count() > 1;
    for member in &mut members {
        let any_digit = some_digits && member[0].is_ascii_digit();
        *member = if any_digit { vec![DIGIT] } else { symbols(member)? };
    }
    members.sort_unstable();
    members.dedup();
    (!members.is_empty() && members.len() <= SYMBOLS).then_some(members)
}

/// Each of `left` followed by each of `right`, where that is few and short enough.
fn product(left: &[Vec<u8>], right: &[Vec<u8>]) -> Option<Strings> {
    let longest = |set: &[Vec<u8>]| set.iter().map(Vec::len).max().unwrap_or(0);
    if left.len() * right.len() > MOST || longest(left) + longest(right) > LONGEST {
        return None;
    }
    Some(left.iter().flat_map(|l| right.iter().map(move |r| [l.as_slice(), r].concat())).collect())
}

#[cfg(test)]
mod tests {
    use super::super::automaton::parse;
    use super::*;

    fn shown(need: &Need) -> String {
        let all = |parts: &[Need], with: &str| parts.iter().map(shown).collect::<Vec<_>>().join(with);
        match need {
            Need::Literal(literal) => {
                literal.iter().map(|&b| if b == DIGIT { '#' } else { b as char }).collect()
            }
            Need::All(parts) if parts.len() == 1 => shown(&parts[0]),
            Need::All(parts) => format!("({})", all(parts, " & ")),
            Need::Any(parts) => format!("({})", all(parts, " | ")),
        }
    }

    #[test]
    fn what_patterns_need() {
        let table = [
            ("CUDA error", "cuda error"),
            ("(?i)cuda (?:out|err)", "(cuda out | cuda err)"),
            (r"step=[0-9]+ loss", "(step=# & # loss)"),
            (r"rank [0-9]{2} failed", "rank ## failed"),
            ("error.*timeout", "(error & timeout)"),
            ("(?:first.*second)third", "(first & secondthird)"),
            ("colou?rs", "(colours | colors)"),
            ("abc|defg", "()"),
            ("abc.*|defgh", "()"),
            ("needle.*one|other.*two.x", "((needle) | other)"),
            ("(?:fail)+ed", "(fail & failed)"),
            ("[a-z]*word!", "word!"),
            ("word\u{FFFD}", "()"),
            (r"[xX][yY]zw\b", "xyzw"),
            ("(?:ab|cd)(?:ef|gh)", "(abef | abgh | cdef | cdgh)"),
            ("x{4}", "xxxx"),
            ("x{4,}yz", "(xxxx & xxxxyz)"),
            ("", "()"),
        ];
        for (pattern, needs) in table {
            let need = Need::of(&parse(pattern).unwrap());
            let shown = shown(&need);
            assert_eq!(shown, needs.replace("(needle)", "needle"), "{pattern}");
        }
    }
}
