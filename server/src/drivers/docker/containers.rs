//! Containers: create under policy, start, look, stop, remove.

use std::{collections::HashMap, net::Ipv4Addr, time::Duration};

use bollard::{
    models::ContainerInspectResponse,
    query_parameters::{
        CreateContainerOptions, InspectContainerOptions, ListContainersOptions, RemoveContainerOptions,
        StartContainerOptions, StopContainerOptions,
    },
};
use homeport_model::{
    deploy::container::{
        Allowed, ContainerId, ContainerSpec, ImageId, LABEL_APP, LABEL_NAMESPACE, LABEL_PROCESS, LABEL_RELEASE,
        ProcessName, check, network_name,
    },
    id::AppId,
};

use super::{Docker, Error, convert, found};

/// What a container is doing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ContainerState {
    /// Its id.
    pub id: ContainerId,
    /// Its name.
    pub name: String,
    /// The image that it runs.
    pub image: Option<ImageId>,
    /// Its labels.
    pub labels: HashMap<String, String>,
    /// Whether its process runs now.
    pub running: bool,
    /// Whether the engine is about to start it again.
    pub restarting: bool,
    /// How its process ended, where it has.
    pub exit_code: Option<i64>,
    /// Whether the kernel killed it for memory.
    pub oom_killed: bool,
    /// Why the engine could not start it, in the engine's words.
    pub error: Option<String>,
    /// Its address on our bridge, while it runs.
    pub address: Option<Ipv4Addr>,
    /// When it was started last, as RFC 3339.
    pub started_at: Option<String>,
    /// How often the engine has started it again.
    pub restart_count: u32,
    /// Its main process on this host, while it runs.
    pub pid: Option<u32>,
}

/// A container of this namespace, as listed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OurContainer {
    /// Its id.
    pub id: ContainerId,
    /// Its name.
    pub name: String,
    /// Its labels.
    pub labels: HashMap<String, String>,
    /// The image that it was made from, where the engine still knows it.
    pub image: Option<ImageId>,
    /// Whether it runs.
    pub running: bool,
    /// Its address on our bridge, while it runs.
    pub address: Option<Ipv4Addr>,
}

impl OurContainer {
    /// The app's id, as labelled.
    #[must_use]
    pub fn app(&self) -> Option<&str> {
        self.labels.get(LABEL_APP).map(String::as_str)
    }

    /// The release's id, as labelled.
    #[must_use]
    pub fn release(&self) -> Option<&str> {
        self.labels.get(LABEL_RELEASE).map(String::as_str)
    }

    /// The process type, as labelled.
    #[must_use]
    pub fn process(&self) -> Option<&str> {
        self.labels.get(LABEL_PROCESS).map(String::as_str)
    }

    /// Whether nginx may talk to it.
    #[must_use]
    pub fn is_web(&self) -> bool {
        self.process() == Some(ProcessName::web().as_str())
    }

    /// Which one of its kind it is, as its name says; from 1.
    #[must_use]
    pub fn index(&self) -> u32 {
        self.name.rsplit('-').next().and_then(|index| index.parse().ok()).unwrap_or(1)
    }
}

impl Docker {
    /// Makes sure that a container of this spec exists, created but not started. One that is there
    /// for the same release is taken as it is; whatever the engine made is held against the policy.
    ///
    /// A caller that goes away does not leave a container behind that nobody sees: the engine
    /// finishes what it was asked, and whoever looks for containers meanwhile waits for that.
    pub async fn ensure_container(&self, spec: &ContainerSpec) -> Result<ContainerId, Error> {
        let creating = self.creating.clone().read_owned().await;
        let (docker, spec) = (self.clone(), spec.clone());
        let task = tokio::spawn(async move {
            let _creating = creating;
            docker.create(&spec).await
        });
        task.await.map_err(|_| Error::Answer("the creation ended early"))?
    }

    async fn create(&self, spec: &ContainerSpec) -> Result<ContainerId, Error> {
        let name = spec.name(self.namespace());
        let client = self.client().await?;
        if let Some(there) = self.raw(&name).await? {
            return self.adopt(spec, name, &there);
        }
        let options = CreateContainerOptions { name: Some(name.clone()), ..CreateContainerOptions::default() };
        let body = convert::create_body(spec, self.namespace());
        let created = match self.ask_slowly(client.create_container(Some(options), body)).await {
            Ok(created) => created,
            // A create that was answered too late: the container is there all the same.
            Err(Error::Conflict { message }) => match self.raw(&name).await? {
                Some(there) => return self.adopt(spec, name, &there),
                None => return Err(Error::Conflict { message }),
            },
            Err(error) => return Err(error),
        };
        let id: ContainerId = created.id.parse().map_err(|_| Error::Answer("a container's id"))?;
        let inspected = self.ask(client.inspect_container(id.as_str(), None::<InspectContainerOptions>)).await?;
        if let Err(breach) = check(&convert::granted(&inspected), &Allowed::of(&spec.grants), self.namespace()) {
            self.remove(&id).await?;
            return Err(Error::Policy(breach));
        }
        Ok(id)
    }

