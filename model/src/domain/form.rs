//! What people type about names and proxies.

use std::{collections::BTreeMap, str::FromStr};

use serde::{Deserialize, Serialize};

use super::{
    ErrorStatus, Knob, PageText, PathPrefix, ProxySettings, RealIp, RealIpHeader, Redirect, RedirectScheme,
    RedirectStatus, UserName,
};
use crate::{
    name::{AppName, DomainName, HostName, Refused},
    problem::Problem,
    secret::Secret,
};

/// A name for an app. International names have been spelt in ASCII before it is parsed.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct DomainForm {
    /// A host name, or `*.` and one.
    pub name: String,
    /// `app` or nothing: it leads to the app; `redirect`: it leads to another address.
    pub leads: String,
    /// A redirect: `same`, `http` or `https`; nothing is `same`.
    pub scheme: String,
    /// A redirect: the host.
    pub to: String,
    /// A redirect: the one path that everything leads to; nothing keeps path and query.
    pub path: String,
    /// A redirect: 301, 302, 307 or 308; nothing is 301.
    pub status: String,
    /// `tunnel`: it comes in by the tunnel, and by no other way.
    pub way: String,
}

impl DomainForm {
    /// Reads the form.
    ///
    /// # Errors
    /// A sentence with its field.
    pub fn parse(&self) -> Result<(DomainName, Option<Redirect>), Problem> {
        let name = field("name", self.name.trim())?;
        let redirect = match self.leads.as_str() {
            "" | "app" => None,
            "redirect" => Some(Redirect {
                scheme: field::<RedirectScheme>("scheme", or(&self.scheme, "same"))?,
                host: field::<HostName>("to", self.to.trim())?,
                path: optional("path", &self.path)?,
                status: field::<RedirectStatus>("status", or(&self.status, "301"))?,
            }),
            _ => return Err(Problem::invalid("leads", "A name leads to its app or to another address.")),
        };
        Ok((name, redirect))
    }
}

/// A part of a host that another app answers.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct PrefixForm {
    /// The host.
    pub host: String,
    /// The beginning of the paths.
    pub path: String,
    /// The other app.
    pub app: String,
    /// Whether the app gets the path without that beginning: anything but nothing is yes.
    pub strip: String,
}

impl PrefixForm {
    /// Reads the form.
    ///
    /// # Errors
    /// A sentence with its field.
    pub fn parse(&self) -> Result<(HostName, PathPrefix, AppName, bool), Problem> {
        let host = field("host", self.host.trim())?;
        let path = self.path.trim();
        // A slash at the end says the same.
        let path = field("path", if path.len() > 1 { path.strip_suffix('/').unwrap_or(path) } else { path })?;
        Ok((host, path, field("app", self.app.trim())?, !self.strip.is_empty()))
    }
}

/// Maintenance, on or off.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct MaintenanceForm {
    /// Anything but nothing is on.
    pub on: String,
    /// The page's words; nothing is the usual ones.
    pub text: String,
}

impl MaintenanceForm {
    /// Whether it is on, and its words.
    ///
    /// # Errors
    /// A sentence with its field.
    pub fn parse(&self) -> Result<Option<Option<PageText>>, Problem> {
        if self.on.is_empty() { Ok(None) } else { Ok(Some(optional("text", &unix_lines(&self.text))?)) }
    }
}

/// A visitor's name and password.
#[derive(Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct PasswordForm {
    /// The name.
    pub user: String,
    /// The password.
    pub password: String,
}

impl std::fmt::Debug for PasswordForm {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("PasswordForm").field("user", &self.user).finish_non_exhaustive()
    }
}

impl PasswordForm {
    /// Reads the form.
    ///
    /// # Errors
    /// A sentence with its field.
    pub fn parse(&self) -> Result<(UserName, Secret<String>), Problem> {
        let user = field("user", self.user.trim())?;
        let count = self.password.chars().count();
        if !(8..=200).contains(&count) {
            return Err(Problem::invalid("password", "A password has 8 to 200 characters."));
        }
        if self.password.chars().any(char::is_control) {
            return Err(Problem::invalid("password", "A password has no control characters."));
        }
        Ok((user, Secret::new(self.password.clone())))
    }
}

