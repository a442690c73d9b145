//! Providers of DNS, which can be told to publish a record: what DNS-01 needs to prove a domain (RFC
//! 8555, section 8.4). A zone has one provider. What is asked of each is decided here, as values; who
//! sends it is the server's. Nothing is ever run: no hook, no script.

mod cloudflare;
mod desec;
mod digitalocean;
mod form;
mod hetzner;
mod http;
mod talk;

use std::fmt;

use serde::{Deserialize, Serialize};

pub use form::{DnsProviderForm, DnsProviderSpec};
pub use talk::{ApiAnswer, ApiRequest, Talk, Turn, Txt, TxtChange, Verb};

use crate::{
    name::{DomainName, HostName, parsed},
    time::Timestamp,
    webhook::ApiUrl,
};

/// Before a domain's name, where its challenge is published (RFC 8555, section 8.4).
pub const CHALLENGE_LABEL: &str = "_acme-challenge";
/// Before a zone's name, where a try writes.
pub const TEST_LABEL: &str = "_homeport-test";

/// Where the challenge of a name is published.
#[must_use]
pub fn challenge_name(name: &DomainName) -> String {
    format!("{CHALLENGE_LABEL}.{}", name.base())
}

/// Whether a name is the zone's own or lies below it.
#[must_use]
pub fn lies_in(name: &str, zone: &str) -> bool {
    name == zone || name.strip_suffix(zone).is_some_and(|rest| rest.ends_with('.'))
}

/// Whose interface.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DnsProviderKind {
    /// Cloudflare.
    Cloudflare,
    /// deSEC.
    Desec,
    /// Hetzner: zones of its Cloud Console. Its older DNS Console had an interface of its own, which
    /// Hetzner is closing.
    Hetzner,
    /// DigitalOcean.
    Digitalocean,
    /// Any server that takes DNS UPDATE (RFC 2136) with a TSIG key: BIND, Knot, PowerDNS.
    Rfc2136,
    /// Something of the owner's that takes a POST.
    Http,
}

impl DnsProviderKind {
    /// All of them, as they are offered.
    pub const ALL: [Self; 6] =
        [Self::Cloudflare, Self::Desec, Self::Digitalocean, Self::Hetzner, Self::Rfc2136, Self::Http];

    /// The word in forms and in the store.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Cloudflare => "cloudflare",
            Self::Desec => "desec",
            Self::Hetzner => "hetzner",
            Self::Digitalocean => "digitalocean",
            Self::Rfc2136 => "rfc2136",
            Self::Http => "http",
        }
    }

    /// The name that people know.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Cloudflare => "Cloudflare",
            Self::Desec => "deSEC",
            Self::Hetzner => "Hetzner",
            Self::Digitalocean => "DigitalOcean",
            Self::Rfc2136 => "DNS update (RFC 2136)",
            Self::Http => "HTTP",
        }
    }

    /// Who it is in a sentence.
    #[must_use]
    pub const fn subject(self) -> &'static str {
        match self {
            Self::Rfc2136 => "The DNS server",
            Self::Http => "The address",
            _ => self.name(),
        }
    }

    /// The one of a word.
    #[must_use]
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.as_str() == word)
    }

    /// What its secret may do and where it is made.
    #[must_use]
    pub const fn token_hint(self) -> &'static str {
        match self {
            Self::Cloudflare => "An API token with Zone / Zone / Read and Zone / DNS / Edit for this zone alone.",
            Self::Desec => "A token of desec.io, limited to this domain where its policies allow that.",
            Self::Hetzner => "An API token of the Cloud project that holds the zone, with read and write.",
            Self::Digitalocean => {
                "A token with the custom scopes domain:read, domain:create, domain:update and domain:delete."
            }
            Self::Rfc2136 => "The TSIG key's secret, in base64, as it stands in the server's configuration.",
            Self::Http => "Sent as a bearer token.",
        }
    }
}

/// Which hash signs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TsigHash {
    /// `hmac-sha256`.
    Sha256,
    /// `hmac-sha512`.
    Sha512,
}

