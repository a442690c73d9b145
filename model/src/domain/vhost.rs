//! The texts that nginx is given, rendered from typed values.
//!
//! Nothing that a person typed reaches a text except through a type whose alphabet has no `;`, `{`,
//! `}`, quote, backslash, space or `$`, and through one writer that quotes. What was rendered parses
//! back to what was meant (security.md, C-06). A static site's redirects and headers have a wider
//! alphabet and are escaped in one place more, [`site`]. An upstream is always an address and a port: a name
//! that does not resolve would make the whole configuration invalid.

mod app;
mod main_file;
mod pages;
pub mod parse;
mod server;
mod site;
mod tunnel;
mod work;
mod write;

pub use server::log_file;

use std::{
    collections::BTreeMap,
    net::{IpAddr, SocketAddrV4},
};

use super::{PageText, PathPrefix, ProxySettings, Redirect};
use crate::{
    app::{PortMap, PortScheme},
    deploy::{SiteRules, address::VirtualAddress},
    id::AppId,
    name::{AppName, DomainName, HostName, Port},
};

crate::name::parsed!(
    /// An absolute path on the host that is safe in a configuration: letters, digits and `- _ . + @`
    /// between slashes, no part `.` or `..`.
    HostPath,
    |text| {
        let plain = |b: u8| b.is_ascii_alphanumeric() || b"-_.+@/".contains(&b);
        if !text.starts_with('/') || text.len() > 200 || !text.bytes().all(plain) {
            return Err("A path of the host has only letters, digits and - _ . + @ between its slashes.");
        }
        if text[1..].split('/').any(|part| matches!(part, "" | "." | "..")) {
            return Err("A path of the host has no empty parts and does not climb.");
        }
        Ok(())
    }
);

crate::name::parsed!(
    /// A user or group of the host.
    HostUser,
    |text| {
        let plain = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-' || b == b'_';
        if (1..=32).contains(&text.len()) && text.bytes().all(plain) && !text.starts_with(|c: char| c == '-' || c.is_ascii_digit()) {
            Ok(())
        } else {
            Err("That is not a user of this host.")
        }
    }
);

/// What all servers share.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Host {
    /// nginx's own folder.
    pub prefix: HostPath,
    /// The folder of the static sites.
    pub sites: HostPath,
    /// The addresses to listen on.
    pub addresses: Vec<IpAddr>,
    /// The port for http.
    pub http_port: Port,
    /// The port for https, where it is used.
    pub https_port: Option<Port>,
    /// User and group of the workers; `None` where the master is not root.
    pub worker: Option<(HostUser, HostUser)>,
    /// The file of the brotli module, where there is one.
    pub brotli: Option<HostPath>,
    /// Whether HTTP/2 is a server's own setting; before nginx 1.25.1 it is the port's.
    pub http2_by_server: bool,
    /// The port of 127.0.0.1 where the tunnel's visitors come in, while there is a tunnel.
    pub tunnel_port: Option<Port>,
}

/// A name that the panel answers to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PanelName {
    /// A host name whose address begins with `http://`.
    Name(VhostName),
    /// One whose address begins with `https://`: never served in clear. Without a certificate it says so, and
    /// answers the question of an authority that is to give one.
    Secure(VhostName),
    /// `localhost`.
    Localhost,
    /// Any bare address, where the panel says what to do instead.
    AnyAddress,
}

/// Where the panel listens behind nginx.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PanelUpstream {
    /// A unix socket.
    Socket(HostPath),
    /// A port of 127.0.0.1.
    Port(Port),
}

/// A certificate and its key, as files. The folder of a pair never changes, so that a generation names
/// exactly what it was tested with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CertificatePair {
    /// The chain.
    pub certificate: HostPath,
    /// The key.
    pub key: HostPath,
}

/// The panel's own vhost.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Panel {
    /// Its names.
    pub names: Vec<PanelName>,
    /// Those of its names that come in by the tunnel: by no other way, unless they are among `names` as well.
    pub by_tunnel: Vec<DomainName>,
    /// Where it listens.
    pub upstream: PanelUpstream,
}

