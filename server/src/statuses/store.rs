//! The tables of whom to tell about deploys, and of what was told.

use homeport_model::{
    id::{AppId, ReleaseId},
    time::Timestamp,
    webhook::{ApiUrl, StatusHost, StatusState},
};

use crate::db::{Conn, Db, Error, Result};

/// Whom to tell about an app's deploys.
pub(super) struct Hook {
    pub(super) app: AppId,
    pub(super) host: StatusHost,
    pub(super) api: ApiUrl,
    pub(super) sealed: Vec<u8>,
    pub(super) since: Timestamp,
}

/// What was told about a release.
#[derive(Clone)]
pub(super) struct Report {
    pub(super) release: ReleaseId,
    pub(super) state: StatusState,
    pub(super) failed: u32,
    pub(super) problem: Option<String>,
    pub(super) at: Timestamp,
    pub(super) next_at: Option<Timestamp>,
}

pub(super) async fn set(tx: &mut Conn, hook: &Hook) -> Result<()> {
    let (app, host, api, since) = (hook.app.as_str(), hook.host.as_str(), hook.api.as_str(), hook.since.ms());
    sqlx::query!(
        "INSERT INTO status_hosts (app_id, host, api, sealed, since) VALUES (?, ?, ?, ?, ?)
         ON CONFLICT (app_id) DO UPDATE SET host = excluded.host, api = excluded.api, sealed = excluded.sealed",
        app,
        host,
        api,
        hook.sealed,
        since
    )
    .execute(tx)
    .await?;
    Ok(())
}

/// Says whether there was one.
pub(super) async fn unset(tx: &mut Conn, app: &AppId) -> Result<bool> {
    let app = app.as_str();
    let done = sqlx::query!("DELETE FROM status_hosts WHERE app_id = ?", app).execute(tx).await?;
    Ok(done.rows_affected() == 1)
}

pub(super) async fn all(db: &Db) -> Result<Vec<Hook>> {
    let rows = sqlx::query!("SELECT app_id, host, api, sealed, since FROM status_hosts").fetch_all(db.reader()).await?;
    rows.into_iter()
        .map(|row| {
            let bad = |column, cause: &str| Error::bad_row("status_hosts", column, &row.app_id, cause);
            Ok(Hook {
                app: row.app_id.parse().map_err(|_| bad("app_id", "no id"))?,
                host: StatusHost::from_word(&row.host).ok_or_else(|| bad("host", &row.host))?,
                api: row.api.parse().map_err(|_| bad("api", &row.api))?,
                since: Timestamp::from_ms(row.since),
                sealed: row.sealed,
            })
        })
        .collect()
}

pub(super) async fn of_app(db: &Db, app: &AppId) -> Result<Option<Hook>> {
    Ok(all(db).await?.into_iter().find(|hook| hook.app == *app))
}

/// What was told about an app's releases.
pub(super) async fn reports(db: &Db, app: &AppId) -> Result<Vec<Report>> {
    let app = app.as_str();
    let rows = sqlx::query!(
        "SELECT s.release_id, s.state, s.failed, s.problem, s.at, s.next_at
         FROM status_reports s JOIN releases r ON r.id = s.release_id WHERE r.app_id = ?",
        app
    )
    .fetch_all(db.reader())
    .await?;
    rows.into_iter()
        .map(|row| {
            let bad = |column, cause: &str| Error::bad_row("status_reports", column, &row.release_id, cause);
            let state = serde_json::from_value(row.state.clone().into()).map_err(|_| bad("state", &row.state))?;
            Ok(Report {
                release: row.release_id.parse().map_err(|_| bad("release_id", "no id"))?,
                state,
                failed: u32::try_from(row.failed).map_err(|_| bad("failed", "no count"))?,
                problem: row.problem,
                at: Timestamp::from_ms(row.at),
                next_at: row.next_at.map(Timestamp::from_ms),
            })
        })
        .collect()
}

pub(super) async fn write(tx: &mut Conn, report: &Report) -> Result<()> {
    let (release, state, failed) = (report.release.as_str(), report.state.as_str(), i64::from(report.failed));
    let (at, next_at) = (report.at.ms(), report.next_at.map(Timestamp::ms));
    sqlx::query!(
        "INSERT INTO status_reports (release_id, state, failed, problem, at, next_at) VALUES (?, ?, ?, ?, ?, ?)
         ON CONFLICT (release_id) DO UPDATE SET state = excluded.state, failed = excluded.failed,
             problem = excluded.problem, at = excluded.at, next_at = excluded.next_at",
        release,
        state,
        failed,
        report.problem,
        at,
        next_at
    )
    .execute(tx)
    .await?;
    Ok(())
}
