//! Headers of a person's own.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};

use crate::{
    build::{HeaderName, HeaderValue},
    name::Refused,
};

/// Headers that nginx writes itself, or that have a setting of their own.
const OURS: [&str; 6] = ["date", "server", "location", "strict-transport-security", "www-authenticate", "set-cookie"];

/// A header that every answer gets.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct ResponseHeader {
    name: HeaderName,
    value: HeaderValue,
}

impl ResponseHeader {
    /// Its name.
    #[must_use]
    pub fn name(&self) -> &str {
        self.name.as_str()
    }

    /// Its value.
    #[must_use]
    pub fn value(&self) -> &str {
        self.value.as_str()
    }
}

/// Reads `X-Frame-Options: DENY`.
impl FromStr for ResponseHeader {
    type Err = Refused;
    fn from_str(text: &str) -> Result<Self, Refused> {
        let (name, value) = text.split_once(':').ok_or(Refused("Write a header as Name: value."))?;
        let name: HeaderName =
            name.trim().parse().map_err(|_| Refused("A header has a name of letters, digits and hyphens."))?;
        // nginx's language has no empty value, and a name with a dollar sign would be one of its variables.
        let plain = |b: u8| b.is_ascii_alphanumeric() || b == b'-' || b == b'_';
        if !name.as_str().bytes().all(plain) {
            return Err(Refused("A header has a name of letters, digits and hyphens."));
        }
        if OURS.iter().any(|ours| ours.eq_ignore_ascii_case(name.as_str())) {
            return Err(Refused("nginx writes that header itself, or it has a setting of its own."));
        }
        let value = value.trim();
        if value.is_empty() {
            return Err(Refused("A header needs a value."));
        }
        let value = value
            .parse()
            .map_err(|_| Refused("A header's value is plain text in one line, at most 1024 characters."))?;
        Ok(Self { name, value })
    }
}

impl TryFrom<String> for ResponseHeader {
    type Error = Refused;
    fn try_from(text: String) -> Result<Self, Refused> {
        text.parse()
    }
}

impl From<ResponseHeader> for String {
    fn from(header: ResponseHeader) -> Self {
        header.to_string()
    }
}

impl fmt::Display for ResponseHeader {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.name(), self.value())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_header_is_one_line_and_none_of_nginxs() {
        let header: ResponseHeader = "X-Frame-Options:  DENY".parse().expect("a header");
        assert_eq!(
            (header.name(), header.value(), header.to_string()),
            ("X-Frame-Options", "DENY", "X-Frame-Options: DENY".into())
        );
        assert!("Content-Security-Policy: default-src 'self'; img-src \"$x\"".parse::<ResponseHeader>().is_ok());
        for text in [
            "",
            "x",
            ": y",
            "a b: c",
            "X-A:",
            "X-A: ",
            "x\r\nSet-Cookie: a=b",
            "X-A: x\r\nSet-Cookie: a=b",
            "X-A: x\ny",
            "X-A: é",
            "Set-Cookie: a=b",
            "server: x",
            "Strict-Transport-Security: max-age=0",
            "Content-Length: 5",
            "$a: b",
            "X-A\0: b",
            "X-{}: b",
        ] {
            assert!(text.parse::<ResponseHeader>().is_err(), "{text:?}");
        }
    }
}
