//! Sets every reconciler going: how often each looks, and what nudges it.

use std::{sync::Arc, time::Duration};

use tokio::sync::Mutex;

use super::Services;
use crate::{certificates, dns, domains, panel_domain, reconcile, statuses, traffic, tunnel};

/// How often apps are looked at.
const LOOK_AT_APPS: Duration = Duration::from_secs(10);
/// How often it is asked whether a release is young enough to be watched.
const LOOK_AT_YOUNG: Duration = Duration::from_secs(5);
/// How often it is asked whether a branch's time has come.
const LOOK_AT_BRANCHES: Duration = Duration::from_secs(15);
/// How often the host is looked at.
const LOOK_AT_HOST: Duration = Duration::from_secs(10);
/// How often the store's log is folded back into its file.
const FOLD_LOG: Duration = Duration::from_mins(30);

impl Services {
    /// All of them, until the panel stops.
    pub(super) fn drive_reconcilers(&self) {
        let never = std::future::pending::<()>;
        let (domains, locks, nudged) = (self.domains.clone(), self.locks.clone(), self.domains.clone());
        reconcile::drive(
            &self.tasks,
            self.stop.clone(),
            "domains",
            domains::EVERY,
            move || {
                let domains = nudged.clone();
                async move { domains.nudged().await }
            },
            move || {
                let (domains, locks) = (domains.clone(), locks.clone());
                async move { domains.reconcile(&locks).await }
            },
        );
        self.drive_certificates();
        self.drive_tunnel();
        self.drive_panel_names();
        let (apps, locks) = (self.apps.clone(), self.locks.clone());
        reconcile::drive(&self.tasks, self.stop.clone(), "apps", LOOK_AT_APPS, never, move || {
            let (apps, locks) = (apps.clone(), locks.clone());
            async move { apps.reconcile(&locks).await }
        });
        let db = self.db.clone();
        reconcile::drive(&self.tasks, self.stop.clone(), "store", FOLD_LOG, never, move || {
            let db = db.clone();
            async move { Ok(db.checkpoint().await?) }
        });
        let (deploys, stop) = (self.deploys.clone(), self.stop.clone());
        reconcile::drive(&self.tasks, self.stop.clone(), "young releases", LOOK_AT_YOUNG, never, move || {
            let (deploys, stop) = (deploys.clone(), stop.clone());
            async move {
                // It watches for as long as a release is young, and must not hold up the end.
                tokio::select! {
                    watched = deploys.watch() => watched,
                    () = stop.cancelled() => Ok(()),
                }
            }
        });
        let (dns, named, stop) = (self.dns.clone(), self.domains.clone(), self.stop.clone());
        reconcile::drive(&self.tasks, self.stop.clone(), "dns", dns::EVERY, never, move || {
            let (dns, domains, stop) = (dns.clone(), named.clone(), stop.clone());
            async move {
                // A resolver may take its time to answer.
                tokio::select! {
                    asked = async { dns.reconcile(&domains.served_names().await?).await } => asked,
                    () = stop.cancelled() => Ok(()),
                }
            }
        });
        let (statuses, heard) = (self.statuses.clone(), Arc::new(Mutex::new(self.hub.listen())));
        let changed = move || {
            let heard = heard.clone();
            async move { statuses::something_happened(&heard).await }
        };
        reconcile::drive(&self.tasks, self.stop.clone(), "statuses", statuses::EVERY, changed, move || {
            let statuses = statuses.clone();
            async move { statuses.reconcile().await }
        });
        let (certificates, nudged) = (self.certificates.clone(), self.certificates.clone());
        let nudged = move || {
            let certificates = nudged.clone();
            async move { certificates.nudged().await }
        };
        let stop = self.stop.clone();
        reconcile::drive(&self.tasks, self.stop.clone(), "what is served", certificates::EVERY, nudged, move || {
            let (certificates, stop) = (certificates.clone(), stop.clone());
            async move {
                // Whoever is asked may take their time to answer.
                tokio::select! {
                    looked = certificates.reconcile() => looked,
                    () = stop.cancelled() => Ok(()),
                }
            }
        });
        let (polls, stop) = (self.polls.clone(), self.stop.clone());
        reconcile::drive(&self.tasks, self.stop.clone(), "branches", LOOK_AT_BRANCHES, never, move || {
            let (polls, stop) = (polls.clone(), stop.clone());
            async move {
                // A host may take its time to answer.
                tokio::select! {
                    looked = polls.look() => looked,
                    () = stop.cancelled() => Ok(()),
                }
            }
        });
        let traffic = self.traffic.clone();
        reconcile::drive(&self.tasks, self.stop.clone(), "traffic", traffic::EVERY, never, move || {
            let traffic = traffic.clone();
            async move { traffic.look().await }
        });
        let host = self.host.clone();
        reconcile::drive(&self.tasks, self.stop.clone(), "host", LOOK_AT_HOST, never, move || {
            let host = host.clone();
            async move {
                host.look().await;
                Ok(())
            }
        });
    }

    fn drive_tunnel(&self) {
        let (tunnel, nudged, stop) = (self.tunnel.clone(), self.tunnel.clone(), self.stop.clone());
        let nudged = move || {
            let tunnel = nudged.clone();
            async move { tunnel.nudged().await }
        };
        reconcile::drive(&self.tasks, self.stop.clone(), "tunnel", tunnel::EVERY, nudged, move || {
            let (tunnel, stop) = (tunnel.clone(), stop.clone());
            async move {
                // A pull takes its time; one that is cut off is begun anew.
                tokio::select! {
                    looked = tunnel.reconcile() => looked,
                    () = stop.cancelled() => Ok(()),
                }
            }
        });
    }

    fn drive_panel_names(&self) {
        let (names, nudged, stop) = (self.panel_domain.clone(), self.panel_domain.clone(), self.stop.clone());
        let nudged = move || {
            let names = nudged.clone();
            async move { names.nudged().await }
        };
        reconcile::drive(&self.tasks, self.stop.clone(), "panel names", panel_domain::EVERY, nudged, move || {
            let (names, stop) = (names.clone(), stop.clone());
            async move {
                // Whoever is asked may take their time to answer.
                tokio::select! {
                    asked = names.reconcile() => asked,
                    () = stop.cancelled() => Ok(()),
                }
            }
        });
    }

    fn drive_certificates(&self) {
        let (certificates, nudged, stop) = (self.certificates.clone(), self.certificates.clone(), self.stop.clone());
        let heard = Arc::new(Mutex::new(self.hub.listen()));
        let changed = move || {
            let (nudged, heard) = (nudged.clone(), heard.clone());
            async move {
                tokio::select! {
                    () = nudged.orders_nudged() => {}
                    () = certificates::names_changed(&heard) => {}
                }
            }
        };
        reconcile::drive(
            &self.tasks,
            self.stop.clone(),
            "certificates due",
            certificates::ORDERS_EVERY,
            changed,
            move || {
                let (certificates, stop) = (certificates.clone(), stop.clone());
                async move {
                    // An authority may take its time; an order that is cut off is made anew.
                    tokio::select! {
                        looked = certificates.order_due() => looked,
                        () = stop.cancelled() => Ok(()),
                    }
                }
            },
        );
    }
}
