//! Start: the new containers beside the old ones, or in their place where there may not be two. Of
//! each process as many begin as the files let start at the same time; the others follow in the
//! check, each when one before it has proved itself.

use futures_util::future::{join, try_join, try_join_all};
use homeport_model::{
    app::DEFAULT_PORT,
    build::{Process, StopGrace, SwitchOrder},
    deploy::{
        Artifact,
        container::{ContainerId, ContainerSpec, ImageId, ProcessName},
    },
    name::Port,
    secret::Secret,
};

use super::{
    ReleaseRecord, storage, store,
    work::{Deploy, DeployWork},
};
use crate::{apps::env::open_env, drivers::docker::OurContainer, failure::Failure};

impl DeployWork {
    /// Creates and starts the first containers of the release; those that are there already are used.
    pub(super) async fn start(&self, deploy: &Deploy<'_>) -> Result<String, Failure> {
        if deploy.release.is_site() {
            return Ok("nginx serves a folder: there is nothing to start".to_owned());
        }
        // Neither needs the other, and people wait.
        let network = async { Ok(self.engines.docker.ensure_network().await?) };
        let (_, older) = try_join(network, self.older_containers(deploy)).await?;
        self.provide_storage(deploy).await?;
        let mut first = Vec::new();
        for process in deploy.release.processes() {
            let specs = self.container_specs(deploy, &process)?;
            first.extend(specs.into_iter().take(process.max_parallel.into()));
        }
        // What is only created holds neither a port nor a folder: those before it go meanwhile.
        let create = try_join_all(first.iter().map(|spec| self.engines.docker.ensure_container(spec)));
        let make_way = async {
            self.stop_those_that_go_first(deploy, older).await?;
            self.guard_ports(deploy).await
        };
        // Both to their ends: a container that the engine goes on stopping would look as if it ran.
        let (made, made_way) = join(create, make_way).await;
        made_way?;
        let made = made?;
        let mut names = Vec::new();
        for (spec, id) in first.iter().zip(&made) {
            names.push(self.start_one(deploy, spec, id).await?);
        }
        if deploy.release.web_scale() > 0 {
            self.start_probe(deploy).await?;
        }
        Ok(match names.as_slice() {
            [] => "it has no process to start".to_owned(),
            [only] => format!("{only} runs"),
            [first, ..] => format!("{first} and {} more run", names.len() - 1),
        })
    }

    /// Starts one container and returns its name.
    async fn start_one(&self, deploy: &Deploy<'_>, spec: &ContainerSpec, id: &ContainerId) -> Result<String, Failure> {
        let started = self.engines.docker.start(id).await;
        started.map_err(|error| storage::port_taken(error, &spec.grants))?;
        let name = spec.name(self.engines.docker.namespace());
        let what = match &spec.command {
            Some(words) => format!(": {}", words.join(" ")),
            None => String::new(),
        };
        match spec.process == ProcessName::web() && deploy.release.port.is_some() {
            true => deploy.context.log.say(format!("Started {name}, which is to listen on port {}{what}.", spec.port)),
            false => deploy.context.log.say(format!("Started {name}{what}.")),
        }
        Ok(name)
    }

    /// Starts a container whose turn has come, unless it was started before: one that has ended
    /// stays so, or nobody would see that it did.
    pub(super) async fn start_in_turn(&self, deploy: &Deploy<'_>, spec: &ContainerSpec) -> Result<(), Failure> {
        let there = self.engines.docker.find_container(spec).await?;
        if there.is_some_and(|state| state.started_at.is_some()) {
            return Ok(());
        }
        let id = self.engines.docker.ensure_container(spec).await?;
        self.start_one(deploy, spec, &id).await.map(drop)
    }

    /// Lets its published ports be reached only from where they may be, before there is anything to
    /// reach. What serves keeps its own until it is retired.
    async fn guard_ports(&self, deploy: &Deploy<'_>) -> Result<(), Failure> {
        let serving = match &deploy.app.serving {
            Some(id) => store::find_id(&self.apps.parts.db, id).await?,
            None => None,
        };
        let mut ports = deploy.release.spec.needs.published.clone();
        let old = serving.into_iter().flat_map(|serving| serving.spec.needs.published);
        let others: Vec<_> = old.filter(|old| !ports.iter().any(|new| new.clashes(old))).collect();
        ports.extend(others);
        self.apps.parts.domains.guard_ports(&deploy.context.lock, &deploy.app.id, ports).await
    }

    /// Stops the old containers of processes of which there may not be two at once. They are kept
    /// until the new ones have proved themselves.
    async fn stop_those_that_go_first(
        &self,
        deploy: &Deploy<'_>,
        older: Vec<(ReleaseRecord, OurContainer)>,
    ) -> Result<(), Failure> {
        let (processes, needs) = (deploy.release.processes(), &deploy.release.spec.needs);
        let stop_first = |name: Option<&str>| {
            processes.iter().any(|process| {
                // A port of the host has one holder.
                let alone = process.order == SwitchOrder::StopFirst || needs.publishes(&process.name);
                Some(process.name.as_str()) == name && alone
            })
        };
        for (release, container) in older {
            if container.running && stop_first(container.process()) {
                deploy.context.log.say(format!("Stopping {} first, as its settings say.", container.name));
                self.engines.docker.stop(&container.id, self.grace(&release, container.process())).await?;
            }
        }
        Ok(())
    }

