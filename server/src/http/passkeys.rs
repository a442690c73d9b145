//! The ceremonies as JSON routes: the browser's own API stands between their two halves, so they are
//! no server functions.

use axum::{
    Extension, Json,
    body::Bytes,
    extract::{FromRequest, Request, State},
    response::{IntoResponse, Redirect, Response},
};
use homeport_model::{
    account::{Ceremony, CeremonyAnswer, ClaimForm, Finished, RecoveryForm},
    actor::Actor,
    problem::{Code, Problem},
};
use http::{HeaderName, HeaderValue, StatusCode, header};
use serde::de::DeserializeOwned;

use super::{
    Caller, Panel,
    answer::{self, Refused},
    cookie,
};
use crate::accounts::{Opened, Session};

/// A JSON body. One that does not read is a 422, one of another kind a 415.
pub(super) struct Input<T>(T);

impl<T: DeserializeOwned> FromRequest<Panel> for Input<T> {
    type Rejection = Response;
    async fn from_request(request: Request, panel: &Panel) -> Result<Self, Response> {
        let kind = request.headers().get(header::CONTENT_TYPE).and_then(|kind| kind.to_str().ok()).unwrap_or_default();
        if kind.split(';').next().map(str::trim) != Some("application/json") {
            return Err(StatusCode::UNSUPPORTED_MEDIA_TYPE.into_response());
        }
        let bytes =
            Bytes::from_request(request, panel).await.map_err(|_| StatusCode::PAYLOAD_TOO_LARGE.into_response())?;
        serde_json::from_slice(&bytes).map(Self).map_err(|error| {
            tracing::debug!("a body does not read: {error}");
            answer::respond(&Problem::invalid("body", "That request does not read."))
        })
    }
}

type Started = Result<Json<Ceremony>, Refused>;

pub(super) async fn start_claim(
    State(panel): State<Panel>,
    Extension(caller): Extension<Caller>,
    Input(form): Input<ClaimForm>,
) -> Started {
    Ok(Json(panel.accounts.begin_claim(form, &caller.visit).await?))
}

pub(super) async fn finish_claim(
    State(panel): State<Panel>,
    Extension(caller): Extension<Caller>,
    Input(answer): Input<CeremonyAnswer>,
) -> Result<Response, Refused> {
    let (opened, finished) = panel.accounts.finish_claim(answer, &caller.visit).await?;
    Ok((StatusCode::CREATED, entered(Some(&opened), finished)).into_response())
}

pub(super) async fn start_sign_in(State(panel): State<Panel>, Extension(caller): Extension<Caller>) -> Started {
    Ok(Json(panel.accounts.begin_sign_in(&caller.visit)?))
}

pub(super) async fn finish_sign_in(
    State(panel): State<Panel>,
    Extension(caller): Extension<Caller>,
    Input(answer): Input<CeremonyAnswer>,
) -> Result<Response, Refused> {
    let (opened, finished) = panel.accounts.finish_sign_in(answer, caller.session.as_ref(), &caller.visit).await?;
    Ok(entered(Some(&opened), finished))
}

pub(super) async fn start_step_up(State(panel): State<Panel>, Extension(caller): Extension<Caller>) -> Started {
    Ok(Json(panel.accounts.begin_step_up(session(&caller)?, &caller.visit)?))
}

pub(super) async fn finish_step_up(
    State(panel): State<Panel>,
    Extension(caller): Extension<Caller>,
    Input(answer): Input<CeremonyAnswer>,
) -> Result<Response, Refused> {
    let finished = panel.accounts.finish_step_up(session(&caller)?, answer, &caller.visit).await?;
    Ok(entered(None, finished))
}

pub(super) async fn start_passkey(State(panel): State<Panel>, Extension(caller): Extension<Caller>) -> Started {
    Ok(Json(panel.accounts.begin_passkey(session(&caller)?, &caller.visit).await?))
}

pub(super) async fn finish_passkey(
    State(panel): State<Panel>,
    Extension(caller): Extension<Caller>,
    Input(answer): Input<CeremonyAnswer>,
) -> Result<Response, Refused> {
    let (opened, finished) = panel.accounts.finish_passkey(session(&caller)?, answer, &caller.visit).await?;
    Ok(entered(opened.as_ref(), finished))
}

pub(super) async fn recover_with_code(
    State(panel): State<Panel>,
    Extension(caller): Extension<Caller>,
    Input(form): Input<RecoveryForm>,
) -> Result<Response, Refused> {
    let (opened, finished) = panel.accounts.recover_with_code(&form.secret, &caller.visit).await?;
    Ok(entered(Some(&opened), finished))
}

pub(super) async fn recover_with_link(
    State(panel): State<Panel>,
    Extension(caller): Extension<Caller>,
    Input(form): Input<RecoveryForm>,
) -> Result<Response, Refused> {
    let (opened, finished) = panel.accounts.recover_with_link(&form.secret, &caller.visit).await?;
    Ok(entered(Some(&opened), finished))
}

/// A plain form sends this, so that it works without script.
pub(super) async fn sign_out(State(panel): State<Panel>, actor: Option<Extension<Actor>>) -> Result<Response, Refused> {
    if let Some(Extension(actor)) = actor {
        panel.accounts.sign_out(&actor).await?;
    }
    let mut response = Redirect::to("/sign-in").into_response();
    response.headers_mut().append(header::SET_COOKIE, cookie::clear());
    // Not "cookies": browsers clear those of sibling hosts too, and the apps live there.
    response
        .headers_mut()
        .insert(HeaderName::from_static("clear-site-data"), HeaderValue::from_static("\"cache\", \"storage\""));
    Ok(response)
}

fn session(caller: &Caller) -> Result<&Session, Problem> {
    caller.session.as_ref().ok_or_else(|| Problem::new(Code::SignInRequired, "Sign in first."))
}

/// A finished ceremony, with its cookie.
fn entered(opened: Option<&Opened>, finished: Finished) -> Response {
    let mut response = Json(finished).into_response();
    if let Some(opened) = opened {
        response.headers_mut().append(header::SET_COOKIE, cookie::set(&opened.token));
    }
    response
}
