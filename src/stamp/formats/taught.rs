//! A format that the user teaches, in the directives of `strptime`: `%d.%m.%Y %H:%M:%S`.

use std::os::unix::ffi::OsStrExt;
use std::sync::Arc;

use memchr::memmem;

use crate::error::{Error, Result};
use crate::stamp::civil::{self, DAY, HOUR, LEAP_YEAR, MINUTE, SECOND};
use crate::stamp::formats::digits::digit;
use crate::stamp::formats::shape::{Fraction, zone};
use crate::stamp::formats::{epoch, names};
use crate::stamp::told::Told;
use crate::stamp::{Frame, Stamp};

/// How far into a line a taught stamp is looked for, in bytes.
const REACH: usize = 4 << 10;

/// A part of a format.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum FormatPart {
    /// This byte.
    Byte(u8),
    /// Blanks, one or more.
    Blanks,
    /// What a directive stands for.
    Field(u8),
}

/// A format that the user teaches, and what stands before the stamps that have it.
///
/// It is found at the first place of a line where it fits and does not go on from a longer number or word; behind
/// `prefix`, if that is given, and blanks. A line on which it is not found may still have a stamp that stands for itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Taught {
    format: String,
    prefix: Vec<u8>,
    parts: Vec<FormatPart>,
    /// A table of times that counts in place of a format.
    told: Option<Arc<Told>>,
}

impl Taught {
    /// Not a format, but a table that tells the times of lines; where it tells none, what stands on the line counts.
    pub fn by_table(told: Told) -> Self {
        let (format, prefix) = (String::new(), told.path().as_os_str().as_bytes().to_vec());
        Self { format, prefix, parts: Vec::new(), told: Some(Arc::new(told)) }
    }

    /// Whether a table tells to which stream each line was written.
    pub fn tells_streams(&self) -> bool {
        self.told.is_some()
    }

    /// The table that tells times.
    #[inline]
    pub(crate) fn told(&self) -> Option<&Told> {
        self.told.as_deref()
    }

    /// The format `format`, behind the text `prefix`.
    ///
    /// # Errors
    /// `Error::Value` where it has a directive that is not known, or says no time.
    pub fn new(format: &str, prefix: &str) -> Result<Self> {
        let refuse = |why: String| Err(Error::Value(format!("stamp={format:?}: {why}")));
        let (mut parts, mut bytes) = (Vec::new(), format.bytes().peekable());
        while let Some(byte) = bytes.next() {
            match byte {
                b'%' => {
                    // `%-d` asks `strftime` for no padding; to read, any will do.
                    let _ = bytes.next_if_eq(&b'-');
                    let Some(directive) = bytes.next() else {
                        return refuse("a % stands at its end; write %% for one".to_owned());
                    };
                    match directive {
                        b'%' => parts.push(FormatPart::Byte(b'%')),
                        b'T' => parts.extend(parts_of(b"H:M:S")),
                        b'R' => parts.extend(parts_of(b"H:M")),
                        b'F' => parts.extend(parts_of(b"Y-m-d")),
                        b'D' => parts.extend(parts_of(b"m/d/y")),
                        b'h' | b'B' => parts.push(FormatPart::Field(b'b')),
                        b'A' => parts.push(FormatPart::Field(b'a')),
                        b'e' => parts.push(FormatPart::Field(b'd')),
                        b'Y' | b'y' | b'm' | b'd' | b'b' | b'a' | b'H' | b'I' | b'M' | b'S' | b'f' | b'p'
                        | b'z' | b'Z' | b's' => parts.push(FormatPart::Field(directive)),
                        _ => {
                            return refuse(format!(
                                "%{} is not known; known are %Y %y %m %d %b %a %H %I %M %S %f %p %z %Z %s %F %T %D %R",
                                char::from(directive).escape_default()
                            ));
                        }
                    }
                }
                byte if byte.is_ascii_whitespace() => {
                    if parts.last() != Some(&FormatPart::Blanks) {
                        parts.push(FormatPart::Blanks);
                    }
                }
                byte => parts.push(FormatPart::Byte(byte)),
            }
        }
        let has = |fields: &[u8]| fields.iter().any(|field| parts.contains(&FormatPart::Field(*field)));
        if !has(b"HIs") {
            return refuse("it says no time of day; give %H and %M, or %s".to_owned());
        }
        if has(b"Yymdb") && !(has(b"mb") && has(b"d")) {
            return refuse("it says a part of a date; give month and day, or none of them".to_owned());
        }
        if matches!(parts[..], [FormatPart::Field(b's')]) && prefix.is_empty() {
            return refuse(
                "%s by itself is any long number; give prefix, or what stands around it".to_owned(),
            );
        }
        Ok(Self { format: format.to_owned(), prefix: prefix.as_bytes().to_vec(), parts, told: None })
    }

