//! The table `registries`.

use homeport_model::{
    access::{RegistryHost, UserName},
    time::Timestamp,
};

use crate::db::{Conn, Db, Error, Result};

/// A sign-in as stored.
pub(super) struct Kept {
    pub(super) host: RegistryHost,
    pub(super) user: UserName,
    pub(super) sealed: Vec<u8>,
    pub(super) created_at: Timestamp,
}

struct Columns {
    host: String,
    user_name: String,
    sealed: Vec<u8>,
    created_at: i64,
}

impl TryFrom<Columns> for Kept {
    type Error = Error;
    fn try_from(row: Columns) -> Result<Self> {
        Ok(Self {
            user: row.user_name.parse().map_err(|cause| Error::bad_row("registries", "user_name", &row.host, cause))?,
            host: row.host.parse().map_err(|cause| Error::bad_row("registries", "host", &row.host, cause))?,
            sealed: row.sealed,
            created_at: Timestamp::from_ms(row.created_at),
        })
    }
}

/// All of them, by host.
pub(super) async fn list(db: &Db) -> Result<Vec<Kept>> {
    let rows = sqlx::query_as!(Columns, "SELECT host, user_name, sealed, created_at FROM registries ORDER BY host")
        .fetch_all(db.reader())
        .await?;
    rows.into_iter().map(Kept::try_from).collect()
}

pub(super) async fn find(db: &Db, host: &RegistryHost) -> Result<Option<Kept>> {
    let host = host.as_str();
    let row =
        sqlx::query_as!(Columns, "SELECT host, user_name, sealed, created_at FROM registries WHERE host = ?", host)
            .fetch_optional(db.reader())
            .await?;
    row.map(Kept::try_from).transpose()
}

pub(super) async fn set(tx: &mut Conn, kept: &Kept) -> Result<()> {
    let (host, user, at) = (kept.host.as_str(), kept.user.as_str(), kept.created_at.ms());
    sqlx::query!(
        "INSERT INTO registries (host, user_name, sealed, created_at) VALUES (?, ?, ?, ?)
         ON CONFLICT (host)
         DO UPDATE SET user_name = excluded.user_name, sealed = excluded.sealed, created_at = excluded.created_at",
        host,
        user,
        kept.sealed,
        at
    )
    .execute(tx)
    .await?;
    Ok(())
}

/// Whether there was one.
pub(super) async fn remove(tx: &mut Conn, host: &RegistryHost) -> Result<bool> {
    let host = host.as_str();
    let done = sqlx::query!("DELETE FROM registries WHERE host = ?", host).execute(tx).await?;
    Ok(done.rows_affected() > 0)
}
