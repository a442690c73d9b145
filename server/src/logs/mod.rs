//! What an app's containers write, of every release: read, searched, followed, taken away.
//!
//! Nothing here holds a whole log: lines are read one by one, and what is gathered for a page has a
//! most of lines and bytes. Secrets are masked before anything looks at a line, so that a search
//! cannot be used to guess one.

mod backend;
mod download;
mod follow;
mod kept;
mod read;
mod search;
mod source;
pub mod store;

pub use kept::{KeptLogs, MOST_FILE_BYTES};

use std::sync::Arc;

use homeport_model::{
    deploy::container::{ContainerId, LABEL_APP, LABEL_RELEASE},
    id::AppId,
    log::{KeptLog, LogQuery, LogRelease},
    name::AppName,
    prelude::{Actor, Code, Problem, Role},
};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use self::source::{Kind, Label, Source};
use crate::{
    apps::{AppRecord, Apps},
    deploys::{self, ReleaseRecord},
    drivers::docker::OurContainer,
    failure::{Failure, chain},
};

/// So many pages and searches are read at once; others wait.
const READ_AT_ONCE: usize = 2;
/// So many logs are taken away at once.
const DOWNLOADS_AT_ONCE: usize = 4;
/// So many pages follow at once.
const FOLLOWERS: usize = 48;

/// The service.
#[derive(Clone)]
pub struct Logs {
    apps: Apps,
    reads: Arc<Semaphore>,
    downloads: Arc<Semaphore>,
    followers: Arc<Semaphore>,
}

/// The log that a query is about.
struct Chosen {
    releases: Vec<LogRelease>,
    release: Option<u32>,
    sources: Vec<Source>,
    trouble: Option<String>,
}

impl Logs {
    /// The service.
    #[must_use]
    pub fn new(apps: Apps) -> Self {
        Self {
            apps,
            reads: Arc::new(Semaphore::new(READ_AT_ONCE)),
            downloads: Arc::new(Semaphore::new(DOWNLOADS_AT_ONCE)),
            followers: Arc::new(Semaphore::new(FOLLOWERS)),
        }
    }

    /// The app, for somebody who may read what it writes.
    async fn app_for(&self, actor: &Actor, name: &AppName) -> Result<AppRecord, Failure> {
        actor.require(Role::Viewer)?;
        self.apps.get(name).await
    }

    /// The sources of the release that is asked for, and the releases there are to ask for.
    ///
    /// # Errors
    /// [`Code::NotFound`] for a release that the app does not have.
    async fn choose(&self, app: &AppRecord, query: &LogQuery) -> Result<Chosen, Failure> {
        let parts = &self.apps.parts;
        // The containers first: one that is kept and removed meanwhile is then found twice, not never.
        let (ours, trouble) = match parts.docker.list_ours().await {
            Ok(ours) => (ours, None),
            Err(error) => {
                tracing::debug!("the containers could not be listed: {error}");
                (Vec::new(), Some("Docker does not answer: only what was kept is shown.".to_owned()))
            }
        };
        let ours: Vec<OurContainer> =
            ours.into_iter().filter(|container| container.app() == Some(app.id.as_str())).collect();
        let kept = parts.kept.of_app(&app.id).await?;
        let all = deploys::store::list(&parts.db, &app.id).await?;
        let releases = releases(app, &all, &ours, &kept);
        let number = match query.release {
            Some(number) => Some(number),
            None => releases.iter().find(|release| release.serving).or(releases.first()).map(|release| release.number),
        };
        let release = all.iter().find(|release| Some(release.number) == number);
        let Some(release) = release else {
            return match query.release {
                Some(_) => Err(Problem::not_found("release").into()),
                None => Ok(Chosen { releases, release: None, sources: Vec::new(), trouble }),
            };
        };
        let mask = Arc::new(self.apps.mask_of(&app.id, Some(&release.env)).await?);
        let sources = sources(release, &ours, &kept, query, &mask);
        Ok(Chosen { releases, release: Some(release.number), sources, trouble })
    }

    fn admit(limit: &Arc<Semaphore>, what: &str) -> Result<OwnedSemaphorePermit, Failure> {
        Arc::clone(limit).try_acquire_owned().map_err(|_| {
            Problem::new(Code::TooMany, format!("Too many logs are {what} at once."))
                .hint("Close one, or try again in a moment.")
                .into()
        })
    }
}

