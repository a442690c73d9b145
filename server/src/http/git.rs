//! `/git/{repo}`: the HTTP entrance for git's own clients. Words for people are plain text, which
//! git shows behind `remote:`.

use std::{io, pin::pin};

use axum::{
    Extension,
    body::{Body, BodyDataStream},
    extract::{Path, RawQuery, State},
    response::{IntoResponse, Response},
};
use futures_util::{Stream, StreamExt};
use homeport_model::{
    problem::{Code, Problem},
    pushes::{Service, Target, pkt},
};
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use tokio::{
    io::{AsyncRead, AsyncWriteExt, SimplexStream, simplex},
    sync::oneshot,
};
use tokio_util::io::{ReaderStream, StreamReader};

use super::{Panel, answer::Refused, gunzip};
use crate::{failure::Failure, pushes::Pusher};

/// What waits between us and the client.
const BUFFER: usize = 64 * 1024;

/// `GET /git/{repo}/info/refs?service=…`
pub(super) async fn refs(
    State(panel): State<Panel>,
    Extension(who): Extension<Pusher>,
    Path(repo): Path<String>,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
) -> Result<Response, Spoken> {
    let query = query.unwrap_or_default();
    let service = query.split('&').find_map(|pair| pair.strip_prefix("service=")).and_then(Service::from_word);
    let service =
        service.ok_or_else(|| Problem::new(Code::NotFound, "Use a git client that is not older than 2010."))?;
    let listed = panel.pushes.advertise(&who, &target(&repo)?, service, second_version(&headers)).await?;
    let mut body = Vec::new();
    if !(service == Service::UploadPack && second_version(&headers)) {
        pkt::line(&mut body, format!("# service={}\n", service.as_str()).as_bytes());
        body.extend_from_slice(pkt::FLUSH);
    }
    body.extend(listed);
    Ok(respond(service, "advertisement", Body::from(body)))
}

/// `POST /git/{repo}/git-receive-pack`
pub(super) async fn receive(
    State(panel): State<Panel>,
    Extension(who): Extension<Pusher>,
    Path(repo): Path<String>,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, Spoken> {
    let target = target(&repo)?;
    is_of(&headers, Service::ReceivePack)?;
    panel.pushes.advertise(&who, &target, Service::ReceivePack, false).await?;
    let (output, input) = simplex(BUFFER);
    let (all_read, reading) = oneshot::channel::<()>();
    let body = unpacked(&headers, body, all_read)?;
    // On its own: a client that goes away stops no deploy that has begun.
    tokio::spawn(async move { panel.pushes.receive(&who, &target, pin!(body), input, true).await });
    // A proxy may stop sending once it is answered.
    let _ = reading.await;
    Ok(stream(Service::ReceivePack, output))
}

/// `POST /git/{repo}/git-upload-pack`
pub(super) async fn upload(
    State(panel): State<Panel>,
    Extension(who): Extension<Pusher>,
    Path(repo): Path<String>,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, Spoken> {
    let target = target(&repo)?;
    is_of(&headers, Service::UploadPack)?;
    let second_version = second_version(&headers);
    let (output, mut input) = simplex(BUFFER);
    let (all_read, reading) = oneshot::channel::<()>();
    let body = unpacked(&headers, body, all_read)?;
    let panel = panel.clone();
    tokio::spawn(async move {
        let sent = panel.pushes.fetch(&who, &target, second_version, pin!(body), &mut input).await;
        if let Err(failure) = sent {
            let mut words = Vec::new();
            pkt::line(&mut words, format!("ERR {}", Problem::from(failure).title).as_bytes());
            let _ = input.write_all(&words).await;
        }
        let _ = input.shutdown().await;
    });
    let _ = reading.await;
    Ok(stream(Service::UploadPack, output))
}

/// 401 that makes git's clients ask for a password.
pub(super) fn unknown() -> Response {
    let words = "Use an API token as the password. Settings has the tokens.\n";
    let mut response = (StatusCode::UNAUTHORIZED, words).into_response();
    response.headers_mut().insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Basic realm=\"Homeport\""));
    response
}

/// A problem in plain text.
pub(super) struct Spoken(Failure);

impl<E: Into<Failure>> From<E> for Spoken {
    fn from(error: E) -> Self {
        Self(error.into())
    }
}

impl IntoResponse for Spoken {
    fn into_response(self) -> Response {
        let problem = Problem::from(self.0);
        let hint = problem.hint.as_ref().map(|hint| format!("{hint}\n")).unwrap_or_default();
        let mut response = Refused::from(problem.clone()).into_response();
        *response.body_mut() = Body::from(format!("{}\n{hint}", problem.title));
        response.headers_mut().remove(header::CONTENT_LENGTH);
        response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static("text/plain; charset=utf-8"));
        response
    }
}

fn target(repo: &str) -> Result<Target, Problem> {
    Target::read(repo).ok_or_else(|| Problem::not_found("app"))
}

fn second_version(headers: &HeaderMap) -> bool {
    headers.get(HeaderName::from_static("git-protocol")).is_some_and(|asked| asked == "version=2")
}

fn is_of(headers: &HeaderMap, service: Service) -> Result<(), Problem> {
    let expected = format!("application/x-{}-request", service.as_str());
    match headers.get(header::CONTENT_TYPE) {
        Some(kind) if *kind == *expected => Ok(()),
        _ => Err(Problem::new(Code::Invalid, "Only git's own clients are understood here.")),
    }
}

fn respond(service: Service, what: &str, body: Body) -> Response {
    let kind = format!("application/x-{}-{what}", service.as_str());
    ([(header::CONTENT_TYPE, kind)], body).into_response()
}

fn stream(service: Service, output: tokio::io::ReadHalf<SimplexStream>) -> Response {
    respond(service, "result", Body::from_stream(ReaderStream::with_capacity(output, BUFFER)))
}

/// The body as git wrote it. `all_read` is dropped together with it.
fn unpacked(
    headers: &HeaderMap,
    body: Body,
    all_read: oneshot::Sender<()>,
) -> Result<impl AsyncRead + Send + use<>, Problem> {
    let pieces = watched(body.into_data_stream(), all_read);
    let gzip = match headers.get(header::CONTENT_ENCODING).map(HeaderValue::as_bytes) {
        None => false,
        Some(b"gzip" | b"x-gzip") => true,
        Some(_) => return Err(Problem::new(Code::Invalid, "Only gzip is understood as an encoding.")),
    };
    Ok(StreamReader::new(gunzip::maybe(pieces.boxed(), gzip)))
}

fn watched(
    pieces: BodyDataStream,
    all_read: oneshot::Sender<()>,
) -> impl Stream<Item = io::Result<axum::body::Bytes>> + Send {
    pieces.map(move |piece| {
        let _ = &all_read;
        piece.map_err(io::Error::other)
    })
}
