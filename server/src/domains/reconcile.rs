//! Keeps nginx and the firewall's map as the store says: at start, when nudged, and on a timer, as
//! somebody else may flush, kill or restart them.

use std::{net::SocketAddrV4, time::Duration};

use homeport_model::deploy::{
    Artifact,
    address::{VirtualAddress, VirtualRange},
};

use super::{Domains, addresses_of, is_unavailable, lanes_of};
use crate::{apps, deploys, drivers::nat, failure::Failure, jobs::Locks};

/// How often it looks when nobody nudges.
pub const EVERY: Duration = Duration::from_secs(10);

impl Domains {
    /// Waits for a nudge.
    pub(crate) async fn nudged(&self) {
        self.0.nudge.notified().await;
    }

    /// Prepares the map; without nftables the switch falls back to reloads.
    ///
    /// # Errors
    /// When the engine does not answer, so that there is no bridge to lead to.
    pub(crate) async fn ensure_map(&self) -> Result<(), Failure> {
        let parts = &self.0.parts;
        // Asked for once; later the look itself shows it.
        if !self.has_map() && !parts.nat.available().await {
            self.0.range.send_replace(None);
            return Ok(());
        }
        let network = parts.docker.ensure_network().await?;
        let remembered = super::store::range(&parts.db).await?.map(VirtualRange::new);
        match parts.nat.ensure_table(remembered, &network.bridge).await {
            Ok(range) => {
                if remembered != Some(range) {
                    super::store::set_range(&parts.db, range.third()).await?;
                }
                self.0.range.send_replace(Some(range));
                Ok(())
            }
            Err(error) if is_unavailable(&error) => {
                self.0.range.send_replace(None);
                Ok(())
            }
            Err(error) => {
                if !parts.nat.available().await {
                    self.0.range.send_replace(None);
                }
                Err(error.into())
            }
        }
    }

    /// Makes nginx and the map what the store says. Apps with a job at work are left alone.
    ///
    /// # Errors
    /// When an engine refuses; the next look tries again.
    pub async fn reconcile(&self, locks: &Locks) -> Result<(), Failure> {
        let parts = &self.0.parts;
        let map = self.ensure_map().await;
        let guard = self.ensure_guard(locks).await;
        if let Err(error) = parts.nginx.ensure_running().await {
            // A hand that broke the files would keep it from starting for ever. They stay as they are; a
            // new generation takes their place.
            if self.edited().is_empty() {
                return Err(error.into());
            }
            tracing::warn!("nginx does not start with files that were changed by hand; they are written anew");
            self.put_back().await?;
        }
        self.reconcile_apps(locks).await?;
        self.look_for_edits();
        map.and(guard)
    }

    async fn reconcile_apps(&self, locks: &Locks) -> Result<(), Failure> {
        let parts = &self.0.parts;
        let all = apps::store::list(&parts.db).await?;
        let held: Vec<_> =
            all.iter().filter_map(|app| Some((app.id.clone(), locks.try_acquire(app.id.as_str())?))).collect();
        // All that follows is read under the locks: a deploy may just have ended.
        let map = if self.has_map() { parts.nat.last_seen().await } else { Default::default() };
        let containers = parts.docker.list_ours().await.unwrap_or_default();
        let all = apps::store::list(&parts.db).await?;
        let serving = deploys::store::serving(&parts.db).await?;
        let mut targets = Vec::new();
        for app in all.into_iter().filter(|app| held.iter().any(|(id, _)| *id == app.id)) {
            let is_serving = |release: &&deploys::ReleaseRecord| app.serving.as_ref() == Some(&release.id);
            let release = serving.iter().find(is_serving).filter(|_| !app.deleting);
            match release.and_then(|release| Some((release, release.artifact.as_ref()?))) {
                Some((_, Artifact::Site { folder, .. })) if !self.serves_folder(&app.id, folder) => {
                    self.sites().switch(&app.id, folder)?;
                }
                Some((release, Artifact::Image { .. })) => {
                    let at = addresses_of(release, &containers);
                    let lanes = lanes_of(&app.spec.needs.ports, &at);
                    if let Some(address) = self.virtual_address(&app)
                        && !at.is_empty()
                        && !doors_lead_to(&map, address, &lanes.concat())
                    {
                        parts.nat.set_lanes(address, &lanes).await?;
                    }
                }
                _ => {}
            }
            let target = self.target_of(&app, release).await;
            targets.push((app.id, target));
        }
        self.ensure_vhosts(&targets).await?;
        drop(held);
        Ok(())
    }
}

/// Whether every door of an address leads to one of the containers, and each of them has one.
fn doors_lead_to(map: &nat::Elements, address: VirtualAddress, at: &[SocketAddrV4]) -> bool {
    let leads: Vec<&SocketAddrV4> =
        map.range((address, 0)..=(address, u16::MAX)).map(|(_, container)| container).collect();
    leads.iter().all(|container| at.contains(container)) && at.iter().all(|container| leads.contains(&container))
}
