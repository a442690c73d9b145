//! The Docker engine, in about thirty typed operations; there is no way through to the rest of its
//! API (security.md, C-12 and C-13).
//!
//! Everything made here carries the labels of [`homeport_model::deploy::container`], and only what
//! carries ours is changed or removed. Containers publish no port and are held against the policy
//! after they are created and before they start.

mod build;
mod buildkit;
mod containers;
mod convert;
mod error;
mod events;
mod files;
mod grants;
mod images;
mod layout;
mod logs;
mod once;
mod raw;
mod registries;
mod sidecars;
mod sockets;
mod volumes;

use std::{collections::HashMap, future::Future, path::PathBuf, sync::Arc, time::Duration};

use bollard::{
    API_DEFAULT_VERSION,
    models::{NetworkCreateRequest, NetworkInspect},
};
use homeport_model::deploy::container::{LABEL_NAMESPACE, Namespace, Network, network_name};
use tokio::{
    net::UnixStream,
    sync::{Mutex, RwLock},
    time::timeout,
};

pub use build::{BuildRequest, Secrets};
pub use containers::{ContainerState, OurContainer};
pub use error::Error;
pub use events::Event;
pub use images::{Image, ImageFacts, OurImage};
pub use layout::Export;
pub use logs::{LogLine, LogRange, MAX_LINE_BYTES};
pub use once::{Ended, Said};
pub use registries::RegistrySignIn;
pub use sockets::Listening;
pub use volumes::Volume;

/// How long the socket may take to accept.
const CONNECT: Duration = Duration::from_secs(2);
/// How long the first answer may take; while it is awaited nobody else is served.
const GREETING: Duration = Duration::from_secs(5);
/// How long an ordinary answer may take.
const ANSWER: Duration = Duration::from_secs(30);
/// How long a container may take to be created, started or removed on a busy disk.
const SLOW: Duration = Duration::from_secs(120);

/// The engine that answered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EngineInfo {
    /// Its version, like `20.10.24`.
    pub version: String,
    /// The API version that both sides speak.
    pub api: String,
    /// The processor architecture that it runs images of.
    pub architecture: String,
}

/// A connection to the engine, for one namespace.
#[derive(Clone)]
pub struct Docker {
    namespace: Namespace,
    socket: PathBuf,
    /// Made at the first call and again after a failure, so that a panel starts without an engine.
    client: Arc<Mutex<Option<bollard::Docker>>>,
    /// Held by every creation under way, and taken by whoever wants to see all containers.
    creating: Arc<RwLock<()>>,
}

impl Docker {
    /// Names the engine; nothing is asked of it yet.
    #[must_use]
    pub fn connect(namespace: Namespace, socket: impl Into<PathBuf>) -> Self {
        Self { namespace, socket: socket.into(), client: Arc::default(), creating: Arc::default() }
    }

    /// The namespace whose things this is about.
    #[must_use]
    pub fn namespace(&self) -> &Namespace {
        &self.namespace
    }

    /// Asks who is there.
    pub async fn ping(&self) -> Result<EngineInfo, Error> {
        let client = self.client().await?;
        let version = self.ask(client.version()).await?;
        Ok(EngineInfo {
            version: version.version.unwrap_or_default(),
            api: client.client_version().to_string(),
            architecture: version.arch.unwrap_or_default(),
        })
    }

    /// Makes sure that the namespace's bridge is there. Containers on it do not reach each other.
    pub async fn ensure_network(&self) -> Result<Network, Error> {
        let name = network_name(&self.namespace);
        let client = self.client().await?;
        if let Some(found) = found(self.ask(client.inspect_network(&name, None)).await)? {
            return self.network(name, found);
        }
        let request = NetworkCreateRequest {
            name: name.clone(),
            driver: Some("bridge".into()),
            options: Some(HashMap::from([("com.docker.network.bridge.enable_icc".into(), "false".into())])),
            labels: Some(HashMap::from([(LABEL_NAMESPACE.into(), self.namespace.to_string())])),
            ..NetworkCreateRequest::default()
        };
        match self.ask_slowly(client.create_network(request)).await {
            // On a conflict somebody was faster; look at what is there now.
            Ok(_) | Err(Error::Conflict { .. }) => {}
            Err(error) => return Err(error),
        }
        let made = self.ask(client.inspect_network(&name, None)).await?;
        self.network(name, made)
    }

