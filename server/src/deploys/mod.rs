//! Deploys: jobs that make a release and switch to it without a failed request.

mod backend;
mod buildpacks;
mod check;
mod commands;
mod declare;
mod fetch;
mod proof;
mod prune;
mod remove;
mod restart;
mod sources;
mod start;
mod storage;
pub mod store;
mod switch;
mod turns;
pub(crate) mod view;
mod watch;
mod work;

pub use remove::{REMOVAL_STEPS, RemoveWork};
pub use store::ReleaseRecord;
pub use work::{DeployWork, Engines};

use std::sync::Arc;

use homeport_model::{
    deploy::{Artifact, Declared, DeployDetail, Trigger, plan},
    id::{JobId, ReleaseId},
    job::{JobKind, JobState, LogLine},
    name::{AppName, CommitRef},
    prelude::{Actor, Code, Problem, Role},
};
use serde_json::json;

use crate::{
    ambient,
    apps::{AppRecord, Apps, env::seal_env, pressed},
    failure::Failure,
    jobs,
};

/// What was asked for beside the app.
struct Asked {
    trigger: Trigger,
    /// The one commit that is to be deployed.
    wanted: Option<CommitRef>,
    /// The upload that is to be deployed.
    upload: Option<String>,
    /// Whether it is built without anything that earlier builds left.
    no_cache: bool,
}

impl From<Trigger> for Asked {
    fn from(trigger: Trigger) -> Self {
        Self { trigger, wanted: None, upload: None, no_cache: false }
    }
}

/// The service.
#[derive(Clone)]
pub struct Deploys {
    apps: Apps,
}

impl Deploys {
    /// The service beside the apps' one.
    #[must_use]
    pub fn new(apps: Apps) -> Self {
        Self { apps }
    }

    async fn press_deploy(&self, actor: &Actor, name: &AppName) -> Result<u32, Failure> {
        self.deploy_for(actor, name, pressed(actor)).await
    }

    /// Queues a deploy that `trigger` asked for.
    ///
    /// # Errors
    /// [`Code::NotFound`], or that the actor may not.
    pub async fn deploy_for(&self, actor: &Actor, name: &AppName, trigger: Trigger) -> Result<u32, Failure> {
        self.deploy_wanted(actor, name, trigger, None).await
    }

    /// Queues a deploy of exactly this commit; of the branch's head, or the image, without one.
    ///
    /// # Errors
    /// [`Code::NotFound`], that the actor may not, or that the app comes from no repository.
    pub async fn deploy_wanted(
        &self,
        actor: &Actor,
        name: &AppName,
        trigger: Trigger,
        wanted: Option<CommitRef>,
    ) -> Result<u32, Failure> {
        actor.require(Role::Deployer)?;
        let app = self.apps.get(name).await?;
        if wanted.is_some() && app.spec.source.files().is_none() {
            return Err(Problem::invalid("ref", "The app comes from an image, which has no commits.").into());
        }
        self.enqueue_deploy(actor, &app, Asked { wanted, ..trigger.into() }).await
    }

    /// Queues a deploy whose build takes nothing from earlier ones.
    async fn press_without_cache(
        &self,
        actor: &Actor,
        name: &AppName,
        wanted: Option<CommitRef>,
    ) -> Result<u32, Failure> {
        actor.require(Role::Deployer)?;
        let app = self.apps.get(name).await?;
        if !app.spec.source.is_built() {
            let text = "Nothing is built for this app, so there is nothing to leave out.";
            return Err(Problem::invalid("no_cache", text).hint("Deploy it without that.").into());
        }
        let asked = Asked { wanted, no_cache: true, ..pressed(actor).into() };
        self.enqueue_deploy(actor, &app, asked).await
    }

    /// Queues a deploy of an upload that was checked.
    ///
    /// # Errors
    /// [`Code::NotFound`], or that the actor may not.
    pub async fn deploy_upload(&self, actor: &Actor, name: &AppName, upload: &str) -> Result<u32, Failure> {
        actor.require(Role::Deployer)?;
        let app = self.apps.get(name).await?;
        let asked = Asked { upload: Some(upload.to_owned()), ..pressed(actor).into() };
        self.enqueue_deploy(actor, &app, asked).await
    }

