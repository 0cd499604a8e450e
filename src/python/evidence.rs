//! `gather`: the evidence in one file, and the state to go on from.

use std::sync::Arc;

use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;
use pyo3::types::PyBytes;

use super::caller::PythonCaller;
use super::error::engine;
use super::halt::Halt;
use super::interpreter::{attached, detached};
use super::pattern::{PyPattern, TranslationParts, compile};
use super::question::PyQuestion;
use crate::error::Result;
use crate::evidence::notes::{Kind, Note};
use crate::evidence::progress::UNITS;
use crate::evidence::shapes::{self, Jury, Tone};
use crate::evidence::state::{Name, State};
use crate::evidence::voice::{Course, LastLine, Voice};
use crate::evidence::{self, Gathered, Inquiry, Recalled, Shape};
use crate::pattern::{Candidate, Judge};
use crate::system::spread::spread;

/// A record, as `_core._Note` says.
#[derive(IntoPyObject)]
struct NoteParts {
    text: String,
    span: Option<(i64, i64)>,
    own: bool,
    number: u64,
    place: u64,
    template: u64,
    raised: Option<bool>,
    progress: [Option<u64>; UNITS],
    row: Option<usize>,
}

/// How far a speaker came in one unit, as `_core._Course` says.
#[derive(IntoPyObject)]
struct CourseParts {
    first: u64,
    first_at: Option<i64>,
    last: u64,
    last_at: Option<i64>,
    last_number: u64,
    changes: u64,
    back: u64,
}

/// A line of the end: text, time in nanoseconds with both ends included, number in its file.
type TailParts = (String, Option<(i64, i64)>, u64);

/// What one speaker wrote, as `_core._Voice` says.
#[derive(IntoPyObject)]
pub(super) struct VoiceParts {
    replica: String,
    rank: Option<u32>,
    local: Option<u32>,
    lines: u64,
    errors: u64,
    first: Option<i64>,
    last: Option<i64>,
    first_error: Option<NoteParts>,
    last_error: Option<NoteParts>,
    notes: Vec<NoteParts>,
    counts: Vec<(u64, u64)>,
    tail: Vec<TailParts>,
    courses: [Option<CourseParts>; UNITS],
    templates: Vec<(u64, u64)>,
    history: (i64, Vec<(i64, u64, u64)>),
}

/// A row of the taxonomy: who searches for its shape where the engine cannot decide, what `logdex/regex/pattern.py` says of
/// the shape, and its tone.
type RowParts = (Py<PyAny>, (Option<TranslationParts>, Option<TranslationParts>, bool), String);

/// The shapes of the taxonomy, made ready once, each with the one who decides for it.
#[pyclass(frozen, name = "Shapes", module = "logdex._core")]
pub(super) struct PyShapes {
    engine: Arc<shapes::Shapes>,
    searches: Vec<Py<PyAny>>,
}

#[pymethods]
impl PyShapes {
    #[new]
    fn new(py: Python<'_>, rows: Vec<RowParts>) -> PyResult<Self> {
        let (mut all, mut searches) = (Vec::new(), Vec::new());
        for (search, said, tone) in rows {
            let tone = match &*tone {
                "loud" => Tone::Loud,
                "context" => Tone::Context,
                "quiet" => Tone::Quiet,
                other => return Err(PyValueError::new_err(format!("no tone is called {other:?}"))),
            };
            all.push((said, tone));
            searches.push(search);
        }
        // On all cores: whoever asks about many logs waits for it with each of them.
        let engine = detached(py, || {
            let made = spread("logdex-shapes", all, |((ascii, text, inverted), tone)| {
                (Arc::new(compile(ascii, text, inverted)), tone)
            });
            Arc::new(shapes::Shapes::new(made))
        });
        Ok(Self { engine, searches })
    }

    /// The number of the first row that selects `text`, a line without its end, counted from 0.
    fn first(&self, py: Python<'_>, text: &str) -> PyResult<Option<usize>> {
        Ok(engine(py, || self.engine.ear().first(text.as_bytes(), &mut Judges(&self.searches)))?)
    }

    /// Where the lines of `data` begin that tell something, in bytes, and whether each is an error; for tests.
    fn telling(&self, py: Python<'_>, data: &[u8]) -> PyResult<Vec<(usize, bool)>> {
        let told = engine(py, || self.engine.ear().telling(data, &mut Judges(&self.searches)));
        Ok(told?.into_iter().map(|told| (told.line.start, told.loud)).collect())
    }
}

