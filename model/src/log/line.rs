//! One line: as it is kept in a file, and as a page shows it.

use serde::{Deserialize, Serialize};

use super::{LogTime, Mark, coloured};
use crate::{job::LogStream, mask::Mask};

/// A line as a container wrote it; colour codes and worse are still in it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Raw {
    /// When the engine received it.
    pub at: LogTime,
    /// Whether it went to the error output.
    pub stderr: bool,
    /// The text without its end.
    pub text: String,
}

impl Raw {
    /// Its line in a file: nanoseconds, `o` or `e`, the text.
    pub fn write(&self, to: &mut Vec<u8>) {
        let stream = if self.stderr { 'e' } else { 'o' };
        to.extend_from_slice(format!("{} {stream} ", self.at.ns()).as_bytes());
        to.extend(self.text.bytes().map(|byte| if byte == b'\n' { b' ' } else { byte }));
        to.push(b'\n');
    }

    /// Reads a line of a file; `None` for what nobody wrote so.
    #[must_use]
    pub fn read(line: &[u8]) -> Option<Self> {
        let line = String::from_utf8_lossy(line);
        let mut fields = line.splitn(3, ' ');
        let at = LogTime::from_ns(fields.next()?.parse().ok()?);
        let stderr = match fields.next()? {
            "o" => false,
            "e" => true,
            _ => return None,
        };
        Some(Self { at, stderr, text: fields.next()?.to_owned() })
    }

    /// Which stream it went to.
    #[must_use]
    pub const fn stream(&self) -> LogStream {
        if self.stderr { LogStream::Err } else { LogStream::Out }
    }

    /// As a page shows it: clean, masked, with its colours. `from` is the process and its number.
    #[must_use]
    pub fn shown(&self, release: u32, from: &str, mask: &Mask) -> Written {
        let line = coloured(&self.text);
        let text = mask.over(line.text.clone());
        // The places of the colours are those of the text before it was masked.
        let marks = if text == line.text { line.marks } else { Vec::new() };
        Written { at: self.at, release, from: from.to_owned(), stream: self.stream(), text, marks }
    }
}

/// A line as a page shows it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Written {
    /// When the engine received it; lines of all containers stand in this order.
    pub at: LogTime,
    /// The release that wrote it, by number.
    pub release: u32,
    /// The process and its number: `web.1`.
    pub from: String,
    /// Which stream it went to.
    pub stream: LogStream,
    /// The text, without control characters.
    pub text: String,
    /// Its colours.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub marks: Vec<Mark>,
}

impl Written {
    /// Its line in a file to take away.
    #[must_use]
    pub fn downloaded(&self) -> String {
        format!("{} {} {} {}\n", self.at, self.from, self.stream.as_str(), self.text)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_masked_line_loses_its_colours_rather_than_showing_them_in_wrong_places() {
        let raw = Raw { at: LogTime::default(), stderr: true, text: "key \u{1b}[31mhunter2-\u{1b}[1mhunter2".into() };
        let shown = raw.shown(7, "web.1", &Mask::of(["hunter2-hunter2"]));
        assert_eq!((shown.text.as_str(), shown.marks.len(), shown.release), ("key ••••••", 0, 7));
        assert_eq!(raw.shown(7, "web.1", &Mask::default()).marks.len(), 2);
    }

    #[test]
    fn what_nobody_wrote_so_is_left_out() {
        for line in ["", "1", "1 o", "x o text", "1 x text", "o 1 text"] {
            assert_eq!(Raw::read(line.as_bytes()), None, "{line}");
        }
    }

    proptest! {
        #[test]
        fn a_kept_line_reads_back(ns in any::<i64>(), stderr in any::<bool>(), text in "[^\n]*") {
            let raw = Raw { at: LogTime::from_ns(ns), stderr, text };
            let mut bytes = Vec::new();
            raw.write(&mut bytes);
            prop_assert_eq!(bytes.iter().filter(|byte| **byte == b'\n').count(), 1);
            prop_assert_eq!(Raw::read(&bytes[..bytes.len() - 1]), Some(raw));
        }
    }
}
