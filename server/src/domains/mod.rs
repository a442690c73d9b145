//! Host names and what stands behind them: renders nginx's configuration from the store, keeps the
//! firewall's map, and throws the switch.

mod apply;
mod certificates;
mod claim;
mod names;
mod password;
mod reconcile;
mod routing;
mod sources;
pub(crate) mod store;
mod vhosts;
mod visitors;

pub(crate) use claim::take;
pub use names::Names;
pub use reconcile::EVERY;
pub use routing::Routing;
pub use store::OwnName;
pub(crate) use visitors::Way;

use std::{
    collections::BTreeSet,
    net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, SocketAddrV4},
    sync::{Arc, OnceLock, PoisonError, RwLock},
};

use homeport_model::{
    app::PortMap,
    certificate::expected::Expected,
    deploy::{
        Artifact, SiteRules,
        address::{VirtualAddress, VirtualRange},
        proof::Method,
    },
    domain::{
        Refusal,
        vhost::{self, Down, PanelName, Target, Upstream, lane_ports},
    },
    event::Topic,
    id::{AppId, ReleaseId},
    name::{AppName, DomainName, HostName, Port},
};
use tokio::sync::{Mutex, Notify, watch};

use crate::{
    ambient::Clock,
    apps::{self, AppRecord},
    db::Db,
    deploys::{self, ReleaseRecord},
    drivers::{
        docker::{Docker, OurContainer},
        nat::{self, Guarded, Nat},
        nginx::{About, Nginx, Sites},
    },
    failure::Failure,
    jobs::AppLock,
    live::Hub,
    seal::Sealer,
};
use apply::Applied;

/// Where a release can be reached.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Serving {
    /// A folder of the app's site folder, named after the release that laid it out.
    Folder {
        /// Its name.
        folder: ReleaseId,
        /// How nginx serves it.
        rules: SiteRules,
    },
    /// Containers of `web`, at least one.
    Containers {
        /// Their addresses on the bridge and the port they listen on.
        at: Vec<SocketAddrV4>,
    },
    /// Nothing that answers visitors: a release of workers only.
    Nothing,
}

/// What it needs.
pub struct Parts {
    /// The store.
    pub db: Db,
    /// The clock.
    pub clock: Clock,
    /// Where changes are announced.
    pub hub: Hub,
    /// Opens certificates' keys.
    pub sealer: Sealer,
    /// The engine, for the bridge.
    pub docker: Docker,
    /// The proxy.
    pub nginx: Nginx,
    /// The switch.
    pub nat: Nat,
    /// Host names by configuration.
    pub names: Names,
    /// What all of nginx's servers share.
    pub host: vhost::Host,
    /// The port of 127.0.0.1 for what comes in by the tunnel.
    pub tunnel_port: Port,
    /// The panel's own vhost.
    pub panel: Option<vhost::Panel>,
}

struct Inner {
    parts: Parts,
    /// What nginx was given last, and what it refused.
    applied: Mutex<Applied>,
    /// What nginx refused, for the pages.
    refusals: RwLock<Vec<Refusal>>,
    /// How each app's names are meant to be served, as nginx was last given them.
    expected: RwLock<Vec<(DomainName, Expected)>>,
    /// What this nginx is, once asked.
    about: OnceLock<About>,
    /// The names that come in by the tunnel, as nginx was last given them.
    by_tunnel: RwLock<BTreeSet<DomainName>>,
    /// The range of virtual addresses, once the table stands; `None` where there is no nftables.
    range: watch::Sender<Option<VirtualRange>>,
    /// The published ports of each app, as the firewall guards them.
    guarded: Mutex<Guarded>,
    nudge: Notify,
}

/// The service.
#[derive(Clone)]
pub struct Domains(Arc<Inner>);

impl Domains {
    /// The service; nothing is touched yet.
    #[must_use]
    pub fn new(parts: Parts) -> Self {
        Self(Arc::new(Inner {
            parts,
            applied: Mutex::default(),
            refusals: RwLock::default(),
            expected: RwLock::default(),
            about: OnceLock::new(),
            by_tunnel: RwLock::default(),
            range: watch::Sender::new(None),
            guarded: Mutex::default(),
            nudge: Notify::new(),
        }))
    }

