//! The tables `proxies`, `path_prefixes` and `visitor_passwords`.

use homeport_model::{
    domain::{Maintenance, PathPrefix, ProxySettings, UserName},
    id::AppId,
    name::HostName,
    time::Timestamp,
};

use crate::db::{Conn, Db, Error, Result};

/// What nginx does with an app's visitors.
#[derive(Debug, Clone, Default)]
pub(crate) struct Proxy {
    /// By its settings.
    pub(crate) settings: ProxySettings,
    /// A page of ours in the app's place.
    pub(crate) maintenance: Option<Maintenance>,
    /// Whether the app answers names that nobody has.
    pub(crate) catch_all: bool,
}

struct Columns {
    app_id: String,
    settings: String,
    maintenance: Option<String>,
    catch_all: i64,
}

fn read(row: &Columns) -> Result<(AppId, Proxy)> {
    let bad = |column, cause: &dyn ToString| Error::bad_row("proxies", column, &row.app_id, cause.to_string());
    let maintenance = row.maintenance.as_deref().map(serde_json::from_str).transpose();
    let proxy = Proxy {
        settings: serde_json::from_str(&row.settings).map_err(|cause| bad("settings", &cause))?,
        maintenance: maintenance.map_err(|cause| bad("maintenance", &cause))?,
        catch_all: row.catch_all != 0,
    };
    Ok((row.app_id.parse().map_err(|cause| bad("app_id", &cause))?, proxy))
}

/// Every app's for which somebody decided anything.
pub(crate) async fn all(db: &Db) -> Result<Vec<(AppId, Proxy)>> {
    let rows = sqlx::query_as!(Columns, "SELECT app_id, settings, maintenance, catch_all FROM proxies")
        .fetch_all(db.reader())
        .await?;
    rows.iter().map(read).collect()
}

/// One app's.
pub(crate) async fn of(db: &Db, app: &AppId) -> Result<Proxy> {
    Ok(all(db).await?.into_iter().find(|(id, _)| id == app).map(|(_, proxy)| proxy).unwrap_or_default())
}

pub(crate) async fn set_settings(tx: &mut Conn, app: &AppId, settings: &ProxySettings) -> Result<()> {
    let (app, settings) = (app.as_str(), serde_json::to_string(settings).unwrap_or_default());
    sqlx::query!(
        "INSERT INTO proxies (app_id, settings) VALUES (?, ?) ON CONFLICT (app_id) DO UPDATE SET settings = excluded.settings",
        app,
        settings
    )
    .execute(tx)
    .await?;
    Ok(())
}

pub(crate) async fn set_maintenance(tx: &mut Conn, app: &AppId, maintenance: Option<&Maintenance>) -> Result<()> {
    let text = maintenance.map(|maintenance| serde_json::to_string(maintenance).unwrap_or_default());
    let app = app.as_str();
    sqlx::query!(
        "INSERT INTO proxies (app_id, maintenance) VALUES (?, ?)
         ON CONFLICT (app_id) DO UPDATE SET maintenance = excluded.maintenance",
        app,
        text
    )
    .execute(tx)
    .await?;
    Ok(())
}

pub(crate) async fn set_catch_all(tx: &mut Conn, app: &AppId, on: bool) -> Result<()> {
    let app = app.as_str();
    sqlx::query!(
        "INSERT INTO proxies (app_id, catch_all) VALUES (?, ?)
         ON CONFLICT (app_id) DO UPDATE SET catch_all = excluded.catch_all",
        app,
        on
    )
    .execute(tx)
    .await?;
    Ok(())
}

/// The app that answers names that nobody has.
pub(crate) async fn catch_all(tx: &mut Conn) -> Result<Option<AppId>> {
    let app = sqlx::query_scalar!("SELECT app_id FROM proxies WHERE catch_all = 1").fetch_optional(tx).await?;
    app.map(|app| app.parse().map_err(|cause| Error::bad_row("proxies", "app_id", &app, cause))).transpose()
}

