//! The tables `jobs`, `job_steps` and `job_log`.

mod lines;
mod waits;

pub(super) use lines::append_log;
pub use lines::log_after;
pub(super) use waits::AT_ONCE;
pub use waits::set_waits_for;

use std::collections::HashMap;

use homeport_model::{
    id::JobId,
    job::{JobKind, JobRow, JobState, StepRow, StepState},
    name::AppName,
    problem::Problem,
    time::Timestamp,
};

use super::Job;
use crate::db::{Conn, Db, Error, Result};

/// A job that has just been claimed, with its steps as an earlier run left them.
pub(super) struct Claimed {
    pub(super) job: Job,
    pub(super) steps: Vec<Step>,
    pub(super) log_lines: u64,
    pub(super) cancel_asked: bool,
}

/// A step as the runner sees it.
pub(super) struct Step {
    pub(super) position: i64,
    pub(super) name: String,
    pub(super) state: StepState,
}

/// A job to be.
pub struct NewJob<'a> {
    /// Its id.
    pub id: &'a JobId,
    /// What it does.
    pub kind: JobKind,
    /// What only one job at a time may change.
    pub subject: &'a str,
    /// The app's name.
    pub app: &'a AppName,
    /// The release it makes.
    pub release: Option<u32>,
    /// The noun's own data.
    pub payload: &'a str,
    /// Its steps in order.
    pub steps: &'a [&'a str],
}

/// Adds a job in the transaction of the change that asks for it. A queued job of the same subject
/// is replaced: it is cancelled with `replaced`.
///
/// # Errors
/// [`Error`] of the engine.
pub async fn enqueue(tx: &mut Conn, new: &NewJob<'_>, replaced: &Problem, now: Timestamp) -> Result<()> {
    let replaced = json(replaced);
    let (at, id, kind) = (now.ms(), new.id.as_str(), new.kind.as_str());
    sqlx::query!(
        "UPDATE jobs SET state = 'cancelled', problem = ?, finished_at = ? WHERE subject = ? AND state = 'queued'",
        replaced,
        at,
        new.subject
    )
    .execute(&mut *tx)
    .await?;
    let app = new.app.as_str();
    sqlx::query!(
        "INSERT INTO jobs (id, kind, subject, app_name, release_number, payload, state, created_at)
         VALUES (?, ?, ?, ?, ?, ?, 'queued', ?)",
        id,
        kind,
        new.subject,
        app,
        new.release,
        new.payload,
        at
    )
    .execute(&mut *tx)
    .await?;
    for (position, name) in (0_i64..).zip(new.steps) {
        sqlx::query!(
            "INSERT INTO job_steps (job_id, position, name, state) VALUES (?, ?, ?, 'waiting')",
            id,
            position,
            name
        )
        .execute(&mut *tx)
        .await?;
    }
    Ok(())
}

/// Whether a job of this kind waits or works for a subject.
pub async fn is_unfinished(tx: &mut Conn, kind: JobKind, subject: &str) -> Result<bool> {
    let kind = kind.as_str();
    let found = sqlx::query_scalar!(
        "SELECT COUNT(*) FROM jobs
         WHERE kind = ? AND subject = ? AND state IN ('queued', 'running', 'interrupted')",
        kind,
        subject
    )
    .fetch_one(tx)
    .await?;
    Ok(found > 0)
}

/// Marks the running jobs of other runs of the panel as interrupted; says how many.
pub(super) async fn interrupt_orphans(db: &Db, owner: &str) -> Result<u64> {
    let mut tx = db.write().await?;
    let done = sqlx::query!(
        "UPDATE jobs SET state = 'interrupted', lease_owner = NULL, lease_until = NULL, waits_for = NULL
         WHERE state = 'running' AND lease_owner IS NOT ?",
        owner
    )
    .execute(&mut *tx)
    .await?;
    tx.commit().await?;
    Ok(done.rows_affected())
}

