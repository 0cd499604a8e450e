//! Which rank wrote a line, by the prefixes that launchers put before it and by the field in which loggers say so.
//!
//! A prefix stands at column 0, and prefixes may be stacked: `[0]:[rank2]:` was written by the rank 2 of the job, which
//! is the process 0 of its node. Where no prefix names a rank, a field before the text may: `INFO [rank0] x`,
//! `2026-11-22 06:47:12 rank=0 x`. A rank in the text itself (`peer rank 3 is gone`) is one that the line speaks of.

use crate::stamp::find;
use crate::stamp::formats::names;
use crate::stamp::head::header;

/// A rank as it stands on a line.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Rank {
    /// Whether the number counts within one replica (`[default3]:`) or over the whole job (`[rank3]:`).
    pub local: bool,
    /// The number.
    pub number: u32,
}

/// All that a line says of who wrote it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Named {
    /// The number over the whole job.
    pub global: Option<u32>,
    /// The number within one replica or node.
    pub local: Option<u32>,
}

impl Named {
    /// The rank by which the line is counted: the one of the job where it is known.
    pub fn rank(self) -> Option<Rank> {
        let global = self.global.map(|number| Rank { local: false, number });
        global.or(self.local.map(|number| Rank { local: true, number }))
    }

    fn is_empty(self) -> bool {
        self == Self::default()
    }
}

/// Words that number a writer, and whether the number is local to a replica.
const WORDS: [(&[u8], bool); 6] = [
    (b"globalrank", false),
    (b"worldrank", false),
    (b"localrank", true),
    (b"rank", false),
    (b"default", true),
    (b"trainer", true),
];
/// How many prefixes may be stacked.
const STACK: usize = 32;
/// The longest bracket that is looked into.
const BRACKET: usize = 128;
/// The widest label of `srun --label`, blanks and digits; what is wider is a list (`     0: EmbeddingPipe`).
const LABEL: usize = 5;
const ESCAPE: u8 = 0x1b;

/// The rank that wrote `line`, if the line says so; see [`named`].
#[inline]
pub fn of(line: &[u8]) -> Option<Rank> {
    named(line).rank()
}

/// What `line` says of the rank that wrote it.
///
/// Known are `[rank3]:` (PyTorch), `[default3]:`, `[trainer3]:` and, where the role has no name, `[3]:` (torchrun's
/// `--tee`), `3: ` (srun `--label`), `[1,3]<stdout>:` and its kin (mpirun `--tag-output`), TorchX's `trainer/0 ` before any of them,
/// and fields before the text: `[Rank 3]`, `(rank 3)`, `rank=3`, `rank3:`, vLLM's `(VllmWorker rank=3 pid=412)`, and the prefixes with a
/// word or a stream where a collector put a stamp before them.
#[inline]
pub fn named(line: &[u8]) -> Named {
    let at = skip_codes(line, 0);
    let (mut named, end) = match line.get(at) {
        Some(b'[' | b' ' | b'0'..=b'9' | b'a'..=b'z' | b'A'..=b'Z') => prefixes(line, at),
        _ => (Named::default(), at),
    };
    let head = &line[end..line.len().min(end + header::HEADER)];
    if named.is_empty() && (says_rank(head) || says_stream(head)) && !goes_on(head) {
        named = field(head);
    }
    named
}

/// What the prefixes from `at` on say, and where they end.
fn prefixes(line: &[u8], at: usize) -> (Named, usize) {
    let (mut named, mut at) = (Named::default(), at);
    for depth in 0..STACK {
        let Some((rank, end)) = prefix(line, at, depth == 0) else { break };
        match rank {
            Some(NumberedBy::Word(Rank { local: false, number })) => named.global = Some(number),
            Some(NumberedBy::Word(Rank { local: true, number })) => {
                // The label outside of a local rank numbers nodes.
                named = Named { global: None, local: Some(number) };
            }
            Some(NumberedBy::Label(number)) if named.is_empty() => named.global = Some(number),
            Some(NumberedBy::Label(_)) | None => {}
        }
        at = skip_codes(line, end);
        at = skip_codes(line, at + usize::from(line.get(at) == Some(&b' ')));
    }
    (named, at)
}

