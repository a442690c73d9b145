//! Looks at what visitors are really served: over loopback, and by the addresses that public DNS gives.
//! Who asks sends nothing secret; private addresses other than our own are not connected to
//! (security.md, C-23).

use std::{
    collections::BTreeSet,
    net::{IpAddr, SocketAddr},
    time::Duration,
};

use futures_util::{StreamExt, stream};
use homeport_model::{
    actor::{Actor, Role},
    certificate::{
        Served,
        served::{Unseen, Way},
    },
    domain::dns::{DnsAnswer, DnsTrouble, is_public},
    name::{DomainName, HostName},
    time::Timestamp,
};

use super::{Certificates, store::served};
use crate::{
    drivers::tls::{look_plain, look_secure},
    failure::Failure,
    tunnel,
};

/// How often it is asked whether a domain's time has come.
pub const EVERY: Duration = Duration::from_secs(30);
/// How often each domain is looked at.
const AGAIN_MS: i64 = 3_600_000;
/// They are spread over so much of that time.
const SPREAD_MS: i64 = 600_000;
/// So many are looked at in one round.
const MOST_A_ROUND: usize = 40;
/// So many at once.
const AT_ONCE: usize = 4;
/// More addresses are not looked at.
const MOST_ADDRESSES: usize = 16;
/// How long the resolver may take.
const RESOLVE_WITHIN: Duration = Duration::from_secs(4);
/// Names that public DNS never has (RFC 2606, 6761, 6762, 8375, and ICANN's `internal`).
const NEVER_PUBLIC: [&str; 6] = ["localhost", "test", "invalid", "local", "internal", "home.arpa"];

impl Certificates {
    /// Looks at a domain by every way now, because somebody asked.
    ///
    /// # Errors
    /// [`Code::NotFound`](homeport_model::problem::Code::NotFound); what could not be seen is none.
    pub async fn look(&self, actor: &Actor, domain: &DomainName) -> Result<(), Failure> {
        actor.require(Role::Deployer)?;
        self.leads_to(domain).await?;
        match tunnel::use_of(&self.apps.parts.db, domain).await?.on {
            // nginx speaks no TLS for it, and what Cloudflare shows is Cloudflare's.
            true => drop(self.ordering.dns.check(domain).await?),
            false => self.look_at(domain).await?,
        }
        self.refresh().await?;
        self.announce();
        Ok(())
    }

    /// Looks at a domain whose certificate has changed: over loopback now, by public DNS soon.
    pub(crate) async fn look_at_served(&self, domain: &DomainName) -> Result<(), Failure> {
        if let Some(name) = self.sample(domain).await? {
            let seen = self.over_loopback(&name).await;
            self.write_down(domain, seen.into_iter().collect()).await?;
        }
        let below = self.apps.parts.domains.served_names().await?.into_iter().filter(|name| domain.covers(name));
        self.look_soon(below.chain([domain.clone()])).await;
        self.refresh().await?;
        self.announce();
        Ok(())
    }

    /// Has domains looked at soon, because somebody changed how they are served.
    pub(crate) async fn look_soon(&self, domains: impl IntoIterator<Item = DomainName>) {
        self.due.lock().await.extend(domains);
        self.nudge.notify_one();
    }

    /// Waits until something changed.
    pub(crate) async fn nudged(&self) {
        self.nudge.notified().await;
    }

    /// Looks at the domains whose time has come, and forgets those that are served no more.
    ///
    /// # Errors
    /// When the store does not answer.
    pub async fn reconcile(&self) -> Result<(), Failure> {
        let now = self.apps.parts.clock.now();
        let domains = self.domains_to_look_at().await?;
        let kept = served::all(&self.apps.parts.db).await?;
        for gone in kept.iter().map(|kept| &kept.domain).filter(|known| !domains.contains(known)) {
            let mut tx = self.apps.parts.db.write().await?;
            served::forget(&mut tx, gone).await?;
            tx.commit().await?;
        }
        let asked = std::mem::take(&mut *self.due.lock().await);
        let is_due = |domain: &DomainName| {
            let last = kept.iter().filter(|kept| kept.domain == *domain).map(|kept| kept.served.at).min();
            asked.contains(domain) || last.is_none_or(|last| is_due(domain, last, now))
        };
        let mut due: Vec<DomainName> = domains.into_iter().filter(is_due).collect();
        // Those that were asked for go first, and wait for the next round where there are too many.
        due.sort_by_key(|domain| !asked.contains(domain));
        if due.len() > MOST_A_ROUND {
            let rest = due.split_off(MOST_A_ROUND);
            self.look_soon(rest.into_iter().filter(|domain| asked.contains(domain))).await;
        }
        let looked = !due.is_empty();
        let mut looks =
            stream::iter(due).map(|domain| async move { self.look_at(&domain).await }).buffer_unordered(AT_ONCE);
        while let Some(look) = looks.next().await {
            look?;
        }
        if self.refresh().await? || looked {
            self.announce();
        }
        Ok(())
    }

