//! The watch window: a release that dies soon after its switch is taken back by itself.
//!
//! Starting and answering once is not the same as staying: a process that loses its database, or
//! leaks until it is killed, does so within the first minute more often than not. The store says
//! which releases are that young, so that a panel that died in between goes on watching.

use std::time::Duration;

use homeport_model::{
    deploy::{Trigger, container::ContainerId, plan::WATCH_MS},
    event::Topic,
    prelude::Actor,
};

use super::{Deploys, ReleaseRecord, store};
use crate::{apps, drivers::docker::OurContainer, failure::Failure, jobs};

/// How often a young release is looked at.
const EVERY: Duration = Duration::from_secs(1);

impl Deploys {
    /// Watches until no release is young any more.
    ///
    /// # Errors
    /// When the store or the engine does not answer; the next look goes on.
    pub async fn watch(&self) -> Result<(), Failure> {
        loop {
            let parts = &self.apps.parts;
            let since = parts.clock.now().plus_ms(-WATCH_MS);
            let mut young = store::serving(&parts.db).await?;
            young.retain(|release| is_watched(release) && release.switched_at.is_some_and(|at| at > since));
            if young.is_empty() {
                return Ok(());
            }
            // Asked once for all of them.
            let ours = parts.docker.list_ours().await?;
            for release in young {
                if let Some(why) = self.death_of(&release, &ours).await? {
                    self.take_back(&release, &why).await?;
                }
            }
            tokio::time::sleep(EVERY).await;
        }
    }

    /// How a container of a release ended, if one did.
    async fn death_of(&self, release: &ReleaseRecord, ours: &[OurContainer]) -> Result<Option<String>, Failure> {
        let docker = &self.apps.parts.docker;
        let processes = release.processes();
        // What runs once, such as postdeploy, may end as it likes.
        let goes_on = |container: &OurContainer| {
            processes.iter().any(|process| Some(process.name.as_str()) == container.process())
        };
        let mine: Vec<(ContainerId, String)> = ours
            .iter()
            .filter(|container| container.release() == Some(release.id.as_str()) && goes_on(container))
            .map(|container| (container.id.clone(), container.process().unwrap_or_default().to_owned()))
            .collect();
        for (id, process) in mine {
            let Some(state) = docker.inspect(&id).await? else { continue };
            let what = if process == "web" { "it".to_owned() } else { format!("its {process}") };
            if state.oom_killed {
                return Ok(Some(format!("{what} used up its memory")));
            }
            match state.exit_code {
                Some(code) if !state.running && state.started_at.is_some() => {
                    return Ok(Some(format!("{what} exited with code {code}")));
                }
                _ if state.restart_count > 0 => return Ok(Some(format!("{what} ended and had to be started again"))),
                _ => {}
            }
        }
        Ok(None)
    }

    /// Queues the way back to what served before. Without such a release there is nowhere to go.
    async fn take_back(&self, release: &ReleaseRecord, why: &str) -> Result<(), Failure> {
        let parts = &self.apps.parts;
        let Some(app) = apps::store::find_id(&parts.db, &release.app).await? else { return Ok(()) };
        let unfinished = jobs::store::unfinished(&parts.db).await?;
        // Whatever waits or runs for another release of this app decides about it.
        let is_busy = unfinished.iter().any(|job| job.app == app.spec.name && job.id != release.job);
        if app.deleting || is_busy || app.serving.as_ref() != Some(&release.id) {
            return Ok(());
        }
        let all = store::list(&parts.db, &app.id).await?;
        let before = all.iter().find(|other| {
            other.number < release.number && other.kept && other.switched_at.is_some() && other.artifact.is_some()
        });
        // Once only: what was brought back by itself is newer than the one that died.
        let tried = all.iter().any(|other| other.number > release.number);
        let Some(before) = before.filter(|_| !tried) else { return Ok(()) };
        let actor = Actor { user: "homeport".into(), name: "Homeport".into(), ..Actor::host() };
        let seconds = parts.clock.now().since(release.switched_at.unwrap_or(release.created_at)) / 1_000;
        let why = format!("release {} died: {why} {seconds} s after its switch", release.number);
        tracing::warn!(app = app.spec.name.as_str(), "{why}; rolling back to release {}", before.number);
        let trigger = Trigger::RolledBack { by: actor.name.clone(), to: before.number, why };
        self.roll_back_for(&actor, &app, before.clone(), trigger).await?;
        parts.hub.announce(Topic::Apps);
        Ok(())
    }
}

/// A release that nginx serves as files cannot die, and what was brought back is not taken back.
fn is_watched(release: &ReleaseRecord) -> bool {
    !release.is_site() && !matches!(release.trigger, Trigger::RolledBack { .. })
}
