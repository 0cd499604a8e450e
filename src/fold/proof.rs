//! Whatever comes in whatever order, each line is in exactly one group, and its twin says in which.

use std::time::{Duration, Instant};

use proptest::prelude::*;

use super::template::take_apart;
use super::*;

/// A group of the twin: the lines as they came, by source.
type Naive = Vec<(usize, String)>;

fn skeleton(line: &str) -> Vec<u8> {
    let (mut skeleton, mut variables) = (Vec::new(), Vec::new());
    take_apart(line.as_bytes(), &mut skeleton, &mut variables);
    skeleton
}

/// All lines into groups, without a moment: each into the oldest group of its skeleton behind its source's last.
fn naive(lines: &[(usize, String)]) -> Vec<Naive> {
    let mut groups: Vec<Naive> = Vec::new();
    for (source, line) in lines {
        let after = groups
            .iter()
            .rposition(|group| group.iter().any(|(one, _)| one == source))
            .map_or(0, |at| at + 1);
        let found = (after..groups.len()).find(|at| skeleton(&groups[*at][0].1) == skeleton(line));
        match found {
            Some(at) => groups[at].push((*source, line.clone())),
            None => groups.push(vec![(*source, line.clone())]),
        }
    }
    groups
}

fn lines() -> impl Strategy<Value = Vec<(usize, String)>> {
    let text = prop_oneof![
        (0..30u32, -9..9i32).prop_map(|(step, loss)| format!("step {step} loss {loss}.5\n")),
        (0..9u32).prop_map(|n| format!("02:10:0{n},5 saved {n}\n")),
        Just("hello\n".to_owned()),
        "[ab1\u{1}\u{2}-]{0,4}\n",
    ];
    prop::collection::vec((0..4usize, text), 0..60)
}

fn folded(folder: &mut Folder<()>, now: Instant, all: bool) -> Vec<(Vec<usize>, String)> {
    let mut out = Vec::new();
    while let Some(group) = folder.pop(4, now, all) {
        let mut text = Vec::new();
        group.write(&mut text);
        out.push((group.members().to_vec(), String::from_utf8_lossy(&text).into_owned()));
    }
    out
}

/// What stands for the lines of a group, told from all of them.
fn said(group: &Naive) -> String {
    let parts = |line: &str| {
        let (mut skeleton, mut variables) = (Vec::new(), Vec::new());
        take_apart(line.as_bytes(), &mut skeleton, &mut variables);
        variables
    };
    let (first, mut out, mut from) = (&group[0].1, String::new(), 0);
    for (n, variable) in parts(first).into_iter().enumerate() {
        let mut texts: Vec<&str> = group.iter().map(|(_, line)| &line[parts(line)[n].at.clone()]).collect();
        texts.sort_by(|a, b| {
            let value = |text: &str| {
                if variable.kind == VariableKind::Stamp { 0.0 } else { text.parse::<f64>().unwrap() }
            };
            value(a).total_cmp(&value(b)).then_with(|| a.cmp(b))
        });
        let (least, most) = (texts[0], texts[texts.len() - 1]);
        out += &first[from..variable.at.start];
        out += least;
        if least != most && variable.kind != VariableKind::Stamp {
            out.push_str(" to ");
            out.push_str(most);
        }
        from = variable.at.end;
    }
    out + &first[from..]
}

proptest! {
    #[test]
    fn every_line_is_in_the_group_that_the_twin_says(lines in lines()) {
        let (mut folder, now) = (Folder::default(), Instant::now());
        for (source, line) in &lines {
            folder.push(*source, line.as_bytes(), (), now);
        }
        let expected: Vec<_> = naive(&lines)
            .iter()
            .map(|group| (group.iter().map(|(source, _)| *source).collect::<Vec<_>>(), said(group)))
            .collect();
        prop_assert_eq!(folded(&mut folder, now, true), expected);
        prop_assert!(folder.is_empty());
    }

    #[test]
    fn however_groups_go_out_no_line_is_lost_and_none_waits_long(
        lines in lines(),
        gaps in prop::collection::vec(0..150u64, 60),
    ) {
        let (mut folder, start) = (Folder::default(), Instant::now());
        let (mut now, mut out) = (start, Vec::new());
        for ((source, line), gap) in lines.iter().zip(gaps) {
            now += Duration::from_millis(gap);
            folder.push(*source, line.as_bytes(), (), now);
            out.extend(folded(&mut folder, now, false));
            let waits = folder.groups.iter().map(|group| now - group.opened).max().unwrap_or_default();
            prop_assert!(waits < MOMENT);
        }
        out.extend(folded(&mut folder, now, true));
        // What each source said, in its order: of a folded line the text around the numbers.
        for source in 0..4 {
            let of_source = |members: &[usize]| members.iter().filter(|one| **one == source).count();
            prop_assert!(out.iter().all(|(members, _)| of_source(members) <= 1));
            let shown: Vec<_> = out.iter().filter(|(members, _)| of_source(members) == 1).collect();
            let spoken: Vec<_> = lines.iter().filter(|(one, _)| *one == source).collect();
            prop_assert_eq!(shown.len(), spoken.len());
            for ((members, text), (_, line)) in shown.into_iter().zip(spoken) {
                if members.len() == 1 {
                    prop_assert_eq!(text, line);
                } else {
                    let words = |text: &str| text.split(|c: char| c == '-' || c.is_ascii_digit()).next().map(str::to_owned);
                    prop_assert_eq!(words(text), words(line));
                }
            }
        }
    }
}