impl Panel {
    /// Whether a name is served at the public ports.
    pub(self) fn is_direct(&self, name: &DomainName) -> bool {
        self.names.iter().any(|known| match known {
            PanelName::Name(known) | PanelName::Secure(known) => known.name == *name,
            PanelName::Localhost | PanelName::AnyAddress => false,
        })
    }
}

/// Why there is nothing to proxy to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Down {
    /// No release is live yet.
    NotDeployed,
    /// What is live has no process that answers visitors.
    NoWeb,
    /// The app is stopped.
    Stopped,
    /// nginx refused what it should do for the app, and there is nothing from before.
    Refused,
}

/// Where nginx finds an app's `web` containers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Upstream {
    /// The app's address for ever; the firewall's map knows the containers and their port. The first
    /// stands behind port [`FIRST_DOOR`], the next behind the one after it; another port of theirs
    /// stands behind the same doors, [`LANE`] further on.
    Virtual {
        /// The address.
        address: VirtualAddress,
        /// How many containers there are, 1 or more.
        count: u16,
    },
    /// The containers themselves, where there is no such map; at least one.
    Direct(Vec<SocketAddrV4>),
}

/// The port of a virtual address behind which the first container stands.
pub const FIRST_DOOR: u16 = 80;
/// How far apart the doors of two ports of one container are; no app has as many containers.
pub const LANE: u16 = 1_000;

impl Upstream {
    /// What nginx connects to: an address with a port for each container.
    #[must_use]
    pub fn servers(&self) -> Vec<String> {
        self.servers_at(None)
    }

    /// The same for another port of the containers.
    #[must_use]
    pub fn servers_at(&self, port: Option<&VhostPort>) -> Vec<String> {
        let lane = port.map_or(0, |port| port.lane);
        match self {
            Self::Virtual { address, count } => {
                (0..*count).map(|door| format!("{address}:{}", FIRST_DOOR + lane * LANE + door)).collect()
            }
            Self::Direct(all) => all
                .iter()
                .map(|at| match port {
                    Some(port) if lane > 0 => format!("{}:{}", at.ip(), port.map.container),
                    _ => at.to_string(),
                })
                .collect(),
        }
    }
}

/// What an app's host names lead to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Target {
    /// Containers.
    Proxied(Upstream),
    /// The folder `<sites>/<app id>/current`, by its rules.
    Site(SiteRules),
    /// A page that says what is the matter, with status 502.
    Down(Down),
}

/// A part of a host that another app answers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VhostPrefix {
    /// The beginning of the paths.
    pub path: PathPrefix,
    /// The other app.
    pub app: AppId,
    /// Whether it gets the path without that beginning.
    pub strip: bool,
}

/// Where a name leads.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum VhostLeads {
    /// To its app, but for some parts.
    App(Vec<VhostPrefix>),
    /// To another address.
    Redirect {
        /// Which.
        to: Redirect,
        /// Whether this nginx answers there, so that its own ports go along.
        ours: bool,
    },
}

impl VhostLeads {
    /// To its app.
    pub const APP: Self = Self::App(Vec::new());
}

/// A name of a vhost.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VhostName {
    /// What it answers to.
    pub name: DomainName,
    /// With a certificate it is served by https, and http redirects.
    pub tls: Option<CertificatePair>,
}

/// A name of an app's vhost.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AppHost {
    /// What it answers to.
    pub name: DomainName,
    /// With a certificate it is served by https, and http redirects.
    pub tls: Option<CertificatePair>,
    /// Where it leads.
    pub leads: VhostLeads,
}

/// A name of an app's vhost that comes in by the tunnel, and by no other way.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TunnelHost {
    /// What it answers to.
    pub name: DomainName,
    /// Where it leads.
    pub leads: VhostLeads,
}

/// A port of nginx that leads to a port of an app's containers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct VhostPort {
    /// Which, and what is spoken there.
    pub map: PortMap,
    /// Which of the containers' ports it is, in the order of the map: 0 the one that the app listens on.
    pub lane: u16,
}

