//! The certificates in use as files of nginx. The store is what counts; the files are made from it.

use homeport_model::{domain::vhost::CertificatePair, id::CertificateId, name::DomainName};

use super::{key_context, store};
use crate::{
    db::Db,
    drivers::nginx::Nginx,
    failure::{Failure, chain},
    seal::Sealer,
};

/// The pairs that nginx serves, by the domain that each is for.
pub(crate) struct Pairs {
    pairs: Vec<(DomainName, CertificatePair)>,
    ids: Vec<CertificateId>,
}

impl Pairs {
    /// Lays out the files of every certificate in use.
    pub(crate) async fn ensure(db: &Db, sealer: &Sealer, nginx: &Nginx) -> Result<Self, Failure> {
        let (mut pairs, mut ids) = (Vec::new(), Vec::new());
        for kept in store::in_use(db).await? {
            let key = sealer.open(&kept.sealed, &key_context(&kept.domain))?;
            pairs.push((kept.domain, nginx.ensure_pair(&kept.id, &kept.chain, &key)?));
            ids.push(kept.id);
        }
        Ok(Self { pairs, ids })
    }

    /// The pair for a name: its own, else a wildcard's that covers it.
    pub(crate) fn of(&self, name: &DomainName) -> Option<CertificatePair> {
        let own = self.pairs.iter().find(|(domain, _)| domain == name);
        own.or_else(|| self.pairs.iter().find(|(domain, _)| domain.covers(name))).map(|(_, pair)| pair.clone())
    }

    /// Removes the files of all others: their keys are in the store. What stays behind harms nobody.
    pub(crate) fn prune(&self, nginx: &Nginx) {
        if let Err(error) = nginx.prune_pairs(&self.ids) {
            tracing::warn!("old certificates' files: {}", chain(&error));
        }
    }
}
