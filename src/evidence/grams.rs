//! Where one of many short keys may stand in a text: some bytes at every fourth or other place say that.
//!
//! An automaton over all keys takes a step for each byte, and each step waits for the one before it. Here a key is known by
//! the bytes at its first four places, or at its first two where it is short, of which some begin at a fourth or other
//! place of the text wherever the key stands; so a part of the places is looked at, and none waits for another.

/// How long a key is at most, in bytes.
pub const KEY: usize = 8;
/// How long it is at least.
const SHORTEST: usize = 4;
/// How much of the text is looked at together, in bytes.
const TEXT: usize = 128;
/// That, and what is read behind it.
const WINDOW: usize = TEXT + KEY;
/// How many bits a hash has, and of how many of them it is known where its entries begin.
const BITS: u32 = 18;
const HEAD: u32 = 16;

/// A key: some bytes in a row, and no end of a line among them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct ShortKey {
    bytes: [u8; KEY],
    length: usize,
}

impl ShortKey {
    /// The first of `bytes`; `None` where they are too few.
    pub fn new(bytes: impl Iterator<Item = u8>) -> Option<Self> {
        let mut key = Self { bytes: [0; KEY], length: 0 };
        for (place, byte) in key.bytes.iter_mut().zip(bytes) {
            *place = byte;
            key.length += 1;
        }
        (key.length >= SHORTEST).then_some(key)
    }
}

/// Many keys.
#[derive(Debug, Default)]
pub struct Grams {
    /// Those of eight bytes, known by five at every fourth place.
    long: GramTable<4, 5, { 1 << (BITS - 6) }>,
    /// The others, which are few, known by four at every other place.
    short: GramTable<2, 4, { 1 << (HEAD - 6) }>,
}

/// Some keys, each known by so many bytes (`GRAM`) at each of so many places (`STRIDE`), of which one is looked at.
#[derive(Debug, Default)]
struct GramTable<const STRIDE: usize, const GRAM: usize, const HELD: usize> {
    /// By hash, whether a key may have it: one bit each, of which `HELD` words are enough. Empty where there are no keys.
    held: Vec<u64>,
    /// By the head of a hash, the first of the entries that have it; they go on until it is another.
    begins: Vec<u16>,
    entries: Vec<GramEntry>,
}

/// A place in a key.
#[derive(Clone, Copy, Debug)]
struct GramEntry {
    hash: u32,
    /// Which byte of the key it is.
    at: usize,
    /// What is compared, and which of its bytes count.
    text: u64,
    mask: u64,
    key: usize,
}

impl Grams {
    /// Will look for `keys`, which are known by their numbers, in text of no other bytes than `alphabet` has; `None` if they
    /// are too many.
    pub fn new(keys: &[ShortKey], alphabet: &[u8]) -> Option<Self> {
        let numbered = |is_long: bool| {
            keys.iter().copied().enumerate().filter(move |(_, key)| (key.length == KEY) == is_long)
        };
        Some(Self {
            long: GramTable::new(numbered(true), alphabet)?,
            short: GramTable::new(numbered(false), alphabet)?,
        })
    }

    /// Tells of each place in `text` at which a key stands, and of which key: line by line.
    #[inline]
    pub fn each(&self, text: &[u8], mut found: impl FnMut(usize, usize)) {
        for start in (0..text.len()).step_by(TEXT) {
            let behind;
            let window: &[u8; WINDOW] =
                if let Some(Ok(window)) = text.get(start..start + WINDOW).map(TryInto::try_into) {
                    window
                } else {
                    // No key holds the end of a line.
                    behind = std::array::from_fn(|at| text.get(start + at).copied().unwrap_or(b'\n'));
                    &behind
                };
            let (mut long, mut short) = (self.long.look(window), self.short.look(window));
            // By where they stand: the lines come in order.
            while long | short != 0 {
                let (at_long, at_short) = (4 * long.trailing_zeros(), 2 * short.trailing_zeros());
                if short == 0 || (long != 0 && at_long < at_short) {
                    long &= long - 1;
                    self.long.meet(text, start + at_long as usize, &mut found);
                } else {
                    short &= short - 1;
                    self.short.meet(text, start + at_short as usize, &mut found);
                }
            }
        }
    }
}

