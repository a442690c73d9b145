//! What visitors are really served, as seen by asking, and how it differs from what is meant.

use std::net::IpAddr;

use serde::{Deserialize, Serialize};

use super::{
    CertificateFacts,
    expected::{Expected, PlainHttp},
    own::is_cdn_origin,
};
use crate::{
    domain::dns::{Cdn, DnsTrouble},
    name::DomainName,
    time::Timestamp,
};

/// By which way it was asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Way {
    /// This host's own nginx, over loopback.
    Loopback,
    /// An address that public DNS gives: this host from outside, or a CDN before it.
    Public {
        /// It; `None` when there is none to ask.
        address: Option<IpAddr>,
    },
}

impl Way {
    /// Its word in the store.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Loopback => "loopback",
            Self::Public { .. } => "public",
        }
    }
}

/// Why it could not be seen.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", content = "text", rename_all = "snake_case")]
pub enum Unseen {
    /// Nothing listens there.
    Refused,
    /// The handshake was rejected: nothing is served under that name.
    Rejected,
    /// No answer in time.
    TimedOut,
    /// The connection broke, or something else than TLS is spoken.
    Broken(String),
    /// DNS gives no address.
    NoAddress,
    /// DNS gives only addresses of private networks, which are not asked.
    NotPublic,
    /// DNS could not be asked for an address.
    Unresolved(DnsTrouble),
}

impl Unseen {
    /// As a sentence.
    #[must_use]
    pub fn words(&self) -> String {
        match self {
            Self::Refused => "Nothing listens there.".to_owned(),
            Self::Rejected => "The handshake is rejected: nothing is served by https under this name.".to_owned(),
            Self::TimedOut => "No answer came in time.".to_owned(),
            Self::Broken(text) => format!("The connection broke: {text}."),
            Self::NoAddress => "DNS gives no address for this name.".to_owned(),
            Self::NotPublic => "DNS gives an address of a private network only, which is not asked.".to_owned(),
            Self::Unresolved(trouble) => format!("{}.", trouble.words()),
        }
    }
}

/// The version of TLS that was agreed on. Older ones than 1.2 are not spoken by who asks; nginx is
/// told to refuse them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Protocol {
    /// TLS 1.2.
    #[serde(rename = "1.2")]
    Tls12,
    /// TLS 1.3.
    #[serde(rename = "1.3")]
    Tls13,
}

impl Protocol {
    /// "TLS 1.3".
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Tls12 => "TLS 1.2",
            Self::Tls13 => "TLS 1.3",
        }
    }
}

/// What came with the handshake and one request after it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Secure {
    /// What the leaf says.
    pub facts: CertificateFacts,
    /// Who issued each certificate that came, from the leaf's up.
    pub issuers: Vec<String>,
    /// Whose certificate is missing in the chain.
    pub missing: Option<String>,
    /// Whether the leaf is its own issuer.
    pub self_signed: bool,
    /// Whether browsers would believe the chain.
    pub trusted: bool,
    /// The version of TLS.
    pub protocol: Protocol,
    /// Whether HTTP/2 was agreed on.
    pub http2: bool,
    /// What `/` answered; `None` when nothing came.
    pub status: Option<u16>,
    /// The header `Strict-Transport-Security`.
    pub hsts: Option<String>,
    /// How the answer was packed: `gzip`, `br`.
    pub compression: Option<String>,
}

/// What `/` answers by plain http.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Plain {
    /// Its status.
    pub status: u16,
    /// Where it leads.
    pub location: Option<String>,
}

impl Plain {
    /// Whether it leads somewhere.
    #[must_use]
    pub fn leads(&self) -> bool {
        (300..400).contains(&self.status) && self.location.is_some()
    }

    /// Whether it leads to https.
    #[must_use]
    pub fn leads_to_https(&self) -> bool {
        self.leads() && self.location.as_ref().is_some_and(|to| to.starts_with("https://"))
    }
}

/// One look at one name by one way.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Served {
    /// When.
    pub at: Timestamp,
    /// By which way.
    pub way: Way,
    /// What https gave.
    pub secure: Result<Secure, Unseen>,
    /// What http gave.
    pub plain: Result<Plain, Unseen>,
    /// Whether https answered by IPv6, too; `None` where it was not asked.
    pub ipv6: Option<bool>,
    /// The serial of the leaf that came by IPv6. Looks of earlier releases have none.
    #[serde(default)]
    pub ipv6_serial: Option<String>,
}

