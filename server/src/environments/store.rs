//! The tables `variables` and `environment_versions`.

use homeport_model::{
    app::EnvChange,
    environment::{EnvScope, EnvVersion},
    id::AppId,
    name::EnvKey,
    time::Timestamp,
};

use crate::db::{Conn, Db, Error, Result};

/// Whose variables.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Owner {
    /// Those of all apps.
    All,
    /// One app's.
    App(AppId),
}

impl Owner {
    /// The word in the store.
    #[must_use]
    pub fn as_str(&self) -> &str {
        match self {
            Self::All => "global",
            Self::App(id) => id.as_str(),
        }
    }

    /// What a sealed value of this owner is bound to.
    pub(super) fn context(&self, of: &str) -> String {
        match self {
            Self::All => format!("global/{of}"),
            Self::App(id) => format!("app/{id}/{of}"),
        }
    }
}

/// A variable as stored.
pub(super) struct Stored {
    pub(super) key: EnvKey,
    pub(super) sealed: Vec<u8>,
    pub(super) secret: bool,
    pub(super) scope: EnvScope,
}

struct Columns {
    key: String,
    sealed: Vec<u8>,
    secret: bool,
    scope: String,
}

impl TryFrom<Columns> for Stored {
    type Error = Error;
    fn try_from(row: Columns) -> Result<Self> {
        let scope = EnvScope::from_word(&row.scope);
        let scope = scope.ok_or_else(|| Error::bad_row("variables", "scope", &row.key, &row.scope))?;
        let key = row.key.parse().map_err(|cause| Error::bad_row("variables", "key", &row.key, cause))?;
        Ok(Self { key, sealed: row.sealed, secret: row.secret, scope })
    }
}

/// An owner's variables, by name.
pub(super) async fn list(db: &Db, owner: &Owner) -> Result<Vec<Stored>> {
    let owner = owner.as_str();
    let rows = sqlx::query_as!(
        Columns,
        r#"SELECT key, sealed, secret AS "secret: bool", scope FROM variables WHERE owner = ? ORDER BY key"#,
        owner
    )
    .fetch_all(db.reader())
    .await?;
    rows.into_iter().map(Stored::try_from).collect()
}

/// The same, as the transaction sees them.
pub(super) async fn list_in(tx: &mut Conn, owner: &Owner) -> Result<Vec<Stored>> {
    let owner = owner.as_str();
    let rows = sqlx::query_as!(
        Columns,
        r#"SELECT key, sealed, secret AS "secret: bool", scope FROM variables WHERE owner = ? ORDER BY key"#,
        owner
    )
    .fetch_all(tx)
    .await?;
    rows.into_iter().map(Stored::try_from).collect()
}

pub(super) async fn set(tx: &mut Conn, owner: &Owner, variable: &Stored) -> Result<()> {
    let (owner, key, scope) = (owner.as_str(), variable.key.as_str(), variable.scope.as_str());
    sqlx::query!(
        "INSERT INTO variables (owner, key, sealed, secret, scope) VALUES (?, ?, ?, ?, ?)
         ON CONFLICT (owner, key)
         DO UPDATE SET sealed = excluded.sealed, secret = excluded.secret, scope = excluded.scope",
        owner,
        key,
        variable.sealed,
        variable.secret,
        scope
    )
    .execute(tx)
    .await?;
    Ok(())
}

pub(super) async fn remove(tx: &mut Conn, owner: &Owner, key: &EnvKey) -> Result<()> {
    let (owner, key) = (owner.as_str(), key.as_str());
    sqlx::query!("DELETE FROM variables WHERE owner = ? AND key = ?", owner, key).execute(tx).await?;
    Ok(())
}

/// A version to write down.
pub(super) struct NewVersion<'a> {
    pub(super) number: u32,
    pub(super) by: &'a str,
    pub(super) changes: &'a [(EnvKey, EnvChange)],
    pub(super) brought_back: Option<u32>,
    pub(super) sealed: &'a [u8],
    pub(super) at: Timestamp,
}

/// The number of the newest version; 0 for none.
pub(super) async fn newest_version(tx: &mut Conn, owner: &Owner) -> Result<u32> {
    let owner = owner.as_str();
    let number = sqlx::query_scalar!(
        r#"SELECT coalesce(max(number), 0) AS "number!: i64" FROM environment_versions WHERE owner = ?"#,
        owner
    )
    .fetch_one(tx)
    .await?;
    Ok(u32::try_from(number).unwrap_or(u32::MAX - 1))
}

/// Adds a version and forgets those more than `kept` older.
pub(super) async fn add_version(tx: &mut Conn, owner: &Owner, version: &NewVersion<'_>, kept: u32) -> Result<()> {
    let (owner, at) = (owner.as_str(), version.at.ms());
    // Pairs of words always serialise.
    let changes = serde_json::to_string(version.changes).unwrap_or_default();
    sqlx::query!(
        "INSERT INTO environment_versions (owner, number, by_name, changes, brought_back, sealed, at)
         VALUES (?, ?, ?, ?, ?, ?, ?)",
        owner,
        version.number,
        version.by,
        changes,
        version.brought_back,
        version.sealed,
        at
    )
    .execute(&mut *tx)
    .await?;
    let oldest = version.number.saturating_sub(kept);
    sqlx::query!("DELETE FROM environment_versions WHERE owner = ? AND number <= ?", owner, oldest).execute(tx).await?;
    Ok(())
}

/// The versions of an owner, newest first.
pub(super) async fn versions(db: &Db, owner: &Owner) -> Result<Vec<EnvVersion>> {
    let owner = owner.as_str();
    let rows = sqlx::query!(
        r#"SELECT number AS "number!: i64", by_name AS "by_name!: String", changes AS "changes!: String",
                  brought_back AS "brought_back?: i64", at AS "at!: i64"
           FROM environment_versions WHERE owner = ? ORDER BY number DESC"#,
        owner
    )
    .fetch_all(db.reader())
    .await?;
    let bad = |column, cause: String| Error::bad_row("environment_versions", column, owner, cause);
    rows.into_iter()
        .map(|row| {
            let small = |column, number: i64| u32::try_from(number).map_err(|cause| bad(column, cause.to_string()));
            Ok(EnvVersion {
                number: small("number", row.number)?,
                by: row.by_name,
                at: Timestamp::from_ms(row.at),
                changes: serde_json::from_str(&row.changes).map_err(|cause| bad("changes", cause.to_string()))?,
                brought_back: row.brought_back.map(|number| small("brought_back", number)).transpose()?,
            })
        })
        .collect()
}

/// The sealed variables of one version.
pub(super) async fn version(db: &Db, owner: &Owner, number: u32) -> Result<Option<Vec<u8>>> {
    let owner = owner.as_str();
    let sealed =
        sqlx::query_scalar!("SELECT sealed FROM environment_versions WHERE owner = ? AND number = ?", owner, number)
            .fetch_optional(db.reader())
            .await?;
    Ok(sealed)
}
