//! The evidence in a log: who wrote what of the kinds of lines that tell of a failure, how far each came, and when.
//!
//! One scan: the shapes of the taxonomy ([`shapes`]) say which lines are looked at; of each **speaker** (a
//! rank, or the file itself) a **voice** keeps the first and the last records that tell something, the last lines, how
//! far it came, and which templates it printed. That is a **state** of bounded size, which is stored and gone on from when
//! the log grows. What the records mean is for the rule to say, which is `logdex.diagnosis`.

pub mod history;
pub mod notes;
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

use std::collections::BTreeMap;
use std::sync::Arc;

use xxhash_rust::xxh3::xxh3_64;

use crate::arrival::arrived::Arrived;
use crate::batch::Batch;
use crate::caller::Caller;
use crate::error::Result;
use crate::file::source::Source;
use crate::index::Keep;
use crate::line::Line;
use crate::pattern::{Candidate, Judge, Pattern, Scratch};
use crate::query::{Query, Question};
use crate::stamp::How;

use notes::{FILE, RANK};
use shapes::{Ear, Telling};
use speaker::{Ranks, Speaker};
use state::{MOST, State};
use voice::{Heard, Voice};
use words::Sign;

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
    pub ear: Ear<'j>,
    /// What is an error, if the caller says so.
    pub errors: Option<Shape<'j>>,
    /// What the caller knows already; else it is what is kept beside the index, where one is.
    pub known: Option<State>,
    /// See [`State::new`].
    pub asked: u64,
}

/// What came of it.
pub struct Gathered {
    /// The whole answer.
    pub state: State,
    /// The state to go on from, up to the last whole line; `None` where that was known already, or is of no use.
    pub store: Option<State>,
}

/// Gathers the evidence of one log, from where `known` ends if the log has only grown.
pub fn gather(inquiry: Inquiry<'_>, caller: &mut dyn Caller) -> Result<Gathered> {
    let Inquiry { question, ear, errors, known, asked } = inquiry;
    let source = Source::open(&question.path)?;
    let seen = source.metadata()?;
    let is_open = question.time.as_ref().is_some_and(|terms| terms.window.is_open());
    let keep = if is_open { question.keep.clone() } else { Keep::Nowhere };
    let known = known.or_else(|| State::load(&keep, &source, asked));
    if let Some(state) = known.as_ref().filter(|state| is_open && state.is_whole(&source, &seen, asked)) {
        return Ok(Gathered { state: state.clone(), store: None });
    }
    // The times of lines that were recorded as they came hang on all lines before.
    let resumes = is_open && Arrived::of_log(&question.path, seen.len()).is_none();
    let known = known.filter(|state| resumes && state.may_go_on(&source, &seen, asked));
    let from = known.as_ref().map_or(0, |state| state.upto);
    let mut gathering = Gathering::new(known.unwrap_or_else(|| State::new(asked)), ear, errors);
    let mut query = Query::behind(question, from);
    while let Some(batch) = query.next(caller)? {
        gathering.take(&batch, from)?;
        query.recycle(batch);
    }
    query.finish();
    let (state, mut whole) = gathering.end();
    let store = if resumes { whole.settle(&source, &seen).map(|()| whole) } else { None };
    if let Some(state) = &store {
        state.publish(&keep, &source);
    }
    Ok(Gathered { state, store })
}

/// A scan under way.
struct Gathering<'j> {
    state: State,
    ear: Ear<'j>,
    errors: Option<Shape<'j>>,
    scratch: Scratch,
    masked: Vec<u8>,
    known: BTreeMap<(u64, Ranks), usize>,
    /// The speaker of the last line.
    recent: Option<((u64, Ranks), usize)>,
    /// The state before a last line without its `\n`, which is not yet whole.
    whole: Option<State>,
}

/// A line of a batch among the last of its speaker.
type Ending = Vec<(usize, Line, usize)>;

impl<'j> Gathering<'j> {
    fn new(state: State, ear: Ear<'j>, errors: Option<Shape<'j>>) -> Self {
        let key = |name: &state::Name| (xxh3_64(name.0.as_bytes()), name.1);
        let known = state.voices.iter().enumerate().map(|(at, (name, _))| (key(name), at)).collect();
        Self {
            state,
            ear,
            errors,
            scratch: Scratch::default(),
            masked: Vec::new(),
            known,
            recent: None,
            whole: None,
        }
    }

