//! The tables of accounts.

mod sessions;

use homeport_model::{
    account::PasskeyRow,
    actor::{Actor, Role},
    id::PasskeyId,
    time::Timestamp,
};
use sqlx::SqliteExecutor;

use super::{Link, ceremony::NewPasskey, recovery::HashedCodes};
use crate::{
    ambient,
    db::{Conn, Error, Readers, Result},
};

pub(super) use sessions::*;

// --- people ---------------------------------------------------------------

pub(super) async fn owner_exists(on: impl SqliteExecutor<'_>) -> Result<bool> {
    let row = sqlx::query!("SELECT EXISTS (SELECT 1 FROM users) AS \"there!: bool\"").fetch_one(on).await?;
    Ok(row.there)
}

/// Adds the owner, unless anyone is there already.
pub(super) async fn insert_owner(conn: &mut Conn, id: &str, name: &str, now: Timestamp) -> Result<bool> {
    let now = now.ms();
    let done = sqlx::query!(
        "INSERT INTO users (id, name, role, created_at)
         SELECT ?, ?, 'owner', ? WHERE NOT EXISTS (SELECT 1 FROM users)",
        id,
        name,
        now,
    )
    .execute(conn)
    .await?;
    Ok(done.rows_affected() == 1)
}

/// The owner, as an actor without a session.
pub(super) async fn first_owner(conn: &mut Conn) -> Result<Option<Actor>> {
    let row = sqlx::query!("SELECT id, name FROM users WHERE role = 'owner' ORDER BY created_at, id LIMIT 1")
        .fetch_optional(conn)
        .await?;
    Ok(row.map(|row| Actor {
        user: row.id,
        name: row.name,
        role: Role::Owner,
        session: None,
        address: None,
        step_up_until: None,
    }))
}

fn role(text: &str, user: &str) -> Result<Role> {
    match text {
        "viewer" => Ok(Role::Viewer),
        "deployer" => Ok(Role::Deployer),
        "owner" => Ok(Role::Owner),
        other => Err(Error::bad_row("users", "role", user, other)),
    }
}

/// Whom a link lets in: the person it was made for, else the owner.
pub(super) async fn person_of_link(conn: &mut Conn, token_hash: &[u8]) -> Result<Option<Actor>> {
    let row = sqlx::query!(
        "SELECT users.id, users.name, users.role FROM one_time_links
         JOIN users ON users.id = one_time_links.user_id WHERE token_hash = ?",
        token_hash
    )
    .fetch_optional(&mut *conn)
    .await?;
    let Some(row) = row else { return first_owner(conn).await };
    let role = role(&row.role, &row.id)?;
    Ok(Some(Actor { user: row.id, name: row.name, role, session: None, address: None, step_up_until: None }))
}

// --- passkeys -------------------------------------------------------------

/// A passkey as stored.
pub(super) struct StoredPasskey {
    id: PasskeyId,
    pub(super) credential_id: Vec<u8>,
    label: String,
    created_at: i64,
    last_used_at: Option<i64>,
    frozen_at: Option<i64>,
    host: Option<String>,
}

impl StoredPasskey {
    /// As a list shows it; `configured` is the name of the panel's configuration.
    pub(super) fn row(self, current: Option<&PasskeyId>, configured: &str) -> PasskeyRow {
        PasskeyRow {
            host: self.host.unwrap_or_else(|| configured.to_owned()),
            current: Some(&self.id) == current,
            id: self.id,
            label: self.label,
            created_at: Timestamp::from_ms(self.created_at),
            last_used_at: self.last_used_at.map(Timestamp::from_ms),
            frozen: self.frozen_at.is_some(),
        }
    }
}

/// What verifying an assertion needs.
pub(super) struct ToVerify {
    pub(super) id: PasskeyId,
    pub(super) credential: String,
    pub(super) frozen_at: Option<i64>,
    pub(super) user_name: String,
    pub(super) role: Role,
}

pub(super) async fn insert_passkey(
    conn: &mut Conn,
    user: &str,
    passkey: &NewPasskey,
    label: &str,
    now: Timestamp,
) -> Result<PasskeyId> {
    let id = PasskeyId::new(now.ms(), ambient::random_u32());
    let (id_text, now) = (id.as_str(), now.ms());
    sqlx::query!(
        "INSERT INTO passkeys (id, user_id, credential_id, credential, label, created_at, host)
         VALUES (?, ?, ?, ?, ?, ?, ?)",
        id_text,
        user,
        passkey.credential_id,
        passkey.record,
        label,
        now,
        passkey.host,
    )
    .execute(conn)
    .await?;
    Ok(id)
}

