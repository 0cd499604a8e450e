//! The record of arrival: how many bytes of a replica's two logs were there at what moment, and in what order.
//!
//! The launcher of an app notes it (`recorder`) for the two logs of each replica, which make a **pair**: both are looked
//! at together, so that their lines have one order. A **note** says how long both were at a **tick**, a millisecond of a
//! clock that never steps. A line has arrived at the first note that covers its `\n`; of the lines of one note, those of
//! stdout come first.
//!
//! That is the one truth about the order, also for readers that show lines before they are noted: what they may show is
//! the recorder's to say (`view`), and it says nothing that the notes to come could belie. A reader in the recorder's
//! process has it look at once. One in another process holds a shared lock on the record, by which the recorder knows
//! that it has to look at each event and to write down what it sees at once.
//!
//! A note costs about five bytes. So many as keep within one hundredth of the logs are made, and always enough for small
//! ones; behind that, one each quarter of a second at most.

mod arrivals;
pub mod arrived;
mod beside;
mod keeper;
mod notes;
mod pair;
#[cfg(test)]
mod proof;
mod recall;
mod recorder;
mod recording;
mod view;

pub use arrivals::{Arrival, Arrivals};
pub use beside::{LOGS, path};
pub use notes::TICK;
#[cfg(test)]
pub(crate) use notes::{SLOT, Session, Totals};
pub use pair::snapshot;
pub use recorder::{start, stop};
pub use view::View;