impl Served {
    /// Whether two looks by one way saw the same, whenever that was and whichever of several addresses it
    /// was: a CDN has many.
    #[must_use]
    pub fn says_the_same(&self, other: &Self) -> bool {
        Self { at: self.at, way: self.way, ..other.clone() } == *self
    }

    /// The public address that was asked.
    fn address(&self) -> Option<IpAddr> {
        match self.way {
            Way::Loopback => None,
            Way::Public { address } => address,
        }
    }
}

/// How bad a difference is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Severity {
    /// Good to know.
    Note,
    /// Nobody could look.
    Unknown,
    /// To be looked at soon.
    Warning,
    /// Visitors are turned away.
    Bad,
}

/// Something that is not as meant.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Difference {
    /// How bad it is.
    pub severity: Severity,
    /// A sentence.
    pub words: String,
    /// What to do about it.
    pub hint: String,
}

impl Difference {
    /// How bad it is, in a word.
    #[must_use]
    pub const fn severity_word(&self) -> &'static str {
        match self.severity {
            Severity::Note => "Note",
            Severity::Unknown => "Not seen",
            Severity::Warning => "Warning",
            Severity::Bad => "Broken",
        }
    }
}

/// What is meant to be served for a domain.
#[derive(Debug, Clone, Copy, Default)]
pub struct Meant<'a> {
    /// The certificate in use for it.
    pub certificate: Option<&'a CertificateFacts>,
    /// All else.
    pub expected: Expected,
}

/// What differs between what is served for `domain` and what is meant.
#[must_use]
pub fn differences(served: &Served, domain: &DomainName, meant: Meant<'_>) -> Vec<Difference> {
    let wanted = meant.certificate;
    let mut found = Found(Vec::new());
    match (&served.secure, wanted) {
        (Ok(secure), _) => found.in_secure(secure, served, domain, meant),
        // Nothing is meant to be there.
        (Err(_), None) => {}
        (Err(Unseen::Rejected), Some(_)) => found.add(
            Severity::Bad,
            "There is a certificate, and the handshake is rejected all the same.",
            "Somebody changed nginx's files, or it could not load them: look at Host, and issue or bring the certificate again.",
        ),
        // Whoever is not asked from outside is seen from inside.
        (Err(Unseen::NotPublic | Unseen::NoAddress | Unseen::Unresolved(_)), Some(_)) => {}
        (Err(why), Some(_)) => found.add(
            Severity::Unknown,
            &format!("It could not be seen: {}", lower(&why.words())),
            "Look at Host for nginx, and at the firewall for its ports.",
        ),
    }
    found.0
}

struct Found(Vec<Difference>);

impl Found {
    fn add(&mut self, severity: Severity, words: &str, hint: &str) {
        self.0.push(Difference { severity, words: words.to_owned(), hint: hint.to_owned() });
    }

