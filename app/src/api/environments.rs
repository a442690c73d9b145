//! Environments: of `app`, or of all apps when it is not said.

use homeport_model::{
    environment::{EnvDifference, EnvExport, EnvFormat, EnvPage, EnvVersion, Length, ScopeChoice, Spelling},
    name::{AppName, EnvKey},
};
use leptos::{prelude::*, server_fn::codec::GetUrl};

use super::WireError;
#[cfg(feature = "ssr")]
use super::{context, error::with_status};

/// The variables; secrets are masked.
#[server(prefix = "/api/ui", endpoint = "environments/find", input = GetUrl)]
pub async fn find_environment(app: Option<AppName>) -> Result<EnvPage, WireError> {
    let (backend, actor) = context()?;
    with_status(backend.environments.find(&actor, app.as_ref()).await)
}

/// What saving a `.env` text would change.
#[server(prefix = "/api/ui", endpoint = "environments/preview")]
pub async fn preview_environment(
    app: Option<AppName>,
    text: String,
    scope: ScopeChoice,
) -> Result<Vec<EnvDifference>, WireError> {
    let (backend, actor) = context()?;
    with_status(backend.environments.preview(&actor, app.as_ref(), &text, scope).await)
}

/// Sets the variables of a `.env` text; returns how many changed.
#[server(prefix = "/api/ui", endpoint = "environments/set")]
pub async fn set_environment(app: Option<AppName>, text: String, scope: ScopeChoice) -> Result<u32, WireError> {
    let (backend, actor) = context()?;
    with_status(backend.environments.set(&actor, app.as_ref(), &text, scope).await)
}

/// Removes one variable.
#[server(prefix = "/api/ui", endpoint = "environments/unset")]
pub async fn unset_variable(app: Option<AppName>, key: EnvKey) -> Result<(), WireError> {
    let (backend, actor) = context()?;
    with_status(backend.environments.unset(&actor, app.as_ref(), &key).await)
}

/// Shows or masks one variable on the page.
#[server(prefix = "/api/ui", endpoint = "environments/set-secret")]
pub async fn set_secret(app: Option<AppName>, key: EnvKey, secret: bool) -> Result<(), WireError> {
    let (backend, actor) = context()?;
    with_status(backend.environments.set_secret(&actor, app.as_ref(), &key, secret).await)
}

/// Sets one variable to a secret made on the server.
#[server(prefix = "/api/ui", endpoint = "environments/generate")]
pub async fn generate_secret(
    app: Option<AppName>,
    key: EnvKey,
    length: Length,
    spelling: Spelling,
) -> Result<(), WireError> {
    let (backend, actor) = context()?;
    with_status(backend.environments.generate(&actor, app.as_ref(), &key, length, spelling).await)
}

/// The versions, newest first.
#[server(prefix = "/api/ui", endpoint = "environments/versions", input = GetUrl)]
pub async fn environment_versions(app: Option<AppName>) -> Result<Vec<EnvVersion>, WireError> {
    let (backend, actor) = context()?;
    with_status(backend.environments.versions(&actor, app.as_ref()).await)
}

/// What differs between two versions.
#[server(prefix = "/api/ui", endpoint = "environments/difference", input = GetUrl)]
pub async fn environment_difference(app: Option<AppName>, from: u32, to: u32) -> Result<Vec<EnvDifference>, WireError> {
    let (backend, actor) = context()?;
    with_status(backend.environments.difference(&actor, app.as_ref(), from, to).await)
}

/// Makes the environment as it was; returns how many variables changed.
#[server(prefix = "/api/ui", endpoint = "environments/bring-back")]
pub async fn bring_back(app: Option<AppName>, number: u32) -> Result<u32, WireError> {
    let (backend, actor) = context()?;
    with_status(backend.environments.bring_back(&actor, app.as_ref(), number).await)
}

/// The environment as text, secrets included.
#[server(prefix = "/api/ui", endpoint = "environments/export")]
pub async fn export_environment(app: Option<AppName>, format: EnvFormat) -> Result<EnvExport, WireError> {
    let (backend, actor) = context()?;
    with_status(backend.environments.export(&actor, app.as_ref(), format).await)
}
