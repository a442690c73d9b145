//! What runs once: a container to its end, its changes kept as an image, a command in a container
//! that runs.

use std::time::Duration;

use bollard::{
    exec::{CreateExecOptions, StartExecOptions, StartExecResults},
    models::ContainerConfig,
    query_parameters::CommitContainerOptions,
};
use futures_util::StreamExt;
use homeport_model::{
    deploy::container::{ContainerId, ContainerSpec, ImageId},
    name::EnvKey,
};
use tokio::time::{sleep, timeout};

use super::{Docker, Error, LogLine, LogRange};

/// How much of a command's output is kept.
const MOST_OUTPUT_BYTES: usize = 16 * 1024;
const POLL: Duration = Duration::from_millis(50);

/// How a container that ran once ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ended {
    /// The container, stopped and still there.
    pub id: ContainerId,
    /// Its exit code; none when its time was over and it was stopped.
    pub exit_code: Option<i64>,
    /// Whether the kernel killed it for memory.
    pub oom_killed: bool,
}

/// What a command in a container said.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Said {
    /// Its exit code.
    pub exit_code: i64,
    /// The beginning of its output, both streams as they came.
    pub output: String,
}

impl Docker {
    /// Runs a container to its end, as [`run_made`](Self::run_made) does. One that an earlier try
    /// left is removed first.
    pub async fn run_once(
        &self,
        spec: &ContainerSpec,
        limit: Duration,
        on_line: impl FnMut(LogLine) + Send,
    ) -> Result<Ended, Error> {
        let id = self.make_once(spec).await?;
        self.run_made(id, limit, on_line).await
    }

    /// Makes a container that is not started. One that an earlier try left is removed first.
    pub async fn make_once(&self, spec: &ContainerSpec) -> Result<ContainerId, Error> {
        if let Some(left) = self.find_container(spec).await? {
            self.remove(&left.id).await?;
        }
        self.ensure_container(spec).await
    }

    /// Runs a made container to its end; each line of its output goes to `on_line`. After `limit` it
    /// is stopped. The caller removes it.
    pub async fn run_made(
        &self,
        id: ContainerId,
        limit: Duration,
        mut on_line: impl FnMut(LogLine) + Send,
    ) -> Result<Ended, Error> {
        self.start(&id).await?;
        let follow = async {
            let mut lines = self.logs(&id, LogRange { follow: true, ..LogRange::ALL }).await?;
            while let Some(line) = lines.next().await {
                on_line(line?);
            }
            // The log ends a moment before the engine knows how the process ended.
            loop {
                let state = self.inspect(&id).await?.ok_or(Error::NotFound)?;
                if !state.running && state.exit_code.is_some() {
                    return Ok(Ended { id: id.clone(), exit_code: state.exit_code, oom_killed: state.oom_killed });
                }
                sleep(POLL).await;
            }
        };
        match timeout(limit, follow).await {
            Ok(ended) => ended,
            Err(_) => {
                self.stop(&id, 2).await?;
                Ok(Ended { id, exit_code: None, oom_killed: false })
            }
        }
    }

    /// Keeps what a container changed as an image that runs what `image` runs. The values of the
    /// variables that the container was given do not get into it.
    pub async fn commit(
        &self,
        id: &ContainerId,
        image: &ImageId,
        given: &[EnvKey],
        tag: &str,
    ) -> Result<ImageId, Error> {
        let client = self.client().await?;
        let before = self.ask(client.inspect_image(image.as_str())).await?.config.unwrap_or_default();
        let (repo, tag) = tag.rsplit_once(':').ok_or(Error::Answer("an image's tag"))?;
        let options = CommitContainerOptions {
            container: Some(id.to_string()),
            repo: Some(repo.to_owned()),
            tag: Some(tag.to_owned()),
            ..CommitContainerOptions::default()
        };
        // A variable without a value is taken out again when a container is made of the image.
        let known = before.env.clone().unwrap_or_default();
        let own = |key: &EnvKey| known.iter().find(|line| line.split('=').next() == Some(key.as_str())).cloned();
        let port = "PORT".to_owned();
        let env = given.iter().map(|key| own(key).unwrap_or_else(|| key.to_string())).chain([port]).collect();
        let config = ContainerConfig {
            cmd: before.cmd.or_else(|| Some(Vec::new())),
            entrypoint: before.entrypoint,
            env: Some(env),
            ..ContainerConfig::default()
        };
        let made = self.ask_slowly(client.commit_container(options, config)).await?;
        made.id.parse().map_err(|_| Error::Answer("an image's id"))
    }

    /// Runs a command in a container that runs, as the container's own user.
    ///
    /// # Errors
    /// [`Error::Silent`] when it has not ended within `limit`; then it may still run.
    pub async fn execute(&self, id: &ContainerId, words: &[String], limit: Duration) -> Result<Said, Error> {
        let client = self.client().await?;
        let options = CreateExecOptions {
            cmd: Some(words.to_vec()),
            attach_stdout: Some(true),
            attach_stderr: Some(true),
            ..CreateExecOptions::default()
        };
        let exec = self.ask(client.create_exec(id.as_str(), options)).await?.id;
        let run = async {
            let started = client.start_exec(&exec, None::<StartExecOptions>).await.map_err(Error::from)?;
            let StartExecResults::Attached { mut output, .. } = started else {
                return Err(Error::Answer("a command's output"));
            };
            let mut said = Vec::new();
            while let Some(piece) = output.next().await {
                let piece = piece.map_err(Error::from)?.into_bytes();
                let room = MOST_OUTPUT_BYTES.saturating_sub(said.len());
                said.extend_from_slice(&piece[..piece.len().min(room)]);
            }
            let exit_code = self.ask(client.inspect_exec(&exec)).await?.exit_code;
            Ok(Said {
                exit_code: exit_code.ok_or(Error::Answer("a command's end"))?,
                output: String::from_utf8_lossy(&said).into_owned(),
            })
        };
        timeout(limit, run).await.map_err(|_| Error::Silent)?
    }
}
