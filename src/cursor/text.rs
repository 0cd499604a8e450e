//! A cursor as text: a version, a checksum, and the marks as JSON.

use std::fmt::Write;
use std::sync::Arc;

use serde_json::{Value, json};
use xxhash_rust::xxh3::xxh3_64;

use super::mark::{Mark, Print, Tier};
use crate::error::{Error, Result};
use crate::file::source::Identity;

/// What every cursor of this version begins with.
const BEGIN: &str = "logdex1:";

/// The marks of an answer's logs.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Cursor {
    /// One for each log of which something was handed out.
    pub marks: Vec<Mark>,
    /// More of them, of files that follows have left: shared, for there may be many, and a place is told with each batch.
    pub left: Vec<Arc<[Mark]>>,
}

impl Cursor {
    /// As printable text.
    pub fn to_text(&self) -> String {
        let marks = self.left.iter().flat_map(|left| left.iter()).chain(&self.marks);
        let marks = printable(&Value::Array(marks.map(to_json).collect()).to_string());
        format!("{BEGIN}{:016x}:{marks}", xxh3_64(marks.as_bytes()))
    }

    /// Out of the text of one.
    ///
    /// # Errors
    /// `Error::Value` where it is none, of another version, or not as it was written.
    pub fn of_text(text: &str) -> Result<Self> {
        let refuse = |why: &str| {
            let begin: String = text.chars().take(40).collect();
            Error::Value(format!("cursor {begin:?}: {why}; give one that lines.cursor gave, whole"))
        };
        let text = text.trim();
        let Some(rest) = text.strip_prefix(BEGIN) else {
            return Err(refuse("not a cursor of this version of logdex"));
        };
        let (sum, marks) = rest.split_once(':').ok_or_else(|| refuse("it is cut off"))?;
        if sum != format!("{:016x}", xxh3_64(marks.as_bytes())) {
            return Err(refuse("its checksum is wrong, so it was changed or cut off"));
        }
        let marks = serde_json::from_str::<Value>(marks).ok();
        let marks = marks.as_ref().and_then(Value::as_array).map(|marks| marks.iter().map(of_json).collect());
        match marks {
            Some(Some(marks)) => Ok(Self { marks, left: Vec::new() }),
            _ => Err(refuse("it does not say what a cursor says")),
        }
    }
}

/// The same JSON with every control character escaped: JSON itself leaves DEL and those behind it as they are.
fn printable(json: &str) -> String {
    let mut out = String::with_capacity(json.len());
    for char in json.chars() {
        if char.is_control() {
            let _ = write!(out, "\\u{:04x}", u32::from(char));
        } else {
            out.push(char);
        }
    }
    out
}

fn to_json(mark: &Mark) -> Value {
    let Mark { name, identity, head, tail, at, open, opened, tiers, whole, left } = mark;
    let tiers: Vec<_> =
        tiers.iter().map(|tier| json!([tier.end, tier.key, tier.limit, tier.begin])).collect();
    json!({
        "name": name,
        "file": [identity.device, identity.inode],
        "head": [head.length, head.hash],
        "tail": [tail.length, tail.hash],
        "at": at,
        "open": open,
        "opened": [opened.length, opened.hash],
        "tiers": tiers,
        "whole": whole,
        "left": left,
    })
}

fn of_json(value: &Value) -> Option<Mark> {
    let pair = |key: &str| {
        let two = value.get(key)?.as_array().filter(|two| two.len() == 2)?;
        Some((two[0].as_u64()?, two[1].as_u64()?))
    };
    let print = |key: &str| pair(key).map(|(length, hash)| Print { length, hash });
    // Not said by cursors that were taken before there were such words.
    let said = |key: &str| value.get(key).and_then(Value::as_bool).unwrap_or(false);
    let (device, inode) = pair("file")?;
    Some(Mark {
        name: value.get("name")?.as_str()?.to_owned(),
        identity: Identity { device, inode },
        head: print("head")?,
        tail: print("tail")?,
        at: value.get("at")?.as_u64()?,
        open: value.get("open")?.as_u64()?,
        opened: if value.get("opened").is_some() { print("opened")? } else { Print::default() },
        tiers: value.get("tiers")?.as_array()?.iter().map(tier_of).collect::<Option<_>>()?,
        whole: said("whole"),
        left: said("left"),
    })
}

fn tier_of(value: &Value) -> Option<Tier> {
    // Cursors that were taken before there were such say not where a tier begins.
    let said = value.as_array().filter(|said| matches!(said.len(), 3 | 4))?;
    let begin = said.get(3).map_or(Some(0), Value::as_u64)?;
    Some(Tier { begin, end: said[0].as_u64()?, key: said[1].as_i64()?, limit: said[2].as_u64()? })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn mark() -> impl Strategy<Value = Mark> {
        let print = || any::<(u64, u64)>().prop_map(|(length, hash)| Print { length, hash });
        let tier = any::<(u64, u64, i64, u64)>();
        let tier = tier.prop_map(|(begin, end, key, limit)| Tier { begin, end, key, limit });
        let tiers = proptest::collection::vec(tier, 0..3);
        (".*", any::<(u64, u64, u64, u64)>(), [print(), print(), print()], tiers, any::<(bool, bool)>())
            .prop_map(|(name, (device, inode, at, open), [head, tail, opened], tiers, (whole, left))| Mark {
                name,
                identity: Identity { device, inode },
                head,
                tail,
                at,
                open,
                opened,
                tiers,
                whole,
                left,
            })
    }

    proptest! {
        #[test]
        fn what_is_written_is_read(marks in proptest::collection::vec(mark(), 0..4)) {
            let cursor = Cursor { marks, left: Vec::new() };
            let text = cursor.to_text();
            prop_assert!(!text.chars().any(char::is_control));
            prop_assert_eq!(Cursor::of_text(&format!("{text}\n")).unwrap(), cursor);
        }

        #[test]
        fn what_was_changed_is_refused(marks in proptest::collection::vec(mark(), 1..3), at in any::<prop::sample::Index>()) {
            let mut text: Vec<char> = Cursor { marks, left: Vec::new() }.to_text().chars().collect();
            let at = at.index(text.len());
            text[at] = if text[at] == '1' { '2' } else { '1' };
            prop_assert!(Cursor::of_text(&text.iter().collect::<String>()).is_err());
            prop_assert!(Cursor::of_text(&text[..at].iter().collect::<String>()).is_err());
        }
    }

    #[test]
    fn what_is_no_cursor_is_refused() {
        let forged = |marks: &str| format!("{BEGIN}{:016x}:{marks}", xxh3_64(marks.as_bytes()));
        for text in ["", "logdex1:", "logdex2:0:[]", &forged("{}"), &forged("[{}]"), &forged("[[1,2]]")] {
            assert!(Cursor::of_text(text).is_err(), "{text}");
        }
        assert_eq!(Cursor::of_text(&forged("[]")).unwrap(), Cursor::default());
    }
}
