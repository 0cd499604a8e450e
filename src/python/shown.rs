//! What is shown of one file, and how, as the command says it.

use std::sync::Arc;

use pyo3::prelude::*;

use super::asking::Asking;
use super::question::PyQuestion;
use super::when::Zone;
use crate::show::{self, AnswerShape, Json, Style, Surroundings};

/// What shows the time before each line: that of a zone, or how much later it is than the line before.
#[pyclass(frozen, name = "Clock", module = "logdex._core")]
pub(super) struct PyClock(Arc<show::ShownTime>);

#[pymethods]
impl PyClock {
    #[new]
    #[pyo3(signature = (zone=None))]
    fn new(zone: Option<&Zone>) -> Self {
        Self(Arc::new(
            zone.map_or_else(show::ShownTime::deltas, |zone| show::ShownTime::Zone(zone.0.clone())),
        ))
    }
}

/// `logdex.command.lines.rows.Shown`, field by field: a question, and how its answer is shown.
#[derive(FromPyObject)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "the fields of a Python class, each an option of the command"
)]
pub(super) struct ShownParts {
    question: Py<PyQuestion>,
    before: usize,
    after: usize,
    whole_records: bool,
    label: Vec<u8>,
    heading: Vec<u8>,
    gap: Vec<u8>,
    /// For JSON: the source's name, its rank, and which attempt or restart it is.
    json: Option<(String, Option<u32>, String)>,
    numbers: bool,
    /// What shows the time before each row.
    clock: Option<Py<PyClock>>,
    /// Whether rows have the colour of their level.
    colors: bool,
    /// Whether only the last frame of a line is shown.
    frames: bool,
    /// What it is called in a line that stands for several.
    member: Vec<u8>,
}

impl ShownParts {
    fn shape(&self) -> AnswerShape {
        let around = Surroundings { before: self.before, after: self.after };
        AnswerShape { around, records: self.whole_records }
    }

    /// Puts the question; the second must live as long as the answer.
    pub(super) fn ask(self, py: Python<'_>, asking: &mut Asking) -> (show::Shown, Option<Py<PyAny>>) {
        let (shape, zone) = (self.shape(), self.question.get().zone().0.clone());
        let Self { question, label, heading, gap, json, numbers, clock, colors, frames, member, .. } = self;
        let clock = clock.map(|clock| Arc::clone(&clock.get().0));
        let json = json.map(|(source, rank, part)| Json { source, rank, part, zone });
        let keep = question.get().kept(py);
        let put = asking.put(py, question.get());
        let question = question.get().telling_levels(py, put);
        let style = Style { label, heading, gap, json, numbers, clock, colors, frames };
        (show::Shown { question, style, shape, member }, keep)
    }
}