impl TsigHash {
    /// Both.
    pub const ALL: [Self; 2] = [Self::Sha256, Self::Sha512];

    /// As servers' configurations write it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Sha256 => "hmac-sha256",
            Self::Sha512 => "hmac-sha512",
        }
    }

    /// The one of a word.
    #[must_use]
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|hash| hash.as_str() == word)
    }
}

parsed!(
    /// A TSIG key's name: labels of letters, digits, `-` and `_` with dots between them, lower case, at
    /// most 200 characters.
    KeyName,
    |text| {
        let label = |part: &str| {
            !part.is_empty()
                && part.len() <= 63
                && part.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-' || b == b'_')
        };
        if text.is_empty() {
            return Err("Name the key as the server knows it.");
        }
        if text.len() > 200 || !text.split('.').all(label) {
            return Err("A key's name has only letters, digits, - and _, and dots between its parts.");
        }
        Ok(())
    }
);

parsed!(
    /// A DNS server: a host name or an address, and a port when it is not 53: `ns1.example.com`,
    /// `203.0.113.5:5353`, `[2001:db8::5]:53`.
    ServerAddress,
    |text| {
        const NOT_ONE: &str = "That is no server: a host name or an address, like ns1.example.com or 203.0.113.5:53.";
        if text.is_empty() {
            return Err("Name the server that takes updates.");
        }
        if split_address(text).is_some() { Ok(()) } else { Err(NOT_ONE) }
    }
);

impl ServerAddress {
    /// Host (a name, or an address without brackets) and port.
    #[must_use]
    pub fn host_and_port(&self) -> (&str, u16) {
        split_address(self.as_str()).unwrap_or((self.as_str(), DNS_PORT))
    }
}

const DNS_PORT: u16 = 53;

fn split_address(text: &str) -> Option<(&str, u16)> {
    let port = |text: &str| text.parse::<crate::name::Port>().ok().map(crate::name::Port::get);
    if let Some(rest) = text.strip_prefix('[') {
        let (host, after) = rest.split_once(']')?;
        host.parse::<std::net::Ipv6Addr>().ok()?;
        return match after {
            "" => Some((host, DNS_PORT)),
            _ => Some((host, port(after.strip_prefix(':')?)?)),
        };
    }
    if text.parse::<std::net::Ipv6Addr>().is_ok() {
        return Some((text, DNS_PORT));
    }
    let (host, port) = match text.split_once(':') {
        Some((host, number)) => (host, port(number)?),
        None => (text, DNS_PORT),
    };
    let known = host.parse::<std::net::Ipv4Addr>().is_ok() || host.parse::<HostName>().is_ok();
    known.then_some((host, port))
}

/// How a provider is reached; its secret stands elsewhere.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum DnsProviderSettings {
    /// Cloudflare.
    Cloudflare {
        /// Another address of its interface; only where local addresses are allowed.
        api: Option<ApiUrl>,
    },
    /// deSEC.
    Desec {
        /// Another address of its interface; only where local addresses are allowed.
        api: Option<ApiUrl>,
    },
    /// Hetzner.
    Hetzner {
        /// Another address of its interface; only where local addresses are allowed.
        api: Option<ApiUrl>,
    },
    /// DigitalOcean.
    Digitalocean {
        /// Another address of its interface; only where local addresses are allowed.
        api: Option<ApiUrl>,
    },
    /// DNS UPDATE.
    Rfc2136 {
        /// The zone's primary server.
        server: ServerAddress,
        /// The key's name.
        key_name: KeyName,
        /// The key's hash.
        hash: TsigHash,
    },
    /// A POST.
    Http {
        /// Where to.
        url: ApiUrl,
    },
}

impl DnsProviderSettings {
    /// Whose.
    #[must_use]
    pub const fn kind(&self) -> DnsProviderKind {
        match self {
            Self::Cloudflare { .. } => DnsProviderKind::Cloudflare,
            Self::Desec { .. } => DnsProviderKind::Desec,
            Self::Hetzner { .. } => DnsProviderKind::Hetzner,
            Self::Digitalocean { .. } => DnsProviderKind::Digitalocean,
            Self::Rfc2136 { .. } => DnsProviderKind::Rfc2136,
            Self::Http { .. } => DnsProviderKind::Http,
        }
    }
}

