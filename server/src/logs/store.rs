//! The table `kept_logs`.

use homeport_model::{
    id::{AppId, ReleaseId},
    log::KeptLog,
    time::Timestamp,
};

use crate::db::{Db, Error, Result};

struct Columns {
    app_id: String,
    release_id: String,
    number: i64,
    process: String,
    instance: i64,
    container: String,
    size_bytes: i64,
    lines: i64,
    cut: i64,
    at: i64,
}

impl TryFrom<Columns> for KeptLog {
    type Error = Error;
    fn try_from(row: Columns) -> Result<Self> {
        let id = row.container.clone();
        let small = |column, number: i64| {
            u32::try_from(number).map_err(|cause| Error::bad_row("kept_logs", column, &id, cause))
        };
        Ok(Self {
            app: row.app_id.parse().map_err(|cause| Error::bad_row("kept_logs", "app_id", &id, cause))?,
            release: row.release_id.parse().map_err(|cause| Error::bad_row("kept_logs", "release_id", &id, cause))?,
            number: small("number", row.number)?,
            process: row.process.parse().map_err(|cause| Error::bad_row("kept_logs", "process", &id, cause))?,
            instance: small("instance", row.instance)?,
            container: row.container.parse().map_err(|cause| Error::bad_row("kept_logs", "container", &id, cause))?,
            size_bytes: row.size_bytes.unsigned_abs(),
            lines: row.lines.unsigned_abs(),
            cut: row.cut != 0,
            at: Timestamp::from_ms(row.at),
        })
    }
}

/// All that is kept, oldest first.
pub(super) async fn all(db: &Db) -> Result<Vec<KeptLog>> {
    let rows = sqlx::query_as!(
        Columns,
        "SELECT app_id, release_id, number, process, instance, container, size_bytes, lines, cut, kept_logs.at
         FROM kept_logs JOIN releases ON releases.id = release_id ORDER BY kept_logs.at, container"
    )
    .fetch_all(db.reader())
    .await?;
    rows.into_iter().map(KeptLog::try_from).collect()
}

/// What is kept of an app, oldest first.
pub(super) async fn of_app(db: &Db, app: &AppId) -> Result<Vec<KeptLog>> {
    let app = app.as_str();
    let rows = sqlx::query_as!(
        Columns,
        "SELECT app_id, release_id, number, process, instance, container, size_bytes, lines, cut, kept_logs.at
         FROM kept_logs JOIN releases ON releases.id = release_id WHERE app_id = ? ORDER BY kept_logs.at, container",
        app
    )
    .fetch_all(db.reader())
    .await?;
    rows.into_iter().map(KeptLog::try_from).collect()
}

/// Writes down that a file is there; one of the same container is replaced.
pub(super) async fn put(db: &Db, log: &KeptLog) -> Result<()> {
    let (release, process, container) = (log.release.as_str(), log.process.as_str(), log.container.as_str());
    let size = i64::try_from(log.size_bytes).unwrap_or(i64::MAX);
    let lines = i64::try_from(log.lines).unwrap_or(i64::MAX);
    let at = log.at.ms();
    let mut tx = db.write().await?;
    sqlx::query!(
        "INSERT INTO kept_logs (release_id, process, instance, container, size_bytes, lines, cut, at)
         VALUES (?, ?, ?, ?, ?, ?, ?, ?)
         ON CONFLICT (release_id, process, instance, container)
         DO UPDATE SET size_bytes = excluded.size_bytes, lines = excluded.lines, cut = excluded.cut, at = excluded.at",
        release,
        process,
        log.instance,
        container,
        size,
        lines,
        log.cut,
        at
    )
    .execute(&mut *tx)
    .await?;
    tx.commit().await
}

/// Forgets the file of one container.
pub(super) async fn remove(db: &Db, log: &KeptLog) -> Result<()> {
    let (release, process, container) = (log.release.as_str(), log.process.as_str(), log.container.as_str());
    let mut tx = db.write().await?;
    sqlx::query!(
        "DELETE FROM kept_logs WHERE release_id = ? AND process = ? AND instance = ? AND container = ?",
        release,
        process,
        log.instance,
        container
    )
    .execute(&mut *tx)
    .await?;
    tx.commit().await
}

/// Forgets the files of a release.
pub(super) async fn remove_release(db: &Db, release: &ReleaseId) -> Result<()> {
    let release = release.as_str();
    let mut tx = db.write().await?;
    sqlx::query!("DELETE FROM kept_logs WHERE release_id = ?", release).execute(&mut *tx).await?;
    tx.commit().await
}
