//! Certificates: which one is in use for a domain, where nginx finds it, what is really served, and how
//! Homeport orders and renews them by itself.

mod accounts;
mod backend;
mod look;
mod orders;
mod own;
mod pairs;
mod plans;
mod reconcile;
mod retire;
mod settings;
mod stop;
pub mod store;
mod view;
mod words;

pub use look::EVERY;
pub(crate) use pairs::Pairs;
pub use reconcile::{ORDERS_EVERY, names_changed};
pub(crate) use view::Planned;

use std::{
    collections::{BTreeSet, HashMap},
    sync::Arc,
};

use homeport_model::{
    actor::{Actor, Role},
    certificate::{
        CertificateRow, Outlook,
        settings::{DirectoryFacts, DirectoryUrl},
    },
    event::Topic,
    name::DomainName,
    time::Timestamp,
};

use tokio::sync::{Mutex, Notify, watch};

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
    /// One round of orders at a time.
    turn: Mutex<()>,
    /// What directories said of themselves, and when.
    facts: Mutex<HashMap<DirectoryUrl, (DirectoryFacts, Timestamp)>>,
}

/// The service.
#[derive(Clone)]
pub struct Certificates {
    apps: Apps,
    ordering: Arc<Ordering>,
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
        };
        let (turn, due, nudge) = (Arc::default(), Arc::default(), Arc::default());
        Self { apps, ordering: Arc::new(ordering), turn, due, nudge, outlook: watch::Sender::default() }
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