    /// The names that are served at the public ports, and the wildcards that have a certificate.
    async fn domains_to_look_at(&self) -> Result<BTreeSet<DomainName>, Failure> {
        let by_tunnel = tunnel::store::names(&self.apps.parts.db).await?;
        let served = self.apps.parts.domains.served_names().await?.into_iter();
        let mut names: BTreeSet<DomainName> = served.filter(|name| !by_tunnel.contains(name)).collect();
        let wildcards = super::store::in_use(&self.apps.parts.db).await?.into_iter().map(|kept| kept.domain);
        let wildcards: Vec<_> =
            wildcards.filter(|domain| domain.is_wildcard() && names.iter().any(|name| domain.covers(name))).collect();
        names.extend(wildcards);
        Ok(names)
    }

    async fn look_at(&self, domain: &DomainName) -> Result<(), Failure> {
        let Some(name) = self.sample(domain).await? else { return Ok(()) };
        let (inside, outside) = tokio::join!(self.over_loopback(&name), self.by_public_dns(&name));
        self.write_down(domain, inside.into_iter().chain(outside).collect()).await
    }

    async fn write_down(&self, domain: &DomainName, looks: Vec<Served>) -> Result<(), Failure> {
        let mut tx = self.apps.parts.db.write().await?;
        for look in &looks {
            if served::write(&mut tx, domain, look).await? {
                tracing::info!(%domain, way = look.way.as_str(), "something else is served than before");
            }
        }
        tx.commit().await?;
        Ok(())
    }

    /// The name to ask for: the domain itself, or one below a wildcard.
    async fn sample(&self, domain: &DomainName) -> Result<Option<HostName>, Failure> {
        if let Some(name) = domain.host() {
            return Ok(Some(name));
        }
        let served = self.apps.parts.domains.served_names().await?;
        let below = served.iter().filter(|name| domain.covers(name)).find_map(DomainName::host);
        Ok(below.or_else(|| format!("www.{}", domain.base()).parse().ok()))
    }

    /// This host's own nginx, by IPv4 and, where it listens there, by IPv6.
    async fn over_loopback(&self, name: &HostName) -> Option<Served> {
        let domains = &self.apps.parts.domains;
        let addresses = domains.https_addresses();
        let first = *addresses.first()?;
        let six = addresses.iter().find(|address| address.is_ipv6() && **address != first);
        let now = self.apps.parts.clock.now();
        let http = domains.http_address();
        let (secure, plain) = tokio::join!(look_secure(first, name, now), look_plain(http, name));
        let (ipv6, ipv6_serial) = by_ipv6(six.filter(|_| secure.is_ok()), name, now).await;
        Some(Served { at: now, way: Way::Loopback, secure, plain, ipv6, ipv6_serial })
    }

