//! Certificates: which one is in use for a domain, where nginx finds it, and how Homeport orders and renews
//! them by itself.

mod accounts;
mod backend;
mod orders;
mod pairs;
pub(crate) mod plans;
mod reconcile;
mod settings;
pub mod store;
mod words;

pub(crate) use pairs::Pairs;
pub use reconcile::{EVERY, names_changed};

use std::{
    collections::{HashMap, HashSet},
    sync::Arc,
};

use homeport_model::{
    actor::{Actor, Role},
    certificate::{
        CertificateRow,
        settings::{DirectoryFacts, DirectoryUrl},
    },
    name::DomainName,
    time::Timestamp,
};
use tokio::sync::{Mutex, Notify};

use crate::{apps::Apps, dns::Dns, drivers::acme::Acme, failure::Failure, jobs::Faults};
use store::Certificate;

/// What ordering needs beside what apps have.
pub struct Parts {
    /// Where names lead, and zones' providers.
    pub dns: Dns,
    /// Talks to directories.
    pub client: Acme,
    /// The configured directory.
    pub usual: DirectoryUrl,
    /// The one for trying out.
    pub staging: DirectoryUrl,
    /// Whether directories of this host and its network may be typed.
    pub local: bool,
    /// Planted faults; empty in a running panel.
    pub faults: Faults,
}

struct Ordering {
    dns: Dns,
    client: Acme,
    usual: DirectoryUrl,
    staging: DirectoryUrl,
    local: bool,
    faults: Faults,
    nudge: Notify,
    /// One look at a time.
    turn: Mutex<()>,
    /// What directories said of themselves, and when.
    facts: Mutex<HashMap<DirectoryUrl, (DirectoryFacts, Timestamp)>>,
    /// Names for which somebody wants a new one now.
    forced: Mutex<HashSet<DomainName>>,
}

/// The service.
#[derive(Clone)]
pub struct Certificates {
    apps: Apps,
    ordering: Arc<Ordering>,
}

impl Certificates {
    /// The service beside the apps' one.
    #[must_use]
    pub fn new(apps: Apps, parts: Parts) -> Self {
        let Parts { dns, client, usual, staging, local, faults } = parts;
        let ordering = Ordering {
            dns,
            client,
            usual,
            staging,
            local,
            faults,
            nudge: Notify::new(),
            turn: Mutex::default(),
            facts: Mutex::default(),
            forced: Mutex::default(),
        };
        Self { apps, ordering: Arc::new(ordering) }
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