/// Whose prefix it is.
enum NumberedBy {
    /// A word or torchrun says what the number counts.
    Word(Rank),
    /// The task of `srun` or `mpirun`, which is a rank unless more is said.
    Label(u32),
}

/// One prefix at `at`, and where it ends; `None` where there is none.
fn prefix(line: &[u8], at: usize, first: bool) -> Option<(Option<NumberedBy>, usize)> {
    match line.get(at)? {
        b'[' => bracket(line, at),
        b' ' | b'0'..=b'9' if first => {
            label(line, at).map(|(number, end)| (Some(NumberedBy::Label(number)), end))
        }
        b'a'..=b'z' | b'A'..=b'Z' if first => replica(line, at).map(|end| (None, end)),
        _ => None,
    }
}

/// The label that `srun --label` puts before a line, padded with blanks: its number, and where its text begins.
pub(crate) fn label(line: &[u8], at: usize) -> Option<(u32, usize)> {
    let blanks = line[at..].iter().take(LABEL).take_while(|b| **b == b' ').count();
    let (number, rest) = number(&line[at + blanks..])?;
    let end = line.len() - rest.len();
    (rest.starts_with(b": ") && (blanks == 0 || end - at <= LABEL)).then_some((number, end + 2))
}

/// TorchX's `trainer/0 `: where it ends.
fn replica(line: &[u8], at: usize) -> Option<usize> {
    let rest = &line[at..line.len().min(at + BRACKET)];
    let slash = rest.iter().position(|b| !(b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-')))?;
    let (_, tail) = number(rest.get(slash + 1..)?).filter(|_| rest[slash] == b'/')?;
    matches!(tail.first(), Some(b' ' | &ESCAPE)).then(|| at + rest.len() - tail.len())
}

/// `[rank3]:`, `[3]:`, `[1,3]<stdout>:`, or a bracket that names no rank before others (`[titan]:`, the stamp of
/// mpirun's `--output tag,timestamp`).
fn bracket(line: &[u8], at: usize) -> Option<(Option<NumberedBy>, usize)> {
    let (content, end) = bracketed(line, at)?;
    let rest = &line[end..];
    if let Some((task, end)) = task_of_mpi(line, content, end) {
        return Some((Some(NumberedBy::Label(task)), end));
    }
    if let Some((first, tail)) = number(content) {
        // Behind a number and a colon alone, torchrun lists a failure.
        let is_local = tail.is_empty() && rest.starts_with(b":") && !is_alone(rest);
        return is_local.then_some((Some(NumberedBy::Word(Rank { local: true, number: first })), end + 1));
    }
    let colon = usize::from(rest.starts_with(b":"));
    match word(content).filter(|(_, tail)| tail.is_empty()) {
        Some((rank, _)) => Some((Some(NumberedBy::Word(rank)), end + colon)),
        None if colon == 1 => Some((None, end + colon)),
        None => {
            let (task, next) = rest.starts_with(b"[").then(|| bracketed(line, end)).flatten()?;
            task_of_mpi(line, task, next).map(|(task, end)| (Some(NumberedBy::Label(task)), end))
        }
    }
}

/// What stands in the bracket at `at`, and where the bracket ends.
fn bracketed(line: &[u8], at: usize) -> Option<(&[u8], usize)> {
    let inside = &line[at + 1..line.len().min(at + 1 + BRACKET)];
    let content = &inside[..memchr::memchr(b']', inside)?];
    Some((content, at + 1 + content.len() + 1))
}

/// Which process of an MPI job Open MPI says that a line is of, and where its tag ends.
///
/// A bracket, then the stream: `[1,3]<stdout>:` (`mpirun --tag-output`: the job and the rank), `[prterun-h0-77@1,3]<stderr>:`
/// (PRRTE), `[1,3][h0:4103]<stdout>:` (`--output tag-detailed`), `[3]<stdout>:` (`--output rank`), and Amazon's
/// `[1,mpirank:3,algo-2]<stdout>:`.
fn task_of_mpi(line: &[u8], content: &[u8], end: usize) -> Option<(u32, usize)> {
    let end = if line[end..].starts_with(b"[") { bracketed(line, end)?.1 } else { end };
    let stream = [b"<stdout>:".as_slice(), b"<stderr>:"].into_iter().find(|s| line[end..].starts_with(s))?;
    let task = content.split(|b| *b == b',').find_map(|part| part.strip_prefix(b"mpirank:"));
    let task = task.or_else(|| content.rsplit(|b| *b == b',').next())?;
    let (task, _) = number(task).filter(|(_, tail)| tail.is_empty())?;
    Some((task, end + stream.len()))
}

/// Whether nothing follows a bracket but its colon: `[0]:` with nothing more is how torchrun numbers a list of failures.
pub(crate) fn is_alone(rest: &[u8]) -> bool {
    matches!(rest, [b':'] | [b':', b'\n'] | [b':', b'\r' | b' ', b'\n'])
}

/// The rank that a word and a number at the head of `bytes` name, in any case, and what follows.
fn word(bytes: &[u8]) -> Option<(Rank, &[u8])> {
    for (word, local) in WORDS {
        let Some(rest) = strip_word(bytes, word) else { continue };
        let (number, rest) = number(rest)?;
        return Some((Rank { local, number }, rest));
    }
    None
}

/// What follows `word` in any case, with marks between its halves perhaps (`local_rank`), and one mark or blank after it.
fn strip_word<'b>(bytes: &'b [u8], word: &[u8]) -> Option<&'b [u8]> {
    let (mut rest, halves) =
        (bytes, word.len().checked_sub(b"rank".len()).filter(|_| word.ends_with(b"rank")));
    for (at, letter) in word.iter().enumerate() {
        if at > 0 && halves == Some(at) && matches!(rest.first(), Some(b'_' | b'-' | b' ')) {
            rest = &rest[1..];
        }
        rest = rest.split_first().filter(|(first, _)| first.eq_ignore_ascii_case(letter))?.1;
    }
    let rest = rest.strip_prefix(b": ").unwrap_or(rest);
    let mark = usize::from(matches!(rest.first(), Some(b' ' | b'=' | b'_' | b'-' | b':')));
    Some(&rest[mark..])
}

