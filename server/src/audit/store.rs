//! The audit table.

use homeport_model::time::Timestamp;

use super::Entry;
use crate::db::{Conn, Db, Error, Result};

/// A row with what chains it.
pub(super) struct Row {
    pub(super) entry: Entry,
    pub(super) detail: String,
    pub(super) previous: Vec<u8>,
    pub(super) hash: Vec<u8>,
}

struct Columns {
    seq: i64,
    at: i64,
    user_id: String,
    user_name: String,
    session: Option<String>,
    address: Option<String>,
    action: String,
    object: String,
    detail: String,
    previous: Vec<u8>,
    hash: Vec<u8>,
}

/// The last row's number and hash; 0 and zeros before the first.
pub(super) async fn head(conn: &mut Conn) -> Result<(i64, Vec<u8>)> {
    let last = sqlx::query!("SELECT seq, hash FROM audit ORDER BY seq DESC LIMIT 1").fetch_optional(conn).await?;
    Ok(last.map_or((0, vec![0; 32]), |row| (row.seq, row.hash)))
}

pub(super) async fn insert(conn: &mut Conn, entry: &Entry, detail: &str, previous: &[u8], hash: &[u8]) -> Result<()> {
    let at = entry.at.ms();
    sqlx::query!(
        "INSERT INTO audit (seq, at, user_id, user_name, session, address, action, object, detail, previous, hash)
         VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        entry.seq,
        at,
        entry.user_id,
        entry.user_name,
        entry.session,
        entry.address,
        entry.action,
        entry.object,
        detail,
        previous,
        hash,
    )
    .execute(conn)
    .await?;
    Ok(())
}

pub(super) async fn list(db: &Db, before: i64, limit: u32) -> Result<Vec<Row>> {
    sqlx::query_as!(
        Columns,
        "SELECT seq, at, user_id, user_name, session, address, action, object, detail, previous, hash
         FROM audit WHERE seq < ? ORDER BY seq DESC LIMIT ?",
        before,
        limit,
    )
    .fetch_all(db.reader())
    .await?
    .into_iter()
    .map(Row::try_from)
    .collect()
}

pub(super) async fn after(db: &Db, seq: i64, limit: u32) -> Result<Vec<Row>> {
    sqlx::query_as!(
        Columns,
        "SELECT seq, at, user_id, user_name, session, address, action, object, detail, previous, hash
         FROM audit WHERE seq > ? ORDER BY seq LIMIT ?",
        seq,
        limit,
    )
    .fetch_all(db.reader())
    .await?
    .into_iter()
    .map(Row::try_from)
    .collect()
}

impl TryFrom<Columns> for Row {
    type Error = Error;
    fn try_from(row: Columns) -> Result<Self> {
        let detail =
            serde_json::from_str(&row.detail).map_err(|error| Error::bad_row("audit", "detail", row.seq, error))?;
        let entry = Entry {
            seq: row.seq,
            at: Timestamp::from_ms(row.at),
            user_id: row.user_id,
            user_name: row.user_name,
            session: row.session,
            address: row.address,
            action: row.action,
            object: row.object,
            detail,
        };
        Ok(Self { entry, detail: row.detail, previous: row.previous, hash: row.hash })
    }
}
