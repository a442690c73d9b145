//! The table of sessions.

use homeport_model::{
    account::{SessionRow, SessionTimes, SignInMethod},
    id::{PasskeyId, SessionId},
    time::Timestamp,
};

use super::{passkey_id, role};
use crate::{
    accounts::{Session, Visit},
    db::{Conn, Error, Readers, Result},
};

/// A session as its person sees it.
pub(in crate::accounts) struct StoredSession {
    pub(in crate::accounts) id: SessionId,
    pub(in crate::accounts) passkey: Option<PasskeyId>,
    pub(in crate::accounts) times: SessionTimes,
    method: SignInMethod,
    label: Option<String>,
    address: Option<String>,
    agent: Option<String>,
}

impl StoredSession {
    pub(in crate::accounts) fn row(self, current: Option<&SessionId>) -> SessionRow {
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

pub(in crate::accounts) async fn insert_session(
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

pub(in crate::accounts) async fn session_by_hash(db: &Readers, token_hash: &[u8]) -> Result<Option<Session>> {
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

pub(in crate::accounts) async fn session_by_id(db: &Readers, id: &SessionId) -> Result<Option<Session>> {
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

pub(in crate::accounts) async fn sessions(db: &Readers, user: &str) -> Result<Vec<StoredSession>> {
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

pub(in crate::accounts) async fn touch_session(conn: &mut Conn, id: &SessionId, now: Timestamp) -> Result<()> {
    let (id, now) = (id.as_str(), now.ms());
    sqlx::query!("UPDATE sessions SET seen_at = max(seen_at, ?) WHERE id = ?", now, id).execute(conn).await?;
    Ok(())
}

pub(in crate::accounts) async fn set_step_up(conn: &mut Conn, id: &SessionId, until: Timestamp) -> Result<()> {
    let (id, until) = (id.as_str(), until.ms());
    sqlx::query!("UPDATE sessions SET step_up_until = ? WHERE id = ?", until, id).execute(conn).await?;
    Ok(())
}

pub(in crate::accounts) async fn delete_session(conn: &mut Conn, user: &str, id: &SessionId) -> Result<bool> {
    let id = id.as_str();
    let done = sqlx::query!("DELETE FROM sessions WHERE id = ? AND user_id = ?", id, user).execute(conn).await?;
    Ok(done.rows_affected() == 1)
}

pub(in crate::accounts) async fn delete_other_sessions(conn: &mut Conn, user: &str, own: &SessionId) -> Result<u64> {
    let own = own.as_str();
    let done = sqlx::query!("DELETE FROM sessions WHERE user_id = ? AND id <> ?", user, own).execute(conn).await?;
    Ok(done.rows_affected())
}

pub(in crate::accounts) async fn delete_sessions_of(conn: &mut Conn, user: &str) -> Result<()> {
    sqlx::query!("DELETE FROM sessions WHERE user_id = ?", user).execute(conn).await?;
    Ok(())
}

/// Forgets sessions opened before `before`.
pub(in crate::accounts) async fn delete_dead_sessions(conn: &mut Conn, before: Timestamp) -> Result<()> {
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
