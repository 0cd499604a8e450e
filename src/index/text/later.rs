//! Building without being asked: where a log is long and is asked for rare lines again and again.
//!
//! The first such question leaves a mark beside the indexes, whichever process puts it. The next that finds the mark has
//! the index built once it has its own answer, on a thread that gives way to all others: nobody waits for it. A process
//! that ends before leaves the segments that were whole by then.

use std::io::Write;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{Builder, JoinHandle};

use super::{VERSION, build, is_off};
use crate::file::source::Source;
use crate::index::Keep;
use crate::pattern::Pattern;
use crate::system::cores::give_way;

/// From which size on a log is worth it, in bytes.
pub const PAYS_FROM: u64 = 1 << 30;

/// Whether an index of text would have spared much of a question: the pattern can be asked for, and few of the log's
/// blocks had a line.
pub fn would_pay(pattern: &Pattern, size: u64, held: u64) -> bool {
    size >= PAYS_FROM && held < size / 8 && pattern.needs().is_some()
}

/// Notes that an index of the text of this log would have paid; has it built if that was noted before.
pub fn wish(keep: &Keep, source: &Arc<Source>) -> Option<JoinHandle<()>> {
    static BUSY: AtomicBool = AtomicBool::new(false);
    if *keep == Keep::Nowhere || is_off() {
        return None;
    }
    let mark = format!("t{VERSION}-wished");
    if keep.open(source, &mark).is_none() {
        // Where that cannot be written, neither can the index.
        let _ = keep.publish_part(source, &mark, &mut |file| file.write_all(b"an index of text would pay\n"));
        return None;
    }
    if BUSY.swap(true, Ordering::AcqRel) {
        return None;
    }
    let (keep, source) = (keep.clone(), Arc::clone(source));
    let work = move || {
        give_way();
        // What goes wrong is nobody's answer: whoever asks next reads the log.
        let _ = build(&source, &keep, 1, &mut |_| {}, &mut || Ok(()));
        BUSY.store(false, Ordering::Release);
    };
    let thread = Builder::new().name("logdex-text".into()).spawn(work);
    if thread.is_err() {
        BUSY.store(false, Ordering::Release);
    }
    thread.ok()
}
