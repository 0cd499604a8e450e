//! The search of blocks against its naive twin: each line alone, by another engine.

use logdex::line;
use logdex::pattern::{Candidate, Pattern, Translation};
use proptest::prelude::*;
use regex_automata::meta::Regex;
use regex_automata::{Input, util::syntax};

/// Parts of programs: literals, letters of either case, classes, places; none matches `\n`.
fn part() -> impl Strategy<Value = String> {
    let atom = prop::sample::select(vec![
        "a",
        "ab",
        "abc",
        "ERROR",
        "loss",
        "[Aa]",
        "[Ee][Rr][Rr]",
        "[Aa][Bb]c",
        "[0-9]",
        "[^\\n]",
        "[a-c]",
        "(?m:^)",
        "(?m:$)",
        r"(?-u:\b)",
        "é",
        "[é-ü]",
        "step",
        " ",
    ])
    .prop_map(str::to_owned);
    atom.prop_recursive(3, 12, 4, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 1..5).prop_map(|parts| parts.concat()),
            prop::collection::vec(inner.clone(), 2..4).prop_map(|parts| format!("(?:{})", parts.join("|"))),
            (inner.clone(), prop::sample::select(vec!["*", "+", "?", "{2}", "{1,3}"]))
                .prop_map(|(part, times)| format!("(?:{part}){times}")),
        ]
    })
}

fn block() -> impl Strategy<Value = Vec<u8>> {
    let piece = prop::sample::select(
        [
            &b"a"[..],
            b"b",
            b"ab",
            b"abc",
            b"ERROR",
            b"err",
            b"loss",
            b"step",
            b"7",
            b" ",
            b"\n",
            b"\n",
            "é".as_bytes(),
            b"\xff",
            b"\xc3",
        ]
        .to_vec(),
    );
    // Now and then long enough for the needles to be chosen by what the block holds.
    let times = prop_oneof![4 => Just(1_usize), 1 => Just(400)];
    (prop::collection::vec(piece, 0..60), times).prop_map(|(pieces, times)| pieces.concat().repeat(times))
}

fn plain(program: &str) -> Regex {
    let config = Regex::config().utf8_empty(false);
    Regex::builder()
        .configure(config)
        .syntax(syntax::Config::new().utf8(false))
        .build(program)
        .expect("a program")
}

/// Whether each line matches by itself.
fn naive(program: &str, bytes: &[u8]) -> Vec<line::Line> {
    let regex = plain(program);
    let selects = |line: &line::Line| {
        let text = String::from_utf8_lossy(line.of(bytes)).into_owned();
        let body = text.trim_end_matches('\n').len();
        regex.is_match(Input::new(&text).range(..body))
    };
    line::lines(bytes).filter(selects).collect()
}

fn translation(program: &str, exact: bool) -> Translation {
    Translation { ended: Some(program.to_owned()), bare: Some(program.to_owned()), every: false, exact }
}

fn scanned(pattern: &Pattern, bytes: &[u8]) -> Vec<Candidate> {
    let mut found = Vec::new();
    pattern.scan(bytes, &mut pattern.scratch(), &mut found);
    found
}

fn counted(pattern: &Pattern, bytes: &[u8]) -> (u64, Vec<Candidate>) {
    let mut unsure = Vec::new();
    let certain = pattern.count(bytes, &mut pattern.scratch(), &mut unsure);
    (certain, unsure)
}

