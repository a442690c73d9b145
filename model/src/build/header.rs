//! Headers that a health check sends or a static site is answered with.

use serde::{Deserialize, Serialize};

crate::name::parsed!(
    /// A header's name: a token of RFC 9110, 5.6.2, at most 100 characters, none of those that frame
    /// a message or a connection.
    HeaderName,
    |text| {
        const FRAMING: [&str; 7] =
            ["connection", "content-length", "expect", "te", "trailer", "transfer-encoding", "upgrade"];
        let token = |b: u8| b.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&b);
        if text.is_empty() || text.len() > 100 || !text.bytes().all(token) {
            return Err("a header has a name of letters, digits and hyphens.");
        }
        if FRAMING.iter().any(|name| name.eq_ignore_ascii_case(text)) {
            return Err("that header frames the message and is not set by hand.");
        }
        Ok(())
    }
);

crate::name::parsed!(
    /// A header's value: visible ASCII with spaces and tabs inside, at most 1024 characters, so that
    /// it never ends its line.
    HeaderValue,
    |text| {
        if text.len() > 1024 {
            return Err("a header's value has at most 1024 characters.");
        }
        if text.trim() != text || !text.bytes().all(|b| b == b'\t' || (b' '..=b'~').contains(&b)) {
            return Err("a header's value is plain text in one line, without space around it.");
        }
        Ok(())
    }
);

impl HeaderValue {
    /// The `Host` of a check: a name or an address, a port if there is one; in lower case.
    pub(super) fn host(text: &str) -> Option<Self> {
        let (name, port) = text.rsplit_once(':').map_or((text, None), |(name, port)| (name, Some(port)));
        let plain = |b: u8| b.is_ascii_alphanumeric() || b == b'-' || b == b'.';
        let is_name = (1..=253).contains(&name.len()) && name.bytes().all(plain) && !name.starts_with(['-', '.']);
        let is_port = port.is_none_or(|port| port.parse::<crate::name::Port>().is_ok());
        (is_name && is_port).then(|| Self(text.to_ascii_lowercase()))
    }
}

/// A header that a health check sends.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct HttpHeader {
    /// Its name.
    pub name: HeaderName,
    /// Its value.
    pub value: HeaderValue,
}

impl HttpHeader {
    /// The `Host` header.
    #[must_use]
    pub fn host(value: HeaderValue) -> Self {
        Self { name: HeaderName("Host".into()), value }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn headers_stay_in_their_line() {
        for good in ["Accept", "X-Forwarded-Proto", "x_y"] {
            assert!(good.parse::<HeaderName>().is_ok(), "{good}");
        }
        for bad in ["", "a b", "a:", "a\r\nb", "é", "Transfer-Encoding", "CONTENT-LENGTH", ":path", &"a".repeat(101)] {
            assert!(bad.parse::<HeaderName>().is_err(), "{bad:?}");
        }
        for good in ["", "text/html; q=0.5", "a\tb"] {
            assert!(good.parse::<HeaderValue>().is_ok(), "{good}");
        }
        for bad in [" a", "a ", "a\r\nX: y", "a\0", "é", "\u{7f}", &"a".repeat(1025)] {
            assert!(bad.parse::<HeaderValue>().is_err(), "{bad:?}");
        }
    }

    #[test]
    fn hosts_have_a_name_and_perhaps_a_port() {
        for (typed, host) in [("Example.com", "example.com"), ("a.b:8080", "a.b:8080"), ("localhost", "localhost")] {
            assert_eq!(HeaderValue::host(typed).map(String::from).as_deref(), Some(host));
        }
        for bad in ["", ":80", "a:", "a:0", "a:99999", "a b", "user@a", "-a", ".a", "a\r\nb", "é.com"] {
            assert_eq!(HeaderValue::host(bad), None, "{bad:?}");
        }
    }
}
