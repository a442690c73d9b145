//! The tables `dns_checks` and `dns_providers`.

pub(super) mod proofs;

use homeport_model::{
    domain::{
        dns::{DnsCheck, DnsTrouble},
        dns_provider::{DnsProviderRow, DnsProviderSettings},
    },
    name::{DomainName, HostName},
    time::Timestamp,
};

use crate::db::{Conn, Db, Error, Result};

struct CheckColumns {
    name: String,
    answers: String,
    own: String,
    checked_at: i64,
    asked_at: i64,
    trouble: Option<String>,
    trouble_since: Option<i64>,
}

impl TryFrom<CheckColumns> for DnsCheck {
    type Error = Error;
    fn try_from(row: CheckColumns) -> Result<Self> {
        let bad = |column: &'static str, cause: String| Error::bad_row("dns_checks", column, &row.name, cause);
        let why = row
            .trouble
            .as_deref()
            .map(|word| DnsTrouble::from_word(word).ok_or_else(|| bad("trouble", format!("{word} is none"))));
        Ok(Self {
            name: row.name.parse().map_err(|cause| bad("name", format!("{cause}")))?,
            answers: serde_json::from_str(&row.answers).map_err(|cause| bad("answers", cause.to_string()))?,
            own: serde_json::from_str(&row.own).map_err(|cause| bad("own", cause.to_string()))?,
            at: Timestamp::from_ms(row.checked_at),
            asked_at: Timestamp::from_ms(row.asked_at),
            trouble: why.transpose()?.zip(row.trouble_since.map(Timestamp::from_ms)),
        })
    }
}

pub(super) async fn checks(db: &Db) -> Result<Vec<DnsCheck>> {
    let rows = sqlx::query_as!(
        CheckColumns,
        "SELECT name, answers, own, checked_at, asked_at, trouble, trouble_since FROM dns_checks ORDER BY name"
    )
    .fetch_all(db.reader())
    .await?;
    rows.into_iter().map(DnsCheck::try_from).collect()
}

pub(super) async fn check(db: &Db, name: &DomainName) -> Result<Option<DnsCheck>> {
    let name = name.as_str();
    let row = sqlx::query_as!(
        CheckColumns,
        "SELECT name, answers, own, checked_at, asked_at, trouble, trouble_since FROM dns_checks WHERE name = ?",
        name
    )
    .fetch_optional(db.reader())
    .await?;
    row.map(DnsCheck::try_from).transpose()
}

pub(super) async fn write_check(tx: &mut Conn, check: &DnsCheck, answers: &str, own: &str) -> Result<()> {
    let (name, at, asked_at) = (check.name.as_str(), check.at.ms(), check.asked_at.ms());
    let trouble = check.trouble.map(|(why, _)| why.as_str());
    let since = check.trouble.map(|(_, since)| since.ms());
    sqlx::query!(
        "INSERT INTO dns_checks (name, answers, own, checked_at, asked_at, trouble, trouble_since)
         VALUES (?, ?, ?, ?, ?, ?, ?)
         ON CONFLICT (name) DO UPDATE SET answers = excluded.answers, own = excluded.own,
             checked_at = excluded.checked_at, asked_at = excluded.asked_at, trouble = excluded.trouble, trouble_since = excluded.trouble_since",
        name,
        answers,
        own,
        at,
        asked_at,
        trouble,
        since
    )
    .execute(tx)
    .await?;
    Ok(())
}

pub(super) async fn forget_check(tx: &mut Conn, name: &DomainName) -> Result<()> {
    let name = name.as_str();
    sqlx::query!("DELETE FROM dns_checks WHERE name = ?", name).execute(tx).await?;
    Ok(())
}

/// A provider as stored.
pub(super) struct Kept {
    pub(super) row: DnsProviderRow,
    pub(super) sealed: Vec<u8>,
}

struct ProviderColumns {
    zone: String,
    settings: String,
    sealed: Vec<u8>,
    created_at: i64,
    last_ok_at: Option<i64>,
    problem: Option<String>,
}

impl TryFrom<ProviderColumns> for Kept {
    type Error = Error;
    fn try_from(row: ProviderColumns) -> Result<Self> {
        let bad = |column: &'static str, cause: String| Error::bad_row("dns_providers", column, &row.zone, cause);
        let settings: DnsProviderSettings =
            serde_json::from_str(&row.settings).map_err(|cause| bad("settings", cause.to_string()))?;
        let zone: HostName = row.zone.parse().map_err(|cause| bad("zone", format!("{cause}")))?;
        Ok(Self {
            row: DnsProviderRow {
                zone,
                settings,
                created_at: Timestamp::from_ms(row.created_at),
                last_ok_at: row.last_ok_at.map(Timestamp::from_ms),
                problem: row.problem,
            },
            sealed: row.sealed,
        })
    }
}

/// All of them, by zone.
pub(super) async fn providers(db: &Db) -> Result<Vec<Kept>> {
    let rows = sqlx::query_as!(
        ProviderColumns,
        "SELECT zone, settings, sealed, created_at, last_ok_at, problem FROM dns_providers ORDER BY zone"
    )
    .fetch_all(db.reader())
    .await?;
    rows.into_iter().map(Kept::try_from).collect()
}

pub(super) async fn keep_provider(tx: &mut Conn, kept: &Kept, settings: &str) -> Result<()> {
    let (zone, kind, at) = (kept.row.zone.as_str(), kept.row.settings.kind().as_str(), kept.row.created_at.ms());
    let ok_at = kept.row.last_ok_at.map(Timestamp::ms);
    sqlx::query!(
        "INSERT INTO dns_providers (zone, kind, settings, sealed, created_at, last_ok_at) VALUES (?, ?, ?, ?, ?, ?)
         ON CONFLICT (zone) DO UPDATE SET kind = excluded.kind, settings = excluded.settings,
             sealed = excluded.sealed, created_at = excluded.created_at, last_ok_at = excluded.last_ok_at,
             problem = NULL",
        zone,
        kind,
        settings,
        kept.sealed,
        at,
        ok_at
    )
    .execute(tx)
    .await?;
    Ok(())
}

/// Whether there was one.
pub(super) async fn forget_provider(tx: &mut Conn, zone: &HostName) -> Result<bool> {
    let zone = zone.as_str();
    let done = sqlx::query!("DELETE FROM dns_providers WHERE zone = ?", zone).execute(tx).await?;
    Ok(done.rows_affected() > 0)
}

/// How a provider fared: `problem` when it did not do what was asked.
pub(super) async fn fared(tx: &mut Conn, zone: &HostName, at: Timestamp, problem: Option<&str>) -> Result<()> {
    let (zone, at) = (zone.as_str(), at.ms());
    sqlx::query!(
        "UPDATE dns_providers SET problem = ?1, last_ok_at = CASE WHEN ?1 IS NULL THEN ?2 ELSE last_ok_at END
         WHERE zone = ?3",
        problem,
        at,
        zone
    )
    .execute(tx)
    .await?;
    Ok(())
}
