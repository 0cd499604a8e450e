//! The rooms of the engine stand on floors: each imports from those above it in CONTRIBUTING's table, and from no other.
//!
//! A reader can then follow a query in one direction, and what a room needs can be read off its place in the table. And
//! no two types share a name, so that a word of the engine means one thing wherever it is met.

#![allow(clippy::unwrap_used, reason = "a test ends where something is missing")]

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

const TABLE: &str = include_str!("../CONTRIBUTING.md");

/// Rooms that only tests have.
const FOR_TESTS: [&str; 1] = ["testing"];

/// The rooms in the order of the table: `file` for `src/file/`, `line` for `src/line.rs`.
fn floors() -> Vec<&'static str> {
    let rows = TABLE.lines().filter_map(|row| row.strip_prefix("| `src/")?.split_once('`'));
    rows.map(|(room, _)| room.trim_end_matches('/').trim_end_matches(".rs")).collect()
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("src")
}

/// The first-level rooms there are, each with its files.
fn rooms() -> BTreeMap<String, Vec<PathBuf>> {
    let mut rooms = BTreeMap::new();
    for entry in fs::read_dir(root()).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_stem().unwrap().to_str().unwrap().to_owned();
        if name != "lib" && !FOR_TESTS.contains(&name.as_str()) {
            // A folder that was moved away leaves an empty one behind in a checkout.
            let files = files(&path);
            if !files.is_empty() {
                rooms.insert(name, files);
            }
        }
    }
    rooms
}

fn files(path: &Path) -> Vec<PathBuf> {
    if path.is_file() {
        return vec![path.to_path_buf()];
    }
    fs::read_dir(path).unwrap().flat_map(|entry| files(&entry.unwrap().path())).collect()
}

/// The rooms that `code` names: the word after each `crate::`, and each first word of `crate::{...}`.
fn named(code: &str) -> Vec<String> {
    let mut found = Vec::new();
    for (at, _) in code.match_indices("crate::") {
        let rest = &code[at + "crate::".len()..];
        if let Some(group) = rest.strip_prefix('{') {
            let mut depth = 0;
            let mut words = String::new();
            for c in group.chars() {
                match c {
                    '{' => depth += 1,
                    '}' if depth == 0 => break,
                    '}' => depth -= 1,
                    _ if depth == 0 => words.push(c),
                    _ => {}
                }
            }
            found.extend(words.split(',').map(|path| first_word(path.trim())));
        } else {
            found.push(first_word(rest));
        }
    }
    found
}

fn first_word(path: &str) -> String {
    path.chars().take_while(|c| c.is_ascii_alphanumeric() || *c == '_').collect()
}

/// The code of a file without its comments and its tests, which may use what they like.
fn code(path: &Path) -> String {
    let text = fs::read_to_string(path).unwrap();
    let lines = text.lines().take_while(|line| !line.starts_with("mod tests {"));
    lines.map(|line| line.split("//").next().unwrap_or_default()).collect::<Vec<_>>().join("\n")
}

/// Whether a file is a module of tests, or lies in one: the `mod.rs` above names it behind `#[cfg(test)]`.
fn is_for_tests(path: &Path) -> bool {
    path.ancestors().take_while(|above| *above != root()).any(is_test_module)
}

fn is_test_module(path: &Path) -> bool {
    let Ok(parent) = fs::read_to_string(path.with_file_name("mod.rs")) else { return false };
    let stem = path.file_stem().unwrap().to_str().unwrap();
    let mut lines = parent.lines().zip(parent.lines().skip(1));
    lines.any(|(cfg, module)| {
        cfg.starts_with("#[cfg(") && cfg.contains("test") && module.contains(&format!("mod {stem};"))
    })
}

#[test]
fn every_room_has_its_floor() {
    let mut table = floors();
    table.sort_unstable();
    assert_eq!(table, rooms().keys().collect::<Vec<_>>(), "CONTRIBUTING's table, left, and src/, right");
}

#[test]
fn no_room_imports_one_below_it() {
    let floors = floors();
    let floor = |room: &str| floors.iter().position(|one| *one == room);
    let mut wrong = Vec::new();
    let mut seen = 0;
    for (room, files) in rooms() {
        for path in files.iter().filter(|path| !is_for_tests(path)) {
            for other in named(&code(path)).into_iter().filter(|other| *other != room) {
                let Some(there) = floor(&other) else { continue };
                seen += 1;
                if there > floor(&room).expect("the other test says which room has no floor") {
                    wrong.push(format!("{} imports {other}", path.display()));
                }
            }
        }
    }
    assert!(seen > 100, "only {seen} imports were seen: does this test still read them?");
    assert!(wrong.is_empty(), "rooms that reach for a lower one:\n{}", wrong.join("\n"));
}

/// The types and traits that `code` defines; a trait's own types are none of these.
fn defined(code: &str) -> BTreeSet<String> {
    let words = code.lines().filter(|line| !line.starts_with("    ")).map(|line| {
        let line =
            line.strip_prefix("pub").map_or(line, |rest| rest.trim_start_matches(|c| c != ' ').trim_start());
        ["struct ", "enum ", "trait ", "union ", "type "].iter().find_map(|word| line.strip_prefix(word))
    });
    words.flatten().map(first_word).collect()
}

#[test]
fn no_two_types_share_a_name() {
    let mut places: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for path in rooms().into_values().flatten().filter(|path| !is_for_tests(path)) {
        for name in defined(&code(&path)) {
            places.entry(name).or_default().push(path.display().to_string());
        }
    }
    assert!(places.len() > 200, "only {} types were seen: does this test still read them?", places.len());
    places.retain(|_, places| places.len() > 1);
    assert!(places.is_empty(), "one word for several things: {places:#?}");
}
