//! Which way a name's visitors come in.

use serde::{Deserialize, Serialize};

use super::TunnelId;
use crate::{
    domain::dns::{Cdn, DnsVerdict},
    name::DomainName,
};

/// Which way visitors come in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum WayIn {
    /// To this server's own ports.
    #[default]
    Direct,
    /// The same, with somebody's proxy before them.
    Proxy {
        /// Whose.
        cdn: Cdn,
    },
    /// By the tunnel, and by no other way.
    Tunnel,
}

impl WayIn {
    /// What a form's word means: `tunnel`, or anything else for this server's own ports.
    #[must_use]
    pub fn is_tunnel_word(word: &str) -> bool {
        word == "tunnel"
    }

    /// The way of a name: decided here, or seen in DNS.
    #[must_use]
    pub const fn of(by_tunnel: bool, verdict: Option<&DnsVerdict>) -> Self {
        match (by_tunnel, verdict) {
            (true, _) => Self::Tunnel,
            (false, Some(DnsVerdict::Cdn { cdn })) => Self::Proxy { cdn: *cdn },
            (false, _) => Self::Direct,
        }
    }

    /// In words.
    #[must_use]
    pub fn words(&self) -> String {
        match self {
            Self::Direct => "Directly".to_owned(),
            Self::Proxy { cdn } => format!("Through {}'s proxy", cdn.name()),
            Self::Tunnel => "Through the tunnel".to_owned(),
        }
    }
}

/// What a name has to do with the tunnel.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct TunnelUse {
    /// Whether it comes in by it.
    pub on: bool,
    /// The tunnel, where there is one.
    pub id: Option<TunnelId>,
}

impl TunnelUse {
    /// What to do about where DNS leads a name that comes in by the tunnel.
    #[must_use]
    pub fn advice(&self, verdict: &DnsVerdict, name: &DomainName) -> Option<String> {
        let Some(id) = &self.id else {
            return Some("There is no tunnel: set one up in Settings, or let the name come in directly.".to_owned());
        };
        let target = id.target();
        match verdict {
            DnsVerdict::ByTunnel => None,
            DnsVerdict::PastTunnel { .. } => Some(format!(
                "At Cloudflare, replace the A and AAAA records of {name} by a CNAME record to {target} with its proxy on (the orange cloud)."
            )),
            DnsVerdict::NoRecord => Some(format!(
                "At Cloudflare, add {name} to the tunnel as a public host name, which makes its record; or add a CNAME record to {target} with its proxy on."
            )),
            DnsVerdict::Local => Some("Cloudflare leads nobody to such a name.".to_owned()),
            other => other.advice(name, &[]),
        }
    }
}
