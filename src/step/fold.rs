//! The step of every line, as a fold over the file: `(state, line) -> (state, step)`.

use super::StepBlock;
use crate::stamp::{ByPrefix, PREFIXES, Prefix};

/// The state after some lines; bounded, whatever the file.
#[derive(Clone, Debug, Default)]
pub struct Steps {
    first: Option<u64>,
    last: Option<u64>,
    /// The last step of each prefix that is told apart.
    by_prefix: ByPrefix<u64>,
}

impl Steps {
    /// Before the first line of a file whose first step is `first`: lines before it take it.
    pub fn starting(first: Option<u64>) -> Self {
        Self { first, ..Self::default() }
    }

    /// Goes to before the first line of a block.
    pub fn enter(&mut self, block: &StepBlock) {
        self.last = block.last;
        self.by_prefix = block.prefixes.iter().copied().collect();
    }

    /// The last step so far.
    pub fn last(&self) -> Option<u64> {
        self.last
    }

    /// The last step of each prefix that is told apart.
    pub fn by_prefix(&self) -> Vec<(Prefix, u64)> {
        let mut all: Vec<_> = self.by_prefix.iter().map(|(prefix, step)| (*prefix, *step)).collect();
        all.sort_unstable_by_key(|(prefix, _)| *prefix);
        all
    }

    /// The state of a file whose first step is `first`, behind a line of step `last`.
    pub fn behind(first: Option<u64>, last: Option<u64>, by_prefix: Vec<(Prefix, u64)>) -> Self {
        Self { first, last, by_prefix: by_prefix.into_iter().collect() }
    }

    /// The last step of `prefix`, where that is told apart.
    pub fn of_prefix(&self, prefix: Prefix) -> Option<u64> {
        self.by_prefix.get(&prefix).copied()
    }

    /// How many prefixes are told apart.
    pub fn prefixes(&self) -> usize {
        self.by_prefix.len()
    }

    /// Goes behind lines of which the first step is `first`, the last is `last`, and the last of each prefix is one of
    /// `by_prefix`: there must be room to tell those apart.
    pub fn pass(
        &mut self,
        first: Option<u64>,
        last: Option<u64>,
        by_prefix: impl Iterator<Item = (Prefix, u64)>,
    ) {
        self.first = self.first.or(first);
        self.last = last.or(self.last);
        self.by_prefix.extend(by_prefix);
    }

    /// The first step of the file: as given, or as seen so far.
    pub fn first(&self) -> Option<u64> {
        self.first
    }

    /// The step of the next line, which `prefix` wrote.
    #[inline]
    pub fn take(&mut self, own: Option<u64>, prefix: Prefix) -> Option<u64> {
        let Some(step) = own else { return self.inherited(prefix) };
        self.first = self.first.or(Some(step));
        self.last = Some(step);
        if prefix != Prefix::NONE {
            self.remember(prefix, step);
        }
        Some(step)
    }

    fn inherited(&self, prefix: Prefix) -> Option<u64> {
        let own = if prefix == Prefix::NONE { None } else { self.by_prefix.get(&prefix).copied() };
        own.or(self.last).or(self.first)
    }

    fn remember(&mut self, prefix: Prefix, step: u64) {
        if let Some(known) = self.by_prefix.get_mut(&prefix) {
            *known = step;
        } else if self.by_prefix.len() < PREFIXES {
            self.by_prefix.insert(prefix, step);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stamp;
    use crate::step::StepFinder;

    fn steps(lines: &[&str], first: Option<u64>) -> Vec<Option<u64>> {
        let (mut steps, mut stamps) = (Steps::starting(first), stamp::Finder::default());
        let mut take = |line: &&str| {
            let prefix = stamps.find(line.as_bytes()).prefix;
            steps.take(StepFinder::default().find(line.as_bytes()), prefix)
        };
        lines.iter().map(&mut take).collect()
    }

    #[test]
    fn a_line_without_a_step_has_that_of_its_rank() {
        let lines = [
            "hello",
            "[rank0]: step=10 loss",
            "[rank1]: step=11 loss",
            "[rank0]: Traceback",
            "[rank1]: Traceback",
            "[rank2]: what",
            "what",
            "step 3",
            "[rank0]: step-by-step",
        ];
        let some = |steps: &[u64]| steps.iter().copied().map(Some).collect::<Vec<_>>();
        assert_eq!(steps(&lines, Some(10)), some(&[10, 10, 11, 10, 11, 11, 11, 3, 10]));
        assert_eq!(steps(&lines[..1], None), [None], "of a file that has none as yet");
    }

    #[test]
    fn a_crowd_of_prefixes_is_told_apart_first_come() {
        let line = |rank: usize| format!("[rank{rank}]: step={rank} x");
        let mut lines: Vec<String> = (0..PREFIXES + 2).map(line).collect();
        lines.extend([0, PREFIXES - 1, PREFIXES, PREFIXES + 1].map(|rank| format!("[rank{rank}]: x")));
        let lines: Vec<&str> = lines.iter().map(String::as_str).collect();
        let last = PREFIXES as u64 + 1;
        let tail = &steps(&lines, None)[PREFIXES + 2..];
        assert_eq!(tail, [0, PREFIXES as u64 - 1, last, last].map(Some));
    }
}
