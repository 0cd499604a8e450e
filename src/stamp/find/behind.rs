//! What a program wrote, behind the stamp that a collector put before each of its lines.

use super::{Finder, STACK};
use crate::stamp::formats::family;
use crate::stamp::head::prefix::{self, Prefix, PrefixPlace};

impl Finder {
    /// Where the text of `line` begins behind the stamp at its head, one blank and the prefixes that name a writer; and that
    /// writer. `ts`, `kubectl logs --timestamps` and journals put a stamp before whatever a program says.
    pub(crate) fn behind_stamp(&mut self, line: &[u8]) -> Option<(usize, Prefix)> {
        let (mut at, mut prefix) = (0, Prefix::NONE);
        for depth in 0..STACK {
            let text = prefix::skip_blanks(line, at);
            if let Some(end) = self.stamp_end(line, text) {
                let end = behind_stream_of_mpi(line, end);
                let text = end + usize::from(line.get(end) == Some(&b' '));
                let text = behind_tag(line, text).or_else(|| behind_stream(line, text)).unwrap_or(text);
                return Some(prefix::writers(line, text, prefix));
            }
            (at, prefix) = prefix::peel(line, text, prefix, PrefixPlace::of(&line[at..text], depth))?;
        }
        None
    }

    /// Where the stamp ends that begins at `at`, and the bracket that has nothing else.
    fn stamp_end(&mut self, line: &[u8], at: usize) -> Option<usize> {
        if family::can_begin(line, at)
            && let Some((_, end)) = self.ending(line, at)
        {
            return Some(end);
        }
        let inside = matches!(line.get(at)?, b'[' | b'(').then(|| prefix::skip_blanks(line, at + 1))?;
        let (_, end) = self.ending(line, inside)?;
        matches!(line.get(end)?, b']' | b')').then_some(end + 1)
    }
}

/// Where the stream ends that Open MPI's `--output timestamp` names right behind the stamp: `2026<stdout>: `.
fn behind_stream_of_mpi(line: &[u8], at: usize) -> usize {
    let stream = [b"<stdout>:".as_slice(), b"<stderr>:"].into_iter().find(|s| line[at..].starts_with(s));
    at + stream.map_or(0, <[u8]>::len)
}

/// Where the text begins behind a host and the process that syslog names: `gpu7 train[412]: `.
pub(in crate::stamp) fn behind_tag(line: &[u8], at: usize) -> Option<usize> {
    let tag = at + word(line, at)? + 1;
    let end = tag + word(line, tag)?;
    let name = line[tag..end].strip_suffix(b"]:")?;
    let digits = name.iter().rev().take_while(|b| b.is_ascii_digit()).count();
    (digits > 0 && name[..name.len() - digits].ends_with(b"[")).then_some(end + 1)
}

/// The same behind the name of a stream, as `aws logs tail` has it: `train-1/algo-1-1795330032 `.
fn behind_stream(line: &[u8], at: usize) -> Option<usize> {
    let end = at + word(line, at)?;
    let is_name = |b: &u8| b.is_ascii_alphanumeric() || matches!(b, b'/' | b'-' | b'_' | b'.');
    let name = &line[at..end];
    let named = name.first().is_some_and(u8::is_ascii_alphanumeric) && name.iter().all(is_name);
    (named && name.contains(&b'/')).then_some(end + 1)
}

/// How long the word at `at` is that a blank ends; no empty one.
fn word(line: &[u8], at: usize) -> Option<usize> {
    const LONGEST: usize = 256;
    let text = line.get(at..line.len().min(at + LONGEST))?;
    memchr::memchr(b' ', text).filter(|length| *length > 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_text_begins_behind_the_stamp_and_whom_it_names() {
        let mut finder = Finder::default();
        for head in [
            "2026-11-22T06:47:12.123456789Z ",
            "2026-11-22 06:47:12 ",
            "[2026-11-22 06:47:12] ",
            "Nov 22 06:47:12 ",
            "Sun Nov 22 06:47:12 2026 ",
            "Sun Nov 22 06:47:12 2026<stdout>: ",
            "Nov 22 06:47:12 gpu7 train[412]: ",
            "[pod/train-3/main] 2026-11-22T06:47:12.123456789Z ",
            "train-3  | 2026-11-22T06:47:12.123456789Z ",
            "2026-11-22T06:47:12.123000+00:00 algo-1/i-0abc ",
        ] {
            for writer in ["", "[rank3]: ", "[1,3]<stdout>:", "[default3]:[rank3]: "] {
                for text in ["  File x", "ValueError: x", "torch.OutOfMemoryError: x", ""] {
                    let line = format!("{head}{writer}{text}\n");
                    let found = finder.behind_stamp(line.as_bytes());
                    // Of the blanks behind a stream one is taken for what parts it from the text.
                    let text = if writer.ends_with("<stdout>:") {
                        text.replacen("  ", " ", 1)
                    } else {
                        text.to_owned()
                    };
                    assert_eq!(found.map(|(at, _)| &line[at..]), Some(&*format!("{text}\n")), "{line}");
                }
            }
        }
        assert_eq!(finder.behind_stamp(b"[rank3]: x\n"), None);
    }

    #[test]
    fn writers_are_told_apart_behind_a_stamp() {
        let writer = |line: &str| Finder::default().behind_stamp(line.as_bytes()).unwrap().1;
        let lines = [
            "2026-11-22T06:47:12Z x",
            "2026-11-22T06:47:12Z [rank3]: x",
            "2026-11-22T06:47:12Z [rank4]: x",
            "[pod/train-3/main] 2026-11-22T06:47:12Z x",
            "[pod/train-4/main] 2026-11-22T06:47:12Z x",
        ];
        for (number, line) in lines.iter().enumerate() {
            assert!(lines[..number].iter().all(|other| writer(other) != writer(line)), "{line}");
            assert_eq!(writer(line), writer(&line.replace("06:47:12", "06:48:13")), "{line}");
        }
    }
}