    /// Takes over a container that has the name already, if it is the one that was asked for.
    fn adopt(
        &self,
        spec: &ContainerSpec,
        name: String,
        there: &ContainerInspectResponse,
    ) -> Result<ContainerId, Error> {
        let labels = there.config.as_ref().and_then(|config| config.labels.as_ref());
        let has = |key: &str, value: &str| labels.and_then(|all| all.get(key)).is_some_and(|found| found == value);
        let same = has(LABEL_NAMESPACE, self.namespace().as_str())
            && has(LABEL_APP, spec.app.as_str())
            && has(LABEL_RELEASE, spec.release.as_str())
            && has(LABEL_PROCESS, spec.process.as_str());
        if !same {
            return Err(Error::NameTaken { name });
        }
        check(&convert::granted(there), &Allowed::of(&spec.grants), self.namespace()).map_err(Error::Policy)?;
        there.id.as_deref().unwrap_or_default().parse().map_err(|_| Error::Answer("a container's id"))
    }

    /// Starts a container; one that runs stays as it is.
    pub async fn start(&self, id: &ContainerId) -> Result<(), Error> {
        let client = self.client().await?;
        self.ask_slowly(client.start_container(id.as_str(), None::<StartContainerOptions>)).await
    }

    /// What a container is doing; `None` where there is no such container.
    pub async fn inspect(&self, id: &ContainerId) -> Result<Option<ContainerState>, Error> {
        self.state_of(id.as_str()).await
    }

    /// What the container of this spec is doing.
    pub async fn find_container(&self, spec: &ContainerSpec) -> Result<Option<ContainerState>, Error> {
        drop(self.creating.write().await);
        self.state_of(&spec.name(self.namespace())).await
    }

    pub(super) async fn state_of(&self, id_or_name: &str) -> Result<Option<ContainerState>, Error> {
        let network = network_name(self.namespace());
        self.raw(id_or_name).await?.map(|raw| convert::state(raw, &network)).transpose()
    }

    async fn raw(&self, id_or_name: &str) -> Result<Option<ContainerInspectResponse>, Error> {
        let client = self.client().await?;
        found(self.ask(client.inspect_container(id_or_name, None::<InspectContainerOptions>)).await)
    }

    /// Sends SIGTERM (or the image's own stop signal), waits `grace_s`, then kills. One that is
    /// stopped or gone already is fine.
    pub async fn stop(&self, id: &ContainerId, grace_s: u32) -> Result<(), Error> {
        let grace = i32::try_from(grace_s).unwrap_or(i32::MAX);
        let options = StopContainerOptions { t: Some(grace), signal: None };
        // The engine answers only when it has stopped, so the client's usual limit is too short.
        let limit = Duration::from_secs(u64::from(grace_s)) + super::ANSWER;
        let client = self.client().await?.with_timeout(limit);
        found(self.ask_within(limit, client.stop_container(id.as_str(), Some(options))).await).map(|_| ())
    }

    /// Kills and removes a container with its anonymous volumes; one that is gone is fine.
    pub async fn remove(&self, id: &ContainerId) -> Result<(), Error> {
        let client = self.client().await?;
        let options = RemoveContainerOptions { force: true, v: true, link: false };
        match found(self.ask_slowly(client.remove_container(id.as_str(), Some(options))).await) {
            // "removal … is already in progress"
            Err(Error::Conflict { .. }) => Ok(()),
            other => other.map(|_| ()),
        }
    }

    /// All containers of this namespace, stopped ones included.
    pub async fn list_ours(&self) -> Result<Vec<OurContainer>, Error> {
        self.list(self.label_filter()).await
    }

    /// An app's containers, stopped ones included.
    pub async fn list_of(&self, app: &AppId) -> Result<Vec<OurContainer>, Error> {
        let mut filters = self.label_filter();
        filters.entry("label".into()).or_default().push(format!("{LABEL_APP}={app}"));
        self.list(filters).await
    }

    async fn list(&self, filters: HashMap<String, Vec<String>>) -> Result<Vec<OurContainer>, Error> {
        drop(self.creating.write().await);
        let client = self.client().await?;
        let options = ListContainersOptions { all: true, filters: Some(filters), ..ListContainersOptions::default() };
        let all = self.ask(client.list_containers(Some(options))).await?;
        let network = network_name(self.namespace());
        Ok(all.into_iter().filter_map(|summary| convert::listed(summary, &network)).collect())
    }
}
