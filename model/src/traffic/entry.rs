//! The newest requests one by one, as a page shows them.

use std::{cmp::Reverse, collections::VecDeque};

use serde::{Deserialize, Serialize};

use super::Request;
use crate::{text::clean_line, time::Timestamp};

/// How many a page shows.
pub const MOST_ENTRIES: usize = 50;
/// The longest path that is shown, in characters.
const MOST_PATH: usize = 200;
/// The longest method, address or host.
const MOST_WORD: usize = 60;

/// Which requests to show.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub enum Which {
    /// All.
    #[default]
    All,
    /// Those with a status of 400 or above, and those that got no answer.
    Errors,
}

impl Which {
    /// Its name in an address.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::All => "",
            Self::Errors => "errors",
        }
    }

    /// Whether it shows requests that ended so.
    #[must_use]
    pub const fn shows(self, status: u16) -> bool {
        match self {
            Self::All => true,
            Self::Errors => status >= 400 || status < 100,
        }
    }
}

/// One request as a page shows it: nothing in it that a browser or terminal would obey.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Entry {
    /// When it was over.
    pub at: Timestamp,
    /// Its status; 0 where nothing was answered.
    pub status: u16,
    /// Its method.
    pub method: String,
    /// The host name that was asked.
    pub host: String,
    /// Its path without the query, cut where it is long.
    pub path: String,
    /// How long it took, in microseconds.
    pub took_us: u64,
    /// Bytes that were sent.
    pub bytes: u64,
    /// Who asked.
    pub address: String,
}

impl From<&Request<'_>> for Entry {
    fn from(request: &Request<'_>) -> Self {
        Self {
            at: request.at,
            status: request.status,
            method: short(&request.method, MOST_WORD),
            host: short(&request.host, MOST_WORD),
            path: short(&request.path, MOST_PATH),
            took_us: request.took_us,
            bytes: request.bytes,
            address: short(&request.address, MOST_WORD),
        }
    }
}

/// A visitor's words on one line of at most so many characters. Nothing hides here: control characters
/// become visible before a terminal's escapes would be taken away with what stands in them.
fn short(raw: &str, most: usize) -> String {
    let clean = clean_line(&raw.replace(char::is_control, "\u{fffd}"));
    let mut chars = clean.chars();
    let mut short: String = chars.by_ref().take(most).collect();
    if chars.next().is_some() {
        short.push('…');
    }
    short
}

/// The newest requests, and how many were looked through for them.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Entries {
    /// The newest first.
    pub newest: VecDeque<Entry>,
    /// How many requests were looked through.
    pub looked_through: u64,
    /// Whether the log reaches further back than was looked.
    pub has_more: bool,
}

impl Entries {
    /// Takes the lines of a piece of a log that stands before those taken so far, in the log's order. nginx's
    /// workers write several lines at a time, so that they are put into the order of their seconds.
    pub fn take_earlier<'a>(&mut self, lines: impl DoubleEndedIterator<Item = &'a [u8]>, which: Which) {
        for line in lines.rev() {
            if self.is_full() {
                break;
            }
            let line = String::from_utf8_lossy(line);
            let Some(request) = Request::read(&line).ok().filter(|request| !request.is_probe) else { continue };
            self.looked_through += 1;
            if which.shows(request.status) {
                self.newest.push_back(Entry::from(&request));
            }
        }
        self.newest.make_contiguous().sort_by_key(|entry| Reverse(entry.at));
    }

    /// Whether there are as many as a page shows.
    #[must_use]
    pub fn is_full(&self) -> bool {
        self.newest.len() >= MOST_ENTRIES
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(number: u32, status: u16) -> Vec<u8> {
        format!(
            r#"{{"at":"2026-11-21T03:41:59+00:00","address":"203.0.113.7","host":"a.example","method":"GET","path":"/{number}","status":{status},"bytes":1,"seconds":0.001}}"#
        )
        .into_bytes()
    }

    #[test]
    fn lines_of_two_workers_come_in_the_order_of_their_seconds() {
        let at = |second: &str, number: u32| {
            String::from_utf8(line(number, 200)).expect("text").replace(":59+", &format!(":{second}+")).into_bytes()
        };
        // The second worker writes later what it began to collect earlier.
        let lines = [at("58", 1), at("59", 3), at("57", 0), at("58", 2)];
        let mut entries = Entries::default();
        entries.take_earlier(lines[2..].iter().map(Vec::as_slice), Which::All);
        entries.take_earlier(lines[..2].iter().map(Vec::as_slice), Which::All);
        let paths: Vec<&str> = entries.newest.iter().map(|entry| entry.path.as_str()).collect();
        assert_eq!(paths, ["/3", "/2", "/1", "/0"]);
    }

    #[test]
    fn the_newest_come_first_and_what_does_not_read_is_passed_over() {
        let mut lines: Vec<Vec<u8>> =
            (0..200).map(|number| line(number, if number % 10 == 0 { 500 } else { 200 })).collect();
        lines.insert(199, b"{broken".to_vec());
        lines.push(b"\xff\xfe".to_vec());
        let mut entries = Entries::default();
        entries.take_earlier(lines.iter().map(Vec::as_slice), Which::All);
        let paths: Vec<&str> = entries.newest.iter().map(|entry| entry.path.as_str()).take(2).collect();
        assert_eq!((paths, entries.newest.len(), entries.looked_through), (vec!["/199", "/198"], 50, 50));
        let mut errors = Entries::default();
        errors.take_earlier(lines[100..].iter().map(Vec::as_slice), Which::Errors);
        errors.take_earlier(lines[..100].iter().map(Vec::as_slice), Which::Errors);
        assert_eq!((errors.newest.len(), errors.looked_through, errors.is_full()), (20, 200, false));
        assert_eq!(errors.newest[19].path, "/0");
        assert!(Which::Errors.shows(0) && Which::Errors.shows(404) && !Which::Errors.shows(304));
    }

    #[test]
    fn what_visitors_wrote_is_one_short_line() {
        for (raw, shown) in [
            ("/a\u{1b}[31mred\u{1b}]0;owned\u{7}", "/a\u{fffd}[31mred\u{fffd}]0;owned\u{fffd}"),
            ("/secret\rhidden\nnext", "/secret\u{fffd}hidden\u{fffd}next"),
            ("/\u{202e}cod.exe", "/<U+202E>cod.exe"),
            ("/<script>alert(1)</script>", "/<script>alert(1)</script>"),
        ] {
            let request = Request { path: raw.into(), ..Request::default() };
            assert_eq!(Entry::from(&request).path, shown);
        }
        let long = Request { path: "/é".repeat(9_000).into(), method: "A".repeat(500).into(), ..Request::default() };
        let entry = Entry::from(&long);
        assert_eq!((entry.path.chars().count(), entry.method.chars().count()), (MOST_PATH + 1, MOST_WORD + 1));
    }
}
