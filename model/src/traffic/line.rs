//! One line of an app's access log: how nginx writes it, and how it is read.
//!
//! Lines hold what visitors sent. nginx escapes it (`escape=json`), so that a line is one object
//! whatever the path; bytes that are no UTF-8 come as they are and are replaced by whoever reads the
//! file. A line that does not read is counted and breaks nothing.

use std::{borrow::Cow, time::Duration};

use serde::Deserialize;

use crate::{log::LogTime, time::Timestamp};

/// nginx's format `homeport`: one line of JSON a request. The query is left out: tokens stand there.
/// `bytes` are all that was sent, headers included; `seconds` lasts from the first byte of the request
/// to the last one of the answer.
pub const LOG_FORMAT: &str = "{\"at\":\"$time_iso8601\",\"address\":\"$remote_addr\",\"host\":\"$host\",\
                              \"method\":\"$request_method\",\"path\":\"$homeport_path\",\"status\":\"$status\",\
                              \"bytes\":$bytes_sent,\"seconds\":$request_time,\
                              \"probe\":\"$homeport_probe\"}";

/// The variable of the path in [`LOG_FORMAT`]: its name, what it is taken from, and how the query is left
/// out. nginx's own `$uri` is where a request ended, which for a missing file of a site is its 404 page.
pub const PATH_VARIABLE: (&str, &str, [(&str, &str); 2]) =
    ("$homeport_path", "$request_uri", [("default", ""), ("~^(?<homeport_sent>[^?]+)", "$homeport_sent")]);

/// The variable that says whether Homeport itself asked: its name, what it looks at, and its values, which are
/// nothing or the address that was asked. Only a connection from this host to itself counts, so that no visitor
/// can hide by a header; that is seen as the line is read, as nginx compares two variables by an expression only.
pub const PROBE_VARIABLE: (&str, &str, [(&str, &str); 2]) =
    ("$homeport_probe", "$http_user_agent", [("default", ""), (PROBE_AGENT, "$server_addr")]);

/// What Homeport calls itself when it asks an app's names.
pub const PROBE_AGENT: &str = "Homeport";

/// A request as nginx logged it.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Request<'a> {
    /// When it was over, to the second.
    pub at: Timestamp,
    /// Who asked.
    pub address: Cow<'a, str>,
    /// The host name that they asked.
    pub host: Cow<'a, str>,
    /// The method; empty where there was no request line.
    pub method: Cow<'a, str>,
    /// The path as it was sent, encoded, and without the query.
    pub path: Cow<'a, str>,
    /// The status; 0 where nothing was answered.
    pub status: u16,
    /// Bytes that were sent, headers included.
    pub bytes: u64,
    /// How long it took, in microseconds; nginx measures milliseconds.
    pub took_us: u64,
    /// Whether Homeport itself asked, to prove a switch. It is no visit.
    pub is_probe: bool,
}

/// A line that is none of ours: cut off, not JSON, or with values that no request has.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not a line of the access log")]
pub struct Unreadable;

#[derive(Deserialize)]
struct Fields<'a> {
    at: &'a str,
    #[serde(borrow)]
    address: Cow<'a, str>,
    #[serde(borrow)]
    host: Cow<'a, str>,
    #[serde(borrow)]
    method: Cow<'a, str>,
    #[serde(borrow)]
    path: Cow<'a, str>,
    #[serde(borrow)]
    status: Status<'a>,
    bytes: u64,
    seconds: f64,
    #[serde(default, borrow)]
    probe: Probe<'a>,
}

/// nginx writes three digits, also where it answered nothing: `000` (and `009` for HTTP 0.9). Lines of earlier
/// releases have a number.
#[derive(Deserialize)]
#[serde(untagged)]
enum Status<'a> {
    Digits(&'a str),
    Number(u16),
}

impl Status<'_> {
    fn read(&self) -> Option<u16> {
        match self {
            Self::Digits(text) => {
                text.parse().ok().filter(|_| text.len() == 3 && text.bytes().all(|byte| byte.is_ascii_digit()))
            }
            Self::Number(number) => Some(*number),
        }
    }
}

/// The address that Homeport asked, or nothing. Lines of earlier releases have whether it did.
#[derive(Deserialize)]
#[serde(untagged)]
enum Probe<'a> {
    Asked(&'a str),
    Known(u8),
}

impl Default for Probe<'_> {
    fn default() -> Self {
        Self::Known(0)
    }
}

