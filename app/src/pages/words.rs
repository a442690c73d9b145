//! The words for what apps, releases and jobs are doing, the same on every page.

use homeport_model::{
    app::{AppRow, AppState},
    deploy::{ReleaseRow, Trigger},
    job::{JobKind, JobRow, JobState},
};

use crate::ui::Tone;

/// What an app is doing, in a word.
#[must_use]
pub fn of_app(app: &AppRow) -> (Tone, String) {
    if let Some(job) = app.job.as_ref().filter(|job| !job.state.is_final()) {
        return (Tone::Working, of_job(job).1.to_owned());
    }
    match &app.state {
        AppState::NotDeployed if app.last_failure.is_some() => (Tone::Bad, "Failed".into()),
        AppState::NotDeployed => (Tone::Off, "Not deployed".into()),
        // With a job at work it would not have come to this.
        AppState::Removing => (Tone::Bad, "Half removed".into()),
        AppState::Serving { .. } => (Tone::Good, "Serving".into()),
        AppState::Partly { .. } => (Tone::Warning, "Partly down".into()),
        AppState::Down { .. } => (Tone::Bad, "Down".into()),
        AppState::Unknown { .. } => (Tone::Unknown, "Unknown".into()),
    }
}

/// What a queued or a running job waits for, in a sentence; none while it works.
#[must_use]
pub fn waiting(job: &JobRow) -> Option<String> {
    match (&job.waits_for, job.state) {
        (Some(waits), _) => Some(waits.sentence()),
        (None, JobState::Queued) => Some("Waits for its turn.".to_owned()),
        (None, _) => None,
    }
}

/// The release an app serves or should serve.
#[must_use]
pub const fn release_of(app: &AppRow) -> Option<u32> {
    match app.state {
        AppState::Serving { release, .. } | AppState::Partly { release, .. } | AppState::Down { release, .. } => {
            Some(release)
        }
        AppState::NotDeployed | AppState::Removing | AppState::Unknown { .. } => None,
    }
}

/// What a job is doing, in a word.
#[must_use]
pub const fn of_job(job: &JobRow) -> (Tone, &'static str) {
    match (job.state, job.kind) {
        (JobState::Queued, _) => (Tone::Working, "Queued"),
        (JobState::Running, JobKind::Deploy) => (Tone::Working, "Deploying"),
        (JobState::Running, JobKind::RollBack) => (Tone::Working, "Rolling back"),
        (JobState::Running, JobKind::Restart) => (Tone::Working, "Restarting"),
        (JobState::Running, JobKind::DeleteApp) => (Tone::Working, "Deleting"),
        (JobState::Interrupted, _) => (Tone::Warning, "Interrupted"),
        (JobState::Succeeded, _) => (Tone::Good, "Done"),
        (JobState::Failed, _) => (Tone::Bad, "Failed"),
        (JobState::Cancelled, _) => (Tone::Off, "Cancelled"),
    }
}

/// What a release is to its app, in a word.
#[must_use]
pub const fn of_release(release: &ReleaseRow) -> (Tone, &'static str) {
    match release.job.state {
        JobState::Succeeded if release.serving => (Tone::Good, "Live"),
        JobState::Succeeded if release.kept => (Tone::Off, "Kept"),
        JobState::Succeeded => (Tone::Off, "Removed"),
        _ => of_job(&release.job),
    }
}

/// What a job does: "Deploy of shop".
#[must_use]
pub fn job_name(job: &JobRow) -> String {
    match job.kind {
        JobKind::Deploy => format!("Deploy of {}", job.app),
        JobKind::RollBack => format!("Roll back of {}", job.app),
        JobKind::Restart => format!("Restart of {}", job.app),
        JobKind::DeleteApp => format!("Deletion of {}", job.app),
    }
}

/// Where a job is shown: its release's page, if it makes one.
#[must_use]
pub fn job_href(job: &JobRow) -> Option<String> {
    job.release.map(|number| format!("/apps/{}/deploys/{number}", job.app))
}

/// Who started a release.
#[must_use]
pub fn by(trigger: &Trigger) -> &str {
    match trigger {
        Trigger::Pressed { by } | Trigger::RolledBack { by, .. } | Trigger::Restarted { by, .. } => by,
        Trigger::Pushed { by, through } if by.is_empty() => through,
        Trigger::Pushed { by, .. } => by,
    }
}

/// What a release was made from: a machine's word and, when there is one, a person's.
#[must_use]
pub fn made_from(release: &ReleaseRow) -> (String, Option<String>) {
    let instead = match &release.trigger {
        Trigger::RolledBack { to, why, .. } if why.is_empty() => Some(format!("content of release {to}")),
        Trigger::RolledBack { to, why, .. } => Some(format!("content of release {to}, because {why}")),
        Trigger::Restarted { why, .. } if why.is_empty() => Some("restarted".to_owned()),
        Trigger::Restarted { why, .. } => Some(format!("restarted: {why}")),
        Trigger::Pressed { .. } | Trigger::Pushed { .. } => None,
    };
    match (&release.commit, &release.image) {
        (Some(commit), _) => {
            let sha = commit.sha.as_str();
            let short = sha.get(..7).unwrap_or(sha);
            (format!("{}@{short}", commit.branch), instead.or_else(|| Some(commit.subject.clone())))
        }
        (None, Some(image)) => (image.clone(), instead),
        (None, None) => (String::new(), instead),
    }
}
