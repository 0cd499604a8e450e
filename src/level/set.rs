//! Which levels the lines of a block have.

use super::Level;

/// A set of levels; lines without one are not told in it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Set(u8);

impl Set {
    /// Adds `level`.
    pub fn add(&mut self, level: Level) {
        self.0 |= 1 << level as u8;
    }

    /// Whether it has a level that is `least` or graver.
    pub fn reaches(self, least: Level) -> bool {
        self.0 >> least as u8 != 0
    }

    /// A number by which to store it.
    pub fn code(self) -> u8 {
        self.0
    }

    /// The set with this number, if there is one.
    pub fn from_code(code: u8) -> Option<Self> {
        (code & 1 == 0 && code >> (Level::Critical as u8 + 1) == 0).then_some(Self(code))
    }
}
