//! What is asked of lines besides the pattern: a level, fields, and what must not be found on them.

use std::sync::Arc;

use crate::batch::Selection;
use crate::fields::Condition;
use crate::file::block::Block;
use crate::file::source::Source;
use crate::level::{Level, Levels, Set, before};
use crate::line;
use crate::pattern::{Candidate, Pattern, Scratch};
use crate::stamp::rank;
use crate::stamp::{Elected, Stream, ToldWindow};

/// What is asked of lines besides the pattern. Each part is decided on a line, or a block and what reaches into it, so
/// that workers do it in any order.
#[derive(Clone, Debug, Default)]
pub struct Sieve {
    /// Lines of this level at least.
    pub level: Option<Level>,
    /// Lines that were written to this stream, where a container's runtime tells that.
    pub stream: Option<Stream>,
    /// Lines that a rank among these wrote.
    pub ranks: Option<RankRange>,
    /// Lines of which all of these hold.
    pub conditions: Vec<Condition>,
    /// No lines that this selects. Whether it does is the judge's to say where it is not certain.
    pub exclude: Option<Arc<Pattern>>,
    /// Whether the judge has to look at each line that is left.
    pub unsure: bool,
    /// Whether the level of each line is wanted.
    pub levels: bool,
    /// The ambiguous format of stamps that the file elected: a stamp ends the record before it.
    pub elected: Elected,
}

/// Global ranks from one to another.
#[derive(Clone, Copy, Debug)]
pub struct RankRange {
    /// The least of them.
    pub least: i64,
    /// The greatest of them.
    pub greatest: i64,
    /// The rank that wrote the lines on which none stands, where the file's name tells.
    pub alone: Option<u32>,
}

impl RankRange {
    fn has(&self, line: &[u8]) -> bool {
        let told = rank::of(line).filter(|rank| !rank.local).map(|rank| rank.number);
        told.or(self.alone).is_some_and(|rank| (self.least..=self.greatest).contains(&i64::from(rank)))
    }
}

/// What is asked of the lines that are meant, where those around them are shown whatever they are.
pub struct Choice {
    level: Option<Level>,
    conditions: Vec<Condition>,
    exclude: Option<(Arc<Pattern>, Scratch)>,
}

impl Choice {
    /// Whether `line`, which has `level`, is meant.
    pub fn means(&self, line: &[u8], level: Option<Level>) -> bool {
        self.level.is_none_or(|least| level.is_some_and(|level| level >= least))
            && self.conditions.iter().all(|condition| condition.holds(line))
    }

    /// Whether lines are left out for what is found on them, which [`Choice::means`] does not say.
    pub fn excludes(&self) -> bool {
        self.exclude.is_some()
    }

    /// Leaves out of `picked`, lines of `text` in order, those on which it is found; where that is not certain, the judge
    /// has to say.
    pub fn exclude(&mut self, text: &[u8], picked: &mut Vec<Candidate>) {
        if let Some((pattern, scratch)) = &mut self.exclude {
            exclude(pattern, text, picked, scratch);
        }
    }
}

/// What one worker keeps for the sieve.
#[derive(Default)]
pub(super) struct Mesh {
    excluded: Option<Scratch>,
    levels: Option<Levels>,
    streams: ToldWindow,
    /// Which levels the lines of the last block have, if all were looked at; to be taken.
    pub(super) told: Option<Set>,
}

impl Sieve {
    /// Whether the levels of lines matter.
    pub fn asks_levels(&self) -> bool {
        self.level.is_some() || self.levels
    }

    /// Whether it does anything at all.
    pub fn is_needed(&self) -> bool {
        self.levels || !self.is_open()
    }

    /// Whether it leaves out any line, or makes any uncertain.
    pub fn is_open(&self) -> bool {
        let asks_lines = self.level.is_none() && self.conditions.is_empty() && self.exclude.is_none();
        asks_lines && self.stream.is_none() && self.ranks.is_none() && !self.unsure
    }

    /// Takes out of it what a single line and its level decide on; what is left tells levels.
    pub fn take_choice(&mut self) -> Choice {
        self.levels |= self.level.is_some();
        let exclude = self.exclude.take().map(|pattern| {
            let scratch = pattern.scratch();
            (pattern, scratch)
        });
        Choice { level: self.level.take(), conditions: std::mem::take(&mut self.conditions), exclude }
    }

