//! The panel's own names.

use homeport_model::{
    name::HostName,
    panel_domain::{PanelNameForm, PanelNameRow},
};
use leptos::{prelude::*, server_fn::codec::GetUrl};

use super::WireError;
#[cfg(feature = "ssr")]
use super::{context, error::with_status};

/// All of them, the configured one first.
#[server(prefix = "/api/ui", endpoint = "panel-domain/list", input = GetUrl)]
pub async fn list_panel_names() -> Result<Vec<PanelNameRow>, WireError> {
    let (backend, actor) = context()?;
    with_status(backend.panel_domain.list(&actor).await)
}

/// Gives the panel a further name, to be rehearsed.
#[server(prefix = "/api/ui", endpoint = "panel-domain/try-name")]
pub async fn try_panel_name(form: PanelNameForm) -> Result<(), WireError> {
    let (backend, actor) = context()?;
    with_status(backend.panel_domain.try_name(&actor, form).await)
}

/// Makes a link that lets the person in at a name, once; with `anyway` they say that they know better.
#[server(prefix = "/api/ui", endpoint = "panel-domain/go-to")]
pub async fn go_to_panel_name(name: HostName, anyway: Option<String>) -> Result<String, WireError> {
    let (backend, actor) = context()?;
    with_status(backend.panel_domain.go_to(&actor, &name, anyway.is_some()).await)
}

/// Lets a name come in by the tunnel, and by no other way; nothing for `tunnel` is at this server's own ports.
/// With `anyway` a switch that has begun ends without an answer.
#[server(prefix = "/api/ui", endpoint = "panel-domain/set-way")]
pub async fn set_panel_way_in(name: HostName, tunnel: Option<String>, anyway: Option<String>) -> Result<(), WireError> {
    let (backend, actor) = context()?;
    with_status(backend.panel_domain.set_way(&actor, &name, tunnel.is_some(), anyway.is_some()).await)
}

/// Gives a name up; `anyway` confirms what people lose by it.
#[server(prefix = "/api/ui", endpoint = "panel-domain/leave")]
pub async fn leave_panel_name(name: HostName, anyway: Option<String>) -> Result<(), WireError> {
    let (backend, actor) = context()?;
    with_status(backend.panel_domain.leave(&actor, &name, anyway.is_some()).await)
}
