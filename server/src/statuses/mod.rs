//! Statuses: a deploy's outcome beside its commit on the Git host. What is to be told follows from
//! the store alone, so that nothing is forgotten when the panel dies, and is told again until the
//! host has taken it.

mod backend;
mod store;

use std::time::Duration;

use homeport_model::{
    actor::{Actor, Role},
    deploy::Trigger,
    event::{Event, Topic},
    job::{JobKind, JobRow, JobState},
    name::{AppName, RepoUrl},
    problem::Problem,
    webhook::{Status, StatusForm, StatusHost, StatusReportRow, StatusState, StatusView, next_try_ms, status_request},
};
use serde_json::json;
use tokio::sync::{
    Mutex,
    broadcast::{
        Receiver,
        error::{RecvError, TryRecvError},
    },
};

use crate::{
    apps::{self, AppRecord, Apps},
    deploys::{self, ReleaseRecord},
    egress::Egress,
    failure::Failure,
    jobs,
    origins::Origins,
};
use store::{Hook, Report};

/// So many of an app's newest releases are told of.
const NEWEST: usize = 20;
/// How often it is looked whether a report is to be tried again.
pub const EVERY: Duration = Duration::from_secs(15);
/// Changes come in groups.
const GROUP: Duration = Duration::from_millis(200);

/// Waits until a job or an app changed.
pub async fn something_happened(heard: &Mutex<Receiver<Event>>) {
    let mut heard = heard.lock().await;
    loop {
        match heard.recv().await {
            Ok(Event { topic: Topic::Job(_) | Topic::App(_) | Topic::Apps, .. }) | Err(RecvError::Lagged(_)) => break,
            Ok(_) => {}
            Err(RecvError::Closed) => std::future::pending().await,
        }
    }
    tokio::time::sleep(GROUP).await;
    while !matches!(heard.try_recv(), Err(TryRecvError::Empty | TryRecvError::Closed)) {}
}

/// The service.
#[derive(Clone)]
pub struct Statuses {
    apps: Apps,
    egress: Egress,
    origins: Origins,
}

impl Statuses {
    /// The service beside the apps' one; `origin` is the panel's.
    #[must_use]
    pub fn new(apps: Apps, egress: Egress, origins: Origins) -> Self {
        Self { apps, egress, origins }
    }

    /// Tells what has not been told and is due.
    ///
    /// # Errors
    /// [`Failure`] of the store; a host that does not answer is none.
    pub async fn reconcile(&self) -> Result<(), Failure> {
        for hook in store::all(&self.apps.parts.db).await? {
            let Some(app) = apps::store::find_id(&self.apps.parts.db, &hook.app).await? else { continue };
            if let Some((repo, _)) = app.spec.source.repo() {
                self.tell_of(&app, repo, &hook).await?;
            }
        }
        Ok(())
    }

    async fn tell_of(&self, app: &AppRecord, repo: &RepoUrl, hook: &Hook) -> Result<(), Failure> {
        let db = &self.apps.parts.db;
        let releases = deploys::store::list(db, &app.id).await?;
        let jobs = jobs::store::newest(db, Some(app.id.as_str()), 100).await?;
        let told = store::reports(db, &app.id).await?;
        // The older first: of one commit the newest release has the last word.
        for release in releases.iter().take(NEWEST).rev() {
            let job = jobs.iter().find(|job| job.id == release.job);
            let Some((state, words)) = job.and_then(|job| outcome(release, job)) else { continue };
            if release.created_at < hook.since {
                continue;
            }
            let before = told.iter().find(|report| report.release == release.id);
            if before.is_some_and(|before| !is_due(before, state, self.apps.parts.clock.now())) {
                continue;
            }
            let failed = before.filter(|before| before.state == state).map_or(0, |before| before.failed);
            let problem = self.send(app, repo, hook, release, state, &words).await?;
            self.write_down(app, release, state, failed, problem).await?;
        }
        Ok(())
    }

    async fn send(
        &self,
        app: &AppRecord,
        repo: &RepoUrl,
        hook: &Hook,
        release: &ReleaseRecord,
        state: StatusState,
        words: &str,
    ) -> Result<Option<String>, Failure> {
        let Some(commit) = &release.commit else { return Ok(None) };
        let token = self.apps.parts.sealer.open(&hook.sealed, &context(app))?;
        let token = std::str::from_utf8(token.expose()).map_err(Failure::internal)?;
        let page = format!("{}/apps/{}/deploys/{}", self.origins.primary(), app.spec.name, release.number);
        let status = Status { app: &app.spec.name, repo, commit: &commit.sha, state, page: &page, words };
        let Some(request) = status_request(hook.host, &hook.api, token, &status) else {
            return Ok(Some("The repository's address has no owner and name.".to_owned()));
        };
        let answer = self.egress.post_json(&request.url, request.sign_in, request.body).await;
        Ok(match answer {
            Ok(answer) if (200..300).contains(&answer.status) => None,
            // GitLab says so of a status that it has already.
            Ok(answer)
                if hook.host == StatusHost::Gitlab
                    && answer.status == 400
                    && answer.body.contains("Cannot transition") =>
            {
                None
            }
            Ok(answer) => Some(refused(answer.status)),
            Err(error) => Some(format!("{error}.")),
        })
    }

