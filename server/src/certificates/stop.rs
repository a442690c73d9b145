//! Certificates that are used no more, because a person says so. They stay in the store with those before
//! them; what is served in their place follows from the plan.

use homeport_model::{
    actor::Actor,
    certificate::{
        LeadsTo,
        served::Served,
        stop::{Stopping, Then, hsts_words, plan_after, refuse_stopping},
    },
    name::DomainName,
    problem::{Code, Problem},
};
use serde_json::json;

use super::{
    Certificates,
    store::{Certificate, acme, plans},
};
use crate::failure::{Failure, chain};

impl Certificates {
    /// Uses the certificate of a domain's own no more. When this returns, nginx serves what takes its place.
    ///
    /// # Errors
    /// [`Code::Conflict`] where there is none of its own, and for a name of the panel's; nginx's refusal,
    /// and then everything is as before.
    pub(super) async fn stop_using(&self, actor: &Actor, domain: &DomainName) -> Result<(), Failure> {
        self.allow(actor, domain).await?;
        refuse_stopping(&self.leads_to(domain).await?, domain)?;
        let parts = &self.apps.parts;
        // One change of certificates at a time: what nginx refuses is taken back.
        let turn = self.turn.lock().await;
        let held = self.own_in_use(domain).await?.ok_or_else(|| none_of_its_own(domain))?;
        let before = plans::of(&parts.db, domain).await?;
        let after = plan_after(before.clone(), held.source);
        let detail = json!({ "serial": held.facts.serial, "source": held.source, "policy": after.policy });
        let mut tx = parts.db.write().await?;
        acme::use_stored(&mut tx, domain, None).await?;
        plans::set_wish(&mut tx, &after).await?;
        parts.audit.record(&mut tx, actor, "certificate.stop_using", domain.as_str(), detail).await?;
        let standing = parts.domains.refusals();
        tx.commit().await?;
        if let Err(refused) = parts.domains.serve_certificate_of(domain, &standing).await {
            let mut tx = parts.db.write().await?;
            acme::use_stored(&mut tx, domain, Some(&held.id)).await?;
            plans::put_back(&mut tx, &before).await?;
            let detail = json!({ "serial": held.facts.serial });
            parts.audit.record(&mut tx, actor, "certificate.use_again", domain.as_str(), detail).await?;
            tx.commit().await?;
            if let Err(failure) = parts.domains.serve_certificates().await {
                tracing::warn!("nginx after a change that it refused: {}", chain(&failure));
            }
            self.announce();
            return Err(refused);
        }
        drop(turn);
        self.announce();
        self.nudge_orders();
        self.look_at_served(domain).await
    }

    /// What a page says before that; `None` where there is nothing of its own to stop, or it may not be.
    pub(super) async fn stopping(
        &self,
        domain: &DomainName,
        leads_to: &LeadsTo,
        rows: &[Certificate],
        seen: &[Served],
    ) -> Result<Option<Stopping>, Failure> {
        let Some(held) = rows.iter().find(|row| row.domain == *domain) else { return Ok(None) };
        if refuse_stopping(leads_to, domain).is_err() {
            return Ok(None);
        }
        let plan = plan_after(plans::of(&self.apps.parts.db, domain).await?, held.source);
        let wildcard = rows.iter().map(|row| &row.domain).find(|other| *other != domain && other.covers(domain));
        let agreed = self.agreed().await?.is_some();
        let then = Then::of(&plan, wildcard, agreed);
        // With another certificate browsers go on coming by https.
        let hsts = hsts_words(seen, domain).filter(|_| !matches!(then, Then::Wildcard(_)));
        Ok(Some(Stopping { then, hsts }))
    }
}

fn none_of_its_own(domain: &DomainName) -> Problem {
    Problem::new(Code::Conflict, format!("{domain} has no certificate of its own in use."))
        .hint("One that it shares with a wildcard is stopped on the wildcard's page.")
}