/// A part of a host that another app answers.
#[derive(Debug, Clone)]
pub(crate) struct Part {
    /// The host.
    pub(crate) host: HostName,
    /// The beginning of the paths.
    pub(crate) path: PathPrefix,
    /// Whose host it is.
    pub(crate) app: AppId,
    /// Who answers.
    pub(crate) to: AppId,
    /// Whether without that beginning.
    pub(crate) strip: bool,
}

/// Every part, by host and path.
pub(crate) async fn parts(db: &Db) -> Result<Vec<Part>> {
    let rows = sqlx::query!("SELECT host, path, app_id, to_app, strip FROM path_prefixes ORDER BY host, path")
        .fetch_all(db.reader())
        .await?;
    rows.into_iter()
        .map(|row| {
            let bad =
                |column, cause: &dyn ToString| Error::bad_row("path_prefixes", column, &row.host, cause.to_string());
            Ok(Part {
                host: row.host.parse().map_err(|cause| bad("host", &cause))?,
                path: row.path.parse().map_err(|cause| bad("path", &cause))?,
                app: row.app_id.parse().map_err(|cause| bad("app_id", &cause))?,
                to: row.to_app.parse().map_err(|cause| bad("to_app", &cause))?,
                strip: row.strip != 0,
            })
        })
        .collect()
}

pub(crate) async fn add_part(tx: &mut Conn, part: &Part, at: Timestamp) -> Result<()> {
    let (host, path, app, to, at) =
        (part.host.as_str(), part.path.as_str(), part.app.as_str(), part.to.as_str(), at.ms());
    sqlx::query!(
        "INSERT INTO path_prefixes (host, path, app_id, to_app, strip, created_at) VALUES (?, ?, ?, ?, ?, ?)",
        host,
        path,
        app,
        to,
        part.strip,
        at
    )
    .execute(tx)
    .await?;
    Ok(())
}

/// Whether it was there.
pub(crate) async fn remove_part(tx: &mut Conn, app: &AppId, host: &HostName, path: &PathPrefix) -> Result<bool> {
    let (app, host, path) = (app.as_str(), host.as_str(), path.as_str());
    let done = sqlx::query!("DELETE FROM path_prefixes WHERE app_id = ? AND host = ? AND path = ?", app, host, path)
        .execute(tx)
        .await?;
    Ok(done.rows_affected() > 0)
}

/// Whose password hashes there are, sealed for [`password_context`](super::super::password_context).
pub(crate) async fn passwords(db: &Db) -> Result<Vec<(AppId, UserName, Vec<u8>)>> {
    let rows = sqlx::query!("SELECT app_id, user_name, sealed FROM visitor_passwords ORDER BY app_id, user_name")
        .fetch_all(db.reader())
        .await?;
    rows.into_iter()
        .map(|row| {
            let bad = |column, cause: &dyn ToString| {
                Error::bad_row("visitor_passwords", column, &row.app_id, cause.to_string())
            };
            let app = row.app_id.parse().map_err(|cause| bad("app_id", &cause))?;
            Ok((app, row.user_name.parse().map_err(|cause| bad("user_name", &cause))?, row.sealed))
        })
        .collect()
}

pub(crate) async fn set_password(
    tx: &mut Conn,
    app: &AppId,
    user: &UserName,
    sealed: &[u8],
    at: Timestamp,
) -> Result<()> {
    let (app, user, at) = (app.as_str(), user.as_str(), at.ms());
    sqlx::query!(
        "INSERT INTO visitor_passwords (app_id, user_name, sealed, created_at) VALUES (?, ?, ?, ?)
         ON CONFLICT (app_id, user_name) DO UPDATE SET sealed = excluded.sealed, created_at = excluded.created_at",
        app,
        user,
        sealed,
        at
    )
    .execute(tx)
    .await?;
    Ok(())
}

/// Whether it was there.
pub(crate) async fn remove_password(tx: &mut Conn, app: &AppId, user: &UserName) -> Result<bool> {
    let (app, user) = (app.as_str(), user.as_str());
    let done =
        sqlx::query!("DELETE FROM visitor_passwords WHERE app_id = ? AND user_name = ?", app, user).execute(tx).await?;
    Ok(done.rows_affected() > 0)
}
