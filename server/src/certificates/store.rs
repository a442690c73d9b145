//! The table `certificates`; those of ordering them stand below.

pub(crate) mod acme;
pub(crate) mod ledger;
pub(crate) mod plans;
pub(crate) mod unserved;

pub mod served;

use homeport_model::{
    certificate::{CertificateFacts, CertificateSource},
    id::CertificateId,
    name::DomainName,
    time::Timestamp,
};

use crate::db::{Conn, Db, Error, Result};

/// A certificate as stored.
#[derive(Debug, Clone)]
pub struct Certificate {
    /// Its id.
    pub id: CertificateId,
    /// The domain that it is for.
    pub domain: DomainName,
    /// Where it came from.
    pub source: CertificateSource,
    /// PEM, the leaf first.
    pub chain: String,
    /// Its private key as PEM, sealed for [`key_context`](super::key_context).
    pub sealed: Vec<u8>,
    /// What the leaf says.
    pub facts: CertificateFacts,
    /// When it came.
    pub created_at: Timestamp,
}

struct Columns {
    id: String,
    domain: String,
    source: String,
    chain: String,
    sealed: Vec<u8>,
    facts: String,
    created_at: i64,
}

impl TryFrom<Columns> for Certificate {
    type Error = Error;
    fn try_from(row: Columns) -> Result<Self> {
        let bad = |column, cause: &dyn ToString| Error::bad_row("certificates", column, &row.id, cause.to_string());
        Ok(Self {
            id: row.id.parse().map_err(|cause| bad("id", &cause))?,
            domain: row.domain.parse().map_err(|cause| bad("domain", &cause))?,
            source: serde_json::from_value(row.source.clone().into()).map_err(|cause| bad("source", &cause))?,
            facts: serde_json::from_str(&row.facts).map_err(|cause| bad("facts", &cause))?,
            chain: row.chain,
            sealed: row.sealed,
            created_at: Timestamp::from_ms(row.created_at),
        })
    }
}

/// The certificates in use, by domain.
pub(crate) async fn in_use(db: &Db) -> Result<Vec<Certificate>> {
    let rows = sqlx::query_as!(
        Columns,
        "SELECT id, domain, source, chain, sealed, facts, created_at FROM certificates WHERE in_use = 1 ORDER BY domain"
    )
    .fetch_all(db.reader())
    .await?;
    rows.into_iter().map(Certificate::try_from).collect()
}

/// Which certificates are in use, by domain, without what they hold.
pub(crate) async fn ids_in_use(db: &Db) -> Result<Vec<(CertificateId, DomainName)>> {
    let rows = sqlx::query!("SELECT id, domain FROM certificates WHERE in_use = 1 ORDER BY domain")
        .fetch_all(db.reader())
        .await?;
    let read = |id: String, domain: String| {
        let bad = |column, cause: &dyn ToString| Error::bad_row("certificates", column, &id, cause.to_string());
        let domain = domain.parse().map_err(|cause| bad("domain", &cause))?;
        Ok((id.parse().map_err(|cause| bad("id", &cause))?, domain))
    };
    rows.into_iter().map(|row| read(row.id, row.domain)).collect()
}

/// A certificate by its id.
pub(crate) async fn find(db: &Db, id: &CertificateId) -> Result<Option<Certificate>> {
    let id = id.as_str();
    let row = sqlx::query_as!(
        Columns,
        "SELECT id, domain, source, chain, sealed, facts, created_at FROM certificates WHERE id = ?",
        id
    )
    .fetch_optional(db.reader())
    .await?;
    row.map(Certificate::try_from).transpose()
}

/// Writes a certificate and puts it to use in place of the one before.
pub(crate) async fn put_to_use(tx: &mut Conn, certificate: &Certificate) -> Result<()> {
    let (id, domain) = (certificate.id.as_str(), certificate.domain.as_str());
    let source = serde_json::to_value(certificate.source).ok().and_then(|value| value.as_str().map(str::to_owned));
    let facts = serde_json::to_string(&certificate.facts).unwrap_or_default();
    let at = certificate.created_at.ms();
    sqlx::query!("UPDATE certificates SET in_use = 0 WHERE domain = ? AND in_use = 1", domain)
        .execute(&mut *tx)
        .await?;
    sqlx::query!(
        "INSERT INTO certificates (id, domain, source, chain, sealed, facts, in_use, created_at)
         VALUES (?, ?, ?, ?, ?, ?, 1, ?)",
        id,
        domain,
        source,
        certificate.chain,
        certificate.sealed,
        facts,
        at
    )
    .execute(tx)
    .await?;
    Ok(())
}

/// The last two certificates of a domain, the newest first, and whether each is in use.
pub(crate) async fn newest(db: &Db, domain: &DomainName) -> Result<Vec<(Certificate, bool)>> {
    let domain = domain.as_str();
    let rows = sqlx::query!(
        "SELECT id, domain, source, chain, sealed, facts, created_at, in_use FROM certificates
         WHERE domain = ? ORDER BY created_at DESC, id DESC LIMIT 2",
        domain
    )
    .fetch_all(db.reader())
    .await?;
    let read = rows.into_iter().map(|row| {
        let in_use = row.in_use == 1;
        let columns = Columns {
            id: row.id,
            domain: row.domain,
            source: row.source,
            chain: row.chain,
            sealed: row.sealed,
            facts: row.facts,
            created_at: row.created_at,
        };
        Ok((Certificate::try_from(columns)?, in_use))
    });
    read.collect()
}

/// Takes back a certificate that could not be served, and puts the one before it to use again.
pub(crate) async fn take_back(tx: &mut Conn, refused: &CertificateId, before: Option<&CertificateId>) -> Result<()> {
    let refused = refused.as_str();
    sqlx::query!("DELETE FROM certificates WHERE id = ?", refused).execute(&mut *tx).await?;
    if let Some(before) = before {
        let before = before.as_str();
        sqlx::query!("UPDATE certificates SET in_use = 1 WHERE id = ?", before).execute(tx).await?;
    }
    Ok(())
}

/// Drops what is older than the last two certificates of a domain.
pub(crate) async fn drop_old(tx: &mut Conn, domain: &DomainName) -> Result<()> {
    let domain = domain.as_str();
    sqlx::query!(
        "DELETE FROM certificates WHERE domain = ?1 AND in_use = 0 AND id NOT IN
         (SELECT id FROM certificates WHERE domain = ?1 ORDER BY created_at DESC, id DESC LIMIT 2)",
        domain
    )
    .execute(tx)
    .await?;
    Ok(())
}
