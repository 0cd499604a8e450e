//! Records of the index as bytes, little-endian. What is read is checked field by field: it may be anyone's.

use std::ops::RangeInclusive;

use crate::file::block::Extent;
use crate::stamp::{Elected, Fold, Frame, Inbound, PREFIXES, Prefix, Stamp, Years};

use super::entry::Entry;
use super::range::{AXES, AxisRange, Ranges};
use super::tree::Node;

/// Takes fields off the front of stored bytes; `None` where they end or hold what no writer writes.
pub struct Reader<'b>(pub &'b [u8]);

impl<'b> Reader<'b> {
    /// The next `n` bytes.
    pub fn bytes(&mut self, n: usize) -> Option<&'b [u8]> {
        let (head, rest) = self.0.split_at_checked(n)?;
        self.0 = rest;
        Some(head)
    }

    fn array<const N: usize>(&mut self) -> Option<[u8; N]> {
        self.bytes(N)?.try_into().ok()
    }

    /// The next byte.
    pub fn u8(&mut self) -> Option<u8> {
        self.array::<1>().map(|[b]| b)
    }

    /// The next two bytes.
    pub fn u16(&mut self) -> Option<u16> {
        self.array().map(u16::from_le_bytes)
    }

    /// The next four bytes.
    pub fn u32(&mut self) -> Option<u32> {
        self.array().map(u32::from_le_bytes)
    }

    /// The next eight bytes.
    pub fn u64(&mut self) -> Option<u64> {
        self.array().map(u64::from_le_bytes)
    }

    /// The next eight bytes, signed.
    pub fn i64(&mut self) -> Option<i64> {
        self.array().map(i64::from_le_bytes)
    }

    /// The next byte, as whether something is so.
    pub fn flag(&mut self) -> Option<bool> {
        match self.u8()? {
            0 => Some(false),
            1 => Some(true),
            _ => None,
        }
    }

    /// A length that is at most `most`.
    pub fn count(&mut self, most: usize) -> Option<usize> {
        self.u32().map(|n| n as usize).filter(|n| *n <= most)
    }
}

/// How long a stored stamp is.
const STAMP: usize = 21;
/// How long a stored prefix is, with its stamp.
const WRITER: usize = 8 + STAMP;
/// How long a stored entry is, but for its prefixes.
pub const ENTRY: usize = 5 * 8 + 17 + AXES * 16 + 2 * STAMP + 9 + 5 + 12;
/// How long a stored node is.
pub const NODE: usize = AXES * 16 + 5;

fn put_stamp(out: &mut Vec<u8>, stamp: Option<Stamp>) {
    let Some(stamp) = stamp else {
        out.extend([0; STAMP]);
        return;
    };
    let frame = match stamp.frame {
        Frame::Absolute => 1,
        Frame::Civil => 2,
        Frame::Guessed => 3,
        Frame::Yearless => 4,
        Frame::Dayless => 5,
    };
    out.extend(stamp.ns.to_le_bytes());
    out.extend(stamp.resolution.to_le_bytes());
    out.extend(stamp.after.to_le_bytes());
    out.extend(stamp.offset.to_le_bytes());
    out.push(frame);
    out.push(u8::from(stamp.again));
    out.push(u8::from(stamp.zoned));
}

/// What counts as the nanoseconds of a stamp in a file, which may be anyone's: those of all years that a line can name, and of
/// runs without a year that are not much longer. Any two of them differ by what fits.
pub const STORED: RangeInclusive<i64> = -1_900_000_000_000_000_000..=7_300_000_000_000_000_000;
/// The same in our own memory, of which nothing may be lost: a run without years may wander anywhere.
pub const OURS: RangeInclusive<i64> = i64::MIN..=i64::MAX;

