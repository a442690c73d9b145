//! What the typed settings lack, in the engine's own spelling, from an allow-list.

mod capability;
mod device;
mod elsewhere;
mod sysctl;
mod tmpfs;

pub use capability::Capability;
pub use device::Device;
pub use sysctl::Sysctl;
pub use tmpfs::Tmpfs;

use std::{fmt, net::IpAddr, str::FromStr};

use serde::{Deserialize, Serialize};

use crate::name::Refused;

crate::name::parsed!(
    /// A host name as a container's own table of names takes it, with or without a dot.
    HostAlias,
    |text| {
        let label = |label: &str| {
            let plain = |b: u8| b.is_ascii_alphanumeric() || b == b'-' || b == b'_';
            (1..=63).contains(&label.len()) && label.bytes().all(plain) && !label.starts_with('-') && !label.ends_with('-')
        };
        if text.len() <= 253 && text.split('.').all(label) { Ok(()) } else { Err("That is not a host name.") }
    }
);

crate::name::parsed!(
    /// A limit of the kernel's for one process.
    UlimitName,
    |text| {
        const KNOWN: [&str; 15] = [
            "core", "cpu", "data", "fsize", "locks", "memlock", "msgqueue", "nice", "nofile", "nproc", "rss", "rtprio",
            "rttime", "sigpending", "stack",
        ];
        if KNOWN.contains(&text) { Ok(()) } else { Err("There is no limit of that name; nofile is the number of open files.") }
    }
);

/// Where an extra host name leads.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum HostTarget {
    /// An address.
    Address(IpAddr),
    /// This server itself, on the containers' bridge.
    Gateway,
}

/// One option of `docker run`, with its value.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub enum DockerOption {
    /// `--cap-add`.
    CapAdd(Capability),
    /// `--cap-drop`; without one, all of them.
    CapDrop(Option<Capability>),
    /// `--device`.
    Device(Device),
    /// `--sysctl`.
    Sysctl(Sysctl),
    /// `--shm-size`, in bytes.
    ShmSize(u64),
    /// `--ulimit`; -1 is no limit.
    Ulimit {
        /// Which.
        name: UlimitName,
        /// Where it is at first.
        soft: i64,
        /// How far the app may raise it.
        hard: i64,
    },
    /// `--init`: whether an init process reaps the app's children, which is so unless said otherwise.
    Init(bool),
    /// `--tmpfs`.
    Tmpfs(Tmpfs),
    /// `--add-host`.
    AddHost {
        /// The name.
        name: HostAlias,
        /// Where it leads.
        to: HostTarget,
    },
    /// `--dns`.
    Dns(IpAddr),
    /// `--read-only`: the image's files cannot be changed.
    ReadOnly,
}

/// The most of shared memory, in bytes; it counts into the container's memory.
const MOST_SHM_BYTES: u64 = 64 << 30;

impl DockerOption {
    /// What it means, where that is dangerous.
    #[must_use]
    pub fn danger(&self) -> Option<&'static str> {
        match self {
            Self::CapAdd(capability) => capability.danger(),
            Self::Device(device) => Some(device.danger()),
            Self::Sysctl(sysctl) => Some(sysctl.danger()),
            Self::AddHost { to: HostTarget::Gateway, .. } => {
                Some("Reaches services of this server that listen on the containers' bridge, past the firewall.")
            }
            _ => None,
        }
    }

    /// What there can be only one of: the option with that part of its value that names something.
    #[must_use]
    pub fn key(&self) -> String {
        match self {
            Self::CapAdd(_) | Self::CapDrop(_) | Self::Dns(_) => self.to_string(),
            Self::Device(device) => format!("--device to {}", device.to()),
            Self::Sysctl(sysctl) => format!("--sysctl {}", sysctl.key()),
            Self::ShmSize(_) => "--shm-size".into(),
            Self::Ulimit { name, .. } => format!("--ulimit {name}"),
            Self::Init(_) => "--init".into(),
            Self::Tmpfs(tmpfs) => format!("--tmpfs {}", tmpfs.to),
            Self::AddHost { name, .. } => format!("--add-host {name}"),
            Self::ReadOnly => "--read-only".into(),
        }
    }

    /// Splits what was pasted into options: one a line, or several with their dashes.
    #[must_use]
    pub fn split(text: &str) -> Vec<String> {
        let mut options: Vec<String> = Vec::new();
        for line in text.lines() {
            let mut begins = true;
            for word in line.split_whitespace().filter(|word| *word != "\\") {
                match options.last_mut() {
                    Some(last) if !begins && !word.starts_with('-') => {
                        last.push(' ');
                        last.push_str(word);
                    }
                    _ => options.push(word.to_owned()),
                }
                begins = false;
            }
        }
        options
    }
}

impl fmt::Display for DockerOption {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::CapAdd(capability) => write!(f, "--cap-add={}", capability.as_str()),
            Self::CapDrop(None) => f.write_str("--cap-drop=ALL"),
            Self::CapDrop(Some(capability)) => write!(f, "--cap-drop={}", capability.as_str()),
            Self::Device(device) => write!(f, "--device={device}"),
            Self::Sysctl(sysctl) => write!(f, "--sysctl={sysctl}"),
            Self::ShmSize(bytes) => write!(f, "--shm-size={}", Size(*bytes)),
            Self::Ulimit { name, soft, hard } => write!(f, "--ulimit={name}={soft}:{hard}"),
            Self::Init(on) => write!(f, "--init={on}"),
            Self::Tmpfs(tmpfs) => write!(f, "--tmpfs={tmpfs}"),
            Self::AddHost { name, to: HostTarget::Address(address) } => write!(f, "--add-host={name}:{address}"),
            Self::AddHost { name, to: HostTarget::Gateway } => write!(f, "--add-host={name}:host-gateway"),
            Self::Dns(address) => write!(f, "--dns={address}"),
            Self::ReadOnly => f.write_str("--read-only"),
        }
    }
}

