//! Records whose time has a place of its own: `MLPerf`'s, UCX's, strace's, the common log format, `aws logs` as text, Erlang's
//! reports, Lustre's debug log, Buildkite's, LSF's events, Fluent Bit's, Windows Installer's.

use std::sync::LazyLock;

use memchr::memmem::Finder as Needle;
use memchr::{memchr, memrchr};

use crate::stamp::formats::evident::Evident;
use crate::stamp::formats::{epoch, family, keys, names, shape, swapped};
use crate::stamp::{Frame, Stamp};

/// How far from the beginning of a line a bracket or an object may stand.
const NEAR: usize = 512;
/// How a JSON object with a key begins. Searches are made ready once: that takes longer than to search a line.
static OBJECT: LazyLock<Needle<'static>> = LazyLock::new(|| Needle::new(b"{\""));
/// How Buildkite's lines begin: a command to a terminal with milliseconds in it, and a bell.
const BUILDKITE: &[u8] = b"\x1b_bk;t=";
static MLPERF: LazyLock<Needle<'static>> = LazyLock::new(|| Needle::new(b":::ML"));

/// The time of a record that does not begin the line: `MLPerf`'s behind any text, a request's in its bracket, that of an
/// object behind a label.
pub(in crate::stamp) fn anywhere(line: &[u8], evident: &mut Evident) -> Option<Stamp> {
    let head = &line[..line.len().min(NEAR)];
    if head.starts_with(BUILDKITE) {
        return epoch::number(head, BUILDKITE.len()).map(|(stamp, _)| stamp);
    }
    if let Some(at) = MLPERF.find(line) {
        return mlperf(line, at, evident);
    }
    let object = OBJECT.find(head)?;
    keys::json(line, object, evident)
}

/// `:::MLLOG {"time_ms": N}`, `:::MLL 1560723069.632 key:`, `:::MLPv0.5.0 resnet 1541703567.12 (`.
pub(in crate::stamp) fn mlperf(line: &[u8], at: usize, evident: &mut Evident) -> Option<Stamp> {
    let rest = line.get(at..).filter(|rest| rest.starts_with(b":::ML"))?;
    let words =
        rest.iter().take(NEAR).enumerate().filter(|(_, b)| **b == b' ').map(|(n, _)| at + n + 1).take(2);
    words.into_iter().find_map(|word| match line.get(word)? {
        b'{' => keys::json(line, word, evident),
        b'0'..=b'9' => {
            epoch::number(line, word).filter(|(_, end)| family::is_free(line, *end)).map(|(s, _)| s)
        }
        _ => None,
    })
}

/// UCX's `[1715159505.887332] [host:pid:tid]`.
pub(in crate::stamp) fn ucx(line: &[u8], at: usize) -> Option<Stamp> {
    let (stamp, end) = epoch::number(line, at + 1)?;
    let host = line.get(end..)?.strip_prefix(b"] [")?;
    let host = &host[..memchr(b']', &host[..host.len().min(NEAR)])?];
    (stamp.resolution == 1000 && host.contains(&b':')).then_some(stamp)
}

/// Chromium's `[1122/064712.123456:ERROR:...`, perhaps with process and thread before it: `[10:20:1122/064712.123456:`.
pub(in crate::stamp) fn chromium(line: &[u8], at: usize) -> Option<Stamp> {
    let mut at = at + 1;
    for _ in 0..3 {
        let digits = line.get(at..)?.iter().take(11).take_while(|b| b.is_ascii_digit()).count();
        let end = at + digits;
        match line.get(end)? {
            b':' if digits > 0 => at = end + 1,
            b'/' if digits == 4 => {
                let (stamp, end) = shape::matches(b"%m%d/%H%M%S%f:", line, at)?;
                return line.get(end).is_some_and(u8::is_ascii_uppercase).then_some(stamp);
            }
            _ => return None,
        }
    }
    None
}

