//! The table `served`.

use homeport_model::{certificate::Served, name::DomainName, time::Timestamp};

use crate::db::{Conn, Db, Error, Result};

/// The last look at a domain by one way.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Kept {
    /// The domain.
    pub domain: DomainName,
    /// What was seen.
    pub served: Served,
    /// Since when it is seen so.
    pub since: Timestamp,
}

struct Columns {
    domain: String,
    seen: String,
    since: i64,
}

impl TryFrom<Columns> for Kept {
    type Error = Error;
    fn try_from(row: Columns) -> Result<Self> {
        let bad = |column, cause: &dyn ToString| Error::bad_row("served", column, &row.domain, cause.to_string());
        Ok(Self {
            domain: row.domain.parse().map_err(|cause| bad("domain", &cause))?,
            served: serde_json::from_str(&row.seen).map_err(|cause| bad("seen", &cause))?,
            since: Timestamp::from_ms(row.since),
        })
    }
}

/// The last looks at every domain.
pub(crate) async fn all(db: &Db) -> Result<Vec<Kept>> {
    let rows = sqlx::query_as!(Columns, "SELECT domain, seen, since FROM served ORDER BY domain, way")
        .fetch_all(db.reader())
        .await?;
    rows.into_iter().map(Kept::try_from).collect()
}

/// The last looks at one domain.
pub(crate) async fn of(db: &Db, domain: &DomainName) -> Result<Vec<Kept>> {
    let domain = domain.as_str();
    let rows = sqlx::query_as!(Columns, "SELECT domain, seen, since FROM served WHERE domain = ? ORDER BY way", domain)
        .fetch_all(db.reader())
        .await?;
    rows.into_iter().map(Kept::try_from).collect()
}

/// Writes a look down; says whether it saw something else than the one before.
pub(crate) async fn write(tx: &mut Conn, domain: &DomainName, served: &Served) -> Result<bool> {
    let (domain, way, at) = (domain.as_str(), served.way.as_str(), served.at.ms());
    let seen = serde_json::to_string(served).unwrap_or_default();
    let old = sqlx::query_scalar!("SELECT seen FROM served WHERE domain = ? AND way = ?", domain, way)
        .fetch_optional(&mut *tx)
        .await?;
    let before = old.as_deref().and_then(|old| serde_json::from_str::<Served>(old).ok());
    if before.is_some_and(|before| before.says_the_same(served)) {
        sqlx::query!("UPDATE served SET at = ?, seen = ? WHERE domain = ? AND way = ?", at, seen, domain, way)
            .execute(tx)
            .await?;
        return Ok(false);
    }
    sqlx::query!(
        "INSERT INTO served (domain, way, at, seen, since, before) VALUES (?, ?, ?, ?, ?, ?)
         ON CONFLICT (domain, way) DO UPDATE
         SET at = excluded.at, seen = excluded.seen, since = excluded.since, before = excluded.before",
        domain,
        way,
        at,
        seen,
        at,
        old
    )
    .execute(tx)
    .await?;
    Ok(true)
}

/// Forgets a domain.
pub(crate) async fn forget(tx: &mut Conn, domain: &DomainName) -> Result<()> {
    let domain = domain.as_str();
    sqlx::query!("DELETE FROM served WHERE domain = ?", domain).execute(tx).await?;
    Ok(())
}
