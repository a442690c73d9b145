//! Builds by BuildKit, for Dockerfiles that ask for what only it has: secret and cache mounts. The
//! engine's own one is used, over its ordinary socket; nothing beyond the engine is needed.
//!
//! It does not hold its steps to the memory and processor time of the request: the engine passes
//! neither these nor a parent cgroup on, and runs all steps of all builds in a cgroup of its own
//! (`docker/buildkit`), which belongs to whoever else builds there, too. The time limit holds.

mod progress;
mod session;
mod wire;

use std::sync::{Arc, Mutex};

use futures_util::{StreamExt, TryStreamExt};
use homeport_model::deploy::container::ImageId;
use http_body_util::{BodyDataStream, StreamBody};
use hyper::{
    Request, StatusCode,
    body::{Bytes, Frame},
    header,
};
use serde::Deserialize;
use tokio::time::{Instant, timeout_at};

use super::{
    Docker, Error,
    build::{BuildRequest, Output, Secrets, lock},
    raw,
};

/// How long one message of a build may be.
const MOST_MESSAGE_BYTES: usize = 4 << 20;

/// One message of a build.
#[derive(Deserialize)]
struct Message {
    id: Option<String>,
    aux: Option<Aux>,
    #[serde(rename = "errorDetail")]
    error: Option<Detail>,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Aux {
    Image {
        #[serde(rename = "ID")]
        id: String,
    },
    Trace(String),
}

#[derive(Deserialize)]
struct Detail {
    message: String,
}

impl Docker {
    /// Builds an image by BuildKit, as [`build`](Self::build) does by the classic builder. The
    /// secrets are handed to a step only when it mounts them.
    pub(super) async fn build_by_kit(
        &self,
        request: BuildRequest,
        secrets: Secrets,
        on_line: impl FnMut(&str) + Send,
    ) -> Result<ImageId, Error> {
        let session = session::open(self, &request, secrets).await?;
        let limit = request.limit;
        let address = self.address(&format!("/build?{}", request.kit_query(self.namespace(), &session.id))).await?;
        let broken: Arc<Mutex<Option<String>>> = Arc::default();
        let heard = broken.clone();
        let pieces = request.context.into_pieces().inspect_err(move |error| *lock(&heard) = Some(error.to_string()));
        let call = Request::post(address)
            .header(header::HOST, "docker")
            .header(header::CONTENT_TYPE, "application/x-tar")
            .body(StreamBody::new(pieces.map_ok(Frame::data)))
            .map_err(|_| Error::Answer("a request"))?;
        // Memory of 0: what BuildKit kills, it kills for the server's memory, not for the build's.
        let mut output = Output::new(on_line, 0);
        let deadline = Instant::now() + limit;
        let timed_out = || Error::BuildTimedOut { limit_s: limit.as_secs() };
        let context_or = |error: Error| match lock(&broken).take() {
            Some(reason) => Error::Context(reason),
            None => error,
        };
        let answered = self.call(call, limit).await.map_err(|error| match error {
            Error::Silent => timed_out(),
            other => context_or(other),
        })?;
        let answered = answered.expect(StatusCode::OK).await.map_err(|error| output.failure(error))?;
        // Hangs up, which ends the build, when this is dropped.
        let _connection = answered.connection;
        let mut pieces = BodyDataStream::new(answered.response.into_body());
        let (mut open, mut progress, mut built) = (Vec::new(), progress::Progress::default(), None);
        loop {
            let piece = timeout_at(deadline, pieces.next()).await.map_err(|_| timed_out())?;
            let Some(piece) = piece else { break };
            open.extend_from_slice(&piece.map_err(|error| context_or(raw::lost(error)))?);
            while let Some(end) = open.iter().position(|byte| *byte == b'\n') {
                let line: Vec<u8> = open.drain(..=end).collect();
                built = take(&line, &mut progress, &mut output)?.or(built);
            }
            if open.len() > MOST_MESSAGE_BYTES {
                return Err(Error::Answer("a build's message"));
            }
        }
        output.line_end();
        built.ok_or_else(|| output.failed("it made no image".into()))
    }
}

/// Takes one message; the image's id where the message has it.
fn take<F: FnMut(&str)>(
    line: &[u8],
    progress: &mut progress::Progress,
    output: &mut Output<F>,
) -> Result<Option<ImageId>, Error> {
    if line.trim_ascii().is_empty() {
        return Ok(None);
    }
    let message: Message = serde_json::from_slice(line).map_err(|_| Error::Answer("a build's message"))?;
    if let Some(Detail { message }) = message.error {
        return Err(output.failed(message));
    }
    match (message.id.as_deref(), message.aux) {
        (Some("moby.buildkit.trace"), Some(Aux::Trace(text))) => {
            for said in progress.take(&text) {
                output.text(&said);
            }
            Ok(None)
        }
        (_, Some(Aux::Image { id })) => Ok(id.parse().ok()),
        _ => Ok(None),
    }
}

/// A gRPC message's bytes behind the length that gRPC puts before them.
fn framed(message: &[u8]) -> Bytes {
    let length = u32::try_from(message.len()).unwrap_or(u32::MAX).to_be_bytes();
    [&[0][..], &length, message].concat().into()
}
