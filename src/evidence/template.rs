//! Templates: a line with its digits, hexadecimal numbers, paths and quoted words folded, as a hash.

use xxhash_rust::xxh3::xxh3_64;

/// How much of a line makes its template, in bytes.
const HEAD: usize = 200;

/// The hash of the template of `words`, a line without the prefix of its rank; `scratch` is used again and again.
pub fn of(words: &[u8], scratch: &mut Vec<u8>) -> u64 {
    scratch.clear();
    let mut rest = words[..words.len().min(HEAD)].trim_ascii();
    while let Some((&byte, after)) = rest.split_first() {
        match byte {
            b'0'..=b'9' => {
                scratch.push(b'#');
                // A number with its fraction and exponent, or a hexadecimal one.
                let is_sign_of_exponent = |at: usize| {
                    matches!(after[at], b'+' | b'-')
                        && at > 0
                        && after[at - 1] == b'e'
                        && after.get(at + 1).is_some_and(u8::is_ascii_digit)
                };
                let end = (0..after.len()).find(|&at| {
                    let is_part = after[at].is_ascii_hexdigit() || matches!(after[at], b'.' | b'x');
                    !(is_part || is_sign_of_exponent(at))
                });
                rest = &after[end.unwrap_or(after.len())..];
            }
            b'\'' | b'"' => {
                scratch.push(b'"');
                let end = memchr::memchr(byte, after).filter(|&end| end < 80);
                rest = end.map_or(after, |end| &after[end + 1..]);
            }
            b'/' if after.first().is_some_and(u8::is_ascii_alphabetic) => {
                scratch.push(b'/');
                let is_part = |b: &u8| b.is_ascii_alphanumeric() || matches!(b, b'/' | b'.' | b'-' | b'_');
                rest = &after[after.iter().position(|b| !is_part(b)).unwrap_or(after.len())..];
            }
            b'+' | b'-' if after.first().is_some_and(u8::is_ascii_digit) => rest = after,
            _ => {
                scratch.push(byte);
                rest = after;
            }
        }
    }
    xxh3_64(scratch)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn alike(one: &str, other: &str) -> bool {
        let mut scratch = Vec::new();
        of(one.as_bytes(), &mut scratch) == of(other.as_bytes(), &mut scratch)
    }

    #[test]
    fn numbers_paths_and_quoted_words_are_folded() {
        assert!(alike("step 10 loss 2.31e-05", "step 9 loss 1.0"));
        assert!(alike("at 0x7f01ab", "at 0x00000b"));
        assert!(alike("open '/a/b.npy' failed", "open '/c' failed"));
        assert!(alike("saved to /ckpt/step-10/model.pt", "saved to /ckpt/step-200/model.pt"));
        assert!(!alike("step 10 loss 2.3", "step 10 acc 2.3"));
    }
}
