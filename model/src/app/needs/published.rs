//! Ports of the host that lead to an app without nginx, as objects of their own.

use std::{fmt, net::IpAddr, str::FromStr};

use serde::{Deserialize, Serialize};

use super::SourceRange;
use crate::{
    deploy::container::ProcessName,
    name::{Port, Refused},
};

/// How a published port is spoken to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Protocol {
    /// TCP.
    #[default]
    Tcp,
    /// UDP.
    Udp,
}

impl Protocol {
    /// Its word.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Tcp => "tcp",
            Self::Udp => "udp",
        }
    }
}

/// A port of this host that leads to a port of one process.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Published {
    /// The host's address that it is reached at; all of them without one.
    #[serde(default)]
    pub address: Option<IpAddr>,
    /// The host's port.
    pub host: Port,
    /// The container's port.
    pub container: Port,
    /// How it is spoken to.
    #[serde(default)]
    pub protocol: Protocol,
    /// The process; only one can have it.
    #[serde(default = "ProcessName::web")]
    pub process: ProcessName,
    /// From where it can be reached, no two of them overlapping; from everywhere without any. The
    /// host itself always reaches it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub sources: Vec<SourceRange>,
}

impl Published {
    /// The host's side of it, as in `25565/tcp` or `127.0.0.1:25565/tcp`.
    #[must_use]
    pub fn host_side(&self) -> String {
        format!("{}{}/{}", self.bound(), self.host, self.protocol.as_str())
    }

    /// The sources in a row, as in `10.0.0.0/8, 203.0.113.7`.
    #[must_use]
    pub fn sources_text(&self) -> String {
        self.sources.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ")
    }

    fn bound(&self) -> String {
        match self.address {
            None => String::new(),
            Some(IpAddr::V4(address)) => format!("{address}:"),
            Some(IpAddr::V6(address)) => format!("[{address}]:"),
        }
    }

    /// Whether both want one port of the host.
    #[must_use]
    pub fn clashes(&self, other: &Self) -> bool {
        let anywhere = |address: Option<IpAddr>| address.is_none_or(|address| address.is_unspecified());
        let meets = self.address == other.address || anywhere(self.address) || anywhere(other.address);
        self.host == other.host && self.protocol == other.protocol && meets
    }
}

impl fmt::Display for Published {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}{}:{}/{}", self.bound(), self.host, self.container, self.protocol.as_str())?;
        if self.sources.is_empty() { Ok(()) } else { write!(f, " from {}", self.sources_text()) }
    }
}

/// Reads `25565`, `25565:25565`, `25565:25565/udp`, `127.0.0.1:8080:80` and `[::1]:8080:80/tcp`, each
/// with its sources behind, as in `25565 from 10.0.0.0/8, 203.0.113.7`.
impl FromStr for Published {
    type Err = Refused;
    fn from_str(text: &str) -> Result<Self, Refused> {
        const SHAPE: Refused = Refused(
            "Write host:container, as in 25565:25565/tcp, with the address before it where only that one is meant.",
        );
        let (text, sources) = match text.split_once(" from ") {
            None => (text, Vec::new()),
            Some((text, sources)) => (text.trim(), SourceRange::list(sources)?),
        };
        if text.contains('-') {
            return Err(Refused("Ports are published one by one, not as a range."));
        }
        let (text, protocol) = match text.split_once('/') {
            None | Some((_, "tcp")) => (text.split('/').next().unwrap_or_default(), Protocol::Tcp),
            Some((ports, "udp")) => (ports, Protocol::Udp),
            Some(_) => return Err(Refused("A port is published as tcp or udp.")),
        };
        let (address, ports) = if let Some(rest) = text.strip_prefix('[') {
            let (address, ports) = rest.split_once("]:").ok_or(SHAPE)?;
            (Some(IpAddr::V6(address.parse().map_err(|_| SHAPE)?)), ports)
        } else if let [address, _, _] = text.split(':').collect::<Vec<_>>()[..] {
            (Some(IpAddr::V4(address.parse().map_err(|_| SHAPE)?)), &text[address.len() + 1..])
        } else {
            (None, text)
        };
        let (host, container) = ports.split_once(':').unwrap_or((ports, ports));
        let (host, container) = (host.parse()?, container.parse()?);
        Ok(Self { address, host, container, protocol, process: ProcessName::web(), sources })
    }
}