/// Everything that an app's proxy can be told, as typed.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct ProxyForm {
    /// Figures and switches by their keys; nothing typed is as by default.
    pub knobs: BTreeMap<String, String>,
    /// `off`, `cloudflare` or `ranges`.
    pub real_ip: String,
    /// The proxies' ranges, one a line.
    pub ranges: String,
    /// `cf_connecting_ip` or `x_forwarded_for`.
    pub header: String,
    /// Who may come, one a line.
    pub allow: String,
    /// Who may not, one a line.
    pub deny: String,
    /// `Name: value`, one a line.
    pub headers: String,
    /// Words by status.
    pub error_pages: BTreeMap<String, String>,
}

impl ProxyForm {
    /// Reads the form.
    ///
    /// # Errors
    /// A sentence with its field.
    pub fn parse(&self) -> Result<ProxySettings, Problem> {
        let mut settings = ProxySettings::default();
        for (key, typed) in &self.knobs {
            let knob = Knob::ALL.iter().find(|knob| knob.key() == key);
            let knob = knob.ok_or_else(|| Problem::invalid("knobs", "There is no such setting."))?;
            settings.knobs.set(*knob, typed)?;
        }
        settings.real_ip = match self.real_ip.as_str() {
            "" | "off" => None,
            "cloudflare" => Some(RealIp::Cloudflare),
            "ranges" => Some(RealIp::Ranges {
                ranges: lines("ranges", &self.ranges)?,
                header: match self.header.as_str() {
                    "" | "x_forwarded_for" => RealIpHeader::XForwardedFor,
                    "cf_connecting_ip" => RealIpHeader::CfConnectingIp,
                    _ => return Err(Problem::invalid("header", "Choose a header.")),
                },
            }),
            _ => return Err(Problem::invalid("real_ip", "Choose who stands before this server.")),
        };
        settings.allow = lines("allow", &self.allow)?;
        settings.deny = lines("deny", &self.deny)?;
        settings.headers = lines("headers", &self.headers)?;
        for (status, text) in &self.error_pages {
            let status: ErrorStatus = field("error_pages", status)?;
            let key = format!("page_{}", status.get());
            if let Some(text) = optional(&key, &unix_lines(text))? {
                settings.error_pages.insert(status, text);
            }
        }
        settings.check()?;
        Ok(settings)
    }

    /// The form that would give `settings`.
    #[must_use]
    pub fn of(settings: &ProxySettings) -> Self {
        fn lines<T: ToString>(all: &[T]) -> String {
            all.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n")
        }
        let (real_ip, ranges, header) = match &settings.real_ip {
            None => ("off", String::new(), ""),
            Some(RealIp::Cloudflare) => ("cloudflare", String::new(), ""),
            Some(RealIp::Ranges { ranges, header: RealIpHeader::XForwardedFor }) => {
                ("ranges", lines(ranges), "x_forwarded_for")
            }
            Some(RealIp::Ranges { ranges, header: RealIpHeader::CfConnectingIp }) => {
                ("ranges", lines(ranges), "cf_connecting_ip")
            }
        };
        let set = Knob::ALL.iter().filter(|knob| settings.knobs.is_set(**knob));
        Self {
            knobs: set.map(|knob| (knob.key().to_owned(), settings.knobs.typed(*knob))).collect(),
            real_ip: real_ip.to_owned(),
            ranges,
            header: header.to_owned(),
            allow: lines(&settings.allow),
            deny: lines(&settings.deny),
            headers: lines(&settings.headers),
            error_pages: settings
                .error_pages
                .iter()
                .map(|(status, text)| ((*status).into(), text.to_string()))
                .collect(),
        }
    }
}

/// Browsers end lines in two characters.
fn unix_lines(typed: &str) -> String {
    typed.replace("\r\n", "\n")
}

fn or<'a>(typed: &'a str, usual: &'a str) -> &'a str {
    if typed.trim().is_empty() { usual } else { typed.trim() }
}

fn optional<T: FromStr<Err = Refused>>(name: &str, typed: &str) -> Result<Option<T>, Problem> {
    if typed.trim().is_empty() { Ok(None) } else { field(name, typed.trim()).map(Some) }
}

fn lines<T: FromStr<Err = Refused> + PartialEq>(name: &str, typed: &str) -> Result<Vec<T>, Problem> {
    let mut all = Vec::new();
    for line in typed.lines().map(str::trim).filter(|line| !line.is_empty()) {
        let one = line.parse().map_err(|refused: Refused| {
            let shown: String = line.chars().take(60).collect();
            Problem::invalid(name, format!("{shown}: {refused}"))
        })?;
        if !all.contains(&one) {
            all.push(one);
        }
    }
    Ok(all)
}

