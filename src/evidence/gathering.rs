//! What is known of the failures in a log up to a place in it, and how the lines that follow are added: a fold.
//!
//! Blocks are heard on many threads, each by itself (`passage.rs`). Here, on one thread and in the order of the file, they are
//! put behind one another: what each speaker told first and last, its steps, how it ended. What is known then is bounded, can be
//! stored, and is gone on from when the log has grown. A block that hangs on what was before it, as one that begins within a
//! traceback does, is gone through line by line here.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::batch::Batch;
use crate::error::Result;
use crate::line::Line;
use crate::pattern::Scratch;
use crate::stamp::How;

use super::Shape;
use super::ear::Ear;
use super::notes::Kind;
use super::passage::{Passage, Said, Solo, limits, lines, says_something};
use super::shapes::{Jury, Shapes};
use super::speaker::{self, Key, Speaker};
use super::state::{MOST, Name, State};
use super::voice::Voice;

/// A log as far as it was heard.
pub(super) struct Gathering<'j> {
    state: State,
    /// Lines that begin before this were heard already.
    from: u64,
    shapes: Arc<Shapes>,
    /// Made where a line is tried here, and not with its block: of most logs that is none before the end.
    ear: Option<Ear>,
    jury: &'j mut dyn Jury,
    errors: Option<Shape<'j>>,
    scratch: Scratch,
    masked: Vec<u8>,
    known: BTreeMap<Key, usize>,
    /// The speaker of the last line.
    recent: Option<(Key, usize)>,
    /// The state before a last line without its `\n`, which is not yet whole.
    whole: Option<State>,
}

/// So many speakers are few.
const FEW: usize = 64;

/// Lines of a batch that are among the last of their speaker.
type Ending = Vec<(usize, Line)>;

impl<'j> Gathering<'j> {
    /// What begins at `from` in the file follows on `state`.
    pub(super) fn new(
        state: State,
        from: u64,
        shapes: Arc<Shapes>,
        jury: &'j mut dyn Jury,
        errors: Option<Shape<'j>>,
    ) -> Self {
        let key = |(replica, ranks): &Name| Speaker { replica: replica.as_bytes(), ranks: *ranks }.key();
        let known = state.voices.iter().enumerate().map(|(at, (name, _))| (key(name), at)).collect();
        Self {
            state,
            from,
            shapes,
            ear: None,
            jury,
            errors,
            scratch: Scratch::default(),
            masked: Vec::new(),
            known,
            recent: None,
            whole: None,
        }
    }

    /// Takes the lines of a batch, of which `passage` is what was heard of it by itself, if that could be.
    pub(super) fn take(&mut self, batch: &Batch, passage: Option<Passage>) -> Result<()> {
        match passage.filter(|passage| self.is_regular(passage)) {
            Some(passage) => {
                self.join(batch, passage);
                Ok(())
            }
            None => self.take_each(batch),
        }
    }

    /// How wide the columns of each speaker's history are, of speakers that are few enough to be told with each block.
    pub(super) fn widths(&self) -> Vec<(Key, i64)> {
        if self.known.len() > FEW {
            return Vec::new();
        }
        self.known.iter().map(|(key, &at)| (*key, self.state.voices[at].1.history.width())).collect()
    }

    /// Whether nothing in a block hangs on the lines before it but what [`Gathering::join`] knows of.
    fn is_regular(&self, passage: &Passage) -> bool {
        let is_outside = |at: &usize| !self.state.voices[*at].1.traceback.is_open();
        self.state.voices.len() + passage.solos.len() <= MOST
            && passage.solos.iter().filter_map(|solo| self.known.get(&solo.key)).all(is_outside)
    }

    /// Puts what was heard of a block behind that of the lines before it.
    fn join(&mut self, batch: &Batch, passage: Passage) {
        let bytes = batch.block.bytes();
        self.state.stamped |= passage.stamped;
        if let Some(last) = batch.len().checked_sub(1).and_then(|last| batch.line(last as usize)) {
            let end = batch.block.file_offset(last.start) + (last.end - last.start) as u64;
            self.state.upto = self.state.upto.max(end);
        }
        for Solo { key, replica, voice, notes, lines } in passage.solos {
            let speaker = Speaker { replica: &replica, ranks: key.1 };
            let at = self.voice(speaker);
            let known = &mut self.state.voices[at].1;
            let first = known.lines + 1;
            known.join(voice, notes, limits(key.1));
            for (place, &number) in (first..).zip(&lines) {
                if known.looks_at(place)
                    && let Some(line) = batch.line(number)
                {
                    let text = line.of(bytes);
                    let words = &text[speaker::of(text).1..];
                    known.see(place, words, batch.block.file_offset(line.start), &mut self.masked);
                }
            }
        }
    }

