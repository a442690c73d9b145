//! Passkeys, sessions and recovery codes of the person who asks.

use homeport_model::{
    account::{AccountSettings, Me},
    id::{PasskeyId, SessionId},
};
use leptos::{prelude::*, server_fn::codec::GetUrl};

use super::WireError;
#[cfg(feature = "ssr")]
use super::{context, error::with_status};

/// Who is looking.
#[server(prefix = "/api/ui", endpoint = "accounts/me", input = GetUrl)]
pub async fn read_me() -> Result<Me, WireError> {
    let (backend, actor) = context()?;
    with_status(backend.accounts.me(&actor).await)
}

/// All that Settings shows.
#[server(prefix = "/api/ui", endpoint = "accounts/settings", input = GetUrl)]
pub async fn read_account() -> Result<AccountSettings, WireError> {
    let (backend, actor) = context()?;
    let mut account = with_status(backend.accounts.settings(&actor).await)?;
    if !account.me.must_add_passkey {
        account.tokens = with_status(backend.tokens.list(&actor).await)?;
        account.ssh = with_status(backend.ssh_keys.settings(&actor).await)?;
    }
    Ok(account)
}

/// Gives a passkey another name.
#[server(prefix = "/api/ui", endpoint = "accounts/rename-passkey")]
pub async fn rename_passkey(id: PasskeyId, label: String) -> Result<(), WireError> {
    let (backend, actor) = context()?;
    with_status(backend.accounts.rename_passkey(&actor, &id, label).await)
}

/// Removes a passkey and ends its sessions.
#[server(prefix = "/api/ui", endpoint = "accounts/remove-passkey")]
pub async fn remove_passkey(id: PasskeyId) -> Result<(), WireError> {
    let (backend, actor) = context()?;
    with_status(backend.accounts.remove_passkey(&actor, &id).await)
}

/// Ends one session.
#[server(prefix = "/api/ui", endpoint = "accounts/end-session")]
pub async fn end_session(id: SessionId) -> Result<(), WireError> {
    let (backend, actor) = context()?;
    with_status(backend.accounts.end_session(&actor, &id).await)
}

/// Ends all sessions but this one.
#[server(prefix = "/api/ui", endpoint = "accounts/end-other-sessions")]
pub async fn end_other_sessions() -> Result<(), WireError> {
    let (backend, actor) = context()?;
    with_status(backend.accounts.end_other_sessions(&actor).await)
}

/// Replaces the recovery codes; the new ones are shown this once.
#[server(prefix = "/api/ui", endpoint = "accounts/new-recovery-codes")]
pub async fn new_recovery_codes() -> Result<Vec<String>, WireError> {
    let (backend, actor) = context()?;
    with_status(backend.accounts.new_recovery_codes(&actor).await)
}
