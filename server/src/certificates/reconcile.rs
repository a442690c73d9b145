//! Sees to it that every name has the certificate that is planned for it: at start, every minute, and when
//! nudged. What it finds in the store is all that it knows, so that a panel that died goes on by looking.

use std::time::Duration;

use futures_util::{StreamExt as _, stream};
use homeport_model::{
    certificate::{
        CertificateSource, ledger,
        plan::{CertificatePlan, Held, Step, Why, decide, serves_below},
        renewal::{has_come, next_ask},
        settings::{DirectoryFacts, DirectoryUrl, PlanRow},
    },
    event::{Event, Topic},
    name::DomainName,
    time::Timestamp,
};

use tokio::sync::{
    Mutex,
    broadcast::{
        Receiver,
        error::{RecvError, TryRecvError},
    },
};

use super::{
    Certificates,
    store::{self, Certificate, acme, plans},
};
use crate::{
    drivers::acme::Account,
    failure::{Failure, chain},
    tunnel,
};

/// How often it looks when nobody nudges.
pub const ORDERS_EVERY: Duration = Duration::from_secs(60);
/// Changes come in groups.
const GROUP: Duration = Duration::from_millis(500);
/// So many orders are under way at the same time.
const AT_ONCE: usize = 2;

/// Waits until names may have changed.
pub async fn names_changed(heard: &Mutex<Receiver<Event>>) {
    let mut heard = heard.lock().await;
    loop {
        match heard.recv().await {
            Ok(Event { topic: Topic::Apps | Topic::Domains, .. }) | Err(RecvError::Lagged(_)) => break,
            Ok(_) => {}
            Err(RecvError::Closed) => std::future::pending().await,
        }
    }
    tokio::time::sleep(GROUP).await;
    while !matches!(heard.try_recv(), Err(TryRecvError::Empty | TryRecvError::Closed)) {}
}

/// A served name with all that is known of its certificate.
pub(super) struct Name {
    pub(super) plan: CertificatePlan,
    pub(super) held: Option<Certificate>,
    pub(super) issued: Option<acme::Issued>,
    /// It is a staging directory's, while certificates are ordered from another one.
    for_trying: bool,
    /// A wildcard's certificate serves it, and goes on to.
    covered: bool,
    /// It comes in by the tunnel.
    by_tunnel: bool,
}

impl Name {
    /// Why nothing is ordered for it.
    pub(super) fn why_not(&self, now: Timestamp) -> Option<Why> {
        match self.step(now) {
            Step::Nothing(why) => Some(why),
            _ => None,
        }
    }

    fn step(&self, now: Timestamp) -> Step {
        if self.by_tunnel {
            return Step::Nothing(Why::Tunnel);
        }
        let revoked = self.issued.as_ref().is_some_and(|issued| issued.revoked);
        let for_trying = self.for_trying;
        let held = self.held.as_ref().map(|held| Held { source: held.source, facts: &held.facts, revoked, for_trying });
        decide(&self.plan, held, self.covered, now)
    }

    /// As the page shows it.
    pub(super) fn row(self, now: Timestamp) -> PlanRow {
        let (why_not, next_at) = match self.step(now) {
            Step::Nothing(why) => (Some(why), None),
            Step::Wait(until) => (None, Some(until)),
            Step::Order => (None, Some(now)),
        };
        PlanRow { plan: self.plan, why_not, next_at, not_after: self.held.map(|held| held.facts.not_after) }
    }
}

impl Certificates {
    /// Waits until somebody wants it to look.
    pub(crate) async fn orders_nudged(&self) {
        tokio::select! {
            () = self.ordering.nudge.notified() => {}
            () = self.ordering.dns.provider_kept() => {
                if let Err(failure) = self.try_by_dns_now().await {
                    tracing::warn!("names that waited for a DNS provider wait on: {}", chain(&failure));
                }
            }
        }
    }

    /// What waited for a DNS provider need wait no longer.
    async fn try_by_dns_now(&self) -> Result<(), Failure> {
        let mut tx = self.apps.parts.db.write().await?;
        plans::try_by_dns_now(&mut tx).await?;
        Ok(tx.commit().await?)
    }

    pub(super) fn nudge_orders(&self) {
        self.ordering.nudge.notify_one();
    }

    /// Cleans up after a panel that died in the middle of an order.
    ///
    /// # Errors
    /// [`Failure`] of the store or of nginx's folder.
    pub async fn clean_up(&self) -> Result<(), Failure> {
        let parts = &self.apps.parts;
        let now = parts.clock.now();
        parts.domains.nginx().forget_challenges()?;
        let mut tx = parts.db.write().await?;
        store::ledger::abandon_all(&mut tx, now, now.plus_ms(-ledger::KEPT_MS)).await?;
        tx.commit().await?;
        Ok(())
    }

    /// Orders what is due.
    ///
    /// # Errors
    /// [`Failure`] of the store. What an authority refuses is written down and is no failure.
    pub async fn order_due(&self) -> Result<(), Failure> {
        let _turn = self.ordering.turn.lock().await;
        self.retire_unserved().await?;
        let Some(settings) = self.agreed().await? else { return Ok(()) };
        self.ask_when(&settings).await?;
        let now = self.apps.parts.clock.now();
        let due: Vec<Name> = self.names_now().await?.into_iter().filter(|name| name.step(now) == Step::Order).collect();
        if due.is_empty() {
            return Ok(());
        }
        let orders = due.into_iter().map(|name| self.obtain(&settings, name));
        let ended: Vec<Result<(), Failure>> = stream::iter(orders).buffer_unordered(AT_ONCE).collect().await;
        self.prune().await?;
        self.announce();
        ended.into_iter().collect()
    }

