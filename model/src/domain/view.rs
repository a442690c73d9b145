//! Names, proxies and nginx's configuration as pages show them.

use serde::{Deserialize, Serialize};

use super::{FileDiff, Maintenance, PathPrefix, ProxySettings, UserName};
use crate::{
    app::PortMap,
    name::{AppName, DomainName, HostName},
    time::Timestamp,
    tunnel::WayIn,
};

/// Where a name leads.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Leads {
    /// To its app.
    App,
    /// To another address.
    Redirect {
        /// Which, as in `https://example.com/…`.
        to: String,
        /// 301, 302, 307 or 308.
        status: u16,
    },
}

/// What somebody found out about a name, in words.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Found {
    /// Whether it is as it should be.
    pub good: bool,
    /// What was found.
    pub words: String,
}

/// A name in a list.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DomainRow {
    /// The name in ASCII.
    pub name: DomainName,
    /// As people write it, where that differs.
    pub unicode: Option<String>,
    /// The app that has it.
    pub app: AppName,
    /// Where it leads.
    pub leads: Leads,
    /// Whether it follows from the app's name and the global domain.
    pub derived: bool,
    /// Whether it is the one that the app is called by.
    pub primary: bool,
    /// Where a browser finds it; nothing for a wildcard.
    pub url: Option<String>,
    /// Until when its certificate is good; without one it is served by http.
    pub expires_at: Option<Timestamp>,
    /// Which way its visitors come in.
    pub way: WayIn,
    /// What DNS says of it, once asked.
    pub dns: Option<Found>,
    /// What visitors are served, once looked at.
    pub served: Option<Found>,
}

/// A part of a host that another app answers.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PrefixRow {
    /// The host.
    pub host: HostName,
    /// The beginning of the paths.
    pub path: PathPrefix,
    /// The app that answers.
    pub app: AppName,
    /// Whether it gets the path without that beginning.
    pub strip: bool,
}

/// What nginx refused of an app: what served before serves on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Refusal {
    /// The app.
    pub app: AppName,
    /// nginx's words.
    pub words: String,
    /// Since when.
    pub since: Timestamp,
}

/// The tab Domains of an app.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AppDomains {
    /// Its names, the derived one first.
    pub names: Vec<DomainRow>,
    /// Parts of its hosts that other apps answer.
    pub prefixes: Vec<PrefixRow>,
    /// Parts of other apps' hosts that it answers: host with path, and whose host it is.
    pub elsewhere: Vec<(String, AppName)>,
    /// Every other app, for a choice.
    pub others: Vec<AppName>,
    /// Which app answers names that nobody has, if one does.
    pub catch_all: Option<AppName>,
    /// Whether it answers with a page of ours.
    pub maintenance: Option<Maintenance>,
    /// What nginx refused of it.
    pub refusal: Option<Refusal>,
}

/// The ports of nginx that lead to an app beside the usual ones.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct UpstreamPorts {
    /// The port.
    pub map: PortMap,
    /// Why nothing listens there, when nothing does.
    pub idle: Option<String>,
}

/// The tab Proxy of an app.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ProxyView {
    /// What is set.
    pub settings: ProxySettings,
    /// Who may come with a password; everybody without any.
    pub users: Vec<UserName>,
    /// Ports of nginx beside the usual ones.
    pub ports: Vec<UpstreamPorts>,
    /// Whether nginx has brotli here.
    pub has_brotli: bool,
    /// Whether HTTP/2 can be off for one app: nginx from 1.25.1 on.
    pub http2_by_app: bool,
    /// Whether nginx serves its files itself.
    pub is_site: bool,
    /// What nginx refused of it.
    pub refusal: Option<Refusal>,
}

/// A file of nginx's configuration.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct NginxFile {
    /// Its name.
    pub name: String,
    /// The app that it is about.
    pub app: Option<AppName>,
    /// How many lines it has.
    pub lines: usize,
    /// Its text, where it was asked for.
    pub text: Option<String>,
}

/// A generation of the configuration that is kept.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct GenerationRow {
    /// Its number.
    pub number: u64,
    /// When it was written.
    pub at: Timestamp,
    /// The files that differ from the one before, where that is kept.
    pub changed: Option<Vec<String>>,
    /// The files that somebody changed by hand since.
    pub edited: Vec<String>,
}

/// The page of nginx.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct NginxView {
    /// Its version, where it could be asked.
    pub version: Option<String>,
    /// Modules that it was built with or that can be loaded, by their short names.
    pub modules: Vec<String>,
    /// The generation that should answer.
    pub current: Option<u64>,
    /// The one that does.
    pub answering: Option<u64>,
    /// The files of the current one, as they are.
    pub files: Vec<NginxFile>,
    /// The generations that are kept, newest first.
    pub history: Vec<GenerationRow>,
    /// How the current files differ from what Homeport wrote.
    pub edits: Vec<FileDiff>,
    /// Apps whose change nginx refused.
    pub refusals: Vec<Refusal>,
}