    /// The first public address that DNS gives; `None` for names that it never has.
    async fn by_public_dns(&self, name: &HostName) -> Option<Served> {
        let is_below =
            |top: &str| name.as_str().strip_suffix(top).is_some_and(|rest| rest.is_empty() || rest.ends_with('.'));
        if NEVER_PUBLIC.iter().any(|top| is_below(top)) {
            return None;
        }
        let domains = &self.apps.parts.domains;
        let https_port = domains.https_addresses().first()?.port();
        let now = self.apps.parts.clock.now();
        let unseen = |why: Unseen, address| Served {
            at: now,
            way: Way::Public { address },
            secure: Err(why.clone()),
            plain: Err(why),
            ipv6: None,
            ipv6_serial: None,
        };
        let asked = tokio::time::timeout(RESOLVE_WITHIN, self.ordering.dns.addresses(name)).await;
        let asked = asked.unwrap_or(Err(DnsAnswer::Failed(DnsTrouble::Silent)));
        let found: Vec<SocketAddr> = match public_among(asked) {
            Ok(found) => found.into_iter().map(|address| SocketAddr::new(address, https_port)).collect(),
            Err(why) => return Some(unseen(why, None)),
        };
        let v4 = found.iter().find(|address| address.is_ipv4());
        let address = *v4.or(found.first())?;
        let six = found.iter().find(|six| six.is_ipv6() && **six != address);
        let http = SocketAddr::new(address.ip(), domains.http_address().port());
        let (secure, plain) = tokio::join!(look_secure(address, name, now), look_plain(http, name));
        let (ipv6, ipv6_serial) = by_ipv6(six.filter(|_| secure.is_ok()), name, now).await;
        let way = Way::Public { address: Some(address.ip()) };
        Some(Served { at: now, way, secure, plain, ipv6, ipv6_serial })
    }
}

/// Whether an address of IPv6 answers by https, and the serial of what it serves; nothing where none is asked.
async fn by_ipv6(six: Option<&SocketAddr>, name: &HostName, now: Timestamp) -> (Option<bool>, Option<String>) {
    let Some(six) = six else { return (None, None) };
    let seen = look_secure(*six, name, now).await;
    (Some(seen.is_ok()), seen.ok().map(|secure| secure.facts.serial))
}

/// The public ones among the addresses that DNS gives. One that is not spoils none of the others: each is
/// connected to as it was checked.
fn public_among(found: Result<Vec<IpAddr>, DnsAnswer<IpAddr>>) -> Result<Vec<IpAddr>, Unseen> {
    let found = found.map_err(|none| none.trouble().map_or(Unseen::NoAddress, Unseen::Unresolved))?;
    let public: Vec<IpAddr> = found.into_iter().take(MOST_ADDRESSES).filter(|address| is_public(*address)).collect();
    if public.is_empty() { Err(Unseen::NotPublic) } else { Ok(public) }
}

/// Whether it is a domain's time; each has its own place in the spread.
fn is_due(domain: &DomainName, last: Timestamp, now: Timestamp) -> bool {
    let place = domain.as_str().bytes().fold(7_i64, |sum, byte| (sum * 31 + i64::from(byte)) % SPREAD_MS);
    now.since(last) >= AGAIN_MS - place || now < last
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_domain_is_due_within_the_hour_and_not_all_at_once() {
        let last = Timestamp::from_ms(1_000_000_000);
        let names: Vec<DomainName> =
            (0..200).map(|number| format!("app{number}.example.com").parse().expect("a name")).collect();
        let due = |ms: i64| names.iter().filter(|name| is_due(name, last, last.plus_ms(ms))).count();
        assert_eq!((due(AGAIN_MS - SPREAD_MS), due(AGAIN_MS)), (0, 200));
        let half = due(AGAIN_MS - SPREAD_MS / 2);
        assert!((20..180).contains(&half), "{half}");
        assert!(is_due(&names[0], last, last.plus_ms(-1)), "a clock that went back hides nothing");
    }

    #[test]
    fn private_addresses_are_not_asked() {
        let found =
            |texts: &[&str]| public_among(Ok(texts.iter().map(|text| text.parse().expect("an address")).collect()));
        assert_eq!(found(&["127.0.0.1", "10.0.0.1", "::1", "fd00::1", "169.254.169.254"]), Err(Unseen::NotPublic));
        let public: Vec<IpAddr> = vec!["9.9.9.9".parse().expect("an address")];
        assert_eq!(found(&["192.168.0.1", "9.9.9.9"]), Ok(public));
        for (answer, why) in [
            (DnsAnswer::NoName, Unseen::NoAddress),
            (DnsAnswer::NoRecord, Unseen::NoAddress),
            (DnsAnswer::Failed(DnsTrouble::Refused), Unseen::Unresolved(DnsTrouble::Refused)),
        ] {
            assert_eq!(public_among(Err(answer)), Err(why));
        }
    }
}
