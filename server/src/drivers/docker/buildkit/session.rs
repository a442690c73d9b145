//! The session of a build: BuildKit asks back over it, in gRPC, for the secrets that a step mounts.
//! It answers that one question, and whether it is still there.

use std::{convert::Infallible, sync::Arc};

use futures_util::stream;
use homeport_model::{name::EnvKey, secret::Secret};
use http_body_util::{BodyExt, Empty, Limited, StreamBody, combinators::BoxBody};
use hyper::{
    HeaderMap, Request, Response, StatusCode,
    body::{Bytes, Frame, Incoming},
    header::{self, HeaderValue},
    service::service_fn,
};
use hyper_util::rt::TokioExecutor;
use tokio_util::task::AbortOnDropHandle;

use super::{
    framed,
    wire::{Value, fields, message},
};
use crate::drivers::docker::{ANSWER, BuildRequest, Docker, Error, build::Secrets};

/// What is asked for, in gRPC's names.
const GET_SECRET: &str = "/moby.buildkit.secrets.v1.Secrets/GetSecret";
const CHECK: &str = "/grpc.health.v1.Health/Check";
/// How long a question may be.
const MOST_QUESTION_BYTES: usize = 64 << 10;
/// gRPC's codes.
const OK: u8 = 0;
const NOT_FOUND: u8 = 5;
const UNIMPLEMENTED: u8 = 12;

/// An open session; dropping it ends it.
pub(super) struct Session {
    /// What the build names it by.
    pub(super) id: String,
    _serving: AbortOnDropHandle<()>,
    _connection: AbortOnDropHandle<()>,
}

/// Opens a session that knows these secrets and nothing else.
///
/// # Errors
/// [`Error::NoBuildKit`] where the engine takes no sessions.
pub(super) async fn open(docker: &Docker, request: &BuildRequest, secrets: Secrets) -> Result<Session, Error> {
    // A release is built once at a time, and a step that is repeated has hung up before.
    let id = format!("homeport-{}-{:08x}", request.job, crate::ambient::random_u32());
    let call = Request::post(docker.address("/session").await?)
        .header(header::HOST, "docker")
        .header(header::CONNECTION, "Upgrade")
        .header(header::UPGRADE, "h2c")
        .header("x-docker-expose-session-uuid", &id)
        .header("x-docker-expose-session-name", "homeport")
        .header("x-docker-expose-session-sharedkey", "")
        .header("x-docker-expose-session-grpc-method", GET_SECRET)
        .header("x-docker-expose-session-grpc-method", CHECK)
        .body(Empty::<Bytes>::new())
        .map_err(|_| Error::Answer("a request"))?;
    let answered = docker.call(call, ANSWER).await?;
    match answered.response.status() {
        StatusCode::SWITCHING_PROTOCOLS => {}
        StatusCode::NOT_FOUND | StatusCode::NOT_IMPLEMENTED | StatusCode::METHOD_NOT_ALLOWED => {
            return Err(Error::NoBuildKit);
        }
        _ => {
            answered.expect(StatusCode::SWITCHING_PROTOCOLS).await?;
            return Err(Error::NoBuildKit);
        }
    }
    let stream = hyper::upgrade::on(answered.response).await.map_err(super::raw::lost)?;
    let secrets = Arc::new(secrets);
    let serving = tokio::spawn(async move {
        let answers = service_fn(move |question| {
            let secrets = secrets.clone();
            async move { Ok::<_, Infallible>(answer(question, &secrets).await) }
        });
        let _ = hyper::server::conn::http2::Builder::new(TokioExecutor::new()).serve_connection(stream, answers).await;
    });
    Ok(Session { id, _serving: AbortOnDropHandle::new(serving), _connection: answered.connection })
}

type Answer = Response<BoxBody<Bytes, Infallible>>;

async fn answer(question: Request<Incoming>, secrets: &[(EnvKey, Secret<String>)]) -> Answer {
    match question.uri().path() {
        GET_SECRET => {
            let body = Limited::new(question.into_body(), MOST_QUESTION_BYTES).collect().await;
            let body = body.map(http_body_util::Collected::to_bytes).unwrap_or_default();
            let wanted = secret_id(body.get(5..).unwrap_or_default());
            match secrets.iter().find(|(key, _)| Some(key.as_str()) == wanted.as_deref()) {
                Some((_, value)) => said(Some(&message(1, value.expose().as_bytes())), OK),
                None => said(None, NOT_FOUND),
            }
        }
        // "SERVING"
        CHECK => said(Some(&[0x08, 0x01]), OK),
        _ => said(None, UNIMPLEMENTED),
    }
}

/// The id in a `moby.buildkit.secrets.v1.GetSecretRequest`.
fn secret_id(message: &[u8]) -> Option<String> {
    fields(message).find_map(|(field, value)| match (field, value) {
        (1, Value::Bytes(id)) => String::from_utf8(id.to_vec()).ok(),
        _ => None,
    })
}

fn said(message: Option<&[u8]>, status: u8) -> Answer {
    let mut trailers = HeaderMap::new();
    trailers.insert("grpc-status", HeaderValue::from(u16::from(status)));
    if status == NOT_FOUND {
        trailers.insert("grpc-message", HeaderValue::from_static("no secret variable of the build is called so"));
    }
    let frames = message.map(|message| Frame::data(framed(message))).into_iter().chain([Frame::trailers(trailers)]);
    let frames: Vec<Result<_, Infallible>> = frames.map(Ok).collect();
    let mut response = Response::new(BodyExt::boxed(StreamBody::new(stream::iter(frames))));
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static("application/grpc"));
    response
}
