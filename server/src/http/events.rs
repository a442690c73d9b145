//! Server-sent events: what changed, and the lines of a job's log.
//!
//! A stream ends when its session does: it is asked again every few seconds. A slow reader loses
//! events, never memory; lines come from the store by number, so that none is lost or doubled.

use std::{convert::Infallible, time::Duration};

use axum::{
    Extension,
    extract::{Path, Query, State},
    http::HeaderMap,
    response::{
        IntoResponse, Response, Sse,
        sse::{Event as SseEvent, KeepAlive},
    },
};
use futures_util::Stream;
use homeport_model::{actor::Actor, event::Topic, id::JobId, problem::Problem};
use serde::Deserialize;
use tokio::{
    sync::{broadcast::error::RecvError, mpsc},
    time::{Instant, interval_at},
};
use tokio_stream::wrappers::ReceiverStream;

use super::{Panel, answer, cookie};

/// How many events wait for a slow reader.
const BUFFER: usize = 64;
/// How often the session is asked whether it still lives.
pub(super) const CHECK_SESSION: Duration = Duration::from_secs(15);
/// How often a quiet stream says that it is there; proxies cut silent ones.
pub(super) const KEEP_ALIVE: Duration = Duration::from_secs(20);

type Sender = mpsc::Sender<Result<SseEvent, Infallible>>;

/// `/events`: one message for each change of a topic.
pub(super) async fn events(State(panel): State<Panel>, headers: HeaderMap) -> Response {
    let (sender, stream) = channel();
    let token = cookie::read(&headers).unwrap_or_default().to_owned();
    tokio::spawn(async move {
        let mut changes = panel.hub.listen();
        let mut check = interval_at(Instant::now() + CHECK_SESSION, CHECK_SESSION);
        loop {
            let event = tokio::select! {
                change = changes.recv() => match change {
                    Ok(change) => SseEvent::default().json_data(&change),
                    // It has missed some: everything may have changed.
                    Err(RecvError::Lagged(_)) => {
                        let version = panel.hub.version();
                        SseEvent::default().json_data(homeport_model::event::Event { topic: Topic::Apps, version })
                    }
                    Err(RecvError::Closed) => return,
                },
                _ = check.tick() => {
                    if !is_live(&panel, &token).await { return }
                    continue;
                }
                () = sender.closed() => return,
            };
            let Ok(event) = event else { return };
            if sender.send(Ok(event)).await.is_err() {
                return;
            }
        }
    });
    respond(stream)
}

/// Where a log's page has got to.
#[derive(Deserialize)]
pub(super) struct Position {
    #[serde(default)]
    after: u64,
}

/// `/events/jobs/{job}/log`: the lines after `Last-Event-ID` or `after`, then those to come; `end` when the job
/// is over.
pub(super) async fn job_log(
    State(panel): State<Panel>,
    Extension(actor): Extension<Actor>,
    Path(job): Path<String>,
    Query(from): Query<Position>,
    headers: HeaderMap,
) -> Response {
    let Ok(job) = job.parse::<JobId>() else { return answer::respond(&Problem::not_found("job")) };
    if let Err(problem) = panel.backend.deploys.job(&actor, &job).await {
        return answer::respond(&problem);
    }
    let after = headers.get("last-event-id").and_then(|id| id.to_str().ok()?.parse().ok()).unwrap_or(from.after);
    let token = cookie::read(&headers).unwrap_or_default().to_owned();
    let (sender, stream) = channel();
    tokio::spawn(async move { follow(&panel, &actor, &job, after, &token, &sender).await });
    respond(stream)
}

async fn follow(panel: &Panel, actor: &Actor, job: &JobId, mut after: u64, token: &str, sender: &Sender) {
    let mut growth = panel.logs.listen();
    let mut check = interval_at(Instant::now() + CHECK_SESSION, CHECK_SESSION);
    loop {
        // The state first: lines that came before a final state are then all read.
        let Ok(row) = panel.backend.deploys.job(actor, job).await else { return };
        loop {
            let Ok(lines) = panel.backend.deploys.log(actor, job, after).await else { return };
            let Some(last) = lines.last() else { break };
            after = last.number;
            for line in &lines {
                let Ok(event) = SseEvent::default().id(line.number.to_string()).json_data(line) else { return };
                if sender.send(Ok(event)).await.is_err() {
                    return;
                }
            }
        }
        if row.state.is_final() {
            let _ = sender.send(Ok(SseEvent::default().event("end").data(row.state.as_str()))).await;
            return;
        }
        loop {
            tokio::select! {
                grown = growth.recv() => match grown {
                    Ok(grown) if grown == *job => break,
                    Ok(_) => {}
                    Err(RecvError::Lagged(_)) => break,
                    Err(RecvError::Closed) => return,
                },
                _ = check.tick() => if !is_live(panel, token).await { return },
                () = sender.closed() => return,
            }
        }
    }
}

pub(super) async fn is_live(panel: &Panel, token: &str) -> bool {
    panel.accounts.is_live(token).await.unwrap_or(false)
}

fn channel() -> (Sender, impl Stream<Item = Result<SseEvent, Infallible>> + Send) {
    let (sender, receiver) = mpsc::channel(BUFFER);
    (sender, ReceiverStream::new(receiver))
}

fn respond(stream: impl Stream<Item = Result<SseEvent, Infallible>> + Send + 'static) -> Response {
    Sse::new(stream).keep_alive(KeepAlive::new().interval(KEEP_ALIVE)).into_response()
}
