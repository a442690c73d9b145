//! The texts that nginx is given, rendered from typed values.
//!
//! Nothing that a person typed reaches a text except through a type whose alphabet has no `;`, `{`,
//! `}`, quote, backslash, space or `$`, and through one writer that quotes. What was rendered parses
//! back to what was meant (security.md, C-06). A static site's redirects and headers have a wider
//! alphabet and are escaped in one place more, [`site`]. An upstream is always an address and a port: a name
//! that does not resolve would make the whole configuration invalid.

mod main_file;
mod pages;
pub mod parse;
mod server;
mod site;
mod write;

pub use server::log_file;

use std::net::{IpAddr, SocketAddrV4};

use crate::{
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
}

/// A name that the panel answers to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PanelName {
    /// A host name.
    Name(VhostName),
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
    /// Where it listens.
    pub upstream: PanelUpstream,
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
}

/// Where nginx finds an app's `web` containers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Upstream {
    /// The app's address for ever; the firewall's map knows the containers and their port. The first
    /// stands behind port [`FIRST_DOOR`], the next behind the one after it.
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

impl Upstream {
    /// What nginx connects to: an address with a port for each container.
    #[must_use]
    pub fn servers(&self) -> Vec<String> {
        match self {
            Self::Virtual { address, count } => {
                (0..*count).map(|door| format!("{address}:{}", FIRST_DOOR + door)).collect()
            }
            Self::Direct(all) => all.iter().map(ToString::to_string).collect(),
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

/// A name of a vhost.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VhostName {
    /// What it answers to.
    pub name: DomainName,
    /// With a certificate it is served by https, and http redirects.
    pub tls: Option<CertificatePair>,
}

/// An app's vhost.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AppVhost {
    /// The app.
    pub app: AppId,
    /// Its name: the file's name, and shown on the pages.
    pub name: AppName,
    /// Its names; without any there is no vhost.
    pub names: Vec<VhostName>,
    /// Where they lead.
    pub target: Target,
    /// The longest request body, in bytes.
    pub body_bytes: u64,
    /// How long the app may take to answer, in seconds.
    pub timeout_s: u16,
}

impl AppVhost {
    /// A vhost with the usual settings: bodies up to 1 MiB, 60 s, no certificate.
    #[must_use]
    pub fn new(app: AppId, name: AppName, hosts: Vec<HostName>, target: Target) -> Self {
        let names = hosts.into_iter().map(|host| VhostName { name: host.into(), tls: None }).collect();
        Self { app, name, names, target, body_bytes: 1 << 20, timeout_s: 60 }
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
        for app in self.apps.iter().filter(|app| !app.names.is_empty()) {
            let name = format!("app-{}.conf", app.name);
            files.push(RenderedFile { name, text: server::app(&self.host, app), app: Some(app.name.clone()) });
        }
        let names: Vec<&str> = files.iter().map(|file| file.name.as_str()).collect();
        let text = main_file::render(self.number, &self.host, &names);
        files.insert(0, RenderedFile { name: MAIN_FILE.into(), text, app: None });
        files
    }
}

#[cfg(test)]
mod tests;
