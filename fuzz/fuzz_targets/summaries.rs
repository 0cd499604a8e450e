//! Stamps of any kind in any order, cut into blocks: the summary of each block, put behind those before it, says what the
//! fold over its lines says.

#![no_main]

use arbitrary::Arbitrary;
use jiff::Timestamp;
use libfuzzer_sys::fuzz_target;
use logdex::index::fuzzing::summaries_agree;

/// How the clock goes on from one line to the next.
#[derive(Arbitrary, Debug)]
enum Step {
    Milliseconds(i16),
    Seconds(i16),
    Minutes(i8),
    Hours(i8),
    Days(i16),
}

impl Step {
    fn milliseconds(&self) -> i64 {
        match *self {
            Self::Milliseconds(n) => n.into(),
            Self::Seconds(n) => i64::from(n) * 1000,
            Self::Minutes(n) => i64::from(n) * 60_000,
            Self::Hours(n) => i64::from(n) * 3_600_000,
            Self::Days(n) => i64::from(n % 400) * 86_400_000,
        }
    }
}

#[derive(Arbitrary, Debug)]
struct Line {
    step: Step,
    shape: u8,
    writer: u8,
    ends_block: bool,
}

impl Line {
    fn text(&self, now: i64) -> String {
        let prefix = ["", "[rank0]: ", "[rank1]:", "[rank2]:[titan] ", "3: "][usize::from(self.writer % 5)];
        let shape = [
            "%Y-%m-%d %H:%M:%S,%3f x",
            "%Y-%m-%dT%H:%M:%S.%6fZ x",
            "INFO %m-%d %H:%M:%S x",
            "I%m%d %H:%M:%S.%6f 1 x.cc:1] x",
            "{\"ts\": \"%Y-%m-%dT%H:%M:%S.%3f+01:00\"}",
            "[%Y-%m-%d %H:%M:%S] x",
            "no stamp here",
        ][usize::from(self.shape % 7)];
        let at = Timestamp::from_millisecond(now).expect("the clock stays near");
        format!("{prefix}{}\n", at.strftime(shape))
    }
}

fuzz_target!(|lines: Vec<Line>| {
    // The beginning of 2016, a leap year.
    let mut now = 1_451_606_400_000;
    let mut blocks = vec![String::new()];
    for line in &lines {
        now = (now + line.step.milliseconds()).clamp(1_000_000_000_000, 2_500_000_000_000);
        if let Some(block) = blocks.last_mut() {
            block.push_str(&line.text(now));
        }
        if line.ends_block {
            blocks.push(String::new());
        }
    }
    let blocks: Vec<&[u8]> = blocks.iter().filter(|block| !block.is_empty()).map(|b| b.as_bytes()).collect();
    summaries_agree(&blocks);
});
