//! What of a log is asked for, as it stands in an address.

use std::str::FromStr;

use serde::{Deserialize, Serialize};

use super::{LogTime, Needle};
use crate::{deploy::container::ProcessName, job::LogStream, name::Refused, problem::Problem};

/// How many lines a page has.
pub const PAGE_LINES: usize = 500;

/// The choice as it was typed; empty fields choose nothing.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct LogForm {
    /// A release's number; empty means the one that serves.
    #[serde(default)]
    pub release: String,
    /// A process; empty means all.
    #[serde(default)]
    pub process: String,
    /// `out` or `err`; empty means both.
    #[serde(default)]
    pub stream: String,
    /// From this moment on, UTC: `2026-11-21T03:41`.
    #[serde(default)]
    pub from: String,
    /// Up to this moment.
    #[serde(default)]
    pub until: String,
    /// What to look for; empty shows lines in their order.
    #[serde(default)]
    pub q: String,
    /// The page of lines before this moment, in nanoseconds or as RFC 3339.
    #[serde(default)]
    pub before: String,
    /// The page of lines after it.
    #[serde(default)]
    pub after: String,
    /// The page around it.
    #[serde(default)]
    pub around: String,
}

/// Which page.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Place {
    /// The newest lines.
    #[default]
    End,
    /// Those just before a moment.
    Before(LogTime),
    /// Those just after it.
    After(LogTime),
    /// Half a page before it, and half from it on.
    Around(LogTime),
}

/// What is asked for.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct LogQuery {
    /// A release's number; none is the one that serves.
    pub release: Option<u32>,
    /// One process; none is all.
    pub process: Option<ProcessName>,
    /// One stream ([`LogStream::Out`] or [`LogStream::Err`]); none is both.
    pub stream: Option<LogStream>,
    /// The first moment.
    pub from: Option<LogTime>,
    /// The last moment.
    pub until: Option<LogTime>,
    /// What to look for.
    pub search: Option<Needle>,
    /// Which page.
    pub place: Place,
}

impl LogForm {
    /// Reads the choice.
    ///
    /// # Errors
    /// The first field that is not acceptable, as a problem that names it.
    pub fn parse(&self) -> Result<LogQuery, Problem> {
        let place = match (self.before.trim(), self.after.trim(), self.around.trim()) {
            ("", "", "") => Place::End,
            (before, "", "") => Place::Before(nanoseconds("before", before)?),
            ("", after, "") => Place::After(nanoseconds("after", after)?),
            ("", "", around) => Place::Around(nanoseconds("around", around)?),
            _ => return Err(Problem::invalid("before", "A page is before, after or around one moment.")),
        };
        let (from, until) = (moment("from", &self.from)?, moment("until", &self.until)?);
        if from.zip(until).is_some_and(|(from, until)| from > until) {
            return Err(Problem::invalid("until", "The end is before the beginning."));
        }
        Ok(LogQuery {
            release: optional("release", &self.release, |text| {
                text.parse().ok().filter(|number| *number > 0).ok_or("A release has a number.")
            })?,
            process: optional("process", &self.process, |text| text.parse().map_err(|refused: Refused| refused.0))?,
            stream: optional("stream", &self.stream, |text| match text {
                "out" => Ok(LogStream::Out),
                "err" => Ok(LogStream::Err),
                _ => Err("The streams are out and err."),
            })?,
            from,
            until,
            // Blanks may be what is looked for.
            search: match self.q.trim() {
                "" => None,
                _ => Some(Needle::from_str(&self.q).map_err(|refused| Problem::invalid("q", refused.to_string()))?),
            },
            place,
        })
    }

    /// Its address: `path` with the fields that choose something.
    #[must_use]
    pub fn address(&self, path: &str) -> String {
        let fields = [
            ("release", &self.release),
            ("process", &self.process),
            ("stream", &self.stream),
            ("from", &self.from),
            ("until", &self.until),
            ("q", &self.q),
            ("before", &self.before),
            ("after", &self.after),
            ("around", &self.around),
        ];
        let given = fields.into_iter().filter(|(_, value)| !value.is_empty());
        let pairs: Vec<String> = given.map(|(name, value)| format!("{name}={}", encoded(value))).collect();
        if pairs.is_empty() { path.to_owned() } else { format!("{path}?{}", pairs.join("&")) }
    }

    /// The same choice at its end.
    #[must_use]
    pub fn at_end(&self) -> Self {
        Self { before: String::new(), after: String::new(), around: String::new(), ..self.clone() }
    }
}