pub(super) async fn passkeys(db: &Readers, user: &str) -> Result<Vec<StoredPasskey>> {
    let rows = sqlx::query!(
        "SELECT id, credential_id, label, created_at, last_used_at, frozen_at, host
         FROM passkeys WHERE user_id = ? ORDER BY created_at, id",
        user,
    )
    .fetch_all(db)
    .await?;
    rows.into_iter()
        .map(|row| {
            Ok(StoredPasskey {
                id: passkey_id(row.id)?,
                credential_id: row.credential_id,
                label: row.label,
                created_at: row.created_at,
                last_used_at: row.last_used_at,
                frozen_at: row.frozen_at,
                host: row.host,
            })
        })
        .collect()
}

pub(super) async fn passkey_to_verify(db: &Readers, user: &str, credential_id: &[u8]) -> Result<Option<ToVerify>> {
    let row = sqlx::query!(
        "SELECT passkeys.id, credential, frozen_at, name, role
         FROM passkeys JOIN users ON users.id = user_id
         WHERE user_id = ? AND credential_id = ?",
        user,
        credential_id,
    )
    .fetch_optional(db)
    .await?;
    row.map(|row| {
        Ok(ToVerify {
            id: passkey_id(row.id)?,
            credential: row.credential,
            frozen_at: row.frozen_at,
            role: role(&row.role, user)?,
            user_name: row.name,
        })
    })
    .transpose()
}

/// Notes a verified use; false when the passkey was removed or frozen meanwhile.
pub(super) async fn passkey_used(
    conn: &mut Conn,
    id: &PasskeyId,
    record: Option<&str>,
    now: Timestamp,
) -> Result<bool> {
    let (id, now) = (id.as_str(), now.ms());
    let done = sqlx::query!(
        "UPDATE passkeys SET last_used_at = ?, credential = coalesce(?, credential) WHERE id = ? AND frozen_at IS NULL",
        now,
        record,
        id,
    )
    .execute(conn)
    .await?;
    Ok(done.rows_affected() == 1)
}

pub(super) async fn freeze_passkey(conn: &mut Conn, id: &PasskeyId, now: Timestamp) -> Result<()> {
    let (id, now) = (id.as_str(), now.ms());
    sqlx::query!("UPDATE passkeys SET frozen_at = coalesce(frozen_at, ?) WHERE id = ?", now, id).execute(conn).await?;
    Ok(())
}

pub(super) async fn rename_passkey(conn: &mut Conn, user: &str, id: &PasskeyId, label: &str) -> Result<bool> {
    let id = id.as_str();
    let done = sqlx::query!("UPDATE passkeys SET label = ? WHERE id = ? AND user_id = ?", label, id, user)
        .execute(conn)
        .await?;
    Ok(done.rows_affected() == 1)
}

pub(super) async fn delete_passkey(conn: &mut Conn, user: &str, id: &PasskeyId) -> Result<bool> {
    let id = id.as_str();
    let done = sqlx::query!("DELETE FROM passkeys WHERE id = ? AND user_id = ?", id, user).execute(conn).await?;
    Ok(done.rows_affected() == 1)
}

/// The host names, with repetitions, that the passkeys belong to with which somebody may sign in; `None` for
/// the configured one.
pub(super) async fn usable_passkeys(conn: &mut Conn, user: &str) -> Result<Vec<Option<String>>> {
    let hosts = sqlx::query_scalar!("SELECT host FROM passkeys WHERE user_id = ? AND frozen_at IS NULL", user);
    Ok(hosts.fetch_all(conn).await?)
}

fn passkey_id(text: String) -> Result<PasskeyId> {
    PasskeyId::try_from(text.clone()).map_err(|error| Error::bad_row("passkeys", "id", text, error))
}

// --- recovery codes -------------------------------------------------------

/// A recovery code as stored, with its person.
pub(super) struct StoredCode {
    pub(super) user_id: String,
    pub(super) user_name: String,
    pub(super) role: Role,
    pub(super) hash: String,
    pub(super) used_at: Option<i64>,
}

pub(super) async fn replace_codes(conn: &mut Conn, user: &str, codes: &HashedCodes) -> Result<()> {
    sqlx::query!("DELETE FROM recovery_codes WHERE user_id = ?", user).execute(&mut *conn).await?;
    for (selector, hash) in codes.stored() {
        sqlx::query!("INSERT INTO recovery_codes (selector, user_id, hash) VALUES (?, ?, ?)", selector, user, hash)
            .execute(&mut *conn)
            .await?;
    }
    Ok(())
}