    async fn enqueue_deploy(&self, actor: &Actor, app: &AppRecord, asked: Asked) -> Result<u32, Failure> {
        let env = self.apps.env_map(&app.id).await?;
        let env = seal_env(&self.apps.parts.sealer, &app.id, &env)?;
        let steps = plan::deploy(app.spec.source.is_static());
        self.enqueue(actor, app, JobKind::Deploy, steps, move |release| ReleaseRecord { env, ..release }, asked).await
    }

    async fn press_roll_back(&self, actor: &Actor, name: &AppName, to: u32) -> Result<u32, Failure> {
        actor.require(Role::Deployer)?;
        let app = self.apps.get(name).await?;
        let target = store::find(&self.apps.parts.db, &app.id, to).await?;
        let target = target.ok_or_else(|| Problem::not_found("release"))?;
        if app.serving.as_ref() == Some(&target.id) {
            return Err(Problem::new(Code::Conflict, format!("Release {to} serves already.")).into());
        }
        let trigger = Trigger::RolledBack { by: actor.name.clone(), to, why: String::new() };
        self.roll_back_for(actor, &app, target, trigger).await
    }

    /// Queues going back to the content of `target`.
    async fn roll_back_for(
        &self,
        actor: &Actor,
        app: &AppRecord,
        target: ReleaseRecord,
        trigger: Trigger,
    ) -> Result<u32, Failure> {
        let Some(artifact) = target.artifact.clone().filter(|_| target.kept) else {
            return Err(Problem::new(Code::Gone, format!("Release {} is no longer here.", target.number))
                .hint("Deploy its commit again instead.")
                .into());
        };
        let steps = plan::roll_back(matches!(artifact, Artifact::Site { .. }));
        let fill = move |release| ReleaseRecord {
            spec: target.spec,
            env: target.env,
            commit: target.commit,
            artifact: Some(artifact),
            port: target.port,
            declared: target.declared,
            kept: true,
            ..release
        };
        self.enqueue(actor, app, JobKind::RollBack, steps, fill, trigger).await
    }

    /// Makes the release and its job in one transaction.
    async fn enqueue(
        &self,
        actor: &Actor,
        app: &AppRecord,
        kind: JobKind,
        steps: &[plan::Step],
        fill: impl FnOnce(ReleaseRecord) -> ReleaseRecord,
        asked: impl Into<Asked>,
    ) -> Result<u32, Failure> {
        let Asked { trigger, wanted, upload, no_cache } = asked.into();
        let parts = &self.apps.parts;
        let now = parts.clock.now();
        let job = JobId::new(now.ms(), ambient::random_u32());
        let id = ReleaseId::new(now.ms(), ambient::random_u32());
        let steps: Vec<&str> = steps.iter().map(|step| step.as_str()).collect();
        let mut tx = parts.db.write().await?;
        if kind == JobKind::Restart {
            restart::refuse_beside_a_deploy(&mut tx, &app.id).await?;
        }
        let number = store::next_number(&mut tx, &app.id).await?;
        let release = fill(ReleaseRecord {
            id: id.clone(),
            app: app.id.clone(),
            number,
            job: job.clone(),
            trigger,
            spec: app.spec.clone(),
            env: Vec::new(),
            commit: None,
            artifact: None,
            port: None,
            declared: Declared::default(),
            kept: false,
            created_at: now,
            switched_at: None,
            proof: None,
        });
        let payload = json!({
            "app": app.id, "release": id, "wanted": wanted, "upload": upload, "no_cache": no_cache,
        });
        let payload = payload.to_string();
        let new = jobs::store::NewJob {
            id: &job,
            kind,
            subject: app.id.as_str(),
            app: &app.spec.name,
            release: Some(number),
            payload: &payload,
            steps: &steps,
        };
        let replaced =
            Problem::new(Code::Conflict, format!("Replaced by release {number}, which was asked for later."));
        jobs::store::enqueue(&mut tx, &new, &replaced, now).await?;
        store::insert(&mut tx, &release).await?;
        let action = match kind {
            JobKind::RollBack => "app.roll_back",
            JobKind::Restart => "app.restart",
            JobKind::Deploy | JobKind::DeleteApp => "app.deploy",
        };
        parts
            .audit
            .record(&mut tx, actor, action, app.spec.name.as_str(), json!({ "release": number, "job": job }))
            .await?;
        tx.commit().await?;
        self.apps.announce(&app.id);
        parts.runner.nudge();
        Ok(number)
    }

