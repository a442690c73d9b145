//! What waits for what.

use std::collections::HashMap;

use homeport_model::{
    id::JobId,
    job::{JobKind, JobRow, WaitsFor},
};

use crate::db::{Db, Error, Result};

/// How many jobs run at the same time. Builds have a tighter limit of their own.
pub(in crate::jobs) const AT_ONCE: i64 = 4;

/// Writes down which job a running one waits for, or that it waits no longer.
///
/// # Errors
/// [`Error`] of the engine.
pub async fn set_waits_for(db: &Db, job: &JobId, other: Option<&JobId>) -> Result<()> {
    let (id, other) = (job.as_str(), other.map(JobId::as_str));
    let mut tx = db.write().await?;
    sqlx::query!("UPDATE jobs SET waits_for = ? WHERE id = ?", other, id).execute(&mut *tx).await?;
    tx.commit().await
}

/// Adds to unfinished jobs what they wait for: the job that they were said to wait for, else the one
/// that works for the same app, else the first of those that take all places.
pub(super) async fn fill(db: &Db, mut rows: Vec<JobRow>) -> Result<Vec<JobRow>> {
    if rows.iter().all(|row| row.state.is_final()) {
        return Ok(rows);
    }
    let found = sqlx::query!(
        r#"SELECT job.id AS "id!", other.id AS "other!", other.app_name AS "app!", other.kind AS "kind!",
                  other.release_number AS "release?: u32",
                  (SELECT name FROM job_steps WHERE job_id = other.id AND job_steps.state = 'running' LIMIT 1) AS "step?: String"
           FROM jobs AS job JOIN jobs AS other ON other.id = coalesce(
               job.waits_for,
               CASE WHEN job.state = 'queued' THEN coalesce(
                   (SELECT busy.id FROM jobs AS busy
                    WHERE busy.subject = job.subject AND busy.state IN ('running', 'interrupted') LIMIT 1),
                   (SELECT first.id FROM jobs AS first
                    WHERE first.state = 'running' AND (SELECT count(*) FROM jobs WHERE state = 'running') >= ?
                    ORDER BY first.started_at LIMIT 1)) END)
           WHERE job.state IN ('queued', 'running', 'interrupted')
             AND other.state IN ('queued', 'running', 'interrupted')"#,
        AT_ONCE
    )
    .fetch_all(db.reader())
    .await?;
    let mut waits = HashMap::new();
    for row in found {
        let waits_for = WaitsFor {
            job: row.other.parse().map_err(|cause| Error::bad_row("jobs", "id", &row.other, cause))?,
            app: row.app.parse().map_err(|cause| Error::bad_row("jobs", "app_name", &row.other, cause))?,
            kind: JobKind::from_word(&row.kind).ok_or_else(|| Error::bad_row("jobs", "kind", &row.other, &row.kind))?,
            release: row.release,
            step: row.step,
        };
        waits.insert(row.id, waits_for);
    }
    for row in &mut rows {
        row.waits_for = waits.remove(row.id.as_str());
    }
    Ok(rows)
}
