//! The answers about many files, to one sink, in one order: that of time, and in a follow as they come.
//!
//! Where lines are shown for themselves, the order of time is exact. Where lines are shown around others, a file's own
//! order stays, and of the files' next lines the earliest goes out.

use std::path::PathBuf;
use std::time::{Duration, Instant};

use jiff::tz::TimeZone;

use super::attended::Attended;
use super::out::{Out, Painter};
use super::status::{self, Status};
use super::{AnswerShape, Manner, Page, Row, Shaper, Style};
use crate::caller::Caller;
use crate::error::{Error, Result};
use crate::fold::{self, Folder};
use crate::merge::{Held, Merge, MergeStep, MergeTerms};
use crate::query::Question;
use crate::system::lock::lock;

/// A record that waits for its next line is shown after so long.
const STILL: Duration = Duration::from_millis(100);

/// How often the place is told at most: for that, each log is looked at.
pub const TOLD: Duration = Duration::from_millis(500);

/// After so many lines it is looked again how late it is.
const LINES_A_MOMENT: u32 = 64;

/// A log, and how it is shown.
pub struct Shown {
    /// What is asked of it, its times included.
    pub question: Question,
    /// How its rows are written.
    pub style: Style,
    /// Which lines of it are shown.
    pub shape: AnswerShape,
    /// What it is called in a line that stands for several, and below them.
    pub member: Vec<u8>,
}

/// One who looks for logs that were not there before, and is told which are left out.
pub trait Scout {
    /// The logs that have come since the last look, and the directories in which more may come.
    fn look(&mut self) -> Result<(Vec<Shown>, Vec<PathBuf>)>;

    /// The others go on without a log, for this reason.
    fn leave_out(&mut self, reason: Error) -> Result<()>;
}

/// Many answers under way.
pub struct Many {
    merge: Merge,
    ways: Vec<LogOutput>,
    /// How many of the lines that are meant, and were there at the start, are still passed over.
    skip: u64,
    /// How many logs were there at the start.
    begun_with: usize,
    /// When the place was told last.
    told: Option<Instant>,
    /// Whether every line that was taken from the merge was written, or is in the folder.
    handed_on: bool,
    /// What many logs say alike, where that is to be one line.
    folder: Option<Folder<Row>>,
    /// What is told below the lines, where it is.
    status: Option<Status>,
    /// How late it is, as of the last look, and how many lines came since.
    now: (Instant, u32),
}

/// How the lines of one log go out.
struct LogOutput {
    style: Style,
    shaper: Shaper,
    member: Vec<u8>,
    /// Whether the heading was written.
    headed: bool,
}

impl Many {
    /// Merges `logs` as `terms` say, without the first `skip` lines that are meant; with `folds`, what they say alike
    /// within a moment is one row. Where the follow stands is told below on a terminal, with moments in the zone `status`.
    pub fn new(
        logs: Vec<Shown>,
        terms: MergeTerms,
        skip: u64,
        folds: bool,
        status: Option<TimeZone>,
    ) -> Self {
        let plain = logs.iter().all(|one| one.shape.is_plain());
        let records = logs.iter().any(|one| one.shape.records);
        let still = (records || folds).then_some(STILL);
        let tick = status.is_some().then_some(status::OFTEN).or(terms.tick);
        let terms = MergeTerms { in_file_order: !plain, still, tick, ..terms };
        let folder = folds.then(Folder::default);
        let status = status.map(Status::new);
        let mut many = Self {
            merge: Merge::new(Vec::new(), terms),
            ways: Vec::new(),
            skip,
            begun_with: logs.len(),
            told: None,
            handed_on: false,
            folder,
            status,
            now: (Instant::now(), 0),
        };
        let questions = many.take(logs);
        many.merge.add(questions);
        many
    }

    /// The merge, for its stats.
    pub fn merge(&self) -> &Merge {
        &self.merge
    }

    /// Why logs were left out that nobody was told of yet.
    pub fn take_errors(&mut self) -> Vec<Error> {
        self.merge.take_errors()
    }

