//! Which rank wrote a line, by the prefix that launchers put before it.

/// A rank as it stands on a line.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Rank {
    /// Whether the number counts within one replica (`[default3]:`) or over the whole job (`[rank3]:`).
    pub local: bool,
    /// The number.
    pub number: u32,
}

/// Words that number a writer, and whether the number is local to a replica.
const WORDS: [(&[u8], bool); 5] =
    [(b"globalrank", false), (b"localrank", true), (b"rank", false), (b"default", true), (b"trainer", true)];

/// The rank that the head of `line` names, if one does.
///
/// Known are `[rank3]:` (PyTorch), `[default3]:` and `[trainer3]:` (torchrun's `--tee`), `[3]:` and `3: ` (srun
/// `--label`), `[1,3]<stdout>:` (mpirun `--tag-output`).
#[inline]
pub fn of(line: &[u8]) -> Option<Rank> {
    match line.first()? {
        b'[' => bracket(&line[1..]),
        b'0'..=b'9' => {
            let (number, rest) = number(line)?;
            rest.starts_with(b": ").then_some(Rank { local: false, number })
        }
        b' ' | b'\t' | b'\r' => of(line[1..].trim_ascii_start()),
        _ => None,
    }
}

fn bracket(inside: &[u8]) -> Option<Rank> {
    if inside.first()?.is_ascii_digit() {
        let (first, rest) = number(inside)?;
        if rest.starts_with(b"]:") {
            return Some(Rank { local: false, number: first });
        }
        let (number, rest) = number(rest.strip_prefix(b",")?)?;
        return rest.starts_with(b"]<std").then_some(Rank { local: false, number });
    }
    let end = memchr::memchr(b']', inside.get(..inside.len().min(32))?)?;
    for (word, local) in WORDS {
        let Some(rest) = strip_word(&inside[..end], word) else { continue };
        let (number, rest) = number(rest)?;
        return rest.is_empty().then_some(Rank { local, number });
    }
    None
}

/// What follows `word`, in any case, and a blank or mark after it.
fn strip_word<'b>(bytes: &'b [u8], word: &[u8]) -> Option<&'b [u8]> {
    let head = bytes.get(..word.len())?;
    let rest = &bytes[word.len()..];
    let rest =
        rest.strip_prefix(b" ").or(rest.strip_prefix(b"=")).or(rest.strip_prefix(b"_")).unwrap_or(rest);
    head.eq_ignore_ascii_case(word).then_some(rest)
}

fn number(bytes: &[u8]) -> Option<(u32, &[u8])> {
    let digits = bytes.iter().take_while(|b| b.is_ascii_digit()).count();
    let number = std::str::from_utf8(&bytes[..digits]).ok()?.parse().ok()?;
    Some((number, &bytes[digits..]))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_prefixes_of_launchers_are_known() {
        let global = |number| Some(Rank { local: false, number });
        assert_eq!(of(b"[rank3]: Traceback"), global(3));
        assert_eq!(of(b"[Rank 12] step"), global(12));
        assert_eq!(of(b"[default7]:loss"), Some(Rank { local: true, number: 7 }));
        assert_eq!(of(b"[5]: x"), global(5));
        assert_eq!(of(b"5: x"), global(5));
        assert_eq!(of(b"[1,4]<stdout>:x"), global(4));
        for text in
            ["[2026-11-22] x", "12:30:00 x", "rank3", "[ranking]", "[rank]", "", "[", "[99999999999]: x"]
        {
            assert_eq!(of(text.as_bytes()), None, "{text}");
        }
    }
}
