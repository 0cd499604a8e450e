//! Literals that must occur: what every match of a program holds.

use regex_syntax::hir::{Class, Hir, HirKind, Repetition};

use super::folded::Letter;

/// The most literals worth looking for at once.
const MOST: usize = 48;
/// The longest literal that is made by joining others, in bytes.
const LONGEST: usize = 64;
/// The most members of a class that is taken as so many literals.
const FEW: usize = 8;
/// How many choices are handed on, the rarest.
const CHOICES: usize = 6;
/// How rare, in bits, a choice has to be at least.
const RARE_ENOUGH: u32 = 7;
/// U+FFFD stands in decoded text where the file has other bytes, so it is never looked for.
pub(super) const REPLACEMENT: &[u8] = "\u{FFFD}".as_bytes();

/// What every match holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Required {
    pub(crate) what: What,
    /// The most bytes that a match has before it; `None`: any number.
    pub(crate) before: Option<usize>,
    /// It is all that the program matches: where it stands there is a match.
    pub(crate) whole: bool,
}

/// One of some literals, or one literal in which letters may be of either case.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum What {
    Literals(Vec<Vec<u8>>),
    Folded(Vec<Letter>),
}

/// What a match of `hir` must hold: each of the choices, the rarest first. `exact`: where `hir` matches, the line does.
pub(crate) fn required(hir: &Hir, exact: bool) -> Vec<Required> {
    let exact = exact && hir.properties().look_set().is_empty();
    let found = LiteralsOf::of(hir);
    let mut choices = found.choices;
    if let Some(whole) = found.whole {
        choices.push(Required { what: What::Literals(whole), before: Some(0), whole: exact });
    }
    choices.retain(|choice| choice.what.is_usable() && choice.what.rarity() >= RARE_ENOUGH);
    choices.sort_by_cached_key(|choice| std::cmp::Reverse(choice.what.rarity()));
    choices.dedup();
    choices.truncate(CHOICES);
    choices
}

impl What {
    fn is_usable(&self) -> bool {
        let broken =
            |literal: &[u8]| literal.is_empty() || memchr::memmem::find(literal, REPLACEMENT).is_some();
        match self {
            Self::Literals(literals) => !literals.is_empty() && !literals.iter().any(|l| broken(l)),
            Self::Folded(letters) => {
                letters.len() > 2 && !broken(&letters.iter().map(|l| l.value).collect::<Vec<u8>>())
            }
        }
    }

    /// How rare it is expected to be, in bits: about once in two to this power bytes.
    fn rarity(&self) -> u32 {
        match self {
            Self::Literals(literals) => {
                let rarest = literals.iter().map(|l| l.iter().map(|&b| bits(b)).sum::<u32>().min(40)).min();
                // Several literals are dearer to look for than one, besides being more frequent together.
                rarest.unwrap_or(0).saturating_sub(2 * literals.len().max(1).ilog2())
            }
            Self::Folded(letters) => {
                letters.iter().map(|l| bits(l.value)).sum::<u32>().min(40).saturating_sub(2)
            }
        }
    }
}

/// How rare a byte is in a log, in bits.
fn bits(byte: u8) -> u32 {
    match byte {
        b' ' | b'e' => 4,
        b'0'..=b'9' | b'a'..=b'z' | b'.' | b'=' | b'-' | b':' | b'_' => 5,
        _ => 7,
    }
}

/// What is known of a part of a program.
#[derive(Default)]
struct LiteralsOf {
    /// All strings that it matches, where they are few; a look-around counts as the empty string.
    whole: Option<Vec<Vec<u8>>>,
    /// What each match holds besides.
    choices: Vec<Required>,
}

impl LiteralsOf {
    fn of(hir: &Hir) -> Self {
        match hir.kind() {
            HirKind::Empty | HirKind::Look(_) => Self::exactly(vec![Vec::new()]),
            HirKind::Literal(literal) => Self::exactly(vec![literal.0.to_vec()]),
            HirKind::Class(class) => members(class).map_or_else(Self::default, Self::exactly),
            HirKind::Repetition(repetition) => Self::repeated(repetition),
            HirKind::Capture(capture) => Self::of(&capture.sub),
            HirKind::Concat(parts) => Sequence::of(parts),
            HirKind::Alternation(parts) => Self::alternation(parts),
        }
    }

    fn exactly(whole: Vec<Vec<u8>>) -> Self {
        Self { whole: Some(whole), choices: Vec::new() }
    }

    fn repeated(repetition: &Repetition) -> Self {
        if repetition.min == 0 {
            return Self::default();
        }
        let once = Self::of(&repetition.sub);
        let Some(whole) = once.whole else { return Self { whole: None, choices: once.choices } };
        let mut power = whole.clone();
        for _ in 1..repetition.min {
            let Some(next) = product(&power, &whole) else {
                return Self { whole: None, choices: vec![literals(power, Some(0))] };
            };
            power = next;
        }
        if repetition.max == Some(repetition.min) {
            return Self::exactly(power);
        }
        Self { whole: None, choices: vec![literals(power, Some(0))] }
    }

