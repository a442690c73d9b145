//! The table `polls`.

use homeport_model::{access::PollRow, id::AppId, name::CommitSha, problem::Problem, time::Timestamp};

use crate::db::{Conn, Db, Error, Result};

/// What is known of the last question.
pub(super) struct Poll {
    /// Which repository and branch it was about.
    pub(super) source: String,
    /// Where the branch stood at the last answer.
    pub(super) tip: Option<CommitSha>,
    /// When it was asked.
    pub(super) asked_at: Timestamp,
    /// When it is asked next.
    pub(super) next_at: Timestamp,
    /// Failures in a row.
    pub(super) failures: u32,
    /// The last failure's reason.
    pub(super) problem: Option<Problem>,
}

impl From<Poll> for PollRow {
    fn from(poll: Poll) -> Self {
        let Poll { tip, asked_at, next_at, problem, .. } = poll;
        Self { tip, asked_at, next_at, problem }
    }
}

pub(super) async fn find(db: &Db, app: &AppId) -> Result<Option<Poll>> {
    let id = app.as_str();
    let row = sqlx::query!("SELECT source, tip, asked_at, next_at, failures, problem FROM polls WHERE app_id = ?", id)
        .fetch_optional(db.reader())
        .await?;
    let Some(row) = row else { return Ok(None) };
    let bad = |column, cause: String| Error::bad_row("polls", column, id, cause);
    Ok(Some(Poll {
        source: row.source,
        tip: row.tip.map(|tip| tip.parse().map_err(|cause| Error::bad_row("polls", "tip", id, cause))).transpose()?,
        asked_at: Timestamp::from_ms(row.asked_at),
        next_at: Timestamp::from_ms(row.next_at),
        failures: u32::try_from(row.failures).map_err(|cause| bad("failures", cause.to_string()))?,
        problem: match row.problem {
            Some(text) => Some(serde_json::from_str(&text).map_err(|cause| bad("problem", cause.to_string()))?),
            None => None,
        },
    }))
}

pub(super) async fn set(tx: &mut Conn, app: &AppId, poll: &Poll) -> Result<()> {
    let (app, asked_at, next_at) = (app.as_str(), poll.asked_at.ms(), poll.next_at.ms());
    let tip = poll.tip.as_ref().map(CommitSha::as_str);
    // Problems always serialise.
    let problem = poll.problem.as_ref().map(|problem| serde_json::to_string(problem).unwrap_or_default());
    sqlx::query!(
        "INSERT INTO polls (app_id, source, tip, asked_at, next_at, failures, problem) VALUES (?, ?, ?, ?, ?, ?, ?)
         ON CONFLICT (app_id)
         DO UPDATE SET source = excluded.source, tip = excluded.tip, asked_at = excluded.asked_at,
                       next_at = excluded.next_at, failures = excluded.failures, problem = excluded.problem",
        app,
        poll.source,
        tip,
        asked_at,
        next_at,
        poll.failures,
        problem
    )
    .execute(tx)
    .await?;
    Ok(())
}
