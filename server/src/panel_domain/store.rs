//! The table `panel_names`.

use homeport_model::{actor::Role, name::HostName, time::Timestamp};

use sqlx::SqliteExecutor;

use crate::db::{Conn, Error, Result};

/// On its way to this server's own ports.
const DIRECT: &str = "direct";
/// On its way to the tunnel.
const TUNNEL: &str = "tunnel";

/// A name as stored.
pub(super) struct Added {
    pub(super) name: HostName,
    pub(super) added_by: String,
    pub(super) added_at: Timestamp,
    pub(super) answered_at: Option<Timestamp>,
    pub(super) is_primary: bool,
    /// Whether it comes in by the tunnel.
    pub(super) by_tunnel: bool,
    /// Whether it is on its way to the other way in, so that it comes in by both.
    pub(super) switching: bool,
}

/// All of them: the primary one first, then the older first.
pub(super) async fn list(on: impl SqliteExecutor<'_>) -> Result<Vec<Added>> {
    let rows = sqlx::query!(
        "SELECT name, added_by, added_at, answered_at, is_primary, switching,
             EXISTS (SELECT 1 FROM tunnel_names WHERE tunnel_names.name = panel_names.name) AS \"by_tunnel!: bool\"
         FROM panel_names ORDER BY is_primary DESC, added_at"
    )
    .fetch_all(on)
    .await?;
    rows.into_iter()
        .map(|row| {
            Ok(Added {
                name: row.name.parse().map_err(|cause| Error::bad_row("panel_names", "name", &row.name, cause))?,
                added_by: row.added_by,
                added_at: Timestamp::from_ms(row.added_at),
                answered_at: row.answered_at.map(Timestamp::from_ms),
                is_primary: row.is_primary == 1,
                by_tunnel: row.by_tunnel || row.switching.as_deref() == Some(DIRECT),
                switching: row.switching.is_some(),
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

/// Begins to let a name in by the other way as well, or ends that.
pub(super) async fn set_switching(tx: &mut Conn, name: &HostName, to_tunnel: Option<bool>) -> Result<()> {
    let (name, to) = (name.as_str(), to_tunnel.map(|to_tunnel| if to_tunnel { TUNNEL } else { DIRECT }));
    sqlx::query!("UPDATE panel_names SET switching = ? WHERE name = ?", to, name).execute(tx).await?;
    Ok(())
}

/// A passkey, and whose it is.
pub(super) struct Passkey {
    pub(super) user: String,
    pub(super) name: String,
    pub(super) role: Role,
    /// The name that it belongs to; `None` is the configured one.
    pub(super) host: Option<String>,
}

/// Every passkey that signs somebody in.
pub(super) async fn passkeys(on: impl SqliteExecutor<'_>) -> Result<Vec<Passkey>> {
    let rows = sqlx::query!(
        "SELECT users.id, users.name, users.role, passkeys.host
         FROM passkeys JOIN users ON users.id = passkeys.user_id WHERE passkeys.frozen_at IS NULL"
    )
    .fetch_all(on)
    .await?;
    rows.into_iter()
        .map(|row| {
            let bad = |cause: serde_json::Error| Error::bad_row("users", "role", &row.role, cause);
            let role = serde_json::from_value(row.role.clone().into()).map_err(bad)?;
            Ok(Passkey { role, user: row.id, name: row.name, host: row.host })
        })
        .collect()
}