/// The ports of nginx, each with its containers' port: those are on lanes from 1 on, in the order in
/// which they are first named. Lane 0 is the port that the app listens on, whichever that is.
#[must_use]
pub fn lanes(ports: &[PortMap]) -> Vec<VhostPort> {
    let others = lane_ports(ports);
    let lane = |port: Port| others.iter().position(|other| *other == port).map_or(0, |at| at + 1);
    ports
        .iter()
        .map(|map| VhostPort { map: *map, lane: u16::try_from(lane(map.container)).unwrap_or(u16::MAX) })
        .collect()
}

/// The containers' ports by their lanes, the first on lane 1.
#[must_use]
pub fn lane_ports(ports: &[PortMap]) -> Vec<Port> {
    let mut others: Vec<Port> = Vec::new();
    for map in ports {
        if !others.contains(&map.container) {
            others.push(map.container);
        }
    }
    others
}

/// An app's vhost.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AppVhost {
    /// The app.
    pub app: AppId,
    /// Its name: the file's name, and shown on the pages.
    pub name: AppName,
    /// Its names at the public ports.
    pub names: Vec<AppHost>,
    /// Its names at the tunnel's; without any of either there is no vhost.
    pub by_tunnel: Vec<TunnelHost>,
    /// Where they lead.
    pub target: Target,
    /// What is done for its visitors beside that.
    pub settings: ProxySettings,
    /// The file with visitors' passwords, where they need one.
    pub passwords: Option<HostPath>,
    /// Whether it answers names that nobody has.
    pub catch_all: bool,
    /// Whether a page of ours answers in its place; its words, or the usual ones.
    pub maintenance: Option<Option<PageText>>,
    /// Ports of nginx beside the usual ones.
    pub ports: Vec<VhostPort>,
    /// A file's text from before that nginx is given in place of all this, because it refused this.
    pub kept: Option<String>,
}

impl AppVhost {
    /// A vhost with the usual settings and no certificate.
    #[must_use]
    pub fn new(app: AppId, name: AppName, hosts: Vec<HostName>, target: Target) -> Self {
        let named = |host: HostName| AppHost { name: host.into(), tls: None, leads: VhostLeads::APP };
        Self {
            app,
            name,
            names: hosts.into_iter().map(named).collect(),
            by_tunnel: Vec::new(),
            target,
            settings: ProxySettings::default(),
            passwords: None,
            catch_all: false,
            maintenance: None,
            ports: Vec::new(),
            kept: None,
        }
    }

    /// The same with a file's text from before.
    #[must_use]
    pub fn kept(&self, text: String) -> Self {
        let listens = |port: &&VhostPort| {
            let at = format!(":{}", port.map.host);
            text.lines().any(|line| line.split_whitespace().any(|word| word.trim_end_matches(';').ends_with(&at)))
        };
        let ports = self.ports.iter().filter(listens).copied().collect();
        Self { catch_all: text.contains("default_server"), ports, kept: Some(text), ..self.clone() }
    }

    /// What stands in for a vhost that nginx refuses when there is none from before: its names answer
    /// that something is wrong, and nothing of its settings counts.
    #[must_use]
    pub fn refused(&self) -> Self {
        let hosts =
            self.names.iter().map(|name| AppHost { name: name.name.clone(), tls: None, leads: VhostLeads::APP });
        let by_tunnel =
            self.by_tunnel.iter().map(|host| TunnelHost { name: host.name.clone(), leads: VhostLeads::APP }).collect();
        let target = Target::Down(Down::Refused);
        Self { names: hosts.collect(), by_tunnel, ..Self::new(self.app.clone(), self.name.clone(), Vec::new(), target) }
    }

    /// Whether it has any name, whichever way that comes in.
    pub(self) fn is_named(&self) -> bool {
        !self.names.is_empty() || !self.by_tunnel.is_empty()
    }

    /// Where its names lead.
    pub(self) fn leads(&self) -> impl Iterator<Item = &VhostLeads> {
        self.names.iter().map(|name| &name.leads).chain(self.by_tunnel.iter().map(|name| &name.leads))
    }

