//! The certificates in use as files of nginx. The store is what counts; the files are made from it.

use std::collections::HashMap;

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
    pairs: HashMap<DomainName, CertificatePair>,
    wildcards: Vec<DomainName>,
    ids: Vec<CertificateId>,
    laid_anew: usize,
}

impl Pairs {
    /// Lays out the files of every certificate in use. Those that are as they were seen last are only
    /// looked at: a key is opened for as long as it takes to compare and write it.
    pub(crate) async fn ensure(db: &Db, sealer: &Sealer, nginx: &Nginx) -> Result<Self, Failure> {
        let mut all = Self { pairs: HashMap::new(), wildcards: Vec::new(), ids: Vec::new(), laid_anew: 0 };
        for (id, domain) in store::ids_in_use(db).await? {
            if !nginx.has_pair(&id) {
                // Another may be in use by now; then the next look lays out that.
                let Some(kept) = store::find(db, &id).await? else { continue };
                let key = sealer.open(&kept.sealed, &key_context(&domain))?;
                nginx.ensure_pair(&id, &kept.chain, &key)?;
                all.laid_anew += 1;
            }
            if domain.is_wildcard() {
                all.wildcards.push(domain.clone());
            }
            all.pairs.insert(domain, nginx.pair(&id)?);
            all.ids.push(id);
        }
        Ok(all)
    }

    /// Whether files were missing or not known to be as they should.
    pub(crate) const fn were_laid_anew(&self) -> bool {
        self.laid_anew > 0
    }

    /// The pair for a name: its own, else a wildcard's that covers it.
    pub(crate) fn of(&self, name: &DomainName) -> Option<CertificatePair> {
        let above = || self.pairs.get(self.wildcards.iter().find(|wildcard| wildcard.covers(name))?);
        self.pairs.get(name).or_else(above).cloned()
    }

    /// Removes the files of all others: their keys are in the store. What stays behind harms nobody.
    pub(crate) fn prune(&self, nginx: &Nginx) {
        if let Err(error) = nginx.prune_pairs(&self.ids) {
            tracing::warn!("old certificates' files: {}", chain(&error));
        }
    }
}
