//! Where a name leads, seen from this server.

use std::net::IpAddr;

use serde::{Deserialize, Serialize};

use super::{Cdn, DnsAnswer, DnsAnswers, DnsTrouble, is_public, unanswered};
use crate::{
    name::DomainName,
    problem::{Code, Problem},
    tunnel::TUNNELS,
};

/// Names that no public authority issues for. RFC 6761 and 6762, RFC 8375 (`home.arpa`), ICANN's
/// reserved `internal`, and what routers and offices use without asking. None of them is a real
/// top-level domain; the Public Suffix List has `onion` and `home.arpa` as reserved.
pub const LOCAL: [&str; 18] = [
    "localhost",
    "local",
    "internal",
    "home.arpa",
    "test",
    "example",
    "invalid",
    "onion",
    "lan",
    "home",
    "corp",
    "mail",
    "intranet",
    "private",
    "localdomain",
    "domain",
    "workgroup",
    "alt",
];

/// Whether a name is for a private network only, so that no public certificate can be had for it.
#[must_use]
pub fn is_local(name: &DomainName) -> bool {
    let base = name.base();
    LOCAL.iter().any(|local| base == *local || base.strip_suffix(local).is_some_and(|rest| rest.ends_with('.')))
}

/// Where a name leads.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum DnsVerdict {
    /// To this server, with every address.
    Here,
    /// To a CDN, which may stand in front of this server.
    Cdn {
        /// Whose.
        cdn: Cdn,
    },
    /// To a Cloudflare Tunnel, past the proxy that tunnels need.
    Tunnel,
    /// To Cloudflare, as a name has to that comes in by the tunnel.
    ByTunnel,
    /// Past the tunnel by which it comes in.
    PastTunnel {
        /// Where.
        addresses: Vec<IpAddr>,
    },
    /// Here with some addresses, elsewhere with others.
    Partly {
        /// This server's.
        here: Vec<IpAddr>,
        /// The others.
        elsewhere: Vec<IpAddr>,
    },
    /// Somewhere else.
    Elsewhere {
        /// Where.
        addresses: Vec<IpAddr>,
    },
    /// Into a private network.
    Private {
        /// Where.
        addresses: Vec<IpAddr>,
    },
    /// Somewhere, and this server does not know its own public address.
    Unverified {
        /// Where.
        addresses: Vec<IpAddr>,
    },
    /// Nowhere: it has no address.
    NoRecord,
    /// A name for private networks.
    Local,
    /// DNS did not answer.
    Unknown {
        /// Why.
        why: DnsTrouble,
    },
}

impl DnsVerdict {
    /// What the answers about `name` say to a server whose public addresses are `own`.
    #[must_use]
    pub fn of(name: &DomainName, answers: &DnsAnswers, own: &[IpAddr]) -> Self {
        if let Some(verdict) = Self::whatever_the_way(name, answers) {
            return verdict;
        }
        let addresses = answers.addresses();
        let (here, elsewhere): (Vec<IpAddr>, Vec<IpAddr>) = addresses.iter().partition(|address| own.contains(address));
        match (here.is_empty(), elsewhere.is_empty()) {
            (true, true) => return Self::NoRecord,
            (false, true) => return Self::Here,
            _ => {}
        }
        if let Some(cdn) = elsewhere.first().and_then(|first| Cdn::of(*first))
            && here.is_empty()
            && elsewhere.iter().all(|address| Cdn::of(*address) == Some(cdn))
        {
            return Self::Cdn { cdn };
        }
        if addresses.iter().all(|address| !is_public(*address) && !is_documentation(*address)) {
            return Self::Private { addresses };
        }
        match (own.is_empty(), here.is_empty()) {
            (true, _) => Self::Unverified { addresses },
            (false, true) => Self::Elsewhere { addresses },
            (false, false) => Self::Partly { here, elsewhere },
        }
    }

    /// What the answers about `name` say where it comes in by the tunnel: an address of this server is no
    /// way to it.
    #[must_use]
    pub fn by_tunnel(name: &DomainName, answers: &DnsAnswers) -> Self {
        if let Some(verdict) = Self::whatever_the_way(name, answers) {
            return verdict;
        }
        let addresses = answers.addresses();
        match addresses.iter().all(|address| Cdn::of(*address) == Some(Cdn::Cloudflare)) {
            _ if addresses.is_empty() => Self::NoRecord,
            true => Self::ByTunnel,
            false => Self::PastTunnel { addresses },
        }
    }

