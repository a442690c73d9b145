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
use homeport_model::deploy::container::ContainerId;

use super::{Docker, Error};

/// Longer lines are cut, with a mark.
pub const MAX_LINE_BYTES: usize = 64 * 1024;

/// One line of a container's output.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LogLine {
    /// Whether it went to the error output.
    pub stderr: bool,
    /// The line, without its end. Colour codes are still in it.
    pub text: String,
}

impl Docker {
    /// The last `tail` lines of a container's log (all of them for `None`), and with `follow` those
    /// that come after. The stream ends with the container or with the engine.
    pub async fn logs(
        &self,
        id: &ContainerId,
        follow: bool,
        tail: Option<u32>,
    ) -> Result<BoxStream<'static, Result<LogLine, Error>>, Error> {
        let client = self.client().await?;
        let tail = tail.map_or_else(|| "all".to_owned(), |lines| lines.to_string());
        let options = LogsOptions { follow, stdout: true, stderr: true, tail, ..LogsOptions::default() };
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
        let lines = self.logs(id, false, None).await?;
        Ok(lines.take(count).filter_map(|line| std::future::ready(line.ok())).collect().await)
    }

    /// The last `tail` lines, for an error that shows why a container ended.
    pub async fn last_lines(&self, id: &ContainerId, tail: u32) -> Result<Vec<LogLine>, Error> {
        let lines = self.logs(id, false, Some(tail)).await?;
        Ok(lines.filter_map(|line| std::future::ready(line.ok())).collect().await)
    }
}

/// Joins frames to lines, for each of the two streams.
#[derive(Default)]
struct Joiner {
    open: [Vec<u8>; 2],
    ready: VecDeque<Result<LogLine, Error>>,
    ended: bool,
}

impl Joiner {
    fn take(&mut self, frame: &LogOutput) {
        let stderr = matches!(frame, LogOutput::StdErr { .. });
        for &byte in frame.as_ref() {
            if byte == b'\n' {
                self.end(stderr);
            } else if self.open[usize::from(stderr)].len() <= MAX_LINE_BYTES {
                self.open[usize::from(stderr)].push(byte);
            }
        }
    }

    fn end(&mut self, stderr: bool) {
        let mut bytes = std::mem::take(&mut self.open[usize::from(stderr)]);
        let cut = bytes.len() > MAX_LINE_BYTES;
        bytes.truncate(MAX_LINE_BYTES);
        let mut text = String::from_utf8_lossy(&bytes).trim_end_matches('\r').to_owned();
        if cut {
            text.push_str(" … (cut)");
        }
        self.ready.push_back(Ok(LogLine { stderr, text }));
    }

    fn finish(&mut self) {
        for stderr in [false, true] {
            if !self.open[usize::from(stderr)].is_empty() {
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
