//! A look at a block before it is read: whether it is worth it.

use std::ops::ControlFlow;
use std::sync::Arc;

use super::Pattern;
use super::program::Scratch;
use super::search::{search_prefiltered, sweep};

impl Pattern {
    /// Whether a line of `bytes`, whole lines, may be a candidate; false only if [`Pattern::scan`] would find none.
    ///
    /// Others may change the bytes meanwhile, so nothing here makes text of them; what it then says means nothing.
    pub fn may_select(&self, bytes: &[u8], scratch: &mut Scratch) -> bool {
        // A line without its `\n` has a program of its own, and is the last of its file.
        if self.inverted || !bytes.ends_with(b"\n") {
            return true;
        }
        let for_any = self.in_any.needles(bytes).filter(|_| self.in_ascii.is_none());
        let first = for_any.map(|needles| (needles, needles.find(bytes, 0)));
        let mut may = false;
        let report = |_, _, _, _| {
            may = true;
            ControlFlow::Break(())
        };
        match first {
            Some((_, None)) => return false,
            Some((needles, Some(_))) if needles.is_whole() && Arc::ptr_eq(&self.ascii, &self.text) => {
                return true;
            }
            _ if !bytes.is_ascii() => return true,
            Some((needles, Some(hit))) => {
                search_prefiltered(&self.ascii, needles, bytes, hit, &mut scratch.ascii, report);
            }
            None => {
                let needles = self.in_ascii.as_ref().unwrap_or(&self.in_any).needles(bytes);
                sweep(&self.ascii, needles, bytes, &mut scratch.ascii, report);
            }
        }
        may
    }
}
