//! An app: something of yours that runs. A source, an environment, a health check.

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
    MountPoint, NeedForm, NeedsView, Owner, PortMap, PortScheme, Protocol, Published, SourceRange, Storage, Sysctl,
    Tmpfs, UlimitName, VolumeName, VolumeRow,
};
pub use process_form::ProcessForm;
pub use processes::ProcessSettings;
pub use source::{Builder, Files, Origin, Source, SourceKind, WatchPath};
pub use view::{AppDetail, AppRow, AppState, Hop, HopKind, HopState, ProcessRow};

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::{
    deploy::container::ProcessName,
    name::{AppName, Port, UrlPath},
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
    /// The port it listens on; without one, as [`port_for`](Self::port_for) says.
    pub port: Option<Port>,
    /// How it proves itself.
    pub health: Health,
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
    /// The port that `web` listens on and that nginx leads to: the one that a person set, else the
    /// only one of `tcp`, which are those that its image exposes, else [`DEFAULT_PORT`]. None where
    /// the image exposes UDP ports and nothing else, as those of many game servers and VPNs do:
    /// nobody answers on TCP there.
    #[must_use]
    pub fn port_for(&self, tcp: &[Port], exposes_udp: bool) -> Option<Port> {
        let expects_http = self.health != Health::Port || !self.needs.ports.is_empty();
        match (self.port, tcp) {
            (Some(port), _) => Some(port),
            (None, [only]) => Some(*only),
            (None, []) if exposes_udp && !expects_http => None,
            (None, _) => Port::try_from(DEFAULT_PORT).ok(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_app_listens_where_somebody_says_and_else_where_its_image_says() {
        let port = |number: u16| Port::try_from(number).expect("a port");
        let form = |typed: &str, path: &str| AppForm {
            name: "game".into(),
            kind: "image".into(),
            image: "game:1".into(),
            port: typed.into(),
            health_path: path.into(),
            ..AppForm::default()
        };
        let usual = Some(port(DEFAULT_PORT));
        type Case<'a> = (&'a str, &'a str, &'a [u16], bool, Option<Port>);
        let cases: [Case<'_>; 7] = [
            ("", "", &[], false, usual),
            ("", "", &[80], true, Some(port(80))),
            ("", "", &[80, 443], false, usual),
            ("8000", "", &[80], false, Some(port(8000))),
            ("", "", &[], true, None),
            ("8000", "", &[], true, Some(port(8000))),
            ("", "/up", &[], true, usual),
        ];
        for (typed, path, tcp, exposes_udp, expected) in cases {
            let spec = form(typed, path).parse().expect("a form");
            let tcp: Vec<Port> = tcp.iter().map(|number| port(*number)).collect();
            assert_eq!(spec.port_for(&tcp, exposes_udp), expected, "{typed} {path} {tcp:?} {exposes_udp}");
        }
    }
}
