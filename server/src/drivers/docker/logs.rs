//! A container's log as lines.
//!
//! The engine cuts a long line into frames of 16 KiB and a frame may hold half a character; here
//! they are joined again, per stream, up to a longest line (security.md, 4.6).

use std::collections::VecDeque;

use bollard::{container::LogOutput, query_parameters::LogsOptions};
use futures_util::{
    StreamExt,
    stream::{self, BoxStream},
};
use homeport_model::{
    deploy::container::ContainerId,
    log::{LogTime, Raw},
};

use super::{Docker, Error};

/// Longer lines are cut, with a mark.
pub const MAX_LINE_BYTES: usize = 64 * 1024;
/// What the engine puts before each frame, without its blank: `2026-11-21T03:41:59.123456789Z`.
const MOST_STAMP_BYTES: usize = 40;

/// One line of a container's output, with its moment. Colour codes are still in it.
pub type LogLine = Raw;

/// Which lines of a container's log.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct LogRange {
    /// Whether to go on with what is written later.
    pub follow: bool,
    /// How many of the newest; none is all.
    pub tail: Option<u32>,
    /// None before the second of this moment.
    pub since: Option<LogTime>,
}

impl LogRange {
    /// Every line that is there.
    pub const ALL: Self = Self { follow: false, tail: None, since: None };
}

impl Docker {
    /// Lines of a container's log. The stream ends with the container or with the engine.
    pub async fn logs(
        &self,
        id: &ContainerId,
        range: LogRange,
    ) -> Result<BoxStream<'static, Result<LogLine, Error>>, Error> {
        let client = self.client().await?;
        let options = LogsOptions {
            follow: range.follow,
            stdout: true,
            stderr: true,
            timestamps: true,
            since: range.since.map_or(0, |since| i32::try_from(since.seconds().max(0)).unwrap_or(i32::MAX)),
            tail: range.tail.map_or_else(|| "all".to_owned(), |lines| lines.to_string()),
            ..LogsOptions::default()
        };
        let frames = client.logs(id.as_str(), Some(options)).boxed();
        let state = (frames, Joiner::default());
        Ok(stream::unfold(state, |(mut frames, mut joiner)| async move {
            loop {
                if let Some(line) = joiner.ready.pop_front() {
                    return Some((line, (frames, joiner)));
                }
                if joiner.ended {
                    return None;
                }
                match frames.next().await {
                    Some(Ok(frame)) => joiner.take(&frame),
                    Some(Err(error)) => {
                        joiner.finish();
                        joiner.ready.push_back(Err(error.into()));
                    }
                    None => joiner.finish(),
                }
            }
        })
        .boxed())
    }

    /// The first `count` lines, all of them where there are fewer.
    pub async fn first_lines(&self, id: &ContainerId, count: usize) -> Result<Vec<LogLine>, Error> {
        let lines = self.logs(id, LogRange::ALL).await?;
        Ok(lines.take(count).filter_map(|line| std::future::ready(line.ok())).collect().await)
    }

    /// The last `tail` lines, for an error that shows why a container ended.
    pub async fn last_lines(&self, id: &ContainerId, tail: u32) -> Result<Vec<LogLine>, Error> {
        let lines = self.logs(id, LogRange { tail: Some(tail), ..LogRange::ALL }).await?;
        Ok(lines.filter_map(|line| std::future::ready(line.ok())).collect().await)
    }
}

/// A line that has not ended.
#[derive(Default)]
struct Open {
    at: LogTime,
    bytes: Vec<u8>,
    begun: bool,
}

/// Joins frames to lines, for each of the two streams.
#[derive(Default)]
struct Joiner {
    open: [Open; 2],
    last_at: LogTime,
    ready: VecDeque<Result<LogLine, Error>>,
    ended: bool,
}

