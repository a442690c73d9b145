//! Certificates: which one is in use for a domain, and where nginx finds it.

mod backend;
mod pairs;
pub mod store;

pub(crate) use pairs::Pairs;

use homeport_model::{
    actor::{Actor, Role},
    certificate::CertificateRow,
    name::DomainName,
};

use crate::{apps::Apps, failure::Failure};
use store::Certificate;

/// The service.
#[derive(Clone)]
pub struct Certificates {
    apps: Apps,
}

impl Certificates {
    /// The service beside the apps' one.
    #[must_use]
    pub fn new(apps: Apps) -> Self {
        Self { apps }
    }

    async fn list(&self, actor: &Actor) -> Result<Vec<CertificateRow>, Failure> {
        actor.require(Role::Viewer)?;
        let row = |Certificate { domain, source, facts, created_at, .. }| CertificateRow {
            domain,
            source,
            facts,
            since: created_at,
        };
        Ok(store::in_use(&self.apps.parts.db).await?.into_iter().map(row).collect())
    }
}

/// What a key is sealed for.
pub(crate) fn key_context(domain: &DomainName) -> String {
    format!("certificate/{domain}/key")
}