/// strace's `-ttt`, behind the process that `-f` puts before it: `10000 1795330032.000001 execve("./a", ...`.
pub(in crate::stamp) fn strace(line: &[u8], at: usize) -> Option<Stamp> {
    let call = |at: usize| {
        let (stamp, end) = epoch::number(line, at).filter(|(stamp, _)| stamp.resolution == 1000)?;
        let call = line.get(end..)?.strip_prefix(b" ")?;
        let name = call.iter().take(64).take_while(|b| b.is_ascii_alphanumeric() || **b == b'_').count();
        let traced = (name > 0 && call.get(name) == Some(&b'('))
            || call.starts_with(b"+++ ")
            || call.starts_with(b"--- ");
        let traced = traced || call.starts_with(b"<... ");
        traced.then_some(stamp)
    };
    call(at).or_else(|| {
        let pid = line[at..].iter().take(8).take_while(|b| b.is_ascii_digit()).count();
        let blanks = line[at + pid..].iter().take(4).take_while(|b| **b == b' ').count();
        (blanks > 0).then(|| call(at + pid + blanks)).flatten()
    })
}

/// Zabbix's `412:20261122:064712.123 server started`, behind a process.
pub(in crate::stamp) fn zabbix(line: &[u8], at: usize) -> Option<Stamp> {
    let pid = line[at..].iter().take(8).take_while(|b| b.is_ascii_digit()).count();
    let date = (line.get(at + pid) == Some(&b':')).then_some(at + pid + 1)?;
    let (stamp, _) = family::free(shape::matches(b"%Y%m%d:%H%M%S%f", line, date), line)?;
    Some(stamp)
}

/// Lustre's debug log, behind a subsystem, a mask and a processor: `00000100:00020000:3.0:1795330032.579000:0:412:0:(client.c:`.
pub(in crate::stamp) fn lustre(line: &[u8], at: usize) -> Option<Stamp> {
    let is_mask = |at: usize| {
        let mask = line.get(at..at + 9)?.strip_suffix(b":")?;
        mask.iter().all(|b| b.is_ascii_digit() || matches!(b, b'a'..=b'f')).then_some(at + 9)
    };
    let processor = is_mask(is_mask(at)?)?;
    let end = processor + memchr(b':', &line[processor..line.len().min(processor + 12)])?;
    let (stamp, end) = epoch::number(line, end + 1)?;
    (stamp.resolution == 1000 && line.get(end) == Some(&b':')).then_some(stamp)
}

/// Erlang's `=ERROR REPORT==== 2-Nov-2026::06:47:12.123456 ===`.
pub(in crate::stamp) fn erlang(line: &[u8], at: usize) -> Option<Stamp> {
    const REPORT: &[u8] = b" REPORT==== ";
    let name = line[at + 1..].iter().take(16).take_while(|b| b.is_ascii_uppercase()).count();
    let date = at + 1 + name + REPORT.len();
    if name == 0 || !line[at + 1 + name..].starts_with(REPORT) {
        return None;
    }
    family::free(shape::matches(b"%e-%b-%Y%~%C", line, date), line).map(|(stamp, _)| stamp)
}

/// Cisco's IOS XR, behind the place of the processor: `RP/0/RSP0/CPU0:Nov 22 06:47:12.123 UTC: `.
fn ios_xr(line: &[u8], at: usize, evident: &mut Evident) -> Option<Stamp> {
    let stamp = at + memchr::memmem::find(&line[at..line.len().min(at + 32)], b"/CPU0:")? + 6;
    evident.at(line, stamp).map(|(stamp, _)| stamp)
}

/// LSF's events: `"JOB_FINISH" "10.1" 1795330032 412`.
pub(in crate::stamp) fn lsf(line: &[u8], at: usize) -> Option<Stamp> {
    let name = line[at + 1..].iter().take(32).take_while(|b| b.is_ascii_uppercase() || **b == b'_').count();
    let version = at + 1 + name;
    let digits = line.get(version..)?.strip_prefix(b"\" \"")?;
    let digits = digits.iter().take(8).take_while(|b| b.is_ascii_digit() || **b == b'.').count();
    let number = version + 3 + digits + 2;
    if name == 0 || digits == 0 || line.get(number - 2..number) != Some(b"\" ") {
        return None;
    }
    epoch::number(line, number).filter(|(_, end)| line.get(*end) == Some(&b' ')).map(|(stamp, _)| stamp)
}

/// Fluent Bit's standard output, behind the number of a record: `[0] cpu.local: [[1795330032.123456789, {}], {"cpu"=>1.5}]`.
fn fluent_bit(line: &[u8], at: usize) -> Option<Stamp> {
    let head = &line[at..line.len().min(at + NEAR)];
    let mut number = at + memchr::memmem::find(head, b": [")? + 3;
    number += usize::from(line.get(number) == Some(&b'['));
    let (stamp, end) = epoch::number(line, number)?;
    (stamp.resolution == 1 && line.get(end..)?.starts_with(b", {")).then_some(stamp)
}

