//! Cloudflare Tunnel.

use homeport_model::tunnel::{TunnelForm, TunnelView};
use leptos::{prelude::*, server_fn::codec::GetUrl};

use super::WireError;
#[cfg(feature = "ssr")]
use super::{context, error::with_status};

/// The tunnel, how its connector is, and the names that come in by it.
#[server(prefix = "/api/ui", endpoint = "tunnel/find", input = GetUrl)]
pub async fn find_tunnel() -> Result<TunnelView, WireError> {
    let (backend, actor) = context()?;
    with_status(backend.tunnel.find(&actor).await)
}

/// Keeps a token, and runs `cloudflared` with it.
#[server(prefix = "/api/ui", endpoint = "tunnel/keep")]
pub async fn keep_tunnel(form: TunnelForm) -> Result<(), WireError> {
    let (backend, actor) = context()?;
    with_status(backend.tunnel.keep(&actor, form).await)
}

/// Forgets the token.
#[server(prefix = "/api/ui", endpoint = "tunnel/remove")]
pub async fn remove_tunnel() -> Result<(), WireError> {
    let (backend, actor) = context()?;
    with_status(backend.tunnel.remove(&actor).await)
}
