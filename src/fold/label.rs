//! Which sources a folded line speaks of, as one word.

/// The names of sources in brackets, each named: numbers as ranges, `[0-5,7]`, also before a blank and a word,
/// `[0-5 stdout]`; other names one by one.
pub fn label<'n>(names: impl Iterator<Item = &'n [u8]>) -> Vec<u8> {
    let mut numbered: Vec<(&[u8], u32)> = Vec::new();
    let mut words: Vec<Vec<u8>> = Vec::new();
    for name in names {
        match number(name) {
            Some(found) => numbered.push(found),
            None => words.push(name.to_vec()),
        }
    }
    numbered.sort_unstable();
    let runs = numbered.chunk_by(|one, next| one.0 == next.0 && one.1.checked_add(1) == Some(next.1));
    let mut said: Vec<Vec<u8>> = runs.filter_map(range).collect();
    said.append(&mut words);
    [b"[".as_slice(), &said.join(&b','), b"]"].concat()
}

/// The word behind the number with which a name begins, and that number; `None` of any other name.
pub fn number(name: &[u8]) -> Option<(&[u8], u32)> {
    let end = name.iter().position(|byte| !byte.is_ascii_digit()).unwrap_or(name.len());
    let (digits, word) = name.split_at(end);
    let number = std::str::from_utf8(digits).ok()?.parse().ok()?;
    (word.is_empty() || word.starts_with(b" ")).then_some((word, number))
}

fn range(run: &[(&[u8], u32)]) -> Option<Vec<u8>> {
    let ((word, first), (_, last)) = (run.first()?, run.last()?);
    let numbers = if first == last { first.to_string() } else { format!("{first}-{last}") };
    Some([numbers.as_bytes(), word].concat())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_source_is_named() {
        let said = |names: &[&str]| {
            String::from_utf8_lossy(&label(names.iter().map(|name| name.as_bytes()))).into_owned()
        };
        assert_eq!(said(&["3", "0", "1", "2", "7", "9", "10"]), "[0-3,7,9-10]");
        assert_eq!(said(&["trainer/0", "eval"]), "[trainer/0,eval]");
        assert_eq!(said(&["1 stdout", "0 stderr", "0 stdout", "x", "2"]), "[2,0 stderr,0-1 stdout,x]");
        assert_eq!(said(&["5"]), "[5]");
    }
}
