//! `/api/v1`: what programs may ask with a token. The same services answer as for the pages.

use axum::{
    Extension, Json,
    body::Bytes,
    extract::{Path, RawQuery, State},
    response::{IntoResponse, Response},
};
use homeport_model::{
    actor::Actor,
    api::{ApiApp, ApiDeploy, ApiDeployRequest, ApiLog, ApiRollBackRequest},
    name::{AppName, CommitRef, Refused as NotAName},
    problem::{Code, Problem},
};
use http::{HeaderValue, StatusCode, header};
use serde::de::DeserializeOwned;
use serde_json::json;

use super::{
    Panel,
    answer::{self, Refused},
};
use crate::tokens::Bearer;

/// The description of all this, for programs that make programs.
pub const OPENAPI: &str = include_str!("../../../docs/openapi.json");

type Answer<T> = Result<T, Refused>;

pub(super) async fn openapi() -> Response {
    ([(header::CONTENT_TYPE, HeaderValue::from_static("application/json"))], OPENAPI).into_response()
}

pub(super) async fn apps(
    State(panel): State<Panel>,
    Extension(bearer): Extension<Bearer>,
) -> Answer<Json<Vec<ApiApp>>> {
    let rows = panel.backend.apps.list(&bearer.actor).await?;
    let mine = rows.into_iter().filter(|row| bearer.app.as_ref().is_none_or(|app| *app == row.id));
    Ok(Json(mine.map(ApiApp::from).collect()))
}

pub(super) async fn app(
    State(panel): State<Panel>,
    Extension(bearer): Extension<Bearer>,
    Path(name): Path<String>,
) -> Answer<Json<ApiApp>> {
    let name = allowed(&panel, &bearer, &name).await?;
    Ok(Json(panel.backend.apps.find(&bearer.actor, &name).await?.row.into()))
}

pub(super) async fn deploy(
    State(panel): State<Panel>,
    Extension(bearer): Extension<Bearer>,
    Path(name): Path<String>,
    body: Bytes,
) -> Answer<Response> {
    let name = allowed(&panel, &bearer, &name).await?;
    let asked: ApiDeployRequest = if body.is_empty() { ApiDeployRequest::default() } else { read(&body)? };
    let deploys = &panel.backend.deploys;
    let number = match (asked.image, asked.commit) {
        (Some(_), Some(_)) => {
            return Err(
                Problem::invalid("ref", "An app comes from an image or from a repository, not from both.").into()
            );
        }
        (Some(_), None) if asked.no_cache => {
            return Err(Problem::invalid("no_cache", "An image is run as it is; nothing is built.").into());
        }
        (None, commit) if asked.no_cache => {
            let commit = commit.map(commit_ref).transpose()?;
            deploys.deploy_without_cache(&bearer.actor, &name, commit.as_ref()).await?
        }
        (Some(image), None) => deploys.deploy_image(&bearer.actor, &name, &image).await?,
        (None, Some(commit)) => deploys.deploy_commit(&bearer.actor, &name, &commit_ref(commit)?).await?,
        (None, None) => deploys.deploy(&bearer.actor, &name).await?,
    };
    accepted(&panel, &name, number)
}

fn commit_ref(typed: String) -> Result<CommitRef, Problem> {
    typed.parse().map_err(|refused: NotAName| Problem::invalid("ref", refused.0))
}

pub(super) async fn roll_back(
    State(panel): State<Panel>,
    Extension(bearer): Extension<Bearer>,
    Path(name): Path<String>,
    body: Bytes,
) -> Answer<Response> {
    let name = allowed(&panel, &bearer, &name).await?;
    let asked: ApiRollBackRequest = read(&body)?;
    let number = panel.backend.deploys.roll_back(&bearer.actor, &name, asked.to).await?;
    accepted(&panel, &name, number)
}

pub(super) async fn one_deploy(
    State(panel): State<Panel>,
    Extension(bearer): Extension<Bearer>,
    Path((name, number)): Path<(String, String)>,
) -> Answer<Json<ApiDeploy>> {
    let name = allowed(&panel, &bearer, &name).await?;
    Ok(Json(find(&panel, &bearer.actor, &name, &number).await?))
}

/// Lines after `?after=`; asked again and again, it follows.
pub(super) async fn log(
    State(panel): State<Panel>,
    Extension(bearer): Extension<Bearer>,
    Path((name, number)): Path<(String, String)>,
    RawQuery(query): RawQuery,
) -> Answer<Json<ApiLog>> {
    let name = allowed(&panel, &bearer, &name).await?;
    let query = query.unwrap_or_default();
    let after = match query.split('&').find_map(|pair| pair.strip_prefix("after=")) {
        None => 0,
        Some(after) => after.parse().map_err(|_| Problem::invalid("after", "The number of a line."))?,
    };
    // Asked before the lines, so that a job that ends meanwhile is asked for once more.
    let number = number_of(&number)?;
    let detail = panel.backend.deploys.find(&bearer.actor, &name, number).await?;
    let lines = panel.backend.deploys.log(&bearer.actor, &detail.release.job.id, after).await?;
    let ended = detail.release.job.state.is_final() && lines.len() < 1_000;
    Ok(Json(ApiLog { lines, ended }))
}

async fn find(panel: &Panel, actor: &Actor, name: &AppName, number: &str) -> Result<ApiDeploy, Problem> {
    Ok(panel.backend.deploys.find(actor, name, number_of(number)?).await?.into())
}

fn number_of(number: &str) -> Result<u32, Problem> {
    number.parse().map_err(|_| Problem::not_found("release"))
}

/// The app, if the token may touch it; one of another app looks like none.
pub(super) async fn allowed(panel: &Panel, bearer: &Bearer, name: &str) -> Result<AppName, Problem> {
    let name: AppName = name.parse().map_err(|_| Problem::not_found("app"))?;
    if let Some(only) = &bearer.app {
        let found = panel.backend.apps.find(&bearer.actor, &name).await?;
        if found.row.id != *only {
            return Err(Problem::not_found("app"));
        }
    }
    Ok(name)
}

pub(super) fn accepted(panel: &Panel, name: &AppName, number: u32) -> Answer<Response> {
    let url = format!("{}/apps/{name}/deploys/{number}", panel.origins.primary());
    Ok((StatusCode::ACCEPTED, Json(json!({ "deploy": number, "url": url }))).into_response())
}

fn read<T: DeserializeOwned>(body: &[u8]) -> Result<T, Problem> {
    // A list would read as an object's fields in their order.
    if body.trim_ascii_start().first() != Some(&b'{') {
        return Err(Problem::invalid("body", "That does not read: an object is expected."));
    }
    serde_json::from_slice(body).map_err(|error| Problem::invalid("body", format!("That does not read: {error}.")))
}

/// 401 for a token that is missing, unknown, or over.
pub(super) fn unknown_token() -> Response {
    let problem = Problem::new(Code::SignInRequired, "That needs a token that is known and has not ended.")
        .hint("Send it as “Authorization: Bearer hpt_…”. Settings has the tokens.");
    let mut response = answer::respond(&problem);
    response.headers_mut().insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
    response
}
