//! Who may reach published ports: keeps the firewall's guard as the releases say that run.

use homeport_model::{
    app::Published,
    id::AppId,
    problem::{Code, Problem},
};

use super::Domains;
use crate::{
    apps, deploys,
    drivers::nat::Guarded,
    failure::{Failure, chain},
    jobs::{AppLock, Locks},
};

impl Domains {
    /// Guards these ports of an app from now on, in place of those before.
    ///
    /// # Errors
    /// When the ports have sources and the firewall cannot keep them: they must not be opened then.
    pub(crate) async fn guard_ports(&self, lock: &AppLock, app: &AppId, ports: Vec<Published>) -> Result<(), Failure> {
        debug_assert_eq!(lock.subject(), app.as_str());
        let mut guarded = self.0.guarded.lock().await;
        let has_sources = ports.iter().any(|port| !port.sources.is_empty());
        let had_sources = guarded.insert(app.clone(), ports).is_some_and(|ports| any_has_sources(&ports));
        if !has_sources && !had_sources {
            return Ok(());
        }
        match self.0.parts.nat.guard(&guarded).await {
            Err(error) if has_sources => {
                tracing::warn!("published ports cannot be guarded: {}", chain(&error));
                Err(Problem::new(Code::Engine, "The firewall cannot keep the sources of the published ports.")
                    .hint("Install nftables and let Homeport use it, or take the sources away under Storage & ports.")
                    .into())
            }
            // Rules too many keep nobody out who may come in: the next look takes them away.
            _ => Ok(()),
        }
    }

    /// Makes the guard say what the serving releases say, also after somebody flushed it. Apps with a
    /// job at work keep what that job said.
    ///
    /// # Errors
    /// When sources are to be kept and the firewall refuses; the next look tries again.
    pub(super) async fn ensure_guard(&self, locks: &Locks) -> Result<(), Failure> {
        let parts = &self.0.parts;
        let mut guarded = self.0.guarded.lock().await;
        let apps = apps::store::list(&parts.db).await?;
        // What serves is read under the locks: a deploy may just have ended.
        let free: Vec<(&AppId, AppLock)> =
            apps.iter().filter_map(|app| Some((&app.id, locks.try_acquire(app.id.as_str())?))).collect();
        let serving = deploys::store::serving(&parts.db).await?;
        let mut next = Guarded::new();
        for app in &apps {
            let said = guarded.get(&app.id).filter(|_| !free.iter().any(|(id, _)| **id == app.id));
            let release = serving.iter().find(|release| release.app == app.id);
            let stored = release.map(|release| &release.spec.needs.published);
            if let Some(ports) = said.or(stored) {
                next.insert(app.id.clone(), ports.clone());
            }
        }
        drop(free);
        *guarded = next;
        match parts.nat.guard(&guarded).await {
            // Without nftables there is nothing to take away either.
            Err(_) if !guarded.values().any(|ports| any_has_sources(ports)) => Ok(()),
            done => Ok(done?),
        }
    }
}

fn any_has_sources(ports: &[Published]) -> bool {
    ports.iter().any(|port| !port.sources.is_empty())
}
