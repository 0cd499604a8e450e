//! Answers as columns: Arrow record batches in place of one object a line.
//!
//! A [`Table`] draws rows from an answer ([`Draw`]), a chunk at a time and in order; a few threads make columns of the
//! chunks ([`Plan`]), and whoever reads the table gets the batches in the order of the rows. Nothing here knows of
//! Python; what the engine cannot take out of a line as `re` would is asked of a [`Groups`].

mod build;
mod building;
mod captures;
mod column;
mod draw;
pub mod fields;
mod memory;
mod rows;
mod straight;
mod table;

pub use build::{Origin, Plan};
pub use captures::Captures;
pub use column::Column;
pub use draw::{Draw, Drawn, of_batches};
pub use fields::{FieldKind, GroupColumns, Groups};
pub use rows::{Chunk, Rows};
pub use table::Table;
