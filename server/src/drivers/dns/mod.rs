//! Questions to DNS: to a resolver of one's choice, and to a zone's own servers. Nothing is kept: every
//! answer is new.
//!
//! It speaks the protocol itself, one datagram a question, because a library's resolver hides what a
//! check is about: whether a name is missing, has no such record, or could not be asked.

mod update;
mod wire;

use std::{
    net::{IpAddr, SocketAddr},
    path::{Component, Path, PathBuf},
    time::Duration,
};

use hickory_proto::{
    op::{Message, Query, ResponseCode},
    rr::{Name, RData, RecordType},
};
use homeport_model::domain::dns::{CaaAnswer, CaaRecord, DnsAnswer, DnsAnswers, DnsTrouble};

use super::system::fsroot::FsRoot;

pub use update::{Key, Update, UpdateError};

/// One try of one server.
const WITHIN: Duration = Duration::from_secs(2);
/// How often each server is tried.
const ROUNDS: usize = 2;
/// CNAME records lead through at most so many names.
const MOST_ALIASES: usize = 8;
/// So many of a zone's servers are asked.
const MOST_SERVERS: usize = 8;

/// Asks.
#[derive(Debug, Clone)]
pub struct Resolver {
    servers: Vec<SocketAddr>,
    zone_port: u16,
}

/// What came back for one question.
struct Reply {
    /// The names that CNAME records led through.
    aliases: Vec<String>,
    answer: DnsAnswer<RData>,
}

/// A zone and its servers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ZoneServers {
    /// The zone's name.
    pub zone: String,
    /// Names and addresses; a server without an address is left out.
    pub servers: Vec<(String, Vec<IpAddr>)>,
}

impl Resolver {
    /// Asks `servers`, in their order; the host's own (`/etc/resolv.conf`) when there is none. Zones' own
    /// servers are asked at `zone_port`, which is 53 outside tests.
    #[must_use]
    pub const fn new(servers: Vec<SocketAddr>, zone_port: u16) -> Self {
        Self { servers, zone_port }
    }

    /// Addresses, aliases and CAA records of a name. CAA records are looked for at `base` (the name
    /// without its `*.`) and above it (RFC 8659, section 3); that those above `top`, its registered domain,
    /// cannot be asked is no trouble of the name's.
    pub async fn look_up(&self, name: &str, base: &str, top: &str) -> DnsAnswers {
        let (a, aaaa, caa) =
            tokio::join!(self.ask(name, RecordType::A), self.ask(name, RecordType::AAAA), self.caa(base, top));
        let mut aliases = a.aliases;
        if aliases.is_empty() {
            aliases = aaaa.aliases;
        }
        DnsAnswers {
            a: only(a.answer, |data| if let RData::A(a) = data { Some(a.0) } else { None }),
            aaaa: only(aaaa.answer, |data| if let RData::AAAA(aaaa) = data { Some(aaaa.0) } else { None }),
            aliases,
            caa,
        }
    }

    /// The addresses of a name.
    ///
    /// # Errors
    /// When it has none, or they cannot be asked.
    pub async fn addresses(&self, name: &str) -> Result<Vec<IpAddr>, DnsAnswer<IpAddr>> {
        let (a, aaaa) = tokio::join!(self.ask(name, RecordType::A), self.ask(name, RecordType::AAAA));
        let v4 = only(a.answer, |data| if let RData::A(a) = data { Some(IpAddr::V4(a.0)) } else { None });
        let v6 = only(aaaa.answer, |data| if let RData::AAAA(aaaa) = data { Some(IpAddr::V6(aaaa.0)) } else { None });
        let found: Vec<IpAddr> = v4.records().iter().chain(v6.records()).copied().collect();
        if found.is_empty() { Err(if v4.trouble().is_some() { v4 } else { v6 }) } else { Ok(found) }
    }

    /// The TXT records of a name, where CNAME records lead on those at their end.
    pub async fn texts(&self, name: &str) -> DnsAnswer<String> {
        only(self.ask(name, RecordType::TXT).await.answer, text)
    }

    /// Where CNAME records at this very name send on who asks for its TXT records. One that a wildcard makes
    /// up is none: it is gone as soon as there is a record of the name's own. `beside` is a name with the same
    /// parent that nobody has.
    pub async fn sent_on(&self, name: &str, beside: &str) -> Option<String> {
        let mut aliases = self.ask(name, RecordType::TXT).await.aliases;
        let first = aliases.first()?;
        let made_up = self.ask(beside, RecordType::TXT).await.aliases.first() == Some(first);
        aliases.pop().filter(|_| !made_up)
    }

