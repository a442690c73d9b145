//! What visitors are really served, as seen by asking, and how it differs from what is meant.

use std::net::IpAddr;

use serde::{Deserialize, Serialize};

use super::{CertificateFacts, own::is_cdn_origin};
use crate::{domain::dns::DnsTrouble, name::DomainName, time::Timestamp};

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
    /// Whether it leads to https.
    #[must_use]
    pub fn leads_to_https(&self) -> bool {
        (300..400).contains(&self.status) && self.location.as_ref().is_some_and(|to| to.starts_with("https://"))
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
}

impl Served {
    /// Whether two looks saw the same, whenever that was.
    #[must_use]
    pub fn says_the_same(&self, other: &Self) -> bool {
        Self { at: self.at, ..other.clone() } == *self
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

/// What differs between what is served for `domain` and the certificate in use for it.
#[must_use]
pub fn differences(served: &Served, domain: &DomainName, wanted: Option<&CertificateFacts>) -> Vec<Difference> {
    let mut found = Found(Vec::new());
    match (&served.secure, wanted) {
        (Ok(secure), _) => found.in_secure(secure, served, domain, wanted),
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

    fn in_secure(&mut self, secure: &Secure, served: &Served, domain: &DomainName, wanted: Option<&CertificateFacts>) {
        let facts = &secure.facts;
        let from_here = served.way == Way::Loopback;
        let is_other = wanted.is_none_or(|wanted| wanted.serial != facts.serial);
        let covers = facts.covers(domain);
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
            _ if !from_here && is_other && covers && secure.trusted => self.add(
                Severity::Note,
                &format!("Visitors who come this way get a certificate of {}: a CDN answers there.", facts.issuer),
                "It renews that by itself; ours is for the way between it and this server.",
            ),
            _ if !from_here && is_other => self.add(
                Severity::Warning,
                &format!("Another server answers there, with a certificate of {}.", facts.issuer),
                "Look at where DNS leads.",
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
        if !secure.http2 {
            self.add(Severity::Warning, "HTTP/2 is off.", "Switch it on; browsers load pages quicker with it.");
        }
        if secure.hsts.is_none() {
            self.add(
                Severity::Note,
                "Browsers are not told to stay with https (HSTS).",
                "Fine while you try things; switch it on when https is to stay.",
            );
        }
        if matches!(&served.plain, Ok(plain) if !plain.leads_to_https()) {
            self.add(
                Severity::Warning,
                "Plain http does not lead to https.",
                "Visitors who type the bare name stay unprotected.",
            );
        }
        if served.ipv6 == Some(false) {
            self.add(Severity::Warning, "By IPv6 nothing answers.", "Look at the addresses that nginx listens on.");
        }
    }
}

/// The one sentence about a domain, from all looks at it; `None` before the first.
#[must_use]
pub fn verdict(looks: &[Served], domain: &DomainName, wanted: Option<&CertificateFacts>) -> Option<(Severity, String)> {
    let first = looks.iter().find(|look| look.way == Way::Loopback).or(looks.first())?;
    let all = looks.iter().flat_map(|look| differences(look, domain, wanted));
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
