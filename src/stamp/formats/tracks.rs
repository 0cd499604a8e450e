//! The way through a JSON object to its time, remembered: loggers write the same keys in the same order on every line.
//!
//! A track is what such a line says between its values, up to where the value of its time begins. A line that says the same
//! there has its time there: the keys are the same, and none of them but the last is known; a value is no key, whatever it
//! says, for no colon follows it; and braces stand between values alone. The twin is a look at every key ([`crate::stamp::formats::keys`]).

use wide::u8x16;

use crate::bits::among;
use crate::stamp::formats::keys::{string_end, value_at};

/// How many tracks are remembered: a log may have several writers, and a writer several kinds of records.
const TRACKS: usize = 4;
/// How many parts a track may have.
const PARTS: usize = 24;
/// How many objects there must have been for one more track to be learnt, where none fits, and for how many that may be
/// saved up: learning takes longer than a look at every key.
const PRICE: u32 = 16;
const SAVINGS: u32 = 64;

/// What is always the same, and what follows it.
#[derive(Clone, Copy)]
struct TrackPart {
    /// The bytes that are always the same, sixteen at most, and all bits of those.
    bytes: u128,
    fixed: u128,
    /// How many they are.
    length: usize,
    then: Then,
}

/// What stands behind bytes that are always the same.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Then {
    /// More of them, or the value of the time.
    More,
    /// What a string says.
    Text,
    /// A number or a word.
    Scalar,
}

/// The tracks of a log, those that fit last before the others.
#[derive(Clone, Default)]
pub(in crate::stamp) struct Tracks {
    tracks: Vec<Vec<TrackPart>>,
    spent: u32,
}

impl Tracks {
    /// Where the value of the time begins in the object that begins at `at`, if it has a track that is known.
    #[inline]
    pub fn follow(&mut self, line: &[u8], at: usize) -> Option<usize> {
        let first = self.tracks.first()?;
        let value = follow(first, line, at).or_else(|| self.other(line, at))?;
        self.spent = self.spent.saturating_sub(1);
        Some(value)
    }

    /// The same by the first track alone, which stays the first.
    #[inline]
    pub fn follow_first(&self, line: &[u8], at: usize) -> Option<usize> {
        follow(self.tracks.first()?, line, at)
    }

    /// The same by one of the tracks behind the first.
    fn other(&mut self, line: &[u8], at: usize) -> Option<usize> {
        let mut rest = self.tracks.iter().enumerate().skip(1);
        let (number, value) = rest.find_map(|(number, track)| Some((number, follow(track, line, at)?)))?;
        self.tracks[..=number].rotate_right(1);
        Some(value)
    }

    /// Remembers the track of the object that begins at `at`, of which the first known key is one of the outermost object,
    /// and has its value, a time, at `value`.
    #[inline(never)]
    pub fn learn(&mut self, line: &[u8], at: usize, value: usize) {
        self.spent = self.spent.saturating_sub(1);
        if self.spent + PRICE > SAVINGS {
            return;
        }
        self.spent += PRICE;
        if let Some(track) = track(line, at, value) {
            self.tracks.truncate(TRACKS - 1);
            self.tracks.insert(0, track);
        }
    }
}

/// Where `track` leads from `at` on, if the line has it.
#[inline]
fn follow(track: &[TrackPart], line: &[u8], mut at: usize) -> Option<usize> {
    for part in track {
        let bytes = u128::from_le_bytes(*line.get(at..)?.first_chunk()?);
        if bytes & part.fixed != part.bytes {
            return None;
        }
        at += part.length;
        at = match part.then {
            Then::More => at,
            Then::Text => string_end(line, at)?,
            Then::Scalar => scalar_end(line, at)?,
        };
    }
    Some(at)
}

/// The track from `at`, where an object begins, to `end`, where the value of its time does.
fn track(line: &[u8], at: usize, end: usize) -> Option<Vec<TrackPart>> {
    let (mut parts, mut begin, mut at) = (Vec::new(), at, at);
    while at < end {
        let (stop, next, then) = match line[at] {
            // But for the quote with which the value begins.
            b'"' if at + 1 < end => {
                let close = string_end(line, at + 1)?;
                if value_at(line, close + 1).is_some() {
                    at = close + 1;
                    continue;
                }
                (at + 1, close, Then::Text)
            }
            byte if byte.is_ascii_alphanumeric() || byte == b'-' => (at, scalar_end(line, at)?, Then::Scalar),
            _ => {
                at += 1;
                continue;
            }
        };
        put(&mut parts, line.get(begin..stop)?, then);
        begin = next;
        // The quote that closes a text is not one that opens another.
        at = next + usize::from(then == Then::Text);
    }
    put(&mut parts, line.get(begin..end)?, Then::More);
    (parts.len() <= PARTS).then_some(parts)
}

