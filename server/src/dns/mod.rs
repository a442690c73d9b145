//! DNS: where names lead, asked before an order for a certificate is spent and once an hour after; and
//! records published through a zone's provider to prove it.

mod backend;
mod challenges;
pub mod idna;
mod providers;
mod store;

use std::{collections::HashMap, net::IpAddr, sync::Arc, time::Duration};

use futures_util::{StreamExt, stream};
use homeport_model::{
    domain::dns::{CaaAnswer, DnsAnswer, DnsAnswers, DnsCheck, is_local},
    event::Topic,
    name::{DomainName, HostName},
};
use tokio::sync::{Mutex, Notify};

use crate::{
    ambient::Clock,
    audit::Audit,
    db::Db,
    drivers::{dns::Resolver, system::addresses},
    egress::Egress,
    failure::Failure,
    live::Hub,
    seal::Sealer,
};

/// How often it is looked which names are due.
pub const EVERY: Duration = Duration::from_mins(1);
/// How old an answer may be before the name is asked again.
const FRESH_MS: i64 = 60 * 60_000;
/// The same for a name that could not be asked.
const FRESH_IN_TROUBLE_MS: i64 = 5 * 60_000;
/// So many names are asked at the same time.
const AT_ONCE: usize = 8;

/// What the service needs.
#[derive(Clone)]
pub struct Parts {
    /// The store.
    pub db: Db,
    /// The clock.
    pub clock: Clock,
    /// The audit log.
    pub audit: Audit,
    /// Seals providers' secrets.
    pub sealer: Sealer,
    /// Where changes are announced.
    pub hub: Hub,
    /// Asks.
    pub resolver: Resolver,
    /// Reaches providers.
    pub egress: Egress,
    /// Public addresses that no interface of this host has.
    pub public: Vec<IpAddr>,
    /// Whether addresses of this host and its network may be asked.
    pub local: bool,
    /// How long a published record is waited for, and how long it stays at most.
    pub patience: Patience,
}

/// How long a published record is waited for, and how long it is anybody's.
#[derive(Debug, Clone, Copy)]
pub struct Patience {
    /// How long.
    pub limit: Duration,
    /// How often it is looked for.
    pub every: Duration,
    /// After how long it is taken back, should nobody else have done so; an order has ended long before.
    pub left: Duration,
}

impl Default for Patience {
    fn default() -> Self {
        Self { limit: Duration::from_mins(5), every: Duration::from_secs(2), left: Duration::from_hours(1) }
    }
}

/// The service.
#[derive(Clone)]
pub struct Dns {
    parts: Arc<Parts>,
    /// One change of a zone at a time: some interfaces write whole sets of records.
    turns: Arc<Mutex<HashMap<HostName, Arc<Mutex<()>>>>>,
    /// A provider was kept.
    kept: Arc<Notify>,
}

impl Dns {
    /// The service with its parts.
    #[must_use]
    pub fn new(parts: Parts) -> Self {
        Self { parts: Arc::new(parts), turns: Arc::default(), kept: Arc::default() }
    }

    /// This server's public addresses: those of the configuration, then its interfaces'.
    #[must_use]
    pub fn public_addresses(&self) -> Vec<IpAddr> {
        let mut own = self.parts.public.clone();
        for address in addresses::public() {
            if !own.contains(&address) {
                own.push(address);
            }
        }
        own
    }

