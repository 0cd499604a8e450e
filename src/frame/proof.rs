//! What is quick says what is not: random frames, whole and broken, by position and by a close look, in one piece and in many.

use std::fs;

use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::select;

use super::{Decoded, Decoder, Fill, Framing, Stand};

/// What a program may write, as bytes of a file.
fn text() -> impl Strategy<Value = Vec<u8>> {
    let any = vec(any::<u8>().prop_filter("one line", |b| *b != b'\n'), 0..60);
    let said = "[ -~é😀]{0,60}".prop_map(String::into_bytes);
    let hole = (4000_usize..4200).prop_map(|nuls| vec![0; nuls]);
    prop_oneof![8 => said, 2 => any, 1 => hole]
}

fn moment() -> impl Strategy<Value = String> {
    prop_oneof![
        6 => "2026-11-22T02:1[0-2]:[0-5][0-9]\\.[0-9]{9}Z",
        1 => "2026-11-22T02:1[0-2]:[0-6][0-9](\\.[0-9]{1,9})?(Z|[+]01:00)",
        1 => "2026-1[0-9]-22T02:10:00\\.[0-9a]{9}Z",
    ]
}

fn cri() -> impl Strategy<Value = Vec<u8>> {
    let tag = select(vec!["F", "F", "F", "F", "P", "P:x", "F:y", "Q", ""]);
    (moment(), select(vec!["stdout", "stderr", "stdour"]), tag, text()).prop_map(
        |(moment, stream, tag, text)| [format!("{moment} {stream} {tag} ").as_bytes(), &text, b"\n"].concat(),
    )
}

/// What stands between the quotes: as JSON says it, or pieces of which some are wrong.
fn string() -> impl Strategy<Value = String> {
    let pieces = select(vec![
        "a",
        "words ",
        "\\\"",
        "\\\\",
        "\\/",
        "\\t",
        "\\r",
        "\\b",
        "\\f",
        "\\u001b",
        "\\u0000",
        "\\u000a",
        "\\ud83d\\ude00",
        "\\ud83d",
        "é",
        "\\n",
        "\\",
        "\"",
        "\\x",
        "\",\"stream\":\"stdout\",\"time\":\"",
    ]);
    let odd = vec(pieces, 0..12).prop_map(|pieces| pieces.concat());
    let said = "[ -~é😀\t]{0,60}".prop_map(|text| {
        let quoted = serde_json::to_string(&text).expect("a string");
        quoted[1..quoted.len() - 1].to_owned()
    });
    prop_oneof![3 => said, 2 => odd]
}

fn docker() -> impl Strategy<Value = Vec<u8>> {
    let end = select(vec!["\\n", "\\n", "\\n", "", "\\n\\n"]);
    let more = select(vec!["", "", "", ",\"attrs\":{\"tag\":\"a}\\\"b\"}", ",\"log\":\"again\\n\"", " "]);
    (string(), end, select(vec!["stdout", "stderr", "x"]), more, moment()).prop_map(
        |(text, end, stream, more, moment)| {
            let frame =
                format!("{{\"log\":\"{text}{end}\",\"stream\":\"{stream}\"{more},\"time\":\"{moment}\"}}\n");
            frame.into_bytes()
        },
    )
}

/// A file: its lines, of which some are no frames, and perhaps cut off at the end.
fn file(frame: BoxedStrategy<Vec<u8>>) -> impl Strategy<Value = Vec<u8>> {
    let foreign = select(vec!["", "no frame", "{}", "{\"log\":\"x\"}"])
        .prop_map(|line| format!("{line}\n").into_bytes());
    let line = prop_oneof![9 => frame, 1 => foreign];
    (vec(line, 0..40), 0_usize..30).prop_map(|(lines, cut)| {
        let mut whole = lines.concat();
        whole.truncate(whole.len().saturating_sub(cut.saturating_sub(15)));
        whole
    })
}

fn framed() -> impl Strategy<Value = (Framing, Vec<u8>)> {
    prop_oneof![
        file(cri().boxed()).prop_map(|file| (Framing::Cri, file)),
        file(docker().boxed()).prop_map(|file| (Framing::Docker, file)),
    ]
}

/// What the twin makes of `raw`.
fn twin(kind: Framing, raw: &[u8]) -> Decoded {
    let (mut decoder, mut out) = (Decoder::closely(kind), Decoded::default());
    decoder.push(raw, &mut out);
    decoder.finish(&mut out);
    out
}

