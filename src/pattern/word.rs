//! Words: short strings of which each line that a program selects holds one, so that many programs are searched for at once.
//!
//! [`super::need`] says the same for an index of text, which tells neither case nor digits apart. Here each place of a word
//! is a set of bytes, so that `\W` and `[Cc]` are as good as a letter, and a word that stands nowhere costs no program a run.

use regex_syntax::hir::{Class, Hir, HirKind, Repetition};

/// The most words that one place is expanded to.
const MOST: usize = 64;
/// The longest word, in places.
const LONGEST: usize = 128;
/// How often a repetition is written out.
const TIMES: u32 = 4;
/// Of a class with more members that are not ASCII, nothing is known.
const FOREIGN: u32 = 4;
/// So many other words are a few.
const FEW: usize = 4;
/// U+FFFD stands in decoded text where the file has other bytes, so it is never looked for.
const REPLACEMENT: char = '\u{FFFD}';

/// A set of bytes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Bytes([u128; 2]);

/// What stands at each of some bytes in a row.
pub type Word = Vec<Bytes>;

/// Which lines are meant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Charset {
    /// Those of nothing but ASCII.
    Ascii,
    /// Any.
    Any,
}

impl FromIterator<u8> for Bytes {
    fn from_iter<I: IntoIterator<Item = u8>>(bytes: I) -> Self {
        let mut all = Self::default();
        bytes.into_iter().for_each(|byte| all.add(byte));
        all
    }
}

impl Bytes {
    fn add(&mut self, byte: u8) {
        self.0[usize::from(byte >> 7)] |= 1 << (byte & 127);
    }

    /// Whether `byte` is in it.
    #[inline]
    pub fn has(self, byte: u8) -> bool {
        self.0[usize::from(byte >> 7)] >> (byte & 127) & 1 == 1
    }

    /// Whether any digit is in it.
    pub fn has_digit(self) -> bool {
        (b'0'..=b'9').any(|digit| self.has(digit))
    }

    /// Those that are in it.
    pub fn each(self) -> impl Iterator<Item = u8> {
        let [low, high] = self.0.map(|mut half| {
            std::iter::from_fn(move || {
                let byte = u8::try_from(half.trailing_zeros()).ok().filter(|&byte| byte < 128)?;
                half &= half - 1;
                Some(byte)
            })
        });
        low.chain(high.map(|byte| byte | 128))
    }

    /// How much is known of a line that has one of these at a place, in bits.
    pub fn tells(self) -> f64 {
        -self.each().map(share).sum::<f64>().clamp(f64::MIN_POSITIVE, 1.0).log2()
    }
}

/// About what share of the bytes of logs `byte` is.
fn share(byte: u8) -> f64 {
    match byte {
        b' ' => 0.12,
        b'0'..=b'9' => 0.2 / 10.0,
        b'a'..=b'z' => 0.5 / 26.0,
        b'A'..=b'Z' => 0.05 / 26.0,
        b'!'..=b'~' => 0.1 / 32.0,
        _ => 0.03 / 162.0,
    }
}

/// How much a word tells, in bits.
fn tells(word: &[Bytes]) -> f64 {
    word.iter().map(|bytes| bytes.tells()).sum()
}

/// Words of which each match of a program in lines of a kind holds one; `None` where none are known.
pub(super) fn of(hir: &Hir, kind: Charset) -> Option<Vec<Word>> {
    WordsOf::of(hir, kind).best()
}

/// Others, at most a few, of which each such match holds one too; `None` where none are known.
pub(super) fn also(hir: &Hir, kind: Charset) -> Option<Vec<Word>> {
    let ranked = WordsOf::of(hir, kind).ranked();
    let (best, others) = ranked.split_first()?;
    others.iter().find(|words| words.len() <= FEW && *words != best).cloned()
}

/// What is known of a part of a program.
struct WordsOf {
    /// All that it can match, where that is few words.
    whole: Option<Vec<Word>>,
    /// Where it is not: what it begins with, and what it ends with.
    ends: (Vec<Word>, Vec<Word>),
    /// What it holds besides: of each of these sets, one.
    within: Vec<Vec<Word>>,
}

impl WordsOf {
    fn of(hir: &Hir, kind: Charset) -> Self {
        match hir.kind() {
            HirKind::Empty | HirKind::Look(_) => Self::exactly(vec![Vec::new()]),
            HirKind::Literal(literal) => text(&literal.0, kind).map_or_else(Self::unknown, Self::exactly),
            HirKind::Class(class) => members(class, kind).map_or_else(Self::unknown, Self::exactly),
            HirKind::Repetition(repetition) => Self::repeated(repetition, kind),
            HirKind::Capture(capture) => Self::of(&capture.sub, kind),
            HirKind::Concat(parts) => Self::sequence(parts, kind),
            HirKind::Alternation(parts) => Self::alternation(parts, kind),
        }
    }

    fn unknown() -> Self {
        Self { whole: None, ends: (nothing(), nothing()), within: Vec::new() }
    }

    fn exactly(whole: Vec<Word>) -> Self {
        Self { whole: Some(whole), ..Self::unknown() }
    }

