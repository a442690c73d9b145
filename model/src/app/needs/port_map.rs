//! Ports of nginx that lead to ports of the app, in Dokku's spelling.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};

use crate::name::{Port, Refused};

/// What is spoken on a port of nginx.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PortScheme {
    /// Plain http.
    Http,
    /// http over TLS, which nginx ends.
    Https,
    /// gRPC over plain HTTP/2.
    Grpc,
    /// gRPC over TLS, which nginx ends.
    Grpcs,
}

impl PortScheme {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Http, Self::Https, Self::Grpc, Self::Grpcs];

    /// Its word.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Http => "http",
            Self::Https => "https",
            Self::Grpc => "grpc",
            Self::Grpcs => "grpcs",
        }
    }

    /// Whether it needs a certificate.
    #[must_use]
    pub const fn needs_certificate(self) -> bool {
        matches!(self, Self::Https | Self::Grpcs)
    }
}

/// A port of nginx that leads to a port of the app's web process: `http:8080:9000`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct PortMap {
    /// What is spoken.
    pub scheme: PortScheme,
    /// The port that nginx listens on.
    pub host: Port,
    /// The port that the app listens on.
    pub container: Port,
}

impl fmt::Display for PortMap {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}:{}", self.scheme.as_str(), self.host, self.container)
    }
}

impl FromStr for PortMap {
    type Err = Refused;
    fn from_str(text: &str) -> Result<Self, Refused> {
        let [scheme, host, container] = text.split(':').collect::<Vec<_>>()[..] else {
            return Err(Refused("Write scheme:host:container, as in http:8080:9000."));
        };
        let scheme = PortScheme::ALL.into_iter().find(|known| known.as_str() == scheme);
        let scheme = scheme.ok_or(Refused("A port of nginx speaks http, https, grpc or grpcs."))?;
        Ok(Self { scheme, host: host.parse()?, container: container.parse()? })
    }
}

impl TryFrom<String> for PortMap {
    type Error = Refused;
    fn try_from(text: String) -> Result<Self, Refused> {
        text.parse()
    }
}

impl From<PortMap> for String {
    fn from(map: PortMap) -> Self {
        map.to_string()
    }
}