    /// The host names of the configuration.
    #[must_use]
    pub fn names(&self) -> &Names {
        &self.0.parts.names
    }

    /// The folders of the static sites.
    #[must_use]
    pub fn sites(&self) -> &Sites {
        self.0.parts.nginx.sites()
    }

    /// The proxy, for certificates' files.
    #[must_use]
    pub fn nginx(&self) -> &Nginx {
        &self.0.parts.nginx
    }

    /// Every name that is served, the panel's among them. Those of an app that is being removed are not.
    pub(crate) async fn served_names(&self) -> Result<Vec<DomainName>, Failure> {
        let mut names: Vec<DomainName> = Vec::new();
        for name in self.0.parts.panel.iter().flat_map(|panel| &panel.names) {
            if let PanelName::Name(name) | PanelName::Secure(name) = name {
                names.push(name.name.clone());
            }
        }
        names.extend(self.names().origins().added_hosts().into_iter().map(DomainName::from));
        for app in apps::store::list(&self.0.parts.db).await?.iter().filter(|app| !app.deleting) {
            names.push(self.own_host_name(&app.spec.name).into());
            names.extend(app.names.iter().map(|name| name.name.clone()));
        }
        Ok(names)
    }

    /// Gives nginx what the store says now of names and proxies, and waits until it is served. What
    /// nginx refuses of one app is shown on that app's pages.
    pub(crate) async fn serve_now(&self) {
        if let Err(failure) = self.ensure_vhosts(&[]).await {
            tracing::warn!("nginx was not given a change: {}", crate::failure::chain(&failure));
        }
        self.0.parts.hub.announce(Topic::Domains);
        self.0.parts.hub.announce(Topic::Host);
        // The firewall's doors, for other ports.
        self.nudge();
    }

    /// What nginx refused of an app, if it did.
    pub(crate) fn refusal(&self, app: &AppName) -> Option<Refusal> {
        self.refusals().into_iter().find(|refusal| refusal.app == *app)
    }

