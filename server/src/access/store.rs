//! The tables `deploy_keys`, `git_sign_ins` and `ssh_hosts`.

use homeport_model::{
    access::{GitOrigin, HostKey, SshHost, UserName},
    id::AppId,
    time::Timestamp,
};

use crate::db::{Conn, Db, Error, Result};

/// A deploy key.
pub(super) struct DeployKey {
    pub(super) public: String,
    pub(super) sealed: Vec<u8>,
    pub(super) created_at: Timestamp,
}

/// A sign-in over https.
pub(super) struct Kept {
    pub(super) origin: GitOrigin,
    pub(super) user: UserName,
    pub(super) sealed: Vec<u8>,
    pub(super) created_at: Timestamp,
}

pub(super) async fn key(db: &Db, app: &AppId) -> Result<Option<DeployKey>> {
    let app = app.as_str();
    let row = sqlx::query!("SELECT public, sealed, created_at FROM deploy_keys WHERE app_id = ?", app)
        .fetch_optional(db.reader())
        .await?;
    Ok(row.map(|row| DeployKey {
        public: row.public,
        sealed: row.sealed,
        created_at: Timestamp::from_ms(row.created_at),
    }))
}

pub(super) async fn set_key(tx: &mut Conn, app: &AppId, key: &DeployKey) -> Result<()> {
    let (app, at) = (app.as_str(), key.created_at.ms());
    sqlx::query!(
        "INSERT INTO deploy_keys (app_id, public, sealed, created_at) VALUES (?, ?, ?, ?)
         ON CONFLICT (app_id)
         DO UPDATE SET public = excluded.public, sealed = excluded.sealed, created_at = excluded.created_at",
        app,
        key.public,
        key.sealed,
        at
    )
    .execute(tx)
    .await?;
    Ok(())
}

/// Whether there was one.
pub(super) async fn remove_key(tx: &mut Conn, app: &AppId) -> Result<bool> {
    let app = app.as_str();
    let done = sqlx::query!("DELETE FROM deploy_keys WHERE app_id = ?", app).execute(tx).await?;
    Ok(done.rows_affected() > 0)
}

pub(super) async fn sign_in(db: &Db, app: &AppId) -> Result<Option<Kept>> {
    let id = app.as_str();
    let row = sqlx::query!("SELECT origin, user_name, sealed, created_at FROM git_sign_ins WHERE app_id = ?", id)
        .fetch_optional(db.reader())
        .await?;
    let Some(row) = row else { return Ok(None) };
    Ok(Some(Kept {
        origin: row.origin.parse().map_err(|cause| Error::bad_row("git_sign_ins", "origin", id, cause))?,
        user: row.user_name.parse().map_err(|cause| Error::bad_row("git_sign_ins", "user_name", id, cause))?,
        sealed: row.sealed,
        created_at: Timestamp::from_ms(row.created_at),
    }))
}

pub(super) async fn set_sign_in(tx: &mut Conn, app: &AppId, kept: &Kept) -> Result<()> {
    let (app, origin, user, at) = (app.as_str(), kept.origin.as_str(), kept.user.as_str(), kept.created_at.ms());
    sqlx::query!(
        "INSERT INTO git_sign_ins (app_id, origin, user_name, sealed, created_at) VALUES (?, ?, ?, ?, ?)
         ON CONFLICT (app_id)
         DO UPDATE SET origin = excluded.origin, user_name = excluded.user_name, sealed = excluded.sealed,
                       created_at = excluded.created_at",
        app,
        origin,
        user,
        kept.sealed,
        at
    )
    .execute(tx)
    .await?;
    Ok(())
}

/// Whether there was one.
pub(super) async fn remove_sign_in(tx: &mut Conn, app: &AppId) -> Result<bool> {
    let app = app.as_str();
    let done = sqlx::query!("DELETE FROM git_sign_ins WHERE app_id = ?", app).execute(tx).await?;
    Ok(done.rows_affected() > 0)
}

/// A server's key, and since when it is known.
pub(super) async fn host(db: &Db, host: &SshHost) -> Result<Option<(HostKey, Timestamp)>> {
    let host = host.as_str();
    let row = sqlx::query!("SELECT host_key, created_at FROM ssh_hosts WHERE host = ?", host)
        .fetch_optional(db.reader())
        .await?;
    let Some(row) = row else { return Ok(None) };
    let key = row.host_key.parse().map_err(|cause| Error::bad_row("ssh_hosts", "host_key", host, cause))?;
    Ok(Some((key, Timestamp::from_ms(row.created_at))))
}

/// All known servers with their keys.
pub(super) async fn hosts(db: &Db) -> Result<Vec<(SshHost, HostKey)>> {
    let rows = sqlx::query!("SELECT host, host_key FROM ssh_hosts").fetch_all(db.reader()).await?;
    let read = |row: (String, String)| {
        let host = row.0.parse().map_err(|cause| Error::bad_row("ssh_hosts", "host", &row.0, cause))?;
        let key = row.1.parse().map_err(|cause| Error::bad_row("ssh_hosts", "host_key", &row.0, cause))?;
        Ok((host, key))
    };
    rows.into_iter().map(|row| read((row.host, row.host_key))).collect()
}

/// Keeps the key of a server that was met for the first time; false when it is known already.
pub(super) async fn add_host(tx: &mut Conn, host: &SshHost, key: &HostKey, at: Timestamp) -> Result<bool> {
    let (host, key, at) = (host.as_str(), key.as_str(), at.ms());
    let done = sqlx::query!(
        "INSERT INTO ssh_hosts (host, host_key, created_at) VALUES (?, ?, ?) ON CONFLICT (host) DO NOTHING",
        host,
        key,
        at
    )
    .execute(tx)
    .await?;
    Ok(done.rows_affected() > 0)
}

/// Takes another key for a server.
pub(super) async fn set_host(tx: &mut Conn, host: &SshHost, key: &HostKey, at: Timestamp) -> Result<()> {
    let (host, key, at) = (host.as_str(), key.as_str(), at.ms());
    sqlx::query!(
        "INSERT INTO ssh_hosts (host, host_key, created_at) VALUES (?, ?, ?)
         ON CONFLICT (host) DO UPDATE SET host_key = excluded.host_key, created_at = excluded.created_at",
        host,
        key,
        at
    )
    .execute(tx)
    .await?;
    Ok(())
}
