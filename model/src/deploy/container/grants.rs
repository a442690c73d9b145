//! What of the host one container is given: an app's needs, narrowed to one process and with every
//! path as it is behind its links.

use std::fmt;

use super::{Namespace, ProcessName, volume_name};
use crate::{
    app::{DockerOption, HostFolder, HostNeeds, Mount, MountPoint, Owner, Published, Storage},
    name::AppName,
};

/// What is mounted, in the engine's words.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum MountSource {
    /// A volume, by its name in the engine.
    Volume {
        /// The name.
        name: String,
        /// Whether an empty one is filled with what the image has there. One that was given to an
        /// owner is not: filling it would give it back to the image's.
        is_filled: bool,
    },
    /// A folder or file of the host, behind its links.
    Folder(HostFolder),
}

/// A mount of one container.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BoundMount {
    /// What.
    pub from: MountSource,
    /// Where.
    pub to: MountPoint,
    /// Whether it may only be read.
    pub read_only: bool,
}

impl fmt::Display for BoundMount {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let from = match &self.from {
            MountSource::Volume { name, .. } => name.as_str(),
            MountSource::Folder(path) => path.as_str(),
        };
        write!(f, "{from}:{}:{}", self.to, if self.read_only { "ro" } else { "rw" })
    }
}

/// All that one container is given.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Grants {
    /// Its mounts.
    pub mounts: Vec<BoundMount>,
    /// Its published ports.
    pub published: Vec<Published>,
    /// Its options.
    pub options: Vec<DockerOption>,
}

impl Grants {
    /// The grants of one process of an app. `behind_links` says what a host's path is behind its
    /// links.
    ///
    /// # Errors
    /// What `behind_links` says of a path that may not be given.
    pub fn of<E>(
        needs: &HostNeeds,
        process: &ProcessName,
        namespace: &Namespace,
        app: &AppName,
        behind_links: impl Fn(&Mount, &HostFolder) -> Result<HostFolder, E>,
    ) -> Result<Self, E> {
        let bound = |mount: &Mount| {
            let from = match &mount.from {
                Storage::Volume { name } => MountSource::Volume {
                    name: volume_name(namespace, app, name),
                    is_filled: mount.owner == Owner::Image,
                },
                Storage::Folder { path } => MountSource::Folder(behind_links(mount, path)?),
            };
            Ok(BoundMount { from, to: mount.to.clone(), read_only: mount.read_only })
        };
        Ok(Self {
            mounts: needs.mounts.iter().filter(|mount| mount.is_for(process)).map(bound).collect::<Result<_, E>>()?,
            published: needs.published.iter().filter(|published| published.process == *process).cloned().collect(),
            options: needs.options.clone(),
        })
    }

    /// A process that runs beside the ones that serve, a one-off or a task: it has the mounts and
    /// options and leaves the ports alone.
    #[must_use]
    pub fn without_ports(self) -> Self {
        Self { published: Vec::new(), ..self }
    }
}
