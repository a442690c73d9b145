//! Containers of the panel's own, beside those of apps: each serves the whole panel, is on the host's
//! network, and is found by its name.

use std::collections::BTreeMap;

use super::{Grants, ImageId, LABEL_NAMESPACE, Limits, Namespace};
use crate::{app::DockerOption, secret::Secret};

/// Label: which of the panel's own containers it is.
pub const LABEL_SIDECAR: &str = "homeport.sidecar";
/// Label: a digest of all that it was made from, so that one that was made from something else is replaced.
pub const LABEL_SPEC: &str = "homeport.spec";

/// One of the panel's own containers. It has no mounts and no published ports.
#[derive(Clone)]
pub struct SidecarSpec {
    /// What it is called among them.
    pub name: &'static str,
    /// The image, by id.
    pub image: ImageId,
    /// The environment.
    pub env: Vec<(String, Secret<String>)>,
    /// The words after the image's entrypoint.
    pub command: Vec<String>,
    /// Who runs it, user and group.
    pub user: (u32, u32),
    /// What it may use.
    pub limits: Limits,
    /// What it is denied.
    pub options: Vec<DockerOption>,
}

impl SidecarSpec {
    /// The engine's name of it. No app's container has one like it: theirs name a release.
    #[must_use]
    pub fn container_name(namespace: &Namespace, name: &str) -> String {
        format!("{namespace}-{name}")
    }

    /// The labels by which it is found again.
    #[must_use]
    pub fn labels(&self, namespace: &Namespace, digest: &str) -> BTreeMap<String, String> {
        [(LABEL_NAMESPACE, namespace.as_str()), (LABEL_SIDECAR, self.name), (LABEL_SPEC, digest)]
            .map(|(key, value)| (key.to_owned(), value.to_owned()))
            .into()
    }

    /// The environment as `KEY=value`.
    #[must_use]
    pub fn env_lines(&self) -> Vec<String> {
        self.env.iter().map(|(key, value)| format!("{key}={}", value.expose())).collect()
    }

    /// What it is given of the host: nothing but its options.
    #[must_use]
    pub fn grants(&self) -> Grants {
        Grants { options: self.options.clone(), ..Grants::default() }
    }

    /// All that it is made from, to take a digest of. The secrets are in it.
    #[must_use]
    pub fn essence(&self) -> Secret<String> {
        let Self { name, image, env: _, command, user: (user, group), limits, options } = self;
        let options: Vec<String> = options.iter().map(ToString::to_string).collect();
        let env = self.env_lines();
        Secret::new(format!("{name:?} {image} {env:?} {command:?} {user}:{group} {limits:?} {options:?}"))
    }
}
