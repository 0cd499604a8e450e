//! Whether it matters to a program which digits a line has, or only where they stand.

use regex_syntax::hir::{Class, Hir, HirKind};

/// Whether a program matches a line of ASCII just as it does one that has other digits in their place.
pub(super) fn are_alike(hir: &Hir) -> bool {
    match hir.kind() {
        HirKind::Empty | HirKind::Look(_) => true,
        HirKind::Literal(literal) => !literal.0.iter().any(u8::is_ascii_digit),
        HirKind::Class(class) => has_all_or_none(class),
        HirKind::Repetition(repetition) => are_alike(&repetition.sub),
        HirKind::Capture(capture) => are_alike(&capture.sub),
        HirKind::Concat(parts) | HirKind::Alternation(parts) => parts.iter().all(are_alike),
    }
}

fn has_all_or_none(class: &Class) -> bool {
    let has = |digit: u8| match class {
        Class::Unicode(class) => {
            class.ranges().iter().any(|range| (range.start()..=range.end()).contains(&char::from(digit)))
        }
        Class::Bytes(class) => {
            class.ranges().iter().any(|range| (range.start()..=range.end()).contains(&digit))
        }
    };
    let first = has(b'0');
    (b'1'..=b'9').all(|digit| has(digit) == first)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn programs_that_tell_digits_apart_are_known() {
        for (regex, alike) in [
            ("step", true),
            (r"rank (?-u:\d)+ of", true),
            (r"\w+: [^\n]*grad", true),
            (r"x|[0-9a-f]{4}", true),
            ("code 7", false),
            ("code [1-9]", false),
            ("(?:a|b[^5])", false),
        ] {
            assert_eq!(are_alike(&regex_syntax::parse(regex).unwrap()), alike, "{regex}");
        }
    }
}