    /// Asks DNS about a name now, and keeps what it says. Where it does not answer, what it said before
    /// stays, with the trouble beside it.
    ///
    /// # Errors
    /// [`Failure`] of the store; a resolver that does not answer is part of the check.
    pub async fn check(&self, name: &DomainName) -> Result<DnsCheck, Failure> {
        let parts = &self.parts;
        let before = store::check(&parts.db, name).await?;
        let answers = if is_local(name) {
            DnsAnswers { a: DnsAnswer::NoName, aaaa: DnsAnswer::NoName, aliases: Vec::new(), caa: CaaAnswer::Nobody }
        } else {
            let top = self.registered_domain(name.base());
            parts.resolver.look_up(name.as_str(), name.base(), &top).await
        };
        let now = parts.clock.now();
        let fresh = |answers: DnsAnswers| {
            let trouble = answers.trouble().map(|why| (why, now));
            DnsCheck { name: name.clone(), answers, own: self.public_addresses(), at: now, asked_at: now, trouble }
        };
        let check = match (answers.trouble(), &before) {
            (Some(why), Some(before)) => {
                let since = before.trouble.map_or(now, |(_, since)| since);
                DnsCheck { trouble: Some((why, since)), asked_at: now, ..before.clone() }
            }
            _ => fresh(answers),
        };
        let (as_text, own) = (serde_json::to_string(&check.answers)?, serde_json::to_string(&check.own)?);
        let mut tx = parts.db.write().await?;
        store::write_check(&mut tx, &check, &as_text, &own).await?;
        tx.commit().await?;
        let said = |check: &DnsCheck| (check.verdict(), check.answers.caa.clone(), check.trouble.is_some());
        if before.as_ref().map(said) != Some(said(&check)) {
            parts.hub.announce(Topic::Host);
        }
        Ok(check)
    }

    /// What DNS said of a name when it was last asked.
    ///
    /// # Errors
    /// [`Failure`] of the store.
    pub async fn last_check(&self, name: &DomainName) -> Result<Option<DnsCheck>, Failure> {
        Ok(store::check(&self.parts.db, name).await?)
    }

    /// What DNS said of all names when they were last asked.
    ///
    /// # Errors
    /// [`Failure`] of the store.
    pub async fn last_checks(&self) -> Result<Vec<DnsCheck>, Failure> {
        Ok(store::checks(&self.parts.db).await?)
    }

    /// Asks about those of `names` that were not asked for an hour, and forgets about others: a
    /// reconciler's work, to be called every minute or so and after a change.
    ///
    /// # Errors
    /// [`Failure`] of the store.
    pub async fn reconcile(&self, names: &[DomainName]) -> Result<(), Failure> {
        let known = store::checks(&self.parts.db).await?;
        let gone: Vec<&DnsCheck> = known.iter().filter(|check| !names.contains(&check.name)).collect();
        if !gone.is_empty() {
            let mut tx = self.parts.db.write().await?;
            for check in gone {
                store::forget_check(&mut tx, &check.name).await?;
            }
            tx.commit().await?;
        }
        let now = self.parts.clock.now();
        let is_due = |name: &&DomainName| {
            known.iter().find(|check| check.name == **name).is_none_or(|check| {
                let fresh_ms = if check.trouble.is_some() { FRESH_IN_TROUBLE_MS } else { FRESH_MS };
                now.since(check.asked_at) >= fresh_ms
            })
        };
        let due: Vec<DomainName> = names.iter().filter(is_due).cloned().collect();
        let ask = |name: DomainName| {
            let dns = self.clone();
            async move { dns.check(&name).await }
        };
        let mut asked = stream::iter(due).map(ask).buffer_unordered(AT_ONCE);
        while let Some(check) = asked.next().await {
            check?;
        }
        self.take_back_left().await?;
        Ok(())
    }

    /// The addresses that DNS gives a name now, asked of the same resolver as all other questions.
    ///
    /// # Errors
    /// When it has none, or they cannot be asked.
    pub(crate) async fn addresses(&self, name: &HostName) -> Result<Vec<IpAddr>, DnsAnswer<IpAddr>> {
        self.parts.resolver.addresses(name.as_str()).await
    }

    /// The domain that somebody registered to have a host name: `example.co.uk` for
    /// `shop.example.co.uk` (the Public Suffix List); the name itself where nobody could have.
    #[must_use]
    pub fn registered_domain(&self, host: &str) -> String {
        psl::domain_str(host).unwrap_or(host).to_owned()
    }
}
