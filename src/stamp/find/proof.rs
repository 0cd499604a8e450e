//! What holds of any line.

use proptest::prelude::*;

use super::Finder;
use crate::line::Line;
use crate::stamp::head::prefix;
use crate::stamp::{Marks, Prefix};

/// Pieces of which lines with stamps are made.
fn piece() -> impl Strategy<Value = &'static [u8]> {
    prop_oneof![
        Just(b"[rank0]:".as_slice()),
        Just(b"[1,3]<stdout>:".as_slice()),
        Just(b"(Worker pid=10) ".as_slice()),
        Just(b"12: ".as_slice()),
        Just(b"node-3: ".as_slice()),
        Just(b"2026-11-22 06:47:12,123".as_slice()),
        Just(b"I1122 06:47:12.123456".as_slice()),
        Just(b"W403 11:42:02.380967152".as_slice()),
        Just(b"\r".as_slice()),
        Just(b"{\"ts\":".as_slice()),
        Just(b"\"2026-11-22T06:47:12Z\"}".as_slice()),
        Just(b"ts=".as_slice()),
        Just(b"1795330032".as_slice()),
        Just(b" it/s]".as_slice()),
        Just(b"CANCELLED AT ".as_slice()),
        Just(b"\x1b[32m".as_slice()),
        Just(b"\x1b".as_slice()),
        Just(b"[".as_slice()),
        Just(b"(".as_slice()),
        Just(b"<34>".as_slice()),
        Just(b"INFO ".as_slice()),
        Just(b" - - [".as_slice()),
        Just(b"\xff".as_slice()),
        Just(b"\0".as_slice()),
        Just(b"\"".as_slice()),
        Just(b"\\".as_slice()),
        Just(b"NeMo W ".as_slice()),
        Just(b"x".as_slice()),
        Just(b"\xef\xbb\xbf".as_slice()),
    ]
}

proptest! {
    #[test]
    fn nothing_on_a_line_makes_it_panic(pieces in proptest::collection::vec(piece(), 0..12), cut in 0_usize..80) {
        let line = pieces.concat();
        let line = &line[..cut.min(line.len())];
        let mut finder = Finder::default();
        let first = finder.find(line);
        prop_assert_eq!(finder.find(line), first);
        prop_assert_eq!(crate::stamp::find(line), first);
    }

    #[test]
    fn nor_do_any_bytes(line in proptest::collection::vec(any::<u8>(), 0..200)) {
        crate::stamp::find(&line);
    }
}

#[test]
fn a_line_torn_off_by_carets_is_looked_at_in_a_text_too() {
    for torn in
        ["~~~~[11/22/26 06:47:12]: x\n", "    ^^^^[2026-11-22 06:47:12] x\n", "~^[2026-11-22 06:47:12] x\n"]
    {
        let (line, mut finder) = (Line { start: 0, end: torn.len() }, Finder::default());
        let found = finder.find_in(torn.as_bytes(), line, &mut Marks::default());
        assert!(found.stamp.is_some(), "{torn}");
        assert_eq!(found, crate::stamp::find(torn.as_bytes()));
    }
}

#[test]
fn no_stamp_is_too_deep_behind_codes_or_prefixes() {
    let stamped = |line: &str| crate::stamp::find(line.as_bytes()).stamp.is_some();
    let stamp = "2026-11-22 06:47:12,123 INFO x\n";
    for codes in 0..1200 {
        assert!(stamped(&format!("{}{stamp}", "\x1b[32m".repeat(codes))), "{codes} codes");
    }
    for prefix in ["[rank0]:", "[rank0]: ", "INFO ", "[titan] ", "[1,3]<stdout>:", "(Worker pid=10) "] {
        for depth in 0..=16 {
            assert!(stamped(&format!("{}{stamp}", prefix.repeat(depth))), "{depth} of {prefix}");
            let coloured = format!("\x1b[0m{prefix}\x1b[1;31m").repeat(depth);
            assert!(stamped(&format!("{coloured}{stamp}")), "{depth} of {prefix} with codes");
        }
    }
}

#[test]
fn what_follows_the_writers_is_the_body() {
    for (line, body) in [
        ("[rank3]: text", "text"),
        ("[rank3]:   File", "  File"),
        ("[0]:[rank2]:text", "text"),
        ("3: text", "text"),
        ("  3: text", "text"),
        ("[1,3]<stdout>:text", "text"),
        ("(Worker pid=10, ip=10.0.0.3) text", "text"),
        ("worker-1  |   text", "  text"),
        ("  rank 2: text", "  rank 2: text"),
        ("  text", "  text"),
        ("", ""),
    ] {
        assert_eq!(prefix::behind_writer(line.as_bytes()), body.as_bytes(), "{line:?}");
    }
}

#[test]
fn one_writer_is_one_prefix() {
    let prefix = |line: &str| crate::stamp::find(line.as_bytes()).prefix;
    for (one, other) in [
        ("[rank2]:[titan] x", "[rank2]: x"),
        ("[rank2]: 2026-11-22 06:47:12 x", "[rank2]:  File \"x\""),
        ("[Rank 2] x", "[rank2]: x"),
        ("[1,3]<stdout>:x", "[1,3]<stderr>:y"),
        ("(Worker pid=10, ip=10.0.0.3) INFO x", "(Worker pid=10, ip=10.0.0.3) y"),
        ("[rank2]: RuntimeError: x", "[rank2]: y"),
        ("[rank2]: shard42: x", "[rank2]: y"),
        ("[rank2]: [10] x", "[rank2]: y"),
        ("[pod/worker-0/main] 2026-11-22 06:47:12 x", "[pod/worker-0/main] y"),
        ("worker-1  | x", "worker-1 | y"),
        ("10.0.0.3: x", "10.0.0.3: [2026-11-22 06:47:12,123] y"),
        ("trainer/0 x", "trainer/0 2026-11-22 06:47:12 y"),
        ("Rank 2: x", "[rank2]: y"),
        ("[titan] x", "x"),
        ("INFO x", "x"),
        ("  3: x", "3: x"),
        // None of these stands where a prefix does, or they number a list.
        ("  rank 2: exit code 1", "x"),
        ("\t[rank2]: x", "x"),
        ("     0: EmbeddingPipe", "x"),
        ("[0]:", "x"),
        ("[rank2]:   [rank3]: is gone", "[rank2]: x"),
    ] {
        assert_eq!(prefix(one), prefix(other), "{one} and {other}");
    }
    let all = [
        "[rank2]: x",
        "[rank3]: x",
        "[default2]:x",
        "12: x",
        "13: x",
        "node-3: x",
        "10.0.0.3: x",
        "trainer/0 x",
        "trainer/1 x",
        "(W pid=1) x",
        "node-3: [rank2]: x",
        "node1-1 | x",
        "node11 | x",
        "x",
    ];
    let distinct: std::collections::HashSet<Prefix> = all.iter().map(|l| prefix(l)).collect();
    assert_eq!(distinct.len(), all.len());
}