impl Joiner {
    /// Takes a frame. The engine puts the moment before each, also before the later ones of a line
    /// that it had cut; a frame without one continues at the moment of the last.
    fn take(&mut self, frame: &LogOutput) {
        let stderr = matches!(frame, LogOutput::StdErr { .. });
        let bytes = frame.as_ref();
        let blank = bytes.iter().take(MOST_STAMP_BYTES).position(|byte| *byte == b' ');
        let stamp = blank.and_then(|blank| std::str::from_utf8(&bytes[..blank]).ok()?.parse().ok());
        let mut rest = match (stamp, blank) {
            (Some(at), Some(blank)) => {
                self.last_at = at;
                &bytes[blank + 1..]
            }
            _ => bytes,
        };
        while !rest.is_empty() {
            let end = memchr::memchr(b'\n', rest);
            let (part, after) = end.map_or((rest, &[][..]), |end| (&rest[..end], &rest[end + 1..]));
            let open = &mut self.open[usize::from(stderr)];
            if !open.begun {
                (open.at, open.begun) = (self.last_at, true);
            }
            let room = (MAX_LINE_BYTES + 1).saturating_sub(open.bytes.len());
            open.bytes.extend_from_slice(&part[..part.len().min(room)]);
            if end.is_some() {
                self.end(stderr);
            }
            rest = after;
        }
    }

    fn end(&mut self, stderr: bool) {
        let Open { at, mut bytes, .. } = std::mem::take(&mut self.open[usize::from(stderr)]);
        let cut = bytes.len() > MAX_LINE_BYTES;
        bytes.truncate(MAX_LINE_BYTES);
        let mut text = match String::from_utf8(bytes) {
            Ok(text) => text,
            Err(error) => String::from_utf8_lossy(error.as_bytes()).into_owned(),
        };
        text.truncate(text.trim_end_matches('\r').len());
        if cut {
            text.push_str(" … (cut)");
        }
        self.ready.push_back(Ok(LogLine { at, stderr, text }));
    }

    fn finish(&mut self) {
        for stderr in [false, true] {
            if self.open[usize::from(stderr)].begun {
                self.end(stderr);
            }
        }
        self.ended = true;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn out(text: &[u8]) -> LogOutput {
        LogOutput::StdOut { message: text.to_vec().into() }
    }

    fn lines(joiner: Joiner) -> Vec<(bool, String)> {
        joiner.ready.into_iter().filter_map(Result::ok).map(|line| (line.stderr, line.text)).collect()
    }

    #[test]
    fn frames_are_joined_per_stream() {
        let mut joiner = Joiner::default();
        joiner.take(&out(b"one\ntwo "));
        joiner.take(&LogOutput::StdErr { message: b"oops\r\n".to_vec().into() });
        let (first, second) = "é".as_bytes().split_at(1);
        joiner.take(&out(first));
        joiner.take(&out(second));
        joiner.finish();
        assert_eq!(lines(joiner), [(false, "one".into()), (true, "oops".into()), (false, "two é".into())]);
    }

    #[test]
    fn the_moment_is_that_of_a_lines_first_frame() {
        let mut joiner = Joiner::default();
        joiner.take(&out(b"1970-01-01T00:00:01.000000000Z two "));
        joiner.take(&out(b"1970-01-01T00:00:02.000000000Z parts\n"));
        joiner.take(&out(b"1970-01-01T00:00:03.000000000Z \n"));
        joiner.take(&out(b"1970-01-01T00:00:04.000000000Z  and 2026-11-21T03:41:59Z more\n"));
        joiner.finish();
        let lines: Vec<_> = joiner.ready.into_iter().filter_map(Result::ok).collect();
        let seen: Vec<_> = lines.iter().map(|line| (line.at.seconds(), line.text.as_str())).collect();
        assert_eq!(seen, [(1, "two parts"), (3, ""), (4, " and 2026-11-21T03:41:59Z more")]);
    }

    #[test]
    fn where_frames_are_cut_changes_nothing() {
        let text = "a\u{1b}[31mé\u{202e}\u{1b}]52;c;x\u{7}\n\r\n\u{9b}2J end".as_bytes();
        let whole = {
            let mut joiner = Joiner::default();
            joiner.take(&out(text));
            joiner.finish();
            lines(joiner)
        };
        for at in 0..=text.len() {
            let mut joiner = Joiner::default();
            joiner.take(&out(&text[..at]));
            joiner.take(&out(&text[at..]));
            joiner.finish();
            assert_eq!(lines(joiner), whole, "cut at {at}");
        }
    }

    #[test]
    fn an_endless_line_is_cut() {
        let mut joiner = Joiner::default();
        for _ in 0..10 {
            joiner.take(&out(&[b'x'; 16 * 1024]));
        }
        joiner.finish();
        let (_, text) = lines(joiner).remove(0);
        assert!(text.ends_with("x … (cut)"));
        assert!(text.len() < MAX_LINE_BYTES + 20);
    }
}
