//! A table: an answer that is read batch by batch, as columns.

use std::sync::Arc;

use arrow_array::RecordBatch;

use super::build::Plan;
use super::building::Building;
use super::draw::{Draw, Drawn};
use crate::caller::Caller;
use crate::error::{Error, Result};
use crate::system::relay::Relay;

/// The rows of an answer on their way into batches of columns.
///
/// Whoever asks for the next batch draws rows ahead of it, in order, for the time of a line hangs on the lines before;
/// columns are made of them on other threads meanwhile. The first chunk is small, so that it comes soon.
pub struct Table<D> {
    source: D,
    plan: Arc<Plan>,
    relay: Relay<Building>,
    /// No chunk was drawn yet.
    new: bool,
    over: bool,
    /// What went wrong behind the rows that were drawn.
    failed: Option<Error>,
}

impl<D: Draw> Table<D> {
    /// The rows of `source`, of which at most `threads` threads make columns.
    pub fn new(source: D, plan: Arc<Plan>, threads: usize) -> Self {
        let relay = Relay::new(Building(Arc::clone(&plan)), threads);
        Self { source, plan, relay, new: true, over: false, failed: None }
    }

    /// Draws the first rows, if none were; what goes wrong before them is returned here.
    pub fn begin(&mut self, caller: &mut dyn Caller) -> Result<()> {
        if self.new && !self.over {
            self.draw(caller);
        }
        match self.failed.take_if(|_| self.relay.is_idle()) {
            Some(error) => Err(error),
            None => Ok(()),
        }
    }

    /// The next batch, or `None` at the end.
    ///
    /// # Errors
    /// What the answer says, behind the batches of all rows that came before.
    pub fn next(&mut self, caller: &mut dyn Caller) -> Result<Option<RecordBatch>> {
        loop {
            // One chunk for one batch, and one more ahead where the batch is not ready.
            if !self.over && self.relay.has_room() {
                self.draw(caller);
            }
            let wait = self.over || !self.relay.has_room();
            let built = if wait { self.relay.pop(&mut || caller.pulse())? } else { self.relay.poll()? };
            if let Some(built) = built {
                self.source.recycle(built.rows);
                return built.batch.map(Some);
            }
            if self.over && self.relay.is_idle() {
                return self.failed.take().map_or(Ok(None), Err);
            }
        }
    }

    fn draw(&mut self, caller: &mut dyn Caller) {
        let Drawn { rows, more } = self.source.draw(std::mem::take(&mut self.new), caller);
        self.over = !matches!(more, Ok(true));
        self.failed = more.err();
        if rows.len() > 0 {
            self.relay.push(rows);
        }
    }

    /// The answer.
    pub fn source(&self) -> &D {
        &self.source
    }

    /// What its columns are.
    pub fn plan(&self) -> &Plan {
        &self.plan
    }

    /// Lets go of the files and of the threads.
    pub fn finish(&mut self) {
        self.over = true;
        self.source.finish();
    }
}

#[cfg(test)]
mod tests {
    use std::borrow::Cow;
    use std::collections::VecDeque;
    use std::sync::{Condvar, Mutex};

    use arrow_array::cast::AsArray;
    use proptest::prelude::*;

    use super::*;
    use crate::arrow::{Column, FieldKind, GroupColumns, Groups, Origin, Rows};
    use crate::batch::{Batch, Selection};
    use crate::file::block::Block;
    use crate::line;
    use crate::system::lock::{lock, sound};
    use crate::testing::Nobody;

    /// Chunks as they are told, and then the end, or an error.
    struct Script {
        chunks: VecDeque<Rows>,
        error: Option<Error>,
    }

    impl Script {
        fn of(chunks: &[Vec<u8>]) -> Self {
            let mut offset = 0;
            let rows = chunks.iter().map(|bytes| {
                let batch = Batch::new(Block::of(offset, bytes.clone()), Selection::All(line::ends(bytes)));
                offset += bytes.len() as u64;
                Rows::Batches(vec![batch.into()])
            });
            Self { chunks: rows.collect(), error: None }
        }
    }

    impl Draw for Script {
        fn draw(&mut self, _: bool, _: &mut dyn Caller) -> Drawn {
            let rows = self.chunks.pop_front().unwrap_or(Rows::Batches(Vec::new()));
            let more =
                if self.chunks.is_empty() { self.error.take().map_or(Ok(false), Err) } else { Ok(true) };
            Drawn { rows, more }
        }

        fn recycle(&mut self, _: Rows) {}

        fn finish(&mut self) {}
    }

    /// Finds nothing, but keeps the thread that is shown `first` until another was shown `second`.
    struct Gate {
        opened: Mutex<bool>,
        opens: Condvar,
    }

