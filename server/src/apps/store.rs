//! The table `apps`.

use std::collections::HashMap;

use homeport_model::{
    app::AppSpec,
    id::{AppId, ReleaseId},
    name::{AppName, HostName},
    time::Timestamp,
};

use crate::{
    db::{Conn, Db, Error, Result},
    domains::{self, OwnName},
};

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
    /// Its names beside the one that follows from its own, in their order.
    pub names: Vec<OwnName>,
}

impl AppRecord {
    /// The host names that lead to this app: `<name>.<apps domain>` first, then the added ones.
    #[must_use]
    pub fn host_names(&self, own: HostName) -> Vec<HostName> {
        let added = self.names.iter().filter(|name| name.redirect.is_none()).filter_map(|name| name.name.host());
        std::iter::once(own).chain(added).collect()
    }

    /// The one that it is called by, where somebody chose one.
    #[must_use]
    pub fn primary(&self) -> Option<HostName> {
        self.names.iter().find(|name| name.primary).and_then(|name| name.name.host())
    }
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
            names: Vec::new(),
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
    let mut apps = rows.into_iter().map(AppRecord::try_from).collect::<Result<Vec<_>>>()?;
    let mut names: HashMap<AppId, Vec<OwnName>> = HashMap::new();
    for (app, name) in domains::store::names(db).await? {
        names.entry(app).or_default().push(name);
    }
    for app in &mut apps {
        app.names = names.remove(&app.id).unwrap_or_default();
    }
    Ok(apps)
}

async fn with_names(db: &Db, row: Option<Columns>) -> Result<Option<AppRecord>> {
    let Some(row) = row else { return Ok(None) };
    let app = AppRecord::try_from(row)?;
    Ok(Some(AppRecord { names: domains::store::names_of(db, &app.id).await?, ..app }))
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
    with_names(db, row).await
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
    with_names(db, row).await
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
    .execute(tx)
    .await?;
    Ok(())
}

pub(super) async fn update_spec(tx: &mut Conn, id: &AppId, spec: &AppSpec) -> Result<()> {
    let (app, text) = (id.as_str(), spec_json(spec));
    sqlx::query!("UPDATE apps SET spec = ? WHERE id = ?", text, app).execute(tx).await?;
    Ok(())
}

pub(super) async fn mark_deleting(tx: &mut Conn, id: &AppId) -> Result<()> {
    let id = id.as_str();
    sqlx::query!("UPDATE apps SET deleting = 1 WHERE id = ?", id).execute(tx).await?;
    Ok(())
}

/// Removes an app with its names, environment and releases.
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
