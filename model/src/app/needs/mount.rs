//! Volumes and host folders, and where an app sees them.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::{deploy::container::ProcessName, name::Refused};

crate::name::parsed!(
    /// A volume's name among those of its app: `[a-z0-9-]`, at most 32 characters, a letter or
    /// digit at both ends.
    VolumeName,
    |text| {
        let plain = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-';
        if text.is_empty() || text.len() > 32 {
            return Err("A volume has a name of 1 to 32 characters.");
        }
        if !text.bytes().all(plain) || text.starts_with('-') || text.ends_with('-') {
            return Err("A volume has a name of lower-case letters, digits and hyphens.");
        }
        Ok(())
    }
);

crate::name::parsed!(
    /// A folder or file of the host that an app may be given: absolute, clean, and neither part of
    /// the system nor above it. What stands behind links is parsed again when a container is made.
    HostFolder,
    |text| {
        clean(text)?;
        let allowed = READ_ONLY.iter().any(|system| is_at_or_below(text, system));
        if text.split('/').any(|part| matches!(part, ".ssh" | ".gnupg")) {
            return Err("Keys of this server's people are not given to an app.");
        }
        if !allowed && FORBIDDEN.iter().any(|system| overlaps(text, system)) {
            return Err("This path is part of the server itself, or above a part of it; an app that has it owns the server.");
        }
        Ok(())
    }
);

crate::name::parsed!(
    /// Where a container sees a mount: absolute, clean, not the root and not a folder of the kernel's.
    MountPoint,
    |text| {
        clean(text)?;
        if ["/proc", "/sys", "/dev"].iter().any(|kernel| is_at_or_below(text, kernel)) {
            return Err("The kernel's own folders (/proc, /sys, /dev) take no mount.");
        }
        Ok(())
    }
);

/// Trees of the host that make whoever writes or reads them its owner.
const FORBIDDEN: [&str; 20] = [
    "/bin",
    "/boot",
    "/dev",
    "/etc",
    "/lib",
    "/lib32",
    "/lib64",
    "/libx32",
    "/proc",
    "/root",
    "/run",
    "/sbin",
    "/sys",
    "/usr",
    "/var/lib/containerd",
    "/var/lib/docker",
    "/var/lib/dpkg",
    "/var/lib/systemd",
    "/var/run",
    "/var/spool",
];

/// Parts of the system that an app may read.
const READ_ONLY: [&str; 6] =
    ["/etc/localtime", "/etc/timezone", "/lib/modules", "/usr/lib/modules", "/usr/share/zoneinfo", "/usr/src"];

fn clean(text: &str) -> Result<(), &'static str> {
    if !text.starts_with('/') {
        return Err("A path begins with a slash.");
    }
    if text == "/" {
        return Err("The whole file system cannot be mounted.");
    }
    if text.len() > 200 {
        return Err("A path has at most 200 characters.");
    }
    // A colon and a comma separate fields in the engine's own spellings.
    if !text.bytes().all(|b| b.is_ascii_alphanumeric() || b"-_.+@/ ".contains(&b)) || text.ends_with(' ') {
        return Err("A path has only letters, digits, spaces and - _ . + @ between its slashes.");
    }
    if text[1..].split('/').any(|part| matches!(part, "" | "." | "..")) {
        return Err("A path has no empty parts, no slash at its end, and does not climb.");
    }
    Ok(())
}

fn is_at_or_below(path: &str, tree: &str) -> bool {
    path.strip_prefix(tree).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

/// Whether one of two paths is the other or above it.
fn overlaps(one: &str, other: &str) -> bool {
    is_at_or_below(one, other) || is_at_or_below(other, one)
}

impl HostFolder {
    /// Whether it is part of the system, where an app may read and nothing else.
    #[must_use]
    pub fn is_read_only(&self) -> bool {
        READ_ONLY.iter().any(|system| is_at_or_below(&self.0, system))
    }

    /// Whether it is none of `kept`, nor above or below one of them.
    #[must_use]
    pub fn is_clear_of(&self, kept: &[String]) -> bool {
        !kept.iter().any(|kept| overlaps(&self.0, kept))
    }
}

/// Whose a new volume or folder is. One that is there already is never given to somebody else.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub enum Owner {
    /// As the image has the folder.
    #[default]
    Image,
    /// A user and a group, by number.
    Ids {
        /// The user.
        user: u32,
        /// The group.
        group: u32,
    },
}

impl std::str::FromStr for Owner {
    type Err = Refused;
    fn from_str(text: &str) -> Result<Self, Refused> {
        let both = |id| Ok(Self::Ids { user: id, group: id });
        match text {
            "" | "image" | "false" => return Ok(Self::Image),
            "root" => return both(0),
            "heroku" => return both(1_000),
            "paketo" => return both(2_000),
            "herokuish" => return both(32_767),
            _ => {}
        }
        let (user, group) = text.split_once(':').unwrap_or((text, text));
        // The highest number means "unchanged" to the kernel.
        let id = |text: &str| {
            let digits = !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
            text.parse::<u32>().ok().filter(|id| digits && *id < u32::MAX)
        };
        match (id(user), id(group)) {
            (Some(user), Some(group)) => Ok(Self::Ids { user, group }),
            _ => Err(Refused(
                "An owner is root, heroku, paketo, herokuish, or a user's and a group's number, as in 1000:1000.",
            )),
        }
    }
}

impl TryFrom<String> for Owner {
    type Error = Refused;
    fn try_from(text: String) -> Result<Self, Refused> {
        text.parse()
    }
}

impl From<Owner> for String {
    fn from(owner: Owner) -> Self {
        owner.to_string()
    }
}

impl fmt::Display for Owner {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Image => f.write_str("image"),
            Self::Ids { user, group } => write!(f, "{user}:{group}"),
        }
    }
}

/// What is mounted.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Storage {
    /// A volume of the app, made when it is first needed. It outlives releases.
    Volume {
        /// Its name.
        name: VolumeName,
    },
    /// A folder or file of the host.
    Folder {
        /// Its path.
        path: HostFolder,
    },
}

/// A volume or host folder, and where the app sees it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Mount {
    /// What is mounted.
    pub from: Storage,
    /// Where.
    pub to: MountPoint,
    /// Whether the app may only read it.
    #[serde(default)]
    pub read_only: bool,
    /// The process that has it; all of them without one.
    #[serde(default)]
    pub process: Option<ProcessName>,
    /// Whose it is when Homeport makes it.
    #[serde(default)]
    pub owner: Owner,
}

impl Mount {
    /// Whether `process` has it.
    #[must_use]
    pub fn is_for(&self, process: &ProcessName) -> bool {
        self.process.as_ref().is_none_or(|own| own == process)
    }

    pub(super) fn shares_process(&self, other: &Self) -> bool {
        match (&self.process, &other.process) {
            (Some(one), Some(other)) => one == other,
            _ => true,
        }
    }

    /// What it means to give it to the app, where that is dangerous.
    #[must_use]
    pub fn danger(&self) -> Option<String> {
        let Storage::Folder { path } = &self.from else { return None };
        Some(if self.read_only {
            format!("The app may read everything in {path} on this server.")
        } else {
            format!("The app may read, change and delete everything in {path} on this server.")
        })
    }
}

impl fmt::Display for Mount {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.from {
            Storage::Volume { name } => write!(f, "{name}:{}", self.to)?,
            Storage::Folder { path } => write!(f, "{path}:{}", self.to)?,
        }
        if self.read_only { f.write_str(":ro") } else { Ok(()) }
    }
}
