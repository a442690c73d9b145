//! Certificates: which one is in use for a domain, and where nginx finds it.

mod backend;
mod look;
mod own;
mod pairs;
pub mod store;
mod view;

pub use look::EVERY;
pub(crate) use pairs::Pairs;

use std::{collections::BTreeSet, sync::Arc};

use homeport_model::{
    actor::{Actor, Role},
    certificate::{CertificateRow, Outlook},
    event::Topic,
    name::DomainName,
};

use tokio::sync::{Mutex, Notify, watch};

use crate::{apps::Apps, failure::Failure};
use store::Certificate;

/// The service.
#[derive(Clone)]
pub struct Certificates {
    apps: Apps,
    /// One certificate is put to use at a time.
    turn: Arc<Mutex<()>>,
    /// What is to be looked at soon.
    due: Arc<Mutex<BTreeSet<DomainName>>>,
    nudge: Arc<Notify>,
    /// What comes next, as last computed.
    outlook: watch::Sender<Outlook>,
}

impl Certificates {
    /// The service beside the apps' one.
    #[must_use]
    pub fn new(apps: Apps) -> Self {
        let (turn, due, nudge) = (Arc::default(), Arc::default(), Arc::default());
        Self { apps, turn, due, nudge, outlook: watch::Sender::default() }
    }

    async fn list(&self, actor: &Actor) -> Result<Vec<CertificateRow>, Failure> {
        actor.require(Role::Viewer)?;
        Ok(store::in_use(&self.apps.parts.db).await?.into_iter().map(row).collect())
    }

    fn announce(&self) {
        self.apps.parts.hub.announce(Topic::Host);
        self.apps.parts.hub.announce(Topic::Activity);
    }
}

fn row(kept: Certificate) -> CertificateRow {
    let Certificate { domain, source, facts, created_at, .. } = kept;
    CertificateRow { domain, source, facts, since: created_at }
}

/// What a key is sealed for.
pub(crate) fn key_context(domain: &DomainName) -> String {
    format!("certificate/{domain}/key")
}