    fn in_secure(&mut self, secure: &Secure, served: &Served, domain: &DomainName, meant: Meant<'_>) {
        let (facts, wanted) = (&secure.facts, meant.certificate);
        let from_here = served.way == Way::Loopback;
        let is_other = wanted.is_none_or(|wanted| wanted.serial != facts.serial);
        let covers = facts.covers(domain);
        let is_proxied = meant.expected.proxied || served.address().and_then(Cdn::of).is_some();
        match wanted {
            None if from_here => self.add(
                Severity::Warning,
                &format!("A certificate of {} is served, and Homeport put none there.", facts.issuer),
                "Somebody changed nginx's files; Host shows what is in them.",
            ),
            Some(wanted) if from_here && is_other => self.add(
                Severity::Bad,
                &format!("Another certificate is served ({}) than the one in use ({}).", facts.serial, wanted.serial),
                "Somebody changed nginx's files, or nginx did not load them: put the certificate to use again.",
            ),
            _ if !from_here && is_other && covers && secure.trusted && is_proxied => self.add(
                Severity::Note,
                &format!("Visitors who come this way get a certificate of {}: a CDN answers there.", facts.issuer),
                "It renews that by itself; ours is for the way between it and this server.",
            ),
            _ if !from_here && is_other => self.add(
                Severity::Warning,
                &format!("Another server answers{}, with a certificate of {}.", at(served.address()), facts.issuer),
                "Look at where DNS leads. If that is a CDN of yours, name its addresses in the app's proxy settings.",
            ),
            _ => {}
        }
        if !covers {
            self.add(
                Severity::Bad,
                "What is served is not for this name: browsers refuse.",
                "Bring or issue one for it.",
            );
        }
        if facts.not_after <= served.at {
            self.add(Severity::Bad, "What is served has ended: browsers refuse.", "Renew it, or bring its successor.");
        } else if facts.not_before > served.at {
            self.add(Severity::Bad, "What is served is not good yet: browsers refuse.", "Look at this server's clock.");
        } else if is_cdn_origin(facts) {
            self.add(
                if from_here { Severity::Note } else { Severity::Bad },
                "Only Cloudflare believes what is served.",
                "Keep the name proxied there, with the mode Full (strict).",
            );
        } else if secure.self_signed {
            self.add(
                Severity::Warning,
                "What is served is its own issuer: browsers warn.",
                "Issue one of an authority, or bring one.",
            );
        } else if let Some(issuer) = secure.missing.as_ref().filter(|_| is_other) {
            self.add(
                Severity::Bad,
                &format!("The certificate of {issuer} is missing in the chain: many programs refuse."),
                "Bring the certificate again, with those between it and the root.",
            );
        } else if !secure.trusted {
            self.add(
                Severity::Warning,
                &format!("No browser knows the root behind {}.", facts.issuer),
                "Visitors need that root; else issue or bring one of a public authority.",
            );
        }
        match (secure.http2, meant.expected.http2) {
            (true, _) => {}
            (false, true) => {
                self.add(Severity::Warning, "HTTP/2 is off.", "Switch it on; browsers load pages quicker with it.");
            }
            (false, false) => self.add(Severity::Note, "HTTP/2 is off, as it is set.", "Proxy has the switch."),
        }
        if secure.hsts.is_none() {
            self.add(
                Severity::Note,
                "Browsers are not told to stay with https (HSTS).",
                "Fine while you try things; switch it on when https is to stay.",
            );
        }
        match (&served.plain, meant.expected.plain) {
            (Ok(plain), PlainHttp::LeadsToHttps) if !plain.leads_to_https() => self.add(
                Severity::Warning,
                "Plain http does not lead to https.",
                "Visitors who type the bare name stay unprotected.",
            ),
            (Ok(plain), PlainHttp::LeadsAway) if !plain.leads() => self.add(
                Severity::Warning,
                "Plain http leads nowhere, and should lead to another address.",
                "Somebody changed nginx's files, or another server answers.",
            ),
            (Ok(plain), PlainHttp::Answers) if !plain.leads_to_https() => self.add(
                Severity::Note,
                "Plain http is answered, too, as it is set.",
                "Visitors who type the bare name stay unprotected; Proxy has the switch.",
            ),
            _ => {}
        }
        match &served.ipv6_serial {
            _ if served.ipv6 == Some(false) => {
                self.add(Severity::Warning, "By IPv6 nothing answers.", "Look at the addresses that nginx listens on.");
            }
            // A CDN may have several certificates for a name.
            Some(serial) if *serial != facts.serial && (from_here || !is_proxied) => self.add(
                Severity::Bad,
                &format!("By IPv6 another certificate is served ({serial}) than by IPv4 ({}).", facts.serial),
                "The AAAA record may lead to another server: look at where DNS leads.",
            ),
            _ => {}
        }
    }
}

/// " at 192.0.2.1".
fn at(address: Option<IpAddr>) -> String {
    address.map_or_else(String::new, |address| format!(" at {address}"))
}

/// The one sentence about a domain, from all looks at it; `None` before the first.
#[must_use]
pub fn verdict(looks: &[Served], domain: &DomainName, meant: Meant<'_>) -> Option<(Severity, String)> {
    let wanted = meant.certificate;
    let first = looks.iter().find(|look| look.way == Way::Loopback).or(looks.first())?;
    let all = looks.iter().flat_map(|look| differences(look, domain, meant));
    let worst = all.reduce(|worst, next| if next.severity > worst.severity { next } else { worst });
    let well = || match (&first.secure, wanted) {
        (Ok(secure), _) => format!("https, a certificate of {}", secure.facts.issuer),
        (Err(Unseen::Rejected), None) => "http only: there is no certificate yet".to_owned(),
        (Err(_), _) => "It could not be seen".to_owned(),
    };
    Some(match worst {
        Some(Difference { severity, words, .. }) if severity > Severity::Note => {
            (severity, words.trim_end_matches('.').to_owned())
        }
        _ if wanted.is_none() && matches!(&first.secure, Err(why) if *why != Unseen::Rejected) => {
            (Severity::Unknown, well())
        }
        _ => (Severity::Note, well()),
    })
}

fn lower(sentence: &str) -> String {
    let mut chars = sentence.chars();
    chars.next().map_or_else(String::new, |first| first.to_lowercase().chain(chars).collect())
}

#[cfg(test)]
mod tests;