/// Windows Installer's `MSI (s) (8C:4C) [06:47:12:123]: x`, of a day that is told at its beginning.
fn installer(line: &[u8], at: usize) -> Option<Stamp> {
    let open = memchr(b'[', &line[at..line.len().min(at + 32)])?;
    shape::matches(b"[%C]", line, at + open).map(|(stamp, _)| stamp)
}

/// Lustre's changelog, behind the number of a record and its kind: `332 02MKDIR 06:47:12.123456789 2026.11.22 0x0 t=[0x2:0x1:0x0]`.
pub(in crate::stamp) fn changelog(line: &[u8], at: usize, evident: &mut Evident) -> Option<Stamp> {
    let number = line[at..].iter().take(20).take_while(|b| b.is_ascii_digit()).count();
    let kind = line.get(at + number..)?.strip_prefix(b" ")?;
    let [b'0'..=b'9', b'0'..=b'9', b'A'..=b'Z', ..] = kind else { return None };
    let kind = kind.iter().take(8).position(|b| *b == b' ')?;
    swapped::at(line, at + number + 1 + kind + 1, evident)
}

/// `gpustat`'s head: a host, a date, and the version of the driver: `gpu7    Sun Nov 22 06:47:12 2026  535.129.03`.
fn gpustat(line: &[u8], at: usize, evident: &mut Evident) -> Option<Stamp> {
    let host = line[at..].iter().take(64).take_while(|b| b.is_ascii_graphic()).count();
    let blanks = line[at + host..].iter().take(64).take_while(|b| **b == b' ').count();
    let date = at + host + blanks;
    let weekday = blanks > 1 && line[date..].first().is_some_and(u8::is_ascii_uppercase);
    if !weekday || names::weekday(&line[date..]) != Some(3) {
        return None;
    }
    let (stamp, end) = family::at(line, date, &mut evident.order)?;
    let version = line.get(end..)?.strip_prefix(b"  ")?;
    let number = version.iter().take(4).take_while(|b| b.is_ascii_digit()).count();
    (number > 0 && version.get(number) == Some(&b'.')).then_some(stamp)
}

/// Where the date stands behind what Kaldi's scripts say first and last in the log of a job, `# Started at Sun Nov 22 06:47:12 CET 2026`,
/// `# Ended (code 0) at Sun Nov 22 ...`; its programs write no stamps.
pub(in crate::stamp) fn kaldi(line: &[u8], at: usize) -> Option<usize> {
    let text = &line[at..line.len().min(at + 32)];
    let begun = text.starts_with(b"Started at ");
    let ended = text.starts_with(b"Ended (code ") && text[12..].contains(&b')');
    let date = at + if begun { 11 } else { memchr::memmem::find(text, b") at ").filter(|_| ended)? + 5 };
    names::weekday(line.get(date..)?).and(Some(date))
}

/// The machine-check log's `TIME 1795330032 Sun Nov 22 06:47:12 2026`.
fn machine_check(line: &[u8], at: usize) -> Option<Stamp> {
    let (stamp, end) = epoch::number(line, at + 5)?;
    let date = line.get(end..)?.strip_prefix(b" ")?;
    names::weekday(date).and(Some(stamp))
}

/// llama.cpp's server, whose record goes on behind its text: `INFO [  main] build info | tid="140" timestamp=1795330032 x=1`.
fn llama(line: &[u8], at: usize, evident: &mut Evident) -> Option<Stamp> {
    let pairs = at + memchr::memmem::find(&line[at..line.len().min(at + NEAR)], b" | tid=\"")? + 3;
    keys::logfmt(line, pairs, evident)
}

