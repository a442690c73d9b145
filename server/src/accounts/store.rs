//! The tables of accounts.

use homeport_model::{
    account::{PasskeyRow, SessionRow, SessionTimes, SignInMethod},
    actor::{Actor, Role},
    id::{PasskeyId, SessionId},
    time::Timestamp,
};
use sqlx::SqliteExecutor;

use super::{Link, Session, Visit, ceremony::NewPasskey, recovery::HashedCodes};
use crate::{
    ambient,
    db::{Conn, Error, Readers, Result},
};

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

// --- passkeys -------------------------------------------------------------

/// A passkey as stored.
pub(super) struct StoredPasskey {
    id: PasskeyId,
    pub(super) credential_id: Vec<u8>,
    label: String,
    created_at: i64,
    last_used_at: Option<i64>,
    frozen_at: Option<i64>,
}

impl StoredPasskey {
    pub(super) fn row(self, current: Option<&PasskeyId>) -> PasskeyRow {
        PasskeyRow {
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
        "INSERT INTO passkeys (id, user_id, credential_id, credential, label, created_at) VALUES (?, ?, ?, ?, ?, ?)",
        id_text,
        user,
        passkey.credential_id,
        passkey.record,
        label,
        now,
    )
    .execute(conn)
    .await?;
    Ok(id)
}

pub(super) async fn passkeys(db: &Readers, user: &str) -> Result<Vec<StoredPasskey>> {
    let rows = sqlx::query!(
        "SELECT id, credential_id, label, created_at, last_used_at, frozen_at
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

pub(super) async fn usable_passkeys(conn: &mut Conn, user: &str) -> Result<i64> {
    let row =
        sqlx::query!("SELECT count(*) AS \"count!: i64\" FROM passkeys WHERE user_id = ? AND frozen_at IS NULL", user)
            .fetch_one(conn)
            .await?;
    Ok(row.count)
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

// --- sessions -------------------------------------------------------------

/// A session as its person sees it.
pub(super) struct StoredSession {
    pub(super) id: SessionId,
    pub(super) passkey: Option<PasskeyId>,
    pub(super) times: SessionTimes,
    method: SignInMethod,
    label: Option<String>,
    address: Option<String>,
    agent: Option<String>,
}

impl StoredSession {
    pub(super) fn row(self, current: Option<&SessionId>) -> SessionRow {
        SessionRow {
            current: Some(&self.id) == current,
            id: self.id,
            method: self.method,
            passkey: self.label,
            created_at: self.times.created_at,
            seen_at: self.times.seen_at,
            address: self.address,
            agent: self.agent,
        }
    }
}

pub(super) async fn insert_session(
    conn: &mut Conn,
    id: &SessionId,
    token_hash: &[u8],
    user: &str,
    passkey: Option<&PasskeyId>,
    now: Timestamp,
    visit: &Visit,
) -> Result<()> {
    let (id, now) = (id.as_str(), now.ms());
    let method = if passkey.is_some() { "passkey" } else { "recovery" };
    let passkey = passkey.map(PasskeyId::as_str);
    sqlx::query!(
        "INSERT INTO sessions (id, token_hash, user_id, passkey_id, method, created_at, seen_at, address, agent)
         VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
        id,
        token_hash,
        user,
        passkey,
        method,
        now,
        now,
        visit.address,
        visit.agent,
    )
    .execute(conn)
    .await?;
    Ok(())
}

struct SessionColumns {
    id: String,
    user_id: String,
    name: String,
    role: String,
    method: String,
    passkey_id: Option<String>,
    created_at: i64,
    seen_at: i64,
    step_up_until: Option<i64>,
}

pub(super) async fn session_by_hash(db: &Readers, token_hash: &[u8]) -> Result<Option<Session>> {
    sqlx::query_as!(
        SessionColumns,
        "SELECT sessions.id, user_id, name, role, method, passkey_id, sessions.created_at, seen_at, step_up_until
         FROM sessions JOIN users ON users.id = user_id WHERE token_hash = ?",
        token_hash,
    )
    .fetch_optional(db)
    .await?
    .map(Session::try_from)
    .transpose()
}

pub(super) async fn session_by_id(db: &Readers, id: &SessionId) -> Result<Option<Session>> {
    let id = id.as_str();
    sqlx::query_as!(
        SessionColumns,
        "SELECT sessions.id, user_id, name, role, method, passkey_id, sessions.created_at, seen_at, step_up_until
         FROM sessions JOIN users ON users.id = user_id WHERE sessions.id = ?",
        id,
    )
    .fetch_optional(db)
    .await?
    .map(Session::try_from)
    .transpose()
}

impl TryFrom<SessionColumns> for Session {
    type Error = Error;
    fn try_from(row: SessionColumns) -> Result<Self> {
        Ok(Self {
            id: session_id(row.id.clone())?,
            role: role(&row.role, &row.user_id)?,
            user: row.user_id,
            user_name: row.name,
            method: method(&row.method, &row.id)?,
            passkey: row.passkey_id.map(passkey_id).transpose()?,
            times: times(row.created_at, row.seen_at),
            step_up_until: row.step_up_until.map(Timestamp::from_ms),
        })
    }
}

pub(super) async fn sessions(db: &Readers, user: &str) -> Result<Vec<StoredSession>> {
    let rows = sqlx::query!(
        "SELECT sessions.id, method, passkey_id, label AS \"label?\", sessions.created_at, seen_at, address, agent
         FROM sessions LEFT JOIN passkeys ON passkeys.id = passkey_id
         WHERE sessions.user_id = ? ORDER BY sessions.created_at DESC, sessions.id DESC",
        user,
    )
    .fetch_all(db)
    .await?;
    rows.into_iter()
        .map(|row| {
            Ok(StoredSession {
                method: method(&row.method, &row.id)?,
                id: session_id(row.id)?,
                passkey: row.passkey_id.map(passkey_id).transpose()?,
                times: times(row.created_at, row.seen_at),
                label: row.label,
                address: row.address,
                agent: row.agent,
            })
        })
        .collect()
}

pub(super) async fn touch_session(conn: &mut Conn, id: &SessionId, now: Timestamp) -> Result<()> {
    let (id, now) = (id.as_str(), now.ms());
    sqlx::query!("UPDATE sessions SET seen_at = max(seen_at, ?) WHERE id = ?", now, id).execute(conn).await?;
    Ok(())
}

pub(super) async fn set_step_up(conn: &mut Conn, id: &SessionId, until: Timestamp) -> Result<()> {
    let (id, until) = (id.as_str(), until.ms());
    sqlx::query!("UPDATE sessions SET step_up_until = ? WHERE id = ?", until, id).execute(conn).await?;
    Ok(())
}

pub(super) async fn delete_session(conn: &mut Conn, user: &str, id: &SessionId) -> Result<bool> {
    let id = id.as_str();
    let done = sqlx::query!("DELETE FROM sessions WHERE id = ? AND user_id = ?", id, user).execute(conn).await?;
    Ok(done.rows_affected() == 1)
}

pub(super) async fn delete_other_sessions(conn: &mut Conn, user: &str, own: &SessionId) -> Result<u64> {
    let own = own.as_str();
    let done = sqlx::query!("DELETE FROM sessions WHERE user_id = ? AND id <> ?", user, own).execute(conn).await?;
    Ok(done.rows_affected())
}

pub(super) async fn delete_sessions_of(conn: &mut Conn, user: &str) -> Result<()> {
    sqlx::query!("DELETE FROM sessions WHERE user_id = ?", user).execute(conn).await?;
    Ok(())
}

/// Forgets sessions opened before `before`.
pub(super) async fn delete_dead_sessions(conn: &mut Conn, before: Timestamp) -> Result<()> {
    let before = before.ms();
    sqlx::query!("DELETE FROM sessions WHERE created_at < ?", before).execute(conn).await?;
    Ok(())
}

fn session_id(text: String) -> Result<SessionId> {
    SessionId::try_from(text.clone()).map_err(|error| Error::bad_row("sessions", "id", text, error))
}

fn method(text: &str, id: &str) -> Result<SignInMethod> {
    match text {
        "passkey" => Ok(SignInMethod::Passkey),
        "recovery" => Ok(SignInMethod::Recovery),
        other => Err(Error::bad_row("sessions", "method", id, other)),
    }
}

fn times(created_at: i64, seen_at: i64) -> SessionTimes {
    SessionTimes { created_at: Timestamp::from_ms(created_at), seen_at: Timestamp::from_ms(seen_at) }
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
    now: Timestamp,
    expires_at: Timestamp,
) -> Result<()> {
    let (kind, now, expires_at) = (kind.as_str(), now.ms(), expires_at.ms());
    sqlx::query!(
        "INSERT INTO one_time_links (token_hash, kind, created_at, expires_at) VALUES (?, ?, ?, ?)",
        token_hash,
        kind,
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
