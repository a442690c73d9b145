//! Looks at every app: does what should serve, serve? A container that should run and does not is
//! started again; one that nobody knows is removed.

use std::net::Ipv4Addr;

use homeport_model::{
    deploy::{
        Artifact,
        container::{ContainerId, ProcessName},
    },
    event::Topic,
};

use super::{AppRecord, Apps, Seen, observe::SeenContainer, store};
use crate::{
    deploys::{self, ReleaseRecord},
    drivers::docker::OurContainer,
    failure::Failure,
    jobs::Locks,
};

impl Apps {
    /// Looks at every app that no job works on.
    ///
    /// # Errors
    /// When the store or the engine does not answer; every app is then marked as unknown.
    pub async fn reconcile(&self, locks: &Locks) -> Result<(), Failure> {
        let parts = &self.parts;
        let apps = store::list(&parts.db).await?;
        let containers = match parts.docker.list_ours().await {
            Ok(containers) => Some(containers),
            Err(error) => {
                tracing::debug!("the containers could not be listed: {error}");
                None
            }
        };
        let serving = deploys::store::serving(&parts.db).await?;
        let mut changed = false;
        for app in apps.iter().filter(|app| !app.deleting) {
            let Some(_lock) = locks.try_acquire(app.id.as_str()) else { continue };
            let Some(release) = serving.iter().find(|release| app.serving.as_ref() == Some(&release.id)) else {
                continue;
            };
            let seen = self.look(app, release, containers.as_deref()).await;
            changed |= parts.observations.record(&app.id, seen, parts.clock.now());
        }
        if let Some(containers) = containers {
            self.remove_strays(locks, &apps, &containers).await?;
        }
        if changed {
            parts.hub.announce(Topic::Apps);
        }
        Ok(())
    }

    /// What is seen of an app whose `release` should serve.
    pub(crate) async fn look(
        &self,
        app: &AppRecord,
        release: &ReleaseRecord,
        containers: Option<&[OurContainer]>,
    ) -> Seen {
        if let Some(Artifact::Site { folder, .. }) = &release.artifact {
            return match self.parts.domains.serves_folder(&app.id, folder) {
                true => Seen::Folder,
                false => Seen::Down("its folder is gone; deploy it again".to_owned()),
            };
        }
        let Some(containers) = containers else {
            return Seen::Unknown("Docker does not answer".to_owned());
        };
        let (mut running, mut trouble) = (Vec::new(), Vec::new());
        for process in release.processes() {
            let name = process.name.as_str();
            for index in 1..=u32::from(process.scale.get()) {
                let is_it = |container: &&OurContainer| {
                    container.release() == Some(release.id.as_str())
                        && container.process() == Some(name)
                        && container.index() == index
                };
                let seen = match containers.iter().find(is_it) {
                    None => Err("its container was removed; deploy it again".to_owned()),
                    Some(container) => match (container.running, container.address) {
                        (true, Some(address)) => Ok((container.name.clone(), address)),
                        _ => self.why_down(&container.id).await,
                    },
                };
                match seen {
                    Ok((container, address)) => {
                        running.push(SeenContainer { process: name.to_owned(), name: container, address });
                    }
                    Err(why) if process.name == ProcessName::web() && process.scale.get() == 1 => trouble.push(why),
                    Err(why) => trouble.push(format!("{name} {index}: {why}")),
                }
            }
        }
        // An app that answers nobody is down, whatever else of it runs.
        let wants_web = release.web_scale() > 0;
        let has_web = running.iter().any(|seen| seen.process == ProcessName::web().as_str());
        match trouble.join("; ") {
            why if !why.is_empty() && (running.is_empty() || (wants_web && !has_web)) => Seen::Down(why),
            why => Seen::Running { containers: running, trouble: (!why.is_empty()).then_some(why) },
        }
    }

    /// Where a container runs, or why it does not. One that somebody stopped is started again.
    async fn why_down(&self, id: &ContainerId) -> Result<(String, Ipv4Addr), String> {
        // Whoever tidies up by hand must not take with it why it died.
        self.keep_log_of_dead(id).await;
        match self.parts.docker.inspect(id).await {
            Ok(Some(state)) if state.running && state.address.is_some() => {
                Ok((state.name, state.address.unwrap_or(Ipv4Addr::UNSPECIFIED)))
            }
            Ok(Some(state)) if state.oom_killed => Err("it used up its memory and was killed".to_owned()),
            Ok(Some(state)) if state.restarting => Err(format!(
                "it exits and is started again and again (exit code {}, {} times)",
                state.exit_code.unwrap_or_default(),
                state.restart_count
            )),
            Ok(Some(state)) => {
                // Somebody stopped it by hand, or the engine was stopped under it.
                if let Err(error) = self.parts.docker.start(id).await {
                    tracing::warn!("a stopped container could not be started: {}", crate::failure::chain(&error));
                }
                Err(format!(
                    "it had stopped (exit code {}) and is being started again",
                    state.exit_code.unwrap_or_default()
                ))
            }
            Ok(None) => Err("its container was removed; deploy it again".to_owned()),
            Err(_) => Err("Docker does not answer".to_owned()),
        }
    }

    /// Removes our containers that belong to no serving release and to no job at work: left by a
    /// panel that died at the wrong moment.
    async fn remove_strays(
        &self,
        locks: &Locks,
        apps: &[AppRecord],
        containers: &[OurContainer],
    ) -> Result<(), Failure> {
        for container in containers {
            let Some(app_id) = container.app() else { continue };
            let app = apps.iter().find(|app| app.id.as_str() == app_id);
            let serves = |app: &AppRecord| app.serving.as_ref().map(|id| id.as_str()) == container.release();
            if app.is_some_and(serves) {
                continue;
            }
            let Some(_lock) = locks.try_acquire(app_id) else { continue };
            // Read again under the lock: a deploy may just have ended.
            let serving = match app {
                Some(app) => store::find_id(&self.parts.db, &app.id).await?.and_then(|app| app.serving),
                None => None,
            };
            let unfinished = crate::jobs::store::unfinished(&self.parts.db).await?;
            let busy = app.is_some_and(|app| unfinished.iter().any(|job| job.app == app.spec.name));
            if busy || serving.as_ref().map(|id| id.as_str()) == container.release() {
                continue;
            }
            tracing::info!(container = container.name, "removing a container that no release needs");
            self.parts.docker.stop(&container.id, 10).await?;
            self.keep_log(&container.id).await;
            self.parts.docker.remove(&container.id).await?;
        }
        Ok(())
    }
}
