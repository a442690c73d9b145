//! Health checks: how a process's container proves itself (dokku-contract.md, 2.4).

use serde::{Deserialize, Serialize};

use super::{
    HeaderName, HeaderValue, HttpHeader, Mistake,
    fields::{Fields, Place},
    position::is_unsafe,
};
use crate::name::{Port, UrlPath};

/// How many checks a process has at most.
pub const MOST_CHECKS: usize = 20;
/// The most attempts of one check.
pub const MOST_ATTEMPTS: u32 = 1_000;
/// The longest time in a check, in seconds.
pub const MOST_SECONDS: u32 = 3_600;

/// When a check is made.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Stage {
    /// Before the switch. Dokku on Docker makes only these.
    #[default]
    Startup,
    /// While it runs: whether it gets traffic.
    Readiness,
    /// While it runs: whether it is restarted.
    Liveness,
}

/// What an HTTP check speaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Scheme {
    /// `http`
    #[default]
    Http,
    /// `https`, to the container itself.
    Https,
}

/// What a check looks at; one of the four, never two.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Probe {
    /// A path answers with 2xx.
    Http {
        /// What to ask for.
        path: UrlPath,
        /// What the answer's body must contain.
        content: Option<String>,
        /// What to send along; `Host` is the first domain unless it is among these.
        headers: Vec<HttpHeader>,
        /// What to speak.
        scheme: Scheme,
    },
    /// A command in the container ends with 0. Its words, at least one.
    Command {
        /// The words.
        words: Vec<String>,
    },
    /// The port is listened on, on all addresses.
    Listening,
    /// The container stays up for so long, and did not restart.
    Uptime {
        /// How long.
        seconds: u32,
    },
}

/// One check of a process.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Healthcheck {
    /// What it is called in the log.
    pub name: Option<String>,
    /// When it is made.
    pub stage: Stage,
    /// What it looks at.
    pub probe: Probe,
    /// The port; without one, the app's.
    pub port: Option<Port>,
    /// How often it is tried.
    pub attempts: u32,
    /// How long one attempt may take.
    pub timeout_s: u32,
    /// How long to wait between two attempts.
    pub wait_s: u32,
    /// How long to wait after the container's start.
    pub initial_delay_s: u32,
    /// Whether a failure is only told, and stops nothing.
    pub warn_only: bool,
    /// An address to tell of a failure, as it was written. The repository chose it: it is asked
    /// through `egress`, if at all.
    pub on_failure_url: Option<String>,
}

impl Healthcheck {
    /// A check with the defaults of an entry in `app.json`.
    #[must_use]
    pub const fn new(probe: Probe) -> Self {
        Self {
            name: None,
            stage: Stage::Startup,
            probe,
            port: None,
            attempts: 3,
            timeout_s: 5,
            wait_s: 5,
            initial_delay_s: 0,
            warn_only: false,
            on_failure_url: None,
        }
    }

    /// Reads an entry of `healthchecks.<process>`.
    pub(super) fn read(place: &Place<'_>) -> Result<Self, Mistake> {
        const KNOWN: [&str; 16] = [
            "attempts",
            "command",
            "content",
            "httpHeaders",
            "initialDelay",
            "listening",
            "name",
            "onFailure",
            "path",
            "port",
            "scheme",
            "timeout",
            "type",
            "uptime",
            "wait",
            "warn",
        ];
        let fields = place.fields(&KNOWN)?;
        let check = Self::new(probe(place, &fields)?);
        // Dokku takes 0 and anything below it for "not given".
        let number = |name: &str, most: u32, default: u32| match fields.read(name, |at| given(at, most))?.flatten() {
            Some(number) => Ok::<_, Mistake>(number),
            None => Ok(default),
        };
        Ok(Self {
            name: fields.read("name", name)?.flatten(),
            stage: fields.read("type", stage)?.unwrap_or_else(|| {
                place.warn("there is no `type`, so it is taken for a startup check; Dokku would leave it out.");
                Stage::Startup
            }),
            port: fields.read("port", port)?.flatten(),
            attempts: number("attempts", MOST_ATTEMPTS, check.attempts)?,
            timeout_s: number("timeout", MOST_SECONDS, check.timeout_s)?,
            wait_s: number("wait", MOST_SECONDS, check.wait_s)?,
            initial_delay_s: number("initialDelay", MOST_SECONDS, check.initial_delay_s)?,
            warn_only: fields.read("warn", Place::flag)?.unwrap_or_default(),
            on_failure_url: fields.read("onFailure", on_failure)?.flatten(),
            ..check
        })
    }
}

/// What the entry looks at. `command`, `path`, `uptime` and `listening` exclude each other.
fn probe(place: &Place<'_>, fields: &Fields<'_>) -> Result<Probe, Mistake> {
    let words = fields.read("command", words)?.filter(|words| !words.is_empty());
    let path =
        fields.read("path", |at| if at.text()?.is_empty() { Ok(None) } else { at.parsed().map(Some) })?.flatten();
    let seconds = fields.read("uptime", |at| given(at, MOST_SECONDS))?.flatten();
    let listening = fields.read("listening", Place::flag)?.filter(|listening| *listening);
    let content = fields.read("content", content)?.flatten();
    let headers = fields.read("httpHeaders", headers)?.unwrap_or_default();
    let scheme = fields.read("scheme", scheme)?;

    let given = [
        ("command", words.is_some()),
        ("path", path.is_some()),
        ("uptime", seconds.is_some()),
        ("listening", listening.is_some()),
    ];
    let names: Vec<&str> = given.iter().filter(|(_, is_given)| *is_given).map(|(name, _)| *name).collect();
    if let [first, second, ..] = names[..] {
        let at = fields.find(second).unwrap_or(place);
        return Err(
            at.wrong(format!("a check has one of command, path, uptime and listening; {first} is there already."))
        );
    }
    let is_about_http = content.is_some() || !headers.is_empty() || scheme.is_some();
    if is_about_http && path.is_none() {
        place.warn(match names[..] {
            [] => "there is no `path`, so `/` is asked for.",
            _ => "`content`, `httpHeaders` and `scheme` count only beside a `path`.",
        });
    }
    Ok(match (words, path, seconds, listening) {
        (Some(words), ..) => Probe::Command { words },
        (_, Some(path), ..) => Probe::Http { path, content, headers, scheme: scheme.unwrap_or_default() },
        (_, _, Some(seconds), _) => Probe::Uptime { seconds },
        (.., Some(_)) => Probe::Listening,
        _ if is_about_http => Probe::Http { path: top(place)?, content, headers, scheme: scheme.unwrap_or_default() },
        _ => Probe::Uptime { seconds: 0 },
    })
}

