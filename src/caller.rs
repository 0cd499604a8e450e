//! What the engine asks of the one who put the question: whether to go on, whether the writer is gone, and a verdict
//! on the lines that it cannot decide itself.

use std::time::Duration;

use crate::error::Result;
use crate::pattern::Judge;

/// The one who put the question; all calls come from the thread that asks for the next lines.
pub trait Caller: Judge {
    /// Called while nothing comes, as often as `patience` says. An error ends the wait and is handed through.
    fn pulse(&mut self) -> Result<()>;

    /// How long a wait may last without a call of `pulse` or `ended`.
    fn patience(&self) -> Duration;

    /// Something about the answer that a person should know.
    fn note(&mut self, text: &str) -> Result<()>;

    /// Whether nobody will write to the file any more. Asked at every look at the end of a followed file, so it has to
    /// be cheap; once it is true, the rest of the file is delivered and the follow ends.
    fn ended(&mut self) -> Result<bool>;
}