    /// The port that takes the place of the app's own where nginx's usual one is spoken to.
    pub(self) fn usual(&self, port: Option<Port>, secure: bool) -> Option<&VhostPort> {
        let fits = |scheme: PortScheme| scheme.needs_certificate() == secure;
        self.ports.iter().find(|one| Some(one.map.host) == port && fits(one.map.scheme))
    }

    /// The other ports.
    pub(self) fn unusual<'a>(&'a self, host: &'a Host) -> impl Iterator<Item = &'a VhostPort> {
        let is_usual = |port: Port| port == host.http_port || Some(port) == host.https_port;
        self.ports.iter().filter(move |one| !is_usual(one.map.host))
    }
}

/// Everything that nginx serves, at one time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Generation {
    /// Its number; it answers on the probe's socket.
    pub number: u64,
    /// What all servers share.
    pub host: Host,
    /// The panel's own vhost.
    pub panel: Option<Panel>,
    /// The apps.
    pub apps: Vec<AppVhost>,
}

/// A file of a generation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RenderedFile {
    /// Its name in the generation's folder.
    pub name: String,
    /// Its text.
    pub text: String,
    /// The app that it is about.
    pub app: Option<AppName>,
}

/// The name of the main file.
pub const MAIN_FILE: &str = "nginx.conf";
/// A variable that holds a dollar sign, which nginx's language cannot write otherwise.
const DOLLAR: &str = "$homeport_dollar";
/// The probe's socket, below the prefix.
pub const PROBE_SOCKET: &str = "probe.sock";
/// The folder of the sockets, below the prefix, behind which static sites answer parts of others' hosts;
/// only the workers pass it.
pub const INSIDE: &str = "inside";
/// The folder, below the prefix, whose files answer a certificate authority's questions (RFC 8555,
/// section 8.3); they lie at the path that it asks for.
pub const CHALLENGES: &str = "challenges";
/// Where it asks.
pub const CHALLENGE_PATH: &str = "/.well-known/acme-challenge/";

impl Generation {
    /// Renders all files, the main one first.
    #[must_use]
    pub fn render(&self) -> Vec<RenderedFile> {
        let mut files = Vec::new();
        if let Some(panel) = self.panel.as_ref().filter(|panel| !panel.names.is_empty()) {
            files.push(RenderedFile { name: "panel.conf".into(), text: server::panel(&self.host, panel), app: None });
        }
        for app in self.apps.iter().filter(|app| app.is_named()) {
            let name = format!("app-{}.conf", app.name);
            let text = app.kept.clone().unwrap_or_else(|| app::render(&self.host, &self.apps, app));
            files.push(RenderedFile { name, text, app: Some(app.name.clone()) });
        }
        let names: Vec<&str> = files.iter().map(|file| file.name.as_str()).collect();
        let text = main_file::render(self, &names);
        files.insert(0, RenderedFile { name: MAIN_FILE.into(), text, app: None });
        files
    }

    /// The names that are served at the tunnel's listener only.
    pub(self) fn by_tunnel(&self) -> Vec<&str> {
        let only = |panel: &Panel, name: &DomainName| !panel.is_direct(name);
        let panel = self.panel.iter().flat_map(|panel| panel.by_tunnel.iter().filter(move |name| only(panel, name)));
        let apps = self.apps.iter().flat_map(|app| &app.by_tunnel).map(|host| &host.name);
        panel.chain(apps).map(DomainName::as_str).collect()
    }

    /// The ports beside the usual ones that some app listens on, and what is spoken there.
    pub(self) fn more_ports(&self) -> BTreeMap<Port, PortScheme> {
        let listening = self.apps.iter().filter(|app| !app.names.is_empty());
        let ports = listening.flat_map(|app| app.unusual(&self.host).filter(|port| app::is_spoken(app, port)));
        ports.map(|port| (port.map.host, port.map.scheme)).collect()
    }
}

#[cfg(test)]
mod tests;
