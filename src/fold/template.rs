//! What two lines have in common that differ in numbers only: the text around the numbers, and where these stand.

use std::ops::Range;

/// What a variable holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum VariableKind {
    /// A number, with its sign, fraction and exponent.
    Number,
    /// A time of day or a date, at the head of the line or not.
    Stamp,
}

/// A variable, as those who mine logs for templates call it: a place whose text may be another on lines that are alike.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Variable {
    /// What stands there.
    pub kind: VariableKind,
    /// Where it stands in the line.
    pub at: Range<usize>,
}

/// What stands for a number, for a stamp, and before a byte of the line that is one of the three.
const NUMBER: u8 = 1;
const STAMP: u8 = 2;
const ESCAPE: u8 = 3;

/// Takes `line` apart: what is not a number goes to `skeleton`, and what is, to `variables`. Lines of the same skeleton
/// have as many variables of the same kinds, and the same text around them.
pub fn take_apart(line: &[u8], skeleton: &mut Vec<u8>, variables: &mut Vec<Variable>) {
    skeleton.clear();
    variables.clear();
    let mut at = 0;
    while let Some(&byte) = line.get(at) {
        if byte.is_ascii_digit() || is_sign(line, at) {
            let (kind, end) = stamp(line, at)
                .map_or_else(|| (VariableKind::Number, number(line, at)), |end| (VariableKind::Stamp, end));
            skeleton.push(if kind == VariableKind::Stamp { STAMP } else { NUMBER });
            variables.push(Variable { kind, at: at..end });
            at = end;
        } else {
            if byte <= ESCAPE && byte > 0 {
                skeleton.push(ESCAPE);
            }
            // This byte, and those behind it that are sure to be text.
            let rest = &line[at + 1..];
            let text =
                rest.iter().position(|byte| byte.is_ascii_digit() || matches!(byte, b'-' | 0..=ESCAPE));
            let end = at + 1 + text.unwrap_or(rest.len());
            skeleton.extend_from_slice(&line[at..end]);
            at = end;
        }
    }
}

/// Whether two lines have the same bytes, but for digits that stand for other digits. Such lines have the same skeleton,
/// and their numbers at the same places, for nothing but the place of digits tells where a number or a stamp is.
pub fn have_one_shape(one: &[u8], other: &[u8]) -> bool {
    // Without branches, so that many bytes are compared at once.
    let differ = |one: u8, other: u8| {
        u8::from(one != other) & !(u8::from(one.is_ascii_digit()) & u8::from(other.is_ascii_digit()))
    };
    one.len() == other.len()
        && one.iter().zip(other).fold(0, |wrong, (one, other)| wrong | differ(*one, *other)) == 0
}

/// Whether a minus of a number stands at `at`, and not the dash of a word or a range.
fn is_sign(line: &[u8], at: usize) -> bool {
    line[at] == b'-'
        && line.get(at + 1).is_some_and(u8::is_ascii_digit)
        && (at == 0 || matches!(line[at - 1], b' ' | b'=' | b'(' | b'[' | b',' | b':' | b'\t'))
}

fn digits(line: &[u8], from: usize) -> usize {
    let rest = line.get(from..).unwrap_or_default();
    from + rest.iter().position(|byte| !byte.is_ascii_digit()).unwrap_or(rest.len())
}

/// Where the number ends that begins at `at`.
fn number(line: &[u8], at: usize) -> usize {
    let mut end = digits(line, at + usize::from(line[at] == b'-'));
    if line.get(end) == Some(&b'.') && line.get(end + 1).is_some_and(u8::is_ascii_digit) {
        end = digits(line, end + 1);
    }
    if matches!(line.get(end), Some(b'e' | b'E')) {
        let sign = usize::from(matches!(line.get(end + 1), Some(b'+' | b'-')));
        let exponent = digits(line, end + 1 + sign);
        if exponent > end + 1 + sign {
            end = exponent;
        }
    }
    end
}

