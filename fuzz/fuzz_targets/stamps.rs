//! Any bytes as lines: nothing panics, what a finder remembers of the lines before never changes what it finds, and the
//! summary of the text as a block, or as two, says what the fold over its lines says.

#![no_main]

use jiff::tz::TimeZone;
use libfuzzer_sys::fuzz_target;
use logdex::index::fuzzing::summaries_agree;
use logdex::stamp::{Finder, elect, parse_time};

fuzz_target!(|text: &[u8]| {
    let mut finder = Finder::default();
    for line in text.split_inclusive(|byte| *byte == b'\n') {
        assert_eq!(finder.find(line), Finder::default().find(line));
        parse_time(line, &TimeZone::UTC, 1_800_000_000_000_000_000);
    }
    elect(text);
    let lines: Vec<&[u8]> = text.split_inclusive(|byte| *byte == b'\n').collect();
    let (head, tail) = lines.split_at(lines.len() / 2);
    summaries_agree(&[&head.concat(), &tail.concat()]);
    summaries_agree(&[text]);
});