    /// Takes the lines of a batch that begin at `from` in the file or later.
    fn take(&mut self, batch: &Batch, from: u64) -> Result<()> {
        let bytes = batch.block.bytes();
        let telling = self.ear.telling(bytes)?;
        let chosen = match &mut self.errors {
            Some(errors) => Some(errors.find(bytes, &mut self.scratch)?),
            None => None,
        };
        let mut telling = telling.into_iter().peekable();
        let signs = self.ear.take_signs();
        let mut signs = signs.as_slice();
        let mut chosen = chosen.map(|chosen| chosen.into_iter().map(|candidate| candidate.line).peekable());
        let mut endings: BTreeMap<usize, Ending> = BTreeMap::new();
        for (at, line) in batch.lines().enumerate() {
            let offset = batch.block.file_offset(line.start);
            let (Some(&time), false) = (batch.times.get(at), offset < from) else { continue };
            let text = line.of(bytes);
            if !text.ends_with(b"\n") {
                // The last line of the file: what is kept of those before it belongs to the state without it.
                self.end_with(batch, std::mem::take(&mut endings));
                self.whole = Some(self.state.clone());
            }
            self.state.stamped |= time.how == Some(How::Own);
            let told = meets(&mut telling, line, |told: &Telling| told.line);
            let is_error = match &mut chosen {
                Some(chosen) => meets(chosen, line, |&line| line).is_some(),
                None => told.is_some_and(|told| told.loud),
            };
            let telling = told.is_some() || is_error;
            let (speaker, words) = speaker::of(text);
            let voice = self.voice(speaker);
            let heard = Heard {
                line: text,
                words,
                start: line.start,
                signs: on_line(&mut signs, line),
                time,
                offset,
                telling,
                error: is_error,
            };
            let limits = if speaker.ranks.is_empty() { FILE } else { RANK };
            self.state.voices[voice].1.take(&heard, limits, &mut self.masked);
            self.state.upto = offset + text.len() as u64;
            if text.iter().any(|byte| !byte.is_ascii_whitespace()) {
                let ending = endings.entry(voice).or_default();
                if ending.len() >= 2 * Voice::keeps() {
                    ending.drain(..Voice::keeps());
                }
                ending.push((at, line, words));
            }
        }
        self.end_with(batch, endings);
        Ok(())
    }

    /// Keeps the last lines of each speaker: only those of a batch are worth a copy.
    fn end_with(&mut self, batch: &Batch, endings: BTreeMap<usize, Ending>) {
        let bytes = batch.block.bytes();
        for (voice, ending) in endings {
            let last = ending.len().saturating_sub(Voice::keeps());
            for &(at, line, words) in &ending[last..] {
                let (line, offset) = (line.of(bytes), batch.block.file_offset(line.start));
                let time = batch.times[at];
                let (signs, telling) = (&[], false);
                let heard = Heard { line, words, start: 0, signs, time, offset, telling, error: false };
                self.state.voices[voice].1.end_with(&heard);
            }
        }
    }

    /// The number of the speaker.
    fn voice(&mut self, speaker: Speaker<'_>) -> usize {
        let key = (if speaker.replica.is_empty() { EMPTY } else { xxh3_64(speaker.replica) }, speaker.ranks);
        if let Some((_, at)) = self.recent.filter(|(recent, _)| *recent == key) {
            return at;
        }
        let known = self.known.get(&key).copied();
        let at = known.unwrap_or_else(|| self.add(speaker, key));
        self.recent = Some((key, at));
        at
    }

    fn add(&mut self, speaker: Speaker<'_>, key: (u64, Ranks)) -> usize {
        // Whoever makes up a new name on each line does not fill the memory.
        if self.state.voices.len() >= MOST {
            return self.known.get(&(EMPTY, Ranks::default())).copied().unwrap_or(0);
        }
        let replica = String::from_utf8_lossy(speaker.replica).into_owned();
        self.state.voices.push(((replica, speaker.ranks), Voice::default()));
        self.known.insert(key, self.state.voices.len() - 1);
        self.state.voices.len() - 1
    }

    /// All that is known, and the state up to the last whole line.
    fn end(self) -> (State, State) {
        let whole = self.whole.unwrap_or_else(|| self.state.clone());
        (self.state, whole)
    }
}

/// The hash of no name.
const EMPTY: u64 = 0x2d06_8005_38d3_94c2;

/// The signs on `line`, which is not before the lines that were asked about.
fn on_line<'s>(signs: &mut &'s [(usize, Sign)], line: Line) -> &'s [(usize, Sign)] {
    let begins = signs.iter().take_while(|sign| sign.0 < line.start).count();
    let held = signs[begins..].iter().take_while(|sign| sign.0 < line.end).count();
    let (on, rest) = signs[begins..].split_at(held);
    *signs = rest;
    on
}

/// The one of `found` that is about `line`, if that is the next; those before it are passed over.
fn meets<T>(
    found: &mut std::iter::Peekable<impl Iterator<Item = T>>,
    line: Line,
    of: impl Fn(&T) -> Line,
) -> Option<T> {
    while found.next_if(|one| of(one).start < line.start).is_some() {}
    found.next_if(|one| of(one) == line)
}
