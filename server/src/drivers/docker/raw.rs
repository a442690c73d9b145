//! Calls that bollard has no plain way for: they go to the same socket, one connection each.

use std::time::Duration;

use bollard::errors::Error as Bollard;
use http_body_util::{BodyExt, Limited};
use hyper::{
    Request, Response, StatusCode,
    body::{Body, Bytes, Incoming},
};
use hyper_util::rt::TokioIo;
use tokio::{net::UnixStream, time::timeout};
use tokio_util::task::AbortOnDropHandle;

use super::{CONNECT, Docker, Error};

/// How much of an answer that says why is read.
const MOST_WORDS_BYTES: usize = 64 << 10;

/// An answer, and the connection that it comes over: dropping it hangs up.
pub(super) struct Answered {
    pub(super) response: Response<Incoming>,
    pub(super) connection: AbortOnDropHandle<()>,
}

impl Docker {
    /// The path `path` in the API version that both sides speak.
    pub(super) async fn address(&self, path: &str) -> Result<String, Error> {
        Ok(format!("/v{}{path}", self.client().await?.client_version()))
    }

    /// Asks something over a connection of its own, and waits for the answer's head.
    pub(super) async fn call<B>(&self, request: Request<B>, limit: Duration) -> Result<Answered, Error>
    where
        B: Body + Send + 'static,
        B::Data: Send,
        B::Error: Into<Box<dyn std::error::Error + Send + Sync>>,
    {
        let stream = timeout(CONNECT, UnixStream::connect(&self.socket)).await;
        let stream = stream.map_err(|_| Error::Silent)?.map_err(Error::Unreachable)?;
        let (mut sender, connection) =
            hyper::client::conn::http1::handshake(TokioIo::new(stream)).await.map_err(lost)?;
        let connection = tokio::spawn(async move {
            let _ = connection.with_upgrades().await;
        });
        let connection = AbortOnDropHandle::new(connection);
        let response = timeout(limit, sender.send_request(request)).await.map_err(|_| Error::Silent)?.map_err(lost)?;
        Ok(Answered { response, connection })
    }
}

impl Answered {
    /// The answer, if it has one of these; else what the engine says is wrong.
    pub(super) async fn expect(self, status: StatusCode) -> Result<Self, Error> {
        if self.response.status() == status {
            return Ok(self);
        }
        let status_code = self.response.status().as_u16();
        let body = Limited::new(self.response.into_body(), MOST_WORDS_BYTES).collect().await;
        let body = body.map(http_body_util::Collected::to_bytes).unwrap_or_default();
        Err(Bollard::DockerResponseServerError { status_code, message: words(&body) }.into())
    }
}

fn words(body: &Bytes) -> String {
    #[derive(serde::Deserialize)]
    struct Words {
        message: String,
    }
    serde_json::from_slice::<Words>(body)
        .map_or_else(|_| String::from_utf8_lossy(body).trim().to_owned(), |words| words.message)
}

/// A connection that broke.
pub(super) fn lost(error: hyper::Error) -> Error {
    Bollard::HyperResponseError { err: error }.into()
}
