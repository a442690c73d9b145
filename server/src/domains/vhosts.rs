//! Each app's vhost as the store says: its names with their certificates, its settings, its ports, and
//! what else leads to it.

use std::{
    collections::{BTreeSet, HashMap},
    sync::PoisonError,
};

use homeport_model::{
    domain::vhost::{
        self, AppHost, AppVhost, PanelName, Target, TunnelHost, VhostLeads, VhostName, VhostPrefix, lanes,
    },
    id::AppId,
    name::DomainName,
    secret::Secret,
};
use sha2::{Digest, Sha256};

use super::{
    Domains,
    apply::Served,
    password,
    store::proxy::{self, Part, Proxy},
};
use crate::{
    apps::{self, AppRecord},
    certificates::Pairs,
    failure::Failure,
    tunnel,
};

/// What is read once for all apps.
struct Known {
    pairs: Pairs,
    proxies: HashMap<AppId, Proxy>,
    parts: Vec<Part>,
    passwords: HashMap<AppId, String>,
    /// Every name that this nginx answers.
    ours: Vec<DomainName>,
    /// Those that come in by the tunnel, and by no other way.
    by_tunnel: BTreeSet<DomainName>,
    /// Those of the panel that come in both ways.
    both: BTreeSet<DomainName>,
}

impl Domains {
    /// What nginx should be given. `before` is what it has.
    pub(super) async fn wanted(
        &self,
        before: &[AppVhost],
        changes: &[(AppId, Target)],
    ) -> Result<(Served, Pairs), Failure> {
        let parts = &self.0.parts;
        let known = Known {
            pairs: Pairs::ensure(&parts.db, &parts.sealer, &parts.nginx).await?,
            proxies: proxy::all(&parts.db).await?.into_iter().collect(),
            parts: proxy::parts(&parts.db).await?,
            passwords: self.password_files().await?,
            ours: self.served_names().await?,
            by_tunnel: tunnel::store::names(&parts.db).await?,
            both: tunnel::store::switching(&parts.db).await?,
        };
        let tunnel_port = tunnel::store::exists(&parts.db).await?.then_some(parts.tunnel_port);
        *self.0.by_tunnel.write().unwrap_or_else(PoisonError::into_inner) = known.by_tunnel.clone();
        let mut wanted = Vec::new();
        for app in apps::store::list(&parts.db).await? {
            let change = changes.iter().find(|(id, _)| *id == app.id).map(|(_, target)| target);
            let target =
                match change.or_else(|| before.iter().find(|vhost| vhost.app == app.id).map(|vhost| &vhost.target)) {
                    Some(target) => target.clone(),
                    None => self.stored_target(&app).await?,
                };
            if app.deleting && matches!(target, Target::Down(_)) {
                continue;
            }
            wanted.push(self.vhost(&known, &app, target)?);
        }
        Ok((Served { panel: self.panel_vhost(&known), apps: wanted, tunnel_port }, known.pairs))
    }

    fn vhost(&self, known: &Known, app: &AppRecord, target: Target) -> Result<AppVhost, Failure> {
        let own = self.own_host_name(&app.spec.name);
        let parts_of = |name: &DomainName| -> Vec<VhostPrefix> {
            let here = known.parts.iter().filter(|part| part.app == app.id && part.host.as_str() == name.as_str());
            here.map(|part| VhostPrefix { path: part.path.clone(), app: part.to.clone(), strip: part.strip }).collect()
        };
        let (mut names, mut by_tunnel) = (Vec::new(), Vec::new());
        let own_name = (DomainName::from(own), None);
        for (name, redirect) in
            std::iter::once(own_name).chain(app.names.iter().map(|name| (name.name.clone(), name.redirect.clone())))
        {
            let leads = match redirect {
                None => VhostLeads::App(parts_of(&name)),
                Some(to) => {
                    let host = DomainName::from(to.host.clone());
                    VhostLeads::Redirect { ours: known.ours.iter().any(|ours| ours.covers(&host)), to }
                }
            };
            if known.by_tunnel.contains(&name) {
                by_tunnel.push(TunnelHost { name, leads });
            } else {
                names.push(AppHost { tls: known.pairs.of(&name), name, leads });
            }
        }
        let proxy = known.proxies.get(&app.id).cloned().unwrap_or_default();
        let passwords = match known.passwords.get(&app.id) {
            None => None,
            Some(text) => {
                let mark: String = Sha256::digest(text).iter().take(8).map(|byte| format!("{byte:02x}")).collect();
                Some(self.0.parts.nginx.ensure_passwords(&app.id, &mark, &Secret::new(text.clone()))?)
            }
        };
        Ok(AppVhost {
            names,
            by_tunnel,
            settings: proxy.settings,
            passwords,
            catch_all: proxy.catch_all,
            maintenance: proxy.maintenance.map(|maintenance| maintenance.text),
            ports: lanes(&app.spec.needs.ports),
            ..AppVhost::new(app.id.clone(), app.spec.name.clone(), Vec::new(), target)
        })
    }

    /// The text of each app's file of passwords, for those that ask for one.
    async fn password_files(&self) -> Result<HashMap<AppId, String>, Failure> {
        let parts = &self.0.parts;
        let mut files: HashMap<AppId, String> = HashMap::new();
        for (app, user, sealed) in proxy::passwords(&parts.db).await? {
            let hash = parts.sealer.open(&sealed, &password::context(&app))?;
            let line = format!("{user}:{}\n", String::from_utf8_lossy(hash.expose()));
            files.entry(app).or_default().push_str(&line);
        }
        Ok(files)
    }

    /// The panel's vhost with the names of now, each by https once there is a certificate for it.
    fn panel_vhost(&self, known: &Known) -> Option<vhost::Panel> {
        let mut panel = self.0.parts.panel.clone()?;
        for name in self.names().origins().added_hosts().into_iter().map(DomainName::from) {
            let (only, both) = (known.by_tunnel.contains(&name), known.both.contains(&name));
            if only || both {
                panel.by_tunnel.push(name.clone());
            }
            if !only {
                panel.names.push(PanelName::Secure(VhostName { name, tls: None }));
            }
        }
        for name in &mut panel.names {
            if let PanelName::Name(VhostName { name, tls }) | PanelName::Secure(VhostName { name, tls }) = name {
                *tls = known.pairs.of(name);
            }
        }
        Some(panel)
    }
}