/// The releases that have something to read, newest first; the serving one in any case.
fn releases(app: &AppRecord, all: &[ReleaseRecord], ours: &[OurContainer], kept: &[KeptLog]) -> Vec<LogRelease> {
    let mut found = Vec::new();
    for release in all {
        let serving = app.serving.as_ref() == Some(&release.id);
        let of_engine = ours
            .iter()
            .filter(|container| container.release() == Some(release.id.as_str()))
            .filter_map(OurContainer::process);
        let of_files = kept.iter().filter(|log| log.release == release.id).map(|log| log.process.as_str());
        let mut processes: Vec<String> = of_engine.chain(of_files).map(str::to_owned).collect();
        if serving && !release.is_site() {
            processes.extend(
                release
                    .processes()
                    .iter()
                    .filter(|process| process.scale.get() > 0)
                    .map(|process| process.name.to_string()),
            );
        }
        processes.sort();
        processes.dedup();
        if serving || !processes.is_empty() {
            let never_served = release.switched_at.is_none();
            found.push(LogRelease { number: release.number, serving, never_served, processes });
        }
    }
    found
}

fn sources(
    release: &ReleaseRecord,
    ours: &[OurContainer],
    kept: &[KeptLog],
    query: &LogQuery,
    mask: &Arc<homeport_model::mask::Mask>,
) -> Vec<Source> {
    let label = |process: &str, instance: u32| {
        let from = format!("{process}.{instance}");
        Arc::new(Label { release: release.number, from, mask: Arc::clone(mask) })
    };
    let mine = ours.iter().filter(|container| container.release() == Some(release.id.as_str()));
    let mine = mine.filter(|container| query.wants_process(container.process().unwrap_or_default()));
    let mut found: Vec<Source> = mine
        .map(|container| Source {
            label: label(container.process().unwrap_or_default(), instance_of(&container.name)),
            running: container.running,
            kind: Kind::Engine(container.id.clone()),
        })
        .collect();
    let there = |id: &ContainerId| ours.iter().any(|container| container.id == *id);
    let files = kept.iter().filter(|log| log.release == release.id && query.wants_process(log.process.as_str()));
    found.extend(files.filter(|log| !there(&log.container)).map(|log| Source {
        label: label(log.process.as_str(), log.instance),
        running: false,
        kind: Kind::File(log.clone()),
    }));
    found
}

/// Which one of its kind a container is, as its name says; from 1.
fn instance_of(name: &str) -> u32 {
    name.rsplit('-').next().and_then(|index| index.parse().ok()).filter(|index| *index > 0).unwrap_or(1)
}

impl Apps {
    /// Keeps what a container wrote; for one that is about to be removed.
    pub(crate) async fn keep_log(&self, id: &ContainerId) {
        if let Err(failure) = self.keep(id, false).await {
            tracing::warn!("a container's log could not be kept: {}", chain(&failure));
        }
    }

    /// Keeps what a container wrote that has died, once for each time; it may be removed by others.
    pub(crate) async fn keep_log_of_dead(&self, id: &ContainerId) {
        if let Err(failure) = self.keep(id, true).await {
            tracing::warn!("a dead container's log could not be kept: {}", chain(&failure));
        }
    }

    async fn keep(&self, id: &ContainerId, dead: bool) -> Result<(), Failure> {
        let parts = &self.parts;
        let Some(state) = parts.docker.inspect(id).await? else { return Ok(()) };
        if dead && (state.running || !parts.kept.is_new_death(&state)) {
            return Ok(());
        }
        let label = |name: &str| state.labels.get(name).map(String::as_str).unwrap_or_default();
        let Ok(app) = label(LABEL_APP).parse::<AppId>() else { return Ok(()) };
        let Ok(release) = label(LABEL_RELEASE).parse() else { return Ok(()) };
        let Some(release) = deploys::store::find_id(&parts.db, &release).await? else { return Ok(()) };
        let mask = self.mask_of(&app, Some(&release.env)).await?;
        parts.kept.keep(&state, release.number, &mask).await
    }
}