/// A look beforehand may not say that there is nothing where a scan finds something,
/// and says of lines of ASCII no more than that.
fn assert_may_select(pattern: &Pattern, bytes: &[u8]) {
    let found = scanned(pattern, bytes);
    let may = pattern.may_select(bytes, &mut pattern.scratch());
    assert!(may || found.is_empty());
    assert!(!may || !found.is_empty() || !bytes.is_ascii() || !bytes.ends_with(b"\n"));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn a_look_beforehand_misses_nothing(ascii in part(), more in part(), bytes in block(), ended: bool) {
        let bytes = [bytes, if ended { b"\n".to_vec() } else { Vec::new() }].concat();
        let text = format!("(?:{ascii}|{more})");
        let same = Pattern::new(&translation(&ascii, true), &translation(&ascii, true));
        assert_may_select(&same, &bytes);
        assert_may_select(&Pattern::new(&translation(&ascii, true), &translation(&text, false)), &bytes);
        let other = same.inverted();
        assert!(other.may_select(&bytes, &mut other.scratch()) || scanned(&other, &bytes).is_empty());
    }

    #[test]
    fn a_scan_selects_what_a_loop_over_lines_selects(program in part(), bytes in block()) {
        let pattern = Pattern::new(&translation(&program, true), &translation(&program, true));
        let found = scanned(&pattern, &bytes);
        prop_assert!(found.iter().all(|candidate| candidate.certain));
        let lines: Vec<_> = found.iter().map(|candidate| candidate.line).collect();
        prop_assert_eq!(&lines, &naive(&program, &bytes));
        prop_assert_eq!(counted(&pattern, &bytes), (lines.len() as u64, Vec::new()));
    }

    #[test]
    fn the_inverted_pattern_selects_the_other_lines(program in part(), bytes in block()) {
        let pattern = Pattern::new(&translation(&program, true), &translation(&program, true)).inverted();
        let unwanted = naive(&program, &bytes);
        let others: Vec<_> = line::lines(&bytes).filter(|line| !unwanted.contains(line)).collect();
        prop_assert_eq!(counted(&pattern, &bytes), (others.len() as u64, Vec::new()));
        prop_assert_eq!(scanned(&pattern, &bytes).iter().map(|c| c.line).collect::<Vec<_>>(), others);
    }

    /// Two programs, as a pattern has them whose meaning depends on the encoding: each decides about its own lines.
    #[test]
    fn each_program_decides_about_its_lines(ascii in part(), more in part(), bytes in block()) {
        let text = format!("(?:{ascii}|{more})");
        let pattern = Pattern::new(&translation(&ascii, true), &translation(&text, false));
        let mut expected: Vec<Candidate> = Vec::new();
        let in_ascii = naive(&ascii, &bytes);
        let in_text = naive(&text, &bytes);
        for line in line::lines(&bytes) {
            let is_ascii = line.of(&bytes).is_ascii();
            if if is_ascii { &in_ascii } else { &in_text }.contains(&line) {
                // What the program for ASCII finds in another line is there, unless it asks for a word's edge.
                let certain = in_ascii.contains(&line) && (is_ascii || !ascii.contains(r"\b"));
                expected.push(Candidate { line, certain });
            }
        }
        let (certain, unsure): (Vec<Candidate>, Vec<Candidate>) = expected.iter().partition(|c| c.certain);
        prop_assert_eq!(scanned(&pattern, &bytes), expected);
        prop_assert_eq!(counted(&pattern, &bytes), (certain.len() as u64, unsure));
    }
}

#[test]
fn a_pattern_of_which_nothing_is_known_leaves_every_line_to_the_judge() {
    let bytes = b"one\n\xff\nthree";
    let found = scanned(&Pattern::opaque(), bytes);
    assert_eq!(found.len(), 3);
    assert!(found.iter().all(|candidate| !candidate.certain));
    assert_eq!(counted(&Pattern::opaque(), bytes), (0, found));
}

#[test]
fn a_program_that_explodes_gives_up_and_leaves_lines_to_the_judge() {
    let program = "a[ab]{4000}c[ab]{4000}d";
    let pattern = Pattern::new(&translation(program, true), &translation(program, true));
    let line = [b"ab".repeat(30_000), b"\n".to_vec()].concat();
    let found = scanned(&pattern, &line.repeat(20));
    assert!(found.iter().all(|candidate| !candidate.certain));
}

#[test]
fn a_program_too_large_to_build_leaves_lines_to_the_judge() {
    let program = "(?:(?:[a-z]{1000}){1000}){1000}";
    let pattern = Pattern::new(&translation(program, true), &translation(program, true));
    assert_eq!(scanned(&pattern, b"x\n").iter().map(|c| c.certain).collect::<Vec<_>>(), [false]);
}