    fn repeated(repetition: &Repetition, kind: Charset) -> Self {
        let once = Self::of(&repetition.sub, kind);
        let (min, max) = (repetition.min, repetition.max);
        let Some(whole) = once.whole else {
            return if min == 0 { Self::unknown() } else { Self { whole: None, ..once } };
        };
        let power = |times: u32| (0..times).try_fold(nothing(), |power, _| product(&power, &whole));
        if let Some(max) = max.filter(|&max| max <= TIMES.max(min))
            && let Some(all) = (min..=max).map(power).collect::<Option<Vec<_>>>()
            && all.iter().map(Vec::len).sum::<usize>() <= MOST
        {
            return Self::exactly(all.into_iter().flatten().collect());
        }
        let least = (0..=min.min(TIMES)).rev().find_map(power).unwrap_or_else(nothing);
        Self { whole: None, ends: (least.clone(), least), within: Vec::new() }
    }

    fn sequence(parts: &[Hir], kind: Charset) -> Self {
        let (mut run, mut head, mut within) = (nothing(), None, Vec::new());
        // The first run is what all begins with; those after it are inside.
        let mut end = |run: Vec<Word>, within: &mut Vec<Vec<Word>>| match &head {
            None => head = Some(run),
            Some(_) => within.push(run),
        };
        for part in parts {
            let found = Self::of(part, kind);
            let is_whole = found.whole.is_some();
            let begins = found.whole.unwrap_or(found.ends.0);
            let joined = product(&run, &begins);
            if is_whole {
                match joined {
                    Some(joined) => run = joined,
                    None => end(std::mem::replace(&mut run, begins), &mut within),
                }
                continue;
            }
            let before = std::mem::replace(&mut run, found.ends.1);
            if let Some(joined) = joined {
                end(joined, &mut within);
            } else {
                end(before, &mut within);
                within.push(begins);
            }
            within.extend(found.within);
        }
        match head {
            None => Self::exactly(run),
            Some(head) => Self { whole: None, ends: (head, run), within },
        }
    }

    fn alternation(parts: &[Hir], kind: Charset) -> Self {
        let found: Vec<Self> = parts.iter().map(|part| Self::of(part, kind)).collect();
        let few = |of: &dyn Fn(&Self) -> Option<Vec<Word>>| {
            let all = found.iter().map(of).collect::<Option<Vec<_>>>()?;
            (all.iter().map(Vec::len).sum::<usize>() <= MOST).then(|| all.concat())
        };
        if let Some(whole) = few(&|found| found.whole.clone()) {
            return Self::exactly(whole);
        }
        let begins = few(&|found| Some(found.whole.as_ref().unwrap_or(&found.ends.0).clone()));
        let ends = few(&|found| Some(found.whole.as_ref().unwrap_or(&found.ends.1).clone()));
        let any = found.into_iter().map(Self::best).collect::<Option<Vec<_>>>();
        let within = any.map(|any| any.concat()).into_iter().collect();
        Self { whole: None, ends: (begins.unwrap_or_else(nothing), ends.unwrap_or_else(nothing)), within }
    }

    /// Of the sets of words the one whose commonest word is rarest.
    fn best(self) -> Option<Vec<Word>> {
        self.ranked().into_iter().next()
    }

    /// The sets of words, those first whose commonest word is rarer.
    fn ranked(self) -> Vec<Vec<Word>> {
        let least = |words: &Vec<Word>| words.iter().map(|word| tells(word)).fold(f64::INFINITY, f64::min);
        let ends = [self.ends.0, self.ends.1];
        let sets = self.whole.into_iter().chain(ends).chain(self.within);
        let mut ranked: Vec<_> = sets.filter(|words| least(words) > 0.0).collect();
        // Of those that tell as much the last.
        ranked.reverse();
        ranked.sort_by(|one, other| least(other).total_cmp(&least(one)));
        ranked
    }
}

/// The word without a place.
fn nothing() -> Vec<Word> {
    vec![Vec::new()]
}

/// A literal: no word where no line of the kind has it, `None` where it is not known what stands there.
fn text(literal: &[u8], kind: Charset) -> Option<Vec<Word>> {
    let mut broken = [0; 4];
    if memchr::memmem::find(literal, REPLACEMENT.encode_utf8(&mut broken).as_bytes()).is_some() {
        return None;
    }
    match kind {
        Charset::Ascii if !literal.is_ascii() => Some(Vec::new()),
        _ => (literal.len() <= LONGEST)
            .then(|| vec![literal.iter().map(|&byte| Bytes::from_iter([byte])).collect()]),
    }
}