#[expect(clippy::option_option, reason = "whether it can be read, and whether it is there")]
fn stamp(from: &mut Reader<'_>, sound: &RangeInclusive<i64>) -> Option<Option<Stamp>> {
    let (ns, resolution, after) = (from.i64()?, from.u32()?, from.u32()?);
    let offset = from.u16()?.cast_signed();
    let frame = match from.u8()? {
        0 => {
            from.u16()?;
            return Some(None);
        }
        1 => Frame::Absolute,
        2 => Frame::Civil,
        3 => Frame::Guessed,
        4 => Frame::Yearless,
        5 => Frame::Dayless,
        _ => return None,
    };
    let (again, zoned) = (from.flag()?, from.flag()?);
    let known = (1..=1_000_000_000).contains(&resolution) || resolution == Stamp::A_MINUTE;
    let sound = known && sound.contains(&ns);
    sound.then_some(Some(Stamp { ns, resolution, offset, zoned, after, frame, again }))
}

fn put_ns(out: &mut Vec<u8>, ns: Option<i64>) {
    out.push(u8::from(ns.is_some()));
    out.extend(ns.unwrap_or(0).to_le_bytes());
}

#[expect(clippy::option_option, reason = "whether it can be read, and whether it is there")]
fn ns(from: &mut Reader<'_>, sound: &RangeInclusive<i64>) -> Option<Option<i64>> {
    let there = from.flag()?;
    let ns = from.i64()?;
    sound.contains(&ns).then_some(there.then_some(ns))
}

fn put_ranges(out: &mut Vec<u8>, ranges: &Ranges) {
    for range in ranges.0 {
        out.extend(range.lo.to_le_bytes());
        out.extend(range.hi.to_le_bytes());
    }
}

fn ranges(from: &mut Reader<'_>) -> Option<Ranges> {
    let mut ranges = Ranges::default();
    for range in &mut ranges.0 {
        *range = AxisRange { lo: from.i64()?, hi: from.i64()? };
    }
    Some(ranges)
}

fn put_prefixes(out: &mut Vec<u8>, prefixes: &[(Prefix, Option<Stamp>)]) {
    for (prefix, stamp) in prefixes {
        out.extend(prefix.0.to_le_bytes());
        put_stamp(out, *stamp);
    }
}

fn prefixes(
    from: &mut Reader<'_>,
    count: usize,
    sound: &RangeInclusive<i64>,
) -> Option<Vec<(Prefix, Option<Stamp>)>> {
    (0..count).map(|_| Some((Prefix(from.u64()?), stamp(from, sound)?))).collect()
}

/// Adds an entry to `out`, and its prefixes to `heap`, which begins at `heap_start` of the stored one.
pub fn put_entry(out: &mut Vec<u8>, heap: &mut Vec<u8>, heap_start: u64, entry: &Entry) {
    let start = out.len();
    let numbers = [entry.extent.start, entry.extent.end, entry.first_line, entry.lines, entry.unstamped];
    for n in numbers {
        out.extend(n.to_le_bytes());
    }
    out.extend(entry.dated.to_le_bytes());
    out.extend(entry.steps_back.to_le_bytes());
    out.extend(entry.largest_step_back.to_le_bytes());
    out.push(u8::from(entry.ahead));
    put_ranges(out, &entry.ranges);
    let inbound = &entry.inbound;
    put_stamp(out, inbound.last);
    put_stamp(out, inbound.naive);
    put_ns(out, inbound.fell);
    out.extend(inbound.dated.to_le_bytes());
    out.push(u8::from(inbound.closed));
    out.extend((heap_start + heap.len() as u64).to_le_bytes());
    out.extend((inbound.prefixes.len() as u32).to_le_bytes());
    put_prefixes(heap, &inbound.prefixes);
    debug_assert_eq!(out.len() - start, ENTRY);
}

