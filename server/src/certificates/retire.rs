//! Certificates and plans of domains that nothing serves any more: after a while they go. Until then a name
//! that comes back, or that moves from one app to another, finds all as it was, and costs no order.

use homeport_model::{
    certificate::{CertificateSource, retire},
    name::DomainName,
};

use super::{
    Certificates,
    store::{self, unserved},
};
use crate::failure::Failure;

impl Certificates {
    /// Writes down what nothing serves, and forgets it once that has lasted.
    pub(super) async fn retire_unserved(&self) -> Result<(), Failure> {
        let parts = &self.apps.parts;
        let now = parts.clock.now();
        let served = parts.domains.served_names().await?;
        let in_use = store::in_use(&parts.db).await?;
        let known = unserved::known(&parts.db).await?;
        let before = unserved::all(&parts.db).await?;
        let brought = |domain: &DomainName| {
            let held = in_use.iter().find(|held| held.domain == *domain);
            held.is_some_and(|held| held.source != CertificateSource::Acme)
        };
        let own: Vec<&DomainName> = in_use.iter().map(|held| &held.domain).collect();
        let needed = |domain: &DomainName| retire::is_needed(domain, &served, &own, brought(domain));
        let gone: Vec<&DomainName> = known.iter().filter(|domain| !needed(domain)).collect();
        let back: Vec<&DomainName> =
            before.iter().map(|(domain, _)| domain).filter(|domain| !gone.contains(domain)).collect();
        let new: Vec<&DomainName> =
            gone.iter().filter(|domain| !before.iter().any(|(known, _)| known == **domain)).copied().collect();
        let over: Vec<&DomainName> = before
            .iter()
            .filter(|(domain, since)| gone.contains(&domain) && retire::is_over(*since, now))
            .map(|(domain, _)| domain)
            .collect();
        if back.is_empty() && new.is_empty() && over.is_empty() {
            return Ok(());
        }
        // Nothing is put to use meanwhile.
        let turn = self.turn.lock().await;
        let mut tx = parts.db.write().await?;
        for domain in back {
            unserved::remove(&mut tx, domain).await?;
        }
        for domain in new {
            unserved::add(&mut tx, domain, now).await?;
        }
        for domain in &over {
            tracing::info!(%domain, "nothing has served it for a week: its certificate and its plan are forgotten");
            unserved::retire(&mut tx, domain).await?;
        }
        tx.commit().await?;
        drop(turn);
        if !over.is_empty() {
            // Takes the files away, too.
            parts.domains.serve_certificates().await?;
            self.prune().await?;
            self.announce();
        }
        Ok(())
    }
}
