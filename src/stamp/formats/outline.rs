//! What the first bytes of a shape are, whatever it says: where digits stand, and which bytes are always the same.
//!
//! A place on a line at which no shape fits is the commonest of all, and one comparison of sixteen bytes tells that of a
//! shape; its fields are read where that holds.

/// So many bytes are compared.
const WIDTH: usize = 16;
const ONES: u128 = u128::from_ne_bytes([1; WIDTH]);
const HIGH: u128 = ONES << 7;

/// What must stand at the beginning of a shape.
#[derive(Clone, Copy)]
pub(in crate::stamp) struct Outline {
    /// The high bit of each byte that is a digit.
    digits: u128,
    /// The bytes that are always the same, and all bits of those.
    bytes: u128,
    fixed: u128,
}

impl Outline {
    /// What is sure of `shape`, up to its first field that may be of several lengths.
    pub const fn of(shape: &[u8]) -> Self {
        let mut outline = Self { digits: 0, bytes: 0, fixed: 0 };
        let (mut read, mut at) = (0, 0);
        while read < shape.len() && at < WIDTH {
            if shape[read] != b'%' {
                outline.bytes |= (shape[read] as u128) << (8 * at);
                outline.fixed |= 0xff << (8 * at);
                (read, at) = (read + 1, at + 1);
                continue;
            }
            let Some((digits, others, ends)) = width(shape[read + 1]) else { break };
            let mut digit = 0;
            while digit < digits && at + digit < WIDTH {
                outline.digits |= 0x80 << (8 * (at + digit));
                digit += 1;
            }
            if ends {
                break;
            }
            (read, at) = (read + 2, at + digits + others);
        }
        outline
    }

    /// The same of each of as many shapes.
    pub const fn of_each<const N: usize>(shapes: &[&str]) -> [Self; N] {
        let mut outlines = [Self::of(b""); N];
        let mut row = 0;
        while row < N {
            outlines[row] = Self::of(shapes[row].as_bytes());
            row += 1;
        }
        outlines
    }

    /// Whether the shape may stand at `head`; where it does, this is true.
    #[inline]
    pub fn fits(&self, head: Sixteen) -> bool {
        head.digits & self.digits == self.digits && (head.bytes ^ self.bytes) & self.fixed == 0
    }
}

/// With how many digits a field begins, how many other bytes it has, and whether more may follow.
const fn width(field: u8) -> Option<(usize, usize, bool)> {
    Some(match field {
        b'Y' => (4, 0, false),
        b'y' | b'm' | b'd' | b'V' | b'H' | b'M' | b'S' => (2, 0, false),
        b'n' | b'u' => (1, 0, false),
        b'j' => (3, 0, false),
        b't' | b'L' => (0, 1, false),
        b'C' | b'k' | b'K' | b's' => (1, 0, true),
        b'D' => (2, 0, true),
        _ => return None,
    })
}

/// The bytes at a place of a line.
#[derive(Clone, Copy)]
pub(in crate::stamp) struct Sixteen {
    bytes: u128,
    /// The high bit of each that is a digit.
    digits: u128,
}

impl Sixteen {
    /// Those at `at`; behind the end of the line there are none.
    #[inline]
    pub fn at(line: &[u8], at: usize) -> Self {
        let rest = line.get(at..).unwrap_or_default();
        let bytes = match rest.first_chunk() {
            Some(chunk) => u128::from_le_bytes(*chunk),
            None => rest.iter().rev().fold(0, |bytes, byte| bytes << 8 | u128::from(*byte)),
        };
        let apart = bytes ^ (ONES * u128::from(b'0'));
        let other = ((apart & !HIGH) + ONES * (0x80 - 10)) | apart;
        Self { bytes, digits: !other & HIGH }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stamp::formats::family::FAMILIES;
    use crate::stamp::formats::shape;
    use crate::stamp::vote::SHAPES;
    use proptest::prelude::*;

    /// Text that has a shape, or almost.
    fn almost(shape: &str, fill: &[u8]) -> Vec<u8> {
        let mut fill = fill.iter().cycle();
        let mut next = || usize::from(*fill.next().unwrap_or(&0));
        let mut text = Vec::new();
        let mut shape = shape.bytes();
        while let Some(byte) = shape.next() {
            let field = if byte == b'%' { shape.next() } else { None };
            let Some(field) = field else {
                text.push(byte);
                continue;
            };
            let parts: &[&str] = match field {
                b'Y' => &["2026", "1999", "20", "26x6"],
                b'n' => &["1", "9", "0", "x"],
                b'b' => &["Nov", "November", "août", "11月", "Now"],
                b'C' | b'D' | b'k' | b'K' => &["06:47:12", "06:47", "6:47 AM", "06.47.12,123", "6", "x"],
                b'~' => &[" ", "T", " - ", ", ", "::", "x"],
                b'f' | b'F' => &[".123", ",123456", "", "."],
                b'j' => &["326", "32"],
                b'L' => &["I", "W", "E", "x"],
                b's' => &["1795330032", "1795330032.579", "17"],
                b't' => &[" ", "T", "t", "_"],
                b'w' => &["host", "", "a b"],
                b'z' | b'Z' => &["Z", " +0200", "", "CEST"],
                b'u' => &["7", "0", ""],
                _ => &["11", "26", "06", "1", " 1", "99", ""],
            };
            text.extend_from_slice(parts[next() % parts.len()].as_bytes());
        }
        text
    }

    proptest! {
        #[test]
        fn where_a_shape_stands_its_outline_fits(
            row in 0..FAMILIES.len() + SHAPES.len(), other in 0..FAMILIES.len(), fill in proptest::collection::vec(any::<u8>(), 1..20),
            before in "[ 0-9]{0,2}", after in "[ 0-9a-zZ]{0,20}",
        ) {
            let all: Vec<&str> = FAMILIES.iter().chain(SHAPES.iter()).copied().collect();
            let line = [before.as_bytes(), &almost(all[row], &fill), after.as_bytes()].concat();
            for shape in [all[row], all[other]] {
                let outline = Outline::of(shape.as_bytes());
                for at in 0..=line.len() {
                    let stands = shape::matches(shape.as_bytes(), &line, at).is_some();
                    prop_assert!(!stands || outline.fits(Sixteen::at(&line, at)), "{} at {} of {:?}", shape, at, line.escape_ascii().to_string());
                }
            }
        }
    }

    #[test]
    fn an_outline_leaves_something_out() {
        let fits =
            |shape: &str, line: &str| Outline::of(shape.as_bytes()).fits(Sixteen::at(line.as_bytes(), 0));
        assert!(fits("%Y-%m-%d%~%C", "2026-11-22T06:47:12"));
        assert!(!fits("%Y-%m-%d%~%C", "2026/11/22 06:47:12") && !fits("%Y-%m-%d%~%C", "2026-11-2"));
        assert!(
            fits("[%m%d %C", "[1122 06:47:12")
                && !fits("[%m%d %C", "[1122 x")
                && !fits("[%m%d %C", "[1122x06")
        );
        assert!(fits("%b %e %C", "anything"));
    }
}
