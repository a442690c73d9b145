//! The tables of webhooks and of what they received.

use homeport_model::{
    id::{AppId, DeliveryId},
    job::JobState,
    time::Timestamp,
    webhook::{DeliveryRow, Provider, Pushed, Verdict},
};

use serde::de::DeserializeOwned;

use crate::db::{Conn, Db, Error, Result};

/// How many deliveries of one app are kept, and apart from them how many refused ones: anybody can
/// send those, and they must not push out what is known of the good ones.
const KEPT: i64 = 200;
const KEPT_REFUSED: i64 = 50;

/// An app's webhook.
pub(super) struct Hook {
    pub(super) sealed: Vec<u8>,
    pub(super) created_at: Timestamp,
}

/// A delivery to be written down.
pub(super) struct New<'a> {
    pub(super) id: &'a DeliveryId,
    pub(super) app: &'a AppId,
    pub(super) provider: Provider,
    pub(super) event: &'a str,
    pub(super) dedupe: Option<&'a str>,
    pub(super) pushed: Option<&'a Pushed>,
    pub(super) headers: &'a [String],
    pub(super) verdict: Verdict,
    pub(super) reason: &'a str,
    pub(super) at: Timestamp,
}

/// A delivery that came before.
pub(super) struct Known {
    pub(super) id: DeliveryId,
    pub(super) app: AppId,
    pub(super) provider: Provider,
    pub(super) pushed: Option<Pushed>,
    pub(super) verdict: Verdict,
    pub(super) reason: String,
    pub(super) release: Option<u32>,
    /// How that release's job stands.
    pub(super) state: Option<JobState>,
}

struct KnownColumns {
    id: String,
    app_id: String,
    provider: String,
    pushed: Option<String>,
    verdict: String,
    reason: String,
    release_number: Option<i64>,
    state: Option<String>,
}

impl TryFrom<KnownColumns> for Known {
    type Error = Error;
    fn try_from(row: KnownColumns) -> Result<Self> {
        Ok(Self {
            app: row.app_id.parse().map_err(|cause| bad("app_id", &row.id, cause))?,
            provider: from_word("provider", &row.id, &row.provider)?,
            pushed: row.pushed.as_deref().map(|text| from_json("pushed", &row.id, text)).transpose()?,
            verdict: from_word("verdict", &row.id, &row.verdict)?,
            reason: row.reason,
            release: row.release_number.and_then(|number| u32::try_from(number).ok()),
            state: row.state.as_deref().map(|word| from_word("state", &row.id, word)).transpose()?,
            id: row.id.parse().map_err(|cause| bad("id", &row.id, cause))?,
        })
    }
}

pub(super) async fn hook(db: &Db, app: &AppId) -> Result<Option<Hook>> {
    let app = app.as_str();
    let row = sqlx::query!(
        "SELECT w.sealed, w.created_at FROM webhooks w JOIN apps a ON a.id = w.app_id
         WHERE w.app_id = ? AND a.deleting = 0",
        app
    )
    .fetch_optional(db.reader())
    .await?;
    Ok(row.map(|row| Hook { sealed: row.sealed, created_at: Timestamp::from_ms(row.created_at) }))
}

pub(super) async fn set_secret(tx: &mut Conn, app: &AppId, sealed: &[u8], at: Timestamp) -> Result<()> {
    let (app, at) = (app.as_str(), at.ms());
    sqlx::query!(
        "INSERT INTO webhooks (app_id, sealed, created_at) VALUES (?, ?, ?)
         ON CONFLICT (app_id) DO UPDATE SET sealed = excluded.sealed, created_at = excluded.created_at",
        app,
        sealed,
        at
    )
    .execute(tx)
    .await?;
    Ok(())
}

/// Writes a delivery down, and forgets the oldest of its kind.
pub(super) async fn insert(tx: &mut Conn, new: &New<'_>) -> Result<()> {
    let (id, app, at) = (new.id.as_str(), new.app.as_str(), new.at.ms());
    let (provider, verdict) = (word(new.provider), new.verdict.as_str());
    let pushed = new.pushed.map(to_json);
    let headers = to_json(&new.headers);
    sqlx::query!(
        "INSERT INTO deliveries (id, app_id, provider, event, dedupe, pushed, headers, verdict, reason, at)
         VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        id,
        app,
        provider,
        new.event,
        new.dedupe,
        pushed,
        headers,
        verdict,
        new.reason,
        at
    )
    .execute(&mut *tx)
    .await?;
    let refused = new.verdict == Verdict::Refused;
    let kept = if refused { KEPT_REFUSED } else { KEPT };
    sqlx::query!(
        "DELETE FROM deliveries WHERE app_id = ?1 AND (verdict = 'refused') = ?2 AND id NOT IN
             (SELECT id FROM deliveries WHERE app_id = ?1 AND (verdict = 'refused') = ?2
              ORDER BY at DESC, id DESC LIMIT ?3)",
        app,
        refused,
        kept
    )
    .execute(tx)
    .await?;
    Ok(())
}

