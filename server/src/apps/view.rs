//! Apps as pages show them, put together from few statements however many apps there are.

use std::collections::HashMap;

use homeport_model::{
    app::{AppDetail, AppRow, AppState, Hop, HopKind, HopState, ProcessRow},
    certificate::Outlook,
    deploy::{Artifact, Trigger, container::ProcessName},
    host::Today,
    id::ReleaseId,
    job::{JobRow, JobState},
    name::AppName,
    prelude::{Actor, Role},
};

use super::{AppRecord, Apps, Seen, observe::SeenContainer, store};
use crate::{
    deploys::{self, ReleaseRecord},
    failure::Failure,
    jobs,
};

/// How many jobs the first page shows.
const RECENT_JOBS: u32 = 8;

impl Apps {
    pub(super) async fn today_page(&self, actor: &Actor) -> Result<Today, Failure> {
        let apps = self.rows(actor).await?;
        Ok(Today {
            host_name: self.parts.domains.panel_host(),
            apps,
            jobs: jobs::store::newest(&self.parts.db, None, RECENT_JOBS).await?,
            engines: self.parts.host.engines(),
            gauges: self.parts.host.gauges(),
            certificates: Outlook::default(),
            apps_domain: self.parts.domains.apps_domain().to_string(),
            now: self.parts.clock.now(),
        })
    }

    pub(super) async fn rows(&self, actor: &Actor) -> Result<Vec<AppRow>, Failure> {
        actor.require(Role::Viewer)?;
        let db = &self.parts.db;
        let apps = store::list(db).await?;
        let serving = deploys::store::serving(db).await?;
        let serving: HashMap<&ReleaseId, &ReleaseRecord> =
            serving.iter().map(|release| (&release.id, release)).collect();
        let busy = jobs::store::unfinished(db).await?;
        let last = jobs::store::last_of_each_subject(db).await?;
        Ok(apps
            .iter()
            .map(|app| {
                let release = app.serving.as_ref().and_then(|id| serving.get(id).copied());
                let mine = busy.iter().filter(|job| job.app == app.spec.name);
                let job = mine.max_by_key(|job| job.state == JobState::Running).cloned();
                self.row(app, release, job, last.get(app.id.as_str()))
            })
            .collect())
    }

    fn row(
        &self,
        app: &AppRecord,
        release: Option<&ReleaseRecord>,
        job: Option<JobRow>,
        last: Option<&JobRow>,
    ) -> AppRow {
        let seen = self.parts.observations.of(&app.id);
        let host_name = app.primary().unwrap_or_else(|| self.first_host_name(&app.spec));
        let failed = last.filter(|last| last.state == JobState::Failed);
        AppRow {
            id: app.id.clone(),
            name: app.spec.name.clone(),
            url: self.parts.domains.url(&host_name),
            host_name,
            state: state(app, release, seen.as_ref().map(|(seen, _)| seen)),
            observed_at: seen.map(|(_, at)| at),
            version: release.map(version),
            job,
            last_failure: failed
                .and_then(|job| job.problem.as_ref())
                .map(|problem| problem.title.clone())
                .or_else(|| release.and_then(taken_back)),
            p95_us: self.parts.times.p95_us(&app.id),
        }
    }

    pub(super) async fn detail(&self, actor: &Actor, name: &AppName) -> Result<AppDetail, Failure> {
        actor.require(Role::Viewer)?;
        let app = self.get_even_removing(name).await?;
        let db = &self.parts.db;
        let releases = deploys::store::list(db, &app.id).await?;
        let jobs = jobs::store::newest(db, Some(app.id.as_str()), 100).await?;
        let release = app.serving.as_ref().and_then(|id| releases.iter().find(|release| release.id == *id));
        let job = jobs.iter().filter(|job| !job.state.is_final()).max_by_key(|job| job.state == JobState::Running);
        let row = self.row(&app, release, job.cloned(), jobs.first());
        let host_names = app.host_names(self.first_host_name(&app.spec));
        let built_by = releases.iter().find_map(|release| {
            let builder = release.declared.builder.as_ref()?;
            let why = Some(release.declared.why.as_str()).filter(|why| !why.is_empty())?;
            Some(format!("{}: {why}", builder.kind().as_str()))
        });
        Ok(AppDetail {
            built_by,
            urls: host_names.iter().map(|host_name| self.parts.domains.url(host_name)).collect(),
            picture: self.picture(&app, release, &row),
            releases: deploys::view::rows(&app, releases.clone(), &jobs),
            processes: self.processes(&app, &releases, release),
            pending_env: self.pending_env(&app).await?,
            busy: row.job.as_ref().map(|job| job.id.clone()),
            created_at: app.created_at,
            remotes: None,
            spec: app.spec,
            jobs,
            row,
        })
    }

    /// The processes as the next release would run them, and as the serving one does.
    fn processes(
        &self,
        app: &AppRecord,
        newest_first: &[ReleaseRecord],
        serving: Option<&ReleaseRecord>,
    ) -> Vec<ProcessRow> {
        if app.spec.source.is_static() || serving.is_some_and(ReleaseRecord::is_site) {
            return Vec::new();
        }
        // What the files say now is known from the newest release that has been fetched.
        let newest = newest_first.iter().find(|release| release.artifact.is_some());
        let declared = newest.map(|release| release.declared.clone()).unwrap_or_default();
        let seen = match self.parts.observations.of(&app.id) {
            Some((Seen::Running { containers, .. }, _)) => containers,
            _ => Vec::new(),
        };
        let now = serving.map(ReleaseRecord::processes).unwrap_or_default();
        let rows = app.spec.processes_of(&declared).into_iter().map(|process| {
            let running = seen.iter().filter(|container| container.process == process.name.as_str()).count();
            ProcessRow {
                serving: now.iter().find(|other| other.name == process.name).cloned(),
                running: u16::try_from(running).unwrap_or(u16::MAX),
                is_fixed: declared.app_json.fixes_scale(),
                process,
            }
        });
        rows.collect()
    }

