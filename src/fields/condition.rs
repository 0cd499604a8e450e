//! What is asked of a field.

use std::cmp::Ordering;

use super::look::KeyLook;
use super::{Value, get};
use crate::error::{Error, Result};
use crate::line::{self, Line};

/// How a field is compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Operator {
    /// `=` or `==`.
    Equal,
    /// `!=`.
    Unequal,
    /// `<`.
    Less,
    /// `<=`.
    LessOrEqual,
    /// `>`.
    Greater,
    /// `>=`.
    GreaterOrEqual,
}

/// The operators as they are written; of two that fit, the longer one first.
const OPERATORS: [(&str, Operator); 7] = [
    ("==", Operator::Equal),
    ("!=", Operator::Unequal),
    ("<=", Operator::LessOrEqual),
    (">=", Operator::GreaterOrEqual),
    ("=", Operator::Equal),
    ("<", Operator::Less),
    (">", Operator::Greater),
];

impl Operator {
    /// Whether it holds of two values that lie so to one another; `None` of numbers of which one is not a number.
    fn holds(self, order: Option<Ordering>) -> bool {
        match self {
            Self::Equal => order == Some(Ordering::Equal),
            Self::Unequal => order != Some(Ordering::Equal),
            Self::Less => order == Some(Ordering::Less),
            Self::LessOrEqual => matches!(order, Some(Ordering::Less | Ordering::Equal)),
            Self::Greater => order == Some(Ordering::Greater),
            Self::GreaterOrEqual => matches!(order, Some(Ordering::Greater | Ordering::Equal)),
        }
    }
}

/// A comparison of a field with a value.
///
/// Where both are numbers they are compared as numbers. Otherwise `=` and `!=` compare texts, byte by byte, and so do the
/// others with a value that is no number; with a number (`took>3`) they hold of no text (`12ms`: units are left alone).
#[derive(Clone, Debug, PartialEq)]
pub struct Condition {
    field: String,
    operator: Operator,
    text: String,
    number: Option<Number>,
    /// How lines are found of which it may hold; `None` where each has to be read.
    look: Option<KeyLook>,
}

impl Condition {
    /// What `said` asks: `status>=500`, `component = tsdb`, `msg="two words"`.
    ///
    /// # Errors
    /// `Error::Value` where it names no field or no operator.
    pub fn parse(said: &str) -> Result<Self> {
        let split = said.char_indices().find_map(|(at, _)| {
            let (sign, operator) = OPERATORS.iter().find(|(sign, _)| said[at..].starts_with(sign))?;
            Some((said[..at].trim(), *operator, said[at + sign.len()..].trim()))
        });
        let Some((field, operator, value)) = split.filter(|(field, ..)| !field.is_empty()) else {
            return Err(Error::Value(format!(
                "where={said:?}: give a field, one of = != < <= > >=, and a value, such as status>=500"
            )));
        };
        if value.is_empty() && !matches!(operator, Operator::Equal | Operator::Unequal) {
            return Err(Error::Value(format!(
                "where={said:?}: give a value to compare with, such as {field}>3"
            )));
        }
        if operator == Operator::Equal && value.starts_with(['<', '>']) {
            let meant = format!("{field}{}={}", &value[..1], value[1..].trim());
            return Err(Error::Value(format!(
                "where={said:?}: there is no such comparison; write {meant:?}, or {field}=\"{value}\" for that text"
            )));
        }
        let quoted = value.len() >= 2 && value.starts_with('"') && value.ends_with('"');
        let text = if quoted { &value[1..value.len() - 1] } else { value };
        let number = if quoted { None } else { Number::parse(text.as_bytes()) };
        let sought = (operator == Operator::Equal && number.is_none()).then_some(text);
        let look = KeyLook::of(field, sought);
        Ok(Self { field: field.to_owned(), operator, text: text.to_owned(), number, look })
    }

    /// The name of the field.
    pub fn field(&self) -> &str {
        &self.field
    }

    /// Whether it holds of `line`.
    pub fn holds(&self, line: &[u8]) -> bool {
        let mut may_hold = self.look.is_none();
        if let Some(look) = &self.look {
            look.lines(line, |value| self.holds_of(value), |_| may_hold = true);
        }
        may_hold && self.reads(line)
    }

    /// The lines of `text`, which are whole, of which it holds, in order.
    pub fn lines(&self, text: &[u8]) -> Vec<Line> {
        let mut lines = Vec::new();
        match &self.look {
            Some(look) => look.lines(text, |value| self.holds_of(value), |line| lines.push(line)),
            None => lines.extend(line::lines(text)),
        }
        lines.retain(|line| self.reads(line.of(text)));
        lines
    }

    /// Whether it holds of the field as it is read of `line`.
    fn reads(&self, line: &[u8]) -> bool {
        get(line, &self.field).is_some_and(|value| self.holds_of(&value))
    }

    /// Whether it holds of a field's value.
    pub fn holds_of(&self, value: &Value<'_>) -> bool {
        let theirs = Number::parse(value.text());
        match (theirs, self.number) {
            (Some(theirs), Some(ours)) => self.operator.holds(theirs.order(ours)),
            (None, Some(_)) if !matches!(self.operator, Operator::Equal | Operator::Unequal) => false,
            _ => self.operator.holds(Some(value.text().cmp(self.text.as_bytes()))),
        }
    }
}

/// A number as JSON and Python write it.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Number {
    Whole(i128),
    Float(f64),
}

