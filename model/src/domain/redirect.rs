//! A name that leads to another address.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};

use crate::name::{HostName, Refused, UrlPath};

/// How the browser is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RedirectStatus {
    /// 301: for good; browsers remember it and may ask again with GET.
    Moved,
    /// 302: for now; the next request may be a GET.
    Found,
    /// 307: for now, with the same method and body.
    Temporary,
    /// 308: for good, with the same method and body.
    Permanent,
}

impl RedirectStatus {
    /// All of them, the usual one first.
    pub const ALL: [Self; 4] = [Self::Moved, Self::Found, Self::Temporary, Self::Permanent];

    /// Its number in HTTP.
    #[must_use]
    pub const fn get(self) -> u16 {
        match self {
            Self::Moved => 301,
            Self::Found => 302,
            Self::Temporary => 307,
            Self::Permanent => 308,
        }
    }
}

impl FromStr for RedirectStatus {
    type Err = Refused;
    fn from_str(text: &str) -> Result<Self, Refused> {
        let known = Self::ALL.into_iter().find(|status| status.get().to_string() == text);
        known.ok_or(Refused("A redirect answers with 301, 302, 307 or 308."))
    }
}

/// What the other address is reached by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RedirectScheme {
    /// As the visitor came.
    Same,
    /// http.
    Http,
    /// https.
    Https,
}

impl FromStr for RedirectScheme {
    type Err = Refused;
    fn from_str(text: &str) -> Result<Self, Refused> {
        match text {
            "same" => Ok(Self::Same),
            "http" => Ok(Self::Http),
            "https" => Ok(Self::Https),
            _ => Err(Refused("A redirect leads to http, to https, or stays with what the visitor came by.")),
        }
    }
}

/// Where a name leads instead of to an app.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Redirect {
    /// By what.
    pub scheme: RedirectScheme,
    /// To which host.
    pub host: HostName,
    /// To this path, without the query; without one, path and query are kept.
    pub path: Option<UrlPath>,
    /// How it is told.
    pub status: RedirectStatus,
}

impl Redirect {
    /// To another host for good, with path and query kept.
    #[must_use]
    pub const fn to(host: HostName) -> Self {
        Self { scheme: RedirectScheme::Same, host, path: None, status: RedirectStatus::Moved }
    }
}

impl fmt::Display for Redirect {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let scheme = match self.scheme {
            RedirectScheme::Same => "",
            RedirectScheme::Http => "http://",
            RedirectScheme::Https => "https://",
        };
        let path = self.path.as_ref().map_or("/…", UrlPath::as_str);
        write!(f, "{scheme}{}{path}", self.host)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn statuses_and_schemes_are_few() {
        for status in RedirectStatus::ALL {
            assert_eq!(status.get().to_string().parse(), Ok(status));
        }
        for text in ["300", "303", "200", "", "301;", "301 x", "-301", "０３０１"] {
            assert!(text.parse::<RedirectStatus>().is_err(), "{text}");
        }
        for text in ["ftp", "javascript", "HTTPS", "", "$scheme"] {
            assert!(text.parse::<RedirectScheme>().is_err(), "{text}");
        }
    }
}