    /// The zone that a name lies in, with its servers.
    ///
    /// # Errors
    /// Why it cannot be said.
    pub async fn zone_of(&self, name: &str) -> Result<ZoneServers, DnsTrouble> {
        let mut at = name;
        loop {
            let reply = self.ask(at, RecordType::NS).await;
            // What an alias leads to has servers of its own, which say nothing of this name.
            let found = reply.aliases.is_empty().then_some(reply.answer);
            match found {
                Some(DnsAnswer::Found(records)) => {
                    let names = records
                        .iter()
                        .filter_map(|data| if let RData::NS(ns) = data { Some(plain(&ns.0)) } else { None });
                    let mut servers = Vec::new();
                    for server in names.take(MOST_SERVERS) {
                        if let Ok(addresses) = self.addresses(&server).await {
                            servers.push((server, addresses));
                        }
                    }
                    return Ok(ZoneServers { zone: at.to_owned(), servers });
                }
                Some(DnsAnswer::Failed(trouble)) => return Err(trouble),
                _ => {}
            }
            match at.split_once('.') {
                Some((_, above)) if above.contains('.') => at = above,
                _ => return Err(DnsTrouble::Nonsense),
            }
        }
    }

    /// The TXT records of a name as one of its zone's servers has them.
    pub async fn texts_at(&self, server: IpAddr, name: &str) -> DnsAnswer<String> {
        let Some(mut question) = question(name, RecordType::TXT) else {
            return DnsAnswer::Failed(DnsTrouble::Nonsense);
        };
        question.metadata.recursion_desired = false;
        match wire::exchange((server, self.zone_port).into(), &question, WITHIN).await {
            Ok((_, answer)) => only(judged(&answer, name, RecordType::TXT).answer, text),
            Err(trouble) => DnsAnswer::Failed(trouble),
        }
    }

    /// CAA records of the nearest name that has any.
    async fn caa(&self, base: &str, top: &str) -> CaaAnswer {
        let (mut at, mut is_above) = (base, false);
        loop {
            let answer = self.ask(at, RecordType::CAA).await.answer;
            let found = only(answer, |data| match data {
                RData::CAA(caa) => Some(CaaRecord {
                    critical: caa.issuer_critical,
                    tag: caa.tag,
                    value: String::from_utf8_lossy(&caa.value).into_owned(),
                }),
                _ => None,
            });
            match found {
                DnsAnswer::Found(records) => return CaaAnswer::Found { at: at.to_owned(), records },
                DnsAnswer::Failed(_) if is_above => return CaaAnswer::Nobody,
                DnsAnswer::Failed(why) => return CaaAnswer::Failed { at: at.to_owned(), why },
                DnsAnswer::NoRecord | DnsAnswer::NoName => {}
            }
            is_above |= at == top;
            match at.split_once('.') {
                Some((_, above)) if !above.is_empty() => at = above,
                _ => return CaaAnswer::Nobody,
            }
        }
    }

    /// Asks one question, through aliases to its end.
    async fn ask(&self, name: &str, kind: RecordType) -> Reply {
        let mut aliases: Vec<String> = Vec::new();
        loop {
            let at = aliases.last().map_or(name, String::as_str);
            let (next, reply) = match self.ask_any(at, kind).await {
                Ok(answer) => {
                    let recursive = answer.recursion_available;
                    let reply = judged(&answer, at, kind);
                    // A server that resolves has followed the alias itself.
                    (!recursive && matches!(reply.answer, DnsAnswer::NoRecord) && !reply.aliases.is_empty(), reply)
                }
                Err(trouble) => (false, Reply { aliases: Vec::new(), answer: DnsAnswer::Failed(trouble) }),
            };
            aliases.extend(reply.aliases);
            if aliases.len() > MOST_ALIASES {
                return Reply { aliases, answer: DnsAnswer::Failed(DnsTrouble::Nonsense) };
            }
            if !next {
                return Reply { aliases, answer: reply.answer };
            }
        }
    }

    /// Asks the servers in turn until one says something of use.
    async fn ask_any(&self, name: &str, kind: RecordType) -> Result<Message, DnsTrouble> {
        let question = question(name, kind).ok_or(DnsTrouble::Nonsense)?;
        let servers = if self.servers.is_empty() { host_servers() } else { self.servers.clone() };
        let mut trouble = DnsTrouble::Silent;
        for _ in 0..ROUNDS {
            for server in &servers {
                match wire::exchange(*server, &question, WITHIN).await {
                    Ok((_, answer))
                        if matches!(answer.response_code, ResponseCode::NoError | ResponseCode::NXDomain) =>
                    {
                        return Ok(answer);
                    }
                    Ok((_, answer)) => trouble = refusal(answer.response_code),
                    Err(error) => trouble = error,
                }
            }
            if trouble != DnsTrouble::Silent {
                break;
            }
        }
        Err(trouble)
    }
}

fn question(name: &str, kind: RecordType) -> Option<Message> {
    let mut message = Message::query();
    message.add_query(Query::query(full(name)?, kind));
    message.metadata.recursion_desired = true;
    Some(message)
}

/// A name from the root.
fn full(name: &str) -> Option<Name> {
    let mut name = Name::from_ascii(name).ok()?;
    name.set_fqdn(true);
    Some(name)
}

/// A name as we write it: lower case, without the dot at its end.
fn plain(name: &Name) -> String {
    name.to_lowercase().to_ascii().trim_end_matches('.').to_owned()
}