fn number(bytes: &[u8]) -> Option<(u32, &[u8])> {
    let digits = bytes.iter().take(11).take_while(|b| b.is_ascii_digit()).count();
    let number = std::str::from_utf8(&bytes[..digits]).ok()?.parse().ok()?;
    Some((number, &bytes[digits..]))
}

/// Whether the word stands anywhere: most lines end here.
fn says_rank(head: &[u8]) -> bool {
    memchr::memchr2_iter(b'k', b'K', head)
        .any(|k| k >= 3 && head[k - 3..k].eq_ignore_ascii_case(b"ran") && head.len() > k + 1)
}

/// Whether the tag of a process of MPI stands anywhere.
fn says_stream(head: &[u8]) -> bool {
    memchr::memchr_iter(b'<', head)
        .any(|at| at > 0 && head[at - 1] == b']' && head[at..].starts_with(b"<std"))
}

/// Whether a line goes on with the one before it: it is indented, and does not begin with a stamp in a bracket.
fn goes_on(head: &[u8]) -> bool {
    let text = head.trim_ascii_start();
    text.len() < head.len() && !matches!(text, [b'[', b'0'..=b'9', ..])
}

/// The rank that a field before the text names: stamps, levels, brackets, `key=value` and names of loggers are passed
/// over, and the first word of the text ends the search.
fn field(head: &[u8]) -> Named {
    let mut at = header::skip(head, 0);
    loop {
        let token = &head[at..];
        if is_of_list(token) || opens(token) {
            return Named::default();
        }
        let rank = match token.first() {
            Some(b'[') if is_of_mpi(head, at) => return prefixes(head, at).0,
            Some(b'[') => inside(token, b']'),
            Some(b'(') => inside(token, b')').or_else(|| of_worker(token)),
            _ => bare(token),
        };
        match rank {
            // `[default3]:[rank7]: `
            Some(Rank { local: true, number }) => {
                let named = Named { global: None, local: Some(number) };
                let stacked = if token[0] == b'[' { prefixes(head, at).0 } else { named };
                return if stacked.local == named.local { stacked } else { named };
            }
            Some(Rank { local: false, number }) => return Named { global: Some(number), local: None },
            None => {}
        }
        match header::next(head, at).or_else(|| behind_named_date(head, at)) {
            Some(next) => at = next,
            None => return Named::default(),
        }
    }
}