/// Claims the oldest interrupted job, else the oldest queued one whose subject is free.
pub(super) async fn claim(db: &Db, owner: &str, now: Timestamp, until: Timestamp) -> Result<Option<Claimed>> {
    let waiting = sqlx::query_scalar!("SELECT count(*) FROM jobs WHERE state IN ('queued', 'interrupted')")
        .fetch_one(db.reader())
        .await?;
    if waiting == 0 {
        return Ok(None);
    }
    let (now, until) = (now.ms(), until.ms());
    let mut tx = db.write().await?;
    let row = sqlx::query!(
        r#"UPDATE jobs SET state = 'running', attempts = attempts + 1, lease_owner = ?, lease_until = ?,
                          started_at = coalesce(started_at, ?)
           WHERE id = (SELECT id FROM jobs AS candidate
                       WHERE state = 'interrupted'
                          OR (state = 'queued' AND NOT EXISTS
                              (SELECT 1 FROM jobs AS busy
                               WHERE busy.subject = candidate.subject AND busy.state IN ('running', 'interrupted')))
                       ORDER BY state = 'queued', created_at LIMIT 1)
           RETURNING id AS "id!", kind AS "kind!", subject AS "subject!", app_name AS "app_name!", payload AS "payload!",
                     attempts AS "attempts!: u32", cancel_asked AS "cancel_asked!: bool", problem, log_lines AS "log_lines!: i64""#,
        owner,
        until,
        now
    )
    .fetch_optional(&mut *tx)
    .await?;
    let Some(row) = row else { return Ok(None) };
    let steps = sqlx::query!("SELECT position, name, state FROM job_steps WHERE job_id = ? ORDER BY position", row.id)
        .fetch_all(&mut *tx)
        .await?;
    tx.commit().await?;
    let steps = steps
        .into_iter()
        .map(|step| Ok(Step { state: step_word(&row.id, &step.state)?, position: step.position, name: step.name }))
        .collect::<Result<_>>()?;
    let job = Job {
        kind: JobKind::from_word(&row.kind).ok_or_else(|| Error::bad_row("jobs", "kind", &row.id, &row.kind))?,
        app: row.app_name.parse().map_err(|cause| Error::bad_row("jobs", "app_name", &row.id, cause))?,
        unwinding: parse_problem(&row.id, row.problem)?,
        id: row.id.parse().map_err(|cause| Error::bad_row("jobs", "id", &row.id, cause))?,
        subject: row.subject,
        payload: row.payload,
        attempts: row.attempts,
    };
    Ok(Some(Claimed { job, steps, log_lines: row.log_lines.unsigned_abs(), cancel_asked: row.cancel_asked }))
}

pub(super) async fn renew(db: &Db, job: &JobId, until: Timestamp) -> Result<()> {
    let (until, id) = (until.ms(), job.as_str());
    let mut tx = db.write().await?;
    sqlx::query!("UPDATE jobs SET lease_until = ? WHERE id = ? AND state = 'running'", until, id)
        .execute(&mut *tx)
        .await?;
    tx.commit().await
}

/// How a step ended.
pub(super) struct Ended<'a> {
    pub(super) step: &'a Step,
    pub(super) state: StepState,
    pub(super) took_us: Option<u64>,
    pub(super) note: Option<&'a str>,
}

impl<'a> Ended<'a> {
    /// Somebody asked before it began.
    pub(super) const fn stopped(step: &'a Step) -> Self {
        Self { step, state: StepState::Failed, took_us: None, note: Some("stopped") }
    }
}

/// Writes down that a step ended and that one begins.
pub(super) async fn record_steps(
    db: &Db,
    job: &JobId,
    ended: Option<&Ended<'_>>,
    begun: Option<&Step>,
    now: Timestamp,
) -> Result<()> {
    let (id, at) = (job.as_str(), now.ms());
    let mut tx = db.write().await?;
    if let Some(Ended { step, state, took_us, note }) = ended {
        let (word, position) = (state.as_str(), step.position);
        let took_us = took_us.map(|took| i64::try_from(took).unwrap_or(i64::MAX));
        sqlx::query!(
            "UPDATE job_steps SET state = ?, finished_at = ?, took_us = ?, note = ? WHERE job_id = ? AND position = ?",
            word,
            at,
            took_us,
            note,
            id,
            position
        )
        .execute(&mut *tx)
        .await?;
    }
    if let Some(Step { position, .. }) = begun {
        sqlx::query!(
            "UPDATE job_steps SET state = 'running', started_at = ?, finished_at = NULL, note = NULL WHERE job_id = ? AND position = ?",
            at,
            id,
            position
        )
        .execute(&mut *tx)
        .await?;
    }
    tx.commit().await
}

pub(super) async fn step_state(db: &Db, job: &JobId, position: i64) -> Result<StepState> {
    let id = job.as_str();
    let word = sqlx::query_scalar!("SELECT state FROM job_steps WHERE job_id = ? AND position = ?", id, position)
        .fetch_one(db.reader())
        .await?;
    step_word(id, &word)
}