/// `re`, by the `search` of each shape. Few records leave a doubt, so who judges is made ready where one does.
struct Judges<'s>(&'s [Py<PyAny>]);

impl Jury for Judges<'_> {
    fn judge(&mut self, shape: usize, bytes: &[u8], candidates: &mut Vec<Candidate>) -> Result<()> {
        let search = attached(|py| self.0[shape].clone_ref(py));
        PythonCaller::new(Some(search), None, Halt::default()).judge(bytes, candidates)
    }
}

/// The evidence in the file, by speaker, and the state to go on from, if that is new.
///
/// `shapes` makes the `Shapes` that say which lines are looked at, and which of them are errors, unless `errors` does; it is
/// not called where all is known. `state` is what the caller knows already, and `asked` a hash of what the answer depends on
/// beside the log. `alone`: this thread does all of it, for the others are busy with other logs.
#[pyfunction]
#[pyo3(signature = (asked_of, shapes, errors=None, state=None, asked=0, *, alone=false))]
pub(super) fn gather<'py>(
    py: Python<'py>,
    asked_of: &PyQuestion,
    shapes: &Bound<'py, PyAny>,
    errors: Option<&PyPattern>,
    state: Option<&[u8]>,
    asked: u64,
    alone: bool,
) -> PyResult<(Vec<VoiceParts>, Option<Bound<'py, PyBytes>>)> {
    let (mut question, mut caller) = asked_of.put(py, &Halt::default());
    if alone {
        question.workers = 0;
    }
    let known = match engine(py, || evidence::recall(&question, state.and_then(State::read), asked))? {
        Recalled::Whole(state) => return Ok((told(state), None)),
        Recalled::Part(known) => known,
    };
    let shapes = shapes.call0()?.cast_into::<PyShapes>()?;
    let shapes = shapes.get();
    let mut judges = Judges(&shapes.searches);
    let mut errors = errors.map(|pattern| judged(py, pattern));
    let gathered = engine(py, || {
        let (shapes, jury) = (Arc::clone(&shapes.engine), &mut judges);
        let errors = errors.as_mut().map(|(pattern, judge)| Shape { pattern: Arc::clone(pattern), judge });
        evidence::gather(Inquiry { question, shapes, jury, errors, known, asked }, &mut caller)
    });
    let Gathered { state, store } = gathered.map_err(|error| caller.exception(error))?;
    Ok((told(state), store.map(|bytes| PyBytes::new(py, &bytes))))
}

/// What the speakers wrote.
fn told(state: State) -> Vec<VoiceParts> {
    state.voices.into_iter().map(|(name, voice)| parts(name, voice)).collect()
}

/// A pattern, and the one who decides for it.
fn judged(py: Python<'_>, pattern: &PyPattern) -> (Arc<crate::pattern::Pattern>, PythonCaller) {
    let (engine, search) = pattern.parts(py);
    (engine, PythonCaller::new(Some(search), None, Halt::default()))
}

fn parts((replica, ranks): Name, mut voice: Voice) -> VoiceParts {
    let history = voice.history.columns().map(|(start, c)| (start, c.lines, c.errors)).collect();
    VoiceParts {
        replica,
        rank: ranks.global,
        local: ranks.local,
        lines: voice.lines,
        errors: voice.errors,
        first: voice.first,
        last: voice.last,
        first_error: voice.first_error.map(note),
        last_error: voice.last_error.map(note),
        notes: voice.notes.first.into_iter().chain(voice.notes.last).map(note).collect(),
        counts: voice.notes.counts,
        tail: voice.tail.into_iter().map(|LastLine { text, span, number }| (text, span, number)).collect(),
        courses: voice.courses.map(|course| course.map(course_parts)),
        templates: voice.templates,
        history: (voice.history.width(), history),
    }
}

fn note(note: Note) -> NoteParts {
    let Note { text, span, own, number, place, template, raised, progress, shape } = note;
    let row = if let Some(Kind::Shape(number)) = shape { Some(number) } else { None };
    NoteParts { text, span, own, number, place, template, raised, progress, row }
}

fn course_parts(course: Course) -> CourseParts {
    let Course { first, first_at, last, last_at, last_number, changes, back, first_number: _ } = course;
    CourseParts { first, first_at, last, last_at, last_number, changes, back }
}
