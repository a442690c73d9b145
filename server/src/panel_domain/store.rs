//! The table `panel_names`.

use homeport_model::{name::HostName, time::Timestamp};

use crate::db::{Conn, Db, Error, Result};

/// A name as stored.
pub(super) struct Added {
    pub(super) name: HostName,
    pub(super) added_by: String,
    pub(super) added_at: Timestamp,
    pub(super) answered_at: Option<Timestamp>,
    pub(super) is_primary: bool,
    /// Whether it comes in by the tunnel.
    pub(super) by_tunnel: bool,
}

/// All of them: the primary one first, then the older first.
pub(super) async fn list(db: &Db) -> Result<Vec<Added>> {
    let rows = sqlx::query!(
        "SELECT name, added_by, added_at, answered_at, is_primary,
             EXISTS (SELECT 1 FROM tunnel_names WHERE tunnel_names.name = panel_names.name) AS \"by_tunnel!: bool\"
         FROM panel_names ORDER BY is_primary DESC, added_at"
    )
    .fetch_all(db.reader())
    .await?;
    rows.into_iter()
        .map(|row| {
            Ok(Added {
                name: row.name.parse().map_err(|cause| Error::bad_row("panel_names", "name", &row.name, cause))?,
                added_by: row.added_by,
                added_at: Timestamp::from_ms(row.added_at),
                answered_at: row.answered_at.map(Timestamp::from_ms),
                is_primary: row.is_primary == 1,
                by_tunnel: row.by_tunnel,
            })
        })
        .collect()
}

/// False when the panel has it already.
pub(super) async fn add(tx: &mut Conn, name: &HostName, by: &str, now: Timestamp) -> Result<bool> {
    let (name, now) = (name.as_str(), now.ms());
    let done = sqlx::query!(
        "INSERT INTO panel_names (name, added_by, added_at) VALUES (?, ?, ?) ON CONFLICT (name) DO NOTHING",
        name,
        by,
        now
    )
    .execute(tx)
    .await?;
    Ok(done.rows_affected() == 1)
}

/// Whether there was one.
pub(super) async fn remove(tx: &mut Conn, name: &HostName) -> Result<bool> {
    let name = name.as_str();
    let done = sqlx::query!("DELETE FROM panel_names WHERE name = ?", name).execute(tx).await?;
    Ok(done.rows_affected() == 1)
}

/// A passkey was made under `host`: the first time, its name becomes the primary one. Says whether it did.
pub(crate) async fn answered(tx: &mut Conn, host: &str, now: Timestamp) -> Result<bool> {
    let waits = sqlx::query_scalar!("SELECT name FROM panel_names WHERE name = ? AND answered_at IS NULL", host)
        .fetch_optional(&mut *tx)
        .await?;
    if waits.is_none() {
        return Ok(false);
    }
    let now = now.ms();
    sqlx::query!("UPDATE panel_names SET is_primary = 0 WHERE is_primary = 1").execute(&mut *tx).await?;
    sqlx::query!("UPDATE panel_names SET answered_at = ?, is_primary = 1 WHERE name = ?", now, host)
        .execute(tx)
        .await?;
    Ok(true)
}

/// How many passkeys belong to each host name; `None` is the configured one.
pub(super) async fn passkeys(db: &Db) -> Result<Vec<(Option<String>, u32)>> {
    let rows =
        sqlx::query!("SELECT host, count(*) AS \"count!: i64\" FROM passkeys WHERE frozen_at IS NULL GROUP BY host")
            .fetch_all(db.reader())
            .await?;
    Ok(rows.into_iter().map(|row| (row.host, u32::try_from(row.count).unwrap_or(u32::MAX))).collect())
}