    /// The one choice, of literals, that is expected to be rarest.
    fn best(self) -> Option<Required> {
        let whole = self.whole.map(|whole| literals(whole, Some(0)));
        let plain = |choice: &Required| matches!(choice.what, What::Literals(_)) && choice.what.is_usable();
        self.choices.into_iter().chain(whole).filter(plain).max_by_key(|choice| choice.what.rarity())
    }

    fn alternation(parts: &[Hir]) -> Self {
        let found: Vec<Self> = parts.iter().map(Self::of).collect();
        let all = found.iter().map(|f| f.whole.as_ref()).collect::<Option<Vec<_>>>();
        if let Some(all) = all
            && all.iter().map(|set| set.len()).sum::<usize>() <= MOST
        {
            return Self::exactly(all.into_iter().flatten().cloned().collect());
        }
        let any = found.into_iter().map(Self::best).collect::<Option<Vec<_>>>();
        Self { whole: None, choices: any.and_then(union).into_iter().collect() }
    }
}

/// Parts one after the other, and what has been made of them so far.
struct Sequence {
    /// The strings that the run of parts up to here can match.
    run: Vec<Vec<u8>>,
    /// The most bytes before the run.
    run_before: Option<usize>,
    /// The run of single bytes and letters of either case up to here.
    folded: Vec<Letter>,
    folded_before: Option<usize>,
    /// The most bytes up to here.
    length: Option<usize>,
    unbroken: bool,
    choices: Vec<Required>,
}

impl Sequence {
    fn of(parts: &[Hir]) -> LiteralsOf {
        let mut sequence = Self {
            run: vec![Vec::new()],
            run_before: Some(0),
            folded: Vec::new(),
            folded_before: Some(0),
            length: Some(0),
            unbroken: true,
            choices: Vec::new(),
        };
        for part in parts {
            sequence.fold(part);
            sequence.append(part);
            sequence.length = add(sequence.length, part.properties().maximum_len());
        }
        sequence.end_folded();
        if sequence.unbroken {
            return LiteralsOf { whole: Some(sequence.run), choices: sequence.choices };
        }
        sequence.end_run();
        LiteralsOf { whole: None, choices: sequence.choices }
    }

    fn append(&mut self, part: &Hir) {
        let found = LiteralsOf::of(part);
        if let Some(joined) = found.whole.as_ref().and_then(|next| product(&self.run, next)) {
            self.run = joined;
            return;
        }
        self.unbroken = false;
        self.end_run();
        for choice in found.choices {
            self.choices.push(Required { before: add(self.length, choice.before), whole: false, ..choice });
        }
        if let Some(whole) = found.whole {
            self.run = whole;
            self.run_before = self.length;
        } else {
            self.run_before = add(self.length, part.properties().maximum_len());
        }
    }

    fn end_run(&mut self) {
        let run = std::mem::replace(&mut self.run, vec![Vec::new()]);
        self.choices.push(literals(run, self.run_before));
    }

    fn fold(&mut self, part: &Hir) {
        if let Some(letters) = Letter::all_of(part) {
            self.folded.extend(letters);
            return;
        }
        self.end_folded();
        self.folded_before = add(self.length, part.properties().maximum_len());
    }

    fn end_folded(&mut self) {
        let letters = std::mem::take(&mut self.folded);
        if letters.iter().any(|letter| letter.is_either_case()) {
            let what = What::Folded(letters);
            self.choices.push(Required { what, before: self.folded_before, whole: false });
        }
    }
}

fn literals(literals: Vec<Vec<u8>>, before: Option<usize>) -> Required {
    Required { what: What::Literals(literals), before, whole: false }
}

fn add(left: Option<usize>, right: Option<usize>) -> Option<usize> {
    left?.checked_add(right?)
}

/// The members of a class, where they are few.
fn members(class: &Class) -> Option<Vec<Vec<u8>>> {
    match class {
        Class::Unicode(class) => {
            let all = class.ranges().iter().flat_map(|range| range.start()..=range.end());
            at_most_few(all.map(|c| c.to_string().into_bytes()))
        }
        Class::Bytes(class) => {
            let all = class.ranges().iter().flat_map(|range| range.start()..=range.end());
            at_most_few(all.map(|byte| vec![byte]))
        }
    }
}

fn at_most_few(members: impl Iterator<Item = Vec<u8>>) -> Option<Vec<Vec<u8>>> {
    let some: Vec<_> = members.take(FEW + 1).collect();
    (some.len() <= FEW).then_some(some)
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

/// Any of the choices of several alternatives.
fn union(parts: Vec<Required>) -> Option<Required> {
    let (mut all, mut before) = (Vec::new(), Some(0));
    for part in parts {
        let What::Literals(some) = part.what else { return None };
        all.extend(some);
        before = before.zip(part.before).map(|(a, b): (usize, usize)| a.max(b));
    }
    (all.len() <= MOST).then(|| literals(all, before))
}
