//! The row below what is written to a terminal: taken away before each write, and put back behind it.
//!
//! The cursor waits at its beginning, so that what is taken away is that row and all below, however a terminal that has
//! become narrower has broken it.

use std::io::Write;

/// Goes to the beginning of the row, and empties it and all below.
const AWAY: &[u8] = b"\r\x1b[J";

/// The row, and whether it stands there.
#[derive(Debug, Default)]
pub(super) struct Bottom {
    text: String,
    /// The row as it was written, which is empty where it does not stand there.
    shown: Vec<u8>,
}

impl Bottom {
    /// Whether nothing is to be done for it.
    pub(super) fn is_idle(&self) -> bool {
        self.text.is_empty() && self.shown.is_empty()
    }

    /// What the row says from now on; with an empty `text` there is none.
    pub(super) fn say(&mut self, text: &str) {
        text.clone_into(&mut self.text);
    }

    /// What is to be written so that `bytes` stand above the row on a terminal of that many `columns`, without the row
    /// where that is not known.
    pub(super) fn below(&mut self, bytes: &[u8], columns: Option<usize>) -> Vec<u8> {
        let mut out = self.take_away();
        out.extend_from_slice(bytes);
        if bytes.ends_with(b"\n") {
            out.extend(self.put(columns));
        }
        out
    }

    /// What is to be written so that the row says what it shall; nothing where it does so.
    pub(super) fn renewed(&mut self, columns: Option<usize>) -> Vec<u8> {
        let before = std::mem::take(&mut self.shown);
        let row = self.put(columns);
        if row == before {
            return Vec::new();
        }
        if before.is_empty() { row } else { [AWAY, &row].concat() }
    }

    /// What is to be written so that the row is gone, until it is put again.
    pub(super) fn take_away(&mut self) -> Vec<u8> {
        if std::mem::take(&mut self.shown).is_empty() { Vec::new() } else { AWAY.to_vec() }
    }

    fn put(&mut self, columns: Option<usize>) -> Vec<u8> {
        let mut row = Vec::new();
        if let Some(columns) = columns.filter(|_| !self.text.is_empty()) {
            let fitting: String = self.text.chars().take(columns).collect();
            // In reverse, and cut by the terminal itself where letters are wider than one column.
            let _ = write!(row, "\x1b[?7l\x1b[7m{fitting}\x1b[0m\x1b[?7h\r");
        }
        self.shown.clone_from(&row);
        row
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(bytes: Vec<u8>) -> String {
        String::from_utf8(bytes).unwrap()
    }

    #[test]
    fn lines_come_above_the_row_which_is_cut_to_the_terminal() {
        let mut bottom = Bottom::default();
        assert!(bottom.is_idle());
        bottom.say("64 ranks");
        let row = "\x1b[?7l\x1b[7m64 ra\x1b[0m\x1b[?7h\r";
        assert_eq!(text(bottom.renewed(Some(5))), row);
        assert_eq!(text(bottom.renewed(Some(5))), "");
        assert_eq!(text(bottom.below(b"step 1\n", Some(5))), format!("\r\x1b[Jstep 1\n{row}"));
        bottom.say("");
        assert!(!bottom.is_idle());
        assert_eq!(text(bottom.renewed(Some(5))), "\r\x1b[J");
        assert!(bottom.is_idle());
    }

    #[test]
    fn it_waits_for_the_end_of_a_line_and_for_a_terminal() {
        let mut bottom = Bottom::default();
        bottom.say("x");
        assert_eq!(text(bottom.below(b"10%", Some(80))), "10%");
        assert_eq!(text(bottom.below(b"\n", None)), "\n");
        assert_eq!(text(bottom.take_away()), "");
    }
}
