//! Asks the hosts of repositories where their branches stand, for apps that want it, and deploys what
//! no webhook told of.

mod store;

use std::sync::Arc;

use homeport_model::{
    access::{Known, Next, PollMinutes, PollRow, decide},
    actor::{Actor, Role},
    app::Files,
    deploy::Trigger,
    id::AppId,
    name::{CommitSha, GitRef, RepoUrl},
    problem::{Code, Problem},
};
use tokio::sync::Mutex;

use crate::{
    access::Access,
    apps::{self, AppRecord, Apps},
    db::Db,
    deploys::{self, Deploys},
    failure::{Failure, report},
    jobs::{self, Locks},
};
use store::Poll;

/// How releases that come of it are told from those of webhooks.
const THROUGH: &str = "asking the host";

/// The service.
#[derive(Clone)]
pub struct Polls {
    apps: Apps,
    access: Access,
    deploys: Deploys,
    locks: Locks,
    /// Shared with the webhooks: what both hear of becomes one deploy.
    deciding: Arc<Mutex<()>>,
}

impl Polls {
    /// The service beside the others; `deciding` is the webhooks' turn.
    #[must_use]
    pub fn new(apps: Apps, access: Access, deploys: Deploys, locks: Locks, deciding: Arc<Mutex<()>>) -> Self {
        Self { apps, access, deploys, locks, deciding }
    }

    /// Asks for every app whose time has come, one after the other.
    ///
    /// # Errors
    /// When the store does not answer. What a host says or does not say is kept with its app.
    pub async fn look(&self) -> Result<(), Failure> {
        for app in apps::store::list(&self.apps.parts.db).await? {
            let every = app.spec.source.files().and_then(|files| files.poll);
            if let (Some(every), Some((repo, branch)), false) = (every, app.spec.source.repo(), app.deleting) {
                self.look_at(&app, every, repo, branch).await?;
            }
        }
        Ok(())
    }

    async fn look_at(
        &self,
        app: &AppRecord,
        every: PollMinutes,
        repo: &RepoUrl,
        branch: &GitRef,
    ) -> Result<(), Failure> {
        let parts = &self.apps.parts;
        let source = format!("{repo} {branch}");
        let before = store::find(&parts.db, &app.id).await?.filter(|poll| poll.source == source);
        let now = parts.clock.now();
        // A clock that was set back, or a shorter time that was chosen since, does not make it wait long.
        let latest = now.plus_ms(every.next_in_ms(before.as_ref().map_or(0, |poll| poll.failures)));
        if before.as_ref().is_some_and(|poll| poll.next_at > now && poll.next_at <= latest) {
            return Ok(());
        }
        let asked = match self.access.ask(app, repo, branch).await {
            Ok((asked, _)) => asked.map_err(Failure::from),
            Err(failure) => Err(failure),
        };
        let _turn = self.deciding.lock().await;
        let tip_before = before.as_ref().and_then(|poll| poll.tip.clone());
        let failed = |problem| {
            let failures = before.as_ref().map_or(0, |poll| poll.failures).saturating_add(1);
            (tip_before.clone(), failures, Some(problem))
        };
        let (tip, failures, problem) = match asked {
            Err(Failure::Problem(problem)) => failed(problem),
            Err(Failure::Internal(cause)) => failed(report(&*cause)),
            Ok(tip) => match self.take(app, tip_before.as_ref(), &tip).await {
                Ok(true) => (Some(tip), 0, None),
                Ok(false) => (tip_before.clone(), 0, None),
                Err(Failure::Problem(problem)) => failed(problem),
                Err(internal) => return Err(internal),
            },
        };
        let next_at = now.plus_ms(every.next_in_ms(failures));
        let poll = Poll { source, tip, asked_at: now, next_at, failures, problem };
        let mut tx = parts.db.write().await?;
        store::set(&mut tx, &app.id, &poll).await?;
        tx.commit().await?;
        self.apps.announce(&app.id);
        Ok(())
    }

    /// Decides on an answer, and deploys. Says whether the answer counts as seen.
    async fn take(&self, app: &AppRecord, before: Option<&CommitSha>, tip: &CommitSha) -> Result<bool, Failure> {
        let db = &self.apps.parts.db;
        let releases = deploys::store::list(db, &app.id).await?;
        let newest = releases.iter().max_by_key(|release| release.number);
        let same = newest.filter(|release| release.spec.source.repo() == app.spec.source.repo());
        let unfinished = jobs::store::unfinished(db).await?;
        let known = Known {
            before,
            newest: same.and_then(|release| release.commit.as_ref()).map(|commit| &commit.sha),
            busy: unfinished.iter().any(|job| job.app == app.spec.name),
        };
        match decide(tip, &known) {
            Next::Wait => Ok(false),
            Next::Note => Ok(true),
            Next::Deploy => {
                if let (Some(files), Some(newest)) = (app.spec.source.files(), known.newest)
                    && !self.is_watched(app, files, newest, tip).await?
                {
                    return Ok(true);
                }
                let trigger = Trigger::Pushed { by: String::new(), through: THROUGH.to_owned() };
                let wanted = Some(tip.clone().into());
                self.deploys.deploy_wanted(&asker(), &app.spec.name, trigger, wanted).await?;
                Ok(true)
            }
        }
    }

    /// Whether what changed is watched. What cannot be compared counts as watched.
    async fn is_watched(
        &self,
        app: &AppRecord,
        files: &Files,
        from: &CommitSha,
        to: &CommitSha,
    ) -> Result<bool, Failure> {
        let (false, Some((repo, branch))) = (files.watch.is_empty(), app.spec.source.repo()) else {
            return Ok(true);
        };
        // The mirror is whoever's who has the lock.
        let Some(_lock) = self.locks.try_acquire(app.id.as_str()) else {
            return Err(Problem::new(Code::Conflict, "The app was busy when its branch had moved.").into());
        };
        let paths = self.access.changed_paths(&app.id, repo, branch, from, to).await?;
        Ok(paths.is_none_or(|paths| files.touched_by(&paths)))
    }
}

/// What is known of an app's branch.
pub(crate) async fn of_app(db: &Db, app: &AppRecord) -> Result<Option<PollRow>, Failure> {
    let Some((repo, branch)) = app.spec.source.repo() else { return Ok(None) };
    if app.spec.source.files().is_none_or(|files| files.poll.is_none()) {
        return Ok(None);
    }
    let poll = store::find(db, &app.id).await?.filter(|poll| poll.source == format!("{repo} {branch}"));
    Ok(poll.map(PollRow::from))
}

/// The release that asking made of this very commit, if it is the app's newest: a webhook that tells
/// of it later has nothing to add.
pub(crate) async fn made(db: &Db, app: &AppId, commit: &CommitSha) -> Result<Option<u32>, Failure> {
    let Some(poll) = store::find(db, app).await? else { return Ok(None) };
    if poll.tip.as_ref() != Some(commit) {
        return Ok(None);
    }
    let releases = deploys::store::list(db, app).await?;
    let newest = releases.into_iter().max_by_key(|release| release.number);
    let by_asking = |trigger: &Trigger| matches!(trigger, Trigger::Pushed { through, .. } if through == THROUGH);
    Ok(newest.filter(|release| by_asking(&release.trigger)).map(|release| release.number))
}

fn asker() -> Actor {
    Actor {
        user: "poll".into(),
        name: "Homeport, asking the host".into(),
        role: Role::Deployer,
        address: None,
        session: None,
        step_up_until: None,
    }
}
