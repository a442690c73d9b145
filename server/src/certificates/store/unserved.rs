//! The table `unserved`: domains that have a certificate or a plan and that nothing serves any more.

use homeport_model::{name::DomainName, time::Timestamp};

use crate::db::{Conn, Db, Error, Result};

/// Every domain that has a certificate or a plan.
pub(crate) async fn known(db: &Db) -> Result<Vec<DomainName>> {
    let rows = sqlx::query_scalar!(
        r#"SELECT domain AS "domain!" FROM certificates UNION SELECT domain FROM certificate_plans ORDER BY 1"#
    )
    .fetch_all(db.reader())
    .await?;
    rows.into_iter().map(|text| read("certificates", &text)).collect()
}

/// Those that nothing serves, and since when.
pub(crate) async fn all(db: &Db) -> Result<Vec<(DomainName, Timestamp)>> {
    let rows = sqlx::query!("SELECT domain, since FROM unserved ORDER BY domain").fetch_all(db.reader()).await?;
    rows.into_iter().map(|row| Ok((read("unserved", &row.domain)?, Timestamp::from_ms(row.since)))).collect()
}

fn read(table: &'static str, text: &str) -> Result<DomainName> {
    text.parse().map_err(|_| Error::bad_row(table, "domain", text, text))
}

/// Writes down that nothing serves a domain.
pub(crate) async fn add(tx: &mut Conn, domain: &DomainName, since: Timestamp) -> Result<()> {
    let (domain, since) = (domain.as_str(), since.ms());
    sqlx::query!("INSERT OR REPLACE INTO unserved (domain, since) VALUES (?, ?)", domain, since).execute(tx).await?;
    Ok(())
}

/// A domain is served again, or there is nothing left of it.
pub(crate) async fn remove(tx: &mut Conn, domain: &DomainName) -> Result<()> {
    let domain = domain.as_str();
    sqlx::query!("DELETE FROM unserved WHERE domain = ?", domain).execute(tx).await?;
    Ok(())
}

/// Forgets a domain's certificates with their keys, and its plan.
pub(crate) async fn retire(tx: &mut Conn, domain: &DomainName) -> Result<()> {
    let text = domain.as_str();
    sqlx::query!("DELETE FROM certificates WHERE domain = ?", text).execute(&mut *tx).await?;
    sqlx::query!("DELETE FROM certificate_plans WHERE domain = ?", text).execute(&mut *tx).await?;
    remove(tx, domain).await
}
