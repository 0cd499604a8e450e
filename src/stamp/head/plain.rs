//! Lines that begin as text does, which neither a stamp nor a prefix can: of a log without stamps these are most.
//!
//! To find no stamp takes longer than to find one, for each format has to be tried. Of the commonest lines that have none the
//! first word and the byte behind it tell that, whatever follows: a Python dictionary (`{'loss': 1.2`), and a word of
//! letters before another or before a number (`loading shards`, `  epoch 3`).

use wide::u8x16;

use crate::bits::among;
use crate::stamp::formats::{family, names};
use crate::stamp::head::prefix;

/// Bytes behind the blank after the first word of a line that part nothing, open no bracket and begin no level.
static GOES_ON: [bool; 256] = {
    let mut table = [false; 256];
    let (mut row, marks) = (0, b"'\"/={*#_.%$&,;?@\\^`~+!");
    while row < marks.len() {
        table[marks[row] as usize] = true;
        row += 1;
    }
    let mut byte = 0;
    while byte < 0x80 {
        table[byte] |= (byte as u8).is_ascii_lowercase() || (byte as u8).is_ascii_digit();
        byte += 1;
    }
    table
};

/// Whether it is told by the first word of `line` that it has neither a prefix nor a stamp at its head, nor carets, whatever
/// its file elects.
#[inline]
pub(in crate::stamp) fn is_text(line: &[u8]) -> bool {
    match line.first() {
        Some(b'{') if line.get(1) == Some(&b'\'') => is_dictionary(line),
        Some(b' ') => {
            let indent = line.iter().take(16).take_while(|byte| **byte == b' ').count();
            begins_with_word(&line[indent..])
        }
        Some(byte) if byte.is_ascii_alphabetic() => begins_with_word(line),
        _ => false,
    }
}

/// A Python dictionary or set of strings: only in brackets or behind a level could a stamp stand in its second word.
#[inline]
fn is_dictionary(line: &[u8]) -> bool {
    let Some(head) = line.first_chunk::<16>() else { return false };
    let sixteen = u8x16::new(*head);
    let is = |byte| sixteen.simd_eq(u8x16::splat(byte));
    let blank = (is(b' ') | is(b'\t')).to_bitmask().trailing_zeros() as usize;
    head.get(blank + 1).is_some_and(|next| GOES_ON[usize::from(*next)])
}

/// A word of text, of small letters behind the first, and another or a number behind it.
#[inline]
fn begins_with_word(text: &[u8]) -> bool {
    let Some(head) = text.first_chunk::<16>() else { return false };
    let sixteen = u8x16::new(*head);
    let letters = among(sixteen, b'a', 26) | sixteen.simd_eq(u8x16::splat(b'_'));
    // The first letter may be a capital.
    let length = (letters.to_bitmask() | 1).trailing_ones() as usize;
    let (Some(b' '), Some(next)) = (head.get(length), head.get(length + 1)) else { return false };
    let word = &head[..length];
    length > 1
        && head[0].is_ascii_alphabetic()
        && GOES_ON[usize::from(*next)]
        && !family::may_begin_with_word(head[0])
        && !prefix::is_known(word)
        && !word.starts_with(b"audit")
        && !(next.is_ascii_digit() && names::may_be_month(text))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::line::Line;
    use crate::stamp::head::marks::{Marks, after_carets};
    use crate::stamp::{Elected, Finder, Found, Prefix, elect};
    use crate::testing::cases;
    use proptest::prelude::*;

    /// Formats that a file may elect, by a line of each.
    fn elected() -> impl Strategy<Value = Elected> {
        prop::sample::select(vec![
            "26/11/22 06:47:12 x\n",
            "261122 06:47:12 x\n",
            "1795330032 x\n",
            "06:47:12 x\n",
            "x 2026-11-22 06:47:12 x\n",
            "10 1795330032.123 x\n",
            "x\n",
        ])
        .prop_map(|line| elect(line.repeat(20).as_bytes()))
    }

    fn word() -> impl Strategy<Value = String> {
        prop_oneof![
            8 => "[a-z_]{1,9}",
            4 => "[A-Z][a-z]{0,8}",
            4 => prop::sample::select(vec![
                "info", "Warning", "rank", "Node", "worker", "audit", "audit(1795330032.123:4):", "date", "date=2026-11-22",
                "time", "timestamp", "kern", "user", "mars", "août", "Nov", "Sun", "Mon,", "EVENTS", "libfabric:", "I", "ts=1795330032",
                "{'loss':", "{'a'}", "{'a'", "{", "{step}", "{\"ts\":", "[rank0]:", "10.0.0.1", "web-1", "INFO", "x:", "time:", "-", "|", ":",
                "2026-11-22", "06:47:12", "[2026-11-22", "06:47:12]", "2026-11-22T06:47:12Z", "1795330032", "22", "3:", "12:", "Nov 22 06:47:12",
                "[22/Nov/2026:06:47:12 +0000]", "(pid 412) Sun Nov 22 06:47:12 2026", "\u{feff}", "\x1b[32m", "\r", "\t", "'x'", "time=06:47:12",
            ]).prop_map(str::to_owned),
            1 => "[ -~]{0,4}",
        ]
    }

    fn line() -> impl Strategy<Value = String> {
        let blank =
            prop_oneof![8 => Just(" "), 1 => Just("  "), 1 => Just("\t"), 1 => Just(""), 1 => Just("\r")];
        ("[ ]{0,3}", proptest::collection::vec((word(), blank), 1..7)).prop_map(|(indent, words)| {
            words.into_iter().fold(indent, |line, (word, blank)| line + &word + blank) + "\n"
        })
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(cases(5000)))]

        #[test]
        fn text_has_neither_stamp_nor_prefix(line in line(), elected in elected()) {
            let bytes = line.as_bytes();
            let mut finder = Finder::electing(&elected);
            if is_text(bytes) {
                prop_assert_eq!(finder.head(bytes, 0), Found { stamp: None, prefix: Prefix::NONE }, "{:?}", line);
                prop_assert!(after_carets(bytes).is_none(), "{:?}", line);
            }
            let place = Line { start: 0, end: bytes.len() };
            prop_assert_eq!(finder.clone().find_in(bytes, place, &mut Marks::default()), finder.find(bytes), "{:?}", line);
        }
    }

    #[test]
    fn what_is_text() {
        for line in [
            "{'loss': 1.25, 'epoch': 3}\n",
            "shard tensor took 3 ms\n",
            "  epoch 12, of 30 in all\n",
            "Loading shards 1 of 2\n",
            "grad_norm is nan, skipped\n",
        ] {
            assert!(is_text(line.as_bytes()), "{line}");
        }
        for line in [
            "{\"loss\": 1.25, \"epoch\": 3}\n",
            "info 2026-11-22 06:47:12 x\n",
            "rank 3: x y z u v w\n",
            "mars 22 06:47:12 x y z\n",
            "time : 06:47:12 x y z\n",
            "word\n",
            "",
        ] {
            assert!(!is_text(line.as_bytes()), "{line}");
        }
    }
}