    /// What is left of `selection`, and the levels of those lines that have one, where levels are wanted.
    pub(super) fn sift(
        &self,
        block: &Block,
        source: &Source,
        selection: Selection,
        mesh: &mut Mesh,
    ) -> (Selection, Vec<(usize, Level)>) {
        let bytes = block.bytes();
        let (mut picked, asked) = match selection {
            Selection::All(_) if self.is_open() && !self.levels => return (selection, Vec::new()),
            Selection::All(_) => (self.first_condition(bytes), self.conditions.get(1..).unwrap_or_default()),
            Selection::Picked(picked) => (picked, self.conditions.as_slice()),
        };
        if !asked.is_empty() {
            picked.retain(|c| asked.iter().all(|condition| condition.holds(c.line.of(bytes))));
        }
        if let Some(ranks) = &self.ranks {
            picked.retain(|c| ranks.has(c.line.of(bytes)));
        }
        if let Some(stream) = self.stream {
            self.keep_written_to(stream, block, &mut picked, mesh);
        }
        if let Some(pattern) = &self.exclude {
            exclude(pattern, bytes, &mut picked, mesh.excluded.get_or_insert_with(|| pattern.scratch()));
        }
        let mut levels = Vec::new();
        if self.asks_levels() && !picked.is_empty() {
            levels = self.levels_of(block, source, &mut picked, mesh);
        }
        if self.unsure {
            for candidate in &mut picked {
                candidate.certain = false;
            }
        }
        (Selection::Picked(picked), levels)
    }

    /// The lines of a block of which the first condition holds; all where there is none.
    fn first_condition(&self, bytes: &[u8]) -> Vec<Candidate> {
        let certain = |line| Candidate { line, certain: true };
        match self.conditions.first() {
            Some(condition) => condition.lines(bytes).into_iter().map(certain).collect(),
            None => line::lines(bytes).map(certain).collect(),
        }
    }

    /// Leaves out the lines of which the table beside the text does not say that they were written to `stream`.
    fn keep_written_to(&self, stream: Stream, block: &Block, picked: &mut Vec<Candidate>, mesh: &mut Mesh) {
        let Some(told) = self.elected.teacher().and_then(|taught| taught.told()) else { return };
        picked.retain(|c| mesh.streams.stream_at(told, block.file_offset(c.line.start)) == Some(stream));
    }

    /// The levels of the lines that are picked; those that are not grave enough are left out.
    fn levels_of(
        &self,
        block: &Block,
        source: &Source,
        picked: &mut Vec<Candidate>,
        mesh: &mut Mesh,
    ) -> Vec<(usize, Level)> {
        let levels = mesh.levels.get_or_insert_with(|| Levels::new(&self.elected));
        let bytes = block.bytes();
        let of_lines = levels.of_block(bytes, || before(source, block.file_offset(0)));
        let mut set = Set::default();
        for (_, level) in &of_lines {
            set.add(*level);
        }
        mesh.told = Some(set);
        let mut rest = of_lines.iter().peekable();
        let mut kept = Vec::new();
        picked.retain(|candidate| {
            while rest.next_if(|(start, _)| *start < candidate.line.start).is_some() {}
            let level = rest.next_if(|(start, _)| *start == candidate.line.start).map(|(_, level)| *level);
            let wanted = self.level.is_none_or(|least| level.is_some_and(|level| level >= least));
            kept.extend(level.filter(|_| wanted && self.levels).map(|level| (candidate.line.start, level)));
            wanted
        });
        kept
    }
}

/// Leaves out the lines that `pattern` surely selects; those of which it is not certain are for the judge.
fn exclude(pattern: &Pattern, bytes: &[u8], picked: &mut Vec<Candidate>, scratch: &mut Scratch) {
    let mut found = Vec::new();
    pattern.scan(bytes, scratch, &mut found);
    let mut found = found.into_iter().peekable();
    picked.retain_mut(|candidate| {
        while found.next_if(|other| other.line.start < candidate.line.start).is_some() {}
        match found.next_if(|other| other.line == candidate.line) {
            Some(other) if other.certain => false,
            Some(_) => {
                candidate.certain = false;
                true
            }
            None => true,
        }
    });
}
