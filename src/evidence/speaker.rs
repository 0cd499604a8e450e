//! Who speaks on a line: the rank that it names (see [`crate::stamp::rank`]), of which replica, behind Ray's parenthesis.

use serde::{Deserialize, Serialize};

use xxhash_rust::xxh3::xxh3_64;

use crate::stamp::behind_writer;
use crate::stamp::rank;

/// The longest name of a replica, `trainer/0`, in bytes.
const LONGEST: usize = 64;
/// The longest parenthesis that Ray puts before a line, in bytes.
const PARENTHESIS: usize = 120;

/// The ranks that a line names: the one of the job, the one of its node, or both.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Ranks {
    /// The number over the whole job.
    pub global: Option<u32>,
    /// The number within one replica or node.
    pub local: Option<u32>,
}

impl Ranks {
    /// Whether no rank is named.
    pub fn is_empty(self) -> bool {
        self == Self::default()
    }
}

/// Who wrote a line, as far as its head tells.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Speaker<'l> {
    /// `trainer/0`, where a scheduler's client put the lines of several replicas into one stream.
    pub replica: &'l [u8],
    /// The ranks.
    pub ranks: Ranks,
}

/// By what a speaker is known: the hash of the replica's name, and the ranks.
pub type Key = (u64, Ranks);

impl Speaker<'_> {
    /// By what it is known.
    pub fn key(&self) -> Key {
        /// The hash of no name, which most have.
        const EMPTY: u64 = 0x2d06_8005_38d3_94c2;
        (if self.replica.is_empty() { EMPTY } else { xxh3_64(self.replica) }, self.ranks)
    }
}

/// Who wrote `line`, and where what was written begins.
pub fn of(line: &[u8]) -> (Speaker<'_>, usize) {
    let at = parenthesis(line);
    let rest = &line[at..];
    let named = rank::named(rest);
    let ranks = Ranks { global: named.global, local: named.local };
    if ranks.is_empty() {
        return (Speaker::default(), 0);
    }
    let words = at + rest.len() - behind_writer(rest).len();
    (Speaker { replica: replica(line), ranks }, words)
}

/// `trainer/0` at the head.
fn replica(line: &[u8]) -> &[u8] {
    let none = &line[..0];
    if !line.first().is_some_and(u8::is_ascii_alphabetic) {
        return none;
    }
    let head = &line[..line.len().min(LONGEST)];
    let Some(end) = memchr::memchr(b' ', head) else { return none };
    let Some(slash) = memchr::memrchr(b'/', &head[..end]) else { return none };
    let number = &head[slash + 1..end];
    let is_number = !number.is_empty() && number.iter().all(u8::is_ascii_digit);
    if is_number { &head[..end] } else { none }
}

/// The length of `(RayTrainWorker pid=77, ip=10.0.0.1) ` at the head; 0 where there is none.
fn parenthesis(line: &[u8]) -> usize {
    if line.first() != Some(&b'(') {
        return 0;
    }
    let head = &line[..line.len().min(PARENTHESIS)];
    let end = memchr::memchr(b')', head).filter(|&end| memchr::memmem::find(&head[..end], b"pid=").is_some());
    end.map_or(0, |end| end + 1 + usize::from(head.get(end + 1) == Some(&b' ')))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn speakers_are_told_apart_by_rank_and_replica() {
        for (line, replica, global, local) in [
            ("[rank3]: step 1", "", Some(3), None),
            ("trainer/0 [2]:hello", "trainer/0", None, Some(2)),
            ("(RayTrainWorker pid=77, ip=10.0.0.1) [rank5]: x", "", Some(5), None),
            ("[1,3]<stderr>:boom", "", Some(3), None),
            ("5: x", "", Some(5), None),
            ("[default7]:[rank15]: x", "", Some(15), Some(7)),
            ("[3]:", "", None, None),
            ("trainer/0 W1128 x", "", None, None),
            ("", "", None, None),
        ] {
            let (speaker, at) = of(line.as_bytes());
            assert_eq!(speaker.replica, replica.as_bytes(), "{line}");
            assert_eq!(speaker.ranks, Ranks { global, local }, "{line}");
            assert!(at <= line.len(), "{line}");
        }
        assert_eq!(of(b"[default7]:[rank15]: x").1, "[default7]:[rank15]: ".len());
    }
}
