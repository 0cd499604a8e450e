//! Any bytes as a container's log: nothing panics, frames taken off by position say what a close look says, and so do
//! pieces of the file, wherever it is cut.

#![no_main]

use libfuzzer_sys::fuzz_target;
use logdex::frame::{Decoded, Decoder, Kind};

/// What comes out of `log`, cut at `cut`.
fn decoded(mut decoder: Decoder, log: &[u8], cut: usize) -> Decoded {
    let mut out = Decoded::default();
    let (head, tail) = log.split_at(cut);
    decoder.push(head, &mut out);
    decoder.push(tail, &mut out);
    decoder.finish(&mut out);
    assert_eq!(decoder.size(), out.text.len() as u64);
    out
}

fuzz_target!(|log: &[u8]| {
    Kind::of(log);
    for kind in [Kind::Cri, Kind::Docker] {
        let twin = decoded(Decoder::closely(kind), log, 0);
        let cut = log.first().map_or(0, |byte| usize::from(*byte) % log.len());
        assert_eq!(decoded(Decoder::new(kind), log, cut), twin);
        assert_eq!(decoded(Decoder::new(kind), log, log.len() - cut), twin);
    }
});
