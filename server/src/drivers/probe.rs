//! Asks an address of this host for a page, once, on a fresh connection, as a visitor would.

use std::{net::SocketAddr, time::Duration};

use homeport_model::name::{HostName, UrlPath};
use http::{Request, StatusCode, header};
use http_body_util::{BodyExt, Empty, Limited};
use hyper::body::Bytes;
use hyper_util::rt::TokioIo;
use tokio::{net::TcpStream, time::Instant};

/// How much of an answer is read.
const MOST_BODY_BYTES: usize = 64 * 1024;

/// Why there was no answer.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// Nothing listens there.
    #[error("connection refused")]
    Refused,
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
    match tokio::time::timeout(limit, exchange(address, host, path)).await {
        Ok(answer) => answer,
        Err(_) => Err(Error::TimedOut(limit)),
    }
}

async fn exchange(address: SocketAddr, host: &HostName, path: &UrlPath) -> Result<Answer, Error> {
    let began = Instant::now();
    let stream = TcpStream::connect(address).await.map_err(broken)?;
    stream.set_nodelay(true).map_err(broken)?;
    let (mut sender, connection) = hyper::client::conn::http1::handshake(TokioIo::new(stream))
        .await
        .map_err(|error| Error::Broken(error.into()))?;
    let request = Request::get(path.as_str())
        .header(header::HOST, host.as_str())
        .header(header::USER_AGENT, "Homeport")
        .header(header::CONNECTION, "close")
        .body(Empty::<Bytes>::new())
        .map_err(|error| Error::Broken(error.into()))?;
    let exchange = async {
        let answer = sender.send_request(request).await.map_err(|error| Error::Broken(error.into()))?;
        let status = answer.status();
        let body = Limited::new(answer.into_body(), MOST_BODY_BYTES).collect().await;
        // A body that is longer than what is read is an answer all the same.
        let body = body.map(http_body_util::Collected::to_bytes).unwrap_or_default();
        let text = String::from_utf8_lossy(&body);
        let first_line = text.lines().map(str::trim).find(|line| !line.is_empty()).unwrap_or_default();
        let first_line = homeport_model::text::clean_line(first_line).chars().take(200).collect();
        Ok(Answer { status, took: began.elapsed(), first_line })
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
