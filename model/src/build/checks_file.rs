//! `CHECKS`: what came before `healthchecks` in `app.json` (dokku-contract.md, 2.4).
//!
//! `WAIT=`, `TIMEOUT=` and `ATTEMPTS=` lines, then a line for each check of `web`: a path and, behind
//! white space, what the answer must contain. A path may have a host before it, `//host/path`, and
//! that a scheme. `{{ var "NAME" }}` stands for a variable of the app. A line that begins with `#` is
//! a comment.

use super::{
    HeaderValue, Healthcheck, HttpHeader, Mistake, Probe, RepoFile, Scheme,
    healthcheck::{MOST_ATTEMPTS, MOST_CHECKS, MOST_SECONDS, is_content},
};
use crate::name::{EnvKey, Refused, UrlPath};

/// One check of the file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Check {
    /// What to speak.
    pub scheme: Scheme,
    /// The `Host` to ask for; without one, the app's first domain.
    pub host: Option<HeaderValue>,
    /// What to ask for.
    pub path: UrlPath,
    /// What the answer must contain.
    pub content: Option<String>,
}

/// What the file says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ChecksFile {
    /// How long to wait between two attempts.
    pub wait_s: u32,
    /// How long one attempt may take.
    pub timeout_s: u32,
    /// How often a check is tried.
    pub attempts: u32,
    /// The checks, in the file's order.
    pub checks: Vec<Check>,
}

impl Default for ChecksFile {
    /// A file that says nothing, with the defaults that Dokku had for it.
    fn default() -> Self {
        Self { wait_s: 5, timeout_s: 30, attempts: 5, checks: Vec::new() }
    }
}

/// What is wrong with a line, and at which of its bytes.
type Wrong = (usize, String);

impl ChecksFile {
    /// Reads a file's text; an empty one has no checks. `var` looks up the app's variables; one that
    /// is not set is empty.
    ///
    /// # Errors
    /// The first line that is no setting, check or comment. Behind a variable the column is that of
    /// the line's first character, and no value is told.
    pub fn parse(text: &str, var: impl Fn(&EnvKey) -> Option<String>) -> Result<Self, Mistake> {
        let text = RepoFile::Checks.open(text)?;
        let mut file = Self::default();
        let mut offset = 0;
        for whole in text.split_inclusive('\n') {
            let line = whole.trim();
            let start = offset + (whole.len() - whole.trim_start().len());
            offset += whole.len();
            if line.is_empty() || line.starts_with('#') {
                continue;
            }
            let refuse = |(at, what): Wrong| Mistake::new(RepoFile::Checks, text, start + at, what);
            let filled = fill_in(line, &var).map_err(refuse)?;
            let is_as_written = filled == line;
            match filled.trim() {
                // The variable was all there was.
                "" => {}
                filled => file.take(filled).map_err(|(at, what)| refuse((if is_as_written { at } else { 0 }, what)))?,
            }
        }
        Ok(file)
    }

    /// The same checks as `app.json` would have them, named `check-1`, `check-2` and so on.
    #[must_use]
    pub fn to_healthchecks(&self) -> Vec<Healthcheck> {
        let healthcheck = |(index, check): (usize, &Check)| Healthcheck {
            name: Some(format!("check-{}", index + 1)),
            attempts: self.attempts,
            timeout_s: self.timeout_s,
            wait_s: self.wait_s,
            ..Healthcheck::new(Probe::Http {
                path: check.path.clone(),
                content: check.content.clone(),
                headers: check.host.iter().cloned().map(HttpHeader::host).collect(),
                scheme: check.scheme,
            })
        };
        self.checks.iter().enumerate().map(healthcheck).collect()
    }