impl LogQuery {
    /// Whether a line of this moment and stream is asked for.
    #[must_use]
    pub fn wants(&self, at: LogTime, stderr: bool) -> bool {
        self.from.is_none_or(|from| at >= from)
            && self.until.is_none_or(|until| at <= until)
            && match self.stream {
                Some(LogStream::Err) => stderr,
                Some(_) => !stderr,
                None => true,
            }
    }

    /// Whether a process is asked for.
    #[must_use]
    pub fn wants_process(&self, process: &str) -> bool {
        self.process.as_ref().is_none_or(|wanted| wanted.as_str() == process)
    }
}

fn optional<T>(field: &str, text: &str, parse: impl Fn(&str) -> Result<T, &'static str>) -> Result<Option<T>, Problem> {
    match text.trim() {
        "" => Ok(None),
        text => parse(text).map(Some).map_err(|why| Problem::invalid(field, why)),
    }
}

/// A line's moment: nanoseconds as the pages write them, or RFC 3339 as programs do.
fn nanoseconds(field: &str, text: &str) -> Result<LogTime, Problem> {
    let ns = text.parse().ok().filter(|ns| *ns >= 0).map(LogTime::from_ns);
    ns.or_else(|| text.parse().ok()).ok_or_else(|| Problem::invalid(field, "That is not the moment of a line."))
}

fn moment(field: &str, text: &str) -> Result<Option<LogTime>, Problem> {
    optional(field, text, |text| text.parse().map_err(|_| "Write a moment like 2026-11-21T03:41, in UTC."))
}

fn encoded(value: &str) -> String {
    value.bytes().fold(String::new(), |mut text, byte| {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            text.push(char::from(byte));
        } else {
            text.push_str(&format!("%{byte:02X}"));
        }
        text
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_typed_is_the_end_of_what_serves() {
        assert_eq!(LogForm::default().parse(), Ok(LogQuery::default()));
        assert_eq!(
            LogForm { release: " ".into(), q: "  ".into(), ..LogForm::default() }.parse(),
            Ok(LogQuery::default())
        );
    }

    #[test]
    fn every_field_is_read() {
        let form = LogForm {
            release: "12".into(),
            process: "worker".into(),
            stream: "err".into(),
            from: "2026-11-21T03:41".into(),
            until: "2026-11-21T03:42:00Z".into(),
            q: " 50 % off".into(),
            before: "17".into(),
            ..LogForm::default()
        };
        let query = form.parse().expect("reads");
        assert_eq!(
            (query.release, query.stream, query.place),
            (Some(12), Some(LogStream::Err), Place::Before(LogTime::from_ns(17)))
        );
        assert_eq!(query.search.as_ref().map(Needle::as_str), Some(" 50 % off"));
        assert!(query.wants(query.from.expect("a moment"), true) && !query.wants(query.from.expect("a moment"), false));
        assert!(!query.wants(LogTime::default(), true) && query.wants_process("worker") && !query.wants_process("web"));
        assert_eq!(
            form.address("/apps/shop/logs"),
            "/apps/shop/logs?release=12&process=worker&stream=err&from=2026-11-21T03%3A41&until=2026-11-21T03%3A42%3A00Z&q=%2050%20%25%20off&before=17"
        );
        assert_eq!(LogForm::default().address("/x"), "/x");
        let spelt = LogForm { after: "1970-01-01T00:00:01.000000002Z".into(), ..LogForm::default() };
        assert_eq!(spelt.parse().map(|query| query.place), Ok(Place::After(LogTime::from_ns(1_000_000_002))));
    }

    #[test]
    fn hostile_fields_are_refused_by_name() {
        let with = |change: fn(&mut LogForm)| {
            let mut form = LogForm::default();
            change(&mut form);
            form.parse().expect_err("refused").field.expect("a field")
        };
        assert_eq!(with(|form| form.release = "0".into()), "release");
        assert_eq!(with(|form| form.release = "-1; DROP".into()), "release");
        assert_eq!(with(|form| form.release = "99999999999".into()), "release");
        assert_eq!(with(|form| form.process = "../../etc/passwd".into()), "process");
        assert_eq!(with(|form| form.stream = "both".into()), "stream");
        assert_eq!(with(|form| form.from = "yesterday".into()), "from");
        assert_eq!(with(|form| form.q = "a\u{0}b".into()), "q");
        assert_eq!(with(|form| form.before = "-5".into()), "before");
        assert_eq!(with(|form| form.after = "1e9".into()), "after");
        assert_eq!(with(|form| (form.before, form.after) = ("1".into(), "2".into())), "before");
        let backwards = |form: &mut LogForm| {
            form.from = "2026-11-21T03:42".into();
            form.until = "2026-11-21T03:41".into();
        };
        assert_eq!(with(backwards), "until");
    }
}