impl Number {
    /// The number that `text` is, and nothing more.
    fn parse(text: &[u8]) -> Option<Self> {
        if (1..=18).contains(&text.len()) && text.iter().all(u8::is_ascii_digit) {
            let whole = text.iter().fold(0, |whole: i64, digit| whole * 10 + i64::from(digit - b'0'));
            return Some(Self::Whole(whole.into()));
        }
        if !matches!(text.first()?, b'0'..=b'9' | b'.' | b'-' | b'+' | b'n' | b'N' | b'i' | b'I') {
            return None;
        }
        let text = str::from_utf8(text).ok()?;
        let body = text.strip_prefix(['-', '+']).unwrap_or(text);
        let is_float = body.starts_with(|c: char| c.is_ascii_digit() || c == '.')
            && body.bytes().all(|b| b.is_ascii_digit() || matches!(b, b'.' | b'e' | b'E' | b'+' | b'-'));
        let is_word = ["nan", "inf", "infinity"].iter().any(|word| body.eq_ignore_ascii_case(word));
        if !is_float && !is_word {
            return None;
        }
        if body.bytes().all(|b| b.is_ascii_digit())
            && let Ok(whole) = text.parse()
        {
            return Some(Self::Whole(whole));
        }
        text.parse().ok().map(Self::Float)
    }

    fn order(self, other: Self) -> Option<Ordering> {
        match (self, other) {
            (Self::Whole(a), Self::Whole(b)) => Some(a.cmp(&b)),
            (a, b) => a.float().partial_cmp(&b.float()),
        }
    }

    #[expect(clippy::cast_precision_loss, reason = "beside a number that is a float itself")]
    fn float(self) -> f64 {
        match self {
            Self::Whole(whole) => whole as f64,
            Self::Float(float) => float,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// Pieces of which lines with fields are made, and texts that are asked for.
    fn word() -> impl Strategy<Value = &'static str> {
        prop::sample::select(vec!["a", "ab", "a.b", "b", "1", "1.0", "x y", "é", "nan", ""])
    }

    fn field() -> impl Strategy<Value = String> {
        let json = prop_oneof![
            (word(), word()).prop_map(|(key, value)| format!("{key:?}: {value:?}")),
            (word(), word()).prop_map(|(key, value)| format!("\"\\u0061{key}\": \"\\u0061{value}\"")),
            (word(), word(), word())
                .prop_map(|(key, inner, value)| format!("{key:?}: {{{inner:?}: {value:?}}}")),
            word().prop_map(|key| format!("{key:?}: 1")),
            (word(), word()).prop_map(|(key, value)| format!("{key:?}\t:\r\"{value}\\u0061\"")),
            (word(), word())
                .prop_map(|(key, value)| format!("{value:?}: [{{{key:?}: 1}}], {value:?}: {key:?}")),
        ];
        prop_oneof![
            prop::collection::vec(json, 0..4).prop_map(|fields| format!("{{{}}}", fields.join(", "))),
            (word(), word()).prop_map(|(key, value)| format!("{key}={value} {value}={key}")),
            (word(), word()).prop_map(|(key, value)| format!("{key}={value}, {value}={key};")),
            (word(), word()).prop_map(|(key, value)| format!("{key}=\"\\{value}\" x")),
            (word(), word())
                .prop_map(|(key, value)| format!("msg=\"{key}={value}\" {key}={value}{key}=\"{value}")),
        ]
    }

    proptest! {
        #[test]
        fn the_quick_look_leaves_out_no_line(
            lines in prop::collection::vec(field(), 1..6), key in word(), sign in 0_usize..7, value in word(),
        ) {
            let said = format!("{key}{}{value}", OPERATORS[sign].0);
            let text = lines.join("\n");
            if let Ok(condition) = Condition::parse(&said) {
                let holds = |line: &[u8]| get(line, condition.field()).is_some_and(|value| condition.holds_of(&value));
                let slow: Vec<Line> = line::lines(text.as_bytes()).filter(|line| holds(line.of(text.as_bytes()))).collect();
                for line in line::lines(text.as_bytes()) {
                    let of = line.of(text.as_bytes());
                    prop_assert_eq!(condition.holds(of), slow.contains(&line), "{} of {}", said, of.escape_ascii());
                }
                prop_assert_eq!(condition.lines(text.as_bytes()), slow, "{} of {}", said, text);
            }
        }
    }

    #[test]
    fn numbers_are_compared_as_numbers_and_texts_as_texts() {
        let line = br#"{"status": 503, "loss": NaN, "took": "12ms", "name": "tsdb", "n": "10", "big": 9007199254740993}"#;
        for (said, expected) in [
            ("status>=500", true),
            ("status >= 503.0", true),
            ("status < 60", false),
            ("status=503", true),
            ("status!=503", false),
            ("loss>3", false),
            ("loss!=3", true),
            ("loss=nan", false),
            ("took>3", false),
            ("took=12ms", true),
            ("took>11ms", true),
            ("name=tsdb", true),
            ("name=\"tsdb\"", true),
            ("name!=x", true),
            ("n>9", true),
            ("n>\"9\"", false),
            ("big=9007199254740992", false),
            ("missing!=1", false),
            ("missing=1", false),
        ] {
            assert_eq!(Condition::parse(said).unwrap().holds(line), expected, "{said}");
        }
        for said in ["", "status", "=3", " >= 5", "status>", "loss <= "] {
            assert!(Condition::parse(said).is_err(), "{said}");
        }
    }
}