    /// Writes the lines, each log's in its style, and counts in `hits` those that were meant, also where it ends in an
    /// error.
    pub fn show(
        &mut self,
        manner: Manner<'_>,
        mut painter: Option<&mut dyn Painter>,
        scout: &mut dyn Scout,
        caller: &mut dyn Caller,
        hits: &mut u64,
    ) -> Result<()> {
        let caller = &mut Attended { caller, sink: manner.sink.filter(|_| manner.live) };
        let mut out = Out::new(manner, hits);
        let shown = self.show_all(manner, &mut out, &mut painter, scout, caller);
        if shown.is_err() && self.folder.as_ref().is_some_and(|folder| !folder.is_empty()) {
            // Whoever ends it has a right to what had come before.
            self.unfold(true, &mut out, &mut painter)?;
            out.flush(&mut || Ok(()))?;
        }
        if shown.is_err() && self.handed_on {
            // What ended it is said, and not that the place is no longer to be seen.
            let _ = self.tell(manner, &out, Duration::ZERO);
        }
        if self.status.is_some() {
            // Where the terminal is gone, so is what stood there.
            let _ = manner.sink.map_or(Ok(()), |sink| sink.say_below("", &mut || Ok(())));
        }
        shown
    }

    fn show_all(
        &mut self,
        manner: Manner<'_>,
        out: &mut Out<'_>,
        painter: &mut Option<&mut dyn Painter>,
        scout: &mut dyn Scout,
        caller: &mut dyn Caller,
    ) -> Result<()> {
        let mut page = Page::default();
        loop {
            self.now = (Instant::now(), 0);
            self.handed_on = false;
            while let Some((at, held)) = self.merge.ready() {
                self.shape(at, &held, &mut page, caller)?;
                self.write(at, &mut page, out, painter)?;
                if out.is_full() {
                    return out.flush(&mut || caller.pulse());
                }
                out.make_room(&mut || caller.pulse())?;
            }
            self.handed_on = true;
            self.unfold(false, out, painter)?;
            out.settle(&mut || caller.pulse())?;
            self.tell(manner, out, TOLD)?;
            match self.merge.advance(caller)? {
                MergeStep::Line => continue,
                MergeStep::Tick => {
                    self.tell_below(manner, caller)?;
                    continue;
                }
                MergeStep::LeftOut => {
                    self.complain(manner, scout, caller)?;
                    continue;
                }
                MergeStep::Look => {
                    self.look(manner, scout, caller)?;
                    self.tell_below(manner, caller)?;
                    continue;
                }
                MergeStep::Still | MergeStep::Over => {}
            }
            self.write_held_back(&mut page, out, painter)?;
            if self.merge.is_over() {
                out.flush(&mut || caller.pulse())?;
                return self.tell(manner, out, Duration::ZERO);
            }
        }
    }

    /// Says at once why logs are left out: a follow may go on for days without them.
    fn complain(&mut self, manner: Manner<'_>, scout: &mut dyn Scout, caller: &mut dyn Caller) -> Result<()> {
        self.make_way(manner, caller)?;
        self.merge.take_errors().into_iter().try_for_each(|error| scout.leave_out(error))
    }

    /// Takes the row of status away, where there is one: who is asked may complain on the same terminal.
    fn make_way(&self, manner: Manner<'_>, caller: &mut dyn Caller) -> Result<()> {
        let sink = manner.sink.filter(|_| self.status.is_some());
        sink.map_or(Ok(()), |sink| sink.make_way(&mut || caller.pulse()))
    }

    /// Takes in the logs that were not there before.
    fn look(&mut self, manner: Manner<'_>, scout: &mut dyn Scout, caller: &mut dyn Caller) -> Result<()> {
        self.make_way(manner, caller)?;
        let (logs, directories) = scout.look()?;
        let questions = self.take(logs);
        self.merge.join(questions, directories);
        Ok(())
    }

    /// Writes what waited for lines that would go with it, of all logs: nothing comes now, or nothing more at all.
    fn write_held_back(
        &mut self,
        page: &mut Page,
        out: &mut Out<'_>,
        painter: &mut Option<&mut dyn Painter>,
    ) -> Result<()> {
        let over = self.merge.is_over();
        for at in 0..self.ways.len() {
            let shaper = &mut self.ways[at].shaper;
            if over {
                shaper.finish(page);
            } else {
                shaper.settle(page);
            }
            self.write(at, page, out, painter)?;
        }
        self.unfold(true, out, painter)
    }

