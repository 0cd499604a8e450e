//! Who wrote in a block, by prefix: what each said last in it, and whether its first line asks for what it said before.
//!
//! Stamps and steps are inherited alike, so the digests of both keep them here.

use std::hint::select_unpredictable;

use crate::stamp::{ByPrefix, Prefix};

/// What is known of a prefix that occurs in a block.
#[derive(Clone, Copy)]
struct Writer<T> {
    /// Whether its first line in the block says nothing.
    needs: bool,
    /// What it said last in the block.
    last: Option<T>,
}

impl<T> Default for Writer<T> {
    fn default() -> Self {
        Self { needs: false, last: None }
    }
}

/// The prefixes of a block, of which each line may say a `T`.
pub struct Writers<T> {
    all: ByPrefix<Writer<T>>,
    /// What prefixes said last that were seen lately; they go before those in `all`.
    recent: Vec<(Prefix, Option<T>)>,
}

/// How many prefixes are remembered lately.
const RECENT: usize = 256;

#[inline]
fn slot(prefix: Prefix) -> usize {
    (prefix.0.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 56) as usize
}

impl<T: Copy> Default for Writers<T> {
    fn default() -> Self {
        Self { all: ByPrefix::default(), recent: vec![(Prefix::NONE, None); RECENT] }
    }
}

impl<T: Copy> Writers<T> {
    /// A line of `prefix` says nothing.
    #[inline]
    pub fn ask(&mut self, prefix: Prefix) {
        if prefix != Prefix::NONE && self.recent[slot(prefix)].0 != prefix {
            self.all.entry(prefix).or_insert(Writer { needs: true, last: None });
        }
    }

    /// A line of `prefix` says `told`.
    #[inline]
    pub fn say(&mut self, prefix: Prefix, told: T) {
        if prefix == Prefix::NONE {
            return;
        }
        let recent = &mut self.recent[slot(prefix)];
        if recent.0 == prefix {
            recent.1 = Some(told);
            return;
        }
        let (before, last) = std::mem::replace(recent, (prefix, Some(told)));
        if before != Prefix::NONE {
            self.all.entry(before).or_default().last = last;
        }
        self.all.entry(prefix).or_default();
    }

    /// A line of `prefix` says `told`, or nothing: what cannot be foreseen, so there is no branch on it for prefixes that
    /// were seen lately.
    #[inline]
    pub fn tell(&mut self, prefix: Prefix, told: T, says: bool) {
        if prefix == Prefix::NONE {
            return;
        }
        let recent = &mut self.recent[slot(prefix)];
        if recent.0 == prefix {
            recent.1 = select_unpredictable(says, Some(told), recent.1);
        } else if says {
            self.say(prefix, told);
        } else {
            self.ask(prefix);
        }
    }

    /// No line comes any more.
    pub fn settle(&mut self) {
        for (prefix, last) in std::mem::take(&mut self.recent) {
            if prefix != Prefix::NONE {
                self.all.entry(prefix).or_default().last = last;
            }
        }
    }

    /// The prefixes that ask for what they said before the block, in any order.
    pub fn asking(&self) -> impl Iterator<Item = Prefix> {
        self.all.iter().filter(|(_, writer)| writer.needs).map(|(prefix, _)| *prefix)
    }

    /// What the prefixes said last that said anything, in any order.
    pub fn last(&self) -> impl Iterator<Item = (Prefix, T)> {
        self.all.iter().filter_map(|(prefix, writer)| Some((*prefix, writer.last?)))
    }
}
