//! The address that webhooks are sent to. It takes no cookie; a delivery proves itself.

use axum::{
    Extension, Json,
    body::Bytes,
    extract::{Path, RawQuery, State},
    response::{IntoResponse, Response},
};
use homeport_model::{
    id::AppId,
    problem::{Code, Problem},
    webhook::Reply,
};
use http::{HeaderMap, StatusCode};

use super::{
    Caller, Panel,
    answer::{self, Refused},
};
use crate::webhooks::{Delivery, Received};

/// 202 with the deploy, 200 with the reason why there is none, 401 for whoever does not know the
/// secret or the address, 413 for a body beyond the route's limit.
pub(super) async fn receive(
    State(panel): State<Panel>,
    Extension(caller): Extension<Caller>,
    Path(app): Path<String>,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
    body: Result<Bytes, axum::extract::rejection::BytesRejection>,
) -> Result<Response, Refused> {
    let Ok(body) = body else {
        return Ok(answer::respond(&Problem::new(Code::TooLarge, "That is too much to send at once.")));
    };
    let refuse = || answer::respond(&Problem::new(Code::SignInRequired, "The signature is missing or wrong."));
    let Ok(app) = app.parse::<AppId>() else { return Ok(refuse()) };
    let query = query.unwrap_or_default();
    let token = query.split('&').find_map(|pair| pair.strip_prefix("token="));
    let delivery = Delivery { app, headers: &headers, token, body: &body, address: caller.visit.address.clone() };
    Ok(match panel.webhooks.receive(delivery).await? {
        Received::Refused => refuse(),
        Received::Taken(reply @ Reply::Deploy { .. }) => (StatusCode::ACCEPTED, Json(reply)).into_response(),
        Received::Taken(reply @ Reply::Ignored { .. }) => (StatusCode::OK, Json(reply)).into_response(),
    })
}