/// What an answer says of a name.
fn judged(answer: &Message, name: &str, kind: RecordType) -> Reply {
    let mut aliases: Vec<String> = Vec::new();
    if !matches!(answer.response_code, ResponseCode::NoError | ResponseCode::NXDomain) {
        return Reply { aliases, answer: DnsAnswer::Failed(refusal(answer.response_code)) };
    }
    loop {
        let at = aliases.last().map_or(name, String::as_str);
        let of_it = answer.answers.iter().filter(|record| plain(&record.name) == at);
        let records: Vec<RData> = of_it.clone().filter(|r| r.record_type() == kind).map(|r| r.data.clone()).collect();
        if !records.is_empty() {
            return Reply { aliases, answer: DnsAnswer::Found(records) };
        }
        let alias = of_it.filter_map(|r| if let RData::CNAME(to) = &r.data { Some(plain(&to.0)) } else { None }).next();
        match alias {
            Some(alias) if alias != name && !aliases.contains(&alias) => aliases.push(alias),
            Some(_) => return Reply { aliases, answer: DnsAnswer::Failed(DnsTrouble::Nonsense) },
            None => break,
        }
    }
    let nothing = match answer.response_code {
        ResponseCode::NXDomain => DnsAnswer::NoName,
        // A server that neither resolves nor knows the name sends elsewhere.
        _ if aliases.is_empty() && !answer.authoritative && !answer.recursion_available => {
            DnsAnswer::Failed(DnsTrouble::Refused)
        }
        _ => DnsAnswer::NoRecord,
    };
    Reply { aliases, answer: nothing }
}

const fn refusal(code: ResponseCode) -> DnsTrouble {
    match code {
        ResponseCode::ServFail => DnsTrouble::ServerFailure,
        ResponseCode::Refused | ResponseCode::NotImp | ResponseCode::NotAuth => DnsTrouble::Refused,
        _ => DnsTrouble::Nonsense,
    }
}

/// The records that are of the kind that was asked for.
fn only<T>(answer: DnsAnswer<RData>, pick: impl Fn(RData) -> Option<T>) -> DnsAnswer<T> {
    match answer.map(pick) {
        DnsAnswer::Found(records) => {
            let records: Vec<T> = records.into_iter().flatten().collect();
            if records.is_empty() { DnsAnswer::Failed(DnsTrouble::Nonsense) } else { DnsAnswer::Found(records) }
        }
        DnsAnswer::NoRecord => DnsAnswer::NoRecord,
        DnsAnswer::NoName => DnsAnswer::NoName,
        DnsAnswer::Failed(trouble) => DnsAnswer::Failed(trouble),
    }
}

fn text(data: RData) -> Option<String> {
    let RData::TXT(txt) = data else { return None };
    Some(String::from_utf8_lossy(&txt.txt_data.concat()).into_owned())
}

/// The host's own resolvers, read anew because networks change; its own port 53 when none is named
/// (resolv.conf(5)).
fn host_servers() -> Vec<SocketAddr> {
    let named = resolv_conf().map(|text| name_servers(&text)).unwrap_or_default();
    if named.is_empty() { vec![SocketAddr::from(([127, 0, 0, 1], 53))] } else { named }
}

/// The file, which is a link on many hosts.
fn resolv_conf() -> Option<String> {
    let (mut folder, mut name) = (PathBuf::from("/etc"), PathBuf::from("resolv.conf"));
    for _ in 0..4 {
        let root = FsRoot::open(&folder).ok()?;
        let Some(target) = root.read_link(&name).ok().flatten() else { return root.read_text(&name, 64 * 1024).ok() };
        let whole = normal(&folder.join(target));
        (folder, name) = (whole.parent()?.to_owned(), whole.file_name()?.into());
    }
    None
}

/// A path without `.` and `..`.
fn normal(path: &Path) -> PathBuf {
    let mut out = PathBuf::new();
    for part in path.components() {
        match part {
            Component::ParentDir => {
                out.pop();
            }
            Component::CurDir => {}
            other => out.push(other),
        }
    }
    out
}

fn name_servers(text: &str) -> Vec<SocketAddr> {
    let words = text.lines().map(|line| line.split_ascii_whitespace().collect::<Vec<_>>());
    words
        .filter_map(|words| match words[..] {
            // A zone behind % names an interface, which only link-local addresses need.
            ["nameserver", address, ..] => address.split('%').next()?.parse::<IpAddr>().ok(),
            _ => None,
        })
        .take(3)
        .map(|address| SocketAddr::new(address, 53))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn resolvers_are_read_from_resolv_conf() {
        let text = "# made by hand\n; no\nsearch example.com\nnameserver 192.0.2.1 # first\n nameserver\t2001:db8::1\n\
                    nameserver fe80::1%eth0\nnameserver nonsense\noptions edns0\nnameserver 9.9.9.9\n";
        let found: Vec<String> = name_servers(text).iter().map(ToString::to_string).collect();
        assert_eq!(found, ["192.0.2.1:53", "[2001:db8::1]:53", "[fe80::1]:53"]);
        assert_eq!(name_servers(""), []);
    }

    #[test]
    fn links_are_followed_by_name() {
        assert_eq!(normal(Path::new("/etc/../run/./x/resolv.conf")), Path::new("/run/x/resolv.conf"));
    }
}
