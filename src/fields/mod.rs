//! The fields of a line, and what is asked of them: `status>=500`, `component=tsdb`.
//!
//! A line's fields are those of the first JSON object on it that reaches to the line's end, or else its pairs
//! `key=value` (logfmt, wherever they stand). A key names a field by itself, or, with dots, one of an object inside. Of
//! two fields with one name the last counts. A line that lacks the field is not selected, whatever is asked of it.

mod condition;
mod json;
mod logfmt;
mod look;

use std::borrow::Cow;

pub use condition::{Condition, Operator};

/// The value of a field.
#[derive(Clone, Debug, PartialEq)]
pub enum Value<'l> {
    /// The text of a string, or of what logfmt has.
    Text(Cow<'l, [u8]>),
    /// A number, `true`, `false`, `null`, an object or an array: as it is written.
    Raw(&'l [u8]),
}

impl Value<'_> {
    /// The text by which it is compared.
    pub fn text(&self) -> &[u8] {
        match self {
            Self::Text(text) => text,
            Self::Raw(raw) => raw,
        }
    }
}

/// The value of the field `key` of `line`; `None` where the line lacks it.
pub fn get<'l>(line: &'l [u8], key: &str) -> Option<Value<'l>> {
    match json::on(line) {
        Some(object) => json::field(object, key),
        None => logfmt::field(line, key),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_field_is_of_the_object_or_of_the_pairs() {
        for (line, key, expected) in [
            (r#"{"a": 1, "b": "x\ny"}"#, "a", Some("1")),
            (r#"{"a": 1, "b": "x\ny"}"#, "b", Some("x\ny")),
            (r#"{"a": "\u00e9\ud83d\ude00"}"#, "a", Some("é😀")),
            (r#"{"a": {"b": [1, 2], "c.d": null}}"#, "a.b", Some("[1, 2]")),
            (r#"{"a": {"b": [1, 2], "c.d": null}}"#, "a.c.d", Some("null")),
            (r#"{"log.level": "info"}"#, "log.level", Some("info")),
            (r#"{"a": 1, "a": 2}"#, "a", Some("2")),
            (r#"prefix: {"a": NaN}"#, "a", Some("NaN")),
            (r#"{not} {"a": 1}"#, "a", Some("1")),
            (r#"{"a": 1} tail"#, "a", None),
            (r#"{"a": 1"#, "a", None),
            (r#"{"a": 01}"#, "a", None),
            (r#"{"a": 1,}"#, "a", None),
            (r#"2026-11-22 INFO a=1 b="x \" y" c="#, "b", Some(r#"x " y"#)),
            (r#"2026-11-22 INFO a=1 b="x y" c="#, "a", Some("1")),
            (r#"2026-11-22 INFO a=1 b="x y" c="#, "c", Some("")),
            ("took=12ms took=13ms", "took", Some("13ms")),
            ("step=10, loss=2.5; lr=1e-4,", "step", Some("10")),
            ("step=10, loss=2.5; lr=1e-4,", "loss", Some("2.5")),
            ("step=10, loss=2.5; lr=1e-4,", "lr", Some("1e-4")),
            ("a=, b=1,2,, c=;", "a", Some(",")),
            ("a=, b=1,2,, c=;", "b", Some("1,2,")),
            ("no fields here", "a", None),
            ("a =1", "a", None),
            ("", "", None),
        ] {
            let found =
                get(line.as_bytes(), key).map(|value| String::from_utf8_lossy(value.text()).into_owned());
            assert_eq!(found.as_deref(), expected, "{key} of {line}");
            let with_end = format!("{line}\n");
            assert_eq!(get(with_end.as_bytes(), key).is_some(), expected.is_some(), "{key} of {line}");
        }
    }
}
