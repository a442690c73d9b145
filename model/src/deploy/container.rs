//! Containers as values: what to run, what to call it, how to find it again, and what it may
//! never be allowed to do.
//!
//! The engine is told exactly this, and what the engine made of it is held against [`check`]
//! before the container starts (security.md, C-12).

use std::{collections::BTreeMap, net::Ipv4Addr};

mod grants;
mod policy;
mod sidecar;

pub use grants::{BoundMount, Grants, MountSource};
pub use policy::{Allowed, Breach, Granted, check};
pub use sidecar::{LABEL_SIDECAR, LABEL_SPEC, SidecarSpec};

use crate::{
    app::VolumeName,
    build::{RestartPolicy, StopGrace, StopSignal},
    prelude::*,
};

crate::name::parsed!(
    /// What keeps two panels on one host apart: part of every name that Homeport gives to an
    /// engine. `[a-z0-9-]`, at most 24 characters, a letter first, a letter or digit last.
    Namespace,
    |text| {
        if text.is_empty() || text.len() > 24 {
            return Err("A namespace has 1 to 24 characters.");
        }
        if !text.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-') {
            return Err("A namespace has only lower-case letters, digits and hyphens.");
        }
        if !text.starts_with(|c: char| c.is_ascii_lowercase()) || text.ends_with('-') {
            return Err("A namespace begins with a letter and does not end with a hyphen.");
        }
        Ok(())
    }
);

crate::name::parsed!(
    /// A process type of an app, like `web` or `worker`: a DNS label (RFC 1123), at most 63
    /// characters.
    ProcessName,
    |text| {
        let plain = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-';
        if text.len() > 63 {
            return Err("A process has a name of at most 63 characters.");
        }
        if text.is_empty() || !text.bytes().all(plain) || text.starts_with('-') || text.ends_with('-') {
            return Err("A process has a name of lower-case letters, digits and hyphens.");
        }
        Ok(())
    }
);

impl ProcessName {
    /// The process that nginx talks to.
    #[must_use]
    pub fn web() -> Self {
        Self("web".into())
    }
}

crate::name::parsed!(
    /// A container's id as the engine gives it: 12 to 64 hexadecimal digits, fit for an address.
    ContainerId,
    |text| {
        let hex = |b: u8| b.is_ascii_digit() || (b'a'..=b'f').contains(&b);
        if (12..=64).contains(&text.len()) && text.bytes().all(hex) { Ok(()) } else { Err("That is not a container's id.") }
    }
);

crate::name::parsed!(
    /// An image's id: `sha256:` and 64 hexadecimal digits. It names one content for ever.
    ImageId,
    |text| {
        let hex = |b: u8| b.is_ascii_digit() || (b'a'..=b'f').contains(&b);
        match text.strip_prefix("sha256:") {
            Some(digits) if digits.len() == 64 && digits.bytes().all(hex) => Ok(()),
            _ => Err("That is not an image's id."),
        }
    }
);

/// Label: the panel that made it.
pub const LABEL_NAMESPACE: &str = "homeport.namespace";
/// Label: the app's id.
pub const LABEL_APP: &str = "homeport.app";
/// Label: the release's id.
pub const LABEL_RELEASE: &str = "homeport.release";
/// Label: the process type.
pub const LABEL_PROCESS: &str = "homeport.process";
/// Label: the volume's name among those of its app.
pub const LABEL_VOLUME: &str = "homeport.volume";
/// Label: the app's name. A volume outlives its app, and is found again by it.
pub const LABEL_APP_NAME: &str = "homeport.app-name";
/// Label: the job that made it.
pub const LABEL_JOB: &str = "homeport.job";

/// The engine's name of an app's volume, `<namespace>-<app>.<volume>`. An app's name has no dot, so
/// no two apps' volumes have one name.
#[must_use]
pub fn volume_name(namespace: &Namespace, app: &AppName, volume: &VolumeName) -> String {
    format!("{namespace}-{app}.{volume}")
}