/// A class: its members of ASCII as one place, each other as its bytes; `None` where these are many, or unknown.
fn members(class: &Class, kind: Charset) -> Option<Vec<Word>> {
    let (mut ascii, mut foreign) = (Bytes::default(), Vec::new());
    let ranges: Vec<(u32, u32)> = match class {
        Class::Unicode(class) => class.iter().map(|r| (u32::from(r.start()), u32::from(r.end()))).collect(),
        Class::Bytes(class) => class.iter().map(|r| (u32::from(r.start()), u32::from(r.end()))).collect(),
    };
    for &(low, high) in &ranges {
        (low..=high.min(127)).filter_map(|code| u8::try_from(code).ok()).for_each(|byte| ascii.add(byte));
        if kind == Charset::Any && high > 127 {
            let low = low.max(128);
            if high - low >= FOREIGN || matches!(class, Class::Bytes(_)) {
                return None;
            }
            foreign.extend((low..=high).filter_map(char::from_u32));
        }
    }
    if foreign.len() > FOREIGN as usize || foreign.contains(&REPLACEMENT) {
        return None;
    }
    let is_some = ascii != Bytes::default();
    let mut words: Vec<Word> = is_some.then(|| vec![ascii]).into_iter().collect();
    words.extend(
        foreign.iter().map(|char| char.to_string().bytes().map(|byte| Bytes::from_iter([byte])).collect()),
    );
    Some(words)
}

/// Each of `left` followed by each of `right`, where that is few and short enough.
fn product(left: &[Word], right: &[Word]) -> Option<Vec<Word>> {
    let longest = |set: &[Word]| set.iter().map(Vec::len).max().unwrap_or(0);
    if left.len() * right.len() > MOST || longest(left) + longest(right) > LONGEST {
        return None;
    }
    Some(left.iter().flat_map(|l| right.iter().map(move |r| [l.as_slice(), r].concat())).collect())
}

#[cfg(test)]
mod tests {
    use super::super::automaton::parse;
    use super::*;
    use proptest::prelude::*;

    fn shown(words: Option<Vec<Word>>) -> String {
        let place = |bytes: &Bytes| match bytes.each().count() {
            1 => bytes.each().map(char::from).collect(),
            2 if bytes.has(b'a') || bytes.has(b'A') => "[Aa]".to_owned(),
            _ => "?".to_owned(),
        };
        let word = |word: &Word| word.iter().map(place).collect::<String>();
        words.map_or("-".to_owned(), |words| words.iter().map(word).collect::<Vec<_>>().join("|"))
    }

    /// Parts of a pattern, and of a line that has it.
    const PARTS: [(&str, &[&str]); 9] = [
        ("error", &["error"]),
        ("(?i:fail)", &["fail", "FaIl"]),
        ("[ :=]{1,2}", &[" ", ": ", "=="]),
        ("[0-9]+", &["7", "1234"]),
        (".*", &["", " x é "]),
        ("(?:a|bc.*d)", &["a", "bc d", "bcd"]),
        ("(?:on|of)?", &["", "on", "of"]),
        ("é", &["é"]),
        ("[äöü]", &["ä", "ü"]),
    ];

    fn holds(line: &[u8], word: &[Bytes]) -> bool {
        let stands = |there: &[u8]| word.iter().zip(there).all(|(place, &byte)| place.has(byte));
        word.is_empty() || line.windows(word.len()).any(stands)
    }

    proptest! {
        #[test]
        fn each_match_holds_a_word(
            picked in proptest::collection::vec((0..PARTS.len(), any::<prop::sample::Index>()), 1..7),
            around in "[a-z =é]{0,6}",
        ) {
            let pattern: String = picked.iter().map(|&(part, _)| PARTS[part].0).collect();
            let said = |&(part, form): &(usize, prop::sample::Index)| PARTS[part].1[form.index(PARTS[part].1.len())];
            let line = around.clone() + &picked.iter().map(said).collect::<String>() + &around;
            let hir = parse(&pattern).unwrap();
            for kind in [Charset::Ascii, Charset::Any] {
                if kind == Charset::Any || line.is_ascii() {
                    for words in [of(&hir, kind), also(&hir, kind)] {
                        let is_held = words.is_none_or(|words| words.iter().any(|word| holds(line.as_bytes(), word)));
                        prop_assert!(is_held, "{pattern} {line} {kind:?}");
                    }
                }
            }
        }
    }

    #[test]
    fn what_stands_in_a_match() {
        for (pattern, ascii) in [
            ("CUDA error", "CUDA error"),
            ("loss[^a-z]{1,2}(?:nan|inf)", "loss?nan|loss?inf|loss??nan|loss??inf"),
            ("NCCL (?:error|comm .*abort)", "NCCL error|NCCL comm "),
            ("(?i:a)bc", "[Aa]bc"),
            ("x.*seldom", "seldom"),
            ("(?:fail)+ed", "failed"),
            ("a?", "-"),
            ("(?:a.*|bc)?", "-"),
            ("é", ""),
            ("time +: 20[0-9][0-9]", " : 20??"),
        ] {
            assert_eq!(shown(of(&parse(pattern).unwrap(), Charset::Ascii)), ascii, "{pattern}");
        }
        assert_eq!(shown(also(&parse("[0-9]: \\[.*(?:grad|sum)").unwrap(), Charset::Ascii)), "grad|sum");
        assert_eq!(shown(of(&parse("(?i:loss) x").unwrap(), Charset::Any)).matches('|').count(), 3);
        assert_eq!(shown(of(&parse("a\u{FFFD}").unwrap(), Charset::Any)), "-");
    }
}