pub(super) async fn mark_undone(db: &Db, job: &JobId, position: i64) -> Result<()> {
    let id = job.as_str();
    let mut tx = db.write().await?;
    sqlx::query!(
        "UPDATE job_steps SET state = 'undone' WHERE job_id = ? AND position = ? AND state IN ('done', 'running')",
        id,
        position
    )
    .execute(&mut *tx)
    .await?;
    tx.commit().await
}

pub(super) async fn set_problem(db: &Db, job: &JobId, problem: &Problem) -> Result<()> {
    let (id, problem) = (job.as_str(), json(problem));
    let mut tx = db.write().await?;
    sqlx::query!("UPDATE jobs SET problem = ? WHERE id = ?", problem, id).execute(&mut *tx).await?;
    tx.commit().await
}

pub(super) async fn finish(
    tx: &mut Conn,
    job: &JobId,
    state: JobState,
    problem: Option<&Problem>,
    now: Timestamp,
) -> Result<()> {
    let (id, word, at, problem) = (job.as_str(), state.as_str(), now.ms(), problem.map(json));
    sqlx::query!(
        "UPDATE jobs SET state = ?, problem = ?, finished_at = ?, lease_owner = NULL, lease_until = NULL WHERE id = ?",
        word,
        problem,
        at,
        id
    )
    .execute(tx)
    .await?;
    Ok(())
}

/// Asks a job to stop: a queued one is cancelled at once, a running one is marked. Returns where
/// it was, or `None` when there is no such job.
///
/// # Errors
/// [`Error`] of the engine.
pub async fn ask_cancel(tx: &mut Conn, job: &JobId, problem: &Problem, now: Timestamp) -> Result<Option<JobState>> {
    let id = job.as_str();
    let Some(word) = sqlx::query_scalar!("SELECT state FROM jobs WHERE id = ?", id).fetch_optional(&mut *tx).await?
    else {
        return Ok(None);
    };
    let state = state_word(id, &word)?;
    match state {
        JobState::Queued => finish(tx, job, JobState::Cancelled, Some(problem), now).await?,
        JobState::Running | JobState::Interrupted => {
            sqlx::query!("UPDATE jobs SET cancel_asked = 1 WHERE id = ?", id).execute(tx).await?;
        }
        _ => {}
    }
    Ok(Some(state))
}

/// The steps of a job.
///
/// # Errors
/// [`Error`] of the engine.
pub async fn steps(db: &Db, job: &JobId) -> Result<Vec<StepRow>> {
    let id = job.as_str();
    let rows = sqlx::query!(
        "SELECT name, state, started_at, finished_at, took_us, note FROM job_steps WHERE job_id = ? ORDER BY position",
        id
    )
    .fetch_all(db.reader())
    .await?;
    rows.into_iter()
        .map(|row| {
            Ok(StepRow {
                state: step_word(id, &row.state)?,
                name: row.name,
                started_at: row.started_at.map(Timestamp::from_ms),
                finished_at: row.finished_at.map(Timestamp::from_ms),
                took_us: row.took_us.map(i64::unsigned_abs),
                note: row.note,
            })
        })
        .collect()
}

struct Columns {
    id: String,
    kind: String,
    app_name: String,
    release_number: Option<i64>,
    state: String,
    problem: Option<String>,
    log_lines: i64,
    created_at: i64,
    started_at: Option<i64>,
    finished_at: Option<i64>,
    step: Option<String>,
}

impl Columns {
    fn row(self) -> Result<(JobRow, u64)> {
        let job = JobRow {
            kind: JobKind::from_word(&self.kind).ok_or_else(|| Error::bad_row("jobs", "kind", &self.id, &self.kind))?,
            app: self.app_name.parse().map_err(|cause| Error::bad_row("jobs", "app_name", &self.id, cause))?,
            state: state_word(&self.id, &self.state)?,
            problem: parse_problem(&self.id, self.problem)?,
            waits_for: None,
            release: self.release_number.and_then(|number| u32::try_from(number).ok()),
            step: self.step,
            created_at: Timestamp::from_ms(self.created_at),
            started_at: self.started_at.map(Timestamp::from_ms),
            finished_at: self.finished_at.map(Timestamp::from_ms),
            id: self.id.parse().map_err(|cause| Error::bad_row("jobs", "id", &self.id, cause))?,
        };
        Ok((job, self.log_lines.unsigned_abs()))
    }
}

