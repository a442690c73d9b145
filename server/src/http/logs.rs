//! An app's log as a stream for its page, and as a file.
//!
//! The page asks with the choice of its address; [`LogForm::parse`] in the service refuses what makes
//! no sense.

use std::convert::Infallible;

use axum::{
    Extension, Json,
    body::Body,
    extract::{Path, Query, State, rejection::QueryRejection},
    http::HeaderMap,
    response::{
        IntoResponse, Response, Sse,
        sse::{Event as SseEvent, KeepAlive},
    },
};
use futures_util::StreamExt;
use homeport_model::{actor::Actor, api::ApiOutput, log::LogForm, name::AppName, problem::Problem};
use http::{HeaderValue, header};
use tokio::{
    sync::mpsc,
    time::{Instant, interval_at},
};
use tokio_stream::wrappers::ReceiverStream;

use super::{
    Panel,
    answer::{self, Refused},
    api, cookie,
    events::{CHECK_SESSION, KEEP_ALIVE, is_live},
};
use crate::tokens::Bearer;

type Choice = Result<Query<LogForm>, QueryRejection>;

/// What the address chooses; a field that is there twice is no choice.
fn chosen(form: Choice) -> Result<LogForm, Problem> {
    let Query(form) = form.map_err(|_| Problem::invalid("query", "Each field may be there once."))?;
    Ok(form)
}

/// `/api/v1/apps/{name}/logs`: a page of lines; asked again and again with `after`, it follows.
pub(super) async fn by_token(
    State(panel): State<Panel>,
    Extension(bearer): Extension<Bearer>,
    Path(name): Path<String>,
    form: Choice,
) -> Result<Json<ApiOutput>, Refused> {
    let name = api::allowed(&panel, &bearer, &name).await?;
    let form = LogForm { q: String::new(), ..chosen(form)? };
    Ok(Json(panel.backend.logs.page(&bearer.actor, &name, &form).await?.into()))
}

/// `/events/apps/{name}/log`: batches of lines after `Last-Event-ID` or `after`, a moment in
/// nanoseconds; each message's id is the moment of its newest line. Only the batch that is on its way
/// waits for a slow reader.
pub(super) async fn follow(
    State(panel): State<Panel>,
    Extension(actor): Extension<Actor>,
    Path(name): Path<String>,
    form: Choice,
    headers: HeaderMap,
) -> Response {
    let form = match chosen(form) {
        Ok(form) => form,
        Err(problem) => return answer::respond(&problem),
    };
    let Ok(name) = name.parse::<AppName>() else { return answer::respond(&Problem::not_found("app")) };
    let last = headers.get("last-event-id").and_then(|id| id.to_str().ok()).unwrap_or(&form.after).to_owned();
    let form = LogForm { after: last, before: String::new(), around: String::new(), q: String::new(), ..form };
    let mut batches = match panel.backend.logs.follow(&actor, &name, &form).await {
        Ok(batches) => batches,
        Err(problem) => return answer::respond(&problem),
    };
    let token = cookie::read(&headers).unwrap_or_default().to_owned();
    let (sender, receiver) = mpsc::channel::<Result<SseEvent, Infallible>>(1);
    tokio::spawn(async move {
        let mut check = interval_at(Instant::now() + CHECK_SESSION, CHECK_SESSION);
        loop {
            let batch = tokio::select! {
                batch = batches.next() => batch,
                _ = check.tick() => {
                    if !is_live(&panel, &token).await { return }
                    continue;
                }
                () = sender.closed() => return,
            };
            let Some(batch) = batch else { return };
            let newest = batch.lines.iter().map(|line| line.at).max().unwrap_or_default();
            let Ok(event) = SseEvent::default().id(newest.ns().to_string()).json_data(&batch) else { return };
            if sender.send(Ok(event)).await.is_err() {
                return;
            }
        }
    });
    Sse::new(ReceiverStream::new(receiver)).keep_alive(KeepAlive::new().interval(KEEP_ALIVE)).into_response()
}

/// `/apps/{name}/logs/download`: the chosen lines as a file that no browser shows by itself.
pub(super) async fn download(
    State(panel): State<Panel>,
    Extension(actor): Extension<Actor>,
    Path(name): Path<String>,
    form: Choice,
) -> Result<Response, Refused> {
    let form = chosen(form)?;
    let name: AppName = name.parse().map_err(|_| Problem::not_found("app"))?;
    let file = panel.backend.logs.file(&actor, &name, &form.at_end()).await?;
    let attachment = HeaderValue::try_from(format!("attachment; filename=\"{}\"", file.name));
    let attachment = attachment.unwrap_or(HeaderValue::from_static("attachment"));
    let headers = [
        (header::CONTENT_TYPE, HeaderValue::from_static("application/octet-stream")),
        (header::CONTENT_DISPOSITION, attachment),
    ];
    Ok((headers, Body::from_stream(file.pieces.map(Ok::<_, Infallible>))).into_response())
}
