//! Releases as pages show them.

use homeport_model::{
    app::{Source, env},
    deploy::{ReleaseChange, ReleaseRow, Side, compare},
    job::{JobKind, JobRow, JobState},
};

use super::ReleaseRecord;
use crate::{apps::AppRecord, failure::Failure, seal::Sealer};

/// Rows of an app's releases, each with its job.
pub(crate) fn rows(app: &AppRecord, releases: Vec<ReleaseRecord>, jobs: &[JobRow]) -> Vec<ReleaseRow> {
    releases.into_iter().map(|release| row(app, release, jobs)).collect()
}

pub(super) fn row(app: &AppRecord, release: ReleaseRecord, jobs: &[JobRow]) -> ReleaseRow {
    let job = jobs.iter().find(|job| job.id == release.job).cloned().unwrap_or_else(|| forgotten_job(app, &release));
    ReleaseRow {
        serving: app.serving.as_ref() == Some(&release.id),
        image: match &release.spec.source {
            Source::Image { image } => Some(image.to_string()),
            _ => None,
        },
        id: release.id,
        number: release.number,
        artifact: release.artifact,
        commit: release.commit,
        kept: release.kept,
        created_at: release.created_at,
        switched_at: release.switched_at,
        trigger: release.trigger,
        proof: release.proof,
        job,
    }
}

/// The job of a release that is older than the jobs at hand: what the release itself says of it.
fn forgotten_job(app: &AppRecord, release: &ReleaseRecord) -> JobRow {
    JobRow {
        id: release.job.clone(),
        kind: JobKind::Deploy,
        app: app.spec.name.clone(),
        release: Some(release.number),
        state: if release.switched_at.is_some() { JobState::Succeeded } else { JobState::Failed },
        step: None,
        created_at: release.created_at,
        started_at: None,
        finished_at: release.switched_at,
        problem: None,
        waits_for: None,
    }
}

/// What differs between two releases.
pub(super) fn change(
    sealer: &Sealer,
    before: Option<&ReleaseRecord>,
    after: &ReleaseRecord,
) -> Result<ReleaseChange, Failure> {
    let Some(before) = before else { return Ok(ReleaseChange::default()) };
    let open = |release: &ReleaseRecord| crate::apps::env::open_env(sealer, &release.app, &release.env);
    let same_commit = before.commit.as_ref().map(|c| &c.sha) == after.commit.as_ref().map(|c| &c.sha);
    Ok(ReleaseChange {
        from: Some(before.number),
        commit: if same_commit { None } else { before.commit.clone() },
        artifact: before.artifact != after.artifact,
        env: env::diff(&open(before)?, &open(after)?),
        settings: compare(side(before), side(after)),
    })
}

const fn side(release: &ReleaseRecord) -> Side<'_> {
    Side { spec: &release.spec, declared: &release.declared, port: release.port }
}
