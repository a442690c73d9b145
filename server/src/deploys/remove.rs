//! Removing an app: its route, containers, images, folders, mirror, and last its rows.

use std::sync::Arc;

use async_trait::async_trait;
use homeport_model::{event::Topic, id::AppId, name::AppName};
use serde::Deserialize;

use super::{DeployWork, store, work::Deploy};
use crate::{
    apps, db,
    failure::Failure,
    jobs::{Job, Outcome, StepContext, Work},
};

/// The steps in order.
pub const REMOVAL_STEPS: &[&str] = &["unroute", "stop", "remove"];

#[derive(Deserialize)]
struct Payload {
    app: AppId,
    #[serde(default)]
    volumes: bool,
}

/// Does the steps of removing an app. There is no way back: a removal that failed goes on when it
/// is asked for again.
pub struct RemoveWork(pub Arc<DeployWork>);

impl RemoveWork {
    async fn step(&self, context: &Arc<StepContext>, step: &str) -> Result<String, Failure> {
        let work = &self.0;
        let parts = &work.apps.parts;
        let payload: Payload = serde_json::from_str(&context.job.payload)?;
        let Some(app) = apps::store::find_id(&parts.db, &payload.app).await? else {
            return Ok("it is gone already".to_owned());
        };
        match step {
            "unroute" => {
                parts.domains.unroute(&context.lock, &app).await?;
                Ok("its host names answer no more".to_owned())
            }
            "stop" => {
                let mut count = 0;
                for container in work.engines.docker.list_of(&app.id).await? {
                    work.engines.docker.stop(&container.id, work.patience.stop_grace_s).await?;
                    work.engines.docker.remove(&container.id).await?;
                    count += 1;
                }
                Ok(format!("{count} container(s) removed"))
            }
            _ => {
                let releases = store::list(&parts.db, &app.id).await?;
                for release in &releases {
                    let deploy = Deploy {
                        context,
                        app: app.clone(),
                        release: release.clone(),
                        wanted: None,
                        upload: None,
                        no_cache: false,
                    };
                    // With no other release given, nothing is shared and every built image goes.
                    work.forget_artifact(&deploy.release, &[]).await?;
                }
                work.engines.docker.remove_cache(&app.id).await?;
                parts.domains.sites().remove_app(&app.id)?;
                parts.kept.forget_app(&app.id)?;
                work.remove_mirror(&app.id).await?;
                Ok(match self.remove_volumes(&payload, &app.spec.name).await? {
                    0 => "images, folders and history removed".to_owned(),
                    count => format!("images, folders, history and {count} volume(s) removed"),
                })
            }
        }
    }
}

impl RemoveWork {
    /// Volumes go only where that was ticked; else they stay, and an app of the same name finds them.
    async fn remove_volumes(&self, payload: &Payload, app: &AppName) -> Result<usize, Failure> {
        let docker = &self.0.engines.docker;
        if !payload.volumes {
            return Ok(0);
        }
        let volumes = docker.list_volumes(app).await?;
        for volume in &volumes {
            docker.remove_volume(app, &volume.volume).await?;
        }
        Ok(volumes.len())
    }
}

#[async_trait]
impl Work for RemoveWork {
    async fn run(&self, context: &Arc<StepContext>, step: &str) -> Result<Option<String>, Failure> {
        self.step(context, step).await.map(Some)
    }

    async fn undo(&self, _context: &Arc<StepContext>, _step: &str) -> Result<(), Failure> {
        Ok(())
    }

    fn is_past_commit(&self, _step: &str) -> bool {
        false
    }

    async fn has_committed(&self, _context: &Arc<StepContext>) -> Result<bool, Failure> {
        Ok(false)
    }

    async fn finish(&self, tx: &mut db::Conn, job: &Job, outcome: &Outcome) -> db::Result<()> {
        if *outcome == Outcome::Succeeded
            && let Ok(id) = job.subject.parse::<AppId>()
        {
            apps::store::delete(tx, &id).await?;
            self.0.apps.parts.observations.forget(&id);
        }
        self.0.apps.parts.domains.nudge();
        Ok(())
    }

    fn topics(&self, job: &Job) -> Vec<Topic> {
        let app = job.subject.parse().map(Topic::App).ok();
        app.into_iter().chain([Topic::Apps, Topic::Activity]).collect()
    }
}
