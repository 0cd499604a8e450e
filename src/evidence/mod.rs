//! The evidence in a log: who wrote what of the kinds of lines that tell of a failure, how far each came, and when.
//!
//! One scan: the shapes of the taxonomy ([`shapes`]) say which lines are looked at; of each **speaker** (a
//! rank, or the file itself) a **voice** keeps the first and the last records that tell something, the last lines, how
//! far it came, and which templates it printed. That is a **state** of bounded size, which is stored and gone on from when
//! the log grows. What the records mean is for the rule to say, which is `logdex.diagnosis`.

mod alike;
mod crowd;
pub mod ear;
mod gathering;
pub mod grams;
mod hearing;
pub mod history;
pub mod notes;
mod passage;
mod probe;
pub mod progress;
#[cfg(test)]
mod proof;
pub mod shapes;
pub mod speaker;
pub mod state;
pub mod template;
pub mod traceback;
pub mod voice;
pub mod words;

use std::sync::Arc;

use crate::arrival::arrived::Arrived;
use crate::caller::Caller;
use crate::error::Result;
use crate::file::block::BLOCK;
use crate::file::source::Source;
use crate::index::Keep;
use crate::pattern::{Candidate, Judge, Pattern, Scratch};
use crate::query::{Query, Question};
use crate::system::relay::Relay;

use gathering::Gathering;
use hearing::{Hearing, HearingTask};
use shapes::{Jury, Shapes};
use state::State;

/// So many bytes are read and heard by one thread.
const SHORT: u64 = 8 * BLOCK as u64;

/// A pattern, and who decides on what it cannot.
pub struct Shape<'j> {
    /// The pattern.
    pub pattern: Arc<Pattern>,
    /// The judge.
    pub judge: &'j mut dyn Judge,
}

impl Shape<'_> {
    fn find(&mut self, bytes: &[u8], scratch: &mut Scratch) -> Result<Vec<Candidate>> {
        let mut found = Vec::new();
        self.pattern.scan(bytes, scratch, &mut found);
        if found.iter().any(|candidate| !candidate.certain) {
            self.judge.judge(bytes, &mut found)?;
        }
        Ok(found)
    }
}

/// What is asked of a log.
pub struct Inquiry<'j> {
    /// About time, without a pattern.
    pub question: Question,
    /// Which lines are looked at.
    pub shapes: Arc<Shapes>,
    /// Who decides for the shapes.
    pub jury: &'j mut dyn Jury,
    /// What is an error, if the caller says so.
    pub errors: Option<Shape<'j>>,
    /// What is known of it already, by [`recall`].
    pub known: Option<State>,
    /// See [`State::new`].
    pub asked: u64,
}

/// What is known of a log before it is read.
pub enum Recalled {
    /// The whole answer.
    Whole(State),
    /// A state that may be gone on from, if there is one.
    Part(Option<State>),
}

/// What came of it.
pub struct Gathered {
    /// The whole answer.
    pub state: State,
    /// The state to go on from, up to the last whole line, as [`State::read`] takes it; `None` where that was known already,
    /// or is of no use.
    pub store: Option<Vec<u8>>,
}

/// What is known of the log already: by `known`, which the caller knows, or by what is kept beside the index.
///
/// Apart from [`gather`], for the shapes take longer to be made ready than many answers to be recalled.
pub fn recall(question: &Question, known: Option<State>, asked: u64) -> Result<Recalled> {
    let source = Source::open(&question.path)?;
    let seen = source.metadata()?;
    let known = known.or_else(|| State::load(&keep(question), &source, asked));
    Ok(match known {
        Some(state) if is_open(question) && state.is_whole(&source, &seen, asked) => Recalled::Whole(state),
        known => Recalled::Part(known),
    })
}

/// Whether all of the log is asked for.
fn is_open(question: &Question) -> bool {
    question.time.as_ref().is_some_and(|terms| terms.window.is_open())
}

/// Where the answer is kept.
fn keep(question: &Question) -> Keep {
    if is_open(question) { question.keep.clone() } else { Keep::Nowhere }
}

/// Gathers the evidence of one log, from where `known` ends if the log has only grown.
pub fn gather(inquiry: Inquiry<'_>, caller: &mut dyn Caller) -> Result<Gathered> {
    let Inquiry { question, shapes, jury, errors, known, asked } = inquiry;
    let source = Source::open(&question.path)?;
    let seen = source.metadata()?;
    let (is_open, keep) = (is_open(&question), keep(&question));
    // The times of lines that were recorded as they came hang on all lines before.
    let resumes = is_open && Arrived::of_log(&question.path, seen.len()).is_none();
    let known = known.filter(|state| resumes && state.may_go_on(&source, &seen, asked));
    let from = known.as_ref().map_or(0, |state| state.upto);
    let errors_of = errors.as_ref().map(|errors| Arc::clone(&errors.pattern));
    // What a log has grown by is heard before a thread would have started, and other logs wait for the cores.
    let workers = if seen.len().saturating_sub(from) <= SHORT { 0 } else { question.workers };
    let mut relay = Relay::new(Hearing::new(Arc::clone(&shapes), errors_of, from), workers);
    let state = known.unwrap_or_else(|| State::new(asked));
    let mut gathering = Gathering::new(state, from, shapes, jury, errors);
    let mut query = Query::raw(Question { after: from, workers, ..question }).leaving_times();
    while bring(&mut query, &mut relay, &gathering, caller)? {
        let Some((batch, passage)) = relay.pop(&mut || caller.pulse())? else { break };
        gathering.take(&batch, passage)?;
        query.recycle(batch);
    }
    query.finish();
    // So that what was learned of the lines serves for the records, and for the next log.
    drop(relay);
    let (state, mut whole) = gathering.end()?;
    let store = if resumes {
        whole.settle(&source, &seen).and_then(|()| whole.publish(&keep, &source))
    } else {
        None
    };
    Ok(Gathered { state, store })
}

/// Has as many blocks heard as there is room for. False where there are none left, and none under way.
fn bring(
    query: &mut Query,
    relay: &mut Relay<Hearing>,
    gathering: &Gathering<'_>,
    caller: &mut dyn Caller,
) -> Result<bool> {
    while relay.has_room() {
        let Some(batch) = query.next(caller)? else { return Ok(!relay.is_idle()) };
        relay.push(HearingTask { batch, timing: query.left(), widths: gathering.widths() });
    }
    Ok(true)
}
