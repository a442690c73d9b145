//! What an app needs of its host beside a processor and memory: storage, ports, and what the typed
//! settings lack.
//!
//! Each need is a value from an allow-list; what is not in it cannot be said. The dangerous ones
//! carry a sentence that says what they mean, and are the owner's alone (security.md, C-12).

mod form;
mod mount;
mod option;
mod port_map;
mod published;
mod source_range;
mod view;

pub use form::NeedForm;
pub use mount::{HostFolder, Mount, MountPoint, Owner, Storage, VolumeName};
pub use option::{Capability, Device, DockerOption, HostAlias, HostTarget, Sysctl, Tmpfs, UlimitName};
pub use port_map::{PortMap, PortScheme};
pub use published::{Protocol, Published};
pub use source_range::SourceRange;
pub use view::{NeedsView, VolumeRow};

use serde::{Deserialize, Serialize};

use crate::{deploy::container::ProcessName, problem::Problem};

/// The most needs of one kind that an app has.
pub const MOST: usize = 32;

/// Everything that an app needs of its host.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct HostNeeds {
    /// Volumes and host folders, and where the app sees them.
    pub mounts: Vec<Mount>,
    /// Ports of nginx that lead to other ports of the app than its first.
    pub ports: Vec<PortMap>,
    /// Ports of this host that lead to the app without nginx.
    pub published: Vec<Published>,
    /// What the typed settings lack.
    pub options: Vec<DockerOption>,
}

impl HostNeeds {
    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// Whether a process has ports of this host to itself. Two containers cannot hold one port, so
    /// such a process has a scale of at most 1 and is switched by stopping the old one first.
    #[must_use]
    pub fn publishes(&self, process: &ProcessName) -> bool {
        self.published.iter().any(|published| published.process == *process)
    }

    /// The volumes, each name once.
    #[must_use]
    pub fn volumes(&self) -> Vec<(&VolumeName, Owner)> {
        let mut volumes: Vec<(&VolumeName, Owner)> = Vec::new();
        for mount in &self.mounts {
            if let Storage::Volume { name } = &mount.from
                && !volumes.iter().any(|(other, _)| *other == name)
            {
                volumes.push((name, mount.owner));
            }
        }
        volumes
    }

    /// What is dangerous here, each with what it means, in the words that the page shows.
    #[must_use]
    pub fn dangers(&self) -> Vec<(String, String)> {
        let mounts = self.mounts.iter().filter_map(|mount| Some((mount.to_string(), mount.danger()?)));
        let options = self.options.iter().filter_map(|option| Some((option.to_string(), option.danger()?.to_owned())));
        mounts.chain(options).collect()
    }

    /// Whether `self` has a danger that `before` had not.
    #[must_use]
    pub fn is_more_dangerous_than(&self, before: &Self) -> bool {
        let known = before.dangers();
        self.dangers().iter().any(|danger| !known.contains(danger))
    }

    /// Holds the needs against one another.
    ///
    /// # Errors
    /// A sentence with its field, when two of them exclude each other.
    pub fn check(&self) -> Result<(), Problem> {
        let counts = [
            ("to", self.mounts.len()),
            ("port", self.ports.len()),
            ("published", self.published.len()),
            ("options", self.options.len()),
        ];
        if let Some((field, _)) = counts.iter().find(|(_, count)| *count > MOST) {
            return Err(Problem::invalid(*field, format!("An app has at most {MOST} of these.")));
        }
        for (index, mount) in self.mounts.iter().enumerate() {
            let before = &self.mounts[..index];
            if before.iter().any(|other| other.to == mount.to && other.shares_process(mount)) {
                let title = format!("Something is mounted at {} already.", mount.to);
                return Err(Problem::invalid("to", title).hint("Remove that one first, or take another path."));
            }
            let same =
                before.iter().find(|other| matches!(mount.from, Storage::Volume { .. }) && other.from == mount.from);
            if same.is_some_and(|other| other.owner != mount.owner) {
                return Err(Problem::invalid("owner", "A volume has one owner, wherever it is mounted."));
            }
        }
        for (index, port) in self.ports.iter().enumerate() {
            if self.ports[..index].iter().any(|other| other.host == port.host) {
                return Err(Problem::invalid("port", format!("Port {} leads somewhere already.", port.host)));
            }
        }
        for (index, published) in self.published.iter().enumerate() {
            if self.published[..index].iter().any(|other| other.clashes(published)) {
                let title = format!("{} is published already.", published.host_side());
                return Err(Problem::invalid("published", title));
            }
        }
        for (index, option) in self.options.iter().enumerate() {
            let key = option.key();
            if self.options[..index].iter().any(|other| other.key() == key) {
                return Err(Problem::invalid("options", format!("{key} is there already."))
                    .hint("Remove that one first; an option has one value."));
            }
            if let DockerOption::Tmpfs(tmpfs) = option
                && self.mounts.iter().any(|mount| mount.to == tmpfs.to)
            {
                return Err(Problem::invalid("options", format!("Something is mounted at {} already.", tmpfs.to)));
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests;
