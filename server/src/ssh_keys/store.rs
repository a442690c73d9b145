//! The table of SSH keys.

use homeport_model::{actor::Role, id::SshKeyId, pushes::SshKeyRow, time::Timestamp};

use crate::db::{Conn, Db, Error, Result};

/// A key that was presented, with its person.
pub(super) struct Found {
    pub(super) id: SshKeyId,
    pub(super) name: String,
    pub(super) last_used_at: Option<Timestamp>,
    pub(super) user: String,
    pub(super) user_name: String,
    pub(super) role: Role,
}

/// A key to be stored.
pub(super) struct New<'a> {
    pub(super) id: &'a SshKeyId,
    pub(super) fingerprint: &'a str,
    pub(super) user: &'a str,
    pub(super) name: &'a str,
    pub(super) line: &'a str,
    pub(super) created_at: Timestamp,
}

pub(super) async fn insert(tx: &mut Conn, new: &New<'_>) -> Result<()> {
    let (id, created_at) = (new.id.as_str(), new.created_at.ms());
    sqlx::query!(
        "INSERT INTO ssh_keys (id, fingerprint, user_id, name, line, created_at) VALUES (?, ?, ?, ?, ?, ?)",
        id,
        new.fingerprint,
        new.user,
        new.name,
        new.line,
        created_at
    )
    .execute(tx)
    .await?;
    Ok(())
}

pub(super) async fn by_fingerprint(db: &Db, fingerprint: &str) -> Result<Option<Found>> {
    let row = sqlx::query!(
        r#"SELECT k.id, k.name, k.last_used_at, u.id AS user_id, u.name AS user_name, u.role
           FROM ssh_keys k JOIN users u ON u.id = k.user_id WHERE k.fingerprint = ?"#,
        fingerprint
    )
    .fetch_optional(db.reader())
    .await?;
    row.map(|row| {
        Ok(Found {
            name: row.name,
            last_used_at: row.last_used_at.map(Timestamp::from_ms),
            user: row.user_id,
            user_name: row.user_name,
            role: serde_json::from_value(row.role.into()).map_err(|cause| bad("user_id", &row.id, cause))?,
            id: row.id.parse().map_err(|cause| bad("id", &row.id, cause))?,
        })
    })
    .transpose()
}

pub(super) async fn touch(tx: &mut Conn, id: &SshKeyId, at: Timestamp, address: Option<&str>) -> Result<()> {
    let (id, at) = (id.as_str(), at.ms());
    sqlx::query!("UPDATE ssh_keys SET last_used_at = ?, last_address = ? WHERE id = ?", at, address, id)
        .execute(tx)
        .await?;
    Ok(())
}

/// A person's keys, newest first.
pub(super) async fn of_user(db: &Db, user: &str) -> Result<Vec<SshKeyRow>> {
    let rows = sqlx::query!(
        r#"SELECT id, name, fingerprint, created_at, last_used_at, last_address
           FROM ssh_keys WHERE user_id = ? ORDER BY created_at DESC, id DESC"#,
        user
    )
    .fetch_all(db.reader())
    .await?;
    rows.into_iter()
        .map(|row| {
            Ok(SshKeyRow {
                name: row.name,
                fingerprint: row.fingerprint,
                created_at: Timestamp::from_ms(row.created_at),
                last_used_at: row.last_used_at.map(Timestamp::from_ms),
                last_address: row.last_address,
                id: row.id.parse().map_err(|cause| bad("id", &row.id, cause))?,
            })
        })
        .collect()
}

/// Says whether there was one.
pub(super) async fn delete(tx: &mut Conn, user: &str, id: &SshKeyId) -> Result<bool> {
    let id = id.as_str();
    let done = sqlx::query!("DELETE FROM ssh_keys WHERE user_id = ? AND id = ?", user, id).execute(tx).await?;
    Ok(done.rows_affected() == 1)
}

fn bad(column: &'static str, id: &str, cause: impl ToString) -> Error {
    Error::bad_row("ssh_keys", column, id, cause)
}
