//! The frames of progress bars, as tqdm prints them by itself: ` 10%|#    | 10/100 [00:10<01:30, 1.00it/s]`.
//!
//! They look much like lines that have a stamp: numbers, brackets, clocks and a rate behind which another record may have been
//! written. To find none on one takes the longest look of all, and a log of a run that nobody timed is full of them. Every part of a frame must be as tqdm writes it; any other line gets the whole look.

use memchr::memchr_iter;

/// The longest frame, in bytes: as wide as terminals are.
const LONGEST: usize = 512;

/// Whether `line` is a frame and nothing else, or several that were written over one another: no stamp stands on it unless
/// its file elects a format.
#[inline]
pub(in crate::stamp) fn is_frame(line: &[u8]) -> bool {
    let is_likely = line.ends_with(b"it/s]\n") && matches!(line[0], b' ' | b'0'..=b'9');
    is_likely && are_frames(&line[..line.len() - 1])
}

/// Whether `text` is frames, with returns between them.
fn are_frames(text: &[u8]) -> bool {
    let mut from = 0;
    let mut ends = memchr_iter(b'\r', text).chain([text.len()]);
    ends.all(|end| is_one(&text[std::mem::replace(&mut from, end + 1)..end]))
}

/// Whether `frame` is one frame.
#[inline]
fn is_one(frame: &[u8]) -> bool {
    let Some(body) = frame.strip_suffix(b"it/s]").filter(|body| body.len() <= LONGEST) else { return false };
    let Some(rest) = behind_share(body) else { return false };
    let length = rest.iter().take_while(|byte| is_in_bar(**byte)).count();
    let (bar, rest) = rest.split_at(length);
    bar.iter().filter(|byte| byte.is_ascii_digit()).count() <= 1
        && rest.strip_prefix(b"| ").is_some_and(is_counts)
}

/// What follows `100%|` at the head.
#[inline]
fn behind_share(body: &[u8]) -> Option<&[u8]> {
    let blanks = body.iter().take(2).take_while(|byte| **byte == b' ').count();
    let share = digits(&body[blanks..]);
    (blanks + share == 3 && share > 0).then(|| body[3..].strip_prefix(b"%|"))?
}

/// The bar itself: of blocks, or of `#` and a digit for a part of one.
#[inline]
fn is_in_bar(byte: u8) -> bool {
    matches!(byte, b'#' | b' ' | b'0'..=b'9' | 0x80..)
}

/// `10/100 [00:10<01:30, 1.00`: counts, times gone and left, and the rate.
fn is_counts(rest: &[u8]) -> bool {
    let Some(rest) = number_before(rest, b'/').and_then(|rest| number_before(rest, b' ')) else {
        return false;
    };
    let Some(times) = rest.strip_prefix(b"[") else { return false };
    let gone = number_before(times, b':').and_then(|rest| number_before(rest, b'<'));
    let left = gone.and_then(|rest| number_before(rest, b':')).and_then(|rest| number_before(rest, b','));
    let Some(rate) = left.and_then(|rest| rest.strip_prefix(b" ")) else { return false };
    let is_number = |text: &[u8]| (1..=16).contains(&text.len()) && digits(text) == text.len();
    number_before(rate, b'.').is_some_and(is_number)
}

/// How many digits stand at the head of `text`.
#[inline]
fn digits(text: &[u8]) -> usize {
    text.iter().position(|byte| !byte.is_ascii_digit()).unwrap_or(text.len())
}

/// What follows a number of a few digits and `mark`.
#[inline]
fn number_before(text: &[u8], mark: u8) -> Option<&[u8]> {
    let length = digits(text);
    (1..=7).contains(&length).then(|| text[length..].strip_prefix(&[mark]))?
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stamp::{Finder, Found, Prefix};
    use crate::testing::cases;
    use proptest::prelude::*;

    fn frame() -> impl Strategy<Value = String> {
        let bar =
            prop_oneof!["#{0,9}[0-9]? {0,9}", "█{0,9}[▏▎▍▌▋▊▉]? {0,9}", "[ #0-9]{0,20}", "[月 ✓é]{0,6}"];
        let clock =
            prop_oneof!["[0-9]{2}:[0-9]{2}", "[0-9]{1,8}:[0-9]{1,2}", "[0-9]:[0-9]{2}:[0-9]{2}", "\\?"];
        let parts = (
            "[ ]{0,3}[0-9]{1,4}",
            bar,
            "[0-9]{1,8}",
            "[0-9]{1,8}",
            clock.clone(),
            clock,
            "[0-9]{1,11}\\.[0-9]{1,9}",
        );
        parts.prop_map(|(share, bar, n, of, gone, left, rate)| {
            format!("{share}%|{bar}| {n}/{of} [{gone}<{left}, {rate}it/s]")
        })
    }

    /// Frames that were written over one another.
    fn frames() -> impl Strategy<Value = String> {
        proptest::collection::vec(frame(), 1..5).prop_map(|frames| frames.join("\r") + "\n")
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(cases(5000)))]

        #[test]
        fn a_frame_has_neither_stamp_nor_prefix(
            frames in frames(),
            put in proptest::collection::vec((any::<prop::sample::Index>(), prop::sample::select(vec![
                "2026-11-22 06:47:12", "06:47:12", " 20261122 064712 ", "\r", "\x1b[0m", "1795330032", "11/22/2026 06:47:12",
                "22.11.2026 06:47:12", "[", "]", "|", " ", "0", "9", ":", "/", ".", "it/s]", "{\"ts\":1795330032}", "Nov",
            ])), 0..3),
        ) {
            let mut line = frames;
            for (at, word) in &put {
                let places: Vec<usize> = line.char_indices().map(|(at, _)| at).collect();
                line.insert_str(places[at.index(places.len())], word);
            }
            if is_frame(line.as_bytes()) {
                let found = Finder::default().find(line.as_bytes());
                prop_assert_eq!(found, Found { stamp: None, prefix: Prefix::NONE }, "{:?}", line);
            }
        }
    }

    #[test]
    fn what_is_a_frame() {
        for line in [
            "  0%|          | 0/100 [00:00<01:30, 1.00it/s]\n",
            " 45%|####5     | 45/100 [00:45<00:55, 12.25it/s]\n",
            "100%|██████████| 5000/5000 [75:00<00:00, 1.11it/s]\n",
            " 10%|#         | 10/100 [00:10<01:30, 1.00it/s]\r 20%|##        | 20/100 [00:20<01:20, 1.00it/s]\n",
        ] {
            assert!(is_frame(line.as_bytes()), "{line}");
        }
        for line in [
            "epoch 1:  0%|          | 0/100 [00:00<01:30, 1.00it/s]\n",
            "  0%|          | 0/100 [00:00<01:30, 1.00it/s]2026-11-22 06:47:12 x\n",
            "  0%|          | 0/100 [00:00<01:30, 1.00it/s]",
            " 10%|#         | 10/100 [2026-11-22 06:47:12, 1.00it/s]\n",
            " 10%|#         | 10/100 [00:10<01:30, 1.00it/s]\r2026-11-22 06:47:12 x\r 20%|##        | 20/100 [00:20<01:20, 1.00it/s]\n",
            " 10%|#         | 10/100 [00:10<01:30, 1.00it/s]\r\n",
            "it/s]\n",
            "",
        ] {
            assert!(!is_frame(line.as_bytes()), "{line}");
        }
    }
}