    /// What is to be said before the addresses count, by whichever way the name is meant to come in.
    fn whatever_the_way(name: &DomainName, answers: &DnsAnswers) -> Option<Self> {
        if is_local(name) {
            Some(Self::Local)
        } else if is_bare_tunnel(answers) {
            Some(Self::Tunnel)
        } else {
            // Half an answer is none: an authority that cannot ask for AAAA does not go on with A.
            answers.trouble().map(|why| Self::Unknown { why })
        }
    }

    /// Whether visitors come here.
    #[must_use]
    pub const fn is_good(&self) -> bool {
        matches!(self, Self::Here | Self::Cdn { .. } | Self::ByTunnel)
    }

    /// What it is, in a few words for a list; nothing for a name that DNS need not know.
    #[must_use]
    pub fn words(&self) -> Option<String> {
        Some(match self {
            Self::Here => "DNS leads here".to_owned(),
            Self::Cdn { cdn } => format!("behind {}", cdn.name()),
            Self::Tunnel => "a tunnel without its proxy".to_owned(),
            Self::ByTunnel => "in by the tunnel".to_owned(),
            Self::PastTunnel { .. } => "DNS leads past the tunnel".to_owned(),
            Self::Partly { .. } => "DNS leads here in part".to_owned(),
            Self::Elsewhere { .. } => "DNS leads elsewhere".to_owned(),
            Self::Private { .. } => "DNS leads into a private network".to_owned(),
            Self::Unverified { .. } => "DNS leads somewhere".to_owned(),
            Self::NoRecord => "no address in DNS".to_owned(),
            Self::Local => return None,
            Self::Unknown { .. } => "DNS does not answer".to_owned(),
        })
    }

    /// What it is, in one sentence.
    #[must_use]
    pub fn sentence(&self, name: &DomainName) -> String {
        match self {
            Self::Here => format!("{name} leads to this server."),
            Self::Cdn { cdn } => format!("{name} leads to {}.", cdn.name()),
            Self::Tunnel => format!("{name} is a CNAME to a Cloudflare Tunnel, without Cloudflare's proxy."),
            Self::ByTunnel => format!("{name} leads to Cloudflare, which brings its visitors here by the tunnel."),
            Self::PastTunnel { addresses } => {
                format!("{name} leads to {}, past the tunnel by which it comes in.", list(addresses))
            }
            Self::Partly { here, elsewhere } => {
                format!("{name} leads here with {}, and elsewhere with {}.", list(here), list(elsewhere))
            }
            Self::Elsewhere { addresses } => format!("{name} leads to {}, which is not this server.", list(addresses)),
            Self::Private { addresses } => {
                format!("{name} leads to {}, inside a private network.", list(addresses))
            }
            Self::Unverified { addresses } => {
                format!("{name} leads to {}; this server does not know its own public address.", list(addresses))
            }
            Self::NoRecord => format!("{name} has no address in DNS."),
            Self::Local => format!("{name} is a name for private networks."),
            Self::Unknown { why } => format!("{}.", why.words()),
        }
    }

    /// What follows from it, or what to do about it.
    #[must_use]
    pub fn advice(&self, name: &DomainName, own: &[IpAddr]) -> Option<String> {
        Some(match self {
            Self::Here | Self::ByTunnel => return None,
            Self::PastTunnel { .. } => "Have its record lead to the tunnel, with Cloudflare's proxy on.".to_owned(),
            Self::Cdn { cdn: Cdn::Cloudflare } => {
                "Set SSL/TLS to Full (strict) at Cloudflare, else visitors are sent in circles or their traffic comes here unproven. HTTP-01 passes through.".to_owned()
            }
            Self::Tunnel => {
                "Switch the proxy of that record on at Cloudflare (the orange cloud): tunnels answer only through it.".to_owned()
            }
            Self::Partly { elsewhere, .. } if elsewhere.iter().all(IpAddr::is_ipv6) => format!(
                "Let's Encrypt and most visitors prefer IPv6: {}.",
                mended("AAAA", name, elsewhere, own, IpAddr::is_ipv6)
            ),
            Self::Partly { elsewhere, .. } if elsewhere.iter().all(IpAddr::is_ipv4) => {
                format!("Visitors on IPv4 end elsewhere: {}.", mended("A", name, elsewhere, own, IpAddr::is_ipv4))
            }
            Self::Partly { elsewhere, .. } => {
                format!("Remove the A and AAAA records of {name} with {}.", list(elsewhere))
            }
            Self::Elsewhere { addresses } => {
                let remove = format!("remove the one with {}", list(addresses));
                format!(
                    "{}, and {remove}. If a proxy or router of yours stands there, start Homeport with --public-address and its address.",
                    records_to_add(name, own).unwrap_or_else(|| format!("Point {name} to this server"))
                )
            }
            Self::Private { .. } => {
                let add = records_to_add(name, own).unwrap_or_else(|| format!("Point {name} to this server's public address"));
                format!("{add}, or order its certificate with DNS-01, through a DNS provider in Settings.")
            }
            Self::Unverified { .. } => {
                "Start Homeport with --public-address and the address under which this server is reached.".to_owned()
            }
            Self::NoRecord => match records_to_add(name, own) {
                Some(add) => format!("{add}."),
                None => format!("Add an A record for {name} with this server's public address."),
            },
            Self::Local => {
                "No public certificate can be had for it. Use a self-signed one, or a name of a domain that you own.".to_owned()
            }
            Self::Unknown { why } => why.advice().to_owned(),
        })
    }