    /// A number that tells it from others, by which what is stored of it is told apart.
    pub fn code(&self) -> u64 {
        let told = [self.format.as_bytes(), b"\0", &self.prefix].concat();
        xxhash_rust::xxh3::xxh3_64(&told)
    }

    /// Whether it says a time of day and no date.
    pub(in crate::stamp) fn is_time_of_day(&self) -> bool {
        self.told.is_none() && !self.parts.iter().any(|part| matches!(part, FormatPart::Field(b'd' | b's')))
    }

    /// The stamp on `line`.
    pub(in crate::stamp) fn find(&self, line: &[u8]) -> Option<Stamp> {
        if self.told.is_some() {
            return None;
        }
        let head = &line[..line.len().min(REACH)];
        if self.prefix.is_empty() {
            return (0..head.len()).find_map(|at| self.at(head, at));
        }
        memmem::find_iter(head, &self.prefix).find_map(|at| {
            let start = at + self.prefix.len();
            let blanks = head[start..].iter().take_while(|b| matches!(b, b' ' | b'\t')).count();
            self.at(head, start).or_else(|| self.at(head, start + blanks))
        })
    }

    fn at(&self, bytes: &[u8], at: usize) -> Option<Stamp> {
        let (before, first) = (at.checked_sub(1).map(|n| bytes[n]), *bytes.get(at)?);
        if before.is_some_and(|b| b.is_ascii_digit() && first.is_ascii_digit()) {
            return None;
        }
        let (mut read, mut end) = (Read::default(), at);
        for part in &self.parts {
            end = match part {
                FormatPart::Byte(byte) => (bytes.get(end) == Some(byte)).then_some(end + 1)?,
                FormatPart::Blanks => {
                    let blanks = bytes[end..].iter().take_while(|b| matches!(b, b' ' | b'\t')).count();
                    (blanks > 0).then_some(end + blanks)?
                }
                FormatPart::Field(field) => read.take(*field, bytes, end)?,
            };
        }
        let longer = bytes[end - 1].is_ascii_digit() && digit(bytes, end).is_some();
        if longer { None } else { read.stamp() }
    }
}

/// The parts of a composite directive, of which letters are fields.
fn parts_of(shape: &[u8]) -> impl Iterator<Item = FormatPart> + '_ {
    shape.iter().map(|byte| {
        if byte.is_ascii_alphabetic() { FormatPart::Field(*byte) } else { FormatPart::Byte(*byte) }
    })
}

/// What was read of a stamp.
#[derive(Default)]
struct Read {
    year: Option<i64>,
    date: Option<(u8, u8)>,
    hour: u8,
    minute: u8,
    second: Option<u8>,
    half: Option<u8>,
    fraction: Option<Fraction>,
    zone: Option<i16>,
    epoch: Option<Stamp>,
}

impl Read {
    /// Takes one field at `at`, and says where it ends.
    fn take(&mut self, field: u8, bytes: &[u8], at: usize) -> Option<usize> {
        let number = |most: usize| {
            let len = bytes[at..].iter().take(most).take_while(|b| b.is_ascii_digit()).count();
            let value: i64 = str::from_utf8(&bytes[at..at + len]).ok()?.parse().ok()?;
            Some((value, at + len))
        };
        let short = |(value, end): (i64, usize)| Some((u8::try_from(value).ok()?, end));
        let (month, day) = self.date.unwrap_or_default();
        match field {
            b'Y' | b'y' => {
                let digits = if field == b'Y' { 4 } else { 2 };
                let (value, end) = number(digits).filter(|(_, end)| *end == at + digits)?;
                // As `strptime` has it: 69 is 1969.
                let century = if field == b'Y' { 0 } else { 1900 + 100 * i64::from(value < 69) };
                self.year = Some(value + century).filter(|year| (1970..2200).contains(year));
                self.year.map(|_| end)
            }
            b'm' | b'd' => {
                let (value, end) = number(2).and_then(short)?;
                self.date = Some(if field == b'm' { (value, day) } else { (month, value) });
                Some(end)
            }
            b'b' => {
                let (month, len) = names::month(&bytes[at..])?;
                self.date = Some((month, day));
                Some(at + len)
            }
            b'a' => names::weekday(&bytes[at..]).map(|len| at + len),
            b'H' | b'I' | b'M' | b'S' => {
                let (value, end) = number(2).and_then(short)?;
                match field {
                    b'M' => self.minute = value,
                    b'S' => self.second = Some(value),
                    _ => self.hour = value,
                }
                Some(end)
            }
            b'f' => {
                let (value, end) = number(9)?;
                let resolution = 10_u32.pow(9 - (end - at) as u32);
                self.fraction = Some(Fraction { nanos: value * i64::from(resolution), resolution });
                Some(end)
            }
            b'p' => {
                let word = bytes.get(at..at + 2)?.to_ascii_uppercase();
                self.half = match &word[..] {
                    b"AM" => Some(0),
                    b"PM" => Some(12),
                    _ => return None,
                };
                Some(at + 2)
            }
            b'z' => {
                let (zone, end) = zone(bytes, at)?;
                self.zone = Some(zone);
                Some(end)
            }
            b'Z' => {
                let len = bytes[at..].iter().take_while(|b| b.is_ascii_alphabetic()).count();
                self.zone = matches!(&bytes[at..at + len], b"UTC" | b"GMT" | b"Z").then_some(0);
                (len > 0).then_some(at + len)
            }
            _ => {
                let (stamp, end) = epoch::number(bytes, at)?;
                self.epoch = Some(stamp);
                Some(end)
            }
        }
    }

