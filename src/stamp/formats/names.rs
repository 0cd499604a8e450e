//! The names of months and weekdays: in English, and as journals abbreviate months in other languages.

/// The months by their first three letters in English.
const MONTHS: &[u8; 36] = b"JanFebMarAprMayJunJulAugSepOctNovDec";
const FULL: [&str; 12] = [
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
];
const WEEKDAYS: &[u8; 21] = b"MonTueWedThuFriSatSun";
const FULL_WEEKDAYS: [&str; 7] =
    ["Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"];

/// What stands for them in German.
const GERMAN_WEEKDAYS: [&[u8]; 7] = [b"Mo", b"Di", b"Mi", b"Do", b"Fr", b"Sa", b"So"];

/// What `strftime`'s `%b` gives elsewhere, month by month: Czech, Danish, Dutch, French, German, Italian, Polish,
/// Portuguese, Russian, Spanish, Swedish, Turkish. Chinese, Japanese and Korean number them.
const ELSEWHERE: [&[&str]; 12] = [
    &["jan", "janv", "ene", "gen", "Oca", "sty", "led", "янв"],
    &["feb", "févr", "fev", "Şub", "lut", "úno", "фев"],
    &["mar", "mars", "Mär", "mrt", "bře", "мар"],
    &["apr", "avril", "abr", "Nis", "kwi", "dub", "апр"],
    &["may", "mai", "maj", "mag", "mei", "kvě", "мая", "май"],
    &["jun", "juin", "giu", "Haz", "cze", "čen", "июн"],
    &["jul", "juil", "lug", "Tem", "lip", "čec", "июл"],
    &["aug", "août", "ago", "Ağu", "sie", "srp", "авг"],
    &["sep", "sept", "set", "Eyl", "wrz", "zář", "сен"],
    &["oct", "okt", "ott", "out", "Eki", "paź", "říj", "окт"],
    &["nov", "Kas", "lis", "ноя"],
    &["dec", "déc", "dez", "dic", "Ara", "gru", "pro", "дек"],
];

/// How many bytes the longest of them has.
const LONGEST: usize = 6;

/// The month that `bytes` begin with, 1 to 12, and how long its name is.
pub(in crate::stamp) fn month(bytes: &[u8]) -> Option<(u8, usize)> {
    // A name begins with a letter, and a number with a digit.
    match bytes.first()? {
        b'0'..=b'9' => return numbered(bytes),
        byte if byte.is_ascii_alphabetic() || *byte >= 0x80 => {}
        _ => return None,
    }
    let Some(month) = english(MONTHS, bytes) else { return elsewhere(bytes) };
    let full = FULL[usize::from(month)].as_bytes();
    let len = match bytes[3..] {
        _ if bytes.starts_with(full) => full.len(),
        // `Nov. 22`.
        [b'.', b' ', ..] => 4,
        _ => 3,
    };
    Some((month + 1, len))
}

/// How long the weekday is that `bytes` begin with.
pub(in crate::stamp) fn weekday(bytes: &[u8]) -> Option<usize> {
    let Some(weekday) = english(WEEKDAYS, bytes) else { return german_weekday(bytes) };
    let full = FULL_WEEKDAYS[usize::from(weekday)].as_bytes();
    Some(if bytes.starts_with(full) { full.len() } else { 3 })
}

/// `So 22. Nov`: two letters and the number of a day.
fn german_weekday(bytes: &[u8]) -> Option<usize> {
    let (word, rest) = bytes.split_at_checked(2)?;
    let dated = matches!(rest, [b' ' | b',' | b'.', ..]) && rest.iter().take(3).any(u8::is_ascii_digit);
    (dated && GERMAN_WEEKDAYS.contains(&word)).then_some(2)
}

fn english(names: &[u8], bytes: &[u8]) -> Option<u8> {
    let word = bytes.get(..3)?;
    names.chunks_exact(3).position(|n| n == word).map(|i| i as u8)
}

/// The same in other languages, with the full stop that may follow.
#[cold]
fn elsewhere(bytes: &[u8]) -> Option<(u8, usize)> {
    // `mar` is not `mars`: the name is the whole word. Most words are too long for one.
    let length =
        bytes.iter().take(LONGEST + 1).take_while(|b| b.is_ascii_alphabetic() || **b >= 0x80).count();
    let word = &bytes[..length];
    if length > LONGEST {
        return None;
    }
    let is_named = |names: &[&str]| names.iter().any(|name| same(word, name.as_bytes()));
    let month = (1..).zip(&ELSEWHERE).find(|(_, names)| is_named(names))?.0;
    Some((month, length + usize::from(bytes.get(length) == Some(&b'.'))))
}

/// Whether two names differ in the case of their ASCII letters at most.
fn same(bytes: &[u8], name: &[u8]) -> bool {
    bytes.eq_ignore_ascii_case(name)
}

/// `11月`, or `11월`.
fn numbered(bytes: &[u8]) -> Option<(u8, usize)> {
    let digits = bytes.iter().take(3).take_while(|b| b.is_ascii_digit()).count();
    if bytes.get(digits).is_none_or(|byte| *byte < 0x80) {
        return None;
    }
    let number: u8 = str::from_utf8(&bytes[..digits]).ok()?.parse().ok()?;
    let named = ["月", "월"].into_iter().find(|sign| bytes[digits..].starts_with(sign.as_bytes()))?;
    (1..=12).contains(&number).then_some((number, digits + named.len()))
}

/// Whether a month of another language may begin a stamp here: a short word, a day, and an hour before a colon.
#[inline]
pub(in crate::stamp) fn may_be_month(bytes: &[u8]) -> bool {
    let Some(blank) = bytes.iter().take(10).position(|b| *b == b' ').filter(|n| *n >= 3) else {
        return false;
    };
    let run = bytes[blank + 1..].iter().take(5).take_while(|b| b.is_ascii_digit() || **b == b' ').count();
    run >= 4 && bytes.get(blank + 1 + run) == Some(&b':')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_month_of_another_language_is_a_whole_word() {
        for (number, name) in
            (1..).zip(&ELSEWHERE).flat_map(|(number, names)| names.iter().map(move |name| (number, name)))
        {
            assert!(name.len() <= LONGEST, "{name}");
            assert_eq!(elsewhere(name.as_bytes()), Some((number, name.len())), "{name}");
            assert_eq!(
                elsewhere(format!("{name}. 22").as_bytes()),
                Some((number, name.len() + 1)),
                "{name}."
            );
            for longer in [format!("{name}x"), format!("{name}é"), format!("x{name}")] {
                assert_eq!(elsewhere(longer.as_bytes()), None, "{longer}");
            }
        }
        assert_eq!(elsewhere(b""), None);
        assert_eq!(elsewhere(b"shards"), None);
    }
}
