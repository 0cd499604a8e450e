//! What a scan is for, and what it comes to in numbers.

/// What becomes of the lines that a job selects.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Purpose {
    /// Their text is wanted.
    Text,
    /// Their bytes are wanted, be they text or not.
    Bytes,
    /// All blocks are wanted, selected lines or not, for the fold of times must see every line.
    EveryBlock {
        /// Whether the text of the lines is wanted, and not only their bytes.
        decoded: bool,
    },
    /// Only their number is wanted.
    Count,
}

impl Purpose {
    /// The same, where the lines are wanted and not only their number: they are still to be timed.
    #[must_use]
    pub fn of_lines(self) -> Self {
        if self == Self::Count { Self::Bytes } else { self }
    }

    /// The same, where lines must be timed that are not selected.
    #[must_use]
    pub fn of_every_block(self) -> Self {
        match self {
            Self::Text => Self::EveryBlock { decoded: true },
            Self::Bytes | Self::Count => Self::EveryBlock { decoded: false },
            Self::EveryBlock { .. } => self,
        }
    }
}

/// What was read, in numbers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counters {
    /// Bytes of the file that were read.
    pub bytes_read: u64,
    /// Bytes that an index made it needless to read.
    pub bytes_skipped: u64,
    /// How many of these the index of text did.
    pub skipped_by_text: u64,
    /// Holes that were dropped.
    pub holes: u64,
    /// Lines that were counted and not delivered.
    pub counted: u64,
}

impl Counters {
    /// Adds what `other` counted.
    pub fn add(&mut self, other: Counters) {
        self.bytes_read += other.bytes_read;
        self.bytes_skipped += other.bytes_skipped;
        self.skipped_by_text += other.skipped_by_text;
        self.holes += other.holes;
        self.counted += other.counted;
    }
}