    async fn write_down(
        &self,
        app: &AppRecord,
        release: &ReleaseRecord,
        state: StatusState,
        failed_before: u32,
        problem: Option<String>,
    ) -> Result<(), Failure> {
        let parts = &self.apps.parts;
        let now = parts.clock.now();
        let failed = if problem.is_some() { failed_before + 1 } else { 0 };
        let next_at = problem.as_ref().and_then(|_| next_try_ms(failed)).map(|wait_ms| now.plus_ms(wait_ms));
        let report = Report { release: release.id.clone(), state, failed, problem, at: now, next_at };
        let mut tx = parts.db.write().await?;
        store::write(&mut tx, &report).await?;
        tx.commit().await?;
        parts.hub.announce(Topic::App(app.id.clone()));
        Ok(())
    }

    async fn view(&self, actor: &Actor, name: &AppName) -> Result<StatusView, Failure> {
        actor.require(Role::Viewer)?;
        let app = self.apps.get(name).await?;
        let db = &self.apps.parts.db;
        let repo = app.spec.source.repo().map(|(repo, _)| repo);
        let set = store::of_app(db, &app.id).await?.map(|hook| (hook.host, hook.api.to_string(), hook.since));
        let newest = store::reports(db, &app.id).await?.into_iter().max_by_key(|report| report.at);
        let releases = deploys::store::list(db, &app.id).await?;
        let last = newest.and_then(|report| {
            let number = releases.iter().find(|release| release.id == report.release)?.number;
            let Report { state, at, problem, next_at, .. } = report;
            Some(StatusReportRow { release: number, state, at, problem, next_at })
        });
        Ok(StatusView { possible: repo.is_some(), guess: repo.and_then(StatusHost::guess), set, last })
    }

    async fn set(&self, actor: &Actor, name: &AppName, form: &StatusForm) -> Result<(), Failure> {
        actor.require(Role::Owner)?;
        let parts = &self.apps.parts;
        let app = self.apps.get(name).await?;
        let (repo, _) = app.spec.source.repo().ok_or_else(no_repository)?;
        let spec = form.parse(repo)?;
        let before = store::of_app(&parts.db, &app.id).await?;
        let sealed = match (&spec.token, before) {
            (Some(token), _) => parts.sealer.seal(token.as_bytes(), &context(&app)),
            // A token is for the host that it was typed for.
            (None, Some(before)) if before.api == spec.api => before.sealed,
            (None, _) => return Err(Problem::invalid("status_token", "Type the token for this address.").into()),
        };
        let hook =
            Hook { app: app.id.clone(), host: spec.host, api: spec.api.clone(), sealed, since: parts.clock.now() };
        let mut tx = parts.db.write().await?;
        store::set(&mut tx, &hook).await?;
        let detail = json!({ "host": spec.host, "api": spec.api });
        parts.audit.record(&mut tx, actor, "status.set", name.as_str(), detail).await?;
        tx.commit().await?;
        self.apps.announce(&app.id);
        Ok(())
    }

    async fn unset(&self, actor: &Actor, name: &AppName) -> Result<(), Failure> {
        actor.require(Role::Owner)?;
        let parts = &self.apps.parts;
        let app = self.apps.get(name).await?;
        let mut tx = parts.db.write().await?;
        if !store::unset(&mut tx, &app.id).await? {
            return Err(Problem::not_found("token").into());
        }
        parts.audit.record(&mut tx, actor, "status.unset", name.as_str(), json!({})).await?;
        tx.commit().await?;
        self.apps.announce(&app.id);
        Ok(())
    }
}

/// What there is to tell of a release: deploys of a commit only; going back and restarting say
/// nothing new of it.
fn outcome(release: &ReleaseRecord, job: &JobRow) -> Option<(StatusState, String)> {
    let quiet = matches!(release.trigger, Trigger::RolledBack { .. } | Trigger::Restarted { .. });
    if release.commit.is_none() || quiet || job.kind != JobKind::Deploy {
        return None;
    }
    let number = release.number;
    let why = job.problem.as_ref().map(|problem| problem.title.clone());
    Some(match job.state {
        JobState::Succeeded => (StatusState::Success, format!("Release {number} is live.")),
        JobState::Failed | JobState::Cancelled => {
            (StatusState::Failure, why.unwrap_or_else(|| format!("Release {number} did not go live.")))
        }
        _ => (StatusState::Pending, format!("Release {number} is on its way.")),
    })
}

fn is_due(before: &Report, state: StatusState, now: homeport_model::time::Timestamp) -> bool {
    match (before.state == state, &before.problem, before.next_at) {
        (false, ..) => true,
        (true, None, _) | (true, Some(_), None) => false,
        (true, Some(_), Some(at)) => at <= now,
    }
}

fn refused(status: u16) -> String {
    match status {
        401 => "The Git host does not know the token (401).".to_owned(),
        403 => "The token may not write statuses (403).".to_owned(),
        404 => "The Git host knows no such repository or commit, or the token may not see it (404).".to_owned(),
        300..=399 => format!("The Git host leads elsewhere ({status}); type the address that it leads to."),
        status => format!("The Git host answered {status}."),
    }
}

fn no_repository() -> Problem {
    Problem::invalid("status_host", "The app comes from no repository of a Git host.")
}

fn context(app: &AppRecord) -> String {
    format!("status:{}", app.id.as_str())
}
