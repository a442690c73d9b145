//! The tables `tunnel` and `tunnel_names`.

use std::collections::BTreeSet;

use homeport_model::{
    id::AppId,
    name::DomainName,
    time::Timestamp,
    tunnel::{TunnelFacts, TunnelId, TunnelName},
};

use crate::db::{Conn, Db, Error, Result};

/// The tunnel as stored.
pub(super) struct Kept {
    pub(super) facts: TunnelFacts,
    pub(super) sealed: Vec<u8>,
}

fn read_id(text: &str) -> Result<TunnelId> {
    text.parse().map_err(|cause| Error::bad_row("tunnel", "tunnel_id", text, cause))
}

fn read_name(text: &str) -> Result<DomainName> {
    text.parse().map_err(|cause| Error::bad_row("tunnel_names", "name", text, cause))
}

/// The tunnel, if there is one.
pub(super) async fn find(db: &Db) -> Result<Option<Kept>> {
    let row =
        sqlx::query!("SELECT tunnel_id, sealed, added_by, added_at FROM tunnel").fetch_optional(db.reader()).await?;
    row.map(|row| {
        let added_at = Timestamp::from_ms(row.added_at);
        let facts = TunnelFacts { id: read_id(&row.tunnel_id)?, added_by: row.added_by, added_at };
        Ok(Kept { facts, sealed: row.sealed })
    })
    .transpose()
}

/// Whether there is one.
pub(crate) async fn exists(db: &Db) -> Result<bool> {
    Ok(find(db).await?.is_some())
}

/// Which one there is.
pub(super) async fn id(tx: &mut Conn) -> Result<Option<TunnelId>> {
    let id = sqlx::query_scalar!("SELECT tunnel_id FROM tunnel").fetch_optional(tx).await?;
    id.map(|id| read_id(&id)).transpose()
}

/// Keeps a tunnel, in place of the one before.
pub(super) async fn keep(tx: &mut Conn, id: &TunnelId, sealed: &[u8], by: &str, now: Timestamp) -> Result<()> {
    let (id, now) = (id.as_str(), now.ms());
    sqlx::query!(
        "INSERT INTO tunnel (one, tunnel_id, sealed, added_by, added_at) VALUES (1, ?, ?, ?, ?)
         ON CONFLICT (one) DO UPDATE SET tunnel_id = excluded.tunnel_id, sealed = excluded.sealed,
             added_by = excluded.added_by, added_at = excluded.added_at",
        id,
        sealed,
        by,
        now
    )
    .execute(tx)
    .await?;
    Ok(())
}

pub(super) async fn remove(tx: &mut Conn) -> Result<()> {
    sqlx::query!("DELETE FROM tunnel").execute(tx).await?;
    Ok(())
}

/// The names that come in by the tunnel, and by no other way.
pub(crate) async fn names(db: &Db) -> Result<BTreeSet<DomainName>> {
    let names = sqlx::query_scalar!("SELECT name FROM tunnel_names").fetch_all(db.reader()).await?;
    names.iter().map(|name| read_name(name)).collect()
}

/// The panel's names that are on their way out of the tunnel or into it: they come in by both ways.
pub(crate) async fn switching(db: &Db) -> Result<BTreeSet<DomainName>> {
    let names =
        sqlx::query_scalar!("SELECT name FROM panel_names WHERE switching IS NOT NULL").fetch_all(db.reader()).await?;
    names.iter().map(|name| read_name(name)).collect()
}

/// The panel's names that people use and that come in by the tunnel, whether or not they are on their way
/// out of it.
pub(super) async fn used_by_panel(tx: &mut Conn) -> Result<Vec<String>> {
    let names = sqlx::query_scalar!(
        "SELECT name FROM panel_names
         WHERE answered_at IS NOT NULL AND (switching = 'direct' OR name IN (SELECT name FROM tunnel_names))
         ORDER BY name"
    )
    .fetch_all(tx)
    .await?;
    Ok(names)
}

/// The names on their way into the tunnel come in directly only, as before.
pub(super) async fn turn_back(tx: &mut Conn) -> Result<()> {
    sqlx::query!("UPDATE panel_names SET switching = NULL WHERE switching = 'tunnel'").execute(tx).await?;
    Ok(())
}

/// The names that come in by the tunnel, each with whose it is; the panel's that are on their way out of it
/// or into it are among them.
pub(super) async fn list_names(db: &Db) -> Result<Vec<TunnelName>> {
    let rows = sqlx::query!(
        "SELECT tunnel_names.name AS \"name!: String\", apps.name AS \"app?: String\"
         FROM tunnel_names LEFT JOIN apps ON apps.id = app_id
         UNION ALL SELECT name, NULL FROM panel_names WHERE switching IS NOT NULL
         ORDER BY 1"
    )
    .fetch_all(db.reader())
    .await?;
    rows.into_iter()
        .map(|row| {
            let app = row.app.map(|app| app.parse().map_err(|cause| Error::bad_row("apps", "name", &app, cause)));
            Ok(TunnelName { name: read_name(&row.name)?, app: app.transpose()? })
        })
        .collect()
}

/// Lets a name come in by the tunnel, or no longer. `app` is whose it is; none is the panel.
pub(crate) async fn set_name(tx: &mut Conn, name: &DomainName, app: Option<&AppId>, on: bool) -> Result<()> {
    let (name, app) = (name.as_str(), app.map(AppId::as_str));
    if on {
        sqlx::query!(
            "INSERT INTO tunnel_names (name, app_id) VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET app_id = excluded.app_id",
            name,
            app
        )
        .execute(tx)
        .await?;
    } else {
        sqlx::query!("DELETE FROM tunnel_names WHERE name = ?", name).execute(tx).await?;
    }
    Ok(())
}