proptest! {
    #[test]
    fn by_position_and_cut_anywhere_it_is_the_same((kind, raw) in framed(), cuts in vec(any::<prop::sample::Index>(), 0..6)) {
        let mut cuts: Vec<usize> = cuts.iter().map(|cut| cut.index(raw.len() + 1)).chain([0, raw.len()]).collect();
        cuts.sort_unstable();
        let (mut decoder, mut out) = (Decoder::new(kind), Decoded::default());
        for piece in cuts.windows(2) {
            decoder.push(&raw[piece[0]..piece[1]], &mut out);
        }
        decoder.finish(&mut out);
        prop_assert_eq!(decoder.size(), out.text.len() as u64);
        prop_assert_eq!(out, twin(kind, &raw));
    }

    #[test]
    fn in_pieces_on_threads_it_is_the_same(
        (kind, raw) in framed(), before in "[a-z]{0,3}", piece in 1_usize..3000, mark in 1_usize..300,
    ) {
        let directory = tempfile::tempdir().expect("a directory");
        let [log, text, told] = ["log", "text", "told"].map(|name| directory.path().join(name));
        for path in [&text, &told] {
            fs::write(path, b"").expect("a file");
        }
        fs::write(&log, &raw).expect("a log");
        let mut fill = Fill::new(kind, text.clone(), told.clone()).expect("files").in_pieces(piece, mark);
        fill.push(before.as_bytes()).expect("room");
        let end = fill.read(&log, 0, u64::MAX).expect("room") as usize;
        prop_assert!(!raw[end..].contains(&b'\n'));
        fill.push(&raw[end..]).expect("room");
        fill.finish().expect("room");
        let out = Decoded { text: fs::read(&text).expect("text"), told: fs::read(&told).expect("table") };
        prop_assert_eq!(out, twin(kind, &[before.as_bytes(), &raw].concat()));
    }

    #[test]
    fn gone_on_with_as_it_grows_it_is_the_same(
        (kind, raw) in framed(), cuts in vec((any::<prop::sample::Index>(), any::<bool>()), 0..6),
        piece in 1_usize..3000, mark in 1_usize..300,
    ) {
        let mut cuts: Vec<(usize, bool)> = cuts.iter().map(|(cut, here)| (cut.index(raw.len() + 1), *here)).collect();
        cuts.sort_unstable();
        cuts.push((raw.len(), false));
        let directory = tempfile::tempdir().expect("a directory");
        let at = |name: &str, number: usize| directory.path().join(format!("{name}{number}"));
        let log = directory.path().join("log");
        let (mut begun, mut places) = (None::<(Stand, u64)>, (at("text", 0), at("told", 0)));
        for path in [&places.0, &places.1] {
            fs::write(path, b"").expect("a file");
        }
        for (number, (cut, in_place)) in cuts.into_iter().enumerate() {
            fs::write(&log, &raw[..cut]).expect("a log");
            let after = begun.as_ref().map_or(0, |(_, after)| *after);
            let fill = match begun.take() {
                None => Fill::new(kind, places.0.clone(), places.1.clone()),
                Some((stand, _)) => {
                    let sizes = [&places.0, &places.1].map(|path| fs::metadata(path).expect("a file").len());
                    if !(in_place && sizes == [stand.text, stand.told]) {
                        let copies = (at("text", number + 1), at("told", number + 1));
                        for (from, to, size) in
                            [(&places.0, &copies.0, stand.text), (&places.1, &copies.1, stand.told)]
                        {
                            fs::write(to, &fs::read(from).expect("a file")[..size as usize]).expect("a copy");
                        }
                        places = copies;
                    }
                    Fill::from(stand, places.0.clone(), places.1.clone())
                }
            };
            let mut fill = fill.expect("files").in_pieces(piece, mark);
            let end = fill.read(&log, after, u64::MAX).expect("room");
            begun = Some((fill.stand(), end));
            fill.push(&raw[end as usize..cut]).expect("room");
            fill.finish().expect("room");
            let out = Decoded { text: fs::read(&places.0).expect("text"), told: fs::read(&places.1).expect("table") };
            prop_assert_eq!(out, twin(kind, &raw[..cut]));
        }
    }
}
