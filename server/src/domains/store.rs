//! The table `domains`, and facts about this host that nginx and the firewall depend on.

pub(crate) mod proxy;

use homeport_model::{
    domain::Redirect,
    id::AppId,
    name::{AppName, DomainName},
    time::Timestamp,
};

use crate::db::{Conn, Db, Error, Result};

/// A name of an app beside the one that follows from its own.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OwnName {
    /// The name.
    pub name: DomainName,
    /// Where it leads, when not to the app.
    pub redirect: Option<Redirect>,
    /// Whether the app is called by it.
    pub primary: bool,
    /// When it was added.
    pub created_at: Timestamp,
}

struct Columns {
    name: String,
    app_id: String,
    redirect: Option<String>,
    is_primary: i64,
    created_at: i64,
}

fn read(row: &Columns) -> Result<(AppId, OwnName)> {
    let bad = |column, cause: &dyn ToString| Error::bad_row("domains", column, &row.name, cause.to_string());
    let redirect = row.redirect.as_deref().map(serde_json::from_str).transpose();
    let name = OwnName {
        name: row.name.parse().map_err(|cause| bad("name", &cause))?,
        redirect: redirect.map_err(|cause| bad("redirect", &cause))?,
        primary: row.is_primary != 0,
        created_at: Timestamp::from_ms(row.created_at),
    };
    Ok((row.app_id.parse().map_err(|cause| bad("app_id", &cause))?, name))
}

/// Every name, in the order of their app's.
pub(crate) async fn names(db: &Db) -> Result<Vec<(AppId, OwnName)>> {
    let rows = sqlx::query_as!(
        Columns,
        "SELECT name, app_id, redirect, is_primary, created_at FROM domains ORDER BY app_id, position"
    )
    .fetch_all(db.reader())
    .await?;
    rows.iter().map(read).collect()
}

/// One app's names.
pub(crate) async fn names_of(db: &Db, app: &AppId) -> Result<Vec<OwnName>> {
    let app = app.as_str();
    let rows = sqlx::query_as!(
        Columns,
        "SELECT name, app_id, redirect, is_primary, created_at FROM domains WHERE app_id = ? ORDER BY position",
        app
    )
    .fetch_all(db.reader())
    .await?;
    rows.iter().map(|row| read(row).map(|(_, name)| name)).collect()
}

/// Whose name it is.
pub(crate) async fn owner(tx: &mut Conn, name: &DomainName) -> Result<Option<AppName>> {
    let name = name.as_str();
    let owner =
        sqlx::query_scalar!("SELECT apps.name FROM domains JOIN apps ON apps.id = app_id WHERE domains.name = ?", name)
            .fetch_optional(tx)
            .await?;
    owner.map(|owner| owner.parse().map_err(|cause| Error::bad_row("apps", "name", &owner, cause))).transpose()
}

fn json(redirect: Option<&Redirect>) -> Option<String> {
    // A struct of strings always serialises.
    redirect.map(|redirect| serde_json::to_string(redirect).unwrap_or_default())
}

/// Adds a name behind the app's others.
pub(super) async fn insert(
    tx: &mut Conn,
    app: &AppId,
    name: &DomainName,
    redirect: Option<&Redirect>,
    at: Timestamp,
) -> Result<()> {
    let (app, name, redirect, at) = (app.as_str(), name.as_str(), json(redirect), at.ms());
    sqlx::query!(
        "INSERT INTO domains (name, app_id, position, redirect, created_at)
         VALUES (?1, ?2, (SELECT coalesce(max(position), -1) + 1 FROM domains WHERE app_id = ?2), ?3, ?4)",
        name,
        app,
        redirect,
        at
    )
    .execute(tx)
    .await?;
    Ok(())
}

/// Has a name lead to its app, or elsewhere; one that leads elsewhere is nobody's first.
pub(super) async fn set_redirect(tx: &mut Conn, name: &DomainName, redirect: Option<&Redirect>) -> Result<()> {
    let (name, redirect) = (name.as_str(), json(redirect));
    sqlx::query!(
        "UPDATE domains SET redirect = ?1, is_primary = CASE WHEN ?1 IS NULL THEN is_primary ELSE 0 END WHERE name = ?2",
        redirect,
        name
    )
    .execute(tx)
    .await?;
    Ok(())
}

/// Has an app be called by one of its names, or by the one that follows from its own.
pub(super) async fn set_primary(tx: &mut Conn, app: &AppId, name: Option<&DomainName>) -> Result<()> {
    let (app, name) = (app.as_str(), name.map(DomainName::as_str));
    sqlx::query!("UPDATE domains SET is_primary = 0 WHERE app_id = ?", app).execute(&mut *tx).await?;
    sqlx::query!("UPDATE domains SET is_primary = 1 WHERE app_id = ? AND name = ?", app, name).execute(tx).await?;
    Ok(())
}

/// Removes a name with its parts; whether it was there.
pub(super) async fn remove(tx: &mut Conn, app: &AppId, name: &DomainName) -> Result<bool> {
    let (app, name) = (app.as_str(), name.as_str());
    sqlx::query!("DELETE FROM path_prefixes WHERE app_id = ? AND host = ?", app, name).execute(&mut *tx).await?;
    let done = sqlx::query!("DELETE FROM domains WHERE app_id = ? AND name = ?", app, name).execute(tx).await?;
    Ok(done.rows_affected() > 0)
}

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