    /// How a request reaches the app: host names, nginx, then a container or a folder.
    fn picture(&self, app: &AppRecord, release: Option<&ReleaseRecord>, row: &AppRow) -> Vec<Hop> {
        let seen = self.parts.observations.of(&app.id).map(|(seen, _)| seen);
        let nginx = self.parts.host.engine("nginx");
        let host_names = app.host_names(self.first_host_name(&app.spec));
        let more = host_names.len() - 1;
        let refused = self.parts.domains.refusal(&app.spec.name);
        let mut picture = vec![
            Hop {
                kind: HopKind::Domain,
                name: row.host_name.to_string(),
                detail: if more == 0 { "routed here".into() } else { format!("routed here, and {more} more") },
                state: HopState::Good,
            },
            Hop {
                kind: HopKind::Nginx,
                name: "nginx".into(),
                detail: match &refused {
                    Some(_) => "refused this app's newest settings: those from before serve".into(),
                    None => self.parts.domains.listens_on(),
                },
                state: match nginx {
                    _ if refused.is_some() => HopState::Bad,
                    Some(nginx) if nginx.ok => HopState::Good,
                    Some(_) => HopState::Bad,
                    None => HopState::Unknown,
                },
            },
        ];
        let Some(release) = release else { return picture };
        let is_folder = matches!(release.artifact, Some(Artifact::Site { .. }));
        let (name, detail, state) = match seen {
            Some(Seen::Running { containers, trouble }) => running_hop(release, &containers, trouble),
            Some(Seen::Folder) => (format!("release {}", release.number), size(release), HopState::Good),
            Some(Seen::Down(why)) => (format!("release {}", release.number), why, HopState::Bad),
            Some(Seen::Unknown(why)) => (format!("release {}", release.number), why, HopState::Unknown),
            None => (format!("release {}", release.number), "not looked at yet".into(), HopState::Unknown),
        };
        let kind = if is_folder { HopKind::Folder } else { HopKind::Process };
        picture.push(Hop { kind, name, detail, state });
        picture
    }
}

/// The last hop of a release that runs: its `web` containers, else what runs in their place.
fn running_hop(
    release: &ReleaseRecord,
    containers: &[SeenContainer],
    trouble: Option<String>,
) -> (String, String, HopState) {
    let state = if trouble.is_some() { HopState::Bad } else { HopState::Good };
    let port = release.port.map_or_else(String::new, |port| format!(":{port}"));
    let web: Vec<&SeenContainer> = containers.iter().filter(|c| c.process == ProcessName::web().as_str()).collect();
    match (web.as_slice(), containers) {
        ([only], _) => (only.name.clone(), trouble.unwrap_or_else(|| format!("{}{port}", only.address)), state),
        ([first, ..], _) => {
            let name = format!("{} web containers", web.len());
            (name, trouble.unwrap_or_else(|| format!("{}{port} and others", first.address)), state)
        }
        ([], [only]) => (only.name.clone(), trouble.unwrap_or_else(|| "no web process".to_owned()), state),
        ([], all) => {
            let name = format!("{} containers", all.len());
            (name, trouble.unwrap_or_else(|| "no web process".to_owned()), state)
        }
    }
}

fn state(app: &AppRecord, release: Option<&ReleaseRecord>, seen: Option<&Seen>) -> AppState {
    if app.deleting {
        return AppState::Removing;
    }
    let Some(release) = release else { return AppState::NotDeployed };
    let number = release.number;
    match seen {
        Some(Seen::Running { trouble: Some(why), .. }) => AppState::Partly { release: number, why: why.clone() },
        Some(Seen::Running { trouble: None, .. } | Seen::Folder) => {
            AppState::Serving { release: number, since: release.switched_at.unwrap_or(release.created_at) }
        }
        Some(Seen::Down(why)) => AppState::Down { release: number, why: why.clone() },
        Some(Seen::Unknown(why)) => AppState::Unknown { why: why.clone() },
        None => AppState::Unknown { why: "Homeport has just started and has not looked yet.".into() },
    }
}

/// What to say of a release that was brought back because the one before it had died.
fn taken_back(release: &ReleaseRecord) -> Option<String> {
    match &release.trigger {
        Trigger::RolledBack { to, why, .. } if !why.is_empty() => {
            Some(format!("{why}; Homeport brought release {to} back."))
        }
        _ => None,
    }
}

/// "main@3f9c2e1", or the image's name.
pub(crate) fn version(release: &ReleaseRecord) -> String {
    match (&release.commit, &release.spec.source) {
        (Some(commit), _) => format!("{}@{}", commit.branch, commit.sha.short()),
        (None, homeport_model::app::Source::Image { image }) => image.to_string(),
        (None, source) => source.kind().as_str().to_owned(),
    }
}

fn size(release: &ReleaseRecord) -> String {
    match release.artifact {
        Some(Artifact::Site { files, .. }) => format!("{files} files"),
        _ => String::new(),
    }
}