impl<const STRIDE: usize, const GRAM: usize, const HELD: usize> GramTable<STRIDE, GRAM, HELD> {
    fn new(keys: impl Iterator<Item = (usize, ShortKey)>, alphabet: &[u8]) -> Option<Self> {
        let mut entries = Vec::new();
        for (number, ShortKey { bytes, length }) in keys {
            let text = u64::from_le_bytes(bytes);
            let mask = u64::MAX >> (8 * (KEY - length));
            for at in 0..STRIDE {
                // Of the last bytes at the last place one may stand behind the key, whichever that is.
                let is_whole = at + GRAM <= length;
                for &last in if is_whole { &alphabet[..1] } else { alphabet } {
                    let mut gram = [0; KEY];
                    let end = length.min(at + GRAM);
                    gram[..end - at].copy_from_slice(&bytes[at..end]);
                    if !is_whole {
                        gram[GRAM - 1] = last;
                    }
                    let hash = Self::hash(u64::from_le_bytes(gram));
                    entries.push(GramEntry { hash, at, text, mask, key: number });
                }
            }
        }
        if entries.is_empty() {
            return Some(Self::default());
        }
        entries.sort_by_key(|entry| entry.hash);
        let (mut held, mut begins) = (vec![0; HELD], vec![0; 1 << HEAD]);
        for (at, entry) in entries.iter().enumerate().rev() {
            begins[head(entry.hash)] = u16::try_from(at).ok()?;
            let (word, bit) = Self::bit(entry.hash);
            held[word] |= 1 << bit;
        }
        Some(Self { held, begins, entries })
    }

    /// At which places of `window` that are looked at a key may have what stands there.
    #[inline]
    fn look(&self, window: &[u8; WINDOW]) -> u64 {
        let Some(held) = self.held.first_chunk::<HELD>() else { return 0 };
        let (mut hits, places) = (0, TEXT / STRIDE);
        for place in 0..places {
            let at = place * STRIDE;
            // Those behind the bytes that count are read along with them: the hash knows nothing of them.
            let gram = window[at..].first_chunk().map_or(0, |gram| u64::from_le_bytes(*gram));
            let (word, bit) = Self::bit(Self::hash(gram));
            hits = hits >> 1 | (held[word] >> bit) << 63;
        }
        hits >> (64 - places)
    }

    /// Tells of the keys that have what begins at `at`.
    fn meet(&self, text: &[u8], at: usize, found: &mut impl FnMut(usize, usize)) {
        let hash = Self::hash(u64_at(text, at));
        let entries = &self.entries[usize::from(self.begins[head(hash)])..];
        for entry in entries.iter().take_while(|entry| head(entry.hash) == head(hash)) {
            let Some(start) = at.checked_sub(entry.at) else { continue };
            if (u64_at(text, start) ^ entry.text) & entry.mask == 0 {
                found(start, entry.key);
            }
        }
    }

    /// A hash of the first bytes, as many as count.
    #[inline]
    fn hash(bytes: u64) -> u32 {
        let gram = bytes << (8 * (KEY - GRAM));
        (gram.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> (u64::BITS - BITS)) as u32
    }

    /// Which bit says whether a key may have a hash: the word, and the place in it.
    #[inline]
    fn bit(hash: u32) -> (usize, u32) {
        let known = hash >> (BITS - 6 - HELD.trailing_zeros());
        (known as usize >> 6, known & 63)
    }
}

/// The first bits of a hash.
#[inline]
fn head(hash: u32) -> usize {
    (hash >> (BITS - HEAD)) as usize
}

/// The bytes at `at`, and ends of lines behind the last.
#[inline]
fn u64_at(text: &[u8], at: usize) -> u64 {
    let there = text.get(at..at + KEY).and_then(|there| there.try_into().ok());
    let behind = || std::array::from_fn(|next| text.get(at + next).copied().unwrap_or(b'\n'));
    u64::from_le_bytes(there.unwrap_or_else(behind))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::cases;
    use proptest::prelude::*;

    /// Where the keys stand, looked for one by one at each place.
    fn plainly(keys: &[ShortKey], text: &[u8]) -> Vec<(usize, usize)> {
        let stands = |key: &ShortKey, at: usize| text[at..].starts_with(&key.bytes[..key.length]);
        let each =
            |at: usize| (0..keys.len()).filter(move |&key| stands(&keys[key], at)).map(move |key| (at, key));
        (0..text.len()).flat_map(each).collect()
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(cases(256)))]
        #[test]
        fn keys_are_found_where_they_stand(
            keys in proptest::collection::vec("[ab]{4,9}|[a-z0 ]{4,9}", 0..40),
            text in "([ab]{0,9}|[a-z0 \n]{0,40}){0,30}",
            put in proptest::collection::vec(any::<prop::sample::Index>(), 0..9),
            cut in 0_usize..7,
        ) {
            let mut text = text;
            if !keys.is_empty() {
                for at in &put {
                    text.insert_str(at.index(text.len() + 1), at.get(keys.as_slice()).as_str());
                }
            }
            let keys: Vec<ShortKey> = keys.iter().filter_map(|word| ShortKey::new(word.bytes())).collect();
            let text = text.as_bytes().get(cut..).unwrap_or_default();
            let alphabet: Vec<u8> = (0..=u8::MAX).collect();
            let mut found = Vec::new();
            Grams::new(&keys, &alphabet).unwrap().each(text, |at, key| found.push((at, key)));
            found.sort_unstable();
            prop_assert_eq!(found, plainly(&keys, text));
        }
    }
}