    /// Tells the place behind what was written, if that was not done for so long. What the merge has not opened yet has
    /// none, and what is folded was not written.
    fn tell(&mut self, manner: Manner<'_>, out: &Out<'_>, often: Duration) -> Result<()> {
        let folded = self.folder.as_ref().is_some_and(|folder| !folder.is_empty());
        let behind_all = out.is_empty() && !folded && self.merge.is_begun();
        if let Some(told) = manner.place.filter(|_| behind_all)
            && self.told.is_none_or(|last| last.elapsed() >= often)
        {
            *lock(told) = Some(self.merge.cursor()?);
            self.told = Some(Instant::now());
        }
        Ok(())
    }

    /// Tells below the lines where the follow stands, if that is wanted.
    fn tell_below(&mut self, manner: Manner<'_>, caller: &mut dyn Caller) -> Result<()> {
        let (Some(status), Some(sink)) = (&mut self.status, manner.sink) else { return Ok(()) };
        let names: Vec<&[u8]> = self.ways.iter().map(|way| way.member.as_slice()).collect();
        sink.say_below(&status.look(&self.merge, &names), &mut || caller.pulse())
    }

    /// What is asked of `logs`, each of which gets its way.
    fn take(&mut self, logs: Vec<Shown>) -> Vec<Question> {
        let take = |one: Shown| {
            let Shown { mut question, style, shape, member } = one;
            let shaper = Shaper::new(&mut question, shape);
            self.ways.push(LogOutput { style, shaper, member, headed: false });
            question
        };
        logs.into_iter().map(take).collect()
    }

    fn shape(&mut self, at: usize, held: &Held, page: &mut Page, caller: &mut dyn Caller) -> Result<()> {
        // What was there may have become less since it was counted; of what was written later nothing is passed over.
        let was_there = at < self.begun_with && self.merge.was_there(at, held);
        let skip = if was_there { &mut self.skip } else { &mut 0 };
        self.ways[at].shaper.line(held, skip, page, caller)
    }

    fn write(
        &mut self,
        at: usize,
        page: &mut Page,
        out: &mut Out<'_>,
        painter: &mut Option<&mut dyn Painter>,
    ) -> Result<()> {
        if let Some(status) = &mut self.status {
            page.rows().iter().for_each(|&row| status.note(at, row, page.text(row)));
        }
        let LogOutput { style, headed, .. } = &mut self.ways[at];
        if let Some(folder) = &mut self.folder {
            for &row in page.rows() {
                folder.push(at, style.framed(page.text(row)), row, self.now.0);
            }
            page.clear();
            self.now.1 += 1;
            if self.now.1 >= LINES_A_MOMENT {
                self.now = (Instant::now(), 0);
            }
            return self.unfold(false, out, painter);
        }
        for &row in page.rows() {
            if out.is_full() {
                break;
            }
            out.row(style, row, page.text(row), headed, painter)?;
        }
        page.clear();
        Ok(())
    }

    /// Writes the groups whose moment is over, or all of them.
    fn unfold(&mut self, all: bool, out: &mut Out<'_>, painter: &mut Option<&mut dyn Painter>) -> Result<()> {
        let is_due = |folder: &mut Folder<Row>| all || folder.is_due(self.ways.len(), self.now.0);
        let Some(mut folder) = self.folder.take_if(is_due) else { return Ok(()) };
        let shown = self.write_groups(&mut folder, all, out, painter);
        self.folder = Some(folder);
        shown
    }

    fn write_groups(
        &mut self,
        folder: &mut Folder<Row>,
        all: bool,
        out: &mut Out<'_>,
        painter: &mut Option<&mut dyn Painter>,
    ) -> Result<()> {
        let mut text = Vec::new();
        while let Some(group) = folder.pop(self.ways.len(), self.now.0, all) {
            text.clear();
            group.write(&mut text);
            let members = group.members();
            if let [at] = *members {
                let LogOutput { style, headed, .. } = &mut self.ways[at];
                out.row(style, group.about, &text, headed, painter)?;
                continue;
            }
            for &at in members {
                let LogOutput { style, headed, .. } = &mut self.ways[at];
                out.heading(style, headed);
            }
            let style = self.of_group(members);
            out.row(&style, group.about, &text, &mut true, painter)?;
            out.count(members.len() - 1);
        }
        Ok(())
    }

    /// How the line is written that stands for several: as the first's, with the names of all.
    fn of_group(&self, members: &[usize]) -> Style {
        let mut label = fold::label(members.iter().map(|at| self.ways[*at].member.as_slice()));
        label.push(b' ');
        Style { label, ..self.ways[members[0]].style.clone() }
    }
}