impl Probe<'_> {
    fn is_from(&self, address: &str) -> bool {
        match self {
            Self::Asked(asked) => *asked == address,
            Self::Known(known) => *known != 0,
        }
    }
}

impl<'a> Request<'a> {
    /// Reads a line, without its line end.
    ///
    /// # Errors
    /// [`Unreadable`]; never anything else, whatever the line is.
    pub fn read(line: &'a str) -> Result<Self, Unreadable> {
        let fields: Fields<'a> = serde_json::from_str(line).map_err(|_| Unreadable)?;
        let Fields { at, address, host, method, path, status, bytes, seconds, probe } = fields;
        // Refuses what is negative or too large for a length of time.
        let took = Duration::try_from_secs_f64(seconds).map_err(|_| Unreadable)?;
        let took_us = u64::try_from(took.as_micros()).unwrap_or(u64::MAX);
        let (at, status) = moment(at).zip(status.read()).ok_or(Unreadable)?;
        let is_probe = probe.is_from(&address);
        Ok(Self { at, address, host, method, path, status, bytes, took_us, is_probe })
    }
}

/// Reads nginx's `$time_iso8601`, whose offset is that of the host: `2026-11-21T04:41:59+01:00`.
#[must_use]
pub fn moment(text: &str) -> Option<Timestamp> {
    let (local, offset) = text.split_at_checked(19)?;
    let local: LogTime = local.parse().ok()?;
    let (sign, offset) = match offset.split_at_checked(1)? {
        ("+", offset) => (1, offset),
        ("-", offset) => (-1, offset),
        _ => return None,
    };
    let (hours, minutes) = offset.split_once(':')?;
    let two = |text: &str| text.parse().ok().filter(|_| text.len() == 2 && text.bytes().all(|b| b.is_ascii_digit()));
    let (hours, minutes): (i64, i64) = (two(hours)?, two(minutes)?);
    (hours < 24 && minutes < 60).then(|| local.timestamp().plus_ms(-sign * (hours * 60 + minutes) * 60_000))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const LINE: &str = r#"{"at":"2026-11-21T04:41:59+01:00","address":"203.0.113.7","host":"shop.example.com","method":"GET","path":"/bricks/3001","status":200,"bytes":5120,"seconds":0.011}"#;

    fn with(field: &str, value: &str) -> String {
        let from = LINE.find(&format!("\"{field}\":")).expect("a field") + field.len() + 3;
        let to = from + LINE[from..].find([',', '}']).expect("an end");
        format!("{}{value}{}", &LINE[..from], &LINE[to..])
    }

    #[test]
    fn a_line_of_ours_reads() {
        let request = Request::read(LINE).expect("reads");
        assert_eq!(request.at.to_string(), "2026-11-21T03:41:59Z");
        assert_eq!((request.status, request.bytes, request.took_us), (200, 5_120, 11_000));
        assert_eq!((&*request.address, &*request.host), ("203.0.113.7", "shop.example.com"));
        assert_eq!((&*request.method, &*request.path), ("GET", "/bricks/3001"));
        assert!(matches!(request.path, Cow::Borrowed(_)), "nothing is copied");
    }

    /// What nginx would write for these values, by the format itself.
    fn written(values: &[(&str, &str)]) -> String {
        let mut line = LOG_FORMAT.to_owned();
        // The longest name first: one may begin with another.
        let mut values = values.to_vec();
        values.sort_by_key(|(name, _)| std::cmp::Reverse(name.len()));
        for (name, value) in values {
            line = line.replace(&format!("${name}"), value);
        }
        assert!(!line.contains('$'), "{line} has a variable that nobody fills");
        line
    }

    #[test]
    fn what_the_format_writes_is_what_is_read() {
        let line = written(&[
            ("time_iso8601", "2026-11-21T03:41:59+00:00"),
            ("remote_addr", "2001:db8::7"),
            ("host", "shop.example.com"),
            ("request_method", "GET"),
            ("homeport_path", r#"/a\"},\"status\":200\u001b[31m\\<script>"#),
            ("status", "000"),
            ("bytes_sent", "0"),
            ("request_time", "0.000"),
            ("homeport_probe", "2001:db8::7"),
        ]);
        let request = Request::read(&line).expect("reads");
        assert_eq!(&*request.path, "/a\"},\"status\":200\u{1b}[31m\\<script>");
        assert_eq!((request.status, request.took_us, request.is_probe), (0, 0, true));
        for forbidden in ["$request_uri", "$args", "$query", "$http_", "$cookie", "$request\""] {
            assert!(!LOG_FORMAT.contains(forbidden), "{forbidden}");
        }
    }

    #[test]
    fn what_no_request_has_is_unreadable() {
        let broken = [
            String::new(),
            "null".into(),
            "[]".into(),
            "{}".into(),
            LINE[..LINE.len() - 1].to_owned(),
            format!("{LINE}{LINE}"),
            format!("\u{feff}{LINE}"),
            "[".repeat(100_000),
            with("status", "-200"),
            with("status", "000"),
            with("status", "65536"),
            with("status", "\"\""),
            with("status", "\"-20\""),
            with("status", "\"+20\""),
            with("status", "\"2000\""),
            with("status", "2e2"),
            with("bytes", "-1"),
            with("bytes", "18446744073709551616"),
            with("bytes", "1.5"),
            with("seconds", "-0.001"),
            with("seconds", "NaN"),
            with("seconds", "Infinity"),
            with("seconds", "1e999"),
            with("seconds", "1e300"),
            with("seconds", "null"),
            with("path", "null"),
            with("path", "7"),
            with("at", "\"\""),
            with("at", "\"now\""),
            with("at", "1795232519"),
            with("at", "\"2026-13-21T03:41:59+00:00\""),
            with("at", "\"2026-11-21T03:41:59\""),
            with("at", "\"2026-11-21T03:41:59+99:00\""),
            with("at", "\"2026-11-21T03:41:5é+00:00\""),
            with("at", "\"9999999-11-21T03:41:59+00:00\""),
            LINE.replace("\"status\"", "\"status\":200,\"status\""),
            LINE.replace("\"status\":200,", ""),
        ];
        for line in broken {
            let start: String = line.chars().take(200).collect();
            assert_eq!(Request::read(&line), Err(Unreadable), "{start}");
        }
    }

    #[test]
    fn only_this_host_that_asked_itself_is_the_panel() {
        let with_probe = |probe: &str| LINE.replace("\"seconds\"", &format!("\"probe\":{probe},\"seconds\""));
        for (probe, is_probe) in
            [("\"203.0.113.7\"", true), ("\"\"", false), ("\"198.51.100.1\"", false), ("1", true), ("0", false)]
        {
            assert_eq!(Request::read(&with_probe(probe)).expect("reads").is_probe, is_probe, "{probe}");
        }
        assert!(!Request::read(LINE).expect("reads").is_probe);
    }

    #[test]
    fn large_values_are_values() {
        let request = with("seconds", "999999999999");
        assert_eq!(Request::read(&request).expect("reads").took_us, 999_999_999_999_000_000);
        let most = with("bytes", &u64::MAX.to_string());
        assert_eq!(Request::read(&most).expect("reads").bytes, u64::MAX);
        let long = with("path", &format!("\"/{}\"", "\\u0000é".repeat(20_000)));
        assert_eq!(Request::read(&long).expect("reads").path.chars().count(), 40_001);
        let more = LINE.replace("{\"at\"", "{\"later\":[1,{\"a\":null}],\"at\"");
        assert!(Request::read(&more).is_ok(), "a field that is not known yet");
    }

    #[test]
    fn moments_of_every_offset() {
        for (text, utc) in [
            ("2026-11-21T03:41:59+00:00", "2026-11-21T03:41:59Z"),
            ("2026-11-20T16:11:59-11:30", "2026-11-21T03:41:59Z"),
            ("2026-11-21T09:26:59+05:45", "2026-11-21T03:41:59Z"),
        ] {
            assert_eq!(moment(text).map(|at| at.to_string()).as_deref(), Some(utc));
        }
    }

    proptest! {
        #[test]
        fn any_text_is_a_request_or_unreadable(line: String) {
            let _ = Request::read(&line);
        }

        #[test]
        fn a_damaged_line_never_breaks_anything(at in 0..LINE.len(), byte: u8, cut in 0..LINE.len()) {
            let mut bytes = LINE.as_bytes().to_vec();
            bytes[at] = byte;
            let _ = Request::read(&String::from_utf8_lossy(&bytes));
            let _ = Request::read(&String::from_utf8_lossy(&bytes[..cut]));
        }

        #[test]
        fn a_path_that_reads_is_the_path_that_was_asked_for(path: String) {
            let line = with("path", &serde_json::to_string(&path).expect("spelt"));
            prop_assert_eq!(&*Request::read(&line).expect("reads").path, path.as_str());
        }
    }
}