/// The newest jobs of `subject`, or of all, newest first.
///
/// # Errors
/// [`Error`] of the engine.
pub async fn newest(db: &Db, subject: Option<&str>, most: u32) -> Result<Vec<JobRow>> {
    let rows = sqlx::query_as!(
        Columns,
        r#"SELECT id, kind, app_name, release_number, state, problem, log_lines, created_at, started_at, finished_at,
                  (SELECT name FROM job_steps WHERE job_id = jobs.id AND job_steps.state = 'running' LIMIT 1) AS "step?: String"
           FROM jobs WHERE ?1 IS NULL OR subject = ?1 ORDER BY created_at DESC, id DESC LIMIT ?2"#,
        subject,
        most
    )
    .fetch_all(db.reader())
    .await?;
    waits::fill(db, rows.into_iter().map(|row| Ok(row.row()?.0)).collect::<Result<_>>()?).await
}

/// The unfinished jobs of all subjects, oldest first.
///
/// # Errors
/// [`Error`] of the engine.
pub async fn unfinished(db: &Db) -> Result<Vec<JobRow>> {
    let rows = sqlx::query_as!(
        Columns,
        r#"SELECT id, kind, app_name, release_number, state, problem, log_lines, created_at, started_at, finished_at,
                  (SELECT name FROM job_steps WHERE job_id = jobs.id AND job_steps.state = 'running' LIMIT 1) AS "step?: String"
           FROM jobs WHERE state IN ('queued', 'running', 'interrupted') ORDER BY created_at"#
    )
    .fetch_all(db.reader())
    .await?;
    waits::fill(db, rows.into_iter().map(|row| Ok(row.row()?.0)).collect::<Result<_>>()?).await
}

/// The newest finished job of each subject.
///
/// # Errors
/// [`Error`] of the engine.
pub async fn last_of_each_subject(db: &Db) -> Result<HashMap<String, JobRow>> {
    let rows = sqlx::query!(
        r#"SELECT id AS "id!", kind AS "kind!", subject AS "subject!", app_name AS "app_name!", release_number,
                  state AS "state!", problem, log_lines AS "log_lines!", started_at, finished_at,
                  max(created_at) AS "created_at!: i64"
           FROM jobs WHERE state IN ('succeeded', 'failed') GROUP BY subject"#
    )
    .fetch_all(db.reader())
    .await?;
    rows.into_iter()
        .map(|row| {
            let columns = Columns {
                id: row.id,
                kind: row.kind,
                app_name: row.app_name,
                release_number: row.release_number,
                state: row.state,
                problem: row.problem,
                log_lines: row.log_lines,
                created_at: row.created_at,
                started_at: row.started_at,
                finished_at: row.finished_at,
                step: None,
            };
            Ok((row.subject, columns.row()?.0))
        })
        .collect()
}

/// One job and the number of lines in its log.
///
/// # Errors
/// [`Error`] of the engine.
pub async fn find(db: &Db, job: &JobId) -> Result<Option<(JobRow, u64)>> {
    let id = job.as_str();
    let row = sqlx::query_as!(
        Columns,
        r#"SELECT id, kind, app_name, release_number, state, problem, log_lines, created_at, started_at, finished_at,
                  (SELECT name FROM job_steps WHERE job_id = jobs.id AND job_steps.state = 'running' LIMIT 1) AS "step?: String"
           FROM jobs WHERE id = ?"#,
        id
    )
    .fetch_optional(db.reader())
    .await?;
    let Some((row, lines)) = row.map(Columns::row).transpose()? else { return Ok(None) };
    Ok(waits::fill(db, vec![row]).await?.pop().map(|row| (row, lines)))
}

fn state_word(id: &str, word: &str) -> Result<JobState> {
    JobState::from_word(word).ok_or_else(|| Error::bad_row("jobs", "state", id, word))
}

fn step_word(id: &str, word: &str) -> Result<StepState> {
    StepState::from_word(word).ok_or_else(|| Error::bad_row("job_steps", "state", id, word))
}

fn parse_problem(id: &str, text: Option<String>) -> Result<Option<Problem>> {
    text.map(|text| serde_json::from_str(&text).map_err(|cause| Error::bad_row("jobs", "problem", id, cause)))
        .transpose()
}

fn json(problem: &Problem) -> String {
    // A struct of strings always serialises.
    serde_json::to_string(problem).unwrap_or_default()
}