    impl Groups for Gate {
        fn take(&self, lines: &[Cow<'_, str>]) -> Result<Vec<Option<String>>> {
            let mut opened = lock(&self.opened);
            if lines.iter().any(|line| line == "second\n") {
                *opened = true;
                self.opens.notify_all();
            }
            while lines.iter().any(|line| line == "first\n") && !*opened {
                opened = sound(self.opens.wait(opened));
            }
            assert!(!lines.iter().any(|line| line == "panic\n"), "as it was told");
            Ok(vec![None; lines.len()])
        }
    }

    fn table(source: Script) -> Table<Script> {
        let gate = Arc::new(Gate { opened: Mutex::new(false), opens: Condvar::new() });
        let fields = GroupColumns::new(vec![("group".into(), 1, FieldKind::Text)], None, gate);
        let names = ["offset", "text", "group"].map(String::from);
        let plan = Plan::new(&names, Some(fields), &[Origin { source: "log".into(), rank: None }]);
        Table::new(source, Arc::new(plan.unwrap()), 2)
    }

    /// The offsets and texts of all batches, and what ended them.
    fn read(table: &mut Table<Script>) -> (Vec<(u64, String)>, Result<()>) {
        let mut rows = Vec::new();
        loop {
            match table.next(&mut Nobody) {
                Ok(Some(batch)) => {
                    let offsets = batch.column(0).as_primitive::<arrow_array::types::UInt64Type>();
                    let texts = batch.column(1).as_string::<i64>();
                    let texts = texts.iter().map(|text| text.unwrap_or_default().to_owned());
                    rows.extend(offsets.values().iter().copied().zip(texts));
                }
                Ok(None) => return (rows, Ok(())),
                Err(error) => return (rows, Err(error)),
            }
        }
    }

    fn twin(chunks: &[Vec<u8>]) -> Vec<(u64, String)> {
        let mut offset = 0;
        let mut rows = Vec::new();
        for line in chunks.concat().split_inclusive(|&b| b == b'\n') {
            let text = String::from_utf8_lossy(line.strip_suffix(b"\n").unwrap_or(line)).into_owned();
            rows.push((offset, text));
            offset += line.len() as u64;
        }
        rows
    }

    #[test]
    fn a_chunk_that_takes_longer_comes_before_the_next() {
        let chunks = ["begin\n", "first\n", "second\n", "third\n"].map(|text| text.as_bytes().to_vec());
        let (rows, end) = read(&mut table(Script::of(&chunks)));
        assert_eq!(rows, twin(&chunks));
        assert!(end.is_ok());
    }

    #[test]
    fn an_error_comes_behind_the_rows_before_it() {
        let chunks = [b"a\nb\n".to_vec(), b"c\n".to_vec()];
        let script = Script { error: Some(Error::Value("broken".into())), ..Script::of(&chunks) };
        let (rows, end) = read(&mut table(script));
        assert_eq!(rows, twin(&chunks));
        assert!(matches!(end, Err(Error::Value(text)) if text == "broken"));
    }

    #[test]
    fn what_goes_wrong_before_the_first_row_is_told_at_the_beginning() {
        let mut one = table(Script { error: Some(Error::Value("broken".into())), ..Script::of(&[]) });
        assert!(one.begin(&mut Nobody).is_err());
        let script = Script { error: Some(Error::Value("broken".into())), ..Script::of(&[b"a\n".to_vec()]) };
        let mut other = table(script);
        assert!(other.begin(&mut Nobody).is_ok());
        assert!(matches!(read(&mut other), (rows, Err(_)) if rows.len() == 1));
    }

    #[test]
    fn a_panic_where_columns_are_made_is_an_error() {
        for chunks in [&["begin\n", "panic\n", "end\n"][..], &["panic\n"]] {
            let chunks: Vec<_> = chunks.iter().map(|text| text.as_bytes().to_vec()).collect();
            let (rows, end) = read(&mut table(Script::of(&chunks)));
            assert_eq!(rows.len(), chunks.len() / 2);
            assert!(matches!(end, Err(Error::Bug(_))));
        }
    }

    #[test]
    fn a_column_that_is_not_there_is_named() {
        let error = Plan::new(&["time".into(), "txet".into()], None, &[]).err().unwrap();
        assert!(error.to_string().contains("txet") && error.to_string().contains(Column::Text.name()));
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]
        #[test]
        fn batches_joined_are_the_lines(
            lines in proptest::collection::vec(proptest::collection::vec(any::<u8>(), 0..20), 0..40),
            every in 1usize..6,
        ) {
            let lines: Vec<Vec<u8>> = lines.into_iter().map(|line| {
                line.into_iter().filter(|&b| b != b'\n').chain([b'\n']).collect()
            }).collect();
            let chunks: Vec<Vec<u8>> = lines.chunks(every).map(<[_]>::concat).collect();
            prop_assume!(!lines.iter().any(|line| line == b"first\n" || line == b"panic\n"));
            let (rows, end) = read(&mut table(Script::of(&chunks)));
            prop_assert!(end.is_ok());
            prop_assert_eq!(rows, twin(&chunks));
        }
    }
}
