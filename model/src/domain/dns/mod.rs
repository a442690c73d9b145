//! What DNS says about a name, and what follows from it: whether visitors come here, and whether a
//! certificate may be ordered now. Who asks is the server's; everything here is decided from answers.

mod address;
mod caa;
mod verdict;

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use serde::{Deserialize, Serialize};

pub use address::{CLOUDFLARE_V4, CLOUDFLARE_V6, Cdn, is_public};
pub use caa::{CaaAnswer, CaaQuestion, CaaRecord};
pub use verdict::{DnsVerdict, LOCAL, is_local};

use crate::{
    name::DomainName,
    problem::{Code, Problem},
    time::Timestamp,
};

/// Let's Encrypt in CAA records.
pub const LETS_ENCRYPT: &str = "letsencrypt.org";

/// Why a question got no answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DnsTrouble {
    /// Nothing came back in time.
    Silent,
    /// SERVFAIL: the name's own servers do not answer, or its DNSSEC is broken.
    ServerFailure,
    /// REFUSED and its like: the server does not answer such questions.
    Refused,
    /// What came back is no answer to the question.
    Nonsense,
}

impl DnsTrouble {
    /// The word in the store.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Silent => "silent",
            Self::ServerFailure => "server_failure",
            Self::Refused => "refused",
            Self::Nonsense => "nonsense",
        }
    }

    /// The one of a word.
    #[must_use]
    pub fn from_word(word: &str) -> Option<Self> {
        [Self::Silent, Self::ServerFailure, Self::Refused, Self::Nonsense].into_iter().find(|one| one.as_str() == word)
    }

    /// As a sentence, without its full stop.
    #[must_use]
    pub const fn words(self) -> &'static str {
        match self {
            Self::Silent => "The DNS resolver does not answer",
            Self::ServerFailure => {
                "The DNS resolver got no answer from the domain's name servers, or its DNSSEC is broken (SERVFAIL)"
            }
            Self::Refused => "The DNS resolver refuses to answer",
            Self::Nonsense => "The DNS resolver answers something that does not fit the question",
        }
    }

    /// What to do next.
    #[must_use]
    pub const fn advice(self) -> &'static str {
        match self {
            Self::Silent | Self::Refused | Self::Nonsense => {
                "Look at /etc/resolv.conf on this server, or start Homeport with --dns-resolver and the address of one that works, like 9.9.9.9."
            }
            Self::ServerFailure => {
                "Look at the domain's name servers and DNSSEC at its registrar; nothing can be said about the name until then."
            }
        }
    }
}

/// What DNS said to one question.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", content = "what", rename_all = "snake_case")]
pub enum DnsAnswer<T> {
    /// Records; at least one.
    Found(Vec<T>),
    /// The name is there, a record of this kind is not.
    NoRecord,
    /// There is no such name (NXDOMAIN).
    NoName,
    /// No answer.
    Failed(DnsTrouble),
}

impl<T> DnsAnswer<T> {
    /// What was found; none is empty.
    #[must_use]
    pub fn records(&self) -> &[T] {
        match self {
            Self::Found(records) => records,
            _ => &[],
        }
    }

    /// Why there is no answer, when there is none.
    #[must_use]
    pub const fn trouble(&self) -> Option<DnsTrouble> {
        match self {
            Self::Failed(trouble) => Some(*trouble),
            _ => None,
        }
    }

    /// The same kind of answer with other records.
    #[must_use]
    pub fn map<U>(self, into: impl FnMut(T) -> U) -> DnsAnswer<U> {
        match self {
            Self::Found(records) => DnsAnswer::Found(records.into_iter().map(into).collect()),
            Self::NoRecord => DnsAnswer::NoRecord,
            Self::NoName => DnsAnswer::NoName,
            Self::Failed(trouble) => DnsAnswer::Failed(trouble),
        }
    }
}

/// All that was asked about a name.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DnsAnswers {
    /// Its IPv4 addresses.
    pub a: DnsAnswer<Ipv4Addr>,
    /// Its IPv6 addresses.
    pub aaaa: DnsAnswer<Ipv6Addr>,
    /// The names that its CNAME records lead through, in their order.
    pub aliases: Vec<String>,
    /// Who may issue certificates for it.
    pub caa: CaaAnswer,
}

impl DnsAnswers {
    /// All addresses, IPv4 first.
    #[must_use]
    pub fn addresses(&self) -> Vec<IpAddr> {
        let v4 = self.a.records().iter().copied().map(IpAddr::V4);
        v4.chain(self.aaaa.records().iter().copied().map(IpAddr::V6)).collect()
    }

    /// Why an address could not be asked.
    #[must_use]
    pub fn trouble(&self) -> Option<DnsTrouble> {
        self.a.trouble().or(self.aaaa.trouble())
    }
}

/// A name as DNS had it at a moment.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DnsCheck {
    /// The name.
    pub name: DomainName,
    /// What DNS said when it last answered.
    pub answers: DnsAnswers,
    /// This server's public addresses as they were then.
    pub own: Vec<IpAddr>,
    /// When it said so.
    pub at: Timestamp,
    /// When it was last asked.
    pub asked_at: Timestamp,
    /// Why newer questions got no answer, and since when. What is said above may have changed since.
    pub trouble: Option<(DnsTrouble, Timestamp)>,
}

impl DnsCheck {
    /// What the answers say, which may be old: see `trouble`.
    #[must_use]
    pub fn verdict(&self) -> DnsVerdict {
        DnsVerdict::of(&self.name, &self.answers, &self.own)
    }

    /// The same for a name that comes in by the tunnel, or not.
    #[must_use]
    pub fn verdict_by(&self, by_tunnel: bool) -> DnsVerdict {
        if by_tunnel { DnsVerdict::by_tunnel(&self.name, &self.answers) } else { self.verdict() }
    }

    /// Whether a certificate may be ordered with HTTP-01 now.
    ///
    /// # Errors
    /// Why not, and what to do.
    pub fn http01(&self, question: &CaaQuestion<'_>) -> Result<(), Problem> {
        self.answered()?;
        self.verdict().http01(&self.name, &self.own)?;
        self.answers.caa.allows(&self.name, question)
    }

    /// Whether a certificate may be ordered with DNS-01 now: it is no matter where the name leads.
    ///
    /// # Errors
    /// Why not, and what to do.
    pub fn dns01(&self, question: &CaaQuestion<'_>) -> Result<(), Problem> {
        self.answered()?;
        if is_local(&self.name) {
            return DnsVerdict::Local.http01(&self.name, &self.own);
        }
        self.answers.caa.allows(&self.name, question)
    }

    /// An order is not spent on old answers.
    fn answered(&self) -> Result<(), Problem> {
        match self.trouble {
            Some((trouble, _)) => Err(unanswered(trouble)),
            None => Ok(()),
        }
    }
}

/// The problem of a question without an answer.
fn unanswered(trouble: DnsTrouble) -> Problem {
    Problem::new(Code::Unavailable, format!("{}.", trouble.words())).hint(trouble.advice())
}
