//! The deploy job: its steps in order, and what undoing each means.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
};

use async_trait::async_trait;
use homeport_model::{
    deploy::{Step, plan::Patience, proof::Between},
    event::Topic,
    id::{AppId, JobId, ReleaseId},
    name::CommitRef,
    prelude::Problem,
};
use serde::Deserialize;

use super::{ReleaseRecord, proof::Probe, store, switch::Switched, turns::Turns};
use crate::{
    access::Access,
    apps::{self, AppRecord, Apps},
    db,
    drivers::{archive::Archives, docker::Docker, git::Git},
    failure::Failure,
    jobs::{self, Job, Outcome, StepContext, Work},
    registries::Registries,
};

/// How long the old containers have to end, in seconds, once somebody asked the job to.
const HURRY_S: u32 = 3;

/// The engines that a deploy drives.
#[derive(Clone)]
pub struct Engines {
    /// Containers and images.
    pub docker: Docker,
    /// Sources.
    pub git: Git,
    /// What git may show to a repository's host.
    pub access: Access,
    /// What the engine may show to registries.
    pub registries: Registries,
    /// Uploads.
    pub archives: Archives,
    /// How many builds run at the same time.
    pub builds_at_once: usize,
}

#[derive(Deserialize)]
struct Payload {
    app: AppId,
    release: ReleaseId,
    /// The one commit that is to be deployed.
    #[serde(default)]
    wanted: Option<CommitRef>,
    /// The upload that is to be deployed.
    #[serde(default)]
    upload: Option<String>,
    /// Whether it is built without anything that earlier builds left.
    #[serde(default)]
    no_cache: bool,
}

/// Does the steps of a deploy or of rolling back.
pub struct DeployWork {
    pub(super) apps: Apps,
    pub(super) engines: Engines,
    pub(super) patience: Patience,
    /// One build at a time: a build may take all the memory there is.
    pub(super) builds: Turns,
    /// Those that ask, and why others cannot.
    probes: Mutex<HashMap<JobId, Result<Probe, Between>>>,
    switched: Mutex<HashMap<JobId, Switched>>,
}

/// A step's view of its deploy.
pub(super) struct Deploy<'a> {
    pub(super) context: &'a Arc<StepContext>,
    pub(super) app: AppRecord,
    pub(super) release: ReleaseRecord,
    pub(super) wanted: Option<CommitRef>,
    pub(super) upload: Option<String>,
    pub(super) no_cache: bool,
}

impl DeployWork {
    pub(super) fn new(apps: Apps, engines: Engines, patience: Patience) -> Self {
        Self {
            apps,
            patience,
            builds: Turns::new(engines.builds_at_once),
            engines,
            probes: Mutex::default(),
            switched: Mutex::default(),
        }
    }

    async fn load<'a>(&self, context: &'a Arc<StepContext>) -> Result<Deploy<'a>, Failure> {
        let payload: Payload = serde_json::from_str(&context.job.payload)?;
        let db = &self.apps.parts.db;
        let app = apps::store::find_id(db, &payload.app).await?.ok_or_else(|| Problem::not_found("app"))?;
        let release = store::find_id(db, &payload.release).await?.ok_or_else(|| Problem::not_found("release"))?;
        Ok(Deploy { context, app, release, wanted: payload.wanted, upload: payload.upload, no_cache: payload.no_cache })
    }

    pub(super) fn put_probe(&self, job: &JobId, probe: Result<Probe, Between>) {
        self.probes.lock().unwrap_or_else(PoisonError::into_inner).entry(job.clone()).or_insert(probe);
    }

    pub(super) fn take_probe(&self, job: &JobId) -> Option<Result<Probe, Between>> {
        self.probes.lock().unwrap_or_else(PoisonError::into_inner).remove(job)
    }

    pub(super) fn put_switched(&self, job: &JobId, switched: Switched) {
        self.switched.lock().unwrap_or_else(PoisonError::into_inner).insert(job.clone(), switched);
    }

    pub(super) fn take_switched(&self, job: &JobId) -> Option<Switched> {
        self.switched.lock().unwrap_or_else(PoisonError::into_inner).remove(job)
    }
}

fn step_of(word: &str) -> Result<Step, Failure> {
    Step::from_word(word).ok_or_else(|| Failure::internal(format!("a deploy has no step {word:?}")))
}

#[async_trait]
impl Work for DeployWork {
    async fn run(&self, context: &Arc<StepContext>, step: &str) -> Result<Option<String>, Failure> {
        let deploy = self.load(context).await?;
        context.log.mask(self.apps.mask_of(&deploy.app.id, Some(&deploy.release.env)).await?);
        match step_of(step)? {
            Step::Fetch => self.fetch(&deploy).await,
            Step::Build => self.build(&deploy).await,
            Step::Release => self.release(&deploy).await,
            Step::Start => self.start(&deploy).await,
            Step::Check => self.check(&deploy).await,
            Step::Switch => self.switch(&deploy).await,
            Step::Prove => self.prove(&deploy).await,
            Step::Postdeploy => self.postdeploy(&deploy).await,
            Step::Drain => self.drain(&deploy).await,
            Step::Retire => self.retire(&deploy).await,
            Step::Prune => self.prune(&deploy).await,
        }
        .map(Some)
    }

    async fn undo(&self, context: &Arc<StepContext>, step: &str) -> Result<(), Failure> {
        let deploy = self.load(context).await?;
        match step_of(step)? {
            Step::Build => self.unbuild(&deploy).await,
            Step::Release | Step::Start => self.unstart(&deploy).await,
            Step::Switch => self.unswitch(&deploy).await,
            _ => Ok(()),
        }
    }

    fn is_past_commit(&self, step: &str) -> bool {
        Step::from_word(step).is_some_and(Step::is_past_commit)
    }

    fn may_be_cut_short(&self, step: &str) -> bool {
        matches!(Step::from_word(step), Some(Step::Prove | Step::Postdeploy | Step::Drain | Step::Retire))
    }

    async fn cut_short(&self, context: &Arc<StepContext>, step: &str) -> Result<Option<String>, Failure> {
        let deploy = self.load(context).await?;
        match step_of(step)? {
            Step::Postdeploy => self.cut_postdeploy_short(&deploy).await.map(Some),
            Step::Retire => self.retire_within(&deploy, HURRY_S).await.map(Some),
            _ => Ok(Some(jobs::CUT_SHORT.to_owned())),
        }
    }

    async fn has_committed(&self, context: &Arc<StepContext>) -> Result<bool, Failure> {
        let deploy = self.load(context).await?;
        Ok(deploy.app.serving.as_ref() == Some(&deploy.release.id))
    }

    async fn finish(&self, _tx: &mut db::Conn, job: &Job, _outcome: &Outcome) -> db::Result<()> {
        drop(self.take_probe(&job.id));
        self.take_switched(&job.id);
        self.apps.parts.domains.nudge();
        Ok(())
    }

    fn topics(&self, job: &Job) -> Vec<Topic> {
        let app = job.subject.parse().map(Topic::App).ok();
        app.into_iter().chain([Topic::Apps]).collect()
    }
}