    /// Takes the lines of a batch one after the other.
    fn take_each(&mut self, batch: &Batch) -> Result<()> {
        let bytes = batch.block.bytes();
        let ear = self.ear.get_or_insert_with(|| self.shapes.ear());
        let told = ear.telling(bytes, self.jury)?;
        let signs = ear.take_signs();
        let chosen = match &mut self.errors {
            Some(errors) => Some(errors.find(bytes, &mut self.scratch)?),
            None => None,
        };
        let mut endings: BTreeMap<usize, Ending> = BTreeMap::new();
        for said in lines(batch, &told, chosen.as_deref(), &signs) {
            let Said { at, line, speaker, heard } = said;
            if heard.offset < self.from {
                continue;
            }
            if !heard.line.ends_with(b"\n") {
                // The last line of the file: what is kept of those before it belongs to the state without it.
                self.end_with(batch, std::mem::take(&mut endings));
                self.whole = Some(self.state.clone());
            }
            self.state.stamped |= heard.time.how == Some(How::Own);
            let voice = self.voice(speaker);
            self.state.voices[voice].1.take(&heard, limits(speaker.ranks), &mut self.masked);
            self.state.upto = heard.offset + heard.line.len() as u64;
            if says_something(heard.line) {
                let ending = endings.entry(voice).or_default();
                if ending.len() >= 2 * Voice::keeps() {
                    ending.drain(..Voice::keeps());
                }
                ending.push((at, line));
            }
        }
        self.end_with(batch, endings);
        Ok(())
    }

    /// Keeps the last lines of each speaker: only those of a batch are worth a copy.
    fn end_with(&mut self, batch: &Batch, endings: BTreeMap<usize, Ending>) {
        for (voice, ending) in endings {
            let last = ending.len().saturating_sub(Voice::keeps());
            for &(at, line) in &ending[last..] {
                self.state.voices[voice].1.end_with(line.of(batch.block.bytes()), batch.times[at]);
            }
        }
    }

    /// The number of the speaker.
    fn voice(&mut self, speaker: Speaker<'_>) -> usize {
        let key = speaker.key();
        if let Some((_, at)) = self.recent.filter(|(recent, _)| *recent == key) {
            return at;
        }
        let known = self.known.get(&key).copied();
        let at = known.unwrap_or_else(|| self.add(speaker, key));
        self.recent = Some((key, at));
        at
    }

    fn add(&mut self, speaker: Speaker<'_>, key: Key) -> usize {
        // Whoever makes up a new name on each line does not fill the memory.
        if self.state.voices.len() >= MOST {
            return self.known.get(&Speaker::default().key()).copied().unwrap_or(0);
        }
        let replica = String::from_utf8_lossy(speaker.replica).into_owned();
        self.state.voices.push(((replica, speaker.ranks), Voice::default()));
        self.known.insert(key, self.state.voices.len() - 1);
        self.state.voices.len() - 1
    }

    /// All that is known, and the state up to the last whole line.
    pub(super) fn end(mut self) -> Result<(State, State)> {
        // So that it does not show how the lines came.
        let all =
            self.state.voices.iter_mut().chain(self.whole.iter_mut().flat_map(|whole| &mut whole.voices));
        for (_, voice) in all {
            voice.history.settle();
            for note in voice.notes.all_mut().filter(|note| note.shape.is_none()) {
                let ear = self.ear.get_or_insert_with(|| self.shapes.ear());
                let shape = ear.first(note.text.as_bytes(), self.jury)?;
                note.shape = Some(shape.map_or(Kind::Other, Kind::Shape));
            }
        }
        let whole = self.whole.unwrap_or_else(|| self.state.clone());
        Ok((self.state, whole))
    }
}