/// An entry as stored, and where its prefixes stand in the heap: offset and length in bytes. `None` where it has a stamp
/// that is not `sound`.
pub fn entry(from: &mut Reader<'_>, sound: &RangeInclusive<i64>) -> Option<(Entry, u64, usize)> {
    let extent = Extent { start: from.u64()?, end: from.u64()? };
    let (first_line, lines, unstamped) = (from.u64()?, from.u64()?, from.u64()?);
    let dated = from.u32()?;
    let (steps_back, largest_step_back) = (from.u32()?, from.i64()?);
    let ahead = from.flag()?;
    let ranges = ranges(from)?;
    let (last, naive, fell) = (stamp(from, sound)?, stamp(from, sound)?, ns(from, sound)?);
    let (inbound_dated, closed) = (from.u32()?, from.flag()?);
    let (heap, count) = (from.u64()?, from.count(PREFIXES)?);
    let inbound = Inbound { last, naive, fell, dated: inbound_dated, closed, prefixes: Vec::new() };
    let whole = extent.start < extent.end && lines <= extent.len() && unstamped <= lines;
    let entry = Entry {
        extent,
        first_line,
        lines,
        unstamped,
        dated,
        ahead,
        steps_back,
        largest_step_back,
        ranges,
        inbound,
        steps: None,
    };
    whole.then_some((entry, heap, count * WRITER))
}

/// The prefixes of an entry, from their bytes in the heap.
pub fn entry_prefixes(heap: &[u8], sound: &RangeInclusive<i64>) -> Option<Vec<(Prefix, Option<Stamp>)>> {
    prefixes(&mut Reader(heap), heap.len() / WRITER, sound)
}

/// Adds a node to `out`.
pub fn put_node(out: &mut Vec<u8>, node: &Node) {
    put_ranges(out, &node.ranges);
    out.extend(node.dated_end.to_le_bytes());
    out.push(u8::from(node.ahead));
}

/// A node as stored.
pub fn node(from: &mut Reader<'_>) -> Option<Node> {
    Some(Node { ranges: ranges(from)?, dated_end: from.u32()?, ahead: from.flag()? })
}

/// Adds the whole state of a fold to `out`.
pub fn put_fold(out: &mut Vec<u8>, fold: &Fold) {
    put_stamp(out, fold.first);
    let chain = &fold.chain;
    put_stamp(out, chain.last);
    put_stamp(out, chain.naive);
    put_ns(out, chain.fell);
    let years = &chain.years;
    for ns in [years.run, years.leap, years.base, years.days, years.day] {
        put_ns(out, ns);
    }
    put_stamp(out, years.guessed);
    out.extend(years.dated.to_le_bytes());
    let mut writers: Vec<_> = fold.by_prefix.iter().map(|(p, s)| (*p, *s)).collect();
    writers.sort_unstable_by_key(|(prefix, _)| *prefix);
    out.extend((writers.len() as u32).to_le_bytes());
    put_prefixes(out, &writers);
}

/// The state of a fold as stored.
pub fn fold(from: &mut Reader<'_>, elected: &Elected) -> Option<Fold> {
    let first = stamp(from, &STORED)?;
    let mut fold = Fold::starting(first).electing(elected);
    fold.chain.last = stamp(from, &STORED)?;
    fold.chain.naive = stamp(from, &STORED)?;
    fold.chain.fell = ns(from, &STORED)?;
    let (run, leap, base, days, day) =
        (ns(from, &STORED)?, ns(from, &STORED)?, ns(from, &STORED)?, ns(from, &STORED)?, ns(from, &STORED)?);
    let small = |n: Option<i64>| n.is_none_or(|n| n.unsigned_abs() < 1_000_000);
    let (guessed, dated) = (stamp(from, &STORED)?, from.u32()?);
    fold.chain.years = Years { run, leap, base, days, day, guessed, dated };
    let count = from.count(PREFIXES)?;
    fold.by_prefix = prefixes(from, count, &STORED)?.into_iter().collect();
    (small(leap) && small(base) && small(day)).then_some(fold)
}
