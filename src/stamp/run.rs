//! Stamps of one minute, one behind the other, as most lines have them.
//!
//! Of what the fold remembers only the last stamp changes from such a line to the next, so that it need not be told of
//! each: it is told of the last, and of the last of each prefix, where the run ends.

use super::formats::iso::Within;
use super::{Fold, Frame, Prefix, Stamp};
use crate::stamp::civil::MINUTE;

/// How many bits number a slot for a prefix.
const SLOT_BITS: u32 = 5;

/// A run under way, or none.
///
/// The twin is [`Fold::push`] of each line: before a run, and behind it once it has ended, the fold is the same.
#[derive(Default)]
pub(crate) struct Run {
    /// The axis of its stamps; `None` where no run is under way.
    frame: Option<Frame>,
    /// Whether its stamps are of the format with slashes that the file elects.
    slashed: bool,
    /// Its last stamp on that axis, and to how many nanoseconds it is known.
    last: (i64, u32),
    count: u32,
    /// The last stamps of prefixes that are told apart, and which of the slots hold one.
    recent: [(Prefix, i64, u32); 1 << SLOT_BITS],
    marked: u32,
}

impl Fold {
    /// Begins a run behind a line with a stamp of its own: the minute on the clock, in nanoseconds, and its axis; `None`
    /// where the times of the next lines may hang on more than that minute.
    #[inline]
    pub(crate) fn begin(&self, run: &mut Run) -> Option<(i64, Frame)> {
        let last = self.chain.last.filter(|last| matches!(last.frame, Frame::Civil | Frame::Absolute))?;
        if self.chain.fell.is_some() || self.chain.years.dated == 0 {
            return None;
        }
        let is_known = |minute: &i64| (*minute..minute.saturating_add(MINUTE)).contains(&last.ns);
        let known = |slashed| self.finder.minute(slashed).filter(is_known).map(|minute| (minute, slashed));
        let (minute, slashed) = known(true).or_else(|| known(false))?;
        (run.frame, run.slashed, run.count, run.marked) = (Some(last.frame), slashed, 0, 0);
        Some((minute, last.frame))
    }

    /// Takes `line`, if it goes on with the run: where in the minute its stamp is.
    #[inline]
    pub(crate) fn go_on(&mut self, run: &mut Run, line: &[u8]) -> Option<Within> {
        let frame = run.frame?;
        let (within, prefix) = self.finder.within(line, run.slashed)?;
        if within.zulu != (frame == Frame::Absolute) {
            return None;
        }
        if prefix != Prefix::NONE {
            self.remember_in(run, prefix, within);
        }
        run.last = (within.ns, within.resolution);
        run.count += 1;
        Some(within)
    }

    /// Ends the run, if one is under way.
    #[inline]
    pub(crate) fn end(&mut self, run: &mut Run) {
        let Some(frame) = run.frame.take() else { return };
        if run.count > 0 {
            self.settle(run, frame);
        }
    }

    fn settle(&mut self, run: &mut Run, frame: Frame) {
        while run.marked != 0 {
            let (prefix, ns, resolution) = run.recent[run.marked.trailing_zeros() as usize];
            run.marked &= run.marked - 1;
            self.remember(prefix, self.stamp_in(run.slashed, frame, (ns, resolution)));
        }
        let last = self.stamp_in(run.slashed, frame, run.last);
        let years = &mut self.chain.years;
        years.dated = years.dated.saturating_add(run.count);
        years.guessed = None;
        self.chain.last = Some(last);
        if frame == Frame::Civil {
            self.chain.naive = Some(last);
        }
    }

    fn stamp_in(&self, slashed: bool, frame: Frame, (ns, resolution): (i64, u32)) -> Stamp {
        Stamp::new(frame, self.finder.minute(slashed).unwrap_or_default() + ns, resolution)
    }

