//! An app: something of yours that runs. A source, an environment, host names, a health check.

pub mod build;
pub mod env;
mod form;
mod needs;
mod process_form;
mod processes;
mod source;
mod view;

pub use build::{BuildArgument, BuildForm, BuildSettings, StageName};
pub use env::{EnvChange, EnvRow, EnvVar};
pub use form::AppForm;
pub use needs::{
    Capability, Device, DockerOption, HostAlias, HostFolder, HostNeeds, HostTarget, MOST as MOST_NEEDS, Mount,
    MountPoint, NeedForm, NeedsView, Owner, PortMap, PortScheme, Protocol, Published, Storage, Sysctl, Tmpfs,
    UlimitName, VolumeName, VolumeRow,
};
pub use process_form::ProcessForm;
pub use processes::ProcessSettings;
pub use source::{Builder, Files, Origin, Source, SourceKind, WatchPath};
pub use view::{AppDetail, AppRow, AppState, Hop, HopKind, HopState, ProcessRow};

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::{
    deploy::container::ProcessName,
    name::{AppName, HostName, Port, UrlPath},
};

/// The port an app is told to listen on when nothing else says so.
pub const DEFAULT_PORT: u16 = 5_000;

/// How a new container proves itself before it gets traffic.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Health {
    /// The port accepts connections and the container stays up.
    #[default]
    Port,
    /// A path answers with 2xx.
    Http {
        /// What to ask for.
        path: UrlPath,
    },
}

/// What a person decides about an app; the rest follows.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AppSpec {
    /// Its name.
    pub name: AppName,
    /// Where it comes from.
    pub source: Source,
    /// The port it listens on; without one, the image's only exposed port, else [`DEFAULT_PORT`].
    pub port: Option<Port>,
    /// How it proves itself.
    pub health: Health,
    /// Host names beside the first one, which is made of the name and the global domain.
    pub host_names: Vec<HostName>,
    /// What it needs of the host: storage, ports, options.
    #[serde(default)]
    pub needs: HostNeeds,
    /// What a person set for its processes.
    #[serde(default)]
    pub processes: BTreeMap<ProcessName, ProcessSettings>,
    /// How its builds are done and what they may use.
    #[serde(default)]
    pub build: BuildSettings,
}

impl AppSpec {
    /// The host names that lead to this app: `<name>.<apps domain>` first, then the added ones.
    #[must_use]
    pub fn all_host_names(&self, apps_domain: &HostName) -> Vec<HostName> {
        let own = format!("{}.{apps_domain}", self.name).parse();
        own.into_iter().chain(self.host_names.iter().cloned()).collect()
    }
}
