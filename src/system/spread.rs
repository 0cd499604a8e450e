//! Many small pieces of work, each by itself, done on all cores while one waits for all of them.

use std::sync::Mutex;
use std::thread;

use super::cores::cores;
use super::lock::lock;

/// What `work` makes of each of `items`, in their order; `name` is that of the threads.
pub(crate) fn spread<T: Send, R: Send>(name: &str, items: Vec<T>, work: impl Fn(T) -> R + Sync) -> Vec<R> {
    let threads = cores().min(items.len());
    let rest = Mutex::new(items.into_iter().enumerate());
    let made = Mutex::new(Vec::new());
    let run = || {
        let mut mine = Vec::new();
        while let Some((at, item)) = { lock(&rest).next() } {
            mine.push((at, work(item)));
        }
        lock(&made).append(&mut mine);
    };
    thread::scope(|scope| {
        for _ in 1..threads {
            // Where no thread is to be had, one fewer works.
            let _ = thread::Builder::new().name(name.to_owned()).spawn_scoped(scope, run);
        }
        run();
    });
    let mut made = std::mem::take(&mut *lock(&made));
    made.sort_unstable_by_key(|(at, _)| *at);
    made.into_iter().map(|(_, made)| made).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_made_stands_in_the_order_of_the_items() {
        for count in [0, 1, 2, 1_000] {
            let items: Vec<usize> = (0..count).collect();
            let squares: Vec<usize> = items.iter().map(|item| item * item).collect();
            assert_eq!(spread("logdex-test", items, |item| item * item), squares);
        }
    }
}
