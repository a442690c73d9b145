//! The table `dns_proofs`: records of ours that stand in somebody's zone.

use homeport_model::{domain::dns_provider::DnsChallenge, time::Timestamp};

use crate::db::{Conn, Db, Error, Result};

/// Writes down a record that is about to be published, or that could not be taken back: it goes at `remove_at`.
pub(crate) async fn keep(tx: &mut Conn, proof: &DnsChallenge, remove_at: Timestamp) -> Result<()> {
    let (zone, name, value, remove_at) =
        (proof.zone.as_str(), proof.name.as_str(), proof.value.as_str(), remove_at.ms());
    sqlx::query!(
        "INSERT INTO dns_proofs (zone, name, value, remove_at) VALUES (?, ?, ?, ?)
         ON CONFLICT (zone, name, value) DO UPDATE SET remove_at = excluded.remove_at",
        zone,
        name,
        value,
        remove_at
    )
    .execute(tx)
    .await?;
    Ok(())
}

/// It is there no more.
pub(crate) async fn forget(tx: &mut Conn, proof: &DnsChallenge) -> Result<()> {
    let (zone, name, value) = (proof.zone.as_str(), proof.name.as_str(), proof.value.as_str());
    sqlx::query!("DELETE FROM dns_proofs WHERE zone = ? AND name = ? AND value = ?", zone, name, value)
        .execute(tx)
        .await?;
    Ok(())
}

/// Those whose time has come.
pub(crate) async fn due(db: &Db, now: Timestamp) -> Result<Vec<DnsChallenge>> {
    let now = now.ms();
    let rows = sqlx::query!("SELECT zone, name, value FROM dns_proofs WHERE remove_at <= ? ORDER BY name, value", now)
        .fetch_all(db.reader())
        .await?;
    let read = |zone: String, name: String, value: String| match zone.parse() {
        Ok(zone) => Ok(DnsChallenge { zone, name, value }),
        Err(cause) => Err(Error::bad_row("dns_proofs", "zone", &zone, format!("{cause}"))),
    };
    rows.into_iter().map(|row| read(row.zone, row.name, row.value)).collect()
}