/// Whether the tag of a process of MPI begins at `at`.
fn is_of_mpi(head: &[u8], at: usize) -> bool {
    bracketed(head, at).is_some_and(|(content, end)| task_of_mpi(head, content, end).is_some())
}

/// vLLM's `(VllmWorker rank=3 pid=412) `.
fn of_worker(token: &[u8]) -> Option<Rank> {
    let inside = &token[1..memchr::memchr(b')', token)?];
    let words = || inside.split(|b| *b == b' ');
    let (number, tail) = words().find_map(|part| number(part.strip_prefix(b"rank=")?))?;
    let is_worker = tail.is_empty() && words().any(|part| part.starts_with(b"pid="));
    is_worker.then_some(Rank { local: false, number })
}

/// Where the text begins behind a stamp at `at` whose month is a name, which a collector put before it: `Nov 22 06:47:12 `,
/// `Sun Nov 22 06:47:12 2026`; and behind the host and the process of a journal, `gpu7 train[412]: `.
fn behind_named_date(head: &[u8], at: usize) -> Option<usize> {
    let weekday = names::weekday(&head[at..]).filter(|_| head.get(at + 3) == Some(&b' '));
    let month = at + weekday.map_or(0, |_| 4);
    names::month(&head[month..]).filter(|_| head.get(month + 3) == Some(&b' '))?;
    let mut end = month + 6;
    let clock = head.get(end..end + 9)?;
    let is_clock = clock.iter().enumerate().all(|(at, byte)| match at {
        0 => *byte == b' ',
        3 | 6 => *byte == b':',
        _ => byte.is_ascii_digit(),
    });
    if !is_clock || !head[month + 5].is_ascii_digit() {
        return None;
    }
    end += 9;
    let digits = |at: usize| head[at..].iter().take(9).take_while(|b| b.is_ascii_digit()).count();
    if head.get(end) == Some(&b'.') {
        end += 1 + digits(end + 1);
    }
    if head.get(end) == Some(&b' ') && digits(end + 1) == 4 {
        end += 5;
    }
    let text = header::skip(head, end);
    Some(find::behind_tag(head, text).map_or(text, |text| header::skip(head, text)))
}

/// Whether torchrun speaks of a rank in its list of failures, `rank      : 3 (local_rank: 3)`, behind a collector's stamp.
fn is_of_list(token: &[u8]) -> bool {
    token.strip_prefix(b"rank  ").is_some_and(|rest| rest.trim_ascii_start().starts_with(b": "))
}

/// Whether a word opens a parenthesis that goes on behind it: what stands there is of the value that it begins.
fn opens(token: &[u8]) -> bool {
    let word = &token[..memchr::memchr(b' ', token).unwrap_or(token.len())];
    memchr::memchr(b'(', word).is_some_and(|at| at > 0 && !word[at..].contains(&b')'))
}

/// The rank that all of a bracket or parenthesis names, of so many perhaps: `[rank-3/8]`; and MVAPICH's `[gpu7:mpi_rank_3]`.
fn inside(token: &[u8], close: u8) -> Option<Rank> {
    let end = memchr::memchr(close, token)?;
    let content = &token[1..end];
    let ends = |tail: &[u8]| match tail {
        [] => true,
        [b'/', all @ ..] => number(all).is_some_and(|(_, rest)| rest.is_empty()),
        _ => false,
    };
    if let Some((rank, _)) = word(content).filter(|(_, tail)| ends(tail)) {
        return Some(rank);
    }
    let host = memchr::memmem::find(content, b":mpi_rank_").filter(|host| *host > 0)?;
    let (number, tail) = number(&content[host + b":mpi_rank_".len()..])?;
    tail.is_empty().then_some(Rank { local: false, number })
}