    /// Removes the namespace's bridge; one that is gone is fine.
    pub async fn remove_network(&self) -> Result<(), Error> {
        let client = self.client().await?;
        found(self.ask_slowly(client.remove_network(&network_name(&self.namespace))).await).map(|_| ())
    }

    fn network(&self, name: String, found: NetworkInspect) -> Result<Network, Error> {
        let ours =
            found.labels.unwrap_or_default().get(LABEL_NAMESPACE).is_some_and(|ns| ns == self.namespace.as_str());
        if !ours {
            return Err(Error::NameTaken { name });
        }
        let id = found.id.unwrap_or_default();
        let given = found.options.unwrap_or_default().remove("com.docker.network.bridge.name");
        let bridge = given.unwrap_or_else(|| format!("br-{}", id.get(..12).unwrap_or_default()));
        let config = found.ipam.and_then(|ipam| ipam.config).and_then(|all| all.into_iter().next()).unwrap_or_default();
        Ok(Network {
            name,
            bridge: bridge.parse().map_err(|_| Error::Answer("a network's bridge name"))?,
            subnet: config.subnet.unwrap_or_default(),
            gateway: config.gateway.and_then(|gateway| gateway.parse().ok()),
        })
    }

    /// The client, connected and with the API version negotiated.
    async fn client(&self) -> Result<bollard::Docker, Error> {
        let mut slot = self.client.lock().await;
        if let Some(client) = slot.as_ref() {
            return Ok(client.clone());
        }
        let connected = timeout(CONNECT, UnixStream::connect(&self.socket)).await;
        connected.map_err(|_| Error::Silent)?.map_err(Error::Unreachable)?;
        let socket = self.socket.to_str().ok_or(Error::Answer("the socket's path"))?;
        let client = bollard::Docker::connect_with_unix(socket, SLOW.as_secs(), API_DEFAULT_VERSION)?;
        let client = timeout(GREETING, client.negotiate_version()).await.map_err(|_| Error::Silent)??;
        *slot = Some(client.clone());
        Ok(client)
    }

    async fn ask<T>(&self, call: impl Future<Output = Result<T, bollard::errors::Error>>) -> Result<T, Error> {
        self.ask_within(ANSWER, call).await
    }

    async fn ask_slowly<T>(&self, call: impl Future<Output = Result<T, bollard::errors::Error>>) -> Result<T, Error> {
        self.ask_within(SLOW, call).await
    }

    async fn ask_within<T>(
        &self,
        limit: Duration,
        call: impl Future<Output = Result<T, bollard::errors::Error>>,
    ) -> Result<T, Error> {
        let answer = match timeout(limit, call).await {
            Err(_) => Err(Error::Silent),
            Ok(answer) => answer.map_err(Error::from),
        };
        if matches!(&answer, Err(error) if error.is_away()) {
            // The next call connects and negotiates anew: the engine may have been replaced.
            *self.client.lock().await = None;
        }
        answer
    }

    fn label_filter(&self) -> HashMap<String, Vec<String>> {
        HashMap::from([("label".into(), vec![format!("{LABEL_NAMESPACE}={}", self.namespace)])])
    }
}

/// Turns "not found" into `None`.
fn found<T>(answer: Result<T, Error>) -> Result<Option<T>, Error> {
    match answer {
        Ok(value) => Ok(Some(value)),
        Err(Error::NotFound) => Ok(None),
        Err(error) => Err(error),
    }
}
