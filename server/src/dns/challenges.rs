//! Proofs of a domain in DNS: published through its provider, waited for, removed.

use std::net::IpAddr;

use homeport_model::{
    domain::{
        dns::{DnsAnswer, is_public},
        dns_provider::{DnsChallenge, Txt, TxtChange, challenge_name},
    },
    name::DomainName,
    problem::{Code, Problem},
};
use tokio::time::{Instant, sleep};

use super::{Dns, providers::Provider, store::proofs};
use crate::{ambient::random_bytes, drivers::dns::ZoneServers, failure::Failure};

/// What one look at a zone's servers showed.
enum Seen {
    /// All that answer have it.
    Everywhere,
    /// These do not have it yet.
    Not(Vec<String>),
    /// None of them answers this server.
    Nobody,
}

impl Dns {
    /// Whether a provider is kept that can prove a name; nothing is asked of it.
    ///
    /// # Errors
    /// A [`Problem`] that says which one is missing.
    pub(crate) async fn check_provider(&self, name: &DomainName) -> Result<(), Failure> {
        self.place_of(name).await.map(|_| ())
    }

    /// Publishes the proof of a name and waits until the zone's own servers have it.
    ///
    /// # Errors
    /// A [`Problem`] when there is no provider, or it does not do it, or the record is not seen in time;
    /// nothing of ours is left there then.
    pub async fn put_challenge(&self, name: &DomainName, value: &str) -> Result<DnsChallenge, Failure> {
        let (provider, place) = self.place_of(name).await?;
        let txt = Txt { name: place, value: value.to_owned() };
        let challenge = DnsChallenge { zone: provider.zone.clone(), name: txt.name.clone(), value: txt.value.clone() };
        self.remember(&challenge).await?;
        let put = self.change(&provider, &txt, TxtChange::Put).await;
        self.write_down(&provider.zone, &put).await?;
        if let Err(failure) = put {
            // It may have been written before the answer was lost. Where nothing was, this is refused as well.
            if self.change(&provider, &txt, TxtChange::Remove).await.is_ok() {
                self.forget(&challenge).await?;
            }
            return Err(failure);
        }
        if let Err(problem) = self.wait_for(&txt).await {
            self.write_down(&provider.zone, &Err(problem.clone().into())).await?;
            self.remove_challenge(challenge).await?;
            return Err(problem.into());
        }
        Ok(challenge)
    }

    /// Takes a proof back; others of the same name stay. A provider that was forgotten meanwhile is no
    /// failure: there is nobody left to ask. What a provider does not take back now is tried again later.
    ///
    /// # Errors
    /// A [`Problem`] when the provider does not do it.
    pub async fn remove_challenge(&self, challenge: DnsChallenge) -> Result<(), Failure> {
        let Some(provider) = self.provider(&challenge.zone).await? else { return self.forget(&challenge).await };
        let txt = Txt { name: challenge.name.clone(), value: challenge.value.clone() };
        let removed = self.change(&provider, &txt, TxtChange::Remove).await;
        // A success says nothing of the record that was not seen.
        match &removed {
            Ok(()) => self.forget(&challenge).await?,
            Err(_) => {
                self.remember(&challenge).await?;
                self.write_down(&challenge.zone, &removed).await?;
            }
        }
        removed
    }

    /// Takes back what orders left in zones: the panel or the provider was away when one ended.
    pub(super) async fn take_back_left(&self) -> Result<(), Failure> {
        for proof in proofs::due(&self.parts.db, self.parts.clock.now()).await? {
            let name = proof.name.clone();
            match self.remove_challenge(proof).await {
                Ok(()) => tracing::info!(%name, "a proof that an order had left in DNS is taken back"),
                Err(failure) => tracing::warn!(%name, "a proof stands in DNS still: {failure}"),
            }
        }
        Ok(())
    }

    /// Notes a record, to take it back should nobody else.
    async fn remember(&self, proof: &DnsChallenge) -> Result<(), Failure> {
        let left_ms = i64::try_from(self.parts.patience.left.as_millis()).unwrap_or(i64::MAX);
        let remove_at = self.parts.clock.now().plus_ms(left_ms);
        let mut tx = self.parts.db.write().await?;
        proofs::keep(&mut tx, proof, remove_at).await?;
        Ok(tx.commit().await?)
    }

    async fn forget(&self, proof: &DnsChallenge) -> Result<(), Failure> {
        let mut tx = self.parts.db.write().await?;
        proofs::forget(&mut tx, proof).await?;
        Ok(tx.commit().await?)
    }

    /// The provider that proves a name, and where: at the name itself, or where a CNAME record sends
    /// authorities on to, which people have to keep the main zone's key off a server.
    async fn place_of(&self, name: &DomainName) -> Result<(Provider, String), Failure> {
        let own = challenge_name(name);
        let beside = format!("_homeport-{:016x}.{}", u64::from_le_bytes(random_bytes()), name.base());
        let place = self.parts.resolver.sent_on(&own, &beside).await.unwrap_or_else(|| own.clone());
        if let Some(provider) = self.provider_of(&place).await? {
            return Ok((provider, place));
        }
        let missing = if place == own {
            Problem::new(Code::Conflict, format!("No DNS provider is kept for {}.", name.base()))
                .hint("Add the one that answers for its zone in Settings, under DNS providers.")
        } else {
            Problem::new(Code::Conflict, format!("{own} is a CNAME to {place}, and no DNS provider is kept for that."))
                .hint("Add the one that answers for that zone in Settings, or remove the CNAME record.")
        };
        Err(missing.into())
    }

    /// Waits until a zone's servers have a value.
    async fn wait_for(&self, txt: &Txt) -> Result<(), Problem> {
        let patience = self.parts.patience;
        let until = Instant::now() + patience.limit;
        loop {
            let missing = match self.look_for(txt).await {
                Seen::Everywhere => return Ok(()),
                Seen::Not(servers) => format!("{} still without it", servers.join(", ")),
                // Networks may keep servers from asking others than their resolver.
                Seen::Nobody => match self.parts.resolver.texts(&txt.name).await {
                    DnsAnswer::Found(values) if values.contains(&txt.value) => return Ok(()),
                    _ => "none of the zone's servers answers this one".to_owned(),
                },
            };
            if Instant::now() + patience.every > until {
                let limit_s = patience.limit.as_secs();
                return Err(Problem::new(
                    Code::Engine,
                    format!("The record {} was written but not seen within {limit_s} s: {missing}.", txt.name),
                )
                .hint("Check that the provider is the one that the domain's NS records name, then try again."));
            }
            sleep(patience.every).await;
        }
    }

    async fn look_for(&self, txt: &Txt) -> Seen {
        let resolver = &self.parts.resolver;
        let Ok(ZoneServers { servers, .. }) = resolver.zone_of(&txt.name).await else { return Seen::Nobody };
        let may_ask = |address: &IpAddr| self.parts.local || is_public(*address);
        let (mut have, mut have_not) = (0, Vec::new());
        for (name, addresses) in &servers {
            for address in addresses.iter().filter(|address| may_ask(address)) {
                match resolver.texts_at(*address, &txt.name).await {
                    DnsAnswer::Found(values) if values.contains(&txt.value) => have += 1,
                    DnsAnswer::Failed(_) => {}
                    _ => have_not.push(name.clone()),
                }
            }
        }
        have_not.dedup();
        match (have, have_not.is_empty()) {
            (0, true) => Seen::Nobody,
            (_, true) => Seen::Everywhere,
            (_, false) => Seen::Not(have_not),
        }
    }
}