impl FromStr for DockerOption {
    type Err = Refused;
    /// Reads `--cap-add NET_ADMIN` and `--cap-add=NET_ADMIN`, with or without quotes around the value.
    fn from_str(text: &str) -> Result<Self, Refused> {
        let text = text.trim();
        let (name, value) = match text.find(['=', ' ']) {
            Some(at) => (&text[..at], unquoted(text[at + 1..].trim())),
            None => (text, ""),
        };
        if !name.starts_with("--") {
            return Err(elsewhere::short(name));
        }
        if value.is_empty() && !matches!(name, "--init" | "--read-only") {
            return Err(
                elsewhere::refusal(name).unwrap_or(Refused("This option wants a value, as in --cap-add=NET_ADMIN."))
            );
        }
        match name {
            "--cap-add" if is_all(value) => Err(Refused(
                "All capabilities at once are full control of the server; name the ones that the app needs.",
            )),
            "--cap-add" => value.parse().map(Self::CapAdd),
            "--cap-drop" if is_all(value) => Ok(Self::CapDrop(None)),
            "--cap-drop" => value.parse().map(Some).map(Self::CapDrop),
            "--device" => value.parse().map(Self::Device),
            "--sysctl" => value.parse().map(Self::Sysctl),
            "--shm-size" => match parse_size(value) {
                Some(bytes @ 1..=MOST_SHM_BYTES) => Ok(Self::ShmSize(bytes)),
                _ => Err(Refused("Shared memory is a size like 256m, at most 64g.")),
            },
            "--ulimit" => ulimit(value),
            "--init" => Ok(Self::Init(flag(value)?)),
            "--tmpfs" => value.parse().map(Self::Tmpfs),
            "--add-host" => add_host(value),
            "--dns" => value.parse().map(Self::Dns).map_err(|_| Refused("A name server is given by its address.")),
            "--read-only" if flag(value)? => Ok(Self::ReadOnly),
            "--read-only" => Err(Refused("The image's files can be changed unless --read-only is there.")),
            name => Err(elsewhere::refusal(name).unwrap_or(Refused("This option is not one that Homeport knows."))),
        }
    }
}

impl TryFrom<String> for DockerOption {
    type Error = Refused;
    fn try_from(text: String) -> Result<Self, Refused> {
        text.parse()
    }
}

impl From<DockerOption> for String {
    fn from(option: DockerOption) -> Self {
        option.to_string()
    }
}

fn is_all(value: &str) -> bool {
    value.eq_ignore_ascii_case("ALL")
}

fn unquoted(value: &str) -> &str {
    let within = |quote: char| value.strip_prefix(quote).and_then(|value| value.strip_suffix(quote));
    within('"').or_else(|| within('\'')).unwrap_or(value)
}

fn flag(value: &str) -> Result<bool, Refused> {
    match value {
        "" | "true" => Ok(true),
        "false" => Ok(false),
        _ => Err(Refused("This option is true or false.")),
    }
}

fn ulimit(value: &str) -> Result<DockerOption, Refused> {
    const SHAPE: Refused =
        Refused("Write a limit as nofile=65536, or with both sides as nofile=1024:65536; -1 is no limit.");
    let (name, limits) = value.split_once('=').ok_or(SHAPE)?;
    let (soft, hard) = limits.split_once(':').unwrap_or((limits, limits));
    let number = |text: &str| {
        let plain = text.strip_prefix('-').unwrap_or(text).bytes().all(|b| b.is_ascii_digit());
        text.parse::<i64>().ok().filter(|number| plain && *number >= -1).ok_or(SHAPE)
    };
    let (soft, hard) = (number(soft)?, number(hard)?);
    if hard != -1 && (soft == -1 || soft > hard) {
        return Err(Refused("The first side of a limit is not above the second."));
    }
    Ok(DockerOption::Ulimit { name: name.parse()?, soft, hard })
}

fn add_host(value: &str) -> Result<DockerOption, Refused> {
    let (name, to) = value.split_once([':', '=']).ok_or(Refused("Write a host as name:address."))?;
    let to = match to {
        "host-gateway" => HostTarget::Gateway,
        address => {
            let address = address.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')).unwrap_or(address);
            HostTarget::Address(
                address.parse().map_err(|_| Refused("An extra host leads to an address, or to host-gateway."))?,
            )
        }
    };
    Ok(DockerOption::AddHost { name: name.parse()?, to })
}

/// A size in bytes, written with the engine's letters where it is a whole number of them.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Size(pub u64);

impl fmt::Display for Size {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            0 => f.write_str("0"),
            bytes if bytes.is_multiple_of(1 << 30) => write!(f, "{}g", bytes >> 30),
            bytes if bytes.is_multiple_of(1 << 20) => write!(f, "{}m", bytes >> 20),
            bytes if bytes.is_multiple_of(1 << 10) => write!(f, "{}k", bytes >> 10),
            bytes => bytes.fmt(f),
        }
    }
}

/// Reads `64m`, `1g`, `512k` and plain bytes.
pub(super) fn parse_size(text: &str) -> Option<u64> {
    let text = text.to_ascii_lowercase();
    let digits = text.bytes().take_while(u8::is_ascii_digit).count();
    let factor: u64 = match &text[digits..] {
        "" | "b" => 1,
        "k" | "kb" => 1 << 10,
        "m" | "mb" => 1 << 20,
        "g" | "gb" => 1 << 30,
        _ => return None,
    };
    text[..digits].parse::<u64>().ok()?.checked_mul(factor)
}

#[cfg(test)]
mod tests;
