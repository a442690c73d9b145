//! What is asserted before the panel serves anything: the engine's version, the file's health, its
//! schema, and that file, key and folder belong together.

use sqlx::{
    ConnectOptions, Connection, Row,
    migrate::{MigrateError, Migrator},
    sqlite::SqliteConnection,
};

use super::pool::{Db, options};
use crate::{
    ambient,
    seal::Sealer,
    state::{Refusal, StateFolder},
};

static MIGRATIONS: Migrator = sqlx::migrate!("../migrations");

/// Older engines can corrupt a WAL file that two connections write (fixed in 3.51.3).
const OLDEST_ENGINE: (u32, u32, u32) = (3, 51, 3);
/// What the key check in the database is sealed for.
const KEY_CONTEXT: &str = "installation/key";

pub(super) async fn open(state: &StateFolder) -> Result<(Db, Sealer), Refusal> {
    let marker = state.installation()?;
    let has_database = state.has_database();
    let at = state.database();
    if marker.is_some() && !has_database {
        return Err(Refusal::Config(format!(
            "State missing: the database {} is gone, and this panel was set up before. Restore it from a backup. \
             To give everything up and begin again, remove the whole folder {}.",
            at.display(),
            state.path().display(),
        )));
    }
    let first_start = marker.is_none() && !has_database;
    let sealer = state.sealer(first_start)?;

    let mut conn = options(&at).connect().await.map_err(|error| {
        Refusal::Config(format!(
            "The database {} cannot be opened ({error}). Restore it from a backup; your sites keep serving.",
            at.display()
        ))
    })?;
    check_engine(&mut conn).await?;
    if has_database {
        check_health(&mut conn, state).await?;
    }
    migrate(&mut conn).await?;
    let id = belong_together(&mut conn, state, &sealer, marker.as_deref()).await?;
    let _ = conn.close().await;

    if marker.is_none() {
        state.mark_installed(&id)?;
    }
    let db = Db::connect(&at).await.map_err(|error| broken("opened", &error))?;
    Ok((db, sealer))
}

async fn check_engine(conn: &mut SqliteConnection) -> Result<(), Refusal> {
    let version: String =
        sqlx::query_scalar("SELECT sqlite_version()").fetch_one(conn).await.map_err(|error| broken("asked", &error))?;
    let mut parts = version.split('.').map(|part| part.parse().unwrap_or(0));
    let mut next = || parts.next().unwrap_or(0);
    if (next(), next(), next()) < OLDEST_ENGINE {
        return Err(Refusal::Config(format!("This build holds SQLite {version}; at least 3.51.3 is needed.")));
    }
    Ok(())
}

async fn check_health(conn: &mut SqliteConnection, state: &StateFolder) -> Result<(), Refusal> {
    let damaged = |what: &str| {
        Refusal::Config(format!(
            "The database {} is damaged ({what}). Stop here, and restore it from a backup; your sites keep serving.",
            state.database().display()
        ))
    };
    let found: String = sqlx::query_scalar("PRAGMA integrity_check(1)")
        .fetch_one(&mut *conn)
        .await
        .map_err(|error| damaged(&error.to_string()))?;
    if found != "ok" {
        return Err(damaged(found.lines().next().unwrap_or("unknown")));
    }
    let orphan = sqlx::query("PRAGMA foreign_key_check")
        .fetch_optional(conn)
        .await
        .map_err(|error| damaged(&error.to_string()))?;
    match orphan {
        Some(row) => Err(damaged(&format!("a row of {} has no parent", row.get::<String, _>(0)))),
        None => Ok(()),
    }
}

async fn migrate(conn: &mut SqliteConnection) -> Result<(), Refusal> {
    MIGRATIONS.run(conn).await.map_err(|error| match error {
        MigrateError::VersionMissing(version) | MigrateError::VersionMismatch(version) => Refusal::Config(format!(
            "The database was written by a newer Homeport (migration {version} is unknown here). Start that version again."
        )),
        other => Refusal::Io(format!("The database cannot be migrated: {other}.")),
    })
}

/// Ties the database to the folder (by the marker) and to the key (by a sealed value).
async fn belong_together(
    conn: &mut SqliteConnection,
    state: &StateFolder,
    sealer: &Sealer,
    marker: Option<&str>,
) -> Result<String, Refusal> {
    let stored = sqlx::query!("SELECT id, key_check FROM installation")
        .fetch_optional(&mut *conn)
        .await
        .map_err(|error| broken("read", &error))?;
    let Some(stored) = stored else {
        if marker.is_some() {
            return Err(foreign(state));
        }
        let id = format!("{:08x}{:08x}", ambient::random_u32(), ambient::random_u32());
        let check = sealer.seal(id.as_bytes(), KEY_CONTEXT);
        sqlx::query!("INSERT INTO installation (one, id, key_check) VALUES (1, ?, ?)", id, check)
            .execute(conn)
            .await
            .map_err(|error| broken("written", &error))?;
        return Ok(id);
    };
    if marker.is_some_and(|marker| marker != stored.id) {
        return Err(foreign(state));
    }
    match sealer.open(&stored.key_check, KEY_CONTEXT) {
        Ok(opened) if opened.expose() == stored.id.as_bytes() => Ok(stored.id),
        _ => Err(Refusal::Config(format!(
            "The key file in {} is not the one that this database was sealed with. Put the right one back from your backup.",
            state.path().display()
        ))),
    }
}

fn foreign(state: &StateFolder) -> Refusal {
    Refusal::Config(format!(
        "The database {} does not belong to this state folder. Restore the right one from a backup.",
        state.database().display()
    ))
}

fn broken(what: &str, error: &sqlx::Error) -> Refusal {
    Refusal::Io(format!("The database cannot be {what}: {error}."))
}