    async fn detail(&self, actor: &Actor, name: &AppName, number: u32) -> Result<DeployDetail, Failure> {
        actor.require(Role::Viewer)?;
        let parts = &self.apps.parts;
        let app = self.apps.get(name).await?;
        let all = store::list(&parts.db, &app.id).await?;
        let release = all.iter().find(|release| release.number == number).cloned();
        let release = release.ok_or_else(|| Problem::not_found("release"))?;
        let job = jobs::store::find(&parts.db, &release.job).await?;
        // Compared with the one that served before it, else with the newest that was made before it.
        let older = || all.iter().filter(|other| other.number < number);
        let before = older().filter(|other| other.switched_at.is_some()).max_by_key(|other| other.switched_at);
        let change = view::change(&parts.sealer, before, &release)?;
        let previous = older().find(|other| other.kept && other.switched_at.is_some()).map(|other| other.number);
        Ok(DeployDetail {
            app: app.spec.name.clone(),
            url: parts.domains.url(&self.apps.first_host_name(&app.spec)),
            steps: jobs::store::steps(&parts.db, &release.job).await?,
            proof: store::proof(&parts.db, &release.id).await?,
            change,
            previous,
            log_lines: job.as_ref().map_or(0, |(_, lines)| *lines),
            release: view::row(&app, release, &job.into_iter().map(|(row, _)| row).collect::<Vec<_>>()),
        })
    }

    async fn stop_job(&self, actor: &Actor, job: &JobId) -> Result<(), Failure> {
        actor.require(Role::Deployer)?;
        let parts = &self.apps.parts;
        let (row, _) = jobs::store::find(&parts.db, job).await?.ok_or_else(|| Problem::not_found("job"))?;
        if row.kind == JobKind::DeleteApp {
            return Err(Problem::new(Code::Conflict, "Removing an app cannot be stopped half-way.").into());
        }
        let stopped = Problem::new(Code::Conflict, format!("Stopped by {}.", actor.name));
        let mut tx = parts.db.write().await?;
        let was = jobs::store::ask_cancel(&mut tx, job, &stopped, parts.clock.now()).await?;
        match was {
            None => return Err(Problem::not_found("job").into()),
            Some(state) if state.is_final() => {
                return Err(Problem::new(Code::Conflict, "This job has ended already.").into());
            }
            Some(JobState::Queued | _) => {}
        }
        parts.audit.record(&mut tx, actor, "job.cancel", row.app.as_str(), json!({ "job": job })).await?;
        tx.commit().await?;
        parts.runner.cancel(job);
        parts.hub.announce(homeport_model::event::Topic::Job(job.clone()));
        parts.hub.announce(homeport_model::event::Topic::Apps);
        Ok(())
    }

    async fn log_lines(&self, actor: &Actor, job: &JobId, after: u64) -> Result<Vec<LogLine>, Failure> {
        actor.require(Role::Viewer)?;
        Ok(jobs::store::log_after(&self.apps.parts.db, job, after, 1_000).await?)
    }

    /// Everything that the work needs.
    #[must_use]
    pub fn work(&self, engines: Engines, patience: plan::Patience) -> Arc<DeployWork> {
        Arc::new(DeployWork::new(self.apps.clone(), engines, patience))
    }
}