    /// Every served name, each once.
    pub(super) async fn names_now(&self) -> Result<Vec<Name>, Failure> {
        let db = &self.apps.parts.db;
        let mut names = self.apps.parts.domains.served_names().await?;
        names.sort();
        names.dedup();
        let by_tunnel = tunnel::store::names(db).await?;
        let (mut planned, mut in_use) = (plans::all(db).await?, store::in_use(db).await?);
        let mut issued = acme::issued(db).await?;
        let directory = self.agreed().await?.map(|settings| settings.directory);
        let now = self.apps.parts.clock.now();
        let goes_on = |held: &Certificate| {
            let of = issued.iter().find(|issued| issued.id == held.id);
            let revoked = of.is_some_and(|issued| issued.revoked);
            let for_trying = of.is_some_and(|issued| self.is_for_trying(issued, directory.as_ref()));
            let served = names.contains(&held.domain) && !by_tunnel.contains(&held.domain);
            let (domain, source, facts) = (&held.domain, held.source, &held.facts);
            serves_below(domain, Held { source, facts, revoked, for_trying }, served, now)
        };
        let wildcards: Vec<DomainName> = in_use
            .iter()
            .filter(|held| held.domain.is_wildcard() && goes_on(held))
            .map(|held| held.domain.clone())
            .collect();
        let look = names.into_iter().map(|domain| {
            let plan = take(&mut planned, |plan| plan.domain == domain);
            let held = take(&mut in_use, |held| held.domain == domain);
            let of = held.as_ref().and_then(|held| take(&mut issued, |issued| issued.id == held.id));
            let for_trying = of.as_ref().is_some_and(|issued| self.is_for_trying(issued, directory.as_ref()));
            let covered = wildcards.iter().any(|wildcard| *wildcard != domain && wildcard.covers(&domain));
            let by_tunnel = by_tunnel.contains(&domain);
            let plan = plan.unwrap_or_else(|| CertificatePlan::new(domain));
            Name { plan, held, issued: of, for_trying, covered, by_tunnel }
        });
        Ok(look.collect())
    }

    /// Whether a certificate comes from the directory for trying out, while `directory` is another one.
    pub(super) fn is_for_trying(&self, issued: &acme::Issued, directory: Option<&DirectoryUrl>) -> bool {
        let staging = Some(&self.ordering.staging);
        issued.directory.as_ref() == staging && directory.is_some() && directory != staging
    }

    /// One served name.
    pub(super) async fn name(&self, domain: &DomainName) -> Result<Name, Failure> {
        let found = self.names_now().await?.into_iter().find(|name| name.plan.domain == *domain);
        found.ok_or_else(|| homeport_model::problem::Problem::not_found("domain").into())
    }

    /// Asks the authority, twice a day for each certificate, when it would like it to be renewed. An answer
    /// that makes no sense is as good as none; where it is not reached, the last answer stays.
    async fn ask_when(&self, settings: &acme::Settings) -> Result<(), Failure> {
        let parts = &self.apps.parts;
        let now = parts.clock.now();
        let of_theirs = |name: &Name| {
            let issuer = name.issued.as_ref().and_then(|issued| issued.directory.as_ref());
            issuer == Some(&settings.directory) && has_come(name.plan.ask_at, now)
        };
        let is_held = |name: &Name| {
            !name.by_tunnel && name.held.as_ref().is_some_and(|held| held.source == CertificateSource::Acme)
        };
        let names: Vec<Name> =
            self.names_now().await?.into_iter().filter(|name| is_held(name) && of_theirs(name)).collect();
        if names.is_empty() {
            return Ok(());
        }
        let Ok(facts) = self.facts(&settings.directory).await else { return Ok(()) };
        let account = match facts.renewal_info {
            true => self.account(&settings.directory).await?.and_then(Result::ok),
            false => None,
        };
        for Name { mut plan, held, .. } in names {
            self.ask_one(&facts, account.as_ref(), &mut plan, held.as_ref(), now).await;
            let mut tx = parts.db.write().await?;
            plans::set_window(&mut tx, &plan).await?;
            tx.commit().await?;
        }
        Ok(())
    }

    async fn ask_one(
        &self,
        facts: &DirectoryFacts,
        account: Option<&Account>,
        plan: &mut CertificatePlan,
        held: Option<&Certificate>,
        now: Timestamp,
    ) {
        let mut again_ms = None;
        match (facts.renewal_info, account, held) {
            (true, Some(account), Some(held)) => match account.renewal_window(&held.chain).await {
                Ok((window, again)) => {
                    plan.ari = Some(window);
                    again_ms = Some(again);
                }
                Err(crate::drivers::acme::Error::Away(_)) => again_ms = Some(0),
                Err(error) => {
                    tracing::info!(domain = %plan.domain, "no renewal information: {error}");
                    plan.ari = None;
                }
            },
            (true, None, _) => again_ms = Some(0),
            _ => plan.ari = None,
        }
        plan.ask_at = Some(next_ask(now, again_ms));
    }

    /// Forgets certificates that nobody needs, and their files.
    pub(super) async fn prune(&self) -> Result<(), Failure> {
        // Nothing is put to use meanwhile whose files would look like nobody's.
        let _turn = self.turn.lock().await;
        let parts = &self.apps.parts;
        let mut tx = parts.db.write().await?;
        acme::prune(&mut tx).await?;
        tx.commit().await?;
        let kept: Vec<_> = acme::issued(&parts.db).await?.into_iter().map(|issued| issued.id).collect();
        Ok(parts.domains.nginx().prune_pairs(&kept)?)
    }
}

fn take<T>(from: &mut Vec<T>, is_it: impl Fn(&T) -> bool) -> Option<T> {
    let at = from.iter().position(is_it)?;
    Some(from.swap_remove(at))
}
