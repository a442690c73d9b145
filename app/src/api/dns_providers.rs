//! Zones' DNS providers.

use homeport_model::{
    domain::dns_provider::{DnsProviderForm, DnsProviderRow},
    name::HostName,
};
use leptos::{prelude::*, server_fn::codec::GetUrl};

use super::WireError;
#[cfg(feature = "ssr")]
use super::{context, error::with_status};

/// All of them.
#[server(prefix = "/api/ui", endpoint = "dns-providers/list", input = GetUrl)]
pub async fn list_dns_providers() -> Result<Vec<DnsProviderRow>, WireError> {
    let (backend, actor) = context()?;
    with_status(backend.dns_providers.list(&actor).await)
}

/// Keeps one, once it has published a record and taken it back.
#[server(prefix = "/api/ui", endpoint = "dns-providers/keep")]
pub async fn keep_dns_provider(form: DnsProviderForm) -> Result<(), WireError> {
    let (backend, actor) = context()?;
    with_status(backend.dns_providers.keep(&actor, form).await)
}

/// Forgets one.
#[server(prefix = "/api/ui", endpoint = "dns-providers/forget")]
pub async fn forget_dns_provider(zone: HostName) -> Result<(), WireError> {
    let (backend, actor) = context()?;
    with_status(backend.dns_providers.forget(&actor, &zone).await)
}

/// Publishes a harmless record and takes it back.
#[server(prefix = "/api/ui", endpoint = "dns-providers/try-it")]
pub async fn try_dns_provider(zone: HostName) -> Result<HostName, WireError> {
    let (backend, actor) = context()?;
    with_status(backend.dns_providers.try_it(&actor, &zone).await)?;
    Ok(zone)
}
