//! `Stats`: how sure an answer is, and what it cost.

use std::time::Duration;

use pyo3::prelude::*;

use super::stream::LogStream;
use crate::merge::Merge;
use crate::query::Query;
use crate::scan::Counters;

/// What is known about an answer so far; see `Lines.stats`.
#[pyclass(frozen, get_all, module = "logdex._core")]
#[derive(Clone, Debug, Default)]
pub(super) struct Stats {
    pub(super) lines: u64,
    pub(super) own: u64,
    pub(super) inherited: u64,
    pub(super) by_arrival: u64,
    pub(super) untimed: u64,
    pub(super) steps_back: u64,
    pub(super) largest_step_back: f64,
    pub(super) bytes_read: u64,
    pub(super) bytes_skipped: u64,
    pub(super) skipped_by_time: u64,
    pub(super) skipped_by_text: u64,
    pub(super) holes: u64,
    pub(super) truncations: u64,
    pub(super) rotations: u64,
    pub(super) lost: u64,
    pub(super) late: u64,
    pub(super) misfits: u64,
    pub(super) notes: Vec<String>,
}

impl Stats {
    /// What `query` knows of its answer; the lines are counted by the one who hands them out.
    pub(super) fn of(query: &Query, notes: &[String]) -> Self {
        let (counters, events, sureness) = (query.counters(), query.events(), query.sureness());
        Self {
            own: sureness.own,
            inherited: sureness.inherited,
            by_arrival: sureness.by_arrival,
            untimed: sureness.untimed,
            steps_back: sureness.steps_back,
            largest_step_back: Duration::from_nanos(sureness.largest_step_back.unsigned_abs()).as_secs_f64(),
            holes: counters.holes,
            truncations: events.truncations,
            rotations: events.rotations,
            lost: events.lost,
            notes: notes.iter().chain(query.notes()).cloned().collect(),
            ..Self::default()
        }
        .reading(counters)
    }

    /// The same, with what was read and skipped as `counters` say it.
    fn reading(self, counters: Counters) -> Self {
        Self {
            bytes_read: counters.bytes_read,
            bytes_skipped: counters.bytes_skipped,
            skipped_by_time: counters.bytes_skipped - counters.skipped_by_text,
            skipped_by_text: counters.skipped_by_text,
            ..self
        }
    }

    /// What the queries of `merge` know of their answers together.
    pub(super) fn of_merge(merge: &Merge, notes: &[String]) -> Self {
        let mut sum = Self { notes: notes.to_vec(), late: merge.late(), ..Self::default() };
        merge.queries().for_each(|query| sum.add(Self::of(query, &[])));
        sum
    }

    /// What is known of the answer that `stream` gives.
    pub(super) fn of_stream(stream: &LogStream, notes: &[String]) -> Self {
        match stream {
            LogStream::One(query) => Self::of(query, notes),
            LogStream::Chain(chain) => {
                let mut sum = Self { notes: notes.to_vec(), ..Self::default() };
                chain.queries().iter().for_each(|query| sum.add(Self::of(query, &[])));
                sum
            }
            LogStream::Both(combined) => {
                let [first, second] = combined.queries();
                let mut stats = Self::of(first, notes);
                stats.add(Self::of(second, &[]));
                let (counters, events) = (combined.counters(), combined.events());
                stats = stats.reading(counters);
                Self {
                    holes: counters.holes,
                    truncations: events.truncations,
                    rotations: events.rotations,
                    lost: events.lost,
                    ..stats
                }
            }
        }
    }

    /// Adds what is known of another answer that was given together with this one.
    fn add(&mut self, other: Self) {
        self.lines += other.lines;
        self.own += other.own;
        self.inherited += other.inherited;
        self.by_arrival += other.by_arrival;
        self.untimed += other.untimed;
        self.steps_back += other.steps_back;
        self.largest_step_back = self.largest_step_back.max(other.largest_step_back);
        self.bytes_read += other.bytes_read;
        self.bytes_skipped += other.bytes_skipped;
        self.skipped_by_time += other.skipped_by_time;
        self.skipped_by_text += other.skipped_by_text;
        self.holes += other.holes;
        self.truncations += other.truncations;
        self.rotations += other.rotations;
        self.lost += other.lost;
        self.late += other.late;
        self.misfits += other.misfits;
        self.notes.extend(other.notes);
    }
}

#[pymethods]
impl Stats {
    fn __repr__(&self) -> String {
        let Self { lines, own, inherited, by_arrival, untimed, .. } = self;
        let Self { steps_back, largest_step_back, bytes_read, bytes_skipped, .. } = self;
        let Self { skipped_by_time, skipped_by_text, .. } = self;
        let Self { holes, truncations, rotations, lost, late, misfits, notes, .. } = self;
        format!(
            "Stats(lines={lines}, own={own}, inherited={inherited}, by_arrival={by_arrival}, untimed={untimed}, \
             steps_back={steps_back}, largest_step_back={largest_step_back}, bytes_read={bytes_read}, \
             bytes_skipped={bytes_skipped}, skipped_by_time={skipped_by_time}, \
             skipped_by_text={skipped_by_text}, holes={holes}, truncations={truncations}, \
             rotations={rotations}, lost={lost}, late={late}, misfits={misfits}, notes={notes:?})"
        )
    }
}
