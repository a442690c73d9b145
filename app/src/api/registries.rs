//! Sign-ins to image registries.

use homeport_model::access::{RegistryForm, RegistryHost, RegistryRow};
use leptos::{prelude::*, server_fn::codec::GetUrl};

use super::WireError;
#[cfg(feature = "ssr")]
use super::{context, error::with_status};

/// All of them.
#[server(prefix = "/api/ui", endpoint = "registries/list", input = GetUrl)]
pub async fn list_registries() -> Result<Vec<RegistryRow>, WireError> {
    let (backend, actor) = context()?;
    with_status(backend.registries.list(&actor).await)
}

/// Keeps one, once the registry lets it in.
#[server(prefix = "/api/ui", endpoint = "registries/keep")]
pub async fn keep_registry(form: RegistryForm) -> Result<(), WireError> {
    let (backend, actor) = context()?;
    with_status(backend.registries.keep(&actor, form).await)
}

/// Forgets one.
#[server(prefix = "/api/ui", endpoint = "registries/forget")]
pub async fn forget_registry(host: RegistryHost) -> Result<(), WireError> {
    let (backend, actor) = context()?;
    with_status(backend.registries.forget(&actor, &host).await)
}

/// Asks a registry whether it still lets its sign-in in.
#[server(prefix = "/api/ui", endpoint = "registries/try-it")]
pub async fn try_registry(host: RegistryHost) -> Result<RegistryHost, WireError> {
    let (backend, actor) = context()?;
    with_status(backend.registries.try_it(&actor, &host).await)?;
    Ok(host)
}
