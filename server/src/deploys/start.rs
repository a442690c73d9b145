//! Start: the new container beside the old one.

use homeport_model::{
    deploy::{
        Artifact,
        container::{ContainerId, ContainerSpec, Grants, ImageId, Limits, ProcessName},
    },
    name::Port,
    prelude::Problem,
    secret::Secret,
};

use super::{
    ReleaseRecord,
    work::{Deploy, DeployWork},
};
use crate::{apps::env::open_env, failure::Failure};

impl DeployWork {
    /// Creates and starts the container of the release; one that is there already is used.
    pub(super) async fn start(&self, deploy: &Deploy<'_>) -> Result<String, Failure> {
        self.engines.docker.ensure_network().await?;
        let spec = self.container_spec(deploy)?;
        for (_, value) in &spec.env {
            deploy.context.log.mask(value.clone());
        }
        let id = self.engines.docker.ensure_container(&spec).await?;
        self.engines.docker.start(&id).await?;
        self.start_probe(deploy);
        let name = spec.name(self.engines.docker.namespace());
        deploy.context.log.say(format!("Started {name}, which is to listen on port {}.", spec.port));
        Ok(format!("{name} runs"))
    }

    pub(super) async fn unstart(&self, deploy: &Deploy<'_>) -> Result<(), Failure> {
        for container in self.containers_of(&deploy.release).await? {
            self.keep_last_lines(&deploy.release, &container).await;
            self.engines.docker.stop(&container, 2).await?;
            self.engines.docker.remove(&container).await?;
        }
        Ok(())
    }

    /// What to run for the release.
    pub(super) fn container_spec(&self, deploy: &Deploy<'_>) -> Result<ContainerSpec, Failure> {
        let release = &deploy.release;
        let Some(Artifact::Image { id }) = &release.artifact else {
            return Err(Failure::internal("a release without an image was to be started"));
        };
        let image: ImageId = id.parse().map_err(|_| Failure::internal("a release's image is not an image's id"))?;
        let env = open_env(&self.apps.parts.sealer, &release.app, &release.env)?;
        Ok(ContainerSpec {
            app: release.app.clone(),
            app_name: deploy.app.spec.name.clone(),
            release: release.id.clone(),
            release_number: release.number,
            process: ProcessName::web(),
            index: 1,
            job: release.job.clone(),
            image,
            env: env.into_iter().map(|(key, value)| (key, Secret::new(value))).collect(),
            port: port_of(release)?,
            command: None,
            limits: Limits::default(),
            grants: Grants::default(),
        })
    }

    /// The ids of a release's containers, running or not.
    pub(super) async fn containers_of(&self, release: &ReleaseRecord) -> Result<Vec<ContainerId>, Failure> {
        let ours = self.engines.docker.list_ours().await?;
        let of_release = ours.into_iter().filter(|container| container.release() == Some(release.id.as_str()));
        Ok(of_release.map(|container| container.id).collect())
    }

    /// Keeps the last lines of a container that is about to go.
    pub(super) async fn keep_last_lines(&self, release: &ReleaseRecord, container: &ContainerId) {
        let Ok(lines) = self.engines.docker.last_lines(container, 1_000).await else { return };
        let text: Vec<String> = lines.iter().map(|line| homeport_model::text::clean_line(&line.text)).collect();
        if let Err(error) = super::store::set_last_log(&self.apps.parts.db, &release.id, &text.join("\n")).await {
            tracing::warn!("the last lines of a container could not be kept: {}", crate::failure::chain(&error));
        }
    }
}

/// The port that a release listens on; known once its image is.
pub(super) fn port_of(release: &ReleaseRecord) -> Result<Port, Failure> {
    release.port.ok_or_else(|| Problem::invalid("port", "It is not known which port the app listens on.").into())
}