/// `rank=0 `, `rank3:`, `rank0[10]`, `Rank 3 - `: a rank outside of brackets.
fn bare(token: &[u8]) -> Option<Rank> {
    let (rank, tail) = word(token)
        .filter(|_| matches!(token.first(), Some(b'r' | b'R' | b'l' | b'L' | b'g' | b'G' | b'w' | b'W')))?;
    let assigned = token.len() - tail.len() > 0 && token[..token.len() - tail.len()].contains(&b'=');
    let ends = match tail {
        [b':' | b'[' | b']' | b'|', ..] | [b' ', b'-' | b'|' | b':', ..] => true,
        [] | [b' ' | b',' | b';' | b'\n' | b'\t' | b'\r', ..] => assigned,
        _ => false,
    };
    ends.then_some(rank)
}

/// Where the ANSI codes, NULs, returns and byte order marks from `at` on end: what does not count as a column.
fn skip_codes(line: &[u8], mut at: usize) -> usize {
    loop {
        match line.get(at) {
            Some(b'\r' | 0) => at += 1,
            Some(0xef) if line[at..].starts_with(b"\xef\xbb\xbf") => at += 3,
            Some(&ESCAPE) => at = crate::stamp::ansi_end(line, at),
            _ => return at,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[expect(clippy::unnecessary_wraps, reason = "as the rows have it, some of which have none")]
    fn global(number: u32) -> Option<Rank> {
        Some(Rank { local: false, number })
    }

    #[expect(clippy::unnecessary_wraps, reason = "as the rows have it, some of which have none")]
    fn local(number: u32) -> Option<Rank> {
        Some(Rank { local: true, number })
    }

    fn check(rows: &[(&str, Option<Rank>)]) {
        for (text, expected) in rows {
            for end in ["", "\n", "\r\n"] {
                assert_eq!(of(format!("{text}{end}").as_bytes()), *expected, "{text:?}");
            }
        }
    }

    #[test]
    fn the_prefixes_of_launchers_are_known() {
        check(&[
            ("[rank3]: Traceback", global(3)),
            ("[Rank 12] step", global(12)),
            ("[rank: 3] Seed set to 42", global(3)),
            ("[default7]:loss", local(7)),
            ("[local_rank 2] x", local(2)),
            ("[global-rank=2] x", global(2)),
            ("[5]: x", local(5)),
            ("5: x", global(5)),
            ("  5: x", global(5)),
            ("[1,4]<stdout>:x", global(4)),
            ("[prterun-h0-1149@1,4]<stderr>: x", global(4)),
            ("[1,4][h0:6299]<stderr>: x", global(4)),
            ("[4]<stdout>: x", global(4)),
            ("[1,mpirank:4,algo-2]<stdout>:x", global(4)),
            ("[Mon Nov 30 08:31:01 2026][1,4]<stderr>: x", global(4)),
            ("[Mon Nov 30 08:31:01 2026][4]<stderr>: [rank6]: x", global(6)),
            ("\x1b[32mtrainer/1\x1b[0m [2]:x", local(2)),
            ("\r[rank1]: x", global(1)),
        ]);
    }

    #[test]
    fn the_inner_of_two_prefixes_says_the_rank_of_the_job() {
        check(&[
            ("[0]:[rank2]: x", global(2)),
            ("[default7]:[rank15]: x", global(15)),
            ("3: [rank25]: x", global(25)),
            ("trainer/0 [1]:[rank9]: x", global(9)),
            // The label numbers nodes where each of them has a torchrun.
            ("1: [default3]:x", local(3)),
        ]);
        let both = Named { global: Some(15), local: Some(7) };
        assert_eq!(named(b"[default7]:[rank15]: x"), both);
    }

    #[test]
    fn what_numbers_no_writer_is_no_rank() {
        for text in [
            "[2026-11-22] x",
            "12:30:00 x",
            "rank3",
            "[ranking]",
            "[rank]",
            "",
            "[",
            "[99999999999]: x",
            // torchrun's list of failures, and what stands in it
            "[0]:",
            "  rank      : 3 (local_rank: 3)",
            "2026-11-22 02:00:00,000   rank      : 3 (local_rank: 3)",
            "2026-11-22 02:00:00,000 rank      : 3 (local_rank: 3)",
            // An indented line goes on with the one before it.
            "  rank 2: exit code 1",
            "     0: EmbeddingPipe",
            "\t[rank2]: x is gone",
            "[PG ID 0 PG GUID 1 Rank 3] x",
            "[10] NCCL INFO x",
            "[2026][10] x",
            "[1,a]<stdout>: x",
            "[<stdout>: x",
            "INFO peer [rank3] is gone",
            "2026-11-22 06:47:12,123 INFO waiting for rank 3: x",
            "mpirun noticed that process rank 7 with PID 40",
            "2026-11-22 06:47:12 frank=3 x",
            "  context=Context(world_rank=2, world_size=3, local_rank=2)",
            "(TrainController pid=824)   context=Context(world_rank=2, world_size=3, local_rank=2)",
        ] {
            check(&[(text, None)]);
        }
    }

    #[test]
    fn a_field_before_the_text_names_the_rank() {
        check(&[
            ("INFO [rank0] x", global(0)),
            ("2026-11-22 06:47:12,123 INFO [rank5] step 3 failed", global(5)),
            ("2026-11-22 06:47:12,123 - root - INFO - rank=0 x", global(0)),
            ("2026-11-22 06:47:12,123: rank0[10][MainThread]: INFO: x", global(0)),
            ("(rank 3) 2026-11-22 06:47:12,123 INFO x", global(3)),
            ("rank=7 2026-11-22 06:47:12 x", global(7)),
            ("[E ProcessGroupNCCL.cpp:828] [Rank 9] Watchdog caught", global(9)),
            ("[2026-11-22 06:47:12,123] [INFO] [x.py:1:f] [Rank 9] x", global(9)),
            ("time=2026-11-22T06:47:12Z level=info msg2=\"a b\" rank=4 msg=x", global(4)),
            ("rank3: x", global(3)),
            ("Rank 3: 2026-11-22 06:47:12 x", global(3)),
            ("I1122 06:47:12.123456 10 x.cc:10] (local_rank=1) x", local(1)),
            (
                "(TrainController pid=824) - (ip=10.0.0.1, pid=1733) world_rank=5, local_rank=1, node_rank=1",
                global(5),
            ),
            ("[rank0]: rank 3: x is gone", global(0)),
            ("(VllmWorker rank=3 pid=412) ERROR 11-22 06:47:12 [x.py:1] x", global(3)),
            ("(EngineCore_DP0 pid=412) (VllmWorker rank=3 pid=413) INFO x", global(3)),
            ("[20261122 06:47:12][rank-3/8][INFO ] [-----x.py:1] : y", global(3)),
            ("[gpu7:mpi_rank_3][error_sighandler] Caught error: x", global(3)),
            ("[rank 3/of 8] x", None),
            ("(head, rank=0, pid=412) x", None),
        ]);
    }

    #[test]
    fn a_collector_puts_its_stamp_before_the_rank() {
        for head in [
            "2026-11-22T06:47:12.123456789Z ",
            "2026-11-22 06:47:12 ",
            "[2026-11-22 06:47:12] ",
            "Nov 22 06:47:12 ",
            "Nov  2 06:47:12 ",
            "Nov 22 06:47:12.123456 gpu7 train[412]: ",
            "Sun Nov 22 06:47:12 2026 ",
            "Sun Nov 22 06:47:12 2026",
            "[pod/train-1/main] 2026-11-22T06:47:12.123456789Z ",
        ] {
            for (text, rank) in [
                ("[rank3]: Traceback", global(3)),
                ("[default1]:[rank3]: x", global(3)),
                ("[1,3]<stdout>:x", global(3)),
                ("[1,3]<stderr>: 2026-11-22 06:47:12,123 INFO x", global(3)),
                ("[1,mpirank:3,algo-1]<stdout>:x", global(3)),
                ("rank=3 x", global(3)),
                ("waiting for rank 3: x", None),
                ("x [1,3]<stdout>:x", None),
            ] {
                check(&[(&format!("{head}{text}"), rank)]);
            }
        }
    }
}