/// The engine's name of the volume that keeps what an app's builds leave for the next one. It is
/// called by the app's id and goes with the app: nobody mounts it elsewhere.
#[must_use]
pub fn cache_name(namespace: &Namespace, app: &AppId) -> String {
    format!("{namespace}-{app}-cache")
}

/// What a container may use.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Limits {
    /// Memory, in bytes; swap counts into it.
    pub memory_bytes: u64,
    /// Processor time, in thousandths of a core; `None` is all there is.
    pub cpu_millis: Option<u32>,
    /// Processes and threads.
    pub pids: u32,
}

impl Default for Limits {
    fn default() -> Self {
        Self { memory_bytes: 512 << 20, cpu_millis: None, pids: 1024 }
    }
}

/// One container to run.
#[derive(Clone)]
pub struct ContainerSpec {
    /// The app it belongs to.
    pub app: AppId,
    /// The app's name, for people who look at the engine.
    pub app_name: AppName,
    /// The release that it runs.
    pub release: ReleaseId,
    /// The release's number.
    pub release_number: u32,
    /// The process type.
    pub process: ProcessName,
    /// Which one of its kind, from 1.
    pub index: u32,
    /// The job that asks for it.
    pub job: JobId,
    /// The image, by id.
    pub image: ImageId,
    /// The environment; `PORT` is set to [`port`](Self::port) whatever stands here.
    pub env: Vec<(EnvKey, Secret<String>)>,
    /// The port that the process is to listen on.
    pub port: Port,
    /// What starts the command, in place of the image's own.
    pub entrypoint: Option<String>,
    /// What to run in place of the image's own command, word by word.
    pub command: Option<Vec<String>>,
    /// Who runs it, user and group, in place of the image's own.
    pub user: Option<(u32, u32)>,
    /// What it may use.
    pub limits: Limits,
    /// What of the host it is given: mounts, ports, options.
    pub grants: Grants,
    /// What happens when it ends by itself.
    pub restart: RestartPolicy,
    /// What asks it to end.
    pub stop_signal: StopSignal,
    /// How long it has then.
    pub stop_grace: StopGrace,
}

impl ContainerSpec {
    /// The container's name, `<namespace>-<app>-r<number>-<process>-<index>`.
    #[must_use]
    pub fn name(&self, namespace: &Namespace) -> String {
        let Self { app_name, release_number, process, index, .. } = self;
        format!("{namespace}-{app_name}-r{release_number}-{process}-{index}")
    }

    /// The labels by which it is found again.
    #[must_use]
    pub fn labels(&self, namespace: &Namespace) -> BTreeMap<String, String> {
        [
            (LABEL_NAMESPACE, namespace.as_str()),
            (LABEL_APP, self.app.as_str()),
            (LABEL_RELEASE, self.release.as_str()),
            (LABEL_PROCESS, self.process.as_str()),
            (LABEL_JOB, self.job.as_str()),
        ]
        .map(|(key, value)| (key.to_owned(), value.to_owned()))
        .into()
    }

    /// The environment as `KEY=value`, `PORT` last so that it wins.
    #[must_use]
    pub fn env_lines(&self) -> Vec<String> {
        let own = self.env.iter().filter(|(key, _)| key.as_str() != "PORT");
        let mut lines: Vec<String> = own.map(|(key, value)| format!("{key}={}", value.expose())).collect();
        lines.push(format!("PORT={}", self.port));
        lines
    }
}

/// The bridge that a panel's containers are on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Network {
    /// The network's name.
    pub name: String,
    /// The bridge's device name on the host.
    pub bridge: super::address::BridgeName,
    /// The subnet, like `172.18.0.0/16`.
    pub subnet: String,
    /// The host's own address on the bridge.
    pub gateway: Option<Ipv4Addr>,
}

/// The network's name of a namespace.
#[must_use]
pub fn network_name(namespace: &Namespace) -> String {
    format!("homeport-{namespace}")
}

/// The tag of the image that a release's build makes.
#[must_use]
pub fn image_tag(namespace: &Namespace, app: &AppName, release_number: u32) -> String {
    format!("homeport-{namespace}/{app}:r{release_number}")
}

#[cfg(test)]
mod tests;