/// What came of it, once that is known.
pub(super) async fn set_outcome(
    tx: &mut Conn,
    id: &DeliveryId,
    verdict: Verdict,
    reason: &str,
    release: Option<u32>,
) -> Result<()> {
    let (id, verdict) = (id.as_str(), verdict.as_str());
    sqlx::query!(
        "UPDATE deliveries SET verdict = ?, reason = ?, release_number = ? WHERE id = ?",
        verdict,
        reason,
        release,
        id
    )
    .execute(tx)
    .await?;
    Ok(())
}

pub(super) async fn known(db: &Db, app: &AppId, dedupe: &str) -> Result<Option<Known>> {
    let app = app.as_str();
    let row = sqlx::query_as!(
        KnownColumns,
        r#"SELECT d.id, d.app_id, d.provider, d.pushed, d.verdict, d.reason, d.release_number, j.state AS "state?"
           FROM deliveries d
           LEFT JOIN releases r ON r.app_id = d.app_id AND r.number = d.release_number
           LEFT JOIN jobs j ON j.id = r.job_id
           WHERE d.app_id = ? AND d.dedupe = ?"#,
        app,
        dedupe
    )
    .fetch_optional(db.reader())
    .await?;
    row.map(Known::try_from).transpose()
}

pub(super) async fn find(db: &Db, id: &DeliveryId) -> Result<Option<Known>> {
    let id = id.as_str();
    let row = sqlx::query_as!(
        KnownColumns,
        r#"SELECT d.id, d.app_id, d.provider, d.pushed, d.verdict, d.reason, d.release_number, j.state AS "state?"
           FROM deliveries d
           LEFT JOIN releases r ON r.app_id = d.app_id AND r.number = d.release_number
           LEFT JOIN jobs j ON j.id = r.job_id
           WHERE d.id = ?"#,
        id
    )
    .fetch_optional(db.reader())
    .await?;
    row.map(Known::try_from).transpose()
}

/// The newest deliveries, of one app or of all.
pub(super) async fn newest(db: &Db, app: Option<&AppId>, limit: u32) -> Result<Vec<DeliveryRow>> {
    let app = app.map(AppId::as_str);
    let rows = sqlx::query!(
        r#"SELECT d.id, a.name, d.provider, d.event, d.pushed, d.headers, d.verdict, d.reason, d.release_number, d.at,
                  j.state AS "state?"
           FROM deliveries d
           JOIN apps a ON a.id = d.app_id
           LEFT JOIN releases r ON r.app_id = d.app_id AND r.number = d.release_number
           LEFT JOIN jobs j ON j.id = r.job_id
           WHERE ?1 IS NULL OR d.app_id = ?1
           ORDER BY d.at DESC, d.id DESC LIMIT ?2"#,
        app,
        limit
    )
    .fetch_all(db.reader())
    .await?;
    rows.into_iter()
        .map(|row| {
            let pushed = row.pushed.as_deref().map(|text| from_json::<Pushed>("pushed", &row.id, text)).transpose()?;
            let verdict = from_word("verdict", &row.id, &row.verdict)?;
            Ok(DeliveryRow {
                app: row.name.parse().map_err(|cause| bad("app_id", &row.id, cause))?,
                provider: from_word("provider", &row.id, &row.provider)?,
                event: row.event,
                what: pushed.as_ref().map(Pushed::words).unwrap_or_default(),
                verdict,
                reason: row.reason,
                release: row.release_number.and_then(|number| u32::try_from(number).ok()),
                state: row.state.as_deref().map(|word| from_word("state", &row.id, word)).transpose()?,
                headers: from_json("headers", &row.id, &row.headers)?,
                replays: verdict != Verdict::Refused
                    && matches!(pushed, Some(Pushed::Branch { .. } | Pushed::Image { .. })),
                at: Timestamp::from_ms(row.at),
                id: row.id.parse().map_err(|cause| bad("id", &row.id, cause))?,
            })
        })
        .collect()
}

fn word(provider: Provider) -> String {
    to_json(&provider).trim_matches('"').to_owned()
}

fn to_json<T: serde::Serialize>(value: &T) -> String {
    serde_json::to_string(value).unwrap_or_default()
}

fn bad(column: &'static str, id: &str, cause: impl ToString) -> Error {
    Error::bad_row("deliveries", column, id, cause)
}

fn from_json<T: DeserializeOwned>(column: &'static str, id: &str, text: &str) -> Result<T> {
    serde_json::from_str(text).map_err(|cause| bad(column, id, cause))
}

/// One of an enum's words.
fn from_word<T: DeserializeOwned>(column: &'static str, id: &str, word: &str) -> Result<T> {
    serde_json::from_value(word.into()).map_err(|cause| bad(column, id, cause))
}
