//! Deploys' statuses on the Git host.

use homeport_model::{
    name::AppName,
    webhook::{StatusForm, StatusView},
};
use leptos::{prelude::*, server_fn::codec::GetUrl};

use super::WireError;
#[cfg(feature = "ssr")]
use super::{context, error::with_status};

/// Whom an app's deploys are told to.
#[server(prefix = "/api/ui", endpoint = "statuses/find", input = GetUrl)]
pub async fn find_statuses(app: AppName) -> Result<StatusView, WireError> {
    let (backend, actor) = context()?;
    with_status(backend.statuses.find(&actor, &app).await)
}

/// Tells a Git host of an app's deploys from now on.
#[server(prefix = "/api/ui", endpoint = "statuses/set")]
pub async fn set_statuses(app: AppName, form: StatusForm) -> Result<(), WireError> {
    let (backend, actor) = context()?;
    with_status(backend.statuses.set(&actor, &app, form).await)
}

/// Tells nobody any more.
#[server(prefix = "/api/ui", endpoint = "statuses/unset")]
pub async fn unset_statuses(app: AppName) -> Result<(), WireError> {
    let (backend, actor) = context()?;
    with_status(backend.statuses.unset(&actor, &app).await)
}