    /// Notes the last stamp of a prefix. The first in a run goes to the fold, for it may be new there.
    #[inline]
    fn remember_in(&mut self, run: &mut Run, prefix: Prefix, within: Within) {
        let slot = (prefix.0.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> (64 - SLOT_BITS)) as usize;
        let mark = 1 << slot;
        let recent = &mut run.recent[slot];
        if run.marked & mark != 0 && recent.0 == prefix {
            (recent.1, recent.2) = (within.ns, within.resolution);
            return;
        }
        let before = std::mem::replace(recent, (prefix, within.ns, within.resolution));
        let frame = run.frame.unwrap_or(Frame::Civil);
        if run.marked & mark != 0 {
            self.remember(before.0, self.stamp_in(run.slashed, frame, (before.1, before.2)));
        }
        run.marked |= mark;
        self.remember(prefix, self.stamp_in(run.slashed, frame, (within.ns, within.resolution)));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stamp::{Timed, elect};
    use proptest::prelude::*;

    /// Lines of a few ranks, mostly in one minute.
    fn line() -> impl Strategy<Value = String> {
        let minute = prop_oneof![
            6 => Just("2026-11-22 06:47"),
            1 => Just("2026-11-22 06:48"),
            1 => Just("2026-11-22 06:07"),
            1 => Just("2026-11-22T06:47"),
        ];
        let rest = prop_oneof![
            6 => "[0-5][0-9][,.][0-9]{3} INFO x",
            1 => "[0-6][0-9](,[0-9]{1,7})? ?(Z|\\]|\\+02:00|PM|UTC|\u{2212}01:00)?\"? INFO x",
        ];
        let prefix =
            prop_oneof![3 => Just(String::new()), 2 => "\\[rank[0-9]\\]:", 1 => "\\[rank[0-9]{2,3}\\]: "];
        let stamped =
            (prefix, minute, rest).prop_map(|(p, m, r)| format!("{p}{m}:{r} and some more of it\n"));
        let object = (
            "\\{\"level\": \"(info|warning)\", \"rank\": [0-9]{1,2}, (\"msg\": \"[a-z =\\\\]{0,24}\", )?\"(time|t|timestamp|text)\": \"",
            prop_oneof![6 => Just("2026-11-22T06:47"), 1 => Just("2026-11-22T06:48"), 1 => Just("26/11/22 06:47")],
            "(:[0-6][0-9])(\\.[0-9]{3}([0-9]{3})?)?(Z|\\+02:00)?\", \"more\": \"of it, some more\"\\}\n",
        );
        let object = object.prop_map(|(head, minute, rest)| format!("{head}{minute}{rest}"));
        let other = prop_oneof![
            Just("Nov 22 06:47:12 host x: a syslog line, which has no year\n".to_owned()),
            "\\[rank[0-9]\\]: no stamp, but a writer\n",
            Just("06:47:12 no stamp\n".to_owned()),
        ];
        prop_oneof![9 => stamped, 5 => object, 1 => other]
    }

    proptest! {
        #[test]
        fn a_run_leaves_the_fold_as_its_lines_do(
            lines in proptest::collection::vec(line(), 1..60), slashed in any::<bool>(),
        ) {
            let elected = elect(if slashed { b"26/11/22 06:47:12 x\n26/11/22 06:47:12 x\n26/11/22 06:47:12 x\n" } else { b"" });
            prop_assert_eq!(elected.is_slashed(), slashed);
            let lines: Vec<String> = lines.into_iter().map(|line| {
                if slashed { line.replace("2026-11-22 ", "26/11/22 ") } else { line }
            }).collect();
            let mut run = Run::default();
            let (mut fold, mut twin) = (Fold::new().electing(&elected), Fold::new().electing(&elected));
            let mut began = None;
            for line in &lines {
                let expected = twin.push(line.as_bytes());
                let on = began.and_then(|(minute, frame)| Some((minute, frame, fold.go_on(&mut run, line.as_bytes())?)));
                if let Some((minute, frame, within)) = on {
                    let stamp = Stamp::new(frame, minute + within.ns, within.resolution);
                    prop_assert_eq!(Timed { stamp: Some(stamp), how: crate::stamp::How::Own }, expected);
                    continue;
                }
                fold.end(&mut run);
                prop_assert_eq!(fold.push(line.as_bytes()), expected);
                began = fold.begin(&mut run);
            }
            fold.end(&mut run);
            prop_assert_eq!(fold.chain, twin.chain);
            prop_assert_eq!(fold.first, twin.first);
            prop_assert_eq!(fold.by_prefix, twin.by_prefix);
        }
    }

    #[test]
    fn plain_lines_make_a_run() {
        for prefix in ["", "[rank3]:"] {
            let mut fold = Fold::new();
            let line =
                |second: u32| format!("{prefix}2026-11-22 06:47:{second:02},123 INFO some text of a line\n");
            fold.push(line(1).as_bytes());
            let mut run = Run::default();
            assert!(fold.begin(&mut run).is_some());
            assert!(
                fold.go_on(&mut run, line(2).as_bytes()).is_some_and(|within| within.ns == 2_123_000_000)
            );
        }
    }
}