/// A record that begins with a word: a request by its host, stern's pod and container, `aws logs` as text, the kernel's
/// audit, libfabric's with its process.
pub(in crate::stamp) fn named(line: &[u8], at: usize, evident: &mut Evident) -> Option<Stamp> {
    if at >= 4
        && matches!(line, [b'[', b'0'..=b'9', ..])
        && line[..at].ends_with(b"] ")
        && let Some(stamp) = fluent_bit(line, at)
    {
        return Some(stamp);
    }
    if line[at..].starts_with(b"MSI (") {
        return installer(line, at);
    }
    if line[at..].starts_with(b"EVENTS\t") {
        return aws(line);
    }
    if line[at..].starts_with(b"audit") {
        let open = memchr::memmem::find(&line[at..line.len().min(at + 64)], b"audit(")?;
        return epoch::number(line, at + open + 6).map(|(stamp, _)| stamp);
    }
    if let Some(number) = line[at..].strip_prefix(b"libfabric:") {
        let process = memchr(b':', &number[..number.len().min(12)])?;
        return epoch::number(number, process + 1).map(|(stamp, _)| stamp);
    }
    if line[at..].starts_with(b"time->") {
        // ausearch, above the records of an event.
        return family::at(line, at + 6, &mut evident.order).map(|(stamp, _)| stamp);
    }
    if matches!(&line[at..], [b'R' | b'L', b'P' | b'C', b'/', b'0'..=b'9', ..]) {
        return ios_xr(line, at, evident);
    }
    if line[at..].starts_with(b"ZZZZ,T") {
        // nmon's, above the rows of an interval: `ZZZZ,T0004,06:47:12,22-NOV-2026`.
        let comma = memchr(b',', &line[at + 6..line.len().min(at + 16)])?;
        return swapped::at(line, at + 6 + comma + 1, evident);
    }
    if line[at..].starts_with(b"TIME ") {
        return machine_check(line, at);
    }
    if at >= 2
        && line[..at].ends_with(b"] ")
        && let Some(stamp) = llama(line, at, evident)
    {
        return Some(stamp);
    }
    let request = request(line, at, evident).or_else(|| stern(line, at, evident));
    request.or_else(|| gpustat(line, at, evident))
}

/// The last field of a row of `aws logs --output text`, in milliseconds.
fn aws(line: &[u8]) -> Option<Stamp> {
    let line = line.trim_ascii_end();
    let field = memrchr(b'\t', line)? + 1;
    let (stamp, end) = epoch::number(line, field)?;
    (end == line.len() && stamp.resolution == 1_000_000).then_some(stamp)
}

/// `stern -t`: pod, container, and a moment of nine digits with its zone.
fn stern(line: &[u8], at: usize, evident: &mut Evident) -> Option<Stamp> {
    let name = |at: usize| {
        let len = line[at..].iter().take(254).take_while(|b| is_of_name(**b)).count();
        (len > 0 && line.get(at + len) == Some(&b' ')).then_some(at + len + 1)
    };
    let container = name(at)?;
    let stamp = name(container)?;
    if line.get(stamp + 10) != Some(&b'T')
        || !line[at..container].iter().any(|b| *b == b'-' || b.is_ascii_digit())
    {
        return None;
    }
    evident.at(line, stamp).map(|(stamp, _)| stamp).filter(|stamp| stamp.frame == Frame::Absolute)
}

/// Whether a byte may stand in the name of a pod or container.
fn is_of_name(byte: u8) -> bool {
    byte.is_ascii_lowercase() || byte.is_ascii_digit() || matches!(byte, b'-' | b'.')
}

/// A request, in the bracket behind its host: `host - user [22/Nov/2026:06:47:12 +0000]`, or
/// `10.0.0.1:14853 [22/Nov/2026:06:47:12.127]`.
pub(in crate::stamp) fn request(line: &[u8], at: usize, evident: &mut Evident) -> Option<Stamp> {
    let head = &line[at..line.len().min(at + NEAR)];
    let blank = memchr(b' ', head)?;
    match head.get(blank + 1..blank + 3)? {
        b"- " | [b'[', b'0'..=b'9'] => {}
        [b'(', _] => return uwsgi(head, blank, evident),
        _ => return None,
    }
    let open = memchr(b'[', head)?;
    let words = head[..open].split(|b| *b == b' ').filter(|word| !word.is_empty()).count();
    let (stamp, end) = family::at(head, open + 1, &mut evident.order)?;
    let is_date = head.get(open + 3) == Some(&b'/') && head.get(open + 7) == Some(&b'/');
    (words <= 4 && is_date && head.get(end) == Some(&b']')).then_some(stamp)
}

/// uWSGI's request, with its time in the bracket behind what it read: `10.0.0.1 () {40 vars in 612 bytes} [Sun Nov 22 ...`.
fn uwsgi(head: &[u8], at: usize, evident: &mut Evident) -> Option<Stamp> {
    let open = at + memchr::memmem::find(&head[at..], b" bytes} [")? + 9;
    let (stamp, end) = family::at(head, open, &mut evident.order)?;
    (head.get(end) == Some(&b']')).then_some(stamp)
}
