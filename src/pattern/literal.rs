//! Literals that must occur: what every match of a program holds.

use regex_syntax::hir::{Class, Hir, HirKind, Repetition};

/// The most literals worth looking for at once.
const MOST: usize = 48;
/// The longest literal worth looking for, in bytes; longer ones are cut into several.
const LONGEST: usize = 64;
/// How rare, in bits, a set of literals has to be for the search to be worth it.
const RARE_ENOUGH: u32 = 8;
/// U+FFFD stands in decoded text where the file has other bytes, so it is no needle.
const REPLACEMENT: &[u8] = "\u{FFFD}".as_bytes();

/// Literals of which every match holds at least one.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Required {
    pub(crate) literals: Vec<Vec<u8>>,
    /// The literals are all that the program matches: where one stands there is a match.
    pub(crate) whole: bool,
}

/// The rarest literals that a match of `hir` must hold.
pub(crate) fn required(hir: &Hir) -> Option<Required> {
    let found = Found::of(hir);
    let whole = found.whole.is_some() && hir.properties().look_set().is_empty();
    let literals = found.required()?;
    let usable = literals.iter().all(|l| !l.is_empty() && !contains(l, REPLACEMENT));
    (usable && rarity(&literals) >= RARE_ENOUGH).then_some(Required { literals, whole })
}

fn contains(bytes: &[u8], part: &[u8]) -> bool {
    memchr::memmem::find(bytes, part).is_some()
}

/// What is known of a part of a program.
#[derive(Default)]
struct Found {
    /// All strings that it matches, where they are few; a look-around counts as the empty string.
    whole: Option<Vec<Vec<u8>>>,
    /// The rarest set of which each match holds one.
    best: Option<Vec<Vec<u8>>>,
}

impl Found {
    fn of(hir: &Hir) -> Self {
        match hir.kind() {
            HirKind::Empty | HirKind::Look(_) => Self::exactly(vec![Vec::new()]),
            HirKind::Literal(literal) => Self::exactly(vec![literal.0.to_vec()]),
            HirKind::Class(class) => members(class).map_or_else(Self::default, Self::exactly),
            HirKind::Repetition(repetition) => Self::repeated(repetition),
            HirKind::Capture(capture) => Self::of(&capture.sub),
            HirKind::Concat(parts) => Self::sequence(parts),
            HirKind::Alternation(parts) => Self::alternation(parts),
        }
    }

    fn exactly(whole: Vec<Vec<u8>>) -> Self {
        Self { whole: Some(whole), best: None }
    }

    /// The rarest set of literals that must occur.
    fn required(self) -> Option<Vec<Vec<u8>>> {
        rarer(self.whole, self.best)
    }

    fn repeated(repetition: &Repetition) -> Self {
        if repetition.min == 0 {
            return Self::default();
        }
        let once = Self::of(&repetition.sub);
        if repetition.min != 1 || repetition.max != Some(1) {
            let best = exact_power(&once, repetition).or_else(|| once.required());
            return Self { whole: None, best };
        }
        once
    }

    fn sequence(parts: &[Hir]) -> Self {
        let (mut run, mut best, mut unbroken) = (vec![Vec::new()], None, true);
        for part in parts {
            let found = Self::of(part);
            let joined = found.whole.as_ref().and_then(|next| product(&run, next));
            if let Some(joined) = joined {
                run = joined;
                continue;
            }
            unbroken = false;
            best = rarer(best, Some(std::mem::replace(&mut run, vec![Vec::new()])));
            best = rarer(best, found.best);
            if let Some(whole) = found.whole {
                run = whole;
            }
        }
        if unbroken {
            return Self::exactly(run);
        }
        Self { whole: None, best: rarer(best, Some(run)) }
    }

    fn alternation(parts: &[Hir]) -> Self {
        let (mut whole, mut any) = (Some(Vec::new()), Some(Vec::new()));
        for part in parts {
            let found = Self::of(part);
            whole = union(whole, found.whole.as_ref());
            any = union(any, found.required().as_ref());
        }
        Self { best: if whole.is_some() { None } else { any }, whole }
    }
}

/// The strings of a part that is repeated a fixed number of times.
fn exact_power(once: &Found, repetition: &Repetition) -> Option<Vec<Vec<u8>>> {
    let whole = once.whole.as_ref()?;
    let mut power = whole.clone();
    for _ in 1..repetition.min {
        match product(&power, whole) {
            Some(next) => power = next,
            None => break,
        }
    }
    Some(power)
}

/// The members of a class, where they are few.
fn members(class: &Class) -> Option<Vec<Vec<u8>>> {
    const FEW: usize = 8;
    let mut found = Vec::new();
    match class {
        Class::Unicode(class) => {
            for range in class.ranges() {
                for c in range.start()..=range.end() {
                    found.push(c.to_string().into_bytes());
                    if found.len() > FEW {
                        return None;
                    }
                }
            }
        }
        Class::Bytes(class) => {
            for range in class.ranges() {
                for byte in range.start()..=range.end() {
                    found.push(vec![byte]);
                    if found.len() > FEW {
                        return None;
                    }
                }
            }
        }
    }
    Some(found)
}

/// Each of `left` followed by each of `right`, where that is few and short enough.
fn product(left: &[Vec<u8>], right: &[Vec<u8>]) -> Option<Vec<Vec<u8>>> {
    let longest = |set: &[Vec<u8>]| set.iter().map(Vec::len).max().unwrap_or(0);
    let fits = longest(right) == 0 || longest(left) == 0 || longest(left) + longest(right) <= LONGEST;
    if left.len() * right.len() > MOST || !fits {
        return None;
    }
    Some(left.iter().flat_map(|l| right.iter().map(move |r| [l.as_slice(), r].concat())).collect())
}

fn union(all: Option<Vec<Vec<u8>>>, more: Option<&Vec<Vec<u8>>>) -> Option<Vec<Vec<u8>>> {
    let (mut all, more) = (all?, more?);
    all.extend(more.iter().cloned());
    (all.len() <= MOST).then_some(all)
}

/// The set that is expected to occur less often.
fn rarer(left: Option<Vec<Vec<u8>>>, right: Option<Vec<Vec<u8>>>) -> Option<Vec<Vec<u8>>> {
    match (left, right) {
        (Some(l), Some(r)) => Some(if rarity(&r) > rarity(&l) { r } else { l }),
        (one, other) => one.or(other),
    }
}

/// How rare a set is, in bits: it is expected about once in two to this power bytes.
fn rarity(set: &[Vec<u8>]) -> u32 {
    let rarest = set.iter().map(|l| l.iter().map(|&b| bits(b)).sum::<u32>().min(40)).min().unwrap_or(0);
    // Several literals are dearer to look for than one, besides being more frequent together.
    rarest.saturating_sub(2 * set.len().max(1).ilog2())
}

/// How rare a byte is in a log, in bits.
fn bits(byte: u8) -> u32 {
    match byte {
        b' ' | b'e' => 4,
        b'0'..=b'9' | b'a'..=b'z' | b'.' | b'=' | b'-' | b':' | b'_' => 5,
        _ => 7,
    }
}
