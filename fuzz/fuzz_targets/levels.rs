//! Any bytes as lines: no level and no field makes it panic, what stands before a block changes nothing but what may reach into
//! it, and the quick look at a line leaves out none of which a condition holds.

#![no_main]

use libfuzzer_sys::fuzz_target;
use logdex::fields::{Condition, get};
use logdex::level::{Levels, REACH, own};
use logdex::line;

const CONDITIONS: [&str; 6] = ["status>=500", "a=b", "a.b!=1", "level=error", "loss<nan", "msg=\"\""];

fuzz_target!(|text: &[u8]| {
    let conditions = CONDITIONS.map(|said| Condition::parse(said).unwrap());
    let mut whole = Vec::new();
    Levels::default().each(text, 0, |line, level| whole.push((line.start, level)));
    for line in line::lines(text) {
        let line = line.of(text);
        own(line);
        for condition in &conditions {
            let slow = get(line, condition.field()).is_some_and(|value| condition.holds_of(&value));
            assert_eq!(condition.holds(line), slow);
        }
    }
    // A block that begins in the middle, told from what may reach into it.
    let Some(&(cut, _)) = whole.get(whole.len() / 2) else { return };
    let near = cut.saturating_sub(REACH);
    let near =
        if near == 0 { 0 } else { whole.iter().find(|(start, _)| *start >= near).map_or(cut, |w| w.0) };
    let mut part = Vec::new();
    Levels::default().each(&text[near..], cut - near, |line, level| part.push((line.start + near, level)));
    assert_eq!(part, whole[whole.len() / 2..]);
});
