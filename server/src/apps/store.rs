//! The tables `apps`, `app_host_names` and `env_vars`.

use homeport_model::{
    app::AppSpec,
    id::{AppId, ReleaseId},
    name::{AppName, HostName},
    time::Timestamp,
};

use crate::db::{Conn, Db, Error, Result};

/// An app as stored.
#[derive(Debug, Clone)]
pub struct AppRecord {
    /// Its id.
    pub id: AppId,
    /// What the person decided.
    pub spec: AppSpec,
    /// Last octet of its virtual address.
    pub slot: u8,
    /// The release that serves.
    pub serving: Option<ReleaseId>,
    /// Whether its removal was asked for.
    pub deleting: bool,
    /// When it was created.
    pub created_at: Timestamp,
}

struct Columns {
    id: String,
    spec: String,
    slot: i64,
    serving_release: Option<String>,
    deleting: i64,
    created_at: i64,
}

impl TryFrom<Columns> for AppRecord {
    type Error = Error;
    fn try_from(row: Columns) -> Result<Self> {
        let bad = |column: &'static str, cause: String| Error::bad_row("apps", column, &row.id, cause);
        let serving = row.serving_release.as_deref().map(str::parse).transpose();
        Ok(Self {
            spec: serde_json::from_str(&row.spec).map_err(|cause| bad("spec", cause.to_string()))?,
            slot: u8::try_from(row.slot).map_err(|cause| bad("slot", cause.to_string()))?,
            serving: serving.map_err(|cause: homeport_model::id::NotAnId| bad("serving_release", cause.to_string()))?,
            deleting: row.deleting != 0,
            created_at: Timestamp::from_ms(row.created_at),
            id: row.id.parse().map_err(|cause| Error::bad_row("apps", "id", &row.id, cause))?,
        })
    }
}

/// Every app, by name.
pub(crate) async fn list(db: &Db) -> Result<Vec<AppRecord>> {
    let rows = sqlx::query_as!(
        Columns,
        "SELECT id, spec, slot, serving_release, deleting, created_at FROM apps ORDER BY name"
    )
    .fetch_all(db.reader())
    .await?;
    rows.into_iter().map(AppRecord::try_from).collect()
}

/// The app of this name.
pub(crate) async fn find(db: &Db, name: &AppName) -> Result<Option<AppRecord>> {
    let name = name.as_str();
    let row = sqlx::query_as!(
        Columns,
        "SELECT id, spec, slot, serving_release, deleting, created_at FROM apps WHERE name = ?",
        name
    )
    .fetch_optional(db.reader())
    .await?;
    row.map(AppRecord::try_from).transpose()
}

/// The app of this id.
pub(crate) async fn find_id(db: &Db, id: &AppId) -> Result<Option<AppRecord>> {
    let id = id.as_str();
    let row = sqlx::query_as!(
        Columns,
        "SELECT id, spec, slot, serving_release, deleting, created_at FROM apps WHERE id = ?",
        id
    )
    .fetch_optional(db.reader())
    .await?;
    row.map(AppRecord::try_from).transpose()
}

/// The smallest virtual address that no app has.
pub(super) async fn free_slot(tx: &mut Conn) -> Result<Option<u8>> {
    let taken = sqlx::query_scalar!("SELECT slot FROM apps ORDER BY slot").fetch_all(tx).await?;
    Ok((1..=254_u8).find(|slot| !taken.contains(&i64::from(*slot))))
}

pub(super) async fn insert(tx: &mut Conn, app: &AppRecord) -> Result<()> {
    let (id, name, spec, slot, at) =
        (app.id.as_str(), app.spec.name.as_str(), spec_json(&app.spec), i64::from(app.slot), app.created_at.ms());
    sqlx::query!(
        "INSERT INTO apps (id, name, spec, slot, created_at) VALUES (?, ?, ?, ?, ?)",
        id,
        name,
        spec,
        slot,
        at
    )
    .execute(&mut *tx)
    .await?;
    set_host_names(tx, &app.id, &app.spec.host_names).await
}

pub(super) async fn update_spec(tx: &mut Conn, id: &AppId, spec: &AppSpec) -> Result<()> {
    let (app, text) = (id.as_str(), spec_json(spec));
    sqlx::query!("UPDATE apps SET spec = ? WHERE id = ?", text, app).execute(&mut *tx).await?;
    set_host_names(tx, id, &spec.host_names).await
}

/// Replaces the host names of an app.
async fn set_host_names(tx: &mut Conn, id: &AppId, host_names: &[HostName]) -> Result<()> {
    let app = id.as_str();
    sqlx::query!("DELETE FROM app_host_names WHERE app_id = ?", app).execute(&mut *tx).await?;
    for (position, host_name) in (0_i64..).zip(host_names) {
        let host_name = host_name.as_str();
        sqlx::query!(
            "INSERT INTO app_host_names (host_name, app_id, position) VALUES (?, ?, ?)",
            host_name,
            app,
            position
        )
        .execute(&mut *tx)
        .await?;
    }
    Ok(())
}

/// The name of the app that has this host name, when it is another than `id`.
pub(super) async fn other_owner(tx: &mut Conn, host_name: &HostName, id: &AppId) -> Result<Option<String>> {
    let (host_name, id) = (host_name.as_str(), id.as_str());
    let owner = sqlx::query_scalar!(
        "SELECT apps.name FROM app_host_names JOIN apps ON apps.id = app_id WHERE host_name = ? AND app_id <> ?",
        host_name,
        id
    )
    .fetch_optional(tx)
    .await?;
    Ok(owner)
}

/// The name of the app that has this host name.
pub(crate) async fn owner_of(tx: &mut Conn, host_name: &HostName) -> Result<Option<String>> {
    let host_name = host_name.as_str();
    let owner = sqlx::query_scalar!(
        "SELECT apps.name FROM app_host_names JOIN apps ON apps.id = app_id WHERE host_name = ?",
        host_name
    );
    Ok(owner.fetch_optional(tx).await?)
}

pub(super) async fn mark_deleting(tx: &mut Conn, id: &AppId) -> Result<()> {
    let id = id.as_str();
    sqlx::query!("UPDATE apps SET deleting = 1 WHERE id = ?", id).execute(tx).await?;
    Ok(())
}

/// Removes an app with its host names, environment and releases.
pub(crate) async fn delete(tx: &mut Conn, id: &AppId) -> Result<()> {
    let id = id.as_str();
    sqlx::query!("UPDATE apps SET serving_release = NULL WHERE id = ?", id).execute(&mut *tx).await?;
    sqlx::query!("DELETE FROM apps WHERE id = ?", id).execute(tx).await?;
    Ok(())
}

fn spec_json(spec: &AppSpec) -> String {
    // A struct of strings and numbers always serialises.
    serde_json::to_string(spec).unwrap_or_default()
}
