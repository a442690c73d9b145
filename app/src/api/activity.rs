//! The audit log and all jobs.

use homeport_model::{host::AuditRow, job::JobRow};
use leptos::{prelude::*, server_fn::codec::GetUrl};

use super::WireError;
#[cfg(feature = "ssr")]
use super::{context, error::with_status};

/// Audit rows before number `before`, newest first.
#[server(prefix = "/api/ui", endpoint = "activity/audit", input = GetUrl)]
pub async fn list_audit(before: Option<i64>) -> Result<Vec<AuditRow>, WireError> {
    let (backend, actor) = context()?;
    with_status(backend.activity.audit(&actor, before).await)
}

/// The newest jobs.
#[server(prefix = "/api/ui", endpoint = "activity/jobs", input = GetUrl)]
pub async fn list_jobs() -> Result<Vec<JobRow>, WireError> {
    let (backend, actor) = context()?;
    with_status(backend.activity.jobs(&actor).await)
}
