//! The audit log: who did what, when, from where. Append-only and chained by hashes, so that a row
//! that was changed or removed in the file shows.
//!
//! A row is written in the transaction of the change that it tells about; neither is there without
//! the other. It never holds a secret.

mod store;

use homeport_model::{actor::Actor, time::Timestamp};
use serde_json::Value;
use sha2::{Digest, Sha256};

use crate::{ambient::Clock, db};

/// One row.
#[derive(Debug, Clone, PartialEq)]
pub struct Entry {
    /// Counts from 1 without gaps.
    pub seq: i64,
    /// When.
    pub at: Timestamp,
    /// The actor's id, or `host`.
    pub user_id: String,
    /// The actor's name at that time.
    pub user_name: String,
    /// The session, when there was one.
    pub session: Option<String>,
    /// The address it came from.
    pub address: Option<String>,
    /// What was done: `noun.verb`.
    pub action: String,
    /// To what.
    pub object: String,
    /// More about it; never a secret.
    pub detail: Value,
}

/// Writes and reads the log.
#[derive(Debug, Clone)]
pub struct Audit {
    db: db::Db,
    clock: Clock,
}

impl Audit {
    /// The log of `db`.
    #[must_use]
    pub fn new(db: db::Db, clock: Clock) -> Self {
        Self { db, clock }
    }

    /// Adds a row within the transaction of the change.
    ///
    /// # Errors
    /// [`db::Error`] of the engine; the caller's transaction then rolls back.
    pub async fn record(
        &self,
        tx: &mut db::Conn,
        actor: &Actor,
        action: &str,
        object: &str,
        detail: Value,
    ) -> db::Result<()> {
        let (last, previous) = store::head(tx).await?;
        let entry = Entry {
            seq: last + 1,
            at: self.clock.now(),
            user_id: actor.user.clone(),
            user_name: actor.name.clone(),
            session: actor.session.as_ref().map(ToString::to_string),
            address: actor.address.clone(),
            action: action.to_owned(),
            object: object.to_owned(),
            detail,
        };
        let detail = entry.detail.to_string();
        let hash = link(&previous, &entry, &detail);
        store::insert(tx, &entry, &detail, &previous, &hash).await
    }

    /// Rows before number `before` (the newest when `None`), newest first, at most `limit`.
    ///
    /// # Errors
    /// [`db::Error`] of the engine.
    pub async fn list(&self, before: Option<i64>, limit: u32) -> db::Result<Vec<Entry>> {
        let rows = store::list(&self.db, before.unwrap_or(i64::MAX), limit).await?;
        Ok(rows.into_iter().map(|row| row.entry).collect())
    }

    /// Walks the whole chain; the number of the first row that does not follow from the one before
    /// it, or `None` when all do.
    ///
    /// # Errors
    /// [`db::Error`] of the engine.
    pub async fn verify(&self) -> db::Result<Option<i64>> {
        let mut previous = [0; 32].to_vec();
        let mut expected = 1;
        loop {
            let rows = store::after(&self.db, expected - 1, 500).await?;
            if rows.is_empty() {
                return Ok(None);
            }
            for row in rows {
                let follows = row.entry.seq == expected && row.previous == previous;
                if !follows || row.hash != link(&previous, &row.entry, &row.detail) {
                    return Ok(Some(expected));
                }
                previous = row.hash;
                expected += 1;
            }
        }
    }
}

/// The hash of a row: SHA-256 over the hash before it and every column, each with its length.
fn link(previous: &[u8], entry: &Entry, detail: &str) -> Vec<u8> {
    let mut hash = Sha256::new();
    let mut add = |bytes: &[u8]| {
        hash.update((bytes.len() as u64).to_be_bytes());
        hash.update(bytes);
    };
    add(previous);
    add(&entry.seq.to_be_bytes());
    add(&entry.at.ms().to_be_bytes());
    for text in [&entry.user_id, &entry.user_name] {
        add(text.as_bytes());
    }
    for text in [&entry.session, &entry.address] {
        // Absent and empty differ.
        add(text.as_ref().map_or(&[][..], |_| b"+"));
        add(text.as_deref().unwrap_or_default().as_bytes());
    }
    for text in [&entry.action, &entry.object, detail] {
        add(text.as_bytes());
    }
    hash.finalize().to_vec()
}
