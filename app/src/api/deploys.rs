//! Deploys, releases and their jobs.

use homeport_model::{
    deploy::{Comparison, DeployDetail, ReleaseRow},
    id::JobId,
    job::LogLine,
    name::{AppName, Port},
};
use leptos::{prelude::*, server_fn::codec::GetUrl};

use super::WireError;
#[cfg(feature = "ssr")]
use super::{context, error::with_status};

/// Deploys the newest commit or image; goes to the deploy's page.
#[server(prefix = "/api/ui", endpoint = "deploys/deploy")]
pub async fn deploy(app: AppName) -> Result<u32, WireError> {
    let (backend, actor) = context()?;
    let number = with_status(backend.deploys.deploy(&actor, &app).await)?;
    leptos_axum::redirect(&format!("/apps/{app}/deploys/{number}"));
    Ok(number)
}

/// Deploys the newest commit, built without anything that earlier builds left; goes to the deploy's
/// page.
#[server(prefix = "/api/ui", endpoint = "deploys/without-cache")]
pub async fn deploy_without_cache(app: AppName) -> Result<u32, WireError> {
    let (backend, actor) = context()?;
    let number = with_status(backend.deploys.deploy_without_cache(&actor, &app, None).await)?;
    leptos_axum::redirect(&format!("/apps/{app}/deploys/{number}"));
    Ok(number)
}

/// Sets the port that a failed deploy's problem offers, and deploys again; goes to the deploy's page.
#[server(prefix = "/api/ui", endpoint = "deploys/fix")]
pub async fn fix_deploy(app: AppName, port: Port) -> Result<u32, WireError> {
    let (backend, actor) = context()?;
    let number = with_status(backend.deploys.fix(&actor, &app, homeport_model::problem::Fix::SetPort { port }).await)?;
    leptos_axum::redirect(&format!("/apps/{app}/deploys/{number}"));
    Ok(number)
}

/// Switches to the content of a kept release; goes to the new release's page.
#[server(prefix = "/api/ui", endpoint = "deploys/roll-back")]
pub async fn roll_back(app: AppName, to: u32) -> Result<u32, WireError> {
    let (backend, actor) = context()?;
    let number = with_status(backend.deploys.roll_back(&actor, &app, to).await)?;
    leptos_axum::redirect(&format!("/apps/{app}/deploys/{number}"));
    Ok(number)
}

/// Starts what serves anew; goes to the new release's page.
#[server(prefix = "/api/ui", endpoint = "deploys/restart")]
pub async fn restart(app: AppName) -> Result<u32, WireError> {
    let (backend, actor) = context()?;
    let number = with_status(backend.deploys.restart(&actor, &app).await)?;
    leptos_axum::redirect(&format!("/apps/{app}/deploys/{number}"));
    Ok(number)
}

/// Every release of an app, newest first.
#[server(prefix = "/api/ui", endpoint = "deploys/list", input = GetUrl)]
pub async fn list_deploys(app: AppName) -> Result<Vec<ReleaseRow>, WireError> {
    let (backend, actor) = context()?;
    with_status(backend.deploys.list(&actor, &app).await)
}

/// Two releases of an app beside each other.
#[server(prefix = "/api/ui", endpoint = "deploys/compare", input = GetUrl)]
pub async fn compare_releases(app: AppName, from: u32, to: u32) -> Result<Comparison, WireError> {
    let (backend, actor) = context()?;
    with_status(backend.deploys.compare(&actor, &app, from, to).await)
}

/// One deploy with its steps.
#[server(prefix = "/api/ui", endpoint = "deploys/find", input = GetUrl)]
pub async fn find_deploy(app: AppName, number: u32) -> Result<DeployDetail, WireError> {
    let (backend, actor) = context()?;
    with_status(backend.deploys.find(&actor, &app, number).await)
}

/// Stops a queued or running job before its commit point.
#[server(prefix = "/api/ui", endpoint = "deploys/cancel")]
pub async fn cancel_job(job: JobId) -> Result<(), WireError> {
    let (backend, actor) = context()?;
    with_status(backend.deploys.cancel(&actor, &job).await)
}

/// Lines of a job's log after line `after`.
#[server(prefix = "/api/ui", endpoint = "deploys/log", input = GetUrl)]
pub async fn job_log(job: JobId, after: u64) -> Result<Vec<LogLine>, WireError> {
    let (backend, actor) = context()?;
    with_status(backend.deploys.log(&actor, &job, after).await)
}