    /// Removes what was started, and starts again what had been stopped for it.
    pub(super) async fn unstart(&self, deploy: &Deploy<'_>) -> Result<(), Failure> {
        let started = self.containers_of(&deploy.release).await?;
        // Side by side: whoever stopped the deploy waits for the slowest, not for all in a row.
        try_join_all(started.iter().map(|container| self.engines.docker.stop(container, 2))).await?;
        for container in started {
            self.apps.keep_log(&container).await;
            self.engines.docker.remove(&container).await?;
        }
        let older = self.older_containers(deploy).await?;
        let serves = |release: &ReleaseRecord| deploy.app.serving.as_ref() == Some(&release.id);
        if let Some((serving, _)) = older.iter().find(|(release, _)| serves(release)) {
            let ports = serving.spec.needs.published.clone();
            self.apps.parts.domains.guard_ports(&deploy.context.lock, &deploy.app.id, ports).await?;
        }
        for (release, container) in older {
            if serves(&release) && !container.running {
                self.engines.docker.start(&container.id).await?;
            }
        }
        Ok(())
    }

    /// What to run for a process of the release: a container for each number of it.
    pub(super) fn container_specs(
        &self,
        deploy: &Deploy<'_>,
        process: &Process,
    ) -> Result<Vec<ContainerSpec>, Failure> {
        (1..=u32::from(process.scale.get())).map(|index| self.container_spec(deploy, process, index)).collect()
    }

    /// What to run for the containers that visitors reach.
    pub(super) fn web_specs(&self, deploy: &Deploy<'_>) -> Result<Vec<ContainerSpec>, Failure> {
        let processes = deploy.release.processes();
        let web = processes.iter().find(|process| process.name == ProcessName::web());
        web.map_or_else(|| Ok(Vec::new()), |web| self.container_specs(deploy, web))
    }

    /// What to run for one container of a process.
    pub(super) fn container_spec(
        &self,
        deploy: &Deploy<'_>,
        process: &Process,
        index: u32,
    ) -> Result<ContainerSpec, Failure> {
        let release = &deploy.release;
        let port = port_of(release)?;
        let env = open_env(&self.apps.parts.sealer, &release.app, &release.env)?;
        let words = process.command.as_ref().map(|command| command.words(port));
        let (entrypoint, command) = match &release.declared.launch {
            Some(launch) => launch.start(&process.name, words),
            None => (None, words),
        };
        Ok(ContainerSpec {
            app: release.app.clone(),
            app_name: deploy.app.spec.name.clone(),
            release: release.id.clone(),
            release_number: release.number,
            process: process.name.clone(),
            index,
            job: release.job.clone(),
            image: image_of(release)?,
            env: env.into_iter().map(|(key, value)| (key, Secret::new(value))).collect(),
            grants: self.grants(deploy, &process.name)?,
            port,
            entrypoint,
            command,
            user: None,
            limits: process.limits,
            restart: process.restart,
            stop_signal: process.stop_signal,
            stop_grace: process.stop_grace,
        })
    }

    /// The ids of a release's containers, running or not.
    pub(super) async fn containers_of(&self, release: &ReleaseRecord) -> Result<Vec<ContainerId>, Failure> {
        let ours = self.engines.docker.list_of(&release.app).await?;
        let of_release = ours.into_iter().filter(|container| container.release() == Some(release.id.as_str()));
        Ok(of_release.map(|container| container.id).collect())
    }

    /// How long a container of a release has between its stop signal and SIGKILL, in seconds: what
    /// somebody set for its process, else what the panel has patience for.
    pub(super) fn grace(&self, release: &ReleaseRecord, process: Option<&str>) -> u32 {
        let processes = release.processes();
        let of = processes.iter().find(|known| Some(known.name.as_str()) == process);
        match of.map(|process| process.stop_grace).filter(|grace| *grace != StopGrace::default()) {
            Some(said) => said.seconds().into(),
            None => self.patience.stop_grace_s,
        }
    }
}

/// The image that a release runs.
pub(super) fn image_of(release: &ReleaseRecord) -> Result<ImageId, Failure> {
    let Some(Artifact::Image { id }) = &release.artifact else {
        return Err(Failure::internal("a release without an image was to be started"));
    };
    id.parse().map_err(|_| Failure::internal("a release's image is not an image's id"))
}

/// The port that `$PORT` names; the usual one for a release that listens on none.
fn port_of(release: &ReleaseRecord) -> Result<Port, Failure> {
    let port = release.port.or_else(|| Port::try_from(DEFAULT_PORT).ok());
    port.ok_or_else(|| Failure::internal("no default port"))
}