    /// How each app's names are meant to be served.
    pub(crate) fn expected(&self) -> Vec<(DomainName, Expected)> {
        self.0.expected.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// What nginx refused, of all apps.
    pub(crate) fn refusals(&self) -> Vec<Refusal> {
        self.0.refusals.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// What this nginx is; `None` where it cannot be asked.
    pub(crate) async fn about(&self) -> Option<About> {
        if self.0.about.get().is_none()
            && let Ok(about) = self.0.parts.nginx.about().await
        {
            let _ = self.0.about.set(about);
        }
        self.0.about.get().cloned()
    }

    /// Whether the folder of a release is what nginx serves for an app.
    pub(crate) fn serves_folder(&self, app: &AppId, folder: &ReleaseId) -> bool {
        self.sites().live(app).ok().flatten().as_ref() == Some(folder)
    }

    /// nginx on loopback, for probes.
    #[must_use]
    pub fn http_address(&self) -> SocketAddr {
        let address = self.0.parts.host.addresses.iter().find(|address| address.is_ipv4() && !address.is_unspecified());
        let address = address.copied().unwrap_or_else(|| Ipv4Addr::LOCALHOST.into());
        SocketAddr::new(address, self.0.parts.host.http_port.get())
    }

    /// nginx's https on loopback, IPv4 first, as far as it listens there.
    pub(crate) fn https_addresses(&self) -> Vec<SocketAddr> {
        let Some(port) = self.0.parts.host.https_port else { return Vec::new() };
        let mut addresses: Vec<IpAddr> = self.0.parts.host.addresses.clone();
        addresses.sort_by_key(IpAddr::is_ipv6);
        let own = |address: IpAddr| match address {
            IpAddr::V4(any) if any.is_unspecified() => Ipv4Addr::LOCALHOST.into(),
            IpAddr::V6(any) if any.is_unspecified() => Ipv6Addr::LOCALHOST.into(),
            one => one,
        };
        addresses.into_iter().map(|address| SocketAddr::new(own(address), port.get())).collect()
    }

    /// nginx's listener for what comes in by the tunnel.
    pub(crate) fn tunnel_address(&self) -> SocketAddr {
        SocketAddr::new(Ipv4Addr::LOCALHOST.into(), self.0.parts.tunnel_port.get())
    }

    /// Whether a name comes in by the tunnel, as nginx was last given it.
    fn is_by_tunnel(&self, name: &DomainName) -> bool {
        self.0.by_tunnel.read().unwrap_or_else(PoisonError::into_inner).contains(name)
    }

    /// Asks the reconciler to look now.
    pub fn nudge(&self) {
        self.0.nudge.notify_one();
    }

    /// Whether the switch is one element of the firewall's map; else nginx is reloaded.
    #[must_use]
    pub fn has_map(&self) -> bool {
        self.0.range.borrow().is_some()
    }

    /// Sends new connections for `app` to `to`. Repeatable; the store is told by the caller.
    ///
    /// # Errors
    /// When nginx or the firewall refuses; then what served before serves on.
    pub async fn switch(&self, lock: &AppLock, app: &AppRecord, to: &Serving) -> Result<Method, Failure> {
        debug_assert_eq!(lock.subject(), app.id.as_str());
        let address = self.virtual_address(app);
        match to {
            Serving::Folder { folder, rules } => {
                self.sites().switch(&app.id, folder)?;
                let reloaded = self.ensure_vhosts(&[(app.id.clone(), Target::Site(rules.clone()))]).await?;
                if let Some(address) = address {
                    self.0.parts.nat.clear(address).await?;
                }
                Ok(if reloaded { Method::Reload } else { Method::Link })
            }
            Serving::Containers { at } => {
                if let Some(address) = address {
                    self.0.parts.nat.set_lanes(address, &lanes_of(&app.spec.needs.ports, at)).await?;
                }
                let target = proxied(address, at);
                let reloaded = self.ensure_vhosts(&[(app.id.clone(), target)]).await?;
                if let Some(address) = address {
                    self.0.parts.nat.trim(address, count(at)).await?;
                }
                Ok(if reloaded { Method::Reload } else { Method::MapElement })
            }
            Serving::Nothing => {
                let reloaded = self.ensure_vhosts(&[(app.id.clone(), Target::Down(Down::NoWeb))]).await?;
                if let Some(address) = address {
                    self.0.parts.nat.clear(address).await?;
                }
                Ok(if reloaded { Method::Reload } else { Method::MapElement })
            }
        }
    }

    /// Takes the app's host names off nginx's list of apps that serve.
    ///
    /// # Errors
    /// When nginx or the firewall refuses.
    pub async fn unroute(&self, lock: &AppLock, app: &AppRecord) -> Result<(), Failure> {
        debug_assert_eq!(lock.subject(), app.id.as_str());
        self.ensure_vhosts(&[(app.id.clone(), Target::Down(Down::NotDeployed))]).await?;
        if let Some(address) = self.virtual_address(app) {
            self.0.parts.nat.clear(address).await?;
        }
        Ok(())
    }

    /// The address that stands for an app, where there is a map.
    #[must_use]
    pub fn virtual_address(&self, app: &AppRecord) -> Option<VirtualAddress> {
        let range = (*self.0.range.borrow())?;
        VirtualAddress::try_from(Ipv4Addr::new(10, 98, range.third(), app.slot)).ok()
    }

    /// An app's target as the store says. One that is being removed has none any more: its removal
    /// may have taken its route away already.
    async fn stored_target(&self, app: &AppRecord) -> Result<Target, Failure> {
        let serving = app.serving.as_ref().filter(|_| !app.deleting);
        let Some(serving) = serving else { return Ok(Target::Down(Down::NotDeployed)) };
        let release = deploys::store::find_id(&self.0.parts.db, serving).await?;
        Ok(self.target_of(app, release.as_ref()).await)
    }

    /// An app's target while `release` serves.
    async fn target_of(&self, app: &AppRecord, release: Option<&ReleaseRecord>) -> Target {
        match release.and_then(|release| Some((release, release.artifact.as_ref()?))) {
            None => Target::Down(Down::NotDeployed),
            Some((release, Artifact::Site { .. })) => Target::Site(release.declared.site.clone()),
            Some((release, Artifact::Image { .. })) => self.standing_target(app, release).await,
        }
    }

    /// The target of serving containers: their virtual address, or where the engine says they are.
    async fn standing_target(&self, app: &AppRecord, release: &ReleaseRecord) -> Target {
        let wanted = release.web_scale();
        if wanted == 0 {
            return Target::Down(Down::NoWeb);
        }
        if let Some(address) = self.virtual_address(app) {
            return Target::Proxied(Upstream::Virtual { address, count: wanted });
        }
        let containers = self.0.parts.docker.list_ours().await.unwrap_or_default();
        match addresses_of(release, &containers) {
            at if at.is_empty() => Target::Down(Down::Stopped),
            at => proxied(None, &at),
        }
    }
}

/// Where the `web` containers of a release listen, those that run, in their order.
fn addresses_of(release: &ReleaseRecord, containers: &[OurContainer]) -> Vec<SocketAddrV4> {
    let Some(port) = release.port else { return Vec::new() };
    let is_web = |container: &&OurContainer| {
        container.release() == Some(release.id.as_str()) && container.is_web() && container.running
    };
    let mut of_release: Vec<&OurContainer> = containers.iter().filter(is_web).collect();
    of_release.sort_by_key(|container| container.index());
    of_release.iter().filter_map(|container| Some(SocketAddrV4::new(container.address?, port.get()))).collect()
}

/// Where the containers listen: the port that nginx leads to first, then others by their lanes.
fn lanes_of(ports: &[PortMap], at: &[SocketAddrV4]) -> Vec<Vec<SocketAddrV4>> {
    let others = lane_ports(ports).into_iter();
    let lane = |port: Port| at.iter().map(|at| SocketAddrV4::new(*at.ip(), port.get())).collect();
    std::iter::once(at.to_vec()).chain(others.map(lane)).collect()
}

/// nginx's target for containers.
fn proxied(address: Option<VirtualAddress>, at: &[SocketAddrV4]) -> Target {
    Target::Proxied(match address {
        Some(address) => Upstream::Virtual { address, count: count(at) },
        None => Upstream::Direct(at.to_vec()),
    })
}

fn count(at: &[SocketAddrV4]) -> u16 {
    u16::try_from(at.len()).unwrap_or(u16::MAX)
}

impl Domains {
    pub(crate) fn own_host_name(&self, app: &AppName) -> HostName {
        self.names().of_app(app)
    }

    pub(crate) fn is_panel(&self, host_name: &HostName) -> bool {
        self.names().is_panel(host_name)
    }

    pub(crate) fn panel_host(&self) -> String {
        self.names().panel_host()
    }

    pub(crate) fn apps_domain(&self) -> &HostName {
        self.names().apps_domain()
    }

    pub(crate) fn app_of(&self, host_name: &HostName) -> Option<AppName> {
        self.names().app_of(host_name)
    }

    pub(crate) fn allows_local_git(&self) -> bool {
        self.names().allows_local_git()
    }

    pub(crate) fn url(&self, host_name: &HostName) -> String {
        if self.is_by_tunnel(&host_name.clone().into()) {
            return format!("https://{host_name}");
        }
        self.names().url(host_name, self.0.parts.host.http_port.get())
    }

    /// Where a browser finds a host name, by https where there is a certificate for it.
    pub(crate) fn url_by(&self, host_name: &HostName, https: bool) -> String {
        let https = https && !self.is_by_tunnel(&host_name.clone().into());
        match self.0.parts.host.https_port.filter(|_| https).map(Port::get) {
            None => self.url(host_name),
            Some(443) => format!("https://{host_name}"),
            Some(port) => format!("https://{host_name}:{port}"),
        }
    }

    /// The port of nginx for http, and the one for https.
    pub(crate) fn usual_ports(&self) -> (Port, Option<Port>) {
        (self.0.parts.host.http_port, self.0.parts.host.https_port)
    }

    /// The ports that nginx listens on for every app, or would.
    pub(crate) fn nginx_ports(&self) -> Vec<Port> {
        let host = &self.0.parts.host;
        [Some(host.http_port), host.https_port, Some(self.0.parts.tunnel_port)].into_iter().flatten().collect()
    }

    pub(crate) fn listens_on(&self) -> String {
        format!("http, port {}", self.0.parts.host.http_port)
    }
}

/// Whether the firewall's map cannot be used here at all.
fn is_unavailable(error: &nat::Error) -> bool {
    matches!(error, nat::Error::Unavailable(_))
}
