//! The table `certificate_attempts`.

use homeport_model::{
    certificate::{
        ledger::{Attempt, Outcome},
        settings::AttemptRow,
    },
    name::DomainName,
    time::Timestamp,
};

use crate::db::{Conn, Db, Error, Result};

/// The attempts at a directory since a moment.
pub(crate) async fn since(db: &Db, directory: &str, at: Timestamp) -> Result<Vec<Attempt>> {
    let at = at.ms();
    let rows = sqlx::query!(
        "SELECT id, domain, registered, replaces, at, outcome FROM certificate_attempts
         WHERE directory = ? AND at >= ? ORDER BY at",
        directory,
        at
    )
    .fetch_all(db.reader())
    .await?;
    rows.into_iter()
        .map(|row| {
            Ok(Attempt {
                domain: read_domain(&row.id, &row.domain)?,
                outcome: read_outcome(&row.id, &row.outcome)?,
                registered: row.registered,
                at: Timestamp::from_ms(row.at),
                replaces: row.replaces != 0,
            })
        })
        .collect()
}

/// The newest attempts.
pub(crate) async fn newest(db: &Db, most: i64) -> Result<Vec<AttemptRow>> {
    let rows = sqlx::query!(
        "SELECT id, domain, directory, at, outcome, words FROM certificate_attempts ORDER BY at DESC, id DESC LIMIT ?",
        most
    )
    .fetch_all(db.reader())
    .await?;
    rows.into_iter()
        .map(|row| {
            Ok(AttemptRow {
                domain: read_domain(&row.id, &row.domain)?,
                outcome: read_outcome(&row.id, &row.outcome)?,
                directory: row.directory,
                at: Timestamp::from_ms(row.at),
                words: row.words,
            })
        })
        .collect()
}

fn read_domain(id: &str, text: &str) -> Result<DomainName> {
    text.parse().map_err(|_| Error::bad_row("certificate_attempts", "domain", id, text))
}

fn read_outcome(id: &str, text: &str) -> Result<Outcome> {
    serde_json::from_value(text.into()).map_err(|_| Error::bad_row("certificate_attempts", "outcome", id, text))
}

/// Writes down that an attempt begins.
pub(crate) async fn begin(tx: &mut Conn, id: &str, directory: &str, attempt: &Attempt) -> Result<()> {
    let (domain, at, outcome) = (attempt.domain.as_str(), attempt.at.ms(), attempt.outcome.as_str());
    sqlx::query!(
        "INSERT INTO certificate_attempts (id, domain, registered, directory, replaces, at, outcome)
         VALUES (?, ?, ?, ?, ?, ?, ?)",
        id,
        domain,
        attempt.registered,
        directory,
        attempt.replaces,
        at,
        outcome
    )
    .execute(tx)
    .await?;
    Ok(())
}

/// The authority did not take it as a renewal: it counts as any other order does.
pub(crate) async fn set_no_renewal(tx: &mut Conn, id: &str) -> Result<()> {
    sqlx::query!("UPDATE certificate_attempts SET replaces = 0 WHERE id = ?", id).execute(tx).await?;
    Ok(())
}

/// Writes down how it ended.
pub(crate) async fn finish(
    tx: &mut Conn,
    id: &str,
    at: Timestamp,
    outcome: Outcome,
    words: Option<&str>,
) -> Result<()> {
    let (at, outcome) = (at.ms(), outcome.as_str());
    sqlx::query!(
        "UPDATE certificate_attempts SET finished_at = ?, outcome = ?, words = ? WHERE id = ?",
        at,
        outcome,
        words,
        id
    )
    .execute(tx)
    .await?;
    Ok(())
}

/// At start: whatever was under way is not any more. Old attempts are forgotten.
pub(crate) async fn abandon_all(tx: &mut Conn, now: Timestamp, older_than: Timestamp) -> Result<()> {
    let (now, older_than) = (now.ms(), older_than.ms());
    sqlx::query!(
        "UPDATE certificate_attempts SET outcome = 'abandoned', finished_at = ? WHERE outcome = 'running'",
        now
    )
    .execute(&mut *tx)
    .await?;
    sqlx::query!("DELETE FROM certificate_attempts WHERE at < ?", older_than).execute(tx).await?;
    Ok(())
}
