//! Cloudflare Tunnel: `cloudflared` on this host opens connections to Cloudflare, and visitors come in by
//! them, so that no port of the host has to be open.
//!
//! What leads where is decided at Cloudflare; here there is a token, one container, one listener on
//! loopback, and the names that come in by it and by no other way.

mod container;
mod state;
mod token;
mod way;

pub use container::{Connector, SIDECAR};
pub use state::{Observed, TunnelState, connections, last_words};
pub use token::{TunnelForm, TunnelToken};
pub use way::{TunnelUse, WayIn};

use serde::{Deserialize, Serialize};

use crate::{
    name::{AppName, DomainName, Port},
    time::Timestamp,
};

crate::name::parsed!(
    /// A tunnel's id, a UUID in small letters.
    TunnelId,
    |text| {
        let dashes = [8, 13, 18, 23];
        let fits = |(at, byte): (usize, u8)| match dashes.contains(&at) {
            true => byte == b'-',
            false => byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte),
        };
        if text.len() == 36 && text.bytes().enumerate().all(fits) { Ok(()) } else { Err("That is not a tunnel's id.") }
    }
);

impl TunnelId {
    /// The name that records in DNS lead to.
    #[must_use]
    pub fn target(&self) -> String {
        format!("{self}.{TUNNELS}")
    }
}

/// Cloudflare's tunnels have names below this one.
pub const TUNNELS: &str = "cfargotunnel.com";

/// What a person types at Cloudflare as the service of a public host name.
#[must_use]
pub fn service(port: Port) -> String {
    // An address and no name: `localhost` is ::1 on some hosts, where nothing listens.
    format!("http://127.0.0.1:{port}")
}

/// The tunnel that is kept.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TunnelFacts {
    /// Its id.
    pub id: TunnelId,
    /// Who gave its token.
    pub added_by: String,
    /// When.
    pub added_at: Timestamp,
}

/// A name that comes in by the tunnel.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TunnelName {
    /// The name.
    pub name: DomainName,
    /// Whose it is; none for the panel's.
    pub app: Option<AppName>,
}

/// What Settings shows of the tunnel.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TunnelView {
    /// The tunnel, where there is a token.
    pub tunnel: Option<TunnelFacts>,
    /// What its connector is doing.
    pub state: TunnelState,
    /// Since when; none before the first look.
    pub since: Option<Timestamp>,
    /// What to type at Cloudflare as the service.
    pub service: String,
    /// The image that runs.
    pub image: String,
    /// The names that come in by it, whether or not it is there.
    pub names: Vec<TunnelName>,
}

#[cfg(test)]
mod tests;
