//! Webhooks and what they received.

use homeport_model::{
    id::DeliveryId,
    name::AppName,
    webhook::{DeliveryRow, NewSecret, WebhookRow},
};
use leptos::{prelude::*, server_fn::codec::GetUrl};

use super::WireError;
#[cfg(feature = "ssr")]
use super::{context, error::with_status};

/// An app's webhook.
#[server(prefix = "/api/ui", endpoint = "webhooks/find", input = GetUrl)]
pub async fn find_webhook(app: AppName) -> Result<WebhookRow, WireError> {
    let (backend, actor) = context()?;
    with_status(backend.webhooks.find(&actor, &app).await)
}

/// The newest deliveries of all apps.
#[server(prefix = "/api/ui", endpoint = "webhooks/inbox", input = GetUrl)]
pub async fn list_deliveries() -> Result<Vec<DeliveryRow>, WireError> {
    let (backend, actor) = context()?;
    with_status(backend.webhooks.inbox(&actor).await)
}

/// A new secret for an app's webhook, shown this once.
#[server(prefix = "/api/ui", endpoint = "webhooks/renew-secret")]
pub async fn renew_secret(app: AppName) -> Result<NewSecret, WireError> {
    let (backend, actor) = context()?;
    with_status(backend.webhooks.renew_secret(&actor, &app).await)
}

/// Decides a delivery anew and goes to the release that it makes.
#[server(prefix = "/api/ui", endpoint = "webhooks/replay")]
pub async fn replay(id: DeliveryId, app: AppName) -> Result<u32, WireError> {
    let (backend, actor) = context()?;
    let number = with_status(backend.webhooks.replay(&actor, &id).await)?;
    leptos_axum::redirect(&format!("/apps/{app}/deploys/{number}"));
    Ok(number)
}
