//! A client of the panel: one kept connection, the session's cookie, the time to the first byte.

use std::{net::SocketAddr, time::Duration};

use http::{HeaderMap, Request, StatusCode, header};
use http_body_util::{BodyExt, Full};
use hyper::{body::Bytes, client::conn::http1::SendRequest};
use hyper_util::rt::TokioIo;
use serde::de::DeserializeOwned;
use tokio::{net::TcpStream, time::Instant};

use crate::Result;

/// An answer, read to its end.
pub struct Answer {
    pub status: StatusCode,
    pub headers: HeaderMap,
    pub body: Bytes,
    /// From sending the request to the head of the answer.
    pub first_byte: Duration,
}

impl Answer {
    pub fn json<T: DeserializeOwned>(&self) -> Result<T> {
        serde_json::from_slice(&self.body).map_err(|error| format!("{error} in {}", self.text()).into())
    }

    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }
}

/// A browser's half of the conversation.
pub struct Client {
    address: SocketAddr,
    authority: String,
    cookie: Option<String>,
    connection: Option<SendRequest<Full<Bytes>>>,
}

impl Client {
    pub fn new(address: SocketAddr) -> Self {
        Self { address, authority: format!("localhost:{}", address.port()), cookie: None, connection: None }
    }

    /// Reads.
    pub async fn get(&mut self, path: &str) -> Result<Answer> {
        self.send("GET", path, &[(header::ACCEPT_ENCODING, "br")], Bytes::new()).await
    }

    /// Reads a page as a browser asks for one.
    pub async fn page(&mut self, path: &str) -> Result<Answer> {
        let accept = [(header::ACCEPT, "text/html"), (header::ACCEPT_ENCODING, "br")];
        self.send("GET", path, &accept, Bytes::new()).await
    }

    /// Sends JSON to a ceremony.
    pub async fn post_json(&mut self, path: &str, body: &serde_json::Value) -> Result<Answer> {
        good(self.send("POST", path, &[(header::CONTENT_TYPE, "application/json")], body.to_string().into()).await?)
    }

    /// Sends the fields of a form to a server function.
    pub async fn post_form(&mut self, path: &str, fields: &[(&str, &str)]) -> Result<Answer> {
        let body = url::form_urlencoded::Serializer::new(String::new()).extend_pairs(fields).finish();
        let kind = [(header::CONTENT_TYPE, "application/x-www-form-urlencoded")];
        good(self.send("POST", path, &kind, body.into()).await?)
    }

    /// Sends a webhook's delivery.
    pub async fn deliver(&mut self, path: &str, signature: &str, body: String) -> Result<Answer> {
        let signature = (header::HeaderName::from_static("x-homeport-signature"), signature);
        self.send("POST", path, &[(header::CONTENT_TYPE, "application/json"), signature], body.into()).await
    }

    /// Keeps the session that an answer opened.
    pub fn enter(&mut self, answer: &Answer) -> Result<()> {
        let set = answer.headers.get(header::SET_COOKIE).ok_or("no cookie was set")?.to_str()?;
        self.cookie = set.split(';').next().map(str::to_owned);
        Ok(())
    }

    async fn send(
        &mut self,
        verb: &str,
        path: &str,
        headers: &[(header::HeaderName, &str)],
        body: Bytes,
    ) -> Result<Answer> {
        let mut request = Request::builder()
            .method(verb)
            .uri(path)
            .header(header::HOST, &self.authority)
            .header("sec-fetch-site", "same-origin");
        if let Some(cookie) = &self.cookie {
            request = request.header(header::COOKIE, cookie);
        }
        for (name, value) in headers {
            request = request.header(name, *value);
        }
        let request = request.body(Full::new(body))?;
        let sender = self.connected().await?;
        let sent = Instant::now();
        let (head, body) = sender.send_request(request).await?.into_parts();
        let first_byte = sent.elapsed();
        let body = body.collect().await?.to_bytes();
        Ok(Answer { status: head.status, headers: head.headers, body, first_byte })
    }

    async fn connected(&mut self) -> Result<&mut SendRequest<Full<Bytes>>> {
        let usable = match &mut self.connection {
            Some(sender) => sender.ready().await.is_ok(),
            None => false,
        };
        if !usable {
            let stream = TcpStream::connect(self.address).await?;
            stream.set_nodelay(true)?;
            let (sender, connection) = hyper::client::conn::http1::handshake(TokioIo::new(stream)).await?;
            tokio::spawn(connection);
            self.connection = Some(sender);
        }
        self.connection.as_mut().ok_or_else(|| "no connection".into())
    }
}

fn good(answer: Answer) -> Result<Answer> {
    if answer.status.is_success() { Ok(answer) } else { Err(format!("{}: {}", answer.status, answer.text()).into()) }
}
