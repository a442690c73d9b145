//! Keys and sign-ins for private repositories.

use homeport_model::{
    access::{AccessView, SignInForm, Tried},
    name::AppName,
};
use leptos::{prelude::*, server_fn::codec::GetUrl};

use super::WireError;
#[cfg(feature = "ssr")]
use super::{context, error::with_status};

/// An app's access to its source.
#[server(prefix = "/api/ui", endpoint = "access/find", input = GetUrl)]
pub async fn find_access(app: AppName) -> Result<AccessView, WireError> {
    let (backend, actor) = context()?;
    with_status(backend.access.find(&actor, &app).await)
}

/// Makes a new deploy key.
#[server(prefix = "/api/ui", endpoint = "access/make-key")]
pub async fn make_key(app: AppName) -> Result<(), WireError> {
    let (backend, actor) = context()?;
    with_status(backend.access.make_key(&actor, &app).await)
}

/// Forgets the deploy key.
#[server(prefix = "/api/ui", endpoint = "access/remove-key")]
pub async fn remove_key(app: AppName) -> Result<(), WireError> {
    let (backend, actor) = context()?;
    with_status(backend.access.remove_key(&actor, &app).await)
}

/// Keeps a user and a token.
#[server(prefix = "/api/ui", endpoint = "access/set-sign-in")]
pub async fn set_sign_in(app: AppName, form: SignInForm) -> Result<(), WireError> {
    let (backend, actor) = context()?;
    with_status(backend.access.set_sign_in(&actor, &app, form).await)
}

/// Forgets them.
#[server(prefix = "/api/ui", endpoint = "access/remove-sign-in")]
pub async fn remove_sign_in(app: AppName) -> Result<(), WireError> {
    let (backend, actor) = context()?;
    with_status(backend.access.remove_sign_in(&actor, &app).await)
}

/// Asks the host for the app's branch.
#[server(prefix = "/api/ui", endpoint = "access/try-it")]
pub async fn try_access(app: AppName) -> Result<Tried, WireError> {
    let (backend, actor) = context()?;
    with_status(backend.access.try_it(&actor, &app).await)
}

/// Believes the key that the SSH server has now.
#[server(prefix = "/api/ui", endpoint = "access/trust-host")]
pub async fn trust_host(app: AppName, fingerprint: String) -> Result<(), WireError> {
    let (backend, actor) = context()?;
    with_status(backend.access.trust_host(&actor, &app, &fingerprint).await)
}