pub(super) async fn code(db: &Readers, selector: &str) -> Result<Option<StoredCode>> {
    let row = sqlx::query!(
        "SELECT user_id, hash, used_at, name, role
         FROM recovery_codes JOIN users ON users.id = user_id WHERE selector = ?",
        selector,
    )
    .fetch_optional(db)
    .await?;
    row.map(|row| {
        Ok(StoredCode {
            role: role(&row.role, &row.user_id)?,
            user_id: row.user_id,
            user_name: row.name,
            hash: row.hash,
            used_at: row.used_at,
        })
    })
    .transpose()
}

/// Uses a code up; false when it was used before.
pub(super) async fn consume_code(conn: &mut Conn, selector: &str, now: Timestamp) -> Result<bool> {
    let now = now.ms();
    let done =
        sqlx::query!("UPDATE recovery_codes SET used_at = ? WHERE selector = ? AND used_at IS NULL", now, selector)
            .execute(conn)
            .await?;
    Ok(done.rows_affected() == 1)
}

pub(super) async fn codes_left(db: &Readers, user: &str) -> Result<u32> {
    let row = sqlx::query!(
        "SELECT count(*) AS \"count!: u32\" FROM recovery_codes WHERE user_id = ? AND used_at IS NULL",
        user
    )
    .fetch_one(db)
    .await?;
    Ok(row.count)
}

// --- one-time links -------------------------------------------------------

/// A one-time link as stored.
pub(super) struct StoredLink {
    pub(super) expires_at: Timestamp,
    pub(super) used_at: Option<i64>,
}

pub(super) async fn insert_link(
    conn: &mut Conn,
    token_hash: &[u8],
    kind: Link,
    user: Option<&str>,
    now: Timestamp,
    expires_at: Timestamp,
) -> Result<()> {
    let (kind, now, expires_at) = (kind.as_str(), now.ms(), expires_at.ms());
    sqlx::query!(
        "INSERT INTO one_time_links (token_hash, kind, user_id, created_at, expires_at) VALUES (?, ?, ?, ?, ?)",
        token_hash,
        kind,
        user,
        now,
        expires_at,
    )
    .execute(conn)
    .await?;
    Ok(())
}

pub(super) async fn link(db: &Readers, token_hash: &[u8], kind: Link) -> Result<Option<StoredLink>> {
    let kind = kind.as_str();
    let row = sqlx::query!(
        "SELECT expires_at, used_at FROM one_time_links WHERE token_hash = ? AND kind = ?",
        token_hash,
        kind
    )
    .fetch_optional(db)
    .await?;
    Ok(row.map(|row| StoredLink { expires_at: Timestamp::from_ms(row.expires_at), used_at: row.used_at }))
}

/// Uses a live link up; false when it is not live.
pub(super) async fn consume_link(conn: &mut Conn, token_hash: &[u8], kind: Link, now: Timestamp) -> Result<bool> {
    let (kind, now) = (kind.as_str(), now.ms());
    let done = sqlx::query!(
        "UPDATE one_time_links SET used_at = ?1
         WHERE token_hash = ?2 AND kind = ?3 AND used_at IS NULL AND expires_at > ?1",
        now,
        token_hash,
        kind,
    )
    .execute(conn)
    .await?;
    Ok(done.rows_affected() == 1)
}

/// Counts a wrong token against the live link of its kind; how many there were, if one is live.
pub(super) async fn count_attempt(conn: &mut Conn, kind: Link, now: Timestamp) -> Result<Option<i64>> {
    let (kind, now) = (kind.as_str(), now.ms());
    let row = sqlx::query!(
        "UPDATE one_time_links SET attempts = attempts + 1
         WHERE kind = ? AND used_at IS NULL AND expires_at > ? RETURNING attempts",
        kind,
        now,
    )
    .fetch_optional(conn)
    .await?;
    Ok(row.map(|row| row.attempts))
}

/// Kills the links of a kind that were not used.
pub(super) async fn delete_links(conn: &mut Conn, kind: Link) -> Result<()> {
    let kind = kind.as_str();
    sqlx::query!("DELETE FROM one_time_links WHERE kind = ? AND used_at IS NULL", kind).execute(conn).await?;
    Ok(())
}