/// Where the stamp ends that begins at `at`: `02:10:00.123`, `2026-11-22`, `2026-11-22T02:10:00Z`.
fn stamp(line: &[u8], at: usize) -> Option<usize> {
    let (day, clock) = (date(line, at), of_day(line, at));
    let end = match day {
        Some(end) if line.get(end) == Some(&b'T') => of_day(line, end + 1).unwrap_or(end),
        Some(end) => end,
        None => clock?,
    };
    Some(end + usize::from(line.get(end) == Some(&b'Z')))
}

fn date(line: &[u8], at: usize) -> Option<usize> {
    let text = line.get(at..at + 10)?;
    let fits = text.iter().enumerate().all(|(n, byte)| match n {
        4 | 7 => matches!(byte, b'-' | b'/') && *byte == text[4],
        _ => byte.is_ascii_digit(),
    });
    (fits && !line.get(at + 10).is_some_and(u8::is_ascii_digit)).then_some(at + 10)
}

fn of_day(line: &[u8], at: usize) -> Option<usize> {
    let text = line.get(at..at + 8)?;
    let fits = text.iter().enumerate().all(|(n, byte)| match n {
        2 | 5 => *byte == b':',
        _ => byte.is_ascii_digit(),
    });
    if !fits {
        return None;
    }
    let fraction =
        matches!(line.get(at + 8), Some(b'.' | b',')) && line.get(at + 9).is_some_and(u8::is_ascii_digit);
    Some(if fraction { digits(line, at + 9) } else { at + 8 })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn apart(line: &str) -> (Vec<u8>, Vec<&str>) {
        let (mut skeleton, mut variables) = (Vec::new(), Vec::new());
        take_apart(line.as_bytes(), &mut skeleton, &mut variables);
        (skeleton, variables.into_iter().map(|place| &line[place.at]).collect())
    }

    #[test]
    fn numbers_and_stamps_are_taken_out() {
        let (skeleton, texts) = apart("2026-11-22 02:10:00,123 step 25 loss=-2.05e-3 rank3: a-7 1.\n");
        assert_eq!(skeleton, b"\x02 \x02 step \x01 loss=\x01 rank\x01: a-\x01 \x01.\n");
        assert_eq!(texts, ["2026-11-22", "02:10:00,123", "25", "-2.05e-3", "3", "7", "1"]);
        assert_eq!(apart("2026-11-22T02:10:00.5Z x").1, ["2026-11-22T02:10:00.5Z"]);
        assert_eq!(apart("1:2:3 12:34 2e").1, ["1", "2", "3", "12", "34", "2"]);
    }

    #[test]
    fn lines_of_one_shape_have_the_skeleton_and_the_places_of_each_other() {
        let parts = |line: &[u8]| {
            let (mut skeleton, mut variables) = (Vec::new(), Vec::new());
            take_apart(line, &mut skeleton, &mut variables);
            (skeleton, variables)
        };
        proptest::proptest!(|(line in "[0-9a:T.e,/=-]{0,24}", digits in proptest::collection::vec(0..10u8, 24))| {
            let other: Vec<u8> = std::iter::zip(line.bytes(), digits)
                .map(|(byte, digit)| if byte.is_ascii_digit() { b'0' + digit } else { byte })
                .collect();
            proptest::prop_assert!(have_one_shape(line.as_bytes(), &other));
            proptest::prop_assert_eq!(parts(line.as_bytes()), parts(&other));
        });
        for other in ["step 1\n", "step x2\n", "step 12", "stop 12\n"] {
            assert!(!have_one_shape(b"step 12\n", other.as_bytes()), "{other:?}");
        }
    }

    #[test]
    fn bytes_that_stand_for_numbers_are_no_numbers() {
        assert_ne!(apart("\u{1} 5").0, apart("5 \u{1}").0);
        assert_ne!(apart("\u{3}\u{1}").0, apart("\u{3}5").0);
    }
}
