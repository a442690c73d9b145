//! The table of API tokens.

use homeport_model::{
    account::{TokenRow, TokenScope},
    actor::Role,
    id::{AppId, TokenId},
    time::Timestamp,
};

use crate::db::{Conn, Db, Error, Result};

/// A token that was presented, with its person.
pub(super) struct Found {
    pub(super) id: TokenId,
    pub(super) name: String,
    pub(super) scope: TokenScope,
    pub(super) app: Option<AppId>,
    pub(super) expires_at: Timestamp,
    pub(super) last_used_at: Option<Timestamp>,
    pub(super) user: String,
    pub(super) user_name: String,
    pub(super) role: Role,
}

/// A token to be stored.
pub(super) struct New<'a> {
    pub(super) id: &'a TokenId,
    pub(super) hash: &'a [u8],
    pub(super) user: &'a str,
    pub(super) name: &'a str,
    pub(super) scope: TokenScope,
    pub(super) app: Option<&'a AppId>,
    pub(super) created_at: Timestamp,
    pub(super) expires_at: Timestamp,
}

pub(super) async fn insert(tx: &mut Conn, new: &New<'_>) -> Result<()> {
    let (id, scope, app) = (new.id.as_str(), new.scope.as_str(), new.app.map(AppId::as_str));
    let (created_at, expires_at) = (new.created_at.ms(), new.expires_at.ms());
    sqlx::query!(
        "INSERT INTO api_tokens (id, token_hash, user_id, name, scope, app_id, created_at, expires_at)
         VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
        id,
        new.hash,
        new.user,
        new.name,
        scope,
        app,
        created_at,
        expires_at
    )
    .execute(tx)
    .await?;
    Ok(())
}

pub(super) async fn by_hash(db: &Db, hash: &[u8]) -> Result<Option<Found>> {
    let row = sqlx::query!(
        r#"SELECT t.id, t.name, t.scope, t.app_id, t.expires_at, t.last_used_at,
                  u.id AS user_id, u.name AS user_name, u.role
           FROM api_tokens t JOIN users u ON u.id = t.user_id WHERE t.token_hash = ?"#,
        hash
    )
    .fetch_optional(db.reader())
    .await?;
    row.map(|row| {
        Ok(Found {
            name: row.name,
            scope: scope(&row.id, &row.scope)?,
            app: row.app_id.map(|app| app.parse().map_err(|cause| bad("app_id", &row.id, cause))).transpose()?,
            expires_at: Timestamp::from_ms(row.expires_at),
            last_used_at: row.last_used_at.map(Timestamp::from_ms),
            user: row.user_id,
            user_name: row.user_name,
            role: serde_json::from_value(row.role.into()).map_err(|cause| bad("user_id", &row.id, cause))?,
            id: row.id.parse().map_err(|cause| bad("id", &row.id, cause))?,
        })
    })
    .transpose()
}

pub(super) async fn touch(tx: &mut Conn, id: &TokenId, at: Timestamp, address: Option<&str>) -> Result<()> {
    let (id, at) = (id.as_str(), at.ms());
    sqlx::query!("UPDATE api_tokens SET last_used_at = ?, last_address = ? WHERE id = ?", at, address, id)
        .execute(tx)
        .await?;
    Ok(())
}

/// A person's tokens, newest first.
pub(super) async fn of_user(db: &Db, user: &str) -> Result<Vec<TokenRow>> {
    let rows = sqlx::query!(
        r#"SELECT t.id, t.name, t.scope, a.name AS "app?", t.created_at, t.expires_at, t.last_used_at, t.last_address
           FROM api_tokens t LEFT JOIN apps a ON a.id = t.app_id
           WHERE t.user_id = ? ORDER BY t.created_at DESC, t.id DESC"#,
        user
    )
    .fetch_all(db.reader())
    .await?;
    rows.into_iter()
        .map(|row| {
            Ok(TokenRow {
                name: row.name,
                scope: scope(&row.id, &row.scope)?,
                app: row.app.map(|app| app.parse().map_err(|cause| bad("app_id", &row.id, cause))).transpose()?,
                created_at: Timestamp::from_ms(row.created_at),
                expires_at: Timestamp::from_ms(row.expires_at),
                last_used_at: row.last_used_at.map(Timestamp::from_ms),
                last_address: row.last_address,
                id: row.id.parse().map_err(|cause| bad("id", &row.id, cause))?,
            })
        })
        .collect()
}

/// Says whether there was one.
pub(super) async fn delete(tx: &mut Conn, user: &str, id: &TokenId) -> Result<bool> {
    let id = id.as_str();
    let done = sqlx::query!("DELETE FROM api_tokens WHERE user_id = ? AND id = ?", user, id).execute(tx).await?;
    Ok(done.rows_affected() == 1)
}

fn scope(id: &str, word: &str) -> Result<TokenScope> {
    TokenScope::from_word(word).ok_or_else(|| bad("scope", id, word))
}

fn bad(column: &'static str, id: &str, cause: impl ToString) -> Error {
    Error::bad_row("api_tokens", column, id, cause)
}