fn field<T: FromStr<Err = Refused>>(name: &str, typed: &str) -> Result<T, Problem> {
    typed.parse().map_err(|refused: Refused| Problem::invalid(name, refused.0))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn forms_become_values() {
        let form = DomainForm { name: " www.example.com ".into(), ..DomainForm::default() };
        assert_eq!(form.parse(), Ok(("www.example.com".parse().expect("a name"), None)));
        let form = DomainForm { leads: "redirect".into(), to: "example.com".into(), ..form };
        let (_, redirect) = form.parse().expect("read");
        assert_eq!(redirect, Some(Redirect::to("example.com".parse().expect("a host"))));
        let form =
            PrefixForm { host: "example.com".into(), path: "/api/".into(), app: "api".into(), strip: "on".into() };
        let (_, path, _, strip) = form.parse().expect("read");
        assert_eq!((path.as_str(), strip), ("/api", true));
        assert_eq!(MaintenanceForm::default().parse(), Ok(None));
        let form = MaintenanceForm { on: "on".into(), text: "a\r\nb".into() };
        assert_eq!(form.parse().expect("read").flatten().expect("a text").as_str(), "a\nb");
    }

    #[test]
    fn settings_come_back_as_they_were_typed() {
        let form = ProxyForm {
            knobs: [("body_size".to_owned(), "20m".to_owned()), ("gzip".to_owned(), "off".to_owned())].into(),
            real_ip: "ranges".into(),
            ranges: "10.0.0.0/8\n2001:db8::/32".into(),
            header: "x_forwarded_for".into(),
            allow: "192.0.2.0/24".into(),
            deny: "192.0.2.7".into(),
            headers: "X-Frame-Options: DENY\nX-Robots-Tag: noindex".into(),
            error_pages: [("503".to_owned(), "Back soon.".to_owned())].into(),
        };
        let settings = form.parse().unwrap_or_else(|problem| panic!("{problem}"));
        assert_eq!(ProxyForm::of(&settings), form);
        let text = serde_json::to_string(&settings).expect("text");
        assert_eq!(serde_json::from_str::<ProxySettings>(&text).expect("read"), settings);
    }

    #[test]
    fn every_field_refuses_and_says_so() {
        let knob = |key: &str, typed: &str| ProxyForm {
            knobs: [(key.to_owned(), typed.to_owned())].into(),
            ..ProxyForm::default()
        };
        let page = |status: &str, text: &str| ProxyForm {
            error_pages: [(status.to_owned(), text.to_owned())].into(),
            ..ProxyForm::default()
        };
        let cases = [
            ("knobs", knob("lua", "on")),
            ("body_size", knob("body_size", "1; }")),
            ("real_ip", ProxyForm { real_ip: "x".into(), ..ProxyForm::default() }),
            ("ranges", ProxyForm { real_ip: "ranges".into(), ..ProxyForm::default() }),
            ("ranges", ProxyForm { real_ip: "ranges".into(), ranges: "all;".into(), ..ProxyForm::default() }),
            (
                "header",
                ProxyForm {
                    real_ip: "ranges".into(),
                    ranges: "::1".into(),
                    header: "Host".into(),
                    ..ProxyForm::default()
                },
            ),
            ("allow", ProxyForm { allow: "$remote_addr".into(), ..ProxyForm::default() }),
            ("deny", ProxyForm { deny: "all; }".into(), ..ProxyForm::default() }),
            ("headers", ProxyForm { headers: "Set-Cookie: a=b".into(), ..ProxyForm::default() }),
            ("error_pages", page("200", "x")),
            ("page_404", page("404", "\0")),
        ];
        for (field, form) in cases {
            assert_eq!(form.parse().expect_err(field).field.as_deref(), Some(field));
        }
        let short = PasswordForm { user: "ada".into(), password: "short".into() };
        assert_eq!(short.parse().err().and_then(|problem| problem.field).as_deref(), Some("password"));
        let colon = PasswordForm { user: "a:b".into(), password: "long enough".into() };
        assert_eq!(colon.parse().err().and_then(|problem| problem.field).as_deref(), Some("user"));
        assert!(!format!("{colon:?}").contains("long enough"));
    }
}
