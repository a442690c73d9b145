//! What the files say is to run around a switch: `predeploy`, `release` and `postdeploy`, each in a
//! container of its own (dokku-contract.md, 2.3).

use std::time::Duration;

use homeport_model::{
    build::{CommandLine, Process, RestartPolicy, Scale},
    deploy::{
        Artifact,
        container::{ContainerSpec, ProcessName, image_tag},
    },
    job::LogStream,
    name::EnvKey,
    prelude::{Code, Problem},
};

use super::{
    start::image_of,
    store,
    work::{Deploy, DeployWork},
};
use crate::{drivers::docker::Ended, failure::Failure, jobs};

/// How long each may take: a migration of a large table does.
const LIMIT: Duration = Duration::from_secs(60 * 60);

/// What the containers are called that run after a switch: Dokku's command and Heroku's.
const AFTER: [&str; 2] = ["postdeploy", "first-postdeploy"];

impl DeployWork {
    /// `predeploy` in the new image, kept in it; then `release`.
    pub(super) async fn release(&self, deploy: &Deploy<'_>) -> Result<String, Failure> {
        let declared = &deploy.release.declared;
        let predeploy = declared.app_json.scripts.predeploy.as_ref();
        let release = declared.procfile.as_ref().and_then(|procfile| procfile.release());
        if deploy.release.is_site() || (predeploy.is_none() && release.is_none()) {
            return Ok("nothing is to run before".to_owned());
        }
        self.engines.docker.ensure_network().await?;
        // A first migration writes to a volume that nothing has used before.
        self.provide_storage(deploy).await?;
        let mut ran = Vec::new();
        if let Some(command) = predeploy {
            self.predeploy(deploy, command).await?;
            ran.push("predeploy");
        }
        if let Some(command) = release {
            // What predeploy changed is in the image that the store says now.
            let now = store::find_id(&self.apps.parts.db, &deploy.release.id).await?;
            let now = now.ok_or_else(|| Problem::not_found("release"))?;
            let (context, app) = (deploy.context, deploy.app.clone());
            let deploy = Deploy { context, app, release: now, wanted: None, upload: None, no_cache: false };
            self.run_to_end(&deploy, "release", command).await?;
            ran.push("release");
        }
        Ok(format!("{} ended well", ran.join(" and ")))
    }

    /// `postdeploy` of Dokku after every switch, that of Heroku after the app's first one. The new
    /// release serves already: a failure is told, not undone.
    pub(super) async fn postdeploy(&self, deploy: &Deploy<'_>) -> Result<String, Failure> {
        let scripts = &deploy.release.declared.app_json.scripts;
        let older = store::list(&self.apps.parts.db, &deploy.app.id).await?;
        let is_first = !older.iter().any(|other| other.id != deploy.release.id && other.switched_at.is_some());
        let once = scripts.first_postdeploy.as_ref().filter(|_| is_first);
        let all = AFTER.into_iter().zip([scripts.postdeploy.as_ref(), once]);
        let mut ran = Vec::new();
        for (name, command) in all {
            if let Some(command) = command.filter(|_| !deploy.release.is_site()) {
                self.run_to_end(deploy, name, command).await?;
                ran.push(name);
            }
        }
        Ok(match ran.as_slice() {
            [] => "nothing is to run after".to_owned(),
            ran => format!("{} ended well", ran.join(" and ")),
        })
    }

    /// Ends what runs after the switch, as somebody asked. Nothing that it did is undone.
    pub(super) async fn cut_postdeploy_short(&self, deploy: &Deploy<'_>) -> Result<String, Failure> {
        let mut was_running = false;
        for container in self.engines.docker.list_of(&deploy.app.id).await? {
            let is_after = container.process().is_some_and(|name| AFTER.contains(&name));
            if is_after && container.release() == Some(deploy.release.id.as_str()) {
                was_running = true;
                self.engines.docker.stop(&container.id, 2).await?;
                self.apps.keep_log(&container.id).await;
                self.engines.docker.remove(&container.id).await?;
            }
        }
        Ok(match was_running {
            true => "stopped, as somebody asked: postdeploy ran in part".to_owned(),
            false => jobs::CUT_SHORT.to_owned(),
        })
    }

