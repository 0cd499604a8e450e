//! The words that may stand before a stamp.

/// Words that say how grave a record is, or who started the job.
pub(super) const WORDS: &[&[u8]] = &[
    b"TRACE",
    b"DEBUG",
    b"DBG",
    b"INFO",
    b"INFORMATION",
    b"INF",
    b"NOTICE",
    b"SUCCESS",
    b"WARN",
    b"WARNING",
    b"WRN",
    b"ERROR",
    b"ERR",
    b"CRITICAL",
    b"CRIT",
    b"ALERT",
    b"EMERG",
    b"PANIC",
    b"FATAL",
    b"SEVERE",
    b"VERBOSE",
    b"EXCEPTION",
    b"DLL",
    b"DLLL",
    b"LAUNCH",
    b"STAGE",
    b"submitit",
];

/// Nouns that number a writer even where no colon follows the bracket.
pub(super) const WRITERS: &[&[u8]] =
    &[b"rank", b"localrank", b"globalrank", b"default", b"worker", b"node", b"trainer", b"proc", b"process"];

/// For each letter, how long the words and nouns are that begin with it, in either case: bit `n` for those of `n` bytes.
static LENGTHS: [u16; 256] = {
    let (mut table, mut kind) = ([0; 256], 0);
    let kinds = [WORDS, WRITERS];
    while kind < kinds.len() {
        let mut row = 0;
        while row < kinds[kind].len() {
            let word = kinds[kind][row];
            assert!(word.len() < u16::BITS as usize);
            table[word[0].to_ascii_lowercase() as usize] |= 1 << word.len();
            table[word[0].to_ascii_uppercase() as usize] |= 1 << word.len();
            row += 1;
        }
        kind += 1;
    }
    table
};

/// Whether `word`, of sixteen bytes at most, is one of those: of most one look tells that they are none.
#[inline]
pub(in crate::stamp) fn is_known(word: &[u8]) -> bool {
    let lengths = word.first().map_or(0, |byte| LENGTHS[usize::from(*byte)]);
    let may_be = lengths.checked_shr(word.len() as u32).is_some_and(|lengths| lengths & 1 == 1);
    may_be && [WORDS, WRITERS].iter().any(|known| known.iter().any(|known| known.eq_ignore_ascii_case(word)))
}

pub(in crate::stamp) fn is_level(token: &[u8]) -> bool {
    token.len() <= 11 && WORDS.iter().any(|w| w.eq_ignore_ascii_case(token))
}