    /// Whether an authority that is asked for HTTP-01 would find this server.
    ///
    /// # Errors
    /// Why an order would be spent for nothing, and what to do first.
    pub fn http01(&self, name: &DomainName, own: &[IpAddr]) -> Result<(), Problem> {
        if let Self::Unknown { why } = self {
            return Err(unanswered(*why));
        }
        if name.is_wildcard() && !matches!(self, Self::Local) {
            let title = format!("A certificate for {name} is only given for a record in DNS (DNS-01).");
            return Err(Problem::new(Code::Conflict, title)
                .hint(format!("Add a DNS provider for {} in Settings, under DNS providers.", name.base())));
        }
        let passes = match self {
            Self::Here | Self::Cdn { .. } | Self::Unverified { .. } => true,
            // Authorities ask IPv6 first where there is one.
            Self::Partly { here, elsewhere } => {
                here.iter().any(IpAddr::is_ipv6) && elsewhere.iter().all(IpAddr::is_ipv4)
            }
            _ => false,
        };
        if passes {
            return Ok(());
        }
        let problem = Problem::new(Code::Conflict, self.sentence(name));
        Err(match self.advice(name, own) {
            Some(advice) => problem.hint(advice),
            None => problem,
        })
    }
}

/// Whether a name is a CNAME to a tunnel that everybody sees: Cloudflare's proxy would hide it.
fn is_bare_tunnel(answers: &DnsAnswers) -> bool {
    let below = |alias: &String| alias.strip_suffix(TUNNELS).is_some_and(|rest| rest.ends_with('.'));
    answers.aliases.iter().any(below)
}

/// Documentation's addresses stand for public ones, in examples and tests.
fn is_documentation(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(v4) => v4.is_documentation(),
        IpAddr::V6(v6) => v6.segments()[..2] == [0x2001, 0xdb8],
    }
}

/// `Add an A record for shop.example.com with 203.0.113.7 and an AAAA record with 2001:db8::7`.
fn records_to_add(name: &DomainName, own: &[IpAddr]) -> Option<String> {
    let v4 = own.iter().find(|address| address.is_ipv4()).map(|address| ("an A record", address));
    let v6 = own.iter().find(|address| address.is_ipv6()).map(|address| ("an AAAA record", address));
    match (v4, v6) {
        (None, None) => None,
        (Some((kind, address)), None) | (None, Some((kind, address))) => {
            Some(format!("Add {kind} for {name} with {address}"))
        }
        (Some((a, v4)), Some((aaaa, v6))) => Some(format!("Add {a} for {name} with {v4} and {aaaa} with {v6}")),
    }
}

/// What to do with the records of one kind that lead elsewhere.
fn mended(kind: &str, name: &DomainName, wrong: &[IpAddr], own: &[IpAddr], like: fn(&IpAddr) -> bool) -> String {
    let remove = format!("remove the {kind} record of {name} with {}", list(wrong));
    match own.iter().find(|address| like(address)) {
        Some(right) => format!("{remove}, or change it to {right}"),
        None => remove,
    }
}

fn list(addresses: &[IpAddr]) -> String {
    addresses.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ")
}

impl<T> DnsAnswer<T> {
    /// As a person reads it: the records, or why there are none.
    #[must_use]
    pub fn shown(&self) -> String
    where
        T: ToString,
    {
        match self {
            Self::Found(records) => records.iter().map(ToString::to_string).collect::<Vec<_>>().join(", "),
            Self::NoRecord => "none".to_owned(),
            Self::NoName => "no such name".to_owned(),
            Self::Failed(DnsTrouble::Silent) => "no answer".to_owned(),
            Self::Failed(DnsTrouble::ServerFailure) => "SERVFAIL".to_owned(),
            Self::Failed(DnsTrouble::Refused) => "refused".to_owned(),
            Self::Failed(DnsTrouble::Nonsense) => "an answer to something else".to_owned(),
        }
    }
}

#[cfg(test)]
mod tests;