    /// Runs a command in the new image and keeps what it changed.
    async fn predeploy(&self, deploy: &Deploy<'_>, command: &CommandLine) -> Result<(), Failure> {
        let docker = &self.engines.docker;
        let spec = self.once_spec(deploy, "predeploy", command)?;
        let ended = self.run_once(deploy, &spec, command).await?;
        let given: Vec<EnvKey> = spec.env.iter().map(|(key, _)| key.clone()).collect();
        let tag = image_tag(docker.namespace(), &deploy.app.spec.name, deploy.release.number);
        let image = docker.commit(&ended.id, &image_of(&deploy.release)?, &given, &tag).await?;
        self.apps.keep_log(&ended.id).await;
        docker.remove(&ended.id).await?;
        let artifact = Artifact::Image { id: image.to_string() };
        store::set_artifact(&self.apps.parts.db, &deploy.release.id, &artifact, deploy.release.port).await?;
        deploy.context.log.say(format!("Kept what predeploy changed: {image}."));
        Ok(())
    }

    async fn run_to_end(&self, deploy: &Deploy<'_>, name: &str, command: &CommandLine) -> Result<(), Failure> {
        let spec = self.once_spec(deploy, name, command)?;
        let ended = self.run_once(deploy, &spec, command).await?;
        self.apps.keep_log(&ended.id).await;
        Ok(self.engines.docker.remove(&ended.id).await?)
    }

    /// Runs a container to its end, its output in the job's log; any end but 0 is a problem.
    async fn run_once(
        &self,
        deploy: &Deploy<'_>,
        spec: &ContainerSpec,
        command: &CommandLine,
    ) -> Result<Ended, Failure> {
        let log = &deploy.context.log;
        let name = &spec.process;
        log.say(format!("Running {name}: {command}"));
        let on_line = |line: crate::drivers::docker::LogLine| {
            log.line(if line.stderr { LogStream::Err } else { LogStream::Out }, &line.text);
        };
        // What an earlier try left is removed there.
        if let Some(left) = self.engines.docker.find_container(spec).await? {
            self.apps.keep_log(&left.id).await;
        }
        let ended = self.engines.docker.run_once(spec, LIMIT, on_line).await?;
        let how = match ended.exit_code {
            Some(0) => return Ok(ended),
            _ if ended.oom_killed => format!("{name} used up its memory of {} MiB", spec.limits.memory_bytes >> 20),
            Some(127) => format!("{name} was not found (exit code 127): {command}"),
            Some(code) => format!("{name} exited with code {code}"),
            None => format!("{name} did not end within {} min", LIMIT.as_secs() / 60),
        };
        self.apps.keep_log(&ended.id).await;
        self.engines.docker.remove(&ended.id).await?;
        Err(Problem::new(Code::Engine, format!("{how}."))
            .hint("The lines above say why. What served before serves on, unless it was a postdeploy.")
            .into())
    }

    /// A container like those of `web`, for one command. It is not started again when it ends.
    fn once_spec(&self, deploy: &Deploy<'_>, name: &str, command: &CommandLine) -> Result<ContainerSpec, Failure> {
        let name: ProcessName = name.parse().map_err(|_| Failure::internal("no name for what runs once"))?;
        let web = deploy.release.processes().into_iter().find(|process| process.name == ProcessName::web());
        let like = web.unwrap_or_else(|| Process::new(ProcessName::web(), None, Scale::ONE));
        let process = Process { name, command: Some(command.clone()), restart: RestartPolicy::No, ..like };
        let spec = self.container_spec(deploy, &process, 1)?;
        // The ports are held by what serves.
        Ok(ContainerSpec { grants: spec.grants.without_ports(), ..spec })
    }
}
