//! How a block is encoded: lines of ASCII, other UTF-8, and lines that are not UTF-8.

use crate::line;

/// Whole lines of one kind.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Stretch<'b> {
    /// Nothing but ASCII.
    Ascii(&'b [u8]),
    /// Valid UTF-8 with characters beyond ASCII.
    Utf8(&'b [u8]),
    /// One line that is not UTF-8.
    Broken(&'b [u8]),
}

/// Splits whole lines into runs, each with the offset at which it starts.
pub(crate) fn runs<'b>(bytes: &'b [u8], mut each: impl FnMut(Stretch<'b>, usize)) {
    if bytes.is_ascii() {
        if !bytes.is_empty() {
            each(Stretch::Ascii(bytes), 0);
        }
        return;
    }
    let mut start = 0;
    while start < bytes.len() {
        let rest = &bytes[start..];
        let Err(error) = std::str::from_utf8(rest) else {
            each(Stretch::Utf8(rest), start);
            return;
        };
        let broken = line::around(rest, error.valid_up_to());
        if broken.start > 0 {
            each(Stretch::Utf8(&rest[..broken.start]), start);
        }
        each(Stretch::Broken(broken.of(rest)), start + broken.start);
        start += broken.end;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn runs_cover_every_line_once_and_say_what_it_is(
            bytes in proptest::collection::vec(prop_oneof![Just(b'\n'), Just(b'a'), Just(0xc3), Just(0xa9), any::<u8>()], 0..80)
        ) {
            let mut bytes = bytes;
            bytes.push(b'\n');
            let mut next = 0;
            runs(&bytes, |run, start| {
                assert_eq!(start, next);
                let (Stretch::Ascii(part) | Stretch::Utf8(part) | Stretch::Broken(part)) = run;
                assert!(part.ends_with(b"\n"));
                assert_eq!(part, &bytes[start..start + part.len()]);
                next += part.len();
                match run {
                    Stretch::Ascii(_) => assert!(part.is_ascii()),
                    Stretch::Utf8(_) => assert!(std::str::from_utf8(part).is_ok()),
                    Stretch::Broken(_) => {
                        assert!(std::str::from_utf8(part).is_err());
                        assert_eq!(line::count(part), 1);
                    }
                }
            });
            prop_assert_eq!(next, bytes.len());
        }
    }
}
