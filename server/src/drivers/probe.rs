//! Asks an address of this host for a page, once, on a fresh connection, as a visitor would.

mod tls;

use std::{net::SocketAddr, time::Duration};

use homeport_model::{
    build::{HttpHeader, Scheme},
    name::{HostName, UrlPath},
    traffic::PROBE_AGENT,
};
use http::{HeaderName, HeaderValue, Request, StatusCode, header};
use http_body_util::{BodyExt, Empty, Limited};
use hyper::body::Bytes;
use hyper_util::rt::TokioIo;
use tokio::{
    io::{AsyncRead, AsyncWrite},
    net::TcpStream,
    time::Instant,
};

/// How much of an answer is read.
const MOST_BODY_BYTES: usize = 1 << 20;

/// What to ask.
pub struct Question<'a> {
    /// The host's name, unless the headers name another.
    pub host: &'a HostName,
    /// The path.
    pub path: &'a UrlPath,
    /// What to send along.
    pub headers: &'a [HttpHeader],
    /// What to speak. Over https any certificate is taken: [`tls`] says why.
    pub scheme: Scheme,
    /// How long the answer may take.
    pub limit: Duration,
}

/// Why there was no answer.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// Nothing listens there.
    #[error("connection refused")]
    Refused,
    /// It was to speak https, and answers to http.
    #[error("the port speaks plain http, not https")]
    PlainHttp,
    /// It was to speak https, and no connection came about.
    #[error("the handshake failed: {reason}")]
    Handshake {
        /// Why, in words.
        reason: String,
        /// Whether the other side said so itself, so that it speaks TLS.
        is_alert: bool,
    },
    /// It took too long.
    #[error("no answer within {0:?}")]
    TimedOut(Duration),
    /// The connection broke.
    #[error("the connection broke")]
    Broken(#[source] Box<dyn std::error::Error + Send + Sync>),
}

/// An answer.
#[derive(Debug, Clone)]
pub struct Answer {
    /// Its status.
    pub status: StatusCode,
    /// From the beginning of connecting to the end of the body.
    pub took: Duration,
    /// The first line of the body, at most 200 characters.
    pub first_line: String,
    /// The beginning of the body, at most 1 MiB.
    body: Bytes,
}

impl Answer {
    /// Whether the body contains a text.
    #[must_use]
    pub fn contains(&self, text: &str) -> bool {
        memchr::memmem::find(&self.body, text.as_bytes()).is_some()
    }
}

/// Whether something accepts connections at `address`.
///
/// # Errors
/// [`Error::Refused`], [`Error::TimedOut`] or [`Error::Broken`].
pub async fn connect(address: SocketAddr, limit: Duration) -> Result<(), Error> {
    match tokio::time::timeout(limit, TcpStream::connect(address)).await {
        Ok(Ok(_)) => Ok(()),
        Ok(Err(error)) => Err(broken(error)),
        Err(_) => Err(Error::TimedOut(limit)),
    }
}

/// Asks `address` for `path` of `host`.
///
/// # Errors
/// [`Error::Refused`], [`Error::TimedOut`] or [`Error::Broken`].
pub async fn get(address: SocketAddr, host: &HostName, path: &UrlPath, limit: Duration) -> Result<Answer, Error> {
    ask(address, &Question { host, path, headers: &[], scheme: Scheme::Http, limit }).await
}

/// Asks `address` a question.
///
/// # Errors
/// [`Error`]: that nothing listens, that it took too long, that the connection broke; over https,
/// that the handshake failed, or that plain http is spoken there.
pub async fn ask(address: SocketAddr, question: &Question<'_>) -> Result<Answer, Error> {
    match tokio::time::timeout(question.limit, exchange(address, question)).await {
        Ok(answer) => answer,
        Err(_) => Err(Error::TimedOut(question.limit)),
    }
}

async fn exchange(address: SocketAddr, question: &Question<'_>) -> Result<Answer, Error> {
    let began = Instant::now();
    let stream = connected(address).await?;
    match question.scheme {
        Scheme::Http => converse(stream, question, began).await,
        Scheme::Https => match tls::shake_hands(stream, address.ip(), question.host).await {
            Ok(stream) => converse(stream, question, began).await,
            Err(failed @ Error::Handshake { is_alert: true, .. }) => Err(failed),
            // Whoever answers the same question in plain http says best what is wrong.
            Err(failed) => match converse(connected(address).await?, question, began).await {
                Ok(_) => Err(Error::PlainHttp),
                Err(_) => Err(failed),
            },
        },
    }
}

async fn connected(address: SocketAddr) -> Result<TcpStream, Error> {
    let stream = TcpStream::connect(address).await.map_err(broken)?;
    stream.set_nodelay(true).map_err(broken)?;
    Ok(stream)
}

async fn converse(
    stream: impl AsyncRead + AsyncWrite + Unpin + Send + 'static,
    question: &Question<'_>,
    began: Instant,
) -> Result<Answer, Error> {
    let (mut sender, connection) = hyper::client::conn::http1::handshake(TokioIo::new(stream))
        .await
        .map_err(|error| Error::Broken(error.into()))?;
    let mut request = Request::get(question.path.as_str())
        .header(header::HOST, question.host.as_str())
        .header(header::USER_AGENT, PROBE_AGENT)
        .header(header::CONNECTION, "close")
        .body(Empty::<Bytes>::new())
        .map_err(|error| Error::Broken(error.into()))?;
    for HttpHeader { name, value } in question.headers {
        let name = HeaderName::from_bytes(name.as_str().as_bytes()).map_err(|error| Error::Broken(error.into()))?;
        let value = HeaderValue::from_str(value.as_str()).map_err(|error| Error::Broken(error.into()))?;
        request.headers_mut().insert(name, value);
    }
    let exchange = async {
        let answer = sender.send_request(request).await.map_err(|error| Error::Broken(error.into()))?;
        let status = answer.status();
        let body = Limited::new(answer.into_body(), MOST_BODY_BYTES).collect().await;
        // A body that is longer than what is read is an answer all the same.
        let body = body.map(http_body_util::Collected::to_bytes).unwrap_or_default();
        let text = String::from_utf8_lossy(&body);
        let first_line = text.lines().map(str::trim).find(|line| !line.is_empty()).unwrap_or_default();
        let first_line = homeport_model::text::clean_line(first_line).chars().take(200).collect();
        Ok(Answer { status, took: began.elapsed(), first_line, body })
    };
    tokio::pin!(exchange);
    tokio::select! {
        answer = &mut exchange => answer,
        // The connection's end is not the answer's: what has arrived is still to be read.
        _ = connection => exchange.await,
    }
}

fn broken(error: std::io::Error) -> Error {
    if error.kind() == std::io::ErrorKind::ConnectionRefused { Error::Refused } else { Error::Broken(error.into()) }
}
