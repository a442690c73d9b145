//! What the pages ask of deploys.

use async_trait::async_trait;
use homeport_app::backend::{self, Answer};
use homeport_model::{
    deploy::{Comparison, DeployDetail, ReleaseRow},
    id::JobId,
    job::{JobRow, LogLine},
    name::{AppName, CommitRef},
    prelude::{Actor, Problem, Role},
    problem::Fix,
};

use super::{Deploys, store, view};
use crate::{apps::pressed, failure::Failure, jobs};

#[async_trait]
impl backend::Deploys for Deploys {
    async fn deploy(&self, actor: &Actor, app: &AppName) -> Answer<u32> {
        Ok(self.press_deploy(actor, app).await?)
    }

    async fn deploy_image(&self, actor: &Actor, app: &AppName, image: &str) -> Answer<u32> {
        self.apps.keep_image(actor, app, image).await?;
        Ok(self.press_deploy(actor, app).await?)
    }

    async fn deploy_commit(&self, actor: &Actor, app: &AppName, commit: &CommitRef) -> Answer<u32> {
        Ok(self.deploy_wanted(actor, app, pressed(actor), Some(commit.clone())).await?)
    }

    async fn deploy_without_cache(&self, actor: &Actor, app: &AppName, commit: Option<&CommitRef>) -> Answer<u32> {
        Ok(self.press_without_cache(actor, app, commit.cloned()).await?)
    }

    async fn roll_back(&self, actor: &Actor, app: &AppName, to: u32) -> Answer<u32> {
        Ok(self.press_roll_back(actor, app, to).await?)
    }

    async fn restart(&self, actor: &Actor, app: &AppName) -> Answer<u32> {
        Ok(self.press_restart(actor, app).await?)
    }

    async fn fix(&self, actor: &Actor, app: &AppName, fix: Fix) -> Answer<u32> {
        match fix {
            Fix::SetPort { port } => self.apps.set_port(actor, app, port).await?,
        }
        Ok(self.press_deploy(actor, app).await?)
    }

    async fn list(&self, actor: &Actor, app: &AppName) -> Answer<Vec<ReleaseRow>> {
        actor.require(Role::Viewer)?;
        let app = self.apps.get(app).await?;
        let db = &self.apps.parts.db;
        let releases = store::list(db, &app.id).await.map_err(Failure::from)?;
        let jobs = jobs::store::newest(db, Some(app.id.as_str()), 1_000).await.map_err(Failure::from)?;
        Ok(view::rows(&app, releases, &jobs))
    }

    async fn compare(&self, actor: &Actor, app: &AppName, from: u32, to: u32) -> Answer<Comparison> {
        Ok(self.compare_releases(actor, app, from, to).await?)
    }

    async fn find(&self, actor: &Actor, app: &AppName, number: u32) -> Answer<DeployDetail> {
        Ok(self.detail(actor, app, number).await?)
    }

    async fn cancel(&self, actor: &Actor, job: &JobId) -> Answer<()> {
        Ok(self.stop_job(actor, job).await?)
    }

    async fn job(&self, actor: &Actor, job: &JobId) -> Answer<JobRow> {
        actor.require(Role::Viewer)?;
        let found = jobs::store::find(&self.apps.parts.db, job).await.map_err(Failure::from)?;
        Ok(found.ok_or_else(|| Problem::not_found("job"))?.0)
    }

    async fn log(&self, actor: &Actor, job: &JobId, after: u64) -> Answer<Vec<LogLine>> {
        Ok(self.log_lines(actor, job, after).await?)
    }
}