    fn stamp(&self) -> Option<Stamp> {
        if self.epoch.is_some() {
            return self.epoch;
        }
        let hour = match self.half {
            Some(half) => (1..=12).contains(&self.hour).then_some(self.hour % 12 + half)?,
            None => self.hour,
        };
        if hour > 23 || self.minute > 59 || self.second.is_some_and(|second| second > 60) {
            return None;
        }
        let fraction = match (self.fraction, self.second) {
            (Some(fraction), _) => fraction,
            (None, Some(_)) => Fraction::NONE,
            (None, None) => Fraction { nanos: 0, resolution: Stamp::A_MINUTE },
        };
        let time = i64::from(hour) * HOUR
            + i64::from(self.minute) * MINUTE
            + i64::from(self.second.unwrap_or(0)) * SECOND
            + fraction.nanos;
        let Some((month, day)) = self.date else {
            return Some(
                Stamp::new(Frame::Dayless, time.rem_euclid(DAY), fraction.resolution).zoned(self.zone),
            );
        };
        if !civil::is_date(self.year, month, day) {
            return None;
        }
        let stamp = if let Some(year) = self.year {
            Stamp::civil(civil::date(year, month, day) + time, fraction.resolution)
        } else {
            let yearless = civil::day_of_leap_year(month, day) * DAY + time;
            Stamp::new(Frame::Yearless, yearless.rem_euclid(LEAP_YEAR), fraction.resolution)
        };
        Some(stamp.zoned(self.zone))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(format: &str, prefix: &str, line: &str) -> Option<(i64, i64)> {
        let stamp = Taught::new(format, prefix).unwrap().find(line.as_bytes())?;
        Some((stamp.ns, stamp.width()))
    }

    #[test]
    fn a_taught_format_is_found_anywhere_or_behind_its_prefix() {
        let at = civil::date(2026, 11, 22) + 6 * HOUR + 47 * MINUTE + 12 * SECOND;
        for (format, prefix, line, expected) in [
            ("%d.%m.%Y %H:%M:%S", "", "x 22.11.2026 06:47:12 y", Some((at, SECOND))),
            ("%d.%m.%Y  %H:%M:%S", "", "22.11.2026\t06:47:12", Some((at, SECOND))),
            ("%d/%m/%y %I:%M:%S %p", "", "(22/11/26 6:47:12 AM)", Some((at, SECOND))),
            ("%Hh%Mm%Ss on %-d %b %Y", "", "06h47m12s on 22 Nov 2026.", Some((at, SECOND))),
            ("%F_%T.%f", "", "2026-11-22_06:47:12.125", Some((at + 125_000_000, 1_000_000))),
            ("%Y%m%d-%H%M", "", "run 20261122-0647 x", Some((at - 12 * SECOND, MINUTE))),
            ("%Y-%m-%d %H:%M:%S%z", "", "2026-11-22 06:47:12+0100 x", Some((at - HOUR, SECOND))),
            ("%s", "when=", "when=1795330032 x", Some((at, SECOND))),
            (
                "%d.%m.%Y %H:%M:%S",
                "end: ",
                "22.11.2026 01:00:00 end:  22.11.2026 06:47:12",
                Some((at, SECOND)),
            ),
            ("%d.%m.%Y %H:%M:%S", "end: ", "22.11.2026 06:47:12", None),
            ("%d.%m.%Y %H:%M:%S", "", "122.11.2026 06:47:12", None),
            ("%d.%m.%Y %H:%M:%S", "", "22.13.2026 06:47:12", None),
            ("%d.%m.%Y %H:%M:%S", "", "22.11.2026 06:47:123", None),
        ] {
            assert_eq!(read(format, prefix, line), expected, "{format} on {line}");
        }
    }

    #[test]
    fn a_format_that_says_no_time_is_refused() {
        for (format, why) in [
            ("%d.%m.%Y", "no time of day"),
            ("%m %H:%M", "part of a date"),
            ("%Q", "not known"),
            ("%H:%", "at its end"),
            ("%s", "any long number"),
            ("", "no time of day"),
        ] {
            let told = Taught::new(format, "").unwrap_err().to_string();
            assert!(told.contains(why), "{told}");
        }
    }
}
