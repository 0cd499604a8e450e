//! In what order lines of two logs come.

use std::path::Path;
use std::time::{Duration, Instant};

use crate::error::Result;
use crate::record::Arrivals;

/// How long between two looks at a record that another process is about to write.
const PAUSE: Duration = Duration::from_millis(10);

/// The place of a line in the combined stream; of two lines with the same, that of stdout comes first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Key {
    /// By the tick at which its `\n` had arrived.
    Arrived(u64),
    /// Behind the end of the record: by its time, in nanoseconds since 1970 UTC.
    Timed(i64),
    /// A last line without `\n`.
    Unfinished,
}

/// The records of both logs.
#[derive(Debug)]
pub struct Order {
    arrivals: [Option<Arrivals>; 2],
}

impl Order {
    /// Reads the records, which are waited for until `deadline` if they do not cover all of `sizes` yet.
    pub fn of(
        paths: [&Path; 2],
        sizes: [u64; 2],
        deadline: Option<Instant>,
        pulse: &mut dyn FnMut() -> Result<()>,
    ) -> Result<Self> {
        loop {
            let order = Self { arrivals: paths.map(Arrivals::beside) }.of_one_session();
            let some = order.arrivals.iter().any(Option::is_some);
            if order.covers(sizes) || !some || deadline.is_none_or(|deadline| Instant::now() >= deadline) {
                return Ok(order);
            }
            pulse()?;
            std::thread::sleep(PAUSE);
        }
    }

    /// Records of two recorders cannot be compared.
    fn of_one_session(self) -> Self {
        match &self.arrivals {
            [Some(a), Some(b)] if a.session() != b.session() => Self { arrivals: [None, None] },
            _ => self,
        }
    }

    /// Whether every line up to `sizes` has its moment.
    pub fn covers(&self, sizes: [u64; 2]) -> bool {
        self.arrivals.iter().zip(sizes).all(|(arrivals, size)| {
            size == 0 || arrivals.as_ref().is_some_and(|arrivals| arrivals.end() >= size)
        })
    }

    /// The record of each.
    pub fn into_arrivals(self) -> [Option<Arrivals>; 2] {
        self.arrivals
    }
}