/// Where it is, in short; nothing where everybody knows.
impl fmt::Display for DnsProviderSettings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Cloudflare { api } | Self::Desec { api } | Self::Hetzner { api } | Self::Digitalocean { api } => {
                api.as_ref().map_or(Ok(()), |api| api.fmt(f))
            }
            Self::Rfc2136 { server, key_name, hash } => write!(f, "{server}, key {key_name} ({})", hash.as_str()),
            Self::Http { url } => url.fmt(f),
        }
    }
}

/// A zone's provider, without its secret.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DnsProviderRow {
    /// The zone.
    pub zone: HostName,
    /// How it is reached.
    pub settings: DnsProviderSettings,
    /// Since when it is kept.
    pub created_at: Timestamp,
    /// When it last did what was asked.
    pub last_ok_at: Option<Timestamp>,
    /// Why it did not, when the last time was no success.
    pub problem: Option<String>,
}

/// A challenge that is published, to be removed once the authority has looked.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DnsChallenge {
    /// Whose provider published it.
    pub zone: HostName,
    /// At which name.
    pub name: String,
    /// The value.
    pub value: String,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_zone_holds_what_is_below_it() {
        for (name, zone, within) in [
            ("_acme-challenge.shop.example.com", "example.com", true),
            ("example.com", "example.com", true),
            ("shopexample.com", "example.com", false),
            ("example.com", "shop.example.com", false),
        ] {
            assert_eq!(lies_in(name, zone), within, "{name} {zone}");
        }
        let name = |text: &str| text.parse::<DomainName>().expect("a name");
        assert_eq!(challenge_name(&name("*.example.com")), "_acme-challenge.example.com");
        assert_eq!(challenge_name(&name("example.com")), "_acme-challenge.example.com");
    }

    #[test]
    fn servers_are_names_or_addresses_with_a_port() {
        for (text, host, port) in [
            ("ns1.example.com", "ns1.example.com", 53),
            ("ns1.example.com:5353", "ns1.example.com", 5353),
            ("203.0.113.5", "203.0.113.5", 53),
            ("203.0.113.5:1053", "203.0.113.5", 1053),
            ("2001:db8::5", "2001:db8::5", 53),
            ("[2001:db8::5]", "2001:db8::5", 53),
            ("[2001:db8::5]:1053", "2001:db8::5", 1053),
        ] {
            assert_eq!(text.parse::<ServerAddress>().expect("a server").host_and_port(), (host, port), "{text}");
        }
        for text in [
            "",
            " ",
            "ns1",
            "ns1.example.com:",
            "ns1.example.com:0",
            "ns1.example.com:65536",
            "[203.0.113.5]:53",
            "[2001:db8::5",
            "[2001:db8::5]53",
            "a b.example.com",
            "-x.example.com",
            "ns1.example.com:53:53",
            "https://x.example.com",
            "$(id).example.com",
            "ns1.example.com\n",
            "@x.example.com",
        ] {
            assert!(text.parse::<ServerAddress>().is_err(), "{text:?}");
        }
    }

    #[test]
    fn key_names_are_plain() {
        for text in ["homeport", "homeport-key.example.com", "_x_1"] {
            assert!(text.parse::<KeyName>().is_ok(), "{text}");
        }
        for text in ["", ".", "a..b", "A", "a b", "a\n", "a\"b", "é", &"a.".repeat(101)] {
            assert!(text.parse::<KeyName>().is_err(), "{text:?}");
        }
    }

    #[test]
    fn words_lead_back() {
        for kind in DnsProviderKind::ALL {
            assert_eq!(DnsProviderKind::from_word(kind.as_str()), Some(kind));
            assert!(!kind.token_hint().is_empty());
        }
        for hash in TsigHash::ALL {
            assert_eq!(TsigHash::from_word(hash.as_str()), Some(hash));
        }
    }
}
