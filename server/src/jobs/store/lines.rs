//! The lines of a job's log.

use homeport_model::{
    id::JobId,
    job::{LogLine, LogStream},
    time::Timestamp,
};

use crate::db::{Db, Error, Result};

pub(in crate::jobs) async fn append_log(db: &Db, job: &JobId, lines: &[LogLine]) -> Result<()> {
    let id = job.as_str();
    let mut tx = db.write().await?;
    for line in lines {
        let (number, stream, at) = (i64::try_from(line.number).unwrap_or(i64::MAX), line.stream.as_str(), line.at.ms());
        sqlx::query!(
            "INSERT OR IGNORE INTO job_log (job_id, number, step, stream, at, text) VALUES (?, ?, ?, ?, ?, ?)",
            id,
            number,
            line.step,
            stream,
            at,
            line.text
        )
        .execute(&mut *tx)
        .await?;
    }
    let last = lines.last().map_or(0, |line| i64::try_from(line.number).unwrap_or(i64::MAX));
    sqlx::query!("UPDATE jobs SET log_lines = max(log_lines, ?) WHERE id = ?", last, id).execute(&mut *tx).await?;
    tx.commit().await
}

/// Lines of a job's log after line `after`, at most `most`.
///
/// # Errors
/// [`Error`] of the engine.
pub async fn log_after(db: &Db, job: &JobId, after: u64, most: u32) -> Result<Vec<LogLine>> {
    let (id, after) = (job.as_str(), i64::try_from(after).unwrap_or(i64::MAX));
    let rows = sqlx::query!(
        "SELECT number, step, stream, at, text FROM job_log WHERE job_id = ? AND number > ? ORDER BY number LIMIT ?",
        id,
        after,
        most
    )
    .fetch_all(db.reader())
    .await?;
    rows.into_iter()
        .map(|row| {
            let stream = LogStream::from_word(&row.stream)
                .ok_or_else(|| Error::bad_row("job_log", "stream", id, &row.stream))?;
            Ok(LogLine {
                number: row.number.unsigned_abs(),
                step: row.step,
                stream,
                at: Timestamp::from_ms(row.at),
                text: row.text,
            })
        })
        .collect()
}