    /// Takes a line that is neither blank nor a comment.
    fn take(&mut self, line: &str) -> Result<(), Wrong> {
        if let Some(at) = line.find(|c: char| c.is_control() && c != '\t') {
            return Err((at, "there is a control character.".to_owned()));
        }
        let defaults = Self::default();
        let number = |name: &str, most, default| number(line, name, most, default);
        if let Some(wait_s) = number("WAIT=", MOST_SECONDS, defaults.wait_s)? {
            self.wait_s = wait_s;
        } else if let Some(timeout_s) = number("TIMEOUT=", MOST_SECONDS, defaults.timeout_s)? {
            self.timeout_s = timeout_s;
        } else if let Some(attempts) = number("ATTEMPTS=", MOST_ATTEMPTS, defaults.attempts)? {
            self.attempts = attempts;
        } else if self.checks.len() == MOST_CHECKS {
            return Err((0, format!("a process has at most {MOST_CHECKS} checks.")));
        } else {
            self.checks.push(check(line)?);
        }
        Ok(())
    }
}

/// A setting's value, if the line is that setting; 0 is the default, as in Dokku.
fn number(line: &str, name: &str, most: u32, default: u32) -> Result<Option<u32>, Wrong> {
    let Some(value) = line.strip_prefix(name) else { return Ok(None) };
    let digits = Some(value).filter(|value| value.bytes().all(|b| b.is_ascii_digit()));
    match digits.and_then(|digits| digits.parse().ok()) {
        Some(0) => Ok(Some(default)),
        Some(number) if number <= most => Ok(Some(number)),
        _ => Err((name.len(), format!("{} is a number from 0 to {most}.", name.trim_end_matches('=')))),
    }
}

fn check(line: &str) -> Result<Check, Wrong> {
    let (url, content) = line.split_once(char::is_whitespace).unwrap_or((line, ""));
    let content = content.trim();
    let content_at = line.len() - content.len();
    let (scheme, rest) = match url {
        _ if url.starts_with("https://") => (Scheme::Https, &url["https:".len()..]),
        _ if url.starts_with("http://") => (Scheme::Http, &url["http:".len()..]),
        _ => (Scheme::Http, url),
    };
    let (host, path) = match rest.strip_prefix("//") {
        None => (None, rest.to_owned()),
        Some(rest) => {
            let (host, path) = rest.split_at(rest.find(['/', '?']).unwrap_or(rest.len()));
            let at = url.len() - rest.len();
            let host = HeaderValue::host(host)
                .ok_or_else(|| (at, "between // and the path stands a host name.".to_owned()))?;
            (Some(host), if path.starts_with('/') { path.to_owned() } else { format!("/{path}") })
        }
    };
    if host.is_none() && !path.starts_with('/') {
        let what = "this is neither a path, which begins with a slash, nor WAIT=, TIMEOUT= or ATTEMPTS=.";
        return Err((0, what.to_owned()));
    }
    let path_at = url.len() - path.len().min(url.len());
    let path = path.parse().map_err(|Refused(what)| (path_at, what.to_owned()))?;
    is_content(content).map_err(|what| (content_at, what.to_owned()))?;
    Ok(Check { scheme, host, path, content: (!content.is_empty()).then(|| content.to_owned()) })
}

/// The line with the app's variables written out.
fn fill_in(line: &str, var: &impl Fn(&EnvKey) -> Option<String>) -> Result<String, Wrong> {
    let mut filled = String::with_capacity(line.len());
    let mut rest = line;
    while let Some(open) = rest.find("{{") {
        let at = line.len() - rest.len() + open;
        let key = rest[open..].find("}}").and_then(|close| {
            let name = rest[open + 2..open + close].trim().strip_prefix("var")?;
            let name = name.strip_prefix([' ', '\t'])?.trim().strip_prefix('"')?.strip_suffix('"')?;
            Some((name.parse::<EnvKey>().ok()?, open + close + 2))
        });
        let (key, end) = key.ok_or_else(|| (at, "only {{ var \"NAME\" }} can stand in double braces.".to_owned()))?;
        filled.push_str(&rest[..open]);
        filled.push_str(&var(&key).unwrap_or_default());
        // Many short names may stand for one long value.
        if filled.len() > RepoFile::Checks.most_bytes() {
            return Err((at, "the line becomes too long with this variable.".to_owned()));
        }
        rest = &rest[end..];
    }
    filled.push_str(rest);
    Ok(filled)
}

#[cfg(test)]
mod tests;
