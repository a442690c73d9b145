//! What visitors ask of an app.

use homeport_model::{
    name::AppName,
    traffic::{TrafficForm, TrafficPage},
};
use leptos::{prelude::*, server_fn::codec::GetUrl};

use super::WireError;
#[cfg(feature = "ssr")]
use super::{context, error::with_status};

/// The figures of a window, its series, and the newest requests.
#[server(prefix = "/api/ui", endpoint = "traffic/read", input = GetUrl)]
pub async fn read_traffic(name: AppName, #[server(default)] form: TrafficForm) -> Result<TrafficPage, WireError> {
    let (backend, actor) = context()?;
    with_status(backend.traffic.page(&actor, &name, &form).await)
}