/// Adds `bytes`, and what stands behind them.
fn put(parts: &mut Vec<TrackPart>, bytes: &[u8], then: Then) {
    let mut rest = bytes;
    loop {
        let (these, more) = rest.split_at(rest.len().min(16));
        rest = more;
        let number = |bytes: &mut dyn Iterator<Item = u8>| {
            let mut all = [0; 16];
            all.iter_mut().zip(bytes).for_each(|(place, byte)| *place = byte);
            u128::from_le_bytes(all)
        };
        parts.push(TrackPart {
            bytes: number(&mut these.iter().copied()),
            fixed: number(&mut these.iter().map(|_| 0xff)),
            length: these.len(),
            then: if rest.is_empty() { then } else { Then::More },
        });
        if rest.is_empty() {
            return;
        }
    }
}

/// Where the number or word ends that begins at `at`, if it is short and not the last of its line; it has neither quotes nor
/// braces.
#[inline]
fn scalar_end(line: &[u8], at: usize) -> Option<usize> {
    let sixteen = u8x16::new(*line.get(at..)?.first_chunk()?);
    let of_number = among(sixteen, b'-', 13) | sixteen.simd_eq(u8x16::splat(b'+'));
    let letters = among(sixteen | u8x16::splat(0x20), b'a', 26);
    let length = (of_number | letters).to_bitmask().trailing_ones() as usize;
    (length < 16).then_some(at + length)
}

#[cfg(test)]
mod tests {
    use crate::stamp::formats::evident::Evident;
    use crate::stamp::formats::keys;
    use crate::testing::cases;
    use proptest::prelude::*;

    fn key() -> impl Strategy<Value = &'static str> {
        prop::sample::select(vec![
            "level",
            "rank",
            "msg",
            "a key of more than sixteen bytes",
            "timestamp",
            "ts",
            "time",
            "t",
            "created",
            "nanos",
            "a\\\"b",
        ])
    }

    fn value() -> impl Strategy<Value = String> {
        let text = prop::sample::select(vec![
            "",
            "info",
            "warning",
            "time",
            "ts",
            "a \\\"ts\\\": \\\"2026-11-22T06:47:12Z\\\" b",
            "{\\\"ts\\\":",
            "a text of more than sixteen bytes",
            "\\\\",
            "}",
            "{",
            "2026-11-22T06:47:12.123Z",
            "2026-11-22 06:47:12,123",
            "05/02/2026 06:47:12",
            "06:47:12",
        ]);
        let bare = prop::sample::select(vec![
            "0",
            "-12.5e+3",
            "true",
            "null",
            "[1, 2]",
            "{}",
            "{\"ts\": 1795330032}",
            "{\"a\": \"b\"}",
            "1795330032",
            "1795330032123",
            "12345678901234567890",
        ]);
        prop_oneof![3 => text.prop_map(|text| format!("\"{text}\"")), 2 => bare.prop_map(str::to_owned)]
    }

    /// Lines of a few kinds of records, whose values differ.
    fn lines() -> impl Strategy<Value = Vec<String>> {
        let kind = (
            proptest::collection::vec(key(), 1..6),
            prop::sample::select(vec![", ", ",", " , "]),
            prop::sample::select(vec![": ", ":", " :  "]),
        );
        let line = (0_usize..6, proptest::collection::vec(value(), 6), "[x{\"\\\\]{0,3}", "[,}\"a ]{0,30}");
        (proptest::collection::vec(kind, 1..4), proptest::collection::vec(line, 1..40)).prop_map(
            |(kinds, lines)| {
                let line = |(kind, values, head, tail): (usize, Vec<String>, String, String)| {
                    let (keys, comma, colon) = &kinds[kind % kinds.len()];
                    let fields: Vec<_> = keys
                        .iter()
                        .zip(values)
                        .map(|(key, value)| format!("\"{key}\"{colon}{value}"))
                        .collect();
                    format!("{head}{{{}}}{tail}\n", fields.join(comma))
                };
                lines.into_iter().map(line).collect()
            },
        )
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(cases(4000)))]

        #[test]
        fn what_follows_a_track_says_what_every_key_does(lines in lines()) {
            let (mut evident, mut twin) = (Evident::default(), Evident::default());
            for line in &lines {
                let bytes = line.as_bytes();
                let begin = line.find('{').unwrap_or_default();
                prop_assert_eq!(keys::json(bytes, begin, &mut evident), keys::every_key(bytes, begin, &mut twin), "{}", line);
                twin.tracks = super::Tracks::default();
            }
            prop_assert_eq!(evident.order, twin.order);
        }
    }

    #[test]
    fn a_track_is_followed() {
        let mut evident = Evident::default();
        let line = |level: &str, step: u32, text: &str| {
            format!(
                "{{\"level\": \"{level}\", \"step\": {step}, \"msg\": \"{text}\", \"timestamp\": \"2026-11-22T06:47:12.123Z\"}}\n"
            )
        };
        let first = line("info", 1, "x");
        assert!(evident.tracks.follow(first.as_bytes(), 0).is_none());
        assert!(keys::json(first.as_bytes(), 0, &mut evident).is_some());
        for other in [line("warning", 12345, "a longer text with \\\"quotes\\\" in it"), line("", 0, "}{")] {
            assert_eq!(evident.tracks.follow(other.as_bytes(), 0), other.find("2026"), "{other}");
        }
        assert!(evident.tracks.follow(line("info", 1, "x").replace("msg", "ts").as_bytes(), 0).is_none());
    }
}
