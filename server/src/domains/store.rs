//! Facts about this host that nginx and the firewall depend on.

use crate::db::{Db, Result};

/// The third part of the virtual addresses that this panel took.
pub(super) async fn range(db: &Db) -> Result<Option<u8>> {
    let value = sqlx::query_scalar!("SELECT value FROM host_facts WHERE name = 'virtual_range'")
        .fetch_optional(db.reader())
        .await?;
    Ok(value.and_then(|value| value.parse().ok()))
}

/// Remembers it.
pub(super) async fn set_range(db: &Db, third: u8) -> Result<()> {
    let value = third.to_string();
    let mut tx = db.write().await?;
    sqlx::query!(
        "INSERT INTO host_facts (name, value) VALUES ('virtual_range', ?)
         ON CONFLICT (name) DO UPDATE SET value = excluded.value",
        value
    )
    .execute(&mut *tx)
    .await?;
    tx.commit().await
}