fn top(place: &Place<'_>) -> Result<UrlPath, Mistake> {
    "/".parse().map_err(|refused: crate::name::Refused| place.wrong(refused.0))
}

/// A number above 0; what is not above it counts as not given, as in Dokku.
fn given(at: &Place<'_>, most: u32) -> Result<Option<u32>, Mistake> {
    let number = at.whole()?;
    if number < 0 {
        at.warn("a number below 0 counts as not given.");
    }
    if number <= 0 { Ok(None) } else { at.up_to(most).map(Some) }
}

fn port(at: &Place<'_>) -> Result<Option<Port>, Mistake> {
    match at.whole()? {
        0 => Ok(None),
        number => match u16::try_from(number).map(Port::try_from) {
            Ok(Ok(port)) => Ok(Some(port)),
            _ => Err(at.wrong("a port is a number from 1 to 65535.")),
        },
    }
}

fn name(at: &Place<'_>) -> Result<Option<String>, Mistake> {
    let name = at.text()?.trim();
    if name.chars().count() > 200 || name.contains(is_unsafe) {
        return Err(at.wrong("a check's name has at most 200 characters, and no control characters."));
    }
    Ok((!name.is_empty()).then(|| name.to_owned()))
}

fn stage(at: &Place<'_>) -> Result<Stage, Mistake> {
    match at.text()? {
        "startup" => Ok(Stage::Startup),
        "readiness" => Ok(Stage::Readiness),
        "liveness" => Ok(Stage::Liveness),
        _ => Err(at.wrong("a check is of the type startup, readiness or liveness.")),
    }
}

fn scheme(at: &Place<'_>) -> Result<Scheme, Mistake> {
    match at.text()?.to_ascii_lowercase().as_str() {
        "" | "http" => Ok(Scheme::Http),
        "https" => Ok(Scheme::Https),
        _ => Err(at.wrong("a check's scheme is http or https.")),
    }
}

fn content(at: &Place<'_>) -> Result<Option<String>, Mistake> {
    let content = at.text()?;
    is_content(content).map_err(|what| at.wrong(what))?;
    Ok((!content.is_empty()).then(|| content.to_owned()))
}

/// Whether a body can be expected to contain it.
pub(super) fn is_content(content: &str) -> Result<(), &'static str> {
    if content.len() > 4096 {
        return Err("the expected content has at most 4096 bytes.");
    }
    if content.contains(|c: char| c.is_control() && !matches!(c, '\t' | '\n' | '\r')) {
        return Err("the expected content has no control characters.");
    }
    Ok(())
}

fn words(at: &Place<'_>) -> Result<Vec<String>, Mistake> {
    let word = |place: Place<'_>| {
        let word = place.text()?;
        if word.len() > 4096 || word.contains(|c: char| c.is_control() && !matches!(c, '\t' | '\n')) {
            return Err(place.wrong("a word has at most 4096 bytes, and no control characters."));
        }
        Ok(word.to_owned())
    };
    let words = at.list(100)?.into_iter().map(word).collect::<Result<Vec<_>, _>>()?;
    if words.first().is_some_and(|program| program.trim().is_empty()) {
        return Err(at.wrong("the first word is the program to run."));
    }
    Ok(words)
}

fn headers(at: &Place<'_>) -> Result<Vec<HttpHeader>, Mistake> {
    let header = |place: Place<'_>| {
        let fields = place.fields(&["name", "value"])?;
        let name =
            fields.read("name", Place::parsed::<HeaderName>)?.ok_or_else(|| place.wrong("a header needs a `name`."))?;
        let value = match fields.read("value", Place::parsed::<HeaderValue>)? {
            Some(value) => value,
            None => String::new().try_into().map_err(|refused: crate::name::Refused| place.wrong(refused.0))?,
        };
        Ok(HttpHeader { name, value })
    };
    at.list(20)?.into_iter().map(header).collect()
}

fn on_failure(at: &Place<'_>) -> Result<Option<String>, Mistake> {
    let fields = at.fields(&["command", "url"])?;
    if let Some(command) = fields.find("command")
        && !words(command)?.is_empty()
    {
        command.warn("this is never run: it would run on the host, and nothing of an app does.");
    }
    let url = |at: &Place<'_>| {
        let url = at.text()?;
        let is_web = url.starts_with("https://") || url.starts_with("http://");
        match url {
            "" => Ok(None),
            _ if is_web && url.len() <= 2000 && url.bytes().all(|b| b.is_ascii_graphic()) => Ok(Some(url.to_owned())),
            _ => Err(at.wrong("an address begins with https:// or http:// and has no spaces.")),
        }
    };
    Ok(fields.read("url", url)?.flatten())
}

#[cfg(test)]
mod tests;
