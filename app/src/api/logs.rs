//! What an app's containers write.

use homeport_model::{
    log::{LogForm, LogPage},
    name::AppName,
};
use leptos::{prelude::*, server_fn::codec::GetUrl};

use super::WireError;
#[cfg(feature = "ssr")]
use super::{context, error::with_status};

/// A page of lines, or what a search finds.
#[server(prefix = "/api/ui", endpoint = "logs/read", input = GetUrl)]
pub async fn read_log(name: AppName, #[server(default)] form: LogForm) -> Result<LogPage, WireError> {
    let (backend, actor) = context()?;
    with_status(backend.logs.page(&actor, &name, &form).await)
}
